//! Answers what people ask in a chat, from the run's board and its database; commands go the way of those of
//! the API: through the board into the journal, with who and why, and then to the engine.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rust_decimal::Decimal;
use seawall_model::explain::{Binding, figure};
use seawall_model::{KillReason, Money, Outcome, SystemMode, Ts};
use seawall_notify::outbox::Wish;
use seawall_notify::{Asked, Desk, Outbox};
use seawall_store::KillSwitch;
use seawall_store::db::{DatabaseUrl, Filter, Place, Reader, TradeRow};

use super::{OUTBOX, shown};
use crate::board::{About, Board, InstrumentView, Order, View};

/// A view that is older is asked for anew.
const VIEW_AGE: Duration = Duration::from_millis(500);
/// How long an answer waits for it.
const VIEW_PATIENCE: Duration = Duration::from_secs(2);
/// Rows of an answer at most: the rest is counted.
const ROWS_MAX: usize = 20;
/// Trades that are told.
const TRADES: u32 = 5;

/// What answers are made of.
pub(super) struct ChatDesk {
    pub(super) board: Arc<Board>,
    /// Where the file of the kill switch is.
    pub(super) data_dir: PathBuf,
    pub(super) database: Option<DatabaseUrl>,
}

impl Desk for ChatDesk {
    async fn answer(&self, who: String, asked: Asked) -> String {
        let view = self.board.fresh_view(VIEW_AGE, VIEW_PATIENCE).await;
        let Some((about, view)) = self.board.about().zip(view) else {
            return "The run is starting: ask again in a moment.".to_owned();
        };
        match asked {
            Asked::Status => status(about, &view),
            Asked::Positions => positions(about, &view),
            Asked::Why(name) => why(about, &view, &name),
            Asked::Trades => self.trades(about).await,
            Asked::Protect(why) => self.protect(who, why).await,
            Asked::Kill => self.kill(who).await,
            Asked::Acknowledge => acknowledge(about, who).await,
            Asked::Help => seawall_notify::asked::HELP.to_owned(),
        }
    }
}

impl ChatDesk {
    async fn trades(&self, about: &About) -> String {
        let (folder, run, url) = (about.folder.clone(), about.run, self.database.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let reader = Reader::of_run(Place::of_run(&folder, url.as_ref())?, run)?;
            reader.trades(&Filter { limit: TRADES, ..Filter::default() })
        });
        match asked.await {
            Ok(Ok(rows)) if rows.is_empty() => "No trades yet.".to_owned(),
            Ok(Ok(rows)) => trades(&rows),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database was not read for a chat");
                "The database does not answer; the run goes on without it.".to_owned()
            }
            Err(_) => "The question ended early; the log has the cause.".to_owned(),
        }
    }

    async fn protect(&self, who: String, why: String) -> String {
        self.order(Order::Mode(SystemMode::ProtectOnly), who, why).await
    }

    async fn kill(&self, who: String) -> String {
        let (folder, note) = (self.data_dir.clone(), who.clone());
        let written = tokio::task::spawn_blocking(move || {
            let switch = KillSwitch::in_folder(&folder);
            if switch.read().is_on() {
                return Ok(false);
            }
            switch.activate(now(), KillReason::Manual, false, &note).map(|_| true)
        });
        match written.await {
            Ok(Ok(true)) => self.order(Order::KillSwitch, who, "kill over the chat".to_owned()).await,
            Ok(Ok(false)) => "The kill switch is on already.".to_owned(),
            Ok(Err(error)) => {
                tracing::error!(%error, "the kill switch was not written");
                "The file of the kill switch cannot be written: nothing was done.".to_owned()
            }
            Err(_) => "Writing the kill switch ended early; look at /status.".to_owned(),
        }
    }

    async fn order(&self, order: Order, who: String, why: String) -> String {
        tracing::info!(who, "commanded over the chat");
        match self.board.command(order, false, who, why).await {
            Ok(done) => {
                let switch = if done.killed { "on" } else { "off" };
                format!("Done at {}: mode {}, kill switch {switch}.", done.at, done.mode.name())
            }
            Err(refusal) => format!("Not done: {refusal}."),
        }
    }
}

