//! Kraken Futures in a box over REST: signatures, orders, triggers, limits.

use crate::common::{Bench, START, settings};
use seawall_model::Span;
use seawall_testnet::HttpRequest;
use serde_json::Value;

#[test]
fn the_market_is_there_for_everybody() {
    let mut bench = Bench::new();
    let instruments = bench.public("/derivatives/api/v3/instruments");
    assert_eq!(instruments["instruments"].as_array().unwrap().len(), 5);
    assert_eq!(instruments["instruments"][0]["symbol"], "PF_XBTUSD");
    assert_eq!(instruments["serverTime"], "2026-01-02T03:04:05.000Z");
    let ticker = bench.ticker("pf_xbtusd");
    assert!(ticker["bid"].as_f64().unwrap() < ticker["ask"].as_f64().unwrap());
    let book = bench.public("/derivatives/api/v3/orderbook?symbol=PF_XBTUSD");
    assert_eq!(book["orderBook"]["bids"][0][0], ticker["bid"]);
    let trades = bench.public("/derivatives/api/v3/history?symbol=PF_XBTUSD");
    assert!(!trades["history"].as_array().unwrap().is_empty());
    for path in ["historical-funding-rates", "../v4/historicalfundingrates"] {
        let target = format!("/derivatives/api/v3/{path}?symbol=PF_XBTUSD").replace("v3/../", "");
        assert!(bench.public(&target)["rates"].as_array().unwrap().len() > 24, "{target}");
    }
    let from = (START.millis() - 3_600_000) / 1_000;
    let candles = bench.public(&format!("/api/charts/v1/trade/PF_XBTUSD/1m?from={from}"));
    let rows = candles["candles"].as_array().unwrap();
    assert!(
        rows.len() >= 55 && rows.windows(2).all(|pair| pair[0]["time"].as_i64() < pair[1]["time"].as_i64())
    );
    let wrong = bench.public("/derivatives/api/v3/orderbook?symbol=PF_NOPEUSD");
    assert_eq!(
        (&wrong["result"], &wrong["error"]),
        (&Value::from("error"), &Value::from("contractNotFound"))
    );
}

#[test]
fn a_signature_is_checked_over_the_bytes_that_came() {
    let mut bench = Bench::new();
    let path = "/derivatives/api/v3/openorders";
    let mut request = bench.signed("GET", path, "", "", "");
    assert!(bench.reply(&request).body.contains("openOrders"));
    request.headers[1].1 = "AAAA".to_owned();
    assert!(bench.reply(&request).body.contains("authenticationError"));
    let bare = HttpRequest { method: "GET".into(), target: path.into(), ..HttpRequest::default() };
    assert!(bench.reply(&bare).body.contains("authenticationError"));
    // A batch may come encoded or raw: what came is what is signed.
    for body in ["json={\"batchOrder\":[]}", "json=%7B%22batchOrder%22%3A%5B%5D%7D"] {
        assert_eq!(bench.post("batchorder", body)["result"], "success", "{body}");
    }
    let nonce = |bench: &mut Bench, nonce: &str| {
        let request = bench.signed("GET", path, "", "", nonce);
        bench.reply(&request).body
    };
    assert!(nonce(&mut bench, "1767323045000").contains("openOrders"));
    assert!(nonce(&mut bench, "1767323045000").contains("nonceDuplicate"));
    assert!(nonce(&mut bench, "1").contains("nonceBelowThreshold"));
}

