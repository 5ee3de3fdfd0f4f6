//! Requests and their replies, with what goes wrong on the way, before the venue and behind it.

use seawall_model::{InstrumentId, OrderRequest, Span, Ts, VenueRequest};
use seawall_testnet::{Answer, HttpReply, HttpRequest, Protocol};
use seawall_venues::{Response, SignedRequest, Ticket, TransportFailure};

use super::words;
use super::{Event, Flight};
use crate::faults::Fault;
use crate::network::instrument_of;
use crate::random::Stream;
use crate::strikes::About;
use crate::swarm::LATE_MS_MAX;
use crate::world::{Happening, World};

/// The client gives a request up after this, as the configuration has it.
pub(crate) const TIME_OUT: Span = Span::from_secs(10);

impl World {
    fn strikes_on(&mut self, at: Ts, fault: Fault, asked: Option<VenueRequest>) -> Option<Stream> {
        let about = asked.as_ref().map_or(About::Question, About::request);
        let strike = self.faults.strikes(fault, about)?;
        self.injected(at, strike, asked.as_ref().and_then(instrument_of));
        Some(self.faults.shape(strike))
    }

    /// A signed request leaves.
    pub(super) fn fly(&mut self, at: Ts, ticket: Ticket, request: Box<SignedRequest>) {
        let Some(wire) = self.wire.as_ref() else { return };
        let asked = wire.desk.as_ref().and_then(|desk| desk.operation(ticket)).copied();
        if at < wire.unreachable_until {
            let due = at.plus(self.travel_time(at));
            return self.fails(due, ticket, TransportFailure::NotSent);
        }
        if let Some(mut shape) = self.strikes_on(at, Fault::RequestNotSent, asked) {
            let due = at.plus(shape.millis(1, 500));
            return self.fails(due, ticket, TransportFailure::NotSent);
        }
        let until = at.plus(TIME_OUT);
        if let Some(mut shape) = self.strikes_on(at, Fault::RequestLost, asked) {
            // The connection breaks, or nothing ever comes.
            let due = at.plus(shape.millis(200, 20_000)).min(until);
            return self.fails(due, ticket, TransportFailure::MaybeSent);
        }
        let mut arrives = at.plus(self.travel_time(at));
        if let Some(mut shape) = self.strikes_on(at, Fault::RequestLate, asked) {
            arrives = arrives.plus(shape.millis(200, LATE_MS_MAX));
        }
        let is_mute = arrives >= until;
        if is_mute {
            self.fails(until, ticket, TransportFailure::MaybeSent);
        }
        let flight = Flight { life: self.life, ticket, asked, request, until, is_mute, is_twin: false };
        // Under TLS nobody on the way can repeat a placement; the venue knows open orders alone by our id.
        let may_double = !matches!(flight.asked, Some(VenueRequest::Place(_)));
        if may_double && let Some(mut shape) = self.strikes_on(at, Fault::RequestDoubled, asked) {
            let again = arrives.plus(shape.millis(1, 1_500));
            self.departs(again, Flight { is_mute: true, is_twin: true, ..flight.clone() });
        }
        self.departs(arrives, flight);
    }

    fn departs(&mut self, arrives: Ts, flight: Flight) {
        if let Some(VenueRequest::Place(order)) = &flight.asked {
            self.truth.travels(order.order.id);
        }
        self.agenda.put(arrives, Happening::Wire(Event::Arrive(Box::new(flight))));
    }

    fn fails(&mut self, due: Ts, ticket: Ticket, failure: TransportFailure) {
        let event = Event::Reply { life: self.life, ticket, reply: Box::new(Err(failure)) };
        self.agenda.put(due, Happening::Wire(event));
    }

