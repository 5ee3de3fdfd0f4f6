//! The typed configuration: every section in one place, each with the defaults of its own crate.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use seawall_engine::{
    AuctionSettings, DataQualitySettings, DecisionSettings, ExecutionSettings, ManagementSettings,
    MarketSettings, MultiTpSettings, ProtectionSettings, QuoteGuardSettings, ReconcileSettings, RiskSettings,
    TradeSettings, UniverseSettings,
};
use seawall_model::{InstrumentSpec, Money, Timeframe};
use seawall_notify::NotifySettings;
use seawall_simulator::SimulatorSettings;
use seawall_strategy::StrategySettings;
use serde::{Deserialize, Serialize};

use crate::api::ApiSettings;
use crate::discovery::DiscoverySettings;
use crate::runtime::{RunSettings, VenueSettings};

/// Seawall's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How this configuration is put together.
    pub config: ConfigSettings,
    /// Which strategy trades, and how it decides.
    pub strategy: StrategySettings,
    /// How much may be at stake.
    pub risk: RiskSettings,
    /// Deadlines of the promise that no position is without a stop.
    pub protection: ProtectionSettings,
    /// What becomes of what the venue has and the books don't.
    pub reconcile: ReconcileSettings,
    /// How entries are made.
    pub execution: ExecutionSettings,
    /// Where profits are taken.
    pub multi_tp: MultiTpSettings,
    /// How stops follow and when a position is given up.
    pub management: ManagementSettings,
    /// Which entries compete.
    pub auction: AuctionSettings,
    /// What becomes of refused plans, and how old decision records may be.
    pub decisions: DecisionSettings,
    /// Which instruments may be entered.
    pub universe: UniverseSettings,
    /// When data are too bad for an entry.
    pub data_quality: DataQualitySettings,
    /// What an entry asks of the quote.
    pub quote_guard: QuoteGuardSettings,
    /// How the simulated exchange behaves and what it costs.
    pub simulator: SimulatorSettings,
    /// What a backtest starts with and records.
    pub backtest: BacktestSettings,
    /// The paper demo on the synthetic market.
    pub demo: DemoSettings,
    /// Which venue a run trades at, and how it is reached.
    pub venue: VenueSettings,
    /// What a run over a venue trades, and its schedules.
    pub run: RunSettings,
    /// Which instruments of a listing a run trades.
    pub discovery: DiscoverySettings,
    /// How a run is looked at and commanded over HTTP.
    pub api: ApiSettings,
    /// Who is told what, over which channel, and when.
    pub notify: NotifySettings,
    /// Where files are kept.
    pub data: DataSettings,
    /// Trading rules of instruments. One that is missing here gets the default rules.
    pub instruments: Vec<InstrumentSpec>,
}

impl Config {
    /// Entries, take-profits and management, as an engine is given them.
    #[must_use]
    pub fn trade(&self) -> TradeSettings {
        TradeSettings {
            execution: self.execution.clone(),
            multi_tp: self.multi_tp.clone(),
            management: self.management.clone(),
            auction: self.auction.clone(),
        }
    }

    /// Universe, data and quotes, as an engine is given them.
    #[must_use]
    pub fn market(&self) -> MarketSettings {
        MarketSettings {
            universe: self.universe.clone(),
            data_quality: self.data_quality,
            quote_guard: self.quote_guard,
        }
    }
}

/// Which of file and environment wins where both set a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// The file.
    #[default]
    FileFirst,
    /// The environment.
    EnvironmentFirst,
}

/// The `config` section.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigSettings {
    /// Which of file and environment wins where both set a key. The command line beats both.
    pub priority: Priority,
}

/// The `backtest` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BacktestSettings {
    /// Money at the start, in the currency that the instruments settle in.
    pub initial_equity: Money,
    /// How often the equity curve is sampled.
    pub equity_interval: Timeframe,
    /// Seed of everything random in a run.
    pub seed: u64,
}

impl Default for BacktestSettings {
    fn default() -> Self {
        BacktestSettings {
            initial_equity: Money::new(Decimal::from(10_000)),
            equity_interval: Timeframe::H1,
            seed: 1,
        }
    }
}

/// The `demo` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DemoSettings {
    /// Seed of the synthetic market: equal seeds give equal markets.
    pub seed: u64,
    /// Simulated seconds per second: over sockets at most 30, in the process up to the bound.
    #[schemars(range(min = 1, max = 100_000))]
    pub speed: u32,
    /// How many instruments the synthetic market has.
    #[schemars(range(min = 1, max = 20))]
    pub instruments: u32,
    /// Money at the start.
    pub initial_equity: Money,
    /// How far each instrument trades above a spot instrument that its strategy reads in its place, in basis
    /// points. `off`: there is no spot, strategies read what they trade.
    #[schemars(range(min = 0, max = 500))]
    pub spot_basis_bps: Option<u32>,
}

impl DemoSettings {
    /// Largest `spot_basis_bps`.
    pub const SPOT_BASIS_BPS_MAX: u32 = 500;
    /// Largest `speed`.
    pub const SPEED_MAX: u32 = 100_000;
    /// Largest `instruments`.
    pub const INSTRUMENTS_MAX: u32 = 20;
}

impl Default for DemoSettings {
    fn default() -> Self {
        DemoSettings {
            seed: 1,
            speed: 10,
            instruments: 5,
            initial_equity: Money::new(Decimal::from(10_000)),
            spot_basis_bps: None,
        }
    }
}

/// The `data` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DataSettings {
    /// Folder of candles, journals and databases; a relative one starts at the working directory.
    pub dir: String,
    /// Size at which the journal begins a new file, in megabytes.
    #[schemars(range(min = 1, max = 1_024))]
    pub journal_segment_mb: u32,
}

impl DataSettings {
    /// Largest `journal_segment_mb`.
    pub const JOURNAL_SEGMENT_MB_MAX: u32 = 1_024;
}

impl Default for DataSettings {
    fn default() -> Self {
        DataSettings { dir: "seawall-data".to_owned(), journal_segment_mb: 64 }
    }
}
