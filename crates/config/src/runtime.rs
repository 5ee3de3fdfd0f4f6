//! The sections of a run over a venue: where the venue is, and how the run works.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use seawall_model::{InstrumentName, Money, Timeframe};
use seawall_strategy::StrategyKind;
use serde::{Deserialize, Serialize};

use crate::settings::Config;

/// A venue by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VenueName {
    /// Kraken Futures.
    #[default]
    KrakenFutures,
    /// Kraken spot.
    Kraken,
}

/// The `venue` section: which venue a run trades at, and how it is reached. No address has a default, so that
/// nothing is ever spoken to that is not written down; `ws://` and `http://` are for this machine alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VenueSettings {
    /// Which venue.
    pub name: VenueName,
    /// Address of requests: `https://futures.kraken.com` for Kraken Futures, `https://api.kraken.com` for
    /// Kraken.
    pub rest: Option<String>,
    /// Address of the stream of market data: `wss://futures.kraken.com/ws/v1`, or `wss://ws.kraken.com/v2`.
    pub public_stream: Option<String>,
    /// Address of the stream of the account: `wss://futures.kraken.com/ws/v1`, or
    /// `wss://ws-auth.kraken.com/v2`.
    pub private_stream: Option<String>,
    /// What the variables begin with that hold the key: `KRAKEN` stands for `KRAKEN_API_KEY` and
    /// `KRAKEN_API_SECRET`, their `_FILE` forms, and systemd credentials of these names in small letters.
    pub variables: String,
    /// HTTP proxy that all connections go through, like `http://127.0.0.1:3128`.
    pub proxy: Option<String>,
    /// A connection must stand after this, in milliseconds; nothing of a request has left before.
    #[schemars(range(min = 100, max = 60_000))]
    pub connect_timeout_ms: u32,
    /// An answer must be there after this, in milliseconds; later ones count as unknown outcomes.
    #[schemars(range(min = 500, max = 60_000))]
    pub request_timeout_ms: u32,
    /// A run does not start while its clock and the venue's differ by more than this, in milliseconds.
    #[schemars(range(min = 100, max = 30_000))]
    pub clock_skew_max_ms: u32,
}

impl Default for VenueSettings {
    fn default() -> Self {
        VenueSettings {
            name: VenueName::KrakenFutures,
            rest: None,
            public_stream: None,
            private_stream: None,
            variables: "KRAKEN".to_owned(),
            proxy: None,
            connect_timeout_ms: 5_000,
            request_timeout_ms: 10_000,
            clock_skew_max_ms: 2_000,
        }
    }
}

/// The `run` section: what a run over a venue trades, and its schedules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunSettings {
    /// The instruments that are traded, like `kraken-futures:BTC/USD:USD`; empty where `discovery` finds
    /// them.
    pub instruments: Vec<InstrumentName>,
    /// Length of the candles that are asked for; longer ones are built from them.
    pub timeframe: Timeframe,
    /// Closed candles of each instrument that the strategy sees before the start.
    #[schemars(range(min = 0, max = 20_000))]
    pub warm_up_candles: u32,
    /// After this a start says which feeds are missing, and a single pass ends, in seconds.
    #[schemars(range(min = 1, max = 600))]
    pub feeds_timeout_s: u32,
    /// How often the heartbeat file is written, in seconds.
    #[schemars(range(min = 1, max = 60))]
    pub heartbeat_s: u32,
    /// Money at the start of a run on paper.
    pub paper_equity: Money,
}

impl Default for RunSettings {
    fn default() -> Self {
        RunSettings {
            instruments: Vec::new(),
            timeframe: Timeframe::M1,
            warm_up_candles: 500,
            feeds_timeout_s: 60,
            heartbeat_s: 5,
            paper_equity: Money::new(Decimal::from(10_000)),
        }
    }
}

impl Config {
    /// Whether the strategy can open short positions, which not every venue has.
    #[must_use]
    pub fn trades_both_sides(&self) -> bool {
        match self.strategy.name {
            StrategyKind::EmaCross => !self.strategy.ema_cross.long_only,
            StrategyKind::Smc | StrategyKind::Signals => true,
        }
    }

    /// Numbers of both sections that are out of their range: the key, the value, the range.
    pub(crate) fn out_of_range(&self) -> Vec<(&'static str, u32, (u32, u32))> {
        let (venue, run) = (&self.venue, &self.run);
        let all = [
            ("venue.connect_timeout_ms", venue.connect_timeout_ms, (100, 60_000)),
            ("venue.request_timeout_ms", venue.request_timeout_ms, (500, 60_000)),
            ("venue.clock_skew_max_ms", venue.clock_skew_max_ms, (100, 30_000)),
            ("run.warm_up_candles", run.warm_up_candles, (0, 20_000)),
            ("run.feeds_timeout_s", run.feeds_timeout_s, (1, 600)),
            ("run.heartbeat_s", run.heartbeat_s, (1, 60)),
            ("discovery.instruments_max", self.discovery.instruments_max, (1, 1_000)),
            ("discovery.cache_hours_max", self.discovery.cache_hours_max, (1, 168)),
        ];
        all.into_iter().filter(|(_, value, (least, most))| value < least || value > most).collect()
    }
}
