//! A world: virtual time, what is going to happen, a process, a venue, a market, and the oracles.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rust_decimal::Decimal;
use seawall_engine::{Carry, EngineError};
use seawall_model::{
    Fill, Input, InstrumentId, ModelError, Money, PriceUnits, Span, Ts, VenueEvent, VenueRequest,
};
use seawall_simulator::{SimulatorError, Tick};
use seawall_store::disk::MemoryDisk;
use seawall_store::recording;
use seawall_strategy::Strategy;
use seawall_testnet::TestnetError;
use seawall_venues::VenueError;
use thiserror::Error;

use crate::agenda::Agenda;
use crate::books::Books;
use crate::corpus::{Do, Script, Scripted};
use crate::faults::Fault;
use crate::market::{MINUTE, Market, Move};
use crate::oracles::{Finding, Judge, Oracle, Violation, conservation, ledger, recovery};
use crate::ordeals::Clock;
use crate::parity::{DataSet, Lived};
use crate::process::{Around, Begun, Counts, Halt, Point, Process};
use crate::random::{Purpose, Stream};
use crate::report::Report;
use crate::strategy::Erratic;
use crate::strikes::{About, Faults, Strike};
use crate::swarm::{CASH, Options, Plan, RUN};
use crate::trace::Trace;
use crate::truth::Truth;
use crate::venue::Venue;
use crate::wire::start::Opening;
use crate::wire::{Event, Wire};

/// From the healing on, books and venue agree within this.
const HEALED_WITHIN: Span = Span::from_secs(15 * 60);
/// Looked at no sooner than this after the healing.
const HEALING: Span = Span::from_secs(60);
/// What waits in memory is handed to the operating system after this, as in a run.
const HAND_OVER_EVERY: Span = Span::from_millis(250);
/// Lines of a story that are kept.
const STORY_MAX: usize = 20_000;

/// Why a world cannot be made: never because of what happens in it.
#[derive(Debug, Error)]
pub enum StormError {
    /// The exchange.
    #[error(transparent)]
    Simulator(#[from] SimulatorError),
    /// An instrument.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The journal of a world cannot be read back.
    #[error("the journal: {0}")]
    Journal(String),
    /// The exchange in a box.
    #[error(transparent)]
    Box(#[from] TestnetError),
    /// Its protocol.
    #[error(transparent)]
    Protocol(#[from] VenueError),
    /// The first start failed on a healthy disk.
    #[error("the first start failed: {0}")]
    Start(String),
}

/// What is going to happen.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A request arrives at the venue.
    Arrive(VenueRequest),
    /// An answer arrives at the life of the process that asked.
    Reply { life: u32, input: Box<Input> },
    /// A message of the stream arrives on its connection.
    Stream { connection: u32, event: Box<VenueEvent> },
    /// The driver has something for the engine.
    Feed(Box<Input>),
    /// Faults of the next minute are drawn.
    Minute,
    /// A fault begins.
    Begin { strike: Strike, instrument: Option<InstrumentId> },
    /// The stream is lost once more, within one strike.
    LoseAgain { strike: Strike, length: Span },
    /// An instrument trades again.
    Thaw(InstrumentId),
    /// The venue takes orders on it again.
    Reopen(InstrumentId),
    /// Its tick is what it was.
    Refine(InstrumentId),
    /// The listing tells what holds for it.
    List(InstrumentId),
    /// The stream is back; `cut`: without what was missed.
    Connect { connection: u32, cut: bool },
    /// The stream speaks again.
    Unstall,
    /// The operator ends the process.
    Stop { life: u32 },
    /// The process comes back.
    Restart,
    /// What a scenario says.
    Scripted(Do),
    /// Something of the level of bytes.
    Wire(Event),
}

/// How the process dies in a step: of which strike, where, and how many bytes that were not synced survive.
#[derive(Debug, Clone, Copy)]
struct Death {
    strike: Strike,
    point: Point,
    kept: usize,
}

/// A world.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) plan: Plan,
    pub(crate) now: Ts,
    pub(crate) agenda: Agenda<Happening>,
    pub(crate) faults: Faults,
    /// When the last message left, and its number within that instant.
    pub(crate) departed: (Ts, u32),
    pub(crate) market: Market,
    pub(crate) venue: Venue,
    /// At the level of bytes, what lies between process and venue.
    pub(crate) wire: Option<Box<Wire>>,
    pub(crate) truth: Truth,
    judge: Judge,
    trace: Trace,
    pub(crate) disk: MemoryDisk,
    pub(crate) process: Option<Process>,
    /// What was on disk when the process died, where that is known.
    durable: Option<Carry>,
    pub(crate) life: u32,
    pub(crate) prices: Vec<PriceUnits>,
    pub(crate) connected: bool,
    pub(crate) connection: u32,
    pub(crate) missed_since: Ts,
    pub(crate) stalled: bool,
    pub(crate) stream_until: Ts,
    pub(crate) paused_until: Ts,
    /// No request is taken before this.
    pub(crate) banned_until: Ts,
    pub(crate) clock: Clock,
    handed_at: Ts,
    quiet: Arc<AtomicBool>,
    pub(crate) healed_at: Option<Ts>,
    agreed_at: Option<Ts>,
    pub(crate) counts: Counts,
    pub(crate) bookings: u64,
    pub(crate) story: Option<Vec<String>>,
    /// The scenario that is lived, if it is one.
    pub(crate) script: Option<Box<Script>>,
    violation: Option<Violation>,
}

/// Lives the world of `seed` to its end.
///
/// # Errors
/// The world cannot be made.
pub fn run(seed: u64, options: &Options) -> Result<Report, StormError> {
    let mut world = World::new(seed, options, None)?;
    world.live();
    Ok(world.report())
}

/// As [`run`], with the last lines of what happened.
///
/// # Errors
/// As for [`run`].
pub fn run_with_story(seed: u64, options: &Options) -> Result<(Report, Vec<String>), StormError> {
    let mut world = World::new(seed, options, Some(Vec::new()))?;
    world.live();
    let story = world.story.take().unwrap_or_default();
    Ok((world.report(), story))
}

impl World {
    fn new(seed: u64, options: &Options, story: Option<Vec<String>>) -> Result<Self, StormError> {
        World::of(seed, Plan::draw(seed, options), story, None)
    }

