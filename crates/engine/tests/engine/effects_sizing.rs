//! What each key of sizing, caps and costs changes: the same plan before the same account, the key at two
//! values, and the order that follows from each.

use crate::common::bench::{BTC, Bench};
use crate::common::limits::{by_risk, fixed, number, only};
use crate::common::price;
use seawall_engine::RiskSettings;
use seawall_engine::risk::settings::SizingMethod;
use seawall_model::{Candle, Gate, Input, Ohlc, Span, Timeframe};
use seawall_strategy::Evaluation;

type Change = fn(&mut RiskSettings);

/// The quantity that one percent at a stop two percent away is under `change`, before an equity of 10 000.
fn sized(change: Change) -> i64 {
    Bench::under(1, only(change)).want(by_risk(200)).qty.get()
}

/// Effect of `risk.sizing`.
/// Effect of `risk.risk_per_trade_pct`.
/// Effect of `risk.target_leverage`.
/// Effect of `risk.kelly_win_pct`.
/// Effect of `risk.kelly_payoff`.
/// Effect of `risk.kelly_fraction_max_pct`.
#[test]
fn an_order_has_the_size_that_the_method_and_its_numbers_give() {
    fn kelly(risk: &mut RiskSettings) {
        risk.sizing = SizingMethod::Kelly;
        risk.risk_per_trade_pct = number("5");
        risk.kelly_win_pct = number("34");
    }
    let cases: [(&str, Change, i64); 9] = [
        ("1 % of 10 000 over 2 %", |_| (), 50_000),
        ("risk_per_trade_pct", |risk| risk.risk_per_trade_pct = number("0.4"), 20_000),
        ("leverage: 1 % times 5", |risk| risk.sizing = SizingMethod::Leverage, 5_000),
        (
            "target_leverage",
            |risk| {
                risk.sizing = SizingMethod::Leverage;
                risk.target_leverage = number("4");
            },
            4_000,
        ),
        ("kelly: 0.34 - 0.66 / 2", kelly, 50_000),
        (
            "kelly_win_pct: 0.35 - 0.65 / 2",
            |risk| {
                kelly(risk);
                risk.kelly_win_pct = number("35");
            },
            125_000,
        ),
        (
            "kelly_payoff: 0.34 - 0.66 / 2.2",
            |risk| {
                kelly(risk);
                risk.kelly_payoff = number("2.2");
            },
            200_000,
        ),
        (
            "capped by risk_per_trade_pct",
            |risk| {
                kelly(risk);
                risk.kelly_win_pct = number("55");
            },
            250_000,
        ),
        (
            "kelly_fraction_max_pct",
            |risk| {
                kelly(risk);
                risk.kelly_win_pct = number("55");
                risk.kelly_fraction_max_pct = number("3");
            },
            150_000,
        ),
    ];
    for (what, change, expected) in cases {
        assert_eq!(sized(change), expected, "{what}");
    }
}

/// The quantity after 200 candles with a range of one percent and 20 with a range of `hundredths` of one.
fn sized_after(hundredths: i64, change: Change) -> i64 {
    let mut bench = Bench::under(
        1,
        only(|risk| {
            risk.sizing = SizingMethod::Volatility;
            change(risk);
        }),
    );
    for number in 0..220 {
        let half = if number < 200 { 50 } else { hundredths / 2 };
        let (open, close) = (price(10_000), price(10_000));
        let prices = Ohlc { open, high: price(10_000 + half), low: price(10_000 - half), close };
        let open_time = Timeframe::M1.floor(crate::common::T0).plus(Span::from_secs(60 * number));
        let candle = Candle::new(Timeframe::M1, open_time, prices, 1.0).unwrap();
        if number == 219 {
            bench.script.push(Evaluation::Enter(by_risk(200)));
        }
        bench.pass_until(candle.known_at);
        bench.input(Input::Candle { instrument: BTC, timeframe: Timeframe::M1, candle });
        bench.end_instant();
    }
    bench.placed(seawall_model::OrderRole::Entry).qty.get()
}

