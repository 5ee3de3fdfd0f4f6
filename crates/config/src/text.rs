//! A configuration as a tree and as canonical text, and the other way round.

use std::fmt::Write as _;
use std::sync::LazyLock;

use rust_decimal::Decimal;
use seawall_engine::risk::settings::ClusterSettings;
use seawall_engine::{PositionOverride, PositionPolicy};
use seawall_model::{InstrumentSpec, MarginTier, Percent, Ratio};
use seawall_notify::{ChannelKind, ChannelSettings};
use serde_json::Value as Json;

use crate::error::Source;
use crate::node::{Node, Value};
use crate::settings::Config;
use crate::shape::Shape;
use crate::yaml;

/// The configuration's JSON Schema (draft 2020-12), for editors and other programs.
#[must_use]
pub fn schema() -> Json {
    schemars::schema_for!(Config).to_value()
}

/// What the configuration may hold. Made once: the schema costs several times what the rest of a load does.
pub(crate) fn shape() -> &'static Shape {
    static SHAPE: LazyLock<Shape> = LazyLock::new(|| Shape::read(&schema(), &tree(&template())));
    &SHAPE
}

/// The tree of the defaults.
pub(crate) fn defaults() -> &'static Node {
    static DEFAULTS: LazyLock<Node> = LazyLock::new(|| tree(&Config::default()));
    &DEFAULTS
}

/// The configuration as a tree whose keys stand in the order of their declaration.
pub(crate) fn tree(config: &Config) -> Node {
    // JSON is YAML; only maps keyed by something else than text could fail here, and there are none.
    let json = serde_json::to_string(config).unwrap_or_default();
    let empty = Node { source: Source::Default, value: Value::Map(Vec::new()) };
    yaml::parse(&json, &|_, _| Source::Default).root.unwrap_or(empty)
}

/// A configuration with one of everything that can stand in a list.
pub(crate) fn template() -> Config {
    let mut config = Config::default();
    if let Ok(name) = "BTC/USDT".parse() {
        let mut instrument = InstrumentSpec::new(name);
        let tier = MarginTier {
            notional_below: None,
            maintenance_pct: Percent::new(Decimal::ONE),
            leverage_max: Ratio::new(Decimal::from(20)),
        };
        instrument.margin_tiers.push(tier);
        instrument.leverages.push(Ratio::new(Decimal::ONE));
        config.universe.blocked_instruments.push(instrument.name.clone());
        config.universe.blocked_bases.push(instrument.name.base());
        let positions = PositionPolicy::Ignore;
        config
            .reconcile
            .position_overrides
            .push(PositionOverride { instrument: instrument.name.clone(), positions });
        let instruments = vec![instrument.name.clone()];
        config.risk.clusters.push(ClusterSettings { name: "majors".to_owned(), instruments });
        config.instruments.push(instrument);
    }
    config.notify.channels.push(ChannelSettings::new("ops", ChannelKind::Telegram));
    config
}

/// The whole configuration as one text that is equal for equal configurations: sorted JSON without spaces.
#[must_use]
pub fn fingerprint_text(config: &Config) -> String {
    let mut text = String::new();
    sorted(&serde_json::to_value(config).unwrap_or_default(), &mut text);
    text
}

fn sorted(value: &Json, text: &mut String) {
    match value {
        Json::Object(fields) => {
            let mut fields: Vec<(&String, &Json)> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (count, (name, field)) in fields.into_iter().enumerate() {
                let _ = write!(text, "{}{}:", if count == 0 { "" } else { "," }, Json::from(name.as_str()));
                sorted(field, text);
            }
            text.push('}');
        }
        Json::Array(items) => {
            text.push('[');
            for (count, item) in items.iter().enumerate() {
                text.push_str(if count == 0 { "" } else { "," });
                sorted(item, text);
            }
            text.push(']');
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => text.push_str(&value.to_string()),
    }
}
