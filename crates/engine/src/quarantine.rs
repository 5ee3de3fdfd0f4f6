//! What the venue says and cannot be: a fill with the id of another one, a fill of nothing or at no price, an
//! order that has filled more than all of itself.
//!
//! Policies: nothing of it enters the books as it stands; the operator is told; the venue is asked for its
//! positions, and the instrument takes no new risk until they have been seen. A fill without a price is the
//! exception: it did move the position, which has to be protected at once, so it counts at the price that is
//! known, never at zero.
//!
//! The memory of fills is bounded. One that is no newer than what it has lost may have counted: it does not
//! count, and the venue's position decides.

use seawall_model::{
    AlertKind, Fill, OrderRef, PriceUnits, QtyUnits, Severity, Side, StateSink, Ts, VenueId, VenueOrder,
    VenueRequest,
};
use serde::{Deserialize, Serialize};

use crate::carry::rescale::Factors;
use crate::desk::{Desk, Difference};
use crate::effects::Effects;
use crate::gateway::alert;
use crate::limits::VENUE_IDS_REMEMBERED;
use crate::mutant::Mutant;
use crate::shared::Shared;

/// What a fill says, as far as a repetition has to say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    id: VenueId,
    pub(crate) order: Option<OrderRef>,
    side: Side,
    qty: QtyUnits,
    price: PriceUnits,
    /// When it happened, by the venue's clock.
    #[serde(default = "never")]
    at: Ts,
}

/// Before everything.
const fn never() -> Ts {
    Ts::from_nanos(i64::MIN)
}

impl Said {
    fn of(fill: &Fill) -> Self {
        let Fill { fill_id: id, order, side, qty, price, venue_time: at, .. } = *fill;
        Said { id, order, side, qty, price, at }
    }

    /// Prices and quantities count in finer units from now on.
    pub(crate) fn rescale(&mut self, by: Factors) {
        by.qty(&mut self.qty);
        by.price(&mut self.price);
    }

    /// The same execution; one message may leave the order out that another names.
    fn repeats(&self, other: &Said) -> bool {
        let order = self.order.or(other.order) == other.order.or(self.order);
        order && (self.side, self.qty, self.price) == (other.side, other.qty, other.price)
    }
}

/// Whether a fill has been seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// No fill had its id.
    New,
    /// The same fill once more.
    Again,
    /// Another fill had its id.
    Collision,
    /// No fill that is remembered had its id, but one that is forgotten may have.
    Unsure,
}

/// The most recent fills of one instrument, to tell repetitions from collisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecentFills {
    pub(crate) fills: Vec<Said>,
    pub(crate) next: usize,
    /// When the newest one happened that is not remembered any more, by the venue's clock.
    #[serde(default = "never")]
    pub(crate) forgotten: Ts,
}

impl Default for RecentFills {
    fn default() -> Self {
        RecentFills { fills: Vec::new(), next: 0, forgotten: never() }
    }
}

impl RecentFills {
    /// Whether both remember the same; one of them may know its instrument by another number.
    pub(crate) fn is_of(&self, other: &RecentFills) -> bool {
        let same = |(one, other): (&Said, &Said)| {
            let named = |said: &Said| said.order.map(|order| order.id);
            let what = |said: &Said| (said.id, said.side, said.qty, said.price);
            named(one) == named(other) && what(one) == what(other)
        };
        let rows = self.fills.len() == other.fills.len()
            && (self.next, self.forgotten) == (other.next, other.forgotten);
        rows && self.fills.iter().zip(&other.fills).all(same)
    }

