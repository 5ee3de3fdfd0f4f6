//! WebSockets without sockets: connections that open, carry texts in order both ways, and break.

use seawall_model::{Span, Ts};
use seawall_testnet::{ConnectionId, Frame, Outgoing, Protocol};
use seawall_venues::desk::Happened;
use seawall_venues::http::Host;

use super::{Event, words};
use crate::faults::Fault;
use crate::strikes::{About, Strike};
use crate::world::{Happening, World};

/// The path of both streams.
const PATH: &str = "/ws/v1";
/// The session of the account, in the order in which they are given to the desk.
const ACCOUNT: usize = 1;

/// What arrives at the client.
#[derive(Debug, Clone)]
pub(crate) enum Down {
    Opened,
    Text(String),
    Pong,
    Closed(&'static str),
}

/// A connection as the client has it.
#[derive(Debug)]
pub(crate) struct Line {
    session: usize,
    attempt: u64,
    is_open: bool,
    /// Nothing gets through any more, and nobody is told.
    is_dead: bool,
    /// Texts stay in order.
    up_until: Ts,
    down_until: Ts,
}

impl World {
    fn line(&mut self, connection: u64) -> Option<&mut Line> {
        self.wire.as_mut()?.lines.get_mut(&connection)
    }

    pub(super) fn connects(&mut self, at: Ts, (session, attempt): (usize, u64), host: Host) {
        let due = at.plus(self.travel_time(at));
        let Some(wire) = self.wire.as_mut() else { return };
        wire.connections += 1;
        let connection = wire.connections;
        let line = Line { session, attempt, is_open: false, is_dead: false, up_until: due, down_until: due };
        wire.lines.insert(connection, line);
        let refused = at < wire.unreachable_until || at < wire.refused_until && host != Host::Rest;
        if refused {
            return self.comes(due, connection, Down::Closed("refused"));
        }
        self.agenda.put(due, Happening::Wire(Event::Open { connection }));
    }

    /// Puts something on its way down; in order, unless `late`.
    fn comes(&mut self, at: Ts, connection: u64, what: Down) {
        let way = self.travel_time(at);
        let Some(line) = self.line(connection) else { return };
        line.down_until = line.down_until.max(at.plus(way));
        let due = line.down_until;
        self.agenda.put(due, Happening::Wire(Event::Down { connection, what }));
    }

    /// A connection arrives at the venue.
    pub(super) fn opens(&mut self, at: Ts, connection: u64) {
        if self.line(connection).is_none() {
            return;
        }
        let is_up = self.wire.as_ref().is_some_and(|wire| at >= wire.unreachable_until);
        let Some(boxed) = self.venue.exchange.boxed() else { return };
        let clock = boxed.clock(at);
        let opened = is_up && boxed.testnet.open(clock, ConnectionId(connection), PATH);
        if let Some(line) = self.line(connection) {
            line.is_open = opened;
        }
        self.comes(at, connection, if opened { Down::Opened } else { Down::Closed("refused") });
        self.hear_box(at);
    }

    /// The client writes a text, or a ping.
    pub(super) fn writes(&mut self, at: Ts, (session, attempt): (usize, u64), text: Option<String>) {
        let way = self.travel_time(at);
        let Some(wire) = self.wire.as_mut() else { return };
        let mut lines = wire.lines.iter_mut();
        let found = lines.find(|(_, line)| (line.session, line.attempt) == (session, attempt));
        let Some((connection, line)) = found.filter(|(_, line)| line.is_open && !line.is_dead) else {
            return;
        };
        line.up_until = line.up_until.max(at.plus(way));
        let (connection, due) = (*connection, line.up_until);
        let event = match text {
            Some(text) => Event::Up { connection, text },
            None => Event::Ping { connection },
        };
        self.agenda.put(due, Happening::Wire(event));
    }

    pub(super) fn goes_up(&mut self, at: Ts, connection: u64, text: &str) {
        if self.line(connection).is_none_or(|line| line.is_dead) {
            return;
        }
        let Some(boxed) = self.venue.exchange.boxed() else { return };
        let clock = boxed.clock(at);
        boxed.testnet.text(clock, ConnectionId(connection), text);
        self.hear_box(at);
    }

    /// The venue's end answers a ping by itself, also while it has nothing to say.
    pub(super) fn pinged(&mut self, at: Ts, connection: u64) {
        if self.line(connection).is_some_and(|line| line.is_open && !line.is_dead) {
            self.comes(at, connection, Down::Pong);
        }
    }

    /// The client lets go of a connection.
    pub(super) fn closes(&mut self, at: Ts, session: usize) {
        let Some(wire) = self.wire.as_mut() else { return };
        let gone: Vec<u64> =
            wire.lines.iter().filter(|(_, line)| line.session == session).map(|(id, _)| *id).collect();
        for connection in gone {
            self.let_go(at, connection);
        }
    }

    fn let_go(&mut self, at: Ts, connection: u64) {
        if let Some(wire) = self.wire.as_mut() {
            wire.lines.remove(&connection);
        }
        let due = at.plus(self.travel_time(at));
        self.agenda.put(due, Happening::Wire(Event::Gone { connection }));
    }

