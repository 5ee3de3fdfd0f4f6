//! Everything that speaks with one venue, without a socket: its [`Adapter`], its [`Outbox`], its sessions,
//! and which request, question and connection each thing that comes back belongs to.
//!
//! A carrier tells a desk what it was asked for and what happened, with the time, and carries out its
//! [`Effect`]s in order: a runtime with sockets in a live run, a simulated network in a storm. Invariants:
//! each request that flies gets exactly one reply from the carrier; what a session commands is in the queue
//! before the next event is taken in; effects are in the order in which things happened. A request that the
//! venue says it has not done, and that may be given again, is given again at most [`AGAIN_MAX`] times within
//! seconds (well within the venue's acceptance horizon), and the engine is told of the last outcome alone.

use std::collections::{BTreeMap, VecDeque};

use seawall_model::{Span, Ts, VenueRequest};

use crate::budget::{Budget, PoolReading};
use crate::codec::{Adapter, Codec, Dispatch, Tables, Ticket};
use crate::http::{Host, Lane, Reply, Request, SignedRequest, TransportFailure};
use crate::market::Markets;
use crate::outbox::{Leaving, Outbox};
use crate::outcome::{Advice, Certainty, Failure, Notice, Outcome, Problem};
use crate::query::{Answer, Query};
use crate::registry::Venue;
use crate::secret::Credentials;
use crate::session::{Command, News, Outgoing, Scope, Session};

/// How often a request that was proven not to have been done is given again.
pub const AGAIN_MAX: u8 = 2;
/// The pause before that.
const AGAIN_PAUSE: Span = Span::from_millis(250);
/// Tickets from here on are questions; the adapter counts from one.
const FIRST_QUESTION: u64 = 1 << 63;

/// What the carrier has to do or to hand on.
#[derive(Debug)]
pub enum Effect {
    /// Send this and bring its one reply to [`Desk::replied`].
    Fly(Ticket, Box<SignedRequest>),
    /// Open a connection; everything of it is told under this attempt, and of earlier ones no more.
    Connect {
        /// Which session, in the order in which they were given.
        session: usize,
        /// Counts the connections of the session.
        attempt: u64,
        /// Where to.
        host: Host,
    },
    /// Write a text on that connection, if it is there.
    Write {
        /// Which session.
        session: usize,
        /// Which of its connections.
        attempt: u64,
        /// What.
        text: Outgoing,
    },
    /// Send a ping of the WebSocket protocol on that connection, if it is there.
    Ping {
        /// Which session.
        session: usize,
        /// Which of its connections.
        attempt: u64,
    },
    /// Let go of the session's connection.
    Close {
        /// Which session.
        session: usize,
    },
    /// From a session, or the outcome of a request of the engine ([`News::Engine`]).
    News(News),
    /// A request of the engine failed; what the engine is told of it comes by itself.
    Failed {
        /// What was asked for.
        request: Box<VenueRequest>,
        /// How it failed.
        failure: Failure,
    },
    /// A connection ended, or could not be opened.
    Disconnected {
        /// Which session.
        session: usize,
        /// Why.
        reason: String,
    },
    /// The answer to [`Desk::ask`].
    Answered {
        /// As it was given.
        token: u64,
        /// The answer, or the failure with its certainty.
        answer: Box<Result<Answer, Failure>>,
    },
}

/// What happened on a connection.
#[derive(Debug)]
pub enum Happened<'a> {
    /// It is open.
    Opened,
    /// A text came.
    Text(&'a str),
    /// A pong, or a ping of the venue's: a sign of life.
    Pong,
    /// It is closed, or could not be opened.
    Closed(String),
}

/// Who asked.
#[derive(Debug, Clone, Copy)]
enum Asker {
    Session(usize),
    Outside(u64),
}

/// A session with the number of its connection.
struct Line {
    session: Box<dyn Session + Send>,
    /// Events of earlier attempts are old news.
    attempt: u64,
}

/// The state of everything that speaks with one venue.
pub struct Desk {
    venue: Venue,
    adapter: Adapter<Venue>,
    outbox: Outbox,
    lines: Vec<Line>,
    /// Requests that were given to the outbox and have no reply yet.
    flights: BTreeMap<Ticket, Box<Request>>,
    /// Requests that were not sent.
    unsent: VecDeque<Ticket>,
    /// The engine's requests on their way.
    operations: BTreeMap<Ticket, Meant>,
    questions: BTreeMap<Ticket, (Query, Asker)>,
    asked: u64,
    again: VecDeque<(Ts, Meant)>,
    /// The budget lets nothing more leave before this.
    wait_until: Option<Ts>,
    effects: VecDeque<Effect>,
}

