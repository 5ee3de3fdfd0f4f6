//! Every file of Kraken spot's fixtures, field by field: our values against the payload's own numbers and
//! against what ccxt made of it. A file without a check, and without a word why, fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    reason = "tests"
)]

mod common;

use std::path::Path;

use common::bench::{Bench, cases};
use common::conformance::{Check, case, list, number, run, same, same_json, value};
use common::*;
use rust_decimal::Decimal;
use seawall_model::{
    Candle, Input, InstrumentId, Liquidity, OrderKind, OrderRole, Side, TimeInForce, Timeframe,
    TriggerSource, Ts, VenueEvent, VenueOrder, VenueRequest,
};
use seawall_venues::codec::{Adapter, Codec, Dispatch, Tables};
use seawall_venues::http::{Body, Form, Method, Request};
use seawall_venues::kraken_spot::market_session::Wanted;
use seawall_venues::kraken_spot::{AccountSession, KrakenSpot, MarketSession, stream};
use seawall_venues::orders::OrderIndex;
use seawall_venues::outcome::Certainty;
use seawall_venues::records::VenueStatus;
use seawall_venues::{
    Advice, Answer, Credentials, Failure, Markets, News, Outcome, Problem, Query, Recorded, Records, Reply,
    Secret, Session,
};
use serde_json::Value;

const CHECKS: &[(&str, Check)] = &[
    ("ccxt/markets.json", pairs_of_ccxt),
    ("ccxt/request_cases.json", requests),
    ("ccxt/response_cases.json", responses),
    ("docs/guide_spot_rest_authentication.json", form_fields),
    ("docs/guide_spot_websockets_v2_book_checksum.json", ws_books),
    ("docs/post_add_order.json", placement),
    ("docs/post_cancel_order_batch.json", cancel_all),
    ("docs/ws_balances.json", ws_balances),
    ("docs/ws_book_level_2.json", ws_books),
    ("docs/ws_candles_ohlc.json", ws_candles),
    ("docs/ws_executions.json", ws_executions),
    ("docs/ws_heartbeat.json", ws_control),
    ("docs/ws_instruments.json", ws_control),
    ("docs/ws_ping.json", ws_control),
    ("docs/ws_status.json", ws_control),
    ("docs/ws_ticker_level_1.json", ws_tickers),
    ("docs/ws_trades.json", ws_control),
    ("nautilus/http_add_order_spot.json", placement),
    ("nautilus/http_asset_pairs.json", pairs),
    ("nautilus/http_asset_pairs_tokenized.json", pairs),
    ("nautilus/http_cancel_order_spot.json", cancellation),
    ("nautilus/http_closed_orders.json", closed_orders),
    ("nautilus/http_ohlc.json", candles),
    ("nautilus/http_open_orders.json", open_orders),
    ("nautilus/http_order_book.json", order_book),
    ("nautilus/http_server_time.json", server_time),
    ("nautilus/http_spot_balance.json", holdings),
    ("nautilus/http_spot_open_positions.json", margin_positions),
    ("nautilus/http_spot_trade_balance.json", margin_account),
    ("nautilus/http_system_status.json", system_status),
    ("nautilus/http_ticker.json", tickers),
    ("nautilus/http_trades.json", public_trades),
    ("nautilus/http_trades_history.json", executions),
    ("nautilus/ws_book_snapshot.json", ws_control),
    ("nautilus/ws_book_update.json", ws_control),
    ("nautilus/ws_l3_snapshot.json", ws_control),
    ("nautilus/ws_l3_update_add.json", ws_control),
    ("nautilus/ws_l3_update_delete.json", ws_control),
    ("nautilus/ws_l3_update_modify_price.json", ws_control),
    ("nautilus/ws_l3_update_modify_qty.json", ws_control),
    ("nautilus/ws_ohlc_update.json", ws_candles),
    ("nautilus/ws_pong.json", ws_control),
    ("nautilus/ws_subscribe_response.json", ws_control),
    ("nautilus/ws_ticker_snapshot.json", ws_tickers),
    ("nautilus/ws_trade_update.json", ws_control),
    ("own/ws_cases.json", own_cases),
];

const OVER_REST: &str = "orders go over REST, where an answer is bound to its request";
const NO_LEVEL_3: &str = "books by order are not followed: ten price levels are enough";

const WITHOUT_USE: &[(&str, &str)] = &[
    ("docs/get_grouped_order_book.json", "a book in coarse steps; spreads need the true best prices"),
    ("docs/guide_spot_client_order_identifiers.json", OVER_REST),
    ("docs/guide_spot_level_3_market_data.json", NO_LEVEL_3),
    ("docs/guide_spot_websockets_v2_level3_checksum.json", NO_LEVEL_3),
    ("docs/post_add_order_batch.json", "one order a request, so that each outcome is its own"),
    ("docs/post_closed_orders.json", "a request of which this codec sends the client id alone"),
    ("docs/post_edit_order.json", "an amendment keeps the order's id, an edit does not"),
    ("docs/post_open_positions.json", "a request without fields of ours; its answer is read"),
    ("docs/post_query_l3_order_book.json", NO_LEVEL_3),
    ("docs/post_query_orders_info.json", "orders are asked for by client id among open and closed ones"),
    ("docs/ws_add_order.json", OVER_REST),
    ("docs/ws_amend_order.json", OVER_REST),
    ("docs/ws_batch_add.json", OVER_REST),
    ("docs/ws_batch_cancel.json", OVER_REST),
    ("docs/ws_cancel_all.json", OVER_REST),
    ("docs/ws_cancel_order.json", OVER_REST),
    ("docs/ws_edit_order.json", OVER_REST),
    ("docs/ws_orders_level_3.json", NO_LEVEL_3),
    ("nautilus/ws_add_order_response_failure.json", OVER_REST),
    ("nautilus/ws_add_order_response_success.json", OVER_REST),
    ("nautilus/ws_batch_add_response_partial.json", OVER_REST),
];

