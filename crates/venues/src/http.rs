//! Requests and answers as values: what a driver sends and brings back, without a socket.
//!
//! Invariants: a request names a host by its use, never by its address, and [`Hosts`] is the only map from
//! one to the other; the bytes that are signed are the bytes that are sent, because a request holds its
//! encoded query and body; what a signature is made of is never printed.

use core::fmt;
use std::borrow::Cow;

use arrayvec::ArrayVec;
use seawall_model::{InstrumentId, Ts};

use crate::error::VenueError;

/// The verb of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Does.
    Post,
    /// Sets.
    Put,
    /// Removes.
    Delete,
}

impl Method {
    /// As it stands in the request line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// Which of a venue's hosts, by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// Requests and answers.
    Rest,
    /// The stream of market data.
    PublicStream,
    /// The stream of the account.
    PrivateStream,
}

impl Host {
    /// Every host.
    pub const ALL: [Host; 3] = [Host::Rest, Host::PublicStream, Host::PrivateStream];

    /// A name for messages and configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Host::Rest => "rest",
            Host::PublicStream => "public_stream",
            Host::PrivateStream => "private_stream",
        }
    }
}

/// The addresses that the configuration names, and no others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    addresses: ArrayVec<(Host, String), 3>,
}

impl Hosts {
    /// With an address for one more use; a later one replaces an earlier one.
    #[must_use]
    pub fn with(mut self, host: Host, base: &str) -> Self {
        self.addresses.retain(|(known, _)| *known != host);
        // There are as many places as there are uses.
        let _ = self.addresses.try_push((host, base.trim_end_matches('/').to_owned()));
        self
    }

    /// The full address of a path on a host.
    ///
    /// # Errors
    /// [`VenueError::HostNotConfigured`] where the configuration names none: there is no default behind it.
    pub fn url(&self, host: Host, target: &str) -> Result<String, VenueError> {
        let (_, base) = self
            .addresses
            .iter()
            .find(|(known, _)| *known == host)
            .ok_or(VenueError::HostNotConfigured { host: host.name() })?;
        Ok(format!("{base}{target}"))
    }
}

/// How urgent a request is; the first ones have capacity kept for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Stops, and closing what has none.
    Protect,
    /// Cancellations.
    Cancel,
    /// Other reductions.
    Exit,
    /// New risk.
    Entry,
    /// Questions about orders, positions and balances.
    Reconcile,
    /// Market data and everything else.
    Data,
}

impl Lane {
    /// Every lane, most urgent first.
    pub const ALL: [Lane; 6] =
        [Lane::Protect, Lane::Cancel, Lane::Exit, Lane::Entry, Lane::Reconcile, Lane::Data];

    /// The position in [`Self::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Lane::Protect => 0,
            Lane::Cancel => 1,
            Lane::Exit => 2,
            Lane::Entry => 3,
            Lane::Reconcile => 4,
            Lane::Data => 5,
        }
    }
}

/// Whether sending a request twice does harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It only reads.
    Reads,
    /// Doing it again changes nothing more (a cancellation).
    Harmless,
    /// Doing it again may do it twice (a placement). Never repeated without proof that it was not done.
    Never,
}

/// A count of requests that a venue limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pool {
    /// The main count of private requests.
    Private,
    /// The count of requests for history.
    History,
    /// The count of requests without a key.
    Public,
    /// The count of order changes of one instrument.
    Orders(InstrumentId),
}

/// What a request takes from a pool, in thousandths of the venue's unit (Kraken spot counts halves).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Which pool.
    pub pool: Pool,
    /// Thousandths of a unit.
    pub milli: u32,
}

impl Cost {
    /// Whole units of a pool.
    #[must_use]
    pub const fn units(pool: Pool, units: u32) -> Self {
        Cost { pool, milli: units.saturating_mul(1000) }
    }
}

/// What stands behind the head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// Encoded form fields.
    Form(String),
}

/// A request, complete but for its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The verb.
    pub method: Method,
    /// Which host.
    pub host: Host,
    /// The path, without a query.
    pub path: Cow<'static, str>,
    /// The encoded query, without the question mark; empty if there is none.
    pub query: String,
    /// The body.
    pub body: Body,
    /// Whether it must be signed.
    pub signed: bool,
    /// How urgent it is.
    pub lane: Lane,
    /// Whether it may be sent twice.
    pub repeat: Repeat,
    /// What it takes from the venue's pools.
    pub costs: ArrayVec<Cost, 2>,
}

