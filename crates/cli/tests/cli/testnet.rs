//! The exchange in a box from the outside: it says where it listens, answers there, ends when it is told to,
//! and refuses what it cannot be.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::Sandbox;
use crate::common::candles::{MINUTE, csv, walk};
use crate::common::refusals::{Case, all_refused};
use serde_json::Value;

/// How long it may take to end, far beyond what it needs.
const END_MAX: Duration = Duration::from_secs(30);

/// A running exchange, killed if a test forgets to end it.
struct Exchange {
    child: Child,
    started: Value,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // One that has ended by itself cannot be killed, and need not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Exchange {
    /// Starts it on a free port and reads the line that says where it listens.
    fn start(sandbox: &Sandbox, line: &str) -> Exchange {
        let line = format!("testnet --listen 127.0.0.1:0 --history-days 2 --json {line}");
        let mut child = sandbox.command(&line).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let started = serde_json::from_str(&first).unwrap_or_else(|error| panic!("{error}: {first}"));
        Exchange { child, started }
    }

    fn address(&self) -> &str {
        self.started["rest"].as_str().unwrap().strip_prefix("http://").unwrap()
    }

    /// The JSON that it answers.
    fn get(&self, target: &str) -> Value {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    /// The exit code once it has ended.
    fn code(mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < END_MAX, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn end_by(self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        self.code()
    }
}

#[test]
fn it_says_where_it_listens_answers_there_and_ends_by_either_signal() {
    let sandbox = Sandbox::new();
    let futures = Exchange::start(&sandbox, "--venue kraken-futures --seed 3");
    assert_eq!(futures.started["schema"], "seawall.testnet/1");
    assert_eq!(futures.started["websocket"], format!("ws://{}/ws/v1", futures.address()));
    let instruments = futures.get("/derivatives/api/v3/instruments");
    assert_eq!(instruments["instruments"].as_array().unwrap().len(), 5);
    assert_eq!(futures.get("/testnet/state")["balance"], "10000");
    assert_eq!(futures.end_by("-INT"), Some(0));
    let spot = Exchange::start(&sandbox, "--venue kraken --instruments 2 --balance 250.5");
    assert_eq!(spot.started["websocket"], format!("ws://{}/v2", spot.address()));
    assert_eq!(spot.get("/0/public/AssetPairs")["result"].as_object().unwrap().len(), 2);
    assert_eq!(spot.get("/testnet/state")["balance"], "250.5");
    assert_eq!(spot.end_by("-TERM"), Some(0));
}

#[test]
fn two_on_one_port_is_one_too_many() {
    let sandbox = Sandbox::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let answer = sandbox.run(&format!("testnet --venue kraken --history-days 1 --listen {address}"));
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains(&format!("--listen {address}: Address already in use")), "{answer:?}");
}

#[test]
fn a_fault_that_kills_it_is_exit_code_1() {
    let sandbox = Sandbox::new();
    sandbox.write("faults.yaml", "- { fault: kill, after_s: 1 }\n");
    let exchange = Exchange::start(&sandbox, "--venue kraken-futures --speed 10 --faults faults.yaml");
    assert_eq!(exchange.code(), Some(1));
}

#[test]
fn a_file_of_candles_is_the_market_and_positions_are_there_from_the_start() {
    let sandbox = Sandbox::new();
    sandbox.write("market.csv", csv(&walk(600, 5), MINUTE));
    sandbox.write(
        "account.yaml",
        "positions: [{symbol: BTC, qty: \"2\"}]\norders: [{symbol: BTC, side: sell, qty: \"2\", stop_price: \"5\"}]\n",
    );
    for venue in ["kraken-futures", "kraken"] {
        let line = format!("--venue {venue} --market market.csv --positions account.yaml");
        let exchange = Exchange::start(&sandbox, &line);
        let state = exchange.get("/testnet/state");
        assert_eq!(
            (&state["instruments"], &state["positions"][0]["qty"]),
            (&Value::from(1), &Value::from("2"))
        );
        assert_eq!(state["open_orders"][0]["stop_price"], "5");
        let last: f64 = match venue {
            "kraken" => {
                let ticker = exchange.get("/0/public/Ticker?pair=XBTUSD");
                ticker["result"]["XXBTZUSD"]["c"][0].as_str().unwrap().parse().unwrap()
            }
            _ => exchange.get("/derivatives/api/v3/tickers/PF_XBTUSD")["ticker"]["last"].as_f64().unwrap(),
        };
        assert!((10.0..1_000.0).contains(&last), "{last}");
        assert_eq!(exchange.end_by("-TERM"), Some(0));
    }
}

#[test]
fn what_it_cannot_be_is_refused_with_the_place_and_what_would_be_right() {
    let sandbox = Sandbox::new();
    let good = csv(&walk(30, 5), MINUTE);
    sandbox.write("letters.csv", good.replacen(",10\n", ",ten\n", 2).as_bytes());
    sandbox.write("header.csv", good.replacen("close", "klose", 1));
    sandbox.write("empty.csv", "ts_ms,open,high,low,close,volume\n");
    sandbox.write("five.csv", csv(&walk(30, 5), 5 * MINUTE));
    sandbox.write("market.parquet", b"PAR1....");
    sandbox.write("unknown.yaml", "positions: [{symbol: NOPE, qty: \"1\"}]\n");
    sandbox.write("field.yaml", "positions: [{symbol: BTC, size: \"1\"}]\n");
    sandbox.write("grid.yaml", "positions: [{symbol: BTC, qty: \"0.00000001\"}]\n");
    sandbox.write("fault.yaml", "- { fault: earthquake }\n");
    sandbox.write("when.yaml", "- { fault: delay, delay_ms: soon }\n");
    let cases: [Case; 21] = [
        ("--venue binance", &["--venue", "kraken-futures, kraken"]),
        ("--venue kraken --speed 0", &["--speed", "1..=100000"]),
        ("--venue kraken --history-days 0", &["--history-days", "1..=3650"]),
        ("--venue kraken --tick-secs 0", &["--tick-secs", "1..=3600"]),
        ("--venue kraken --instruments 0", &["instruments: 1 to 1000"]),
        ("--venue kraken --instruments 1001", &["instruments: 1 to 1000"]),
        ("--venue kraken --balance lots", &["--balance lots: write a number, like 10000"]),
        ("--venue kraken --balance=-1", &["balance: 0 to 10 to the power of 15"]),
        ("--venue kraken --volume-limit-pct all", &["--volume-limit-pct all: write a number"]),
        ("--venue kraken --key K", &["--secret"]),
        ("--venue kraken --key K --secret %%%", &["--secret"]),
        ("--venue kraken --market none.csv", &["market file none.csv: cannot open", "No such file"]),
        ("--venue kraken --market letters.csv", &["market file letters.csv: ", "line 2", "volume", "ten"]),
        ("--venue kraken --market header.csv", &["market file header.csv: line 1", "klose", "close"]),
        ("--venue kraken --market empty.csv", &["market file empty.csv: no rows"]),
        ("--venue kraken --market five.csv", &["market file five.csv: declared as 1m"]),
        ("--venue kraken --market market.parquet", &["market file market.parquet: this is", "not CSV"]),
        ("--venue kraken --positions none.yaml", &["none.yaml: cannot be read"]),
        ("--venue kraken --positions unknown.yaml", &["position NOPE: no such instrument"]),
        ("--venue kraken --positions field.yaml", &["field.yaml: ", "size", "line 1"]),
        ("--venue kraken --faults fault.yaml", &["fault.yaml: ", "earthquake", "line 1"]),
    ];
    all_refused(&sandbox, "testnet --listen 127.0.0.1:0 ", &cases);
    let more: [Case; 3] = [
        ("--listen nowhere", &["--listen", "nowhere"]),
        ("--faults when.yaml", &["when.yaml: ", "soon", "line 1"]),
        ("--positions grid.yaml", &["0.00000001", "BTC"]),
    ];
    all_refused(&sandbox, "testnet --venue kraken ", &more);
}
