//! What all sessions share: commands to the driver, the life of a connection, its watchdog and its backoff.
//!
//! A session is a state machine over one socket that it never touches: the driver tells it what happened and
//! carries out its commands. Invariants: a feed is live only between a complete resynchronisation and the
//! next doubt; every wait has a deadline; silence ends the connection; what a session queues is bounded, and
//! at the bound it starts over rather than leaving something out.

use core::fmt;
use std::collections::VecDeque;

use seawall_model::{Candle, Input, InstrumentId, PriceUnits, QtyUnits, Span, Timeframe, Ts, VenueRequest};

use crate::http::Host;
use crate::market::Markets;
use crate::orders::OrderIndex;
use crate::outcome::{Failure, Notice};
use crate::query::{AccountState, Answer, PositionDetail, Query, Ticker};

/// Text for the socket. `Debug` shows none of it: it may hold a signature or a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing(pub String);

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing({} bytes)", self.0.len())
    }
}

/// What a feed is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feed {
    /// Best bid and ask, mark price.
    Quotes,
    /// Price levels.
    Book,
    /// Candles of a length.
    Candles(Timeframe),
    /// Our orders and executions.
    Orders,
    /// Balances and positions.
    Account,
}

/// What a session has to say to the rest of the system.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// For the engine, in order.
    Engine(Input),
    /// A candle that is not closed yet; for display and prices, not for strategies.
    Forming(InstrumentId, Timeframe, Candle),
    /// Everything that a market quotes.
    Ticker(Ticker),
    /// Best levels of a book that is proven.
    Top {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Best bid and its quantity.
        bid: (PriceUnits, QtyUnits),
        /// Best ask and its quantity.
        ask: (PriceUnits, QtyUnits),
    },
    /// Equity and margin.
    Account(AccountState),
    /// All positions with their details.
    Positions(Vec<PositionDetail>),
    /// A feed became live, or is no longer. Without an instrument: all of its kind on this connection.
    Feed {
        /// Which kind.
        feed: Feed,
        /// Of which instrument.
        instrument: Option<InstrumentId>,
        /// Whether it can be relied upon.
        live: bool,
    },
    /// What the operator should know.
    Notice(Notice),
}

/// What a session wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Open a connection to this host now.
    Connect(Host),
    /// Send this text.
    Send(Outgoing),
    /// Send a ping of the WebSocket protocol.
    Ping,
    /// Close the connection if it is open. The session asks for a new one when its pause is over.
    Close,
    /// Ask the venue this and bring the answer to [`Session::on_answer`].
    Ask(Query),
    /// Send this through the adapter; its outcome is for the engine alone.
    Request(VenueRequest),
    /// Tell the rest of the system.
    Emit(News),
}

/// What a session may look at while it works.
#[derive(Debug)]
pub struct Scope<'a> {
    /// The markets of the run.
    pub markets: &'a Markets,
    /// Our orders.
    pub orders: &'a mut OrderIndex,
}

/// A state machine over one socket.
pub trait Session {
    /// The connection is open.
    fn on_open(&mut self, at: Ts);

