//! What orders, fills and clocks have made of an instrument, and what of that a step has changed.
//!
//! Invariant: a trading state with each patch applied that [`DeskTrading::catch_up`] made is the desk's own.
//! A patch has each part that has changed, in full; of the live orders it has those that have changed, and
//! which of them work.

use seawall_model::{ClientOrderId, Money, OrderRef, OrderRequest, Position, PriceUnits, Ts};
use serde::{Deserialize, Deserializer, Serialize};

use super::desk::{NOBODY, unnumbered};
use crate::desk::{Closing, Desk, Difference, EntryBasis, OpenTrade, Trimming};
use crate::mutant::Mutant;
use crate::orders::Order;
use crate::overlays::DeskGuards;
use crate::protection::Protection;
use crate::risk::streaks::Cooldown;
use crate::stop_outs::StopOuts;
use crate::truth::settings::PositionPolicy;

/// What orders, fills and clocks have made of a desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DeskTrading {
    pub(super) position: Position,
    /// What the ledger has for the position.
    pub(super) booked: Money,
    pub(super) last_fill_at: Ts,
    pub(super) live: Vec<Order>,
    pub(super) protection: Protection,
    pub(super) basis: Option<EntryBasis>,
    /// Without the prices that are in the readings.
    pub(super) trade: Option<OpenTrade>,
    /// Points of the trade's setup.
    #[serde(with = "super::exact::optional")]
    pub(super) score: Option<f64>,
    pub(super) closing: Option<Closing>,
    pub(super) trimming: Option<Trimming>,
    pub(super) difference: Option<Difference>,
    pub(super) newest_fill: Ts,
    pub(super) pictured_at: Ts,
    pub(super) cooldown: Cooldown,
    pub(super) stop_outs: StopOuts,
    pub(super) shocked_at: Ts,
    pub(super) shock_until: Ts,
    pub(super) trimmed_at: Ts,
    pub(super) guards: DeskGuards,
    /// Of a position that no order of ours explains.
    pub(super) policy: Option<PositionPolicy>,
}

/// A field that stands in the text says what is so, also that there is nothing: only one that is left out
/// says that nothing has changed.
fn told<'de, T: Deserialize<'de>, D: Deserializer<'de>>(input: D) -> Result<Option<T>, D::Error> {
    T::deserialize(input).map(Some)
}

/// The parts that are compared and told as they are, by the name that they have in [`DeskTrading`].
macro_rules! trading_patch {
    ($($part:ident: $type:ty,)*) => {
        /// What has changed of a [`DeskTrading`].
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        pub(super) struct TradingPatch {
            $(
                #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "told")]
                $part: Option<$type>,
            )*
            /// Bits of the score.
            #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "told")]
            score: Option<Option<u64>>,
            /// Live orders that have changed; all of them where `working` is left out.
            #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "told")]
            live: Option<Vec<Order>>,
            /// All live orders in their order, if one of them has changed.
            #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "told")]
            working: Option<Vec<ClientOrderId>>,
        }

        impl TradingPatch {
            /// Everything.
            pub(super) fn whole(of: &DeskTrading) -> Self {
                TradingPatch {
                    $($part: Some(of.$part.clone()),)*
                    score: Some(of.score.map(f64::to_bits)),
                    live: Some(of.live.clone()),
                    working: None,
                }
            }

            /// The state that a patch of everything tells.
            fn begin(&self) -> Option<DeskTrading> {
                Some(DeskTrading {
                    $($part: self.$part.clone()?,)*
                    score: self.score?.map(f64::from_bits),
                    live: self.live.clone().filter(|_| self.working.is_none())?,
                })
            }

            pub(super) fn is_empty(&self) -> bool {
                let orders = self.live.is_none() && self.working.is_none();
                orders && self.score.is_none() $(&& self.$part.is_none())*
            }

            fn change(&self, trading: &mut DeskTrading) {
                $(if let Some(part) = &self.$part {
                    trading.$part.clone_from(part);
                })*
                if let Some(score) = self.score {
                    trading.score = score.map(f64::from_bits);
                }
            }
        }
    };
}

