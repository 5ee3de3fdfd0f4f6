//! An instrument whose strategy reads another one: where its plans end up, what refuses them, and that
//! nothing ever reaches the instrument that is only read. Each scenario cites the incident [I-n] or the
//! defect [D-n] of the reference that it keeps from happening here.

use std::sync::{Arc, Mutex};

use crate::common::bench::{BTC, Bench, trigger};
use crate::common::pair::{Pair, SPOT, pair_setup, perpetual, spot};
use crate::common::price;
use crate::common::random::Random;
use crate::common::script::{Erratic, KNOWS_NOTHING, percent, plan};
use crate::common::smc::ordered;
use arrayvec::ArrayVec;
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use seawall_engine::{Engine, Setup, Signals};
use seawall_model::{
    AlertKind, CancelReason, Candle, Decision, ExitReason, Gate, Input, Instrument, InstrumentId, Money,
    OrderKind, OrderRequest, OrderRole, Outcome, PriceUnits, RejectReason, Setup as Seen, StateSink,
    Timeframe, VenueRequest,
};
use seawall_strategy::{
    Direction, Entry, EntryPlan, Evaluation, Held, Level, Outlook, Sizing, Strategy, View,
};

/// The plan of [`ordered`] in prices of the signal, which has a decimal more.
fn planned(direction: Direction, seen: Seen) -> EntryPlan {
    let finer = |price: PriceUnits| PriceUnits::new(price.get() * 10);
    let mut plan = ordered(direction, seen);
    if let Entry::Limit { price, .. } = &mut plan.entry {
        *price = finer(*price);
    }
    let levels = plan.stop.iter_mut().chain(plan.targets.iter_mut().map(|target| &mut target.level));
    for level in levels {
        if let Level::Price(price) = level {
            *price = finer(*price);
        }
    }
    plan.invalidation = plan.invalidation.map(finer);
    plan
}

fn long() -> EntryPlan {
    planned(Direction::Long, Seen::OrderBlock)
}

fn limit(order: &OrderRequest) -> i64 {
    order.kind.limit().unwrap().get()
}

/// A long entered as planned, protected, at `premium` hundredths above a signal of 100.00.
fn protected(pair: &mut Pair, premium: i64) -> OrderRequest {
    pair.plans(long());
    pair.candles(10_000, 10_000 + premium);
    let entry = pair.placed(OrderRole::Entry);
    pair.accept(&entry);
    pair.fill(&entry, entry.qty.get(), limit(&entry));
    let stop = pair.placed(OrderRole::Stop);
    pair.accept(&stop);
    pair.requests.clear();
    stop
}

/// How the last plan ended at a signal of 100.00 and this price of the traded instrument.
fn outcome(pair: &mut Pair, traded: i64) -> Outcome {
    pair.plans(long());
    pair.candles(10_000, traded);
    pair.decisions.last().unwrap().outcome
}

#[test]
fn a_plan_is_carried_out_at_the_same_distances_in_percent_of_the_traded_price() {
    // Planned at 100.00 with its stop at 98.00; the perpetual is at 100.50.
    let mut pair = Pair::ready(|_| ());
    pair.plans(long());
    pair.candles(10_000, 10_050);
    let entry = pair.placed(OrderRole::Entry);
    assert_eq!((entry.order.instrument, limit(&entry)), (BTC, 10_050));
    pair.accept(&entry);
    pair.fill(&entry, entry.qty.get(), 10_050);
    let stop = pair.placed(OrderRole::Stop);
    assert_eq!(trigger(&stop), price(9_849), "2 % of 100.50, not of 100.00");
    let targets = [OrderRole::Target(1), OrderRole::Target(2)].map(|role| limit(&pair.placed(role)));
    assert_eq!(targets, [10_251, 10_553], "1 R and 2.5 R of 2 %");
}

#[test]
fn a_planned_price_away_from_the_market_moves_by_the_ratio_of_the_two_last_prices() {
    for (direction, signal, traded, wanted) in [
        // 100.00 × 101.30 / 101.00 = 100.297: a buy is rounded down, a sale up.
        (Direction::Long, 10_100, 10_130, 10_029),
        (Direction::Short, 9_900, 9_870, 9_970),
        (Direction::Short, 9_900, 9_871, 9_971),
    ] {
        let mut pair = Pair::ready(|_| ());
        pair.plans(planned(direction, Seen::OrderBlock));
        pair.candles(signal, traded);
        assert_eq!(limit(&pair.placed(OrderRole::Entry)), wanted, "{direction:?}");
    }
}

