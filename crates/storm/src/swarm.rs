//! What a seed makes of a world: its sizes, its settings, which faults it knows and how often they strike.
//!
//! Every world differs from the next in kind, not only in the order of events: half of the faults are absent
//! from any one of them, so that rare ones meet alone as well as together, and a tenth of the worlds have
//! none at all.

use rust_decimal::Decimal;
use seawall_engine::{
    DecisionSettings, EntryOrder, FinalTarget, MarketSettings, ProtectionSettings, ReconcileSettings,
    RiskSettings, Setup, Signals, TradeSettings,
};
use seawall_model::{Capabilities, GuardMode, Instrument, Percent, Ratio, Span, Timeframe, Ts};
use seawall_simulator::synthetic::CANDLES_START;
use seawall_simulator::{Exchange, SimulatorSettings, SyntheticSettings};
use seawall_strategy::StrategySettings;
use seawall_venues::{Codec, Venue};

use crate::corpus::Scenario;
use crate::faults::{Class, Fault};
use crate::parity::DataSet;
use crate::random::{MILLION, Purpose, Stream};
use crate::strategy::percent;
use crate::strikes::{Faults, Strike};
use crate::themes;
use crate::wire::TIME_OUT;

/// The run that is part of every client order id of a world.
pub(crate) const RUN: u32 = 7;
/// Cash at the start.
pub(crate) const CASH: i64 = 100_000;

/// How process and venue are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// By values.
    #[default]
    Typed,
    /// By bytes: through codecs, sessions and budgets, with an exchange in a box that speaks its protocol.
    Wire,
}

impl Level {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Level::Typed => "typed",
            Level::Wire => "wire",
        }
    }
}

/// What a caller changes of a world, to look closer at it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// How process and venue are joined.
    pub level: Level,
    /// Faults that never strike.
    pub without: Vec<Fault>,
    /// How long the world lives before it is healed, instead of what the seed says.
    pub minutes: Option<i64>,
    /// How many instruments it has, instead of what the seed says.
    pub instruments: Option<u32>,
    /// The only fault that strikes, as often as a swarm ever draws it, instead of what the seed says.
    pub force: Option<Fault>,
    /// Exactly these strikes, instead of what is drawn by rate.
    pub strikes: Option<Vec<Strike>>,
    /// The bound of protection that is asked for, instead of the one that is promised.
    pub naked_bound: Option<Span>,
}

/// A world as it was drawn.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) level: Level,
    pub(crate) market: SyntheticSettings,
    pub(crate) timeframe: Timeframe,
    pub(crate) start: Ts,
    pub(crate) length: Span,
    pub(crate) simulator: SimulatorSettings,
    pub(crate) faults: Faults,
    /// How long a message travels at least and at most, in milliseconds.
    pub(crate) latency_ms: (i64, i64),
    /// By how much the venue's clock is ahead.
    pub(crate) skew: Span,
    /// Entries in percent of the candles while flat.
    pub(crate) eagerness: i64,
    /// Whether an acceptance is told by the stream as well.
    pub(crate) accepts_twice: bool,
    /// Faults that a script may bring, beside those that have a rate.
    known: Vec<Fault>,
    naked_bound: Option<Span>,
    /// Whether entries rest for long.
    pub(crate) patient: bool,
    /// By how much the candles of an instrument come later than those of the one before it.
    pub(crate) stagger: Span,
    /// The engine, where a data set is lived through: nothing is drawn then.
    pub(crate) given: Option<Setup>,
    pub(crate) settings: Settings,
}

/// What the engine of a world is told.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) capabilities: Capabilities,
    pub(crate) risk: RiskSettings,
    pub(crate) protection: ProtectionSettings,
    pub(crate) trade: TradeSettings,
}

