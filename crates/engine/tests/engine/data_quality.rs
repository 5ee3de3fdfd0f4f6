//! When data are too bad for an entry, and what goes on regardless. Each scenario cites the incident [I-n] or
//! the defect [D-n] of the reference that it keeps from happening here.

use crate::common::bench::{BTC, Bench};
use crate::common::limits::{fixed, number, only};
use crate::common::listing::quality_only;
use crate::common::script::KNOWS_NOTHING;
use crate::common::smc::setup_plan;
use crate::common::{lossless, price, remote, setup};
use seawall_engine::{DataQualitySettings, DataState, Setup};
use seawall_model::{
    AlertKind, Candle, ExitReason, Gate, GuardMode, Input, InstrumentId, Ohlc, OrderRole, Setup as Seen,
    Span, Timeframe, Ts, VenueRequest,
};
use seawall_strategy::{Evaluation, Outlook};

const ETH: InstrumentId = InstrumentId(1);

fn bench(count: u32, change: impl FnOnce(&mut Setup)) -> Bench {
    let mut setup = setup(count, remote());
    quality_only(&mut setup);
    setup.risk = only(|_| ());
    change(&mut setup);
    Bench::with_setup(setup).reconciled()
}

fn quality(change: impl FnOnce(&mut DataQualitySettings)) -> Bench {
    bench(1, |setup| change(&mut setup.market.data_quality))
}

impl Bench {
    /// A candle that others are missing before.
    fn hole(&mut self) {
        self.skip_minutes(1);
        self.candle(10_000);
    }

    fn holes(&mut self, count: u32) {
        (0..count).for_each(|_| self.hole());
    }

    fn good(&mut self, count: u32) {
        (0..count).for_each(|_| self.candle(10_000));
    }

    /// Good candles until the state is another one: how many, and which it is.
    fn good_until_other(&mut self) -> (u32, DataState) {
        let before = self.data();
        let count = (1..20_000).find(|_| {
            self.good(1);
            self.data() != before
        });
        (count.unwrap(), self.data())
    }

    fn data(&self) -> DataState {
        self.engine.data_state(BTC).unwrap()
    }
}

/// Effect of `data_quality.degrade_after`.
/// Effect of `data_quality.suspend_after`.
#[test]
fn failures_in_a_row_degrade_and_suspend() {
    let after = |change: fn(&mut DataQualitySettings)| {
        let mut bench = quality(change);
        bench.good(1);
        let states: Vec<DataState> = (0..8)
            .map(|_| {
                bench.hole();
                bench.data()
            })
            .collect();
        let first = |state| states.iter().position(|seen| *seen == state).map(|place| place + 1);
        (first(DataState::Degraded), first(DataState::Suspended))
    };
    assert_eq!(after(|_| ()), (Some(3), Some(6)));
    assert_eq!(after(|data| data.degrade_after = 2), (Some(2), Some(6)));
    assert_eq!(after(|data| data.suspend_after = 4), (Some(3), Some(4)));
    assert_eq!(after(|data| data.mode = GuardMode::Off), (None, None));
}

/// Effect of `data_quality.mode`.
#[test]
fn a_suspended_instrument_is_not_entered_and_what_rests_there_is_cancelled() {
    for (mode, refusal) in [(GuardMode::On, Some(Gate::DataState)), (GuardMode::Shadow, None)] {
        let mut bench = quality(|data| data.mode = mode);
        let mut plan = setup_plan(Seen::OrderBlock);
        plan.reward_risk_min = number("0");
        let entry = bench.want(plan);
        bench.accept(&entry);
        bench.requests.clear();
        bench.holes(6);
        assert_eq!(bench.data(), DataState::Suspended);
        let cancelled = bench.asked(VenueRequest::Cancel { order: entry.order });
        assert_eq!(cancelled, mode == GuardMode::On);
        bench.cancelled(&entry, seawall_model::CancelReason::Requested);
        assert_eq!(bench.refusal(fixed("1", 200)), refusal);
        assert_eq!(bench.reading(Gate::DataState), Some((2.0, 0.0)));
    }
}

