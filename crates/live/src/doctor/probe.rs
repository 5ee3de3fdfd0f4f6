//! The probe: a far-away post-only order and a minimal stop are placed, seen among the venue's open orders
//! with their terms, cancelled, and seen to be gone.
//!
//! Invariants: what was placed, or may have been, is taken away whatever happens in between, also when the
//! switch is on; a lost answer concludes nothing, the list of open orders does, and absence is only proven by
//! two complete lists in a row from after the venue's acceptance horizon. What may be left is said by its id
//! and terms. Only a process that is killed leaves anything, and the next probe takes that away first.

use std::time::{Duration, Instant};

use rust_decimal::Decimal;
use seawall_model::{
    ClientOrderId, OrderKind, OrderRef, OrderRequest, OrderRole, PriceRounding, PriceUnits, QtyUnits, Side,
    Span, TimeInForce, Trigger, TriggerSource, Ts, VenueOrder, VenuePosition,
};
use seawall_venues::query::Ticker;
use seawall_venues::{Answer, Market, Markets, Query};

use super::Check;
use super::line::{Line, PAUSE, Placed};
use crate::run::Progress;

/// The checks of the probe.
pub(super) const NAMES: [&str; 3] = ["probe_order", "probe_stop", "probe_position"];
/// How far from the market the orders are, in percent.
const AWAY_PCT: i64 = 20;
/// The run of the probe's orders. Runs are numbered by seconds since 2020, so no other has it until 2156.
const RUN: u32 = u32::MAX;
/// The probe's orders are numbered by seconds since then, two a second.
const SINCE: Ts = Ts::from_millis(1_577_836_800_000);
/// Taking an order away gives up after this and beyond the venue's acceptance horizon.
const CLEAN_UP_MAX: Duration = Duration::from_secs(30);
/// A list of open orders may lag behind an acceptance: it is looked at so often.
const LOOKS_MAX: u32 = 4;

/// Whether an order is one of a probe.
pub(super) fn is_probe(order: &VenueOrder) -> bool {
    order.order.is_some_and(|order| order.id.run == RUN)
}

/// Places, verifies and cancels the smallest possible orders.
pub(super) fn probe(line: &mut Line, markets: &Markets, progress: Progress<'_>) -> Vec<Check> {
    let prepared = leftovers(line, progress).and_then(|()| {
        let before = line.positions()?;
        let terms = terms(line, markets, &before)?;
        Ok((before, terms))
    });
    let (before, steps) = match prepared {
        Ok(prepared) => prepared,
        Err(why) => {
            let mut checks = vec![Check::fail("probe_order", why, "nothing was placed; try again")];
            super::skip(&mut checks, &["probe_stop", "probe_position"], "the probe could not begin");
            return checks;
        }
    };
    let mut checks = Vec::new();
    for step in &steps {
        let check = match checks.iter().any(Check::is_left_behind) {
            // What cannot take one order away places no second one.
            true => Check::skipped(step.name, "the order before could not be taken away"),
            false => step.run(line, progress),
        };
        checks.push(check);
    }
    line.is_cleaning = true;
    checks.push(match line.positions() {
        Ok(after) if quantities(&after) == quantities(&before) => {
            Check::ok("probe_position", "the positions are as before")
        }
        Ok(_) => {
            let remedy = "look at the venue's executions; close by hand what is not wanted";
            Check::fail("probe_position", "the positions changed during the probe", remedy)
        }
        Err(why) => Check::fail("probe_position", why, "look at the venue's positions"),
    });
    line.is_cleaning = false;
    checks
}

fn quantities(positions: &[VenuePosition]) -> std::collections::BTreeMap<u32, QtyUnits> {
    positions.iter().map(|position| (position.instrument.0, position.qty)).collect()
}

/// Takes away what a probe that was killed has left.
fn leftovers(line: &mut Line, progress: Progress<'_>) -> Result<(), String> {
    let orders = line.open_orders()?;
    let left: Vec<OrderRef> =
        orders.iter().filter(|order| is_probe(order)).filter_map(|order| order.order).collect();
    for order in left {
        progress("probe", &format!("taking away {} of an earlier probe", order.id));
        take_away(line, order, &Placed::Taken, Instant::now())
            .map_err(|why| format!("order {} of an earlier probe may still rest: {why}", order.id))?;
    }
    Ok(())
}