#[test]
fn every_file_of_the_fixtures_is_read_field_by_field() {
    run("kraken-spot", CHECKS, WITHOUT_USE);
}

// ---- helpers ----------------------------------------------------------------------------------------------

/// The markets of the tests and those that fixtures name beside them.
fn markets() -> Markets {
    let more = [
        market(6, "ADAUSDT", "ADA/USDT", "kraken:ADA/USDT", "0.000001", "0.00000001"),
        market(7, "ETHUSD", "ETH/USD", "kraken:ETH/USD", "0.01", "0.00000001"),
    ];
    Markets::new(spot_markets().iter().cloned().chain(more)).unwrap()
}

fn answer(query: &Query, reply: &Reply) -> Result<Answer, Failure> {
    let (markets, orders) = (markets(), OrderIndex::default());
    KrakenSpot.answer(query, reply, Tables { markets: &markets, orders: &orders })
}

fn recorded(records: Records, body: &str) -> Recorded {
    match answer(&Query::Records(records), &reply(body)).unwrap() {
        Answer::Records(recorded) => recorded,
        other => panic!("{other:?}"),
    }
}

fn outcome(request: VenueRequest, body: &str) -> Outcome {
    let mut adapter = Adapter::new(KrakenSpot, markets());
    let Dispatch::Send(ticket, _) = adapter.send(at(1_000), request) else { panic!() };
    match adapter.on_reply(ticket, at(2_000), &reply(body)) {
        Some(Dispatch::Ended(outcome)) => outcome,
        other => panic!("{other:?}"),
    }
}

fn entry() -> VenueRequest {
    let kind = limit(40_000, TimeInForce::GoodTilCancelled);
    VenueRequest::Place(place(order(0, 1), OrderRole::Entry, Side::Buy, 10, kind))
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap()
}

fn bodies(folder: &Path, file: &str, kind: &str) -> Vec<String> {
    if file.starts_with("docs/") { payloads(folder, file, kind) } else { vec![text(folder, file)] }
}

/// The one entry of a result that is keyed by a pair.
fn of_pair(raw: &Value) -> (String, Value) {
    let entries = raw["result"].as_object().unwrap();
    let (pair, rows) = entries.iter().find(|(key, _)| *key != "last").unwrap();
    (pair.clone(), rows.clone())
}

fn seconds(value: &Value) -> Ts {
    seawall_venues::json::from_decimal_seconds(number(value)).unwrap()
}

// ---- REST: market data ------------------------------------------------------------------------------------

fn pairs_like(body: &str) {
    let Answer::Instruments { listed, excluded } = answer(&Query::Instruments, &reply(body)).unwrap() else {
        panic!()
    };
    let raw = json(body);
    let rows = raw["result"].as_object().unwrap();
    assert_eq!(listed.len() + excluded.len(), rows.len());
    for (id, row) in rows {
        let altname = row["altname"].as_str().unwrap();
        let Some(found) = listed.iter().find(|listed| listed.symbol == altname) else {
            let out = excluded.iter().find(|out| out.symbol == *id).unwrap();
            assert!(row["aclass_base"] != "currency", "{out:?}");
            continue;
        };
        same("tick_size", found.spec.tick.unwrap().get(), &row["tick_size"]);
        same("ordermin", found.spec.min_qty.unwrap().get(), &row["ordermin"]);
        same("costmin", found.spec.min_notional.get(), &row["costmin"]);
        assert_eq!(Some(u64::from(found.price_decimals)), row["pair_decimals"].as_u64());
        assert_eq!(Some(u64::from(found.qty_decimals)), row["lot_decimals"].as_u64());
        assert!(
            found.aliases.contains(id) && found.aliases.contains(&row["wsname"].as_str().unwrap().to_owned())
        );
        let percent = |bps: Option<seawall_model::Bps>| bps.unwrap().get() / Decimal::ONE_HUNDRED;
        same("fees", percent(found.spec.taker_fee_bps), &row["fees"][0][1]);
        same("fees_maker", percent(found.spec.maker_fee_bps), &row["fees_maker"][0][1]);
        assert_eq!(found.tradeable, row["status"] == "online");
    }
    if !rows.values().all(|row| row["fees"].is_array()) {
        return;
    }
    let Recorded::FeeSchedules(schedules) = recorded(Records::FeeSchedules, body) else { panic!() };
    assert_eq!(schedules.len(), rows.len());
    for schedule in &schedules {
        let row = &rows[&schedule.name];
        assert_eq!(schedule.tiers.len(), list(&row["fees"]).len());
        for (tier, fee) in schedule.tiers.iter().zip(list(&row["fees"])) {
            same("volume", tier.volume_from.get(), &fee[0]);
            same("fee", tier.taker.get() / Decimal::ONE_HUNDRED, &fee[1]);
        }
        for (tier, fee) in schedule.tiers.iter().zip(list(&row["fees_maker"])) {
            same("maker's fee", tier.maker.get() / Decimal::ONE_HUNDRED, &fee[1]);
        }
    }
}

fn pairs(folder: &Path, file: &str) {
    pairs_like(&text(folder, file));
}

fn pairs_of_ccxt(folder: &Path, file: &str) {
    pairs_like(&value(folder, file)["AssetPairs"].to_string());
}

fn server_time(folder: &Path, file: &str) {
    let body = text(folder, file);
    let want = at(json(&body)["result"]["unixtime"].as_i64().unwrap() * 1000);
    assert_eq!(answer(&Query::ServerTime, &reply(&body)), Ok(Answer::ServerTime(want)));
}

fn system_status(folder: &Path, file: &str) {
    let body = text(folder, file);
    assert_eq!(recorded(Records::Status, &body), Recorded::Status(VenueStatus::Online));
    for (word, want) in [
        ("maintenance", VenueStatus::Maintenance),
        ("cancel_only", VenueStatus::CancelOnly),
        ("post_only", VenueStatus::PostOnly),
    ] {
        assert_eq!(recorded(Records::Status, &body.replace("online", word)), Recorded::Status(want));
    }
    let unknown = answer(&Query::Records(Records::Status), &reply(&body.replace("online", "sideways")));
    assert!(unknown.is_err(), "an unlisted word is no status");
}

