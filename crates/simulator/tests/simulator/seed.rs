//! What the venue does to an account without an order.

use crate::common::*;
use seawall_model::Side::{Buy, Sell};
use seawall_model::{Money, OrderKind, PriceUnits, QtyUnits, Span, VenuePosition};
use seawall_simulator::Tick;

fn position(qty: i64, entry: i64) -> VenuePosition {
    VenuePosition { instrument: BTC, qty: QtyUnits::new(qty), entry_price: PriceUnits::new(entry) }
}

fn tick(world: &mut World, price: i64) {
    world.now = world.now.plus(Span::from_secs(5));
    let price = PriceUnits::new(price);
    world.exchange.tick(world.now, BTC, Tick { bid: price, ask: price, last: price, qty: None });
    world.drain(world.now);
}

#[test]
fn a_seeded_position_is_held_worth_its_price_and_can_be_closed() {
    let mut world = World::new(&free());
    let before = world.exchange.account().equity;
    world.exchange.seed_position(world.now, position(-5, 100)).unwrap();
    let account = world.exchange.account();
    assert_eq!((account.equity, account.positions.as_slice()), (before, &[position(-5, 100)][..]));
    tick(&mut world, 100);
    assert_eq!(world.exchange.account().equity, before);
    world.reduce(Buy, 5, OrderKind::Market);
    assert_eq!(world.trades(), [(Buy, 5, 100)]);
    assert!(world.exchange.account().positions.is_empty());
    assert_eq!(world.exchange.account().equity, before);
}

#[test]
fn a_position_that_cannot_be_is_refused_and_changes_nothing() {
    let mut world = World::new(&free());
    world.exchange.seed_position(world.now, position(5, 100)).unwrap();
    let before = world.exchange.account();
    for wrong in [position(1, 100), position(0, 100), position(1, 0)] {
        assert!(world.exchange.seed_position(world.now, wrong).is_err());
        assert_eq!(world.exchange.account(), before);
    }
}

#[test]
fn transfers_move_cash_and_a_liquidation_closes_the_position() {
    let mut world = World::new(&free());
    let before = world.exchange.account().cash;
    let amount: Money = "250".parse().unwrap();
    world.exchange.transfer(amount).unwrap();
    assert_eq!(world.exchange.account().cash, before.plus(amount).unwrap());
    world.exchange.seed_position(world.now, position(5, 100)).unwrap();
    tick(&mut world, 90);
    world.exchange.liquidate(world.now, BTC);
    world.drain(world.now);
    assert_eq!(world.trades(), [(Sell, 5, 90)]);
    assert_eq!(world.exchange.stats().liquidations, 1);
    assert!(world.exchange.account().positions.is_empty());
}
