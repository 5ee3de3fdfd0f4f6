//! One WebSocket: a task that connects, reads and writes, and tells the venue's task what happened.
//!
//! Invariants: each attempt ends with exactly one `Closed` unless the owner has let go of it; a frame beyond
//! [`FRAME_MAX`] or a write that does not get through ends the connection.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::Url;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use super::http::install_crypto;
use super::{NetSettings, address, proxy};

/// Bytes of a message; a longer one ends the connection. The longest known (a snapshot of a book) has 200 kB.
const FRAME_MAX: usize = 8 * 1024 * 1024;
/// Messages that wait to be written; one more ends the connection.
pub(crate) const WRITES_MAX: usize = 1_024;
/// Events of all sockets that wait. At the bound the sockets are not read.
pub(crate) const EVENTS_MAX: usize = 4_096;
/// A write must get through after this.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// A polite end must be over after this.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// What happened on a connection.
#[derive(Debug)]
pub(super) enum Happened {
    Opened,
    Text(Utf8Bytes),
    /// A pong, or a ping of the venue's (which is answered by itself): a sign of life.
    Pong,
    Closed(String),
}

/// Something that happened, and on which attempt of which session.
#[derive(Debug)]
pub(super) struct SocketEvent {
    pub(super) session: usize,
    pub(super) attempt: u64,
    pub(super) happened: Happened,
}

/// What a session wants written.
#[derive(Debug)]
pub(super) enum Write {
    Text(String),
    Ping,
}

/// Where the events of an attempt go.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) session: usize,
    pub(super) attempt: u64,
    pub(super) events: mpsc::Sender<SocketEvent>,
}

impl Origin {
    async fn tell(&self, happened: Happened) -> bool {
        let event = SocketEvent { session: self.session, attempt: self.attempt, happened };
        // The queue is bounded: while the venue's task is behind, the socket is not read.
        self.events.send(event).await.is_ok()
    }
}

/// Starts a connection. It ends when the sender that is returned is dropped.
pub(super) fn open(url: String, settings: NetSettings, origin: Origin) -> mpsc::Sender<Write> {
    let (sender, writes) = mpsc::channel(WRITES_MAX);
    tokio::spawn(async move {
        let connecting = timeout(settings.connect_timeout.saturating_mul(2), connect(&url, &settings));
        let reason = match connecting.await {
            Ok(Ok(stream)) => {
                if !origin.tell(Happened::Opened).await {
                    return;
                }
                match carry(stream, writes, &origin).await {
                    Some(reason) => reason,
                    None => return,
                }
            }
            Ok(Err(reason)) => reason,
            Err(_) => "no connection in time".to_owned(),
        };
        origin.tell(Happened::Closed(reason)).await;
    });
    sender
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(text: &str, settings: &NetSettings) -> Result<Stream, String> {
    install_crypto();
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let port = url.port().unwrap_or(if url.scheme() == "wss" { 443 } else { 80 });
    let words = |error: std::io::Error| error.to_string();
    let tcp = match &settings.proxy {
        Some(proxy) => {
            let proxy = address::proxy(proxy).map_err(|error| error.to_string())?;
            let through = (bare(proxy.host_str()), proxy.port().unwrap_or(80));
            let mut tcp = TcpStream::connect(through).await.map_err(words)?;
            proxy::tunnel(&mut tcp, &host, port).await.map_err(words)?;
            tcp
        }
        None => TcpStream::connect((bare(Some(&host)), port)).await.map_err(words)?,
    };
    tcp.set_nodelay(true).map_err(words)?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(FRAME_MAX))
        .max_frame_size(Some(FRAME_MAX))
        .max_write_buffer_size(FRAME_MAX);
    let shaken = client_async_tls_with_config(text, tcp, Some(config), None).await;
    shaken.map(|(stream, _)| stream).map_err(|error| error.to_string())
}

/// An address of version 6 without its brackets.
fn bare(host: Option<&str>) -> String {
    host.unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned()
}

/// Reads and writes until the end; the reason, or none where the owner has let go.
async fn carry(mut stream: Stream, mut writes: mpsc::Receiver<Write>, origin: &Origin) -> Option<String> {
    loop {
        tokio::select! {
            biased;
            write = writes.recv() => {
                let message = match write {
                    Some(Write::Text(text)) => Message::text(text),
                    Some(Write::Ping) => Message::Ping(bytes::Bytes::new()),
                    None => {
                        let _ = timeout(CLOSE_TIMEOUT, stream.close(None)).await;
                        return None;
                    }
                };
                match timeout(WRITE_TIMEOUT, stream.send(message)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return Some(error.to_string()),
                    Err(_) => return Some("a write did not get through".to_owned()),
                }
            }
            message = stream.next() => {
                let happened = match message {
                    Some(Ok(Message::Text(text))) => Happened::Text(text),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => Happened::Pong,
                    Some(Ok(Message::Close(frame))) => {
                        let words = frame.map(|frame| frame.to_string()).unwrap_or_default();
                        return Some(format!("closed by the venue {words}"));
                    }
                    Some(Ok(Message::Binary(_) | Message::Frame(_))) => {
                        return Some("a binary message, which nobody here reads".to_owned());
                    }
                    Some(Err(error)) => return Some(error.to_string()),
                    None => return Some("closed".to_owned()),
                };
                if !origin.tell(happened).await {
                    return None;
                }
            }
        }
    }
}
