//! What people are told although the engine has no alert of its own for it: entries that never come, orders
//! that are refused again and again, large losses, margin that runs out.
//!
//! Invariants: everything is a function of the engine's steps and their instants, so that the journal gives
//! it again; each finding is told once in its window; what is remembered is bounded.

use std::collections::{BTreeMap, VecDeque};

use seawall_engine::{Effects, Engine};
use seawall_model::{
    Decision, InstrumentId, Money, OrderRole, OrderState, Outcome, Percent, Severity, Span, Ts,
};
use seawall_notify::{Notice, Topic};

/// So many signals without an order are told.
const STARVING_SIGNALS: usize = 10;
const STARVING_WITHIN: Span = Span::from_secs(6 * 3_600);
/// So many decisions to enter an instrument without a fill are told.
const CHURN_WINS: usize = 5;
const CHURN_WITHIN: Span = Span::from_secs(12 * 3_600);
/// So many refused orders are told.
const REFUSED_ORDERS: usize = 3;
const REFUSED_WITHIN: Span = Span::from_secs(300);
/// A trade that loses more of equity is told.
const LOSS_PCT: f64 = 2.0;
/// Maintenance margin of more of equity is told.
const MARGIN_PCT: f64 = 70.0;
/// Margin is looked at so often, and told again after [`MARGIN_AGAIN`] where it stays.
const MARGIN_EVERY: Span = Span::from_secs(60);
const MARGIN_AGAIN: Span = Span::from_secs(3_600);

/// Told of each finding and its instrument.
type Tell<'a> = &'a mut dyn FnMut(Option<InstrumentId>, Notice);

/// The newest of some instants: as many as are counted.
#[derive(Debug, Default)]
struct Recent(VecDeque<Ts>);

impl Recent {
    /// One more; whether `count` of them lie within `span`. They are counted anew then.
    fn reaches(&mut self, at: Ts, count: usize, span: Span) -> bool {
        self.0.push_back(at);
        while self.0.len() > count || self.0.front().is_some_and(|first| at.since(*first) > span) {
            self.0.pop_front();
        }
        let reached = self.0.len() >= count;
        if reached {
            self.0.clear();
        }
        reached
    }
}

/// Watches a run.
#[derive(Debug)]
pub(super) struct Watch {
    buffer_pct: Percent,
    signals: Recent,
    wins: BTreeMap<InstrumentId, Recent>,
    refused: Recent,
    looked_at: Ts,
    margin_told: Option<Ts>,
    buffer_told: Option<Ts>,
}

impl Watch {
    /// Watches with `risk.liquidation_buffer_pct`.
    pub(super) fn new(buffer_pct: Percent) -> Self {
        Watch {
            buffer_pct,
            signals: Recent::default(),
            wins: BTreeMap::new(),
            refused: Recent::default(),
            looked_at: Ts::EPOCH,
            margin_told: None,
            buffer_told: None,
        }
    }

    /// Takes in a step; findings without an instrument's name have `None`.
    pub(super) fn step(&mut self, at: Ts, engine: &Engine, effects: &Effects, tell: Tell<'_>) {
        self.decisions(at, effects.decisions(), tell);
        self.orders(at, effects, tell);
        for trade in &effects.trades {
            if let Some(notice) = engine.equity().and_then(|equity| large_loss(at, trade.pnl, equity)) {
                tell(Some(trade.instrument), notice);
            }
        }
        if at.since(self.looked_at) >= MARGIN_EVERY {
            self.looked_at = at;
            if let Some(margin) = Margin::of(engine) {
                self.margin(at, &margin, tell);
            }
        }
    }

    fn decisions(&mut self, at: Ts, decisions: &[Decision], tell: Tell<'_>) {
        for decision in decisions {
            let entered = decision.outcome == Outcome::Entered;
            if decision.setup.is_some()
                && !entered
                && self.signals.reaches(at, STARVING_SIGNALS, STARVING_WITHIN)
            {
                let detail = format!("{STARVING_SIGNALS} signals within 6 h and no order");
                tell(None, Notice::new(at, Topic::TradeStarvation, Severity::Warning, detail));
            }
            if entered
                && self.wins.entry(decision.instrument).or_default().reaches(at, CHURN_WINS, CHURN_WITHIN)
            {
                let detail = format!("{CHURN_WINS} decisions to enter within 12 h and no fill");
                let notice = Notice::new(at, Topic::WinnerChurn, Severity::Warning, detail);
                tell(Some(decision.instrument), notice);
            }
        }
    }

    fn orders(&mut self, at: Ts, effects: &Effects, tell: Tell<'_>) {
        for order in &effects.orders {
            if order.role == OrderRole::Entry && order.state == OrderState::Intended {
                self.signals = Recent::default();
            }
            if order.state == OrderState::Rejected && self.refused.reaches(at, REFUSED_ORDERS, REFUSED_WITHIN)
            {
                let detail = format!("{REFUSED_ORDERS} orders within 5 min");
                tell(None, Notice::new(at, Topic::OrdersRefused, Severity::Warning, detail));
            }
        }
        for fill in &effects.fills {
            self.wins.remove(&fill.instrument);
        }
    }