    /// A request arrives at the venue.
    pub(super) fn arrives(&mut self, at: Ts, flight: &Flight) {
        let place = match &flight.asked {
            Some(VenueRequest::Place(order)) => Some(*order),
            _ => None,
        };
        let is_down = self.wire.as_ref().is_none_or(|wire| at < wire.unreachable_until);
        let id = place.map(|order| order.order.id);
        let stopped = id.is_some_and(|id| self.wire.as_ref().is_some_and(|wire| wire.stopped.contains(&id)));
        if is_down || flight.is_twin && stopped {
            id.into_iter().for_each(|id| self.truth.vanished(id));
            return self.lost_on_the_way(at, flight);
        }
        let instead = if flight.is_twin { None } else { self.instead(at, flight, place.as_ref()) };
        let reply = match instead {
            Some(reply) => {
                id.into_iter().for_each(|id| self.truth.vanished(id));
                if let (Some(id), Some(wire)) = (id, self.wire.as_mut()) {
                    wire.stopped.insert(id);
                }
                Some(reply)
            }
            None => {
                id.into_iter().for_each(|id| self.truth.arrived(id));
                if let (Some(id), Some(wire)) = (id, self.wire.as_mut()) {
                    wire.stopped.remove(&id);
                }
                self.ask_box(at, flight)
            }
        };
        match reply {
            Some(reply) if !flight.is_mute => self.goes_back(at, flight, reply),
            Some(_) => {}
            None => self.lost_on_the_way(at, flight),
        }
    }

    fn lost_on_the_way(&mut self, at: Ts, flight: &Flight) {
        if !flight.is_mute && flight.life == self.life {
            self.fails(flight.until.max(at), flight.ticket, TransportFailure::MaybeSent);
        }
    }

    fn ask_box(&mut self, at: Ts, flight: &Flight) -> Option<HttpReply> {
        let SignedRequest { method, target, headers, body, .. } = &*flight.request;
        let request = HttpRequest {
            method: method.name().to_owned(),
            target: target.clone(),
            headers: headers.iter().map(|one| (one.name.to_lowercase(), one.value.clone())).collect(),
            body: body.clone().into_bytes(),
        };
        let boxed = self.venue.exchange.boxed()?;
        let clock = boxed.clock(at);
        let answer = boxed.testnet.request(clock, &request);
        self.hear_box(at);
        match answer {
            Answer::Reply { reply, .. } => Some(reply),
            Answer::Nothing { .. } => None,
        }
    }

    /// What somebody says instead of the venue, or the venue without doing anything.
    fn instead(&mut self, at: Ts, flight: &Flight, place: Option<&OrderRequest>) -> Option<HttpReply> {
        let (asked, time) = (flight.asked, at.plus(self.plan.skew));
        if let Some(mut shape) = self.strikes_on(at, Fault::RateLimited, asked) {
            return Some(words::too_many(shape.range(0, 3), time));
        }
        if self.strikes_on(at, Fault::NonceRejected, asked).is_some() {
            return Some(words::error("nonceBelowThreshold", time));
        }
        if let Some(mut shape) = self.strikes_on(at, Fault::ServerError, asked) {
            return Some(words::server_error(shape.range(0, 3)));
        }
        if let Some(order) = place {
            let refused = if order.kind.is_stop() { Fault::StopRefused } else { Fault::PlacementRefused };
            let shape = self.strikes_on(at, refused, asked);
            return shape.map(|mut shape| words::not_placed(shape.range(0, 5), time));
        }
        match asked {
            Some(VenueRequest::Place(_)) => None,
            Some(VenueRequest::Amend { .. }) => {
                self.strikes_on(at, Fault::AmendRefused, asked).map(|_| words::not_edited(time))
            }
            Some(VenueRequest::Cancel { .. }) => self
                .strikes_on(at, Fault::CancelRefused, asked)
                .map(|_| words::error("apiLimitExceeded", time)),
            Some(
                VenueRequest::QueryOrder { .. }
                | VenueRequest::QueryOpenOrders
                | VenueRequest::QueryPositions
                | VenueRequest::QueryBalance,
            )
            | None => self.instead_of_answer(at, flight),
        }
    }

