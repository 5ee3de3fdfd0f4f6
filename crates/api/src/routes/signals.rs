//! Signals from outside: `POST /api/signals`, for alerts of charting services, which send a body of their
//! user's making and no headers.
//!
//! A signal is advice: it becomes a plan that passes the same gates as a strategy's, and leaves a decision
//! record like it. Invariants: without a stop there is no entry; a signal that is older than
//! `api.signal_max_lag_s`, or was sent before this process began to listen, is refused, so ids have to be
//! remembered no longer than that; an id is taken once, unless the engine was never told.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rust_decimal::Decimal;
use seawall_live::board::{About, Order, View};
use seawall_model::{
    Instrument, InstrumentId, Percent, Price, PriceRounding, PriceUnits, Qty, Side, Signal, Span, Ts,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::by_hand::{decimal, step};
use super::commands::refused;
use super::session::Connected;
use super::take::Sent;
use crate::access::Role;
use crate::body::At;
use crate::fault::{ErrorBody, Fault};
use crate::guard::by_token;
use crate::state::App;

/// Characters that an id may have.
const ID_MAX: usize = 64;
/// Characters that a note may have.
const NOTE_MAX: usize = 200;
/// Ids that are remembered; where so many came within the time that one counts, more are refused.
const IDS_MAX: usize = 10_000;
/// How far the sender's clock may be ahead.
const AHEAD: Span = Span::from_secs(5);

/// What is advised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Buy at market; a short position is closed first.
    EnterLong,
    /// Sell at market; a long position is closed first.
    EnterShort,
    /// Close the position.
    Exit,
}

/// A signal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignalBody {
    /// A token of the role `signal`: `seawall api token --role signal` makes one.
    secret: String,
    /// Names this signal; taken once. Visible ASCII.
    #[schema(min_length = 1, max_length = 64)]
    id: String,
    /// When it was sent, as RFC 3339 (`{{timenow}}` in TradingView).
    sent_at: String,
    /// The instrument, by its full name.
    instrument: String,
    /// What is advised.
    action: Action,
    /// Where the stop goes, as a price. An entry needs this or `stop_pct`.
    stop: Option<String>,
    /// Where the stop goes, in percent of the last price.
    stop_pct: Option<String>,
    /// Where the whole position takes its profit, as a price.
    target: Option<String>,
    /// How much, a multiple of the venue's lot; else so much that the stop costs the configured share of
    /// equity.
    qty: Option<String>,
    /// For the journal.
    #[serde(default)]
    #[schema(max_length = 200)]
    note: String,
}

/// A signal that the engine has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct TakenBody {
    /// Its name.
    id: String,
    /// When the engine was told, on the run's clock. The decision record has this time.
    at: At,
    /// The instrument.
    instrument: String,
    /// What is advised.
    action: Action,
}

/// The ids of the signals that were taken, with the time after which each is too old anyway.
#[derive(Debug)]
pub(crate) struct Signals {
    began: Ts,
    taken: Mutex<BTreeMap<String, Ts>>,
}

impl Signals {
    /// None yet.
    pub(crate) fn new(now: Ts) -> Self {
        Signals { began: now, taken: Mutex::new(BTreeMap::new()) }
    }

    /// Takes an id that has not been taken, of a signal sent at `sent`.
    fn take(&self, id: &str, sent: Ts, now: Ts, lag: Span) -> Result<(), Fault> {
        let age = now.since(sent);
        let again = "send it again with the time of now, if it still holds";
        let conflict = |code, message: String| Fault::new(StatusCode::CONFLICT, code, message, again);
        if age > lag {
            let message =
                format!("it was sent {:.1} s ago; allowed are {} s", age.secs_f64(), lag.secs_f64());
            return Err(conflict("too_old", message));
        }
        if age.nanos() < -AHEAD.nanos() {
            let message = format!("it says that it was sent {:.1} s from now", -age.secs_f64());
            return Err(conflict("from_the_future", message));
        }
        if sent < self.began {
            let message = "it was sent before this process began: whether it was taken then is not known";
            return Err(conflict("before_the_start", message.to_owned()));
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|_, until| *until >= now);
        if taken.contains_key(id) {
            let fix = "nothing: it was taken; see /api/decisions for what became of it";
            let message = "a signal of this id was taken already";
            return Err(Fault::new(StatusCode::CONFLICT, "replayed", message, fix));
        }
        if taken.len() >= IDS_MAX {
            let fix = "send fewer signals";
            let message = format!("{IDS_MAX} signals came within {} s", lag.secs_f64());
            return Err(Fault::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message, fix));
        }
        taken.insert(id.to_owned(), sent.plus(lag).plus(AHEAD));
        Ok(())
    }

    /// The engine was never told: the id is free again.
    fn give_back(&self, id: &str) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// Takes a signal. It is answered as soon as the engine has it; what becomes of it is in the decision record.
