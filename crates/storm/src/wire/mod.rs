//! The level of bytes: the process's desk (codecs, sessions, budget, outbox) at one end, an exchange in a box
//! that speaks the venue's protocol at the other, and between them the way that HTTP and WebSockets go.
//!
//! What is simulated is the driver alone: a request that flies gets one reply or a failure of the transport,
//! a connection opens, carries texts in order and breaks. Everything that is said is signed, encoded, decoded
//! and judged by the code of a live run. Invariants: nothing travels faster than the world's latency; the
//! texts of a connection stay in order, but for the faults that say otherwise; what belongs to a process that
//! is dead reaches nobody.

pub(crate) mod boxed;
mod http;
mod sockets;
pub(crate) mod start;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use seawall_model::{ClientOrderId, Input, Ts, VenueEvent, VenueRequest};
use seawall_testnet::HttpReply;
use seawall_venues::session::Feed;
use seawall_venues::{Credentials, Desk, Effect, Markets, News, Reply, SignedRequest, Ticket, VenueError};

pub(crate) use self::http::TIME_OUT;
use self::sockets::{Down, Line};
use self::start::{Follow, Starting};
use crate::world::{Happening, World};

/// A request on its way.
#[derive(Debug, Clone)]
pub(crate) struct Flight {
    life: u32,
    ticket: Ticket,
    /// What the engine asked for, where it is the engine's.
    asked: Option<VenueRequest>,
    request: Box<SignedRequest>,
    /// The client gives it up then.
    until: Ts,
    /// Its reply was given already, or belongs to its twin.
    is_mute: bool,
    is_twin: bool,
}

/// What is going to happen between the desk and the box.
#[derive(Debug)]
pub(crate) enum Event {
    /// A request arrives at the venue.
    Arrive(Box<Flight>),
    /// What became of it arrives at the client.
    Reply { life: u32, ticket: Ticket, reply: Box<Reply> },
    /// A connection arrives at the venue.
    Open { connection: u64 },
    /// A text of the client arrives at the venue.
    Up { connection: u64, text: String },
    /// A ping of the client arrives at the venue.
    Ping { connection: u64 },
    /// The venue learns that a connection is gone.
    Gone { connection: u64 },
    /// Something arrives at the client.
    Down { connection: u64, what: Down },
    /// A question of the start is asked again.
    Again { life: u32 },
    /// The start waits no longer for what it missed.
    Enough { life: u32 },
    /// The process stands still no longer.
    Awake,
}

/// The level of bytes of a world.
pub(crate) struct Wire {
    credentials: Credentials,
    /// Of the process that lives, or of one that starts.
    pub(crate) desk: Option<Desk>,
    markets: Markets,
    starting: Option<Starting>,
    follows: Vec<Follow>,
    lines: BTreeMap<u64, Line>,
    connections: u64,
    orders_live: bool,
    /// Nobody at the venue listens before this.
    unreachable_until: Ts,
    /// No stream is opened before this.
    refused_until: Ts,
    /// The last answer of each path: what a replica that is behind gives.
    answers: BTreeMap<String, HttpReply>,
    emptied: bool,
    /// Placements that somebody before the venue has answered: a twin does not get through either.
    stopped: BTreeSet<ClientOrderId>,
}

impl Wire {
    pub(crate) fn new(at: Ts) -> Result<Self, VenueError> {
        Ok(Wire {
            credentials: boxed::credentials()?,
            desk: None,
            markets: Markets::default(),
            starting: None,
            follows: Vec::new(),
            lines: BTreeMap::new(),
            connections: 0,
            orders_live: false,
            unreachable_until: at,
            refused_until: at,
            answers: BTreeMap::new(),
            emptied: false,
            stopped: BTreeSet::new(),
        })
    }
}

impl World {
    /// When something happens at this level by the clock alone.
    pub(crate) fn wire_next_at(&mut self) -> Option<Ts> {
        let wire = self.wire.as_ref()?;
        let desk = wire.desk.as_ref().and_then(Desk::next_deadline);
        let follows = wire.follows.iter().filter_map(Follow::due).min();
        let own = [desk, follows].into_iter().flatten().min().map(|at| at.max(self.paused_until));
        let boxed = self.venue.exchange.boxed().and_then(|boxed| boxed.next_at());
        [own, boxed].into_iter().flatten().min()
    }

