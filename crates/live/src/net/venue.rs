//! The task that carries a venue's [`Desk`]: its requests over HTTP, its sessions over sockets, its time.
//!
//! Invariants: one owner, so nothing is locked; each request that flies gets exactly one reply; what the desk
//! wants done is carried out before the next event; deliveries reach the [`Inbox`] in the order in which they
//! happened.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use seawall_model::{Span, Ts, VenueRequest};
use seawall_venues::desk::{Desk, Effect, Happened};
use seawall_venues::http::{Host, Lane};
use seawall_venues::{
    Advice, Answer, Credentials, Failure, Hosts, Markets, Problem, Query, Reply, Session, Ticket, Venue,
};
use tokio::sync::{mpsc, oneshot};

use super::inbox::{Delivery, Inbox};
use super::socket::{self, EVENTS_MAX, Origin, SocketEvent, WRITES_MAX, Write};
use super::{Http, NetError, NetSettings};
use crate::wall_clock::WallClock;
use crate::watermarks::Queue;

/// Requests of the engine that wait for the task. One more is handed back as not sent.
pub const REQUESTS_MAX: usize = 1_024;
/// Questions from outside that wait for the task. One more waits at the asker's.
pub const QUESTIONS_MAX: usize = 256;
/// Questions from outside on their way at once; further ones wait.
const ASKING_MAX: usize = 16;
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
    requests: mpsc::Sender<(Ts, VenueRequest)>,
    questions: mpsc::Sender<Question>,
    markets: mpsc::Sender<Markets>,
}

