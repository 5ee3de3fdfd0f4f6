//! What an operator can do. What lowers risk is done at once; what raises it is looked at first, and done
//! with the confirmation that the look gave.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use seawall_live::board::{About, Order, Refusal, View};
use seawall_model::{KillReason, SystemMode, Ts};
use seawall_store::KillSwitch;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::take::Sent;
use crate::access::Principal;
use crate::body::{At, word};
use crate::fault::{ErrorBody, Fault};
use crate::state::App;

/// Characters that a reason may have.
const WHY_MAX: usize = 300;

/// What can be commanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// No new risk; positions may only become smaller (mode `reduce_only`).
    Pause,
    /// New risk again (mode `normal`).
    Resume,
    /// New risk at half size (mode `cautious`).
    Cautious,
    /// Only protective orders and emergency exits (mode `protect_only`).
    ProtectOnly,
    /// Close everything (mode `flatten`).
    Flatten,
    /// Close the position of one instrument.
    Close,
    /// Close a part of it: `qty`.
    Reduce,
    /// Move its stop to `price`, in favour of the position only.
    MoveStop,
    /// Move its stop to its average entry.
    BreakEven,
    /// Move its take-profit number `target` to `price`, within the order of the take-profits.
    MoveTarget,
    /// Protect and manage a position that was found and left alone.
    Adopt,
    /// Leave a position that was found alone; its stop of ours is cancelled.
    Ignore,
    /// Turn the kill switch of the data folder on: no entries, protection stays. It holds over restarts.
    Kill,
    /// Turn it on and close everything.
    KillAndFlatten,
    /// Acknowledge: kill switch off, mode `normal`, high-water mark at the equity of now.
    Release,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandBody {
    /// Which.
    pub(super) command: Command,
    /// For `close`, `reduce`, `move_stop`, `break_even`, `move_target`, `adopt`, `ignore`: the instrument, by
    /// its full name.
    pub(super) instrument: Option<String>,
    /// For `reduce`: how much, a multiple of the venue's lot.
    pub(super) qty: Option<String>,
    /// For `move_stop` and `move_target`: where to, a multiple of the venue's tick.
    pub(super) price: Option<String>,
    /// For `move_target`: the number of the take-profit, from 1.
    #[schema(minimum = 1)]
    pub(super) target: Option<u8>,
    /// Why, for the journal. What raises risk needs one.
    #[serde(default)]
    #[schema(max_length = 300)]
    why: String,
    /// What the preview gave, for what raises risk.
    confirmation: Option<String>,
}

/// What a command would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct PreviewBody {
    /// Which.
    command: Command,
    /// What would happen, in words.
    words: String,
    /// Whether it allows more risk than now, and has to be confirmed.
    raises_risk: bool,
    /// Positions that it would close.
    closes: Vec<String>,
    /// To be sent with the command; null where none is needed.
    confirmation: Option<String>,
    /// For how many seconds the confirmation holds.
    confirm_within_s: Option<u64>,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct DoneBody {
    /// Which.
    command: Command,
    /// When the engine was told, on the run's clock.
    at: At,
    /// The mode after it.
    mode: String,
    /// Whether the kill switch is on after it.
    kill_switch_on: bool,
}

/// What is to be done, as the engine or the file of the switch takes it.
enum Deed {
    Engine(Order),
    Kill { flatten: bool },
    Release,
}

/// What a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// The mode of the run: this one is set.
    Mode(SystemMode),
    /// The position of one instrument.
    Position(Deal),
    /// The kill switch of the data folder.
    Switch,
}

/// What is done to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deal {
    Close,
    Reduce,
    MoveStop,
    BreakEven,
    MoveTarget,
    Adopt,
    Ignore,
}

impl Command {
    /// What it is about.
    pub(super) const fn subject(self) -> Subject {
        match self {
            Command::Pause => Subject::Mode(SystemMode::ReduceOnly),
            Command::Resume => Subject::Mode(SystemMode::Normal),
            Command::Cautious => Subject::Mode(SystemMode::Cautious),
            Command::ProtectOnly => Subject::Mode(SystemMode::ProtectOnly),
            Command::Flatten => Subject::Mode(SystemMode::Flatten),
            Command::Close => Subject::Position(Deal::Close),
            Command::Reduce => Subject::Position(Deal::Reduce),
            Command::MoveStop => Subject::Position(Deal::MoveStop),
            Command::BreakEven => Subject::Position(Deal::BreakEven),
            Command::MoveTarget => Subject::Position(Deal::MoveTarget),
            Command::Adopt => Subject::Position(Deal::Adopt),
            Command::Ignore => Subject::Position(Deal::Ignore),
            Command::Kill | Command::KillAndFlatten | Command::Release => Subject::Switch,
        }
    }

