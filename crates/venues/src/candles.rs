//! Candles from pages and from a stream: which of them are closed, and in which order they are told.
//!
//! Invariants: an unfinished candle is never told as a closed one; closed candles of a series are told once,
//! in order; a stream counts as live only when nothing is missing between what was told last and its first
//! row (or when the venue can no longer give it, which is said).

use std::collections::VecDeque;

use seawall_model::{Candle, InstrumentId, PriceUnits, Span, Timeframe, Ts};

use crate::error::VenueError;
use crate::json::Exact;
use crate::market::Market;
use crate::query::CandlePage;

/// A candle's end must be this long ago before the clock alone closes it: clocks differ, and rows are late.
pub const GRACE: Span = Span::from_secs(3);

/// A price of a candle: exact where the instrument represents it, else on the nearest tick.
pub(crate) fn price(market: &Market, what: &'static str, value: Exact) -> Result<PriceUnits, VenueError> {
    let value = value.need(what)?;
    market.price(what, value).or_else(|_| market.nearest_price(what, value))
}

/// Splits rows (any order, repeated rows allowed) into closed candles and the forming one. A row is closed if
/// a later row exists, or if its end is longer ago than [`GRACE`].
#[must_use]
pub fn page(
    instrument: InstrumentId,
    timeframe: Timeframe,
    mut rows: Vec<Candle>,
    asked: (Ts, bool),
    answered_at: Ts,
) -> CandlePage {
    let (from, more) = asked;
    rows.sort_by_key(|row| row.open_time);
    rows.dedup_by_key(|row| row.open_time);
    let reaches_start = rows.first().is_none_or(|first| first.open_time <= from);
    rows.retain(|row| row.open_time >= from);
    let forming = match rows.last() {
        Some(last) if last.known_at.plus(GRACE) > answered_at => rows.pop(),
        Some(_) | None => None,
    };
    CandlePage { instrument, timeframe, closed: rows, forming, more, reaches_start }
}

/// Rows that a stream keeps while it waits for the page that joins it to the past.
const WAITING_MAX: usize = 64;

/// One series of a stream.
#[derive(Debug, Clone)]
pub struct CandleStream {
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// Their length.
    pub timeframe: Timeframe,
    /// Open time of the first candle that was not told yet.
    wanted: Ts,
    forming: Option<Candle>,
    waiting: VecDeque<Candle>,
    state: Join,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    /// No row since the connection opened.
    Empty,
    /// Candles are missing; a page was asked for.
    Filling,
    /// Nothing is missing.
    Live,
}

/// What a row or a page leads to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// Closed candles, in order.
    pub closed: Vec<Candle>,
    /// The page to ask for: candles from here on.
    pub ask_from: Option<Ts>,
    /// What the venue can no longer give.
    pub missing: Option<(Ts, Ts)>,
    /// The series has just become live.
    pub went_live: bool,
}

impl CandleStream {
    /// A series whose next untold candle opens at `wanted`.
    #[must_use]
    pub fn new(instrument: InstrumentId, timeframe: Timeframe, wanted: Ts) -> Self {
        CandleStream {
            instrument,
            timeframe,
            wanted: timeframe.floor(wanted),
            forming: None,
            waiting: VecDeque::new(),
            state: Join::Empty,
        }
    }

