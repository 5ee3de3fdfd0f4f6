//! An engine, a misbehaving venue and a wandering market, joined by virtual time.

use std::hash::{DefaultHasher, Hasher};

use rust_decimal::Decimal;
use seawall_engine::risk::settings::{ClusterSettings, RiskSettings};
use seawall_engine::{Effects, Engine, EntryOrder, FinalTarget, Setup};
use seawall_model::{
    Candle, Capabilities, Command, Coverage, GuardMode, Input, InstrumentId, KillReason, Money, Ohlc,
    OrderRef, OrderState, Percent, PriceUnits, Ratio, Report, Span, SystemMode, Timeframe, Ts, VenueEvent,
    VenuePort,
};
use seawall_strategy::Strategy;

use super::faults::Faults;
use super::journal::Crash;
use super::kept::Kept;
use super::listing::perpetual;
use super::oracles::Oracles;
use super::random::Random;
use super::script::Erratic;
use super::venue::ScriptedVenue;
use super::{T0, at, setup};

/// How often the market moves.
const TICK: Span = Span::from_secs(5);

pub struct World {
    pub seed: u64,
    pub setup: Setup,
    pub engine: Engine,
    pub venue: ScriptedVenue,
    pub oracles: Oracles,
    pub inputs: Vec<(Ts, Input)>,
    pub now: Ts,
    pub(super) effects: Effects,
    story: Vec<String>,
    market: Random,
    operator: Random,
    operator_rate: u32,
    /// Listings that come and go and bad data, in a quarter of the worlds.
    data: Option<Random>,
    /// Whether the private stream is lost.
    blind: bool,
    pub(super) quiet_after: u64,
    bars: Vec<Ohlc>,
    next_tick: Ts,
    /// When the process is to die next.
    pub crash: Option<Crash>,
    /// Whether the process is dead: the venue and the market go on.
    pub down: bool,
    /// Intents whose dispatch was not recorded when the process died.
    pub(super) undispatched: Vec<OrderRef>,
    /// Since when the venue has held a position without covering stops.
    naked_since: Vec<Option<Ts>>,
    /// The longest such time since the last call of [`World::forget_nakedness`].
    pub naked_max: Span,
    /// What a disk has of the state, where a test asks for one.
    pub kept: Option<Kept>,
    /// Whether the oracles have seen everything since the start.
    pub judged: bool,
}

/// The state of an engine as a number.
pub fn digest(engine: &Engine) -> u64 {
    let mut bytes: Vec<u8> = Vec::new();
    engine.digest(&mut bytes);
    let mut hasher = DefaultHasher::new();
    hasher.write(&bytes);
    hasher.finish()
}

/// An engine whose strategies follow `seed`.
pub fn engine(seed: u64, setup: &Setup, quiet_after: u64) -> Engine {
    let strategies = (0_u64..)
        .zip(&setup.instruments)
        .map(|(number, _)| Box::new(Erratic::new(seed ^ (number << 40), quiet_after)) as Box<dyn Strategy>)
        .collect();
    Engine::with_strategies(setup.clone(), strategies).unwrap()
}

