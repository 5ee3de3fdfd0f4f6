//! The one that writes. Slow beside the engine, so it belongs on a thread of its own.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior, params};
use seawall_model::{Instrument, Ts};

use crate::error::StoreError;
use crate::journal::{End, Header};

use super::batch::Batch;
use super::connect::{self, failed};
use super::tables::Tables;

/// Writes what happens in one run.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
    path: PathBuf,
    run: u32,
    instruments: Vec<Instrument>,
}

impl Writer {
    pub(crate) fn begin(
        path: &Path,
        run: u32,
        header: &Header,
        instruments: &[Instrument],
    ) -> Result<Self, StoreError> {
        let connection = connect::writable(path)?;
        let mut writer = Writer { connection, path: path.to_owned(), run, instruments: instruments.to_vec() };
        writer.transaction(|tables| {
            record_run(tables, header)?;
            tables.instruments.iter().try_for_each(|instrument| record_instrument(tables, instrument))
        })?;
        Ok(writer)
    }

    fn transaction(
        &mut self,
        write: impl FnOnce(&Tables<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Writer { connection, path, run, instruments } = self;
        let failed = failed("write", path);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        write(&Tables { connection: &transaction, path, run: *run, instruments })?;
        transaction.commit().map_err(failed)
    }

    /// Records everything in `batch`, or nothing of it. What is there already stays there once.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for a fill id with another content, [`StoreError::UnknownInstrument`],
    /// [`StoreError::Database`].
    pub fn record_batch(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.transaction(|tables| {
            batch.orders.iter().try_for_each(|update| tables.order(update))?;
            batch.fills.iter().try_for_each(|fill| tables.fill(fill))?;
            batch.trades.iter().try_for_each(|trade| tables.trade(trade))?;
            batch.decisions.iter().try_for_each(|decision| tables.decision(decision))?;
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
            let values = params![at.nanos(), end.reason.name(), end.fingerprint.to_string(), tables.run];
            tables.execute("record the end of the run", END, values).map(drop)
        })
    }
}

/// A run that goes on after a restart keeps its start and forgets its end.
fn record_run(tables: &Tables<'_>, header: &Header) -> Result<(), StoreError> {
    const RUN: &str = "INSERT INTO runs (run, mode, seed, config_hash, engine_version, started_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT DO UPDATE SET mode = excluded.mode, seed = excluded.seed, config_hash = excluded.config_hash,
            engine_version = excluded.engine_version, ended_at = NULL, end_reason = NULL, fingerprint = NULL";
    let values = params![
        tables.run,
        header.mode.name(),
        header.seed.to_string(),
        header.config_hash.to_string(),
        header.engine_version,
        header.started_at.nanos(),
    ];
    tables.execute("record the run", RUN, values).map(drop)
}

fn record_instrument(tables: &Tables<'_>, instrument: &Instrument) -> Result<(), StoreError> {
    const INSTRUMENT: &str = "INSERT INTO instruments (run, id, name, settle, price_scale, qty_scale)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    const STORED: &str = "SELECT name, cast(price_scale AS TEXT), cast(qty_scale AS TEXT)
        FROM instruments WHERE run = $1 AND id = $2";
    let id = instrument.id().0;
    let (name, settle) = (instrument.name().as_str(), instrument.settle());
    let (price_scale, qty_scale) = (instrument.price_scale(), instrument.qty_scale());
    let values = params![tables.run, id, name, settle.code(), price_scale, qty_scale];
    if tables.execute("record an instrument", INSTRUMENT, values)? > 0 {
        return Ok(());
    }
    let columns = [
        ("name", name.to_owned()),
        ("price_scale", price_scale.to_string()),
        ("qty_scale", qty_scale.to_string()),
    ];
    let key = format!("{id} of run {}", tables.run);
    tables.require_same("instruments", &key, STORED, params![tables.run, id], &columns)
}
