//! The session for the account on Kraken Futures: orders, executions, positions, balances, funding.
//!
//! Life of a connection: open, challenge, signed subscriptions, snapshots, executions of the outage (from the
//! snapshot, else paged back by REST), live. Invariants: executions are told once, oldest first within a
//! message; `full_fill` takes an order off the list and is not a cancellation; a reason that is not on the
//! list proves nothing, so the order is asked for by name; what came before `since` is never told.

use seawall_model::{
    CancelReason, ClientOrderId, Coverage, Fill, Input, Money, OrderRef, Report, Side, Span, Ts, VenueEvent,
    VenueId, VenueOrder, VenueRequest,
};

use super::answers::account;
use super::rows::{self, Row};
use super::sign::signed_challenge;
use super::stream::{
    self, LogRow, Message, OrderDelta, OrderRow, StreamPosition, challenge, feed, subscribe,
    subscribe_private,
};
use super::tables::{FILLS_PAGE, Gone, gone};
use super::wire::FillRow;
use crate::codec::{Tables, learn};
use crate::error::VenueError;
use crate::http::Host;
use crate::json::{Text, venue_id};
use crate::market::{Market, Markets};
use crate::orders::OrderIndex;
use crate::outcome::{Failure, Notice};
use crate::query::{Answer, PositionDetail, Query};
use crate::secret::Credentials;
use crate::session::{Backoff, Command, Feed, Link, News, SUBSCRIBE_TIMEOUT, Scope, Seen, Session};

const SILENCE: Span = Span::from_secs(15);
const PING_EVERY: Span = Span::from_secs(30);
/// Executions that are remembered to tell each once.
const FILLS_SEEN_MAX: usize = 10_000;
/// Pages of executions that are read back after an outage.
const PAGES_MAX: u8 = 10;
/// Executions are read back to this long before the newest one.
const OVERLAP: Span = Span::from_secs(60);
/// An order that left the list as filled must have shown its executions after this.
const FILL_PATIENCE: Span = Span::from_secs(2);

/// The feeds, and whether the session is blind without one.
const FEEDS: [(&str, bool); 6] = [
    (feed::ORDERS, true),
    (feed::FILLS, true),
    (feed::POSITIONS, false),
    (feed::BALANCES, false),
    (feed::ACCOUNT_LOG, false),
    (feed::NOTIFICATIONS, false),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No connection, or no challenge sent yet.
    Idle,
    /// The challenge was asked for.
    Challenged,
    /// Subscriptions were sent.
    Subscribing { acknowledged: [bool; FEEDS.len()], orders: bool, fills: bool },
    /// Executions of the outage are read back.
    Filling { pages: u8 },
    /// Nothing is missing.
    Live,
}

/// The session.
#[derive(Debug)]
pub struct AccountSession {
    link: Link,
    credentials: Credentials,
    stage: Stage,
    stage_since: Ts,
    seen: Seen<VenueId>,
    /// Executions before this are known from elsewhere.
    since: Ts,
    /// Up to here executions were told: after an outage they are read back to this.
    told_to: Ts,
    /// Executions that were read back, until the last page is there.
    gathered: Vec<Fill>,
    /// Newest booking that was told.
    log_seen: Option<u64>,
    /// When executions are asked for, because an order filled and they did not come.
    fills_due: Option<(Ts, ClientOrderId)>,
    now: Ts,
}

impl AccountSession {
    /// A session that connects at once. Executions before `since` are never told; `spread` differs between
    /// sessions, see [`Backoff`].
    #[must_use]
    pub fn new(credentials: Credentials, since: Ts, spread: u64) -> Self {
        let backoff = Backoff::new(Span::from_secs(1), Span::from_secs(60), spread);
        AccountSession {
            link: Link::new(Host::PrivateStream, SILENCE, Some(PING_EVERY), backoff),
            credentials,
            stage: Stage::Idle,
            stage_since: Ts::EPOCH,
            seen: Seen::new(FILLS_SEEN_MAX),
            since,
            told_to: since,
            gathered: Vec::new(),
            log_seen: None,
            fills_due: None,
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
        self.gathered.clear();
        self.fills_due = None;
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
            Message::Challenge(text) => self.on_challenge(&text),
            Message::Subscribed { feed, .. } => self.acknowledged(&feed, scope),
            Message::SubscribeFailed { feed } => self.say(&format!("subscription to {feed} refused")),
            Message::Error(text) | Message::Alert(text) => self.say(&text),
            Message::OrdersSnapshot(rows) => self.on_orders(&rows, scope)?,
            Message::OrderDelta(delta) => self.on_order(&delta, scope)?,
            Message::Fills { rows, snapshot } => self.on_fills(&rows, snapshot, scope)?,
            Message::Positions(rows) => self.on_positions(&rows, scope.markets)?,
            Message::Balances(Some(flex)) => self.link.emit(News::Account(account(&flex)?)),
            Message::Log(rows) => self.on_log(rows, scope)?,
            Message::Notifications(texts) => texts.iter().for_each(|text| self.say(text)),
            Message::Info
            | Message::Heartbeat
            | Message::Unsubscribed
            | Message::Ticker(_)
            | Message::BookSnapshot(_)
            | Message::BookDelta(_)
            | Message::Balances(None)
            | Message::Other => {}
        }
        Ok(())
    }

