//! Sockets for an exchange in a box: the only place of this crate that reads a clock.
//!
//! One task owns the venue; connections reach it through a queue of [`JOBS_MAX`], and it reaches them through
//! queues of [`FRAMES_MAX`] each: who is further behind than that is disconnected. A client that is to get no
//! answer has its connection cut without a byte.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::Connected;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use axum::serve::IncomingStream;
use futures_util::{SinkExt, StreamExt};
use seawall_model::{Span, Ts};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::control;
use crate::error::TestnetError;
use crate::protocol::{Answer, ConnectionId, Down, Frame, HttpReply, HttpRequest, Protocol};
use crate::testnet::Testnet;

/// Requests and messages that wait for the venue; further ones wait in their connections.
pub const JOBS_MAX: usize = 4_096;
/// Messages that wait for one WebSocket.
pub const FRAMES_MAX: usize = 20_000;
/// Bytes of a request's body.
const BODY_MAX: usize = 1 << 20;

/// The venue's clock: as fast as the real one, or so many times faster from the start on.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Ts,
    since: Instant,
    speed: u32,
}

impl Clock {
    /// A clock that shows the time of day now and then runs at `speed`.
    #[must_use]
    pub fn start(speed: u32) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
        Clock { start: Ts::from_nanos(nanos), since: Instant::now(), speed: speed.max(1) }
    }

    /// When it agreed with the time of day, and its seconds per second: `INSTANT*SPEED`.
    #[must_use]
    pub fn pace(&self) -> String {
        format!("{}*{}", self.start, self.speed)
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> Ts {
        let passed = i64::try_from(self.since.elapsed().as_nanos()).unwrap_or(i64::MAX);
        self.start.plus(Span::from_nanos(passed.saturating_mul(i64::from(self.speed))))
    }

    /// When it will show `at`.
    fn when(&self, at: Ts) -> Instant {
        let left = at.since(self.start).nanos().max(0) / i64::from(self.speed);
        self.since + Duration::from_nanos(left.unsigned_abs())
    }
}

/// Why the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to.
    Stopped,
    /// A fault killed it for good.
    Killed,
}

enum Job {
    Request { request: HttpRequest, answer: oneshot::Sender<Answer> },
    Control { request: HttpRequest, answer: oneshot::Sender<Answer> },
    Open { path: String, frames: mpsc::Sender<Frame>, answer: oneshot::Sender<Option<ConnectionId>> },
    Text { connection: ConnectionId, text: String },
    Closed { connection: ConnectionId },
}

