//! What the exchange in a box is made of: venue, market, account.

#[cfg(feature = "files")]
use std::path::PathBuf;

use rust_decimal::Decimal;
use seawall_model::{InstrumentSpec, Money, Percent, Side};
use serde::Deserialize;

/// Whose protocol is spoken, and with it what kind of instruments there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VenueKind {
    /// Linear perpetuals on a multi-collateral account in USD.
    KrakenFutures,
    /// Spot pairs against USD.
    Kraken,
}

impl VenueKind {
    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            VenueKind::KrakenFutures => "kraken-futures",
            VenueKind::Kraken => "kraken",
        }
    }
}

/// Where prices come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketSource {
    /// The simulator's synthetic market.
    Synthetic,
    /// One-minute candles of one instrument, as the archive reads them.
    #[cfg(feature = "files")]
    File(PathBuf),
    /// Whoever carries the exchange in a box: these instruments, without a past. [`super::World::tick`] moves
    /// them.
    Given(Vec<InstrumentSpec>),
}

/// A position that is there from the start.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedPosition {
    /// The venue's symbol, or the code of the base currency.
    pub symbol: String,
    /// Signed quantity in base currency.
    pub qty: Decimal,
    /// Entry price; absent: the market's at the start.
    #[serde(default)]
    pub entry_price: Option<Decimal>,
    /// The instrument is no longer listed: only reductions are taken on it.
    #[serde(default)]
    pub delisted: bool,
}

/// An order that is there from the start and that no client of this process placed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedOrder {
    /// The venue's symbol, or the code of the base currency.
    pub symbol: String,
    /// `buy` or `sell`.
    pub side: Side,
    /// Quantity in base currency.
    pub qty: Decimal,
    /// A limit price: without a trigger a resting limit order.
    #[serde(default)]
    pub limit_price: Option<Decimal>,
    /// A trigger price on the mark: a stop.
    #[serde(default)]
    pub stop_price: Option<Decimal>,
    /// Whether it may only reduce.
    #[serde(default)]
    pub reduce_only: bool,
    /// The client's id, if it has one.
    #[serde(default)]
    pub client_id: Option<String>,
}

/// The file of `--positions`: what the account holds before anybody connects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSeed {
    /// Positions.
    #[serde(default)]
    pub positions: Vec<SeedPosition>,
    /// Open orders.
    #[serde(default)]
    pub orders: Vec<SeedOrder>,
}

/// Everything that the world is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldSettings {
    /// Whose protocol.
    pub venue: VenueKind,
    /// Where prices come from.
    pub market: MarketSource,
    /// Everything random follows from it.
    pub seed: u64,
    /// How many instruments the synthetic market has.
    pub instruments: u32,
    /// The account's money at the start, in USD.
    pub balance: Money,
    /// Days of candles before the start.
    pub history_days: u32,
    /// Seconds of the venue's time between two ticks of an instrument.
    pub tick_secs: u32,
    /// Largest share of a tick's volume that our orders fill; absent: everything fills at once.
    pub volume_limit_pct: Option<Percent>,
    /// What the account holds at the start.
    pub account: AccountSeed,
}

impl WorldSettings {
    /// A synthetic market of five instruments and 10 000 USD.
    #[must_use]
    pub fn new(venue: VenueKind) -> Self {
        WorldSettings {
            venue,
            market: MarketSource::Synthetic,
            seed: 1,
            instruments: 5,
            balance: Money::new(Decimal::from(10_000)),
            history_days: 60,
            tick_secs: 1,
            volume_limit_pct: None,
            account: AccountSeed::default(),
        }
    }
}