/// Effect of `data_quality.degraded_judge_every`.
#[test]
fn of_a_degraded_instrument_only_some_evaluations_are_judged() {
    for every in [4, 3] {
        let mut bench = quality(|data| {
            data.degraded_judge_every = every;
            data.release_after = 100;
        });
        bench.good(1);
        bench.holes(2);
        // The candle that degrades it is evaluated as well.
        bench.script.push(Evaluation::NotDue);
        bench.hole();
        assert_eq!(bench.data(), DataState::Degraded);
        let mut judged = Vec::new();
        for number in 1..=8 {
            match bench.refusal(fixed("1", 200)) {
                None => {
                    judged.push(number);
                    let entry = bench.placed(OrderRole::Entry);
                    bench.reject(&entry, seawall_model::RejectReason::Other);
                }
                Some(gate) => assert_eq!(gate, Gate::DataState),
            }
        }
        let expected: Vec<u32> = (1..=8).filter(|number| number % every == 0).collect();
        assert_eq!(judged, expected);
    }
}

/// Effect of `data_quality.release_after`.
/// Effect of `data_quality.probe_minutes`.
/// Effect of `data_quality.suspend_hours`.
#[test]
fn passes_release_and_a_suspension_has_its_length() {
    let from_degraded = |change: fn(&mut DataQualitySettings)| {
        let mut bench = quality(change);
        bench.good(1);
        bench.holes(3);
        bench.good_until_other()
    };
    assert_eq!(from_degraded(|_| ()), (3, DataState::Healthy));
    assert_eq!(from_degraded(|data| data.release_after = 5), (5, DataState::Healthy));
    let from_suspended = |change: fn(&mut DataQualitySettings)| {
        let mut bench = quality(change);
        bench.good(1);
        bench.holes(6);
        bench.good_until_other()
    };
    assert_eq!(from_suspended(|_| ()), (90, DataState::Healthy));
    assert_eq!(from_suspended(|data| data.release_after = 2), (60, DataState::Healthy));
    assert_eq!(from_suspended(|data| data.probe_minutes = 20), (60, DataState::Healthy));
    let slow = |data: &mut DataQualitySettings| data.release_after = 100;
    let hours = |change: fn(&mut DataQualitySettings)| {
        let mut bench = quality(|data| {
            slow(data);
            change(data);
        });
        bench.good(1);
        bench.holes(6);
        bench.good_until_other()
    };
    assert_eq!(hours(|_| ()), (360, DataState::Degraded));
    assert_eq!(hours(|data| data.suspend_hours = 2), (120, DataState::Degraded));
}

/// Effect of `data_quality.reset_hours`.
#[test]
fn i_84_nothing_is_suspended_for_ever() {
    // [I-84]: a stored suspension outlived its reason.
    for hours in [72, 10] {
        let mut bench = quality(|data| data.reset_hours = hours);
        bench.good(1);
        bench.holes(6);
        bench.pass_ms(i64::from(hours) * 3_600_000 - 6 * 120_000);
        assert_ne!(bench.data(), DataState::Healthy, "{hours}");
        bench.pass_ms(6 * 120_000);
        assert_eq!(bench.data(), DataState::Healthy, "nobody had to look");
    }
}

/// A flat candle of one minute.
fn flat(open_time: Ts) -> Input {
    let at = price(10_000);
    let prices = Ohlc { open: at, high: at, low: at, close: at };
    let candle = Candle::new(Timeframe::M1, open_time, prices, 1.0).unwrap();
    Input::Candle { instrument: BTC, timeframe: Timeframe::M1, candle }
}

/// The state after three candles that came in so many seconds after their end.
fn after_late(late_s: i64, change: fn(&mut DataQualitySettings)) -> DataState {
    let mut bench = quality(change);
    bench.good(1);
    let start = bench.now;
    for minute in 0..3 {
        let open_time = start.plus(Span::from_secs(60 * minute));
        let comes_at = open_time.plus(Span::from_secs(60 + late_s));
        bench.pass_ms(comes_at.since(bench.now).millis());
        bench.input(flat(open_time));
    }
    bench.data()
}

/// Seconds from the last candle until the instrument is degraded, while quotes go on.
fn degraded_without_candles(change: fn(&mut DataQualitySettings)) -> i64 {
    let mut bench = quality(change);
    bench.good(1);
    let end = bench.now;
    while bench.data() != DataState::Degraded {
        bench.pass_ms(1_000);
        bench.quote(0, 10_000, 10_001);
    }
    bench.now.since(end).millis() / 1_000
}