    fn on_challenge(&mut self, text: &str) {
        if self.stage != Stage::Challenged {
            return;
        }
        let signed = signed_challenge(&self.credentials.secret, text);
        self.link.send(subscribe("subscribe", feed::HEARTBEAT, &[]));
        for (name, _) in FEEDS {
            self.link.send(subscribe_private(name, &self.credentials.key, text, &signed));
        }
        self.enter(Stage::Subscribing { acknowledged: [false; FEEDS.len()], orders: false, fills: false });
    }

    fn acknowledged(&mut self, feed: &str, scope: &mut Scope<'_>) {
        // The acknowledgement of the verbose feed was seen under the name of the plain one.
        let same = |name: &str| name == feed || (name == feed::ORDERS && feed == "open_orders");
        if let Stage::Subscribing { acknowledged, .. } = &mut self.stage {
            for ((name, _), done) in FEEDS.iter().zip(acknowledged) {
                *done |= same(name);
            }
        }
        self.advance(scope);
    }

    /// Goes on once everything that the session is blind without is acknowledged and has its snapshot.
    fn advance(&mut self, scope: &mut Scope<'_>) {
        let Stage::Subscribing { acknowledged, orders: true, fills: true } = self.stage else { return };
        let ready = FEEDS.iter().zip(acknowledged).all(|((_, needed), done)| done || !needed);
        if !ready {
            return;
        }
        let reaches_back = self.gathered.len() < FILLS_PAGE
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
        for fill in fills {
            self.tell_fill(fill, scope.orders);
        }
        self.enter(Stage::Live);
        for feed in [Feed::Orders, Feed::Account] {
            self.link.emit(News::Feed { feed, instrument: None, live: true });
        }
    }

    fn tell_fill(&mut self, fill: Fill, orders: &mut OrderIndex) {
        if fill.venue_time < self.since || !self.seen.is_new(fill.fill_id) {
            return;
        }
        // Executions of one instant may come in any order: the overlap is read twice and told once.
        self.told_to = self.told_to.max(fill.venue_time.minus(OVERLAP));
        self.tell(VenueEvent::Filled(fill), orders);
    }

