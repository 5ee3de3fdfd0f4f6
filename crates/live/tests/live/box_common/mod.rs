//! The exchange in a box behind real sockets of this machine, and a configuration for it.
#![allow(unreachable_pub, reason = "what the modules of one test binary share")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use seawall_config::{Config, Loader};
use seawall_testnet::Setup;
use seawall_testnet::serve::{Clock, serve};
use seawall_testnet::world::{VenueKind, WorldSettings};
use seawall_venues::{Credentials, Venue};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A venue of five instruments.
pub struct Exchange {
    _runtime: Runtime,
    address: SocketAddr,
    key: String,
    secret: String,
}

impl Exchange {
    pub fn start(change: impl FnOnce(&mut Setup)) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut world = WorldSettings::new(VenueKind::KrakenFutures);
        world.history_days = 2;
        let mut setup = Setup::new(world);
        change(&mut setup);
        let (key, secret) = (setup.key.clone(), setup.secret.clone());
        let address = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let clock = Clock::start(1);
            let testnet = setup.build(clock.now()).unwrap();
            tokio::spawn(async move { serve(testnet, clock, listener, std::future::pending()).await });
            address
        });
        Exchange { _runtime: runtime, address, key, secret }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn credentials(&self) -> Credentials {
        Venue::KrakenFutures.credentials(&self.key, &self.secret, "the secret").unwrap()
    }

    /// A run of one instrument that enters nothing by itself.
    pub fn config(&self, set: &[&str]) -> Config {
        let address = self.address;
        let file = format!(
            "venue: {{rest: 'http://{address}', public_stream: 'ws://{address}/ws/v1', private_stream: 'ws://{address}/ws/v1'}}\n\
             run: {{instruments: ['kraken-futures:BTC/USD:USD'], warm_up_candles: 30}}\n\
             strategy: {{name: ema_cross, ema_cross: {{fast: 300, slow: 900, stop_pct: 2, sizing: risk, timeframe: 1m}}}}\n\
             universe: {{mode: 'off', require_spot: false}}\n"
        );
        Loader::new().file("run.yaml", file).set(set.iter().copied()).load().unwrap().config
    }

    pub fn state(&self) -> Value {
        self.json("GET", "/testnet/state", "")
    }

    pub fn json(&self, method: &str, target: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        let text = format!(
            "{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }
}
