//! Settings of `smc` under which a market of weeks shows what a key does.

use seawall_strategy::smc::SmcSettings;
use seawall_strategy::{StrategyKind, StrategySettings};
use serde_json::{Value, json};

/// Warm after ten days and easy to please, so that a market of weeks shows what a key does.
pub(crate) fn easy() -> Value {
    json!({
        "ema_period": 10, "adx_threshold": 10, "fibonacci_gate": false, "premium_discount_gate": false,
        "min_score_tight_smc_aligned": 20, "min_score_tight_smc_neutral": 20,
        "min_score_wide_structure_aligned": 20, "min_score_wide_structure_neutral": 20,
        "ms_change": "off", "higher_tf_mode": "off", "signal_cooldown_hours": 0,
    })
}

/// `changes` on top of `settings`, section by section.
fn merge(settings: &mut Value, changes: &Value) {
    for (key, value) in changes.as_object().unwrap() {
        match settings.get_mut(key).filter(|old| old.is_object() && value.is_object()) {
            Some(section) => merge(section, value),
            None => settings[key] = value.clone(),
        }
    }
}

/// [`easy`] with `changes`, the later over the earlier.
pub(crate) fn settings(changes: &[&Value]) -> StrategySettings {
    let mut all = easy();
    changes.iter().for_each(|change| merge(&mut all, change));
    let smc: SmcSettings = serde_json::from_value(all).unwrap();
    StrategySettings { name: StrategyKind::Smc, smc, ..StrategySettings::default() }
}
