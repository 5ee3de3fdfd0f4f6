//! The fingerprint of a run: one hash over its decisions, orders and fills in the order in which they happened.
//!
//! Two runs with the same fingerprint decided, ordered and filled the same, whatever drove them: backtest,
//! demo, paper or a replay of a journal. The encoding is fixed-width and little-endian:
//! - decision: `1`, outcome, instrument (6 bytes), instant, the last gate's measured value; all gates where it
//!   entered or an exit began;
//! - request: `2`, kind, instrument, client sequence, side, quantity, prices;
//! - fill: `3`, instrument, side, quantity, price, fee, venue time.

use aws_lc_rs::digest::{Context, SHA256};
use seawall_engine::Effects;
use seawall_model::{Decision, Fill, OrderKind, OrderRef, Outcome, StateSink, VenueRequest};

const BUFFER: usize = 16 * 1024;

/// Computes a SHA-256 over decisions, orders and fills.
pub struct Fingerprint {
    context: Context,
    buffer: Vec<u8>,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Fingerprint::new()
    }
}

impl StateSink for Fingerprint {
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }
}

impl Fingerprint {
    /// Of nothing.
    #[must_use]
    pub fn new() -> Self {
        Fingerprint { context: Context::new(&SHA256), buffer: Vec::with_capacity(BUFFER + 1_024) }
    }

    /// Takes in the effects of a step: decisions, then requests, then fills.
    #[inline]
    pub fn add(&mut self, effects: &Effects) {
        for decision in effects.decisions() {
            self.decision(decision);
        }
        if !effects.is_quiet() {
            for request in &effects.requests {
                self.request(request);
            }
            for fill in &effects.fills {
                self.fill(fill);
            }
        }
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    /// The fingerprint as lower-case hex.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.flush();
        data_encoding::HEXLOWER.encode(self.context.finish().as_ref())
    }

    fn flush(&mut self) {
        self.context.update(&self.buffer);
        self.buffer.clear();
    }

    #[inline]
    fn decision(&mut self, decision: &Decision) {
        let outcome = match decision.outcome {
            Outcome::Entered => 0,
            Outcome::Refused(gate) => gate as u8 + 1,
        };
        let measured = decision.gates.last().map_or(0, |reading| reading.measured.to_bits());
        let head = u64::from(u16::from_le_bytes([1, outcome])) | u64::from(decision.instrument.0) << 16;
        let mut record = [[0_u8; 8]; 3];
        let words = [head.to_le_bytes(), decision.at.nanos().to_le_bytes(), measured.to_le_bytes()];
        for (slot, word) in record.iter_mut().zip(words) {
            *slot = word;
        }
        self.buffer.extend_from_slice(record.as_flattened());
        if decision.outcome == Outcome::Entered || decision.exit.is_some() {
            for reading in &decision.gates {
                self.bytes(&[reading.gate as u8, reading.verdict as u8]);
                self.float(reading.measured);
                self.float(reading.threshold);
            }
        }
    }

    fn request(&mut self, request: &VenueRequest) {
        match request {
            VenueRequest::Place(order) => {
                self.bytes(&[2, 1]);
                self.order(order.order);
                self.bytes(&[u8::from(order.side == seawall_model::Side::Buy), u8::from(order.reduce_only)]);
                self.signed(order.qty.get());
                self.kind(&order.kind);
            }
            VenueRequest::Amend { order, qty, kind } => {
                self.bytes(&[2, 2]);
                self.order(*order);
                self.signed(qty.get());
                self.kind(kind);
            }
            VenueRequest::Cancel { order } => {
                self.bytes(&[2, 3]);
                self.order(*order);
            }
            // Questions change nothing; how often they are asked depends on the driver.
            VenueRequest::QueryOrder { .. }
            | VenueRequest::QueryOpenOrders
            | VenueRequest::QueryPositions
            | VenueRequest::QueryBalance => {}
        }
    }

    /// The run's number differs between journals, so only the sequence counts.
    fn order(&mut self, order: OrderRef) {
        self.bytes(&order.instrument.0.to_le_bytes());
        self.bytes(&order.id.sequence.to_le_bytes());
    }

    fn kind(&mut self, kind: &OrderKind) {
        self.bytes(kind.name().as_bytes());
        self.signed(kind.limit().map_or(0, |price| price.get()));
        self.signed(kind.trigger().map_or(0, |trigger| trigger.price.get()));
    }

    fn fill(&mut self, fill: &Fill) {
        self.bytes(&[3, u8::from(fill.side == seawall_model::Side::Buy)]);
        self.bytes(&fill.instrument.0.to_le_bytes());
        self.signed(fill.qty.get());
        self.signed(fill.price.get());
        self.decimal(fill.fee.get());
        self.signed(fill.venue_time.nanos());
    }
}
