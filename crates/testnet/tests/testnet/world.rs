//! The world behind the protocols.

use std::collections::BTreeMap;

use crate::common::{START, settings};
use rust_decimal::Decimal;
use seawall_model::{QtyUnits, Side, Span, Timeframe};
use seawall_testnet::World;
use seawall_testnet::world::{Kind, Life, NewOrder, RESOLUTIONS, mix};

fn busy(seed: u64, minutes: i64) -> World {
    let mut world = World::new(&settings(), START).unwrap();
    for minute in 0..minutes {
        let draw = mix(seed, minute.unsigned_abs());
        let markets = world.markets();
        let market = &markets[usize::try_from(draw % 5).unwrap()];
        let side = if draw & 64 == 0 { Side::Buy } else { Side::Sell };
        let tick = market.instrument.tick().get();
        let away = market.last.get() / 1_000 / tick * tick;
        let price = match side {
            Side::Buy => market.bid.get() - away,
            Side::Sell => market.ask.get() + away,
        };
        let price = seawall_model::PriceUnits::new(price / tick * tick);
        let kind = if draw & 128 == 0 { Kind::Market } else { Kind::Limit { price, life: Life::Gtc } };
        let size = 1 + i64::try_from(draw >> 50).unwrap() % 20;
        let order = NewOrder {
            instrument: market.instrument.id(),
            side,
            qty: QtyUnits::new(size * market.instrument.lot().get()),
            kind,
            reduce_only: draw & 256 == 0,
            client_id: None,
            extra: BTreeMap::new(),
        };
        world.place(order);
        world.advance(world.now().plus(Span::from_secs(60)));
        world.take_happenings();
    }
    world
}

#[test]
fn the_wallet_and_the_positions_are_the_exchanges_equity_to_the_last_digit() {
    for seed in 0..3 {
        let world = busy(seed, 300);
        assert!(world.account().fills().count() > 50);
        let mut equity = world.account().wallet;
        for (id, holding) in world.account().holdings() {
            let market = world.market(id).unwrap();
            equity += market.price(market.last) * market.qty(holding.qty) - holding.cost;
        }
        let exchange = world.exchange().account();
        assert!((equity - exchange.equity.get()).abs() < Decimal::new(1, 8), "{equity} {exchange:?}");
        for position in exchange.positions {
            assert_eq!(world.account().holding(position.instrument).qty, position.qty);
        }
    }
}

#[test]
fn the_same_settings_and_calls_give_the_same_world() {
    let show = |world: &World| {
        let orders: Vec<_> = world.orders().all().cloned().collect();
        let fills: Vec<_> = world.account().fills().cloned().collect();
        format!("{orders:?} {fills:?} {:?}", world.markets()[0].last)
    };
    assert_eq!(show(&busy(7, 60)), show(&busy(7, 60)));
    assert_ne!(show(&busy(7, 60)), show(&busy(8, 60)));
}

#[test]
fn steps_of_any_length_lead_to_the_same_market() {
    let mut coarse = World::new(&settings(), START).unwrap();
    let mut fine = coarse.clone();
    let end = START.plus(Span::from_secs(1_800));
    coarse.advance(end);
    let mut at = START;
    while at < end {
        at = at.plus(Span::from_millis(7_300)).min(end);
        fine.advance(at);
    }
    for (left, right) in coarse.markets().iter().zip(fine.markets()) {
        assert_eq!((left.last, left.bid, left.ask), (right.last, right.bid, right.ask));
        let bars = |market: &seawall_testnet::world::Market| {
            market.chart.rows(Timeframe::M1).copied().collect::<Vec<_>>()
        };
        assert_eq!(bars(left), bars(right));
    }
}

#[test]
fn there_is_history_at_every_resolution_and_it_ends_now() {
    let mut wanted = settings();
    wanted.history_days = 60;
    let world = World::new(&wanted, START).unwrap();
    for market in world.markets() {
        for resolution in RESOLUTIONS {
            let rows: Vec<_> = market.chart.rows(resolution).collect();
            assert!(rows.windows(2).all(|pair| pair[0].open_time < pair[1].open_time));
            let last = rows.last().unwrap().open_time;
            assert!(last <= START && START.since(last) <= resolution.span().max(Span::from_secs(120)));
            assert!(rows.len() >= 8, "{} {}", resolution.name(), rows.len());
        }
        assert!(market.chart.rows(Timeframe::H4).len() >= 350);
    }
}