impl Plan {
    pub(crate) fn draw(seed: u64, options: &Options) -> Self {
        let mut draws = Stream::new(seed, Purpose::Swarm);
        let instruments = draws.count(1, 5);
        let instruments = options.instruments.map_or(instruments, |count| count.clamp(1, 5));
        let tick_secs = draws.pick([5, 10, 15, 20, 30]).unwrap_or(10);
        let timeframe = if draws.chance(250_000) { Timeframe::M5 } else { Timeframe::M1 };
        let minutes = draws.range(60, 360);
        let low = draws.range(2, 80);
        let latency_ms = (low, low + draws.range(1, 150));
        let is_skewed = draws.chance(400_000);
        let skew = if is_skewed { draws.millis(-1_500, 1_500) } else { Span::ZERO };
        let eagerness = draws.range(5, 40);
        let accepts_twice = draws.chance(500_000);
        let simulator = simulator(&mut draws);
        let mut settings = settings(&mut draws, &simulator, latency_ms);
        if options.level == Level::Wire {
            settings.capabilities = spoken(&settings.capabilities);
        }
        let faults = faults(seed, &mut draws);
        let mut plan = Plan {
            level: options.level,
            market: SyntheticSettings { seed, instruments, start: CANDLES_START, tick_secs },
            timeframe,
            start: CANDLES_START,
            length: Span::from_secs(options.minutes.unwrap_or(minutes).max(1) * 60),
            simulator,
            faults,
            latency_ms,
            skew,
            eagerness,
            accepts_twice,
            known: Vec::new(),
            naked_bound: options.naked_bound,
            patient: false,
            stagger: Span::ZERO,
            given: None,
            settings,
        };
        themes::apply(seed, &mut plan);
        if let Some(fault) = options.force {
            plan.faults = Faults::none(seed);
            plan.faults.set(fault, fault.highest_ppm());
        }
        for fault in Fault::ALL.iter().filter(|fault| !fault.is_of(options.level)) {
            plan.faults.set(*fault, 0);
        }
        for fault in &options.without {
            plan.faults.set(*fault, 0);
        }
        if let Some(strikes) = &options.strikes {
            plan.faults.plan(strikes);
        }
        plan
    }

    /// A world that lives through `data`, without faults: nothing is drawn.
    pub(crate) fn given(data: &DataSet) -> Self {
        let latency_ms = data.latency().millis();
        let setup = data.setup.clone();
        let mut plan = Plan::draw(0, &Options::default());
        plan.timeframe = data.timeframe;
        plan.start = data.start;
        plan.length = data.until.since(data.start);
        // Messages travel in the world, not in the exchange.
        plan.simulator = SimulatorSettings { latency_ms: 0, ..data.simulator.clone() };
        plan.faults = Faults::none(0);
        plan.latency_ms = (latency_ms, latency_ms);
        plan.skew = Span::ZERO;
        plan.accepts_twice = false;
        plan.stagger = Span::ZERO;
        plan.settings = Settings {
            capabilities: setup.capabilities.clone(),
            risk: setup.risk.clone(),
            protection: setup.protection.clone(),
            trade: setup.trade.clone(),
        };
        plan.given = Some(setup);
        plan
    }

    /// The world of a scenario: nothing is drawn but prices, latencies and the shapes of strikes.
    pub(crate) fn scripted(seed: u64, scenario: &Scenario) -> Self {
        let mut plan = Plan::draw(
            seed,
            &Options {
                instruments: Some(scenario.instruments),
                minutes: Some(scenario.minutes),
                ..Options::default()
            },
        );
        plan.faults = Faults::none(seed);
        plan.known = scenario.known();
        plan.market.tick_secs = 10;
        plan.timeframe = Timeframe::M1;
        plan.latency_ms = (10, 50);
        plan.skew = scenario.skew();
        plan.accepts_twice = false;
        (plan.patient, plan.stagger) = (false, Span::ZERO);
        plan.simulator = SimulatorSettings {
            latency_ms: 0,
            volume_limit_pct: scenario.thin.then(|| percent(20)),
            ..SimulatorSettings::default()
        };
        let mut capabilities = Exchange::capabilities(&plan.simulator);
        capabilities.lossless_order_stream = false;
        capabilities.amend = scenario.amends;
        capabilities.acceptance_horizon = Span::from_millis(LATE_MS_MAX + 2 * plan.latency_ms.1 + 2_500);
        let mut risk = RiskSettings::without_limits();
        risk.leverage_max = Ratio::new(Decimal::from(5));
        risk.risk_per_trade_pct = percent(100);
        risk.positions_max = 5;
        risk.daily_loss_max_pct = scenario.daily_loss.map(percent);
        let mut trade = TradeSettings::default();
        trade.execution.entry_order = EntryOrder::Limit;
        trade.management.time_exit_bars = 10_000;
        trade.multi_tp.backfill_cooldown_s = 20;
        trade.auction.mode = GuardMode::Off;
        trade.auction.positions_max = trade.auction.positions_max.min(risk.positions_max);
        let protection = ProtectionSettings { prove_interval_s: 10, ..ProtectionSettings::default() };
        plan.settings = Settings { capabilities, risk, protection, trade };
        plan
    }