    /// A world of this plan.
    pub(crate) fn of(
        seed: u64,
        plan: Plan,
        story: Option<Vec<String>>,
        script: Option<Box<Script>>,
    ) -> Result<Self, StormError> {
        let market = Market::new(&plan.market, plan.timeframe)?;
        let cash = Money::new(Decimal::from(CASH));
        World::made(seed, (plan, market, cash), Trace::new(), (story, script))
    }

    /// A world that lives through a data set.
    pub(crate) fn given(data: DataSet) -> Result<Self, StormError> {
        let plan = Plan::given(&data);
        let DataSet { setup, timeframe, cash, events, .. } = data;
        let table = setup.instruments.into_iter().map(|(instrument, _)| instrument).collect();
        let market = Market::given(events, table, timeframe);
        World::made(0, (plan, market, cash), Trace::in_full(), (None, None))
    }

    fn made(
        seed: u64,
        (plan, market, cash): (Plan, Market, Money),
        trace: Trace,
        (story, script): (Option<Vec<String>>, Option<Box<Script>>),
    ) -> Result<Self, StormError> {
        let venue = Books::open(&plan, market.instruments(), cash)?;
        let wire = plan.is_wire().then(|| Wire::new(plan.start)).transpose()?.map(Box::new);
        let count = venue.instruments.len();
        let judge = Judge::new(&plan, count);
        let now = plan.start;
        let mut world = World {
            seed,
            now,
            agenda: Agenda::new(),
            faults: plan.faults.clone(),
            departed: (now, 0),
            market,
            venue,
            wire,
            truth: Truth::new(RUN, count, cash),
            judge,
            trace,
            disk: MemoryDisk::new(),
            process: None,
            durable: None,
            life: 0,
            prices: vec![PriceUnits::ZERO; count],
            connected: false,
            connection: 0,
            missed_since: now,
            stalled: false,
            stream_until: now,
            paused_until: now,
            banned_until: now,
            clock: Clock::right(now),
            handed_at: now,
            quiet: Arc::new(AtomicBool::new(false)),
            healed_at: None,
            agreed_at: None,
            counts: Counts::default(),
            bookings: 0,
            story,
            script,
            violation: None,
            plan,
        };
        world.agenda.put(now.plus(MINUTE), Happening::Minute);
        world.boot(now);
        match (&world.process, &world.violation) {
            (None, Some(violation)) => Err(StormError::Start(violation.what.clone())),
            _ => Ok(world),
        }
    }