    fn margin(&mut self, at: Ts, margin: &Margin, tell: Tell<'_>) {
        let Margin { equity, notional, maintenance } = *margin;
        if notional <= 0.0 {
            (self.margin_told, self.buffer_told) = (None, None);
            return;
        }
        let used = if equity > 0.0 { maintenance / equity * 100.0 } else { f64::INFINITY };
        if due(&mut self.margin_told, used >= MARGIN_PCT, at) {
            let detail = format!("maintenance margin is {used:.0} % of equity; told from {MARGIN_PCT} % on");
            tell(None, Notice::new(at, Topic::MarginHigh, Severity::Critical, detail));
        }
        let (buffer, least) = ((equity - maintenance) / notional * 100.0, self.buffer_pct.to_f64());
        if due(&mut self.buffer_told, buffer <= least, at) {
            let detail = format!(
                "equity above the maintenance margin is {buffer:.2} % of what is held; \
                 risk.liquidation_buffer_pct is {least}"
            );
            tell(None, Notice::new(at, Topic::LiquidationNear, Severity::Critical, detail));
        }
    }
}

/// What is held against what there is, in the settle currency.
struct Margin {
    equity: f64,
    notional: f64,
    maintenance: f64,
}

impl Margin {
    fn of(engine: &Engine) -> Option<Margin> {
        let equity = engine.equity()?.to_f64();
        let (mut notional, mut maintenance) = (0.0, 0.0);
        for instrument in engine.instruments() {
            let held = engine.position(instrument.id()).filter(|held| !held.qty.is_zero());
            let Some(position) = held else { continue };
            let spec = instrument.spec();
            let size = instrument.qty(position.qty).to_f64().abs() * spec.contract_size.to_f64();
            let value = size * instrument.price(engine.last_price(instrument.id())).to_f64();
            let below = |limit: Option<Money>| limit.is_none_or(|limit| value < limit.to_f64());
            let tier = spec.margin_tiers.iter().find(|tier| below(tier.notional_below));
            // Without tiers maintenance is half the initial margin, as the settings of instruments say.
            let rate = tier.map_or_else(
                || 0.5 / spec.leverage_max.to_f64(),
                |tier| tier.maintenance_pct.to_f64() / 100.0,
            );
            notional += value;
            maintenance += value * rate;
        }
        Some(Margin { equity, notional, maintenance })
    }
}

/// Whether something is to be told that `holds` now: when it begins, and after a while again.
fn due(told: &mut Option<Ts>, holds: bool, at: Ts) -> bool {
    if !holds {
        *told = None;
        return false;
    }
    let due = told.is_none_or(|told| at.since(told) >= MARGIN_AGAIN);
    if due {
        *told = Some(at);
    }
    due
}

