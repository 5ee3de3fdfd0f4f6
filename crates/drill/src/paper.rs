//! `kill -9` at random moments of a busy run on paper.
//!
//! Its exchange is a part of the process and dies with it, so nobody outside knows the truth. The judge
//! counts anew from the journals what was let go and what was executed, and compares that with what the state
//! holds that the next start goes on from.
//!
//! | rule | meaning |
//! |---|---|
//! | `sent-twice` | the journals let one placement go twice |
//! | `filled-twice` | an order was executed beyond its quantity, or without having been let go |
//! | `position` | a position is not the sum of all executions of all starts |
//! | `order-lost` | an order that worked at a kill neither works later nor has its end in a journal |
//! | `unprotected` | a position has no confirmed stop of its size some time after a start |

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use rust_decimal::Decimal;
use seawall_engine::Engine;
use seawall_model::{
    Input, Instrument, InstrumentId, InstrumentName, OrderRequest, QtyUnits, VenueEvent, VenueRequest,
};
use seawall_store::journal::{Journal, Record};

use crate::books::resumed;
use crate::oracle::{History, Violation};
use crate::stage::judge_replay;

/// What all starts have done, and what the last one left.
#[derive(Debug, Default)]
pub(crate) struct Account {
    history: History,
    /// Signed executions by instrument.
    executed: BTreeMap<InstrumentName, Decimal>,
    /// Quantity that was asked for, and that was executed, by client id.
    orders: BTreeMap<String, (QtyUnits, QtyUnits)>,
    /// Orders that worked when the last start ended.
    working: BTreeSet<String>,
    read: BTreeSet<PathBuf>,
    /// Executions so far.
    pub(crate) fills: u32,
}

/// What the journal of one start has, up to the last state that a next start can go on from.
#[derive(Debug, Default)]
struct Told {
    placed: Vec<OrderRequest>,
    amended: Vec<(String, QtyUnits)>,
    /// Instrument, client id where it is ours, signed quantity.
    fills: Vec<(InstrumentId, Option<String>, i64)>,
    /// Orders that the exchange said anything about.
    mentioned: BTreeSet<String>,
}

impl Account {
    /// Takes in a start that has ended.
    ///
    /// # Errors
    /// Its journal is damaged, or its state does not fit its manifest.
    pub(crate) fn see(&mut self, start: &Path) -> anyhow::Result<Vec<Violation>> {
        if !self.read.insert(start.to_owned()) {
            return Ok(Vec::new());
        }
        // Killed before it had a state: nothing has left, and the next start goes on from the one before.
        let Some(engine) = resumed(start)? else { return Ok(Vec::new()) };
        let told = Told::read(&start.join("journal"))?;
        let instruments: BTreeMap<InstrumentId, &Instrument> =
            engine.instruments().map(|instrument| (instrument.id(), instrument)).collect();
        let name = start.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let placed: Vec<String> = told.placed.iter().map(|order| order.order.id.to_string()).collect();
        let mut found = self.history.see_journal(name, &placed);
        for order in &told.placed {
            self.orders.insert(order.order.id.to_string(), (order.qty, QtyUnits::new(0)));
        }
        for (id, qty) in &told.amended {
            if let Some((asked, _)) = self.orders.get_mut(id) {
                *asked = (*asked).max(*qty);
            }
        }
        for (instrument, id, units) in &told.fills {
            let instrument = instruments.get(instrument).context("an execution on no instrument")?;
            let signed = instrument.qty(QtyUnits::new(*units)).get();
            *self.executed.entry(instrument.name().clone()).or_default() += signed;
            self.fills += 1;
            found.extend(id.as_ref().and_then(|id| self.executed_of(id, *units)));
        }
        found.extend(self.positions(&engine));
        found.extend(self.lost(&engine, &told));
        found.extend(judge_replay(start)?);
        Ok(found)
    }

    fn executed_of(&mut self, id: &str, units: i64) -> Option<Violation> {
        let Some((asked, done)) = self.orders.get_mut(id) else {
            return Some(Violation::new("filled-twice", format!("{id} was executed and never let go")));
        };
        *done = QtyUnits::new(done.get() + units.abs());
        (*done > *asked).then(|| {
            let detail = format!("{id}: {} of {} were executed", done.get(), asked.get());
            Violation::new("filled-twice", detail)
        })
    }

    fn positions(&self, engine: &Engine) -> Vec<Violation> {
        let mut found = Vec::new();
        for instrument in engine.instruments() {
            let held = engine.position(instrument.id()).map(|position| instrument.qty(position.qty).get());
            let held = held.unwrap_or_default();
            let executed = self.executed.get(instrument.name()).copied().unwrap_or_default();
            if held != executed {
                let name = instrument.name();
                let detail = format!("{name}: the state has {held}, all executions come to {executed}");
                found.push(Violation::new("position", detail));
            }
        }
        found
    }

    fn lost(&mut self, engine: &Engine, told: &Told) -> Vec<Violation> {
        let mut working = BTreeSet::new();
        let mut known = BTreeSet::new();
        for instrument in engine.instruments() {
            for order in engine.live_orders(instrument.id()) {
                known.insert(order.order.id.to_string());
                if order.state.is_confirmed() {
                    working.insert(order.order.id.to_string());
                }
            }
        }
        let before = std::mem::replace(&mut self.working, working);
        let lost = before.into_iter().filter(|id| !known.contains(id) && !told.mentioned.contains(id));
        lost.map(|id| Violation::new("order-lost", id)).collect()
    }