    /// The mode that it sets.
    const fn mode(self) -> Option<SystemMode> {
        match self.subject() {
            Subject::Mode(mode) => Some(mode),
            Subject::Position(_) | Subject::Switch => None,
        }
    }

    /// Whether it allows more risk than `view` has now.
    fn raises(self, view: &View) -> bool {
        matches!(self, Command::Release | Command::Ignore) || self.mode().is_some_and(|mode| mode < view.mode)
    }
}

impl CommandBody {
    /// What a confirmation is for.
    fn as_confirmed(&self) -> String {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let (instrument, qty, price) = (text(&self.instrument), text(&self.qty), text(&self.price));
        let target = self.target.unwrap_or_default();
        format!("{} {instrument} {qty} {price} {target}", word(&self.command))
    }

    /// What is to be done, where the command makes sense now.
    fn deed(&self, about: &About, view: &View) -> Result<Deed, Fault> {
        if let Some(order) = self.about_position(about, view)? {
            return Ok(Deed::Engine(order));
        }
        let is_on = view.kill_switch.is_some();
        match (self.command, self.command.mode()) {
            (Command::Kill, _) if is_on => Err(refused(Refusal::Nothing)),
            (Command::Kill, _) => Ok(Deed::Kill { flatten: false }),
            (Command::KillAndFlatten, _) => Ok(Deed::Kill { flatten: true }),
            (Command::Release, _) if is_on => Ok(Deed::Release),
            (_, Some(mode)) if mode != view.mode => Ok(Deed::Engine(Order::Mode(mode))),
            _ => Err(refused(Refusal::Nothing)),
        }
    }

    /// What would happen, in words.
    fn words(&self, about: &About, view: &View) -> String {
        if let Subject::Position(deal) = self.command.subject() {
            // What is not among the instruments was refused before.
            return self.words_of_position(deal, about, view).unwrap_or_default();
        }
        let held = view.held().count();
        match (self.command, self.command.mode()) {
            (Command::Kill, _) => "turns the kill switch of the data folder on: no entries in any run on it \
                                   until it is released; positions keep their stops and targets"
                .to_owned(),
            (Command::KillAndFlatten, _) => {
                format!("turns the kill switch on and closes {held} positions at market")
            }
            (Command::Release, _) => "turns the kill switch of the data folder off, goes back to the mode \
                                      normal, and takes the equity of now as the high-water mark"
                .to_owned(),
            (Command::Flatten, _) => {
                format!("mode {} → flatten: closes {held} positions at market", view.mode.name())
            }
            (_, mode) => {
                format!("mode {} → {}", view.mode.name(), mode.map_or("unchanged", SystemMode::name))
            }
        }
    }

    /// The reason, fit for the journal.
    fn why(&self) -> Result<String, Fault> {
        why_of(&self.why)
    }
}

/// A reason, fit for the journal.
pub(super) fn why_of(why: &str) -> Result<String, Fault> {
    let why = why.trim();
    if why.chars().count() > WHY_MAX || why.chars().any(char::is_control) {
        let message = format!("why has more than {WHY_MAX} characters, or some that cannot be shown");
        return Err(Fault::bad_request("why", message));
    }
    Ok(why.to_owned())
}

pub(super) fn refused(refusal: Refusal) -> Fault {
    let message = refusal.to_string();
    match refusal {
        Refusal::Busy => Fault {
            retry_after_s: Some(1),
            ..Fault::new(StatusCode::TOO_MANY_REQUESTS, "busy", message, "try again in a second")
        },
        Refusal::Ended => Fault::starting(),
        Refusal::Unconfirmed => {
            let fix = "ask POST /api/commands/preview, and send the command with the confirmation it gives";
            Fault::new(StatusCode::CONFLICT, "confirmation_required", message, fix)
        }
        Refusal::Nothing => {
            let fix = "see /api/status for how things stand";
            Fault::new(StatusCode::CONFLICT, "nothing_to_do", message, fix)
        }
        Refusal::NoInstrument => Fault::not_found(message),
        Refusal::Unfit(_) => {
            let fix = "see /api/positions for how the position stands";
            Fault::new(StatusCode::CONFLICT, "does_not_fit", message, fix)
        }
    }
}

fn internal(message: impl Into<String>) -> Fault {
    Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message, "the log has the cause")
}