/// A trade that has lost much.
fn large_loss(at: Ts, pnl: Money, equity: Money) -> Option<Notice> {
    let whole = equity.to_f64();
    let lost = if whole > 0.0 { -pnl.to_f64() / whole * 100.0 } else { 0.0 };
    let detail = format!("{} is {lost:.1} % of equity; told from {LOSS_PCT} % on", pnl.get().round_dp(2));
    (lost >= LOSS_PCT).then(|| Notice::new(at, Topic::LargeLoss, Severity::Warning, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{ClientOrderId, Gate, OrderKind, OrderRef, OrderUpdate, QtyUnits, Setup, Side};

    const HOUR: Span = Span::from_secs(3_600);

    fn start() -> Ts {
        Ts::from_millis(1_767_225_600_000)
    }

    fn watch() -> Watch {
        Watch::new("2".parse().unwrap())
    }

    fn topics(take: impl FnOnce(Tell<'_>)) -> Vec<&'static str> {
        let mut told = Vec::new();
        take(&mut |_, notice| told.push(notice.topic.name()));
        told
    }

    fn decision(outcome: Outcome) -> Decision {
        Decision { outcome, setup: Some(Setup::EmaCross), ..Decision::empty() }
    }

    fn order(role: OrderRole, state: OrderState) -> OrderUpdate {
        OrderUpdate {
            at: start(),
            order: OrderRef { instrument: InstrumentId(0), id: ClientOrderId { run: 1, sequence: 1 } },
            role,
            side: Side::Buy,
            qty: QtyUnits::new(1),
            filled: QtyUnits::ZERO,
            kind: OrderKind::Market,
            reduce_only: false,
            state,
        }
    }

    fn effects(order: OrderUpdate) -> Effects {
        let mut effects = Effects::new();
        effects.orders.push(order);
        effects
    }

    #[test]
    fn trade_starvation_is_told_after_ten_signals_without_an_order_within_six_hours() {
        let refused = [decision(Outcome::Refused(Gate::Score))];
        let tell = |watch: &mut Watch, minutes: i64, count: usize| -> Vec<&'static str> {
            let at =
                |number: usize| start().plus(Span::from_secs(minutes * 60 * i64::try_from(number).unwrap()));
            (1..=count)
                .flat_map(|number| topics(|tell| watch.decisions(at(number), &refused, tell)))
                .collect()
        };
        assert_eq!(tell(&mut watch(), 30, 10), ["trade_starvation"]);
        assert_eq!(tell(&mut watch(), 60, 10), [""; 0], "spread over ten hours");
        assert_eq!(tell(&mut watch(), 1, 19), ["trade_starvation"], "once, then counted anew");
        // An order in between ends the count.
        let mut ordered = watch();
        tell(&mut ordered, 1, 9);
        let placed = effects(order(OrderRole::Entry, OrderState::Intended));
        assert_eq!(topics(|tell| ordered.orders(start(), &placed, tell)), [""; 0]);
        assert_eq!(topics(|tell| ordered.decisions(start().plus(HOUR), &refused, tell)), [""; 0]);
        // What is no signal does not count.
        let quiet = [Decision { setup: None, ..decision(Outcome::Refused(Gate::Signal)) }];
        let mut silent = watch();
        assert!((0..30).all(|_| topics(|tell| silent.decisions(start(), &quiet, tell)).is_empty()));
    }

    #[test]
    fn winner_churn_is_told_after_five_decisions_to_enter_without_a_fill_within_twelve_hours() {
        let entered = [decision(Outcome::Entered)];
        let mut watch = watch();
        let told: Vec<i32> = (1..=10)
            .filter(|number| {
                let at = start().plus(Span::from_secs(3_600 * i64::from(*number)));
                !topics(|tell| watch.decisions(at, &entered, tell)).is_empty()
            })
            .collect();
        assert_eq!(told, [5, 10]);
    }

    #[test]
    fn orders_that_are_refused_three_times_within_five_minutes_are_told() {
        let refused = effects(order(OrderRole::Stop, OrderState::Rejected));
        let mut watch = watch();
        let told: Vec<usize> = [0, 100, 200, 1_000, 1_400, 1_500]
            .into_iter()
            .map(|secs| {
                topics(|tell| watch.orders(start().plus(Span::from_secs(secs)), &refused, tell)).len()
            })
            .collect();
        assert_eq!(told, [0, 0, 1, 0, 0, 0]);
    }

    #[test]
    fn margin_from_seventy_per_cent_on_and_a_small_buffer_are_told_and_again_after_an_hour() {
        let mut watch = watch();
        let mut look = |hours: i64, equity: f64, maintenance: f64| {
            let margin = Margin { equity, notional: 100_000.0, maintenance };
            let at = start().plus(Span::from_secs(hours * 3_600));
            topics(|tell| watch.margin(at, &margin, tell))
        };
        assert_eq!(look(0, 10_000.0, 6_900.0), [""; 0], "69 % and a buffer of 3.1 %");
        assert_eq!(look(0, 10_000.0, 7_000.0), ["margin_high"]);
        assert_eq!(look(0, 9_000.0, 7_000.0), ["liquidation_near"], "2 % are left");
        assert_eq!(look(0, 8_500.0, 7_000.0), [""; 0], "both were told");
        assert_eq!(look(1, 8_500.0, 7_000.0), ["margin_high", "liquidation_near"]);
        assert_eq!(look(1, 20_000.0, 7_000.0), [""; 0]);
        assert_eq!(look(1, 0.0, 7_000.0), ["margin_high", "liquidation_near"]);
    }

    #[test]
    fn a_trade_that_loses_two_per_cent_of_equity_is_told() {
        let told = |pnl: &str, equity: &str| {
            large_loss(start(), pnl.parse().unwrap(), equity.parse().unwrap()).map(|notice| notice.detail)
        };
        assert_eq!(told("-199", "10000"), None);
        assert_eq!(told("-200", "10000").unwrap(), "-200 is 2.0 % of equity; told from 2 % on");
        assert_eq!((told("900", "10000"), told("-1", "0")), (None, None));
    }

    #[test]
    fn as_many_as_are_counted_within_the_window_are_told_once() {
        let at = |secs: i64| Ts::from_millis(1_767_225_600_000 + secs * 1_000);
        let mut recent = Recent::default();
        let reached =
            [0, 100, 301, 350, 360, 400, 410, 420].map(|secs| recent.reaches(at(secs), 3, REFUSED_WITHIN));
        // 0 is out of the window at 301; 100, 301 and 350 are three.
        assert_eq!(reached, [false, false, false, true, false, false, true, false]);
    }

    #[test]
    fn what_stays_is_told_again_after_an_hour_and_at_once_when_it_comes_back() {
        let at = |secs: i64| Ts::from_millis(1_767_225_600_000 + secs * 1_000);
        let mut told = None;
        let tellings = [(true, 0), (true, 60), (true, 3_600), (false, 3_660), (true, 3_720)]
            .map(|(holds, secs)| due(&mut told, holds, at(secs)));
        assert_eq!(tellings, [true, false, true, false, true]);
    }
}
