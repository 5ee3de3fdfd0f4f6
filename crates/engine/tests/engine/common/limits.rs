//! Risk settings with one limit at a time, and plans of a fixed size.

use seawall_engine::RiskSettings;
use seawall_strategy::{Direction, EntryPlan, Level, Sizing};

use super::script::{percent, plan};

/// No limit but what `change` sets.
pub fn only(change: impl FnOnce(&mut RiskSettings)) -> RiskSettings {
    let mut risk = RiskSettings::without_limits();
    change(&mut risk);
    risk
}

/// A long of so many contracts; a stop `stop` hundredths of a percent away.
pub fn fixed(contracts: &str, stop: i64) -> EntryPlan {
    let sizing = Sizing::Fixed(contracts.parse().unwrap());
    EntryPlan { sizing, stop: Some(Level::Percent(percent(stop))), ..plan(Direction::Long) }
}

/// A long that the risk section sizes.
pub fn by_risk(stop: i64) -> EntryPlan {
    EntryPlan { sizing: Sizing::Risk, ..fixed("1", stop) }
}

/// A value as it is written in a file.
pub fn number<T: std::str::FromStr>(value: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    value.parse().unwrap()
}