    pub(crate) fn live(&mut self) {
        let heals_at = self.plan.start.plus(self.plan.length);
        while self.violation.is_none() && self.agreed_at.is_none() {
            if self.healed_at.is_none() && self.now >= heals_at {
                self.heal();
            }
            self.next();
        }
        if self.violation.is_none() {
            let finding = ledger::check_venue(&self.venue, &self.truth);
            self.judged(self.now, finding);
        }
    }

    /// Lives on to `until`, faults or none.
    pub(crate) fn live_until(&mut self, until: Ts) {
        while self.violation.is_none() && self.due().is_some_and(|(at, _)| at <= until) {
            self.next();
        }
    }

    /// What the engine of a data set did.
    pub(crate) fn lived(mut self, replayed: Vec<u8>) -> Lived {
        let fingerprint = self.trace.take_bytes();
        let mut digest = Vec::new();
        if let Some(process) = &self.process {
            process.engine.digest(&mut digest);
        }
        Lived { fingerprint, replayed, digest, report: self.report() }
    }

    /// The next thing that happens.
    fn next(&mut self) {
        let Some((at, what)) = self.due() else { return };
        self.now = at;
        match what {
            0 => {
                if let Some((_, happening)) = self.agenda.take() {
                    self.happen(at, happening);
                }
            }
            1 => self.feed(at, Input::Wakeup),
            2 => self.market_moves(at),
            _ => self.wire_on_time(at),
        }
        self.pump(at);
        self.look(at);
    }

    /// When the next thing happens, and whether it is one of the agenda, a wake-up or the market.
    fn due(&mut self) -> Option<(Ts, u8)> {
        let soonest = self.now;
        let wake = self.process.as_ref().and_then(|process| process.engine.next_wakeup());
        let wake = wake.map(|shown| self.clock.comes(shown)).map(|at| at.max(soonest).max(self.paused_until));
        let agenda = self.agenda.next_at().map(|at| at.max(soonest));
        let market = self.market.next_at().map(|at| at.max(soonest));
        let wire = self.wire_next_at().map(|at| at.max(soonest));
        let due = [(agenda, 0), (wake, 1), (market, 2), (wire, 3)];
        due.into_iter().filter_map(|(at, what)| at.map(|at| (at, what))).min()
    }

    fn happen(&mut self, at: Ts, happening: Happening) {
        match happening {
            Happening::Arrive(request) => self.arrive(at, request),
            Happening::Reply { life, input } if life == self.life => self.feed(at, *input),
            Happening::Stream { connection, event } if connection == self.connection => {
                self.feed(at, Input::Venue(*event));
            }
            Happening::Reply { .. } | Happening::Stream { .. } => {}
            Happening::Feed(input) => self.feed(at, *input),
            Happening::Minute => self.minute(at),
            Happening::Begin { strike, instrument } => {
                if self.healed_at.is_none() {
                    self.begin(at, strike, instrument);
                    self.forward(at, None);
                }
            }
            Happening::LoseAgain { strike, length } => {
                if self.healed_at.is_none() && self.lose_stream(at, length, false) {
                    self.injected(at, strike, None);
                }
            }
            Happening::Thaw(id) => self.market.set_frozen(id, false),
            Happening::Reopen(id) => self.reopen(at, id),
            Happening::Refine(id) => self.refine(at, id),
            Happening::List(id) => self.list(at, id),
            Happening::Connect { connection, cut } if connection == self.connection => self.connect(at, cut),
            Happening::Connect { .. } => {}
            Happening::Unstall => self.stalled = false,
            Happening::Stop { life } if life == self.life => {
                self.die(at, usize::MAX);
            }
            Happening::Stop { .. } => {}
            Happening::Scripted(what) => self.play(at, what),
            Happening::Wire(event) => self.wire_happens(at, event),
            Happening::Restart => {
                if self.process.is_none() {
                    self.boot(at);
                }
            }
        }
    }

