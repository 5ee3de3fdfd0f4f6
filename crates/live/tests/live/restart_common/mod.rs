//! A busy paper session whose process dies: the venue lives on, and a disk in memory forgets what was not
//! synced.

#![allow(unreachable_pub, reason = "what the modules of one test binary share")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrayvec::ArrayVec;
use seawall_engine::{
    Carry, DecisionSettings, Effects, Engine, MarketSettings, ProtectionSettings, RiskSettings, Setup,
    Signals, TradeSettings,
};
use seawall_live::paper_books::paper_books;
use seawall_live::{CarryLog, restore};
use seawall_model::{
    Candle, ClientOrderId, Decision, ExitReason, Gate, Input, Instrument, InstrumentId, InstrumentSpec,
    Money, Ohlc, OrderRef, Percent, PriceUnits, Span, StateSink, Timeframe, Ts, VenueEvent, VenueRequest,
};
use seawall_simulator::{Exchange, SimulatorSettings, Tick};
use seawall_store::disk::{Disk, MemoryDisk};
use seawall_store::journal::{Digest, Header, Journal, JournalInfo, JournalOptions, Record, RunMode};
use seawall_strategy::{
    Direction, Entry, EntryPlan, Evaluation, Held, Level, Outlook, Premise, Sizing, Strategy,
    StrategySettings, Target, View,
};

pub const T0: Ts = Ts::from_millis(1_700_000_040_000);
pub const TICK: Span = Span::from_secs(5);

/// Seeded random numbers (SplitMix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64, stream: u64) -> Self {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low + 1).unwrap();
        low + i64::try_from(self.next() % width).unwrap()
    }
}

/// Enters and leaves by seed while it is told to trade.
struct Erratic {
    random: Random,
    trades: bool,
}

fn percent(hundredths: i64) -> Percent {
    Percent::new(rust_decimal::Decimal::new(hundredths, 2))
}

impl Erratic {
    fn plan(&mut self, close: PriceUnits) -> EntryPlan {
        let long = self.random.range(0, 1) == 0;
        let distance = self.random.range(40, 250);
        let mut targets = ArrayVec::new();
        for number in 1..=self.random.range(0, 3) {
            targets.push(Target { level: Level::Percent(percent(distance * number)), share: percent(3_300) });
        }
        let entry = if self.random.range(0, 2) == 0 {
            let offset = close.get() * self.random.range(-10, 20) / 10_000;
            let price = PriceUnits::new(if long { close.get() - offset } else { close.get() + offset });
            Entry::Limit { price, expires_after: Span::from_secs(self.random.range(5, 180)) }
        } else {
            Entry::Market
        };
        EntryPlan {
            direction: if long { Direction::Long } else { Direction::Short },
            setup: if self.random.range(0, 1) == 0 {
                seawall_model::Setup::OrderBlock
            } else {
                seawall_model::Setup::Trend
            },
            score: Some(distance as f64 / 3.0),
            entry,
            stop: Some(Level::Percent(percent(distance))),
            targets,
            swings: ArrayVec::new(),
            invalidation: None,
            reward_risk_min: "0".parse().unwrap(),
            sizing: Sizing::Fixed("1.5".parse().unwrap()),
        }
    }
}

impl Strategy for Erratic {
    fn on_candle(&mut self, _: &View<'_>, candle: &Candle, decision: &mut Decision) -> Evaluation {
        let roll = self.random.range(0, 99);
        let plan = self.plan(candle.close);
        let answer = match roll {
            _ if !self.trades => Evaluation::Hold,
            0..=54 => Evaluation::Enter(plan),
            55..=62 => Evaluation::Exit(ExitReason::Signal),
            _ => Evaluation::Hold,
        };
        decision.ask(Gate::Signal, matches!(answer, Evaluation::Enter(_)), 0.0, 0.0);
        answer
    }

    fn plan_taken(&mut self, _: Ts) {}

