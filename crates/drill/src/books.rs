//! What a run believes, read from its journal: positions, working orders, money, and what it has ever sent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rust_decimal::Decimal;
use seawall_engine::{Account, Engine, Resumed};
use seawall_live::{Manifest, restore};
use seawall_model::{InstrumentName, Span, VenueRequest};
use seawall_store::disk::{Disk, StdDisk};
use seawall_store::journal::{Journal, Record};

/// The books of a run at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Books {
    /// Signed quantity by the venue's symbol.
    pub(crate) positions: BTreeMap<String, Decimal>,
    /// Orders that can act at the venue, by client id.
    pub(crate) live: BTreeSet<String>,
    /// Money at the venue with what open positions cost.
    pub(crate) wallet: Decimal,
    /// Differences to the venue's statement that were accepted.
    pub(crate) adjustments: Decimal,
    /// The time within which a position is covered while the venue answers.
    pub(crate) naked_bound: Span,
}

/// The books as the journal of the start in `folder` has them now; `None` while it has no whole state.
///
/// # Errors
/// The journal is damaged, or the state does not fit its own manifest.
pub(crate) fn read(
    folder: &Path,
    symbols: &BTreeMap<InstrumentName, String>,
) -> anyhow::Result<Option<Books>> {
    resumed(folder)?.map(|engine| books(&engine, symbols)).transpose()
}

/// The engine that a start after the one in `folder` would begin with; `None` while that has no whole state.
///
/// # Errors
/// The journal is damaged, or the state does not fit its own manifest.
pub(crate) fn resumed(folder: &Path) -> anyhow::Result<Option<Engine>> {
    let disk: Arc<dyn Disk> = Arc::new(StdDisk);
    let Some((carry, _)) = restore(&disk, &folder.join("journal"))? else { return Ok(None) };
    let manifest = Manifest::read(folder)?;
    let Resumed { engine, .. } = Engine::resume(manifest.setup()?, &carry)?;
    Ok(Some(engine))
}

fn books(engine: &Engine, symbols: &BTreeMap<InstrumentName, String>) -> anyhow::Result<Books> {
    let ledger = engine.ledger();
    let mut books = Books {
        wallet: ledger.cash().get(),
        adjustments: ledger.balance(Account::Adjustments).get(),
        naked_bound: engine.naked_bound(),
        ..Books::default()
    };
    for instrument in engine.instruments() {
        let id = instrument.id();
        let symbol = symbols.get(instrument.name());
        let symbol = symbol.with_context(|| format!("{} is not listed", instrument.name()))?;
        books.wallet += ledger.balance(Account::Position(id)).get();
        let qty = engine.position(id).map(|position| instrument.qty(position.qty).get()).unwrap_or_default();
        if !qty.is_zero() {
            books.positions.insert(symbol.clone(), qty);
        }
        for order in engine.live_orders(id) {
            books.live.insert(order.order.id.to_string());
        }
    }
    Ok(books)
}

/// The client ids of all placements that the journal of the start in `folder` has let go, in order.
///
/// # Errors
/// The journal is damaged.
pub(crate) fn placed(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut placed = Vec::new();
    if !folder.join("journal").join("00000001.swj").is_file() {
        // Killed before it had a journal: nothing has left.
        return Ok(placed);
    }
    for entry in Journal::read(&folder.join("journal"))? {
        if let Record::Dispatch(requests) = entry?.record {
            placed.extend(requests.iter().filter_map(|request| match request {
                VenueRequest::Place(order) => Some(order.order.id.to_string()),
                VenueRequest::Amend { .. }
                | VenueRequest::Cancel { .. }
                | VenueRequest::QueryOrder { .. }
                | VenueRequest::QueryOpenOrders
                | VenueRequest::QueryPositions
                | VenueRequest::QueryBalance => None,
            }));
        }
    }
    Ok(placed)
}
