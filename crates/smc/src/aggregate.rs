//! Candles of a coarser timeframe, built from closed candles of a finer one.
//!
//! Invariants:
//! * Causal: a coarse candle is handed out by the update that makes it certain, never earlier. That is the
//!   finer candle whose `known_at` is the bucket's end or, where data has a hole, the first finer candle of a
//!   later bucket.
//! * Identity: `known_at` is always the bucket's end, so a candle is the same whether or not data had a hole.
//!   A candle that came out late ([`Closed::late`]) was *seen* only at the update that returned it: a
//!   consumer acts at the time of that update, not at `known_at`.
//! * A bucket without any finer candle gives no candle. A bucket whose first finer candles are missing (a
//!   hole, or the start of the stream) gives a candle of what there was.
//! * Prices are exact. Volume is a sum of floats in order of arrival, so building in steps can differ from
//!   building directly in the last bits of the volume.

use seawall_model::{Candle, Timeframe, Ts};

use crate::error::SmcError;

/// The coarse candles closed by one update, oldest first: none, one or two.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Closed {
    /// A bucket that ended before the update's candle opened: its last finer candles are missing.
    pub late: Option<Candle>,
    /// The bucket that ends with the update's candle.
    pub on_time: Option<Candle>,
}

impl Closed {
    /// Nothing closed.
    pub const NONE: Closed = Closed { late: None, on_time: None };

    /// Whether nothing closed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.late.is_none() && self.on_time.is_none()
    }

    /// The closed candles, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Candle> {
        self.late.iter().chain(self.on_time.iter())
    }
}

impl IntoIterator for Closed {
    type Item = Candle;
    type IntoIter = core::iter::Chain<core::option::IntoIter<Candle>, core::option::IntoIter<Candle>>;

    fn into_iter(self) -> Self::IntoIter {
        self.late.into_iter().chain(self.on_time)
    }
}

/// Builds the candles of one timeframe.
#[derive(Debug, Clone)]
pub struct Aggregator {
    timeframe: Timeframe,
    /// The bucket under construction; its `known_at` is the bucket's end, computed once a bucket.
    bucket: Option<Candle>,
    known_until: Ts,
}

impl Aggregator {
    /// An aggregator that has seen nothing.
    #[must_use]
    pub const fn new(timeframe: Timeframe) -> Self {
        Aggregator { timeframe, bucket: None, known_until: Ts::from_nanos(i64::MIN) }
    }

    /// The timeframe of the candles that come out.
    #[must_use]
    pub const fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// The candle under construction, as far as it is known. It is no closed candle.
    #[must_use]
    pub const fn forming(&self) -> Option<&Candle> {
        self.bucket.as_ref()
    }

    /// Takes in the next closed finer candle. A candle of the timeframe itself comes out unchanged.
    ///
    /// # Errors
    /// [`SmcError::OutOfOrder`] if the candle opens before the end of an earlier one,
    /// [`SmcError::Misfit`] if it reaches over the end of its bucket.
    #[inline]
    pub fn update(&mut self, candle: &Candle) -> Result<Closed, SmcError> {
        if candle.open_time < self.known_until {
            return Err(SmcError::OutOfOrder { open_time: candle.open_time, known_until: self.known_until });
        }
        if let Some(bucket) = &mut self.bucket
            && candle.known_at < bucket.known_at
        {
            merge(bucket, candle);
            self.known_until = candle.known_at;
            return Ok(Closed::NONE);
        }
        self.turn(candle)
    }

    /// The update that ends or begins a bucket.
    fn turn(&mut self, candle: &Candle) -> Result<Closed, SmcError> {
        let open_time = self.timeframe.floor(candle.open_time);
        let end = open_time.plus(self.timeframe.span());
        if candle.known_at > end {
            return Err(SmcError::Misfit { open_time: candle.open_time, timeframe: self.timeframe });
        }
        let late = self.close_before(candle.open_time);
        match &mut self.bucket {
            Some(bucket) => merge(bucket, candle),
            None => self.bucket = Some(Candle { open_time, known_at: end, ..*candle }),
        }
        self.known_until = candle.known_at;
        let on_time = if candle.known_at == end { self.bucket.take() } else { None };
        Ok(Closed { late, on_time })
    }

