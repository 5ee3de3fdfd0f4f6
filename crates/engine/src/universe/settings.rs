//! The sections `universe`, `data_quality` and `quote_guard`: the only table of their defaults.
//!
//! A key of type `Option` is a limit that can be switched off (`off`, `none` or `null` in a file).

use rust_decimal::Decimal;
use seawall_model::{ContractKind, Currency, GuardMode, InstrumentName, Money, Percent, Ratio, Span};
use serde::{Deserialize, Serialize};

use super::tiers::Tier;

/// All three sections together, as an engine is given them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MarketSettings {
    /// What may be entered.
    pub universe: UniverseSettings,
    /// Whether its data are good enough.
    pub data_quality: DataQualitySettings,
    /// Whether its quotes are.
    pub quote_guard: QuoteGuardSettings,
}

impl MarketSettings {
    /// Everything off that can be: for measuring a strategy, or the engine, alone.
    #[must_use]
    pub fn without_guards() -> Self {
        MarketSettings {
            universe: UniverseSettings { mode: GuardMode::Off, ..UniverseSettings::default() },
            data_quality: DataQualitySettings {
                mode: GuardMode::Off,
                health_mode: GuardMode::Off,
                ..DataQualitySettings::default()
            },
            quote_guard: QuoteGuardSettings { mode: GuardMode::Off, ..QuoteGuardSettings::default() },
        }
    }
}

/// The `universe` section: which instruments may be entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UniverseSettings {
    /// Whether listings decide over entries and tiers cap them. Block lists hold in every mode, and bases
    /// that are money themselves (USD, EUR, USDT, …) are never entered.
    pub mode: GuardMode,
    /// How often today's drivers look at what is listed; a divisor of 24.
    pub refresh_hours: u32,
    /// Least volume of a perpetual within 24 hours, in quote currency. `off`: no limit.
    pub perpetual_volume_24h_min: Option<Money>,
    /// Widest spread of a perpetual in the listing, in percent of the bid. `off`: no limit.
    pub perpetual_spread_max_pct: Option<Percent>,
    /// Least volume of a spot market within 24 hours, in quote currency. `off`: no limit.
    pub spot_volume_24h_min: Option<Money>,
    /// Widest spread of a spot market in the listing, in percent of the bid. `off`: no limit.
    pub spot_spread_max_pct: Option<Percent>,
    /// Whether a perpetual needs a listed spot market of its base.
    pub require_spot: bool,
    /// Bases that pass without a look at volume and spread, in tier A.
    pub pinned_bases: Vec<Currency>,
    /// Instruments that are never entered.
    pub blocked_instruments: Vec<InstrumentName>,
    /// Bases that are never entered.
    pub blocked_bases: Vec<Currency>,
    /// A universe of more instruments than this is not given up for one that has shrunk too much.
    pub shrink_guard_above: u32,
    /// Share of the last universe, in percent, below which a new one has shrunk too much.
    pub shrink_keep_min_pct: Percent,
    /// What is liquid to which degree, and what that caps.
    pub tiers: TiersSettings,
}

/// The `universe.tiers` section: what is liquid to which degree, and what that caps. An unknown volume is not
/// enough for a tier; an unknown spread is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TiersSettings {
    /// Least volume of tier A within 24 hours, in quote currency.
    pub a_volume_24h_min: Money,
    /// Widest spread of tier A, in percent of the bid.
    pub a_spread_max_pct: Percent,
    /// Highest leverage in tier A.
    pub a_leverage_max: Ratio,
    /// Highest worst-case notional of an instrument in tier A, in the settle currency.
    pub a_notional_max: Money,
    /// Farthest that a `limit_ioc` entry may fill from the price of the decision in tier A, in percent.
    pub a_slippage_max_pct: Percent,
    /// Least volume of tier B.
    pub b_volume_24h_min: Money,
    /// Widest spread of tier B.
    pub b_spread_max_pct: Percent,
    /// Highest leverage in tier B.
    pub b_leverage_max: Ratio,
    /// Highest worst-case notional of an instrument in tier B.
    pub b_notional_max: Money,
    /// Farthest that a `limit_ioc` entry may fill from the price of the decision in tier B, in percent.
    pub b_slippage_max_pct: Percent,
    /// Highest leverage of what is in neither.
    pub c_leverage_max: Ratio,
    /// Highest worst-case notional of an instrument that is in neither.
    pub c_notional_max: Money,
    /// Farthest that a `limit_ioc` entry of it may fill from the price of the decision, in percent.
    pub c_slippage_max_pct: Percent,
}