/// Serves `testnet` on `listener` until `stop` is done or a fault kills it.
///
/// # Errors
/// What the listener breaks down with.
pub async fn serve(
    testnet: Testnet,
    clock: Clock,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Ended, TestnetError> {
    let (jobs, queue) = mpsc::channel(JOBS_MAX);
    let down = Arc::new(AtomicBool::new(false));
    let gate = Gate { listener, down: down.clone() };
    let router = Router::new().fallback(handle).with_state(jobs);
    let service = router.into_make_service_with_connect_info::<Peer>();
    let owner = tokio::spawn(own(testnet, clock, queue, down));
    let server = axum::serve(gate, service);
    tokio::pin!(stop);
    tokio::select! {
        served = server => served.map(|()| Ended::Stopped).map_err(TestnetError::Serve),
        _ = owner => Ok(Ended::Killed),
        () = &mut stop => Ok(Ended::Stopped),
    }
}

/// The task that owns the venue.
async fn own(mut testnet: Testnet, clock: Clock, mut jobs: mpsc::Receiver<Job>, down: Arc<AtomicBool>) {
    let mut sockets: BTreeMap<ConnectionId, mpsc::Sender<Frame>> = BTreeMap::new();
    let mut connections = 0_u64;
    loop {
        let next =
            testnet.next_at().map_or_else(|| Instant::now() + Duration::from_secs(1), |at| clock.when(at));
        tokio::select! {
            job = jobs.recv() => match job {
                None => return,
                Some(job) => work(&mut testnet, clock.now(), job, &mut sockets, &mut connections),
            },
            () = tokio::time::sleep_until(next) => testnet.advance(clock.now()),
        }
        deliver(&mut testnet, clock.now(), &mut sockets);
        match testnet.is_down() {
            None => down.store(false, Ordering::Relaxed),
            Some(Down::Until(_)) => down.store(true, Ordering::Relaxed),
            Some(Down::ForGood) => return,
        }
    }
}

fn work(
    testnet: &mut Testnet,
    at: Ts,
    job: Job,
    sockets: &mut BTreeMap<ConnectionId, mpsc::Sender<Frame>>,
    connections: &mut u64,
) {
    match job {
        // A client that is gone does not hear its answer; the request counts all the same.
        Job::Request { request, answer } => {
            let _ = answer.send(testnet.request(at, &request));
        }
        Job::Control { request, answer } => {
            let reply = control::answer(testnet, at, &request);
            let _ = answer.send(Answer::Reply { reply, hold: Span::default() });
        }
        Job::Open { path, frames, answer } => {
            *connections += 1;
            let connection = ConnectionId(*connections);
            let is_open = testnet.open(at, connection, &path);
            if is_open {
                sockets.insert(connection, frames);
            }
            let _ = answer.send(is_open.then_some(connection));
        }
        Job::Text { connection, text } => testnet.text(at, connection, &text),
        Job::Closed { connection } => {
            sockets.remove(&connection);
            testnet.closed(at, connection);
        }
    }
}

fn deliver(testnet: &mut Testnet, at: Ts, sockets: &mut BTreeMap<ConnectionId, mpsc::Sender<Frame>>) {
    while let Some(outgoing) = testnet.next_outgoing() {
        let connection = outgoing.connection;
        let Some(frames) = sockets.get(&connection) else { continue };
        if outgoing.hold.nanos() > 0 {
            let (frames, hold) = (frames.clone(), duration(outgoing.hold));
            tokio::spawn(async move {
                tokio::time::sleep(hold).await;
                // The connection may be gone by then.
                let _ = frames.try_send(outgoing.frame);
            });
            continue;
        }
        let is_close = outgoing.frame == Frame::Close;
        let is_behind = frames.try_send(outgoing.frame).is_err();
        if is_close || is_behind {
            sockets.remove(&connection);
        }
        if is_behind && !is_close {
            tracing::warn!(connection = connection.0, "dropped: it reads too slowly");
            testnet.closed(at, connection);
        }
    }
}

fn duration(span: Span) -> Duration {
    Duration::from_nanos(span.nanos().max(0).unsigned_abs())
}

async fn handle(
    State(jobs): State<mpsc::Sender<Job>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
    request: Request,
) -> Response {
    let path = request.uri().path().to_owned();
    if let Ok(upgrade) = upgrade {
        return open(jobs, upgrade, path).await;
    }
    let is_control = path.starts_with(control::PREFIX);
    if is_control && !peer.address.ip().is_loopback() {
        return response(HttpReply::html(403, "Forbidden"));
    }
    let Some(request) = collect(request).await else {
        return response(HttpReply::html(413, "Content Too Large"));
    };
    let (answer, told) = oneshot::channel();
    let job = if is_control { Job::Control { request, answer } } else { Job::Request { request, answer } };
    if jobs.send(job).await.is_err() {
        peer.cut();
        return response(HttpReply::html(503, "Gone"));
    }
    match told.await {
        Ok(Answer::Reply { reply, hold }) => {
            tokio::time::sleep(duration(hold)).await;
            response(reply)
        }
        Ok(Answer::Nothing { hold }) => {
            tokio::time::sleep(duration(hold)).await;
            peer.cut();
            response(HttpReply::html(503, "Gone"))
        }
        Err(_) => {
            peer.cut();
            response(HttpReply::html(503, "Gone"))
        }
    }
}

async fn collect(request: Request) -> Option<HttpRequest> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_MAX).await.ok()?;
    let target = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Some(HttpRequest {
        method: parts.method.as_str().to_owned(),
        target,
        headers: parts.headers.iter().map(header).collect(),
        body: body.to_vec(),
    })
}

