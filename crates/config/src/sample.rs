//! Configuration files to start from, written from the schema: what they say is what is read.

use std::fmt::Write as _;

use crate::node::{Node, Value, child};
use crate::shape::{Kind, Leaf, Shape};
use crate::text;

const WIDTH: usize = 100;

const SAMPLE_HEAD: &str = "\
# yaml-language-server: $schema=./seawall.schema.json
#
# Every key of Seawall's configuration with its default. A file needs only the keys that it changes;
# `seawall config init` writes a short one, `seawall config explain KEY` tells where a value comes from.
# Secrets never sit here: hand them over in the environment, a *_FILE variable or a systemd credential.
";

const STARTER_HEAD: &str = "\
# Seawall's configuration. Only what differs from the defaults has to stand here.
# `seawall config explain` shows every key, its value and its source; `seawall config check` reads this file.
# Secrets never sit here: hand them over in the environment, a *_FILE variable or a systemd credential.
";

/// The keys of a new file. A stop is set, since the defaults leave it to the strategy's settings.
const STARTER: [(&str, Option<&str>); 13] = [
    ("strategy.name", None),
    ("strategy.ema_cross.fast", None),
    ("strategy.ema_cross.slow", None),
    ("strategy.ema_cross.long_only", None),
    ("strategy.ema_cross.stop_pct", Some("3")),
    ("strategy.ema_cross.sizing", Some("risk")),
    ("risk.risk_per_trade_pct", None),
    ("risk.leverage_max", None),
    ("simulator.taker_fee_bps", None),
    ("simulator.maker_fee_bps", None),
    ("simulator.slippage_bps", None),
    ("backtest.initial_equity", None),
    ("data.dir", None),
];

/// The commented sample file with every key and its default: `config/seawall.yaml`.
#[must_use]
pub fn sample() -> String {
    let shape = text::shape();
    let mut writer = Writer { text: SAMPLE_HEAD.to_owned(), keys: None };
    writer.section(shape, &text::tree(&text::template()), "", 0);
    writer.text
}

/// A short commented file to start from.
#[must_use]
pub fn starter() -> String {
    let shape = text::shape();
    let mut writer = Writer { text: STARTER_HEAD.to_owned(), keys: Some(&STARTER) };
    writer.section(shape, &text::tree(&text::template()), "", 0);
    writer.text
}

struct Writer {
    text: String,
    /// The keys to write and the values of some; `None` for every key with its default.
    keys: Option<&'static [(&'static str, Option<&'static str>)]>,
}

impl Writer {
    /// Whether a key, or one within the section, is to be written.
    fn wants(&self, path: &str) -> bool {
        let is_within =
            |key: &str| key.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.keys.is_none_or(|keys| keys.iter().any(|(key, _)| is_within(key)))
    }

    fn value(&self, path: &str, default: Option<&str>) -> String {
        let asked = self.keys.and_then(|keys| keys.iter().find(|(key, _)| *key == path)?.1);
        match asked.or(default) {
            Some("none") | None => "null".to_owned(),
            Some(value) => value.to_owned(),
        }
    }

    fn section(&mut self, shape: &Shape, example: &Node, path: &str, depth: usize) {
        let Kind::Section(fields) = &shape.kind else { return };
        for (name, field) in fields {
            let path = child(path, name);
            if !self.wants(&path) {
                continue;
            }
            if depth == 0 {
                self.text.push('\n');
            }
            let indent = "  ".repeat(depth);
            self.comment(&indent, field);
            let example = within(example, name);
            match &field.kind {
                Kind::Section(_) => {
                    let _ = writeln!(self.text, "{indent}{name}:");
                    example.into_iter().for_each(|example| self.section(field, example, &path, depth + 1));
                }
                Kind::List(item) if matches!(item.kind, Kind::Leaf(_)) => {
                    let default = field.default.as_deref().unwrap_or("[]");
                    let _ = writeln!(self.text, "{indent}{name}: {default}");
                }
                Kind::List(item) => {
                    let _ = writeln!(self.text, "{indent}{name}: []");
                    example.into_iter().for_each(|example| self.list(&indent, name, item, example));
                }
                Kind::Leaf(_) => {
                    let value = self.value(&path, field.default.as_deref());
                    let _ = writeln!(self.text, "{indent}{name}: {value}");
                }
            }
        }
    }