/// Without limits most worlds trade all the time; the others meet them often.
fn limits_of(seed: u64) -> RiskSettings {
    let mut random = Random::stream(seed, 51);
    let mut risk = RiskSettings::without_limits();
    // Low enough that entries which are still on their way decide about the next one.
    risk.leverage_max = "2.5".parse().unwrap();
    if random.chance(600) {
        return risk;
    }
    let mut hundredths = |low: i64, high: i64| {
        let drawn = Decimal::new(random.range(low, high), 2);
        random.chance(700).then_some(drawn)
    };
    risk.daily_loss_max_pct = hundredths(120, 300).map(Percent::new);
    risk.weekly_loss_max_pct = hundredths(300, 400).map(Percent::new);
    risk.trade_loss_max_pct = hundredths(120, 200).map(Percent::new);
    risk.trade_loss_max = hundredths(2_000, 20_000).map(Money::new);
    risk.instrument_notional_max = hundredths(30, 150).map(Ratio::new);
    risk.cluster_notional_max = hundredths(40, 200).map(Ratio::new);
    risk.position_margin_max_pct = hundredths(300, 1_500).map(Percent::new);
    risk.margin_use_max_pct = hundredths(500, 1_900).map(Percent::new);
    risk.states.drawdown_cautious_pct = hundredths(50, 150).map(Percent::new);
    risk.states.drawdown_reduce_only_pct = hundredths(200, 300).map(Percent::new);
    risk.states.drawdown_protect_only_pct = hundredths(320, 400).map(Percent::new);
    risk.states.drawdown_flatten_pct = hundredths(410, 500).map(Percent::new);
    risk.states.margin_use_cautious_pct = hundredths(2_000, 2_100).map(Percent::new);
    risk.states.margin_use_reduce_only_pct = hundredths(2_200, 2_400).map(Percent::new);
    risk.shock.move_pct = hundredths(100, 300).map(Percent::new);
    risk.cooldown.after_loss_minutes = 1;
    risk.loss_streak.other_losses = Some(4);
    risk.loss_streak.other_pause_minutes = 3;
    let names = ["BTC/USD", "ETH/USD"].map(|name| name.parse().unwrap());
    risk.positions_max = u32::try_from(random.range(1, 3)).unwrap();
    risk.clusters = vec![ClusterSettings { name: "majors".to_owned(), instruments: names.to_vec() }];
    risk
}

/// Off, watching or acting, with few places and quick swaps.
fn auction_of(seed: u64, setup: &mut Setup) {
    let auction = &mut setup.trade.auction;
    auction.mode = [GuardMode::Off, GuardMode::On, GuardMode::Shadow][(seed / 2 % 3) as usize];
    auction.positions_max = (1 + u32::try_from(seed / 6 % 3).unwrap()).min(setup.risk.positions_max);
    let between = Percent::new(Decimal::from(21));
    auction.margin_use_max_pct = setup.risk.states.margin_use_cautious_pct.unwrap_or(between);
    auction.min_hold_minutes = 1;
    auction.cycle_minutes = 1;
    auction.closes_per_cycle_max = 2;
    auction.partial_close_cooldown_s = 30;
    auction.no_signal_persistence_cycles = 2;
}

/// In a quarter of the worlds only listed instruments with sound data are entered, and neither lasts.
fn unsteady(seed: u64, setup: &mut Setup) -> Option<Random> {
    let mut random = Random::stream(seed, 53);
    if !random.chance(250) {
        return None;
    }
    setup.market.universe.mode = GuardMode::On;
    setup.market.universe.pinned_bases.clear();
    setup.market.universe.require_spot = false;
    setup.market.data_quality.mode = GuardMode::On;
    Some(random)
}

impl World {
    pub fn new(seed: u64, count: u32, capabilities: Capabilities, faults: Faults, quiet_after: u64) -> Self {
        let mut setup = setup(count, capabilities.clone());
        setup.risk = limits_of(seed);
        // Every way of entering and of ending, within minutes.
        setup.trade.execution.entry_order =
            [EntryOrder::Limit, EntryOrder::LimitIoc, EntryOrder::Market][(seed / 3 % 3) as usize];
        setup.trade.management.time_exit_bars = 6;
        setup.trade.management.time_exit_timeframe = Timeframe::M1;
        setup.trade.multi_tp.backfill_cooldown_s = 20;
        setup.trade.multi_tp.final_target =
            [FinalTarget::TightenTrail, FinalTarget::ClosePartial, FinalTarget::CloseFull]
                [(seed % 3) as usize];
        auction_of(seed, &mut setup);
        let data = unsteady(seed, &mut setup);
        let venue = ScriptedVenue::new(seed, count as usize, capabilities, faults);
        let start = PriceUnits::new(10_000);
        let flat = Ohlc { open: start, high: start, low: start, close: start };
        let mut operator = Random::stream(seed, 42);
        let operator_rate = if operator.chance(500) { 8 } else { 0 };
        World {
            seed,
            engine: engine(seed, &setup, quiet_after),
            oracles: Oracles::new(&setup),
            setup,
            venue,
            inputs: Vec::new(),
            now: T0,
            effects: Effects::new(),
            story: Vec::new(),
            market: Random::stream(seed, 41),
            operator,
            operator_rate,
            data,
            blind: false,
            quiet_after,
            bars: vec![flat; count as usize],
            next_tick: T0.plus(TICK),
            crash: None,
            down: false,
            undispatched: Vec::new(),
            naked_since: vec![None; count as usize],
            naked_max: Span::ZERO,
            kept: None,
            judged: true,
        }
    }

