//! The auction: who gets a place, who makes room for it, and who is left alone.
//! Scenarios cite the incident [I-n] or the defect [D-n] that they keep from happening here.

use crate::common::bench::Bench;
use crate::common::hall::{
    ask, contracts, entered, exits, fill, hall, hall_of, holds, long, measured, record, refused, scored,
    short,
};
use crate::common::{price, qty};
use seawall_engine::Setup;
use seawall_engine::risk::settings::SizingMethod;
use seawall_model::{
    AlertKind, CancelReason, Command, ExitReason, Gate, GuardMode, InstrumentId, Money, Outcome, Side,
    Verdict,
};
use seawall_model::{OrderRole, Setup as Seen};
use seawall_strategy::{Direction, Entry, EntryPlan, Evaluation, Sizing};

type Change = fn(&mut Setup);

/// One place, and the first coin has it with 60 points: worth 58 to whoever wants it.
fn one_place(change: Change) -> Bench {
    let mut bench = hall(|setup| {
        setup.trade.auction.positions_max = 1;
        setup.trade.auction.cluster_positions_max = 1;
        change(setup);
    });
    holds(&mut bench, 0, long(60.0));
    bench
}

fn close_to(value: Option<f64>, expected: f64) {
    assert!(value.is_some_and(|value| (value - expected).abs() < 1e-6), "{value:?} is not {expected}");
}

/// Effect of `auction.mode`.
#[test]
fn an_auction_refuses_when_it_acts_says_so_in_shadow_and_is_not_asked_when_off() {
    for (mode, refusal, seen) in [
        (GuardMode::Off, None, None),
        (GuardMode::Shadow, None, Some(Verdict::Shadow)),
        (GuardMode::On, Some(Gate::AuctionSwap), Some(Verdict::Fail)),
    ] {
        let mut bench = hall(|setup| {
            setup.trade.auction.mode = mode;
            setup.trade.auction.positions_max = 1;
            setup.trade.auction.cluster_positions_max = 1;
        });
        holds(&mut bench, 0, long(60.0));
        ask(&mut bench, &[(1, long(70.0))]);
        assert_eq!(refused(&bench, 1).map(|(gate, ..)| gate), refusal, "{mode:?}");
        let reading = record(&bench, 1).gates.iter().find(|one| one.gate == Gate::AuctionSwap);
        assert_eq!(reading.map(|one| one.verdict), seen);
        assert!(exits(&bench).is_empty());
        assert_eq!(entered(&bench).len(), usize::from(refusal.is_none()));
        // Also where it would have swapped, shadow closes nothing.
        if mode == GuardMode::Shadow {
            ask(&mut bench, &[(2, long(99.0))]);
            assert!(exits(&bench).is_empty() && entered(&bench) == [2]);
        }
    }
}

/// Effect of `auction.swap_threshold`.
/// Effect of `auction.entry_cost`.
/// Effect of `auction.exit_cost`.
#[test]
fn a_position_is_given_up_only_for_an_entry_that_is_worth_enough_more() {
    // New: 75 less 2. Held: 60 less 2. The difference is 15.
    let cases: [(Change, f64, bool); 5] = [
        (|_| (), 15.0, true),
        (|setup| setup.trade.auction.swap_threshold = "16".parse().unwrap(), 15.0, false),
        (|setup| setup.trade.auction.entry_cost = "4".parse().unwrap(), 13.0, false),
        (|setup| setup.trade.auction.exit_cost = "0".parse().unwrap(), 13.0, false),
        (|setup| setup.trade.auction.exit_cost = "9".parse().unwrap(), 22.0, true),
    ];
    for (change, gain, swaps) in cases {
        let mut bench = one_place(change);
        ask(&mut bench, &[(1, long(75.0))]);
        close_to(measured(&bench, 1, Gate::AuctionSwap), gain);
        assert_eq!(exits(&bench).len(), usize::from(swaps));
        assert_eq!(record(&bench, 1).outcome == Outcome::Entered, swaps);
        assert!(entered(&bench).is_empty(), "nothing is entered before the place is free");
    }
}

#[test]
fn what_a_position_has_gained_since_counts_five_points_for_each_r() {
    let mut bench = one_place(|_| ());
    // The stop lies 2.00 away: one R. 75 - 2 - (60 + 5 - 2) is 10.
    bench.mark(10_200);
    ask(&mut bench, &[(1, long(75.0))]);
    close_to(measured(&bench, 1, Gate::AuctionSwap), 10.0);
    bench.mark(9_900);
    ask(&mut bench, &[(1, long(72.0))]);
    close_to(measured(&bench, 1, Gate::AuctionSwap), 72.0 - 2.0 - (60.0 - 2.5 - 2.0));
}

