//! Books against venue: every difference has a name and a policy, and nothing is concluded from a failed or
//! stale report.
//!
//! Policies: a position whose size differs is first asked for again and then taken over from the venue, with
//! a stop; an order missing at the venue is asked for by name; an order of ours that the books don't know is
//! cancelled unless it may protect; a foreign order is reported and left alone. `reconcile` in the settings
//! has those that the operator can choose. Nothing is cancelled or closed on anything but a complete report.

use rust_decimal::Decimal;
use seawall_model::{
    AlertKind, ClientOrderId, Coverage, ExitReason, Fill, FillCause, Liquidity, Money, OrderRef, OrderRole,
    OrderState, PriceUnits, QtyUnits, Report, Severity, Side, Span, Ts, VenueId, VenueOrder, VenuePosition,
    VenueRequest,
};

use crate::answers::{ask as ask_order, end_spent, on_row};
use crate::desk::{Desk, Difference};
use crate::effects::Effects;
use crate::exits::close;
use crate::fills::{average_entry, count};
use crate::gateway::alert;
use crate::ledger::Account;
use crate::mutant::Mutant;
use crate::phase::Phase;
use crate::protection;
use crate::shared::{Drift, ReportsSeen, Shared};
use crate::truth::blocks::is_held;
use crate::truth::queries::{ReportKind, ask_for, hear};
use crate::truth::settings::{OrphanPolicy, PositionPolicy};
use crate::universe::hooks::end_forbidden;

const ASK_AGAIN: Span = Span::from_secs(1);
/// A balance says nothing of when it was true: one that differs is asked for again after this, longer than a
/// venue's replicas are behind.
const BALANCE_AGAIN: Span = Span::from_secs(10);
/// A picture of positions from so long after a balance was asked for has every execution in it that the
/// balance had: as much as clocks differ, and less than [`BALANCE_AGAIN`].
const PICTURED_AFTER: Span = Span::from_secs(5);
/// A second picture of what one picture does not prove.
pub(crate) const ASK_SOON: Span = Span::from_millis(200);
/// How often everything is compared while the engine is not ready, or the stream is lost.
const LOOK_AGAIN: Span = Span::from_secs(5);

/// Begins (again) to compare with the venue: asks for orders, positions and balance.
pub(crate) fn begin(shared: &mut Shared, at: Ts, effects: &mut Effects) {
    shared.phase = Phase::Reconciling;
    shared.reports = ReportsSeen::default();
    shared.truth.queries.begin();
    ask(shared, at, effects);
}

/// Asks for what has not come in yet, and says when that is due again.
pub(crate) fn ask(shared: &mut Shared, at: Ts, effects: &mut Effects) {
    shared.truth.unreconciled_since.get_or_insert(at);
    shared.query_at = Ts::FAR_FUTURE;
    for kind in ReportKind::ALL {
        if !shared.reports.has(kind) {
            let due = ask_for(shared, at, kind, effects);
            shared.query_at = shared.query_at.min(due);
        }
    }
}

/// Ready once all three reports were complete, no difference is open and every position is protected.
pub(crate) fn finish(desks: &[Desk], shared: &mut Shared, at: Ts, effects: &mut Effects) {
    if !shared.reports.all() {
        return;
    }
    match shared.phase {
        Phase::Starting => {}
        Phase::Reconciling if is_held(desks, shared) => {
            // All is known and something is amiss: it is looked at again soon.
            shared.query_at = shared.query_at.min(at.plus(LOOK_AGAIN));
        }
        Phase::Reconciling => {
            shared.phase = Phase::Ready;
            if shared.truth.told_unready > 0 {
                alert(effects, at, Severity::Info, AlertKind::NotReady, None, "ready again");
            }
            shared.truth.agreed();
            shared.query_at = next_comparison(shared, at);
        }
        Phase::Ready => {
            let next = next_comparison(shared, at);
            if desks.iter().all(|desk| desk.difference.is_none()) {
                shared.truth.agreed();
                shared.query_at = next;
            } else {
                // A difference may be settled without another report, and the schedule goes on all the same.
                shared.query_at = shared.query_at.min(next);
            }
        }
    }
}

/// A venue that pushes every change without loss needs no asking. Any other is asked so long after it was
/// asked before, however often a difference was settled meanwhile.
fn next_comparison(shared: &Shared, at: Ts) -> Ts {
    if shared.capabilities.lossless_order_stream {
        Ts::FAR_FUTURE
    } else {
        shared.asked_at.plus(shared.protection.prove_interval()).max(at)
    }
}