trading_patch! {
    position: Position,
    booked: Money,
    last_fill_at: Ts,
    protection: Protection,
    basis: Option<EntryBasis>,
    trade: Option<OpenTrade>,
    closing: Option<Closing>,
    trimming: Option<Trimming>,
    difference: Option<Difference>,
    newest_fill: Ts,
    pictured_at: Ts,
    cooldown: Cooldown,
    stop_outs: StopOuts,
    shocked_at: Ts,
    shock_until: Ts,
    trimmed_at: Ts,
    guards: DeskGuards,
    policy: Option<PositionPolicy>,
}

impl TradingPatch {
    /// What it makes of `before`; `None` where it builds on something that is not there.
    pub(super) fn apply(&self, before: Option<DeskTrading>) -> Option<DeskTrading> {
        let Some(mut trading) = before else { return self.begin() };
        self.change(&mut trading);
        match (&self.live, &self.working) {
            (Some(live), None) => trading.live.clone_from(live),
            (news, Some(working)) => {
                let news = news.as_deref().unwrap_or_default();
                let of = |id: &ClientOrderId| {
                    news.iter().chain(&trading.live).find(|order| order.id() == *id).cloned()
                };
                trading.live = working.iter().map(of).collect::<Option<_>>()?;
            }
            (None, None) => {}
        }
        Some(trading)
    }
}

/// `now`, if `known` is something else; it is `now` from here on.
fn changed<T: Clone + PartialEq>(known: &mut T, now: &T) -> Option<T> {
    if known == now {
        return None;
    }
    known.clone_from(now);
    Some(now.clone())
}

/// Whether a carried order is the one of a desk; within a carry instruments have no numbers.
pub(super) fn is_same(carried: &Order, order: &Order) -> bool {
    // Named in full, so that nothing new is left out; the id tells most apart.
    let Order {
        request,
        state,
        filled,
        placed_at,
        expires_at,
        cancel_sent,
        amendment,
        triggered_at,
        query_at,
        queries,
        changed_at,
        asked_at,
        reported,
    } = carried;
    let OrderRequest { order: OrderRef { instrument: _, id }, role, side, qty, kind, reduce_only } = request;
    let theirs = &order.request;
    *id == theirs.order.id
        && (*state, *filled, *changed_at) == (order.state, order.filled, order.changed_at)
        && (*role, *side, *qty, *reduce_only) == (theirs.role, theirs.side, theirs.qty, theirs.reduce_only)
        && *kind == theirs.kind
        && (*placed_at, *expires_at) == (order.placed_at, order.expires_at)
        && (*cancel_sent, *amendment) == (order.cancel_sent, order.amendment)
        && (*triggered_at, *query_at) == (order.triggered_at, order.query_at)
        && (*queries, *asked_at, *reported) == (order.queries, order.asked_at, order.reported)
}

/// The trade without what stands in the readings, and without its score.
fn trade_of(desk: &Desk) -> Option<OpenTrade> {
    let mut trade = desk.trade.clone();
    if let Some(OpenTrade { record, .. }) = trade.as_mut() {
        (record.worst_price, record.best_price) = (PriceUnits::ZERO, PriceUnits::ZERO);
        record.instrument = NOBODY;
        record.score = None;
    }
    trade
}

fn score_of(desk: &Desk) -> Option<f64> {
    desk.trade.as_ref().and_then(|trade| trade.record.score)
}

fn is_kept(order: &&Order) -> bool {
    order.state.is_confirmed() || !Mutant::InFlightLostAtRestart.is_on()
}

impl DeskTrading {
    pub(super) fn of(desk: &Desk) -> Self {
        DeskTrading {
            position: desk.position,
            booked: desk.position.cost(),
            last_fill_at: desk.last_fill_at,
            live: desk.orders.live().filter(is_kept).map(unnumbered).collect(),
            protection: desk.protection.clone(),
            basis: desk.basis.clone(),
            trade: trade_of(desk),
            score: score_of(desk),
            closing: desk.closing,
            trimming: desk.trimming,
            difference: desk.difference,
            newest_fill: desk.newest_fill,
            pictured_at: desk.pictured_at,
            cooldown: desk.cooldown.clone(),
            stop_outs: desk.stop_outs.clone(),
            shocked_at: desk.shocked_at,
            shock_until: desk.shock_until,
            trimmed_at: desk.trimmed_at,
            guards: desk.guards.habits(),
            policy: desk.foreign.policy,
        }
    }

