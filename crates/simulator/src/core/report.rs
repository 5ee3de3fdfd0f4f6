//! Answers to questions: what the venue's books say at this moment, completely.

use rust_decimal::Decimal;
use seawall_model::{
    Coverage, InstrumentId, Money, OrderKind, OrderRef, QtyUnits, Report, StateSink, Ts, VenueEvent,
    VenueOrder, VenuePosition, VenueRequest,
};

use super::Core;
use super::book::Working;
use super::market::Market;

/// The account as tests and reports see it, without latency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// Initial cash, less the value of what was bought, plus that of what was sold, fees and funding.
    pub cash: Money,
    /// Cash plus all positions at last prices.
    pub equity: Money,
    /// Initial margin of all positions at last prices.
    pub margin_used: Money,
    /// Open positions in the order of instruments.
    pub positions: Vec<VenuePosition>,
}

impl Core {
    /// Answers a question of the account.
    pub(super) fn answer(&mut self, at: Ts, question: &VenueRequest) {
        let event = match question {
            VenueRequest::QueryOpenOrders => VenueEvent::OpenOrders(complete(at, self.open_orders())),
            VenueRequest::QueryPositions => VenueEvent::Positions(complete(at, self.positions())),
            VenueRequest::QueryBalance => {
                VenueEvent::Balance { coverage: Coverage::Complete, amount: self.desk.cash }
            }
            VenueRequest::Place(_)
            | VenueRequest::Amend { .. }
            | VenueRequest::Cancel { .. }
            | VenueRequest::QueryOrder { .. } => return,
        };
        self.desk.answer(at, event);
    }

    /// Answers a question about one order.
    pub(super) fn answer_order(&mut self, at: Ts, order: OrderRef) {
        let working = self
            .markets
            .get(order.instrument.index())
            .and_then(|market| market.orders.iter().find(|working| working.request.order == order));
        let (coverage, row) = match working {
            Some(working) => (Coverage::Complete, Some(working.report(working.live_state()))),
            None => self.desk.history.find(order),
        };
        let report = Report { coverage, taken_at: at, rows: row.into_iter().collect() };
        self.desk.emit(at, order.instrument, VenueEvent::Order { order, report });
    }

    fn open_orders(&self) -> Vec<VenueOrder> {
        let orders = self.markets.iter().flat_map(|market| &market.orders);
        orders.map(|working| working.report(working.live_state())).collect()
    }

    /// The working orders of one instrument.
    pub(crate) fn working(&self, instrument: InstrumentId) -> impl Iterator<Item = VenueOrder> + '_ {
        let orders = self.markets.get(instrument.index()).map(|market| market.orders.as_slice());
        orders.unwrap_or_default().iter().map(|working| working.report(working.live_state()))
    }

    /// The signed quantity held of one instrument.
    pub(crate) fn held(&self, instrument: InstrumentId) -> QtyUnits {
        self.markets.get(instrument.index()).map_or(QtyUnits::ZERO, |market| market.position)
    }

    fn positions(&self) -> Vec<VenuePosition> {
        self.markets.iter().filter(|market| !market.position.is_zero()).map(Market::report_position).collect()
    }

    /// The account at this moment.
    pub(crate) fn account(&self) -> AccountView {
        let mut equity = self.desk.cash;
        let mut margin = Decimal::ZERO;
        for market in self.markets.iter().filter(|market| !market.position.is_zero()) {
            let value = market.instrument.notional(market.last, market.position);
            equity = value.and_then(|value| equity.plus(value)).unwrap_or(equity);
            let own = market.initial_margin(market.last, market.position.abs());
            margin = own.and_then(|own| margin.checked_add(own)).unwrap_or(margin);
        }
        AccountView {
            cash: self.desk.cash,
            equity,
            margin_used: Money::new(margin),
            positions: self.positions(),
        }
    }

    /// Writes the venue's state.
    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.decimal(self.desk.cash.get());
        sink.number(self.desk.orders);
        sink.number(self.desk.fills);
        sink.number(self.desk.stats.liquidations);
        for market in &self.markets {
            sink.number(market.phase as u64);
            sink.signed(market.last.get());
            sink.signed(market.position.get());
            sink.bytes(&market.entry_value.to_le_bytes());
            sink.number(market.orders.len() as u64);
            for order in &market.orders {
                write_order(order, sink);
            }
        }
        sink.number(self.desk.deliveries.len() as u64);
        for delivery in &self.desk.deliveries {
            sink.signed(delivery.at.nanos());
        }
    }
}

fn complete<T>(at: Ts, rows: Vec<T>) -> Report<T> {
    Report { coverage: Coverage::Complete, taken_at: at, rows }
}

fn write_order(order: &Working, sink: &mut dyn StateSink) {
    let OrderKindDigest { kind, trigger, limit } = OrderKindDigest::of(&order.request.kind);
    let flags = u64::from(order.triggered) | u64::from(order.reduces) << 1 | kind << 8;
    sink.number(order.number);
    sink.number(u64::from(order.request.order.id.run) << 32 | u64::from(order.request.order.id.sequence));
    sink.number(flags);
    sink.signed(order.request.side.signed(order.request.qty).get());
    sink.signed(order.filled.get());
    sink.signed(trigger);
    sink.signed(limit);
}

struct OrderKindDigest {
    kind: u64,
    trigger: i64,
    limit: i64,
}

impl OrderKindDigest {
    fn of(kind: &OrderKind) -> Self {
        let number = match kind {
            OrderKind::Market => 0,
            OrderKind::Limit { .. } => 1,
            OrderKind::StopMarket { .. } => 2,
            OrderKind::StopLimit { .. } => 3,
            OrderKind::TakeProfitMarket { .. } => 4,
            OrderKind::TakeProfitLimit { .. } => 5,
        };
        OrderKindDigest {
            kind: number,
            trigger: kind.trigger().map_or(0, |trigger| trigger.price.get()),
            limit: kind.limit().map_or(0, |limit| limit.get()),
        }
    }
}