/// Critical alerts count as seen: the run takes that up from its outbox within a second.
async fn acknowledge(about: &About, who: String) -> String {
    let path = about.folder.parent().unwrap_or(&about.folder).join(OUTBOX);
    let written = tokio::task::spawn_blocking(move || {
        Outbox::existing(&path)?.map(|outbox| outbox.wish(&Wish::Acknowledge { who })).transpose()
    });
    match written.await {
        Ok(Ok(Some(()))) => "Done: critical alerts count as seen.".to_owned(),
        Ok(Ok(None)) => "There is no outbox: nothing was done.".to_owned(),
        Ok(Err(error)) => {
            tracing::error!(%error, "an acknowledgement was not written");
            "The outbox cannot be written: nothing was done.".to_owned()
        }
        Err(_) => "Writing ended early; try again.".to_owned(),
    }
}

fn cash(money: Money) -> Decimal {
    money.get().round_dp(2)
}

fn pct(part: Decimal, whole: Decimal) -> String {
    let share = part.checked_mul(Decimal::ONE_HUNDRED).and_then(|part| part.checked_div(whole));
    share.map(|share| format!(" ({} %)", share.round_dp(2))).unwrap_or_default()
}

fn status(about: &About, view: &View) -> String {
    let ready = if view.ready { "ready".to_owned() } else { format!("not ready ({})", view.phase) };
    let mut text = format!("{}: mode {}, {ready}", about.mode, view.mode.name());
    if let Some(reason) = view.kill_switch {
        let _ = write!(text, "\nKILL SWITCH ON: {}", reason.name());
    }
    if let Some(equity) = view.equity {
        let (day, base) = (equity.get() - view.day_base.get(), view.day_base.get());
        let _ = write!(text, "\nequity {}, today {}{}", cash(equity), day.round_dp(2), pct(day, base));
        let below = (view.peak.get() - equity.get()).max(Decimal::ZERO);
        let _ =
            write!(text, "\n{}{} below the high-water mark", below.round_dp(2), pct(below, view.peak.get()));
    }
    let (held, naked) = (view.held().count(), view.naked());
    let open: Decimal = view.held().map(|row| row.unrealised.get()).sum();
    let _ = write!(text, "\n{held} positions, open profit {}", open.round_dp(2));
    match (naked, view.oldest_proof_s()) {
        (0, Some(age)) => {
            let _ = write!(text, "; all protected, oldest proof {age:.0} s");
        }
        (0, None) => {}
        (naked, _) => {
            let _ = write!(text, "; {naked} WITHOUT A CONFIRMED STOP");
        }
    }
    let _ = write!(
        text,
        "\n{} instruments, {} decisions, {} entries",
        view.instruments.len(),
        view.decisions,
        view.entered
    );
    if let Some(feeds) = view.surroundings.feeds.as_ref().filter(|feeds| !feeds.live) {
        let _ = write!(text, "\nfeeds missing: {}", feeds.missing);
    }
    for block in view.blocks.iter().take(5) {
        let name = block.instrument.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        let _ = write!(text, "\n{name}{}", block.words);
    }
    let _ = write!(text, "\nas of {}", view.at);
    text
}

fn positions(about: &About, view: &View) -> String {
    let count = view.held().count();
    if count == 0 {
        return format!("{}: no positions.", about.mode);
    }
    let mut text = format!("{}: {count} positions", about.mode);
    view.held().take(ROWS_MAX).for_each(|row| position(&mut text, row, view.equity));
    if count > ROWS_MAX {
        let _ = write!(text, "\nand {} more", count - ROWS_MAX);
    }
    text
}