    fn market_moves(&mut self, at: Ts) {
        match self.market.take() {
            None => {}
            Some(Move::Candle(id, candle)) => {
                let timeframe = self.plan.timeframe;
                self.feed(at, Input::Candle { instrument: id, timeframe, candle });
            }
            Some(Move::Funding(id, rate)) => self.venue.exchange.set_funding_rate(at, id, rate),
            Some(Move::Tick(id, tick)) => {
                let closed = self.market.closed(id);
                if let Some(price) = self.prices.get_mut(id.index()) {
                    *price = tick.last;
                }
                let World { venue, faults, truth, .. } = self;
                for strike in venue.tick(at, id, tick, (faults, truth)) {
                    self.injected(at, strike, Some(id));
                }
                self.forward(at, None);
                if self.wire.is_some() {
                    return;
                }
                if at >= self.paused_until {
                    let (bid, ask) = self.told(at, id, tick);
                    self.feed(at, Input::Quote { instrument: id, bid, ask });
                }
                if let Some(candle) = closed {
                    if let Some(strike) = self.faults.strikes(Fault::CandleMissing, About::Price) {
                        self.injected(at, strike, Some(id));
                        return;
                    }
                    let timeframe = self.plan.timeframe;
                    let candle = Input::Candle { instrument: id, timeframe, candle };
                    let later = self.plan.stagger.nanos().saturating_mul(i64::from(id.0));
                    if later > 0 {
                        let due = at.plus(Span::from_nanos(later));
                        self.agenda.put(due, Happening::Feed(Box::new(candle)));
                        return;
                    }
                    self.feed(at, candle);
                }
            }
        }
    }

    /// A price as the feed tells it.
    fn told(&mut self, at: Ts, id: InstrumentId, tick: Tick) -> (PriceUnits, PriceUnits) {
        let right = (tick.bid, tick.ask);
        let Some(strike) = self.faults.strikes(Fault::QuoteBroken, About::Price) else { return right };
        self.injected(at, strike, Some(id));
        let (none, gone) = (PriceUnits::ZERO, PriceUnits::new(tick.ask.get() / 2));
        let broken =
            [(tick.ask, tick.bid), (none, tick.ask), (tick.bid, none), (none, none), (tick.ask, gone)];
        self.faults.shape(strike).pick(broken).unwrap_or(right)
    }

    /// Counts a fault, and notes that it may keep a position from its stop.
    pub(crate) fn injected(&mut self, at: Ts, strike: Strike, instrument: Option<InstrumentId>) {
        let fault = strike.fault;
        self.faults.note(at, strike, instrument);
        if fault.is_disturbing() {
            self.truth.disturb(at, instrument);
        }
        if let Some(story) = self.story.as_mut() {
            let about = instrument.map_or(String::new(), |id| format!(" on {}", id.0));
            story.push(format!("{at} * {strike}{about}"));
        }
    }

    /// Gives an input to the engine, if there is one and it does not stand still.
    pub(crate) fn feed(&mut self, at: Ts, input: Input) {
        if self.violation.is_some() {
            return;
        }
        if at < self.paused_until {
            self.agenda.put(self.paused_until, Happening::Feed(Box::new(input)));
            return;
        }
        let Some(mut process) = self.process.take() else { return };
        let death = self.death(&input);
        let (sent, fed) = {
            let mut around = Around {
                at,
                shown: self.clock.shows(at),
                judge: &mut self.judge,
                truth: &self.truth,
                venue: &self.venue,
                trace: &mut self.trace,
                counts: &mut self.counts,
                story: self.story.as_mut(),
            };
            let point = death.map(|death| death.point);
            process.feed(&self.disk, point, &mut around, &input)
        };
        if let Some(story) = self.story.as_mut()
            && story.len() > 2 * STORY_MAX
        {
            story.drain(..STORY_MAX);
        }
        self.process = Some(process);
        let mut leaves = at;
        let commits = sent.iter().any(|(_, request)| recording::commits(request));
        let slow = if commits { self.faults.strikes(Fault::SlowDisk, About::Step) } else { None };
        if let Some(strike) = slow {
            leaves = at.plus(self.faults.shape(strike).millis(100, 5_000));
            self.paused_until = leaves;
            self.injected(leaves, strike, None);
        }
        for (_, request) in sent {
            self.send(leaves, at, request);
        }
        match fed {
            Ok(()) => self.hand_over(at),
            Err(Halt::Died) => {
                if let Some(Death { strike, .. }) = death {
                    self.injected(at, strike, None);
                }
                self.die(at, death.map_or(0, |death| death.kept));
            }
            Err(Halt::Store) => self.die(at, 0),
            Err(Halt::Broken(oracle, what)) => self.broken(at, oracle, what),
        }
    }