/// The time to compare has come: positions only while a difference about them is open, else everything.
pub(crate) fn on_time(desks: &[Desk], shared: &mut Shared, at: Ts, effects: &mut Effects) {
    let about_position = desks.iter().any(|desk| desk.difference.is_some_and(Difference::is_about_position));
    if about_position && shared.phase == Phase::Ready {
        let due = ask_for(shared, at, ReportKind::Positions, effects);
        shared.query_at = due.min(at.plus(ASK_AGAIN)).max(at.plus(ASK_SOON));
        return;
    }
    if shared.reports.all() {
        shared.reports = ReportsSeen::default();
    }
    // Seen before the difference came up, they do not settle it.
    shared.reports.positions &= !about_position;
    ask(shared, at, effects);
    if about_position {
        shared.query_at = shared.query_at.min(at.plus(ASK_AGAIN));
    }
}

/// Positions: the venue is the truth, once it has said the same thing twice or while nothing is in flight.
pub(crate) fn on_positions(
    desks: &mut [Desk],
    shared: &mut Shared,
    at: Ts,
    report: &Report<VenuePosition>,
    effects: &mut Effects,
) {
    if !hear(shared, at, ReportKind::Positions, report.coverage, effects) {
        return;
    }
    shared.truth.elsewhere.pictured(report.taken_at);
    let taken_at = if Mutant::LocalClockTrusted.is_on() { at } else { report.taken_at };
    let mut all_agree = true;
    for desk in desks.iter_mut() {
        // A picture from before our last execution, or before another picture, says nothing about now.
        if taken_at < desk.newest_fill || taken_at < desk.pictured_at {
            all_agree = false;
            shared.query_at = shared.query_at.min(at.plus(ASK_AGAIN));
            continue;
        }
        let row = report.rows.iter().find(|row| row.instrument == desk.instrument.id());
        all_agree &= compare(desk, shared, at, row, taken_at, effects);
    }
    shared.reports.positions |= all_agree;
    if let Some(drift) = &mut shared.drift {
        drift.pictured |= all_agree && taken_at >= drift.first_asked.plus(PICTURED_AFTER);
    }
    // A balance that came before them could not be read yet.
    let overtaken = shared.phase == Phase::Reconciling && all_agree && !shared.reports.balance;
    if overtaken && !shared.truth.queries.of(ReportKind::Balance).is_out() {
        shared.query_at = at;
    }
}

/// Compares one position; says whether venue and books agree afterwards.
fn compare(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    row: Option<&VenuePosition>,
    taken_at: Ts,
    effects: &mut Effects,
) -> bool {
    let id = desk.instrument.id();
    let stated = row.map_or(QtyUnits::ZERO, |row| row.qty);
    if stated == desk.position.qty() {
        if desk.difference.is_some_and(Difference::is_about_position) {
            settle(desk);
        }
        protection::position_confirmed(desk, shared, at, effects);
        end_spent(desk, shared, at, taken_at, effects);
        // The second complete report that shows it, from after the one that it was taken over from.
        if desk.foreign.policy == Some(PositionPolicy::Flatten) && taken_at > desk.pictured_at {
            close(desk, shared, at, ExitReason::Flatten, effects);
        }
        return true;
    }
    let in_flight = desk.orders.live().any(|order| order.state != OrderState::Open);
    let (seen, repeated) = match desk.difference {
        Some(Difference::SizeMismatch { stated: before, taken_at: earlier }) => {
            (before == stated, before == stated && taken_at > earlier)
        }
        Some(Difference::MissingFills | Difference::UnknownOrder) | None => (false, false),
    };
    let price = row.map_or(desk.last, |row| row.entry_price);
    let priced = price > PriceUnits::ZERO || desk.last > PriceUnits::ZERO;
    // What the books hold and the venue does not say is looked at twice, also at the start.
    let gone = stated.abs() < desk.position.qty().abs();
    if priced && (repeated || (shared.phase == Phase::Reconciling && !in_flight && !gone)) {
        take_over(desk, shared, at, Taken { stated, price, taken_at }, effects);
        settle(desk);
        if desk.foreign.policy == Some(PositionPolicy::Flatten) {
            shared.query_at = shared.query_at.min(at.plus(ASK_AGAIN));
            return false;
        }
        return true;
    }
    if !seen {
        let books = desk.instrument.qty(desk.position.qty());
        let detail = format!("venue {}, books {books}", desk.instrument.qty(stated));
        let kind = if stated.is_zero() { AlertKind::Ghost } else { AlertKind::SizeMismatch };
        alert(effects, at, Severity::Critical, kind, Some(id), detail);
        desk.difference = Some(Difference::SizeMismatch { stated, taken_at });
    }
    shared.query_at = shared.query_at.min(at.plus(ASK_AGAIN));
    false
}

/// The difference about the position is settled; one about an order may remain.
fn settle(desk: &mut Desk) {
    desk.difference = desk.has_unknown_order().then_some(Difference::UnknownOrder);
    desk.orders.settle_missing();
}

#[derive(Clone, Copy)]
struct Taken {
    stated: QtyUnits,
    price: PriceUnits,
    taken_at: Ts,
}

