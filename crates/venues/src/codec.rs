//! The seam: a [`Codec`] turns the engine's requests into a venue's and its answers back; an [`Adapter`]
//! carries each request through as many steps as the venue needs.
//!
//! One request of the engine is one [`Operation`]. Most end with one answer. A question about an order may
//! need several (open orders, then history; two lists where a venue keeps two), and only all of them together
//! prove an absence. Invariants: every operation ends with exactly one [`Outcome`]; a step that fails makes
//! the whole report a failed one; a placement is encoded once and never again.

use std::collections::BTreeMap;

use seawall_model::{
    Coverage, Input, OrderRef, OrderRole, Report, SubmitOutcome, Ts, VenueEvent, VenueOrder, VenueRequest,
};

use crate::error::VenueError;
use crate::http::{Lane, Reply, Request, SignedRequest};
use crate::market::Markets;
use crate::orders::OrderIndex;
use crate::outcome::{Advice, Certainty, Failure, Notice, Outcome, Problem};
use crate::profile::Profile;
use crate::query::{Answer, Query};
use crate::secret::Credentials;

/// What a codec translates with.
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a> {
    /// The markets of the run.
    pub markets: &'a Markets,
    /// Our orders.
    pub orders: &'a OrderIndex,
}

/// One request of the engine on its way through a venue.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What the engine asked for.
    pub request: VenueRequest,
    /// Which part of it comes next, from 0.
    pub step: u8,
    /// Requests made for it so far.
    pub requests: u8,
    /// When the request of this step was made: a picture in its answer is not older.
    pub sent_at: Ts,
    /// Where the next page of the step begins, in the venue's words.
    pub page: Option<String>,
    /// Rows of orders gathered in earlier steps.
    pub rows: Vec<VenueOrder>,
    /// What earlier steps noticed.
    pub notices: Vec<Notice>,
    /// When the oldest picture among the steps was taken.
    pub taken_at: Option<Ts>,
}

/// Requests that one operation may take; beyond it the report is a failed one.
pub const REQUESTS_MAX: u8 = 12;

impl Operation {
    /// A new one.
    #[must_use]
    pub fn new(request: VenueRequest) -> Self {
        Operation {
            request,
            step: 0,
            requests: 0,
            sent_at: Ts::EPOCH,
            page: None,
            rows: Vec::new(),
            notices: Vec::new(),
            taken_at: None,
        }
    }

    /// A picture of the venue taken at `at` is part of the report, which is as old as its oldest part.
    pub fn picture(&mut self, at: Ts) {
        self.taken_at = Some(self.taken_at.map_or(at, |earlier| earlier.min(at)));
    }
}

/// What an answer leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// The operation has changed its step or page: encode the next request.
    Next,
    /// It has ended.
    Ended(Outcome),
}

/// A venue's protocol: pure translation.
pub trait Codec {
    /// What the venue can do.
    fn profile(&self) -> &'static Profile;

