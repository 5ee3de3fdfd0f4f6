//! Messages of the feeds, made from the world.

use rust_decimal::Decimal;
use seawall_model::{PriceUnits, QtyUnits};
use serde_json::{Map, Value, json};

use super::public::{next_funding, trade_id};
use super::rows::{self, ACCOUNT, PositionFacts};
use crate::json::{float, number};
use crate::world::{Book, Change, Market, TapeTrade, World};

/// Rows of a snapshot of fills and bookings.
const SNAPSHOT_MAX: usize = 100;
/// Trades of a snapshot.
const TRADES_MAX: usize = 100;

/// The snapshot of a private feed; `None` for one that has none.
pub(super) fn snapshot(world: &World, feed: &str, seq: u64) -> Option<Value> {
    Some(match feed {
        "open_orders" | "open_orders_verbose" => {
            let row = |order: &crate::world::Order| {
                let market = world.market(order.asked.instrument)?;
                Some(rows::stream_order(market, order))
            };
            let orders: Vec<Value> = world.orders().open().filter_map(row).collect();
            json!({ "feed": format!("{feed}_snapshot"), "account": ACCOUNT, "orders": orders })
        }
        "fills" => {
            let total = world.account().fills().count();
            let last = world.account().fills().skip(total.saturating_sub(SNAPSHOT_MAX));
            let rows: Vec<Value> = last
                .filter_map(|fill| Some(rows::stream_fill(world, world.market(fill.instrument)?, fill)))
                .collect();
            json!({ "feed": "fills_snapshot", "account": ACCOUNT, "fills": rows })
        }
        "open_positions" => positions(world, seq),
        "balances" => {
            let mut value = balances(world, seq);
            if let Some(map) = value.as_object_mut() {
                // A snapshot has every wallet, a message only what changed.
                map.insert("feed".to_owned(), json!("balances_snapshot"));
                map.insert("holding".to_owned(), json!({ "USD": 0.0 }));
                map.insert("futures".to_owned(), json!({}));
            }
            value
        }
        "account_log" => {
            let total = world.account().log().count();
            let last = world.account().log().skip(total.saturating_sub(SNAPSHOT_MAX));
            let mut rows: Vec<Value> = last.flat_map(|row| super::history::log_rows(world, row)).collect();
            rows.reverse();
            json!({ "feed": "account_log_snapshot", "logs": rows })
        }
        _ => return None,
    })
}

/// A message of `ticker`.
pub(super) fn ticker(world: &World, market: &Market) -> Value {
    let book = market.book(world.now());
    let size = |levels: &[(PriceUnits, QtyUnits)]| {
        number(levels.first().map_or(Decimal::ZERO, |(_, qty)| market.qty(*qty)))
    };
    let premium = (market.price(market.mark) / market.price(market.index).max(Decimal::new(1, 12))
        - Decimal::ONE)
        * Decimal::ONE_HUNDRED;
    json!({
        "feed": "ticker",
        "time": market.last_at.millis(),
        "product_id": market.symbol,
        "bid": number(market.price(market.bid)),
        "ask": number(market.price(market.ask)),
        "bid_size": size(&book.bids),
        "ask_size": size(&book.asks),
        "volume": float(market.day.volume, 4),
        "volumeQuote": float(market.day.turnover, 2),
        "dtm": 0,
        "leverage": format!("{}x", market.instrument.spec().leverage_max.get().normalize()),
        "index": number(market.price(market.index)),
        "premium": number(premium.round_dp(4)),
        "last": number(market.price(market.last)),
        "change": rows::change(market),
        "suspended": false,
        "tag": "perpetual",
        "pair": rows::pair(market),
        "openInterest": rows::open_interest(market),
        "markPrice": number(market.price(market.mark)),
        "maturityTime": 0,
        "post_only": false,
        "funding_rate": number(market.funding_absolute()),
        "funding_rate_prediction": number(market.funding_absolute()),
        "relative_funding_rate": number(market.funding),
        "relative_funding_rate_prediction": number(market.funding),
        "next_funding_rate_time": next_funding(world.now()).millis(),
        "open": number(market.price(market.day.open)),
        "high": number(market.price(market.day.high)),
        "low": number(market.price(market.day.low)),
    })
}

/// A message of `ticker_lite`.
pub(super) fn ticker_lite(market: &Market) -> Value {
    json!({
        "feed": "ticker_lite",
        "product_id": market.symbol,
        "bid": number(market.price(market.bid)),
        "ask": number(market.price(market.ask)),
        "change": rows::change(market),
        "premium": 0.0,
        "volume": float(market.day.volume, 4),
        "volumeQuote": float(market.day.turnover, 2),
        "tag": "perpetual",
        "pair": rows::pair(market),
        "dtm": 0,
        "maturityTime": 0,
    })
}

