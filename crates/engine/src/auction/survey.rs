//! What the auction sees of the account in one cycle: everything that is held, on its way or waiting, at the
//! prices and margins of now ([I-20]).

use seawall_model::{Decision, InstrumentId, PositionSide, PriceUnits, Side, Span, Ts};
use seawall_strategy::{Direction, Entry, EntryPlan};

use super::select::{Book, Entrant, Occupant};
use super::settings::Rules;
use crate::desk::Desk;
use crate::engine::Engine;
use crate::exposure::worst_case;
use crate::fills::average_entry;
use crate::risk::{AccountView, Asked, Turn, Worst, approve_entry};
use seawall_model::{Money, Setup};

/// What one R of open profit adds to the value of a position, in points.
const POINTS_PER_R: f64 = 5.0;

impl Engine {
    /// The places of this cycle.
    pub(super) fn book(&self, at: Ts) -> Book {
        let settings = &self.shared.trade.auction;
        let rules = Rules::new(settings, self.auction.tuning);
        let mut desks: Vec<&Desk> =
            self.desks.iter().filter(|desk| desk.is_engaged() && !desk.is_dust()).collect();
        desks.sort_by_key(|desk| desk.instrument.name());
        let occupants = desks.iter().filter_map(|desk| self.occupant(desk, &rules, at)).collect();
        let pause = Span::from_secs(i64::from(settings.partial_close_cooldown_s));
        let left = |desk: &&Desk| desk.trimmed_at.plus(pause).since(at).secs_f64();
        let pause_s = desks.iter().map(left).fold(0.0, f64::max);
        let equity = self.equity().map_or(0.0, Money::to_f64);
        Book::new(rules, equity, occupants, pause_s)
    }

    fn occupant(&self, desk: &Desk, rules: &Rules, at: Ts) -> Option<Occupant> {
        let instrument = desk.instrument.id();
        let canonical = self.auction.canonical.get(instrument.index()).copied().unwrap_or(instrument.index());
        let margin = margin_of(desk, worst_case(desk, desk.last));
        let on_its_way = |side: PositionSide, cluster: Setup, since: Ts, margin: f64| Occupant {
            instrument,
            canonical,
            side,
            cluster,
            value: 0.0,
            margin,
            since,
            locked: true,
        };
        if !desk.position.is_flat() {
            return Some(held(desk, rules, at, on_its_way(desk.position.side(), Setup::Adopted, at, margin)));
        }
        if let Some(order) = desk.orders.live().find(|order| !order.request.reduce_only) {
            let side = match order.request.side {
                Side::Buy => PositionSide::Long,
                Side::Sell => PositionSide::Short,
            };
            let setup = desk.basis.as_ref().map_or(Setup::Adopted, |basis| basis.setup);
            return Some(on_its_way(side, setup, order.placed_at, margin));
        }
        let queued = desk.queued.as_ref()?;
        // Its place is that of the position it waits for, which is still counted.
        let waits =
            |id: InstrumentId| self.desks.get(id.index()).is_some_and(|desk| !desk.position.is_flat());
        if queued.after.is_some_and(waits) {
            return None;
        }
        Some(on_its_way(side_of(queued.plan.direction), queued.plan.setup, queued.decided_at, queued.margin))
    }

    /// The entry as the auction sees it, with the margin that risk would give it on an account without
    /// positions; `None` where even that is refused: such a plan is no entry, whatever the auction says
    /// ([I-85]).
    pub(super) fn entrant(
        &self,
        desk: &Desk,
        account: &AccountView,
        plan: &EntryPlan,
        since: Ts,
        turn: Turn,
    ) -> Option<Entrant> {
        let cluster = account.worst.cluster.map(|_| Money::ZERO);
        let bare = AccountView { worst: Worst { cluster, ..Worst::default() }, ..*account };
        let shared = &self.shared;
        let asked = Asked {
            settings: &shared.risk,
            guard: &shared.guard,
            trade: &shared.trade,
            account: &bare,
            desk,
            plan,
            at: since,
            turn,
            may_grow: false,
        };
        let approved = approve_entry(asked, &mut Decision::empty())?.into_inner();
        let notional = desk.instrument.notional(entry_price(plan, desk.last), approved.qty).ok()?;
        let instrument = desk.instrument.id();
        let rules = &shared.trade.auction;
        Some(Entrant {
            instrument,
            canonical: self.auction.canonical.get(instrument.index()).copied().unwrap_or(instrument.index()),
            side: side_of(plan.direction),
            cluster: plan.setup,
            value: plan.score.map(|score| score - rules.entry_cost.to_f64()),
            margin: margin_of(desk, notional),
            may_swap: turn == Turn::Plain,
        })
    }
}

/// A position with what it is worth: the score of its entry, and what it has gained since in R. One that is
/// young, not covered by confirmed stops, in doubt or already leaving is locked, and so is one whose score is
/// not known ([D-16]).
fn held(desk: &Desk, rules: &Rules, at: Ts, blank: Occupant) -> Occupant {
    let Some(trade) = desk.trade.as_ref() else { return blank };
    let record = &trade.record;
    let age_minutes = at.since(record.entry_at).secs_f64() / 60.0;
    let settled = desk.protection.is_covered() && desk.difference.is_none() && desk.closing.is_none();
    let score = record.score.filter(|_| settled && age_minutes >= rules.hold_minutes);
    let value = record.score.map_or(0.0, |score| score + POINTS_PER_R * gain_r(desk) - rules.exit_cost);
    Occupant { cluster: record.setup, since: record.entry_at, value, locked: score.is_none(), ..blank }
}

/// What the position has gained at the last price, in multiples of the distance to its first stop; zero
/// without one.
fn gain_r(desk: &Desk) -> f64 {
    let stop = desk.trade.as_ref().and_then(|trade| trade.record.initial_stop);
    let (Some(entry), Some(stop)) = (average_entry(desk), stop) else { return 0.0 };
    let entry = seawall_model::Price::new(entry).to_f64();
    let risk = (entry - desk.instrument.price_f64(stop)).abs();
    let gain = desk.instrument.price_f64(desk.last) - entry;
    let signed = match desk.position.side() {
        PositionSide::Long => gain,
        PositionSide::Short => -gain,
        PositionSide::Flat => 0.0,
    };
    if risk > 0.0 { signed / risk } else { 0.0 }
}

fn margin_of(desk: &Desk, notional: Money) -> f64 {
    notional.to_f64() / desk.leverage().to_f64()
}

pub(super) fn side_of(direction: Direction) -> PositionSide {
    match direction {
        Direction::Long => PositionSide::Long,
        Direction::Short => PositionSide::Short,
    }
}

/// Where the entry is planned to fill.
pub(super) fn entry_price(plan: &EntryPlan, last: PriceUnits) -> PriceUnits {
    match plan.entry {
        Entry::Market => last,
        Entry::Limit { price, .. } | Entry::Immediate { limit: price } => price,
    }
}
