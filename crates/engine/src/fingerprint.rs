//! What a run did, as bytes: its decisions, requests and fills in the order in which they happened.
//!
//! Two runs whose bytes hash to the same value decided, ordered and filled the same, whatever drove them:
//! backtest, demo, paper or a replay of a journal. The encoding is little-endian:
//! - decision: outcome (1 byte, below 128), instrument (2), second (5), the last gate's measured value (8);
//!   all gates where it entered or an exit began;
//! - request: `0xf2`, kind, instrument, client sequence, side, quantity, prices;
//! - fill: `0xf3`, side, instrument, quantity, price, fee, venue time.
//!
//! Left out are questions to the venue, because how often they are asked depends on the driver, and the
//! number of the run, because it differs between journals.

use seawall_model::{Decision, Fill, OrderKind, OrderRef, Outcome, Side, StateSink, VenueRequest};

use crate::effects::Effects;

/// Writes the effects of a step: decisions, then requests, then fills.
#[inline]
pub fn write(effects: &Effects, sink: &mut impl StateSink) {
    for decision in effects.decisions() {
        write_decision(decision, sink);
    }
    if !effects.is_quiet() {
        for request in &effects.requests {
            write_request(request, sink);
        }
        for fill in &effects.fills {
            write_fill(fill, sink);
        }
    }
}

#[inline]
fn write_decision(decision: &Decision, sink: &mut impl StateSink) {
    let outcome = match decision.outcome {
        Outcome::Entered => 0,
        Outcome::Refused(gate) => gate as u8 + 1,
    };
    let measured = decision.gates.last().map_or(0, |reading| reading.measured.to_bits());
    let second = decision.at.nanos().div_euclid(1_000_000_000).cast_unsigned();
    let head = u64::from(outcome) | u64::from(decision.instrument.0 & 0xffff) << 8 | second << 24;
    let words = [head.to_le_bytes(), measured.to_le_bytes()];
    sink.bytes(words.as_flattened());
    if decision.outcome == Outcome::Entered || decision.exit.is_some() {
        for reading in &decision.gates {
            sink.bytes(&[reading.gate as u8, reading.verdict as u8]);
            sink.float(reading.measured);
            sink.float(reading.threshold);
        }
    }
}

fn write_request(request: &VenueRequest, sink: &mut impl StateSink) {
    match request {
        VenueRequest::Place(order) => {
            sink.bytes(&[0xf2, 1]);
            write_order(order.order, sink);
            sink.bytes(&[u8::from(order.side == Side::Buy), u8::from(order.reduce_only)]);
            sink.signed(order.qty.get());
            write_kind(&order.kind, sink);
        }
        VenueRequest::Amend { order, qty, kind } => {
            sink.bytes(&[0xf2, 2]);
            write_order(*order, sink);
            sink.signed(qty.get());
            write_kind(kind, sink);
        }
        VenueRequest::Cancel { order } => {
            sink.bytes(&[0xf2, 3]);
            write_order(*order, sink);
        }
        VenueRequest::QueryOrder { .. }
        | VenueRequest::QueryOpenOrders
        | VenueRequest::QueryPositions
        | VenueRequest::QueryBalance => {}
    }
}

fn write_order(order: OrderRef, sink: &mut impl StateSink) {
    sink.bytes(&order.instrument.0.to_le_bytes());
    sink.bytes(&order.id.sequence.to_le_bytes());
}

fn write_kind(kind: &OrderKind, sink: &mut impl StateSink) {
    sink.bytes(kind.name().as_bytes());
    sink.signed(kind.limit().map_or(0, |price| price.get()));
    sink.signed(kind.trigger().map_or(0, |trigger| trigger.price.get()));
}

fn write_fill(fill: &Fill, sink: &mut impl StateSink) {
    sink.bytes(&[0xf3, u8::from(fill.side == Side::Buy)]);
    sink.bytes(&fill.instrument.0.to_le_bytes());
    sink.signed(fill.qty.get());
    sink.signed(fill.price.get());
    sink.decimal(fill.fee.get());
    sink.signed(fill.venue_time.nanos());
}
