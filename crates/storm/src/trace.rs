//! What a world did, as a chain of hashes: two runs of one seed must give one chain.

use std::fmt::Write;

use seawall_engine::{Effects, Engine, fingerprint};
use seawall_model::{Input, Report, Side, StateSink, Ts, VenueEvent, VenueOrder};

/// Steps between two looks at the engine's whole state.
const DIGEST_EVERY: u64 = 256;
const PRIME: u64 = 0x9E37_79B9_7F4A_7C15;

/// A chain of hashes over time, inputs, effects and, now and then, the whole state.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    chain: u64,
    steps: u64,
    /// What the engine did, in full, where drivers are compared.
    bytes: Option<Vec<u8>>,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Trace { chain: PRIME, steps: 0, bytes: None }
    }

    /// One that keeps the bytes of the engine's fingerprint, too.
    pub(crate) fn in_full() -> Self {
        Trace { bytes: Some(Vec::new()), ..Trace::new() }
    }

    /// The bytes that were kept.
    pub(crate) fn take_bytes(&mut self) -> Vec<u8> {
        self.bytes.take().unwrap_or_default()
    }

    /// Where the chain stands.
    pub(crate) fn chain(&self) -> u64 {
        self.chain
    }

    /// A step has been taken.
    pub(crate) fn step(&mut self, at: Ts, input: &Input, effects: &Effects, engine: &Engine) {
        self.steps += 1;
        self.signed(at.nanos());
        match input {
            Input::Quote { instrument, bid, ask } => {
                self.number(u64::from(instrument.0));
                self.signed(bid.get());
                self.signed(ask.get());
            }
            Input::Wakeup => self.number(1),
            // The inputs that are many or long are written by their numbers, the others in words.
            Input::Candle { instrument, candle, .. } => {
                self.number(2 | u64::from(instrument.0) << 8);
                self.signed(candle.known_at.nanos());
                for price in [candle.open, candle.high, candle.low, candle.close] {
                    self.signed(price.get());
                }
                self.float(candle.volume);
            }
            Input::Venue(VenueEvent::OpenOrders(report)) => self.open_orders(report),
            Input::Venue(VenueEvent::Positions(report)) => {
                self.head(4, report);
                for row in &report.rows {
                    self.number(u64::from(row.instrument.0));
                    self.signed(row.qty.get());
                    self.signed(row.entry_price.get());
                }
            }
            Input::Started
            | Input::Mark { .. }
            | Input::Venue(_)
            | Input::Submission { .. }
            | Input::Operator(_)
            | Input::Book { .. }
            | Input::Listing(_)
            | Input::Past { .. }
            | Input::Rules(_) => {
                // Nothing is written that could fail.
                let _ = write!(Words(self), "{input:?}");
            }
        }
        fingerprint::write(effects, self);
        if let Some(bytes) = self.bytes.as_mut() {
            fingerprint::write(effects, bytes);
        }
        for update in &effects.orders {
            self.number(u64::from(update.order.id.sequence));
            self.signed(update.filled.get());
            self.number(update.state as u64);
        }
        for alert in &effects.alerts {
            self.bytes(alert.detail.as_bytes());
        }
        if self.steps.is_multiple_of(DIGEST_EVERY) {
            engine.digest(self);
        }
    }
}

impl Trace {
    fn head<T>(&mut self, kind: u64, report: &Report<T>) {
        self.number(kind);
        self.signed(report.taken_at.nanos());
        let _ = write!(Words(self), "{:?}", report.coverage);
        self.number(report.rows.len() as u64);
    }

    fn open_orders(&mut self, report: &Report<VenueOrder>) {
        self.head(3, report);
        for row in &report.rows {
            let named = row.order.map_or(0, |order| u64::from(order.id.sequence) + 1);
            self.number(named);
            self.signed(row.qty.get());
            self.signed(row.filled.get());
            self.number(row.state as u64 | u64::from(row.side == Side::Buy) << 8);
            self.signed(row.kind.limit().map_or(0, |price| price.get()));
            self.signed(row.kind.trigger().map_or(0, |trigger| trigger.price.get()));
        }
    }
}

impl StateSink for Trace {
    fn bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let word = chunk.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
            self.number(word);
        }
    }

    fn number(&mut self, value: u64) {
        let mixed = (self.chain ^ value).wrapping_mul(PRIME);
        self.chain = mixed ^ mixed >> 29;
    }

    fn signed(&mut self, value: i64) {
        self.number(value.cast_unsigned());
    }
}

struct Words<'a>(&'a mut Trace);

impl Write for Words<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.bytes(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_depends_on_every_word_and_on_their_order() {
        let chain = |words: &[u64]| {
            let mut trace = Trace::new();
            words.iter().for_each(|word| trace.number(*word));
            trace.chain()
        };
        assert_eq!(chain(&[1, 2]), chain(&[1, 2]));
        assert_ne!(chain(&[1, 2]), chain(&[2, 1]));
        assert_ne!(chain(&[1, 2]), chain(&[1, 2, 0]));
    }
}
