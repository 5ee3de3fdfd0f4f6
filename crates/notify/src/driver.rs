//! The thread that tells people: it owns the outbox and the router, and carries messages to their channels.
//!
//! Invariants: at most one attempt per channel is on its way; what is written is written before it is sent;
//! an outbox that cannot be written is tried again, and nothing more is taken from the run meanwhile, but
//! critical messages leave all the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use data_encoding::HEXLOWER;
use seawall_model::{Severity, Ts};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::error::NotifyError;
use crate::hand::{BATCHES_MAX, Batch, Hand, Pulse, Recovered, Work};
use crate::lane::{Lane, Outcome, REFUSED_PAUSE_MAX, pause};
use crate::memory::Memory;
use crate::notice::Status;
use crate::outbox::{Outbox, Step, collapsed_detail, cutoff};
use crate::router::{Draft, Router};
use crate::secrets::Secrets;
use crate::send::{Heartbeat, Sender, client};
use crate::settings::{ChannelSettings, NotifySettings};

/// Longest wait: then acknowledgements of other processes are looked for.
const NAP: Duration = Duration::from_secs(1);
/// The time that the end of a run gives messages that wait.
const DRAIN: Duration = Duration::from_secs(5);
/// A pulse that is older says that the engine hangs.
const PULSE_MAX: Duration = Duration::from_secs(15);
/// How often what is over is removed.
const PRUNE_EVERY: Duration = Duration::from_secs(600);

/// What the thread needs.
#[derive(Debug)]
pub struct Setup {
    /// The section `notify`.
    pub settings: NotifySettings,
    /// What its channels need.
    pub secrets: Secrets,
    /// What messages call the account.
    pub account: String,
    /// The run, told apart from all others of the outbox.
    pub source: String,
    /// Where messages wait.
    pub outbox: Outbox,
}

/// Opens the outbox in `path`.
///
/// # Errors
/// [`NotifyError`].
pub fn outbox(path: &Path) -> Result<Outbox, NotifyError> {
    let mut fresh = [0_u8; 4];
    SystemRandom::new().fill(&mut fresh).map_err(|_| NotifyError::Start {
        what: "the outbox",
        cause: "the system gives no random bytes".into(),
    })?;
    Outbox::open(path, &HEXLOWER.encode(&fresh))
}

/// Starts the thread.
///
/// # Errors
/// [`NotifyError`]: an address or an outbox that cannot be used.
pub fn start(setup: Setup) -> Result<Hand, NotifyError> {
    let Setup { settings, secrets, account, source, outbox } = setup;
    let secrets = Arc::new(secrets);
    let client = client()?;
    let mut channels = Vec::new();
    for channel in &settings.channels {
        channels.push(Channel::new(channel, Sender::new(channel, &secrets, &client)?));
    }
    let every = settings.heartbeat_every_s;
    let heartbeat = every.map(|every| Heartbeat::new(every, &secrets, &client)).transpose()?;
    outbox.begin(&source)?;
    let memory = outbox.memory()?.unwrap_or_else(|| Memory::new(now()));
    let router = Router::new(&settings, &account, outbox.instance(), memory);
    let (sender, work) = mpsc::channel(BATCHES_MAX);
    let pulse = Arc::new(Pulse::new());
    let seen = pulse.clone();
    let driver = Driver {
        settings,
        router,
        outbox,
        channels,
        work,
        tasks: JoinSet::new(),
        status: None,
        source,
        unwritten: Unwritten::default(),
        told: BTreeSet::new(),
        ending: None,
        pruned: Instant::now(),
    };
    let failed = |cause: std::io::Error| NotifyError::Start {
        what: "the thread of `notify`",
        cause: cause.to_string(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let thread = std::thread::Builder::new()
        .name("notify".to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                let beats = heartbeat.map(|heartbeat| tokio::spawn(beat(heartbeat, seen)));
                driver.run().await;
                if let Some(beats) = beats {
                    beats.abort();
                }
            });
        })
        .map_err(failed)?;
    Ok(Hand::new(sender, thread, pulse))
}

/// Signs of life, while the engine gives them.
async fn beat(heartbeat: Heartbeat, pulse: Arc<Pulse>) {
    let every = Duration::from_nanos(u64::try_from(heartbeat.every.nanos()).unwrap_or_default());
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        ticks.tick().await;
        if pulse.age() > PULSE_MAX {
            tracing::error!("the engine gives no sign of life: the outside heartbeat is not sent");
            continue;
        }
        let fails = heartbeat.beat().await != Outcome::Delivered;
        if fails && !failing {
            tracing::warn!("the outside heartbeat was not taken");
        }
        failing = fails;
    }
}