/// Effect of `data_quality.candle_late_max_s`.
#[test]
fn candles_that_come_late_or_not_at_all_are_failures() {
    assert_eq!(after_late(120, |_| ()), DataState::Healthy);
    assert_eq!(after_late(121, |_| ()), DataState::Degraded);
    assert_eq!(after_late(31, |data| data.candle_late_max_s = 30), DataState::Degraded);
    // A candle and the delay, then one failure for every candle that should have come.
    assert_eq!(degraded_without_candles(|_| ()), 60 + 121 + 2 * 61);
    assert_eq!(degraded_without_candles(|data| data.candle_late_max_s = 30), 60 + 31 + 2 * 61);
}

#[test]
fn a_burst_of_late_candles_after_a_lost_connection_is_one_failure() {
    let mut bench = quality(|_| ());
    bench.good(1);
    let first = Timeframe::M1.floor(bench.now);
    bench.pass_ms(3_600_000);
    for minute in 0..60 {
        bench.input(flat(first.plus(Span::from_secs(60 * minute))));
    }
    assert_eq!(bench.data(), DataState::Healthy);
    assert!(!bench.alerted(AlertKind::DataState));
}

#[test]
fn history_that_is_fed_before_the_start_is_over_says_nothing() {
    let mut setup = setup(1, remote());
    quality_only(&mut setup);
    let mut bench = Bench::with_setup(setup);
    bench.good(1);
    bench.holes(10);
    assert_eq!(bench.data(), DataState::Healthy);
}

/// Effect of `data_quality.spread_max_pct`.
#[test]
fn quotes_that_are_those_of_no_market_are_failures() {
    let after = |bid: i64, ask: i64, change: fn(&mut DataQualitySettings)| {
        let mut bench = quality(change);
        bench.good(1);
        for _ in 0..3 {
            bench.quote(0, bid, ask);
            bench.candle(10_000);
        }
        bench.data()
    };
    assert_eq!(after(10_000, 10_999, |_| ()), DataState::Healthy);
    assert_eq!(after(10_000, 11_000, |_| ()), DataState::Degraded);
    assert_eq!(after(10_000, 9_999, |_| ()), DataState::Degraded, "crossed");
    assert_eq!(after(0, 10_000, |_| ()), DataState::Degraded, "no bid");
    assert_eq!(after(10_000, 10_500, |data| data.spread_max_pct = number("4")), DataState::Degraded);
}

#[test]
fn an_impossible_candle_is_a_failure() {
    let mut bench = quality(|_| ());
    bench.good(1);
    for _ in 0..3 {
        bench.pass_ms(60_000);
        bench.skip_minutes(1);
        let mut candle = bench.last_candle();
        candle.open_time = Timeframe::M1.floor(bench.now);
        candle.known_at = candle.open_time.plus(Timeframe::M1.span());
        candle.low = price(0);
        bench.input(Input::Candle { instrument: BTC, timeframe: Timeframe::M1, candle });
    }
    assert_eq!(bench.data(), DataState::Degraded);
}

#[test]
fn i_17_bad_data_of_one_coin_degrade_that_coin_alone() {
    // [I-17]: stale candles of a few small coins, hidden in a generic log, spoiled the run.
    let mut bench = bench(3, |_| ());
    let hold = |number: u32| (number, 10_000, Evaluation::Hold);
    for step in 0..12 {
        // The second one has every other candle.
        let numbers: &[u32] = if step % 2 == 0 { &[0, 1, 2] } else { &[0, 2] };
        bench.candles(&numbers.iter().map(|number| hold(*number)).collect::<Vec<_>>());
    }
    let states = [BTC, ETH, InstrumentId(2)].map(|id| bench.engine.data_state(id).unwrap());
    assert_eq!(states, [DataState::Healthy, DataState::Degraded, DataState::Healthy]);
    let told: Vec<_> = bench.alerts.iter().filter(|alert| alert.kind == AlertKind::DataState).collect();
    assert_eq!((told.len(), told[0].instrument), (1, Some(ETH)));
    assert_eq!(told[0].detail, "degraded: candles are missing", "what is wrong is said");
    let enter = |number: u32| (number, 10_000, Evaluation::Enter(fixed("1", 200)));
    bench.candles(&[enter(0), enter(1), enter(2)]);
    let entered: Vec<u32> = bench.placements().iter().map(|order| order.order.instrument.0).collect();
    assert_eq!(entered, [0, 2]);
}