    fn on_fills(
        &mut self,
        rows: &[FillRow<'_>],
        snapshot: bool,
        scope: &mut Scope<'_>,
    ) -> Result<(), VenueError> {
        let mut notices = Vec::new();
        let mut fills = Vec::with_capacity(rows.len());
        for row in rows {
            match rows::fill(row, scope.markets, scope.orders, &mut notices)? {
                Row::Ours(fill) => fills.push(fill),
                Row::Elsewhere(notice) => notices.push(notice),
            }
        }
        fills.sort_by_key(|fill| fill.venue_time);
        let new = |fill: &Fill| fill.venue_time >= self.since && !self.seen.contains(&fill.fill_id);
        if fills.iter().any(new) {
            notices.into_iter().for_each(|notice| self.notice(notice));
        }
        if snapshot && let Stage::Subscribing { fills, .. } = &mut self.stage {
            *fills = true;
        }
        if self.stage == Stage::Live {
            fills.into_iter().for_each(|fill| self.tell_fill(fill, scope.orders));
        } else {
            self.gathered.extend(fills);
        }
        self.advance(scope);
        Ok(())
    }

    /// The list of open orders is a complete picture: the engine compares it, and what is missing in it is
    /// asked for by name there.
    fn on_orders(&mut self, rows: &[OrderRow<'_>], scope: &mut Scope<'_>) -> Result<(), VenueError> {
        let mut open = Vec::with_capacity(rows.len());
        for row in rows {
            match order_row(row, scope)? {
                Row::Ours(order) => open.push(order),
                Row::Elsewhere(notice) => self.notice(notice),
            }
        }
        let report = Report { coverage: Coverage::Complete, taken_at: self.now, rows: open };
        self.tell(VenueEvent::OpenOrders(report), scope.orders);
        if let Stage::Subscribing { orders, .. } = &mut self.stage {
            *orders = true;
        }
        self.advance(scope);
        Ok(())
    }

    fn on_order(&mut self, delta: &OrderDelta<'_>, scope: &mut Scope<'_>) -> Result<(), VenueError> {
        let row = match &delta.order {
            Some(row) => match order_row(row, scope)? {
                Row::Ours(order) => Some(order),
                Row::Elsewhere(notice) => {
                    self.notice(notice);
                    return Ok(());
                }
            },
            None => None,
        };
        let named = delta.order_id.as_deref().map(|id| venue_id("order_id", id)).transpose()?;
        let known = scope.orders.resolve(delta.cli_ord_id.as_deref(), named.as_ref());
        let Some(order) = row.as_ref().and_then(|row| row.order).or(known.map(|known| known.order)) else {
            return Ok(());
        };
        // The venue tells failed attempts as well, and one to place an order again bears our name and another
        // id: it says nothing about the order that works.
        let own = scope.orders.get(order.id).and_then(|known| known.venue_id);
        if let (Some((_, own)), Some(named)) = (own, named)
            && own != named
        {
            return Ok(());
        }
        let word = delta.reason.as_deref().unwrap_or_default();
        if !delta.is_cancel {
            if let Some(row) = row {
                self.on_change(&row, order, word, scope.orders);
            }
            return Ok(());
        }
        self.on_gone(order, word, row.is_none_or(|row| row.qty > row.filled), scope.orders);
        Ok(())
    }

    /// An order was placed, changed or partly filled. Fills come from executions alone.
    fn on_change(&mut self, row: &VenueOrder, order: OrderRef, word: &str, orders: &mut OrderIndex) {
        let accepted = VenueEvent::Accepted { order, venue_order_id: row.venue_order_id };
        match (gone(word), word) {
            (_, "edited_by_user") => {
                self.tell(VenueEvent::Amended { order, qty: row.qty, kind: row.kind }, orders);
            }
            (_, "limit_order_from_stop") => self.tell(VenueEvent::Triggered { order }, orders),
            (Some(Gone::Not), "new_placed_order_by_user") => self.tell(accepted, orders),
            (Some(_), _) => {}
            (None, _) => {
                self.notice(Notice::UnlistedWord { what: "reason", word: word.chars().take(60).collect() });
                self.ask(order);
            }
        }
    }

    fn ask(&mut self, order: OrderRef) {
        self.link.push(Command::Request(VenueRequest::QueryOrder { order }));
    }

    fn on_gone(&mut self, order: OrderRef, word: &str, is_open: bool, orders: &mut OrderIndex) {
        let cancelled = |reason| VenueEvent::Cancelled { order, reason };
        match gone(word) {
            Some(Gone::Filled) => {
                let complete = orders.get(order.id).is_none_or(|known| known.filled >= known.qty);
                if !complete {
                    self.fills_due = Some((self.now.plus(FILL_PATIENCE), order.id));
                }
            }
            Some(Gone::Triggered) => self.tell(VenueEvent::Triggered { order }, orders),
            Some(Gone::Requested) => self.tell(cancelled(CancelReason::Requested), orders),
            Some(Gone::ImmediateOrCancel) => self.tell(cancelled(CancelReason::ImmediateOrCancel), orders),
            Some(Gone::NothingToReduce) => self.tell(cancelled(CancelReason::NothingToReduce), orders),
            Some(Gone::Venue) => self.tell(cancelled(CancelReason::Venue), orders),
            Some(Gone::Rejected(reason)) => self.tell(VenueEvent::Rejected { order, reason }, orders),
            Some(Gone::Not) | None => {
                if is_open {
                    self.notice(Notice::UnlistedWord {
                        what: "reason",
                        word: word.chars().take(60).collect(),
                    });
                }
                self.ask(order);
            }
        }
    }

    fn on_positions(&mut self, rows: &[StreamPosition<'_>], markets: &Markets) -> Result<(), VenueError> {
        let ours = rows.iter().filter_map(|row| Some((row, markets.find(&row.instrument)?)));
        let details = ours.map(|(row, market)| position(row, market)).collect::<Result<Vec<_>, _>>()?;
        self.link.emit(News::Positions(details));
        Ok(())
    }

    /// Each booking is told once. The first log of the process only sets the mark: what was booked before is
    /// in the balance already.
    fn on_log(&mut self, mut rows: Vec<LogRow<'_>>, scope: &mut Scope<'_>) -> Result<(), VenueError> {
        rows.sort_by_key(|row| row.id);
        let newest = rows.last().map(|row| row.id);
        if let Some(seen) = self.log_seen {
            for row in rows.iter().filter(|row| row.id > seen) {
                if let Some(booking) = rows::booking(row, scope.markets, self.now)? {
                    self.tell(VenueEvent::Booked(booking), scope.orders);
                }
            }
        }
        self.log_seen = self.log_seen.max(newest).or(Some(0));
        Ok(())
    }

    fn stage_deadline(&self) -> Option<Ts> {
        match self.stage {
            Stage::Idle | Stage::Live => None,
            Stage::Challenged | Stage::Subscribing { .. } | Stage::Filling { .. } => {
                Some(self.stage_since.plus(SUBSCRIBE_TIMEOUT))
            }
        }
    }
}

/// An order of the stream in the words of the list.
fn order_row(row: &OrderRow<'_>, scope: &Scope<'_>) -> Result<Row<VenueOrder>, VenueError> {
    let listed = super::wire::OpenOrderRow {
        order_id: Text::Borrowed(&row.order_id),
        cli_ord_id: row.cli_ord_id.as_deref().map(Text::Borrowed),
        symbol: Text::Borrowed(&row.instrument),
        side: Text::Borrowed(if row.direction == 0 { Side::Buy } else { Side::Sell }.name()),
        order_type: Text::Borrowed(&row.kind),
        limit_price: row.limit_price,
        stop_price: row.stop_price,
        unfilled_size: row.qty,
        filled_size: row.filled,
        status: Text::Borrowed("untouched"),
        reduce_only: row.reduce_only,
        trigger_signal: row.trigger_signal.as_deref().map(Text::Borrowed),
    };
    if row.direction > 1 {
        return Err(VenueError::payload("direction", row.direction));
    }
    let tables = Tables { markets: scope.markets, orders: scope.orders };
    let mut notices = Vec::new();
    rows::open_order(&listed, tables, &mut notices)
}

fn position(row: &StreamPosition<'_>, market: &Market) -> Result<PositionDetail, VenueError> {
    let near = |what: &'static str, value: crate::json::Exact| {
        value.non_zero().map(|price| market.nearest_price(what, price)).transpose()
    };
    Ok(PositionDetail {
        instrument: market.id(),
        qty: market.qty("balance", row.balance.need("balance")?)?,
        entry_price: market.nearest_price("entry_price", row.entry_price.need("entry_price")?)?,
        mark: near("mark_price", row.mark_price)?,
        unrealized_pnl: row.pnl.0.map(Money::new),
        liquidation_price: near("liquidation_threshold", row.liquidation_threshold)?,
        maintenance_margin: row.maintenance_margin.0.map(Money::new),
        leverage: row.effective_leverage.0.map(seawall_model::Ratio::new),
    })
}

impl Session for AccountSession {
    fn on_open(&mut self, at: Ts) {
        self.now = at;
        self.link.opened(at);
        self.link.send(challenge(&self.credentials.key));
        self.enter(Stage::Challenged);
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
        let (Query::Fills { .. }, Ok(Answer::Fills { report, notices })) = (query, answer) else {
            // Without the executions of the outage the feed is not live: begin again.
            if matches!(self.stage, Stage::Filling { .. }) {
                self.restart(at);
            }
            return;
        };
        notices.into_iter().for_each(|notice| self.notice(notice));
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
            // The positions tell what these executions did.
            self.notice(Notice::Missing { what: "executions", from: self.told_to, to: from });
            self.link.push(Command::Request(VenueRequest::QueryPositions));
            self.go_live(scope);
        } else {
            self.enter(Stage::Filling { pages: pages + 1 });
            self.link.push(Command::Ask(Query::Fills { since: self.told_to, before: Some(from) }));
        }
    }

    fn on_time(&mut self, at: Ts, scope: &mut Scope<'_>) {
        self.now = at;
        if let Some((_, id)) = self.fills_due.filter(|(due, _)| at >= *due) {
            self.fills_due = None;
            if scope.orders.get(id).is_some_and(|known| known.filled < known.qty) {
                self.link.push(Command::Ask(Query::Fills { since: self.told_to, before: None }));
            }
        }
        let late = self.stage_deadline().is_some_and(|due| at >= due);
        if self.link.on_time(at) || late {
            self.restart(at);
        }
    }

    fn next_deadline(&self) -> Option<Ts> {
        let due = self.fills_due.map(|(due, _)| due);
        [Some(self.link.deadline()), self.stage_deadline(), due].into_iter().flatten().min()
    }

    fn command(&mut self) -> Option<Command> {
        self.link.take()
    }

    fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }
}