#[test]
fn it_does_not_matter_which_of_the_two_prices_of_an_instant_comes_first() {
    let mut seen = Vec::new();
    for order in [[SPOT, BTC], [BTC, SPOT]] {
        let mut pair = Pair::ready(|_| ());
        pair.candles(9_900, 9_910);
        pair.plans(long());
        let open_time = pair.next();
        for id in order {
            pair.give(id, open_time, if id == SPOT { 100_000 } else { 10_050 });
        }
        pair.pass_ms(1);
        let entry = pair.placed(OrderRole::Entry);
        pair.accept(&entry);
        pair.fill(&entry, entry.qty.get(), 10_050);
        pair.script.sees(Outlook { atr: Some(1.0), ..KNOWS_NOTHING });
        let open_time = pair.next();
        for id in order {
            pair.give(id, open_time, if id == SPOT { 104_000 } else { 10_420 });
        }
        pair.pass_ms(1);
        seen.push((
            entry.order,
            limit(&entry),
            pair.decisions.clone(),
            pair.requests.clone(),
            pair.digest_but_time(),
        ));
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn d_19_candidates_for_take_profits_are_measured_from_the_planned_entry_of_the_signal() {
    // The reference measured swings of spot from the entry of the future: with a premium of half a percent
    // one at 2.05 % counted as 1.54 %, less than the 2 % of 1 R, and was lost; with a discount one at 1.6 %
    // counted as 2.11 % and was taken.
    for (traded, swing, wanted) in [(10_050, 102_050, 10_256), (9_950, 101_600, 10_149)] {
        let mut pair = Pair::ready(|_| ());
        let swings = ArrayVec::from_iter([price(swing)]);
        pair.plans(EntryPlan { swings, ..long() });
        pair.candles(10_000, traded);
        let entry = pair.placed(OrderRole::Entry);
        pair.accept(&entry);
        pair.fill(&entry, entry.qty.get(), traded);
        assert_eq!(limit(&pair.placed(OrderRole::Target(1))), wanted, "{traded}");
    }
}

#[test]
fn d_19_a_swing_between_the_two_entries_is_on_the_side_that_it_has_for_the_signal() {
    // 99.80 lies above a traded entry of 99.50 and below the planned 100.00: no candidate.
    let mut pair = Pair::ready(|setup| {
        setup.trade.multi_tp.tp1_r = "0.1".parse().unwrap();
        setup.risk.fee_edge.multiple = None;
    });
    pair.plans(EntryPlan { swings: ArrayVec::from_iter([price(99_800)]), ..long() });
    pair.candles(10_000, 9_950);
    let entry = pair.placed(OrderRole::Entry);
    pair.accept(&entry);
    pair.fill(&entry, entry.qty.get(), 9_950);
    assert_eq!(limit(&pair.placed(OrderRole::Target(1))), 9_970, "0.1 R");
}

#[test]
fn a_plan_of_a_strategy_without_regimes_crosses_over_as_well() {
    let mut pair = Pair::ready(|_| ());
    let mut cross = planned(Direction::Long, Seen::EmaCross);
    cross.entry = Entry::Immediate { limit: price(100_100) };
    pair.plans(cross);
    pair.candles(10_000, 10_050);
    let entry = pair.placed(OrderRole::Entry);
    assert_eq!(limit(&entry), 10_060, "0.1 % above the signal is that above the traded price");
    pair.accept(&entry);
    pair.fill(&entry, entry.qty.get(), 10_050);
    let stop = trigger(&pair.placed(OrderRole::Stop)).get();
    assert_eq!(stop, 9_839, "98.00 is 2.0979 % below 100.10");
    assert_eq!(limit(&pair.placed(OrderRole::Target(1))), 10_442, "104.00 is 3.8961 % above 100.10");
}

#[test]
fn a_stop_on_the_wrong_side_of_the_signal_is_refused() {
    let mut pair = Pair::ready(|_| ());
    pair.plans(EntryPlan { stop: Some(Level::Price(price(100_400))), ..long() });
    // The stop lies below the traded price as a number, and above the planned entry as it was meant.
    pair.candles(10_000, 10_050);
    assert_eq!(pair.decisions.last().unwrap().outcome, Outcome::Refused(Gate::StopSide));
}

#[test]
fn an_entry_made_at_once_must_still_pay_at_the_price_that_it_would_get() {
    // A target of 104.00 stands for 104.52 or so there: 4.1 % from where the market is in the one case, 3.5 %
    // in the other, which is less than twice the 2 % of the stop.
    for (signal, traded, refused) in [(9_990, 10_040, false), (10_050, 10_100, true)] {
        let mut pair = Pair::ready(|setup| {
            setup.trade.execution.entry_order = seawall_engine::EntryOrder::Market;
        });
        pair.plans(long());
        pair.candles(signal, traded);
        let outcome = pair.decisions.last().unwrap().outcome;
        assert_eq!(outcome == Outcome::Refused(Gate::RewardRisk), refused, "{outcome:?}");
    }
}

/// Effect of `execution.basis_max_pct`.
#[test]
fn an_entry_is_refused_while_the_traded_price_is_too_far_from_the_signal() {
    for (most, traded, wanted) in [
        ("0.75", 10_075, Outcome::Entered),
        ("0.75", 10_076, Outcome::Refused(Gate::Basis)),
        ("0.75", 9_925, Outcome::Entered),
        ("0.75", 9_924, Outcome::Refused(Gate::Basis)),
        ("0.8", 10_076, Outcome::Entered),
        ("0.3", 10_031, Outcome::Refused(Gate::Basis)),
    ] {
        let mut pair = Pair::ready(|setup| {
            setup.trade.execution.basis_max_pct = most.parse().unwrap();
            setup.trade.execution.basis_max_post_pct = "1".parse().unwrap();
        });
        assert_eq!(outcome(&mut pair, traded), wanted, "{traded} at most {most}");
        let (measured, threshold) = pair.reading(Gate::Basis).unwrap();
        assert!((measured - (traded - 10_000).abs() as f64 / 100.0).abs() < 1e-9, "{measured}");
        assert!((threshold - most.parse::<f64>().unwrap()).abs() < 1e-12);
    }
}

#[test]
fn an_entry_that_rests_is_cancelled_when_the_basis_leaves_its_bound() {
    let mut pair = Pair::ready(|_| ());
    assert_eq!(outcome(&mut pair, 10_050), Outcome::Entered);
    let entry = pair.placed(OrderRole::Entry);
    pair.accept(&entry);
    pair.mark(10_070);
    pair.pass_ms(1);
    let cancel = VenueRequest::Cancel { order: entry.order };
    assert!(!pair.asked(cancel), "0.7 % is within");
    // The signal falls: 100.70 is 0.8 % above 99.90.
    pair.mark_signal(9_990);
    assert!(pair.asked(cancel));
    assert!(pair.alerted(AlertKind::BasisWide));
    let told = pair.alerts.iter().filter(|alert| alert.kind == AlertKind::BasisWide).count();
    pair.mark_signal(9_985);
    assert_eq!(pair.alerts.iter().filter(|alert| alert.kind == AlertKind::BasisWide).count(), told, "once");
}

#[test]
fn two_prices_of_one_instant_are_not_held_against_each_other_before_both_are_in() {
    let mut pair = Pair::ready(|_| ());
    assert_eq!(outcome(&mut pair, 10_050), Outcome::Entered);
    let entry = pair.placed(OrderRole::Entry);
    pair.accept(&entry);
    // Both jump by two percent; in between they are two percent apart.
    pair.mark(10_250);
    pair.mark_of(1, 102_000);
    pair.pass_ms(1);
    assert!(!pair.asked(VenueRequest::Cancel { order: entry.order }));
    assert!(!pair.alerted(AlertKind::EntriesPaused));
}

/// I-40: quotes that were zero or of an alias were held against good ones, and that was a shock.
#[test]
fn i_40_a_missing_zero_or_crossed_quote_is_no_basis() {
    let mut pair = Pair::ready(|_| ());
    assert_eq!(outcome(&mut pair, 10_050), Outcome::Entered);
    let entry = pair.placed(OrderRole::Entry);
    pair.accept(&entry);
    pair.mark_signal(0);
    for (bid, ask) in [(0, 0), (0, 200_000), (200_000, 100_000)] {
        pair.input(Input::Quote { instrument: SPOT, bid: price(bid), ask: price(ask) });
        pair.pass_ms(1);
    }
    assert!(!pair.asked(VenueRequest::Cancel { order: entry.order }));
    assert!(!pair.alerted(AlertKind::EntriesPaused) && !pair.alerted(AlertKind::BasisWide));
    // A sound quote counts at its middle.
    pair.input(Input::Quote { instrument: SPOT, bid: price(99_000), ask: price(99_200) });
    pair.pass_ms(1);
    assert!(pair.asked(VenueRequest::Cancel { order: entry.order }));
}

/// Effect of `execution.signal_age_max_s`.
#[test]
fn an_entry_is_refused_while_one_of_the_prices_is_missing_or_old() {
    let mut pair = Pair::ready(|_| ());
    pair.plans(long());
    pair.signal_candle(10_000);
    assert_eq!(pair.decisions.last().unwrap().outcome, Outcome::Refused(Gate::SignalAge), "never a price");
    for (most, wanted) in [(30, Outcome::Refused(Gate::SignalAge)), (60, Outcome::Entered)] {
        let mut pair = Pair::ready(|setup| setup.trade.execution.signal_age_max_s = most);
        pair.candles(10_000, 10_050);
        pair.plans(long());
        // The candle of the traded instrument is missing: its price is a minute old.
        pair.signal_candle(10_000);
        assert_eq!(pair.decisions.last().unwrap().outcome, wanted);
        assert!((pair.reading(Gate::SignalAge).unwrap().1 - f64::from(most)).abs() < 1e-12);
    }
}

#[test]
fn a_price_between_the_candles_is_as_good_as_a_candle() {
    let mut pair = Pair::ready(|_| ());
    pair.candles(10_000, 10_050);
    let open_time = pair.next();
    pair.mark(10_020);
    pair.plans(long());
    pair.give(SPOT, open_time, 100_000);
    pair.pass_ms(1);
    assert_eq!(limit(&pair.placed(OrderRole::Entry)), 10_020);
}

/// Effect of `execution.basis_max_post_pct`.
#[test]
fn a_fill_too_far_from_the_signal_is_told_once() {
    for (most, alerts) in [("0.75", 1), ("1.2", 0)] {
        let mut pair = Pair::ready(|setup| {
            setup.trade.execution.basis_max_post_pct = most.parse().unwrap();
        });
        assert_eq!(outcome(&mut pair, 10_050), Outcome::Entered);
        let entry = pair.placed(OrderRole::Entry);
        pair.accept(&entry);
        for _ in 0..2 {
            pair.fill(&entry, 100, 10_110);
        }
        let told = pair.alerts.iter().filter(|alert| alert.kind == AlertKind::BasisWide).count();
        assert_eq!(told, alerts, "{:?}", pair.alerts);
        assert!(pair.position().qty.get() == 200, "it is only told");
    }
}

/// Effect of `risk.shock.basis_pct`.
#[test]
fn a_wide_basis_is_a_shock_of_the_instrument() {
    for (most, shocked) in [(Some("1.5"), true), (Some("2.5"), false), (None, false)] {
        let mut pair = Pair::ready(|setup| {
            setup.risk.shock.move_pct = None;
            setup.risk.shock.basis_pct = most.map(|most| most.parse().unwrap());
        });
        pair.candles(10_000, 10_160);
        assert_eq!(pair.alerted(AlertKind::EntriesPaused), shocked, "{most:?}");
        // The pause goes on when the prices have come together again.
        let wanted = if shocked { Outcome::Refused(Gate::Shock) } else { Outcome::Entered };
        assert_eq!(outcome(&mut pair, 10_000), wanted);
    }
}

#[test]
fn without_a_signal_no_basis_is_asked_for_and_nothing_waits() {
    let mut bench = Bench::ready(crate::common::lossless());
    bench.want(ordered(Direction::Long, Seen::OrderBlock));
    assert!(bench.reading(Gate::Basis).is_none() && bench.reading(Gate::SignalAge).is_none());
}

#[test]
fn a_hole_in_the_candles_of_the_signal_counts_as_one_of_the_instrument() {
    let mut pair = Pair::ready(|setup| setup.risk.recover_candles_after_hole = 2);
    pair.candles(10_000, 10_000);
    pair.traded_candle(10_000);
    for wanted in [Outcome::Refused(Gate::DataQuality), Outcome::Refused(Gate::DataQuality), Outcome::Entered]
    {
        assert_eq!(outcome(&mut pair, 10_000), wanted);
    }
}

#[test]
fn i_69_sizes_are_in_contracts_of_the_traded_instrument_whatever_those_of_the_signal_are() {
    // 1 % of 10 000 is lost at a stop 2 % below 100.50: 49.751 coins.
    for (size, contracts) in [("1", "49.751"), ("0.01", "4975.124"), ("10", "4.975")] {
        let mut pair = Pair::ready(|setup| {
            setup.instruments = vec![(perpetual(size), Timeframe::M1)];
            setup.risk.instrument_notional_max = None;
            setup.risk.position_margin_max_pct = None;
        });
        pair.plans(EntryPlan { sizing: Sizing::Risk, ..long() });
        pair.candles(10_000, 10_050);
        let entry = pair.placed(OrderRole::Entry);
        let instrument = perpetual(size);
        assert_eq!(instrument.qty(entry.qty).to_string(), contracts, "{size} coins a contract");
        let value = instrument.notional(price(10_050), entry.qty).unwrap();
        assert!(value <= Money::new("5000.5".parse().unwrap()), "{value}");
    }
}

#[test]
fn the_trailing_distance_is_the_same_share_of_the_traded_price() {
    let mut pair = Pair::ready(|_| ());
    let stop = protected(&mut pair, 50);
    pair.script.sees(Outlook { atr: Some(2.0), ..KNOWS_NOTHING });
    // A range of 2.00 at 108.00 of the signal is 2.01 at 108.54 of the traded instrument.
    pair.candles(10_800, 10_854);
    let amends = pair.amend_all();
    let to = amends.iter().find(|(order, ..)| *order == stop.order).unwrap().2;
    // 108.54 - 1.8 × 2.01, from 3 R on 1.2 × 2.01 = 2.412.
    assert_eq!(to, 10_612);
}

#[test]
fn a_position_is_managed_while_its_signal_is_silent() {
    let mut pair = Pair::ready(|_| ());
    let stop = protected(&mut pair, 0);
    pair.script.sees(Outlook { atr: Some(1.0), ..KNOWS_NOTHING });
    for traded in [10_100, 10_300] {
        pair.traded_candle(traded);
        let amends = pair.amend_all();
        assert!(amends.iter().any(|(order, ..)| *order == stop.order), "{traded}");
    }
}

#[test]
fn the_strategy_sees_the_candles_and_the_instrument_of_its_signal_and_judges_positions_by_them() {
    /// Notes what it is shown, enters once.
    #[derive(Default)]
    struct Notes {
        candles: Vec<(String, i64)>,
        outlooks: Vec<(String, Option<PriceUnits>)>,
    }
    struct Noting(Arc<Mutex<Notes>>);
    impl Strategy for Noting {
        fn on_candle(&mut self, view: &View<'_>, candle: &Candle, decision: &mut Decision) -> Evaluation {
            let mut notes = self.0.lock().unwrap();
            notes.candles.push((view.instrument.name().to_string(), candle.close.get()));
            let first = notes.candles.len() == 1;
            decision.ask(Gate::Signal, first, 0.0, 0.0);
            if first { Evaluation::Enter(long()) } else { Evaluation::Hold }
        }
        fn outlook(&self, instrument: &Instrument, held: &Held) -> Outlook {
            self.0.lock().unwrap().outlooks.push((instrument.name().to_string(), held.invalidation));
            KNOWS_NOTHING
        }
        fn plan_taken(&mut self, _: seawall_model::Ts) {}
        fn decides_every(&self) -> Timeframe {
            Timeframe::M1
        }
        fn digest(&self, _: &mut dyn StateSink) {}
    }
    let notes = Arc::new(Mutex::new(Notes::default()));
    let mut pair = Pair::with(Box::new(Noting(Arc::clone(&notes))), |_| ());
    pair.candles(10_000, 10_050);
    let entry = pair.placed(OrderRole::Entry);
    pair.accept(&entry);
    pair.fill(&entry, entry.qty.get(), 10_050);
    pair.candles(10_010, 10_060);
    let notes = notes.lock().unwrap();
    let spot = "kraken:BTC/USD".to_owned();
    assert_eq!(notes.candles, [(spot.clone(), 100_000), (spot.clone(), 100_100)], "nothing of its own");
    assert_eq!(notes.outlooks, [(spot, Some(price(99_000)))], "the plan's invalidation as it was planned");
}

#[test]
fn two_candles_of_a_signal_at_one_instant_are_both_seen() {
    let mut pair = Pair::ready(|_| ());
    let first = pair.next();
    let second = pair.next();
    pair.plans(long());
    pair.give(BTC, first, 10_000);
    for open_time in [first, second] {
        pair.give(SPOT, open_time, 100_000);
    }
    pair.pass_ms(1);
    let mut outcomes: Vec<Outcome> = pair.decisions.iter().map(|decision| decision.outcome).collect();
    outcomes.sort_by_key(|outcome| *outcome != Outcome::Entered);
    assert_eq!(outcomes, [Outcome::Entered, Outcome::Refused(Gate::Signal)]);
}

#[test]
fn records_are_of_the_traded_instrument_at_its_own_price() {
    let mut pair = Pair::ready(|_| ());
    pair.candles(10_000, 10_050);
    let decision = pair.decisions.last().unwrap();
    assert_eq!((decision.instrument, decision.price), (BTC, price(10_050)));
    assert_eq!(decision.at, pair.now.minus(crate::common::ms(1)));
}

#[test]
fn a_signal_that_is_traded_as_well_trades_on_its_own() {
    let mut own = pair_setup(|_| ());
    let (instrument, _) = own.signals.read_only.pop().unwrap();
    own.instruments.push((instrument, Timeframe::M1));
    let mut bench = Bench::with_setup(own).reconciled();
    for script in [0, 1] {
        bench.scripts[script].push(Evaluation::Enter(plan(Direction::Long)));
    }
    bench.now = bench.now.plus(crate::common::ms(60_000));
    let open_time = Timeframe::M1.floor(crate::common::T0);
    for (id, close) in [(1, 100_000), (0, 10_050)] {
        let close = price(close);
        let prices = seawall_model::Ohlc { open: close, high: close, low: close, close };
        let candle = Candle::new(Timeframe::M1, open_time, prices, 1.0).unwrap();
        bench.input(Input::Candle { instrument: InstrumentId(id), timeframe: Timeframe::M1, candle });
    }
    bench.pass_ms(1);
    let mut entered: Vec<u32> = bench.placements().iter().map(|order| order.order.instrument.0).collect();
    entered.sort_unstable();
    assert_eq!(entered, [0, 1]);
}

#[test]
fn an_exit_of_the_strategy_closes_the_traded_position() {
    let mut pair = Pair::ready(|_| ());
    let stop = protected(&mut pair, 0);
    pair.script.push(Evaluation::Exit(ExitReason::Signal));
    pair.candles(10_010, 10_010);
    let exit = pair.placed(OrderRole::Exit);
    assert_eq!((exit.order.instrument, exit.kind), (BTC, OrderKind::Market));
    pair.accept(&exit);
    pair.fill(&exit, exit.qty.get(), 10_010);
    pair.cancelled(&stop, CancelReason::Requested);
    assert_eq!(pair.held(), 0);
    assert_eq!(pair.trades[0].instrument, BTC);
}

fn refused(change: impl FnOnce(&mut Setup)) -> String {
    let mut setup = pair_setup(|_| ());
    change(&mut setup);
    let strategies = setup
        .instruments
        .iter()
        .map(|_| Box::new(crate::common::script::Scripted::default()) as Box<dyn Strategy>);
    let strategies = strategies.collect();
    Engine::with_strategies(setup, strategies).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_pair_that_cannot_be_is_refused_with_both_names_and_the_fix() {
    let named = |id: u32, name: &str, base: Timeframe| {
        let mut spec = seawall_model::InstrumentSpec::new(name.parse().unwrap());
        spec.tick = Some("0.01".parse().unwrap());
        (Instrument::new(InstrumentId(id), spec, 2).unwrap(), base)
    };
    let perp = "kraken-futures:BTC/USD:USD reads ";
    for (text, setup) in [
        (
            "kraken:BTC/USD: its candles are of 1m, those of the signal of 5m; give both the same timeframe",
            Box::new(|setup: &mut Setup| setup.signals.read_only[0].1 = Timeframe::M5)
                as Box<dyn FnOnce(&mut Setup)>,
        ),
        (
            "kraken:ETH/USD: BTC and ETH are different coins, and prices of one say nothing about the other; name \
             an instrument of BTC",
            Box::new(move |setup: &mut Setup| {
                setup.signals.read_only = vec![named(1, "kraken:ETH/USD", Timeframe::M1)];
            }),
        ),
        (
            "kraken-futures:BTC/USD:USD: it reads its own candles anyway; remove the signal",
            Box::new(|setup: &mut Setup| {
                setup.signals = Signals { read_only: vec![], pairs: vec![(BTC, BTC)] }
            }),
        ),
        (
            "instrument 5: there are no candles of that; give them, or remove the signal",
            Box::new(|setup: &mut Setup| setup.signals.pairs = vec![(BTC, InstrumentId(5))]),
        ),
        (
            "kraken:BTC/USD: it has another signal already; keep one",
            Box::new(|setup: &mut Setup| setup.signals.pairs.push((BTC, SPOT))),
        ),
        (
            "kraken:BTC/USD: the signal reads another instrument itself; name that one, or none there",
            Box::new(move |setup: &mut Setup| {
                setup.instruments.push(setup.signals.read_only[0].clone());
                setup.signals.read_only = vec![named(2, "coinbase:BTC/USD", Timeframe::M1)];
                setup.signals.pairs = vec![(BTC, SPOT), (SPOT, InstrumentId(2))];
            }),
        ),
    ] {
        assert_eq!(refused(setup), format!("{perp}{text}"));
    }
    let unread = refused(|setup| setup.signals.pairs.clear());
    assert!(unread.contains("has a reader"), "{unread}");
    let twice = refused(|setup| setup.signals.read_only = vec![(perpetual("1"), Timeframe::M1)]);
    assert!(twice.contains("twice"), "{twice}");
    assert_eq!(spot().id(), SPOT);
}

#[test]
fn bounds_of_the_basis_that_contradict_each_other_do_not_start() {
    let post = refused(|setup| setup.trade.execution.basis_max_post_pct = "0.5".parse().unwrap());
    assert!(
        post.starts_with("execution.basis_max_post_pct is 0.5") && post.contains("0.5 is below 0.75"),
        "{post}"
    );
    let shock = refused(|setup| setup.risk.shock.basis_pct = Some("0.75".parse().unwrap()));
    assert!(
        shock.starts_with("risk.shock.basis_pct is 0.75") && shock.contains("0.75 is not above 0.75"),
        "{shock}"
    );
    let range = refused(|setup| setup.trade.execution.signal_age_max_s = 0);
    assert!(range.starts_with("execution.signal_age_max_s is 0"), "{range}");
    assert_eq!(percent(75).to_string(), "0.75");
}

/// A venue that accepts, refuses, fills and cancels by chance.
struct Chance {
    random: Random,
    resting: Vec<OrderRequest>,
}

impl Chance {
    fn new(seed: u64) -> Self {
        Chance { random: Random::stream(seed, 5), resting: Vec::new() }
    }

    fn answer(&mut self, pair: &mut Pair, request: VenueRequest) {
        match request {
            VenueRequest::Place(order) if self.random.chance(100) => {
                pair.reject(&order, RejectReason::InsufficientFunds);
            }
            VenueRequest::Place(order) => {
                pair.accept(&order);
                self.resting.push(order);
            }
            VenueRequest::Cancel { order } => {
                let rests = self.resting.iter().position(|one| one.order == order);
                if let Some(one) = rests.map(|index| self.resting.remove(index)) {
                    pair.cancelled(&one, CancelReason::Requested);
                }
            }
            VenueRequest::Amend { .. }
            | VenueRequest::QueryOrder { .. }
            | VenueRequest::QueryOpenOrders
            | VenueRequest::QueryPositions
            | VenueRequest::QueryBalance => {}
        }
    }

    /// Something that rests may fill.
    fn fill(&mut self, pair: &mut Pair, market: i64) {
        if self.resting.is_empty() || self.random.chance(400) {
            return;
        }
        let last = i64::try_from(self.resting.len()).unwrap() - 1;
        let order = self.resting.remove(usize::try_from(self.random.range(0, last)).unwrap());
        let price = order.kind.limit().or(order.kind.trigger().map(|trigger| trigger.price));
        pair.fill(&order, order.qty.get(), price.map_or(market, PriceUnits::get));
    }
}

/// The instrument that a request is about, if it is about one.
fn about(request: VenueRequest) -> Option<InstrumentId> {
    match request {
        VenueRequest::Place(order) => Some(order.order.instrument),
        VenueRequest::Amend { order, .. }
        | VenueRequest::Cancel { order }
        | VenueRequest::QueryOrder { order } => Some(order.instrument),
        VenueRequest::QueryOpenOrders | VenueRequest::QueryPositions | VenueRequest::QueryBalance => None,
    }
}

/// A random life of a pair; says in how many of its minutes a position was held.
fn live(seed: u64) -> (Pair, Vec<VenueRequest>, u32) {
    let mut random = Random::stream(seed, 6);
    let mut venue = Chance::new(seed);
    let mut pair = Pair::with(Box::new(Erratic::new(seed, u64::MAX)), |_| ());
    let (mut signal, mut premium, mut held, mut asked) = (10_000, 0, 0, Vec::new());
    for _ in 0..120 {
        signal += random.range(-60, 60);
        premium = (premium + random.range(-20, 20)).clamp(-120, 120);
        match random.range(0, 9) {
            0..=4 => pair.candles(signal, signal + premium),
            5 => pair.signal_candle(signal),
            6 => pair.traded_candle(signal + premium),
            7 => pair.mark_signal(signal * random.range(0, 1)),
            8 => pair.mark(signal + premium),
            _ => {
                let (bid, ask) = (signal * 10 - random.range(-5, 5), signal * 10);
                pair.input(Input::Quote { instrument: SPOT, bid: price(bid), ask: price(ask) });
            }
        }
        for request in core::mem::take(&mut pair.bench.requests) {
            asked.push(request);
            venue.answer(&mut pair, request);
        }
        venue.fill(&mut pair, signal + premium);
        held += u32::from(pair.held() != 0);
    }
    (pair, asked, held)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// I-18, I-66, I-78: symbols of spot reached the futures venue, also on reduce-only orders, because both
    /// were looked up by variants of one name. Here an instrument that is read has no desk, whatever comes.
    #[test]
    fn i_18_i_66_i_78_nothing_is_ever_ordered_decided_or_held_on_an_instrument_that_is_only_read(
        seed in 0_u64..1_000_000,
    ) {
        let (pair, asked, _) = live(seed);
        prop_assert!(asked.iter().all(|request| about(*request).is_none_or(|id| id == BTC)), "{asked:?}");
        prop_assert!(pair.decisions.iter().all(|decision| decision.instrument == BTC));
        prop_assert!(pair.trades.iter().all(|trade| trade.instrument == BTC));
        prop_assert!(pair.engine.position(SPOT).is_none() && pair.engine.live_orders(SPOT).next().is_none());
        prop_assert_eq!(pair.engine.instruments().len(), 1);
    }
}

#[test]
fn the_property_above_is_about_something() {
    let (mut held, mut trades) = (0, 0);
    for seed in 0..5 {
        let (pair, _, minutes) = live(seed);
        held += minutes;
        trades += pair.trades.len();
    }
    assert!(held > 50 && trades > 5, "{held} {trades}");
}

#[test]
fn the_same_inputs_give_the_same_state_and_what_waits_is_part_of_it() {
    let run = |last: i64| {
        let mut pair = Pair::ready(|_| ());
        pair.candles(10_000, 10_050);
        let open_time = pair.next();
        pair.give(SPOT, open_time, last);
        pair.digest_but_time()
    };
    assert_eq!(run(100_000), run(100_000));
    assert_ne!(run(100_000), run(100_010));
}

#[test]
fn after_a_restart_what_waited_for_the_end_of_its_instant_is_not_entered() {
    let mut pair = Pair::ready(|_| ());
    let open_time = pair.next();
    pair.plans(long());
    pair.give(BTC, open_time, 10_000);
    pair.give(SPOT, open_time, 100_000);
    pair.input(Input::Started);
    pair.pass_ms(10);
    assert!(pair.placements().is_empty(), "{:?}", pair.requests);
    assert_eq!(pair.decisions.last().unwrap().outcome, Outcome::Refused(Gate::Candidate));
}