/// [I-20]: the auction sized with a margin from before the closes. The entry waits until the close has filled
/// and is then sized on the account as it is.
#[test]
fn i_20_an_entry_waits_for_the_close_and_is_sized_on_the_account_after_it() {
    let mut bench = one_place(|_| ());
    let sized = EntryPlan { sizing: Sizing::Risk, ..scored(90.0, Direction::Long) };
    ask(&mut bench, &[(1, Evaluation::Enter(sized))]);
    let exit = exits(&bench)[0];
    assert_eq!((exit.order.instrument, exit.side, exit.reduce_only), (InstrumentId(0), Side::Sell, true));
    assert!(bench.alerted(AlertKind::Outbid) && entered(&bench).is_empty());
    // Half of it is not enough.
    bench.accept(&exit);
    let half = bench.execution(Some(exit.order), exit.side, 500, 9_000);
    bench.venue(seawall_model::VenueEvent::Filled(half));
    bench.end_instant();
    assert!(entered(&bench).is_empty());
    // Meanwhile half of the money is withdrawn.
    bench.command(Command::Transfer(Money::new("-5000".parse().unwrap())));
    let rest = bench.execution(Some(exit.order), exit.side, 500, 9_000);
    bench.venue(seawall_model::VenueEvent::Filled(rest));
    bench.end_instant();
    let entry = bench.placed(OrderRole::Entry);
    // 1 % of 4 990 at 2.00 a contract, not of 10 000.
    assert_eq!((entry.order.instrument, entry.qty), (InstrumentId(1), qty(24_950)));
    assert_eq!(bench.trades[0].exits[0].reason, ExitReason::Auction);
}

/// [I-53]: closes of the auction went round the books. They go the way of every exit, under the stop.
#[test]
fn i_53_a_position_that_makes_room_keeps_its_stop_until_it_is_flat() {
    let mut bench = hall(|setup| setup.trade.auction.positions_max = 1);
    let stop = holds(&mut bench, 0, long(60.0));
    ask(&mut bench, &[(1, long(90.0))]);
    let exit = exits(&bench)[0];
    let cancel = seawall_model::VenueRequest::Cancel { order: stop.order };
    assert!(bench.position().protected && !bench.requests.contains(&cancel));
    bench.fill_of(&exit, 10_000);
    assert!(bench.requests.contains(&cancel));
}

#[test]
fn a_swap_whose_close_never_fills_is_given_up_within_a_candle() {
    let mut bench = one_place(|_| ());
    ask(&mut bench, &[(1, long(90.0))]);
    let exit = exits(&bench)[0];
    bench.accept(&exit);
    bench.pass_ms(61_000);
    assert!(bench.alerted(AlertKind::BoundReached));
    bench.requests.clear();
    bench.fill_of(&exit, 10_000);
    bench.end_instant();
    assert!(entered(&bench).is_empty(), "a plan is not older than a candle");
}

#[test]
fn the_entry_that_waits_goes_with_a_mode_a_command_or_a_restart() {
    type Act = fn(&mut Bench);
    let acts: [Act; 4] = [
        |bench| bench.command(Command::SetMode(seawall_model::SystemMode::ReduceOnly)),
        |bench| bench.command(Command::Close(InstrumentId(1))),
        |bench| bench.input(seawall_model::Input::Started),
        |bench| {
            bench.command(Command::Kill { reason: seawall_model::KillReason::Manual, flatten: false });
        },
    ];
    for act in acts {
        let mut bench = one_place(|_| ());
        ask(&mut bench, &[(1, long(90.0))]);
        let exit = exits(&bench)[0];
        act(&mut bench);
        bench.requests.clear();
        bench.fill_of(&exit, 10_000);
        bench.end_instant();
        assert!(entered(&bench).is_empty());
    }
}

