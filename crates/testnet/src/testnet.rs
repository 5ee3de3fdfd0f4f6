//! World, venue and faults together: the exchange in a box as its carrier sees it.
//!
//! Invariants: what a request makes happen is on its way to the streams before its answer is given; messages
//! of a connection leave in order, but for the faults that say otherwise; while the venue is down nothing is
//! answered and the market goes on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use seawall_model::{Span, Ts};

use crate::error::TestnetError;
use crate::faults::{FaultRule, Faults, OnRequest};
use crate::protocol::{Answer, ConnectionId, Down, Frame, HttpReply, HttpRequest, Outgoing, Protocol};
use crate::venue::{Outbox, Venue};
use crate::world::{VenueKind, World, WorldSettings};

/// How long a broken client waits before its connection breaks where a rule does not say.
const PATIENCE: Span = Span::from_secs(2);
/// Messages that wait for their carrier; beyond it the oldest connection's are dropped with the connection.
pub const OUTGOING_MAX: usize = 200_000;
/// Answers that are remembered to be given again.
const ANSWERS_MAX: usize = 1_000;

/// An exchange in a box without sockets.
pub struct Testnet {
    world: World,
    venue: Box<dyn Venue>,
    faults: Faults,
    outbox: Outbox,
    outgoing: VecDeque<Outgoing>,
    held: BTreeMap<ConnectionId, Outgoing>,
    connections: BTreeSet<ConnectionId>,
    answers: BTreeMap<String, HttpReply>,
    snapshots: BTreeMap<(ConnectionId, &'static str), Frame>,
    down: Option<Down>,
    at: Ts,
}

impl Testnet {
    /// The venue of `settings` at `start`.
    ///
    /// # Errors
    /// What [`World::new`] refuses.
    pub fn new(
        settings: &WorldSettings,
        venue: Box<dyn Venue>,
        faults: Vec<FaultRule>,
        start: Ts,
    ) -> Result<Self, TestnetError> {
        Ok(Testnet {
            world: World::new(settings, start)?,
            venue,
            faults: Faults::new(settings.seed, start, faults),
            outbox: Outbox::default(),
            outgoing: VecDeque::new(),
            held: BTreeMap::new(),
            connections: BTreeSet::new(),
            answers: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            down: None,
            at: start,
        })
    }

    /// The world behind the protocol: what a test asks for the truth.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The world, for a test that makes something happen; follow it by [`Protocol::advance`].
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Replaces the faults from now on.
    pub fn set_faults(&mut self, rules: Vec<FaultRule>) {
        self.faults.set(self.at, rules);
        self.on_time();
    }

    fn on_time(&mut self) {
        let at = self.at;
        if let Some(Down::Until(until)) = self.down
            && until <= at
        {
            self.down = None;
        }
        let now = self.faults.on_time(at);
        self.world.refuse_stops(now.reject_stops);
        if now.close_sockets {
            self.close_all();
        }
        if let Some(length) = now.kill {
            self.down = Some(length.map_or(Down::ForGood, |length| Down::Until(at.plus(length))));
            self.close_all();
        }
    }

    fn close_all(&mut self) {
        for connection in core::mem::take(&mut self.connections) {
            self.venue.closed(connection);
            self.held.remove(&connection);
            self.outgoing.retain(|message| message.connection != connection);
            self.outgoing.push_back(Outgoing { connection, frame: Frame::Close, hold: Span::default() });
        }
        self.snapshots.clear();
    }