    pub fn start(&mut self) {
        self.step(self.now, Input::Started);
    }

    /// One input: recorded, taken, judged, its requests sent.
    pub fn step(&mut self, at: Ts, input: Input) {
        self.now = at;
        if self.down {
            return;
        }
        if self.judged {
            self.oracles.before(at, &self.engine, &input);
        }
        self.inputs.push((at, input.clone()));
        self.engine.step(at, &input, &mut self.effects);
        if let Some(kept) = self.kept.as_mut() {
            kept.see(&self.engine, &input, &self.effects);
        }
        let judged = self.judged.then(|| self.oracles.after(at, &self.engine, &input, &self.effects));
        if let Some(Err(rule)) = judged {
            self.note(at, &input);
            panic!("seed {}, step {}: {rule}\n{}", self.seed, self.inputs.len(), self.story());
        }
        self.note(at, &input);
        let crash = self.crash.filter(|crash| self.inputs.len() >= crash.after_inputs);
        let leave = crash.map_or(usize::MAX, |crash| crash.requests_sent);
        for request in self.effects.requests.iter().take(leave) {
            self.venue.send(at, *request);
        }
        if let Some(crash) = crash {
            self.die(crash);
        }
        self.watch(at);
    }

    /// Keeps the last steps for a failure's message.
    fn note(&mut self, at: Ts, input: &Input) {
        let seconds = at.since(T0).secs_f64();
        let short = |text: String| text.chars().take(190).collect::<String>();
        let mut lines = vec![short(format!("{seconds:9.3} < {input:?}"))];
        lines.extend(
            self.effects.requests.iter().map(|request| short(format!("{seconds:9.3} > {request:?}"))),
        );
        lines.extend(
            self.effects
                .alerts
                .iter()
                .map(|alert| format!("{seconds:9.3} ! {:?} {}", alert.kind, alert.detail)),
        );
        let shorter = |line: String| {
            [
                ("OrderRef { instrument: InstrumentId(", "#"),
                ("), id: ClientOrderId { run: 7, sequence: ", "/"),
            ]
            .iter()
            .fold(line, |line, (long, short)| line.replace(long, short))
        };
        self.story.extend(lines.into_iter().map(shorter));
        let surplus = self.story.len().saturating_sub(60);
        self.story.drain(..surplus);
    }

    pub fn story(&self) -> String {
        let orders: Vec<String> = self
            .live()
            .iter()
            .map(|order| {
                format!(
                    "{} {:?} {:?} {:?} {:?}/{:?}",
                    order.order.id.sequence, order.role, order.state, order.side, order.filled, order.qty
                )
            })
            .collect();
        let held: Vec<_> = self.ids().map(|id| self.engine.position(id)).collect();
        format!("{}\n{held:?}\n{}", self.story.join("\n"), orders.join("\n"))
    }

    fn live(&self) -> Vec<seawall_model::OrderUpdate> {
        self.ids().flat_map(|id| self.engine.live_orders(id).collect::<Vec<_>>()).collect()
    }

    pub fn ids(&self) -> impl Iterator<Item = InstrumentId> + use<> {
        (0..u32::try_from(self.bars.len()).unwrap()).map(InstrumentId)
    }

    /// Measures how long positions are naked at the venue, on the venue's own books.
    fn watch(&mut self, at: Ts) {
        for id in self.ids() {
            let covered = self.venue.truth.position(id).is_zero() || self.venue.truth.is_covered(id);
            let slot = &mut self.naked_since[id.index()];
            *slot = if covered { None } else { Some(slot.unwrap_or(at)) };
            let naked = slot.map_or(Span::ZERO, |since| at.since(since));
            self.naked_max = self.naked_max.max(naked);
        }
    }