impl VenueHandle {
    /// Hands over a request of the engine, decided at `at`; never waits.
    ///
    /// # Errors
    /// The request, where [`REQUESTS_MAX`] wait already or the task has ended: it was not sent.
    pub fn send(&self, at: Ts, request: VenueRequest) -> Result<(), VenueRequest> {
        self.requests.try_send((at, request)).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full((_, request))
            | mpsc::error::TrySendError::Closed((_, request)) => request,
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
    let desk = Desk::new(setup.venue, setup.markets, setup.credentials, setup.sessions);
    let task = Task {
        desk,
        http,
        net: setup.net,
        clock: setup.clock,
        writers: BTreeMap::new(),
        event_sender,
        in_flight: FuturesUnordered::new(),
        answers: BTreeMap::new(),
        asked: 0,
        deliveries: VecDeque::new(),
        inbox: setup.inbox,
    };
    tokio::spawn(task.run(Queues { wanted, asked, listed, events }));
    Ok(VenueHandle { requests, questions, markets })
}

struct Queues {
    wanted: mpsc::Receiver<(Ts, VenueRequest)>,
    asked: mpsc::Receiver<Question>,
    listed: mpsc::Receiver<Markets>,
    events: mpsc::Receiver<SocketEvent>,
}

/// The connection of a session: which attempt it is, and the way to its task.
type Writer = (u64, mpsc::Sender<Write>);

struct Task {
    desk: Desk,
    http: Http,
    net: NetSettings,
    clock: Arc<WallClock>,
    writers: BTreeMap<usize, Writer>,
    event_sender: mpsc::Sender<SocketEvent>,
    in_flight: FuturesUnordered<BoxFuture<'static, (Ticket, Reply)>>,
    /// Questions from outside on their way, with the places for their answers.
    answers: BTreeMap<u64, oneshot::Sender<Result<Answer, Failure>>>,
    asked: u64,
    deliveries: VecDeque<Delivery>,
    inbox: Arc<Inbox>,
}

impl Task {
    async fn run(mut self, mut queues: Queues) {
        let mut listing = true;
        loop {
            self.note(&queues);
            self.inbox.watermarks().note_budgets(self.desk.budget(self.clock.now()));
            self.desk.on_time(self.clock.now());
            self.carry_out();
            if !self.deliveries.is_empty() {
                let mut deliveries = std::mem::take(&mut self.deliveries);
                self.inbox.deliver(&mut deliveries).await;
            }
            let sleep = self.clock.until(self.deadline());
            tokio::select! {
                biased;
                request = queues.wanted.recv() => match request {
                    Some((decided_at, request)) => self.desk.operate(self.clock.now(), decided_at, request),
                    None => return,
                },
                Some((ticket, reply)) = self.in_flight.next(), if !self.in_flight.is_empty() => {
                    self.desk.replied(self.clock.now(), ticket, &reply);
                }
                Some(event) = queues.events.recv() => self.on_event(event),
                Some(question) = queues.asked.recv(), if self.answers.len() < ASKING_MAX => {
                    self.asked += 1;
                    self.answers.insert(self.asked, question.answer);
                    self.desk.ask(self.clock.now(), question.query, self.asked);
                }
                markets = queues.listed.recv(), if listing => match markets {
                    Some(markets) => self.desk.set_markets(markets),
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
            marks.note(Queue::Lane(number), self.desk.waiting(lane));
        }
        for (_, writer) in self.writers.values() {
            marks.note(Queue::Writes, WRITES_MAX.saturating_sub(writer.capacity()));
        }
    }

    /// When something is due by the clock alone. Sessions always have a deadline; the fallback is a pulse.
    fn deadline(&self) -> Ts {
        let pulse = self.clock.now().plus(Span::from_secs(1));
        self.desk.next_deadline().map_or(pulse, |due| due.min(pulse))
    }

    fn on_event(&mut self, event: SocketEvent) {
        let SocketEvent { session, attempt, happened } = event;
        let happened = match &happened {
            socket::Happened::Opened => Happened::Opened,
            socket::Happened::Text(text) => Happened::Text(text),
            socket::Happened::Pong => Happened::Pong,
            socket::Happened::Closed(reason) => {
                self.writers.retain(|one, (known, _)| (*one, *known) != (session, attempt));
                Happened::Closed(reason.clone())
            }
        };
        self.desk.socket(self.clock.now(), session, attempt, happened);
    }

    /// Everything that can be done without waiting.
    fn carry_out(&mut self) {
        while let Some(effect) = self.desk.effect() {
            match effect {
                Effect::Fly(ticket, request) => {
                    let http = self.http.clone();
                    self.in_flight.push(Box::pin(async move { (ticket, http.send(*request).await) }));
                }
                Effect::Connect { session, attempt, host } => self.connect((session, attempt), host),
                Effect::Write { session, attempt, text } => {
                    self.write((session, attempt), Write::Text(text.0));
                }
                Effect::Ping { session, attempt } => self.write((session, attempt), Write::Ping),
                Effect::Close { session } => {
                    self.writers.remove(&session);
                }
                Effect::News(news) => self.deliveries.push_back(Delivery::News(news)),
                Effect::Failed { request, failure } => {
                    self.deliveries.push_back(Delivery::Failed { request, failure });
                }
                Effect::Disconnected { session, reason } => {
                    self.deliveries.push_back(Delivery::Disconnected { session, reason });
                }
                Effect::Answered { token, answer } => {
                    if let Some(sender) = self.answers.remove(&token) {
                        // An asker that has gone needs no answer.
                        let _ = sender.send(*answer);
                    }
                }
            }
        }
    }

    fn connect(&mut self, (session, attempt): (usize, u64), host: Host) {
        let origin = Origin { session, attempt, events: self.event_sender.clone() };
        match self.http.hosts().url(host, "") {
            Ok(url) => {
                let writer = socket::open(url, self.net.clone(), origin);
                self.writers.insert(session, (attempt, writer));
            }
            Err(error) => self.lost((session, attempt), error.to_string()),
        }
    }

    /// What cannot be written ends the connection.
    fn write(&mut self, (session, attempt): (usize, u64), message: Write) {
        let Some((_, writer)) = self.writers.get(&session).filter(|(known, _)| *known == attempt) else {
            return;
        };
        if writer.try_send(message).is_err() {
            self.writers.remove(&session);
            self.lost((session, attempt), "messages wait to be written beyond the bound".to_owned());
        }
    }

    fn lost(&mut self, (session, attempt): (usize, u64), reason: String) {
        self.desk.socket(self.clock.now(), session, attempt, Happened::Closed(reason));
    }
}