    /// Whether bytes are spoken.
    pub(crate) fn is_wire(&self) -> bool {
        self.level == Level::Wire
    }

    /// The operator changes settings: those that no bound and no limit is judged by.
    pub(crate) fn reconfigure(&mut self, draws: &mut Stream) {
        let trade = &mut self.settings.trade;
        trade.execution.entry_order =
            draws.pick([EntryOrder::Limit, EntryOrder::LimitIoc, EntryOrder::Market]).unwrap_or_default();
        trade.management.time_exit_bars = draws.count(5, 30);
        trade.multi_tp.final_target = draws
            .pick([FinalTarget::TightenTrail, FinalTarget::ClosePartial, FinalTarget::CloseFull])
            .unwrap_or_default();
        self.settings.risk.risk_per_trade_pct = percent(draws.range(20, 150));
    }

    /// What the engine is built from.
    pub(crate) fn setup(&self, instruments: &[Instrument]) -> Setup {
        if let Some(setup) = &self.given {
            return setup.clone();
        }
        let Settings { capabilities, risk, protection, trade } = self.settings.clone();
        Setup {
            instruments: instruments.iter().map(|one| (one.clone(), self.timeframe)).collect(),
            signals: Signals::default(),
            strategy: StrategySettings::default(),
            risk,
            protection,
            reconcile: ReconcileSettings::default(),
            trade,
            decisions: DecisionSettings::default(),
            market: MarketSettings::without_guards(),
            has_quotes: self.is_wire(),
            capabilities,
            run: RUN,
            require_stop: true,
            cost_bps: 10.0,
        }
    }

    /// How long a position may be without stops that cover it after the last fault that may be why, while a
    /// process lives. It is the sum of what the engine may wait for, one after the other:
    ///
    /// - the comparison on schedule that finds the loss (`prove_interval_s`);
    /// - where questions fail or time out, the longest pause between two of them (32 s);
    /// - two questions that are answered no sooner than their deadline (`submit_deadline_ms` each): the list,
    ///   and the order that it lacks;
    /// - a second look at a position that differs (1 s);
    /// - the ladder: each trigger type, then the market reduction with one retry;
    /// - the horizon before which an absent order is not proven absent;
    /// - four ways to the venue and back.
    pub(crate) fn naked_bound(&self) -> Span {
        if let Some(asked) = self.naked_bound {
            return asked;
        }
        Span::from_millis(self.naked_parts().iter().map(|(_, part)| part.millis()).sum())
    }

    /// The parts of [`Self::naked_bound`], each with what it waits for.
    pub(crate) fn naked_parts(&self) -> Vec<(&'static str, Span)> {
        let Settings { capabilities, protection, .. } = &self.settings;
        let triggers = i64::try_from(capabilities.stop_triggers.len()).unwrap_or(3);
        let (_, slowest) = self.latency_ms;
        let pause = if self.asks_in_vain() { 32_000 } else { 0 };
        let parts = [
            ("the comparison on schedule (`protection.prove_interval_s`)", {
                i64::from(protection.prove_interval_s) * 1_000
            }),
            ("the longest pause between two questions that fail", pause),
            (
                "two questions (`protection.submit_deadline_ms`)",
                2 * self.answered_within(protection.submit_deadline_ms),
            ),
            ("a second look at a position that differs", 1_000),
            ("each trigger type (`protection.confirm_deadline_ms`)", {
                triggers * i64::from(protection.confirm_deadline_ms)
            }),
            ("two tries to close (`protection.emergency_retry_ms`)", {
                2 * i64::from(protection.emergency_retry_ms)
            }),
            ("the venue's acceptance horizon", capabilities.acceptance_horizon.millis()),
            ("four ways there and back", 8 * slowest),
        ];
        parts.into_iter().map(|(what, millis)| (what, Span::from_millis(millis))).collect()
    }

