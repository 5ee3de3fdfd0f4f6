//! The way between process and venue: what is lost, late, doubled or overtaken on it.

use seawall_model::{Input, RejectReason, Span, SubmitOutcome, Ts, VenueEvent, VenueRequest};

use crate::faults::Fault;
use crate::random::{Purpose, Stream};
use crate::strikes::{About, Strike};
use crate::swarm::LATE_MS_MAX;
use crate::venue::{Said, failed, is_question};
use crate::world::{Happening, World};

/// After this the transport gives a request up.
const TIME_OUT_MS: (i64, i64) = (4_000, 10_000);

impl World {
    /// How long a message travels that leaves at `at`: whatever else travels, two worlds that do the same at
    /// a time go on alike.
    pub(crate) fn travel_time(&mut self, at: Ts) -> Span {
        let (low, high) = self.plan.latency_ms;
        let number = if self.departed.0 == at { self.departed.1 + 1 } else { 0 };
        self.departed = (at, number);
        Stream::new(self.seed, Purpose::Latency(at, number)).millis(low, high)
    }

    /// A fault strikes on the way of a message about one instrument, or about the account.
    fn hits(&mut self, at: Ts, fault: Fault, request: &VenueRequest) -> Option<Strike> {
        let hit = self.faults.strikes(fault, About::request(request))?;
        self.injected(at, hit, instrument_of(request));
        Some(hit)
    }

    /// A request leaves, which was decided at `decided_at`.
    pub(crate) fn send(&mut self, at: Ts, decided_at: Ts, request: VenueRequest) {
        self.truth.sent(&request);
        if let Some(wire) = self.wire.as_mut() {
            wire.desk.iter_mut().for_each(|desk| desk.operate(at, decided_at, request));
            return;
        }
        let question = is_question(&request);
        self.leaves(at, &request);
        if at < self.banned_until {
            let due = at.plus(self.travel_time(at)).plus(self.travel_time(at));
            self.tell_not_done(due, &request);
            return;
        }
        if let Some(strike) = self.hits(at, Fault::RequestNotSent, &request) {
            let pause = self.faults.shape(strike).millis(1, 500);
            self.tell_not_done(at.plus(pause), &request);
            return;
        }
        if let Some(strike) = self.hits(at, Fault::RequestLost, &request) {
            self.tell_timed_out(at, strike, &request);
            return;
        }
        let mut arrives = at.plus(self.travel_time(at));
        if let Some(strike) = self.hits(at, Fault::RequestLate, &request) {
            arrives = arrives.plus(self.faults.shape(strike).millis(200, LATE_MS_MAX));
        }
        if question {
            self.depart(arrives, request);
            return;
        }
        if let Some(strike) = self.hits(at, Fault::ActedLate, &request) {
            let mut shape = self.faults.shape(strike);
            arrives = at.plus(shape.millis(1_000, LATE_MS_MAX));
            self.tell_unknown(at.plus(shape.millis(50, 1_000)), &request);
        }
        // A placement bears the time until which the venue may take it, counted from the decision.
        let (_, slowest) = self.plan.latency_ms;
        let latest = decided_at.plus(Span::from_millis(LATE_MS_MAX + slowest));
        if arrives > latest && matches!(request, VenueRequest::Place(_)) {
            self.tell_unknown(arrives, &request);
            return;
        }
        self.depart(arrives, request);
        if let Some(strike) = self.hits(at, Fault::RequestDoubled, &request) {
            let again = arrives.plus(self.faults.shape(strike).millis(1, 1_500));
            self.depart(again, request);
        }
    }

    fn depart(&mut self, arrives: Ts, request: VenueRequest) {
        if let VenueRequest::Place(order) = &request {
            self.truth.travels(order.order.id);
        }
        self.agenda.put(arrives, Happening::Arrive(request));
    }

    /// A request arrives at the venue, and what it says about it travels back.
    pub(crate) fn arrive(&mut self, at: Ts, request: VenueRequest) {
        if let VenueRequest::Place(order) = &request {
            self.truth.arrived(order.order.id);
            let id = order.order.id;
            if let Some(strike) = self.hits(at, Fault::RefusedUnknown, &request) {
                let pause = self.faults.shape(strike).millis(10, 1_000);
                self.venue.refuse(id);
                self.tell_unknown(at.plus(pause), &request);
                return;
            }
        }
        let World { venue, faults, truth, .. } = self;
        if let Some(strike) = venue.arrive(at, request, faults, truth) {
            self.injected(at, strike, instrument_of(&request));
        }
        self.forward(at, Some(&request));
    }

    /// What the venue has said travels to the process.
    pub(crate) fn forward(&mut self, at: Ts, request: Option<&VenueRequest>) {
        if self.wire.is_some() {
            return self.hear_box(at);
        }
        for said in self.venue.take_said() {
            match (said, request) {
                (Said::Reply(event), Some(request)) => self.reply(at, request, event),
                (Said::Reply(event), None) | (Said::Stream(event), _) => self.publish(at, event),
            }
        }
    }

    fn reply(&mut self, at: Ts, request: &VenueRequest, event: VenueEvent) {
        if is_question(request) {
            if let Some(strike) = self.hits(at, Fault::QueryTimedOut, request) {
                self.tell_timed_out(at, strike, request);
                return;
            }
        } else {
            // An acceptance is told by the stream as well, by most venues.
            if matches!(event, VenueEvent::Accepted { .. }) && self.plan.accepts_twice {
                self.publish(at, event.clone());
            }
            if let Some(strike) = self.hits(at, Fault::ReplyLost, request) {
                self.tell_timed_out(at, strike, request);
                return;
            }
        }
        let mut due = at.plus(self.travel_time(at));
        if !is_question(request)
            && let Some(strike) = self.hits(at, Fault::ReplyLate, request)
        {
            due = due.plus(self.faults.shape(strike).millis(100, 4_000));
        }
        self.answer(due, Input::Venue(event));
    }