fn tickers(folder: &Path, file: &str) {
    let body = text(folder, file);
    let Answer::Tickers(tickers) = answer(&Query::Tickers, &reply(&body)).unwrap() else { panic!() };
    let (pair, row) = of_pair(&json(&body));
    let markets = markets();
    let market = markets.find(&pair).unwrap();
    let ticker = tickers.iter().find(|ticker| ticker.instrument == market.id()).unwrap();
    for (name, ours) in [("b", ticker.bid), ("a", ticker.ask), ("c", ticker.last)] {
        same(name, market.instrument.price(ours.unwrap()).get(), &row[name][0]);
    }
    same("v", ticker.volume_24h.unwrap(), &row["v"][1]);
}

fn candles(folder: &Path, file: &str) {
    let body = text(folder, file);
    let (pair, rows) = of_pair(&json(&body));
    let markets = markets();
    let market = markets.find(&pair).unwrap();
    let from = seconds(&list(&rows)[0][0]);
    let query = Query::Candles { instrument: market.id(), timeframe: Timeframe::M1, from };
    let mut reply = reply(&body);
    reply.as_mut().unwrap().received_at =
        seconds(&list(&rows).last().unwrap()[0]).plus(seawall_model::Span::from_secs(1));
    let Answer::Candles(page) = answer(&query, &reply).unwrap() else { panic!() };
    let told: Vec<Candle> = page.closed.into_iter().chain(page.forming).collect();
    assert_eq!(told.len(), list(&rows).len());
    assert!(page.forming.is_some(), "the last row is running");
    for (candle, row) in told.iter().zip(list(&rows)) {
        assert_eq!(candle.open_time, seconds(&row[0]));
        let price = |units| market.instrument.price(units).get();
        same("open", price(candle.open), &row[1]);
        same("high", price(candle.high), &row[2]);
        same("low", price(candle.low), &row[3]);
        same("close", price(candle.close), &row[4]);
        assert_eq!(candle.volume.to_string(), number(&row[6]).normalize().to_string());
    }
}

fn order_book(folder: &Path, file: &str) {
    let body = text(folder, file);
    let (pair, sides) = of_pair(&json(&body));
    let markets = markets();
    let market = markets.find(&pair).unwrap();
    let records = Records::Book { instrument: market.id(), depth: 10 };
    let Recorded::Book(book) = recorded(records, &body) else { panic!() };
    for (name, side) in [("bids", &book.bids), ("asks", &book.asks)] {
        assert_eq!(side.len(), list(&sides[name]).len());
        for ((price, qty), row) in side.iter().zip(list(&sides[name])) {
            same("price", market.instrument.price(*price).get(), &row[0]);
            same("volume", market.instrument.qty(*qty).get(), &row[1]);
        }
    }
    let request = KrakenSpot.ask(at(0), &Query::Records(records), &markets).unwrap();
    assert_eq!(request.target(), format!("/0/public/Depth?pair={}&count=10", market.listed.symbol));
}

fn trades_like(body: &str) -> Vec<seawall_venues::records::PublicTrade> {
    let (pair, rows) = of_pair(&json(body));
    let markets = markets();
    let market = markets.find(&pair).unwrap();
    let records = Records::Trades { instrument: market.id(), since: Ts::EPOCH };
    let Recorded::Trades(trades) = recorded(records, body) else { panic!() };
    assert_eq!(trades.len(), list(&rows).len());
    for (trade, row) in trades.iter().zip(list(&rows)) {
        same("price", market.instrument.price(trade.price).get(), &row[0]);
        same("volume", market.instrument.qty(trade.qty).get(), &row[1]);
        assert_eq!(trade.at.millis(), seconds(&row[2]).millis());
        assert_eq!(trade.taker == Side::Buy, row[3] == "b");
        assert_eq!(trade.id, row[6].to_string());
    }
    trades
}

fn public_trades(folder: &Path, file: &str) {
    let body = text(folder, file);
    let trades = trades_like(&body);
    let since = trades[trades.len() / 2].at;
    let records = Records::Trades { instrument: trades[0].instrument, since };
    let Recorded::Trades(later) = recorded(records, &body) else { panic!() };
    assert!(later.len() < trades.len() && later.iter().all(|trade| trade.at >= since));
}

// ---- REST: the account ------------------------------------------------------------------------------------

fn same_order(markets: &Markets, order: &VenueOrder, id: &str, row: &Value) {
    let market = &markets.get(order.instrument).unwrap().instrument;
    let descr = &row["descr"];
    assert_eq!(order.venue_order_id.to_string(), id);
    assert_eq!(order.side.name(), descr["type"].as_str().unwrap());
    same("vol", market.qty(order.qty).get(), &row["vol"]);
    same("vol_exec", market.qty(order.filled).get(), &row["vol_exec"]);
    let live = matches!(row["status"].as_str().unwrap(), "open" | "pending");
    assert_eq!(order.state.is_live(), live, "{}", row["status"]);
    let price = |units| market.price(units).get();
    let word = descr["ordertype"].as_str().unwrap();
    // The trigger stands in `stopprice` once the venue has worked it out, before that in the description.
    let places = [&row["stopprice"], &descr["price"], &descr["price2"]];
    let is_set = |value: &&&Value| value.is_string() && !number(value).is_zero();
    let trigger_of = *places.iter().find(is_set).unwrap_or(&&Value::Null);
    match order.kind {
        OrderKind::Limit { price: limit, .. } => {
            assert_eq!(word, "limit");
            same("price", price(limit), &descr["price"]);
        }
        OrderKind::Market => assert_eq!(word, "market"),
        OrderKind::StopMarket { trigger } => {
            assert_eq!(word, "stop-loss");
            same("trigger", price(trigger.price), trigger_of);
        }
        OrderKind::StopLimit { trigger, limit } => {
            assert_eq!(word, "stop-loss-limit");
            same("trigger", price(trigger.price), trigger_of);
            same("price2", price(limit), &descr["price2"]);
        }
        other => panic!("{other:?} for {word}"),
    }
}