/// A protected position of one contract on an instrument that is suspended by now.
fn suspended_with_a_position() -> (Bench, seawall_model::OrderRequest) {
    let mut bench = Bench::ready_with(lossless(), |setup| {
        quality_only(setup);
        setup.trade.management.time_exit_bars = 5;
        setup.trade.management.time_exit_timeframe = Timeframe::H1;
    });
    let stop = bench.protected(setup_plan(Seen::OrderBlock));
    for number in [1, 2] {
        let target = bench.placed(OrderRole::Target(number));
        bench.accept(&target);
    }
    bench.holes(6);
    assert_eq!(bench.data(), DataState::Suspended);
    bench.requests.clear();
    (bench, stop)
}

#[test]
fn d_14_a_position_on_suspended_data_is_trailed_protected_and_closed_as_ever() {
    // [D-14]: managing a position sat behind the gates on data: bad data meant an unmanaged position.
    let (mut bench, stop) = suspended_with_a_position();
    bench.script.sees(Outlook { atr: Some(1.0), ..KNOWS_NOTHING });
    bench.hole();
    assert!(bench.amends().is_empty());
    bench.skip_minutes(1);
    bench.candle(10_100);
    assert_eq!(bench.amend_all(), [(stop.order, 1_000, 9_950)], "the stop follows");
    bench.cancelled(&stop, seawall_model::CancelReason::Venue);
    let again = bench.placed(OrderRole::Stop);
    assert_eq!(again.qty, stop.qty, "a lost stop is placed again");
    bench.accept(&again);
    assert_eq!(bench.data(), DataState::Suspended);
    // Five hours after the entry.
    bench.pass_ms(4 * 3_600_000 + 50 * 60_000);
    assert_eq!(bench.data(), DataState::Suspended);
    let exit = bench.placed(OrderRole::Exit);
    bench.accept(&exit);
    bench.fill(&exit, 1_000, 10_100);
    assert_eq!(bench.trades[0].exits[0].reason, ExitReason::TimeExit);
}

#[test]
fn d_14_the_strategy_still_gets_out_of_suspended_data() {
    let (mut bench, _) = suspended_with_a_position();
    bench.script.push(Evaluation::Exit(ExitReason::Signal));
    bench.hole();
    assert_eq!(bench.placed(OrderRole::Exit).qty.get(), 1_000);
}

/// A bench of `count` instruments whose driver follows a market; only the health of all data acts.
fn healthy(count: u32, change: impl FnOnce(&mut DataQualitySettings)) -> Bench {
    bench(count, |setup| {
        setup.has_quotes = true;
        setup.market.data_quality.mode = GuardMode::Off;
        setup.market.data_quality.health_mode = GuardMode::On;
        setup.market.data_quality.healthy_candles_min = 10;
        setup.instruments = (0..count)
            .map(|number| {
                let name = format!("C{number}/USD");
                let mut spec = seawall_model::InstrumentSpec::new(name.parse().unwrap());
                spec.lot = "0.001".parse().unwrap();
                let instrument = seawall_model::Instrument::new(InstrumentId(number), spec, 2).unwrap();
                (instrument, Timeframe::M1)
            })
            .collect();
        change(&mut setup.market.data_quality);
    })
}

impl Bench {
    /// One candle of each of the first `count` instruments; the first wants to enter. What the gate said.
    fn ask_health(&mut self, count: u32) -> (bool, Option<(f64, f64)>) {
        let answers: Vec<_> = (0..count)
            .map(|number| {
                let enters = number == 0;
                let answer = if enters { Evaluation::Enter(fixed("1", 200)) } else { Evaluation::Hold };
                (number, 10_000, answer)
            })
            .collect();
        self.candles(&answers);
        let reading = self.reading(Gate::DataHealth);
        let entered = !self.placements().is_empty();
        for order in self.placements() {
            self.reject(&order, seawall_model::RejectReason::Other);
        }
        self.requests.clear();
        (entered, reading)
    }

