//! Signing in: a browser trades a token for a session once; programs send the token each time.

use axum::Json;
use axum::extract::{Extension, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::take::Sent;
use crate::access::{Principal, Role};
use crate::fault::{ErrorBody, Fault};
use crate::guard::{COOKIE, Peer, SessionId, by_token, signal_only};
use crate::state::App;

/// A token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInBody {
    /// As `seawall api token` has shown it.
    token: String,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct SessionBody {
    /// What they may do.
    role: Role,
    /// The id of their token.
    token_id: String,
    /// For a session of a browser: to be sent with each write as `X-CSRF-Token`; the same in all its pages.
    csrf: Option<String>,
    /// After how many seconds a new session ends; null where it was begun before.
    ends_in_s: Option<u64>,
}

/// Who is connected, where the request says so.
pub(super) struct Connected(pub(super) Peer);

impl<S: Send + Sync> FromRequestParts<S> for Connected {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let peer = parts.extensions.get::<Peer>().copied();
        peer.map(Connected).ok_or_else(|| Fault::unauthorized("unknown", "the connection has no address"))
    }
}

/// Begins a session: the answer sets its cookie.
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = SignInBody, responses(
    (status = 200, body = SessionBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 413, body = ErrorBody), (status = 415, body = ErrorBody),
    (status = 429, description = "Too many failures", body = ErrorBody)))]
pub(super) async fn sign_in(
    State(app): State<App>,
    Connected(peer): Connected,
    Sent(SignInBody { token }): Sent<SignInBody>,
) -> Result<Response, Fault> {
    let principal = by_token(&app, &token, peer.0).await?;
    if principal.role == Role::Signal {
        return Err(signal_only());
    }
    let session = app.access.begin_session(&principal).map_err(|error| {
        let fix = "the log has the cause";
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string(), fix)
    })?;
    tracing::info!(token = principal.token_id, role = principal.role.name(), peer = %peer.0, "signed in");
    let body = SessionBody {
        role: principal.role,
        token_id: principal.token_id,
        csrf: Some(session.csrf),
        ends_in_s: Some(session.lasts.as_secs()),
    };
    let cookie = cookie(&session.id, session.lasts.as_secs(), app.tls);
    Ok(with_cookie(Json(body).into_response(), &cookie))
}

/// Who is signed in. A session is told its word against forgery, so that a page can be loaded again.
#[utoipa::path(get, path = "/api/session", tag = "session",
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = SessionBody), (status = 401, body = ErrorBody)))]
pub(super) async fn who(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Json<SessionBody> {
    let id = request.extensions().get::<SessionId>();
    Json(SessionBody {
        role: principal.role,
        token_id: principal.token_id,
        csrf: id.and_then(|SessionId(id)| app.access.csrf(id)),
        ends_in_s: None,
    })
}

/// Ends the session.
#[utoipa::path(delete, path = "/api/session", tag = "session",
    security(("token" = []), ("session" = [])), responses(
    (status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub(super) async fn sign_out(State(app): State<App>, request: Request) -> Response {
    if let Some(SessionId(id)) = request.extensions().get::<SessionId>() {
        app.access.end_session(id);
    }
    with_cookie(StatusCode::NO_CONTENT.into_response(), &cookie("", 0, app.tls))
}

fn cookie(id: &str, seconds: u64, tls: bool) -> String {
    let secure = if tls { "; Secure" } else { "" };
    format!("{COOKIE}={id}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