    /// What is due by the clock.
    pub(crate) fn wire_on_time(&mut self, at: Ts) {
        self.hear_box(at);
        if at < self.paused_until {
            return;
        }
        if let Some(desk) = self.wire.as_mut().and_then(|wire| wire.desk.as_mut()) {
            desk.on_time(at);
        }
        self.follow(at);
        self.pump(at);
    }

    pub(crate) fn wire_happens(&mut self, at: Ts, event: Event) {
        match event {
            Event::Arrive(flight) => self.arrives(at, &flight),
            Event::Reply { life, ticket, reply } => {
                if at < self.paused_until {
                    let event = Event::Reply { life, ticket, reply };
                    self.agenda.put(self.paused_until, Happening::Wire(event));
                    return;
                }
                let desk = self.wire.as_mut().and_then(|wire| wire.desk.as_mut());
                if let Some(desk) = desk.filter(|_| life == self.life) {
                    let reply =
                        reply.map(|response| seawall_venues::Response { received_at: at, ..response });
                    desk.replied(at, ticket, &reply);
                }
            }
            Event::Open { connection } => self.opens(at, connection),
            Event::Up { connection, text } => self.goes_up(at, connection, &text),
            Event::Ping { connection } => self.pinged(at, connection),
            Event::Gone { connection } => self.is_gone(at, connection),
            Event::Down { connection, what } => self.comes_down(at, connection, what),
            Event::Again { life } if life == self.life => self.ask_again(at),
            Event::Enough { life } if life == self.life => self.enough(at),
            Event::Again { .. } | Event::Enough { .. } | Event::Awake => {}
        }
        self.pump(at);
    }

    /// Carries out what the desk wants, unless the process stands still.
    pub(crate) fn pump(&mut self, at: Ts) {
        loop {
            if at < self.paused_until {
                self.agenda.put(self.paused_until, Happening::Wire(Event::Awake));
                return;
            }
            let desk = self.wire.as_mut().and_then(|wire| wire.desk.as_mut());
            let Some(effect) = desk.and_then(Desk::effect) else { return };
            match effect {
                Effect::Fly(ticket, request) => self.fly(at, ticket, request),
                Effect::Connect { session, attempt, host } => self.connects(at, (session, attempt), host),
                Effect::Write { session, attempt, text } => self.writes(at, (session, attempt), Some(text.0)),
                Effect::Ping { session, attempt } => self.writes(at, (session, attempt), None),
                Effect::Close { session } => self.closes(at, session),
                Effect::News(news) => self.hears(at, news),
                Effect::Answered { token, answer } => self.answered(at, token, *answer),
                // For the operator's eyes.
                Effect::Failed { .. } | Effect::Disconnected { .. } => {}
            }
        }
    }

    /// As the thread of a live run: what a session says, and whether the stream of the account is complete.
    fn hears(&mut self, at: Ts, news: News) {
        match news {
            News::Engine(input) => self.feed(at, input),
            News::Feed { feed: Feed::Orders, live, .. } => {
                let Some(wire) = self.wire.as_mut() else { return };
                if std::mem::replace(&mut wire.orders_live, live) != live {
                    self.feed(at, Input::Venue(VenueEvent::Stream { live }));
                }
            }
            News::Feed { .. }
            | News::Forming(..)
            | News::Ticker(_)
            | News::Top { .. }
            | News::Account(_)
            | News::Positions(_)
            | News::Notice(_) => {}
        }
    }

    /// Takes in what the box has done and said.
    pub(crate) fn hear_box(&mut self, at: Ts) {
        if let Some(boxed) = self.venue.exchange.boxed() {
            boxed.advance(at);
        }
        self.venue.hear_exchange(at, &mut self.truth, None);
        for id in self.venue.exchange.boxed().map_or_else(Vec::new, boxed::Boxed::starved) {
            // No order can protect or close before there is somebody again.
            self.truth.disturb(at, Some(id));
        }
        // It says so itself, in bytes.
        self.venue.take_said();
        self.carry_frames(at);
    }

    /// The process is dead: nothing of its connections reaches anybody.
    pub(crate) fn hang_up(&mut self, at: Ts) {
        let Some(wire) = self.wire.as_mut() else { return };
        (wire.desk, wire.starting, wire.orders_live) = (None, None, false);
        wire.follows.clear();
        for connection in std::mem::take(&mut wire.lines).into_keys() {
            let due = at.plus(self.travel_time(at));
            self.agenda.put(due, Happening::Wire(Event::Gone { connection }));
        }
    }
}