fn orders_like(body: &str) -> Vec<VenueOrder> {
    let markets = markets();
    let outcome = outcome(VenueRequest::QueryOpenOrders, body);
    let VenueEvent::OpenOrders(report) = event(&outcome.inputs) else { panic!() };
    let raw = json(body);
    let rows = raw["result"]["open"].as_object().unwrap();
    assert_eq!(rows.len(), report.rows.len() + outcome.notices.len(), "each row is there or named");
    for order in &report.rows {
        let id = order.venue_order_id.to_string();
        same_order(&markets, order, &id, &rows[&id]);
    }
    assert!(!report.rows.is_empty());
    report.rows.clone()
}

fn open_orders(folder: &Path, file: &str) {
    orders_like(&text(folder, file));
}

/// What a question about one order of ours finds among the closed ones.
fn closed_like(body: &str, id: &str, qty: i64) -> VenueOrder {
    let mut adapter = Adapter::new(KrakenSpot, markets());
    let markets = markets();
    let raw = json(body);
    let row = &raw["result"]["closed"][id];
    let market = markets.find(row["descr"]["pair"].as_str().unwrap()).unwrap();
    let ours = order(market.id().0, 1);
    let Dispatch::Send(first, _) = adapter.send(at(1), VenueRequest::QueryOrder { order: ours }) else {
        panic!()
    };
    let open = reply(r#"{"error":[],"result":{"open":{}}}"#);
    let Some(Dispatch::Send(second, _)) = adapter.on_reply(first, at(2), &open) else { panic!() };
    let mut named = raw.clone();
    named["result"]["closed"][id]["cl_ord_id"] = "sw00000070000001".into();
    let Some(Dispatch::Ended(outcome)) = adapter.on_reply(second, at(3), &reply(&named.to_string())) else {
        panic!()
    };
    let VenueEvent::Order { report, .. } = event(&outcome.inputs) else { panic!() };
    let found = report.rows[0];
    same_order(&markets, &found, id, row);
    assert!(found.order == Some(ours) && (qty == 0 || found.qty.get() == qty));
    found
}

fn closed_orders(folder: &Path, file: &str) {
    let body = text(folder, file);
    let raw = json(&body);
    let ids: Vec<&String> = raw["result"]["closed"].as_object().unwrap().keys().collect();
    assert!(!ids.is_empty());
    for id in ids {
        closed_like(&body, id, 0);
    }
}

fn executions(folder: &Path, file: &str) {
    let body = text(folder, file);
    let query = Query::Fills { since: Ts::EPOCH, before: None };
    let Answer::Fills { report, notices } = answer(&query, &reply(&body)).unwrap() else { panic!() };
    let raw = json(&body);
    let rows = raw["result"]["trades"].as_object().unwrap();
    assert_eq!(report.rows.len() + notices.len(), rows.len());
    let markets = markets();
    for fill in &report.rows {
        let row = &rows[&fill.fill_id.to_string()];
        let market = &markets.get(fill.instrument).unwrap().instrument;
        same("price", market.price(fill.price).get(), &row["price"]);
        same("vol", market.qty(fill.qty).get(), &row["vol"]);
        same("fee", fill.fee.get(), &row["fee"]);
        assert_eq!(fill.side.name(), row["type"].as_str().unwrap());
        assert_eq!(fill.liquidity == Liquidity::Maker, row["maker"] == true);
        assert_eq!(fill.venue_time.millis(), seconds(&row["time"]).millis());
    }
}

fn holdings(folder: &Path, file: &str) {
    let body = text(folder, file);
    let Recorded::Holdings(held) = recorded(Records::Holdings, &body) else { panic!() };
    let raw = json(&body);
    let of = |currency: &str| held.iter().find(|one| one.currency == currency).unwrap();
    same("ZUSD", of("USD").amount, &raw["result"]["ZUSD"]);
    same("XXBT", of("BTC").amount, &raw["result"]["XXBT"]);
    same("ETH", of("ETH").amount, &raw["result"]["ETH"]);
    assert_eq!(held.len(), raw["result"].as_object().unwrap().len());
    let rows = r#"{"error":[],"result":{"ZUSD":{"balance":"10.5","hold_trade":"2.25"},"ETH.S":{"balance":"3","hold_trade":"0"}}}"#;
    let Recorded::Holdings(held) = recorded(Records::Holdings, rows) else { panic!() };
    let told: Vec<_> =
        held.iter().map(|one| (one.currency.as_str(), one.set_apart, one.held.to_string())).collect();
    assert_eq!(told, [("ETH", true, "0".to_owned()), ("USD", false, "2.25".to_owned())]);
}

fn positions_like(body: &str) -> Vec<seawall_venues::records::MarginPosition> {
    let Recorded::MarginPositions(positions) = recorded(Records::MarginPositions, body) else { panic!() };
    let raw = json(body);
    let rows: Vec<Value> = match &raw["result"] {
        Value::Array(rows) => rows.clone(),
        rows => rows.as_object().unwrap().values().cloned().collect(),
    };
    assert_eq!(rows.len(), positions.len());
    for (position, row) in positions.iter().zip(&rows) {
        assert_eq!(position.symbol, row["pair"].as_str().unwrap());
        assert!(position.instrument.is_some());
        assert_eq!(position.side.name(), row["type"].as_str().unwrap());
        assert_eq!(position.qty.normalize(), (number(&row["vol"]) - number(&row["vol_closed"])).normalize());
        same("cost", position.cost.get(), &row["cost"]);
        same("margin", position.margin.get(), &row["margin"]);
        assert_eq!(position.net.is_some(), row["net"].is_string());
    }
    positions
}

fn margin_positions(folder: &Path, file: &str) {
    positions_like(&text(folder, file));
}

fn margin_account(folder: &Path, file: &str) {
    let body = text(folder, file);
    let Recorded::MarginAccount(account) = recorded(Records::MarginAccount, &body) else { panic!() };
    let row = &json(&body)["result"];
    same("tb", account.balance.get(), &row["tb"]);
    same("e", account.equity.get(), &row["e"]);
    same("mf", account.available.get(), &row["mf"]);
    same("m", account.initial_margin.get(), &row["m"]);
}

/// The fees of the account come from the venue by pair, in percent.
#[test]
fn the_account_s_own_fees_are_read_for_the_markets_of_the_run() {
    let body = r#"{"error":[],"result":{"currency":"ZUSD","volume":"200709587.4223","fees":{"XXBTZUSD":{"fee":"0.1000","min_fee":"0.1000","max_fee":"0.2600","next_fee":null,"tier_volume":"10000000.0000","next_volume":null},"XXMRZEUR":{"fee":"0.2"}},"fees_maker":{"XXBTZUSD":{"fee":"0.0250"}}}}"#;
    let Recorded::OwnFees(fees) = recorded(Records::OwnFees, body) else { panic!() };
    let told: Vec<_> =
        fees.iter().map(|fee| (fee.instrument.0, fee.maker.to_string(), fee.taker.to_string())).collect();
    assert_eq!(told, [(0, "2.5".to_owned(), "10".to_owned())]);
    let request = KrakenSpot.ask(at(0), &Query::Records(Records::OwnFees), &spot_markets()).unwrap();
    assert!(request.signed && field(&request, "pair").unwrap().starts_with("XBTUSD,XBTUSDT,"));
}

// ---- REST: what was to be done ----------------------------------------------------------------------------

fn placement(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let outcome = outcome(entry(), &body);
        let VenueEvent::Accepted { venue_order_id, .. } = event(&outcome.inputs) else { panic!() };
        assert_eq!(venue_order_id.to_string(), json(&body)["result"]["txid"][0].as_str().unwrap());
    }
}

