//! The seam between a venue in the box and whoever carries its bytes: a server with sockets, or a
//! simulation without any.
//!
//! Invariants: time is an argument and never goes back; nothing behind the seam reads a clock, opens a
//! socket or draws from anything but its seed; the same calls give the same answers and the same queue.

use seawall_model::{Span, Ts};

/// A request as it arrived: the bytes that were signed are the bytes that are here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpRequest {
    /// `GET`, `POST`, `PUT`, `DELETE`.
    pub method: String,
    /// Path and query exactly as in the request line.
    pub target: String,
    /// Names in lower case, values as sent.
    pub headers: Vec<(String, String)>,
    /// The body as sent.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The query as sent, without the question mark; empty if there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The body as text; empty where it is none.
    #[must_use]
    pub fn text(&self) -> &str {
        core::str::from_utf8(&self.body).unwrap_or("")
    }

    /// The first header of that (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// The status code.
    pub status: u16,
    /// The type of the body.
    pub content_type: &'static str,
    /// Headers beside the usual ones.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl HttpReply {
    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        HttpReply { status, content_type: "application/json", headers: Vec::new(), body: body.to_string() }
    }

    /// A page, as a proxy before the venue sends it.
    #[must_use]
    pub fn html(status: u16, title: &str) -> Self {
        let body = format!("<html><head><title>{status} {title}</title></head><body>{title}</body></html>\n");
        HttpReply { status, content_type: "text/html", headers: Vec::new(), body }
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// This is sent after that long.
    Reply {
        /// The answer.
        reply: HttpReply,
        /// How long it is held back, in the carrier's own time.
        hold: Span,
    },
    /// Nothing is ever sent: the connection stays open for that long and then breaks.
    Nothing {
        /// How long the client is left waiting.
        hold: Span,
    },
}

/// A WebSocket, numbered by whoever accepted it. Numbers are not used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// What goes out on a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A message.
    Text(String),
    /// A ping of the protocol.
    Ping,
    /// The venue closes the connection.
    Close,
}

/// Something for one WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Which one.
    pub connection: ConnectionId,
    /// What.
    pub frame: Frame,
    /// How long it is held back, in the carrier's own time.
    pub hold: Span,
}

/// A venue without sockets.
pub trait Protocol: Send {
    /// A request arrived at `at`.
    fn request(&mut self, at: Ts, request: &HttpRequest) -> Answer;

    /// A WebSocket wants to be opened on `path`; false refuses it.
    fn open(&mut self, at: Ts, connection: ConnectionId, path: &str) -> bool;

    /// A message arrived on a WebSocket.
    fn text(&mut self, at: Ts, connection: ConnectionId, text: &str);

    /// A WebSocket is gone, or was closed by its client.
    fn closed(&mut self, at: Ts, connection: ConnectionId);

    /// The market and the venue's own clocks move on to `at`.
    fn advance(&mut self, at: Ts);

    /// When something happens by itself next.
    fn next_at(&self) -> Option<Ts>;

    /// The next thing to send, in order.
    fn next_outgoing(&mut self) -> Option<Outgoing>;

    /// Until when the venue is down: nothing listens, every connection is broken. `None` while it is up.
    fn is_down(&self) -> Option<Down>;
}

/// The venue was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// It comes back at this time, with everything it knew.
    Until(Ts),
    /// It does not come back.
    ForGood,
}