/// Effect of `risk.volatility_high_ratio`.
/// Effect of `risk.volatility_high_cut_pct`.
/// Effect of `risk.volatility_low_ratio`.
/// Effect of `risk.volatility_low_boost_pct`.
#[test]
fn a_market_that_moves_more_than_usual_cuts_the_size_and_one_that_moves_less_enlarges_it() {
    // Now against usual: 2.6 after the wild candles, 0.33 after the quiet ones.
    let cases: [(i64, &str, Change, i64); 7] = [
        (100, "as usual", |_| (), 50_000),
        (400, "by 30 %", |_| (), 35_000),
        (400, "volatility_high_cut_pct", |risk| risk.volatility_high_cut_pct = number("40"), 30_000),
        (400, "volatility_high_ratio", |risk| risk.volatility_high_ratio = number("3"), 50_000),
        (10, "by 20 %", |_| (), 60_000),
        (10, "volatility_low_boost_pct", |risk| risk.volatility_low_boost_pct = number("10"), 55_000),
        (10, "volatility_low_ratio", |risk| risk.volatility_low_ratio = number("0.3"), 50_000),
    ];
    for (range, what, change, expected) in cases {
        assert_eq!(sized_after(range, change), expected, "{what}");
    }
}

/// Effect of `risk.trade_loss_max`.
/// Effect of `risk.trade_loss_max_pct`.
/// Effect of `risk.instrument_notional_max`.
/// Effect of `risk.position_margin_max_pct`.
/// Effect of `risk.leverage_max`.
/// Effect of `risk.margin_use_max_pct`.
#[test]
fn each_cap_is_where_its_key_puts_it() {
    // 200 contracts are 20 000 in notional, 2 000 in margin, and lose 400 at a stop 2 % away.
    let caps: [(Gate, Change, i64); 12] = [
        (Gate::TradeLoss, |risk| risk.trade_loss_max = Some(number("100")), 50_000),
        (Gate::TradeLoss, |risk| risk.trade_loss_max = Some(number("50")), 25_000),
        (Gate::TradeLoss, |risk| risk.trade_loss_max_pct = Some(number("2")), 100_000),
        (Gate::TradeLoss, |risk| risk.trade_loss_max_pct = Some(number("3")), 150_000),
        (Gate::InstrumentExposure, |risk| risk.instrument_notional_max = Some(number("0.5")), 50_000),
        (Gate::InstrumentExposure, |risk| risk.instrument_notional_max = Some(number("0.6")), 60_000),
        (Gate::PositionMargin, |risk| risk.position_margin_max_pct = Some(number("4")), 40_000),
        (Gate::PositionMargin, |risk| risk.position_margin_max_pct = Some(number("7")), 70_000),
        (Gate::Leverage, |risk| risk.leverage_max = number("1.5"), 150_000),
        (Gate::Leverage, |risk| risk.leverage_max = number("1"), 100_000),
        (Gate::MarginUse, |risk| risk.margin_use_max_pct = Some(number("3")), 30_000),
        (Gate::MarginUse, |risk| risk.margin_use_max_pct = Some(number("9")), 90_000),
    ];
    for (gate, change, expected) in caps {
        let mut bench = Bench::under(1, only(change));
        assert_eq!(bench.want(fixed("200", 200)).qty.get(), expected, "{gate:?}");
        assert!(bench.reading(gate).is_some_and(|(wanted, most)| wanted > most), "{gate:?}");
    }
}

/// Effect of `risk.positions_max`.
#[test]
fn one_position_more_than_allowed_is_refused() {
    for (positions_max, refusal) in [(1, Some(Gate::MaxPositions)), (2, None)] {
        let mut bench = Bench::under(2, only(|risk| risk.positions_max = positions_max));
        bench.protected(fixed("1", 200));
        assert_eq!(bench.refusal_elsewhere(), refusal, "{positions_max}");
    }
}

/// Effect of `risk.recover_candles_after_hole`.
#[test]
fn after_a_hole_so_many_candles_without_one_come_before_an_entry() {
    for (candles, refused) in [(0, 0), (1, 1), (3, 3)] {
        let mut bench = Bench::under(1, only(|risk| risk.recover_candles_after_hole = candles));
        bench.candle(10_000);
        bench.skip_minutes(2);
        let refusals: Vec<Option<Gate>> = (0..5).map(|_| bench.refusal(fixed("0.0001", 200))).collect();
        let after_hole = refusals.iter().take_while(|gate| **gate == Some(Gate::DataQuality)).count();
        assert_eq!(after_hole, refused, "{refusals:?}");
    }
}
