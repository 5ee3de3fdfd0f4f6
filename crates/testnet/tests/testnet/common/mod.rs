//! A client of the exchange in a box, without sockets and with a clock of its own.

#![allow(unreachable_pub, reason = "what the modules of one test binary share")]

use seawall_model::{Money, Span, Ts};
use seawall_testnet::faults::FaultRule;
use seawall_testnet::world::VenueKind;
use seawall_testnet::{
    Answer, ConnectionId, Frame, HttpReply, HttpRequest, Protocol, Setup, Testnet, WorldSettings,
};
use seawall_venues::Secret;
use seawall_venues::kraken_futures::sign;
use serde_json::{Value, json};

/// 2026-01-02T03:04:05Z.
pub const START: Ts = Ts::from_millis(1_767_323_045_000);

pub struct Bench {
    pub testnet: Testnet,
    pub at: Ts,
    pub key: String,
    pub secret: Secret,
}

pub fn settings() -> WorldSettings {
    let mut world = WorldSettings::new(VenueKind::KrakenFutures);
    world.history_days = 3;
    world.balance = Money::new("100000".parse().unwrap());
    world
}

impl Bench {
    pub fn new() -> Self {
        Bench::with(settings(), Vec::new())
    }

    pub fn with(world: WorldSettings, faults: Vec<FaultRule>) -> Self {
        let mut setup = Setup::new(world);
        setup.faults = faults;
        let secret = Secret::from_base64("--secret", &setup.secret).unwrap();
        Bench { testnet: setup.build(START).unwrap(), at: START, key: setup.key, secret }
    }

    pub fn wait(&mut self, seconds: i64) {
        self.at = self.at.plus(Span::from_secs(seconds));
        self.testnet.advance(self.at);
    }

    pub fn answer(&mut self, request: &HttpRequest) -> Answer {
        self.testnet.request(self.at, request)
    }

    pub fn reply(&mut self, request: &HttpRequest) -> HttpReply {
        match self.answer(request) {
            Answer::Reply { reply, .. } => reply,
            Answer::Nothing { .. } => panic!("no answer to {}", request.target),
        }
    }

    pub fn public(&mut self, target: &str) -> Value {
        let request = HttpRequest { method: "GET".into(), target: target.into(), ..HttpRequest::default() };
        serde_json::from_str(&self.reply(&request).body).unwrap()
    }

    pub fn signed(&self, method: &str, path: &str, query: &str, body: &str, nonce: &str) -> HttpRequest {
        let data = if body.is_empty() { query } else { body };
        let authent = sign::authent(&self.secret, data, nonce, path);
        let mut headers = vec![("apikey".to_owned(), self.key.clone()), ("authent".to_owned(), authent)];
        if !nonce.is_empty() {
            headers.push(("nonce".to_owned(), nonce.to_owned()));
        }
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        HttpRequest { method: method.into(), target, headers, body: body.as_bytes().to_vec() }
    }

    pub fn get(&mut self, name: &str, query: &str) -> Value {
        let request = self.signed("GET", &full(name), query, "", "");
        serde_json::from_str(&self.reply(&request).body).unwrap()
    }

    pub fn post(&mut self, name: &str, body: &str) -> Value {
        let request = self.signed("POST", &full(name), "", body, "");
        serde_json::from_str(&self.reply(&request).body).unwrap()
    }

    /// The status word of an order that is sent.
    pub fn send(&mut self, body: &str) -> (String, Value) {
        let answer = self.post("sendorder", body);
        assert_eq!(answer["result"], "success", "{answer}");
        let status = answer["sendStatus"].clone();
        (status["status"].as_str().unwrap().to_owned(), status)
    }

    pub fn ticker(&mut self, symbol: &str) -> Value {
        self.public(&format!("/derivatives/api/v3/tickers/{symbol}"))["ticker"].clone()
    }

    /// A price on the tick of bitcoin, `percent` away from the last one.
    pub fn near(&mut self, percent: f64) -> String {
        let last = self.ticker("PF_XBTUSD")["last"].as_f64().unwrap();
        format!("{:.1}", ((last * (1.0 + percent / 100.0)) * 2.0).round() / 2.0)
    }

    pub fn connect(&mut self, number: u64) -> ConnectionId {
        let connection = ConnectionId(number);
        assert!(self.testnet.open(self.at, connection, "/ws/v1"));
        connection
    }

    pub fn say(&mut self, connection: ConnectionId, message: &Value) {
        self.testnet.text(self.at, connection, &message.to_string());
    }

    /// Everything that was sent since.
    pub fn hear(&mut self) -> Vec<(ConnectionId, Value)> {
        let mut heard = Vec::new();
        while let Some(outgoing) = self.testnet.next_outgoing() {
            let value = match outgoing.frame {
                Frame::Text(text) => serde_json::from_str(&text).unwrap(),
                Frame::Ping => json!("ping"),
                Frame::Close => json!("close"),
            };
            heard.push((outgoing.connection, value));
        }
        heard
    }

    /// A connection that listens to private feeds.
    pub fn private(&mut self, number: u64, feeds: &[&str]) -> ConnectionId {
        let connection = self.connect(number);
        self.say(connection, &json!({ "event": "challenge", "api_key": self.key }));
        let heard = self.hear();
        let challenge = heard.last().unwrap().1["message"].as_str().unwrap().to_owned();
        let signed = sign::signed_challenge(&self.secret, &challenge);
        for feed in feeds {
            let message = json!({
                "event": "subscribe", "feed": feed, "api_key": self.key,
                "original_challenge": challenge, "signed_challenge": signed,
            });
            self.say(connection, &message);
        }
        connection
    }
}

fn full(name: &str) -> String {
    if name.starts_with('/') { name.to_owned() } else { format!("/derivatives/api/v3/{name}") }
}