impl Desk {
    /// A desk for the `markets` of a run. Without `credentials` only public data can be had.
    #[must_use]
    pub fn new(
        venue: Venue,
        markets: Markets,
        credentials: Option<Credentials>,
        sessions: Vec<Box<dyn Session + Send>>,
    ) -> Self {
        Desk {
            venue,
            adapter: Adapter::new(venue, markets),
            outbox: Outbox::new(Budget::new(venue.pools()), credentials),
            lines: sessions.into_iter().map(|session| Line { session, attempt: 0 }).collect(),
            flights: BTreeMap::new(),
            unsent: VecDeque::new(),
            operations: BTreeMap::new(),
            questions: BTreeMap::new(),
            asked: 0,
            again: VecDeque::new(),
            wait_until: None,
            effects: VecDeque::new(),
        }
    }

    /// The next thing to do or to hand on. The carrier takes all of them after each call.
    pub fn effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The request of the engine that a ticket belongs to; a question has none.
    #[must_use]
    pub fn operation(&self, ticket: Ticket) -> Option<&VenueRequest> {
        self.operations.get(&ticket).map(|meant| &meant.request)
    }

    /// How many requests wait for the budget in a lane.
    #[must_use]
    pub fn waiting(&self, lane: Lane) -> usize {
        self.outbox.waiting(lane)
    }

    /// What is used of the venue's pools at `at`.
    pub fn budget(&mut self, at: Ts) -> impl Iterator<Item = PoolReading> {
        self.outbox.budget(at)
    }

