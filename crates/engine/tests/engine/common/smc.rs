//! Plans as the `smc` strategy makes them: a planned price, absolute levels, an invalidation.

use arrayvec::ArrayVec;
use seawall_model::{Setup, Span};
use seawall_strategy::{Direction, Entry, EntryPlan, Level, Target};

use super::price;
use super::script::{percent, plan};

/// A long of one contract planned at 100.00: stop 98.00, wrong below 99.00, target 104.00, which has to pay
/// twice the risk.
pub fn setup_plan(setup: Setup) -> EntryPlan {
    ordered(Direction::Long, setup)
}

/// The same or its mirror image.
pub fn ordered(direction: Direction, setup: Setup) -> EntryPlan {
    let sign = if direction == Direction::Long { 1 } else { -1 };
    let level = |away: i64| Level::Price(price(10_000 + sign * away));
    EntryPlan {
        setup,
        entry: Entry::Limit { price: price(10_000), expires_after: Span::from_secs(3_600) },
        stop: Some(level(-200)),
        targets: ArrayVec::from_iter([Target { level: level(400), share: percent(10_000) }]),
        invalidation: Some(price(10_000 - sign * 100)),
        reward_risk_min: "2".parse().unwrap(),
        ..plan(direction)
    }
}