    /// Whether the venue holds a position that its working stops do not cover.
    pub fn is_naked(&self) -> bool {
        self.ids().any(|id| !self.venue.truth.is_covered(id))
    }

    pub fn forget_nakedness(&mut self) {
        self.naked_since.fill(None);
        self.naked_max = Span::ZERO;
    }

    /// Everything that happens until `until`, in order of time.
    pub fn run_until(&mut self, until: Ts) {
        loop {
            let due = [
                (self.venue.next_outcome_at(), 0),
                (self.venue.next_at(), 1),
                (self.engine.next_wakeup().filter(|_| !self.down).map(|wake| wake.max(self.now)), 2),
                (Some(self.next_tick), 3),
            ];
            let Some((at, what)) = due
                .into_iter()
                .filter_map(|(at, what)| at.map(|at| (at, what)))
                .min()
                .filter(|(at, _)| *at <= until)
            else {
                return;
            };
            match what {
                0 => {
                    if let Some((order, outcome)) = self.venue.take_outcome() {
                        self.step(at, Input::Submission { order, outcome });
                    }
                }
                1 => {
                    if let Some((at, event)) = self.venue.next_event(at) {
                        self.step(at, Input::Venue(event));
                    }
                }
                2 => self.step(at, Input::Wakeup),
                _ => self.tick(at),
            }
            self.watch(at);
        }
    }

    fn tick(&mut self, at: Ts) {
        self.next_tick = at.plus(TICK);
        for id in self.ids() {
            let last = self.venue.truth.price(id).get();
            let reach = if self.market.chance(8) { 300 } else { 15 };
            let moved = last + last * self.market.range(-reach, reach) / 10_000;
            let price = PriceUnits::new(moved.clamp(2_000, 50_000));
            self.venue.tick(at, id, price);
            let bar = &mut self.bars[id.index()];
            bar.high = bar.high.max(price);
            bar.low = bar.low.min(price);
            bar.close = price;
            if self.market.chance(300) {
                self.step(at, Input::Mark { instrument: id, price });
            }
            if Timeframe::M1.is_aligned(at) {
                self.close_bar(at, id);
            }
        }
        if self.operator.chance(self.operator_rate) {
            self.command(at);
        }
        if Timeframe::M1.is_aligned(at) {
            self.list(at);
        }
    }

    /// A listing with most of the instruments, every few minutes; a failed one now and then.
    fn list(&mut self, at: Ts) {
        let Some(data) = self.data.as_mut() else { return };
        if !data.chance(300) {
            return;
        }
        let failed = data.chance(100);
        let mut names = self.setup.instruments.iter().map(|(instrument, _)| instrument.name());
        let mut rows: Vec<_> = names
            .by_ref()
            .filter(|_| data.chance(850))
            .map(|name| perpetual(name.as_str(), 1e9, 1))
            .collect();
        let mut report = Report { coverage: Coverage::Complete, taken_at: at, rows: Vec::new() };
        if failed {
            report.coverage = Coverage::Failed;
        } else {
            report.rows.append(&mut rows);
        }
        self.step(at, Input::Listing(report));
    }

    fn close_bar(&mut self, at: Ts, id: InstrumentId) {
        let bar = self.bars[id.index()];
        self.bars[id.index()] = Ohlc { open: bar.close, high: bar.close, low: bar.close, close: bar.close };
        let open_time = at.minus(Timeframe::M1.span());
        let mut candle = Candle::new(Timeframe::M1, open_time, bar, 1.0).unwrap();
        if let Some(data) = self.data.as_mut() {
            match data.range(0, 39) {
                // It never comes.
                0 => return,
                // It cannot be.
                1 => candle.close = PriceUnits::new(candle.high.get() + 1),
                _ => {}
            }
        }
        self.step(at, Input::Candle { instrument: id, timeframe: Timeframe::M1, candle });
    }