#[test]
fn an_order_rests_is_edited_and_cancelled() {
    let mut bench = Bench::new();
    let price = bench.near(-5.0);
    let body = format!("orderType=lmt&symbol=PF_XBTUSD&side=buy&size=0.5&limitPrice={price}&cliOrdId=a-1");
    let (word, status) = bench.send(&body);
    assert_eq!((word.as_str(), &status["orderEvents"][0]["type"]), ("placed", &Value::from("PLACE")));
    // The id is taken while the order is open, and free again afterwards.
    assert_eq!(bench.send(&body).0, "clientOrderIdAlreadyExist");
    let edited = bench.post("editorder", "cliOrdId=a-1&size=0.7");
    assert_eq!(edited["editStatus"]["status"], "edited");
    assert_eq!(edited["editStatus"]["orderEvents"][0]["new"]["quantity"], 0.7);
    assert_eq!(edited["editStatus"]["orderId"], status["order_id"]);
    let not_a_stop = bench.post("editorder", &format!("cliOrdId=a-1&stopPrice={price}"));
    assert_eq!(not_a_stop["editStatus"]["status"], "orderForEditNotAStop");
    let open = bench.get("openorders", "");
    assert_eq!(open["openOrders"][0]["unfilledSize"], 0.7);
    let by_client = bench.post("orders/status", "cliOrdIds=a-1");
    assert_eq!(by_client["orders"][0]["status"], "ENTERED_BOOK");
    assert_eq!(bench.post("cancelorder", "cliOrdId=a-1")["cancelStatus"]["status"], "cancelled");
    assert_eq!(bench.post("cancelorder", "cliOrdId=a-1")["cancelStatus"]["status"], "notFound");
    assert_eq!(bench.send(&body).0, "placed");
    let all = bench.post("cancelallorders", "symbol=PF_XBTUSD");
    assert_eq!(all["cancelStatus"]["cancelledOrders"].as_array().unwrap().len(), 1);
    assert_eq!(bench.post("cancelallorders", "")["cancelStatus"]["status"], "noOrdersToCancel");
}

#[test]
fn a_market_order_fills_and_the_account_knows() {
    let mut bench = Bench::new();
    let (word, status) = bench.send("orderType=mkt&symbol=PF_ETHUSD&side=buy&size=2&cliOrdId=m");
    assert_eq!(word, "placed");
    assert_eq!(status["orderEvents"][0]["type"], "EXECUTION");
    assert_eq!(status["orderEvents"][0]["amount"], 2.0);
    let positions = bench.get("openpositions", "");
    assert_eq!(positions["openPositions"][0]["size"], 2.0);
    assert_eq!(positions["openPositions"][0]["side"], "long");
    let fills = bench.get("fills", "");
    assert_eq!(
        (&fills["fills"][0]["cliOrdId"], &fills["fills"][0]["fillType"]),
        (&"m".into(), &"taker".into())
    );
    let flex = bench.get("accounts", "")["accounts"]["flex"].clone();
    assert!(flex["balanceValue"].as_f64().unwrap() < 100_000.0);
    assert!(flex["initialMargin"].as_f64().unwrap() > 0.0);
    // Already filled is no refusal, unknown is.
    assert_eq!(bench.post("cancelorder", "cliOrdId=m")["cancelStatus"]["status"], "filled");
    let history = bench.get("/api/history/v3/executions", "");
    assert_eq!(history["elements"].as_array().unwrap().len(), 1);
    let orders = bench.get("/api/history/v2/orders", "");
    let placed = &orders["elements"][0]["event"]["OrderPlaced"]["order"];
    assert_eq!((&placed["filled"], &placed["quantity"]), (&"2".into(), &"0".into()));
    let log = bench.get("/api/history/v3/account-log", "count=10");
    assert_eq!(log["logs"].as_array().unwrap().len(), 2);
}

#[test]
fn reduce_only_post_only_ioc_and_fok_say_why_not() {
    let mut bench = Bench::new();
    let (below, above) = (bench.near(-3.0), bench.near(3.0));
    let send = |bench: &mut Bench, rest: &str| bench.send(&format!("symbol=PF_XBTUSD&size=0.1&{rest}")).0;
    assert_eq!(send(&mut bench, "orderType=mkt&side=sell&reduceOnly=true"), "wouldNotReducePosition");
    assert_eq!(send(&mut bench, &format!("orderType=post&side=buy&limitPrice={above}")), "postWouldExecute");
    assert_eq!(send(&mut bench, &format!("orderType=ioc&side=buy&limitPrice={below}")), "iocWouldNotExecute");
    assert_eq!(send(&mut bench, &format!("orderType=fok&side=buy&limitPrice={below}")), "iocWouldNotExecute");
    assert_eq!(send(&mut bench, &format!("orderType=fok&side=buy&limitPrice={above}")), "placed");
    assert_eq!(send(&mut bench, "orderType=lmt&side=buy&limitPrice=50000.3"), "invalidPrice");
    assert_eq!(send(&mut bench, "orderType=odd&side=buy&limitPrice=50000"), "invalidOrderType");
    let tiny = bench.send("symbol=PF_XBTUSD&orderType=mkt&side=buy&size=0.00001").0;
    let huge = bench.send("symbol=PF_XBTUSD&orderType=mkt&side=buy&size=5000").0;
    assert_eq!((tiny.as_str(), huge.as_str()), ("invalidSize", "insufficientAvailableFunds"));
    let late = "orderType=mkt&side=buy&processBefore=2020-01-01T00:00:00.000Z";
    assert_eq!(send(&mut bench, late), "wouldProcessAfterSpecifiedTime");
    let missing = bench.post("sendorder", "orderType=mkt&side=buy&size=1");
    assert_eq!(missing["error"], "requiredArgumentMissing: symbol");
}

