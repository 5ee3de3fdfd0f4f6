//! What several instruments decide at one instant does not depend on the order in which their candles come.

use crate::common::bench::Bench;
use crate::common::hall::{self, hall};
use crate::common::script::{percent, plan};
use proptest::prelude::*;
use seawall_engine::RiskSettings;
use seawall_engine::risk::settings::ClusterSettings;
use seawall_model::{Decision, Gate, InstrumentId, OrderRequest, Outcome};
use seawall_strategy::{Direction, EntryPlan, Evaluation, Level, Sizing};

const COUNT: u32 = 3;

/// What one instrument does: enters at first, then the prices of its candles, then wants to enter.
#[derive(Debug, Clone, Copy)]
struct Story {
    holds: bool,
    long: bool,
    prices: [i64; 3],
    enters: bool,
    score: i64,
}

impl Story {
    fn enter(&self) -> Evaluation {
        let direction = if self.long { Direction::Long } else { Direction::Short };
        let stop = Some(Level::Percent(percent(200)));
        let score = Some(self.score as f64);
        Evaluation::Enter(EntryPlan { sizing: Sizing::Risk, stop, score, ..plan(direction) })
    }
}

fn story() -> impl Strategy<Value = Story> {
    let prices = prop::array::uniform3(9_000_i64..11_000);
    (any::<bool>(), any::<bool>(), prices, any::<bool>(), 60_i64..64)
        .prop_map(|(holds, long, prices, enters, score)| Story { holds, long, prices, enters, score })
}

/// What the last instant decided and placed, by instrument.
type Told = (Vec<Decision>, Vec<(InstrumentId, i64)>);

/// Tells the stories under `risk`, the candles of each instant in this order.
fn told(stories: &[Story], order: &[u32], risk: RiskSettings) -> Told {
    let mut bench = Bench::under(COUNT, risk);
    let at = |number: u32| &stories[number as usize];
    let first: Vec<_> = (0..COUNT)
        .map(|number| (number, 10_000, if at(number).holds { at(number).enter() } else { Evaluation::Hold }))
        .collect();
    bench.candles(&first);
    for entry in bench.placements() {
        bench.fill_of(&entry, 10_000);
    }
    for step in 0..3 {
        bench.requests.clear();
        bench.decisions.clear();
        let candles: Vec<_> = order
            .iter()
            .map(|number| {
                let wants = step == 2 && at(*number).enters && !at(*number).holds;
                let answer = if wants { at(*number).enter() } else { Evaluation::Hold };
                (*number, at(*number).prices[step], answer)
            })
            .collect();
        bench.candles(&candles);
    }
    bench.pass_ms(1);
    let mut decisions = bench.decisions.clone();
    decisions.sort_by_key(|decision| decision.instrument);
    let entries = bench.placements().into_iter().filter(|order| !order.reduce_only);
    let mut entries: Vec<_> =
        entries.map(|order: OrderRequest| (order.order.instrument, order.qty.get())).collect();
    entries.sort_unstable();
    (decisions, entries)
}

fn without_pauses() -> RiskSettings {
    RiskSettings {
        loss_streak: RiskSettings::without_limits().loss_streak,
        cooldown: RiskSettings::without_limits().cooldown,
        ..RiskSettings::default()
    }
}

/// Room for about one and a half of the entries, or for one or two positions.
fn scarce(which: u32) -> RiskSettings {
    let mut risk = without_pauses();
    match which {
        0 => risk.positions_max = 2,
        1 => risk.leverage_max = "0.8".parse().unwrap(),
        2 => risk.margin_use_max_pct = Some("7".parse().unwrap()),
        _ => {
            let names = ["BTC/USD", "ETH/USD", "SOL/USD"].map(|name| name.parse().unwrap());
            risk.clusters = vec![ClusterSettings { name: "all".to_owned(), instruments: names.to_vec() }];
            risk.cluster_notional_max = Some("0.7".parse().unwrap());
        }
    }
    risk
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_order_of_candles_of_one_instant_changes_no_decision(
        stories in prop::collection::vec(story(), COUNT as usize),
        order in Just((0..COUNT).collect::<Vec<_>>()).prop_shuffle(),
        limits in 0_u32..5,
    ) {
        let risk = if limits == 4 { without_pauses() } else { scarce(limits) };
        prop_assert_eq!(told(&stories, &[0, 1, 2], risk.clone()), told(&stories, &order, risk));
    }
}

