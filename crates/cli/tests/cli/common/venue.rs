//! An exchange in a box behind a socket of this machine, and a configuration that names it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use seawall_testnet::Setup;
use seawall_testnet::faults::FaultRule;
use seawall_testnet::serve::{Clock, serve};
use seawall_testnet::world::{VenueKind, WorldSettings};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A venue that ends with the test.
pub(crate) struct Venue {
    _runtime: Runtime,
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
    pub(crate) secret: String,
    kind: VenueKind,
}

impl Venue {
    /// Kraken Futures with five instruments, after `change`.
    pub(crate) fn start(change: impl FnOnce(&mut Setup)) -> Self {
        Venue::of(VenueKind::KrakenFutures, change)
    }

    /// A venue with five instruments, after `change`.
    pub(crate) fn of(kind: VenueKind, change: impl FnOnce(&mut Setup)) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut world = WorldSettings::new(kind);
        world.history_days = 2;
        let mut setup = Setup::new(world);
        change(&mut setup);
        let address = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let clock = Clock::start(1);
            let testnet = setup.build(clock.now()).unwrap();
            tokio::spawn(
                async move { serve(testnet, clock, listener, std::future::pending()).await.unwrap() },
            );
            address
        });
        Venue { _runtime: runtime, address, key: setup.key, secret: setup.secret, kind }
    }

    /// With faults from the start on.
    pub(crate) fn with_faults(rules: &[&str]) -> Self {
        let rules: Vec<FaultRule> = rules.iter().map(|rule| serde_json::from_str(rule).unwrap()).collect();
        Venue::start(|setup| setup.faults = rules)
    }

    /// A configuration of two instruments, whose requests go to `rest`.
    pub(crate) fn config_by(&self, rest: SocketAddr) -> String {
        let (name, path, long_only, names) = match self.kind {
            VenueKind::KrakenFutures => (
                "kraken-futures",
                "ws/v1",
                false,
                ["kraken-futures:BTC/USD:USD", "kraken-futures:ETH/USD:USD"],
            ),
            VenueKind::Kraken => ("kraken", "v2", true, ["kraken:BTC/USD", "kraken:ETH/USD"]),
        };
        let stream = format!("ws://{}/{path}", self.address);
        format!(
            "venue: {{name: {name}, rest: 'http://{rest}', public_stream: '{stream}', private_stream: '{stream}'}}\n\
             run: {{instruments: ['{}', '{}'], warm_up_candles: 50}}\n\
             strategy: {{name: ema_cross, ema_cross: {{stop_pct: 2, sizing: risk, timeframe: 1m, long_only: {long_only}}}}}\n\
             universe: {{require_spot: false}}\n",
            names[0], names[1]
        )
    }

    /// The same, straight to the venue.
    pub(crate) fn config(&self) -> String {
        self.config_by(self.address)
    }

    /// The control endpoint's answer.
    pub(crate) fn control(&self, method: &str, name: &str, body: &str) -> Value {
        let answer = exchange(self.address, method, &format!("/testnet/{name}"), body);
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }
}

/// The body of the answer to one request.
pub(crate) fn exchange(address: SocketAddr, method: &str, target: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head =
        format!("{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n");
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}