/// An order on its way through the probe.
struct Step {
    name: &'static str,
    request: OrderRequest,
    /// For people: what would rest.
    shown: String,
}

/// The two orders: on the first instrument that is traded and has a price, on one without a position where
/// there is one.
fn terms(line: &Line, markets: &Markets, held: &[VenuePosition]) -> Result<Vec<Step>, String> {
    let Answer::Tickers(tickers) = line.ask(Query::Tickers)? else {
        return Err("the venue answered another question".to_owned());
    };
    let is_held = |market: &Market| held.iter().any(|position| position.instrument == market.id());
    let mut all: Vec<&Market> = markets.iter().filter(|market| market.listed.tradeable).collect();
    all.sort_by_key(|market| is_held(market));
    let numbered = u32::try_from(line.now().since(SINCE).millis().max(0) / 500).unwrap_or(0);
    let has_shorts = line.profile().derivatives;
    let source = line.profile().stop_triggers.first().copied().unwrap_or(TriggerSource::Last);
    all.into_iter()
        .find_map(|market| {
            let ticker = tickers.iter().find(|ticker| ticker.instrument == market.id())?;
            steps(market, ticker, numbered & !1, (has_shorts, source))
        })
        .ok_or_else(|| "no instrument of the run has a price".to_owned())
}

fn steps(
    market: &Market,
    ticker: &Ticker,
    first: u32,
    (has_shorts, source): (bool, TriggerSource),
) -> Option<Vec<Step>> {
    let instrument = &market.instrument;
    let base = instrument.price(ticker.bid.or(ticker.last)?).get();
    let at = |percent: i64| {
        let price = base.checked_mul(Decimal::new(percent, 2))?;
        instrument.round_price(price, PriceRounding::Down).filter(|price| price.get() > 0)
    };
    let (below, above) = (at(100 - AWAY_PCT)?, at(100 + AWAY_PCT)?);
    // A venue without short positions takes a sale of nothing from nobody: there the stop is one that buys.
    let (stop_side, trigger) = if has_shorts { (Side::Sell, below) } else { (Side::Buy, above) };
    let limit = OrderKind::Limit { price: below, time_in_force: TimeInForce::PostOnly };
    let stop = OrderKind::StopMarket { trigger: Trigger { price: trigger, source } };
    let step = |number: u32, name, role, side: Side, kind, price: PriceUnits| -> Option<Step> {
        let qty = least(market, price)?;
        let id = ClientOrderId { run: RUN, sequence: first.saturating_add(number) };
        let order = OrderRef { instrument: market.id(), id };
        let (shown_qty, shown_price) = (instrument.qty(qty), instrument.price(price));
        let shown = format!("{id} ({} {shown_qty} {} at {shown_price})", side.name(), instrument.name());
        // Some venues refuse what only reduces where there is nothing to reduce.
        let request = OrderRequest { order, role, side, qty, kind, reduce_only: false };
        Some(Step { name, request, shown })
    };
    Some(vec![
        step(0, "probe_order", OrderRole::Entry, Side::Buy, limit, below)?,
        step(1, "probe_stop", OrderRole::Stop, stop_side, stop, trigger)?,
    ])
}

/// The smallest quantity that the venue takes at a price.
fn least(market: &Market, price: PriceUnits) -> Option<QtyUnits> {
    let instrument = &market.instrument;
    let mut qty = instrument.min_qty().max(instrument.lot());
    let value = instrument.spec().min_notional;
    if value.get() > Decimal::ZERO {
        let one = instrument.notional(price, instrument.lot()).ok()?.get();
        let lots = value.get().checked_div(one)?.ceil();
        let units = i64::try_from(lots).ok()?.checked_mul(instrument.lot().get())?;
        qty = qty.max(QtyUnits::new(units));
    }
    Some(qty)
}

