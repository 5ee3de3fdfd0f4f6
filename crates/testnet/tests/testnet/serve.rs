//! The exchange in a box behind real sockets of this machine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::common::settings;
use seawall_testnet::Setup;
use seawall_testnet::faults::{FaultKind, FaultRule};
use seawall_testnet::serve::{Clock, Ended, serve};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

struct Served {
    runtime: Runtime,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<tokio::task::JoinHandle<Ended>>,
}

fn start(rules: Vec<FaultRule>) -> Served {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let (address, ended) = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Clock::start(1);
        let mut setup = Setup::new(settings());
        setup.faults = rules;
        let testnet = setup.build(clock.now()).unwrap();
        let stop = async {
            let _ = stopped.await;
        };
        (address, tokio::spawn(async move { serve(testnet, clock, listener, stop).await.unwrap() }))
    });
    Served { runtime, address, stop: Some(stop), ended: Some(ended) }
}

impl Served {
    /// Everything that comes back for a request until the connection ends; empty where nothing does.
    fn ask(&self, method: &str, target: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        let text = format!(
            "{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A connection that is cut ends the reading with an error: what came is what counts.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn json(&self, method: &str, target: &str, body: &str) -> Value {
        let answer = self.ask(method, target, body);
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    fn end(mut self) -> Ended {
        self.stop.take().unwrap().send(()).unwrap();
        self.runtime.block_on(self.ended.take().unwrap()).unwrap()
    }
}

#[test]
fn market_data_and_the_truth_are_served_and_it_stops_when_asked() {
    let served = start(Vec::new());
    let listed = served.json("GET", "/derivatives/api/v3/instruments", "");
    assert_eq!(listed["instruments"].as_array().unwrap().len(), 5);
    let done = served.json("POST", "/testnet/positions", r#"{"symbol":"ETH","qty":"1"}"#);
    assert_eq!(done["done"], true);
    let order = r#"{"symbol":"ETH","side":"sell","qty":"1","stop_price":"100","reduce_only":true}"#;
    assert!(served.json("POST", "/testnet/orders", order)["order_id"].is_string());
    let state = served.json("GET", "/testnet/state", "");
    assert_eq!(
        (&state["positions"][0]["symbol"], &state["positions"][0]["qty"]),
        (&"PF_ETHUSD".into(), &"1".into())
    );
    assert_eq!(state["open_orders"][0]["stop_price"], "100");
    let orders = served.json("GET", "/testnet/orders", "");
    assert_eq!((&orders["orders"][0]["number"], &orders["orders"][0]["open"]), (&1.into(), &true.into()));
    assert_eq!(served.json("GET", "/testnet/orders?after=1", "")["orders"].as_array().unwrap().len(), 0);
    assert!(served.json("POST", "/testnet/liquidate", r#"{"symbol":"ETH"}"#)["done"].is_boolean());
    let state = served.json("GET", "/testnet/state?fills=no", "");
    assert_eq!(state["positions"].as_array().unwrap().len() + state["fills"].as_array().unwrap().len(), 0);
    assert_eq!(served.json("GET", "/testnet/state", "")["fills"].as_array().unwrap().len(), 1);
    assert!(served.ask("GET", "/testnet/odd", "").starts_with("HTTP/1.1 400"));
    assert!(served.ask("GET", "/odd", "").starts_with("HTTP/1.1 404"));
    assert_eq!(served.end(), Ended::Stopped);
}

#[test]
fn a_dropped_answer_is_a_broken_connection_without_a_byte() {
    let mut rule = FaultRule::new(FaultKind::DropReply);
    rule.target = Some("tickers".to_owned());
    rule.delay_ms = Some(10);
    let served = start(vec![rule]);
    assert_eq!(served.ask("GET", "/derivatives/api/v3/tickers", ""), "");
    assert!(served.ask("GET", "/derivatives/api/v3/instruments", "").starts_with("HTTP/1.1 200"));
    let faults = r#"[{"fault":"error_html","target":"tickers"}]"#;
    assert_eq!(served.json("POST", "/testnet/faults", faults)["rules"][0]["fault"], "error_html");
    assert!(served.ask("GET", "/derivatives/api/v3/tickers", "").starts_with("HTTP/1.1 503"));
    served.end();
}

#[test]
fn a_venue_that_is_killed_for_good_ends_the_server() {
    let mut rule = FaultRule::new(FaultKind::Kill);
    rule.after_s = 1;
    let mut served = start(vec![rule]);
    let ended = served.runtime.block_on(served.ended.take().unwrap()).unwrap();
    assert_eq!(ended, Ended::Killed);
}