fn cancellation(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let outcome = outcome(VenueRequest::Cancel { order: order(0, 1) }, &body);
        assert!(
            matches!(event(&outcome.inputs), VenueEvent::Cancelled { order: found, .. } if *found == order(0, 1))
        );
    }
}

fn cancel_all(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let count = json(&body)["result"]["count"].as_u64().and_then(|count| u32::try_from(count).ok());
        let got = answer(&Query::CancelAll { instrument: None }, &reply(&body));
        assert_eq!(got, Ok(Answer::CancelledAll(count)));
    }
}

/// The fields of the vendor's example are those of our form; the order of fields is ours.
fn form_fields(folder: &Path, file: &str) {
    let want = json(&payloads(folder, file, "request body")[0]);
    let form = limit(375_000, TimeInForce::GoodTilCancelled);
    let ours =
        request_of(VenueRequest::Place(place(order(0, 1), OrderRole::Entry, Side::Buy, 125_000_000, form)));
    for (name, value) in want.as_object().unwrap().iter().filter(|(name, _)| *name != "nonce") {
        let sent = field(&ours, name).unwrap();
        match value.as_str() {
            Some(text) => assert_eq!(sent, text, "{name}"),
            None => assert_eq!(sent.parse::<Decimal>().unwrap(), number(value), "{name}"),
        }
    }
}

// ---- requests ---------------------------------------------------------------------------------------------

fn request_of(request: VenueRequest) -> Request {
    let mut adapter = Adapter::new(KrakenSpot, markets());
    let Dispatch::Send(_, request) = adapter.send(at(1_767_323_045_000), request) else { panic!() };
    *request
}

fn codec_request(id: &str) -> Option<Request> {
    let markets = markets();
    let query = |query: Query| KrakenSpot.ask(at(1_767_323_045_000), &query, &markets).unwrap();
    let new = |side: Side, kind| {
        request_of(VenueRequest::Place(place(order(2, 1), OrderRole::Entry, side, 10_000_000, kind)))
    };
    let trigger = |price: i64| seawall_model::Trigger {
        price: seawall_model::PriceUnits::new(price),
        source: TriggerSource::Last,
    };
    Some(match id {
        "ohlcv-since" => {
            let from = at(1_706_628_191_000);
            query(Query::Candles { instrument: InstrumentId(1), timeframe: Timeframe::H1, from })
        }
        "depth" => query(Query::Records(Records::Book { instrument: InstrumentId(1), depth: 10 })),
        "time" => query(Query::ServerTime),
        "balance" => request_of(VenueRequest::QueryBalance),
        "cancel-all" => query(Query::CancelAll { instrument: None }),
        "open-orders" => request_of(VenueRequest::QueryOpenOrders),
        "positions" => query(Query::Records(Records::MarginPositions)),
        "market-buy" => new(Side::Buy, OrderKind::Market),
        "limit-ioc" => new(Side::Buy, limit(5_000, TimeInForce::ImmediateOrCancel)),
        "limit-userref" => new(Side::Buy, limit(5_000, TimeInForce::GoodTilCancelled)),
        "stop-loss-market" => new(Side::Sell, OrderKind::StopMarket { trigger: trigger(5_500) }),
        "take-profit-limit" => {
            let limit = seawall_model::PriceUnits::new(12_100);
            new(Side::Sell, OrderKind::TakeProfitLimit { trigger: trigger(12_000), limit })
        }
        _ => return None,
    })
}

/// Requests of ccxt that this codec has no counterpart of; their signatures are verified like the others'.
const NOT_OURS: &[&str] =
    &["ticker", "limit-oflags-post", "trailing-amount", "market-buy-cost", "cancel", "order"];
/// Fields that we always send and ccxt does not, or that each has its own value for.
const OWN_FIELDS: &[&str] = &["nonce", "cl_ord_id", "deadline", "trigger", "since"];

