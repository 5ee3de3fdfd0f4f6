//! How decisions ended, counted hour by hour.
//!
//! A day of 300 instruments on one-minute candles is 432,000 decisions, so an hour is counted once and kept
//! until something of it is written again: the database says how often its decisions were. Decisions about
//! candles of before the start, or of a hole that was closed late, are written after those of later hours.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use seawall_model::{Outcome, Span, Timeframe, Ts};
use seawall_store::StoreError;
use seawall_store::db::{DecisionCount, Filter, Reader};

/// How often decisions on an instrument ended in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) outcome: Outcome,
    pub(crate) count: u64,
    /// How many of them had a plan.
    pub(crate) planned: u64,
    /// The last of them.
    pub(crate) last: Ts,
}

/// By instrument, each way in which decisions ended.
pub(crate) type Cells = BTreeMap<String, Vec<Cell>>;

/// Counts by hour, of one run.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// By the beginning of the hour: how often it had been written, and its counts.
    hours: BTreeMap<Ts, (i64, Vec<DecisionCount>)>,
    /// The sum of some hours, each with how often it had been written: that of all but the newest.
    sum: (Vec<(Ts, i64)>, Arc<Cells>),
}

impl Tallies {
    /// Counts from `since` on, the beginning of an hour.
    ///
    /// # Errors
    /// Those of the reader.
    pub(crate) fn since(&self, reader: &Reader, since: Ts) -> Result<Cells, StoreError> {
        // Before the counts: what is written in between makes them newer than they are said to be.
        let hours = reader.decision_hours(since)?;
        // Who asks meanwhile waits for the same counts.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.hours.retain(|hour, _| *hour >= since);
        for (hour, writes) in &hours {
            if kept.hours.get(hour).is_none_or(|(counted, _)| counted != writes) {
                let until = hour.plus(Timeframe::H1.span()).minus(Span::from_nanos(1));
                let filter = Filter { since: Some(*hour), until: Some(until), ..Filter::default() };
                kept.hours.insert(*hour, (*writes, reader.decision_counts(&filter)?));
            }
        }
        let Some((newest, over)) = hours.split_last() else { return Ok(Cells::new()) };
        if kept.sum.0 != over {
            let mut cells = Cells::new();
            for (hour, _) in over {
                kept.hours.get(hour).into_iter().for_each(|(_, counts)| add(&mut cells, counts));
            }
            kept.sum = (over.to_vec(), Arc::new(cells));
        }
        let mut cells = Cells::clone(&kept.sum.1);
        kept.hours.get(&newest.0).into_iter().for_each(|(_, counts)| add(&mut cells, counts));
        Ok(cells)
    }
}

/// Adds counts to `cells`.
pub(crate) fn add(cells: &mut Cells, counts: &[DecisionCount]) {
    for DecisionCount { instrument, outcome, count, planned, last, .. } in counts {
        let (outcome, count, planned, last) = (*outcome, *count, *planned, *last);
        if !cells.contains_key(instrument) {
            cells.insert(instrument.clone(), Vec::new());
        }
        let Some(row) = cells.get_mut(instrument) else { continue };
        match row.iter_mut().find(|cell| cell.outcome == outcome) {
            Some(cell) => {
                cell.count += count;
                cell.planned += planned;
                cell.last = cell.last.max(last);
            }
            None => row.push(Cell { outcome, count, planned, last }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{Decision, Gate, Instrument, InstrumentId, InstrumentSpec, PriceUnits};
    use seawall_store::db::{Batch, Database};
    use seawall_store::journal::{Digest, Header, RunMode};

    /// A decision on an instrument, so many minutes after the beginning.
    fn decision(instrument: u32, minutes: i64) -> Decision {
        let mut decision = Decision::empty();
        decision.reset(InstrumentId(instrument), at(minutes), PriceUnits::new(1));
        decision.ask(Gate::Adx, instrument == 1, 1.0, 2.0);
        decision
    }

    fn at(minutes: i64) -> Ts {
        Ts::from_nanos(1_767_322_800_000_000_000).plus(Span::from_secs(minutes * 60))
    }

    #[test]
    fn what_is_written_late_is_counted_although_its_hour_was_counted_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seawall.db");
        let names = ["BTC/USDT", "ETH/USDT"].map(|name| InstrumentSpec::new(name.parse().unwrap()));
        let made = |(number, spec)| Instrument::new(InstrumentId(number), spec, 2).unwrap();
        let instruments: Vec<Instrument> = (0..).zip(names).map(made).collect();
        let header = Header {
            mode: RunMode::Paper,
            seed: 1,
            config_hash: Digest::sha256(b""),
            engine_version: String::new(),
            started_at: at(0),
        };
        let mut writer = Database::open(&path).unwrap().writer(1, &header, &instruments).unwrap();
        let mut write = |decisions: Vec<Decision>| {
            writer.record_batch(&Batch { decisions, ..Batch::default() }).unwrap();
        };
        let tallies = Tallies::default();
        let counts = |since: i64| -> Vec<(String, u64, Ts)> {
            let reader = Reader::of_run(&path, 1).unwrap();
            let cells = tallies.since(&reader, at(since)).unwrap();
            let rows = cells.into_iter();
            rows.flat_map(|(name, row)| row.into_iter().map(move |one| (name.clone(), one.count, one.last)))
                .collect()
        };
        write((0..150).map(|minute| decision(0, minute)).collect());
        let btc = |count, last| ("BTC/USDT".to_owned(), count, at(last));
        let eth = |count, last| ("ETH/USDT".to_owned(), count, at(last));
        assert_eq!(counts(0), [btc(150, 149)]);
        // The other instrument's past is heard after that.
        write((0..150).map(|minute| decision(1, minute)).collect());
        assert_eq!(counts(0), [btc(150, 149), eth(150, 149)]);
        // One more now, one told again, and one of an hour that nobody had counted.
        write(vec![decision(0, 150), decision(1, 30), decision(0, -61)]);
        assert_eq!(counts(0), [btc(151, 150), eth(150, 149)]);
        assert_eq!(counts(-120), [btc(152, 150), eth(150, 149)]);
        assert_eq!(counts(60), [btc(91, 150), eth(90, 149)]);
        assert_eq!(counts(600), []);
    }
}
