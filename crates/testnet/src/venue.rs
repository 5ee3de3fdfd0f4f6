//! What a venue puts over the world: its words, its signatures, its streams. Faults come on top of it and
//! carriers below.

use std::collections::VecDeque;

use seawall_model::Ts;

use crate::protocol::{ConnectionId, Frame, HttpReply, HttpRequest};
use crate::world::{Happening, World};

/// A message on its way out, with what faults choose by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// To whom.
    pub connection: ConnectionId,
    /// What.
    pub frame: Frame,
    /// The feed it belongs to; `control` for acknowledgements and the like.
    pub feed: &'static str,
    /// Whether it replaces everything said before.
    pub snapshot: bool,
}

/// Messages on their way out, in order.
#[derive(Debug, Default)]
pub struct Outbox {
    messages: VecDeque<Message>,
}

impl Outbox {
    /// A message of a feed.
    pub fn text(&mut self, connection: ConnectionId, feed: &'static str, text: String) {
        let frame = Frame::Text(text);
        self.messages.push_back(Message { connection, frame, feed, snapshot: false });
    }

    /// A message that replaces everything its feed has said before.
    pub fn snapshot(&mut self, connection: ConnectionId, feed: &'static str, text: String) {
        let frame = Frame::Text(text);
        self.messages.push_back(Message { connection, frame, feed, snapshot: true });
    }

    /// The connection is closed.
    pub fn close(&mut self, connection: ConnectionId) {
        let frame = Frame::Close;
        self.messages.push_back(Message { connection, frame, feed: "control", snapshot: false });
    }

    /// Everything there is.
    pub fn drain(&mut self) -> impl Iterator<Item = Message> {
        self.messages.drain(..)
    }
}

/// One venue's protocol over the world.
pub trait Venue: Send {
    /// Answers a request. What it made happen is still in the world's list afterwards.
    fn request(&mut self, world: &mut World, at: Ts, request: &HttpRequest, out: &mut Outbox) -> HttpReply;

    /// A WebSocket is opened on `path`; false refuses it.
    fn open(
        &mut self,
        world: &mut World,
        at: Ts,
        connection: ConnectionId,
        path: &str,
        out: &mut Outbox,
    ) -> bool;

    /// A message of a client.
    fn text(&mut self, world: &mut World, at: Ts, connection: ConnectionId, text: &str, out: &mut Outbox);

    /// A WebSocket is gone.
    fn closed(&mut self, connection: ConnectionId);

    /// Tells the streams what happened.
    fn publish(&mut self, world: &World, happenings: &[Happening], out: &mut Outbox);

    /// Whatever is due by `at`: heartbeats, switches.
    fn on_time(&mut self, world: &mut World, at: Ts, out: &mut Outbox);

    /// When something is due next.
    fn next_at(&self) -> Option<Ts>;

    /// How this venue says that there were too many requests.
    fn too_many(&self, at: Ts) -> HttpReply;
}