    pub(super) fn is_gone(&mut self, at: Ts, connection: u64) {
        let Some(boxed) = self.venue.exchange.boxed() else { return };
        let clock = boxed.clock(at);
        boxed.testnet.closed(clock, ConnectionId(connection));
        self.hear_box(at);
    }

    /// Something arrives at the client.
    pub(super) fn comes_down(&mut self, at: Ts, connection: u64, what: Down) {
        if at < self.paused_until {
            let event = Event::Down { connection, what };
            self.agenda.put(self.paused_until, Happening::Wire(event));
            return;
        }
        let Some(wire) = self.wire.as_mut() else { return };
        let Some(line) = wire.lines.get(&connection).filter(|line| !line.is_dead) else { return };
        let (session, attempt) = (line.session, line.attempt);
        let Some(desk) = wire.desk.as_mut() else { return };
        match what {
            Down::Opened => desk.socket(at, session, attempt, Happened::Opened),
            Down::Text(text) => desk.socket(at, session, attempt, Happened::Text(&text)),
            Down::Pong => desk.socket(at, session, attempt, Happened::Pong),
            Down::Closed(reason) => {
                desk.socket(at, session, attempt, Happened::Closed(reason.to_owned()));
                self.let_go(at, connection);
            }
        }
    }

    /// What the venue says goes on its way.
    pub(super) fn carry_frames(&mut self, at: Ts) {
        while let Some(boxed) = self.venue.exchange.boxed() {
            let Some(Outgoing { connection: ConnectionId(connection), frame, .. }) =
                boxed.testnet.next_outgoing()
            else {
                return;
            };
            match frame {
                Frame::Text(text) => self.carries(at, connection, text),
                Frame::Ping => self.comes(at, connection, Down::Pong),
                Frame::Close => self.comes(at, connection, Down::Closed("closed by the venue")),
            }
        }
    }

    /// A text of the venue's, with what can become of it.
    fn carries(&mut self, at: Ts, connection: u64, text: String) {
        let Some(line) = self.line(connection) else { return };
        let is_account = line.session == ACCOUNT;
        if is_account && self.stalled {
            return;
        }
        if let Some(strike) = self.faults.strikes(Fault::FrameGarbled, About::Frame) {
            self.injected(at, strike, None);
            return self.comes(at, connection, Down::Text(words::cut(&text)));
        }
        if !is_account {
            return self.comes(at, connection, Down::Text(text));
        }
        if let Some(strike) = self.faults.strikes(Fault::EventLost, About::Frame) {
            return self.injected(at, strike, None);
        }
        if let Some(strike) = self.faults.strikes(Fault::EventDoubled, About::Frame) {
            self.injected(at, strike, None);
            self.comes(at, connection, Down::Text(text.clone()));
        }
        if let Some(strike) = self.faults.strikes(Fault::EventLate, About::Frame) {
            self.injected(at, strike, None);
            let way = self.travel_time(at);
            let due = at.plus(way).plus(self.faults.shape(strike).millis(50, 4_000));
            let event = Event::Down { connection, what: Down::Text(text) };
            return self.agenda.put(due, Happening::Wire(event));
        }
        self.comes(at, connection, Down::Text(text));
    }

    /// Every connection breaks: the client learns it soon, and so does the venue.
    pub(crate) fn breaks_all(&mut self, at: Ts, reason: &'static str) {
        let Some(wire) = self.wire.as_ref() else { return };
        for connection in wire.lines.keys().copied().collect::<Vec<_>>() {
            self.comes(at, connection, Down::Closed(reason));
        }
    }

    /// A fault of the streams begins; says whether it could.
    pub(crate) fn interrupts(&mut self, at: Ts, strike: Strike) -> bool {
        let (fault, mut shape) = (strike.fault, self.faults.shape(strike));
        let Some(wire) = self.wire.as_mut().filter(|wire| !wire.lines.is_empty()) else { return false };
        if fault == Fault::HalfOpen {
            // One that nobody has heard of is not dead to anybody.
            let found = wire.lines.values_mut().find(|line| line.is_open && !line.is_dead);
            return found.map(|line| line.is_dead = true).is_some();
        }
        if fault == Fault::Unreachable {
            return self.goes_down(at, shape.millis(1_000, 90_000));
        }
        self.breaks_all(at, "closed by the venue");
        true
    }

    /// The streams break, and are not opened again for so long.
    pub(crate) fn loses_streams(&mut self, at: Ts, length: Span) -> bool {
        let Some(wire) = self.wire.as_mut().filter(|wire| !wire.lines.is_empty()) else { return false };
        wire.refused_until = at.plus(length);
        self.breaks_all(at, "reset");
        true
    }

    /// Nothing that was begun at this level goes on.
    pub(crate) fn wire_heals(&mut self, at: Ts) {
        let Some(wire) = self.wire.as_mut() else { return };
        (wire.unreachable_until, wire.refused_until) = (at, at);
    }
}