/// Effect of `auction.positions_max`.
/// Effect of `auction.cluster_positions_max`.
/// Effect of `auction.margin_use_max_pct`.
#[test]
fn each_cap_of_the_auction_is_where_its_key_puts_it() {
    // Each holds 100 contracts: 10 000 in value, 1 000 in margin, 10 % of equity. None is worth enough less.
    let caps: [(Gate, Change, f64, f64); 3] = [
        (Gate::AuctionPositions, |setup| setup.trade.auction.positions_max = 2, 3.0, 2.0),
        (Gate::AuctionCluster, |setup| setup.trade.auction.cluster_positions_max = 2, 3.0, 2.0),
        (
            Gate::AuctionMargin,
            |setup| setup.trade.auction.margin_use_max_pct = "25".parse().unwrap(),
            30.0,
            25.0,
        ),
    ];
    for (gate, change, reading, threshold) in caps {
        for binds in [false, true] {
            let mut bench = hall(|setup| {
                // Nobody may be closed: the cap itself answers.
                setup.trade.auction.closes_per_cycle_max = 0;
                if binds {
                    change(setup);
                }
            });
            for number in 0..2 {
                holds(&mut bench, number, contracts(60.0, "100"));
            }
            ask(&mut bench, &[(2, contracts(90.0, "100"))]);
            let refusal = refused(&bench, 2);
            assert_eq!(refusal.map(|(gate, ..)| gate), binds.then_some(gate));
            close_to(measured(&bench, 2, gate), reading);
            if let Some((_, _, most)) = refusal {
                close_to(Some(most), threshold);
            }
        }
    }
}

/// [D-15]: the share of margin was applied twice, .90 of .90.
#[test]
fn d_15_the_share_of_margin_is_applied_once() {
    let bench = |percent: &str| {
        let mut bench = hall(|setup| {
            setup.trade.auction.margin_use_max_pct = percent.parse().unwrap();
            setup.trade.auction.closes_per_cycle_max = 0;
        });
        for number in 0..4 {
            holds(&mut bench, number, contracts(60.0, "200"));
        }
        // Four times 20 %: another 9.99 % fits under 90 %, though it is more than 90 % of 90 %.
        ask(&mut bench, &[(4, contracts(90.0, "99.9"))]);
        refused(&bench, 4).map(|(gate, ..)| gate)
    };
    assert_eq!(bench("90"), None);
    assert_eq!(bench("81"), Some(Gate::AuctionMargin));
}

#[test]
fn a_swap_takes_the_least_valuable_of_the_same_setup_before_any_other() {
    let with =
        |score: f64, setup: Seen| Evaluation::Enter(EntryPlan { setup, ..scored(score, Direction::Long) });
    let mut bench = hall(|setup| setup.trade.auction.positions_max = 4);
    holds(&mut bench, 0, with(50.0, Seen::Trend));
    holds(&mut bench, 1, with(62.0, Seen::EmaCross));
    holds(&mut bench, 2, with(60.0, Seen::EmaCross));
    holds(&mut bench, 3, with(70.0, Seen::EmaCross));
    ask(&mut bench, &[(4, with(80.0, Seen::EmaCross))]);
    assert_eq!(exits(&bench)[0].order.instrument, InstrumentId(2));
    // Where none of its own is worth little enough, it is the least valuable of all.
    let mut bench = hall(|setup| setup.trade.auction.positions_max = 2);
    holds(&mut bench, 0, with(50.0, Seen::Trend));
    holds(&mut bench, 1, with(78.0, Seen::EmaCross));
    ask(&mut bench, &[(4, with(80.0, Seen::EmaCross))]);
    assert_eq!(exits(&bench)[0].order.instrument, InstrumentId(0));
}

#[test]
fn a_full_cluster_is_left_by_one_of_its_own() {
    let with =
        |score: f64, setup: Seen| Evaluation::Enter(EntryPlan { setup, ..scored(score, Direction::Long) });
    let mut bench = hall(|setup| setup.trade.auction.cluster_positions_max = 1);
    holds(&mut bench, 0, with(20.0, Seen::Trend));
    holds(&mut bench, 1, with(60.0, Seen::EmaCross));
    ask(&mut bench, &[(2, with(70.0, Seen::EmaCross))]);
    let (gate, gain, _) = refused(&bench, 2).unwrap();
    assert_eq!(gate, Gate::AuctionSwap, "the cheap one of the other cluster makes no room here");
    close_to(Some(gain), 10.0);
    ask(&mut bench, &[(2, with(80.0, Seen::EmaCross))]);
    assert_eq!(exits(&bench)[0].order.instrument, InstrumentId(1));
}

