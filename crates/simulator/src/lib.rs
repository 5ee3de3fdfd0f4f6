//! A simulated exchange: one matching core for backtest and paper trading, and a synthetic market for it.
//!
//! Pure: time is an argument, nothing here reads a clock, a file or a random source, and equal inputs give
//! equal outputs on every machine. One [`Exchange`] holds one account with one settlement currency and one
//! net position per instrument.
//!
//! # Cash
//!
//! Spot and perpetual alike: a fill takes its signed value and its fee from the cash, so equity is cash plus
//! quantity times last price, exactly and without any division. The balance that the venue reports is this
//! cash. It changes by exactly the emitted fills, fees and funding; amounts are exact decimals, and only what
//! has more than 16 decimals is rounded, up, against the trader.
//!
//! # Assumptions where a candle does not tell
//!
//! * A market order fills at the open of the bar in which it arrives; from the bar's middle on at the next
//!   open. The price is worsened by half the spread and the slippage, onto the tick away from the trader.
//! * The extreme against the position comes first: a bar that touches stop and target hits the stop, and is
//!   counted as ambiguous.
//! * A stop that the open has jumped over fills at the open; a resting limit fills at its own price.
//! * After a limit entry inside a bar the worse extreme was still to come: the stop that then arrives fills,
//!   and the bar is counted; a target waits for the next bar.
//! * A stop-limit that wakes inside a bar fills at its limit if the close is within it, else it rests.
//! * An unknown funding rate is a cost for both sides.
//!
//! # Honest limits
//!
//! * No order book: no queue (but [`LimitFill::Through`]), no depth, no market impact of our own beyond
//!   slippage; volume is shared out by [`SimulatorSettings::volume_limit_pct`] only, and liquidations ignore
//!   it.
//! * Mark and last price are one; index triggers are refused. Prices are the trades of the data, the spread
//!   is a constant fraction (live ticks bring their own).
//! * While a bar is open its known price is its open: in long bars a request that arrives minutes later still
//!   trades there. Feed short bars.
//! * Funds are checked when an order arrives, not again when it fills; a gap can take spot cash below zero.
//! * A margin tier applies to the whole position; where tiers make the surplus rise and fall along the way,
//!   the first liquidation price found is taken. One account, one currency, no deleveraging, no insurance
//!   fund: a gap can leave less than nothing.
//! * Latency is constant; nothing is lost, doubled or throttled here: those faults are other crates' work.
//! * The venue remembers a bounded number of ended orders (1024 client ids of a run); older ids are taken
//!   again, and questions about them are answered as failed.

mod core;
pub mod error;
pub mod exchange;
mod port;
pub mod settings;
pub mod stats;
pub mod synthetic;

pub use crate::core::{AccountView, Books, BooksOrder, BooksPosition, Tick};
pub use error::SimulatorError;
pub use exchange::Exchange;
pub use settings::{LimitFill, MarginMode, SimulatorSettings, Toggle};
pub use stats::Stats;
pub use synthetic::{MarketEvent, MarketEventKind, SyntheticMarket, SyntheticSettings};
