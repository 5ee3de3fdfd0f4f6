//! Rules that change while something is held: what an instrument takes, its tick and its lot, over a running
//! engine and over a restart.

use crate::common::account::{Account, many};
use crate::common::bench::{Bench, trigger};
use crate::common::faults::Faults;
use crate::common::kept::resumed;
use crate::common::script::{percent, plan};
use crate::common::world::World;
use crate::common::{lossless, price, qty, remote};
use seawall_engine::{Block, Engine, Phase};
use seawall_model::{
    AlertKind, CancelReason, Command, Gate, Input, Instrument, InstrumentId, InstrumentSpec, OrderRole,
    Outcome, RejectReason, Rules, Trading, VenueRequest,
};
use seawall_strategy::{Direction, EntryPlan};

const BTC: InstrumentId = InstrumentId(0);

fn rules(bench: &Bench, trading: Trading) -> Rules {
    bench.engine.instruments().next().unwrap().rules(trading)
}

fn tell(bench: &mut Bench, rules: Rules) {
    bench.input(Input::Rules(rules));
}

#[test]
fn an_instrument_that_takes_nothing_new_is_looked_after_and_not_entered() {
    for trading in [Trading::LookedAfter, Trading::PostOnly, Trading::Suspended, Trading::Delisted] {
        let mut bench = Bench::ready(remote());
        let stop = bench.protected(plan(Direction::Long));
        let told = rules(&bench, trading);
        tell(&mut bench, told.clone());
        assert!(bench.alerted(AlertKind::TradingChanged), "{trading:?}");
        assert!(bench.position().protected && bench.placements().is_empty());
        // The stop that is lost is placed again.
        bench.cancelled(&stop, CancelReason::Venue);
        let again = bench.placed(OrderRole::Stop);
        assert_eq!((again.qty, trigger(&again)), (stop.qty, trigger(&stop)));
        bench.accept(&again);
        bench.fill(&again, 1_000, 9_800);
        assert_eq!(bench.refusal(plan(Direction::Long)), Some(Gate::Trading), "{trading:?}");
        tell(&mut bench, Rules { trading: Trading::Open, ..told });
        assert_ne!(bench.refusal(plan(Direction::Long)), Some(Gate::Trading));
    }
}

#[test]
fn a_resting_entry_ends_with_the_news_and_a_held_position_can_still_be_closed() {
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.accept(&entry);
    let told = rules(&bench, Trading::LookedAfter);
    tell(&mut bench, told);
    assert!(bench.asked(VenueRequest::Cancel { order: entry.order }));
    let mut bench = Bench::ready(remote());
    bench.protected(plan(Direction::Long));
    let told = rules(&bench, Trading::LookedAfter);
    tell(&mut bench, told);
    bench.command(Command::Close(BTC));
    assert_eq!(bench.placed(OrderRole::Exit).qty, qty(1_000));
}

/// A position on an instrument that takes no orders at all: shown, named, and in nobody's way.
#[test]
fn a_suspended_position_without_a_stop_is_named_and_keeps_nobody_else_from_protection() {
    let mut bench = Bench::ready(remote());
    let stop = bench.enter(plan(Direction::Long));
    let told = rules(&bench, Trading::Suspended);
    tell(&mut bench, told.clone());
    bench.reject(&stop, RejectReason::MarketClosed);
    assert!(bench.placements().is_empty(), "no ladder and no market order");
    let block = Block::Unserved { instrument: BTC, trading: Trading::Suspended, covered: false };
    assert_eq!(bench.engine.blocks(), [block]);
    assert!(!block.holds_start() && bench.alerted(AlertKind::PositionUnprotected));
    let words = bench.engine.blocks_in_words().join(" ");
    assert!(words.contains("suspended") && words.contains("without a stop"), "{words}");
    bench.alerts.clear();
    // Tried again, with pauses and without another alert.
    bench.pass_ms(59_000);
    assert!(bench.placements().is_empty());
    bench.pass_ms(2_000);
    let again = bench.placed(OrderRole::Stop);
    bench.reject(&again, RejectReason::MarketClosed);
    assert!(!bench.alerted(AlertKind::PositionUnprotected));
    // An exit waits for the market.
    bench.command(Command::Close(BTC));
    assert!(bench.placements().is_empty());
    tell(&mut bench, Rules { trading: Trading::Open, ..told });
    let now = bench.placed(OrderRole::Stop);
    bench.accept(&now);
    assert!(bench.position().protected && bench.engine.blocks().is_empty());
    bench.pass_ms(11_000);
    assert_eq!(bench.placed(OrderRole::Exit).qty, qty(1_000), "the exit that was wanted");
}