    /// A text frame came.
    fn on_text(&mut self, at: Ts, text: &str, scope: &mut Scope<'_>);

    /// A pong of the WebSocket protocol came.
    fn on_pong(&mut self, at: Ts);

    /// The connection is closed, or could not be opened.
    fn on_closed(&mut self, at: Ts);

    /// The answer to a question of the session's.
    fn on_answer(&mut self, at: Ts, query: &Query, answer: Result<Answer, Failure>, scope: &mut Scope<'_>);

    /// A deadline has come.
    fn on_time(&mut self, at: Ts, scope: &mut Scope<'_>);

    /// When [`Session::on_time`] should be called next.
    fn next_deadline(&self) -> Option<Ts>;

    /// The next thing to do. The driver takes all of them after each call.
    fn command(&mut self) -> Option<Command>;

    /// Whether everything that the session follows is live.
    fn is_live(&self) -> bool;
}

/// A connection must be open after this.
pub const CONNECT_TIMEOUT: Span = Span::from_secs(30);
/// Subscriptions must be acknowledged and snapshots must have come after this.
pub const SUBSCRIBE_TIMEOUT: Span = Span::from_secs(20);
/// A connection that lived this long was a good one: the next pause is the shortest again.
const GOOD_AFTER: Span = Span::from_secs(60);
/// Commands that may wait for the driver.
pub const COMMANDS_MAX: usize = 65_536;

/// Pauses between attempts to connect: doubling, capped, spread out by a number of the caller's so that many
/// sessions do not come back in step. Deterministic.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Span,
    longest: Span,
    attempts: u32,
    spread: u64,
}

impl Backoff {
    /// `spread` is any number that differs between sessions.
    #[must_use]
    pub fn new(first: Span, longest: Span, spread: u64) -> Self {
        Backoff { first, longest, attempts: 0, spread }
    }

    /// The pause before the next attempt: between half of the full pause and all of it.
    pub fn pause(&mut self) -> Span {
        let full =
            self.first.nanos().saturating_mul(1_i64 << self.attempts.min(16)).min(self.longest.nanos());
        self.attempts = self.attempts.saturating_add(1);
        // One step of a linear congruential generator; the multiplier is Knuth's.
        self.spread =
            self.spread.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let half = full / 2;
        let part = i64::try_from(self.spread >> 40).unwrap_or(0);
        Span::from_nanos(half.saturating_add((half >> 24).saturating_mul(part).min(half)))
    }

    /// The connection was a good one.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// Where a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Waiting to connect.
    Down { until: Ts },
    /// The driver is connecting.
    Connecting { since: Ts },
    /// Open.
    Open { since: Ts },
}

/// The connection of a session: when to connect, when to give up, what waits for the driver.
#[derive(Debug, Clone)]
pub struct Link {
    host: Host,
    line: Line,
    backoff: Backoff,
    /// The connection is given up after so much silence.
    silence: Span,
    /// A ping is sent after so much time without one, where the venue wants that.
    ping_every: Option<Span>,
    heard_at: Ts,
    pinged_at: Ts,
    commands: VecDeque<Command>,
}

impl Link {
    /// A connection that is asked for at once.
    #[must_use]
    pub fn new(host: Host, silence: Span, ping_every: Option<Span>, backoff: Backoff) -> Self {
        Link {
            host,
            line: Line::Down { until: Ts::EPOCH },
            backoff,
            silence,
            ping_every,
            heard_at: Ts::EPOCH,
            pinged_at: Ts::EPOCH,
            commands: VecDeque::new(),
        }
    }

    /// Whether the connection is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.line {
            Line::Open { .. } => true,
            Line::Down { .. } | Line::Connecting { .. } => false,
        }
    }

    /// Since when the connection is open.
    #[must_use]
    pub fn open_since(&self) -> Option<Ts> {
        match self.line {
            Line::Open { since } => Some(since),
            Line::Down { .. } | Line::Connecting { .. } => None,
        }
    }

    /// When something was last heard.
    #[must_use]
    pub fn heard_at(&self) -> Ts {
        self.heard_at
    }

    /// The connection is open.
    pub fn opened(&mut self, at: Ts) {
        self.line = Line::Open { since: at };
        self.heard_at = at;
        self.pinged_at = at;
    }

    /// Something was heard.
    pub fn heard(&mut self, at: Ts) {
        self.heard_at = self.heard_at.max(at);
    }

    /// The connection is closed; a pause begins.
    pub fn closed(&mut self, at: Ts) {
        match self.line {
            Line::Down { .. } => return,
            Line::Open { since } if at.since(since) >= GOOD_AFTER => self.backoff.reset(),
            Line::Open { .. } | Line::Connecting { .. } => {}
        }
        self.line = Line::Down { until: at.plus(self.backoff.pause()) };
    }

    /// Gives the connection up: the driver is told to close it, and a pause begins.
    pub fn give_up(&mut self, at: Ts) {
        // What was to be sent belongs to the connection that ends.
        self.commands.retain(|command| match command {
            Command::Send(_) | Command::Ping => false,
            Command::Connect(_)
            | Command::Close
            | Command::Ask(_)
            | Command::Request(_)
            | Command::Emit(_) => true,
        });
        self.commands.push_back(Command::Close);
        self.closed(at);
    }