#[utoipa::path(post, path = "/api/signals", tag = "signals", request_body = SignalBody, responses(
    (status = 202, description = "The engine has it", body = TakenBody),
    (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody),
    (status = 409, description = "Too old, or taken already", body = ErrorBody),
    (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = 429, body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn signal(
    State(app): State<App>,
    Connected(peer): Connected,
    Sent(body): Sent<SignalBody>,
) -> Result<(StatusCode, Json<TakenBody>), Fault> {
    let principal = by_token(&app, &body.secret, peer.0).await?;
    if principal.role == Role::Viewer {
        let fix = "use a token of the role `signal`; `seawall api token --role signal` makes one";
        return Err(Fault::forbidden("signal_only", "a viewer sends no signals", fix));
    }
    body.check()?;
    let (about, view) = app.now().await?;
    let (id, signal) = body.order(about, &view)?;
    let lag = Span::from_secs(i64::from(app.settings.signal_max_lag_s));
    app.signals.take(&body.id, body.sent()?, wall(), lag)?;
    let note = format!("{}: {}", body.id, body.note.trim());
    let who = format!("signal by token {}", principal.token_id);
    let done = match app.board.command(Order::Signal(id, signal), true, who, note).await {
        Ok(done) => done,
        Err(refusal) => {
            app.signals.give_back(&body.id);
            return Err(refused(refusal));
        }
    };
    let SignalBody { id, instrument, action, .. } = body;
    Ok((StatusCode::ACCEPTED, Json(TakenBody { id, at: At(done.at), instrument, action })))
}

/// The time of day, which the sender has as well; the run's own clock may be another.
pub(crate) fn wall() -> Ts {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ts::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

impl SignalBody {
    /// What can be said without knowing the run.
    fn check(&self) -> Result<(), Fault> {
        let visible = self.id.bytes().all(|byte| byte.is_ascii_graphic());
        if self.id.is_empty() || self.id.len() > ID_MAX || !visible {
            let message = format!("an id has 1 to {ID_MAX} characters of visible ASCII");
            return Err(Fault::bad_request("id", message));
        }
        if self.note.chars().count() > NOTE_MAX || self.note.chars().any(char::is_control) {
            let message = format!("a note has at most {NOTE_MAX} characters, all of which can be shown");
            return Err(Fault::bad_request("note", message));
        }
        let enters = self.action != Action::Exit;
        let about_entry = [&self.stop, &self.stop_pct, &self.target, &self.qty];
        if !enters && about_entry.iter().any(|field| field.is_some()) {
            return Err(Fault::bad_request("action", "an exit has no stop, target or qty"));
        }
        if enters && self.stop.is_some() == self.stop_pct.is_some() {
            let message = "an entry needs either stop or stop_pct: nothing is entered without a stop";
            return Err(Fault::bad_request("stop", message));
        }
        Ok(())
    }

    fn sent(&self) -> Result<Ts, Fault> {
        let wrong =
            |_| Fault::bad_request("sent_at", "not an instant in RFC 3339 such as \"2026-11-22T15:04:05Z\"");
        self.sent_at.parse().map_err(wrong)
    }

    /// The signal as the engine takes it.
    fn order(&self, about: &About, view: &View) -> Result<(InstrumentId, Signal), Fault> {
        self.sent()?;
        let place = about.instruments.iter().position(|one| one.name().as_str() == self.instrument);
        let known = place.and_then(|place| {
            let id = InstrumentId(u32::try_from(place).ok()?);
            Some((about.instruments.get(place)?, view.instruments.get(place)?, id))
        });
        let Some((instrument, row, id)) = known else {
            return Err(Fault::not_found("the run has no such instrument"));
        };
        let side = match self.action {
            Action::EnterLong => Side::Buy,
            Action::EnterShort => Side::Sell,
            Action::Exit => return Ok((id, Signal::Exit)),
        };
        let price = |field, text: Option<&str>| -> Result<PriceUnits, Fault> {
            let price: Price = decimal(field, text)?;
            let units = instrument.price_units(price).map_err(|error| step(field, &error))?;
            let fits = units > PriceUnits::ZERO && instrument.is_on_tick(units);
            if fits {
                return Ok(units);
            }
            let tick = instrument.price(instrument.tick());
            Err(Fault::bad_request(field, format!("not a positive multiple of the tick, {tick}")))
        };
        let stop = match (&self.stop, &self.stop_pct) {
            (Some(stop), _) => price("stop", Some(stop))?,
            (None, percent) => self.stop_from(instrument, row.last, percent.as_deref(), side)?,
        };
        let target = self.target.as_deref().map(|text| price("target", Some(text))).transpose()?;
        let qty = self.qty.as_deref().map(|text| -> Result<_, Fault> {
            let qty: Qty = decimal("qty", Some(text))?;
            let units = instrument.qty_units(qty).map_err(|error| step("qty", &error))?;
            if units > seawall_model::QtyUnits::ZERO && instrument.floor_lot(units) == units {
                return Ok(units);
            }
            let lot = instrument.qty(instrument.lot());
            Err(Fault::bad_request("qty", format!("not a positive multiple of the lot, {lot}")))
        });
        Ok((id, Signal::Enter { side, stop, target, qty: qty.transpose()? }))
    }

    /// A stop in percent of the last price, on the tick beyond it.
    fn stop_from(
        &self,
        instrument: &Instrument,
        last: Price,
        percent: Option<&str>,
        side: Side,
    ) -> Result<PriceUnits, Fault> {
        let percent: Percent = decimal("stop_pct", percent)?;
        let wrong = || Fault::bad_request("stop_pct", "allowed is more than 0 and less than 100");
        if percent.get() <= Decimal::ZERO || percent.get() >= Decimal::ONE_HUNDRED {
            return Err(wrong());
        }
        if last.get() <= Decimal::ZERO {
            let fix = "send the stop as a price, or wait for the first candle";
            let message = "there is no price of the instrument yet";
            return Err(Fault::new(StatusCode::CONFLICT, "no_price", message, fix));
        }
        let (share, rounding) = match side {
            Side::Buy => (Decimal::ONE - percent.fraction(), PriceRounding::Down),
            Side::Sell => (Decimal::ONE + percent.fraction(), PriceRounding::Up),
        };
        let stop = last.get().checked_mul(share).and_then(|stop| instrument.round_price(stop, rounding));
        stop.filter(|stop| *stop > PriceUnits::ZERO).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG: Span = Span::from_secs(30);

    fn second(number: i64) -> Ts {
        Ts::EPOCH.plus(Span::from_secs(number))
    }

    #[test]
    fn an_id_is_taken_once_and_forgotten_only_when_its_signal_is_too_old() {
        let signals = Signals::new(second(0));
        let take = |id: &str, sent: i64, now: i64| {
            signals.take(id, second(sent), second(now), LAG).map_err(|fault| fault.code)
        };
        assert_eq!(take("a", 10, 10), Ok(()));
        assert_eq!(take("a", 10, 12), Err("replayed"));
        assert_eq!(take("a", 10, 40), Err("replayed"));
        assert_eq!(take("a", 10, 41), Err("too_old"));
        assert_eq!(take("b", 46, 41), Ok(()), "their clock is ahead");
        assert_eq!(take("b", 46, 76), Err("replayed"));
        assert_eq!(take("c", 47, 41), Err("from_the_future"));
        assert_eq!(take("a", 70, 76), Ok(()), "a new signal of an old name");
        signals.give_back("a");
        assert_eq!(take("a", 70, 76), Ok(()), "the engine was never told");
    }

    #[test]
    fn what_was_sent_before_the_process_began_is_not_taken() {
        let signals = Signals::new(second(100));
        let take = |sent| signals.take("a", second(sent), second(101), LAG).map_err(|fault| fault.code);
        assert_eq!(take(99), Err("before_the_start"));
        assert_eq!(take(100), Ok(()));
    }
}