    fn outlook(&self, _: &Instrument, _: &Held) -> Outlook {
        Outlook { atr: Some(0.3), bias: None, premise: Premise::Unknown }
    }

    fn decides_every(&self) -> Timeframe {
        Timeframe::M1
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.random.0);
    }
}

/// Where a step dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// What it wrote is not synced; so many bytes of it survive all the same.
    BeforeSync { bytes_kept: usize },
    /// Everything is on disk, nothing has left.
    BeforeSend,
    /// The first request has left.
    AfterFirst,
    /// Everything has left.
    AfterSend,
}

pub struct Session {
    pub seed: u64,
    pub disk: MemoryDisk,
    pub engine: Engine,
    pub exchange: Exchange,
    journal: Journal,
    log: CarryLog,
    effects: Effects,
    pub placed: BTreeMap<ClientOrderId, u32>,
    pub inputs: u64,
    pub crash: Option<(u64, Point)>,
    pub dead: Option<Point>,
    starts: u32,
    pub trades: bool,
    pub now: Ts,
    ticks: i64,
    market: Random,
    bars: Vec<Ohlc>,
    pub fills: u64,
    settings: SimulatorSettings,
}

pub fn instruments() -> Vec<Instrument> {
    let instrument = |(id, name): (u32, &str)| {
        let mut spec = InstrumentSpec::new(name.parse().unwrap());
        spec.tick = Some("0.01".parse().unwrap());
        spec.lot = "0.001".parse().unwrap();
        Instrument::new(InstrumentId(id), spec, 2).unwrap()
    };
    [(0, "BTC/USD"), (1, "ETH/USD")].map(instrument).to_vec()
}

pub fn setup(settings: &SimulatorSettings) -> Setup {
    let mut capabilities = Exchange::capabilities(settings);
    capabilities.lossless_order_stream = false;
    let mut trade = TradeSettings::default();
    trade.management.time_exit_bars = 8;
    trade.management.time_exit_timeframe = Timeframe::M1;
    let mut risk = RiskSettings::without_limits();
    risk.leverage_max = "4".parse().unwrap();
    risk.weekly_loss_max_pct = Some(percent(5_000));
    risk.states.drawdown_cautious_pct = Some(percent(4_000));
    risk.cooldown.after_loss_minutes = 1;
    Setup {
        instruments: instruments().into_iter().map(|one| (one, Timeframe::M1)).collect(),
        signals: Signals::default(),
        strategy: StrategySettings::default(),
        risk,
        protection: ProtectionSettings::default(),
        trade,
        reconcile: seawall_engine::ReconcileSettings::default(),
        decisions: DecisionSettings::default(),
        market: MarketSettings::without_guards(),
        has_quotes: false,
        capabilities,
        run: 7,
        require_stop: true,
        cost_bps: 10.0,
    }
}

fn strategies(seed: u64, trades: bool) -> Vec<Box<dyn Strategy>> {
    (0..2)
        .map(|id| Box::new(Erratic { random: Random::new(seed, 11 + id), trades }) as Box<dyn Strategy>)
        .collect()
}

fn dir(start: u32) -> PathBuf {
    PathBuf::from(format!("/account/start-{start}/journal"))
}

fn commits(request: &VenueRequest) -> bool {
    matches!(request, VenueRequest::Place(_) | VenueRequest::Amend { .. } | VenueRequest::Cancel { .. })
}

fn begin(disk: &MemoryDisk, start: u32, at: Ts) -> Journal {
    let info = JournalInfo::new(7, &instruments());
    // Small segments, so that a start often reads more than one.
    let options = JournalOptions { segment_bytes_max: 40_000 };
    let mut journal = Journal::create_on(Arc::new(disk.clone()), &dir(start), info, options).unwrap();
    let header = Header {
        mode: RunMode::Paper,
        seed: 0,
        config_hash: Digest::default(),
        engine_version: "test".to_owned(),
        started_at: at,
    };
    journal.append(at, &Record::Header(header)).unwrap();
    journal
}