    /// Becomes what the desk is, and says what that has changed.
    pub(super) fn catch_up(&mut self, desk: &Desk) -> TradingPatch {
        let (live, working) = self.live_orders(desk);
        TradingPatch {
            position: changed(&mut self.position, &desk.position),
            booked: changed(&mut self.booked, &desk.position.cost()),
            last_fill_at: changed(&mut self.last_fill_at, &desk.last_fill_at),
            protection: changed(&mut self.protection, &desk.protection),
            basis: changed(&mut self.basis, &desk.basis),
            trade: self.open_trade(desk),
            closing: changed(&mut self.closing, &desk.closing),
            trimming: changed(&mut self.trimming, &desk.trimming),
            difference: changed(&mut self.difference, &desk.difference),
            newest_fill: changed(&mut self.newest_fill, &desk.newest_fill),
            pictured_at: changed(&mut self.pictured_at, &desk.pictured_at),
            cooldown: changed(&mut self.cooldown, &desk.cooldown),
            stop_outs: changed(&mut self.stop_outs, &desk.stop_outs),
            shocked_at: changed(&mut self.shocked_at, &desk.shocked_at),
            shock_until: changed(&mut self.shock_until, &desk.shock_until),
            trimmed_at: changed(&mut self.trimmed_at, &desk.trimmed_at),
            guards: self.habits(desk),
            policy: changed(&mut self.policy, &desk.foreign.policy),
            score: self.points(desk),
            live,
            working,
        }
    }

    fn live_orders(&mut self, desk: &Desk) -> (Option<Vec<Order>>, Option<Vec<ClientOrderId>>) {
        let same = self.live.len() == desk.orders.live_count();
        if same && self.live.iter().zip(desk.orders.live()).all(|(known, now)| is_same(known, now)) {
            return (None, None);
        }
        let live: Vec<Order> = desk.orders.live().filter(is_kept).map(unnumbered).collect();
        let news: Vec<Order> = live.iter().filter(|order| !self.live.contains(order)).cloned().collect();
        let working = live.iter().map(Order::id).collect();
        self.live = live;
        ((!news.is_empty()).then_some(news), Some(working))
    }

    fn open_trade(&mut self, desk: &Desk) -> Option<Option<OpenTrade>> {
        let same = match (&mut self.trade, &desk.trade) {
            (None, None) => true,
            (Some(known), Some(now)) => {
                let (record, theirs) = (&mut known.record, &now.record);
                // Compared in place, with what is left out of a carry.
                let before = (record.worst_price, record.best_price, record.instrument, record.score);
                (record.worst_price, record.best_price) = (theirs.worst_price, theirs.best_price);
                (record.instrument, record.score) = (theirs.instrument, theirs.score);
                let same = known == now;
                let record = &mut known.record;
                (record.worst_price, record.best_price, record.instrument, record.score) = before;
                same
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        if same {
            return None;
        }
        self.trade = trade_of(desk);
        Some(self.trade.clone())
    }

    fn habits(&mut self, desk: &Desk) -> Option<DeskGuards> {
        if self.guards.has_habits_of(&desk.guards) {
            return None;
        }
        self.guards = desk.guards.habits();
        Some(self.guards.clone())
    }

    fn points(&mut self, desk: &Desk) -> Option<Option<u64>> {
        let (known, now) = (self.score.map(f64::to_bits), score_of(desk));
        self.score = now;
        let now = now.map(f64::to_bits);
        (known != now).then_some(now)
    }

    /// Whether a quiet price has changed nothing of a desk. One without a position can only be in shock for
    /// longer.
    #[inline]
    pub(super) fn stands(&self, desk: &Desk) -> bool {
        if self.shock_until != desk.shock_until {
            return false;
        }
        if desk.position.is_flat() {
            return true;
        }
        let managed = |trade: &OpenTrade| (trade.managed, trade.slots);
        self.protection == desk.protection
            && self.trade.as_ref().map(managed) == desk.trade.as_ref().map(managed)
            && (self.closing, self.trimming) == (desk.closing, desk.trimming)
    }
}
