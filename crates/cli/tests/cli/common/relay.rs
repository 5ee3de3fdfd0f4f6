//! A relay in front of a venue that changes answers: what no exchange in a box says by itself.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where to send requests, and how many came whose path holds the words that were asked for.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    pub(crate) counted: Arc<AtomicUsize>,
}

impl Relay {
    /// In front of `venue`; `change` sees path and body of each answer, and returns the body to give.
    pub(crate) fn start(
        venue: SocketAddr,
        counts: &'static str,
        change: impl Fn(&str, String) -> String + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (change, counted) = (Arc::new(change), Arc::new(AtomicUsize::new(0)));
        let count = counted.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (change, count) = (change.clone(), count.clone());
                std::thread::spawn(move || relay(client.unwrap(), venue, counts, &*change, &count));
            }
        });
        Relay { address, counted }
    }
}

/// One request of a connection, which then ends.
fn relay(
    mut client: TcpStream,
    venue: SocketAddr,
    counts: &str,
    change: &dyn Fn(&str, String) -> String,
    count: &AtomicUsize,
) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if client.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    if path.contains(counts) {
        count.fetch_add(1, Ordering::SeqCst);
    }
    let mut server = TcpStream::connect(venue).ok()?;
    let kept = head.lines().filter(|line| {
        let line = line.to_lowercase();
        !line.is_empty() && !line.starts_with("connection:") && !line.starts_with("accept-encoding:")
    });
    let asked = format!("{}\r\nconnection: close\r\n\r\n", kept.collect::<Vec<_>>().join("\r\n"));
    server.write_all(asked.as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    let mut answer = String::new();
    server.read_to_string(&mut answer).ok()?;
    let (top, body) = answer.split_once("\r\n\r\n")?;
    let body = change(&path, body.to_owned());
    let status = top.lines().next()?;
    let text = format!(
        "{status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write_all(text.as_bytes()).ok()
}
