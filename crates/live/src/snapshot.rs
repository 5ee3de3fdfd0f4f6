//! What readers see of a running engine: a copy, made now and then, complete in itself.

use std::collections::VecDeque;

use seawall_engine::{Effects, Engine};
use seawall_model::{
    Alert, Decision, Instrument, InstrumentName, Money, OrderUpdate, Outcome, Price, Qty, SystemMode, Ts,
    Verdict,
};

const DECISIONS_SHOWN: usize = 8;
const ALERTS_SHOWN: usize = 5;

/// One instrument as shown.
#[derive(Debug, Clone)]
pub struct InstrumentRow {
    /// Its name.
    pub name: InstrumentName,
    /// Last price.
    pub last: Price,
    /// Signed quantity held.
    pub qty: Qty,
    /// Average entry price, if there is a position.
    pub entry: Option<Price>,
    /// Where the stop rests, if there is one.
    pub stop: Option<Price>,
    /// Whether confirmed stops cover the whole position.
    pub protected: bool,
    /// Seconds (on the market's clock) since the stop was last proven at the venue.
    pub proven_s: Option<f64>,
    /// Profit or loss at the last price.
    pub unrealised: Money,
    /// Orders that can act at the venue, in words.
    pub orders: Vec<String>,
}

/// A running engine as shown.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The market's clock.
    pub at: Ts,
    /// Seconds on the wall since the start.
    pub elapsed_s: f64,
    /// Start-up phase.
    pub phase: &'static str,
    /// What keeps new risk away, in words.
    pub blocks: Vec<String>,
    /// Mode.
    pub mode: SystemMode,
    /// Why the kill switch is on, if it is.
    pub kill_switch: Option<&'static str>,
    /// Equity at the last prices.
    pub equity: Money,
    /// Equity at the start.
    pub initial_equity: Money,
    /// Positions opened so far.
    pub positions_opened: u64,
    /// Trades completed so far.
    pub trades_closed: u64,
    /// Longest time without a confirmed stop so far, in seconds.
    pub naked_max_s: f64,
    /// The instruments.
    pub instruments: Vec<InstrumentRow>,
    /// The newest decisions that saw a setup or ended something, in words.
    pub decisions: Vec<String>,
    /// The newest messages, in words.
    pub alerts: Vec<String>,
}

/// Keeps the newest decisions and messages between snapshots.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    decisions: VecDeque<String>,
    alerts: VecDeque<String>,
}

impl Recent {
    pub(crate) fn add(&mut self, engine: &Engine, effects: &Effects) {
        for decision in effects.decisions() {
            let speaks =
                decision.outcome == Outcome::Entered || decision.exit.is_some() || decision.setup.is_some();
            if speaks && let Some(instrument) = engine.instruments().nth(decision.instrument.index()) {
                push(&mut self.decisions, in_words(decision, instrument), DECISIONS_SHOWN);
            }
        }
        for alert in &effects.alerts {
            push(&mut self.alerts, alert_in_words(alert, engine), ALERTS_SHOWN);
        }
    }

    pub(crate) fn decisions(&self) -> Vec<String> {
        self.decisions.iter().cloned().collect()
    }

    pub(crate) fn alerts(&self) -> Vec<String> {
        self.alerts.iter().cloned().collect()
    }
}

fn push(list: &mut VecDeque<String>, line: String, most: usize) {
    if list.len() >= most {
        list.pop_back();
    }
    list.push_front(line);
}

fn in_words(decision: &Decision, instrument: &Instrument) -> String {
    let setup = decision.setup.map_or("", |setup| setup.name());
    let answer = match (decision.outcome, decision.exit) {
        (Outcome::Entered, None) => format!("entered ({setup})"),
        (Outcome::Entered, Some(exit)) => format!("{} then entry ({setup})", exit.name()),
        (Outcome::Refused(_), Some(exit)) => format!("exit: {}", exit.name()),
        (Outcome::Refused(gate), None) => {
            let reading = decision.gates.iter().rfind(|reading| reading.verdict == Verdict::Fail);
            let numbers = reading.map_or(String::new(), |reading| {
                format!(" ({:.4} against {:.4})", reading.measured, reading.threshold)
            });
            format!("{setup} refused by {}{numbers}", gate.name())
        }
    };
    format!("{} {} at {}: {answer}", decision.at, instrument.name(), instrument.price(decision.price))
}

fn alert_in_words(alert: &Alert, engine: &Engine) -> String {
    let name = alert.instrument.and_then(|id| engine.instruments().nth(id.index())).map(Instrument::name);
    let name = name.map(|name| format!(" {name}")).unwrap_or_default();
    format!("{}{name}: {} ({})", alert.at, alert.kind.text(), alert.detail)
}

/// Rows for all instruments.
pub(crate) fn rows(engine: &Engine, at: Ts) -> Vec<InstrumentRow> {
    engine.instruments().map(|instrument| row(engine, instrument, at)).collect()
}

fn row(engine: &Engine, instrument: &Instrument, at: Ts) -> InstrumentRow {
    let id = instrument.id();
    let position = engine.position(id);
    let qty = position.map(|position| position.qty).unwrap_or_default();
    let held = position.filter(|position| !position.qty.is_zero());
    let entry = engine.open_trade(id).and_then(|trade| {
        let size =
            instrument.qty(trade.entry_qty).get().checked_mul(instrument.spec().contract_size.get())?;
        trade
            .entry_value
            .get()
            .checked_div(size)
            .map(|price| Price::new(price.round_dp(instrument.price_scale())))
    });
    InstrumentRow {
        name: instrument.name().clone(),
        last: instrument.price(engine.last_price(id)),
        qty: instrument.qty(qty),
        entry,
        stop: held.and_then(|position| position.stop).map(|stop| instrument.price(stop)),
        protected: held.is_some_and(|position| position.protected),
        proven_s: held
            .and_then(|position| position.proven_at)
            .map(|proven| at.since(proven).secs_f64().max(0.0)),
        unrealised: held.map_or(Money::ZERO, |position| position.unrealised),
        orders: engine.live_orders(id).map(|order| order_in_words(&order, instrument)).collect(),
    }
}

fn order_in_words(order: &OrderUpdate, instrument: &Instrument) -> String {
    let prices = [order.kind.trigger().map(|trigger| trigger.price), order.kind.limit()];
    let price = prices.into_iter().flatten().next().map(|price| format!(" at {}", instrument.price(price)));
    format!(
        "{} {} {}{} [{}]",
        order.role.name(),
        order.side.name(),
        instrument.qty(order.qty),
        price.unwrap_or_default(),
        order.state.name()
    )
}