    fn command(&mut self, at: Ts) {
        let id = InstrumentId(
            u32::try_from(self.operator.range(0, i64::try_from(self.bars.len()).unwrap() - 1)).unwrap(),
        );
        let modes = [
            SystemMode::Normal,
            SystemMode::Normal,
            SystemMode::Cautious,
            SystemMode::ReduceOnly,
            SystemMode::ProtectOnly,
            SystemMode::Flatten,
        ];
        let input = match self.operator.range(0, 15) {
            14 | 15 => {
                self.blind ^= !self.down;
                Input::Venue(VenueEvent::Stream { live: !self.blind })
            }
            0..=5 => Input::Operator(Command::SetMode(self.operator.pick(&modes))),
            6 | 7 => Input::Operator(Command::Close(id)),
            8 => {
                let amount = Decimal::from(self.operator.range(-50, 50));
                self.venue.truth.cash += amount;
                Input::Operator(Command::Transfer(Money::new(amount)))
            }
            9 => Input::Started,
            10 => {
                let flatten = self.operator.chance(500);
                Input::Operator(Command::Kill { reason: KillReason::Manual, flatten })
            }
            _ => Input::Operator(Command::Release),
        };
        self.step(at, input);
    }

    /// From now on nothing goes wrong any more and nobody interferes.
    pub fn heal(&mut self) {
        self.venue.faults = Faults::default();
        self.operator_rate = 0;
        if std::mem::take(&mut self.blind) {
            self.step(self.now, Input::Venue(VenueEvent::Stream { live: true }));
        }
        self.forget_nakedness();
    }

    /// O3, O9: after quiescence books and venue agree on everything.
    pub fn assert_agreement(&self) {
        let context = || format!("seed {}: {:?}\n{}", self.seed, self.engine.phase(), self.story());
        assert_eq!(self.engine.phase(), seawall_engine::Phase::Ready, "O9 {}", context());
        for id in self.ids() {
            let (books, venue) = (self.engine.position(id).unwrap().qty, self.venue.truth.position(id));
            assert_eq!(books, venue, "O3: positions differ, {}", context());
            assert!(venue.is_zero() || self.venue.truth.is_covered(id), "O1: naked, {}", context());
            let ours: Vec<_> = self.engine.live_orders(id).map(|order| order.order.id).collect();
            let mut theirs: Vec<_> = self.venue.truth.live().collect();
            theirs.retain(|order| order.request.order.instrument == id);
            let theirs: Vec<_> = theirs.iter().map(|order| order.request.order.id).collect();
            assert_eq!(ours, theirs, "O3: orders differ, {}", context());
            for order in self.engine.live_orders(id) {
                assert!(order.state.is_confirmed(), "O9: {order:?} unresolved, {}", context());
                let row = self.venue.truth.orders[&order.order.id].row();
                assert_eq!(
                    (order.qty, order.kind, order.filled),
                    (row.qty, row.kind, row.filled),
                    "{}",
                    context()
                );
                assert!(row.state != OrderState::Open || row.reduce_only, "an entry rests for ever");
            }
        }
        assert_eq!(
            self.engine.ledger().cash().get(),
            self.venue.truth.cash,
            "O3: cash differs, {}",
            context()
        );
    }

    /// O2: no intent has reached the venue more than once.
    pub fn assert_placed_once(&self) {
        let twice = self.venue.placed.iter().find(|(_, count)| **count > 1);
        assert_eq!(twice, None, "O2: seed {}\n{}", self.seed, self.story());
    }

    /// The digest after replaying everything that was recorded.
    pub fn replayed_digest(&self) -> u64 {
        let mut engine = engine(self.seed, &self.setup, self.quiet_after);
        let mut effects = Effects::new();
        for (at, input) in &self.inputs {
            engine.step(*at, input, &mut effects);
        }
        digest(&engine)
    }

    /// Lets everything that is on its way arrive, before the market moves again.
    pub fn settle(&mut self) {
        let until = self.next_tick.minus(Span::from_millis(1));
        self.run_until(until);
        self.now = until;
    }

    pub fn minutes(&mut self, minutes: i64) {
        let until = self.now.plus(Span::from_secs(minutes * 60));
        self.run_until(until.max(at(0)));
        self.now = until;
    }
}
