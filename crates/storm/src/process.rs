//! One life of the process: the real engine and the real loop, the real journal on a simulated disk, and
//! death at any boundary of a step.
//!
//! Invariant: what a step does to the disk and what leaves is decided by the loop and by `store::recording`,
//! as in a run; a life ends by an error of the recorder or by requests that are not let out, never by
//! reaching into either.

use std::path::PathBuf;
use std::sync::Arc;

use seawall_engine::{Carry, Effects, Engine, EngineError, Pump, Recorder, Setup};
use seawall_model::{Input, Ts, VenueEvent, VenuePort, VenueRequest};
use seawall_store::StoreError;
use seawall_store::carry_log::{CarryLog, restore};
use seawall_store::disk::{Disk, Fault as DiskFault, MemoryDisk};
use seawall_store::journal::{Digest, Header, Journal, JournalInfo, JournalOptions, Record, RunMode};
use seawall_store::recording;
use seawall_strategy::Strategy;

use crate::oracles::{Judge, Oracle, Step};
use crate::swarm::RUN;
use crate::trace::Trace;
use crate::truth::Truth;
use crate::venue::Venue;
use crate::world::{StormError, World};

/// A segment is this long, so that a start often reads more than one.
const SEGMENT_BYTES: u64 = 200_000;
/// Starts whose journals are kept.
const STARTS_KEPT: u32 = 3;

/// Where in a step the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// The input is not written.
    BeforeInput,
    /// What the step wrote is not synced.
    BeforeSync,
    /// Everything is on disk, nothing has left.
    BeforeSend,
    /// The first request has left.
    AfterFirst,
    /// Everything has left.
    AfterSend,
}

/// Why a step did not come to its end.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The process is dead.
    Died,
    /// The journal cannot be written, and the process ends as a run does.
    Store,
    /// A rule is broken.
    Broken(Oracle, String),
}

impl Point {
    pub(crate) const ALL: [Point; 5] =
        [Point::BeforeInput, Point::BeforeSync, Point::BeforeSend, Point::AfterFirst, Point::AfterSend];
}

impl From<StoreError> for Halt {
    fn from(_: StoreError) -> Self {
        Halt::Store
    }
}

/// What the world lends to a step.
pub(crate) struct Around<'a> {
    pub(crate) at: Ts,
    /// What the process's own clock shows.
    pub(crate) shown: Ts,
    pub(crate) judge: &'a mut Judge,
    pub(crate) truth: &'a Truth,
    pub(crate) venue: &'a Venue,
    pub(crate) trace: &'a mut Trace,
    pub(crate) counts: &'a mut Counts,
    pub(crate) story: Option<&'a mut Vec<String>>,
}

/// What happened, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Inputs that engines took.
    pub inputs: u64,
    /// Orders that were placed.
    pub orders: u64,
    /// Executions at the venue.
    pub fills: u64,
    /// Trades that were completed.
    pub trades: u64,
    /// Lives of the process.
    pub lives: u64,
}

/// Requests on their way out.
#[derive(Debug, Default)]
struct Port {
    sent: Vec<(Ts, VenueRequest)>,
    room: Option<usize>,
}

impl VenuePort for Port {
    fn send(&mut self, at: Ts, request: VenueRequest) {
        match &mut self.room {
            None => self.sent.push((at, request)),
            Some(0) => {}
            Some(room) => {
                *room -= 1;
                self.sent.push((at, request));
            }
        }
    }

    fn next_at(&self) -> Option<Ts> {
        None
    }

    fn next_event(&mut self, _: Ts) -> Option<(Ts, VenueEvent)> {
        None
    }
}

/// Writes a step down and has it judged.
struct Scribe<'a, 'b> {
    journal: &'a mut Journal,
    carry: &'a mut CarryLog,
    durable: &'a mut Option<Carry>,
    disk: &'a MemoryDisk,
    point: Option<Point>,
    around: &'a mut Around<'b>,
    input: Option<Input>,
}

impl Recorder for Scribe<'_, '_> {
    type Error = Halt;

    fn input(&mut self, at: Ts, input: &Input) -> Result<(), Halt> {
        if self.point == Some(Point::BeforeInput) {
            return Err(Halt::Died);
        }
        recording::input(self.journal, self.carry, at, input)?;
        self.around.counts.inputs += 1;
        self.input = Some(input.clone());
        Ok(())
    }

    fn effects(&mut self, at: Ts, engine: &Engine, effects: &Effects) -> Result<(), Halt> {
        if self.point == Some(Point::BeforeSync) {
            self.disk.inject(DiskFault::FailedSync { after_syncs: 0 });
        }
        recording::effects(self.journal, self.carry, at, engine, effects)?;
        let Some(input) = self.input.take() else { return Ok(()) };
        let Around { judge, truth, venue, trace, counts, story, at: world, .. } = &mut *self.around;
        trace.step(at, &input, effects, engine);
        if let Some(story) = story {
            tell(story, *world, &input, effects);
        }
        let placed = effects.requests.iter().filter(|request| matches!(request, VenueRequest::Place(_)));
        counts.orders += placed.count() as u64;
        counts.trades += effects.trades.len() as u64;
        let step = Step { at: *world, engine, input: &input, effects, venue, truth };
        judge.after(&step).map_err(|(oracle, what)| Halt::Broken(oracle, what))?;
        match self.point {
            Some(Point::BeforeSync) => Err(Halt::Died),
            Some(Point::BeforeSend) => {
                *self.durable = effects.requests.iter().any(recording::commits).then(|| engine.carry());
                Err(Halt::Died)
            }
            Some(Point::BeforeInput | Point::AfterFirst | Point::AfterSend) | None => Ok(()),
        }
    }
}

