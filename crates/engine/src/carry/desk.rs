//! What is known of one instrument.

use rust_decimal::Decimal;
use seawall_model::{
    Instrument, InstrumentId, InstrumentName, Money, OrderRef, OrderState, PositionSide, PriceUnits, Ts,
    VenueId,
};
use serde::{Deserialize, Serialize};

use super::rescale::Factors;
use super::ring::RingPatch;
use super::trading::{DeskTrading, is_same};
use crate::desk::{Desk, Difference, RecentIds};
use crate::orders::{Order, Orders};
use crate::overlays::DeskGuards;
use crate::quarantine::{RecentFills, Said};
use crate::risk::streaks::Cooldown;

/// The number of an instrument within a carry: it has a name there.
pub(super) const NOBODY: InstrumentId = InstrumentId(0);

/// What numbers of an instrument mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Scales {
    pub(super) price: u32,
    pub(super) qty: u32,
    pub(super) contract: Decimal,
}

impl Scales {
    fn of(instrument: &Instrument) -> Self {
        let contract = instrument.spec().contract_size.get();
        Scales { price: instrument.price_scale(), qty: instrument.qty_scale(), contract }
    }
}

/// What prices and clocks have made of it: written along with the rest, no reason to write by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct DeskReadings {
    pub(super) last: PriceUnits,
    priced_at: Option<Ts>,
    pub(super) worst: PriceUnits,
    pub(super) best: PriceUnits,
    misfit_cycles: u32,
}

/// What is known of one instrument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskCarry {
    pub(super) instrument: InstrumentName,
    pub(super) scales: Scales,
    pub(super) trading: DeskTrading,
    pub(super) readings: DeskReadings,
    /// Orders that have ended, oldest first.
    pub(super) ended: Vec<Order>,
    pub(super) recent_fills: RecentFills,
    pub(super) foreign_orders: RecentIds,
}

pub(super) fn unnumbered(order: &Order) -> Order {
    let mut order = order.clone();
    order.request.order.instrument = NOBODY;
    order
}

fn recent_fills_of(desk: &Desk) -> RecentFills {
    let mut recent = desk.recent_fills.clone();
    for said in &mut recent.fills {
        said.order = said.order.map(|order| OrderRef { instrument: NOBODY, ..order });
    }
    recent
}

fn numbered(order: &Order, id: InstrumentId) -> Order {
    let mut order = order.clone();
    order.request.order.instrument = id;
    order
}

impl DeskReadings {
    pub(super) fn of(desk: &Desk) -> Self {
        let prices = desk.trade.as_ref().map(|trade| (trade.record.worst_price, trade.record.best_price));
        let (worst, best) = prices.unwrap_or_default();
        let priced = !desk.last.is_zero();
        DeskReadings {
            last: desk.last,
            priced_at: priced.then(|| desk.priced_at()),
            worst,
            best,
            misfit_cycles: desk.misfit_cycles,
        }
    }
}

impl DeskCarry {
    pub(crate) fn of(desk: &Desk) -> Self {
        DeskCarry {
            instrument: desk.instrument.name().clone(),
            scales: Scales::of(&desk.instrument),
            trading: DeskTrading::of(desk),
            readings: DeskReadings::of(desk),
            ended: desk.orders.ended().map(unnumbered).collect(),
            recent_fills: recent_fills_of(desk),
            foreign_orders: desk.foreign_orders.clone(),
        }
    }

    pub(super) fn scales_fit(&self, desk: &Desk) -> bool {
        self.scales == Scales::of(&desk.instrument)
    }

    /// Remembers the orders of `desk` that have ended, and says which of them are news.
    pub(super) fn newly_ended(&mut self, desk: &Desk) -> Vec<Order> {
        let same = self.ended.len() == desk.orders.ended().len();
        if same && self.ended.iter().zip(desk.orders.ended()).all(|(known, order)| is_same(known, order)) {
            return Vec::new();
        }
        let ended: Vec<Order> = desk.orders.ended().map(unnumbered).collect();
        let news = ended.iter().filter(|order| !self.ended.contains(order)).cloned().collect();
        self.ended = ended;
        news
    }

    /// The same for its fills.
    pub(super) fn newly_filled(&mut self, desk: &Desk) -> Option<RingPatch<Said>> {
        if self.recent_fills.is_of(&desk.recent_fills) {
            return None;
        }
        let now = recent_fills_of(desk);
        let patch = RingPatch::between(&self.recent_fills.fills, &now.fills, now.next);
        self.recent_fills = now;
        Some(patch)
    }

    /// The same for the orders of others.
    pub(super) fn newly_foreign(&mut self, desk: &Desk) -> Option<RingPatch<VenueId>> {
        let (known, now) = (&mut self.foreign_orders, &desk.foreign_orders);
        if known == now {
            return None;
        }
        let patch = RingPatch::between(&known.ids, &now.ids, now.next);
        known.clone_from(now);
        Some(patch)
    }

    /// Which instrument.
    #[must_use]
    pub fn instrument(&self) -> &InstrumentName {
        &self.instrument
    }

