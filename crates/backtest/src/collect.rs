//! What a run leaves behind: counters, trades, the equity curve and the fingerprint.

use std::convert::Infallible;

use seawall_engine::{Effects, Engine, Recorder};
use seawall_model::{
    Alert, AlertKind, Gate, Input, InstrumentId, Money, OrderRole, OrderState, Outcome as Answer, Severity,
    Span, Trade, Ts,
};

use crate::fingerprint::Fingerprint;
use crate::shadows::ShadowCounts;

const ALERTS_KEPT: usize = 200;

/// Equity at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EquityPoint {
    /// When.
    pub at: Ts,
    /// Cash plus open positions at the last price.
    pub equity: Money,
}

/// How decisions ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DecisionCounts {
    /// All decisions.
    pub total: u64,
    /// Entries.
    pub entered: u64,
    by_gate: Vec<u64>,
}

impl DecisionCounts {
    fn new() -> Self {
        DecisionCounts { total: 0, entered: 0, by_gate: vec![0; Gate::ALL.len()] }
    }

    #[inline]
    fn count(&mut self, answer: Answer) {
        self.total += 1;
        match answer {
            Answer::Entered => self.entered += 1,
            Answer::Refused(gate) => {
                if let Some(count) = self.by_gate.get_mut(gate as usize) {
                    *count += 1;
                }
            }
        }
    }

    /// Refusals by gate, in the order of the gates, without those that never refused.
    pub fn by_gate(&self) -> impl Iterator<Item = (Gate, u64)> + '_ {
        Gate::ALL.iter().copied().zip(self.by_gate.iter().copied()).filter(|(_, count)| *count > 0)
    }
}

/// Orders by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderCounts {
    /// Orders placed.
    pub placed: u64,
    /// Entries that were cancelled or expired without filling completely.
    pub entries_unfilled: u64,
    /// Orders cancelled by us or the venue.
    pub cancelled: u64,
    /// Orders refused by the venue.
    pub rejected: u64,
    /// Orders changed in place.
    pub amended: u64,
}

/// The results of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// SHA-256 over decisions, orders and fills.
    pub fingerprint: String,
    /// Equity before the first candle.
    pub initial_equity: Money,
    /// Equity after the last candle, open positions at the last price.
    pub final_equity: Money,
    /// How decisions ended.
    pub decisions: DecisionCounts,
    /// What refused plans would have made.
    pub shadows: ShadowCounts,
    /// How orders ended.
    pub orders: OrderCounts,
    /// Fills counted.
    pub fills: u64,
    /// Inputs that the engine took.
    pub inputs: u64,
    /// Completed trades in the order in which they closed, then open ones, marked.
    pub trades: Vec<Trade>,
    /// Samples of equity, first and last instant included.
    pub equity: Vec<EquityPoint>,
    /// Largest drop of equity from a peak, in percent, with positions at the worst price of each candle.
    pub drawdown_worst_pct: f64,
    /// Bars in which the order of events mattered, by instrument.
    pub ambiguous: Vec<u64>,
    /// Positions that the venue liquidated.
    pub liquidations: u64,
    /// Longest time a position with a planned stop had none confirmed.
    pub naked_max: Span,
    /// Messages for the operator, the first of them.
    pub alerts: Vec<Alert>,
    /// How many messages there were.
    pub alerts_total: u64,
    /// Wall-clock seconds of the run alone, measured by the caller; zero where it did not.
    pub run_seconds: f64,
}

/// Watches every step of a run.
pub(crate) struct Collector {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) decisions: DecisionCounts,
    pub(crate) shadows: ShadowCounts,
    pub(crate) orders: OrderCounts,
    pub(crate) fills: u64,
    pub(crate) trades: Vec<Trade>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) alerts_total: u64,
    pub(crate) broken: Option<String>,
    pub(crate) drawdown: Drawdown,
}

impl Collector {
    pub(crate) fn new(drawdown: Drawdown) -> Self {
        Collector {
            fingerprint: Fingerprint::new(),
            decisions: DecisionCounts::new(),
            shadows: ShadowCounts::default(),
            orders: OrderCounts::default(),
            fills: 0,
            trades: Vec::new(),
            alerts: Vec::new(),
            alerts_total: 0,
            broken: None,
            drawdown,
        }
    }

