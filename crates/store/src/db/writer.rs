//! The one that writes. Slow beside the engine, so it belongs on a thread of its own.

use seawall_model::{Instrument, Timeframe, Ts};

use crate::error::StoreError;
use crate::journal::{End, Header};

use super::batch::Batch;
use super::link::{Link, Purpose};
use super::migrate;
use super::place::Place;
use super::sql::values;
use super::tables::Tables;

/// Writes what happens in one run.
///
/// On a server it connects again by itself: an error that [`StoreError::is_outage`] leaves it without a
/// connection, and the next call makes one, takes the right to write again, and records the run again. What
/// was not recorded is told again by the caller, who also decides how long to pause before.
#[derive(Debug)]
pub struct Writer {
    place: Place,
    link: Option<Link>,
    /// What the server knows this writer by, over all its connections.
    label: String,
    run: u32,
    header: Header,
    instruments: Vec<Instrument>,
}

impl Writer {
    /// A writer that connects when it has something to write.
    pub(crate) fn later(place: &Place, run: u32, header: &Header, instruments: &[Instrument]) -> Self {
        let mut word = [0_u8; 4];
        // Without it the writer still has the number of its process.
        let _ = aws_lc_rs::rand::fill(&mut word);
        let word = data_encoding::HEXLOWER.encode(&word);
        Writer {
            place: place.clone(),
            link: None,
            label: format!("seawall pid {} {word}", std::process::id()),
            run,
            header: header.clone(),
            instruments: instruments.to_vec(),
        }
    }

    /// Connects if need be: brings the schema up to date, takes the right to write, records the run.
    ///
    /// # Errors
    /// [`StoreError::DatabaseLocked`] where somebody else writes, [`StoreError::RunTaken`],
    /// [`StoreError::DatabaseAway`]; as for [`super::Database::open`].
    pub fn connect(&mut self) -> Result<(), StoreError> {
        if self.link.is_some() {
            return Ok(());
        }
        let mut link = Link::open(&self.place, Purpose::Write(&self.label))?;
        migrate::run(&mut link, self.place.schema(), migrate::MIGRATIONS)?;
        self.link = Some(link);
        let header = self.header.clone();
        let identity = self.place.identity().to_owned();
        let begun = self.transaction(|tables| {
            record_run(tables, &header, &identity)?;
            let instruments = tables.instruments;
            instruments.iter().try_for_each(|instrument| record_instrument(tables, instrument))
        });
        if begun.is_err() {
            self.link = None;
        }
        begun
    }

    fn transaction(
        &mut self,
        write: impl FnOnce(&mut Tables<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.connect()?;
        let Writer { link: Some(link), run, instruments, .. } = self else { return Ok(()) };
        let done = link.transaction(|link| write(&mut Tables { link, run: *run, instruments }));
        if done.as_ref().is_err_and(StoreError::is_outage) {
            self.link = None;
        }
        done
    }

    /// Records everything in `batch`, or nothing of it. What is there already stays there once.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for a fill id with another content, [`StoreError::UnknownInstrument`],
    /// [`StoreError::Database`]; [`StoreError::DatabaseAway`] where the same batch is to be told again later.
    pub fn record_batch(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.transaction(|tables| {
            batch.orders.iter().try_for_each(|update| tables.order(update))?;
            batch.fills.iter().try_for_each(|fill| tables.fill(fill))?;
            batch.trades.iter().try_for_each(|trade| tables.trade(trade))?;
            batch.decisions.iter().try_for_each(|decision| tables.decision(decision))?;
            let hours = batch.decisions.iter().map(|decision| Timeframe::H1.floor(decision.at));
            tables.decided_in(&hours.collect())?;
            batch.shadows.iter().try_for_each(|shadow| tables.shadow(shadow))?;
            batch.equity.iter().try_for_each(|point| tables.equity(point))?;
            batch.alerts.iter().try_for_each(|alert| tables.alert(alert))?;
            batch.positions.iter().try_for_each(|position| tables.position(position))
        })
    }

    /// Records how the run ended.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn end(&mut self, at: Ts, end: &End) -> Result<(), StoreError> {
        const END: &str = "UPDATE runs SET ended_at = $1, end_reason = $2, fingerprint = $3 WHERE run = $4";
        self.transaction(|tables| {
            let values = values![at.nanos(), end.reason.name(), end.fingerprint.to_string(), tables.run];
            tables.link.enqueue("record the end of the run", END, &values)
        })
    }
}

/// A run that goes on after a restart keeps its start and forgets its end.
fn record_run(tables: &mut Tables<'_>, header: &Header, identity: &str) -> Result<(), StoreError> {
    const RUN: &str = "INSERT INTO runs (run, mode, seed, config_hash, engine_version, started_at, identity)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (run) DO UPDATE SET mode = excluded.mode, seed = excluded.seed,
            config_hash = excluded.config_hash, engine_version = excluded.engine_version, ended_at = NULL,
            end_reason = NULL, fingerprint = NULL
        WHERE runs.identity = excluded.identity";
    let values = values![
        tables.run,
        header.mode.name(),
        header.seed.to_string(),
        header.config_hash.to_string(),
        &header.engine_version,
        header.started_at.nanos(),
        identity,
    ];
    if tables.link.execute("record the run", RUN, &values)? > 0 {
        return Ok(());
    }
    Err(StoreError::RunTaken { place: tables.link.place.clone(), run: tables.run })
}

fn record_instrument(tables: &mut Tables<'_>, instrument: &Instrument) -> Result<(), StoreError> {
    const INSTRUMENT: &str = "INSERT INTO instruments (run, id, name, settle, price_scale, qty_scale)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    const STORED: &str = "SELECT name, price_scale, qty_scale FROM instruments WHERE run = $1 AND id = $2";
    let id = instrument.id().0;
    let (name, settle) = (instrument.name().as_str(), instrument.settle());
    let (price_scale, qty_scale) = (instrument.price_scale(), instrument.qty_scale());
    let values = values![tables.run, id, name, settle.code(), price_scale, qty_scale];
    if tables.link.execute("record an instrument", INSTRUMENT, &values)? > 0 {
        return Ok(());
    }
    let columns = [
        ("name", name.to_owned()),
        ("price_scale", price_scale.to_string()),
        ("qty_scale", qty_scale.to_string()),
    ];
    let key = format!("{id} of run {}", tables.run);
    tables.require_same("instruments", &key, STORED, &values![tables.run, id], &columns)
}
