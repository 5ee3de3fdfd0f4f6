//! A tunnel through an HTTP proxy, for WebSockets (RFC 9110, section 9.3.6).

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes that the head of the proxy's answer may have.
const HEAD_MAX: usize = 8 * 1024;

/// Asks the proxy at the other end of `stream` for a connection to `host`.
pub(super) async fn tunnel(stream: &mut TcpStream, host: &str, port: u16) -> io::Result<()> {
    let ask = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await?;
    let mut head = Vec::new();
    // One byte at a time: what follows the head belongs to the tunnel.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_MAX {
            return Err(io::Error::other("the proxy's answer is too long"));
        }
        head.push(stream.read_u8().await?);
    }
    let line = String::from_utf8_lossy(&head);
    let status = line.split(' ').nth(1).unwrap_or_default();
    if status.starts_with('2') {
        return Ok(());
    }
    Err(io::Error::other(format!("the proxy refused the connection: {}", line.lines().next().unwrap_or(""))))
}