    /// Remembers a fill; one whose id is known stays as it was first seen.
    pub(crate) fn remember(&mut self, fill: &Fill) -> Seen {
        let said = Said::of(fill);
        let is_twin = |known: &Said| {
            Mutant::TwinIsDropped.is_on() && known.order == said.order && known.price == said.price
        };
        if self.fills.iter().any(is_twin) {
            return Seen::Again;
        }
        if let Some(known) = self.fills.iter().find(|known| known.id == said.id) {
            return if known.repeats(&said) { Seen::Again } else { Seen::Collision };
        }
        if said.at <= self.forgotten {
            return Seen::Unsure;
        }
        if self.fills.len() < VENUE_IDS_REMEMBERED {
            self.fills.push(said);
        } else if let Some(slot) = self.fills.get_mut(self.next) {
            self.forgotten = self.forgotten.max(slot.at);
            *slot = said;
            self.next = (self.next + 1) % VENUE_IDS_REMEMBERED;
        }
        Seen::New
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.fills.len() as u64);
        sink.number(self.next as u64);
        sink.signed(self.forgotten.nanos());
        for fill in &self.fills {
            match fill.id {
                VenueId::Number(number) => sink.number(number),
                VenueId::Text(text) => sink.bytes(text.as_bytes()),
            }
            sink.number(fill.order.map_or(0, |order| u64::from(order.id.sequence)));
            sink.signed(fill.side.signed(fill.qty).get());
            sink.signed(fill.price.get());
            sink.signed(fill.at.nanos());
        }
    }
}

/// The fill as it may be counted, if it may: not a repetition, not a collision, of something, at a price.
pub(crate) fn sound(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    fill: &Fill,
    effects: &mut Effects,
) -> Option<Fill> {
    match desk.recent_fills.remember(fill) {
        Seen::Again if Mutant::DuplicateCountsTwice.is_on() => {}
        Seen::Again => return None,
        Seen::Collision => {
            let detail = format!("{} {} again as another fill", fill.fill_id, fill.side.name());
            ask(desk, shared, at, AlertKind::FillCollision, detail, effects);
            return None;
        }
        Seen::Unsure => {
            // Once for all that are told again.
            if desk.difference != Some(Difference::MissingFills) {
                let detail = format!("{} is older than what is remembered", fill.fill_id);
                ask(desk, shared, at, AlertKind::UnknownFill, detail, effects);
            }
            return None;
        }
        Seen::New => {}
    }
    if fill.qty <= QtyUnits::ZERO {
        let detail = format!("a fill of {}", desk.instrument.qty(fill.qty));
        ask(desk, shared, at, AlertKind::ImpossibleReport, detail, effects);
        return None;
    }
    if fill.price > PriceUnits::ZERO {
        return Some(*fill);
    }
    let order = fill.order.and_then(|order| desk.orders.get(order.id));
    let known = order.and_then(|order| order.request.kind.limit()).unwrap_or(desk.last);
    let detail = format!("a fill at {}, counted at {}", fill.price.get(), desk.instrument.price(known));
    ask(desk, shared, at, AlertKind::ImpossibleReport, detail, effects);
    (known > PriceUnits::ZERO).then_some(Fill { price: known, ..*fill })
}

/// Whether the quantities in a row about an order of ours can be. Its state is believed all the same: an
/// order that is taken for working although it has ended is worse. What it claims to have filled beyond
/// what was ordered is left to the fills themselves and to the position.
pub(crate) fn order_can_be(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    row: &VenueOrder,
    counted: QtyUnits,
    effects: &mut Effects,
) -> bool {
    let negative = row.qty <= QtyUnits::ZERO || row.filled < QtyUnits::ZERO;
    let more = row.filled > row.qty && row.filled != counted;
    if negative || more {
        let (filled, ordered) = (desk.instrument.qty(row.filled), desk.instrument.qty(row.qty));
        let detail = format!("an order has filled {filled} of {ordered}");
        ask(desk, shared, at, AlertKind::ImpossibleReport, detail, effects);
    }
    !negative && !more
}

/// Tells the operator and asks the venue what is held; no new risk on the instrument until it has answered.
fn ask(desk: &mut Desk, shared: &mut Shared, at: Ts, kind: AlertKind, detail: String, effects: &mut Effects) {
    alert(effects, at, Severity::Critical, kind, Some(desk.instrument.id()), detail);
    desk.difference = Some(Difference::MissingFills);
    effects.requests.push(VenueRequest::QueryPositions);
    shared.query_at = shared.query_at.min(at.plus(shared.protection.confirm_deadline()));
}
