//! A demo that runs, and its API.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Sandbox;

/// A running demo with its API.
pub(crate) struct Running {
    pub(crate) child: Child,
    address: String,
    token: String,
}

impl Running {
    pub(crate) fn start(sandbox: &Sandbox) -> Self {
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

    /// Head and body of an answer, as they came.
    pub(crate) fn text(&self, path: &str) -> String {
        self.raw("GET", path, None)
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let text = self.raw(method, path, body);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn raw(&self, method: &str, path: &str, body: Option<&Value>) -> String {
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
        text
    }

    /// Asks until the answer is as wanted.
    pub(crate) fn until(&self, what: &str, path: &str, wanted: impl Fn(u16, &Value) -> bool) -> Value {
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
    pub(crate) fn until_protected(&self) -> Value {
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
