//! Kraken Futures: REST v3, charts v1, history v3 (and v2), WebSocket v1, over the world.
//!
//! Paths, costs and signatures come from the same tables as the client's side
//! (`seawall_venues::kraken_futures`). One key, one account with its money in USD on the flex wallet.

mod auth;
mod feeds;
mod history;
mod params;
mod private;
mod public;
mod rows;
mod stream;
mod trading;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_model::Ts;
use seawall_venues::Credentials;
use serde_json::{Map, Value, json};

use self::auth::{Gate, cost};
use self::params::Fields;
use self::stream::Streams;
use crate::json::iso;
use crate::protocol::{ConnectionId, HttpReply, HttpRequest};
use crate::venue::{Outbox, Venue};
use crate::world::{End, Happening, World};

/// The fee schedule of every instrument.
const FEE_SCHEDULE: &str = "7fc4d7c0-464f-4029-a9bb-55856d0c5247";

/// The documented key of the exchange in a box. It opens nothing else.
pub const KEY: &str = "FAKE-FUTURES-KEY";
/// Its secret: base64 of 64 bytes of plain text.
pub const SECRET: &str =
    "RkFLRSBmdXR1cmVzIHNlY3JldCBmb3IgY29uZm9ybWFuY2UgdGVzdHMgb25seSwgNjQgYnl0ZXMgbG9uZyEhIQ==";

/// Kraken Futures.
pub struct KrakenFutures {
    credentials: Credentials,
    gate: Gate,
    streams: Streams,
    pnl_currency: BTreeMap<String, String>,
    self_trade: String,
    /// When the dead man's switch cancels everything.
    switch: Option<Ts>,
    transfers: Vec<Value>,
    cash: Decimal,
}

/// What an endpoint says: an answer's payload, or a refusal.
type Outcome = Result<Map<String, Value>, Refusal>;

/// A refusal in the venue's two shapes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Refusal {
    /// HTTP 200 and a word.
    Word(String),
    /// A status with a code and a message.
    Code { status: u16, code: u32, message: &'static str },
    /// No such path.
    NoPath,
    /// The pool of history is used up.
    HistoryLimit,
}

impl Refusal {
    fn word(word: &str) -> Self {
        Refusal::Word(word.to_owned())
    }

    fn argument(name: &str) -> Self {
        Refusal::Word(format!("invalidArgument: {name}"))
    }

    fn missing(name: &str) -> Self {
        Refusal::Word(format!("requiredArgumentMissing: {name}"))
    }

    fn reply(&self, at: Ts) -> HttpReply {
        let time = iso(at);
        match self {
            Refusal::Word(word) => {
                HttpReply::json(200, &json!({ "result": "error", "error": word, "serverTime": time }))
            }
            Refusal::Code { status, code, message } => HttpReply::json(
                *status,
                &json!({
                    "status": "BAD_REQUEST",
                    "result": "error",
                    "errors": [{ "code": code, "message": message }],
                    "serverTime": time,
                }),
            ),
            Refusal::NoPath => {
                HttpReply::json(404, &json!({ "result": "error", "error": "notFound", "serverTime": time }))
            }
            Refusal::HistoryLimit => {
                let mut reply = HttpReply::json(
                    429,
                    &json!({ "result": "error", "error": "apiLimitExceeded", "serverTime": time }),
                );
                reply.headers.push(("rate-limit-reset", "600".to_owned()));
                reply
            }
        }
    }
}

/// An object of one field.
fn one(name: &str, value: Value) -> Map<String, Value> {
    core::iter::once((name.to_owned(), value)).collect()
}

