//! How people are told: the channels, how each stands, what they were told; test messages, acknowledgements.
//!
//! Everything goes through the outbox of the account, which the run's own thread serves: nothing here waits
//! for a channel or for the engine.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use seawall_live::alerts::OUTBOX;
use seawall_notify::outbox::{Past, Standing, Wish};
use seawall_notify::{ChannelSettings, NotifyError, Outbox};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::take::{Asked, Sent};
use crate::access::Principal;
use crate::body::{At, word};
use crate::fault::{ErrorBody, Fault};
use crate::state::App;

/// Messages of an answer at most.
const MESSAGES_MAX: u32 = 500;
/// Messages of an answer where nothing is said.
const MESSAGES: u32 = 100;

/// A channel and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ChannelBody {
    /// Its name.
    name: String,
    /// What it speaks to.
    kind: String,
    /// The least severity that it takes.
    severity_min: String,
    /// `works` (the last message arrived), `fails` (one waits after a failed attempt), `waits` (one waits and
    /// was not tried yet), `unused`.
    state: String,
    /// Messages that wait.
    waiting: u64,
    /// Messages that it has had.
    sent: u64,
    /// Messages that became part of others.
    collapsed: u64,
    /// What went wrong last with one that waits.
    problem: Option<String>,
    /// When it had one last.
    sent_at: Option<At>,
    /// Whether commands are taken from it.
    listens: bool,
}

impl ChannelBody {
    fn new(settings: &ChannelSettings, standing: Option<&Standing>) -> Self {
        let problem = standing.and_then(|standing| standing.problem.clone());
        let waiting = standing.map_or(0, |standing| standing.waiting);
        let sent_at = standing.and_then(|standing| standing.sent_at);
        let state = match (waiting, &problem, sent_at) {
            (1.., Some(_), _) => "fails",
            (1.., None, _) => "waits",
            (0, _, Some(_)) => "works",
            (0, _, None) => "unused",
        };
        ChannelBody {
            name: settings.name.clone(),
            kind: settings.kind.name().to_owned(),
            severity_min: word(&settings.severity_min),
            state: state.to_owned(),
            waiting,
            sent: standing.map_or(0, |standing| standing.sent),
            collapsed: standing.map_or(0, |standing| standing.collapsed),
            problem,
            sent_at: sent_at.map(At),
            listens: !settings.commands_from.is_empty(),
        }
    }
}

/// The channels.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ChannelsBody {
    /// Each, in the order of the configuration.
    channels: Vec<ChannelBody>,
}

/// Which messages.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MessagesQuery {
    /// Only of this channel.
    channel: Option<String>,
    /// No more than so many: the newest of them.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// A message of a channel and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct MessageBody {
    /// The same on every channel and each time it is sent.
    id: String,
    /// The channel.
    channel: String,
    /// When it happened.
    at: At,
    /// When it was written into the outbox.
    made: At,
    /// When the channel had it, or when it became part of another.
    done: Option<At>,
    /// `waiting`, `sent` or `collapsed`.
    state: String,
    /// Attempts so far.
    attempts: u32,
    /// What went wrong last.
    problem: Option<String>,
    /// `info`, `warning` or `critical`.
    severity: String,
    /// `happened`, `resolved`, `repeated`, `escalated` or `collapsed`.
    cause: String,
    /// What it is about, by name.
    topic: String,
    /// The instrument, if one.
    instrument: Option<String>,
    /// What has happened.
    title: String,
    /// Which rule or numbers.
    detail: String,
    /// How many events it stands for.
    count: u64,
}

impl From<Past> for MessageBody {
    fn from(past: Past) -> Self {
        let Past { channel, made, done, state, attempts, problem, message } = past;
        MessageBody {
            id: message.id,
            channel,
            at: At(message.at),
            made: At(made),
            done: done.map(At),
            state,
            attempts,
            problem,
            severity: word(&message.severity),
            cause: message.cause.name().to_owned(),
            topic: message.topic.name().to_owned(),
            instrument: message.instrument,
            title: message.title,
            detail: message.detail,
            count: message.count,
        }
    }
}

/// Messages, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct MessagesBody {
    /// Each.
    messages: Vec<MessageBody>,
}

/// Which channel is to have a test message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TestBody {
    /// That one alone; without it all.
    channel: Option<String>,
}

/// What was asked for. It takes no words: who asks is known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcknowledgeBody {}