    /// When [`Self::on_time`] should be called next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Ts> {
        let sessions = self.lines.iter().filter_map(|line| line.session.next_deadline());
        let again = self.again.iter().map(|(at, _)| *at);
        sessions.chain(again).chain(self.wait_until).min()
    }

    /// Everything that is due by the clock alone.
    pub fn on_time(&mut self, at: Ts) {
        while let Some((_, meant)) = self.again.pop_front_if(|(due, _)| *due <= at) {
            self.send(at, meant);
        }
        for index in 0..self.lines.len() {
            let Some(line) = self.lines.get_mut(index) else { continue };
            if line.session.next_deadline().is_some_and(|due| due <= at) {
                let (markets, orders) = self.adapter.orders_mut();
                line.session.on_time(at, &mut Scope { markets, orders });
            }
            self.drain(at, index);
        }
        self.settle(at);
    }

    /// The engine asks for something, and decided so at `decided_at`: from there on counts what the venue is
    /// told of how long it may take a placement, whatever kept the request since.
    pub fn operate(&mut self, at: Ts, decided_at: Ts, request: VenueRequest) {
        self.send(at, Meant { request, decided_at, times: 0 });
        self.settle(at);
    }

    /// A question from outside; its answer comes under `token`.
    pub fn ask(&mut self, at: Ts, query: Query, token: u64) {
        self.question(at, query, Asker::Outside(token));
        self.settle(at);
    }

    /// Instruments were listed again.
    pub fn set_markets(&mut self, markets: Markets) {
        self.adapter.set_markets(markets);
    }

    /// The one reply to a request that flew.
    pub fn replied(&mut self, at: Ts, ticket: Ticket, reply: &Reply) {
        self.on_reply(at, ticket, reply);
        self.settle(at);
    }

    /// Something happened on a connection.
    pub fn socket(&mut self, at: Ts, session: usize, attempt: u64, happened: Happened<'_>) {
        let Some(line) = self.lines.get_mut(session) else { return };
        if line.attempt != attempt {
            return;
        }
        let (markets, orders) = self.adapter.orders_mut();
        match happened {
            Happened::Opened => line.session.on_open(at),
            Happened::Text(text) => line.session.on_text(at, text, &mut Scope { markets, orders }),
            Happened::Pong => line.session.on_pong(at),
            Happened::Closed(reason) => {
                line.attempt += 1;
                line.session.on_closed(at);
                self.effects.push_back(Effect::Disconnected { session, reason });
            }
        }
        self.drain(at, session);
        self.settle(at);
    }

    /// Sends what the budget allows, and takes in what could not be sent.
    fn settle(&mut self, at: Ts) {
        loop {
            self.pop_outbox(at);
            let Some(ticket) = self.unsent.pop_front() else { return };
            self.on_reply(at, ticket, &Err(TransportFailure::NotSent));
        }
    }

    /// Carries out what a session commands.
    fn drain(&mut self, at: Ts, session: usize) {
        while let Some(line) = self.lines.get_mut(session) {
            let Some(command) = line.session.command() else { return };
            match command {
                Command::Connect(host) => {
                    line.attempt += 1;
                    self.effects.push_back(Effect::Connect { session, attempt: line.attempt, host });
                }
                Command::Send(text) => {
                    self.effects.push_back(Effect::Write { session, attempt: line.attempt, text });
                }
                Command::Ping => {
                    self.effects.push_back(Effect::Ping { session, attempt: line.attempt });
                }
                Command::Close => {
                    line.attempt += 1;
                    self.effects.push_back(Effect::Close { session });
                }
                Command::Ask(query) => self.question(at, query, Asker::Session(session)),
                Command::Request(request) => self.send(at, Meant { request, decided_at: at, times: 0 }),
                Command::Emit(news) => self.effects.push_back(Effect::News(news)),
            }
        }
    }

    fn send(&mut self, at: Ts, meant: Meant) {
        let from = if matches!(meant.request, VenueRequest::Place(_)) { meant.decided_at } else { at };
        match self.adapter.send(from, meant.request) {
            Dispatch::Send(ticket, wire) => {
                self.operations.insert(ticket, meant);
                self.enqueue(ticket, wire);
            }
            Dispatch::Ended(outcome) => self.ended(at, meant, None, outcome),
        }
    }

    fn question(&mut self, at: Ts, query: Query, asker: Asker) {
        match self.venue.ask(at, &query, self.adapter.markets()) {
            Ok(request) => {
                let ticket = Ticket(FIRST_QUESTION | self.asked);
                self.asked += 1;
                self.questions.insert(ticket, (query, asker));
                self.enqueue(ticket, Box::new(request));
            }
            Err(error) => {
                let failure = Failure::not_done(Advice::Terminal, Problem::BadRequest, &error.to_string());
                self.answered(at, &query, asker, Err(failure));
            }
        }
    }

    fn enqueue(&mut self, ticket: Ticket, request: Box<Request>) {
        self.flights.insert(ticket, request.clone());
        if self.outbox.push(ticket, request).is_err() {
            self.unsent.push_back(ticket);
        }
    }

    fn pop_outbox(&mut self, at: Ts) {
        self.wait_until = None;
        loop {
            match self.outbox.pop(at, &self.venue) {
                Leaving::Now(ticket, request) => self.effects.push_back(Effect::Fly(ticket, request)),
                Leaving::Refused(ticket, error) => {
                    let notice = Notice::Message { text: error.to_string() };
                    self.effects.push_back(Effect::News(News::Notice(notice)));
                    self.unsent.push_back(ticket);
                }
                Leaving::Wait(until) => {
                    self.wait_until = Some(until);
                    return;
                }
                Leaving::Empty => return,
            }
        }
    }

    fn on_reply(&mut self, at: Ts, ticket: Ticket, reply: &Reply) {
        let flown = self.flights.remove(&ticket);
        if let Some((query, asker)) = self.questions.remove(&ticket) {
            let tables = Tables { markets: self.adapter.markets(), orders: self.adapter.orders() };
            let answer = self.venue.answer(&query, reply, tables);
            if let (Err(failure), Some(flown)) = (&answer, &flown) {
                self.heed(at, flown, failure);
            }
            self.answered(at, &query, asker, answer);
            return;
        }
        match self.adapter.on_reply(ticket, at, reply) {
            Some(Dispatch::Send(ticket, request)) => self.enqueue(ticket, request),
            Some(Dispatch::Ended(outcome)) => {
                if let Some(operation) = self.operations.remove(&ticket) {
                    self.ended(at, operation, flown.as_deref(), outcome);
                }
            }
            None => {}
        }
    }

    /// The venue's limit was reached: its pools rest.
    fn heed(&mut self, at: Ts, request: &Request, failure: &Failure) {
        if let Advice::Wait(pause) = failure.advice {
            self.outbox.rate_limited(at, request, pause);
        }
    }

    fn answered(&mut self, at: Ts, query: &Query, asker: Asker, answer: Result<Answer, Failure>) {
        match asker {
            Asker::Outside(token) => {
                self.effects.push_back(Effect::Answered { token, answer: Box::new(answer) });
            }
            Asker::Session(index) => {
                let Some(line) = self.lines.get_mut(index) else { return };
                let (markets, orders) = self.adapter.orders_mut();
                line.session.on_answer(at, query, answer, &mut Scope { markets, orders });
                self.drain(at, index);
            }
        }
    }

    /// An operation of the engine has ended.
    fn ended(&mut self, at: Ts, meant: Meant, flown: Option<&Request>, outcome: Outcome) {
        if let Some(failure) = &outcome.failure {
            if let Some(flown) = flown {
                self.heed(at, flown, failure);
            }
            if meant.times < AGAIN_MAX && may_be_given_again(failure) {
                self.again.push_back((at.plus(AGAIN_PAUSE), Meant { times: meant.times + 1, ..meant }));
                return;
            }
        }
        self.effects.extend(outcome.notices.into_iter().map(|notice| Effect::News(News::Notice(notice))));
        self.effects.extend(outcome.inputs.into_iter().map(|input| Effect::News(News::Engine(input))));
        if let Some(failure) = outcome.failure {
            self.effects.push_back(Effect::Failed { request: Box::new(meant.request), failure });
        }
    }
}

/// What the engine asked for.
#[derive(Debug, Clone, Copy)]
struct Meant {
    request: VenueRequest,
    /// When it was decided.
    decided_at: Ts,
    /// How often it was given again.
    times: u8,
}

/// Whether the venue or the transport proves that nothing was done and repetition may help at once. What the
/// venue refused for its own reasons is the engine's to decide.
fn may_be_given_again(failure: &Failure) -> bool {
    failure.certainty == Certainty::NotDone
        && failure.advice == Advice::Again
        && !matches!(failure.problem, Problem::Rejected(_))
}
