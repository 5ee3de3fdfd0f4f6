//! What each request passes before anything is done for it: its name, where it comes from, who asks, what
//! they may; and what each answer gets.
//!
//! Invariant: what is not on [`PUBLIC`] and no file of the dashboard wants somebody known, and every method
//! that may change something wants an operator, whatever the path: a new route is closed until somebody
//! opens it here.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::access::{Principal, Role, Unknown};
use crate::fault::Fault;
use crate::headers;
use crate::state::App;

/// Method and path of what anybody may ask.
pub const PUBLIC: [(Method, &str); 6] = [
    (Method::GET, "/"),
    (Method::GET, "/livez"),
    (Method::GET, "/readyz"),
    (Method::GET, "/api/openapi.json"),
    (Method::POST, "/api/session"),
    // Its body names who sends it.
    (Method::POST, "/api/signals"),
];
/// What somebody known may do to themselves, without being an operator.
const OWN: [(Method, &str); 1] = [(Method::DELETE, "/api/session")];
/// The header with a session's word against forgery.
pub const CSRF: &str = "x-csrf-token";
/// The cookie of a session.
pub const COOKIE: &str = "seawall_session";
/// Headers that decide something, and therefore come once or not at all.
const ONCE: [&str; 7] =
    ["host", "origin", "authorization", "content-length", "content-type", CSRF, "sec-fetch-site"];

/// Who is connected.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The session's id as it came, for those who end or renew it.
#[derive(Debug, Clone)]
pub(crate) struct SessionId(pub(crate) String);

/// Lets a request through, or answers in its place.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = std::time::Instant::now();
    // A body cannot be looked at from two threads, so it waits aside.
    let (mut parts, body) = request.into_parts();
    let admitted = admit(&app, &mut parts).await;
    let mut response = match admitted {
        Ok(()) => {
            let limit = Duration::from_secs(u64::from(app.settings.request_timeout_s));
            match tokio::time::timeout(limit, next.run(Request::from_parts(parts, body))).await {
                Ok(response) => response,
                Err(_) => {
                    let fix = "send it faster, or ask for fewer rows";
                    let message = format!("given up after {} s", limit.as_secs());
                    Fault::new(StatusCode::REQUEST_TIMEOUT, "timeout", message, fix).into_response()
                }
            }
        }
        Err(fault) => fault.into_response(),
    };
    headers::put(response.headers_mut(), app.tls);
    app.requests.note(started.elapsed());
    app.answered(response.status());
    response
}

async fn admit(app: &App, request: &mut Parts) -> Result<(), Fault> {
    let headers = &request.headers;
    for name in ONCE {
        if headers.get_all(name).iter().nth(1).is_some() {
            return Err(Fault::bad_request("duplicate_header", format!("{name} comes more than once")));
        }
    }
    check_host(app, request)?;
    let writes = !matches!(request.method, Method::GET | Method::HEAD);
    let upgrades = headers.contains_key(header::UPGRADE);
    if writes || upgrades {
        check_origin(app, headers)?;
    }
    let at = (request.method.clone(), request.uri.path().to_owned());
    let is_head = at.0 == Method::HEAD;
    let is_public = PUBLIC
        .iter()
        .any(|(method, path)| (*method == at.0 || is_head && *method == Method::GET) && *path == at.1);
    let is_asset = !writes && crate::assets::has(&at.1);
    if is_public || is_asset {
        return Ok(());
    }
    let (principal, session) = identify(app, request).await?;
    if principal.role == Role::Signal {
        return Err(signal_only());
    }
    if writes {
        let own = OWN.contains(&(at.0.clone(), at.1.as_str()));
        if principal.role < Role::Operator && !own {
            let fix = "use a token of an operator; `seawall api token --role operator` makes one";
            return Err(Fault::forbidden("operator_only", "a viewer changes nothing", fix));
        }
    }
    request.extensions.insert(principal);
    if let Some(session) = session {
        request.extensions.insert(session);
    }
    Ok(())
}

/// A token that sends signals is good for nothing else: it stands in the settings of somebody else's service.
pub(crate) fn signal_only() -> Fault {
    let fix = "use a token of a viewer or an operator; `seawall api token` makes one";
    Fault::forbidden("signals_only", "a token of the role signal sends signals and does nothing else", fix)
}

/// A page of another site may bring a name of its own to our address; it cannot bring ours.
fn check_host(app: &App, request: &Parts) -> Result<(), Fault> {
    let host = request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let named = request.uri.authority().map(axum::http::uri::Authority::as_str);
    let fits = host.is_some_and(|host| app.names.has(host)) && named.is_none_or(|name| app.names.has(name));
    if fits {
        return Ok(());
    }
    let fix = "ask for it by its address, or add the name to api.hosts";
    Err(Fault::new(StatusCode::MISDIRECTED_REQUEST, "unknown_host", "it does not answer to that name", fix))
}

fn check_origin(app: &App, headers: &HeaderMap) -> Result<(), Fault> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let foreign = text("origin").is_some_and(|origin| !app.names.has_origin(origin))
        || text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    if foreign {
        let fix = "send it from a page of this API, or from a program without an Origin";
        return Err(Fault::forbidden("foreign_origin", "it comes from a page of another site", fix));
    }
    Ok(())
}

/// Who asks: by their token, else by their session.
async fn identify(app: &App, request: &Parts) -> Result<(Principal, Option<SessionId>), Fault> {
    let headers = &request.headers;
    let Some(peer) = request.extensions.get::<Peer>() else {
        return Err(Fault::unauthorized("unknown", "the connection has no address"));
    };
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        let Some(token) = token else {
            return Err(Fault::unauthorized("bad_token", "Authorization is not of the form Bearer TOKEN"));
        };
        return Ok((by_token(app, token, peer.0).await?, None));
    }
    let Some(id) = cookie(headers) else {
        return Err(Fault::unauthorized("not_signed_in", "nobody is signed in"));
    };
    let csrf = headers.get(CSRF).and_then(|value| value.to_str().ok());
    let Some((principal, right)) = app.access.by_session(&id, csrf) else {
        return Err(Fault::unauthorized("session_over", "the session is over or not known"));
    };
    if !right && !matches!(request.method, Method::GET | Method::HEAD) {
        let fix = "send the session's csrf word as X-CSRF-Token; GET /api/session tells it";
        return Err(Fault::forbidden("csrf", "the session's word against forgery is missing or wrong", fix));
    }
    Ok((principal, Some(SessionId(id))))
}

/// Who has a token; failures are limited by address.
pub(crate) async fn by_token(app: &App, token: &str, peer: SocketAddr) -> Result<Principal, Fault> {
    app.access.by_token(token, peer.ip()).await.map_err(|unknown| match unknown {
        Unknown::Wrong => Fault::unauthorized("bad_token", "the token is none of ours, or was taken back"),
        Unknown::Limited(seconds) => Fault {
            retry_after_s: Some(seconds),
            ..Fault::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_failures",
                "too many failures to sign in from this address",
                "wait; a lost token is replaced with `seawall api token`",
            )
        },
    })
}

/// The id in the cookie of a session.
fn cookie(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut ids = values.flat_map(|text| text.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then(|| value.to_owned())
    });
    let first = ids.next();
    // Two of them: one was put there by somebody else.
    first.filter(|_| ids.next().is_none())
}