    /// Signed quantity held, as a decimal number of contracts.
    #[must_use]
    pub fn held(&self) -> Decimal {
        Decimal::try_from_i128_with_scale(i128::from(self.trading.position.qty().get()), self.scales.qty)
            .unwrap_or_default()
    }

    /// The last price that was known, as a decimal.
    #[must_use]
    pub fn last_price(&self) -> Option<Decimal> {
        let last = i128::from(self.readings.last.get());
        Decimal::try_from_i128_with_scale(last, self.scales.price).ok().filter(|price| !price.is_zero())
    }

    /// When the newest execution that was counted happened, by the venue's clock; `None` before the first.
    #[must_use]
    pub fn newest_fill(&self) -> Option<Ts> {
        let newest = self.trading.newest_fill;
        (newest > Ts::from_nanos(i64::MIN)).then_some(newest)
    }

    /// Whether there is a position, or may be one, or an order that can act.
    #[must_use]
    pub fn is_engaged(&self) -> bool {
        !self.trading.position.is_flat()
            || !self.trading.live.is_empty()
            || self.trading.difference.is_some_and(Difference::is_about_position)
    }

    /// What it holds, for a person.
    pub(super) fn holds(&self) -> String {
        let side = match self.trading.position.side() {
            PositionSide::Flat => "nothing held".to_owned(),
            PositionSide::Long | PositionSide::Short => format!("{} contracts held", self.held()),
        };
        let unknown = self.trading.live.iter().filter(|order| order.state == OrderState::Unknown).count();
        format!("{side}, {} orders working, {unknown} of them unknown", self.trading.live.len())
    }

    /// What the ledger has for the position.
    pub(super) fn booked(&self) -> Money {
        self.trading.booked
    }

    /// Whether nothing is known: it is as a desk begins, but for a price.
    pub(super) fn is_blank(&self) -> bool {
        let DeskTrading { last_fill_at, basis, stop_outs, shock_until, trimmed_at, guards, .. } =
            &self.trading;
        let never = Ts::from_nanos(i64::MIN);
        !self.is_engaged()
            && self.ended.is_empty()
            && self.recent_fills.fills.is_empty()
            && self.foreign_orders.ids.is_empty()
            && basis.is_none()
            && self.trading.trade.is_none()
            && (*last_fill_at, *shock_until, *trimmed_at) == (never, never, never)
            && stop_outs.instants().is_empty()
            && self.trading.cooldown == Cooldown::new()
            && *guards == DeskGuards::new()
            && self.trading.difference.is_none()
            && self.trading.pictured_at == never
            && self.trading.newest_fill == never
    }

    /// Decimals of its prices and quantities.
    pub(super) fn decimals(&self) -> (u32, u32) {
        (self.scales.price, self.scales.qty)
    }

    /// Why its numbers do not fit `instrument`, if they do not.
    pub(super) fn misfit(&self, instrument: &Instrument) -> Option<&'static str> {
        Factors::between(self.scales, Scales::of(instrument))
            .is_none()
            .then_some("its prices, quantities or contracts mean less here than before")
    }

    /// The same on the scales of `instrument`, which it fits.
    pub(super) fn on_scales_of(&self, instrument: &Instrument) -> DeskCarry {
        let mut carried = self.clone();
        let scales = Scales::of(instrument);
        if let Some(by) = Factors::between(self.scales, scales).filter(|_| self.scales != scales) {
            carried.rescale(by, instrument.spec().signal.is_none());
            carried.scales = scales;
        }
        carried
    }

    /// Makes a new desk what this one was.
    pub(super) fn install(&self, desk: &mut Desk) {
        let id = desk.instrument.id();
        let (carried, readings) = (&self.trading, &self.readings);
        desk.position = carried.position;
        desk.last_fill_at = carried.last_fill_at;
        let live = carried.live.iter().map(|order| numbered(order, id));
        desk.orders = Orders::restored(live, self.ended.iter().map(|order| numbered(order, id)));
        desk.protection = carried.protection.clone();
        desk.basis = carried.basis.clone();
        desk.trade = carried.trade.clone();
        if let Some(trade) = desk.trade.as_mut() {
            trade.record.instrument = id;
            trade.record.score = carried.score;
            (trade.record.worst_price, trade.record.best_price) = (readings.worst, readings.best);
        }
        desk.closing = carried.closing;
        desk.trimming = carried.trimming;
        desk.difference = carried.difference;
        desk.newest_fill = carried.newest_fill;
        desk.pictured_at = carried.pictured_at;
        desk.cooldown = carried.cooldown.clone();
        desk.stop_outs = carried.stop_outs.clone();
        desk.shocked_at = carried.shocked_at;
        desk.shock_until = carried.shock_until;
        desk.trimmed_at = carried.trimmed_at;
        desk.guards = carried.guards.clone();
        desk.foreign.policy = carried.policy;
        desk.misfit_cycles = readings.misfit_cycles;
        if let Some(at) = readings.priced_at {
            desk.see_price(at, readings.last);
        }
        desk.recent_fills = self.recent_fills.clone();
        for said in &mut desk.recent_fills.fills {
            said.order = said.order.map(|order| OrderRef { instrument: id, ..order });
        }
        desk.foreign_orders = self.foreign_orders.clone();
    }
}