    /// One entry of a list, commented out: the list itself is empty.
    fn list(&mut self, indent: &str, name: &str, item: &Shape, example: &Node) {
        let optional = match &item.kind {
            Kind::Section(fields) => fields.iter().any(|(_, field)| !field.required),
            Kind::List(_) | Kind::Leaf(_) => false,
        };
        let head = if optional { "One entry; all but the name may be left out:" } else { "One entry:" };
        let _ = writeln!(self.text, "{indent}# {head}\n{indent}#\n{indent}# {name}:");
        let mut inner = Writer { text: String::new(), keys: None };
        inner.entry(item, example, "  ");
        for line in inner.text.lines() {
            let _ = writeln!(self.text, "{indent}# {line}");
        }
    }

    fn entry(&mut self, item: &Shape, example: &Node, indent: &str) {
        let (Kind::Section(fields), Value::List(items)) = (&item.kind, &example.value) else { return };
        let below = format!("{indent}  ");
        for (count, (name, field)) in fields.iter().enumerate() {
            let example = items.first().and_then(|first| within(first, name));
            self.comment(if count == 0 { indent } else { &below }, field);
            let lead = if count == 0 { format!("{indent}- ") } else { below.clone() };
            match (&field.kind, example) {
                (Kind::List(inner), Some(example)) if matches!(inner.kind, Kind::Leaf(_)) => {
                    let _ = writeln!(self.text, "{lead}{name}: [{}]", joined(example));
                }
                (Kind::List(inner), Some(example)) => {
                    let _ = writeln!(self.text, "{lead}{name}:");
                    self.entry(inner, example, &format!("{below}  "));
                }
                (Kind::Section(_) | Kind::List(_) | Kind::Leaf(_), example) => {
                    let shown = example.and_then(scalar).filter(|_| field.default.is_none());
                    let value = self.value("", shown.or(field.default.as_deref()));
                    let _ = writeln!(self.text, "{lead}{name}: {value}");
                }
            }
        }
    }

    /// What the key is for and what may be written.
    fn comment(&mut self, indent: &str, shape: &Shape) {
        let Kind::Leaf(leaf) = &shape.kind else { return self.wrapped(indent, &shape.doc) };
        self.wrapped(indent, &shape.doc);
        match leaf {
            Leaf::Choice(choices) if choices.iter().any(|(_, doc)| !doc.is_empty()) => {
                for (name, doc) in choices {
                    self.wrapped(indent, &format!("- {name}: {doc}"));
                }
            }
            Leaf::Choice(choices) => {
                let names: Vec<&str> = choices.iter().map(|(name, _)| name.as_str()).collect();
                self.wrapped(indent, &format!("Allowed: {}.", names.join(", ")));
            }
            Leaf::Whole { least, most } if *most < i128::from(u32::MAX) => {
                self.wrapped(indent, &format!("Allowed: {least} to {most}."));
            }
            Leaf::Switch | Leaf::Whole { .. } | Leaf::Decimal | Leaf::Text => {}
        }
    }

    fn wrapped(&mut self, indent: &str, text: &str) {
        let mut length = WIDTH;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let width = word.chars().count() + 1;
            if length + width > WIDTH {
                if !self.text.is_empty() && !self.text.ends_with('\n') {
                    self.text.push('\n');
                }
                let _ = write!(self.text, "{indent}#");
                length = indent.len() + 1;
            }
            let _ = write!(self.text, " {word}");
            length += width;
        }
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

fn within<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == name).map(|entry| &entry.node),
        Value::List(_) | Value::Scalar { .. } => None,
    }
}

/// The items of a list of single values.
fn joined(node: &Node) -> String {
    match &node.value {
        Value::List(items) => items.iter().filter_map(scalar).collect::<Vec<_>>().join(", "),
        Value::Map(_) | Value::Scalar { .. } => String::new(),
    }
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text),
        Value::Map(_) | Value::List(_) => None,
    }
}
