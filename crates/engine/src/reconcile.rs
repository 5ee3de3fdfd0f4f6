//! Books against venue: every difference has a name and a policy, and nothing is concluded from a failed or
//! stale report.
//!
//! Policies: a position whose size differs is first asked for again and then taken over from the venue, with a
//! stop; an order missing at the venue is asked for by name; an order of ours that the books don't know is
//! cancelled unless it only reduces; a foreign order is reported and left alone.

use seawall_model::{
    AlertKind, Coverage, Fill, FillCause, Liquidity, Money, OrderRef, OrderState, PriceUnits, QtyUnits,
    Report, Severity, Side, Span, Ts, VenueId, VenueOrder, VenuePosition, VenueRequest,
};

use crate::desk::{Desk, Difference};
use crate::effects::Effects;
use crate::fills::on_fill;
use crate::gateway::alert;
use crate::ledger::Account;
use crate::phase::Phase;
use crate::shared::Shared;

const ASK_AGAIN: Span = Span::from_secs(1);

/// Begins (again) to compare with the venue: asks for orders, positions and balance.
pub(crate) fn begin(shared: &mut Shared, at: Ts, effects: &mut Effects) {
    shared.phase = Phase::Reconciling;
    shared.reports = crate::shared::ReportsSeen::default();
    ask(shared, at, effects);
}

/// Asks for what has not come in yet.
pub(crate) fn ask(shared: &mut Shared, at: Ts, effects: &mut Effects) {
    shared.query_at = at.plus(shared.protection.submit_deadline());
    if !shared.reports.orders {
        effects.requests.push(VenueRequest::QueryOpenOrders);
    }
    if !shared.reports.positions {
        effects.requests.push(VenueRequest::QueryPositions);
    }
    if !shared.reports.balance {
        effects.requests.push(VenueRequest::QueryBalance);
    }
}

