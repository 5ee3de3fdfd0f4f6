//! An entry as one line that a person can read.

use core::fmt::{self, Write};

use rust_decimal::Decimal;
use seawall_model::{
    Command, Coverage, Fill, Input, InstrumentId, OrderKind, OrderRef, PositionAction, PriceUnits, QtyUnits,
    Report, Signal, SubmitOutcome, VenueEvent, VenueRequest,
};

use super::record::{Entry, InstrumentEntry, JournalInfo, OperatorNote, Record};

/// Number, time, kind and content of `entry` on one line. `info` names the instruments; numbers that it does
/// not know are shown raw, with a `#`.
#[must_use]
pub fn show(entry: &Entry, info: &JournalInfo) -> String {
    let mut line = format!("{} {} {} ", entry.seq, entry.at, entry.record.kind().name());
    // Writing to a string does not fail.
    let _ = Line { out: &mut line, info }.record(&entry.record);
    line.truncate(line.trim_end().len());
    line
}

struct Line<'a> {
    out: &'a mut String,
    info: &'a JournalInfo,
}

impl Line<'_> {
    fn record(&mut self, record: &Record) -> fmt::Result {
        match record {
            Record::Header(header) => write!(
                self.out,
                "{} seed {} engine {} config {} started {}",
                header.mode.name(),
                header.seed,
                header.engine_version,
                header.config_hash,
                header.started_at
            ),
            Record::Input(input) => self.input(input),
            Record::Dispatch(requests) => self.joined(requests, Self::request),
            Record::Checkpoint(checkpoint) => {
                write!(self.out, "{} after {} inputs", checkpoint.digest, checkpoint.inputs)
            }
            Record::Carry(piece) => write!(self.out, "{} {}", piece.part.name(), piece.text),
            Record::Operator(OperatorNote { who, command, why }) => {
                let line = format!("{command} by {who}: {why}");
                self.out.write_str(&line.replace(['\n', '\r'], " "))
            }
            Record::End(end) => write!(
                self.out,
                "{} fingerprint {} digest {} {}",
                end.reason.name(),
                end.fingerprint,
                end.digest,
                end.detail.replace(['\n', '\r'], " ")
            ),
        }
    }

    fn input(&mut self, input: &Input) -> fmt::Result {
        match input {
            Input::Started => self.out.write_str("started"),
            Input::Candle { instrument, timeframe, candle }
            | Input::Past { instrument, timeframe, candle } => {
                let id = *instrument;
                let [open, high, low, close] =
                    [candle.open, candle.high, candle.low, candle.close].map(|price| self.price(id, price));
                let name = self.name(id);
                let kind = if matches!(input, Input::Past { .. }) { "past" } else { "candle" };
                write!(
                    self.out,
                    "{kind} {name} {timeframe} {} o {open} h {high} l {low} c {close} v {}",
                    candle.open_time, candle.volume
                )
            }
            Input::Quote { instrument, bid, ask } => {
                let [bid, ask] = [*bid, *ask].map(|price| self.price(*instrument, price));
                let name = self.name(*instrument);
                write!(self.out, "quote {name} bid {bid} ask {ask}")
            }
            Input::Mark { instrument, price } => {
                let (name, price) = (self.name(*instrument), self.price(*instrument, *price));
                write!(self.out, "mark {name} {price}")
            }
            Input::Venue(event) => self.event(event),
            Input::Submission { order, outcome } => {
                let outcome = match outcome {
                    SubmitOutcome::NotSent => "not sent",
                    SubmitOutcome::Unknown => "outcome unknown",
                };
                self.about("submission", order)?;
                write!(self.out, " {outcome}")
            }
            Input::Operator(command) => self.command(*command),
            Input::Wakeup => self.out.write_str("wakeup"),
            Input::Book { instrument, bid, bid_qty, ask, ask_qty } => {
                let id = *instrument;
                let [bid, ask] = [*bid, *ask].map(|price| self.price(id, price));
                let [bid_qty, ask_qty] = [*bid_qty, *ask_qty].map(|qty| self.qty(id, qty));
                let name = self.name(id);
                write!(self.out, "book {name} bid {bid} for {bid_qty} ask {ask} for {ask_qty}")
            }
            Input::Listing(report) => {
                self.out.write_str("listing")?;
                self.report(report)
            }
            Input::Rules(rules) => {
                let name = self.name(rules.instrument);
                write!(
                    self.out,
                    "rules {name} {} tick {} lot {} minimum {} leverage up to {}",
                    rules.trading.name(),
                    rules.tick,
                    rules.lot,
                    rules.min_qty,
                    rules.leverage_max
                )
            }
        }
    }

    fn command(&mut self, command: Command) -> fmt::Result {
        match command {
            Command::SetMode(mode) => write!(self.out, "operator sets mode {}", mode.name()),
            Command::Close(instrument) => {
                let name = self.name(instrument);
                write!(self.out, "operator closes {name}")
            }
            Command::Transfer(amount) => write!(self.out, "transfer {amount}"),
            Command::Shutdown => self.out.write_str("operator shuts down"),
            Command::Kill { reason, flatten } => {
                let and = if flatten { " and closes everything" } else { "" };
                write!(self.out, "kill switch on ({}){and}", reason.name())
            }
            Command::Release => self.out.write_str("operator releases the kill switch and halts"),
            Command::Position { instrument, action } => {
                let name = self.name(instrument);
                write!(self.out, "operator, {name}: ")?;
                match action {
                    PositionAction::MoveStop(price) => {
                        let price = self.price(instrument, price);
                        write!(self.out, "stop to {price}")
                    }
                    PositionAction::BreakEven => self.out.write_str("stop to break-even"),
                    PositionAction::Reduce(qty) => {
                        let qty = self.qty(instrument, qty);
                        write!(self.out, "closes {qty}")
                    }
                    PositionAction::Adopt => self.out.write_str("adopts the position"),
                    PositionAction::Ignore => self.out.write_str("leaves the position alone"),
                    PositionAction::MoveTarget { number, price } => {
                        let price = self.price(instrument, price);
                        write!(self.out, "target {number} to {price}")
                    }
                }
            }
            Command::Signal { instrument, signal } => {
                let name = self.name(instrument);
                match signal {
                    Signal::Enter { side, stop, .. } => {
                        let stop = self.price(instrument, stop);
                        write!(self.out, "signal from outside: {} {name}, stop {stop}", side.name())
                    }
                    Signal::Exit => write!(self.out, "signal from outside: out of {name}"),
                }
            }
        }
    }

    fn event(&mut self, event: &VenueEvent) -> fmt::Result {
        match event {
            VenueEvent::Accepted { order, venue_order_id } => {
                self.about("accepted", order)?;
                write!(self.out, " as {venue_order_id}")
            }
            VenueEvent::Rejected { order, reason } => self.refused("rejected", order, reason.name()),
            VenueEvent::Triggered { order } => self.about("triggered", order),
            VenueEvent::Filled(fill) => self.fill(fill),
            VenueEvent::Cancelled { order, reason } => {
                self.about("cancelled", order)?;
                write!(self.out, " {reason:?}")
            }
            VenueEvent::CancelRejected { order, reason } => {
                self.refused("cancel rejected", order, reason.name())
            }
            VenueEvent::Amended { order, qty, kind } => self.change("amended", order, *qty, kind),
            VenueEvent::AmendRejected { order, reason } => {
                self.refused("amend rejected", order, reason.name())
            }
            VenueEvent::Funding { instrument, amount } => {
                let name = self.name(*instrument);
                write!(self.out, "funding {name} {amount}")
            }
            VenueEvent::Order { order, report } => {
                self.about("order", order)?;
                self.report(report)
            }
            VenueEvent::OpenOrders(report) => {
                self.out.write_str("open orders")?;
                self.report(report)
            }
            VenueEvent::Positions(report) => {
                self.out.write_str("positions")?;
                self.report(report)?;
                self.joined(&report.rows, |line, row| {
                    let (name, qty) = (line.name(row.instrument), line.qty(row.instrument, row.qty));
                    let price = line.price(row.instrument, row.entry_price);
                    write!(line.out, " {name} {qty} at {price}")
                })
            }
            VenueEvent::Balance { coverage, amount } => {
                write!(self.out, "balance {amount} ({})", covered(*coverage))
            }
            VenueEvent::Stream { live } => {
                self.out.write_str(if *live { "stream live" } else { "stream lost" })
            }
            VenueEvent::Booked(booking) => {
                write!(self.out, "{} {} {}", booking.kind.name(), booking.id, booking.amount)?;
                match booking.instrument {
                    Some(instrument) => {
                        let name = self.name(instrument);
                        write!(self.out, " on {name}")
                    }
                    None => Ok(()),
                }
            }
            VenueEvent::Elsewhere(report) => {
                self.out.write_str("elsewhere")?;
                self.report(report)?;
                self.joined(&report.rows, |line, row| write!(line.out, " {} {}", row.symbol, row.qty))
            }
        }
    }

    fn fill(&mut self, fill: &Fill) -> fmt::Result {
        let (name, qty) = (self.name(fill.instrument), self.qty(fill.instrument, fill.qty));
        let price = self.price(fill.instrument, fill.price);
        write!(
            self.out,
            "fill {} {name} {} {qty} at {price} fee {}",
            fill.fill_id,
            fill.side.name(),
            fill.fee
        )?;
        match fill.order {
            Some(order) => write!(self.out, " of {}", order.id),
            None => self.out.write_str(" of no order of ours"),
        }
    }

    fn report<T>(&mut self, report: &Report<T>) -> fmt::Result {
        write!(self.out, ": {} rows ({})", report.rows.len(), covered(report.coverage))
    }

    fn request(&mut self, request: &VenueRequest) -> fmt::Result {
        match request {
            VenueRequest::Place(placed) => {
                let what = format!("place {} {}", placed.role.name(), placed.side.name());
                self.change(&what, &placed.order, placed.qty, &placed.kind)?;
                self.out.write_str(if placed.reduce_only { " reduce-only" } else { "" })
            }
            VenueRequest::Amend { order, qty, kind } => self.change("amend", order, *qty, kind),
            VenueRequest::Cancel { order } => self.about("cancel", order),
            VenueRequest::QueryOrder { order } => self.about("query order", order),
            VenueRequest::QueryOpenOrders => self.out.write_str("query open orders"),
            VenueRequest::QueryPositions => self.out.write_str("query positions"),
            VenueRequest::QueryBalance => self.out.write_str("query balance"),
        }
    }

    fn joined<T>(&mut self, rows: &[T], mut row: impl FnMut(&mut Self, &T) -> fmt::Result) -> fmt::Result {
        for (position, value) in rows.iter().enumerate() {
            if position > 0 {
                self.out.write_str("; ")?;
            }
            row(self, value)?;
        }
        Ok(())
    }

    fn about(&mut self, what: &str, order: &OrderRef) -> fmt::Result {
        let name = self.name(order.instrument);
        write!(self.out, "{what} {} {name}", order.id)
    }

    fn refused(&mut self, what: &str, order: &OrderRef, reason: &str) -> fmt::Result {
        self.about(what, order)?;
        write!(self.out, " {reason}")
    }

    fn change(&mut self, what: &str, order: &OrderRef, qty: QtyUnits, kind: &OrderKind) -> fmt::Result {
        let id = order.instrument;
        self.about(what, order)?;
        let qty = self.qty(id, qty);
        write!(self.out, " {qty} {}", kind.name())?;
        if let Some(trigger) = kind.trigger() {
            let price = self.price(id, trigger.price);
            write!(self.out, " trigger {price} ({})", trigger.source.name())?;
        }
        if let Some(limit) = kind.limit() {
            let limit = self.price(id, limit);
            write!(self.out, " limit {limit}")?;
        }
        Ok(())
    }

    fn name(&self, id: InstrumentId) -> String {
        let name = |entry: &InstrumentEntry| entry.name.to_string();
        self.info.instrument(id).map_or_else(|| format!("#{}", id.0), name)
    }

    fn price(&self, id: InstrumentId, units: PriceUnits) -> String {
        scaled(units.get(), self.info.instrument(id).map(|entry| entry.price_scale))
    }

    fn qty(&self, id: InstrumentId, units: QtyUnits) -> String {
        scaled(units.get(), self.info.instrument(id).map(|entry| entry.qty_scale))
    }
}

fn scaled(units: i64, scale: Option<u32>) -> String {
    let value = scale.and_then(|scale| Decimal::try_from_i128_with_scale(i128::from(units), scale).ok());
    value.map_or_else(|| format!("#{units}"), |value| value.normalize().to_string())
}

fn covered(coverage: Coverage) -> String {
    match coverage {
        Coverage::Complete => "complete".to_owned(),
        Coverage::Window { from, to } => format!("{from} to {to}"),
        Coverage::Failed => "failed".to_owned(),
    }
}