/// What a tier caps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TierCaps {
    pub(crate) leverage_max: Ratio,
    pub(crate) notional_max: Money,
    pub(crate) slippage_max_pct: Percent,
}

impl TiersSettings {
    pub(crate) fn caps(&self, tier: Tier) -> TierCaps {
        let (leverage_max, notional_max, slippage_max_pct) = match tier {
            Tier::A => (self.a_leverage_max, self.a_notional_max, self.a_slippage_max_pct),
            Tier::B => (self.b_leverage_max, self.b_notional_max, self.b_slippage_max_pct),
            Tier::C => (self.c_leverage_max, self.c_notional_max, self.c_slippage_max_pct),
        };
        TierCaps { leverage_max, notional_max, slippage_max_pct }
    }
}

/// The `data_quality` section: when the data of an instrument, or of the account, are too bad for an entry.
/// Positions are protected and managed whatever the data are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DataQualitySettings {
    /// Whether bad data of an instrument keep it from being entered.
    pub mode: GuardMode,
    /// Failures in a row after which an instrument is degraded: of its entries only every
    /// `degraded_judge_every`th evaluation is judged.
    pub degrade_after: u32,
    /// Failures in a row after which it is suspended: nothing is entered, what rests is cancelled.
    pub suspend_after: u32,
    /// Passes in a row that make it healthy again.
    pub release_after: u32,
    /// Of how many evaluations of a degraded instrument one may enter.
    pub degraded_judge_every: u32,
    /// How long a suspension lasts without being released; it is degraded after that.
    pub suspend_hours: u32,
    /// How often a suspended instrument is looked at.
    pub probe_minutes: u32,
    /// When an instrument that was not healthy all the time starts anew.
    pub reset_hours: u32,
    /// How late a candle may come in after its end, in seconds; one that is missing longer is a failure too.
    pub candle_late_max_s: u32,
    /// Spread at which a quote is a failure, in percent of the bid.
    pub spread_max_pct: Percent,
    /// Whether too few instruments with enough fresh candles pause every entry.
    pub health_mode: GuardMode,
    /// Candles that are enough.
    pub healthy_candles_min: u32,
    /// Instruments that must have had enough once before the first entry; all of them where there are fewer.
    pub healthy_instruments_min: u32,
    /// Share of all instruments that must have enough fresh candles at any time, in percent.
    pub healthy_share_min_pct: Percent,
}

/// The `quote_guard` section: an entry needs a fresh quote with a sound spread. Not asked by a driver that
/// has no quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QuoteGuardSettings {
    /// Whether quotes are held against entries.
    pub mode: GuardMode,
    /// Oldest quote that says something, in seconds.
    pub quote_age_max_s: u32,
    /// Widest spread of a perpetual, in percent of the bid.
    pub perpetual_spread_max_pct: Percent,
    /// Widest spread of a spot market, in percent of the bid.
    pub spot_spread_max_pct: Percent,
    /// Quantity at the best price that the entry takes, as a multiple of its own. Not asked where quotes come
    /// without quantities. `off`: no limit.
    pub depth_multiple: Option<Ratio>,
}

fn percent(digits: i64, scale: u32) -> Percent {
    Percent::new(Decimal::new(digits, scale))
}

fn ratio(whole: i64) -> Ratio {
    Ratio::new(Decimal::from(whole))
}

fn money(whole: i64) -> Money {
    Money::new(Decimal::from(whole))
}