impl KrakenFutures {
    /// The venue for one key.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        KrakenFutures {
            credentials,
            gate: Gate::default(),
            streams: Streams::default(),
            pnl_currency: BTreeMap::new(),
            self_trade: "REJECT_TAKER".to_owned(),
            switch: None,
            transfers: Vec::new(),
            cash: Decimal::ZERO,
        }
    }

    fn route(&mut self, world: &mut World, at: Ts, request: &HttpRequest, out: &mut Outbox) -> Outcome {
        let path = request.path();
        let fields = Fields::of(request).ok_or_else(|| Refusal::word("Bad Request"))?;
        if let Some(rest) = path.strip_prefix("/api/charts/v1/") {
            return public::candles(world, rest, &fields);
        }
        for base in ["/api/history/v3/", "/api/history/v2/"] {
            if let Some(rest) = path.strip_prefix(base) {
                return self.history(world, at, request, rest, &fields);
            }
        }
        if path == seawall_venues::kraken_futures::tables::path::CHECK_KEY {
            self.allow(request)?;
            return Ok(private::key_check(&self.credentials.key));
        }
        let name = path
            .strip_prefix("/derivatives/api/v3/")
            .or_else(|| path.strip_prefix("/derivatives/api/v4/"))
            .ok_or(Refusal::NoPath)?;
        if request.method == "GET"
            && let Some(outcome) = public::answer(world, name, &fields)
        {
            return outcome;
        }
        self.allow(request)?;
        if !self.gate.spend(at, cost(&request.method, path, &fields)) {
            return Err(Refusal::word("apiLimitExceeded"));
        }
        self.private(world, request.method.as_str(), name, &fields, out)
    }

    fn allow(&mut self, request: &HttpRequest) -> Result<(), Refusal> {
        self.gate.check(&self.credentials, request).map_err(|refused| Refusal::word(refused.word()))
    }

    fn history(
        &mut self,
        world: &World,
        at: Ts,
        request: &HttpRequest,
        rest: &str,
        fields: &Fields,
    ) -> Outcome {
        if let Some(rest) = rest.strip_prefix("market/") {
            return history::market(world, rest, fields);
        }
        self.allow(request)?;
        if !self.gate.spend_history(at, history::cost(rest, fields)) {
            return Err(Refusal::HistoryLimit);
        }
        history::own(world, rest, fields)
    }
}

impl Venue for KrakenFutures {
    fn request(&mut self, world: &mut World, at: Ts, request: &HttpRequest, out: &mut Outbox) -> HttpReply {
        let now = world.now();
        match self.route(world, at, request, out) {
            Ok(mut body) => {
                let is_enveloped = request.path().starts_with("/derivatives");
                if is_enveloped {
                    body.insert("result".to_owned(), json!("success"));
                    body.insert("serverTime".to_owned(), json!(iso(now)));
                }
                let mut reply = HttpReply::json(200, &Value::Object(body.clone()));
                if let Some(token) = body.get("continuationToken").and_then(Value::as_str) {
                    reply.headers.push(("next-continuation-token", token.to_owned()));
                }
                reply
            }
            Err(refusal) => refusal.reply(now),
        }
    }

    fn open(
        &mut self,
        world: &mut World,
        at: Ts,
        connection: ConnectionId,
        path: &str,
        out: &mut Outbox,
    ) -> bool {
        if path.trim_end_matches('/') != "/ws/v1" {
            return false;
        }
        self.streams.open(world, at, connection, out);
        true
    }

    fn text(&mut self, world: &mut World, at: Ts, connection: ConnectionId, text: &str, out: &mut Outbox) {
        self.streams.text(world, at, connection, text, &self.credentials, out);
    }

    fn closed(&mut self, connection: ConnectionId) {
        self.streams.closed(connection);
    }

    fn publish(&mut self, world: &World, happenings: &[Happening], out: &mut Outbox) {
        self.streams.publish(world, happenings, out);
    }

    fn on_time(&mut self, world: &mut World, at: Ts, out: &mut Outbox) {
        if self.switch.is_some_and(|switch| switch <= at) {
            self.switch = None;
            let keys: Vec<u32> = world.orders().open().map(|order| order.key).collect();
            for key in keys {
                // They are open: there is nothing that could refuse.
                let _ = world.cancel(key, End::DeadMan);
            }
        }
        self.streams.on_time(world, at, out);
    }

    fn next_at(&self) -> Option<Ts> {
        [self.switch, self.streams.next_at()].into_iter().flatten().min()
    }

    fn too_many(&self, at: Ts) -> HttpReply {
        Refusal::word("apiLimitExceeded").reply(at)
    }
}