impl Session {
    pub fn new(seed: u64) -> Self {
        let settings = SimulatorSettings::default();
        let disk = MemoryDisk::new();
        let cash: Money = "10000".parse().unwrap();
        let exchange = Exchange::new(&settings, &instruments(), cash).unwrap();
        let price = PriceUnits::new(10_000);
        Session {
            seed,
            engine: Engine::with_strategies(setup(&settings), strategies(seed, true)).unwrap(),
            exchange,
            journal: begin(&disk, 1, T0),
            disk,
            log: CarryLog::fresh(),
            effects: Effects::new(),
            placed: BTreeMap::new(),
            inputs: 0,
            crash: None,
            dead: None,
            starts: 1,
            trades: true,
            now: T0,
            ticks: 0,
            market: Random::new(seed, 41),
            bars: vec![Ohlc { open: price, high: price, low: price, close: price }; 2],
            fills: 0,
            settings,
        }
    }

    pub fn start(&mut self) {
        self.feed(self.now, &Input::Started);
    }

    pub fn feed(&mut self, at: Ts, input: &Input) {
        self.now = self.now.max(at);
        if self.dead.is_some() {
            return;
        }
        self.inputs += 1;
        let point = self.crash.filter(|(inputs, _)| self.inputs >= *inputs).map(|(_, point)| point);
        self.journal.append_input(at, input).unwrap();
        self.log.hear(input);
        self.engine.step(at, input, &mut self.effects);
        self.fills += self.effects.fills.len() as u64;
        self.log.step(&mut self.journal, at, &self.engine, &self.effects).unwrap();
        if !self.effects.requests.is_empty() {
            self.journal.append_dispatch(at, &self.effects.requests).unwrap();
        }
        if matches!(point, Some(Point::BeforeSync { .. })) {
            return self.die(point);
        }
        if self.effects.requests.iter().any(commits) {
            self.journal.sync().unwrap();
        }
        for (number, request) in self.effects.requests.iter().enumerate() {
            let leaves = match point {
                Some(Point::BeforeSync { .. } | Point::BeforeSend) => false,
                Some(Point::AfterFirst) => number == 0,
                Some(Point::AfterSend) | None => true,
            };
            if !leaves {
                break;
            }
            if let VenueRequest::Place(place) = request {
                *self.placed.entry(place.order.id).or_default() += 1;
            }
            self.exchange.send(at, *request);
        }
        if point.is_some() {
            self.die(point);
        }
    }

    fn die(&mut self, point: Option<Point>) {
        self.dead = point;
        self.crash = None;
    }

    fn run_until(&mut self, until: Ts) {
        loop {
            let event_at = self.exchange.next_at().filter(|at| *at <= until);
            let wake_at = self.engine.next_wakeup().filter(|at| *at <= until && self.dead.is_none());
            match (event_at, wake_at) {
                (None, None) => return,
                (Some(event), wake) if wake.is_none_or(|wake| event <= wake) => {
                    if let Some((at, event)) = self.exchange.next_event(wake.unwrap_or(until).min(until)) {
                        self.feed(at, &Input::Venue(event));
                    }
                }
                (_, Some(wake)) => self.feed(wake.max(self.now), &Input::Wakeup),
                (Some(_), None) => unreachable!("an event without a wake-up is delivered"),
            }
        }
    }