#[test]
fn stops_wait_fire_and_keep_their_id() {
    let mut bench = Bench::new();
    bench.send("orderType=mkt&symbol=PF_XBTUSD&side=buy&size=0.2");
    let (below, above) = (bench.near(-8.0), bench.near(8.0));
    let stop = format!(
        "orderType=stp&symbol=PF_XBTUSD&side=sell&size=0.2&stopPrice={below}&triggerSignal=mark&reduceOnly=true&cliOrdId=s"
    );
    let (word, status) = bench.send(&stop);
    assert_eq!((word.as_str(), &status["orderEvents"][0]["type"]), ("placed", &"PLACE".into()));
    assert_eq!(status["orderEvents"][0]["orderTrigger"]["triggerSide"], "trigger_below");
    let open = bench.get("openorders", "");
    assert_eq!(
        (&open["openOrders"][0]["orderType"], &open["openOrders"][0]["triggerSignal"]),
        (&"stop".into(), &"mark".into())
    );
    assert_eq!(bench.post("orders/status", "cliOrdIds=s")["orders"][0]["status"], "TRIGGER_PLACED");
    // Moved to the wrong side of the price it fires at once.
    let edited = bench.post("editorder", &format!("cliOrdId=s&stopPrice={above}"));
    assert_eq!(edited["editStatus"]["orderEvents"][1]["type"], "EXECUTION", "{edited}");
    assert!(bench.get("openpositions", "")["openPositions"].as_array().unwrap().is_empty());
    let fills = bench.get("fills", "");
    assert_eq!(fills["fills"][0]["order_id"], status["order_id"]);
}

#[test]
fn a_trailing_stop_follows_the_price_and_cannot_be_moved_by_hand() {
    let mut bench = Bench::new();
    bench.send("orderType=mkt&symbol=PF_XBTUSD&side=buy&size=0.2");
    let trail = "orderType=trailing_stop&symbol=PF_XBTUSD&side=sell&size=0.2&trailingStopMaxDeviation=30&trailingStopDeviationUnit=PERCENT&triggerSignal=last&cliOrdId=t";
    assert_eq!(bench.send(trail).0, "placed");
    let stop =
        |bench: &mut Bench| bench.get("openorders", "")["openOrders"][0]["stopPrice"].as_f64().unwrap();
    let mut before = stop(&mut bench);
    for _ in 0..50 {
        bench.wait(600);
        let now = stop(&mut bench);
        assert!(now >= before, "{now} {before}");
        before = now;
    }
    let price = bench.near(-20.0);
    let moved = bench.post("editorder", &format!("cliOrdId=t&stopPrice={price}"));
    assert_eq!(moved["editStatus"]["status"], "cannotEditTriggerPriceOfTrailingStop");
}

#[test]
fn the_budget_is_spent_and_comes_back() {
    let mut bench = Bench::new();
    for _ in 0..20 {
        assert_eq!(bench.post("cancelallorders", "")["result"], "success");
    }
    assert_eq!(bench.get("openorders", "")["error"], "apiLimitExceeded");
    bench.wait(10);
    assert_eq!(bench.get("openorders", "")["result"], "success");
}