    fn hand_over(&mut self, at: Ts) {
        if at.since(self.handed_at) < HAND_OVER_EVERY {
            return;
        }
        self.handed_at = at;
        let handed = self.process.as_mut().map_or(Ok(()), Process::hand_over);
        if handed.is_err() {
            self.die(at, 0);
        }
    }

    /// Where the process dies within the step of `input`, if it does.
    fn death(&mut self, input: &Input) -> Option<Death> {
        if matches!(input, Input::Quote { .. }) {
            return None;
        }
        let strike = self.faults.strikes(Fault::Crash, About::Step)?;
        let mut shape = self.faults.shape(strike);
        let point = shape.pick(Point::ALL)?;
        let kept = if shape.chance(500_000) { 0 } else { shape.count(1, 8_000) };
        Some(Death { strike, point, kept: usize::try_from(kept).unwrap_or(0) })
    }

    /// The process is dead: of what was not synced, so many bytes survive.
    pub(crate) fn die(&mut self, at: Ts, kept: usize) {
        let outage = Stream::new(self.seed, Purpose::Delay(at)).millis(200, 60_000);
        self.die_for(at, kept, outage);
    }

    /// As [`Self::die`], and comes back after `outage`.
    pub(crate) fn die_for(&mut self, at: Ts, kept: usize, outage: Span) {
        let Some(process) = self.process.take() else { return };
        self.durable = process.durable;
        self.disk.crash(kept);
        self.disk.heal();
        self.life += 1;
        self.disconnect(at);
        self.agenda.put(at.plus(outage), Happening::Restart);
        self.truth.disturb(at, None);
    }

    /// Nothing of the stream arrives any more.
    pub(crate) fn disconnect(&mut self, at: Ts) {
        if self.connected {
            self.missed_since = at.minus(Span::from_secs(2));
        }
        self.connected = false;
        self.connection += 1;
        self.hang_up(at);
    }

    /// The process starts: with what the disk has, then with what the venue can tell of the time between.
    pub(crate) fn start(&mut self, at: Ts) {
        self.life += 1;
        self.counts.lives += 1;
        let setup = self.plan.setup(&self.listed_instruments());
        let strategies = self.strategies();
        let start = u32::try_from(self.counts.lives).unwrap_or(u32::MAX);
        let begun = match Process::begin(&self.disk, start, at, setup, strategies) {
            Ok(begun) => begun,
            Err(error) => return self.broken(at, Oracle::Recovery, format!("it cannot come back: {error}")),
        };
        let durable = self.durable.take();
        let finding = match &begun.carry {
            Some(carry) => {
                recovery::check(&begun.process.engine, carry, durable.as_ref(), &self.venue, &self.truth)
            }
            None => recovery::check_blank(&self.truth),
        };
        self.judged(at, finding);
        let lost_kill = self.judge.reduction.is_killed() && begun.process.engine.kill_switch().is_none();
        let finding = self.judge.restarted(at, &begun.process.engine, &self.venue);
        self.judged(at, finding);
        let Begun { process, carry } = begun;
        if self.wire.is_some() {
            return self.ask_missed(at, Opening { process, carry, lost_kill });
        }
        let newest = carry.iter().flat_map(|carry| carry.desks.values());
        let newest = newest.filter_map(seawall_engine::carry::DeskCarry::newest_fill).min();
        self.process = Some(process);
        if self.plan.given.is_some() {
            // Of a data set nothing is missed, and nothing is listed.
            self.connected = true;
            return self.feed(at, Input::Started);
        }
        for id in (0..).map(InstrumentId).take(self.venue.instruments.len()) {
            self.list(at, id);
        }
        self.feed(at, Input::Started);
        if let Some(newest) = newest {
            self.tell_missed(at, newest.minus(self.plan.skew).minus(MINUTE));
        }
        self.feed(at, Input::Venue(VenueEvent::Stream { live: false }));
        if lost_kill {
            self.turn_off(at, false);
        }
        self.connection += 1;
        let due = at.plus(Stream::new(self.seed, Purpose::Delay(at)).millis(200, 5_000));
        self.agenda.put(due, Happening::Connect { connection: self.connection, cut: false });
    }

