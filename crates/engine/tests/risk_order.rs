//! What several instruments decide at one instant does not depend on the order in which their candles come.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::bench::Bench;
use common::script::{percent, plan};
use proptest::prelude::*;
use seawall_engine::RiskSettings;
use seawall_model::{Decision, InstrumentId, OrderRequest};
use seawall_strategy::{Direction, EntryPlan, Evaluation, Level, Sizing};

const COUNT: u32 = 3;

/// What one instrument does: enters at first, then the prices of its candles, then wants to enter.
#[derive(Debug, Clone, Copy)]
struct Story {
    holds: bool,
    long: bool,
    prices: [i64; 3],
    enters: bool,
}

fn story() -> impl Strategy<Value = Story> {
    (any::<bool>(), any::<bool>(), prop::array::uniform3(9_000_i64..11_000), any::<bool>())
        .prop_map(|(holds, long, prices, enters)| Story { holds, long, prices, enters })
}

fn enter(long: bool) -> Evaluation {
    let direction = if long { Direction::Long } else { Direction::Short };
    let stop = Some(Level::Percent(percent(200)));
    Evaluation::Enter(EntryPlan { sizing: Sizing::Risk, stop, ..plan(direction) })
}

/// The decisions and the entries of the last instant, by instrument.
fn told(stories: &[Story], order: &[u32]) -> (Vec<Decision>, Vec<(InstrumentId, i64)>) {
    let risk = RiskSettings {
        loss_streak: RiskSettings::without_limits().loss_streak,
        cooldown: RiskSettings::without_limits().cooldown,
        ..RiskSettings::default()
    };
    let mut bench = Bench::under(COUNT, risk);
    let at = |number: u32| &stories[number as usize];
    let first: Vec<_> = (0..COUNT)
        .map(|number| {
            (number, 10_000, if at(number).holds { enter(at(number).long) } else { Evaluation::Hold })
        })
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
                let answer = if wants { enter(at(*number).long) } else { Evaluation::Hold };
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_order_of_candles_of_one_instant_changes_no_decision(
        stories in prop::collection::vec(story(), COUNT as usize),
        order in Just((0..COUNT).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        // One entry at most: several compete for the room under the caps, and the first gets it.
        let mut stories = stories;
        let mut entered = false;
        for story in &mut stories {
            story.enters &= !entered && !story.holds;
            entered |= story.enters;
        }
        prop_assert_eq!(told(&stories, &[0, 1, 2]), told(&stories, &order));
    }
}
