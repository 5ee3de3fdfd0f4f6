//! A signal instrument: bias and structure are read on one instrument, orders go to another.
//!
//! A traded instrument may name a signal instrument. Its strategy then sees that one's candles and nothing of
//! its own; its own prices go on to feed everything that is about money: sizes, protection, management,
//! shocks, margin. [`Signals`] says who reads whom, `check` what is allowed, `feed` brings prices and candles
//! to the readers, `crossing` takes prices of a plan over to the traded instrument, `basis` holds the two
//! prices against each other.
//!
//! Invariants:
//! - an instrument that is only read has no desk: no order, position or decision of it can exist;
//! - a price of a plan crosses over by the ratio of the two last prices, so that every distance in percent
//!   from the planned entry stays what the strategy meant, and never as the number that it is;
//! - both prices of one instant count whatever order they come in: whatever needs both waits until the
//!   instant is over;
//! - a price that is missing, not above zero or older than `execution.signal_age_max_s` says nothing about
//!   the basis: it refuses entries and is no shock;
//! - nothing in here stands in the way of protection or of an exit.

pub(crate) mod basis;
pub(crate) mod check;
pub(crate) mod crossing;
pub(crate) mod feed;

pub use check::check_basis;

use seawall_model::{Candle, Instrument, InstrumentId, PriceUnits, StateSink, Timeframe, Ts};

use crate::error::EngineError;

/// Who reads whom.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    /// Instruments that are read and not traded, with the timeframe of their candles; their ids go on where
    /// those of the traded ones end.
    pub read_only: Vec<(Instrument, Timeframe)>,
    /// For each traded instrument with a signal: its id and the id of what it reads, traded or not.
    pub pairs: Vec<(InstrumentId, InstrumentId)>,
}

impl Signals {
    /// The pairs that the instruments name (`signal` of their rules), `traded` and `read_only` numbered one
    /// after the other.
    ///
    /// # Errors
    /// [`EngineError::Signal`] where an instrument names one that is in neither list.
    pub fn named<'a>(
        traded: &(impl Iterator<Item = &'a Instrument> + Clone),
        read_only: Vec<(Instrument, Timeframe)>,
    ) -> Result<Self, EngineError> {
        let mut pairs = Vec::new();
        for instrument in traded.clone() {
            let Some(name) = &instrument.spec().signal else { continue };
            let among = |one: &&Instrument| one.name() == name;
            let also_traded = traded.clone().find(among).map(Instrument::id);
            let only_read = || read_only.iter().map(|(one, _)| one).find(among).map(Instrument::id);
            let Some(signal) = also_traded.or_else(only_read) else {
                return Err(EngineError::Signal {
                    instrument: instrument.name().to_string(),
                    signal: name.to_string(),
                    rule: check::UNKNOWN.to_owned(),
                });
            };
            pairs.push((instrument.id(), signal));
        }
        Ok(Signals { read_only, pairs })
    }

    /// What instrument `id` reads in place of itself, `traded` being the instruments that are traded.
    pub(crate) fn read_by<'a>(
        &'a self,
        id: InstrumentId,
        traded: &'a [(Instrument, Timeframe)],
    ) -> Option<&'a (Instrument, Timeframe)> {
        let (_, signal) = self.pairs.iter().find(|(reader, _)| *reader == id)?;
        traded.iter().chain(&self.read_only).nth(signal.index())
    }
}

/// What a desk knows of the instrument that its strategy reads.
#[derive(Debug, Clone)]
pub(crate) struct Signal {
    pub(crate) instrument: Instrument,
    pub(crate) base: Timeframe,
    /// Last known price; zero before the first.
    pub(crate) last: PriceUnits,
    /// When it came in.
    pub(crate) priced_at: Ts,
    /// End of the newest candle.
    pub(crate) seen_until: Ts,
    /// Candles without a hole in a row.
    pub(crate) clean_candles: u32,
    /// The newest candle until the strategy has seen it, at the end of its instant.
    pub(crate) unseen: Option<Candle>,
    /// A candle of either instrument has closed: the position is managed when the instant is over.
    pub(crate) manages: bool,
}

impl Signal {
    pub(crate) fn new(instrument: Instrument, base: Timeframe) -> Self {
        Signal {
            instrument,
            base,
            last: PriceUnits::ZERO,
            priced_at: Ts::from_nanos(i64::MIN),
            seen_until: Ts::from_nanos(i64::MIN),
            clean_candles: u32::MAX,
            unseen: None,
            manages: false,
        }
    }

    pub(crate) fn see_price(&mut self, at: Ts, price: PriceUnits) {
        self.last = price;
        self.priced_at = at;
    }

    /// Takes in a candle of before the start: its price holds until a newer one is known.
    pub(crate) fn learn(&mut self, candle: &Candle) {
        self.count_candle(candle);
        if candle.known_at >= self.priced_at {
            self.see_price(candle.known_at, candle.close);
        }
    }

    fn count_candle(&mut self, candle: &Candle) {
        let hole = candle.open_time > self.seen_until && self.seen_until > Ts::from_nanos(i64::MIN);
        self.clean_candles = if hole { 0 } else { self.clean_candles.saturating_add(1) };
        self.seen_until = candle.known_at;
    }

    pub(crate) fn see_candle(&mut self, at: Ts, candle: &Candle) {
        self.count_candle(candle);
        self.see_price(at, candle.close);
        self.unseen = Some(*candle);
        self.manages = true;
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.bytes(self.instrument.name().as_str().as_bytes());
        sink.signed(self.last.get());
        sink.signed(self.priced_at.nanos());
        sink.signed(self.seen_until.nanos());
        sink.number(u64::from(self.clean_candles));
        sink.number(u64::from(self.manages));
        if let Some(candle) = &self.unseen {
            sink.signed(candle.open_time.nanos());
            sink.signed(candle.close.get());
        }
    }
}
