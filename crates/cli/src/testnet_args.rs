//! The arguments of `seawall testnet`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::RangedI64ValueParser;
use clap::{Args, ValueEnum, value_parser};

/// Whose protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestnetVenue {
    /// Kraken Futures: REST v3, charts, history, WebSocket v1.
    KrakenFutures,
    /// Kraken spot: REST, WebSocket v2.
    Kraken,
}

/// Ten years of days at most.
fn days() -> RangedI64ValueParser<u32> {
    value_parser!(u32).range(1..=3_650)
}

#[derive(Debug, Args)]
pub(crate) struct TestnetArgs {
    /// Whose protocol is spoken.
    #[arg(long, value_name = "VENUE")]
    pub(crate) venue: TestnetVenue,
    /// Where to listen; port 0 takes a free one and says which.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8790")]
    pub(crate) listen: SocketAddr,
    /// `synthetic`, or a file of one-minute candles (CSV or CSV.gz) that is walked as ticks.
    #[arg(long, value_name = "synthetic|FILE", default_value = "synthetic")]
    pub(crate) market: String,
    /// Everything random follows from it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Instruments of the synthetic market, 1 to 1000.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) instruments: u32,
    /// Seconds of the venue's clock per second.
    #[arg(long, value_name = "X", default_value_t = 1, value_parser = value_parser!(u32).range(1..=100_000))]
    pub(crate) speed: u32,
    /// USD in the account at the start.
    #[arg(long, value_name = "USD", default_value = "10000")]
    pub(crate) balance: String,
    /// What the account holds at the start: positions and open orders (YAML or JSON).
    #[arg(long, value_name = "FILE")]
    pub(crate) positions: Option<PathBuf>,
    /// Faults (YAML or JSON).
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    /// The API key it takes; with --secret. Default: a documented fake one.
    #[arg(long, value_name = "KEY", requires = "secret")]
    pub(crate) key: Option<String>,
    /// The secret of that key, in base64.
    #[arg(long, value_name = "SECRET", requires = "key")]
    pub(crate) secret: Option<String>,
    /// Days of candles before the start.
    #[arg(long, value_name = "DAYS", default_value_t = 60, value_parser = days())]
    pub(crate) history_days: u32,
    /// Seconds of the venue's clock between two ticks; default: 1, with more than 20 instruments 5.
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u32).range(1..=3_600))]
    pub(crate) tick_secs: Option<u32>,
    /// Largest share of a tick's volume that orders fill, in percent; without it everything fills at once.
    #[arg(long, value_name = "PERCENT")]
    pub(crate) volume_limit_pct: Option<String>,
    /// Print the addresses and the key as one line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
