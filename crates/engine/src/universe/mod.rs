//! Which instruments may be entered, and whether their data are good enough for it. Pure: listings, quotes
//! and candles come in as inputs; what is remembered is part of the engine's digest.
//!
//! One file a question: `discovery` makes a universe of a listing, `bases` are never entered, `tiers` cap
//! what is liquid to a degree, `quality` follows the data of one instrument, `health` that of all, `quotes`
//! holds the last bid and ask against the entry, `market` is what a desk knows of all this, `gate` asks,
//! `hooks` is where inputs come in, [`settings`] and `check` say what is allowed.
//!
//! Invariant: everything in here stands in the way of new risk alone. A position whose instrument has left
//! the universe, or whose data are suspended, is protected, managed and closed as ever.

pub mod discovery;
pub mod quality;
pub mod settings;

mod bases;
mod check;
pub(crate) mod gate;
pub(crate) mod health;
pub(crate) mod hooks;
pub(crate) mod market;
mod quotes;
pub(crate) mod rules;
mod tiers;

pub use discovery::{Discovery, Member, Standing, Universe, discover};
pub use quality::DataState;
pub use settings::{
    DataQualitySettings, MarketSettings, QuoteGuardSettings, TiersSettings, UniverseSettings,
};
pub use tiers::Tier;

use seawall_model::{StateSink, Ts};

/// What the engine remembers of listings and of the data of all instruments.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listings {
    /// The universe that was last taken over.
    pub(crate) universe: Option<Universe>,
    /// When a missing listing was last told of.
    pub(crate) told_at: Option<Ts>,
    /// Enough instruments have had enough candles once.
    pub(crate) was_healthy: bool,
}

impl Listings {
    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        if let Some(universe) = &self.universe {
            universe.digest(sink);
        }
        sink.signed(self.told_at.map_or(i64::MIN, Ts::nanos));
        sink.number(u64::from(self.was_healthy));
    }
}