    fn answer(&mut self, due: Ts, input: Input) {
        self.agenda.put(due, Happening::Reply { life: self.life, input: Box::new(input) });
    }

    /// A message of the stream: in order, unless it is late.
    pub(crate) fn publish(&mut self, at: Ts, event: VenueEvent) {
        let (instrument, about) = (about(&event), About::event(&event));
        if self.stalled || !self.connected || self.wire.is_some() {
            return;
        }
        if let Some(strike) = self.faults.strikes(Fault::EventLost, about) {
            self.injected(at, strike, instrument);
            return;
        }
        let mut due = at.plus(self.travel_time(at)).max(self.stream_until);
        if let Some(strike) = self.faults.strikes(Fault::EventLate, about) {
            self.injected(at, strike, instrument);
            due = due.plus(self.faults.shape(strike).millis(50, 4_000));
        } else {
            self.stream_until = due;
        }
        if let Some(strike) = self.faults.strikes(Fault::EventDoubled, about) {
            self.injected(at, strike, instrument);
            let again = due.plus(self.faults.shape(strike).millis(0, 2_000));
            let event = Box::new(event.clone());
            self.agenda.put(again, Happening::Stream { connection: self.connection, event });
        }
        self.agenda.put(due, Happening::Stream { connection: self.connection, event: Box::new(event) });
    }

    /// The transport proves that nothing was done.
    fn tell_not_done(&mut self, due: Ts, request: &VenueRequest) {
        let input = match request {
            VenueRequest::Place(order) => {
                Some(Input::Submission { order: order.order, outcome: SubmitOutcome::NotSent })
            }
            VenueRequest::Amend { order, .. } => {
                let reason = RejectReason::Other;
                Some(Input::Venue(VenueEvent::AmendRejected { order: *order, reason }))
            }
            VenueRequest::Cancel { order } => {
                let reason = RejectReason::Other;
                Some(Input::Venue(VenueEvent::CancelRejected { order: *order, reason }))
            }
            VenueRequest::QueryOrder { .. }
            | VenueRequest::QueryOpenOrders
            | VenueRequest::QueryPositions
            | VenueRequest::QueryBalance => failed(request, due.plus(self.plan.skew)).map(Input::Venue),
        };
        if let Some(input) = input {
            self.answer(due, input);
        }
    }

    /// The transport cannot say what became of a placement.
    fn tell_unknown(&mut self, due: Ts, request: &VenueRequest) {
        if let VenueRequest::Place(order) = request {
            let outcome = SubmitOutcome::Unknown;
            self.answer(due, Input::Submission { order: order.order, outcome });
        }
    }

    /// The transport has heard nothing: it says so for a placement or a question, and the engine has
    /// deadlines of its own for the rest. Sometimes it says nothing at all.
    fn tell_timed_out(&mut self, at: Ts, strike: Strike, request: &VenueRequest) {
        let (low, high) = TIME_OUT_MS;
        let mut shape = self.faults.shape(strike);
        let due = at.plus(shape.millis(low, high));
        let silent = shape.chance(300_000);
        let input = match request {
            VenueRequest::Place(_) if silent => None,
            VenueRequest::Place(order) => {
                Some(Input::Submission { order: order.order, outcome: SubmitOutcome::Unknown })
            }
            VenueRequest::Amend { .. } | VenueRequest::Cancel { .. } => None,
            VenueRequest::QueryOrder { .. }
            | VenueRequest::QueryOpenOrders
            | VenueRequest::QueryPositions
            | VenueRequest::QueryBalance => failed(request, due.plus(self.plan.skew)).map(Input::Venue),
        };
        if let Some(input) = input {
            self.answer(due, input);
        }
    }
}

pub(crate) fn instrument_of(request: &VenueRequest) -> Option<seawall_model::InstrumentId> {
    match request {
        VenueRequest::Place(request) => Some(request.order.instrument),
        VenueRequest::Amend { order, .. }
        | VenueRequest::Cancel { order }
        | VenueRequest::QueryOrder { order } => Some(order.instrument),
        VenueRequest::QueryOpenOrders | VenueRequest::QueryPositions | VenueRequest::QueryBalance => None,
    }
}

fn about(event: &VenueEvent) -> Option<seawall_model::InstrumentId> {
    match event {
        VenueEvent::Accepted { order, .. }
        | VenueEvent::Rejected { order, .. }
        | VenueEvent::Triggered { order }
        | VenueEvent::Cancelled { order, .. }
        | VenueEvent::CancelRejected { order, .. }
        | VenueEvent::Amended { order, .. }
        | VenueEvent::AmendRejected { order, .. }
        | VenueEvent::Order { order, .. } => Some(order.instrument),
        VenueEvent::Filled(fill) => Some(fill.instrument),
        VenueEvent::Funding { instrument, .. } => Some(*instrument),
        VenueEvent::OpenOrders(_)
        | VenueEvent::Positions(_)
        | VenueEvent::Balance { .. }
        | VenueEvent::Stream { .. }
        | VenueEvent::Booked(_)
        | VenueEvent::Elsewhere(_) => None,
    }
}