fn response(reply: HttpReply) -> Response {
    let mut builder = Response::builder().status(reply.status).header("content-type", reply.content_type);
    for (name, value) in reply.headers {
        builder = builder.header(name, value);
    }
    builder.body(Body::from(reply.body)).unwrap_or_else(|_| {
        // A header that cannot be sent: the status alone says it.
        axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

async fn open(jobs: mpsc::Sender<Job>, upgrade: WebSocketUpgrade, path: String) -> Response {
    let (frames, queue) = mpsc::channel(FRAMES_MAX);
    let (answer, told) = oneshot::channel();
    if jobs.send(Job::Open { path, frames, answer }).await.is_err() {
        return response(HttpReply::html(503, "Gone"));
    }
    match told.await {
        Ok(Some(connection)) => upgrade.on_upgrade(move |socket| carry(socket, connection, queue, jobs)),
        Ok(None) | Err(_) => response(HttpReply::html(404, "Not Found")),
    }
}

/// Carries the messages of one WebSocket both ways until either side ends it.
async fn carry(
    socket: WebSocket,
    connection: ConnectionId,
    mut queue: mpsc::Receiver<Frame>,
    jobs: mpsc::Sender<Job>,
) {
    let (mut sink, mut stream) = socket.split();
    loop {
        tokio::select! {
            frame = queue.recv() => {
                let sent = match frame {
                    Some(Frame::Text(text)) => sink.send(Message::Text(text.into())).await,
                    Some(Frame::Ping) => sink.send(Message::Ping(Vec::new().into())).await,
                    Some(Frame::Close) | None => {
                        let _ = sink.send(Message::Close(None)).await;
                        break;
                    }
                };
                if sent.is_err() {
                    break;
                }
            }
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    if jobs.send(Job::Text { connection, text: text.to_string() }).await.is_err() {
                        break;
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            },
        }
    }
    // Where the venue is gone there is nobody to tell.
    let _ = jobs.send(Job::Closed { connection }).await;
}

/// A listener that turns everybody away while the venue is down.
struct Gate {
    listener: TcpListener,
    down: Arc<AtomicBool>,
}

/// Who is connected, and the means to cut the connection.
#[derive(Debug, Clone)]
struct Peer {
    address: SocketAddr,
    is_cut: Arc<AtomicBool>,
}

impl Peer {
    fn cut(&self) {
        self.is_cut.store(true, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Gate>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Gate>) -> Self {
        stream.remote_addr().clone()
    }
}

impl axum::serve::Listener for Gate {
    type Io = Wire;
    type Addr = Peer;

    async fn accept(&mut self) -> (Wire, Peer) {
        loop {
            match self.listener.accept().await {
                Ok(_) if self.down.load(Ordering::Relaxed) => {}
                Ok((stream, address)) => {
                    // Small answers leave at once; a socket that cannot do that works all the same.
                    let _ = stream.set_nodelay(true);
                    let is_cut = Arc::new(AtomicBool::new(false));
                    let wire = Wire { stream, is_cut: is_cut.clone(), down: self.down.clone() };
                    return (wire, Peer { address, is_cut });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        let address = self.listener.local_addr()?;
        Ok(Peer { address, is_cut: Arc::new(AtomicBool::new(false)) })
    }
}

/// A connection that can be cut from outside.
struct Wire {
    stream: TcpStream,
    is_cut: Arc<AtomicBool>,
    down: Arc<AtomicBool>,
}

impl Wire {
    fn check(&self) -> io::Result<()> {
        if self.is_cut.load(Ordering::Relaxed) || self.down.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