    /// How long an entry may still work after a command that ends entries, or after the last fault: two
    /// cancellations, each with its deadline, the horizon of an entry that was on its way, and the ways.
    pub(crate) fn reach_bound(&self) -> Span {
        let Settings { capabilities, protection, .. } = &self.settings;
        let tried = 3 * i64::from(protection.submit_deadline_ms);
        let (_, slowest) = self.latency_ms;
        Span::from_millis(tried + capabilities.acceptance_horizon.millis() + 8 * slowest)
    }

    /// What is asked is answered, or given up, within this. With bytes the transport gives up later.
    fn answered_within(&self, submit_deadline_ms: u32) -> i64 {
        let transport = if self.is_wire() { TIME_OUT.millis() } else { 0 };
        i64::from(submit_deadline_ms).max(transport)
    }

    fn asks_in_vain(&self) -> bool {
        let vain = [Fault::QueryFailed, Fault::QueryTimedOut, Fault::QueryTruncated, Fault::ReplyLost];
        let lost = [
            Fault::RequestLost,
            Fault::RequestNotSent,
            Fault::ActedLate,
            Fault::RefusedUnknown,
            Fault::Banned,
            Fault::Maintenance,
            Fault::Halt,
        ];
        let may = |fault: &&Fault| self.faults.rate(**fault) > 0 || self.known.contains(*fault);
        vain.iter().chain(&lost).any(|fault| may(&fault))
    }

    /// What a day may lose.
    pub(crate) fn daily_loss_max(&self) -> Option<Percent> {
        self.settings.risk.daily_loss_max_pct
    }

    /// The leverage that the worst case may come to.
    pub(crate) fn leverage_max(&self) -> Ratio {
        self.settings.risk.leverage_max
    }
}

/// What the venue of the wire can do, less what this world has drawn away.
fn spoken(drawn: &Capabilities) -> Capabilities {
    let mut capabilities = Venue::KrakenFutures.profile().capabilities();
    capabilities.lossless_order_stream = false;
    capabilities.amend &= drawn.amend;
    capabilities.stop_triggers.truncate(drawn.stop_triggers.len());
    capabilities
}

fn simulator(draws: &mut Stream) -> SimulatorSettings {
    SimulatorSettings {
        // Messages travel in the world, not in the exchange.
        latency_ms: 0,
        volume_limit_pct: draws.chance(300_000).then(|| percent(draws.range(500, 10_000))),
        ..SimulatorSettings::default()
    }
}

fn settings(draws: &mut Stream, simulator: &SimulatorSettings, latency_ms: (i64, i64)) -> Settings {
    let mut capabilities = Exchange::capabilities(simulator);
    capabilities.lossless_order_stream = false;
    capabilities.amend = draws.chance(700_000);
    if draws.chance(300_000) {
        capabilities.stop_triggers.truncate(1);
    }
    // Beyond every way that a request of this world can take.
    capabilities.acceptance_horizon = Span::from_millis(LATE_MS_MAX + 2 * latency_ms.1 + 2_500);
    let protection = ProtectionSettings {
        prove_interval_s: draws.pick([10, 30, 60]).unwrap_or(30),
        ..ProtectionSettings::default()
    };
    let mut trade = TradeSettings::default();
    trade.execution.entry_order =
        draws.pick([EntryOrder::Limit, EntryOrder::LimitIoc, EntryOrder::Market]).unwrap_or_default();
    trade.management.time_exit_bars = draws.count(5, 30);
    trade.management.time_exit_timeframe = Timeframe::M1;
    trade.multi_tp.backfill_cooldown_s = draws.count(20, 120);
    trade.multi_tp.final_target = draws
        .pick([FinalTarget::TightenTrail, FinalTarget::ClosePartial, FinalTarget::CloseFull])
        .unwrap_or_default();
    trade.auction.mode =
        draws.pick([GuardMode::Off, GuardMode::On, GuardMode::Shadow]).unwrap_or(GuardMode::Off);
    let risk = risk(draws);
    trade.auction.positions_max = trade.auction.positions_max.min(risk.positions_max);
    Settings { capabilities, risk, protection, trade }
}