#[test]
fn the_dead_mans_switch_cancels_everything_once() {
    let mut bench = Bench::new();
    let price = bench.near(-9.0);
    bench.send(&format!("orderType=lmt&symbol=PF_XBTUSD&side=buy&size=0.1&limitPrice={price}"));
    assert_ne!(bench.post("cancelallordersafter", "timeout=60")["status"]["triggerTime"], "0");
    bench.wait(59);
    assert_eq!(bench.get("openorders", "")["openOrders"].as_array().unwrap().len(), 1);
    bench.wait(2);
    assert!(bench.get("openorders", "")["openOrders"].as_array().unwrap().is_empty());
    assert_eq!(bench.post("cancelallordersafter", "timeout=0")["status"]["triggerTime"], "0");
}

#[test]
fn a_batch_answers_each_row_by_its_tag() {
    let mut bench = Bench::new();
    let price = bench.near(-9.0);
    let body = format!(
        r#"json={{"batchOrder":[{{"order":"send","order_tag":"1","orderType":"lmt","symbol":"PF_XBTUSD","side":"buy","size":0.1,"limitPrice":{price},"cliOrdId":"b1"}},{{"order":"cancel","cliOrdId":"b1"}},{{"order":"cancel","order_id":"nope"}}]}}"#
    );
    let answer = bench.post("batchorder", &body);
    let words: Vec<&str> =
        answer["batchStatus"].as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(words, ["placed", "cancelled", "notFound"]);
    assert_eq!(answer["batchStatus"][0]["order_tag"], "1");
}

#[test]
fn leverage_and_preferences_are_kept() {
    let mut bench = Bench::new();
    let put = |bench: &mut Bench, query: &str| {
        let request = bench.signed("PUT", "/derivatives/api/v3/leveragepreferences", query, "", "");
        bench.reply(&request)
    };
    assert_eq!(put(&mut bench, "symbol=PF_XBTUSD&maxLeverage=10").status, 200);
    assert_eq!(bench.get("leveragepreferences", "")["leveragePreferences"][0]["maxLeverage"], 10.0);
    assert_eq!(put(&mut bench, "symbol=PF_XBTUSD&maxLeverage=1000").status, 400);
    assert_eq!(put(&mut bench, "symbol=PF_XBTUSD").status, 200);
    assert!(bench.get("leveragepreferences", "")["leveragePreferences"].as_array().unwrap().is_empty());
}

#[test]
fn positions_at_the_start_are_there_and_a_delisted_one_can_only_be_reduced() {
    let mut world = settings();
    let text = r#"{"positions":[{"symbol":"PF_ETHUSD","qty":"-2","entry_price":"3000"},
        {"symbol":"SOL","qty":"10","delisted":true}],
        "orders":[{"symbol":"PF_ETHUSD","side":"buy","qty":"1","stop_price":"9000","reduce_only":true}]}"#;
    world.account = seawall_testnet::read_account("test", text).unwrap();
    let mut bench = Bench::with(world, Vec::new());
    let open = bench.get("openpositions", "");
    assert_eq!(open["openPositions"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&open["openPositions"][0]["side"], &open["openPositions"][0]["price"]),
        (&"short".into(), &3000.0.into())
    );
    assert_eq!(bench.get("openorders", "")["openOrders"].as_array().unwrap().len(), 1);
    let listed = bench.public("/derivatives/api/v3/instruments");
    assert!(!listed.to_string().contains("PF_SOLUSD"));
    assert_eq!(bench.send("orderType=mkt&symbol=PF_SOLUSD&side=buy&size=1").0, "marketInactive");
    assert_eq!(bench.send("orderType=mkt&symbol=PF_SOLUSD&side=sell&size=10&reduceOnly=true").0, "placed");
}

#[test]
fn funding_is_paid_each_hour_and_is_in_the_log() {
    let mut bench = Bench::new();
    bench.send("orderType=mkt&symbol=PF_XBTUSD&side=buy&size=1");
    bench.wait(2 * 3_600);
    let log = bench.get("/api/history/v3/account-log", "info=funding%20rate%20change");
    assert_eq!(log["logs"].as_array().unwrap().len(), 2);
    let world = bench.testnet.world();
    let difference =
        world.worth().wallet - world.account().log().map(|row| row.change).sum::<rust_decimal::Decimal>();
    assert_eq!(difference, "100000".parse().unwrap());
    assert!(world.now() >= START.plus(Span::from_secs(7_200)));
}
