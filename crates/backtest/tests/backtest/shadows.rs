//! What refused plans would have made, in all three reports.

use crate::common::{market, outcome, settings};
use seawall_backtest::{Market, RunSettings, report};
use seawall_model::Gate;
use serde_json::Value;

/// Two instruments of which one at a time may be held: the other's plans are refused.
fn crowded() -> (Market, RunSettings) {
    let mut settings = settings();
    settings.risk.positions_max = 1;
    (market(&["BTC/USDT", "ETH/USDT"], 1, 3_000), settings)
}

#[test]
fn the_plans_that_a_gate_refused_are_followed_and_counted_once() {
    let (market, settings) = crowded();
    let outcome = outcome(&market, &settings);
    let tally = *outcome.shadows.of(Gate::MaxPositions).unwrap();
    let refusals = outcome.decisions.by_gate().find(|(gate, _)| *gate == Gate::MaxPositions).unwrap().1;
    assert_eq!(tally.refused, refusals, "each refusal of this gate had a plan");
    assert!(tally.followed > 10 && tally.followed <= tally.refused, "{tally:?}");
    assert_eq!(tally.never_entered + tally.won + tally.lost, tally.followed);
    // A stop costs more than a risk, a target brings less than its distance.
    let mean = tally.r_mean().unwrap();
    assert!(mean > -1.5 && mean < 3.0, "{mean}");
}

#[test]
fn text_json_and_page_show_them() {
    let (market, settings) = crowded();
    let outcome = outcome(&market, &settings);
    let tally = *outcome.shadows.of(Gate::MaxPositions).unwrap();
    let mut bytes = Vec::new();
    report::json(&outcome, &market, &settings, &mut bytes).unwrap();
    let json: Value = serde_json::from_slice(&bytes).unwrap();
    let row = &json["decisions"]["shadow"]["max_positions"];
    for (key, count) in [("refused", tally.refused), ("followed", tally.followed), ("won", tally.won)] {
        assert_eq!(row[key].as_u64(), Some(count), "{key}");
    }
    assert_eq!(row["r_mean"].as_f64(), tally.r_mean());
    let text = report::text(&outcome, &market, &settings);
    let after = text.split("What refused plans would have made, after costs").nth(1).unwrap();
    assert!(after.lines().take(5).any(|line| line.starts_with("max_positions")), "{after}");
    let page = report::html(&outcome, &market, &settings).unwrap();
    assert!(page.contains("What refused plans would have made") && page.contains("<td>max_positions</td>"));
}

#[test]
fn nothing_is_followed_where_it_is_switched_off_and_the_run_is_the_same() {
    let (market, mut settings) = crowded();
    let with = outcome(&market, &settings);
    settings.decisions.shadow_outcomes = false;
    let without = outcome(&market, &settings);
    assert_eq!(without.fingerprint, with.fingerprint, "shadows change nothing that is done");
    let followed = |outcome: &seawall_backtest::Outcome| -> u64 {
        outcome.shadows.by_gate().map(|(_, tally)| tally.followed).sum()
    };
    assert!(followed(&with) > 0);
    assert_eq!(followed(&without), 0);
}