    /// Asks for a connection, sends pings. Says whether the connection must be given up.
    pub fn on_time(&mut self, at: Ts) -> bool {
        match self.line {
            Line::Down { until } if at >= until => {
                self.line = Line::Connecting { since: at };
                self.push(Command::Connect(self.host));
                false
            }
            Line::Down { .. } => false,
            Line::Connecting { since } => at >= since.plus(CONNECT_TIMEOUT),
            Line::Open { .. } => {
                if self.ping_every.is_some_and(|every| at >= self.pinged_at.plus(every)) {
                    self.pinged_at = at;
                    self.push(Command::Ping);
                }
                at >= self.heard_at.plus(self.silence)
            }
        }
    }

    /// The next deadline of the connection.
    #[must_use]
    pub fn deadline(&self) -> Ts {
        match self.line {
            Line::Down { until } => until,
            Line::Connecting { since } => since.plus(CONNECT_TIMEOUT),
            Line::Open { .. } => {
                let silence = self.heard_at.plus(self.silence);
                self.ping_every.map_or(silence, |every| silence.min(self.pinged_at.plus(every)))
            }
        }
    }

    /// Queues a command.
    pub fn push(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    /// Queues news.
    pub fn emit(&mut self, news: News) {
        self.push(Command::Emit(news));
    }

    /// Queues text for the socket.
    pub fn send(&mut self, text: String) {
        self.push(Command::Send(Outgoing(text)));
    }

    /// Whether more waits than the bound allows: the driver does not take its commands.
    #[must_use]
    pub fn is_overrun(&self) -> bool {
        self.commands.len() > COMMANDS_MAX
    }

    /// The next command.
    pub fn take(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }
}

/// Ids that were seen, up to a bound; the oldest are forgotten first.
#[derive(Debug, Clone)]
pub struct Seen<T> {
    order: VecDeque<T>,
    known: std::collections::BTreeSet<T>,
    bound: usize,
}

impl<T: Copy + Ord> Seen<T> {
    /// Remembers up to `bound` ids.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        Seen { order: VecDeque::new(), known: std::collections::BTreeSet::new(), bound }
    }

    /// Whether the id is new; remembers it.
    pub fn is_new(&mut self, id: T) -> bool {
        if !self.known.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > self.bound
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }

    /// Whether the id was seen.
    #[must_use]
    pub fn contains(&self, id: &T) -> bool {
        self.known.contains(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Ts {
        Ts::from_millis(secs * 1000)
    }

    fn link() -> Link {
        let backoff = Backoff::new(Span::from_secs(1), Span::from_secs(60), 42);
        Link::new(Host::PublicStream, Span::from_secs(10), Some(Span::from_secs(5)), backoff)
    }

    #[test]
    fn pauses_double_up_to_a_cap_and_are_spread() {
        let mut one = Backoff::new(Span::from_secs(1), Span::from_secs(60), 1);
        let mut two = Backoff::new(Span::from_secs(1), Span::from_secs(60), 2);
        let mut differ = false;
        for attempt in 0..12_u32 {
            let full = (1_i64 << attempt.min(6)).min(60) * 1000;
            let (left, right) = (one.pause().millis(), two.pause().millis());
            assert!(left >= full / 2 - 1 && left <= full, "{left} of {full}");
            differ |= left != right;
        }
        assert!(differ);
        one.reset();
        assert!(one.pause().millis() <= 1000);
    }

    #[test]
    fn a_connection_is_asked_for_pinged_and_given_up_in_silence() {
        let mut link = link();
        assert!(!link.on_time(at(1)));
        assert_eq!(link.take(), Some(Command::Connect(Host::PublicStream)));
        assert!(!link.on_time(at(30)) && link.on_time(at(31)), "a hanging connect ends");
        link.opened(at(2));
        assert!(!link.on_time(at(7)));
        assert_eq!(link.take(), Some(Command::Ping));
        link.heard(at(8));
        assert!(!link.on_time(at(17)) && link.on_time(at(18)));
        link.send("x".to_owned());
        link.give_up(at(18));
        let mut last = None;
        while let Some(command) = link.take() {
            assert!(!matches!(command, Command::Send(_)));
            last = Some(command);
        }
        assert_eq!(last, Some(Command::Close));
        assert!(link.deadline() > at(18) && link.deadline() <= at(19));
    }
}