    fn instead_of_answer(&mut self, at: Ts, flight: &Flight) -> Option<HttpReply> {
        let asked = flight.asked;
        if self.strikes_on(at, Fault::QueryFailed, asked).is_some() {
            return Some(words::error("Unavailable", at.plus(self.plan.skew)));
        }
        let stale = match asked {
            Some(VenueRequest::QueryOpenOrders | VenueRequest::QueryPositions) => Fault::QueryStale,
            Some(VenueRequest::QueryBalance) => Fault::BalanceStale,
            _ => return None,
        };
        let before = self.wire.as_ref().and_then(|wire| wire.answers.get(&flight.request.target)).cloned();
        before.filter(|_| self.strikes_on(at, stale, asked).is_some())
    }

    /// The reply travels back, if it does.
    fn goes_back(&mut self, at: Ts, flight: &Flight, mut reply: HttpReply) {
        let asked = flight.asked;
        let acts = asked.is_some_and(|asked| !crate::venue::is_question(&asked));
        let lost = if acts { Fault::ReplyLost } else { Fault::QueryTimedOut };
        if self.strikes_on(at, lost, asked).is_some() {
            return self.lost_on_the_way(at, flight);
        }
        if !acts && reply.status == 200 {
            reply = self.falsified(at, flight, reply);
        }
        if let Some(mut shape) = self.strikes_on(at, Fault::GatewayError, asked) {
            reply = words::server_error(shape.range(1, 3));
        }
        if let Some(mut shape) = self.strikes_on(at, Fault::ReplyGarbled, asked) {
            reply = words::garbled(shape.range(0, 2), reply);
        }
        let due = at.plus(self.travel_time(at));
        if due >= flight.until {
            return self.lost_on_the_way(at, flight);
        }
        let retry_after_s = reply
            .headers
            .iter()
            .find(|(name, _)| ["retry-after", "rate-limit-reset"].contains(name))
            .and_then(|(_, value)| value.parse().ok());
        let response =
            Response { status: reply.status, retry_after_s, body: reply.body.into_bytes(), received_at: due };
        if flight.life == self.life {
            let event =
                Event::Reply { life: flight.life, ticket: flight.ticket, reply: Box::new(Ok(response)) };
            self.agenda.put(due, Happening::Wire(event));
        }
    }

    /// A true answer, kept for a replica that is behind; or one that is not.
    fn falsified(&mut self, at: Ts, flight: &Flight, reply: HttpReply) -> HttpReply {
        let asked = flight.asked;
        if self.strikes_on(at, Fault::QueryTruncated, asked).is_some() {
            return words::garbled(0, reply);
        }
        let Some(wire) = self.wire.as_mut() else { return reply };
        match asked {
            Some(VenueRequest::QueryOpenOrders) => {
                let strike = self.faults.strikes(Fault::QueryEmpty, About::AskOrders);
                let empty = strike.filter(|_| !wire.emptied).zip(words::emptied(&reply));
                wire.emptied = empty.is_some();
                wire.answers.insert(flight.request.target.clone(), reply.clone());
                if let Some((strike, empty)) = empty {
                    self.injected(at, strike, None);
                    return empty;
                }
            }
            Some(VenueRequest::QueryPositions | VenueRequest::QueryBalance) => {
                wire.answers.insert(flight.request.target.clone(), reply.clone());
            }
            _ => {}
        }
        reply
    }

    /// Nobody at the venue listens for a while, and every connection breaks.
    pub(crate) fn goes_down(&mut self, at: Ts, length: Span) -> bool {
        let Some(wire) = self.wire.as_mut() else { return false };
        wire.unreachable_until = at.plus(length);
        self.breaks_all(at, "the venue is gone");
        // From its end on the clock of those who wait begins.
        let ends = at.plus(length);
        for id in (0..).map(InstrumentId).take(self.venue.instruments.len()) {
            self.truth.disturb(ends, Some(id));
        }
        true
    }
}