    /// Everything that happened and was said goes through the faults into the queue.
    fn flush(&mut self) {
        let happenings = self.world.take_happenings();
        if !happenings.is_empty() {
            self.venue.publish(&self.world, &happenings, &mut self.outbox);
        }
        let messages: Vec<_> = self.outbox.drain().collect();
        for mut message in messages {
            if !self.connections.contains(&message.connection) {
                continue;
            }
            let fate = self.faults.on_message(self.at, message.feed, message.snapshot);
            if message.snapshot {
                let place = (message.connection, message.feed);
                match self.snapshots.get(&place) {
                    Some(before) if fate.stale => message.frame = before.clone(),
                    Some(_) | None => {
                        self.snapshots.insert(place, message.frame.clone());
                    }
                }
            }
            if fate.silence {
                continue;
            }
            let is_close = message.frame == Frame::Close;
            let outgoing = Outgoing { connection: message.connection, frame: message.frame, hold: fate.hold };
            let late = self.held.remove(&message.connection);
            if fate.reorder && late.is_none() && !is_close {
                self.held.insert(message.connection, outgoing);
                continue;
            }
            let copies = if fate.duplicate && !is_close { 2 } else { 1 };
            let connection = outgoing.connection;
            self.outgoing.extend(core::iter::repeat_n(outgoing, copies));
            self.outgoing.extend(late);
            if is_close {
                self.connections.remove(&connection);
                self.venue.closed(connection);
            }
        }
        if self.outgoing.len() > OUTGOING_MAX {
            // Nobody carries them away: whoever is so far behind has to start anew.
            self.outgoing.clear();
            self.close_all();
        }
    }
}

/// An error of the venue's servers in the shape of its other errors; a page stays a page.
fn in_words_of(venue: VenueKind, mut reply: HttpReply) -> HttpReply {
    if venue == VenueKind::Kraken && reply.content_type == "application/json" {
        reply.body = serde_json::json!({ "error": ["EService:Unavailable"] }).to_string();
    }
    reply
}

impl Protocol for Testnet {
    fn request(&mut self, at: Ts, request: &HttpRequest) -> Answer {
        self.advance(at);
        if self.down.is_some() {
            return Answer::Nothing { hold: Span::default() };
        }
        let after = match self.faults.on_request(at, request.path()) {
            OnRequest::Silence(hold) => return Answer::Nothing { hold },
            OnRequest::RateLimit => {
                return Answer::Reply { reply: self.venue.too_many(at), hold: Span::default() };
            }
            OnRequest::Refuse(reply) => {
                return Answer::Reply {
                    reply: in_words_of(self.world.venue(), reply),
                    hold: Span::default(),
                };
            }
            OnRequest::Carry(after) => after,
        };
        let fresh = self.venue.request(&mut self.world, at, request, &mut self.outbox);
        self.flush();
        let mut reply = fresh.clone();
        if request.method == "GET" && self.faults.remembers(request.path()) {
            match self.answers.get(&request.target) {
                Some(before) if after.stale => reply = before.clone(),
                Some(_) | None => {
                    if self.answers.len() < ANSWERS_MAX {
                        self.answers.insert(request.target.clone(), fresh);
                    }
                }
            }
        }
        if let Some(hold) = after.drop {
            return Answer::Nothing { hold: hold.min(PATIENCE) };
        }
        let error = after.error.map(|error| in_words_of(self.world.venue(), error));
        Answer::Reply { reply: error.unwrap_or(reply), hold: after.hold }
    }

    fn open(&mut self, at: Ts, connection: ConnectionId, path: &str) -> bool {
        self.advance(at);
        if self.down.is_some() {
            return false;
        }
        self.connections.insert(connection);
        let is_open = self.venue.open(&mut self.world, at, connection, path, &mut self.outbox);
        if !is_open {
            self.connections.remove(&connection);
        }
        self.flush();
        is_open
    }

    fn text(&mut self, at: Ts, connection: ConnectionId, text: &str) {
        self.advance(at);
        if !self.connections.contains(&connection) {
            return;
        }
        self.venue.text(&mut self.world, at, connection, text, &mut self.outbox);
        self.flush();
    }

    fn closed(&mut self, at: Ts, connection: ConnectionId) {
        if self.connections.remove(&connection) {
            self.venue.closed(connection);
        }
        self.held.remove(&connection);
        self.snapshots.retain(|(known, _), _| *known != connection);
        self.outgoing.retain(|message| message.connection != connection);
        self.advance(at);
    }

    fn advance(&mut self, at: Ts) {
        self.at = self.at.max(at);
        self.world.advance(self.at);
        self.on_time();
        if self.down.is_none() {
            self.venue.on_time(&mut self.world, self.at, &mut self.outbox);
        }
        self.flush();
    }

    fn next_at(&self) -> Option<Ts> {
        let back = match self.down {
            Some(Down::Until(until)) => Some(until),
            Some(Down::ForGood) | None => None,
        };
        let times = [self.world.next_at(), self.venue.next_at(), self.faults.next_at(self.at), back];
        times.into_iter().flatten().min()
    }

    fn next_outgoing(&mut self) -> Option<Outgoing> {
        self.outgoing.pop_front()
    }

    fn is_down(&self) -> Option<Down> {
        self.down
    }
}