/// Effect of `auction.min_hold_minutes`.
#[test]
fn a_young_position_is_not_closed_for_another() {
    for (minutes, swaps) in [(45, false), (2, true)] {
        let mut bench = hall(|setup| {
            setup.trade.auction.positions_max = 1;
            setup.trade.auction.min_hold_minutes = minutes;
        });
        holds(&mut bench, 0, long(60.0));
        ask(&mut bench, &[(1, long(90.0))]);
        assert_eq!(refused(&bench, 1).map(|(gate, ..)| gate), Some(Gate::AuctionPositions));
        for _ in 0..3 {
            ask(&mut bench, &[(1, Evaluation::Hold)]);
        }
        ask(&mut bench, &[(1, long(90.0))]);
        assert_eq!(exits(&bench).len(), usize::from(swaps), "{minutes} minutes");
    }
}

#[test]
fn a_position_whose_stop_is_not_confirmed_is_not_closed_for_another() {
    let mut bench = hall(|setup| setup.trade.auction.positions_max = 1);
    ask(&mut bench, &[(0, long(60.0))]);
    let entry = bench.placed(OrderRole::Entry);
    bench.fill_of(&entry, 10_000);
    bench.end_instant();
    // The answer about the stop is still on its way.
    bench.pass_ms(1);
    let waits = bench.now;
    bench.scripts[1].push(long(90.0));
    let open_time = seawall_model::Timeframe::M1.floor(waits);
    let prices = seawall_model::Ohlc {
        open: price(10_000),
        high: price(10_000),
        low: price(10_000),
        close: price(10_000),
    };
    let candle = seawall_model::Candle::new(seawall_model::Timeframe::M1, open_time, prices, 1.0).unwrap();
    bench.input(seawall_model::Input::Candle {
        instrument: InstrumentId(1),
        timeframe: seawall_model::Timeframe::M1,
        candle,
    });
    bench.end_instant();
    assert_eq!(refused(&bench, 1).map(|(gate, ..)| gate), Some(Gate::AuctionPositions));
}

/// [D-16]: a score that was not remembered made every position worth less than nothing. It is remembered with
/// the trade, and a position without one is nobody's bargain.
#[test]
fn d_16_a_position_without_a_known_score_is_never_closed_for_another() {
    let mut bench = hall(|setup| setup.trade.auction.positions_max = 1);
    let unscored = EntryPlan { score: None, ..scored(0.0, Direction::Long) };
    holds(&mut bench, 0, Evaluation::Enter(unscored.clone()));
    ask(&mut bench, &[(1, long(99.0))]);
    assert_eq!(refused(&bench, 1).map(|(gate, ..)| gate), Some(Gate::AuctionPositions));
    // Nor does an entry without a score push anybody out; a free place it takes.
    let mut bench = one_place(|_| ());
    ask(&mut bench, &[(1, Evaluation::Enter(unscored.clone()))]);
    assert_eq!(refused(&bench, 1).map(|(gate, ..)| gate), Some(Gate::AuctionPositions));
    let mut bench = hall(|_| ());
    ask(&mut bench, &[(1, Evaluation::Enter(unscored))]);
    assert_eq!(entered(&bench), [1]);
}

/// [D-16]: what was kept went by one spelling and what was held by another, so everything was to be closed.
/// [I-22], [I-31]: one coin was entered twice under two names.
#[test]
fn d_16_one_coin_under_two_names_has_one_place() {
    let names = ["BTC/USD", "kraken-futures:XBT/USD:USD", "ETH/USD"];
    let mut bench = hall_of(&names, |_| ());
    holds(&mut bench, 0, long(60.0));
    ask(&mut bench, &[(1, long(90.0)), (2, long(50.0))]);
    assert_eq!(refused(&bench, 1), Some((Gate::AuctionSymbol, 1.0, 0.0)));
    assert_eq!(entered(&bench), [2]);
    // Nor do both enter at one instant: the better one does.
    let mut bench = hall_of(&names, |_| ());
    ask(&mut bench, &[(0, long(60.0)), (1, long(90.0))]);
    assert_eq!(entered(&bench), [1]);
    assert_eq!(refused(&bench, 0), Some((Gate::AuctionSymbol, 1.0, 0.0)));
}

/// [D-16]: with nothing to do, nothing is done: no position is closed for want of a new signal.
#[test]
fn d_16_what_is_held_and_fits_stays_for_as_many_cycles_as_it_likes() {
    let mut bench = hall(|_| ());
    for number in 0..3 {
        holds(&mut bench, number, long(50.0));
    }
    bench.requests.clear();
    for _ in 0..24 {
        bench.pass_ms(3_600_000);
    }
    assert!(exits(&bench).is_empty());
}