#[test]
fn a_start_with_a_delisted_position_protects_all_others_and_becomes_ready() {
    let setup = many(3, |_| ());
    let mut bench = Bench::with_setup(setup);
    let told = Rules { instrument: InstrumentId(1), ..rules(&bench, Trading::Delisted) };
    tell(&mut bench, told);
    bench.requests.clear();
    bench.input(Input::Started);
    let mut account = Account::new(&[(0, 300), (1, -200), (2, 100)]);
    account.closed_market = Some(1);
    assert!(account.serve(&mut bench, 60), "{:?}", bench.engine.blocks_in_words());
    assert_eq!(bench.engine.phase(), Phase::Ready);
    for (number, protected) in [(0, true), (1, false), (2, true)] {
        let view = bench.engine.position(InstrumentId(number)).unwrap();
        assert!(!view.qty.is_zero() && view.protected == protected, "{number}: {view:?}");
    }
    assert!(account.closed.is_empty());
    assert!(matches!(bench.engine.blocks()[..], [Block::Unserved { instrument: InstrumentId(1), .. }]));
}

#[test]
fn orders_that_rest_keep_their_prices_and_new_ones_are_on_the_new_grid() {
    let mut bench = Bench::ready(remote());
    let mut wanted = plan(Direction::Long);
    wanted.stop = Some(seawall_strategy::Level::Price(price(9_813)));
    let stop = bench.protected(wanted);
    assert_eq!(trigger(&stop), price(9_813));
    let told = Rules {
        tick: "0.05".parse().unwrap(),
        lot: "0.3".parse().unwrap(),
        min_qty: "0.3".parse().unwrap(),
        ..rules(&bench, Trading::Open)
    };
    tell(&mut bench, told);
    assert!(bench.alerted(AlertKind::RulesChanged));
    bench.mark(10_000);
    assert!(bench.placements().is_empty() && bench.amends().is_empty(), "what rests, rests");
    bench.cancelled(&stop, CancelReason::Venue);
    let again = bench.placed(OrderRole::Stop);
    // 1.000 held: the next larger size on the grid, which can only reduce; the price in its favour.
    assert_eq!((trigger(&again), again.qty), (price(9_815), qty(1_200)));
    bench.accept(&again);
    assert!(bench.position().protected && bench.amends().is_empty() && bench.placements().is_empty());
    bench.pass_ms(5_000);
    assert!(bench.amends().is_empty() && bench.placements().is_empty());
}

/// Found by storm (seeds 13060, 17427 and others): a stop nearer than a tick was judged where it was wanted,
/// and rested where the grid put it: on the price, so that the position was stopped out by its own entry.
#[test]
fn a_stop_that_the_grid_puts_onto_the_price_is_no_stop() {
    for (stop, enters) in [(9_994, true), (9_996, false), (9_999, false)] {
        let mut bench = Bench::ready(remote());
        let coarser = Rules { tick: "0.05".parse().unwrap(), ..rules(&bench, Trading::Open) };
        tell(&mut bench, coarser);
        bench.mark(10_000);
        let stop = Some(seawall_strategy::Level::Price(price(stop)));
        let refused = bench.refusal(EntryPlan { stop, ..plan(Direction::Long) });
        assert_eq!(refused.is_none(), enters, "{stop:?}: {refused:?}");
    }
}

/// Found by storm (seed 1007695): decided at a price between two ticks, the stop lay on the next one; filled
/// on a tick, the nearest to the same distance was the entry itself.
#[test]
fn a_stop_nearer_than_half_a_tick_rests_a_tick_away_from_the_fill() {
    for (direction, stop) in [(Direction::Long, 9_990), (Direction::Short, 10_010)] {
        let mut bench = Bench::ready(remote());
        let coarser = Rules { tick: "0.1".parse().unwrap(), ..rules(&bench, Trading::Open) };
        tell(&mut bench, coarser);
        bench.mark(10_000);
        let distance = Some(seawall_strategy::Level::Percent(percent(4)));
        let entry = bench.want(EntryPlan { stop: distance, ..plan(direction) });
        bench.accept(&entry);
        bench.fill(&entry, 1_000, 10_000);
        assert_eq!(
            trigger(&bench.placed(OrderRole::Stop)),
            price(stop),
            "0.04 % of 100.00 is less than 0.05"
        );
    }
}

