//! A risk section that contradicts itself does not start, and the message names the keys and the arithmetic.

use seawall_engine::RiskSettings;
use seawall_engine::risk::settings::{ClusterSettings, SizingMethod};

type Change = fn(&mut RiskSettings);

fn message(change: Change) -> String {
    let mut risk = RiskSettings::default();
    change(&mut risk);
    risk.check().unwrap_err().to_string()
}

fn set<T: std::str::FromStr>(value: &str) -> Option<T>
where
    T::Err: std::fmt::Debug,
{
    Some(value.parse().unwrap())
}

fn number<T: std::str::FromStr>(value: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    value.parse().unwrap()
}

#[test]
fn the_defaults_and_no_limits_at_all_are_consistent() {
    RiskSettings::default().check().unwrap();
    RiskSettings::without_limits().check().unwrap();
}

/// [D-40]: the same limit had two values, and which one counted nobody could say.
#[test]
fn contradictions_across_keys_show_keys_and_numbers() {
    // Spec 4.9, [I-30], [I-51], [I-87]: thresholds that did not fit together were found in production.
    let cases: [(Change, &str); 13] = [
        (
            |risk| risk.states.drawdown_reduce_only_pct = set("10"),
            "risk.states.drawdown_reduce_only_pct is 10: it must be above risk.states.drawdown_cautious_pct: 10 is not above 10",
        ),
        (
            |risk| risk.states.drawdown_flatten_pct = set("20"),
            "risk.states.drawdown_flatten_pct is 20: it must be above risk.states.drawdown_protect_only_pct: 20 is not above 25",
        ),
        (
            |risk| risk.margin_use_max_pct = set("90"),
            "risk.states.margin_use_cautious_pct is 85: it must be above risk.margin_use_max_pct: 85 is not above 90",
        ),
        (|risk| risk.states.margin_use_reduce_only_pct = set("85"), "85 is not above 85"),
        (
            |risk| risk.positions_max = 27,
            "risk.states.positions_reduce_only is 27: it must be above risk.positions_max: 27 is not above 27",
        ),
        (
            |risk| risk.states.positions_cautious = Some(28),
            "risk.states.positions_reduce_only is 27: it must be above risk.states.positions_cautious: 27 is not above 28",
        ),
        (
            |risk| risk.risk_per_trade_pct = number("3"),
            "3 % times 1 are 3 % at the stop, more than risk.trade_loss_max_pct (2 %)",
        ),
        (
            |risk| {
                risk.sizing = SizingMethod::Volatility;
                risk.risk_per_trade_pct = number("1.9");
            },
            "1.9 % times 1.2 are 2.28 % at the stop",
        ),
        (
            |risk| {
                risk.sizing = SizingMethod::Kelly;
                risk.kelly_win_pct = number("30");
            },
            "0.3 - 0.7 / 2 is not above zero",
        ),
        (
            |risk| {
                risk.sizing = SizingMethod::Leverage;
                risk.risk_per_trade_pct = number("5");
                risk.target_leverage = number("70");
            },
            "5 % of equity times 70 are 3.5 times equity, more than risk.instrument_notional_max (3)",
        ),
        (
            |risk| risk.daily_loss_max_pct = set("1"),
            "risk.daily_loss_max_pct is 1: it must be above risk.risk_per_trade_pct (1)",
        ),
        (|risk| risk.weekly_loss_max_pct = set("4"), "it must not be below risk.daily_loss_max_pct (5)"),
        (
            |risk| risk.position_margin_max_pct = set("85"),
            "one position alone would reach risk.states.margin_use_cautious_pct (85)",
        ),
    ];
    for (change, expected) in cases {
        let message = message(change);
        assert!(message.contains(expected), "{message}\n  expected: {expected}");
    }
}

