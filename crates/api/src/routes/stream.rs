//! The stream: a snapshot, what changes of it, and every event by number.
//!
//! Invariants: a client gets each event once and in order, or is told which it missed; nothing gathers for a
//! client: it is given what is there, and one that does not take it within [`SEND_WITHIN`] is cut off; a
//! client whose token is taken back, or whose session ends, is cut off soon after.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use seawall_live::board::{About, Event, Told, View};
use seawall_model::Instrument;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::take::Asked;
use crate::access::Principal;
use crate::body::{
    AlertBody, At, DecisionBody, FillBody, OrderBody, PositionBody, StatusBody, TradeBody, positions, status,
};
use crate::fault::{ErrorBody, Fault};
use crate::guard::SessionId;
use crate::state::App;

/// Streams at once.
pub(crate) const STREAMS_MAX: usize = 32;
/// Time between two looks at the run.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A client that has not taken a message after this is cut off.
const SEND_WITHIN: Duration = Duration::from_secs(5);
/// Time between two looks at whether the client still may.
const MAY_EVERY: Duration = Duration::from_secs(5);
/// Events in one go.
const EVENTS_AT_ONCE: usize = 256;
/// Bytes that a client may say: it has nothing to say.
const SAID_MAX: usize = 1_024;

/// Where to begin.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamQuery {
    /// The stream that a client had, from its `hello`.
    stream: Option<String>,
    /// The number of the last event it got there; without it only new events are told.
    after: Option<u64>,
}

/// The run as the stream has it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct StateBody {
    /// How it stands.
    status: StatusBody,
    /// Instruments by name.
    positions: BTreeMap<String, PositionBody>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "made, written and dropped one by one")]
pub(super) enum EventBody {
    /// A decision was taken.
    Decision(DecisionBody),
    /// An order changed.
    Order(OrderBody),
    /// A fill was counted.
    Fill(FillBody),
    /// A trade was completed.
    Trade(TradeBody),
    /// A message for the operator.
    Alert(AlertBody),
    /// A command was given.
    Command {
        /// Who gave it.
        who: String,
        /// Which.
        command: String,
        /// Why.
        why: String,
    },
}

/// A message of the stream.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "made, written and dropped one by one")]
pub(super) enum StreamMessage {
    /// The first message.
    Hello {
        /// Names the stream: another one after each start of the process.
        stream: String,
        /// Number of the last event before those that follow.
        seq: u64,
    },
    /// Events were missed: what is shown of the past has to be read anew.
    Missed {
        /// The oldest event that could still be had.
        oldest: u64,
        /// The newest.
        newest: u64,
    },
    /// The run as a whole.
    Snapshot {
        /// The run.
        state: StateBody,
    },
    /// What has changed since the snapshot or delta before, as a merge patch (RFC 7396).
    Delta {
        /// The patch.
        #[schema(value_type = Object)]
        patch: Value,
    },
    /// The stream lives; every five seconds.
    Heartbeat {
        /// Number of the last event that was told.
        seq: u64,
        /// How old the newest look at the engine is, in seconds: it hangs where this grows.
        view_age_s: f64,
    },
    /// Something happened.
    Event {
        /// Its number.
        seq: u64,
        /// When.
        at: At,
        /// What.
        event: EventBody,
    },
}