    /// Placements so far.
    pub(crate) fn orders(&self) -> usize {
        self.orders.len()
    }
}

impl Told {
    fn read(journal: &Path) -> anyhow::Result<Self> {
        let (mut told, mut since) = (Told::default(), Told::default());
        for entry in Journal::read(journal)? {
            match entry?.record {
                Record::Dispatch(requests) => requests.into_iter().for_each(|request| since.request(request)),
                Record::Input(Input::Venue(event)) => since.event(&event),
                // What was written after the last of these is not a part of what the next start begins with.
                Record::Carry(_) => told.take(&mut since),
                Record::Header(_)
                | Record::Input(_)
                | Record::Checkpoint(_)
                | Record::End(_)
                | Record::Operator(_) => {}
            }
        }
        // Requests are written behind the state that has them.
        told.placed.append(&mut since.placed);
        told.amended.append(&mut since.amended);
        Ok(told)
    }

    fn take(&mut self, since: &mut Told) {
        self.placed.append(&mut since.placed);
        self.amended.append(&mut since.amended);
        self.fills.append(&mut since.fills);
        self.mentioned.append(&mut since.mentioned);
    }

    fn request(&mut self, request: VenueRequest) {
        match request {
            VenueRequest::Place(order) => self.placed.push(order),
            VenueRequest::Amend { order, qty, .. } => self.amended.push((order.id.to_string(), qty)),
            VenueRequest::Cancel { .. }
            | VenueRequest::QueryOrder { .. }
            | VenueRequest::QueryOpenOrders
            | VenueRequest::QueryPositions
            | VenueRequest::QueryBalance => {}
        }
    }

    fn event(&mut self, event: &VenueEvent) {
        if let VenueEvent::Filled(fill) = event {
            let id = fill.order.map(|order| order.id.to_string());
            self.mentioned.extend(id.clone());
            self.fills.push((fill.instrument, id, fill.side.signed(fill.qty).get()));
        }
        if let VenueEvent::Cancelled { order, .. }
        | VenueEvent::Rejected { order, .. }
        | VenueEvent::Order { order, .. } = event
        {
            self.mentioned.insert(order.id.to_string());
        }
    }
}

/// Waits until the running start has a confirmed stop of its size under each position; how long that took.
///
/// # Errors
/// The journal is damaged.
pub(crate) fn covered(start: &Path, patience: Duration) -> anyhow::Result<Result<Duration, Vec<Violation>>> {
    let began = Instant::now();
    loop {
        let found = resumed(start)?.map_or_else(
            || vec![Violation::new("unprotected", "the start has no state yet".to_owned())],
            |engine| uncovered(&engine),
        );
        if found.is_empty() {
            return Ok(Ok(began.elapsed()));
        }
        if began.elapsed() >= patience {
            return Ok(Err(found));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn uncovered(engine: &Engine) -> Vec<Violation> {
    let mut found = Vec::new();
    for instrument in engine.instruments() {
        let Some(position) = engine.position(instrument.id()) else { continue };
        let stops = engine.live_orders(instrument.id()).filter(|order| {
            let closes = order.side.signed(position.qty).get() < 0;
            order.kind.is_stop() && order.reduce_only && order.state.is_confirmed() && closes
        });
        let stopped: i64 = stops.map(|order| order.qty.get() - order.filled.get()).sum();
        if stopped < position.qty.get().abs() {
            let (name, held) = (instrument.name(), position.qty.get());
            found.push(Violation::new("unprotected", format!("{name}: {stopped} of {held} units")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use seawall_model::{
        CancelReason, ClientOrderId, FillCause, Liquidity, Money, OrderRef, PriceUnits, Side, Ts, VenueId,
    };

    fn order() -> OrderRef {
        OrderRef { instrument: InstrumentId(0), id: ClientOrderId { run: 1, sequence: 7 } }
    }

    #[test]
    fn an_order_that_fills_beyond_its_quantity_or_was_never_let_go_is_found() {
        let mut account = Account::default();
        account.orders.insert("a".to_owned(), (QtyUnits::new(10), QtyUnits::new(0)));
        assert_eq!(account.executed_of("a", -6), None);
        assert_eq!(account.executed_of("a", -4), None);
        assert_eq!(account.executed_of("a", -1).unwrap().rule, "filled-twice");
        assert!(account.executed_of("b", 1).unwrap().detail.contains("never let go"));
    }

    #[test]
    fn what_follows_the_last_state_counts_only_if_it_has_left() {
        let fill = seawall_model::Fill {
            instrument: InstrumentId(0),
            order: Some(order()),
            fill_id: VenueId::Number(1),
            side: Side::Sell,
            qty: QtyUnits::new(3),
            price: PriceUnits::new(100),
            fee: Money::ZERO,
            liquidity: Liquidity::Taker,
            cause: FillCause::Order,
            venue_time: Ts::EPOCH,
        };
        let (mut told, mut since) = (Told::default(), Told::default());
        since.event(&VenueEvent::Filled(fill));
        told.take(&mut since);
        since.event(&VenueEvent::Filled(fill));
        since.event(&VenueEvent::Cancelled { order: order(), reason: CancelReason::Requested });
        assert_eq!(told.fills, [(InstrumentId(0), Some(order().id.to_string()), -3)]);
        assert!(told.mentioned.contains(&order().id.to_string()));
        assert_eq!((since.fills.len(), since.mentioned.len()), (1, 1));
    }
}
