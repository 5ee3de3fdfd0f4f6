//! One request to the exchange in a box, over a connection of its own: nothing is shared with the client that
//! is being judged.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

/// How long the control endpoint may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends a request and reads the JSON that comes back with status 200.
///
/// # Errors
/// No connection, another status, no JSON.
pub(crate) fn ask(address: SocketAddr, method: &str, target: &str, body: &str) -> anyhow::Result<Value> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let length = body.len();
    let text = format!(
        "{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8(answer).context("the answer is no text")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no body")?;
    let status = head.lines().next().unwrap_or_default();
    ensure!(status.contains(" 200 "), "{method} {target}: {status}: {body}");
    serde_json::from_str(body).with_context(|| format!("{target}: no JSON: {body}"))
}

/// A field of an object; nothing where there is none.
pub(crate) fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// A port of this machine that nobody listens on now.
///
/// # Errors
/// None is left.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0").context("no port on loopback")?.local_addr()?.port())
}