/// The same by a level that is a price: the fill was better than the price of the decision.
#[test]
fn a_stop_that_the_grid_puts_onto_the_fill_rests_on_the_other_side_of_where_it_is_wanted() {
    let mut bench = Bench::ready(remote());
    let coarser = Rules { tick: "0.1".parse().unwrap(), ..rules(&bench, Trading::Open) };
    tell(&mut bench, coarser);
    bench.mark(10_000);
    let stop = Some(seawall_strategy::Level::Price(price(9_974)));
    let entry = bench.want(EntryPlan { stop, ..plan(Direction::Long) });
    bench.accept(&entry);
    bench.fill(&entry, 1_000, 9_980);
    assert_eq!(trigger(&bench.placed(OrderRole::Stop)), price(9_970));
}

#[test]
fn a_grid_finer_than_the_scales_leaves_the_old_one_and_one_that_fits_nothing_ends_entries() {
    let mut bench = Bench::ready(remote());
    let old = rules(&bench, Trading::Open);
    tell(&mut bench, Rules { tick: "0.0025".parse().unwrap(), ..old.clone() });
    let alert = bench.alerts.iter().find(|alert| alert.kind == AlertKind::RulesChanged).unwrap();
    assert!(alert.detail.contains("the old steps go on"), "{}", alert.detail);
    assert_eq!(rules(&bench, Trading::Open).tick, old.tick, "a multiple of the finer one");
    assert_eq!(bench.engine.trading(BTC), Some(Trading::Open));
    tell(&mut bench, Rules { tick: "0.0033".parse().unwrap(), ..old.clone() });
    assert_eq!(bench.engine.trading(BTC), Some(Trading::LookedAfter));
    tell(&mut bench, old);
    assert_eq!(bench.engine.trading(BTC), Some(Trading::Open));
}

#[test]
fn less_leverage_is_taken_over_and_the_state_knows_it() {
    let mut bench = Bench::ready(remote());
    let before = bench.digest_but_time();
    let told = Rules { leverage_max: "2".parse().unwrap(), ..rules(&bench, Trading::Open) };
    tell(&mut bench, told);
    assert_ne!(bench.digest_but_time(), before);
    bench.want(plan(Direction::Long));
    assert!(bench.reading(Gate::Margin).is_some());
    let spec = bench.engine.instruments().next().unwrap().spec().clone();
    assert_eq!(spec.leverage_max.to_string(), "2");
}

/// A venue that made its tick finer while the process was away: the books go on, on finer scales.
#[test]
fn a_restart_on_finer_scales_keeps_positions_orders_and_money() {
    let mut held = 0;
    for seed in [2, 5, 8, 11] {
        let mut world = World::new(seed, 2, lossless(), Faults::default(), 15);
        world.start();
        for minute in 1..=10 {
            world.run_until(crate::common::at(minute * 60 - 3));
            let carry = world.engine.carry();
            let mut setup = world.setup.clone();
            for (own, _) in &mut setup.instruments {
                let spec = InstrumentSpec { tick: Some("0.0001".parse().unwrap()), ..own.spec().clone() };
                *own = Instrument::with_decimals(own.id(), spec, 4, 5).unwrap();
            }
            let engine = resumed(&setup, &carry);
            for (old, new) in world.engine.instruments().zip(engine.instruments()) {
                let (was, is) =
                    (world.engine.position(old.id()).unwrap(), engine.position(new.id()).unwrap());
                assert_eq!(old.qty(was.qty), new.qty(is.qty), "seed {seed}");
                assert_eq!(was.stop.map(|stop| old.price(stop)), is.stop.map(|stop| new.price(stop)));
                let orders = |engine: &Engine, one: &Instrument| {
                    let of = engine.live_orders(one.id());
                    of.map(|order| (order.order.id, one.qty(order.qty), one.qty(order.filled))).collect()
                };
                let (before, after): (Vec<_>, Vec<_>) = (orders(&world.engine, old), orders(&engine, new));
                assert_eq!(before, after, "seed {seed}");
                held += usize::from(!was.qty.is_zero());
            }
            assert_eq!(engine.equity(), world.engine.equity());
            // From there on nothing changes any more.
            assert_eq!(resumed(&setup, &engine.carry()).carry(), engine.carry());
        }
    }
    assert!(held > 5, "nothing was held");
}

#[test]
fn an_outcome_of_the_gate_has_words() {
    let mut bench = Bench::ready(remote());
    let told = rules(&bench, Trading::Suspended);
    tell(&mut bench, told);
    bench.refusal(plan(Direction::Long));
    assert_eq!(bench.outcome(), Some(Outcome::Refused(Gate::Trading)));
    assert_eq!(bench.reading(Gate::Trading), Some((3.0, 0.0)));
}