/// A public trade.
pub(super) fn trade(world: &World, market: &Market, trade: &TapeTrade) -> Value {
    json!({
        "feed": "trade",
        "product_id": market.symbol,
        "uid": trade_id(world, market, trade),
        "side": trade.side.name(),
        "type": "fill",
        "seq": trade.number,
        "time": trade.at.millis(),
        "qty": number(market.qty(trade.qty)),
        "price": number(market.price(trade.price)),
    })
}

/// The last trades, newest first.
pub(super) fn trade_snapshot(world: &World, market: &Market) -> Value {
    let trades: Vec<Value> =
        market.tape().rev().take(TRADES_MAX).map(|row| trade(world, market, row)).collect();
    json!({ "feed": "trade_snapshot", "product_id": market.symbol, "trades": trades })
}

/// The whole book.
pub(super) fn book_snapshot(world: &World, market: &Market, book: &Book, seq: u64) -> Value {
    let levels = |levels: &[(PriceUnits, QtyUnits)]| -> Vec<Value> {
        let level = |(price, qty): &(PriceUnits, QtyUnits)| {
            let (price, qty) = (number(market.price(*price)), number(market.qty(*qty)));
            json!({ "price": price, "qty": qty })
        };
        levels.iter().map(level).collect()
    };
    json!({
        "feed": "book_snapshot",
        "product_id": market.symbol,
        "timestamp": world.now().millis(),
        "seq": seq,
        "tickSize": null,
        "bids": levels(&book.bids),
        "asks": levels(&book.asks),
    })
}

/// A level that changed.
pub(super) fn book_delta(world: &World, market: &Market, change: Change, seq: u64) -> Value {
    json!({
        "feed": "book",
        "product_id": market.symbol,
        "side": change.side.name(),
        "seq": seq,
        "price": number(market.price(change.price)),
        "qty": number(market.qty(change.qty)),
        "timestamp": world.now().millis(),
    })
}

/// All positions.
pub(super) fn positions(world: &World, seq: u64) -> Value {
    let worth = world.worth();
    let equity = worth.equity().max(Decimal::new(1, 8));
    let row = |market: &Market, facts: &PositionFacts| {
        let id = market.instrument.id();
        let holding = world.account().holding(id);
        let margins = world.margins(market, holding.qty);
        let size = facts.size * market.price(market.mark);
        let signed = if facts.side == "long" { facts.size } else { -facts.size };
        let own = margins.initial.max(Decimal::new(1, 8));
        json!({
            "instrument": market.symbol,
            "balance": number(signed),
            "pnl": number(facts.pnl),
            "entry_price": number(facts.entry),
            "mark_price": number(market.price(market.mark)),
            "index_price": number(market.price(market.index)),
            "liquidation_threshold": number(world.liquidation_price(id).unwrap_or(Decimal::ZERO)),
            "effective_leverage": number((size / equity).round_dp(6)),
            "return_on_equity": number((facts.pnl / own * Decimal::ONE_HUNDRED).round_dp(6)),
            "unrealized_funding": number(facts.funding),
            "initial_margin": number(margins.initial),
            "initial_margin_with_orders": number(margins.initial),
            "maintenance_margin": number(margins.maintenance),
            "pnl_currency": "USD",
        })
    };
    let rows: Vec<Value> = world
        .account()
        .holdings()
        .filter_map(|(id, _)| {
            let market = world.market(id)?;
            PositionFacts::new(world, market).map(|facts| row(market, &facts))
        })
        .collect();
    json!({
        "feed": "open_positions",
        "account": ACCOUNT,
        "positions": rows,
        "seq": seq,
        "timestamp": world.now().millis(),
    })
}

/// The account of the perpetuals, in the stream's names.
pub(super) fn balances(world: &World, seq: u64) -> Value {
    let worth = world.worth();
    let mut flex: Map<String, Value> = super::private::flex(&worth)
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (snake(name), value.clone()))
        .collect();
    flex.insert("initial_margin_without_orders".to_owned(), number(worth.initial));
    flex.insert(
        "currencies".to_owned(),
        json!({ "USD": {
            "quantity": number(worth.wallet),
            "value": number(worth.wallet),
            "collateral_value": number(worth.wallet),
            "available": number(worth.available()),
            "haircut": 0.0,
            "conversion_spread": 0.0,
        } }),
    );
    json!({
        "feed": "balances",
        "account": ACCOUNT,
        "flex_futures": flex,
        "timestamp": world.now().millis(),
        "seq": seq,
    })
}

/// `portfolioValue` as `portfolio_value`.
fn snake(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}