impl Request {
    /// A reading request without a key.
    #[must_use]
    pub fn public(path: impl Into<Cow<'static, str>>, query: Form) -> Self {
        Request {
            method: Method::Get,
            host: Host::Rest,
            path: path.into(),
            query: query.into_text(),
            body: Body::None,
            signed: false,
            lane: Lane::Data,
            repeat: Repeat::Reads,
            costs: [Cost::units(Pool::Public, 1)].into_iter().collect(),
        }
    }

    /// Path and query as they stand in the request line.
    #[must_use]
    pub fn target(&self) -> String {
        if self.query.is_empty() {
            return self.path.to_string();
        }
        format!("{}?{}", self.path, self.query)
    }
}

/// A header of a request. `Debug` shows the name alone: the value may prove who we are.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// The name.
    pub name: &'static str,
    /// The value.
    pub value: String,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: …", self.name)
    }
}

/// The bytes of a request as they go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// The verb.
    pub method: Method,
    /// Which host.
    pub host: Host,
    /// Path and query.
    pub target: String,
    /// Headers beside those that every client sends.
    pub headers: ArrayVec<Header, 6>,
    /// The body; empty if there is none.
    pub body: String,
}

/// An answer of the venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// After how long the venue wants to be asked again, where it says so (`Retry-After` and its like).
    pub retry_after_s: Option<u32>,
    /// The body.
    pub body: Vec<u8>,
    /// When it arrived here.
    pub received_at: Ts,
}

/// What the transport knows when there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportFailure {
    /// Proven: not a byte of the request left this process (no connection, refused by us).
    NotSent,
    /// It may have arrived: a time-out, a connection that broke.
    MaybeSent,
}

/// What comes back for a request: exactly one for each that was sent.
pub type Reply = Result<Response, TransportFailure>;

/// Fields of a query or a form, encoded once, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(String);

impl Form {
    /// No fields.
    #[must_use]
    pub fn new() -> Self {
        Form::default()
    }

    /// One more field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        encode(&mut self.0, name);
        self.0.push('=');
        encode(&mut self.0, &value.to_string());
        self
    }

    /// One more field where there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The encoded text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

/// Percent-encoding of everything but letters, digits and `-_.~` (RFC 3986, section 2.3).
fn encode(text: &mut String, value: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
            continue;
        }
        text.push('%');
        for digit in [byte >> 4, byte & 15] {
            text.push(HEX.get(usize::from(digit)).map_or('0', |digit| char::from(*digit)));
        }
    }
}

/// The fields of a query or a form, decoded, for the side that receives it. `None` for a broken escape.
#[must_use]
pub fn decode_form(text: &str) -> Option<Vec<(String, String)>> {
    let part = |part: &str| {
        let mut bytes = Vec::with_capacity(part.len());
        let mut rest = part.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
                    (digit(rest.next()?)? << 4) | digit(rest.next()?)?
                }
                other => other,
            });
        }
        String::from_utf8(bytes).ok()
    };
    let fields = text.split('&').filter(|field| !field.is_empty());
    fields
        .map(|field| {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            Some((part(name)?, part(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_once_and_read_back() {
        let form = Form::new().with("cliOrdId", "my id/1").with("price", "+100").with("t", "03:04");
        assert_eq!(form.0, "cliOrdId=my%20id%2F1&price=%2B100&t=03%3A04");
        let fields = decode_form(&form.0).unwrap();
        assert_eq!(fields[0], ("cliOrdId".to_owned(), "my id/1".to_owned()));
        assert_eq!(fields[1].1, "+100");
        assert_eq!(decode_form("a=my+id").unwrap()[0].1, "my id");
        assert!(decode_form("a=%G1").is_none() && decode_form("a=%1").is_none());
    }

    #[test]
    fn no_address_is_known_but_the_configured_ones() {
        let hosts = Hosts::default().with(Host::Rest, "http://127.0.0.1:9/");
        assert_eq!(hosts.url(Host::Rest, "/a?b=c").unwrap(), "http://127.0.0.1:9/a?b=c");
        let error = hosts.url(Host::PrivateStream, "/").unwrap_err();
        assert!(error.to_string().contains("private_stream"), "{error}");
    }

    #[test]
    fn a_header_prints_its_name_alone() {
        let header = Header { name: "Authent", value: "secret".to_owned() };
        assert_eq!(format!("{header:?}"), "Authent: …");
    }
}