/// Books the difference to the venue's position as a fill of unknown origin, at the venue's price. Fills of
/// the time before the picture that come in later are contained in it.
fn take_over(desk: &mut Desk, shared: &mut Shared, at: Ts, taken: Taken, effects: &mut Effects) {
    let missing = taken.stated.minus(desk.position.qty());
    let was_flat = desk.position.is_flat();
    let price = if (was_flat && taken.price > PriceUnits::ZERO) || desk.last.is_zero() {
        taken.price
    } else {
        desk.last
    };
    let side = if missing > QtyUnits::ZERO { Side::Buy } else { Side::Sell };
    // An entry of ours that may have filled explains a new position; its plan holds then.
    let by_entry = desk.orders.remembered().any(|order| {
        let request = &order.request;
        let may_have_filled = order.state.is_live() || order.missing() > QtyUnits::ZERO;
        request.role == OrderRole::Entry && request.side == side && may_have_filled
    });
    let role = (was_flat && by_entry).then_some(OrderRole::Entry);
    let id = Some(desk.instrument.id());
    if was_flat {
        let policy = shared.reconcile.policy(desk.instrument.name());
        let kind = if policy == PositionPolicy::Ignore && role.is_none() {
            AlertKind::LeftAlone
        } else {
            AlertKind::OrphanPosition
        };
        let detail = format!("{} {}", side.name(), desk.instrument.qty(missing.abs()));
        alert(effects, at, Severity::Warning, kind, id, detail);
    } else if desk.position.side().closing_side() == Some(side) {
        let detail = format!("{} {}, no execution was told", side.name(), desk.instrument.qty(missing.abs()));
        alert(effects, at, Severity::Warning, AlertKind::ExternalClose, id, detail);
    }
    let mut text = arrayvec::ArrayString::<40>::new();
    // Deterministic and never the id of a real execution.
    let _ = core::fmt::Write::write_fmt(&mut text, format_args!("seawall-take-over-{}", at.nanos()));
    let fill = Fill {
        instrument: desk.instrument.id(),
        order: None,
        fill_id: VenueId::Text(text),
        side,
        qty: missing.abs(),
        price,
        fee: Money::ZERO,
        liquidity: Liquidity::Taker,
        cause: FillCause::Order,
        venue_time: taken.taken_at,
    };
    desk.pictured_at = taken.taken_at;
    if desk.last.is_zero() {
        desk.see_price(at, price);
    }
    count(desk, shared, at, &fill, role, effects);
}

/// Open orders: prove stops, resolve unknown orders, find missing and orphaned ones.
pub(crate) fn on_open_orders(
    desks: &mut [Desk],
    shared: &mut Shared,
    at: Ts,
    report: &Report<VenueOrder>,
    effects: &mut Effects,
) {
    if !hear(shared, at, ReportKind::OpenOrders, report.coverage, effects) {
        return;
    }
    for desk in desks.iter_mut() {
        let id = desk.instrument.id();
        let mut doubtful = arrayvec::ArrayVec::<ClientOrderId, 32>::new();
        for order in desk.orders.live().filter(|order| order.state.is_confirmed()) {
            let row = report.rows.iter().find(|row| row.order == Some(order.request.order));
            let agrees =
                row.is_some_and(|row| row.qty == order.request.qty && row.kind == order.request.kind);
            // Missing or changed, or the list is older than the order: the answer by name says which.
            if !agrees && order.amendment.is_none() && !Mutant::MissingStopUnnoticed.is_on() {
                let _ = doubtful.try_push(order.id());
            }
        }
        for order in doubtful {
            ask_order(desk, at, order, effects);
        }
        let own = |row: &&VenueOrder| row.instrument == id;
        for row in report.rows.iter().filter(own) {
            if end_forbidden(desk, at, row, effects) {
                continue;
            }
            match row.order {
                Some(order) if order.id.run == shared.run => {
                    if desk.orders.get(order.id).is_some_and(|order| order.state.is_live()) {
                        on_row(desk, shared, at, None, (row, report.taken_at), effects);
                    } else {
                        orphan(desk, shared, at, order, row, effects);
                    }
                }
                // Of another run of ours: what could open a position has nobody who waits for it any more.
                Some(order) if !row.reduce_only || desk.position.is_flat() => {
                    orphan(desk, shared, at, order, row, effects);
                }
                Some(_) | None => foreign(desk, at, row, effects),
            }
        }
        let run = shared.run;
        let others = report.rows.iter().filter(own);
        let others = others.filter(|row| row.order.is_none_or(|order| order.id.run != run));
        desk.foreign.picture(others, report.taken_at);
        protection::prove(desk, report);
    }
    shared.reports.orders = true;
}