    fn quiet(&mut self, count: u32, times: u32) {
        for _ in 0..times {
            self.candles(&(0..count).map(|number| (number, 10_000, Evaluation::Hold)).collect::<Vec<_>>());
        }
    }
}

/// Effect of `data_quality.healthy_candles_min`.
/// Effect of `data_quality.healthy_instruments_min`.
/// Effect of `data_quality.health_mode`.
#[test]
fn i_23_a_small_universe_enters_once_all_of_it_has_candles() {
    // [I-23]: 12 healthy instruments of 12 were less than 30, and entries were blocked for ever.
    let mut bench = healthy(12, |_| ());
    bench.quiet(12, 8);
    assert_eq!(bench.ask_health(12), (false, Some((0.0, 12.0))), "nine candles");
    assert_eq!(bench.ask_health(12), (true, Some((12.0, 3.0))));
    let mut more = healthy(12, |data| data.healthy_candles_min = 12);
    more.quiet(12, 10);
    assert_eq!([more.ask_health(12).0, more.ask_health(12).0], [false, true]);
    let mut few = healthy(12, |data| data.healthy_instruments_min = 1);
    few.quiet(12, 8);
    assert_eq!(few.ask_health(12).1, Some((0.0, 3.0)), "the share is what is left to ask");
    for mode in [GuardMode::Shadow, GuardMode::Off] {
        let mut watching = healthy(12, |data| data.health_mode = mode);
        let (entered, reading) = watching.ask_health(12);
        assert_eq!((entered, reading.is_some()), (true, mode == GuardMode::Shadow));
    }
}

/// Effect of `data_quality.healthy_share_min_pct`.
#[test]
fn entries_pause_while_too_few_instruments_have_fresh_candles() {
    let asked = |change: fn(&mut DataQualitySettings)| {
        let mut bench = healthy(12, change);
        bench.quiet(12, 10);
        assert!(bench.ask_health(12).0);
        // The feed of all but two dies; they stay fresh for a candle and the delay.
        bench.quiet(2, 2);
        assert!(bench.ask_health(2).0);
        bench.quiet(2, 1);
        bench.ask_health(2)
    };
    assert_eq!(asked(|_| ()), (false, Some((2.0, 3.0))));
    assert_eq!(asked(|data| data.healthy_share_min_pct = number("10")), (true, Some((2.0, 1.2))));
}

#[test]
fn a_newcomer_does_not_pause_the_others() {
    let mut bench = healthy(12, |_| ());
    bench.quiet(11, 10);
    assert!(bench.ask_health(11).0);
    assert_eq!(bench.ask_health(12), (true, Some((11.0, 3.0))));
}

#[test]
fn an_archive_has_no_feed_that_could_be_unhealthy() {
    let mut bench = bench(1, |setup| setup.market.data_quality.health_mode = GuardMode::On);
    assert_eq!(bench.refusal(fixed("1", 200)), None);
    assert_eq!(bench.reading(Gate::DataHealth), None);
}

#[test]
fn a_hole_has_one_rule_for_candles_in_a_row_and_one_for_failures_in_a_row_and_both_are_asked() {
    let mut bench = bench(1, |setup| setup.risk.recover_candles_after_hole = 2);
    bench.good(1);
    bench.hole();
    assert_eq!(bench.refusal(fixed("1", 200)), Some(Gate::DataQuality), "the first candle after it");
    assert_eq!(bench.data(), DataState::Healthy);
    bench.good(1);
    bench.holes(6);
    bench.good(5);
    assert_eq!(bench.refusal(fixed("1", 200)), Some(Gate::DataState), "whole again, but suspended");
}

#[test]
fn the_state_and_the_count_are_part_of_what_is_replayed() {
    let digest = |holes: u32| {
        let mut bench = quality(|_| ());
        bench.good(1);
        bench.holes(holes);
        bench.good(3);
        let state = bench.data();
        (bench.digest_but_time(), state)
    };
    assert_eq!(digest(5), digest(5));
    assert_ne!(digest(5).0, digest(6).0);
    assert_eq!(digest(0).1, DataState::Healthy);
}
