//! The thread that tells people: it owns the outbox and the router, and carries messages to their channels.
//!
//! Invariants: at most one attempt per channel is on its way; what is written is written before it is sent;
//! an outbox that cannot be written is tried again, and critical messages leave meanwhile all the same
//! ([`crate::unwritten`]).

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use data_encoding::HEXLOWER;
use seawall_model::{Severity, Span, Ts};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::error::NotifyError;
use crate::hand::{BATCHES_MAX, Batch, Hand, Pulse, Recovered, Work};
use crate::lane::{Lane, Outcome, REFUSED_PAUSE_MAX, pause};
use crate::memory::Memory;
use crate::notice::Status;
use crate::outbox::{Outbox, Reached, Waiting, Wish, collapsed_detail, cutoff};
use crate::router::Router;
use crate::secrets::Secrets;
use crate::send::{Heartbeat, Sender, client};
use crate::settings::{ChannelSettings, NotifySettings};
use crate::unwritten::{Mark, Unwritten};

/// Longest wait: then what others ask for is looked for.
const NAP: Duration = Duration::from_secs(1);
/// The time that the end of a run gives messages that wait.
const DRAIN: Duration = Duration::from_secs(5);
/// A pulse that is older says that the engine hangs.
const PULSE_MAX: Span = Span::from_secs(15);
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
    /// The clock that messages are timed by.
    pub clock: Clock,
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
    let Setup { settings, secrets, account, source, outbox, clock } = setup;
    let secrets = Arc::new(secrets);
    let client = client()?;
    let mut channels = Vec::new();
    for channel in &settings.channels {
        channels.push(Channel::new(channel, Sender::new(channel, &secrets, &client)?));
    }
    let every = settings.heartbeat_every_s;
    let heartbeat = every.map(|every| Heartbeat::new(every, &secrets, &client)).transpose()?;
    outbox.begin(&source)?;
    let memory = outbox.memory()?.unwrap_or_else(|| Memory::new(clock.now()));
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
        clock,
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
                let beats = heartbeat.map(|heartbeat| tokio::spawn(beat(heartbeat, seen, clock)));
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
async fn beat(heartbeat: Heartbeat, pulse: Arc<Pulse>, clock: Clock) {
    let (every, stale_after) = (clock.wait(heartbeat.every), clock.wait(PULSE_MAX));
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut failing, mut stale) = (false, false);
    loop {
        ticks.tick().await;
        if pulse.age() > stale_after {
            if !stale {
                tracing::error!("the engine gives no sign of life: the outside heartbeat is not sent");
            }
            stale = true;
            continue;
        }
        stale = false;
        let fails = heartbeat.beat().await != Outcome::Delivered;
        if fails && !failing {
            tracing::warn!("the outside heartbeat was not taken");
        }
        failing = fails;
    }
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

struct Attempt {
    channel: usize,
    number: u64,
    attempts: u32,
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
    clock: Clock,
    ending: Option<Instant>,
    pruned: Instant,
}