#[test]
fn of_entries_that_compete_the_best_score_wins_and_equal_ones_go_by_name() {
    let story = |score| Story { holds: false, long: true, prices: [10_000; 3], enters: true, score };
    let winner = |scores: [i64; 3], order: &[u32]| {
        let mut risk = without_pauses();
        risk.positions_max = 1;
        let (decisions, entries) = told(&scores.map(story), order, risk);
        let refused = decisions.iter().filter(|one| one.outcome == Outcome::Refused(Gate::MaxPositions));
        assert_eq!((entries.len(), refused.count()), (1, 2));
        entries[0].0.0
    };
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        assert_eq!(winner([60, 80, 70], &order), 1);
        assert_eq!(winner([70, 70, 70], &order), 0, "BTC before ETH before SOL");
        assert_eq!(winner([60, 70, 70], &order), 1);
    }
}

/// Four coins under an auction with two places: who is held, who comes, who goes.
#[derive(Debug, Clone, Copy)]
struct Bid {
    holds: Option<i32>,
    enters: Option<i32>,
    long: bool,
}

fn bid() -> impl Strategy<Value = Bid> {
    let score = || prop::option::weighted(0.6, 0_i32..6);
    (score(), score(), any::<bool>()).prop_map(|(holds, enters, long)| Bid { holds, enters, long })
}

/// What the last instant decided, placed and closed, by instrument.
fn outcome(bids: &[Bid], order: &[u32]) -> (Vec<Decision>, Vec<(InstrumentId, bool, i64)>) {
    let mut bench = hall(|setup| {
        setup.trade.auction.positions_max = 2;
        setup.trade.auction.closes_per_cycle_max = 2;
        setup.trade.auction.opens_per_cycle_max = 3;
        setup.trade.auction.direction_penalty = "10".parse().unwrap();
        setup.risk.positions_max = 3;
    });
    let answer = |score: i32, long: bool| {
        let score = 20.0 + f64::from(score) * 10.0;
        if long { hall::long(score) } else { hall::short(score) }
    };
    let held = (0_u32..).zip(bids).filter_map(|(number, bid)| Some((number, bid.holds?, bid.long)));
    let held: Vec<_> = held.take(2).collect();
    for (number, score, long) in &held {
        hall::holds(&mut bench, *number, answer(*score, *long));
    }
    let wanted: Vec<_> = order
        .iter()
        .map(|number| {
            let bid = bids[*number as usize];
            (*number, bid.enters.map_or(Evaluation::Hold, |score| answer(score, bid.long)))
        })
        .collect();
    hall::ask(&mut bench, &wanted);
    for exit in hall::exits(&bench) {
        bench.fill_of(&exit, 10_000);
    }
    bench.end_instant();
    let mut decisions = bench.decisions.clone();
    decisions.sort_by_key(|decision| decision.instrument);
    let placed = bench.placements().into_iter();
    let mut placed: Vec<_> =
        placed.map(|order| (order.order.instrument, order.reduce_only, order.qty.get())).collect();
    placed.sort_unstable();
    (decisions, placed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_order_of_candles_changes_nothing_about_who_swaps_with_whom(
        bids in prop::collection::vec(bid(), 4),
        order in Just((0..4_u32).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        prop_assert_eq!(outcome(&bids, &[0, 1, 2, 3]), outcome(&bids, &order));
    }
}
