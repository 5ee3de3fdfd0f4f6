//! Counts what a run does, for its summary.

use seawall_backtest::Fingerprint;
use seawall_engine::{Effects, Engine};
use seawall_model::{Alert, AlertKind, InstrumentId, OrderRole, OrderState, Outcome};

/// Violations that are kept.
const VIOLATIONS_MAX: usize = 100;

/// The counts of a run so far.
pub(crate) struct Tally {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) inputs: u64,
    pub(crate) orders: u64,
    pub(crate) fills: u64,
    pub(crate) positions_opened: u64,
    pub(crate) trades_closed: u64,
    pub(crate) decisions: u64,
    pub(crate) entered: u64,
    pub(crate) alerts: u64,
    pub(crate) violations: Vec<String>,
    pub(crate) protected_before: bool,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Tally {
            fingerprint: Fingerprint::new(),
            inputs: 0,
            orders: 0,
            fills: 0,
            positions_opened: 0,
            trades_closed: 0,
            decisions: 0,
            entered: 0,
            alerts: 0,
            violations: Vec::new(),
            protected_before: false,
        }
    }

    /// Counts a step; says whether it brought the first protected position.
    pub(crate) fn add(&mut self, engine: &Engine, effects: &Effects) -> bool {
        self.fingerprint.add(effects);
        for decision in effects.decisions() {
            self.decisions += 1;
            self.entered += u64::from(decision.outcome == Outcome::Entered);
        }
        if effects.is_quiet() {
            return false;
        }
        self.fills += effects.fills.len() as u64;
        self.trades_closed += effects.trades.len() as u64;
        let mut stop_confirmed: Option<InstrumentId> = None;
        for update in &effects.orders {
            match (update.state, update.role) {
                (OrderState::InFlight, _) => self.orders += 1,
                (OrderState::Open, OrderRole::Stop) => stop_confirmed = Some(update.order.instrument),
                (
                    OrderState::Intended
                    | OrderState::Unknown
                    | OrderState::Open
                    | OrderState::Triggered
                    | OrderState::Filled
                    | OrderState::Cancelled
                    | OrderState::Rejected
                    | OrderState::Expired
                    | OrderState::NotSent,
                    _,
                ) => {}
            }
        }
        for alert in &effects.alerts {
            self.alert(alert);
        }
        self.positions_opened = self.trades_closed + open_positions(engine);
        let protected =
            stop_confirmed.and_then(|id| engine.position(id)).is_some_and(|position| position.protected);
        let first = protected && !self.protected_before;
        self.protected_before |= protected;
        first
    }

    fn alert(&mut self, alert: &Alert) {
        self.alerts += 1;
        if alert.kind == AlertKind::InvariantBroken && self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(format!("{}: {}", alert.at, alert.detail));
        }
    }
}

fn open_positions(engine: &Engine) -> u64 {
    let ids = engine.instruments().map(seawall_model::Instrument::id);
    ids.filter_map(|id| engine.position(id)).filter(|position| !position.qty.is_zero()).count() as u64
}
