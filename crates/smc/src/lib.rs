//! Smart Money Concepts and classic indicators, streaming and causal.
//!
//! Everything here works on closed bars, one at a time. A result carries the bar at whose close it became
//! known, and a run over a prefix of the data gives exactly the results of the full run that were known by
//! then. Nothing allocates after construction, reads a clock or draws a random number.
//!
//! * [`aggregate`], [`ladder`]: coarser candles from finer ones.
//! * [`indicators`]: averages, ATR, ADX, RSI.
//! * [`series`]: bars in order, checked once; [`event`]: what is reported about them.
//! * [`pivot`], [`structure`], [`order_block`], [`fvg`]: streaming detectors.
//! * [`labels`], [`equal`], [`pool`], [`inducement`]: liquidity; [`range`], [`strength`], [`ote`]: ranges.
//! * [`chart`]: all of them on one series; [`views`]: on several timeframes.
//! * [`parity`]: the Python package `smartmoneyconcepts` cell by cell, in hindsight: never to be traded on.
//! * [`clock`], [`previous`], [`session`], [`open_price`], [`period_gap`], [`power_of_three`], [`smt`]: time.
//! * [`export`]: indicators over whole series as tables, the text of CSV files.
//! * [`setup`], [`fibonacci`]: scans over the last bars in a [`window`], as the `smc` strategy defines them.

pub mod aggregate;
pub mod balanced;
pub mod bar;
mod by_direction;
pub mod chart;
pub mod clock;
pub mod confluence;
pub mod displacement;
pub mod equal;
pub mod error;
pub mod event;
pub mod export;
mod extreme;
pub mod failed_block;
pub mod fibonacci;
pub mod fvg;
pub mod imbalance;
mod impulse;
pub mod indicators;
pub mod inducement;
pub mod inverse;
pub mod labels;
pub mod ladder;
mod leg;
pub mod living;
pub mod open_price;
pub mod order_block;
pub mod ote;
pub mod parity;
pub mod period_gap;
pub mod pivot;
pub mod pool;
pub mod power_of_three;
pub mod previous;
pub mod propulsion;
pub mod range;
pub mod recent;
pub mod rejection;
pub mod series;
pub mod session;
pub mod setup;
pub mod shift;
pub mod smt;
pub mod sources;
pub mod strength;
pub mod structure;
mod trailing;
pub mod unicorn;
pub mod views;
pub mod void;
pub mod window;
pub mod zones;

pub use aggregate::{Aggregator, Closed};
pub use balanced::{BalancedRangeSettings, BalancedRanges};
pub use bar::{Bar, Direction, PivotKind};
pub use chart::{Chart, ChartSettings};
pub use clock::{Period, PeriodClock, TradingDay};
pub use confluence::{Confluence, ConfluenceSettings};
pub use displacement::{DisplacementBody, DisplacementProof, DisplacementSettings, Displacements, MeanSize};
pub use equal::{EqualLevels, EqualRule, EqualSettings, Tolerance};
pub use error::SmcError;
pub use event::{Change, Event, Events, Id, Kind, Source};
pub use failed_block::{FailedBlockSettings, FailedBlocks};
pub use fibonacci::{FibLeg, FibLevel, Measure};
pub use fvg::{
    AtrSize, BodyThreshold, FairValueGapDefinition, FairValueGapRules, FairValueGapSettings, FairValueGaps,
};
pub use imbalance::{ImbalanceSettings, Imbalances};
pub use indicators::{Adx, AdxValue, Atr, Ema, EwmAdx, EwmAtr, Rsi, Sma, Wilder};
pub use inducement::{InducementSettings, Inducements, TakenBy, ZONE_SOURCES_MAX};
pub use inverse::InverseGaps;
pub use labels::Labels;
pub use ladder::Ladder;
pub use open_price::{OpenPrice, OpenPriceSettings};
pub use order_block::{
    BlockCandle, BlockPrices, LegNeeds, OrderBlockRules, OrderBlockSettings, OrderBlocks, WideBars,
};
pub use ote::{OptimalEntries, OptimalEntrySettings};
pub use period_gap::{GAPS_KEPT, GapPeriod, PeriodGapSettings, PeriodGaps};
pub use pivot::{Fractal, LegPivots};
pub use pool::{POOL_INPUTS_MAX, PoolInput, PoolSettings, Pools};
pub use power_of_three::{PowerOfThree, PowerOfThreeSettings, Shift};
pub use previous::{Levels, PreviousLevels};
pub use propulsion::{PropulsionBlocks, PropulsionSettings, PropulsionSources};
pub use range::{DealingRangeSettings, DealingRanges, RangeEnds, RangeParts};
pub use rejection::{RejectionBlocks, RejectionSettings};
pub use series::{BarSeries, ClosedBar, Detector};
pub use session::{KillZone, MarketSession, Session, SessionClock, SessionHours, SessionRange, Weekdays};
pub use setup::{GapRule, OrderBlockRule, Search, SetupZone, SwingPoint};
pub use shift::{ShiftSettings, ShiftSources, StructureShifts, SweepBefore};
pub use smt::{Correlation, SmtDivergences, SmtSettings};
pub use sources::Sources;
pub use strength::{StrengthRule, Strengths};
pub use structure::Structure;
pub use unicorn::{UnicornSettings, UnicornSources, Unicorns};
pub use views::Views;
pub use void::{VoidSettings, VoidSources, Voids};
pub use window::{BarWindow, WINDOW_BARS};
pub use zones::{MitigationDepth, ZoneLimits};

/// The programs in the book and in the crate's README.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/smart-money-concepts.md")]
    struct Chapter;
    #[doc = include_str!("../../../docs/smc/liquidity.md")]
    struct Liquidity;
}
