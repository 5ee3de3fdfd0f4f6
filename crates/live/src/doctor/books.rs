//! What the last start has left: the engine's books in its journal, and the rows of its database.

use std::path::Path;

use seawall_engine::{Carry, Engine, Resumed};
use seawall_model::{Instrument, Ts};
use seawall_store::db::{DatabaseUrl, Filter, Place, Reader};

use super::Check;
use super::judge::Held;
use crate::account_folder::AccountFolder;
use crate::error::LiveError;
use crate::manifest::Manifest;

/// Positions as the last start knew them.
pub(super) struct Books {
    /// By the engine's books.
    pub(super) engine: Held,
    /// By the database, or why that is not known.
    pub(super) database: Result<Held, String>,
    /// Everything that the next start takes over.
    pub(super) carry: Carry,
}

/// The books in the account's folder, and whether the next start could read them.
pub(super) fn last(root: &Path, now: Ts, url: Option<&DatabaseUrl>) -> (Check, Option<Books>) {
    // Opening would make the folder.
    if !root.is_dir() {
        return (Check::ok("state", "there was no start yet: the next one begins anew"), None);
    }
    match read(root, now, url) {
        Ok(Some((books, folder))) => {
            (Check::ok("state", format!("the next start goes on from {folder}")), Some(books))
        }
        Ok(None) => (Check::ok("state", "no start has left anything: the next one begins anew"), None),
        Err(error) => (Check::of_error("state", &error, "see docs/restarts.md"), None),
    }
}

fn read(root: &Path, now: Ts, url: Option<&DatabaseUrl>) -> Result<Option<(Books, String)>, LiveError> {
    let account = AccountFolder::open(root, now)?;
    let (Some(carry), Some(folder)) = (account.carry, account.earlier) else { return Ok(None) };
    let manifest = Manifest::read(&folder)?;
    let Resumed { engine, .. } = Engine::resume(manifest.setup()?, &carry)?;
    let held = |instrument: &Instrument| {
        let qty = engine.position(instrument.id())?.qty;
        (!qty.is_zero()).then(|| (instrument.name().to_string(), instrument.qty(qty)))
    };
    let books = Books {
        engine: engine.instruments().filter_map(held).collect(),
        database: rows(&folder, manifest.run, url).map_err(|error| error.to_string()),
        carry,
    };
    Ok(Some((books, folder.display().to_string())))
}

fn rows(folder: &Path, run: u32, url: Option<&DatabaseUrl>) -> Result<Held, LiveError> {
    let place = Place::of_run(folder, url)?;
    if let Place::Sqlite(file) = &place {
        // SQLite would leave files beside one that is not there.
        std::fs::metadata(file).map_err(LiveError::file(file, "reading"))?;
    }
    let filter = Filter { limit: u32::from(u16::MAX), ..Filter::default() };
    let rows = Reader::of_run(place, run)?.positions(&filter)?;
    Ok(rows.into_iter().filter(|row| !row.qty.get().is_zero()).map(|row| (row.instrument, row.qty)).collect())
}
