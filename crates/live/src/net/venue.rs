//! The task that owns a venue: its [`Adapter`], its [`Outbox`], its sessions and their sockets.
//!
//! Invariants: one owner, so nothing is locked; each request that left gets exactly one reply; what a session
//! commands is carried out before the next event; deliveries reach the [`Inbox`] in the order in which they
//! happened. A request that the venue says it has not done, and that may be given again, is given again at
//! most [`AGAIN_MAX`] times within seconds (well within the venue's acceptance horizon), and the engine is
//! told of the last outcome alone.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use seawall_model::{Span, Ts, VenueRequest};
use seawall_venues::budget::Budget;
use seawall_venues::codec::{Codec, Tables};
use seawall_venues::http::{Lane, Request};
use seawall_venues::outbox::{Leaving, Outbox};
use seawall_venues::session::Scope;
use seawall_venues::{
    Adapter, Advice, Answer, Certainty, Command, Credentials, Dispatch, Failure, Hosts, Markets, News,
    Outcome, Problem, Query, Reply, Session, Ticket, TransportFailure, Venue,
};
use tokio::sync::{mpsc, oneshot};

use super::inbox::{Delivery, Inbox};
use super::socket::{self, EVENTS_MAX, Happened, Origin, SocketEvent, WRITES_MAX, Write};
use super::{Http, NetError, NetSettings};
use crate::wall_clock::WallClock;
use crate::watermarks::Queue;

/// Requests of the engine that wait for the task. One more is handed back as not sent.
pub const REQUESTS_MAX: usize = 1_024;
/// Questions from outside that wait for the task. One more waits at the asker's.
pub const QUESTIONS_MAX: usize = 256;
/// Questions from outside on their way at once; further ones wait.
const ASKING_MAX: usize = 16;
/// How often a request that was proven not to have been done is given again.
pub const AGAIN_MAX: u8 = 2;
/// The pause before that.
const AGAIN_PAUSE: Span = Span::from_millis(250);
/// Tickets from here on are questions; the adapter counts from one.
const FIRST_QUESTION: u64 = 1 << 63;

/// What a venue's task is built from.
pub struct VenueSetup {
    /// Which venue.
    pub venue: Venue,
    /// Its addresses.
    pub hosts: Hosts,
    /// How connections are made.
    pub net: NetSettings,
    /// What signs; without it only public data can be had.
    pub credentials: Option<Credentials>,
    /// The markets of the run.
    pub markets: Markets,
    /// The sessions to follow.
    pub sessions: Vec<Box<dyn Session + Send>>,
    /// The clock of the run.
    pub clock: Arc<WallClock>,
    /// Where everything goes.
    pub inbox: Arc<Inbox>,
}

/// A question with the place for its answer.
struct Question {
    query: Query,
    answer: oneshot::Sender<Result<Answer, Failure>>,
}

/// The way to a venue's task, which ends when the last handle is dropped.
#[derive(Clone)]
pub struct VenueHandle {
    requests: mpsc::Sender<VenueRequest>,
    questions: mpsc::Sender<Question>,
    markets: mpsc::Sender<Markets>,
}

impl VenueHandle {
    /// Hands over a request of the engine; never waits.
    ///
    /// # Errors
    /// The request, where [`REQUESTS_MAX`] wait already or the task has ended: it was not sent.
    pub fn send(&self, request: VenueRequest) -> Result<(), VenueRequest> {
        self.requests.try_send(request).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(request) | mpsc::error::TrySendError::Closed(request) => request,
        })
    }

    /// Asks a question and waits for the answer.
    ///
    /// # Errors
    /// The failure with its certainty.
    pub async fn ask(&self, query: Query) -> Result<Answer, Failure> {
        let ended = || Failure::not_done(Advice::Terminal, Problem::Transport, "the venue's task has ended");
        let (answer, answered) = oneshot::channel();
        self.questions.send(Question { query, answer }).await.map_err(|_| ended())?;
        answered.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Instruments were listed again.
    pub async fn set_markets(&self, markets: Markets) {
        // A task that has ended needs none.
        let _ = self.markets.send(markets).await;
    }
}

