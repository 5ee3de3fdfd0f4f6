//! Listens, and carries connections: with a deadline for each step that somebody else could draw out.
//!
//! Invariants: the runtime is its own, so a busy face takes no thread of a run; a port that is taken does not
//! keep a run from starting, it is tried again; connections are at most [`CONNECTIONS_MAX`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use seawall_config::{ApiSettings, Config, Explained};
use seawall_live::Board;
use seawall_live::board::Drills;
use seawall_model::Ts;
use seawall_store::db::DatabaseUrl;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::access::{Access, Made, Role, Tokens};
use crate::books::Books;
use crate::error::ApiError;
use crate::guard::Peer;
use crate::logs::LogBook;
use crate::names::Names;
use crate::routes;
use crate::state::{App, Parts};
use crate::tls;

/// Connections at once; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// The headers of a request must be there after this.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
/// So must the handshake of TLS.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// Bytes of a request's first line and headers.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Headers of a request.
const HEADERS_MAX: usize = 64;
/// A port that is taken is tried again after this.
const AGAIN: Duration = Duration::from_secs(5);

/// Looks whether a face can be opened, before anything is begun or written.
///
/// # Errors
/// [`ApiError`]: settings or files that somebody has to mend.
pub fn check(settings: &ApiSettings, data_dir: &Path) -> Result<(), ApiError> {
    if !settings.enabled {
        return Ok(());
    }
    settings.tls_identity.as_ref().map(|path| tls::acceptor(Path::new(path))).transpose()?;
    Tokens::read(&Tokens::path(data_dir))?;
    Ok(())
}

/// What a face is made of.
pub struct FaceOptions {
    /// The configuration, of which `api` is about the face itself.
    pub config: Config,
    /// Every value with its origin, for those who ask.
    pub explained: Vec<Explained>,
    /// What is shown.
    pub board: Arc<Board>,
    /// Where tokens and the kill switch are.
    pub data_dir: PathBuf,
    /// The server with the database; without it a file in the run's folder.
    pub database: Option<DatabaseUrl>,
    /// Whether a token may be made and handed out where there is none yet.
    pub may_show_token: bool,
    /// The program's log.
    pub logs: Arc<LogBook>,
    /// The program that makes backtests; without it none can be started.
    pub program: Option<PathBuf>,
    /// What can be made to go wrong: the demo over an exchange in a box has it.
    pub drills: Option<Arc<dyn Drills>>,
    /// The instant that it is now, for a token that is made.
    pub now: Ts,
}

/// The face of a run; it goes away when this is dropped.
pub struct Face {
    /// Where it listens, if it does already.
    pub listens_at: Option<SocketAddr>,
    /// Why it does not listen yet.
    pub waits: Option<String>,
    /// The first token of the data folder, if it was made just now.
    pub first_token: Option<Made>,
    /// Whether nobody can sign in, because there is no token.
    pub nobody: bool,
    /// Whether it speaks TLS.
    pub tls: bool,
    runtime: Option<Runtime>,
}

impl Face {
    /// Opens it, unless the configuration has it off. A port that is taken is no error: it is tried again
    /// while the run goes on.
    ///
    /// # Errors
    /// [`ApiError`]: settings or files that somebody has to mend.
    pub fn open(options: FaceOptions) -> Result<Option<Self>, ApiError> {
        let FaceOptions { config, explained, board, data_dir, database, may_show_token, .. } = options;
        let (logs, program, drills, now) = (options.logs, options.program, options.drills, options.now);
        let settings = config.api.clone();
        if !settings.enabled {
            return Ok(None);
        }
        let listen = |problem: String| ApiError::Listen { address: settings.listen.clone(), problem };
        let address = settings.address().ok_or_else(|| listen("it is no address".to_owned()))?;
        let acceptor =
            settings.tls_identity.as_ref().map(|path| tls::acceptor(Path::new(path))).transpose()?;
        let lasts = Duration::from_secs(u64::from(settings.session_hours) * 3_600);
        let mut first_token = None;
        if may_show_token && Tokens::read(&Tokens::path(&data_dir))?.is_empty() {
            first_token = Some(Tokens::make(&data_dir, Role::Operator, now)?);
        }
        let access = Access::open(&data_dir, settings.sign_in_failures_per_minute, lasts)?;
        let nobody = access.is_empty();
        let runtime = runtime().map_err(ApiError::Threads)?;
        let bound = runtime.block_on(TcpListener::bind(address));
        let (listener, waits) = match bound {
            Ok(listener) => (Some(listener), None),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                (None, Some(format!("{address} is taken by another program; it is tried again")))
            }
            Err(error) => return Err(listen(error.to_string())),
        };
        let listens_at = listener.as_ref().and_then(|listener| listener.local_addr().ok());
        let names = Names::new(&settings, listens_at.unwrap_or(address));
        let tls = acceptor.is_some();
        let books = Books::new(database);
        let parts = Parts {
            settings,
            config,
            explained,
            board,
            access,
            books,
            names,
            drills,
            logs,
            program,
            data_dir,
            tls,
        };
        let router = routes::router(App::new(parts)?);
        runtime.spawn(listen_and_serve(address, listener, acceptor, router));
        Ok(Some(Face { listens_at, waits, first_token, nobody, tls, runtime: Some(runtime) }))
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .thread_name("api")
        .enable_all()
        .build()
}

async fn listen_and_serve(
    address: SocketAddr,
    listener: Option<TcpListener>,
    acceptor: Option<TlsAcceptor>,
    router: Router,
) {
    let listener = match listener {
        Some(listener) => listener,
        None => loop {
            tokio::time::sleep(AGAIN).await;
            if let Ok(listener) = TcpListener::bind(address).await {
                tracing::debug!(%address, "the API listens now");
                break listener;
            }
        },
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Small answers leave at once; a socket that cannot do that works all the same.
        let _ = stream.set_nodelay(true);
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            greet(stream, peer, acceptor, router).await;
            drop(place);
        });
    }
}

async fn greet(stream: TcpStream, peer: SocketAddr, acceptor: Option<TlsAcceptor>, router: Router) {
    let Some(acceptor) = acceptor else { return carry(stream, peer, router).await };
    // Who does not finish the handshake is let go without a word.
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await {
        carry(stream, peer, router).await;
    }
}

/// Carries one connection until either side ends it.
async fn carry(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}