    /// Whether nothing is missing.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state == Join::Live
    }

    /// The unfinished candle.
    #[must_use]
    pub fn forming(&self) -> Option<&Candle> {
        self.forming.as_ref()
    }

    /// The connection is gone: what was forming is no longer known.
    pub fn disconnect(&mut self) {
        self.forming = None;
        self.waiting.clear();
        self.state = Join::Empty;
    }

    /// Rows of a snapshot or an update.
    pub fn on_rows(&mut self, mut rows: Vec<Candle>) -> Told {
        rows.sort_by_key(|row| row.open_time);
        let mut told = Told::default();
        let Some(first) = rows.first() else { return told };
        match self.state {
            Join::Live => rows.into_iter().for_each(|row| self.on_row(row, &mut told)),
            Join::Filling => self.keep(rows),
            Join::Empty if first.open_time <= self.wanted => {
                self.go_live(&mut told);
                rows.into_iter().for_each(|row| self.on_row(row, &mut told));
            }
            Join::Empty => {
                self.state = Join::Filling;
                told.ask_from = Some(self.wanted);
                self.keep(rows);
            }
        }
        told
    }

    /// The page that was asked for. More pages are asked for until the rows that wait are reached.
    pub fn on_page(&mut self, page: &CandlePage) -> Told {
        let mut told = Told::default();
        if self.state != Join::Filling {
            return told;
        }
        let first = page.closed.first().or(page.forming.as_ref()).map(|row| row.open_time);
        if let Some(first) = first.filter(|first| !page.reaches_start && *first > self.wanted) {
            told.missing = Some((self.wanted, first));
        }
        for row in &page.closed {
            self.tell(*row, &mut told);
        }
        let joined = self.waiting.front().is_none_or(|row| row.open_time <= self.wanted);
        if page.more && !joined && !page.closed.is_empty() {
            told.ask_from = Some(self.wanted);
            return told;
        }
        // Intervals without trades have no rows: what is still between the page and the stream is not there.
        self.forming = page.forming;
        self.go_live(&mut told);
        for row in core::mem::take(&mut self.waiting) {
            self.on_row(row, &mut told);
        }
        told
    }

    /// The page could not be had: it is asked for again from here.
    #[must_use]
    pub fn wanted(&self) -> Ts {
        self.wanted
    }

    /// Whether a page is being waited for.
    #[must_use]
    pub fn is_filling(&self) -> bool {
        self.state == Join::Filling
    }

    /// When the clock alone closes the forming candle.
    #[must_use]
    pub fn deadline(&self) -> Option<Ts> {
        let forming = self.forming.as_ref().filter(|_| self.is_live())?;
        Some(forming.known_at.plus(GRACE))
    }

    /// Closes the forming candle if its time is over. The caller makes sure that the connection lives.
    pub fn on_time(&mut self, at: Ts) -> Told {
        let mut told = Told::default();
        if self.deadline().is_some_and(|due| at >= due)
            && let Some(row) = self.forming.take()
        {
            self.tell(row, &mut told);
        }
        told
    }

    fn go_live(&mut self, told: &mut Told) {
        told.went_live = self.state != Join::Live;
        self.state = Join::Live;
    }

    fn keep(&mut self, rows: Vec<Candle>) {
        for row in rows {
            self.waiting.retain(|known| known.open_time != row.open_time);
            self.waiting.push_back(row);
            if self.waiting.len() > WAITING_MAX {
                // The page that is on its way, or the next one, covers it.
                self.waiting.pop_front();
            }
        }
    }

    fn on_row(&mut self, row: Candle, told: &mut Told) {
        if row.open_time < self.wanted {
            return;
        }
        match self.forming {
            Some(forming) if row.open_time < forming.open_time => {}
            Some(forming) if row.open_time > forming.open_time => {
                self.tell(forming, told);
                self.forming = Some(row);
            }
            Some(_) | None => self.forming = Some(row),
        }
    }

    fn tell(&mut self, row: Candle, told: &mut Told) {
        if row.open_time >= self.wanted {
            self.wanted = row.known_at;
            told.closed.push(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seawall_model::{Ohlc, PriceUnits};

    const MINUTE: i64 = 60_000;

    fn row(minute: i64, close: i64) -> Candle {
        let p = PriceUnits::new;
        let prices = Ohlc { open: p(10), high: p(10.max(close)), low: p(10.min(close)), close: p(close) };
        Candle::new(Timeframe::M1, Ts::from_millis(minute * MINUTE), prices, 1.0).unwrap()
    }

    fn stream(wanted: i64) -> CandleStream {
        CandleStream::new(InstrumentId(0), Timeframe::M1, Ts::from_millis(wanted * MINUTE))
    }

    fn minutes(told: &Told) -> Vec<i64> {
        told.closed.iter().map(|row| row.open_time.millis() / MINUTE).collect()
    }

    fn page_of(rows: &[i64], more: bool, reaches_start: bool) -> CandlePage {
        CandlePage {
            instrument: InstrumentId(0),
            timeframe: Timeframe::M1,
            closed: rows.iter().map(|minute| row(*minute, 9)).collect(),
            forming: None,
            more,
            reaches_start,
        }
    }

    #[test]
    fn the_last_row_of_a_page_is_not_closed_before_its_time_and_grace() {
        let make = |answered: i64| {
            let rows = vec![row(2, 9), row(1, 9), row(3, 9), row(2, 9)];
            page(
                InstrumentId(0),
                Timeframe::M1,
                rows,
                (Ts::from_millis(MINUTE), false),
                Ts::from_millis(answered),
            )
        };
        let early = make(4 * MINUTE + 2_999);
        assert_eq!((early.closed.len(), early.forming.is_some()), (2, true));
        let late = make(4 * MINUTE + 3_000);
        assert_eq!((late.closed.len(), late.forming.is_some()), (3, false));
        assert!(late.reaches_start);
    }

    #[test]
    fn a_snapshot_that_reaches_back_needs_no_page() {
        let mut stream = stream(5);
        let told = stream.on_rows(vec![row(4, 9), row(5, 9), row(6, 9)]);
        assert!(told.went_live && told.ask_from.is_none());
        assert_eq!(minutes(&told), [5]);
        assert_eq!(minutes(&stream.on_rows(vec![row(6, 8)])), Vec::<i64>::new());
        let told = stream.on_rows(vec![row(7, 9)]);
        assert_eq!((minutes(&told), told.closed[0].close.get()), (vec![6], 8));
    }

    #[test]
    fn a_gap_is_filled_by_pages_before_the_series_is_live() {
        let mut stream = stream(1);
        let told = stream.on_rows(vec![row(9, 9)]);
        assert_eq!(told.ask_from, Some(Ts::from_millis(MINUTE)));
        assert!(!stream.is_live());
        assert_eq!(stream.on_rows(vec![row(10, 9)]), Told::default());
        let told = stream.on_page(&page_of(&[1, 2, 3], true, true));
        assert_eq!((minutes(&told), told.ask_from.map(Ts::millis)), (vec![1, 2, 3], Some(4 * MINUTE)));
        let told = stream.on_page(&page_of(&[4, 5, 8, 9], false, true));
        assert!(told.went_live);
        assert_eq!(minutes(&told), [4, 5, 8, 9], "10 is forming, 6 and 7 had no trades");
    }

    #[test]
    fn what_the_venue_can_no_longer_give_is_named() {
        let mut stream = stream(1);
        stream.on_rows(vec![row(900, 9)]);
        let told = stream.on_page(&page_of(&[181, 182], false, false));
        assert_eq!(told.missing, Some((Ts::from_millis(MINUTE), Ts::from_millis(181 * MINUTE))));
    }

    #[test]
    fn the_clock_closes_a_candle_that_no_later_row_closes() {
        let mut stream = stream(1);
        stream.on_rows(vec![row(1, 9)]);
        assert_eq!(stream.deadline().map(Ts::millis), Some(2 * MINUTE + 3_000));
        assert_eq!(minutes(&stream.on_time(Ts::from_millis(2 * MINUTE))), Vec::<i64>::new());
        assert_eq!(minutes(&stream.on_time(Ts::from_millis(2 * MINUTE + 3_000))), [1]);
        assert_eq!(minutes(&stream.on_rows(vec![row(1, 7)])), Vec::<i64>::new(), "too late");
    }

    proptest! {
        /// However rows are repeated, reordered and interrupted, closed candles come once and in order.
        #[test]
        fn closed_candles_come_once_and_in_order(
            rows in proptest::collection::vec((0_i64..40, 1_i64..20, 0_u8..8), 1..200),
        ) {
            let mut stream = stream(0);
            let mut told = Vec::new();
            for (minute, close, event) in rows {
                let got = match event {
                    0 => { stream.disconnect(); Told::default() }
                    1 => stream.on_page(&page_of(&[minute, minute + 1], false, minute == 0)),
                    2 => stream.on_time(Ts::from_millis((minute + 1) * MINUTE)),
                    _ => stream.on_rows(vec![row(minute, close)]),
                };
                told.extend(minutes(&got));
            }
            prop_assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "{told:?}");
        }
    }
}
