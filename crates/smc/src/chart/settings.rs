//! What a chart's detectors are set to.

use super::sources;
use crate::clock::TradingDay;
use crate::displacement::DisplacementSettings;
use crate::equal::{EqualRule, EqualSettings};
use crate::error::SmcError;
use crate::event::Source;
use crate::fvg::{FairValueGapRules, FairValueGapSettings};
use crate::imbalance::ImbalanceSettings;
use crate::open_price::OpenPriceSettings;
use crate::order_block::{OrderBlockRules, WideBars};
use crate::period_gap::{GapPeriod, PeriodGapSettings};
use crate::range::DealingRangeSettings;
use crate::session::{KillZone, SessionHours};
use crate::zones::ZoneLimits;

/// A session with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSession {
    /// For people.
    pub name: String,
    /// When it runs.
    pub hours: SessionHours,
}

/// How strong and weak levels are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strength {
    /// LuxAlgo: see [`StrengthRule::Trailing`](crate::strength::StrengthRule::Trailing).
    #[default]
    Trailing,
    /// ICT: see [`StrengthRule::BreakingLeg`](crate::strength::StrengthRule::BreakingLeg).
    BreakingLeg,
}

/// Settings of a [`Chart`](super::Chart). Each detector's own documentation says what its settings mean and
/// where their defaults come from.
#[derive(Debug, Clone, PartialEq)]
pub struct ChartSettings {
    /// Leg size of internal structure, in bars.
    pub internal_leg: usize,
    /// Leg size of swing structure, in bars.
    pub swing_leg: usize,
    /// Bars to each side of a fractal pivot.
    pub fractal_bars: usize,
    /// Leg size of the pivots that are compared for equal levels, in bars.
    pub equal_leg: usize,
    /// Equal levels.
    pub equal: EqualSettings,
    /// How many bars a close beyond a pool has to come back to count as a sweep; 0 is the same bar only.
    pub reclaim_bars: u64,
    /// Displacements.
    pub displacement: DisplacementSettings,
    /// Fair value gaps.
    pub gaps: FairValueGapSettings,
    /// What else is asked of a fair value gap.
    pub gap_rules: FairValueGapRules,
    /// How many bars two gaps may be apart to make a balanced price range.
    pub balanced_bars_max: u64,
    /// Volume imbalances and opening gaps between bars.
    pub imbalances: ImbalanceSettings,
    /// How many gaps make a liquidity void.
    pub void_gaps_min: u64,
    /// How order blocks treat wide bars.
    pub wide_bars: WideBars,
    /// What else is asked of an order block.
    pub block_rules: OrderBlockRules,
    /// Smallest wick of a rejection block as a fraction of the bar's range.
    pub rejection_wick_min: f64,
    /// How many bars breaker and gap may be apart to make a unicorn.
    pub unicorn_bars_max: u64,
    /// The dealing range of swing structure.
    pub range: DealingRangeSettings,
    /// Strong and weak levels.
    pub strength: Strength,
    /// Near and far end of the optimal trade entry, as fractions of the leg.
    pub optimal_entry: (f64, f64),
    /// How many zones of each kind, and how many pools, are followed and for how long.
    pub limits: ZoneLimits,
    /// When days, weeks and months begin.
    pub day: TradingDay,
    /// Sessions and kill zones, at most [`CLOCKS_MAX`](super::sources::CLOCKS_MAX). Their levels are pools.
    pub sessions: Vec<NamedSession>,
    /// Which session, by its position, is the range of the power of three; `None` leaves it out.
    pub power_of_three: Option<usize>,
    /// Opening prices, at most [`CLOCKS_MAX`](super::sources::CLOCKS_MAX).
    pub open_prices: Vec<OpenPriceSettings>,
    /// Opening gaps of days; `None` leaves them out.
    pub day_gaps: Option<PeriodGapSettings>,
    /// Opening gaps of weeks; `None` leaves them out.
    pub week_gaps: Option<PeriodGapSettings>,
}

impl Default for ChartSettings {
    /// [`ChartSettings::full`]. The time zone database is compiled in and has New York; without it there
    /// would be no sessions.
    fn default() -> Self {
        ChartSettings::full().unwrap_or_else(|_| ChartSettings::without_sessions())
    }
}

impl ChartSettings {
    /// The structure, liquidity and zones alone, with UTC days and nothing that needs a clock's time of day.
    #[must_use]
    pub fn without_sessions() -> Self {
        ChartSettings {
            internal_leg: 5,
            swing_leg: 50,
            fractal_bars: 5,
            equal_leg: 3,
            // Groups end when they are taken; a pair has no end and would stay for ever.
            equal: EqualSettings { rule: EqualRule::Groups, ..EqualSettings::default() },
            reclaim_bars: 0,
            displacement: DisplacementSettings::default(),
            gaps: FairValueGapSettings::default(),
            gap_rules: FairValueGapRules::default(),
            balanced_bars_max: 20,
            imbalances: ImbalanceSettings::default(),
            void_gaps_min: 2,
            wide_bars: WideBars::ATR_200,
            block_rules: OrderBlockRules::default(),
            rejection_wick_min: 0.5,
            unicorn_bars_max: 20,
            range: DealingRangeSettings::default(),
            strength: Strength::default(),
            optimal_entry: (0.62, 0.79),
            limits: ZoneLimits::default(),
            day: TradingDay::utc(),
            sessions: Vec::new(),
            power_of_three: None,
            open_prices: Vec::new(),
            day_gaps: None,
            week_gaps: None,
        }
    }

    /// The name of a source of a chart with these settings; a session has its own.
    #[must_use]
    pub fn source_name(&self, source: Source) -> &str {
        let mut sessions = self.sessions.iter().enumerate();
        match sessions.find(|(position, _)| sources::session(*position) == source) {
            Some((_, session)) => &session.name,
            None => sources::name(source),
        }
    }

    /// Everything: the kill zones Asia, London, New York morning and afternoon and London close with their
    /// levels, the power of three on Asia, the opening prices of midnight and 08:30 in New York, and the
    /// opening gaps of days and weeks.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if the time zone database lacks New York, which it does not.
    pub fn full() -> Result<Self, SmcError> {
        let zones = [
            ("Asia", KillZone::Asia),
            ("London", KillZone::London),
            ("New York morning", KillZone::NewYorkAm),
            ("London close", KillZone::LondonClose),
            ("New York afternoon", KillZone::NewYorkPm),
        ];
        let session =
            |(name, zone): (&str, KillZone)| Ok(NamedSession { name: name.to_owned(), hours: zone.hours()? });
        let open = |hour, minute| OpenPriceSettings::in_new_york(seawall_model::TimeOfDay::new(hour, minute));
        Ok(ChartSettings {
            sessions: zones.into_iter().map(session).collect::<Result<_, SmcError>>()?,
            power_of_three: Some(0),
            open_prices: vec![open(0, 0)?, open(8, 30)?],
            day_gaps: Some(PeriodGapSettings::cme(GapPeriod::Day)?),
            week_gaps: Some(PeriodGapSettings::cme(GapPeriod::Week)?),
            ..ChartSettings::without_sessions()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_everything() {
        assert_eq!(ChartSettings::default(), ChartSettings::full().unwrap());
        assert_eq!(ChartSettings::default().sessions.len(), 5);
    }

    #[test]
    fn a_session_has_its_own_name() {
        let settings = ChartSettings::default();
        assert_eq!(settings.source_name(sources::session(1)), "London");
        assert_eq!(settings.source_name(sources::POOLS), "pools");
        assert_eq!(settings.source_name(sources::open_price(0)), "opening prices");
    }
}
