//! Entries at random with the habits of a real run: the baseline that an edge has to beat.

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_backtest::{Market, Outcome};
use seawall_model::{
    Candle, Decision, Gate, Instrument, Percent, PositionSide, Ratio, Setup, StateSink, Timeframe, Ts,
};
use seawall_strategy::{
    Direction, Entry, EntryPlan, Evaluation, Held, Level, Outlook, Sizing, Strategy, TARGETS_MAX, Target,
    View,
};

/// What one trade was like: direction, setup, distance of the stop in percent.
#[derive(Clone, Copy)]
struct Habit {
    direction: Direction,
    setup: Setup,
    stop_pct: Decimal,
}

/// What the trades of a run were like.
#[derive(Clone)]
pub(crate) struct Habits(Vec<Habit>);

impl Habits {
    pub(crate) fn of(outcome: &Outcome, market: &Market) -> Self {
        let habit = |trade: &seawall_model::Trade| {
            let instrument = &market.instruments()[trade.instrument.index()];
            let (entry, stop) =
                (instrument.price(trade.decision_price).get(), instrument.price(trade.initial_stop?).get());
            let direction = match trade.side {
                PositionSide::Long => Direction::Long,
                PositionSide::Short => Direction::Short,
                PositionSide::Flat => return None,
            };
            let stop_pct = ((stop - entry).abs() / entry * Decimal::ONE_HUNDRED).round_dp(4);
            Some(Habit { direction, setup: trade.setup, stop_pct })
        };
        Habits(outcome.trades.iter().filter_map(habit).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Enters with a given chance at each full hour; what it says about positions is the inner strategy's.
pub(crate) struct RandomEntry {
    inner: Box<dyn Strategy>,
    unread: Decision,
    habits: Habits,
    state: u64,
    chance: f64,
    ready: bool,
}

impl RandomEntry {
    pub(crate) fn new(inner: Box<dyn Strategy>, habits: Habits, seed: u64, chance: f64) -> Self {
        // Mixed first: streams of neighbouring seeds would be one stream, shifted.
        let state = mixed(mixed(seed).wrapping_add(0x2545_f491_4f6c_dd1d));
        RandomEntry { inner, unread: Decision::empty(), habits, state, chance, ready: false }
    }

    /// Splitmix64.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.state)
    }

    fn share(&mut self) -> f64 {
        (self.random() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn mixed(state: u64) -> u64 {
    let mut mixed = state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Strategy for RandomEntry {
    fn on_candle(&mut self, view: &View<'_>, candle: &Candle, decision: &mut Decision) -> Evaluation {
        self.unread.reset(decision.instrument, decision.at, decision.price);
        let inner = self.inner.on_candle(view, candle, &mut self.unread);
        if inner == Evaluation::NotDue {
            return Evaluation::NotDue;
        }
        // No entry before the real strategy could have made one.
        let warm = |reading: &seawall_model::GateReading| reading.gate != Gate::WarmUp;
        self.ready |= self.unread.gates.iter().any(warm);
        let enters = self.share() < self.chance
            && self.ready
            && Timeframe::H1.floor(candle.known_at) == candle.known_at;
        if !decision.ask(Gate::Signal, enters, f64::from(u8::from(enters)), 1.0) {
            return Evaluation::Hold;
        }
        let picked = usize::try_from(self.random() % self.habits.0.len() as u64).unwrap();
        let habit = self.habits.0[picked];
        let mut targets: ArrayVec<Target, TARGETS_MAX> = ArrayVec::new();
        let level = Level::Percent(Percent::new(habit.stop_pct * Decimal::TWO));
        targets.push(Target { level, share: Percent::new(Decimal::ONE_HUNDRED) });
        Evaluation::Enter(EntryPlan {
            direction: habit.direction,
            setup: habit.setup,
            score: Some(70.0),
            entry: Entry::Market,
            stop: Some(Level::Percent(Percent::new(habit.stop_pct))),
            targets,
            swings: ArrayVec::new(),
            invalidation: None,
            reward_risk_min: Ratio::new(Decimal::ZERO),
            sizing: Sizing::Risk,
        })
    }

    /// Its plans are not those of the inner strategy.
    fn plan_taken(&mut self, _: Ts) {}

    fn outlook(&self, instrument: &Instrument, held: &Held) -> Outlook {
        self.inner.outlook(instrument, held)
    }

    fn decides_every(&self) -> Timeframe {
        self.inner.decides_every()
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.state);
        self.inner.digest(sink);
    }
}