/// A step in words, for a person.
fn tell(story: &mut Vec<String>, at: Ts, input: &Input, effects: &Effects) {
    let is_plain = matches!(input, Input::Quote { .. } | Input::Wakeup | Input::Candle { .. });
    let has_plan = effects.decisions().iter().any(|decision| decision.planned.is_some());
    if is_plain && effects.is_quiet() && !has_plan {
        return;
    }
    story.push(format!("{at} < {input:?}"));
    story.extend(effects.requests.iter().map(|request| format!("{at}   > {request:?}")));
    story.extend(effects.orders.iter().map(|update| {
        format!(
            "{at}   = {} {:?} {:?} {:?}/{:?}",
            update.order.id.sequence, update.role, update.state, update.filled, update.qty
        )
    }));
    let planned =
        effects.decisions().iter().filter_map(|decision| Some((decision, decision.planned.as_ref()?)));
    story.extend(planned.map(|(decision, planned)| format!("{at}   ? {:?} {planned:?}", decision.outcome)));
    story.extend(effects.alerts.iter().map(|alert| format!("{at}   ! {:?} {}", alert.kind, alert.detail)));
}

/// A process that lives.
pub(crate) struct Process {
    pub(crate) engine: Engine,
    pump: Pump,
    journal: Journal,
    carry: CarryLog,
    port: Port,
    /// What was on disk when it died, where that is known to the last word.
    pub(crate) durable: Option<Carry>,
}

/// What a start found.
pub(crate) struct Begun {
    pub(crate) process: Process,
    /// The state that it goes on from.
    pub(crate) carry: Option<Carry>,
}

/// Why a process could not come back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

fn dir(start: u32) -> PathBuf {
    PathBuf::from(format!("/account/start-{start:06}/journal"))
}

impl Process {
    /// Start number `start`, from what the disk has of the ones before.
    pub(crate) fn begin(
        disk: &MemoryDisk,
        start: u32,
        at: Ts,
        setup: Setup,
        strategies: Vec<Box<dyn Strategy>>,
    ) -> Result<Begun, StartError> {
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let mut carry = None;
        for earlier in (start.saturating_sub(STARTS_KEPT).max(1)..start).rev() {
            if let Some((found, _)) = restore(&shared, &dir(earlier))? {
                carry = Some(found);
                break;
            }
        }
        let instruments: Vec<_> =
            setup.instruments.iter().map(|(instrument, _)| instrument.clone()).collect();
        let info = JournalInfo::new(RUN, &instruments);
        let options = JournalOptions { segment_bytes_max: SEGMENT_BYTES };
        let engine = match &carry {
            Some(carry) => Engine::resume_with(setup, strategies, carry)?.engine,
            // Those that are configured, where none are given.
            None if strategies.is_empty() => Engine::new(setup)?,
            None => Engine::with_strategies(setup, strategies)?,
        };
        let mut journal = Journal::create_on(shared, &dir(start), info, options)?;
        let header = Header {
            mode: RunMode::Paper,
            seed: 0,
            config_hash: Digest::default(),
            engine_version: "storm".to_owned(),
            started_at: at,
        };
        journal.append(at, &Record::Header(header))?;
        let log = match &carry {
            Some(_) => CarryLog::resumed(&mut journal, at, &engine)?,
            None => CarryLog::fresh(),
        };
        journal.sync()?;
        forget(disk, start);
        let process =
            Process { engine, pump: Pump::new(), journal, carry: log, port: Port::default(), durable: None };
        Ok(Begun { process, carry })
    }

    /// Gives one input to the engine. Says what has left, and whether that was all.
    pub(crate) fn feed(
        &mut self,
        disk: &MemoryDisk,
        point: Option<Point>,
        around: &mut Around<'_>,
        input: &Input,
    ) -> (Vec<(Ts, VenueRequest)>, Result<(), Halt>) {
        let at = around.shown.max(self.engine.now());
        let Process { engine, pump, journal, carry, port, durable } = self;
        port.room = (point == Some(Point::AfterFirst)).then_some(1);
        let mut scribe = Scribe { journal, carry, durable, disk, point, around, input: None };
        let fed = pump.feed(engine, port, &mut scribe, at, input);
        let fed = match (fed, point) {
            (Ok(()), Some(_)) => Err(Halt::Died),
            (fed, _) => fed,
        };
        (std::mem::take(&mut port.sent), fed)
    }

    /// Hands what waits in memory to the operating system, as a run does now and then.
    pub(crate) fn hand_over(&mut self) -> Result<(), Halt> {
        Ok(self.journal.hand_over()?)
    }
}

/// The inputs that the only life of a world has written down.
pub(crate) fn recorded(world: &mut World) -> Result<Vec<(Ts, Input)>, StormError> {
    let broken = |error: StoreError| StormError::Journal(error.to_string());
    if let Some(process) = world.process.as_mut() {
        process.journal.sync().map_err(broken)?;
    }
    let disk: Arc<dyn Disk> = Arc::new(world.disk.clone());
    let mut inputs = Vec::new();
    for entry in Journal::read_from(disk, &dir(1), 1).map_err(broken)? {
        let entry = entry.map_err(broken)?;
        if let Record::Input(input) = entry.record {
            inputs.push((entry.at, input));
        }
    }
    Ok(inputs)
}

/// Journals of starts long ago are somebody else's to keep.
fn forget(disk: &MemoryDisk, start: u32) {
    let Some(old) = start.checked_sub(STARTS_KEPT + 1).filter(|old| *old > 0) else { return };
    let dir = dir(old);
    for name in disk.list(&dir).unwrap_or_default() {
        // It is gone already, then.
        let _ = disk.remove(&dir.join(name));
    }
    let _ = disk.sync_dir(&dir);
}