/// [I-85]: trades too small to be made were given places, and a price of zero a value.
#[test]
fn i_85_a_plan_that_risk_would_refuse_on_an_empty_account_never_enters_the_auction() {
    let zero = price(0);
    let rests = seawall_model::Span::from_secs(60);
    let tiny =
        EntryPlan { sizing: Sizing::Fixed("0.0001".parse().unwrap()), ..scored(99.0, Direction::Long) };
    let free = EntryPlan {
        entry: Entry::Limit { price: zero, expires_after: rests },
        ..scored(99.0, Direction::Long)
    };
    let naked = EntryPlan { stop: None, ..free.clone() };
    for (plan, gate) in [(tiny, Gate::Size), (free, Gate::StopSide), (naked, Gate::StopRequired)] {
        let mut bench = one_place(|_| ());
        ask(&mut bench, &[(1, Evaluation::Enter(plan))]);
        assert_eq!(refused(&bench, 1).map(|(gate, ..)| gate), Some(gate));
        assert!(exits(&bench).is_empty(), "nobody makes room for it");
        assert_eq!(measured(&bench, 1, Gate::AuctionValue), None);
    }
    // Where no stop is asked for, the price of zero is refused by itself.
    let naked = EntryPlan {
        stop: None,
        entry: Entry::Limit { price: zero, expires_after: rests },
        ..scored(99.0, Direction::Long)
    };
    let mut bench = hall(|setup| setup.require_stop = false);
    ask(&mut bench, &[(1, Evaluation::Enter(naked))]);
    assert_eq!(refused(&bench, 1).map(|(gate, ..)| gate), Some(Gate::MinNotional));
}

/// [I-43]: entries were repeated while the first was pending. What is on its way has its place and its
/// margin.
#[test]
fn i_43_an_entry_on_its_way_has_its_place() {
    let mut bench = hall(|setup| setup.trade.auction.positions_max = 1);
    ask(&mut bench, &[(0, long(60.0))]);
    let entry = bench.placed(OrderRole::Entry);
    bench.accept(&entry);
    ask(&mut bench, &[(0, long(90.0)), (1, long(90.0))]);
    assert_eq!(refused(&bench, 0).map(|(gate, ..)| gate), Some(Gate::EntryPending));
    assert_eq!(refused(&bench, 1).map(|(gate, ..)| gate), Some(Gate::AuctionPositions));
    assert!(entered(&bench).is_empty());
}

/// Effect of `auction.opens_per_cycle_max`.
/// Effect of `auction.trades_per_cycle_max`.
#[test]
fn a_cycle_opens_no_more_than_its_pace_and_takes_the_best() {
    let cases: [(Change, &[u32]); 3] = [
        (|_| (), &[2, 1, 0, 3]),
        (|setup| setup.trade.auction.opens_per_cycle_max = 2, &[2, 1]),
        (|setup| setup.trade.auction.trades_per_cycle_max = 3, &[2, 1, 0]),
    ];
    for (change, expected) in cases {
        let mut bench = hall(change);
        ask(&mut bench, &[(0, long(70.0)), (1, long(75.0)), (2, long(90.0)), (3, long(60.0))]);
        assert_eq!(entered(&bench), expected);
        for number in (0..4).filter(|number| !expected.contains(number)) {
            assert_eq!(refused(&bench, number).map(|(gate, ..)| gate), Some(Gate::AuctionPace));
        }
    }
}

/// Effect of `auction.closes_per_cycle_max`.
#[test]
fn a_cycle_closes_no_more_than_its_pace() {
    let cases: [(Change, usize); 4] = [
        (|_| (), 1),
        (|setup| setup.trade.auction.closes_per_cycle_max = 0, 0),
        (|setup| setup.trade.auction.closes_per_cycle_max = 2, 2),
        (
            |setup| {
                setup.trade.auction.closes_per_cycle_max = 2;
                // One closed and one opened, and no room for another pair.
                setup.trade.auction.trades_per_cycle_max = 3;
            },
            1,
        ),
    ];
    for (change, expected) in cases {
        let mut bench = hall(|setup| {
            setup.trade.auction.positions_max = 2;
            change(setup);
        });
        holds(&mut bench, 0, long(50.0));
        holds(&mut bench, 1, long(55.0));
        ask(&mut bench, &[(2, long(90.0)), (3, long(95.0))]);
        assert_eq!(exits(&bench).len(), expected);
        let approved = bench.decisions.iter().filter(|one| one.outcome == Outcome::Entered).count();
        assert_eq!(approved, expected, "no more are opened than places become free");
    }
}