impl Driver {
    async fn run(mut self) {
        let mut open = true;
        loop {
            let now = self.clock.now();
            self.due(now);
            self.unwritten.write(&mut self.outbox, &self.router, now);
            let wake = self.launch(now);
            if !open && self.is_done() {
                break;
            }
            let wait = self.clock.wait(wake.since(now)).min(NAP);
            tokio::select! {
                work = self.work.recv(), if open && self.unwritten.has_room() => match work {
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
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Whether the run's end has waited long enough: until nothing may leave, or for its time.
    fn is_done(&self) -> bool {
        let late = self.ending.is_some_and(|since| since.elapsed() >= DRAIN);
        let now = self.clock.now();
        let busy = !self.tasks.is_empty() || !self.unwritten.is_empty();
        let ready = self.channels.iter().any(|channel| match self.pick(channel, now) {
            Ok(Some((_, ready))) => ready <= now,
            Ok(None) | Err(_) => false,
        });
        late || !(busy || ready)
    }

    fn take(&mut self, work: Work) {
        let now = self.clock.now();
        match work {
            Work::Notices(Batch { first, notices, gap }) => {
                let upto = (first + notices.len() as u64).saturating_sub(1);
                let drafts = notices.iter().flat_map(|notice| self.router.take(now, notice)).collect();
                self.unwritten.keep(drafts);
                self.unwritten.reached(Reached::Taken { source: self.source.clone(), upto, gap });
            }
            Work::Extra(notice) => self.unwritten.keep(self.router.take(now, &notice)),
            Work::Status(status) => self.status = Some(*status),
            Work::Recovered(recovered) => {
                let Recovered { source, number, notice } = *recovered;
                self.unwritten.keep(self.router.take(now, &notice));
                self.unwritten.reached(Reached::Taken { source, upto: number, gap: None });
            }
            Work::Complete(source) => self.unwritten.reached(Reached::Complete(source)),
            Work::End => {
                self.unwritten.reached(Reached::Ended(self.source.clone()));
                self.work.close();
            }
        }
        // Each piece of work is one transaction: what is taken is written before the next is taken.
        self.unwritten.write(&mut self.outbox, &self.router, now);
    }

    /// What time brings.
    fn due(&mut self, now: Ts) {
        if self.router.next_at() <= now {
            self.unwritten.keep(self.router.on_time(now, self.status.as_ref()));
        }
        for wish in self.outbox.wishes().unwrap_or_default() {
            let drafts = match wish {
                Wish::Acknowledge { who } => self.router.acknowledge(now, &who).1,
                Wish::Test { who, channel } => self.router.test_channels(now, channel.as_deref(), &who),
            };
            self.unwritten.keep(drafts);
        }
        if self.pruned.elapsed() >= PRUNE_EVERY {
            self.pruned = Instant::now();
            told(self.outbox.prune());
        }
    }

    /// What a channel is to have next, and when it may be tried.
    fn pick(&self, channel: &Channel, now: Ts) -> Result<Option<(Waiting, Ts)>, NotifyError> {
        let next = self.outbox.next(&channel.name, now, &self.unwritten.marked(&channel.name));
        let is_critical = |waiting: &Waiting| waiting.message.severity == Severity::Critical;
        // What could not be written and is critical comes before what is written and not.
        let waiting = match (next, self.unwritten.critical(&channel.name)) {
            (Ok(Some(stored)), early) => {
                Some(if is_critical(&stored) { stored } else { early.unwrap_or(stored) })
            }
            (Ok(None) | Err(_), Some(early)) => Some(early),
            (Ok(None), None) => None,
            (Err(error), None) => return Err(error),
        };
        Ok(waiting.map(|waiting| {
            let lane = &channel.lane;
            let ready = if is_critical(&waiting) { lane.urgent_at() } else { lane.ready_at() };
            (waiting, ready)
        }))
    }

    /// Starts an attempt on each channel that may be tried and has something; says when to look again.
    fn launch(&mut self, now: Ts) -> Ts {
        let mut wake = self.router.next_at();
        for index in 0..self.channels.len() {
            let Some(name) = self.channels.get(index).filter(|one| !one.busy).map(|one| one.name.clone())
            else {
                continue;
            };
            self.collapse(&name, now);
            let Some(channel) = self.channels.get(index) else { continue };
            match self.pick(channel, now) {
                Ok(Some((waiting, ready))) if ready <= now => self.attempt(index, waiting, now),
                Ok(Some((_, ready))) => wake = wake.min(ready),
                Ok(None) => {
                    if let Ok(Some(at)) = self.outbox.next_at(&name, &self.unwritten.marked(&name)) {
                        wake = wake.min(at);
                    }
                }
                Err(error) => tracing::error!(%error, "alerts cannot be read; it is tried again"),
            }
        }
        wake
    }

    fn attempt(&mut self, index: usize, waiting: Waiting, now: Ts) {
        let Some(channel) = self.channels.get_mut(index) else { return };
        channel.busy = true;
        channel.lane.attempt(now);
        let sender = channel.sender.clone();
        self.tasks.spawn(async move {
            let outcome = sender.send(&waiting.message, now).await;
            let (number, attempts) = (waiting.number, waiting.attempts);
            Attempt { channel: index, number, attempts, outcome }
        });
    }

    /// Makes one message of old ones that wait for a channel.
    fn collapse(&mut self, channel: &str, now: Ts) {
        // What the router remembers is written with the messages that it has made, and not before.
        if !self.unwritten.is_empty() {
            return;
        }
        let cutoff = cutoff(now, self.settings.collapse_after_minutes);
        let Ok(old) = self.outbox.old(channel, cutoff, now) else { return };
        let Some((count, at, detail)) = collapsed_detail(&old) else { return };
        let draft = self.router.collapsed(now, channel, at, count, detail);
        told(self.outbox.collapse(cutoff, now, (&draft, &old), self.router.memory()));
    }

    fn answered(&mut self, attempt: Attempt) {
        let now = self.clock.now();
        let Attempt { channel: index, number, attempts, outcome } = attempt;
        let Some(channel) = self.channels.get_mut(index) else { return };
        channel.busy = false;
        channel.lane.answered(now, &outcome);
        let was_down = std::mem::replace(&mut channel.down, outcome != Outcome::Delivered);
        let name = channel.name.as_str();
        let failed = |later, refused, why| Mark::Failed { later, refused, why };
        let mark = match outcome {
            Outcome::Delivered => {
                if was_down {
                    tracing::info!(channel = name, "the channel takes alerts again");
                }
                Mark::Sent(now)
            }
            Outcome::Limited(pause) => {
                failed(now, false, format!("asked for a pause of {} ms", pause.millis()))
            }
            Outcome::Down(why) => {
                if !was_down {
                    tracing::warn!(channel = name, why, "the channel takes no alerts; it is tried again");
                }
                failed(now, false, why)
            }
            Outcome::Refused(why) => {
                tracing::error!(channel = name, why, "the channel refuses an alert; it is tried again");
                failed(now.plus(pause(attempts, REFUSED_PAUSE_MAX)), true, why)
            }
        };
        self.unwritten.mark(name, number, mark);
        self.unwritten.write(&mut self.outbox, &self.router, now);
    }
}

/// What could not be written is tried another time.
fn told(result: Result<(), NotifyError>) {
    if let Err(error) = result {
        tracing::error!(%error, "the outbox was not written");
    }
}
