//! The session for the account on Kraken spot: orders, executions, balances.
//!
//! Life of a connection: open, token asked for by REST, subscriptions, snapshots, executions of the outage
//! (from the snapshot, else paged back by REST), live. Invariants: rows are partial, so what they leave out
//! is taken from what is known; `filled` follows the last execution and is none; a gap in the sequence of a
//! channel ends the connection; executions are told once.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_model::{
    CancelReason, Coverage, Fill, FillCause, Input, Liquidity, Money, OrderKind, OrderRef, Report, Span,
    TimeInForce, Ts, VenueEvent, VenueId, VenueOrder, VenueRequest,
};

use super::rows::{self, Terms};
use super::stream::{self, BalanceRow, ExecutionRow, Message, channel, subscribe_private};
use super::tables::{REFUSALS, REQUESTED, TRADES_PAGE, currency};
use crate::codec::learn;
use crate::error::VenueError;
use crate::http::Host;
use crate::json::{parse, venue_id};
use crate::market::Market;
use crate::nonce::TokenOwner;
use crate::orders::{Known, OrderIndex};
use crate::outcome::{Failure, Notice};
use crate::query::{AccountState, Answer, Query};
use crate::session::{Backoff, Command, Feed, Link, News, SUBSCRIBE_TIMEOUT, Scope, Seen, Session};

const SILENCE: Span = Span::from_secs(10);
/// Executions that are remembered to tell each once.
const FILLS_SEEN_MAX: usize = 10_000;
/// Pages of executions that are read back after an outage.
const PAGES_MAX: u8 = 10;
/// Executions are read back to this long before the newest one.
const OVERLAP: Span = Span::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No connection.
    Idle,
    /// The token was asked for.
    Token,
    /// Subscriptions were sent.
    Subscribing { executions: bool, snapshot: bool },
    /// Executions of the outage are read back.
    Filling { pages: u8 },
    /// Nothing is missing.
    Live,
}

/// The session.
#[derive(Debug)]
pub struct AccountSession {
    link: Link,
    tokens: TokenOwner,
    stage: Stage,
    stage_since: Ts,
    /// Last number of each channel, and of all of them: the venue's documentation leaves open which counts.
    sequences: BTreeMap<String, u64>,
    sequence: u64,
    seen: Seen<VenueId>,
    since: Ts,
    told_to: Ts,
    gathered: Vec<Fill>,
    balances: BTreeMap<String, Decimal>,
    now: Ts,
}