/// An order of ours that the books don't know as working: cancelled unless it may be what protects a
/// position.
fn orphan(
    desk: &mut Desk,
    shared: &Shared,
    at: Ts,
    order: OrderRef,
    row: &VenueOrder,
    effects: &mut Effects,
) {
    let closing = desk.position.side().closing_side();
    let may_protect = row.reduce_only && closing == Some(row.side) && !desk.protection.is_covered();
    // Before positions are known, whatever only reduces may protect one of them.
    let unknown = row.reduce_only && !shared.reports.positions && shared.phase != Phase::Ready;
    if may_protect || unknown {
        return;
    }
    let ends = row.reduce_only || shared.reconcile.orphan_orders == OrphanPolicy::Cancel;
    if ends || desk.foreign_orders.remember(row.venue_order_id) {
        let id = Some(desk.instrument.id());
        alert(effects, at, Severity::Warning, AlertKind::OrphanOrder, id, order.id.wire().as_str());
    }
    if ends {
        effects.requests.push(VenueRequest::Cancel { order });
    }
}

/// Somebody else's order: reported once and left alone.
fn foreign(desk: &mut Desk, at: Ts, row: &VenueOrder, effects: &mut Effects) {
    if desk.foreign_orders.remember(row.venue_order_id) {
        let detail = format!("foreign order {}, left alone", row.venue_order_id);
        alert(effects, at, Severity::Warning, AlertKind::ManualOrder, Some(desk.instrument.id()), detail);
    }
}

/// What the open positions cost at their average entry prices: a margin wallet still has it, our cash not.
fn paid_for_positions(desks: &[Desk]) -> Money {
    let paid = |desk: &Desk| {
        let units = desk.instrument.qty(desk.position.qty()).get();
        let size = units.checked_mul(desk.instrument.spec().contract_size.get())?;
        average_entry(desk)?.checked_mul(size)
    };
    let held = desks.iter().filter(|desk| !desk.position.is_flat());
    let sum = held.filter_map(paid).fold(Decimal::ZERO, |sum, one| sum.checked_add(one).unwrap_or(sum));
    Money::new(sum.round_dp(COST_DECIMALS))
}

/// A venue rounds what it realises; where average prices come in, so do we.
fn tolerance(shared: &Shared) -> Decimal {
    if shared.capabilities.balance_is_wallet { Decimal::new(1, 4) } else { Decimal::ZERO }
}

/// Decimals of what positions cost, so that a difference of balances stays exact.
const COST_DECIMALS: u32 = 10;

/// The balance: the first one opens the books. A later one that differs is booked as an adjustment once two
/// answers in a row, some seconds apart, differ by the same amount, and a picture of positions from between
/// them agrees with the books: so neither a fill which is on its way, nor one that was lost, nor a replica
/// that is behind twice is taken for a drift.
pub(crate) fn on_balance(
    desks: &[Desk],
    shared: &mut Shared,
    at: Ts,
    coverage: Coverage,
    amount: Money,
    effects: &mut Effects,
) {
    // What positions cost is part of the balance: they are taken over first.
    let waits = shared.phase != Phase::Ready && !shared.reports.positions;
    let unsettled = desks.iter().any(|desk| desk.difference.is_some_and(Difference::is_about_position));
    if !hear(shared, at, ReportKind::Balance, coverage, effects) || waits || unsettled {
        return;
    }
    let paid = if shared.capabilities.balance_is_wallet { paid_for_positions(desks) } else { Money::ZERO };
    let Ok(difference) = amount.minus(paid).and_then(|amount| amount.minus(shared.ledger.cash())) else {
        shared.broken(at, "the venue's balance fits into 28 digits", effects);
        return;
    };
    if !shared.opened {
        shared.opened = true;
        shared.book(at, effects, |ledger| ledger.post(Account::Transfers, Account::Cash, difference));
    } else if difference.get().abs() > tolerance(shared) {
        let now = Drift { difference, first_asked: shared.asked_at, pictured: false };
        let drift = *shared
            .drift
            .insert(shared.drift.filter(|before| before.difference == difference).unwrap_or(now));
        let again = if shared.asked_at.since(drift.first_asked) < BALANCE_AGAIN {
            BALANCE_AGAIN
        } else if drift.pictured {
            Span::default()
        } else {
            ASK_AGAIN
        };
        if again > Span::default() {
            // An execution that nobody told moves the balance, too: positions are looked at first.
            shared.reports.positions = false;
            shared.query_at = shared.query_at.min(at.plus(again));
            return;
        }
        alert(effects, at, Severity::Warning, AlertKind::BalanceDrift, None, difference.to_string());
        shared.guard.unexplained(difference);
        shared.truth.bookings.adjusted(at, difference);
        shared.book(at, effects, |ledger| ledger.post(Account::Adjustments, Account::Cash, difference));
    }
    shared.drift = None;
    shared.reports.balance = true;
}