    fn notable(&mut self, engine: &Engine, effects: &Effects) {
        self.fills += effects.fills.len() as u64;
        if !effects.fills.is_empty() {
            self.drawdown.refresh(engine, effects.fills.iter().map(|fill| fill.instrument));
        }
        self.trades.extend_from_slice(&effects.trades);
        for shadow in &effects.shadows {
            self.shadows.end(shadow.gate, shadow.r);
        }
        for update in &effects.orders {
            match update.state {
                OrderState::InFlight => self.orders.placed += 1,
                OrderState::Rejected => self.orders.rejected += 1,
                OrderState::Cancelled | OrderState::Expired => {
                    self.orders.cancelled += 1;
                    self.orders.entries_unfilled += u64::from(update.role == OrderRole::Entry);
                }
                OrderState::Intended
                | OrderState::Unknown
                | OrderState::Open
                | OrderState::Triggered
                | OrderState::Filled
                | OrderState::NotSent => {}
            }
        }
        for request in &effects.requests {
            self.orders.amended += u64::from(matches!(request, seawall_model::VenueRequest::Amend { .. }));
        }
        for alert in &effects.alerts {
            self.alerts_total += 1;
            if alert.kind == AlertKind::InvariantBroken && alert.severity == Severity::Critical {
                self.broken.get_or_insert_with(|| alert.detail.clone());
            }
            if self.alerts.len() < ALERTS_KEPT {
                self.alerts.push(alert.clone());
            }
        }
    }
}

impl Recorder for Collector {
    type Error = Infallible;

    #[inline]
    fn input(&mut self, _: Ts, _: &Input) -> Result<(), Infallible> {
        Ok(())
    }

    #[inline]
    fn effects(&mut self, _: Ts, engine: &Engine, effects: &Effects) -> Result<(), Infallible> {
        for decision in effects.decisions() {
            self.decisions.count(decision.outcome);
            self.shadows.decision(decision);
        }
        self.fingerprint.add(effects);
        if !effects.is_quiet() {
            self.notable(engine, effects);
        }
        Ok(())
    }
}

/// The deepest drop of equity, in floats: a statistic, not money. Positions count at the worst price of each
/// candle, which the samples of the equity curve cannot show.
pub(crate) struct Drawdown {
    cash: f64,
    /// By instrument: signed quantity times the worth of one price unit.
    worth: Vec<f64>,
    last: Vec<f64>,
    /// Worth of all positions at the last prices, kept up candle by candle and computed anew at each fill.
    sum: f64,
    held: usize,
    peak: f64,
    pub(crate) worst_pct: f64,
}

impl Drawdown {
    pub(crate) fn new(instruments: usize, initial: f64) -> Self {
        Drawdown {
            cash: initial,
            worth: vec![0.0; instruments],
            last: vec![0.0; instruments],
            sum: 0.0,
            held: 0,
            peak: initial,
            worst_pct: 0.0,
        }
    }

    fn refresh(&mut self, engine: &Engine, touched: impl Iterator<Item = InstrumentId>) {
        self.cash = engine.ledger().cash().to_f64();
        for id in touched {
            let Some(position) = engine.position(id) else { continue };
            let Some(instrument) = engine.instruments().nth(id.index()) else { continue };
            let qty = instrument.qty(position.qty).to_f64() * instrument.spec().contract_size.to_f64();
            if let (Some(worth), Some(last)) = (self.worth.get_mut(id.index()), self.last.get_mut(id.index()))
            {
                *worth = qty / instrument.price_divisor();
                *last = engine.last_price(id).get() as f64;
            }
        }
        self.sum = self.worth.iter().zip(&self.last).map(|(worth, last)| worth * last).sum();
        self.held = self.worth.iter().filter(|worth| **worth != 0.0).count();
    }

    /// Takes in a candle that has just closed.
    #[inline]
    pub(crate) fn candle(&mut self, id: InstrumentId, candle: &seawall_model::Candle) {
        if self.held == 0 {
            return;
        }
        let (Some(worth), Some(last)) = (self.worth.get(id.index()), self.last.get_mut(id.index())) else {
            return;
        };
        if *worth == 0.0 {
            return;
        }
        let adverse = if *worth > 0.0 { candle.low } else { candle.high };
        let worst = self.cash + self.sum + worth * (adverse.get() as f64 - *last);
        if self.peak - worst > self.peak * self.worst_pct * 0.01 {
            self.worst_pct = (self.peak - worst) / self.peak * 100.0;
        }
        let close = candle.close.get() as f64;
        self.sum += worth * (close - *last);
        *last = close;
        self.peak = self.peak.max(self.cash + self.sum);
    }
}