/// A request is late by this at most: longer than the engine waits before it asks what became of it.
pub(crate) const LATE_MS_MAX: i64 = 12_000;

/// Without limits most worlds trade all the time; the others meet them.
fn risk(draws: &mut Stream) -> RiskSettings {
    let mut risk = RiskSettings::without_limits();
    risk.leverage_max = Ratio::new(Decimal::new(draws.range(20, 60), 1));
    risk.risk_per_trade_pct = percent(draws.range(20, 150));
    risk.positions_max = draws.count(2, 5);
    if draws.chance(650_000) {
        return risk;
    }
    let mut limit = |low: i64, high: i64| -> Option<Decimal> {
        let drawn = Decimal::new(draws.range(low, high), 2);
        draws.chance(600_000).then_some(drawn)
    };
    risk.daily_loss_max_pct = limit(300, 1_500).map(Percent::new);
    // Above what a trade risks.
    risk.trade_loss_max_pct = limit(160, 300).map(Percent::new);
    risk.instrument_notional_max = limit(50, 300).map(Ratio::new);
    risk.states.drawdown_cautious_pct = limit(500, 900).map(Percent::new);
    risk.states.drawdown_reduce_only_pct = limit(1_000, 1_500).map(Percent::new);
    risk.states.drawdown_flatten_pct = limit(2_000, 3_000).map(Percent::new);
    risk.cooldown.after_loss_minutes = 1;
    risk
}

fn faults(seed: u64, draws: &mut Stream) -> Faults {
    let mut faults = Faults::none(seed);
    if draws.chance(100_000) {
        return faults;
    }
    for class in Class::ALL {
        let absent = draws.chance(300_000);
        // A world in which this class storms, or one with only a little of it.
        let share = draws.range(1, 10);
        for fault in Fault::ALL.iter().copied().filter(|fault| fault.class() == class) {
            let known = draws.chance(MILLION / 2);
            let highest = i64::from(fault.highest_ppm()) * share / 10;
            let rate = u32::try_from(draws.range(1, highest.max(1))).unwrap_or(0);
            if known && !absent {
                faults.set(fault, rate);
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worlds_differ_in_kind_and_a_few_are_honest() {
        let plans: Vec<Plan> = (0..200).map(|seed| Plan::draw(seed, &Options::default())).collect();
        let known = |plan: &Plan| Fault::ALL.iter().filter(|fault| plan.faults.rate(**fault) > 0).count();
        let honest = plans.iter().filter(|plan| known(plan) == 0).count();
        assert!((5..50).contains(&honest), "{honest} honest worlds");
        for fault in Fault::ALL {
            if !fault.is_of(Level::Typed) {
                continue;
            }
            let with = plans.iter().filter(|plan| plan.faults.rate(*fault) > 0).count();
            assert!((20..120).contains(&with), "{} in {with} worlds", fault.name());
        }
    }

    #[test]
    fn options_take_faults_away_and_leave_the_rest() {
        let all = Plan::draw(3, &Options::default());
        let some = Plan::draw(3, &Options { without: vec![Fault::Crash], ..Options::default() });
        for fault in Fault::ALL.iter().filter(|fault| **fault != Fault::Crash) {
            assert_eq!(all.faults.rate(*fault), some.faults.rate(*fault));
        }
        assert_eq!(some.faults.rate(Fault::Crash), 0);
    }
}
