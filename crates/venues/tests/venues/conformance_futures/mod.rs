//! Every file of Kraken Futures' fixtures, field by field: our values against the payload's own numbers and
//! against what ccxt made of it. A file without a check, and without a word why, fails.
#![allow(clippy::print_stdout, reason = "a test says when it is skipped")]

mod feeds;
mod requests;
mod rest;

use std::path::Path;

use crate::common::bench::{Bench, cases, levels};
use crate::common::conformance::{Check, case, list, number, run, same, same_json, value};
use crate::common::*;
use rust_decimal::Decimal;
use seawall_model::{
    Fill, Input, InstrumentId, Liquidity, OrderRole, Side, TimeInForce, Timeframe, TriggerSource, Ts,
    VenueEvent, VenueOrder, VenuePosition, VenueRequest,
};
use seawall_venues::codec::{Adapter, Codec, Dispatch, Tables};
use seawall_venues::http::{Body, Form, Method, Request};
use seawall_venues::kraken_futures::market_session::Wanted;
use seawall_venues::kraken_futures::{AccountSession, KrakenFutures, MarketSession, sign, stream};
use seawall_venues::orders::OrderIndex;
use seawall_venues::outcome::Certainty;
use seawall_venues::records::LedgerKind;
use seawall_venues::{
    Advice, Answer, Credentials, Failure, Markets, News, Outcome, Problem, Query, Recorded, Records, Reply,
    Secret,
};
use serde_json::Value;

use feeds::*;
use requests::*;
use rest::*;

const CHECKS: &[(&str, Check)] = &[
    ("ccxt/markets.json", instruments),
    ("ccxt/request_cases.json", requests),
    ("ccxt/response_cases.json", responses),
    ("docs/get_fee_schedules.json", fee_schedules),
    ("docs/get_historical_funding_rates.json", funding_rates),
    ("docs/get_instruments.json", instruments),
    ("docs/get_leverage_settings.json", settings),
    ("docs/get_notifications.json", notifications),
    ("docs/get_open_orders.json", open_orders),
    ("docs/get_open_positions.json", positions),
    ("docs/get_ticker_by_symbol.json", server_time),
    ("docs/get_tickers.json", tickers),
    ("docs/get_wallets.json", wallets),
    ("docs/get_your_fills.json", fills),
    ("docs/guide_futures_introduction.json", introduction),
    ("docs/guide_futures_rate_limits.json", rate_limited),
    ("docs/guide_futures_rest.json", placements),
    ("docs/post_cancel_all_orders.json", cancel_all),
    ("docs/post_cancel_order.json", cancellation),
    ("docs/post_dead_man_s_switch.json", dead_man),
    ("docs/post_edit_order.json", amendment),
    ("docs/post_send_order.json", placements),
    ("docs/put_set_leverage_settings.json", settings),
    ("docs/ws_account_log.json", ws_account_log),
    ("docs/ws_balances.json", ws_balances),
    ("docs/ws_book.json", ws_books),
    ("docs/ws_challenge.json", ws_challenge),
    ("docs/ws_fills.json", ws_fills),
    ("docs/ws_heartbeat.json", ws_control),
    ("docs/ws_notification.json", ws_notification),
    ("docs/ws_open_orders.json", ws_orders),
    ("docs/ws_open_orders_verbose.json", ws_orders),
    ("docs/ws_open_position.json", ws_positions),
    ("docs/ws_ticker.json", ws_tickers),
    ("docs/ws_ticker_lite.json", ws_control),
    ("docs/ws_trade.json", ws_control),
    ("nautilus/http_cancel_order_futures.json", cancellation),
    ("nautilus/http_futures_candles_mark.json", candles),
    ("nautilus/http_futures_candles_spot.json", candles),
    ("nautilus/http_futures_candles_trade.json", candles),
    ("nautilus/http_futures_fills.json", fills),
    ("nautilus/http_futures_historical_funding_rates.json", funding_rates),
    ("nautilus/http_futures_instrument_no_fee_schedule.json", instruments),
    ("nautilus/http_futures_instruments.json", instruments),
    ("nautilus/http_futures_open_orders.json", open_orders),
    ("nautilus/http_futures_open_positions.json", positions),
    ("nautilus/http_futures_orderbook.json", order_book),
    ("nautilus/http_futures_public_executions.json", public_trades),
    ("nautilus/http_futures_tickers.json", tickers),
    ("nautilus/http_send_order_futures.json", placements),
    ("nautilus/ws_futures_book_delta.json", ws_books),
    ("nautilus/ws_futures_book_snapshot.json", ws_books),
    ("nautilus/ws_futures_book_snapshot_with_zero_qty.json", ws_books),
    ("nautilus/ws_futures_fills_delta.json", ws_fills),
    ("nautilus/ws_futures_fills_snapshot.json", ws_fills),
    ("nautilus/ws_futures_open_orders_cancel.json", ws_orders),
    ("nautilus/ws_futures_open_orders_cancel_post_only.json", ws_orders),
    ("nautilus/ws_futures_open_orders_delta.json", ws_orders),
    ("nautilus/ws_futures_open_orders_delta_full_fill.json", ws_orders),
    ("nautilus/ws_futures_open_orders_snapshot.json", ws_orders),
    ("nautilus/ws_futures_ticker.json", ws_tickers),
    ("nautilus/ws_futures_trade.json", ws_control),
    ("nautilus/ws_futures_trade_snapshot.json", ws_control),
    ("own/ws_cases.json", own_cases),
];

