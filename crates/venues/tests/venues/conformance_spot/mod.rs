//! Every file of Kraken spot's fixtures, field by field: our values against the payload's own numbers and
//! against what ccxt made of it. A file without a check, and without a word why, fails.
#![allow(clippy::print_stdout, reason = "a test says when it is skipped")]

mod feeds;
mod requests;
mod rest;

use std::path::Path;

use crate::common::bench::{Bench, cases};
use crate::common::conformance::{Check, case, list, number, run, same, same_json, value};
use crate::common::*;
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

use feeds::*;
use requests::*;
use rest::*;

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