/// The stream, as a WebSocket: `hello`, then `missed` where events are gone, `snapshot`, and from then on
/// `event` and `delta`.
#[utoipa::path(get, path = "/api/stream", tag = "run", params(StreamQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 101, description = "Messages of text, each one JSON", body = StreamMessage),
    (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 426, description = "It is no WebSocket", body = ErrorBody),
    (status = 429, description = "Too many streams", body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn stream(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    session: Option<Extension<SessionId>>,
    Asked(asked): Asked<StreamQuery>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Fault> {
    let upgrade = upgrade.map_err(|rejection| {
        let fix = "connect to it as a WebSocket (ws:// or wss://)";
        Fault::new(StatusCode::UPGRADE_REQUIRED, "websocket", rejection.to_string(), fix)
    })?;
    app.about()?;
    let Some(place) = Place::take(&app) else {
        let fix = "close one of the others";
        let message = format!("{STREAMS_MAX} streams are open already");
        return Err(Fault::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", message, fix));
    };
    let client = Client { app, principal, session: session.map(|Extension(id)| id), _place: place };
    let upgrade = upgrade.max_message_size(SAID_MAX).max_frame_size(SAID_MAX);
    Ok(upgrade.on_upgrade(move |socket| client.serve(socket, asked)))
}

/// One of the [`STREAMS_MAX`] places, given back when it is dropped.
struct Place(App);

impl Place {
    fn take(app: &App) -> Option<Self> {
        let free = |open| (open < STREAMS_MAX).then_some(open + 1);
        app.streams.fetch_update(Ordering::AcqRel, Ordering::Acquire, free).ok()?;
        Some(Place(app.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Why a stream ends.
enum End {
    /// The client has gone.
    Gone,
    /// It does not take what it is given.
    Slow,
    /// It may not any more.
    Forbidden,
    /// There is no run any more.
    Over,
}

struct Client {
    app: App,
    principal: Principal,
    session: Option<SessionId>,
    _place: Place,
}

impl Client {
    async fn serve(self, mut socket: WebSocket, asked: StreamQuery) {
        let (code, reason) = match self.follow(&mut socket, asked).await {
            End::Gone => return,
            End::Slow => {
                self.app.streams_cut.fetch_add(1, Ordering::Relaxed);
                // What it has not taken so far it will not take now: the connection is dropped.
                return;
            }
            End::Forbidden => (close_code::POLICY, "signed out"),
            End::Over => (close_code::AWAY, "the run is over"),
        };
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        // Best effort: it ends all the same.
        let _ = tokio::time::timeout(SEND_WITHIN, socket.send(Message::Close(Some(frame)))).await;
    }

    async fn follow(&self, socket: &mut WebSocket, asked: StreamQuery) -> End {
        match self.begin(socket, asked).await {
            Ok((seq, shown)) => self.go_on(socket, seq, shown).await,
            Err(end) => end,
        }
    }

    /// Hello, what was missed, and the snapshot. Gives the number of the last event that the client has.
    async fn begin(&self, socket: &mut WebSocket, asked: StreamQuery) -> Result<(u64, Arc<Value>), End> {
        let newest = self.app.board.last_event();
        let StreamQuery { stream, after } = asked;
        let ours = stream.is_none_or(|stream| stream == self.app.stream_id);
        let resumed = after.filter(|_| ours).map(|after| (after, self.app.board.events_after(after, 1)));
        let (seq, missed) = match (after, resumed) {
            (None, _) => (newest, None),
            (Some(_), Some((after, Ok(_)))) => (after, None),
            (Some(_), Some((_, Err(missed)))) => (newest, Some((missed.oldest, missed.newest))),
            (Some(_), None) => (newest, Some((0, newest))),
        };
        let hello = StreamMessage::Hello { stream: self.app.stream_id.clone(), seq };
        send(socket, &hello).await?;
        if let Some((oldest, newest)) = missed {
            send(socket, &StreamMessage::Missed { oldest, newest }).await?;
        }
        let (about, view) = self.app.now().await.map_err(|_| End::Over)?;
        let state = state(&self.app, about, &view);
        let shown = self.value(about, &view);
        send(socket, &StreamMessage::Snapshot { state }).await?;
        Ok((seq, shown))
    }

    async fn go_on(&self, socket: &mut WebSocket, mut seq: u64, mut shown: Arc<Value>) -> End {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut asked = Instant::now();
        loop {
            let step = tokio::select! {
                said = socket.recv() => match said {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
                    // A client has nothing to say.
                    Some(Ok(Message::Text(_) | Message::Binary(_))) => Ok(()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                },
                () = self.app.board.told_after(seq) => self.tell(socket, &mut seq).await,
                _ = look.tick() => {
                    if asked.elapsed() >= MAY_EVERY {
                        asked = Instant::now();
                        if !self.may() {
                            return End::Forbidden;
                        }
                        if let Err(end) = self.beat(socket, seq).await {
                            return end;
                        }
                    }
                    self.show(socket, &mut shown).await
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Whether the client is still known.
    fn may(&self) -> bool {
        match &self.session {
            Some(SessionId(id)) => self.app.access.by_session(id, None).is_some(),
            None => self.app.access.has_token(&self.principal.token_id),
        }
    }

    /// Says that the stream lives, and how old what it tells is.
    async fn beat(&self, socket: &mut WebSocket, seq: u64) -> Result<(), End> {
        let view_age_s = self.app.board.view().map_or(0.0, |view| view.made.elapsed().as_secs_f64());
        send(socket, &StreamMessage::Heartbeat { seq, view_age_s }).await
    }

    /// The events that are new.
    async fn tell(&self, socket: &mut WebSocket, seq: &mut u64) -> Result<(), End> {
        let Ok(about) = self.app.about() else { return Err(End::Over) };
        match self.app.board.events_after(*seq, EVENTS_AT_ONCE) {
            Ok(events) => {
                for event in events {
                    let number = event.seq;
                    if let Some(message) = message(&event, &about.instruments) {
                        send(socket, &message).await?;
                    }
                    *seq = number;
                }
                Ok(())
            }
            Err(missed) => {
                // Slower than what happens: told so, and it goes on with what is new.
                *seq = missed.newest;
                send(socket, &StreamMessage::Missed { oldest: missed.oldest, newest: missed.newest }).await
            }
        }
    }

    /// What has changed. Clients that were shown the same get the same message, made once.
    async fn show(&self, socket: &mut WebSocket, shown: &mut Arc<Value>) -> Result<(), End> {
        let (about, view) = self.app.now().await.map_err(|_| End::Over)?;
        let now = self.value(about, &view);
        let text = self.app.delta(shown, &now, || {
            let patch = difference(shown, &now)?;
            Some(text(&StreamMessage::Delta { patch }))
        });
        *shown = now;
        match text {
            Some(text) => deliver(socket, text).await,
            None => Ok(()),
        }
    }

    /// The run as the stream has it, made once for all clients.
    fn value(&self, about: &About, view: &View) -> Arc<Value> {
        let make = || serde_json::to_value(state(&self.app, about, view)).unwrap_or_default();
        self.app.state_value(view, make)
    }
}

fn text(message: &StreamMessage) -> Utf8Bytes {
    serde_json::to_string(message).unwrap_or_default().into()
}

async fn send(socket: &mut WebSocket, message: &StreamMessage) -> Result<(), End> {
    deliver(socket, text(message)).await
}

async fn deliver(socket: &mut WebSocket, text: Utf8Bytes) -> Result<(), End> {
    match tokio::time::timeout(SEND_WITHIN, socket.send(Message::Text(text))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::Slow),
    }
}

fn state(app: &App, about: &About, view: &View) -> StateBody {
    let rows = positions(about, view).into_iter();
    StateBody {
        status: status(about, view, &app.config),
        positions: rows.map(|row| (row.instrument.clone(), row)).collect(),
    }
}

/// An event as it is told; none where it names an instrument that the run has not.
fn message(event: &Arc<Event>, instruments: &[Instrument]) -> Option<StreamMessage> {
    let of = |id: seawall_model::InstrumentId| instruments.get(id.index());
    let body = match &event.told {
        Told::Decision(decision) => EventBody::Decision(DecisionBody::of(decision, of(decision.instrument)?)),
        Told::Order(order) => EventBody::Order(OrderBody::of(order, of(order.order.instrument)?)),
        Told::Fill(fill) => EventBody::Fill(FillBody::of(fill, of(fill.instrument)?)),
        Told::Trade(trade) => EventBody::Trade(TradeBody::of(trade, of(trade.instrument)?)),
        Told::Alert(alert) => EventBody::Alert(AlertBody::of(alert, alert.instrument.and_then(of))),
        Told::Command { who, command, why } => {
            EventBody::Command { who: who.clone(), command: command.clone(), why: why.clone() }
        }
    };
    Some(StreamMessage::Event { seq: event.seq, at: At(event.at), event: body })
}

/// The merge patch (RFC 7396) that makes `after` of `before`; none where both are equal. Lists are replaced
/// as a whole, and a key that is null in `after` is left out there by the patch, which means the same here.
fn difference(before: &Value, after: &Value) -> Option<Value> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let mut patch = Map::new();
            for (key, value) in after {
                let change = match before.get(key) {
                    Some(old) => difference(old, value),
                    None => Some(value.clone()),
                };
                change.map(|change| patch.insert(key.clone(), change));
            }
            for key in before.keys().filter(|key| !after.contains_key(*key)) {
                patch.insert(key.clone(), Value::Null);
            }
            (!patch.is_empty()).then_some(Value::Object(patch))
        }
        (before, after) => (before != after).then(|| after.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_patch_has_what_changed_and_nothing_else() {
        let before = json!({"a": 1, "b": {"c": [1], "d": "x"}, "e": true});
        let after = json!({"a": 1, "b": {"c": [1, 2], "d": "x"}, "f": {"g": 1}});
        assert_eq!(difference(&before, &after), Some(json!({"b": {"c": [1, 2]}, "e": null, "f": {"g": 1}})));
        assert_eq!(difference(&after, &after), None);
        assert_eq!(difference(&json!({"a": 1}), &json!({"a": null})), Some(json!({"a": null})));
    }
}