/// Starts the task of a venue on the current runtime.
///
/// # Errors
/// [`NetError`] where the HTTP client cannot be built.
pub fn start(setup: VenueSetup) -> Result<VenueHandle, NetError> {
    let (requests, wanted) = mpsc::channel(REQUESTS_MAX);
    let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
    let (markets, listed) = mpsc::channel(1);
    let http = Http::new(setup.hosts, &setup.net, setup.clock.clone())?;
    let (event_sender, events) = mpsc::channel(EVENTS_MAX);
    let line = |session| Line { session, attempt: 0, writer: None };
    let task = Task {
        venue: setup.venue,
        adapter: Adapter::new(setup.venue, setup.markets),
        outbox: Outbox::new(Budget::new(setup.venue.pools()), setup.credentials),
        http,
        net: setup.net,
        clock: setup.clock,
        lines: setup.sessions.into_iter().map(line).collect(),
        event_sender,
        flights: BTreeMap::new(),
        in_flight: FuturesUnordered::new(),
        replies: VecDeque::new(),
        operations: BTreeMap::new(),
        questions: BTreeMap::new(),
        asking: 0,
        asked: 0,
        again: VecDeque::new(),
        wait_until: None,
        deliveries: VecDeque::new(),
        inbox: setup.inbox,
    };
    tokio::spawn(task.run(Queues { wanted, asked, listed, events }));
    Ok(VenueHandle { requests, questions, markets })
}

/// A session with its socket.
struct Line {
    session: Box<dyn Session + Send>,
    /// Events of earlier attempts are old news.
    attempt: u64,
    writer: Option<mpsc::Sender<Write>>,
}

/// Who asked.
enum Asker {
    Session(usize),
    Outside(oneshot::Sender<Result<Answer, Failure>>),
}

struct Queues {
    wanted: mpsc::Receiver<VenueRequest>,
    asked: mpsc::Receiver<Question>,
    listed: mpsc::Receiver<Markets>,
    events: mpsc::Receiver<SocketEvent>,
}

struct Task {
    venue: Venue,
    adapter: Adapter<Venue>,
    outbox: Outbox,
    http: Http,
    net: NetSettings,
    clock: Arc<WallClock>,
    lines: Vec<Line>,
    event_sender: mpsc::Sender<SocketEvent>,
    /// Requests that were given to the outbox and have no reply yet.
    flights: BTreeMap<Ticket, Box<Request>>,
    in_flight: FuturesUnordered<BoxFuture<'static, (Ticket, Reply)>>,
    /// Replies that need no socket: requests that were not sent.
    replies: VecDeque<(Ticket, Reply)>,
    /// The engine's requests on their way, and how often each was given again.
    operations: BTreeMap<Ticket, (VenueRequest, u8)>,
    questions: BTreeMap<Ticket, (Query, Asker)>,
    /// Questions from outside on their way.
    asking: usize,
    asked: u64,
    again: VecDeque<(Ts, VenueRequest, u8)>,
    /// The budget lets nothing more leave before this.
    wait_until: Option<Ts>,
    deliveries: VecDeque<Delivery>,
    inbox: Arc<Inbox>,
}