/// Effect of `auction.direction_penalty`.
#[test]
fn an_entry_on_the_side_where_all_the_margin_lies_is_worth_less() {
    let with = |penalty: &str, answer: Evaluation| {
        let mut bench = hall(|setup| setup.trade.auction.direction_penalty = penalty.parse().unwrap());
        holds(&mut bench, 0, long(60.0));
        ask(&mut bench, &[(1, answer)]);
        (measured(&bench, 1, Gate::AuctionValue), refused(&bench, 1))
    };
    close_to(with("0", long(9.0)).0, 7.0);
    let (value, refusal) = with("10", long(9.0));
    close_to(value, -3.0);
    assert_eq!(refusal.map(|(gate, ..)| gate), Some(Gate::AuctionValue));
    close_to(with("10", short(9.0)).0, 7.0);
    // Three quarters on one side cost half.
    let mut bench = hall(|setup| setup.trade.auction.direction_penalty = "10".parse().unwrap());
    for (number, answer) in [long(60.0), long(60.0), long(60.0), short(60.0)].into_iter().enumerate() {
        holds(&mut bench, u32::try_from(number).unwrap(), answer);
    }
    ask(&mut bench, &[(4, long(60.0))]);
    close_to(measured(&bench, 4, Gate::AuctionValue), 60.0 - 2.0 - 5.0);
}

/// Effect of `auction.partial_close_cooldown_s`.
#[test]
fn after_a_position_was_made_smaller_nothing_new_is_opened_for_a_while() {
    for (seconds, refusal) in [(0, None), (600, Some(Gate::AuctionReduced))] {
        let mut bench = hall(|setup| {
            setup.trade.auction.partial_close_cooldown_s = seconds;
            let rebalancer = &mut setup.trade.auction.rebalancer;
            rebalancer.mode = GuardMode::On;
            rebalancer.trigger_pct = "150".parse().unwrap();
            rebalancer.clear_pct = "100".parse().unwrap();
            setup.risk.instrument_notional_max = Some("1.5".parse().unwrap());
        });
        let far = Some(seawall_strategy::Level::Percent(crate::common::script::percent(2_000)));
        let sizing = Sizing::Fixed("150".parse().unwrap());
        let large = EntryPlan { stop: far, sizing, ..scored(60.0, Direction::Long) };
        holds(&mut bench, 0, Evaluation::Enter(large));
        bench.mark(9_000);
        bench.requests.clear();
        bench.pass_ms(60_000);
        bench.mark(9_000);
        assert_eq!(exits(&bench).len(), 1, "the rebalancer's");
        ask(&mut bench, &[(1, long(60.0))]);
        assert_eq!(refused(&bench, 1).map(|(gate, ..)| gate), refusal);
    }
}

/// Two positions of 30 % margin each; then money is withdrawn until only one of them fits under 90 %.
fn crowded(change: Change) -> Bench {
    let mut bench = hall(|setup| {
        setup.trade.auction.cycle_minutes = 10;
        change(setup);
    });
    holds(&mut bench, 0, contracts(60.0, "300"));
    holds(&mut bench, 1, contracts(50.0, "300"));
    bench.pass_ms(600_000);
    bench.command(Command::Transfer(Money::new("-4000".parse().unwrap())));
    bench.requests.clear();
    bench
}

/// Effect of `auction.no_signal_persistence_cycles`.
/// Effect of `auction.cycle_minutes`.
#[test]
fn i_64_what_finds_no_place_is_closed_only_after_so_many_cycles_in_a_row() {
    // [I-64]: fees were bled by closing and opening again.
    let cases: [(Change, i64); 3] = [
        (|_| (), 80),
        (|setup| setup.trade.auction.no_signal_persistence_cycles = 3, 30),
        (|setup| setup.trade.auction.cycle_minutes = 20, 160),
    ];
    for (change, minutes) in cases {
        let mut bench = crowded(change);
        bench.pass_ms((minutes - 21) * 60_000);
        assert!(exits(&bench).is_empty(), "{minutes} minutes are not over");
        bench.pass_ms(22 * 60_000);
        let closed: Vec<_> = exits(&bench).iter().map(|order| order.order.instrument.0).collect();
        assert_eq!(closed, [1], "the less valuable one after {minutes} minutes");
        assert!(bench.alerted(AlertKind::Outbid));
    }
}

