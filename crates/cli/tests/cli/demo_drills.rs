//! The buttons of the demo: what goes wrong on purpose ends with every position protected.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{Answer, Sandbox};

/// A running demo with its API.
struct Running {
    child: Child,
    address: String,
    token: String,
}

impl Running {
    fn start(sandbox: &Sandbox) -> Self {
        let line = "demo --headless --speed 10 --duration 1h --data-dir data --set api.listen=127.0.0.1:0";
        let mut child = sandbox.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let told = loop {
            let mut text = String::new();
            assert!(out.read_line(&mut text).unwrap() > 0, "it ended before its API opened");
            if text.contains("API at http://") {
                break text;
            }
        };
        let address = told.split("http://").nth(1).unwrap().split(';').next().unwrap().to_owned();
        let token = told.trim().rsplit(' ').next().unwrap().to_owned();
        // Nobody reads on; what is still said must not wait for room.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        Running { child, address, token }
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let body = body.map(ToString::to_string).unwrap_or_default();
        let (address, token, length) = (&self.address, &self.token, body.len());
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n");
        let kind = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
        stream.write_all(format!("{head}{kind}Connection: close\r\n\r\n{body}").as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Asks until the answer is as wanted.
    fn until(&self, what: &str, path: &str, wanted: impl Fn(u16, &Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let (status, body) = self.ask("GET", path, None);
            if wanted(status, &body) {
                return body;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{what}: {status} {body}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Everything that is held is protected, and nothing goes wrong any more.
    fn until_protected(&self) -> Value {
        self.until("the drill is over", "/api/demo", |_, body| body["running"].is_null());
        self.until("ready and protected", "/readyz", |status, body| status == 200 && body["ok"] == true);
        let status = self.ask("GET", "/api/status", None).1;
        assert_eq!((&status["positions_naked"], &status["violations"]), (&json!(0), &json!(0)), "{status}");
        assert_eq!(status["positions"], status["positions_protected"], "{status}");
        status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn any(body: &Value, wanted: impl Fn(&Value) -> bool) -> bool {
    body["rows"].as_array().is_some_and(|rows| rows.iter().any(wanted))
}

#[test]
fn a_stop_that_is_taken_away_and_a_network_that_is_cut_end_with_every_position_protected() {
    let sandbox = Sandbox::new();
    let mut running = Running::start(&sandbox);
    running.until("both are protected", "/api/status", |_, status| {
        status["ready"] == true && status["positions_protected"].as_u64() >= Some(2)
    });
    let (_, drills) = running.ask("GET", "/api/demo", None);
    assert_eq!(drills["drills"], json!(["cut-network", "reject-my-stop"]));

    let (status, refused) =
        running.ask("POST", "/api/demo/reject-my-stop", Some(&json!({ "instrument": "NO/SUCH" })));
    assert_eq!((status, refused["code"].as_str()), (409, Some("no_stop")), "{refused}");
    let (status, begun) = running.ask("POST", "/api/demo/reject-my-stop", Some(&json!({ "why": "to see" })));
    assert_eq!((status, begun["drill"].as_str()), (200, Some("reject-my-stop")), "{begun}");
    let name = begun["instrument"].as_str().unwrap().to_owned();
    let (status, busy) = running.ask("POST", "/api/demo/cut-network", Some(&json!({})));
    assert_eq!((status, busy["code"].as_str()), (409, Some("drill_running")), "{busy}");
    running.until("the alarm", "/api/alerts", |_, alerts| {
        any(alerts, |row| row["kind"] == "position_unprotected" && row["instrument"] == name.as_str())
    });
    let emergency = running.until("the emergency exit", "/api/orders", |_, orders| {
        any(orders, |row| {
            row["role"] == "emergency" && row["instrument"] == name.as_str() && row["state"] == "filled"
        })
    });
    // The one that was taken away, and at least one that was not taken.
    let over =
        |row: &&Value| row["role"] == "stop" && row["instrument"] == name.as_str() && row["state"] != "open";
    assert!(emergency["rows"].as_array().unwrap().iter().filter(over).count() >= 2, "{emergency}");
    let status = running.until_protected();
    assert!(status["naked_seconds_max"].as_f64().unwrap() > 0.0, "{status}");

    let before = running.ask("GET", "/api/positions", None).1;
    let (status, begun) = running.ask("POST", "/api/demo/cut-network", Some(&json!({})));
    assert_eq!((status, begun["drill"].as_str()), (200, Some("cut-network")), "{begun}");
    running.until("the loss is seen", "/readyz", |_, body| body["cause"] == "account_stream_lost");
    running.until_protected();
    let after = running.ask("GET", "/api/positions", None).1;
    for row in after["positions"].as_array().unwrap().iter().filter(|row| row["side"] != "flat") {
        assert!(row["proven_at"].as_str() > begun["at"].as_str(), "proven anew: {row} before: {before}");
    }

    // Who, what and why stand in the journal.
    let pid = running.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert!(running.child.wait().unwrap().success());
    let shown =
        Answer::from(sandbox.command("journal show data/demo/run-000001 --limit 10000000").output().unwrap())
            .text();
    for words in ["drill reject-my-stop", "drill cut-network", "to see"] {
        assert!(shown.contains(words), "{words} is not in the journal");
    }
}