/// The bytes of every request vector, signed by the codec: path, body and signature are ccxt's. And what the
/// codec itself makes of the same wish has the same fields.
fn requests(folder: &Path, file: &str) {
    let secret = Secret::from_text("FAKE spot secret for conformance tests only, 64 bytes long !!!!!");
    let credentials = Credentials { key: "FAKE-SPOT-KEY".to_owned(), secret, passphrase: None };
    for case in list(&value(folder, file)) {
        let id = case["id"].as_str().unwrap();
        for sent in list(&case["expected_requests"]) {
            let url = sent["url"].as_str().unwrap().strip_prefix("https://api.kraken.com").unwrap();
            let (path, query) = url.split_once('?').unwrap_or((url, ""));
            let body = sent["body"].as_str().unwrap_or("");
            let mut request = Request::public(path.to_owned(), Form::new());
            request.query = query.to_owned();
            request.method = if sent["http_method"] == "POST" { Method::Post } else { Method::Get };
            request.signed = sent["signed"].is_object();
            let form = body.strip_prefix("nonce=1767323045000").unwrap_or(body);
            request.body = Body::Form(form.strip_prefix('&').unwrap_or(form).to_owned());
            let signed = KrakenSpot.sign(&request, Some(&credentials), 1_767_323_045_000).unwrap();
            assert_eq!((signed.target.as_str(), signed.body.as_str()), (url, body), "{id}");
            for name in ["API-Key", "API-Sign"].into_iter().filter(|_| request.signed) {
                let want = sent["signed"]["headers"][name].as_str().unwrap();
                let header = signed.headers.iter().find(|header| header.name == name).unwrap();
                assert_eq!(header.value, want, "{id}");
            }
            let Some(ours) = codec_request(id) else {
                assert!(NOT_OURS.contains(&id), "{id} has no counterpart");
                continue;
            };
            let shared = |fields: Vec<(String, String)>| {
                let mut fields = fields;
                fields.retain(|(name, _)| !OWN_FIELDS.contains(&name.as_str()));
                fields.sort();
                fields
            };
            assert_eq!((&*ours.path, ours.signed), (path, request.signed), "{id}");
            assert_eq!(shared(fields(&ours)), shared(fields(&request)), "{id}");
        }
    }
}

// ---- answers that ccxt read -------------------------------------------------------------------------------

fn is_class(failure: &Failure, class: &str) -> bool {
    let not_done = failure.certainty == Certainty::NotDone;
    match class {
        "rejected" => not_done && matches!(failure.problem, Problem::Rejected(_)),
        "retryable" => not_done && matches!(failure.advice, Advice::Again | Advice::Wait(_)),
        "retryable-slow" => not_done && failure.problem == Problem::Lockout,
        "ambiguous" => failure.certainty == Certainty::Unknown && failure.advice == Advice::Ask,
        other => panic!("{other}"),
    }
}

fn responses(folder: &Path, file: &str) {
    for one in list(&value(folder, file)) {
        let id = one["id"].as_str().unwrap();
        let (body, ccxt) = case(folder, file, id);
        if let Some(class) = one["expected_class"].as_str() {
            let failure = outcome(entry(), &body).failure.unwrap();
            assert!(is_class(&failure, class), "{id}: {failure:?} is not {class}");
            continue;
        }
        let markets = markets();
        let units = |id: u32| markets.get(InstrumentId(id)).unwrap().instrument.clone();
        match id {
            "add-order" => {
                let outcome = outcome(entry(), &body);
                let VenueEvent::Accepted { venue_order_id, .. } = event(&outcome.inputs) else { panic!() };
                assert_eq!(venue_order_id.to_string(), ccxt["id"].as_str().unwrap());
            }
            "query-market-closed" => {
                let raw = json(&body);
                let closed =
                    serde_json::json!({"error": [], "result": {"closed": raw["result"], "count": 1}});
                let found = closed_like(&closed.to_string(), ccxt["id"].as_str().unwrap(), 10_000_000);
                same("filled", units(2).qty(found.filled).get(), &ccxt["filled"]);
                assert_eq!((found.state.name(), ccxt["status"].as_str()), ("filled", Some("closed")));
            }
            "open-stop-loss-limit" => {
                let (found, want) = (orders_like(&body)[0], &list(&ccxt)[0]);
                let market = units(2);
                assert_eq!(found.venue_order_id.to_string(), want["id"].as_str().unwrap());
                let trigger = found.kind.trigger().unwrap().price;
                same("stopPrice", market.price(trigger).get(), &want["stopPrice"]);
                same("price", market.price(found.kind.limit().unwrap()).get(), &want["price"]);
                same("amount", market.qty(found.qty).get(), &want["amount"]);
                same("filled", market.qty(found.filled).get(), &want["filled"]);
            }
            "trades" => {
                let (found, want) = (&trades_like(&body)[0], &list(&ccxt)[0]);
                let market = units(found.instrument.0);
                assert_eq!(found.id, want["id"].as_str().unwrap());
                assert_eq!(Some(found.at.millis()), want["timestamp"].as_i64());
                assert_eq!(found.taker.name(), want["side"].as_str().unwrap());
                same("price", market.price(found.price).get(), &want["price"]);
                same("amount", market.qty(found.qty).get(), &want["amount"]);
            }
            "positions" => {
                let (found, want) = (&positions_like(&body)[0], &list(&ccxt)[0]);
                same("contracts", found.qty, &want["contracts"]);
                same("initialMargin", found.margin.get(), &want["initialMargin"]);
                same("unrealizedPnl", found.net.unwrap().get(), &want["unrealizedPnl"]);
                assert_eq!((found.side, want["side"].as_str()), (Side::Sell, Some("short")));
            }
            other => panic!("no check for {other}"),
        }
    }
}

// ---- the stream -------------------------------------------------------------------------------------------

fn market_bench(wanted: Wanted) -> Bench<MarketSession> {
    let mut bench = Bench::new(markets(), MarketSession::new(wanted, 1));
    bench.open();
    bench
}