#[test]
fn i_64_cycles_without_a_place_count_in_a_row_only() {
    let mut bench = crowded(|_| ());
    for _ in 0..4 {
        bench.pass_ms(60 * 60_000);
        bench.command(Command::Transfer(Money::new("4000".parse().unwrap())));
        bench.pass_ms(11 * 60_000);
        bench.command(Command::Transfer(Money::new("-4000".parse().unwrap())));
    }
    assert!(exits(&bench).is_empty(), "six cycles, again and again");
}

/// Effect of `auction.margin_use_target_pct`.
/// Effect of `auction.boost_factor_max`.
#[test]
fn an_entry_is_enlarged_while_little_of_the_account_is_used() {
    let with = |change: Change| {
        let mut bench = hall(|setup| {
            setup.risk.sizing = SizingMethod::Leverage;
            setup.risk.risk_per_trade_pct = "3".parse().unwrap();
            setup.risk.target_leverage = "7".parse().unwrap();
            change(setup);
        });
        let by_risk = EntryPlan { sizing: Sizing::Risk, ..scored(60.0, Direction::Long) };
        ask(&mut bench, &[(0, Evaluation::Enter(by_risk))]);
        bench.placed(OrderRole::Entry).qty
    };
    // 3 % at seven times are 21 contracts: 2.1 % in margin.
    assert_eq!(with(|_| ()), qty(21_000));
    let on: Change = |setup| setup.trade.auction.margin_use_target_pct = Some("70".parse().unwrap());
    assert_eq!(with(on), qty(42_000));
    let half: Change = |setup| {
        setup.trade.auction.margin_use_target_pct = Some("70".parse().unwrap());
        setup.trade.auction.boost_factor_max = "1.5".parse().unwrap();
    };
    assert_eq!(with(half), qty(31_500));
    let near: Change = |setup| setup.trade.auction.margin_use_target_pct = Some("3".parse().unwrap());
    assert_eq!(with(near), qty(30_000));
    let shadow: Change = |setup| {
        setup.trade.auction.margin_use_target_pct = Some("70".parse().unwrap());
        setup.trade.auction.mode = GuardMode::Shadow;
    };
    assert_eq!(with(shadow), qty(21_000));
    let capped: Change = |setup| {
        setup.trade.auction.margin_use_target_pct = Some("70".parse().unwrap());
        setup.risk.trade_loss_max = Some("50".parse().unwrap());
    };
    assert_eq!(with(capped), qty(25_000), "the caps come after it");
}

#[test]
fn a_reversal_has_the_place_of_the_position_it_turns() {
    let mut bench = one_place(|_| ());
    let stop = bench.engine.live_orders(InstrumentId(0)).next().unwrap();
    ask(&mut bench, &[(0, short(10.0))]);
    assert_eq!(record(&bench, 0).outcome, Outcome::Entered);
    let exit = bench.placed(OrderRole::Exit);
    bench.fill_of(&exit, 10_000);
    bench.venue(seawall_model::VenueEvent::Cancelled { order: stop.order, reason: CancelReason::Requested });
    bench.end_instant();
    assert_eq!(entered(&bench), [0]);
    assert_eq!(bench.trades[0].exits[0].reason, ExitReason::Reversal);
}

#[test]
fn places_and_waiting_entries_are_part_of_the_state() {
    let waiting = |score: f64| {
        let mut bench = one_place(|_| ());
        ask(&mut bench, &[(1, long(score))]);
        bench.digest_but_time()
    };
    assert_ne!(waiting(60.0), waiting(90.0));
}

#[test]
fn the_filled_entry_is_closed_for_a_better_one_when_its_time_has_come() {
    // From beginning to end: in, outbid, out, and the better one in.
    let mut bench = one_place(|_| ());
    ask(&mut bench, &[(1, long(90.0))]);
    let exit = exits(&bench)[0];
    bench.fill_of(&exit, 10_100);
    bench.end_instant();
    assert_eq!(entered(&bench), [1]);
    fill(&mut bench, 1);
    assert!(bench.engine.position(InstrumentId(1)).unwrap().protected);
    assert_eq!(bench.trades[0].score, Some(60.0));
}