    /// The request of the operation's current step.
    ///
    /// # Errors
    /// [`VenueError`] where it cannot be made; nothing has been sent then.
    fn encode(&self, at: Ts, operation: &Operation, tables: Tables<'_>) -> Result<Request, VenueError>;

    /// What the answer to the operation's current step means.
    fn decode(&self, operation: &mut Operation, reply: &Reply, tables: Tables<'_>) -> Progress;

    /// The request for a question.
    ///
    /// # Errors
    /// [`VenueError::NotSupported`] where the venue has no such thing.
    fn ask(&self, at: Ts, query: &Query, markets: &Markets) -> Result<Request, VenueError>;

    /// What the answer to a question means.
    ///
    /// # Errors
    /// The failure with its certainty.
    fn answer(&self, query: &Query, reply: &Reply, tables: Tables<'_>) -> Result<Answer, Failure>;

    /// The bytes that go out. `nonce` is used by venues and requests that need one.
    ///
    /// # Errors
    /// [`VenueError::NoCredentials`] for a request that must be signed when there is nothing to sign with.
    fn sign(
        &self,
        request: &Request,
        credentials: Option<&Credentials>,
        nonce: u64,
    ) -> Result<SignedRequest, VenueError>;
}

/// The lane of an engine's request: protection and cancellation first, questions after trade.
#[must_use]
pub fn lane(request: &VenueRequest, orders: &OrderIndex) -> Lane {
    let by_role = |role: OrderRole| match role {
        OrderRole::Stop | OrderRole::Emergency => Lane::Protect,
        OrderRole::Exit | OrderRole::Target(_) => Lane::Exit,
        OrderRole::Entry => Lane::Entry,
    };
    match request {
        VenueRequest::Place(request) => by_role(request.role),
        // A change of an order that we know nothing of may be one of a stop.
        VenueRequest::Amend { order, .. } => {
            orders.get(order.id).and_then(|known| known.role).map_or(Lane::Protect, by_role)
        }
        VenueRequest::Cancel { .. } => Lane::Cancel,
        VenueRequest::QueryOrder { .. }
        | VenueRequest::QueryOpenOrders
        | VenueRequest::QueryPositions
        | VenueRequest::QueryBalance => Lane::Reconcile,
    }
}

/// What the engine is told when a request of its could not be sent, or failed with this certainty.
#[must_use]
pub fn told(request: &VenueRequest, failure: &Failure, taken_at: Ts) -> Vec<Input> {
    let venue = |event: VenueEvent| vec![Input::Venue(event)];
    fn failed<T>(taken_at: Ts) -> Report<T> {
        Report { coverage: Coverage::Failed, taken_at, rows: Vec::new() }
    }
    match (request, failure.certainty) {
        (VenueRequest::Place(request), Certainty::NotDone) => match failure.problem {
            Problem::Rejected(reason) => venue(VenueEvent::Rejected { order: request.order, reason }),
            Problem::RateLimited | Problem::Lockout => venue(VenueEvent::Rejected {
                order: request.order,
                reason: seawall_model::RejectReason::RateLimited,
            }),
            Problem::Transport => submission(request.order, SubmitOutcome::NotSent),
            Problem::WrongKey
            | Problem::WrongSignature
            | Problem::Refused
            | Problem::MissingPermission
            | Problem::Account
            | Problem::ClockSkew
            | Problem::Nonce
            | Problem::BadRequest
            | Problem::Unavailable
            | Problem::Unreadable
            | Problem::Unlisted => venue(VenueEvent::Rejected {
                order: request.order,
                reason: seawall_model::RejectReason::Other,
            }),
        },
        (VenueRequest::Place(request), Certainty::Unknown | Certainty::Done) => {
            submission(request.order, SubmitOutcome::Unknown)
        }
        (VenueRequest::Amend { order, .. }, Certainty::NotDone) => {
            venue(VenueEvent::AmendRejected { order: *order, reason: reason(failure) })
        }
        (VenueRequest::Cancel { order }, Certainty::NotDone) => {
            venue(VenueEvent::CancelRejected { order: *order, reason: reason(failure) })
        }
        // The engine has a deadline for these and asks or repeats by itself.
        (VenueRequest::Amend { .. } | VenueRequest::Cancel { .. }, Certainty::Unknown | Certainty::Done) => {
            Vec::new()
        }
        (VenueRequest::QueryOrder { order }, _) => {
            venue(VenueEvent::Order { order: *order, report: failed(taken_at) })
        }
        (VenueRequest::QueryOpenOrders, _) => venue(VenueEvent::OpenOrders(failed(taken_at))),
        (VenueRequest::QueryPositions, _) => venue(VenueEvent::Positions(failed(taken_at))),
        (VenueRequest::QueryBalance, _) => {
            venue(VenueEvent::Balance { coverage: Coverage::Failed, amount: seawall_model::Money::ZERO })
        }
    }
}

fn submission(order: OrderRef, outcome: SubmitOutcome) -> Vec<Input> {
    vec![Input::Submission { order, outcome }]
}

fn reason(failure: &Failure) -> seawall_model::RejectReason {
    match failure.problem {
        Problem::Rejected(reason) => reason,
        Problem::RateLimited | Problem::Lockout => seawall_model::RejectReason::RateLimited,
        Problem::WrongKey
        | Problem::WrongSignature
        | Problem::Refused
        | Problem::MissingPermission
        | Problem::Account
        | Problem::ClockSkew
        | Problem::Nonce
        | Problem::BadRequest
        | Problem::Unavailable
        | Problem::Transport
        | Problem::Unreadable
        | Problem::Unlisted => seawall_model::RejectReason::Other,
    }
}

/// Names an operation between its requests and their answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What an adapter wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Dispatch {
    /// Send this request and bring its one answer back under the ticket.
    Send(Ticket, Box<Request>),
    /// The operation has ended.
    Ended(Outcome),
}

/// Operations on their way at once. Beyond it only what protects, reduces or cancels is taken, and the three
/// reports of the account, of which there is one of each.
pub const OPERATIONS_MAX: usize = 256;
/// Questions about single orders on their way at once: after an outage there may be many, venues answer few
/// of them in a minute, and they may not stand in the way of anything else.
pub const ORDER_QUESTIONS_MAX: usize = 64;

/// A codec with what it must remember: markets, our orders, operations on their way.
#[derive(Debug, Clone)]
pub struct Adapter<C> {
    codec: C,
    markets: Markets,
    orders: OrderIndex,
    operations: BTreeMap<Ticket, Operation>,
    next_ticket: u64,
}

impl<C: Codec> Adapter<C> {
    /// An adapter for the markets of a run.
    #[must_use]
    pub fn new(codec: C, markets: Markets) -> Self {
        Adapter { codec, markets, orders: OrderIndex::default(), operations: BTreeMap::new(), next_ticket: 1 }
    }

    /// The codec.
    pub fn codec(&self) -> &C {
        &self.codec
    }

    /// The markets.
    pub fn markets(&self) -> &Markets {
        &self.markets
    }

    /// Instruments were listed again: specifications changed, markets came or went.
    pub fn set_markets(&mut self, markets: Markets) {
        self.markets = markets;
    }

    /// Our orders, which the stream of the account teaches too.
    pub fn orders(&self) -> &OrderIndex {
        &self.orders
    }

    /// What codec and stream translate with.
    pub fn orders_mut(&mut self) -> (&Markets, &mut OrderIndex) {
        (&self.markets, &mut self.orders)
    }

    /// Takes a request of the engine. Where an outcome is [`Certainty::NotDone`] and its advice is
    /// [`Advice::Again`], the caller may give the same request again instead of telling the engine: the venue
    /// has said that nothing was done, so not even a placement happens twice.
    pub fn send(&mut self, at: Ts, request: VenueRequest) -> Dispatch {
        if self.is_asked(&request) {
            // The answer that is on its way answers this one as well.
            return Dispatch::Ended(Outcome::done(Vec::new()));
        }
        if let Some((what, bound)) = self.full(&request) {
            return Dispatch::Ended(refused(at, &request, &VenueError::Full { what, bound }));
        }
        if let VenueRequest::Place(order) = &request {
            self.orders.placed(at, order);
        }
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.encode(at, ticket, Operation::new(request))
    }

    /// Whether the same question about an order is on its way.
    fn is_asked(&self, request: &VenueRequest) -> bool {
        let is_question = matches!(request, VenueRequest::QueryOrder { .. });
        is_question && self.operations.values().any(|operation| operation.request == *request)
    }

    /// The bound that a request would go beyond.
    fn full(&self, request: &VenueRequest) -> Option<(&'static str, usize)> {
        match request {
            VenueRequest::QueryOrder { .. } => {
                let is_question = |one: &&Operation| matches!(one.request, VenueRequest::QueryOrder { .. });
                let asked = self.operations.values().filter(is_question).count();
                let full = asked >= ORDER_QUESTIONS_MAX;
                full.then_some(("questions about orders on their way", ORDER_QUESTIONS_MAX))
            }
            VenueRequest::QueryOpenOrders | VenueRequest::QueryPositions | VenueRequest::QueryBalance => None,
            VenueRequest::Place(_) | VenueRequest::Amend { .. } | VenueRequest::Cancel { .. } => {
                let is_urgent = lane(request, &self.orders) <= Lane::Exit;
                let full = self.operations.len() >= OPERATIONS_MAX && !is_urgent;
                full.then_some(("operations on their way", OPERATIONS_MAX))
            }
        }
    }

    /// Takes the one answer to a request. `None` for a ticket that is not on its way.
    pub fn on_reply(&mut self, ticket: Ticket, at: Ts, reply: &Reply) -> Option<Dispatch> {
        let mut operation = self.operations.remove(&ticket)?;
        let tables = Tables { markets: &self.markets, orders: &self.orders };
        Some(match self.codec.decode(&mut operation, reply, tables) {
            Progress::Next if operation.requests >= REQUESTS_MAX => {
                let failure =
                    Failure::new(Certainty::NotDone, Advice::Again, Problem::Unreadable, "too many pages");
                Dispatch::Ended(Outcome::failed(failure.clone(), told(&operation.request, &failure, at)))
            }
            Progress::Next => self.encode(at, ticket, operation),
            Progress::Ended(outcome) => {
                self.learn(&operation.request, &outcome);
                Dispatch::Ended(outcome)
            }
        })
    }

    fn encode(&mut self, at: Ts, ticket: Ticket, mut operation: Operation) -> Dispatch {
        operation.requests = operation.requests.saturating_add(1);
        operation.sent_at = at;
        let tables = Tables { markets: &self.markets, orders: &self.orders };
        match self.codec.encode(at, &operation, tables) {
            Ok(mut request) => {
                request.lane = lane(&operation.request, &self.orders);
                self.operations.insert(ticket, operation);
                Dispatch::Send(ticket, Box::new(request))
            }
            Err(error) => Dispatch::Ended(refused(at, &operation.request, &error)),
        }
    }

    /// What the outcome teaches about our orders.
    fn learn(&mut self, request: &VenueRequest, outcome: &Outcome) {
        for input in &outcome.inputs {
            let Input::Venue(event) = input else { continue };
            learn(&mut self.orders, event);
        }
        if let (VenueRequest::Amend { order, qty, kind }, Certainty::Done) = (request, outcome.certainty) {
            self.orders.amended(order.id, *qty, *kind);
        }
    }
}

/// Takes over what an event says about our orders.
pub(crate) fn learn(orders: &mut OrderIndex, event: &VenueEvent) {
    match event {
        VenueEvent::Accepted { order, venue_order_id } => {
            orders.learn_id(order.id, crate::orders::IdSpace::Orders, *venue_order_id);
        }
        VenueEvent::Rejected { order, reason } => {
            if *reason != seawall_model::RejectReason::DuplicateId {
                orders.end(order.id);
            }
        }
        VenueEvent::Cancelled { order, .. } => orders.end(order.id),
        VenueEvent::Filled(fill) => {
            if let Some(order) = fill.order {
                orders.filled(order.id, fill.qty);
            }
        }
        VenueEvent::Order { report, .. } | VenueEvent::OpenOrders(report) => {
            for row in &report.rows {
                orders.learn_row(row);
            }
        }
        VenueEvent::Amended { order, qty, kind } => orders.amended(order.id, *qty, *kind),
        VenueEvent::Triggered { .. }
        | VenueEvent::CancelRejected { .. }
        | VenueEvent::AmendRejected { .. }
        | VenueEvent::Funding { .. }
        | VenueEvent::Stream { .. }
        | VenueEvent::Booked(_)
        | VenueEvent::Elsewhere(_)
        | VenueEvent::Positions(_)
        | VenueEvent::Balance { .. } => {}
    }
}

/// A request that never left: what the venue does not have is refused like the venue would, everything else
/// is proven not to have been sent.
fn refused(at: Ts, request: &VenueRequest, error: &VenueError) -> Outcome {
    let problem = match error {
        VenueError::NotSupported { .. } => Problem::Rejected(seawall_model::RejectReason::NotSupported),
        VenueError::UnknownSymbol { .. } => Problem::Rejected(seawall_model::RejectReason::MarketClosed),
        VenueError::SecretText { .. }
        | VenueError::Payload { .. }
        | VenueError::HostNotConfigured { .. }
        | VenueError::NoCredentials { .. }
        | VenueError::Full { .. }
        | VenueError::Ambiguous { .. } => Problem::Transport,
    };
    let failure = Failure::new(Certainty::NotDone, Advice::Terminal, problem, &error.to_string());
    Outcome::failed(failure.clone(), told(request, &failure, at))
}