const WITHOUT_USE: &[(&str, &str)] = &[
    (
        "docs/get_fee_schedule_volumes.json",
        "deprecated since June 2026; the spot side tells the account's fees",
    ),
    ("docs/get_pnl_currency_preferences.json", "only contracts that settle in dollars are traded"),
    (
        "docs/get_position_percentile_of_unwind_queue.json",
        "nothing is decided by a place in the unwind queue",
    ),
    ("docs/post_batch_order_management.json", "one order a request, so that each outcome is its own"),
    ("docs/post_initiate_withdrawal_to_spot_wallet.json", "money is never moved; a key that can is refused"),
    ("docs/put_set_pnl_currency_preference.json", "only contracts that settle in dollars are traded"),
];

#[test]
fn every_file_of_the_fixtures_is_read_field_by_field() {
    run("kraken-futures", CHECKS, WITHOUT_USE);
}

// ---- helpers ----------------------------------------------------------------------------------------------

fn tables<T>(read: impl FnOnce(Tables<'_>) -> T) -> T {
    let (markets, orders) = (futures_markets(), OrderIndex::default());
    read(Tables { markets: &markets, orders: &orders })
}

fn answer(query: &Query, reply: &Reply) -> Result<Answer, Failure> {
    tables(|tables| KrakenFutures.answer(query, reply, tables))
}

fn recorded(records: Records, body: &str) -> Recorded {
    match answer(&Query::Records(records), &reply(body)).unwrap() {
        Answer::Records(recorded) => recorded,
        other => panic!("{other:?}"),
    }
}

fn outcome(request: VenueRequest, body: &str) -> Outcome {
    let mut adapter = Adapter::new(KrakenFutures, futures_markets());
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

/// The good answers of a file: its one payload, or those of a page of documentation.
fn bodies(folder: &Path, file: &str, kind: &str) -> Vec<String> {
    if file.starts_with("docs/") { payloads(folder, file, kind) } else { vec![text(folder, file)] }
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap()
}

fn ours<'a>(markets: &'a Markets, row: &Value, name: &str) -> Option<&'a seawall_venues::Market> {
    markets.find(row[name].as_str()?)
}

fn time(value: &Value) -> Ts {
    value.as_i64().map_or_else(|| value.as_str().unwrap().parse().unwrap(), at)
}