/// The time of the wall's clock.
pub(crate) fn now() -> Ts {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ts::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

struct Channel {
    name: String,
    lane: Lane,
    sender: Sender,
    busy: bool,
    /// Whether the last attempt failed, so that it is logged once.
    down: bool,
}

impl Channel {
    fn new(settings: &ChannelSettings, sender: Sender) -> Self {
        Channel { name: settings.name.clone(), lane: Lane::new(settings), sender, busy: false, down: false }
    }
}

/// What the router has made and the outbox has not taken yet.
#[derive(Default)]
struct Unwritten {
    drafts: Vec<Draft>,
    source: Option<(String, u64)>,
    gap: Option<(u64, u64)>,
    changed: bool,
    failing: bool,
}

struct Attempt {
    channel: usize,
    number: u64,
    attempts: u32,
    /// Whether it is in the outbox.
    stored: bool,
    outcome: Outcome,
}

struct Driver {
    settings: NotifySettings,
    router: Router,
    outbox: Outbox,
    channels: Vec<Channel>,
    work: mpsc::Receiver<Work>,
    tasks: JoinSet<Attempt>,
    status: Option<Status>,
    source: String,
    unwritten: Unwritten,
    /// Critical messages that left although they could not be written.
    told: BTreeSet<(usize, u64)>,
    ending: Option<Instant>,
    pruned: Instant,
}

impl Driver {
    async fn run(mut self) {
        let mut open = true;
        loop {
            let now = now();
            self.due(now);
            self.write(now);
            let wake = self.launch(now);
            if !open && self.is_done() {
                break;
            }
            let wait = Duration::from_nanos(u64::try_from(wake.since(now).nanos()).unwrap_or_default());
            tokio::select! {
                work = self.work.recv(), if open && !self.unwritten.failing => match work {
                    Some(work) => self.take(work),
                    None => {
                        open = false;
                        self.ending = Some(Instant::now());
                    }
                },
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    if let Ok(attempt) = done {
                        self.answered(attempt);
                    }
                }
                () = tokio::time::sleep(wait.min(NAP)) => {}
            }
        }
    }

    /// Whether the run's end has waited long enough: until nothing may leave, or for its time.
    fn is_done(&self) -> bool {
        let late = self.ending.is_some_and(|since| since.elapsed() >= DRAIN);
        let busy = !self.tasks.is_empty();
        let ready = self.channels.iter().any(|channel| {
            channel.lane.ready_at() <= now()
                && self.outbox.next(&channel.name, now()).ok().flatten().is_some()
        });
        late || !(busy || ready || self.unwritten.failing)
    }

    fn take(&mut self, work: Work) {
        let now = now();
        match work {
            Work::Notices(Batch { first, notices, gap }) => {
                let last = (first + notices.len() as u64).saturating_sub(1);
                let drafts: Vec<Draft> =
                    notices.iter().flat_map(|notice| self.router.take(now, notice)).collect();
                self.keep(drafts);
                self.unwritten.source = Some((self.source.clone(), last));
                self.unwritten.gap = gap;
            }
            Work::Extra(notice) => {
                let drafts = self.router.take(now, &notice);
                self.keep(drafts);
            }
            Work::Status(status) => self.status = Some(*status),
            Work::Recovered(recovered) => {
                let Recovered { source, number, notice } = *recovered;
                let drafts = self.router.take(now, &notice);
                self.keep(drafts);
                self.unwritten.source = Some((source, number));
            }
            Work::Complete(source) => {
                self.write(now);
                told(self.outbox.complete(&source));
            }
            Work::End => {
                self.write(now);
                told(self.outbox.complete(&self.source));
                self.work.close();
            }
        }
        // Each piece of work is one transaction: what is taken is written before the next is taken.
        self.write(now);
    }

    fn keep(&mut self, drafts: Vec<Draft>) {
        self.unwritten.drafts.extend(drafts);
        self.unwritten.changed = true;
    }

    /// What time brings.
    fn due(&mut self, now: Ts) {
        if self.router.next_at() <= now {
            let drafts = self.router.on_time(now, self.status.as_ref());
            self.keep(drafts);
        }
        for who in self.outbox.acknowledgements().unwrap_or_default() {
            let (_, drafts) = self.router.acknowledge(now, &who);
            self.keep(drafts);
        }
        if self.pruned.elapsed() >= PRUNE_EVERY {
            self.pruned = Instant::now();
            told(self.outbox.prune());
        }
    }

    /// Writes what the router has made. What cannot be written stays, and critical messages of it leave all
    /// the same.
    fn write(&mut self, now: Ts) {
        if !self.unwritten.changed {
            return;
        }
        let step = Step {
            source: self.unwritten.source.as_ref().map(|(source, number)| (source.as_str(), *number)),
            gap: self.unwritten.gap,
            drafts: &self.unwritten.drafts,
            memory: self.router.memory(),
        };
        match self.outbox.record(now, &step) {
            Ok(()) => self.unwritten = Unwritten::default(),
            Err(error) => {
                if !self.unwritten.failing {
                    tracing::error!(%error, "alerts cannot be written; it is tried again");
                }
                self.unwritten.failing = true;
                self.tell_unwritten();
            }
        }
    }

    fn tell_unwritten(&mut self) {
        for draft in self.unwritten.drafts.iter().filter(|draft| draft.message.severity == Severity::Critical)
        {
            let Some(channel) = self.channels.iter().position(|channel| channel.name == draft.channel) else {
                continue;
            };
            if self.told.insert((channel, draft.number)) {
                let sender = self.channels.get(channel).map(|channel| channel.sender.clone());
                let (message, number) = (draft.message.clone(), draft.number);
                self.tasks.spawn(async move {
                    let outcome = match sender {
                        Some(sender) => sender.send(&message, now()).await,
                        None => Outcome::Delivered,
                    };
                    Attempt { channel, number, attempts: 0, stored: false, outcome }
                });
            }
        }
    }

    /// Starts an attempt on each channel that may be tried and has something; says when to look again.
    fn launch(&mut self, now: Ts) -> Ts {
        let mut wake = self.router.next_at();
        for index in 0..self.channels.len() {
            let Some(channel) = self.channels.get(index) else { continue };
            if channel.busy {
                continue;
            }
            let ready = channel.lane.ready_at();
            if ready > now {
                wake = wake.min(ready);
                continue;
            }
            let name = channel.name.clone();
            self.collapse(&name, now);
            match self.outbox.next(&name, now) {
                Ok(Some(waiting)) => self.attempt(index, waiting, now),
                Ok(None) => {
                    if let Ok(Some(at)) = self.outbox.next_at(&name) {
                        wake = wake.min(at);
                    }
                }
                Err(error) => tracing::error!(%error, "alerts cannot be read; it is tried again"),
            }
        }
        wake
    }

    fn attempt(&mut self, index: usize, waiting: crate::outbox::Waiting, now: Ts) {
        let Some(channel) = self.channels.get_mut(index) else { return };
        channel.busy = true;
        channel.lane.attempt(now);
        let sender = channel.sender.clone();
        self.tasks.spawn(async move {
            let outcome = sender.send(&waiting.message, now).await;
            let (number, attempts) = (waiting.number, waiting.attempts);
            Attempt { channel: index, number, attempts, stored: true, outcome }
        });
    }

    /// Makes one message of old ones that wait for a channel.
    fn collapse(&mut self, channel: &str, now: Ts) {
        let cutoff = cutoff(now, self.settings.collapse_after_minutes);
        let Ok(old) = self.outbox.old(channel, cutoff, now) else { return };
        let Some((count, at, detail)) = collapsed_detail(&old) else { return };
        let draft = self.router.collapsed(now, channel, at, count, detail);
        told(self.outbox.collapse(cutoff, now, &draft, self.router.memory()));
    }

    fn answered(&mut self, attempt: Attempt) {
        let now = now();
        let Attempt { channel: index, number, attempts, stored, outcome } = attempt;
        let Some(channel) = self.channels.get_mut(index) else { return };
        if !stored {
            return;
        }
        channel.busy = false;
        channel.lane.answered(now, &outcome);
        let was_down = std::mem::replace(&mut channel.down, outcome != Outcome::Delivered);
        let name = channel.name.as_str();
        match &outcome {
            Outcome::Delivered => {
                if was_down {
                    tracing::info!(channel = name, "the channel takes alerts again");
                }
                told(self.outbox.sent(name, number, now));
            }
            Outcome::Limited(pause) => {
                told(self.outbox.failed_once(
                    name,
                    number,
                    now,
                    &format!("asked for a pause of {} ms", pause.millis()),
                ));
            }
            Outcome::Down(why) => {
                if !was_down {
                    tracing::warn!(channel = name, why, "the channel takes no alerts; it is tried again");
                }
                told(self.outbox.failed_once(name, number, now, why));
            }
            Outcome::Refused(why) => {
                tracing::error!(channel = name, why, "the channel refuses an alert; it is tried again");
                let later = now.plus(pause(attempts, REFUSED_PAUSE_MAX));
                told(self.outbox.failed_once(name, number, later, why));
            }
        }
    }
}

/// What could not be written is written another time, or sent twice.
fn told(result: Result<(), NotifyError>) {
    if let Err(error) = result {
        tracing::error!(%error, "the outbox was not written");
    }
}
