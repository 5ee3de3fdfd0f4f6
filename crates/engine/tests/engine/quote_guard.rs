//! An entry needs a fresh quote with a sound spread and a book that is deep enough. [D-13]: the client of the
//! reference lacked the call for the book, and its guard failed open in silence.

use crate::common::bench::{BTC, Bench};
use crate::common::limits::{fixed, number, only};
use crate::common::{price, qty, remote};
use seawall_engine::{MarketSettings, QuoteGuardSettings, Setup};
use seawall_model::{
    ContractKind, Gate, GuardMode, Input, Instrument, InstrumentId, InstrumentSpec, Timeframe,
};
use seawall_strategy::{Direction, EntryPlan};

fn bench(change: impl FnOnce(&mut Setup)) -> Bench {
    let mut bench = Bench::ready_with(remote(), |setup| {
        setup.market = MarketSettings::without_guards();
        setup.market.quote_guard.mode = GuardMode::On;
        setup.has_quotes = true;
        setup.risk = only(|_| ());
        change(setup);
    });
    // The next candle ends in a minute.
    bench.candle(10_000);
    bench
}

fn guard(change: impl FnOnce(&mut QuoteGuardSettings)) -> Bench {
    bench(|setup| change(&mut setup.market.quote_guard))
}

impl Bench {
    /// A quote so many seconds before the end of the candle that wants to enter; what refuses it.
    fn refusal_after_quote(&mut self, bid: i64, ask: i64, seconds: i64) -> Option<Gate> {
        self.pass_ms(60_000 - seconds * 1_000);
        self.input(Input::Quote { instrument: BTC, bid: price(bid), ask: price(ask) });
        self.refusal(fixed("1", 200))
    }

    fn refusal_after_book(&mut self, bid_qty: i64, ask_qty: i64, plan: EntryPlan) -> Option<Gate> {
        self.pass_ms(60_000);
        self.input(Input::Book {
            instrument: BTC,
            bid: price(10_000),
            bid_qty: qty(bid_qty),
            ask: price(10_001),
            ask_qty: qty(ask_qty),
        });
        self.refusal(plan)
    }
}

/// Effect of `quote_guard.mode`.
#[test]
fn d_13_without_a_quote_a_driver_that_has_quotes_does_not_enter() {
    // [D-13]
    assert_eq!(guard(|_| ()).refusal(fixed("1", 200)), Some(Gate::QuoteAge));
    for mode in [GuardMode::Shadow, GuardMode::Off] {
        let mut watching = guard(|guard| guard.mode = mode);
        assert_eq!(watching.refusal(fixed("1", 200)), None);
        assert_eq!(watching.reading(Gate::QuoteAge).is_some(), mode == GuardMode::Shadow);
    }
    let mut archive = bench(|setup| setup.has_quotes = false);
    assert_eq!(archive.refusal(fixed("1", 200)), None);
    assert_eq!(archive.reading(Gate::QuoteAge), None, "there is nothing to ask");
}

/// Effect of `quote_guard.quote_age_max_s`.
#[test]
fn d_13_a_quote_that_is_old_or_unsound_is_none() {
    assert_eq!(guard(|_| ()).refusal_after_quote(10_000, 10_001, 30), None);
    assert_eq!(guard(|_| ()).refusal_after_quote(10_000, 10_001, 31), Some(Gate::QuoteAge));
    assert_eq!(guard(|guard| guard.quote_age_max_s = 40).refusal_after_quote(10_000, 10_001, 40), None);
    let mut bench = guard(|_| ());
    bench.quote_at_end(10_000, 10_001);
    assert_eq!(bench.refusal_after_quote(10_001, 10_000, 0), Some(Gate::QuoteAge), "the newest is crossed");
}

impl Bench {
    fn quote_at_end(&mut self, bid: i64, ask: i64) {
        self.input(Input::Quote { instrument: BTC, bid: price(bid), ask: price(ask) });
    }
}

/// Effect of `quote_guard.perpetual_spread_max_pct`.
#[test]
fn d_13_the_spread_of_a_perpetual_is_held_against_the_entry() {
    let mut narrow = guard(|_| ());
    assert_eq!(narrow.refusal_after_quote(10_000, 10_050, 0), None);
    assert_eq!(guard(|_| ()).refusal_after_quote(10_000, 10_051, 0), Some(Gate::QuoteSpread));
    let wider = |guard: &mut QuoteGuardSettings| guard.perpetual_spread_max_pct = number("0.6");
    assert_eq!(guard(wider).refusal_after_quote(10_000, 10_051, 0), None);
}

/// Effect of `quote_guard.spot_spread_max_pct`.
#[test]
fn d_13_a_spot_market_may_have_a_wider_one() {
    let asked = |ask: i64, change: fn(&mut QuoteGuardSettings)| {
        let mut bench = bench(|setup| {
            let mut spec = InstrumentSpec::new("BTC/USD".parse().unwrap());
            spec.kind = ContractKind::Spot;
            spec.leverage_max = number("1");
            spec.lot = number("0.001");
            setup.instruments = vec![(Instrument::new(InstrumentId(0), spec, 2).unwrap(), Timeframe::M1)];
            change(&mut setup.market.quote_guard);
        });
        bench.refusal_after_quote(10_000, ask, 0)
    };
    assert_eq!(asked(10_100, |_| ()), None);
    assert_eq!(asked(10_101, |_| ()), Some(Gate::QuoteSpread));
    assert_eq!(asked(10_101, |guard| guard.spot_spread_max_pct = number("2")), None);
}

/// Effect of `quote_guard.depth_multiple`.
#[test]
fn d_13_the_side_that_the_entry_takes_must_be_deep_enough_where_depth_is_known() {
    // [D-13]
    let long = || fixed("1", 200);
    let short = || EntryPlan { direction: Direction::Short, ..long() };
    assert_eq!(guard(|_| ()).refusal_after_book(0, 2_000, long()), None);
    assert_eq!(guard(|_| ()).refusal_after_book(9_000, 1_999, long()), Some(Gate::BookDepth));
    assert_eq!(guard(|_| ()).refusal_after_book(2_000, 0, short()), None);
    assert_eq!(guard(|_| ()).refusal_after_book(1_999, 9_000, short()), Some(Gate::BookDepth));
    let three = |guard: &mut QuoteGuardSettings| guard.depth_multiple = Some(number("3"));
    assert_eq!(guard(three).refusal_after_book(0, 2_000, long()), Some(Gate::BookDepth));
    assert_eq!(guard(|guard| guard.depth_multiple = None).refusal_after_book(0, 0, long()), None);
    // A quote without quantities is newer: what stands there is not known any more.
    let mut bench = guard(|_| ());
    bench.pass_ms(60_000);
    let [bid, ask] = [price(10_000), price(10_001)];
    bench.input(Input::Book { instrument: BTC, bid, bid_qty: qty(0), ask, ask_qty: qty(0) });
    bench.quote_at_end(10_000, 10_001);
    assert_eq!(bench.refusal(long()), None);
    assert_eq!(bench.reading(Gate::BookDepth), None);
}
