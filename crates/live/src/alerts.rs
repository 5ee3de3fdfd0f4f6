//! What a run tells people: notices of what the engine did, and their way to the outbox.
//!
//! Invariants: notices are a function of the engine's steps, in their order, so that the journal gives them
//! again ([`recover`]); taking them in waits for nothing.

mod desk;
mod recover;
mod watch;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rust_decimal::Decimal;
use seawall_config::Config;
use seawall_engine::{Effects, Engine};
use seawall_model::{Alert, Instrument, InstrumentId, Money, Price, Severity, Span, Trade, Ts};
use seawall_notify::notice::Message;
use seawall_notify::outbox::Past;
use seawall_notify::{Clock, Ear, Hand, Notice, NotifySettings, Secrets, Setup, Status, Topic};
use seawall_store::InstanceLock;
use seawall_store::db::DatabaseUrl;

use self::desk::ChatDesk;
use self::watch::Watch;
use crate::board::Board;

use crate::error::LiveError;

/// The outbox, in the folder of an account.
pub const OUTBOX: &str = "notify.db";
/// Pause between two looks at what the run shows of itself.
const STATUS_EVERY: Duration = Duration::from_secs(1);

/// A start that fails again for the same cause is told after this.
const FAILED_AGAIN: Span = Span::from_secs(15 * 60);
/// Messages among which an earlier one about the same failure is looked for.
const FAILURES_LOOKED_AT: u32 = 200;
/// What the outbox calls starts that did not become runs.
const FAILED_STARTS: &str = "failed starts";

/// Makes notices of steps.
#[derive(Debug)]
pub(crate) struct Notices {
    /// The instruments that something is held on.
    held: BTreeSet<InstrumentId>,
    watch: Watch,
}

impl Notices {
    /// For an engine that may hold something already.
    pub(crate) fn new(engine: &Engine, config: &Config) -> Self {
        let ids = engine.instruments().map(Instrument::id);
        let watch = Watch::new(config.risk.liquidation_buffer_pct);
        Notices { held: ids.filter(|id| holds(engine, *id)).collect(), watch }
    }

    /// The notices of a step, in a defined order.
    pub(crate) fn step(&mut self, at: Ts, engine: &Engine, effects: &Effects, tell: &mut dyn FnMut(Notice)) {
        self.watch.step(at, engine, effects, &mut |id, notice| {
            tell(Notice { instrument: id.and_then(|id| name(engine, id)), ..notice });
        });
        if effects.is_quiet() {
            return;
        }
        effects.alerts.iter().for_each(|alert| tell(of_alert(alert, engine)));
        for fill in &effects.fills {
            if holds(engine, fill.instrument) && self.held.insert(fill.instrument) {
                tell(opened(at, engine, fill.instrument, fill.price));
            }
        }
        for trade in &effects.trades {
            tell(closed(at, engine, trade));
            if !holds(engine, trade.instrument) {
                self.held.remove(&trade.instrument);
            }
        }
    }
}

fn holds(engine: &Engine, id: InstrumentId) -> bool {
    engine.position(id).is_some_and(|position| !position.qty.is_zero())
}

fn name(engine: &Engine, id: InstrumentId) -> Option<String> {
    engine.instrument(id).map(|instrument| instrument.name().to_string())
}

fn of_alert(alert: &Alert, engine: &Engine) -> Notice {
    let Alert { at, severity, kind, instrument, detail } = alert;
    let instrument = instrument.and_then(|id| name(engine, id));
    Notice { instrument, ..Notice::new(*at, Topic::Alert(*kind), *severity, detail.clone()) }
}

fn opened(at: Ts, engine: &Engine, id: InstrumentId, price: seawall_model::PriceUnits) -> Notice {
    let mut detail = String::new();
    if let (Some(instrument), Some(position)) = (engine.instrument(id), engine.position(id)) {
        let stop = position.stop.map_or("none yet".to_owned(), |stop| shown(instrument.price(stop)));
        let (qty, price) = (instrument.qty(position.qty), shown(instrument.price(price)));
        detail = format!("{qty} at {price}, stop {stop}");
    }
    let notice = Notice::new(at, Topic::PositionOpened, Severity::Info, detail);
    Notice { instrument: name(engine, id), ..notice }
}