impl Task {
    async fn run(mut self, mut queues: Queues) {
        let mut listing = true;
        loop {
            self.note(&queues);
            self.work_off();
            if !self.deliveries.is_empty() {
                let mut deliveries = std::mem::take(&mut self.deliveries);
                self.inbox.deliver(&mut deliveries).await;
            }
            let sleep = self.clock.until(self.deadline());
            tokio::select! {
                biased;
                request = queues.wanted.recv() => match request {
                    Some(request) => self.operate(request, 0),
                    None => return,
                },
                Some((ticket, reply)) = self.in_flight.next(), if !self.in_flight.is_empty() => {
                    self.replies.push_back((ticket, reply));
                }
                Some(event) = queues.events.recv() => self.on_event(event),
                Some(question) = queues.asked.recv(), if self.asking < ASKING_MAX => {
                    self.asking += 1;
                    self.ask(question.query, Asker::Outside(question.answer));
                }
                markets = queues.listed.recv(), if listing => match markets {
                    Some(markets) => self.adapter.set_markets(markets),
                    None => listing = false,
                },
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// How full everything is that waits for this task, or for the budget.
    fn note(&self, queues: &Queues) {
        let marks = self.inbox.watermarks();
        marks.note(Queue::Requests, queues.wanted.len());
        marks.note(Queue::Questions, queues.asked.len());
        marks.note(Queue::Events, queues.events.len());
        for (number, lane) in Lane::ALL.into_iter().enumerate() {
            marks.note(Queue::Lane(number), self.outbox.waiting(lane));
        }
        for writer in self.lines.iter().filter_map(|line| line.writer.as_ref()) {
            marks.note(Queue::Writes, WRITES_MAX.saturating_sub(writer.capacity()));
        }
    }

    /// When something is due by the clock alone. Sessions always have a deadline; the fallback is a pulse.
    fn deadline(&self) -> Ts {
        let sessions = self.lines.iter().filter_map(|line| line.session.next_deadline());
        let again = self.again.front().map(|(at, _, _)| *at);
        let pulse = self.clock.now().plus(Span::from_secs(1));
        sessions.chain(again).chain(self.wait_until).fold(pulse, Ts::min)
    }

    /// Everything that can be done without waiting.
    fn work_off(&mut self) {
        let at = self.clock.now();
        while let Some((_, request, times)) = self.again.pop_front_if(|(due, _, _)| *due <= at) {
            self.operate(request, times);
        }
        for index in 0..self.lines.len() {
            self.on_time(index, at);
        }
        loop {
            self.pop_outbox();
            let Some((ticket, reply)) = self.replies.pop_front() else { return };
            self.on_reply(ticket, &reply);
        }
    }

    fn on_time(&mut self, index: usize, at: Ts) {
        let Some(line) = self.lines.get_mut(index) else { return };
        if line.session.next_deadline().is_some_and(|due| due <= at) {
            let (markets, orders) = self.adapter.orders_mut();
            line.session.on_time(at, &mut Scope { markets, orders });
        }
        self.drain(index);
    }

    fn on_event(&mut self, event: SocketEvent) {
        let at = self.clock.now();
        let Some(line) = self.lines.get_mut(event.session) else { return };
        if line.attempt != event.attempt {
            return;
        }
        let (markets, orders) = self.adapter.orders_mut();
        match event.happened {
            Happened::Opened => line.session.on_open(at),
            Happened::Text(text) => line.session.on_text(at, &text, &mut Scope { markets, orders }),
            Happened::Pong => line.session.on_pong(at),
            Happened::Closed(reason) => {
                line.writer = None;
                line.session.on_closed(at);
                self.deliveries.push_back(Delivery::Disconnected { session: event.session, reason });
            }
        }
        self.drain(event.session);
    }

    /// Carries out what a session commands.
    fn drain(&mut self, index: usize) {
        while let Some(command) = self.lines.get_mut(index).and_then(|line| line.session.command()) {
            match command {
                Command::Connect(host) => self.connect(index, host),
                Command::Send(text) => self.write(index, Write::Text(text.0)),
                Command::Ping => self.write(index, Write::Ping),
                Command::Close => {
                    if let Some(line) = self.lines.get_mut(index) {
                        line.writer = None;
                        line.attempt += 1;
                    }
                }
                Command::Ask(query) => self.ask(query, Asker::Session(index)),
                Command::Request(request) => self.operate(request, 0),
                Command::Emit(news) => self.deliveries.push_back(Delivery::News(news)),
            }
        }
    }

    fn connect(&mut self, index: usize, host: seawall_venues::http::Host) {
        let Some(line) = self.lines.get_mut(index) else { return };
        line.attempt += 1;
        let origin = Origin { session: index, attempt: line.attempt, events: self.event_sender.clone() };
        match self.http.hosts().url(host, "") {
            Ok(url) => line.writer = Some(socket::open(url, self.net.clone(), origin)),
            Err(error) => {
                line.session.on_closed(self.clock.now());
                let reason = error.to_string();
                self.deliveries.push_back(Delivery::Disconnected { session: index, reason });
            }
        }
    }

    /// What cannot be written ends the connection; the socket's task then says that it is closed.
    fn write(&mut self, index: usize, message: Write) {
        let Some(line) = self.lines.get_mut(index) else { return };
        let refused = line.writer.as_ref().is_none_or(|writer| writer.try_send(message).is_err());
        if refused && line.writer.take().is_some() {
            line.attempt += 1;
            line.session.on_closed(self.clock.now());
            let reason = "messages wait to be written beyond the bound".to_owned();
            self.deliveries.push_back(Delivery::Disconnected { session: index, reason });
        }
    }

    fn operate(&mut self, request: VenueRequest, times: u8) {
        match self.adapter.send(self.clock.now(), request) {
            Dispatch::Send(ticket, wire) => {
                self.operations.insert(ticket, (request, times));
                self.enqueue(ticket, wire);
            }
            Dispatch::Ended(outcome) => self.ended(request, times, None, outcome),
        }
    }

    fn ask(&mut self, query: Query, asker: Asker) {
        match self.venue.ask(self.clock.now(), &query, self.adapter.markets()) {
            Ok(request) => {
                let ticket = Ticket(FIRST_QUESTION | self.asked);
                self.asked += 1;
                self.questions.insert(ticket, (query, asker));
                self.enqueue(ticket, Box::new(request));
            }
            Err(error) => {
                let failure = Failure::not_done(Advice::Terminal, Problem::BadRequest, &error.to_string());
                self.answered(&query, asker, Err(failure));
            }
        }
    }

    fn enqueue(&mut self, ticket: Ticket, request: Box<Request>) {
        self.flights.insert(ticket, request.clone());
        if self.outbox.push(ticket, request).is_err() {
            self.replies.push_back((ticket, Err(TransportFailure::NotSent)));
        }
    }

    /// Sends what the budget allows.
    fn pop_outbox(&mut self) {
        self.wait_until = None;
        loop {
            match self.outbox.pop(self.clock.now(), &self.venue) {
                Leaving::Now(ticket, request) => {
                    let http = self.http.clone();
                    self.in_flight.push(Box::pin(async move { (ticket, http.send(*request).await) }));
                }
                Leaving::Refused(ticket, error) => {
                    let text = error.to_string();
                    let notice = seawall_venues::Notice::Message { text };
                    self.deliveries.push_back(Delivery::News(News::Notice(notice)));
                    self.replies.push_back((ticket, Err(TransportFailure::NotSent)));
                }
                Leaving::Wait(until) => {
                    self.wait_until = Some(until);
                    return;
                }
                Leaving::Empty => return,
            }
        }
    }

    fn on_reply(&mut self, ticket: Ticket, reply: &Reply) {
        let flown = self.flights.remove(&ticket);
        if let Some((query, asker)) = self.questions.remove(&ticket) {
            let tables = Tables { markets: self.adapter.markets(), orders: self.adapter.orders() };
            let answer = self.venue.answer(&query, reply, tables);
            if let (Err(failure), Some(flown)) = (&answer, &flown) {
                self.heed(flown, failure);
            }
            self.answered(&query, asker, answer);
            return;
        }
        match self.adapter.on_reply(ticket, self.clock.now(), reply) {
            Some(Dispatch::Send(ticket, request)) => self.enqueue(ticket, request),
            Some(Dispatch::Ended(outcome)) => {
                if let Some((request, times)) = self.operations.remove(&ticket) {
                    self.ended(request, times, flown.as_deref(), outcome);
                }
            }
            None => {}
        }
    }

    /// The venue's limit was reached: its pools rest.
    fn heed(&mut self, request: &Request, failure: &Failure) {
        if let Advice::Wait(pause) = failure.advice {
            self.outbox.rate_limited(self.clock.now(), request, pause);
        }
    }

    fn answered(&mut self, query: &Query, asker: Asker, answer: Result<Answer, Failure>) {
        match asker {
            Asker::Outside(sender) => {
                self.asking = self.asking.saturating_sub(1);
                // An asker that has gone needs no answer.
                let _ = sender.send(answer);
            }
            Asker::Session(index) => {
                let Some(line) = self.lines.get_mut(index) else { return };
                let (markets, orders) = self.adapter.orders_mut();
                let at = self.clock.now();
                line.session.on_answer(at, query, answer, &mut Scope { markets, orders });
                self.drain(index);
            }
        }
    }

    /// An operation of the engine has ended.
    fn ended(&mut self, request: VenueRequest, times: u8, flown: Option<&Request>, outcome: Outcome) {
        if let Some(failure) = &outcome.failure {
            if let Some(flown) = flown {
                self.heed(flown, failure);
            }
            if times < AGAIN_MAX && may_be_given_again(failure) {
                self.again.push_back((self.clock.now().plus(AGAIN_PAUSE), request, times + 1));
                return;
            }
        }
        let notices = outcome.notices.into_iter().map(|notice| Delivery::News(News::Notice(notice)));
        self.deliveries.extend(notices);
        self.deliveries.extend(outcome.inputs.into_iter().map(|input| Delivery::News(News::Engine(input))));
        if let Some(failure) = outcome.failure {
            self.deliveries.push_back(Delivery::Failed { request: Box::new(request), failure });
        }
    }
}

/// Whether the venue or the transport proves that nothing was done and repetition may help at once. What the
/// venue refused for its own reasons is the engine's to decide.
fn may_be_given_again(failure: &Failure) -> bool {
    failure.certainty == Certainty::NotDone
        && failure.advice == Advice::Again
        && !matches!(failure.problem, Problem::Rejected(_))
}