    /// The market moves once.
    pub fn tick(&mut self) {
        self.ticks += 1;
        let at = T0.plus(Span::from_nanos(TICK.nanos() * self.ticks));
        self.run_until(at);
        for id in [InstrumentId(0), InstrumentId(1)] {
            let last = self.bars[id.index()].close.get();
            let reach = if self.market.range(0, 60) == 0 { 200 } else { 15 };
            let moved = (last + last * self.market.range(-reach, reach) / 10_000).clamp(3_000, 40_000);
            let price = PriceUnits::new(moved);
            let tick = Tick {
                bid: PriceUnits::new(moved - 1),
                ask: PriceUnits::new(moved + 1),
                last: price,
                qty: None,
            };
            let bar = &mut self.bars[id.index()];
            (bar.high, bar.low, bar.close) = (bar.high.max(price), bar.low.min(price), price);
            self.exchange.tick(at, id, tick);
            self.feed(at, &Input::Quote { instrument: id, bid: tick.bid, ask: tick.ask });
            if Timeframe::M1.is_aligned(at) {
                let bar = self.bars[id.index()];
                self.bars[id.index()] = Ohlc { open: price, high: price, low: price, close: price };
                let open_time = at.minus(Timeframe::M1.span());
                let candle = Candle::new(Timeframe::M1, open_time, bar, 1.0).unwrap();
                self.feed(at, &Input::Candle { instrument: id, timeframe: Timeframe::M1, candle });
            }
        }
        self.run_until(at);
        self.now = self.now.max(at);
    }

    /// What is on its way arrives, before the market moves again.
    pub fn settle(&mut self) {
        let until = self.now.plus(Span::from_secs(4));
        self.run_until(until);
        self.now = until;
    }

    /// The process comes back with what the disk has. `venue_dies`: so does the simulated exchange, with the
    /// books that the engine has.
    pub fn restart(&mut self, venue_dies: bool) -> Option<Carry> {
        let kept = match self.dead.take().unwrap() {
            Point::BeforeSync { bytes_kept } => bytes_kept,
            Point::BeforeSend | Point::AfterFirst | Point::AfterSend => 0,
        };
        self.disk.crash(kept);
        // What the venue said meanwhile was said to nobody.
        while self.exchange.next_event(self.now).is_some() {}
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let carry = (1..=self.starts).rev().find_map(|start| restore(&disk, &dir(start)).unwrap());
        let carry = carry.map(|(carry, _)| carry);
        self.starts += 1;
        self.journal = begin(&self.disk, self.starts, self.now);
        let strategies = strategies(self.seed ^ u64::from(self.starts), self.trades);
        match &carry {
            Some(carry) => {
                let resumed = Engine::resume_with(setup(&self.settings), strategies, carry).unwrap();
                assert!(resumed.left.is_empty());
                self.engine = resumed.engine;
                assert_eq!(&self.engine.carry(), carry, "seed {}", self.seed);
                self.log = CarryLog::resumed(&mut self.journal, self.now, &self.engine).unwrap();
            }
            None => {
                assert!(self.placed.is_empty(), "seed {}: something left without a state", self.seed);
                self.engine = Engine::with_strategies(setup(&self.settings), strategies).unwrap();
                self.log = CarryLog::fresh();
            }
        }
        if venue_dies && carry.is_some() {
            let books = paper_books(&self.engine);
            self.exchange = Exchange::restore(self.now, &self.settings, &instruments(), &books).unwrap();
            for id in [InstrumentId(0), InstrumentId(1)] {
                let price = self.bars[id.index()].close;
                let one = PriceUnits::new(1);
                let tick = Tick { bid: price.minus(one), ask: price.plus(one), last: price, qty: None };
                self.exchange.tick(self.now, id, tick);
            }
        }
        self.start();
        carry
    }

    /// The venue's own list of working orders.
    pub fn open_orders(&self) -> Vec<OrderRef> {
        let mut venue = self.exchange.clone();
        venue.send(self.now, VenueRequest::QueryOpenOrders);
        let until = self.now.plus(Span::from_secs(5));
        let mut found = None;
        while let Some((_, event)) = venue.next_event(until) {
            if let VenueEvent::OpenOrders(report) = event {
                found = Some(report.rows.iter().filter_map(|row| row.order).collect());
            }
        }
        found.unwrap()
    }
}