fn closed(at: Ts, engine: &Engine, trade: &Trade) -> Notice {
    let pnl = trade.pnl.get();
    let r = pnl.checked_div(trade.risk.get()).filter(|_| trade.risk.get() > Decimal::ZERO);
    let r = r.map(|r| format!(" ({} R)", r.round_dp(2))).unwrap_or_default();
    let last = trade.exits.last();
    let price = last.zip(engine.instrument(trade.instrument));
    let price = price.map(|(exit, instrument)| format!(" at {}", shown(instrument.price(exit.price))));
    let reason = last.map_or("no reason known", |exit| exit.reason.name());
    let minutes = trade.closed_at.unwrap_or(at).since(trade.entry_at).millis() / 60_000;
    let detail = format!(
        "{}{}: {reason}; profit {}{r} after {} h {} min",
        trade.side.name(),
        price.unwrap_or_default(),
        pnl.round_dp(2),
        minutes / 60,
        minutes % 60
    );
    let notice = Notice::new(at, Topic::PositionClosed, Severity::Info, detail);
    Notice { instrument: name(engine, trade.instrument), pnl: Some(trade.pnl), ..notice }
}

/// A price for people: two decimals from 1 on, four from 0.01 on, else six.
fn shown(price: Price) -> String {
    let price = price.get();
    let decimals = match price.abs() {
        large if large >= Decimal::ONE => 2,
        small if small >= Decimal::new(1, 2) => 4,
        _ => 6,
    };
    price.round_dp(decimals).to_string()
}

/// A run's end of the way to people; without channels it does nothing.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    on: Option<On>,
}

#[derive(Debug)]
struct On {
    hand: Hand,
    notices: Notices,
    /// When the run showed itself last.
    shown: Option<Instant>,
    settings: NotifySettings,
    secrets: Secrets,
    ears: Vec<Ear>,
}

impl Teller {
    /// Starts the thread that tells people, for a run in `folder`, which lies in that of its account. What an
    /// earlier run did not write any more is taken up from its journal.
    ///
    /// # Errors
    /// [`LiveError::Notify`].
    pub(crate) fn start(
        config: &Config,
        secrets: &Secrets,
        account: &str,
        folder: &Path,
        engine: &Engine,
    ) -> Result<Self, LiveError> {
        if !config.notify.is_on() {
            return Ok(Teller::default());
        }
        let root = folder.parent().unwrap_or(folder);
        let source = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let outbox = seawall_notify::driver::outbox(&root.join(OUTBOX))?;
        let earlier = outbox.unfinished()?;
        let setup = Setup {
            settings: config.notify.clone(),
            secrets: secrets.clone(),
            account: account.to_owned(),
            source: source.clone(),
            outbox,
            clock: Clock::Wall,
        };
        let mut hand = seawall_notify::start(setup)?;
        if let (false, Some(recovery)) = (earlier.is_empty(), hand.recovery()) {
            recover::start(root.to_owned(), earlier, recovery);
        }
        hand.extra(Notice::new(engine.now(), Topic::RunStarted, Severity::Info, source));
        hand.hand_over();
        let (settings, secrets) = (config.notify.clone(), secrets.clone());
        let notices = Notices::new(engine, config);
        Ok(Teller { on: Some(On { hand, notices, shown: None, settings, secrets, ears: Vec::new() }) })
    }

    /// Listens to the chats from which commands are taken; they go to `board`.
    ///
    /// # Errors
    /// [`LiveError::Notify`].
    pub(crate) fn listen(
        &mut self,
        board: &Arc<Board>,
        data_dir: &Path,
        database: Option<&DatabaseUrl>,
    ) -> Result<(), LiveError> {
        let Some(On { settings, secrets, ears, .. }) = &mut self.on else { return Ok(()) };
        let client = seawall_notify::send::client()?;
        for channel in settings.channels.iter().filter(|channel| !channel.commands_from.is_empty()) {
            let desk =
                ChatDesk { board: board.clone(), data_dir: data_dir.to_owned(), database: database.cloned() };
            ears.push(seawall_notify::listen(channel, secrets, &client, desk)?);
        }
        Ok(())
    }

    /// Takes in a step.
    pub(crate) fn step(&mut self, at: Ts, engine: &Engine, effects: &Effects) {
        let Some(On { hand, notices, shown, .. }) = &mut self.on else { return };
        notices.step(at, engine, effects, &mut |notice| hand.notice(notice));
        if shown.is_none_or(|shown| shown.elapsed() >= STATUS_EVERY) {
            *shown = Some(Instant::now());
            hand.status(status(engine));
            hand.hand_over();
        }
        if !effects.is_quiet() {
            hand.hand_over();
        }
    }