fn position(text: &mut String, row: &InstrumentView, equity: Option<Money>) {
    let side = if row.qty.get() > Decimal::ZERO { "long" } else { "short" };
    let entry = row.trade.as_ref().and_then(|trade| trade.entry);
    let entry = entry.map_or("?".to_owned(), shown);
    let _ = write!(text, "\n{} {side} {}: {entry} → {}", row.name, row.qty.get().abs(), shown(row.last));
    if let Some((value, equity)) = row.value.zip(equity)
        && let Some(leverage) = value.get().checked_div(equity.get())
    {
        let _ = write!(text, ", {}x", leverage.round_dp(2));
    }
    let pnl = row.trade.as_ref().map_or(row.unrealised, |trade| trade.pnl);
    let cost = row.value.map_or(Decimal::ZERO, |value| value.get() - row.unrealised.get());
    let _ = write!(text, ", profit {}{}", cash(pnl), pct(pnl.get(), cost));
    let stop = match (row.stop, row.foreign_stop) {
        (Some(stop), _) => format!("stop {}", shown(stop)),
        (None, Some(stop)) => format!("somebody else's stop {}", shown(stop)),
        (None, None) => "no stop".to_owned(),
    };
    let state = match (row.protected, row.left_alone) {
        (true, _) => "confirmed",
        (false, true) => "left alone by policy",
        (false, false) => "NOT CONFIRMED",
    };
    let _ = write!(text, "; {stop}, {state}");
}

fn trades(rows: &[TradeRow]) -> String {
    let mut text = format!("last {} trades", rows.len());
    let mut sum = Decimal::ZERO;
    for row in rows {
        sum += row.pnl.get();
        let minutes = row.closed_at.unwrap_or(row.entry_at).since(row.entry_at).millis() / 60_000;
        let reason = row.exits.last().map_or("open", |exit| exit.reason.as_str());
        let _ = write!(
            text,
            "\n{} {}: {} after {} h {} min, {reason}",
            row.instrument,
            row.side,
            cash(row.pnl),
            minutes / 60,
            minutes % 60
        );
    }
    let _ = write!(text, "\ntotal {}", sum.round_dp(2));
    text
}

fn why(about: &About, view: &View, asked: &str) -> String {
    let wanted = asked.trim().to_ascii_lowercase();
    if wanted.is_empty() {
        return "Which instrument? Write /why and its name, or a part of it.".to_owned();
    }
    let fits = |row: &&InstrumentView| row.name.as_str().to_ascii_lowercase().contains(&wanted);
    let exact = view.instruments.iter().find(|row| row.name.as_str().eq_ignore_ascii_case(&wanted));
    let mut rows = view.instruments.iter().filter(fits);
    let (first, second) = (rows.next(), rows.next());
    let row = match (exact, first, second) {
        (Some(row), ..) | (None, Some(row), None) => row,
        (None, None, _) => return format!("No instrument of this run is called like `{asked}`."),
        (None, Some(_), Some(_)) => {
            let names = view.instruments.iter().filter(fits).take(ROWS_MAX).map(|row| row.name.as_str());
            return format!("Which one?\n{}", names.collect::<Vec<_>>().join("\n"));
        }
    };
    let name = &row.name;
    let Some(decision) = &row.decision else { return format!("{name}: no decision yet.") };
    let scale = about.instruments.iter().find(|one| one.name() == name);
    let price = scale.map(|one| shown(one.price(decision.price))).unwrap_or_default();
    let mut text = format!("{name} at {}, price {price}: ", decision.at);
    text.push_str(&match decision.outcome {
        Outcome::Entered => "entered".to_owned(),
        Outcome::Refused(gate) => format!("not entered: refused by {}", gate.name()),
    });
    if let Some(setup) = decision.setup {
        let _ = write!(text, "\nsetup: {}", setup.name());
    }
    let binding = Binding::of(decision.outcome, &decision.gates);
    match &binding {
        Binding::Refused(reading) => {
            let (measured, threshold) = (figure(reading.measured), figure(reading.threshold));
            let _ = write!(text, "\nmeasured {measured}, threshold {threshold}");
            let _ = write!(text, "\nto pass: {}", reading.remedy().unwrap_or_default());
        }
        Binding::Approved(_) => {
            for reading in binding.smaller() {
                let _ = write!(text, "\nmade smaller by {}", reading.gate.name());
            }
        }
    }
    text
}

fn now() -> Ts {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ts::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