fn everything() -> Wanted {
    let all: Vec<InstrumentId> = (0..8).map(InstrumentId).collect();
    Wanted { quotes: all.clone(), books: all, ..Wanted::default() }
}

fn account_bench() -> Bench<AccountSession> {
    let mut bench = Bench::new(markets(), AccountSession::new(Ts::EPOCH, 1));
    bench.open();
    let token = Answer::StreamToken { token: Secret::from_text("TOKEN"), valid_s: 900 };
    bench.answer(Query::StreamToken, token);
    bench.text(r#"{"method":"subscribe","req_id":1,"success":true,"result":{"channel":"executions","snap_orders":true}}"#);
    bench.text(r#"{"channel":"executions","type":"snapshot","data":[],"sequence":1}"#);
    assert!(bench.session.is_live());
    bench.news.clear();
    bench
}

/// The messages of a file that carry rows; a client's request is compared with ours where we send its like.
fn data(folder: &Path, file: &str) -> Vec<Value> {
    let all = bodies(folder, file, "server");
    if file.starts_with("docs/") {
        for client in payloads(folder, file, "client") {
            client_message(&json(&client));
        }
    }
    all.iter().map(|message| json(message)).filter(|message| message["data"].is_array()).collect()
}

/// The request of the documentation with our function: what it leaves to a channel's own fields is added.
fn client_message(want: &Value) {
    let params = &want["params"];
    let Some(symbols) = params["symbol"].as_array() else { return };
    let symbols: Vec<&str> = symbols.iter().map(|symbol| symbol.as_str().unwrap()).collect();
    let own = params
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| !["channel", "symbol"].contains(&name.as_str()));
    let extra: String = own.map(|(name, value)| format!(",\"{name}\":{value}")).collect();
    let req_id = want["req_id"].as_u64().unwrap_or(0);
    let (method, channel) = (want["method"].as_str().unwrap(), params["channel"].as_str().unwrap());
    let mut want = want.clone();
    want["req_id"] = req_id.into();
    same_json(channel, &stream::subscribe(method, channel, &symbols, &extra, req_id), &want);
}

fn ws_tickers(folder: &Path, file: &str) {
    let markets = markets();
    for message in data(folder, file) {
        for row in list(&message["data"]) {
            let Some(market) = markets.find(row["symbol"].as_str().unwrap()) else { continue };
            let mut bench = market_bench(everything());
            bench.text(&message.to_string());
            let ticker = bench.news.iter().find_map(|news| match news {
                News::Ticker(ticker) if ticker.instrument == market.id() => Some(*ticker),
                _ => None,
            });
            let ticker = ticker.unwrap();
            for (name, ours) in [("bid", ticker.bid), ("ask", ticker.ask), ("last", ticker.last)] {
                same(name, market.instrument.price(ours.unwrap()).get(), &row[name]);
            }
            same("volume", ticker.volume_24h.unwrap(), &row["volume"]);
        }
    }
}

/// Books with the vendor's own checksums: live, and with the levels of the message.
fn ws_books(folder: &Path, file: &str) {
    let first = payloads(folder, file, "server: book snapshot").remove(0);
    let raw = json(&first);
    let row = &raw["data"][0];
    let markets = markets();
    let market = markets.find(row["symbol"].as_str().unwrap()).unwrap();
    let mut bench = market_bench(everything());
    bench.text(&first);
    let book = bench.session.book(market.id()).expect("the checksum fits");
    for (name, ours) in [("bids", book.bids().collect::<Vec<_>>()), ("asks", book.asks().collect())] {
        let want: Vec<_> =
            list(&row[name]).iter().map(|level| (number(&level["price"]), number(&level["qty"]))).collect();
        assert_eq!(ours, want, "{name}");
    }
    data(folder, file);
}

fn ws_candles(folder: &Path, file: &str) {
    let markets = markets();
    let mut seen = 0;
    for message in data(folder, file) {
        for row in list(&message["data"]) {
            let Some(market) = markets.find(row["symbol"].as_str().unwrap()) else { continue };
            let minutes = row["interval"].as_i64().unwrap();
            let timeframe = Timeframe::ALL.into_iter().find(|one| one.minutes() == minutes).unwrap();
            let begin: Ts = row["interval_begin"].as_str().unwrap().parse().unwrap();
            let wanted = Wanted { candles: vec![(market.id(), timeframe, begin)], ..Wanted::default() };
            let mut bench = market_bench(wanted);
            let mut alone = message.clone();
            alone["data"] = Value::Array(vec![row.clone()]);
            bench.text(&alone.to_string());
            let forming = bench.news.iter().find_map(|news| match news {
                News::Forming(_, _, candle) => Some(*candle),
                _ => None,
            });
            let candle = forming.unwrap();
            let price = |units| market.instrument.price(units).get();
            assert_eq!(candle.open_time, begin);
            same("open", price(candle.open), &row["open"]);
            same("high", price(candle.high), &row["high"]);
            same("low", price(candle.low), &row["low"]);
            same("close", price(candle.close), &row["close"]);
            assert_eq!(candle.volume.to_string(), number(&row["volume"]).normalize().to_string());
            seen += 1;
        }
    }
    assert!(seen > 0, "{file}");
}

/// Executions of the vendor's page, had the orders been ours.
fn ws_executions(folder: &Path, file: &str) {
    let markets = markets();
    let mut fills = 0;
    for message in data(folder, file) {
        for row in list(&message["data"]) {
            let mut bench = account_bench();
            let mut alone = message.clone();
            alone["data"] = Value::Array(vec![row.clone()]);
            alone["sequence"] = 2.into();
            bench.text(&alone.to_string());
            let told = bench.events().into_iter().find_map(|event| match event {
                VenueEvent::Filled(fill) => Some(fill),
                _ => None,
            });
            let known = row["symbol"].as_str().and_then(|symbol| markets.find(symbol)).is_some();
            assert_eq!(told.is_some(), row["exec_type"] == "trade" && known, "{row}");
            let Some(fill) = told else { continue };
            let market = &markets.get(fill.instrument).unwrap().instrument;
            assert_eq!(fill.fill_id.to_string(), row["exec_id"].as_str().unwrap());
            same("last_qty", market.qty(fill.qty).get(), &row["last_qty"]);
            same("last_price", market.price(fill.price).get(), &row["last_price"]);
            assert_eq!(fill.side.name(), row["side"].as_str().unwrap());
            assert_eq!(fill.liquidity == Liquidity::Maker, row["liquidity_ind"] == "m");
            fills += 1;
        }
    }
    println!("{fills} executions of markets of ours");
}

fn ws_balances(folder: &Path, file: &str) {
    let messages = data(folder, file);
    assert!(messages.len() > 1);
    for message in &messages {
        let mut bench = account_bench();
        // Each message by itself, without the numbers of the vendor's own connection.
        let mut alone = message.clone();
        alone.as_object_mut().unwrap().remove("sequence");
        bench.text(&alone.to_string());
        assert_eq!(bench.closes, 0, "{message}");
        let told = bench.news.iter().find_map(|news| match news {
            News::Account(account) => Some(account.balance),
            _ => None,
        });
        let usd = list(&message["data"]).iter().find(|row| row["asset"] == "USD");
        let spot = usd.and_then(|row| match row["wallets"].as_array() {
            Some(wallets) => {
                wallets.iter().find(|wallet| wallet["type"] == "spot").map(|w| w["balance"].clone())
            }
            None => (row["wallet_type"] == "spot").then(|| row["balance"].clone()),
        });
        match (told, spot) {
            (Some(amount), Some(want)) => same("balance", amount.get(), &want),
            (told, want) => assert_eq!(told.is_some(), want.is_some(), "{message}"),
        }
    }
}

/// Messages that nobody here follows, and books with an invented checksum: understood, and nothing for the
/// engine comes of them.
fn ws_control(folder: &Path, file: &str) {
    let raw = bodies(folder, file, "");
    assert!(!raw.is_empty());
    for message in &raw {
        let (mut market, mut account) = (market_bench(Wanted::default()), account_bench());
        market.text(message);
        account.text(message);
        for news in market.news.iter().chain(&account.news) {
            assert!(!matches!(news, News::Engine(_)), "{message}: {news:?}");
        }
        assert_eq!((market.closes, account.closes), (0, 0), "{message}");
    }
}

fn own_cases(_: &Path, _: &str) {
    for (id, messages, expected) in cases("kraken-spot").unwrap() {
        match id.as_str() {
            "book-checksum" | "book-checksum-bad" => {
                let mut bench = market_bench(everything());
                messages.iter().for_each(|message| bench.text(message));
                let book = bench.session.book(InstrumentId(0));
                assert_eq!(Some(book.is_some()), expected["in_sync"].as_bool(), "{id}");
                let Some(book) = book else { continue };
                for (name, best) in [("best_bid", book.bids().next()), ("best_ask", book.asks().next())] {
                    let (price, qty) = best.unwrap();
                    same(name, price, &expected[name][0]);
                    same(name, qty, &expected[name][1]);
                }
                let last = expected["checksums"].as_array().unwrap().last().unwrap();
                assert_eq!(Some(u64::from(book.checksum(1, 8))), last.as_u64());
            }
            "ohlc-close" => {
                let from = at(expected["closed"][0]["time_ms"].as_i64().unwrap());
                let candles = vec![(InstrumentId(0), Timeframe::M1, from)];
                let mut bench = market_bench(Wanted { candles, ..Wanted::default() });
                messages.iter().for_each(|message| bench.text(message));
                let closed = bench.news.iter().find_map(|news| match news {
                    News::Engine(Input::Candle { candle, .. }) => Some(*candle),
                    _ => None,
                });
                let (candle, want) = (closed.unwrap(), &expected["closed"][0]);
                let market = &markets().get(InstrumentId(0)).unwrap().instrument.clone();
                for (name, units) in [
                    ("open", candle.open),
                    ("high", candle.high),
                    ("low", candle.low),
                    ("close", candle.close),
                ] {
                    same(name, market.price(units).get(), &want[name]);
                }
                assert!((candle.volume - want["volume"].as_f64().unwrap()).abs() < 1e-12);
            }
            "executions-lifecycle" => own_executions(&messages, &expected),
            "subscribe-error" => {
                let mut bench = market_bench(everything());
                bench.text(&messages[0]);
                assert!(
                    bench.closes == 0 && !bench.news.is_empty(),
                    "that symbol alone fails, and it is told"
                );
            }
            other => panic!("no check for {other}"),
        }
    }
}

fn own_executions(messages: &[String], expected: &Value) {
    let mut bench = account_bench();
    let kind = limit(452_835, TimeInForce::GoodTilCancelled);
    bench.orders.placed(at(0), &place(order(0, 1), OrderRole::Entry, Side::Buy, 1_000_000_000, kind));
    for (number, message) in messages.iter().enumerate() {
        let mut message = json(&message.replace("bot-1", "sw00000070000001"));
        message["sequence"] = (number + 2).into();
        bench.text(&message.to_string());
    }
    let markets = markets();
    let market = &markets.get(InstrumentId(0)).unwrap().instrument;
    let events = bench.events();
    let fills: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            VenueEvent::Filled(fill) => Some((fill.fill_id.to_string(), market.qty(fill.qty).get())),
            _ => None,
        })
        .collect();
    let want = list(&expected["fills"]);
    assert_eq!(fills.len(), want.len());
    for ((id, qty), row) in fills.iter().zip(want) {
        assert_eq!(id, row[0].as_str().unwrap());
        same("qty", *qty, &row[1]);
    }
    let known = bench.orders.get(order(0, 1).id).unwrap();
    assert!(known.ended);
    same("filled", market.qty(known.filled).get(), &expected["final"]["filled"]);
}
