//! Kraken Futures in a box over the WebSocket.

use std::collections::BTreeMap;

use crate::common::Bench;
use serde_json::{Value, json};

/// Quantities by side and price.
type Levels = BTreeMap<(String, String), f64>;

fn of<'a>(heard: &'a [(seawall_testnet::ConnectionId, Value)], feed: &str) -> Vec<&'a Value> {
    heard
        .iter()
        .map(|(_, value)| value)
        .filter(|value| value["feed"] == feed && value["event"].is_null())
        .collect()
}

#[test]
fn a_book_is_a_snapshot_and_deltas_without_a_gap_that_equal_the_rest_book() {
    let mut bench = Bench::new();
    let connection = bench.connect(1);
    bench.say(connection, &json!({ "event": "subscribe", "feed": "book", "product_ids": ["PF_XBTUSD"] }));
    bench.wait(30);
    // A second listener gets a snapshot of the same sequence.
    let other = bench.connect(2);
    bench.say(other, &json!({ "event": "subscribe", "feed": "book", "product_ids": ["PF_XBTUSD"] }));
    bench.wait(30);
    let heard = bench.hear();
    let mut books: BTreeMap<u64, (u64, Levels)> = BTreeMap::new();
    for (connection, message) in &heard {
        let level = |row: &Value| (row["price"].to_string(), row["qty"].as_f64().unwrap());
        match message["feed"].as_str() {
            Some("book_snapshot") => {
                let mut levels = BTreeMap::new();
                for side in ["bids", "asks"] {
                    for row in message[side].as_array().unwrap() {
                        levels.insert((side.to_owned(), level(row).0), level(row).1);
                    }
                }
                books.insert(connection.0, (message["seq"].as_u64().unwrap(), levels));
            }
            Some("book") if message["event"].is_null() => {
                let (seq, levels) = books.get_mut(&connection.0).unwrap();
                *seq += 1;
                assert_eq!(message["seq"].as_u64().unwrap(), *seq);
                let side = if message["side"] == "buy" { "bids" } else { "asks" };
                let (price, qty) = level(message);
                if qty == 0.0 {
                    levels.remove(&(side.to_owned(), price)).unwrap();
                } else {
                    levels.insert((side.to_owned(), price), qty);
                }
            }
            _ => {}
        }
    }
    assert_eq!(books[&1], books[&2]);
    let rest = bench.public("/derivatives/api/v3/orderbook?symbol=PF_XBTUSD");
    assert_eq!(books[&1].1.len(), 60);
    let best = rest["orderBook"]["bids"][0][0].to_string();
    assert!(books[&1].1.contains_key(&("bids".to_owned(), best)));
}

#[test]
fn private_feeds_need_the_challenge_signed() {
    let mut bench = Bench::new();
    let connection = bench.connect(1);
    let message = json!({
        "event": "subscribe", "feed": "fills", "api_key": bench.key,
        "original_challenge": "x", "signed_challenge": "y",
    });
    bench.say(connection, &message);
    let heard = bench.hear();
    assert_eq!(heard[0].1, json!({ "event": "info", "version": 1 }));
    assert_eq!(heard[1].1["event"], "alert");
    bench.private(2, &["fills"]);
    let heard = bench.hear();
    assert_eq!(heard[0].1["event"], "subscribed");
    assert_eq!(heard[1].1["feed"], "fills_snapshot");
}

#[test]
fn a_full_fill_takes_the_order_off_the_list_and_is_no_cancellation() {
    let mut bench = Bench::new();
    bench.private(1, &["open_orders", "fills", "open_positions", "balances", "account_log"]);
    let far = bench.near(-9.0);
    bench.send(&format!("orderType=lmt&symbol=PF_XBTUSD&side=buy&size=0.3&limitPrice={far}&cliOrdId=q"));
    bench.hear();
    let near = bench.near(1.0);
    let edited = bench.post("editorder", &format!("cliOrdId=q&limitPrice={near}"));
    assert_eq!(edited["editStatus"]["status"], "edited");
    let heard = bench.hear();
    let orders = of(&heard, "open_orders");
    let last = orders.last().unwrap();
    assert_eq!((&last["is_cancel"], &last["reason"]), (&json!(true), &json!("full_fill")));
    let fills = of(&heard, "fills");
    assert_eq!(
        (&fills[0]["fills"][0]["cli_ord_id"], &fills[0]["fills"][0]["qty"]),
        (&json!("q"), &json!(0.3))
    );
    assert!(fills[0]["fills"][0]["fee_paid"].as_f64().unwrap() > 0.0);
    assert_eq!(of(&heard, "open_positions").last().unwrap()["positions"][0]["balance"], 0.3);
    assert_eq!(of(&heard, "account_log").len(), 2);
    assert!(!of(&heard, "balances").is_empty());
}

#[test]
fn a_trigger_leaves_the_list_and_its_execution_has_the_same_id() {
    let mut bench = Bench::new();
    bench.private(1, &["open_orders", "fills"]);
    let above = bench.near(2.0);
    // A sell stop above the price is met already.
    let (_, status) = bench.send(&format!(
        "orderType=stp&symbol=PF_XBTUSD&side=sell&size=0.1&stopPrice={above}&triggerSignal=last"
    ));
    let heard = bench.hear();
    let reasons: Vec<&str> =
        of(&heard, "open_orders").iter().map(|row| row["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["new_placed_order_by_user", "stop_order_triggered"]);
    assert_eq!(of(&heard, "fills")[0]["fills"][0]["order_id"], status["order_id"]);
}

#[test]
fn a_liquidation_is_told_with_its_orders() {
    let mut bench = Bench::new();
    bench.send("orderType=mkt&symbol=PF_XBTUSD&side=buy&size=0.5");
    let far = bench.near(-9.0);
    bench.send(&format!(
        "orderType=stp&symbol=PF_XBTUSD&side=sell&size=0.5&stopPrice={far}&triggerSignal=mark&reduceOnly=true"
    ));
    bench.private(1, &["open_orders", "fills", "open_positions"]);
    bench.hear();
    let id = bench.testnet.world().resolve("PF_XBTUSD").unwrap();
    bench.testnet.world_mut().liquidate(id);
    bench.wait(0);
    let heard = bench.hear();
    assert_eq!(of(&heard, "fills")[0]["fills"][0]["fill_type"], "liquidation");
    assert_eq!(of(&heard, "open_orders")[0]["reason"], "liquidation");
    assert!(of(&heard, "open_positions").last().unwrap()["positions"].as_array().unwrap().is_empty());
}

#[test]
fn heartbeats_tickers_and_trades_come_by_themselves() {
    let mut bench = Bench::new();
    let connection = bench.connect(1);
    bench.say(connection, &json!({ "event": "subscribe", "feed": "heartbeat" }));
    for feed in ["ticker", "ticker_lite", "trade"] {
        let message =
            json!({ "event": "subscribe", "feed": feed, "product_ids": ["PF_ETHUSD", "PF_XBTUSD"] });
        bench.say(connection, &message);
    }
    bench.say(connection, &json!({ "event": "subscribe", "feed": "odd" }));
    for _ in 0..30 {
        bench.wait(1);
    }
    let heard = bench.hear();
    for feed in ["heartbeat", "ticker", "ticker_lite", "trade", "trade_snapshot"] {
        assert!(!of(&heard, feed).is_empty(), "{feed}");
    }
    assert!(heard.iter().any(|(_, value)| value["message"] == "Invalid feed"));
    let ticker = of(&heard, "ticker").last().copied().unwrap().clone();
    assert!(ticker["relative_funding_rate"].is_number() && ticker["markPrice"].is_number());
}