/// What a command would do. What raises risk gets a confirmation here, which holds once and not for long.
#[utoipa::path(post, path = "/api/commands/preview", tag = "commands", request_body = CommandBody,
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = PreviewBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "It would change nothing", body = ErrorBody),
    (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn preview(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Sent(body): Sent<CommandBody>,
) -> Result<Json<PreviewBody>, Fault> {
    let (about, view) = app.fresh().await?;
    let deed = body.deed(about, &view)?;
    body.why()?;
    if let Deed::Engine(order) = deed {
        app.board.weigh(order).await.map_err(refused)?;
    }
    let raises_risk = body.command.raises(&view);
    let confirmation = match raises_risk {
        true => {
            let begun = app.confirmations.begin(&body.as_confirmed(), &principal.who(), Instant::now());
            Some(begun.map_err(|error| internal(error.to_string()))?)
        }
        false => None,
    };
    let names = |all: bool| {
        let held = view.held().map(|row| row.name.to_string());
        held.filter(|name| all || body.instrument.as_ref() == Some(name)).collect()
    };
    let closes = match deed {
        Deed::Engine(Order::Mode(SystemMode::Flatten)) | Deed::Kill { flatten: true } => names(true),
        Deed::Engine(Order::Close(_)) => names(false),
        Deed::Engine(
            Order::Mode(_) | Order::Position(..) | Order::Signal(..) | Order::KillSwitch | Order::Drill(_),
        )
        | Deed::Kill { .. }
        | Deed::Release => Vec::new(),
    };
    Ok(Json(PreviewBody {
        command: body.command,
        words: body.words(about, &view),
        raises_risk,
        closes,
        confirm_within_s: confirmation.is_some().then(|| app.confirmations.within().as_secs()),
        confirmation,
    }))
}

/// Does it. Who and why are in the journal before the engine is told.
#[utoipa::path(post, path = "/api/commands", tag = "commands", request_body = CommandBody,
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = DoneBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "It needs a confirmation, or would change nothing", body = ErrorBody),
    (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn command(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Sent(body): Sent<CommandBody>,
) -> Result<Json<DoneBody>, Fault> {
    let (about, view) = app.fresh().await?;
    let deed = body.deed(about, &view)?;
    let (who, why) = (principal.who(), body.why()?);
    let given = body.confirmation.as_deref();
    let confirmed =
        given.is_some_and(|id| app.confirmations.take(id, &body.as_confirmed(), &who, Instant::now()));
    if given.is_some() && !confirmed {
        let fix = "ask POST /api/commands/preview again";
        let message = "the confirmation is over, was used, or is for something else";
        return Err(Fault::new(StatusCode::CONFLICT, "confirmation_over", message, fix));
    }
    if body.command.raises(&view) {
        if !confirmed {
            return Err(refused(Refusal::Unconfirmed));
        }
        if why.is_empty() {
            return Err(Fault::bad_request("why", "what raises risk needs a reason, for the journal"));
        }
    }
    tracing::info!(command = word(&body.command), who, "commanded over the API");
    let order = match deed {
        Deed::Engine(order) => order,
        Deed::Kill { flatten } => {
            let note = format!("{who}: {why}");
            let activate = move |switch: &KillSwitch, now| {
                switch.activate(now, KillReason::Manual, flatten, &note).map(|_| ())
            };
            switch(&app, activate).await?;
            Order::KillSwitch
        }
        Deed::Release => {
            switch(&app, |switch, now| switch.release(now).map(|_| ())).await?;
            Order::KillSwitch
        }
    };
    let why =
        if matches!(order, Order::KillSwitch) { format!("{}: {why}", word(&body.command)) } else { why };
    let done = app.board.command(order, confirmed, who, why).await.map_err(refused)?;
    // Whoever looks next sees what was done.
    let _ = app.fresh().await;
    Ok(Json(DoneBody {
        command: body.command,
        at: At(done.at),
        mode: done.mode.name().to_owned(),
        kill_switch_on: done.killed,
    }))
}

/// Writes the file of the kill switch, on a thread that may wait for the disk.
async fn switch(
    app: &App,
    write: impl FnOnce(&KillSwitch, Ts) -> Result<(), seawall_store::StoreError> + Send + 'static,
) -> Result<(), Fault> {
    let folder = app.data_dir.clone();
    let written = tokio::task::spawn_blocking(move || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Ts::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
        write(&KillSwitch::in_folder(&folder), now)
    });
    match written.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::error!(%error, "the kill switch was not written");
            Err(internal("the file of the kill switch cannot be written; nothing was done"))
        }
        Err(_) => Err(internal("writing the kill switch ended early")),
    }
}