/// Ready once all three reports were complete and no difference is open.
pub(crate) fn finish(desks: &[Desk], shared: &mut Shared) {
    let open = desks.iter().any(|desk| desk.difference.is_some());
    if shared.phase == Phase::Reconciling && shared.reports.all() && !open {
        shared.phase = Phase::Ready;
        shared.query_at = Ts::FAR_FUTURE;
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
    if report.coverage != Coverage::Complete {
        return;
    }
    for desk in desks.iter_mut() {
        let id = desk.instrument.id();
        let row = report.rows.iter().find(|row| row.instrument == id);
        let stated = row.map_or(QtyUnits::ZERO, |row| row.qty);
        if stated == desk.position.qty() {
            if matches!(desk.difference, Some(Difference::SizeMismatch(_))) {
                desk.difference = None;
            }
            continue;
        }
        // A picture from before our last fill says nothing about now.
        if report.taken_at < desk.last_fill_at {
            continue;
        }
        let in_flight = desk.orders.live().any(|order| order.state != OrderState::Open);
        let repeated = desk.difference == Some(Difference::SizeMismatch(stated));
        if (shared.phase == Phase::Reconciling || repeated) && !in_flight {
            let price = row.map_or(desk.last, |row| row.entry_price);
            take_over(desk, shared, at, stated, price, effects);
            desk.difference = None;
            continue;
        }
        if !repeated {
            let books = desk.instrument.qty(desk.position.qty());
            let detail = format!("venue {}, books {books}", desk.instrument.qty(stated));
            alert(effects, at, Severity::Critical, AlertKind::SizeMismatch, Some(id), detail);
        }
        desk.difference = Some(Difference::SizeMismatch(stated));
        shared.query_at = shared.query_at.min(at.plus(ASK_AGAIN));
    }
    shared.reports.positions = true;
}

/// Books the difference to the venue's position as a fill of unknown origin, at the venue's price.
fn take_over(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    stated: QtyUnits,
    price: PriceUnits,
    effects: &mut Effects,
) {
    let missing = stated.minus(desk.position.qty());
    let price = if desk.position.is_flat() || desk.last.is_zero() { price } else { desk.last };
    let side = if missing > QtyUnits::ZERO { Side::Buy } else { Side::Sell };
    if desk.position.is_flat() {
        let detail = format!("{} {}", side.name(), desk.instrument.qty(missing.abs()));
        alert(effects, at, Severity::Warning, AlertKind::OrphanPosition, Some(desk.instrument.id()), detail);
        desk.basis = None;
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
        venue_time: at,
    };
    on_fill(desk, shared, at, &fill, effects);
}

/// Open orders: prove stops, find missing and orphaned orders.
pub(crate) fn on_open_orders(
    desks: &mut [Desk],
    shared: &mut Shared,
    at: Ts,
    report: &Report<VenueOrder>,
    effects: &mut Effects,
) {
    if report.coverage != Coverage::Complete {
        return;
    }
    for desk in desks.iter_mut() {
        let id = desk.instrument.id();
        let reported = |order: OrderRef| report.rows.iter().any(|row| row.order == Some(order));
        let mut stop_seen = false;
        let mut missing = arrayvec::ArrayVec::<OrderRef, 32>::new();
        for order in desk.orders.live() {
            if reported(order.request.order) {
                stop_seen |= order.request.kind.is_stop() && order.state.is_confirmed();
            } else if order.state.is_confirmed() && order.placed_at < report.taken_at && at >= report.taken_at
            {
                let _ = missing.try_push(order.request.order);
            }
        }
        if stop_seen {
            desk.protection.proven_at = Some(report.taken_at);
        }
        for order in missing {
            effects.requests.push(VenueRequest::QueryOrder { order });
        }
        for row in report.rows.iter().filter(|row| row.instrument == id) {
            orphan(desk, shared, at, row, effects);
        }
    }
    shared.reports.orders = true;
}

fn orphan(desk: &Desk, shared: &Shared, at: Ts, row: &VenueOrder, effects: &mut Effects) {
    let ours = row.order.filter(|order| order.id.run == shared.run);
    match ours {
        Some(order) => {
            let unknown_to_books = desk.orders.get(order.id).is_none_or(|order| !order.state.is_live());
            if unknown_to_books && !row.reduce_only {
                let id = Some(desk.instrument.id());
                alert(effects, at, Severity::Warning, AlertKind::OrphanOrder, id, order.id.wire().as_str());
                effects.requests.push(VenueRequest::Cancel { order });
            }
        }
        None => {
            let detail = format!("foreign order {}, left alone", row.venue_order_id);
            alert(effects, at, Severity::Warning, AlertKind::OrphanOrder, Some(desk.instrument.id()), detail);
        }
    }
}

/// The balance: the first one opens the books, later ones are compared.
pub(crate) fn on_balance(
    shared: &mut Shared,
    at: Ts,
    coverage: Coverage,
    amount: Money,
    effects: &mut Effects,
) {
    if coverage != Coverage::Complete {
        return;
    }
    let Ok(difference) = amount.minus(shared.ledger.cash()) else {
        shared.broken(at, "the venue's balance fits into 28 digits", effects);
        return;
    };
    if shared.ledger.postings() == 0 {
        shared.book(at, effects, |ledger| ledger.post(Account::Transfers, Account::Cash, difference));
    } else if !difference.is_zero() && !shared.reports.balance {
        alert(effects, at, Severity::Warning, AlertKind::BalanceDrift, None, difference.to_string());
        shared.book(at, effects, |ledger| ledger.post(Account::Adjustments, Account::Cash, difference));
    }
    shared.reports.balance = true;
}

/// Asks for the position again where a size mismatch is open.
pub(crate) fn ask_about_differences(desks: &[Desk], shared: &mut Shared, at: Ts, effects: &mut Effects) {
    if desks.iter().any(|desk| matches!(desk.difference, Some(Difference::SizeMismatch(_)))) {
        shared.query_at = at.plus(ASK_AGAIN);
        effects.requests.push(VenueRequest::QueryPositions);
    }
}