#[test]
fn a_value_out_of_range_names_its_full_key() {
    let cases: [(Change, &str); 40] = [
        (|risk| risk.risk_per_trade_pct = number("5.1"), "risk.risk_per_trade_pct is 5.1: "),
        (|risk| risk.target_leverage = number("0"), "risk.target_leverage is 0: "),
        (|risk| risk.kelly_win_pct = number("91"), "risk.kelly_win_pct is 91: allowed are 10 to 90"),
        (|risk| risk.kelly_payoff = number("0"), "risk.kelly_payoff is 0: "),
        (|risk| risk.kelly_fraction_max_pct = number("0.5"), "risk.kelly_fraction_max_pct is 0.5: "),
        (|risk| risk.volatility_high_ratio = number("0.9"), "risk.volatility_high_ratio is 0.9: "),
        (|risk| risk.volatility_low_ratio = number("1.1"), "risk.volatility_low_ratio is 1.1: "),
        (|risk| risk.volatility_high_cut_pct = number("96"), "risk.volatility_high_cut_pct is 96: "),
        (|risk| risk.volatility_low_boost_pct = number("101"), "risk.volatility_low_boost_pct is 101: "),
        (|risk| risk.trade_loss_max = set("0"), "risk.trade_loss_max is 0: "),
        (|risk| risk.trade_loss_max_pct = set("11"), "risk.trade_loss_max_pct is 11: "),
        (|risk| risk.instrument_notional_max = set("0"), "risk.instrument_notional_max is 0: "),
        (|risk| risk.position_margin_max_pct = set("101"), "risk.position_margin_max_pct is 101: "),
        (|risk| risk.cluster_notional_max = set("126"), "risk.cluster_notional_max is 126: "),
        (|risk| risk.leverage_max = number("0"), "risk.leverage_max is 0: "),
        (|risk| risk.margin_use_max_pct = set("101"), "risk.margin_use_max_pct is 101: "),
        (|risk| risk.positions_max = 0, "risk.positions_max is 0: "),
        (|risk| risk.liquidation_buffer_pct = number("51"), "risk.liquidation_buffer_pct is 51: "),
        (|risk| risk.daily_loss_max_pct = set("51"), "risk.daily_loss_max_pct is 51: "),
        (|risk| risk.weekly_loss_max_pct = set("76"), "risk.weekly_loss_max_pct is 76: "),
        (|risk| risk.states.drawdown_cautious_pct = set("0"), "risk.states.drawdown_cautious_pct is 0: "),
        (
            |risk| risk.states.margin_use_flatten_pct = set("1001"),
            "risk.states.margin_use_flatten_pct is 1001: ",
        ),
        (|risk| risk.loss_streak.loss_min_bps = number("1001"), "risk.loss_streak.loss_min_bps is 1001: "),
        (|risk| risk.loss_streak.tight_smc_losses = Some(0), "risk.loss_streak.tight_smc_losses is 0: "),
        (
            |risk| risk.loss_streak.wide_structure_losses = Some(101),
            "risk.loss_streak.wide_structure_losses is 101: ",
        ),
        (|risk| risk.loss_streak.other_pause_minutes = 0, "risk.loss_streak.other_pause_minutes is 0: "),
        (|risk| risk.cooldown.after_win_minutes = 10_081, "risk.cooldown.after_win_minutes is 10081: "),
        (|risk| risk.cooldown.after_loss_minutes = 10_081, "risk.cooldown.after_loss_minutes is 10081: "),
        (
            |risk| risk.cooldown.symbol_losses = Some(33),
            "risk.cooldown.symbol_losses is 33: allowed are 1 to 32",
        ),
        (|risk| risk.cooldown.symbol_lookback_hours = 0, "risk.cooldown.symbol_lookback_hours is 0: "),
        (
            |risk| risk.cooldown.symbol_loss_min_pct = number("51"),
            "risk.cooldown.symbol_loss_min_pct is 51: ",
        ),
        (|risk| risk.cooldown.symbol_pause_hours = 0, "risk.cooldown.symbol_pause_hours is 0: "),
        (|risk| risk.fee_edge.multiple = set("0"), "risk.fee_edge.multiple is 0: "),
        (|risk| risk.fee_edge.taker_fee_bps = number("-1"), "risk.fee_edge.taker_fee_bps is -1: "),
        (|risk| risk.fee_edge.buffer = number("0.9"), "risk.fee_edge.buffer is 0.9: "),
        (|risk| risk.fee_edge.other_hold_hours = 0, "risk.fee_edge.other_hold_hours is 0: "),
        (|risk| risk.shock.move_pct = set("51"), "risk.shock.move_pct is 51: "),
        (|risk| risk.shock.window_s = 9, "risk.shock.window_s is 9: "),
        (|risk| risk.shock.bases_min = 0, "risk.shock.bases_min is 0: "),
        (
            |risk| risk.shock.trim_buffer_pct = number("10"),
            "risk.shock.trim_buffer_pct is 10: it must be above risk.shock.close_buffer_pct: 10 is not above 10",
        ),
    ];
    for (change, expected) in cases {
        let message = message(change);
        assert!(message.starts_with(expected), "{message}\n  expected: {expected}");
    }
}

/// Effect of `risk.clusters[].name`.
#[test]
fn an_instrument_is_in_one_cluster_and_each_cluster_has_its_name() {
    let cluster = |name: &str, instruments: &[&str]| ClusterSettings {
        name: name.to_owned(),
        instruments: instruments.iter().map(|name| name.parse().unwrap()).collect(),
    };
    for (clusters, expected) in [
        (vec![cluster("a", &["BTC/USD"]), cluster("b", &["XBT/USD"])], "BTC/USD is in `a` already"),
        (vec![cluster("a", &["BTC/USD", "BTC/USD"])], "BTC/USD is in it twice"),
        (vec![cluster("a", &[]), cluster("a", &[])], "a name of its own"),
        (vec![cluster(" ", &[])], "a name of its own"),
    ] {
        let risk = RiskSettings { clusters, ..RiskSettings::default() };
        let message = risk.check().unwrap_err().to_string();
        assert!(message.starts_with("risk.clusters is ") && message.contains(expected), "{message}");
    }
}
