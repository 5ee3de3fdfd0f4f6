//! What a driver without a venue can say about its market: a listing of its instruments, with the volume of
//! the last 24 hours from their candles.
//!
//! A backtest knows no spread, so its rows have none. The first listing comes when a day of candles has been
//! fed; an instrument without a candle within the last day is not listed.

use std::collections::VecDeque;

use seawall_model::{Coverage, Input, Instrument, ListingRow, Report, Ts};

use crate::market::MarketSeries;

const HOURS_PER_DAY: u32 = 24;

/// Volume within the last 24 hours, in parts of a day.
#[derive(Debug, Clone)]
pub struct DayVolume {
    parts: VecDeque<f64>,
    open: f64,
    length: usize,
}

impl DayVolume {
    /// Counts in parts of `hours`; every part of the day before had its share of `day_before`.
    #[must_use]
    pub fn new(hours: u32, day_before: f64) -> Self {
        let length = (HOURS_PER_DAY / hours.clamp(1, HOURS_PER_DAY)).max(1);
        let part = day_before / f64::from(length);
        let length = usize::try_from(length).unwrap_or(1);
        DayVolume { parts: (0..length).map(|_| part).collect(), open: 0.0, length }
    }

    /// Something was traded.
    pub fn add(&mut self, volume: f64) {
        self.open += volume;
    }

    /// A part of the day is over; the volume of the last 24 hours.
    pub fn close_part(&mut self) -> f64 {
        self.parts.push_back(core::mem::take(&mut self.open));
        while self.parts.len() > self.length {
            self.parts.pop_front();
        }
        self.day()
    }

    /// Volume of the parts that are over.
    #[must_use]
    pub fn day(&self) -> f64 {
        self.parts.iter().sum()
    }
}

/// The listings of a backtest.
#[derive(Debug)]
pub(crate) struct Listings {
    /// When the next part of a day is over, in nanoseconds.
    pub(crate) next_at: i64,
    every: i64,
    parts_missing: u32,
    volumes: Vec<Counted>,
}

#[derive(Debug)]
struct Counted {
    volume: DayVolume,
    /// Candles counted.
    counted: usize,
}

impl Listings {
    pub(crate) fn new(from: Ts, hours: u32, instruments: usize) -> Self {
        let every = i64::from(hours) * 3_600 * 1_000_000_000;
        let volumes = (0..instruments).map(|_| Counted { volume: DayVolume::new(hours, 0.0), counted: 0 });
        Listings {
            next_at: from.nanos().saturating_add(every),
            every,
            parts_missing: HOURS_PER_DAY / hours.max(1),
            volumes: volumes.collect(),
        }
    }

    /// Ends the parts of a day that are over by `until`; the listing of the newest instant among them, once a
    /// day is known. `fed` says how many candles of each series the engine has.
    pub(crate) fn due<'a>(
        &mut self,
        until: i64,
        fed: impl Iterator<Item = (&'a MarketSeries, &'a Instrument, usize)>,
    ) -> Option<(Ts, Input)> {
        let mut parts = 0;
        let mut at = self.next_at;
        while self.next_at <= until {
            at = self.next_at;
            self.next_at = self.next_at.saturating_add(self.every);
            parts += 1;
        }
        self.parts_missing = self.parts_missing.saturating_sub(parts);
        let rows = self.volumes.iter_mut().zip(fed).filter_map(|(counted, (series, instrument, fed))| {
            let new = series.candles.get(counted.counted..fed).unwrap_or_default();
            counted.counted = fed;
            for candle in new {
                counted.volume.add(candle.volume * instrument.price_f64(candle.close));
            }
            let traded = (0..parts.min(HOURS_PER_DAY)).map(|_| counted.volume.close_part()).last();
            let newest = fed.checked_sub(1).and_then(|last| series.candles.get(last));
            let alive = newest.is_some_and(|newest| at - newest.known_at.nanos() <= DAY);
            alive.then(|| ListingRow {
                name: instrument.name().clone(),
                kind: instrument.spec().kind.into(),
                volume_24h: traded,
                bid: None,
                ask: None,
            })
        });
        let rows = rows.collect();
        let taken_at = Ts::from_nanos(at);
        let report = Report { coverage: Coverage::Complete, taken_at, rows };
        (self.parts_missing == 0).then_some((taken_at, Input::Listing(report)))
    }
}

const DAY: i64 = 86_400 * 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_volume_of_a_day_forgets_what_is_older() {
        let mut volume = DayVolume::new(8, 300.0);
        assert!((volume.day() - 300.0).abs() < 1e-9);
        let days: Vec<f64> = [1.0, 2.0, 3.0, 4.0]
            .map(|part| {
                volume.add(part);
                volume.close_part()
            })
            .to_vec();
        assert_eq!(days, [201.0, 103.0, 6.0, 9.0]);
    }
}