    fn strategies(&self) -> Vec<Box<dyn Strategy>> {
        if self.plan.given.is_some() {
            return Vec::new();
        }
        let manner = (self.plan.eagerness, self.plan.patient);
        let strategy = |id| {
            if let Some(script) = &self.script {
                let scripted = Scripted::new(script.scenario, id, self.plan.start);
                return Box::new(scripted) as Box<dyn Strategy>;
            }
            let quiet = Arc::clone(&self.quiet);
            Box::new(Erratic::new((self.seed, id), self.plan.timeframe, manner, quiet)) as Box<dyn Strategy>
        };
        (0..).take(self.venue.instruments.len()).map(strategy).collect()
    }

    /// Executions that the venue can tell of.
    fn tell_missed(&mut self, at: Ts, since: Ts) {
        let missed: Vec<Fill> = self.truth.fills_since(since).copied().collect();
        for fill in missed {
            if let Some(event) = self.venue.as_told(VenueEvent::Filled(fill)) {
                self.feed(at, Input::Venue(event));
            }
        }
    }

    /// The stream is complete from here on; what was missed is told first.
    fn connect(&mut self, at: Ts, cut: bool) {
        self.connected = true;
        self.stream_until = at;
        if !cut {
            self.tell_missed(at, self.missed_since);
        }
        self.feed(at, Input::Venue(VenueEvent::Stream { live: true }));
    }

    /// The oracles look at the venue.
    fn look(&mut self, at: Ts) {
        if self.violation.is_some() {
            return;
        }
        let alive = self.process.is_some();
        if at < self.banned_until {
            self.truth.disturb(at, None);
        }
        for (halted, naked) in self.venue.halted.iter().zip(&mut self.truth.naked) {
            if *halted {
                naked.disturbed = Some(at);
            }
        }
        self.truth.watch(at, &self.venue.exchange, alive);
        let finding = self.judge.look(at, &self.venue, &self.truth, alive);
        self.judged(at, finding);
        self.agrees(at);
    }

    /// After the healing: whether books and venue agree, or the time for it is over.
    fn agrees(&mut self, at: Ts) {
        let Some(healed) = self.healed_at.filter(|healed| at.since(*healed) >= HEALING) else { return };
        let on_its_way = |what: &Happening| {
            matches!(what, Happening::Arrive(_) | Happening::Reply { .. } | Happening::Stream { .. })
        };
        let overdue = at.since(healed) > HEALED_WITHIN;
        if !overdue && self.wire.is_none() && self.agenda.any(on_its_way) {
            return;
        }
        let compared = match &self.process {
            Some(process) => conservation::check(&process.engine, &self.venue),
            None => Err((Oracle::Liveness, "no process runs".to_owned())),
        };
        match compared {
            Ok(()) => self.agreed_at = Some(at),
            Err((oracle, what)) if overdue => {
                self.broken(
                    at,
                    oracle,
                    format!("{} s after the healing: {what}", at.since(healed).secs_f64()),
                );
            }
            Err(_) => {}
        }
    }

    fn heal(&mut self) {
        self.healed_at = Some(self.now);
        self.faults.heal();
        self.disk.heal();
        self.quiet.store(true, Ordering::Relaxed);
        self.clear_up(self.now);
    }

    fn judged(&mut self, at: Ts, finding: Finding) {
        if let Err((oracle, what)) = finding {
            self.broken(at, oracle, what);
        }
    }

    pub(crate) fn broken(&mut self, at: Ts, oracle: Oracle, what: String) {
        if self.violation.is_none() {
            self.violation = Some(Violation { oracle, at, what });
        }
    }

    pub(crate) fn report(self) -> Report {
        Report {
            seed: self.seed,
            level: self.plan.level,
            instruments: self.plan.market.instruments,
            simulated: self.now.since(self.plan.start),
            counts: Counts { fills: self.truth.fills_total, ..self.counts },
            faults: self.faults.injected().collect(),
            struck: self.faults.into_struck(),
            naked_max: self.truth.naked_max,
            naked_quiet_max: self.truth.naked_quiet_max,
            naked_bound: self.plan.naked_bound(),
            naked_parts: self.plan.naked_parts(),
            naked_times_ms: self.truth.naked_times,
            in_flight_max: self.agenda.longest,
            healed_after: self.agreed_at.zip(self.healed_at).map(|(agreed, healed)| agreed.since(healed)),
            trace: self.trace.chain(),
            violation: self.violation,
        }
    }
}