impl Step {
    /// Places, verifies, cancels and verifies; cleans up whatever happens.
    fn run(&self, line: &mut Line, progress: Progress<'_>) -> Check {
        if line.is_interrupted() {
            return Check::skipped(self.name, "interrupted before anything was placed");
        }
        progress("probe", &format!("placing {}", self.shown));
        let began = Instant::now();
        let mut placed = line.place(self.request);
        if let Placed::Refused(why) = &placed {
            let remedy = "nothing rests; look at the venue's words, the key's rights and the account's money";
            return Check::fail(self.name, format!("it was refused: {why}"), remedy)
                .measured(self.shown.clone());
        }
        let verified = self.verify(line, &mut placed);
        let gone = take_away(line, self.request.order, &placed, began);
        let check = match (verified, gone) {
            (_, Ok(())) if line.executed(self.request.order) => {
                Check::fail(self.name, "it was executed, far from the market", "close the position by hand")
            }
            (Ok(()), Ok(())) => {
                Check::ok(self.name, "placed, seen with its terms, cancelled and seen to be gone")
            }
            (Err(what), Ok(())) => Check::fail(self.name, what, "nothing of it is left at the venue"),
            (Ok(()), Err(left)) => Check::fail(self.name, left, self.left()).left_behind(),
            (Err(what), Err(left)) => {
                Check::fail(self.name, format!("{what}; {left}"), self.left()).left_behind()
            }
        };
        check.measured(format!("{}, {:.1} s", self.shown, began.elapsed().as_secs_f64()))
    }

    fn left(&self) -> String {
        format!("{} MAY REST at the venue: look at its open orders, and cancel it", self.shown)
    }

    /// Whether the venue lists it with its terms.
    fn verify(&self, line: &mut Line, placed: &mut Placed) -> Result<(), String> {
        let mut why = match &*placed {
            Placed::Unknown(why) => {
                format!("no word of the placement ({why}), and the open orders do not have it")
            }
            Placed::Taken | Placed::Refused(_) => {
                "it was accepted, and the open orders do not have it".to_owned()
            }
        };
        for look in 0..LOOKS_MAX {
            if look > 0 {
                std::thread::sleep(PAUSE);
            }
            match line.open_orders() {
                Ok(orders) => {
                    let ours =
                        orders.iter().find(|row| row.order.is_some_and(|of| of.id == self.request.order.id));
                    if let Some(row) = ours {
                        *placed = Placed::Taken;
                        return self.compare(row);
                    }
                }
                Err(error) => why = error,
            }
            if line.is_interrupted() {
                break;
            }
        }
        Err(why)
    }

    fn compare(&self, row: &VenueOrder) -> Result<(), String> {
        let OrderRequest { side, qty, kind, .. } = self.request;
        let price = |kind: &OrderKind| kind.trigger().map(|trigger| trigger.price).or_else(|| kind.limit());
        let is_same = row.side == side && row.qty == qty && row.kind.is_stop() == kind.is_stop();
        if is_same && price(&row.kind) == price(&kind) {
            return Ok(());
        }
        Err(format!("the venue has it with other terms: {} {:?} {:?}", row.side.name(), row.qty, row.kind))
    }
}

/// Cancels until a list proves that it is gone; says why that could not be proven.
fn take_away(line: &mut Line, order: OrderRef, placed: &Placed, began: Instant) -> Result<(), String> {
    line.is_cleaning = true;
    let gone = cancel_until_gone(line, order, placed, began);
    line.is_cleaning = false;
    gone
}

fn cancel_until_gone(
    line: &mut Line,
    order: OrderRef,
    placed: &Placed,
    began: Instant,
) -> Result<(), String> {
    // Until then an order without an answer may still be taken.
    let horizon = match placed {
        Placed::Taken | Placed::Refused(_) => Duration::ZERO,
        Placed::Unknown(_) => to_std(line.profile().acceptance_horizon),
    };
    let until = Instant::now() + CLEAN_UP_MAX + horizon;
    let mut absent = 0;
    loop {
        let cancelled = line.cancel(order);
        let asked = began.elapsed();
        let why = match line.open_orders() {
            Ok(orders) => {
                let rests = orders.iter().any(|row| row.order.is_some_and(|of| of.id == order.id));
                absent = if rests || asked < horizon { 0 } else { absent + 1 };
                // The second one was asked for after the first one came, so it is no earlier picture.
                if absent == 2 {
                    return Ok(());
                }
                let said =
                    cancelled.err().unwrap_or_else(|| "the venue confirmed the cancellation".to_owned());
                if rests { format!("it still rests after its cancellation: {said}") } else { said }
            }
            Err(error) => error,
        };
        if Instant::now() >= until {
            return Err(why);
        }
        std::thread::sleep(PAUSE);
    }
}

fn to_std(span: Span) -> Duration {
    Duration::from_nanos(u64::try_from(span.nanos()).unwrap_or(0))
}