    /// Takes out the bucket if it ended at or before `at`.
    pub(crate) fn close_before(&mut self, at: Ts) -> Option<Candle> {
        self.bucket.take_if(|bucket| bucket.known_at <= at)
    }

    /// Adds a candle that is known to be in order and to end before the bucket does.
    #[inline]
    pub(crate) fn merge_inside(&mut self, candle: &Candle) {
        if let Some(bucket) = &mut self.bucket {
            merge(bucket, candle);
        }
        self.known_until = candle.known_at;
    }
}

#[inline]
fn merge(bucket: &mut Candle, candle: &Candle) {
    bucket.high = bucket.high.max(candle.high);
    bucket.low = bucket.low.min(candle.low);
    bucket.close = candle.close;
    bucket.volume += candle.volume;
}

#[cfg(test)]
mod tests {
    use seawall_model::{Ohlc, PriceUnits};

    use super::*;

    fn minute(minute: i64, price: i64) -> Candle {
        let price_units = PriceUnits::new(price);
        let prices = Ohlc { open: price_units, high: price_units, low: price_units, close: price_units };
        Candle::new(Timeframe::M1, Ts::from_millis(minute * 60_000), prices, 1.0).unwrap()
    }

    fn ends(closed: Closed) -> Vec<i64> {
        closed.into_iter().map(|candle| candle.known_at.millis() / 60_000).collect()
    }

    #[test]
    fn a_full_bucket_closes_with_its_last_candle() {
        let mut aggregator = Aggregator::new(Timeframe::M3);
        assert!(aggregator.update(&minute(0, 5)).unwrap().is_empty());
        assert!(aggregator.update(&minute(1, 9)).unwrap().is_empty());
        let closed = aggregator.update(&minute(2, 3)).unwrap();
        let candle = closed.on_time.unwrap();
        assert_eq!(closed.late, None);
        assert_eq!(candle.open_time, Ts::EPOCH);
        assert_eq!(candle.known_at, Ts::from_millis(180_000));
        let prices = [candle.open, candle.high, candle.low, candle.close].map(PriceUnits::get);
        assert_eq!(prices, [5, 9, 3, 3]);
        assert!((candle.volume - 3.0).abs() < 1e-12);
    }

    #[test]
    fn after_a_hole_one_candle_can_close_two_buckets() {
        let mut aggregator = Aggregator::new(Timeframe::M3);
        assert_eq!(ends(aggregator.update(&minute(0, 5)).unwrap()), Vec::<i64>::new());
        assert_eq!(ends(aggregator.update(&minute(8, 5)).unwrap()), vec![3, 9]);
        assert_eq!(ends(aggregator.update(&minute(9, 5)).unwrap()), Vec::<i64>::new());
        assert_eq!(ends(aggregator.update(&minute(13, 5)).unwrap()), vec![12]);
    }

    #[test]
    fn candles_of_the_timeframe_itself_come_out_unchanged() {
        let mut aggregator = Aggregator::new(Timeframe::M1);
        for number in [0, 1, 5] {
            let candle = minute(number, 7);
            assert_eq!(aggregator.update(&candle).unwrap(), Closed { late: None, on_time: Some(candle) });
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let mut aggregator = Aggregator::new(Timeframe::M5);
        aggregator.update(&minute(1, 5)).unwrap();
        assert!(matches!(aggregator.update(&minute(1, 9)), Err(SmcError::OutOfOrder { .. })));
        let prices = Ohlc {
            open: PriceUnits::new(1),
            high: PriceUnits::new(1),
            low: PriceUnits::new(1),
            close: PriceUnits::new(1),
        };
        let across = Candle::new(Timeframe::M3, Ts::from_millis(3 * 60_000), prices, 1.0).unwrap();
        assert!(matches!(aggregator.update(&across), Err(SmcError::Misfit { .. })));
        let closed = aggregator.update(&minute(4, 6)).unwrap();
        assert_eq!(closed.on_time.map(|candle| (candle.low.get(), candle.high.get())), Some((5, 6)));
    }
}