    /// Hands over what has gathered, and says that the engine lives.
    pub(crate) fn hand_over(&mut self) {
        if let Some(on) = &mut self.on {
            on.hand.hand_over();
        }
    }

    /// The run has ended in order.
    pub(crate) fn finish(mut self, at: Ts, reason: &str) {
        if let Some(On { mut hand, ears, .. }) = self.on.take() {
            drop(ears);
            hand.extra(Notice::new(at, Topic::RunEnded, Severity::Warning, reason));
            hand.finish();
        }
    }

    /// The run cannot go on. What it has not told yet is told by the next one.
    pub(crate) fn fail(&mut self, error: &LiveError) {
        self.fails(error.to_string());
    }

    fn fails(&mut self, cause: String) {
        if let Some(On { hand, .. }) = &mut self.on {
            hand.extra(failure(cause));
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.fails("the engine's thread broke; the log has the cause".to_owned());
        }
    }
}

fn failure(cause: String) -> Notice {
    Notice::new(Clock::Wall.now(), Topic::RunFailed, Severity::Critical, cause)
}

/// Who is told where a start fails.
#[derive(Debug)]
pub(crate) struct Untold {
    settings: NotifySettings,
    secrets: Secrets,
    account: &'static str,
    lock: &'static str,
    root: PathBuf,
}

impl Untold {
    /// For starts of the account in the folder `root`, under the lock of that name.
    pub(crate) fn new(
        settings: &NotifySettings,
        secrets: &Secrets,
        account: &'static str,
        (root, lock): (PathBuf, &'static str),
    ) -> Self {
        Untold { settings: settings.clone(), secrets: secrets.clone(), account, lock, root }
    }

    /// A start has failed: says so, unless somebody asked for its end, or another run has the account and
    /// its outbox. Where channels do not answer, this takes a few seconds; the message then waits for the
    /// next start.
    pub(crate) fn tell(self, error: &LiveError) {
        if matches!(error, LiveError::Stopped) || !self.settings.is_on() || !self.root.is_dir() {
            return;
        }
        // While another run has the lock it is watched; while nobody has it nobody else writes the outbox.
        let Ok(_lock) = InstanceLock::acquire(&self.root, self.lock) else { return };
        if let Err(problem) = self.write(error.to_string()) {
            tracing::error!(%problem, "nobody is told that the start failed");
        }
    }

    fn write(self, cause: String) -> Result<(), LiveError> {
        let Untold { settings, secrets, account, root, .. } = self;
        let outbox = seawall_notify::driver::outbox(&root.join(OUTBOX))?;
        // What starts it again and again is not to flood anybody.
        let since = Clock::Wall.now().minus(FAILED_AGAIN);
        let is_told = |past: &Past| {
            let Message { topic, detail, .. } = &past.message;
            *topic == Topic::RunFailed && *detail == cause && past.made >= since
        };
        if outbox.history(None, FAILURES_LOOKED_AT)?.iter().any(is_told) {
            tracing::warn!("the start failed for the same cause as before: that was told already");
            return Ok(());
        }
        let (source, clock) = (FAILED_STARTS.to_owned(), Clock::Wall);
        let setup = Setup { settings, secrets, account: account.to_owned(), source, outbox, clock };
        let mut hand = seawall_notify::start(setup)?;
        hand.extra(failure(cause));
        hand.finish();
        Ok(())
    }
}

fn status(engine: &Engine) -> Status {
    let ids = engine.instruments().map(Instrument::id);
    let held = ids.filter_map(|id| engine.position(id)).filter(|position| !position.qty.is_zero());
    let (mut count, mut naked) = (0, 0);
    for position in held {
        count += 1;
        naked += usize::from(!position.protected && !position.left_alone);
    }
    let equity = engine.equity().unwrap_or(Money::ZERO);
    Status { mode: engine.mode().name(), equity, held: count, naked }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_shown_with_as_many_decimals_as_people_read() {
        for (price, expected) in
            [("61000.456", "61000.46"), ("0.123456", "0.1235"), ("0.0012345678", "0.001235")]
        {
            assert_eq!(shown(Price::new(price.parse().unwrap())), expected);
        }
    }
}
