//! What is held, and what of it open orders hold back.
//!
//! A limit order in the book holds its price and fee, or its quantity. An order that waits for its trigger
//! holds nothing until then, so that a stop and a take-profit can stand for the same coins; whether it can be
//! paid is asked when it is placed and again when it wakes.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_model::{InstrumentId, Side};

use super::names::Names;
use crate::world::{Market, NewOrder, Order, State, World, value};

/// Total and held back, of one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Funds {
    pub(super) total: Decimal,
    pub(super) held: Decimal,
}

impl Funds {
    pub(super) fn free(self) -> Decimal {
        self.total - self.held
    }
}

/// The taker's fee as a fraction.
pub(super) fn taker(market: &Market) -> Decimal {
    market.instrument.spec().taker_fee_bps.map_or(Decimal::ZERO, |bps| bps.fraction())
}

/// The maker's fee as a fraction.
pub(super) fn maker(market: &Market) -> Decimal {
    market.instrument.spec().maker_fee_bps.map_or(Decimal::ZERO, |bps| bps.fraction())
}

/// What an order needs in quote currency, fee included.
fn price_of(market: &Market, order: &NewOrder, qty: seawall_model::QtyUnits) -> Decimal {
    let trigger = order.kind.condition().map(|condition| condition.trigger);
    let price = order.kind.limit().or(trigger).unwrap_or(market.ask);
    // A purchase above the market pays the market's price.
    let price = if trigger.is_none() { price.min(market.ask) } else { price };
    value(&market.instrument, price, qty) * (Decimal::ONE + taker(market))
}

/// All assets by code, quote currency first asked for or not.
pub(super) fn all(world: &World, names: &Names) -> BTreeMap<String, Funds> {
    let mut funds: BTreeMap<String, Funds> = BTreeMap::new();
    let quote = super::names::QUOTE.to_owned();
    funds.entry(quote.clone()).or_default().total = world.account().wallet;
    for (id, holding) in world.account().holdings() {
        if let (Some(market), Some(pair)) = (world.market(id), names.pair(id)) {
            funds.entry(pair.code.clone()).or_default().total = market.qty(holding.qty);
        }
    }
    for order in world.orders().open().filter(|order| order.state == State::Open) {
        let id = order.asked.instrument;
        let (Some(market), Some(pair)) = (world.market(id), names.pair(id)) else { continue };
        match order.asked.side {
            Side::Buy => {
                let needed = price_of(market, &order.asked, order.remaining());
                funds.entry(quote.clone()).or_default().held += needed.round_dp(8);
            }
            Side::Sell => {
                funds.entry(pair.code.clone()).or_default().held += market.qty(order.remaining());
            }
        }
    }
    funds
}

/// Whether the account can pay for an order; `instead_of` is an open one whose place it takes.
pub(super) fn suffice(world: &World, names: &Names, order: &NewOrder, instead_of: Option<&Order>) -> bool {
    let Some(market) = world.market(order.instrument) else { return false };
    let funds = all(world, names);
    let code = match order.side {
        Side::Buy => super::names::QUOTE.to_owned(),
        Side::Sell => names.pair(order.instrument).map(|pair| pair.code.clone()).unwrap_or_default(),
    };
    let free = funds.get(&code).copied().unwrap_or_default().free();
    let needs = |asked: &NewOrder, qty| match asked.side {
        Side::Buy => price_of(market, asked, qty),
        Side::Sell => market.qty(qty),
    };
    let given_back = instead_of
        .filter(|old| old.state == State::Open)
        .map_or(Decimal::ZERO, |old| needs(&old.asked, old.remaining()));
    let filled = instead_of.map_or(seawall_model::QtyUnits::ZERO, |old| old.filled);
    needs(order, order.qty.minus(filled)) <= free + given_back
}

/// The worth of everything in quote currency.
pub(super) fn worth(world: &World) -> Decimal {
    let held = world.account().holdings().filter_map(|(id, holding)| {
        let market = world.market(id)?;
        Some(value(&market.instrument, market.mark, holding.qty))
    });
    world.account().wallet + held.sum::<Decimal>()
}

/// Whether an instrument exists and is listed.
pub(super) fn is_listed(world: &World, instrument: InstrumentId) -> bool {
    world.market(instrument).is_some_and(|market| !market.delisted)
}