impl Default for UniverseSettings {
    fn default() -> Self {
        UniverseSettings {
            mode: GuardMode::Shadow,
            refresh_hours: 4,
            perpetual_volume_24h_min: Some(money(250_000)),
            perpetual_spread_max_pct: Some(percent(5, 1)),
            spot_volume_24h_min: Some(money(1_000_000)),
            spot_spread_max_pct: Some(percent(2, 1)),
            require_spot: false,
            // Codes that can be read; a test holds that none is left out.
            pinned_bases: PINNED.iter().filter_map(|code| code.parse().ok()).collect(),
            blocked_instruments: Vec::new(),
            blocked_bases: Vec::new(),
            shrink_guard_above: 10,
            shrink_keep_min_pct: percent(50, 0),
            tiers: TiersSettings::default(),
        }
    }
}

const PINNED: [&str; 5] = ["BTC", "ETH", "SOL", "DOGE", "BNB"];

impl Default for TiersSettings {
    fn default() -> Self {
        TiersSettings {
            a_volume_24h_min: money(5_000_000),
            a_spread_max_pct: percent(1, 1),
            a_leverage_max: ratio(10),
            a_notional_max: money(100_000),
            a_slippage_max_pct: percent(1, 1),
            b_volume_24h_min: money(500_000),
            b_spread_max_pct: percent(25, 2),
            b_leverage_max: ratio(5),
            b_notional_max: money(50_000),
            b_slippage_max_pct: percent(2, 1),
            c_leverage_max: ratio(3),
            c_notional_max: money(25_000),
            c_slippage_max_pct: percent(3, 1),
        }
    }
}

impl Default for DataQualitySettings {
    fn default() -> Self {
        DataQualitySettings {
            mode: GuardMode::On,
            degrade_after: 3,
            suspend_after: 6,
            release_after: 3,
            degraded_judge_every: 4,
            suspend_hours: 6,
            probe_minutes: 30,
            reset_hours: 72,
            candle_late_max_s: 120,
            spread_max_pct: percent(10, 0),
            health_mode: GuardMode::On,
            healthy_candles_min: 50,
            healthy_instruments_min: 30,
            healthy_share_min_pct: percent(25, 0),
        }
    }
}

impl Default for QuoteGuardSettings {
    fn default() -> Self {
        QuoteGuardSettings {
            mode: GuardMode::On,
            quote_age_max_s: 30,
            perpetual_spread_max_pct: percent(5, 1),
            spot_spread_max_pct: percent(1, 0),
            depth_multiple: Some(ratio(2)),
        }
    }
}

impl UniverseSettings {
    pub(crate) fn volume_24h_min(&self, kind: ContractKind) -> Option<Money> {
        match kind {
            ContractKind::Spot => self.spot_volume_24h_min,
            ContractKind::LinearPerpetual => self.perpetual_volume_24h_min,
        }
    }

    pub(crate) fn spread_max_pct(&self, kind: ContractKind) -> Option<Percent> {
        match kind {
            ContractKind::Spot => self.spot_spread_max_pct,
            ContractKind::LinearPerpetual => self.perpetual_spread_max_pct,
        }
    }
}

impl DataQualitySettings {
    pub(crate) fn late_max(&self) -> Span {
        Span::from_secs(i64::from(self.candle_late_max_s))
    }

    pub(crate) fn suspension(&self) -> Span {
        hours(self.suspend_hours)
    }

    pub(crate) fn reset(&self) -> Span {
        hours(self.reset_hours)
    }

    pub(crate) fn probe(&self) -> Span {
        Span::from_secs(i64::from(self.probe_minutes) * 60)
    }
}

fn hours(count: u32) -> Span {
    Span::from_secs(i64::from(count) * 3_600)
}

impl QuoteGuardSettings {
    pub(crate) fn spread_max_pct(&self, kind: ContractKind) -> Percent {
        match kind {
            ContractKind::Spot => self.spot_spread_max_pct,
            ContractKind::LinearPerpetual => self.perpetual_spread_max_pct,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pinned_base_is_a_base() {
        assert_eq!(UniverseSettings::default().pinned_bases.len(), PINNED.len());
    }
}
