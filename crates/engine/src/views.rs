//! What drivers, reports and tests may see of an engine. Everything in here reads; nothing changes.

use seawall_model::{
    Instrument, InstrumentId, KillReason, Money, OrderUpdate, PositionAction, PriceUnits, QtyUnits, Span,
    StateSink, SystemMode, Trade, Ts,
};

use crate::by_hand::{self, Unfit};
use crate::desk::Desk;
use crate::engine::Engine;
use crate::ledger::Ledger;
use crate::phase::Phase;

/// A position as shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionView {
    /// Signed quantity.
    pub qty: QtyUnits,
    /// Where the stop is to rest, if the plan has one.
    pub stop: Option<PriceUnits>,
    /// Where a stop of somebody else rests that protects it, if one does.
    pub foreign_stop: Option<PriceUnits>,
    /// Whether it is left alone by policy: nothing of ours protects it.
    pub left_alone: bool,
    /// Whether confirmed stops cover all of it.
    pub protected: bool,
    /// Whether it is uncovered and a deadline of the ladder is running.
    pub escalating: bool,
    /// When the stop was last proven at the venue.
    pub proven_at: Option<Ts>,
    /// Profit or loss at the last price, before fees.
    pub unrealised: Money,
}

impl Engine {
    /// One instrument, under the rules of now.
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        self.desks.get(id.index()).map(|desk| &desk.instrument)
    }

    /// The instruments in order of their ids.
    pub fn instruments(&self) -> impl ExactSizeIterator<Item = &Instrument> {
        self.desks.iter().map(|desk| &desk.instrument)
    }

    /// The books.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// The start-up phase.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.shared.phase
    }

    /// The mode.
    #[must_use]
    pub fn mode(&self) -> SystemMode {
        self.shared.mode
    }

    /// Whether the first balance has opened the books; equity means nothing before.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.shared.opened
    }

    /// Why the kill switch is on, if it is.
    #[must_use]
    pub fn kill_switch(&self) -> Option<KillReason> {
        self.shared.guard.kill.on
    }

    /// Longest time any protected position has been without a confirmed stop.
    #[must_use]
    pub fn naked_max(&self) -> Span {
        Span::from_nanos(self.shared.naked_max_nanos)
    }

    /// The latest instant seen.
    #[must_use]
    pub fn now(&self) -> Ts {
        self.shared.now
    }

    /// The time within which a position is covered or its emergency close is under way, from its first fill,
    /// while the venue answers: one deadline for each trigger type of the ladder, and one for the market
    /// reduction. Further partial fills start the deadline of the step anew, and the way of the last request
    /// to the venue comes on top; where messages are lost, the comparison of books and venue has to find out
    /// first (`protection.prove_interval_s`).
    #[must_use]
    pub fn naked_bound(&self) -> Span {
        let steps = self.shared.capabilities.stop_triggers.len();
        let steps = i64::try_from(steps).unwrap_or(i64::MAX);
        let ladder = self.shared.protection.confirm_deadline().nanos().saturating_mul(steps);
        Span::from_nanos(ladder.saturating_add(self.shared.protection.emergency_retry().nanos()))
    }

    /// Holes seen in the candles of an instrument.
    #[must_use]
    pub fn holes(&self, id: InstrumentId) -> u32 {
        self.desks.get(id.index()).map_or(0, |desk| desk.holes)
    }

    /// Last known price of an instrument.
    #[must_use]
    pub fn last_price(&self, id: InstrumentId) -> PriceUnits {
        self.desks.get(id.index()).map_or(PriceUnits::ZERO, |desk| desk.last)
    }

    /// Whether something is held, working or planned on an instrument.
    #[must_use]
    pub fn is_engaged(&self, id: InstrumentId) -> bool {
        let held = self.desks.get(id.index()).is_some_and(Desk::is_engaged);
        held || self.auction.waits_for(id) || self.readers.waits_for(id)
    }

    /// The position of an instrument with its protection.
    #[must_use]
    pub fn position(&self, id: InstrumentId) -> Option<PositionView> {
        let desk = self.desks.get(id.index())?;
        let unrealised = desk.marked_value().minus(desk.position.cost()).unwrap_or(Money::ZERO);
        Some(PositionView {
            qty: desk.position.qty(),
            stop: desk.protection.wanted(),
            foreign_stop: desk.foreign.triggers().next(),
            left_alone: desk.foreign.is_left_alone(),
            protected: !desk.position.is_flat() && desk.protection.is_covered(),
            escalating: desk.protection.is_escalating(),
            proven_at: desk.protection.proven_at,
            unrealised,
        })
    }

    /// Whether the operator could do this to the position of an instrument now.
    ///
    /// # Errors
    /// Why not.
    pub fn fits(&self, id: InstrumentId, action: PositionAction) -> Result<(), Unfit> {
        let desk = self.desks.get(id.index()).ok_or(Unfit::NoInstrument)?;
        by_hand::judge(desk, &self.shared, action)
    }

    /// Orders of an instrument that can act at the venue, as last reported.
    pub fn live_orders(&self, id: InstrumentId) -> impl Iterator<Item = OrderUpdate> + '_ {
        let at = self.shared.now;
        self.desks
            .get(id.index())
            .into_iter()
            .flat_map(move |desk| desk.orders.live().map(move |order| order.update(at)))
    }

    /// The trade of the open position, marked at the last price; fees and funding so far are in its profit.
    #[must_use]
    pub fn open_trade(&self, id: InstrumentId) -> Option<Trade> {
        let desk = self.desks.get(id.index())?;
        let mut record = desk.trade.as_ref()?.record.clone();
        let gross = desk.marked_value().minus(desk.position.cost()).ok()?;
        record.pnl = gross.minus(record.fees).and_then(|net| net.plus(record.funding)).ok()?;
        record.risk = crate::fills::planned_risk(&desk.instrument, &record);
        let naked = desk.protection.naked_for(self.shared.now).nanos();
        record.naked = Span::from_nanos(record.naked.nanos().saturating_add(naked));
        Some(record)
    }

    /// Writes the whole state in a fixed order; equal states give equal bytes.
    pub fn digest(&self, sink: &mut dyn StateSink) {
        self.shared.digest(sink);
        self.auction.digest(sink);
        self.readers.digest(sink);
        if self.resumed {
            sink.bytes(b"resumed");
        }
        for desk in &self.desks {
            desk.digest(sink);
        }
    }
}