/// It is written into the outbox; the run takes it up within a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct TakenBody {
    /// Where to look for what came of it.
    see: String,
}

/// Asks the outbox of the run, on a thread that may wait for the disk; `None` where it tells nobody.
pub(crate) async fn ask<T: Send + 'static>(
    app: &App,
    question: impl FnOnce(&Outbox) -> Result<T, NotifyError> + Send + 'static,
) -> Result<Option<T>, Fault> {
    let folder = &app.about()?.folder;
    let path = folder.parent().unwrap_or(folder).join(OUTBOX);
    let asked =
        tokio::task::spawn_blocking(move || Outbox::existing(&path)?.as_ref().map(question).transpose());
    let failed =
        |fix| Fault::new(StatusCode::SERVICE_UNAVAILABLE, "outbox", "the outbox cannot be used", fix);
    match asked.await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the outbox was not used");
            Err(failed("the run goes on without it; the log has the cause"))
        }
        Err(_) => Err(failed("the log has the cause")),
    }
}

/// The channels of `notify`, and how each stands.
#[utoipa::path(get, path = "/api/alerts/channels", tag = "alerts",
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = ChannelsBody), (status = 401, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn channels(State(app): State<App>) -> Result<Json<ChannelsBody>, Fault> {
    let standings = ask(&app, Outbox::standings).await?.unwrap_or_default();
    let channels = app.config.notify.channels.iter().map(|settings| {
        let standing = standings.iter().find(|standing| standing.channel == settings.name);
        ChannelBody::new(settings, standing)
    });
    Ok(Json(ChannelsBody { channels: channels.collect() }))
}

/// What channels were told or are to be told, newest first.
#[utoipa::path(get, path = "/api/alerts/messages", tag = "alerts", params(MessagesQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = MessagesBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn messages(
    State(app): State<App>,
    Asked(MessagesQuery { channel, limit }): Asked<MessagesQuery>,
) -> Result<Json<MessagesBody>, Fault> {
    let limit = limit.unwrap_or(MESSAGES);
    if !(1..=MESSAGES_MAX).contains(&limit) {
        return Err(Fault::bad_request("limit", format!("limit {limit}: allowed are 1 to {MESSAGES_MAX}")));
    }
    let past = ask(&app, move |outbox| outbox.history(channel.as_deref(), limit)).await?.unwrap_or_default();
    Ok(Json(MessagesBody { messages: past.into_iter().map(Into::into).collect() }))
}

/// Sends a test message to a channel or to all, over the run's own outbox.
#[utoipa::path(post, path = "/api/alerts/test", tag = "alerts", request_body = TestBody,
    security(("token" = []), ("session" = [])), responses(
    (status = 202, body = TakenBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "The run tells nobody", body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn test(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Sent(TestBody { channel }): Sent<TestBody>,
) -> Result<(StatusCode, Json<TakenBody>), Fault> {
    let known = |name: &String| app.config.notify.channels.iter().any(|one| one.name == *name);
    if channel.as_ref().is_some_and(|name| !known(name)) {
        return Err(Fault::not_found("no channel of `notify` has that name"));
    }
    wish(&app, Wish::Test { who: principal.who(), channel }, "/api/alerts/messages").await
}

/// Counts all critical alerts as seen: they are not escalated any more.
#[utoipa::path(post, path = "/api/alerts/acknowledge", tag = "alerts", request_body = AcknowledgeBody,
    security(("token" = []), ("session" = [])), responses(
    (status = 202, body = TakenBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody),
    (status = 409, description = "The run tells nobody", body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn acknowledge(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Sent(AcknowledgeBody {}): Sent<AcknowledgeBody>,
) -> Result<(StatusCode, Json<TakenBody>), Fault> {
    wish(&app, Wish::Acknowledge { who: principal.who() }, "/api/alerts/messages").await
}

async fn wish(app: &App, wish: Wish, see: &str) -> Result<(StatusCode, Json<TakenBody>), Fault> {
    let taken = ask(app, move |outbox| outbox.wish(&wish)).await?;
    if taken.is_none() || app.config.notify.channels.is_empty() {
        let fix = "add a channel to `notify.channels`: docs/alerts.md tells how";
        let message = "the run tells nobody: it has no channels";
        return Err(Fault::new(StatusCode::CONFLICT, "no_channels", message, fix));
    }
    Ok((StatusCode::ACCEPTED, Json(TakenBody { see: see.to_owned() })))
}