impl AccountSession {
    /// A session that connects at once. Executions before `since` are never told; `spread` differs between
    /// sessions, see [`Backoff`].
    #[must_use]
    pub fn new(since: Ts, spread: u64) -> Self {
        let backoff = Backoff::new(Span::from_secs(1), Span::from_secs(60), spread);
        AccountSession {
            link: Link::new(Host::PrivateStream, SILENCE, None, backoff),
            tokens: TokenOwner::default(),
            stage: Stage::Idle,
            stage_since: Ts::EPOCH,
            sequences: BTreeMap::new(),
            sequence: 0,
            seen: Seen::new(FILLS_SEEN_MAX),
            since,
            told_to: since,
            gathered: Vec::new(),
            balances: BTreeMap::new(),
            now: Ts::EPOCH,
        }
    }

    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.stage_since = self.now;
    }

    fn forget(&mut self) {
        if self.stage == Stage::Live {
            for feed in [Feed::Orders, Feed::Account] {
                self.link.emit(News::Feed { feed, instrument: None, live: false });
            }
        }
        // A token belongs to the connection that used it.
        self.tokens.forget();
        self.sequences.clear();
        self.sequence = 0;
        self.gathered.clear();
        self.balances.clear();
        self.enter(Stage::Idle);
    }

    fn restart(&mut self, at: Ts) {
        self.forget();
        self.link.give_up(at);
    }

    fn notice(&mut self, notice: Notice) {
        self.link.emit(News::Notice(notice));
    }

    fn say(&mut self, text: &str) {
        self.notice(Notice::Message { text: text.chars().take(200).collect() });
    }

    fn tell(&mut self, event: VenueEvent, orders: &mut OrderIndex) {
        learn(orders, &event);
        self.link.emit(News::Engine(Input::Venue(event)));
    }

    fn on_message(&mut self, message: Message<'_>, scope: &mut Scope<'_>) -> Result<(), VenueError> {
        match message {
            Message::Reply { error: Some(words), .. } => {
                self.say(&words);
                // A token that is refused is no use: a new connection asks for a new one.
                return Err(VenueError::payload("subscription", words));
            }
            Message::Reply { error: None, channel, method, .. } => {
                if method == "subscribe" && channel == channel::EXECUTIONS {
                    if let Stage::Subscribing { executions, .. } = &mut self.stage {
                        *executions = true;
                    }
                    self.advance(scope);
                }
            }
            Message::Data { channel, snapshot, sequence, data } => {
                if !self.is_next(&channel, sequence)? {
                    return Ok(());
                }
                match channel.as_str() {
                    channel::EXECUTIONS => {
                        let rows: Vec<ExecutionRow<'_>> = parse("executions", data.get())?;
                        self.on_executions(&rows, snapshot, scope)?;
                    }
                    channel::BALANCES => {
                        let rows: Vec<BalanceRow<'_>> = parse("balances", data.get())?;
                        self.on_balances(&rows, scope)?;
                    }
                    _ => {}
                }
            }
            Message::Other => {}
        }
        Ok(())
    }

    /// Whether the message is the next one; an old one is left out.
    fn is_next(&mut self, channel: &str, sequence: Option<u64>) -> Result<bool, VenueError> {
        let Some(sequence) = sequence else { return Ok(true) };
        if let Some(last) = self.sequences.get(channel) {
            if sequence <= *last {
                return Ok(false);
            }
            if sequence != last + 1 && sequence != self.sequence + 1 {
                return Err(VenueError::payload("sequence", format!("{sequence} after {last} of {channel}")));
            }
        }
        self.sequences.insert(channel.to_owned(), sequence);
        self.sequence = self.sequence.max(sequence);
        Ok(true)
    }

    /// Goes on once the subscription is acknowledged and has its snapshot.
    fn advance(&mut self, scope: &mut Scope<'_>) {
        if self.stage != (Stage::Subscribing { executions: true, snapshot: true }) {
            return;
        }
        let reaches_back = self.gathered.len() < TRADES_PAGE
            || self.gathered.iter().any(|fill| fill.venue_time <= self.told_to);
        if reaches_back {
            self.go_live(scope);
        } else {
            self.enter(Stage::Filling { pages: 0 });
            let oldest = self.gathered.iter().map(|fill| fill.venue_time).min();
            self.link.push(Command::Ask(Query::Fills { since: self.told_to, before: oldest }));
        }
    }

    fn go_live(&mut self, scope: &mut Scope<'_>) {
        let mut fills = core::mem::take(&mut self.gathered);
        fills.sort_by_key(|fill| fill.venue_time);
        fills.into_iter().for_each(|fill| self.tell_fill(fill, scope.orders));
        self.enter(Stage::Live);
        for feed in [Feed::Orders, Feed::Account] {
            self.link.emit(News::Feed { feed, instrument: None, live: true });
        }
    }

    fn tell_fill(&mut self, fill: Fill, orders: &mut OrderIndex) {
        if fill.venue_time < self.since || !self.seen.is_new(fill.fill_id) {
            return;
        }
        self.told_to = self.told_to.max(fill.venue_time.minus(OVERLAP));
        self.tell(VenueEvent::Filled(fill), orders);
    }

    fn on_executions(
        &mut self,
        rows: &[ExecutionRow<'_>],
        snapshot: bool,
        scope: &mut Scope<'_>,
    ) -> Result<(), VenueError> {
        let mut open = Vec::new();
        for row in rows {
            if row.exec_type == "trade" {
                self.on_trade(row, scope)?;
            } else if snapshot {
                open.extend(self.open_order(row, scope)?);
            } else {
                self.on_order(row, scope)?;
            }
        }
        if snapshot {
            let report = Report { coverage: Coverage::Complete, taken_at: self.now, rows: open };
            self.tell(VenueEvent::OpenOrders(report), scope.orders);
            if let Stage::Subscribing { snapshot, .. } = &mut self.stage {
                *snapshot = true;
            }
            self.advance(scope);
        }
        Ok(())
    }

    fn on_trade(&mut self, row: &ExecutionRow<'_>, scope: &mut Scope<'_>) -> Result<(), VenueError> {
        let order_id = venue_id("order_id", &row.order_id)?;
        let known = scope.orders.resolve(row.cl_ord_id.as_deref(), Some(&order_id)).copied();
        let market = match (row.symbol.as_deref(), known) {
            (Some(symbol), _) => scope.markets.find(symbol),
            (None, Some(known)) => scope.markets.get(known.order.instrument).ok(),
            (None, None) => None,
        };
        let Some(market) = market else {
            let symbol = row.symbol.as_deref().unwrap_or("?").chars().take(40).collect();
            self.notice(Notice::UnmappedInstrument { what: "fill", symbol });
            return Ok(());
        };
        let mut notices = Vec::new();
        let fill = fill(row, market, known.as_ref(), &mut notices)?;
        notices.into_iter().for_each(|notice| self.notice(notice));
        if self.stage == Stage::Live {
            self.tell_fill(fill, scope.orders);
        } else {
            self.gathered.push(fill);
        }
        Ok(())
    }

    /// An order of the snapshot, which states everything about it.
    fn open_order(
        &mut self,
        row: &ExecutionRow<'_>,
        scope: &Scope<'_>,
    ) -> Result<Option<VenueOrder>, VenueError> {
        let symbol = row.symbol.as_deref().unwrap_or_default();
        let Some(market) = scope.markets.find(symbol) else {
            let symbol = symbol.chars().take(40).collect();
            self.notice(Notice::UnmappedInstrument { what: "order", symbol });
            return Ok(None);
        };
        let venue_order_id = venue_id("order_id", &row.order_id)?;
        let known = scope.orders.resolve(row.cl_ord_id.as_deref(), Some(&venue_order_id));
        let Some(kind) = rows::kind(market, terms(row), known)? else {
            let reason = format!("an order of the kind {}", row.order_type.as_deref().unwrap_or("?"));
            self.notice(Notice::UnreadableRow { what: "order", reason });
            return Ok(None);
        };
        let mut notices = Vec::new();
        let status = row.order_status.as_deref().unwrap_or("open");
        let order = VenueOrder {
            instrument: market.id(),
            order: rows::ours(market, row.cl_ord_id.as_deref(), known),
            venue_order_id,
            side: rows::side(row.side.as_deref().unwrap_or_default())?,
            qty: market.qty("order_qty", row.order_qty.need("order_qty")?)?,
            filled: market.qty("cum_qty", row.cum_qty.0.unwrap_or_default())?,
            kind,
            reduce_only: row.reduce_only,
            state: rows::state(status, is_triggered(row), &mut notices),
        };
        notices.into_iter().for_each(|notice| self.notice(notice));
        Ok(Some(order))
    }

    /// A change in an order's life; rows name the order and little else.
    fn on_order(&mut self, row: &ExecutionRow<'_>, scope: &mut Scope<'_>) -> Result<(), VenueError> {
        let venue_order_id = venue_id("order_id", &row.order_id)?;
        let resolved = scope.orders.resolve(row.cl_ord_id.as_deref(), Some(&venue_order_id)).copied();
        let market = row.symbol.as_deref().and_then(|symbol| scope.markets.find(symbol));
        let named = market.and_then(|market| rows::ours(market, row.cl_ord_id.as_deref(), None));
        let Some(order) = resolved.map(|known| known.order).or(named) else { return Ok(()) };
        match &*row.exec_type {
            "pending_new" => {
                scope.orders.learn_id(order.id, crate::orders::IdSpace::Orders, venue_order_id);
            }
            "new" => self.tell(VenueEvent::Accepted { order, venue_order_id }, scope.orders),
            // The executions have told it.
            "filled" | "iceberg_refill" => {}
            "canceled" | "expired" => {
                let event = gone(row, order, resolved.as_ref());
                self.tell(event, scope.orders);
            }
            "amended" | "restated" => self.on_amended(row, order, resolved.as_ref(), scope)?,
            "status" if is_triggered(row) => self.tell(VenueEvent::Triggered { order }, scope.orders),
            "status" => {}
            other => {
                let word = other.chars().take(40).collect();
                self.notice(Notice::UnlistedWord { what: "exec_type", word });
                self.link.push(Command::Request(VenueRequest::QueryOrder { order }));
            }
        }
        Ok(())
    }

    /// Terms that the row leaves out are as they were; where they are not known the order is asked for.
    fn on_amended(
        &mut self,
        row: &ExecutionRow<'_>,
        order: OrderRef,
        known: Option<&Known>,
        scope: &mut Scope<'_>,
    ) -> Result<(), VenueError> {
        let market = scope.markets.get(order.instrument)?;
        let complete = row.order_type.is_some() && row.order_qty.0.is_some();
        let kind = if complete { rows::kind(market, terms(row), known)? } else { None };
        match (kind, row.order_qty.0) {
            (Some(kind), Some(qty)) => {
                let qty = market.qty("order_qty", qty)?;
                self.tell(VenueEvent::Amended { order, qty, kind }, scope.orders);
            }
            (_, _) => self.link.push(Command::Request(VenueRequest::QueryOrder { order })),
        }
        Ok(())
    }

    /// Balances of what can be traded: staked and lent coins are in other wallets.
    fn on_balances(&mut self, rows: &[BalanceRow<'_>], scope: &Scope<'_>) -> Result<(), VenueError> {
        for row in rows {
            let spot = row.wallets.as_deref().and_then(|wallets| wallets.iter().find(|w| w.kind == "spot"));
            if row.wallet_type.as_deref().is_some_and(|kind| kind != "spot") {
                continue;
            }
            let balance = spot.map_or(row.balance, |wallet| wallet.balance).need("balance")?;
            self.balances.insert(currency(&row.asset).to_owned(), balance);
        }
        let settle = scope.markets.iter().next().map(|market| market.instrument.settle());
        let held = settle.and_then(|settle| self.balances.get(settle.code()));
        if let Some(held) = held {
            let balance = Money::new(*held);
            let state =
                AccountState { balance, equity: balance, available: balance, ..AccountState::default() };
            self.link.emit(News::Account(state));
        }
        Ok(())
    }

    fn stage_deadline(&self) -> Option<Ts> {
        match self.stage {
            Stage::Idle | Stage::Live => None,
            Stage::Token | Stage::Subscribing { .. } | Stage::Filling { .. } => {
                Some(self.stage_since.plus(SUBSCRIBE_TIMEOUT))
            }
        }
    }
}

fn is_triggered(row: &ExecutionRow<'_>) -> bool {
    row.triggers.as_ref().and_then(|trigger| trigger.status.as_deref()) == Some("triggered")
}

fn terms<'a>(row: &'a ExecutionRow<'_>) -> Terms<'a> {
    let trigger = row.triggers.as_ref();
    Terms {
        word: row.order_type.as_deref().unwrap_or_default(),
        trigger: trigger.and_then(|trigger| trigger.price.non_zero()).or(row.stop_price.non_zero()),
        limit: row.limit_price.non_zero(),
        signal: trigger.and_then(|trigger| trigger.reference.as_deref()),
        time_in_force: match row.time_in_force.as_deref() {
            Some("IOC" | "ioc") => TimeInForce::ImmediateOrCancel,
            Some(_) | None if row.post_only => TimeInForce::PostOnly,
            Some(_) | None => TimeInForce::GoodTilCancelled,
        },
    }
}

/// What an end without (complete) execution means.
fn gone(row: &ExecutionRow<'_>, order: OrderRef, known: Option<&Known>) -> VenueEvent {
    let words = row.reason.as_deref().unwrap_or_default();
    let nothing_filled = known.is_none_or(|known| known.filled.is_zero());
    if let Some((_, reason)) = REFUSALS.iter().find(|(known, _)| nothing_filled && words.starts_with(known)) {
        return VenueEvent::Rejected { order, reason: *reason };
    }
    let at_once = match known.map(|known| known.kind) {
        Some(OrderKind::Market | OrderKind::Limit { time_in_force: TimeInForce::ImmediateOrCancel, .. }) => {
            true
        }
        Some(
            OrderKind::Limit { .. }
            | OrderKind::StopMarket { .. }
            | OrderKind::StopLimit { .. }
            | OrderKind::TakeProfitMarket { .. }
            | OrderKind::TakeProfitLimit { .. },
        )
        | None => false,
    };
    let reason = if REQUESTED.contains(&words) {
        CancelReason::Requested
    } else if at_once {
        CancelReason::ImmediateOrCancel
    } else {
        CancelReason::Venue
    };
    VenueEvent::Cancelled { order, reason }
}

fn fill(
    row: &ExecutionRow<'_>,
    market: &Market,
    known: Option<&Known>,
    notices: &mut Vec<Notice>,
) -> Result<Fill, VenueError> {
    let id = row.exec_id.as_deref().unwrap_or_default();
    let side = match row.side.as_deref() {
        Some(word) => rows::side(word)?,
        None => return Err(VenueError::payload("fill", "no side")),
    };
    let price = row.last_price.need("last_price")?;
    let fees: Result<Vec<(String, Decimal)>, VenueError> =
        row.fees.iter().map(|fee| Ok((fee.asset.to_string(), fee.qty.need("fee")?))).collect();
    Ok(Fill {
        instrument: market.id(),
        order: rows::ours(market, row.cl_ord_id.as_deref(), known),
        fill_id: venue_id("exec_id", id)?,
        side,
        qty: market.qty("last_qty", row.last_qty.need("last_qty")?)?,
        price: rows::fill_price(market, row.last_price)?,
        fee: rows::fee(market, &fees?, price, id, notices),
        liquidity: if row.liquidity_ind.as_deref() == Some("m") {
            Liquidity::Maker
        } else {
            Liquidity::Taker
        },
        cause: FillCause::Order,
        venue_time: row.timestamp.0.ok_or_else(|| VenueError::payload("fill", "no time"))?,
    })
}

impl Session for AccountSession {
    fn on_open(&mut self, at: Ts) {
        self.now = at;
        self.link.opened(at);
        self.enter(Stage::Token);
        if self.tokens.must_ask(at) {
            self.link.push(Command::Ask(Query::StreamToken));
        }
    }

    fn on_text(&mut self, at: Ts, text: &str, scope: &mut Scope<'_>) {
        if !self.link.is_open() {
            return;
        }
        self.now = at;
        self.link.heard(at);
        let done = stream::read(text).and_then(|message| self.on_message(message, scope));
        if let Err(error) = done {
            self.say(&error.to_string());
            self.restart(at);
        }
        if self.link.is_overrun() {
            self.restart(at);
        }
    }

    fn on_pong(&mut self, at: Ts) {
        self.link.heard(at);
    }

    fn on_closed(&mut self, at: Ts) {
        self.now = at;
        self.forget();
        self.link.closed(at);
    }

    fn on_answer(&mut self, at: Ts, query: &Query, answer: Result<Answer, Failure>, scope: &mut Scope<'_>) {
        self.now = at;
        match (query, answer) {
            (Query::StreamToken, Ok(Answer::StreamToken { token, valid_s })) => {
                self.tokens.received(at, token, valid_s);
                let Some(token) = self.tokens.get(at).filter(|_| self.stage == Stage::Token) else { return };
                let snapshots = r#","snap_orders":true,"snap_trades":true"#;
                let texts = [
                    subscribe_private(channel::EXECUTIONS, token.expose(), snapshots, 1),
                    subscribe_private(channel::BALANCES, token.expose(), r#","snapshot":true"#, 2),
                ];
                texts.into_iter().for_each(|text| self.link.send(text));
                self.enter(Stage::Subscribing { executions: false, snapshot: false });
            }
            (Query::StreamToken, _) => {
                self.tokens.failed();
                if self.stage == Stage::Token {
                    self.restart(at);
                }
            }
            (Query::Fills { .. }, Ok(Answer::Fills { report, notices })) => {
                notices.into_iter().for_each(|notice| self.notice(notice));
                self.on_page(at, report, scope);
            }
            (_, _) => {
                if matches!(self.stage, Stage::Filling { .. }) {
                    self.restart(at);
                }
            }
        }
    }

    fn on_time(&mut self, at: Ts, _: &mut Scope<'_>) {
        self.now = at;
        let late = self.stage_deadline().is_some_and(|due| at >= due);
        if self.link.on_time(at) || late {
            self.restart(at);
        }
    }

    fn next_deadline(&self) -> Option<Ts> {
        [Some(self.link.deadline()), self.stage_deadline()].into_iter().flatten().min()
    }

    fn command(&mut self) -> Option<Command> {
        self.link.take()
    }

    fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }
}

impl AccountSession {
    /// A page of the executions of an outage.
    fn on_page(&mut self, at: Ts, report: Report<Fill>, scope: &mut Scope<'_>) {
        let Stage::Filling { pages } = self.stage else {
            report.rows.into_iter().for_each(|fill| self.tell_fill(fill, scope.orders));
            return;
        };
        let from = match report.coverage {
            Coverage::Window { from, .. } => from,
            Coverage::Complete => self.told_to,
            Coverage::Failed => return self.restart(at),
        };
        self.gathered.extend(report.rows);
        if from <= self.told_to {
            self.go_live(scope);
        } else if pages + 1 >= PAGES_MAX {
            self.notice(Notice::Missing { what: "executions", from: self.told_to, to: from });
            self.link.push(Command::Request(VenueRequest::QueryPositions));
            self.go_live(scope);
        } else {
            self.enter(Stage::Filling { pages: pages + 1 });
            self.link.push(Command::Ask(Query::Fills { since: self.told_to, before: Some(from) }));
        }
    }
}
