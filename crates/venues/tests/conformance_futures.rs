//! Every file of Kraken Futures' fixtures, field by field: our values against the payload's own numbers and
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

use common::bench::{Bench, cases, levels};
use common::conformance::{Check, case, list, number, run, same, same_json, value};
use common::*;
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

// ---- REST: market data ------------------------------------------------------------------------------------

fn instruments(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let Answer::Instruments { listed, excluded } = answer(&Query::Instruments, &reply(&body)).unwrap()
        else {
            panic!()
        };
        let raw = json(&body);
        let rows = list(&raw["instruments"]);
        assert_eq!(listed.len() + excluded.len(), rows.len());
        for row in rows {
            let symbol = row["symbol"].as_str().unwrap();
            let Some(found) = listed.iter().find(|listed| listed.symbol == symbol) else {
                let out = excluded.iter().find(|out| out.symbol == symbol).unwrap();
                assert!(row["type"] != "flexible_futures" && !out.reason.is_empty(), "{symbol}: {out:?}");
                continue;
            };
            same("tickSize", found.spec.tick.unwrap().get(), &row["tickSize"]);
            same("contractSize", found.spec.contract_size.get(), &row["contractSize"]);
            let precision = row["contractValueTradePrecision"].as_i64().unwrap();
            let lot = 10_f64.powi(i32::try_from(-precision).unwrap());
            assert!((found.spec.lot.to_f64() / lot - 1.0).abs() < 1e-12, "{symbol}: {}", found.spec.lot);
            assert_eq!(
                (found.tradeable, found.post_only),
                (row["tradeable"] == true, row["postOnly"] == true)
            );
            let mut tables =
                ["marginLevels", "retailMarginLevels"].into_iter().filter_map(|name| row[name].as_array());
            let levels = tables.find(|levels| !levels.is_empty()).cloned().unwrap_or_default();
            assert_eq!(found.spec.margin_tiers.len(), levels.len(), "{symbol}");
            for (tier, level) in found.spec.margin_tiers.iter().zip(&levels) {
                let maintenance = tier.maintenance_pct.get() / Decimal::ONE_HUNDRED;
                same("maintenanceMargin", maintenance, &level["maintenanceMargin"]);
                let leverage = Decimal::ONE / number(&level["initialMargin"]);
                assert_eq!(tier.leverage_max.get(), leverage.trunc_with_scale(4).normalize(), "{symbol}");
            }
            assert_eq!(found.spec.taker_fee_bps.unwrap().to_string(), "5");
            assert_eq!(found.spec.maker_fee_bps.unwrap().to_string(), "2");
        }
    }
}

fn tickers(folder: &Path, file: &str) {
    let markets = futures_markets();
    for body in bodies(folder, file, "response") {
        let Answer::Tickers(tickers) = answer(&Query::Tickers, &reply(&body)).unwrap() else { panic!() };
        for row in list(&json(&body)["tickers"]) {
            let Some(market) = ours(&markets, row, "symbol") else { continue };
            let ticker = tickers.iter().find(|ticker| ticker.instrument == market.id()).unwrap();
            let price = |units: Option<_>| units.map(|units| market.instrument.price(units).get());
            let fields = [("bid", ticker.bid), ("ask", ticker.ask), ("last", ticker.last)];
            for (name, ours) in fields {
                match price(ours) {
                    Some(ours) => same(name, ours, &row[name]),
                    None => assert!(!row[name].is_number() || number(&row[name]).is_zero(), "{name}"),
                }
            }
            for (name, ours) in [("markPrice", ticker.mark), ("indexPrice", ticker.index)] {
                let Some(ours) = price(ours) else {
                    assert!(!row[name].is_number() || number(&row[name]).is_zero(), "{name}");
                    continue;
                };
                let tick = market.listed.spec.tick.unwrap().get();
                assert!((ours - number(&row[name])).abs() <= tick, "{name} is on the nearest tick");
            }
            if row["fundingRate"].is_number() {
                let want = number(&row["fundingRate"]) / number(&row["markPrice"]);
                assert_eq!(ticker.funding_rate_1h.unwrap().round_dp(18), want.round_dp(18));
            }
            assert_eq!(
                (ticker.suspended, ticker.post_only),
                (row["suspended"] == true, row["postOnly"] == true)
            );
            same("vol24h", ticker.volume_24h.unwrap(), &row["vol24h"]);
        }
    }
}

fn server_time(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let want = json(&body)["serverTime"].as_str().unwrap().parse().unwrap();
        assert_eq!(answer(&Query::ServerTime, &reply(&body)), Ok(Answer::ServerTime(want)));
    }
}

fn candles(folder: &Path, file: &str) {
    let body = text(folder, file);
    let raw = json(&body);
    let rows = list(&raw["candles"]);
    let from = at(rows[0]["time"].as_i64().unwrap());
    let query = Query::Candles { instrument: InstrumentId(3), timeframe: Timeframe::H1, from };
    let Answer::Candles(page) = answer(&query, &reply(&body)).unwrap() else { panic!() };
    assert_eq!((page.closed.len(), page.forming), (rows.len(), None), "they ended years ago");
    assert_eq!(page.more, raw["more_candles"] == true);
    let market = futures_markets();
    let instrument = &market.get(InstrumentId(3)).unwrap().instrument;
    let exact = file.ends_with("trade.json");
    for (candle, row) in page.closed.iter().zip(rows) {
        assert_eq!(candle.open_time, time(&row["time"]));
        for (name, price) in
            [("open", candle.open), ("high", candle.high), ("low", candle.low), ("close", candle.close)]
        {
            let far = (instrument.price(price).get() - number(&row[name])).abs();
            let most = if exact { Decimal::ZERO } else { Decimal::new(25, 2) };
            assert!(far <= most, "{name}: {far} from the venue's");
        }
        assert_eq!(candle.volume.to_string(), number(&row["volume"]).normalize().to_string());
    }
}

fn order_book(folder: &Path, file: &str) {
    let body = text(folder, file);
    let instrument = InstrumentId(0);
    let Recorded::Book(book) = recorded(Records::Book { instrument, depth: 10 }, &body) else { panic!() };
    let markets = futures_markets();
    let market = &markets.get(instrument).unwrap().instrument;
    let raw = json(&body);
    for (name, side) in [("bids", &book.bids), ("asks", &book.asks)] {
        let rows = list(&raw["orderBook"][name]);
        assert_eq!(rows.len(), side.len());
        for (row, (price, qty)) in rows.iter().zip(side) {
            same("price", market.price(*price).get(), &row[0]);
            same("size", market.qty(*qty).get(), &row[1]);
        }
    }
    let Recorded::Book(top) = recorded(Records::Book { instrument, depth: 1 }, &body) else { panic!() };
    assert_eq!((top.bids, top.asks), (book.bids[..1].to_vec(), book.asks[..1].to_vec()));
}

fn trades_like(body: &str, instrument: InstrumentId) {
    let since = Ts::EPOCH;
    let Recorded::Trades(trades) = recorded(Records::Trades { instrument, since }, body) else { panic!() };
    let markets = futures_markets();
    let market = &markets.get(instrument).unwrap().instrument;
    let raw = json(body);
    let rows = list(&raw["elements"]);
    assert_eq!(trades.len(), rows.len());
    assert!(trades.windows(2).all(|pair| pair[0].at <= pair[1].at));
    for row in rows {
        let row = &row["event"]["Execution"]["execution"];
        let trade = trades.iter().find(|trade| trade.id == row["uid"].as_str().unwrap()).unwrap();
        same("price", market.price(trade.price).get(), &row["price"]);
        same("quantity", market.qty(trade.qty).get(), &row["quantity"]);
        assert_eq!(trade.at, time(&row["timestamp"]));
        let side = row["takerOrder"]["direction"].as_str().unwrap().to_lowercase();
        assert_eq!(trade.taker.name(), side);
    }
}

fn public_trades(folder: &Path, file: &str) {
    trades_like(&text(folder, file), InstrumentId(0));
}

fn funding_rates(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let instrument = InstrumentId(0);
        let Recorded::FundingRates(rates) = recorded(Records::FundingRates { instrument }, &body) else {
            panic!()
        };
        let raw = json(&body);
        let rows = list(&raw["rates"]);
        assert_eq!(rates.len(), rows.len());
        assert!(rates.windows(2).all(|pair| pair[0].at < pair[1].at), "oldest first");
        for row in rows {
            let rate = rates.iter().find(|rate| rate.at == time(&row["timestamp"])).unwrap();
            same("relativeFundingRate", rate.rate_1h, &row["relativeFundingRate"]);
        }
    }
}

fn fee_schedules(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let Recorded::FeeSchedules(schedules) = recorded(Records::FeeSchedules, &body) else { panic!() };
        let raw = json(&body);
        for (ours, theirs) in schedules.iter().zip(list(&raw["feeSchedules"])) {
            assert_eq!(ours.name, theirs["name"].as_str().unwrap());
            for (tier, row) in ours.tiers.iter().zip(list(&theirs["tiers"])) {
                same("makerFee", tier.maker.get() / Decimal::ONE_HUNDRED, &row["makerFee"]);
                same("takerFee", tier.taker.get() / Decimal::ONE_HUNDRED, &row["takerFee"]);
                same("usdVolume", tier.volume_from.get(), &row["usdVolume"]);
            }
            assert_eq!(ours.tiers[0].taker.to_string(), "5", "the base tier that listings start with");
        }
        assert_eq!(schedules.len(), list(&raw["feeSchedules"]).len());
    }
}

fn notifications(folder: &Path, file: &str) {
    let body = &payloads(folder, file, "response")[0];
    let Recorded::Announcements(said) = recorded(Records::Announcements, body) else { panic!() };
    let raw = json(body);
    assert_eq!(said.len(), list(&raw["notifications"]).len());
    for (ours, row) in said.iter().zip(list(&raw["notifications"])) {
        assert_eq!(ours.text, row["note"].as_str().unwrap());
        assert_eq!(ours.effective_at, Some(time(&row["effectiveTime"])));
        assert!(!ours.downtime);
    }
    let down = body.replace("\"settlement\"", "\"maintenance\"").replace("\"medium\"", "\"high\"");
    let Recorded::Announcements(said) = recorded(Records::Announcements, &down) else { panic!() };
    assert_eq!(said.iter().map(|one| one.downtime).collect::<Vec<_>>(), [false, true]);
    let error = &payloads(folder, file, "response: error")[0];
    let failure = answer(&Query::Records(Records::Announcements), &reply(error)).unwrap_err();
    assert_eq!(failure.problem, Problem::RateLimited);
}

// ---- REST: the account ------------------------------------------------------------------------------------

fn same_order(markets: &Markets, order: &VenueOrder, row: &Value) {
    let market = &markets.get(order.instrument).unwrap().instrument;
    let qty = |units| market.qty(units).get();
    assert_eq!(order.venue_order_id.to_string(), row["order_id"].as_str().unwrap());
    assert_eq!(order.side.name(), row["side"].as_str().unwrap());
    assert_eq!(qty(order.qty), number(&row["unfilledSize"]) + number(&row["filledSize"]));
    same("filledSize", qty(order.filled), &row["filledSize"]);
    assert_eq!(order.reduce_only, row["reduceOnly"] == true);
    assert!(order.state.is_live());
    let price = |units| market.price(units).get();
    let (trigger, limit) = (order.kind.trigger(), order.kind.limit());
    assert_eq!(trigger.is_some(), row["stopPrice"].is_number(), "{row}");
    if let Some(trigger) = trigger {
        same("stopPrice", price(trigger.price), &row["stopPrice"]);
        let source = match row["triggerSignal"].as_str() {
            Some("last") => TriggerSource::Last,
            Some("spot" | "index") => TriggerSource::Index,
            _ => TriggerSource::Mark,
        };
        assert_eq!(trigger.source, source);
    }
    assert_eq!(limit.is_some(), row["limitPrice"].is_number(), "{row}");
    if let Some(limit) = limit {
        same("limitPrice", price(limit), &row["limitPrice"]);
    }
    let word = row["orderType"].as_str().unwrap();
    let name = order.kind.name();
    assert!(
        name.starts_with(match word {
            "lmt" => "limit",
            "stop" => "stop",
            "take_profit" => "take_profit",
            other => panic!("{other}"),
        }),
        "{name} for {word}"
    );
}

fn orders_like(body: &str) {
    let markets = futures_markets();
    let outcome = outcome(VenueRequest::QueryOpenOrders, body);
    let VenueEvent::OpenOrders(report) = event(&outcome.inputs) else { panic!() };
    let raw = json(body);
    assert_eq!(report.taken_at, time(&raw["serverTime"]));
    let mut seen = 0;
    for row in list(&raw["openOrders"]) {
        if ours(&markets, row, "symbol").is_none() {
            continue;
        }
        let id = row["order_id"].as_str().unwrap();
        let order = report.rows.iter().find(|order| order.venue_order_id.to_string() == id).unwrap();
        same_order(&markets, order, row);
        seen += 1;
    }
    assert_eq!(seen, report.rows.len());
    assert_eq!(seen + outcome.notices.len(), list(&raw["openOrders"]).len(), "each row is there or named");
}

fn open_orders(folder: &Path, file: &str) {
    bodies(folder, file, "response").iter().for_each(|body| orders_like(body));
}

fn positions_like(body: &str) -> Vec<VenuePosition> {
    let markets = futures_markets();
    let outcome = outcome(VenueRequest::QueryPositions, body);
    let report = outcome.inputs.iter().find_map(|input| match input {
        Input::Venue(VenueEvent::Positions(report)) => Some(report),
        _ => None,
    });
    let report = report.unwrap();
    let raw = json(body);
    let mut rows = report.rows.iter();
    for row in list(&raw["openPositions"]) {
        let Some(market) = ours(&markets, row, "symbol") else { continue };
        let position = rows.next().unwrap();
        assert_eq!(position.instrument, market.id());
        let sign = if row["side"] == "short" { -Decimal::ONE } else { Decimal::ONE };
        assert_eq!(market.instrument.qty(position.qty).get(), sign * number(&row["size"]));
        let far = (market.instrument.price(position.entry_price).get() - number(&row["price"])).abs();
        assert!(far <= market.listed.spec.tick.unwrap().get(), "{far}");
    }
    assert!(rows.next().is_none());
    assert_eq!(report.rows.len() + outcome.notices.len(), list(&raw["openPositions"]).len());
    report.rows.clone()
}

fn positions(folder: &Path, file: &str) {
    let bodies = bodies(folder, file, "response");
    positions_like(&bodies[0]);
    for error in &bodies[1..] {
        let outcome = outcome(VenueRequest::QueryPositions, error);
        assert_eq!(outcome.failure.unwrap().problem, Problem::RateLimited);
        assert_eq!(coverage(&outcome.inputs), seawall_model::Coverage::Failed, "never an empty account");
    }
}

fn wallets(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let Answer::Account(account) = answer(&Query::Account, &reply(&body)).unwrap() else { panic!() };
        let raw = json(&body);
        let flex = &raw["accounts"]["flex"];
        for (name, ours) in [
            ("balanceValue", account.balance),
            ("portfolioValue", account.equity),
            ("availableMargin", account.available),
            ("initialMargin", account.initial_margin),
            ("maintenanceMargin", account.maintenance_margin),
        ] {
            same(name, ours.get(), &flex[name]);
        }
    }
}

fn same_fill(markets: &Markets, fill: &Fill, row: &Value) {
    let market = &markets.get(fill.instrument).unwrap().instrument;
    let field = |names: [&str; 2]| {
        let found = names.into_iter().map(|name| &row[name]).find(|value| !value.is_null());
        found.unwrap_or_else(|| panic!("{names:?} in {row}")).clone()
    };
    assert_eq!(fill.fill_id.to_string(), row["fill_id"].as_str().unwrap());
    same("size", market.qty(fill.qty).get(), &field(["size", "qty"]));
    same("price", market.price(fill.price).get(), &row["price"]);
    assert_eq!(fill.venue_time, time(&field(["fillTime", "time"])));
    let side = row["side"].as_str().map_or(row["buy"] == true, |side| side == "buy");
    assert_eq!(fill.side == Side::Buy, side);
    assert_eq!(fill.liquidity == Liquidity::Maker, field(["fillType", "fill_type"]) == "maker");
    let settles = row["fee_currency"].as_str() == Some("USD");
    assert_eq!(
        !settles,
        fill.fee.is_zero() || row["fee_paid"].is_null(),
        "a fee in coin is not one in dollars"
    );
    if settles {
        same("fee_paid", fill.fee.get(), &row["fee_paid"]);
    }
}

fn fills(folder: &Path, file: &str) {
    let markets = futures_markets();
    for body in bodies(folder, file, "response") {
        let query = Query::Fills { since: Ts::EPOCH, before: None };
        let Answer::Fills { report, .. } = answer(&query, &reply(&body)).unwrap() else { panic!() };
        let raw = json(&body);
        let rows = list(&raw["fills"]).iter().filter(|row| ours(&markets, row, "symbol").is_some());
        let mut seen = 0;
        for row in rows {
            let id = row["fill_id"].as_str().unwrap();
            same_fill(&markets, report.rows.iter().find(|f| f.fill_id.to_string() == id).unwrap(), row);
            seen += 1;
        }
        assert_eq!(seen, report.rows.len());
    }
}

// ---- REST: what was to be done ----------------------------------------------------------------------------

fn introduction(folder: &Path, file: &str) {
    let client = json(&payloads(folder, file, "client")[0]);
    client_message(&client);
    // A row of an index has no book: it is a price of nothing that is traded.
    let row = &payloads(folder, file, "response")[0];
    let body = format!(r#"{{"result":"success","serverTime":"2026-01-02T03:04:05Z","tickers":[{row}]}}"#);
    assert_eq!(answer(&Query::Tickers, &reply(&body)), Ok(Answer::Tickers(Vec::new())));
}

fn rate_limited(folder: &Path, file: &str) {
    let failure = outcome(entry(), &payloads(folder, file, "response")[0]).failure.unwrap();
    assert_eq!(failure.problem, Problem::RateLimited);
    assert!(matches!(failure.advice, Advice::Wait(_)) && failure.certainty == Certainty::NotDone);
}

/// Placed with the answer's own id, or refused for the reason of the answer's status.
fn placements(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let status = json(&body)["sendStatus"].clone();
        let outcome = outcome(entry(), &body);
        let rejected = list(status.get("orderEvents").unwrap_or(&Value::Array(Vec::new())))
            .iter()
            .any(|event| event["type"] == "REJECT");
        if status["status"] == "placed" && !rejected {
            let VenueEvent::Accepted { venue_order_id, .. } = event(&outcome.inputs) else {
                panic!("{body}")
            };
            assert_eq!(venue_order_id.to_string(), status["order_id"].as_str().unwrap());
        } else {
            let failure = outcome.failure.unwrap();
            assert!(matches!(failure.problem, Problem::Rejected(_)), "{failure:?}");
            assert_eq!(failure.certainty, Certainty::NotDone);
        }
    }
}

fn cancellation(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        assert_eq!(json(&body)["cancelStatus"]["status"], "cancelled");
        let outcome = outcome(VenueRequest::Cancel { order: order(0, 1) }, &body);
        let VenueEvent::Cancelled { order: found, .. } = event(&outcome.inputs) else { panic!() };
        assert_eq!(*found, order(0, 1));
    }
}

fn cancel_all(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let count = list(&json(&body)["cancelStatus"]["cancelledOrders"]).len();
        let want = Answer::CancelledAll(u32::try_from(count).ok());
        assert_eq!(answer(&Query::CancelAll { instrument: None }, &reply(&body)), Ok(want));
    }
}

fn dead_man(folder: &Path, file: &str) {
    let query = Query::DeadMan { timeout_s: 60 };
    for body in payloads(folder, file, "response") {
        let raw = json(&body);
        let got = answer(&query, &reply(&body));
        match raw["status"]["triggerTime"].as_str() {
            None => assert_eq!(got.unwrap_err().problem, Problem::RateLimited),
            Some("0") => assert_eq!(got, Ok(Answer::DeadMan(None))),
            Some(when) => assert_eq!(got, Ok(Answer::DeadMan(Some(when.parse().unwrap())))),
        }
    }
}

fn amendment(folder: &Path, file: &str) {
    let kind = limit(9, TimeInForce::PostOnly);
    let amend = VenueRequest::Amend { order: order(0, 1), qty: seawall_model::QtyUnits::new(5), kind };
    for body in bodies(folder, file, "response") {
        assert_eq!(json(&body)["editStatus"]["status"], "edited");
        let outcome = outcome(amend, &body);
        let VenueEvent::Amended { qty, kind: now, .. } = event(&outcome.inputs) else { panic!() };
        assert_eq!((qty.get(), *now), (5, kind));
    }
}

fn settings(folder: &Path, file: &str) {
    let query = Query::Leverage { instrument: InstrumentId(0), max: None };
    assert_eq!(answer(&query, &reply(&payloads(folder, file, "response")[0])), Ok(Answer::Done));
}

// ---- requests ---------------------------------------------------------------------------------------------

/// What our codec makes of each request of ccxt: the request, and the fields that only one of the two sends.
fn codec_request(id: &str) -> Option<Request> {
    let markets = futures_markets();
    let query = |query: Query| KrakenFutures.ask(at(1_767_323_045_000), &query, &markets).unwrap();
    let (hour, from) = (Timeframe::H1, at(1_650_000_000_000));
    let new = |instrument: u32, side: Side, qty: i64, kind, reduce: bool| {
        let role = if reduce { OrderRole::Exit } else { OrderRole::Entry };
        request_of(VenueRequest::Place(place(order(instrument, 1), role, side, qty, kind)))
    };
    let trigger = |price: i64| seawall_model::Trigger {
        price: seawall_model::PriceUnits::new(price),
        source: TriggerSource::Last,
    };
    let units = seawall_model::PriceUnits::new;
    use seawall_model::OrderKind as K;
    let gtc = TimeInForce::GoodTilCancelled;
    Some(match id {
        "ohlcv-trade" => query(Query::Candles { instrument: InstrumentId(0), timeframe: hour, from }),
        "my-trades" => query(Query::Fills { since: Ts::EPOCH, before: None }),
        "open-orders" => request_of(VenueRequest::QueryOpenOrders),
        "balance-flex" => request_of(VenueRequest::QueryBalance),
        "cancel-all-no-symbol" => query(Query::CancelAll { instrument: None }),
        "dead-man-10s" => query(Query::DeadMan { timeout_s: 10 }),
        "funding-history" => query(Query::Records(Records::FundingRates { instrument: InstrumentId(0) })),
        "ledger" => query(Query::Records(Records::Ledger { since: at(1_700_000_000_000) })),
        "create-limit" => new(2, Side::Buy, 50, limit(7_100, gtc), false),
        "create-market" => new(2, Side::Buy, 10, K::Market, false),
        "create-client-id" => new(0, Side::Buy, 10, limit(40_000, gtc), false),
        "create-ioc" => new(0, Side::Buy, 10, limit(40_000, TimeInForce::ImmediateOrCancel), false),
        "create-decimals-2" => new(2, Side::Buy, 10, limit(5_500, gtc), false),
        "create-trigger-limit" => {
            new(0, Side::Buy, 10, K::StopLimit { trigger: trigger(45_000), limit: units(46_000) }, false)
        }
        "create-takeprofit-limit" => new(
            0,
            Side::Sell,
            10,
            K::TakeProfitLimit { trigger: trigger(49_000), limit: units(50_000) },
            true,
        ),
        "create-takeprofit-market" => {
            new(0, Side::Sell, 10, K::TakeProfitMarket { trigger: trigger(49_000) }, true)
        }
        _ => return None,
    })
}

fn request_of(request: VenueRequest) -> Request {
    let mut adapter = Adapter::new(KrakenFutures, futures_markets());
    let Dispatch::Send(_, request) = adapter.send(at(1_767_323_045_000), request) else { panic!() };
    *request
}

/// Requests of ccxt that this codec has no counterpart of; their signatures are verified like the others'.
const NOT_OURS: &[&str] = &[
    "ohlcv-index",
    "ticker",
    "public-trades-history",
    "closed-triggers",
    "closed-orders-since",
    "orders-by-id",
    "create-fok-dropped",
    "create-inverse",
    "edit-order",
    "cancel-order",
    "cancel-orders-batch",
    "leverages",
    "transfer-flex",
];
/// Fields that we always send and ccxt does not, or that each has its own value for.
const OWN_FIELDS: &[&str] = &["cliOrdId", "processBefore", "reduceOnly", "from", "to", "count", "before"];

/// The bytes of every request vector, signed by the codec: path, query, body and signature are ccxt's. And
/// what the codec itself makes of the same wish has the same fields.
fn requests(folder: &Path, file: &str) {
    let credentials = credentials();
    for case in list(&value(folder, file)) {
        let id = case["id"].as_str().unwrap();
        for sent in list(&case["expected_requests"]) {
            let url = sent["url"].as_str().unwrap().strip_prefix("https://futures.kraken.com").unwrap();
            let (path, query) = url.split_once('?').unwrap_or((url, ""));
            let form = sent["body"].as_str();
            let mut request = Request::public(path.to_owned(), Form::new());
            request.query = query.to_owned();
            request.method = if sent["http_method"] == "POST" { Method::Post } else { Method::Get };
            request.body = form.map_or(Body::None, |form| Body::Form(form.to_owned()));
            request.signed = sent["signed"].is_object();
            let signed = KrakenFutures.sign(&request, Some(&credentials), 7).unwrap();
            assert_eq!((signed.target.as_str(), signed.body.as_str()), (url, form.unwrap_or("")), "{id}");
            let header = |name: &str| signed.headers.iter().find(|header| header.name == name);
            assert_eq!(header("Authent").is_some(), request.signed, "{id}");
            for name in ["APIKey", "Authent"].into_iter().filter(|_| request.signed) {
                let want = sent["signed"]["headers"][name].as_str().unwrap();
                assert_eq!(header(name).unwrap().value, want, "{id}");
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
            assert_eq!((ours.method, ours.signed), (request.method, request.signed), "{id}");
            assert_eq!(shared(fields(&ours)), shared(fields(&request)), "{id}");
            if id != "funding-history" {
                assert_eq!(ours.path, request.path, "{id}");
            }
        }
    }
}

fn credentials() -> Credentials {
    let secret = Secret::from_text("FAKE futures secret for conformance tests only, 64 bytes long!!!");
    Credentials { key: "FAKE-FUTURES-KEY".to_owned(), secret, passphrase: None }
}

// ---- answers that ccxt read -------------------------------------------------------------------------------

fn is_class(failure: &Failure, class: &str) -> bool {
    let rejected = matches!(failure.problem, Problem::Rejected(_));
    let not_done = failure.certainty == Certainty::NotDone;
    match class {
        "rejected" => not_done && rejected,
        "rejected-temporary" => not_done && rejected && failure.advice == Advice::Again,
        "retryable" => not_done && !rejected && matches!(failure.advice, Advice::Again | Advice::Wait(_)),
        "ambiguous" => failure.certainty == Certainty::Unknown && failure.advice == Advice::Ask,
        other => panic!("{other}"),
    }
}

const NO_OPEN: &str = r#"{"result":"success","openOrders":[],"serverTime":"2026-01-02T03:04:05.000Z"}"#;
const NO_STATUS: &str = r#"{"result":"success","orders":[],"serverTime":"2026-01-02T03:04:06.000Z"}"#;
const NO_HISTORY: &str = r#"{"elements":[],"len":0}"#;

/// One order of ours looked for through all the steps of the question.
fn looked_for(bodies: &[&str]) -> Outcome {
    let mut adapter = Adapter::new(KrakenFutures, futures_markets());
    let mut dispatch = Some(adapter.send(at(1), VenueRequest::QueryOrder { order: order(2, 1) }));
    for body in bodies {
        let Some(Dispatch::Send(ticket, _)) = dispatch else { break };
        dispatch = adapter.on_reply(ticket, at(2), &reply(body));
    }
    match dispatch {
        Some(Dispatch::Ended(outcome)) => outcome,
        other => panic!("{other:?}"),
    }
}

fn responses(folder: &Path, file: &str) {
    for one in list(&value(folder, file)) {
        let id = one["id"].as_str().unwrap();
        let (body, ccxt) = case(folder, file, id);
        let markets = futures_markets();
        if let Some(class) = one["expected_class"].as_str() {
            let failure = outcome(entry(), &body).failure.unwrap();
            assert!(is_class(&failure, class), "{id}: {failure:?} is not {class}");
            continue;
        }
        match id {
            "open-orders-milli" => {
                orders_like(&body);
                let outcome = outcome(VenueRequest::QueryOpenOrders, &body);
                let VenueEvent::OpenOrders(report) = event(&outcome.inputs) else { panic!() };
                let market = &markets.get(InstrumentId(2)).unwrap().instrument;
                for (order, want) in report.rows.iter().zip(list(&ccxt)) {
                    assert_eq!(order.venue_order_id.to_string(), want["id"].as_str().unwrap());
                    assert_eq!((order.kind.name(), order.side.name()), ("limit", "buy"));
                    assert_eq!(want["type"], "limit");
                    same("amount", market.qty(order.qty).get(), &want["amount"]);
                    same("filled", market.qty(order.filled).get(), &want["filled"]);
                    let left = order.qty.minus(order.filled);
                    same("remaining", market.qty(left).get(), &want["remaining"]);
                }
            }
            "positions" => {
                let market = &markets.get(InstrumentId(2)).unwrap().instrument;
                for (position, want) in positions_like(&body).iter().zip(list(&ccxt)) {
                    same("contracts", market.qty(position.qty).get(), &want["contracts"]);
                    same("entryPrice", market.price(position.entry_price).get(), &want["entryPrice"]);
                    assert_eq!(want["side"], "long");
                }
            }
            "public-executions-inverse" => {
                trades_like(&body, InstrumentId(3));
                let records = Records::Trades { instrument: InstrumentId(3), since: Ts::EPOCH };
                let Recorded::Trades(trades) = recorded(records, &body) else { panic!() };
                let market = &markets.get(InstrumentId(3)).unwrap().instrument;
                let want = &list(&ccxt)[0];
                assert_eq!(trades[0].id, want["id"].as_str().unwrap());
                assert_eq!(trades[0].taker.name(), want["side"].as_str().unwrap());
                assert_eq!(trades[0].at, time(&want["timestamp"]));
                same("price", market.price(trades[0].price).get(), &want["price"]);
                assert!(
                    want["amount"].is_null(),
                    "ccxt has none of an inverse contract; the payload's is compared above"
                );
            }
            "order-placed-ioc-filled" => {
                let body = json(&body).to_string();
                let ours = body.replace(r#""clientId":"""#, r#""clientId":"sw00000070000001""#);
                assert_ne!(ours, body);
                let outcome = looked_for(&[NO_OPEN, NO_STATUS, &ours]);
                let VenueEvent::Order { report, .. } = event(&outcome.inputs) else { panic!() };
                let (row, want) = (&report.rows[0], &list(&ccxt)[0]);
                let market = &markets.get(InstrumentId(2)).unwrap().instrument;
                assert_eq!(row.venue_order_id.to_string(), want["id"].as_str().unwrap());
                assert_eq!((row.state.name(), want["status"].as_str()), ("filled", Some("closed")));
                same("amount", market.qty(row.qty).get(), &want["amount"]);
                same("filled", market.qty(row.filled).get(), &want["filled"]);
                assert_eq!((row.side.name(), row.reduce_only), ("buy", want["reduceOnly"] == true));
            }
            "closed-triggers" => {
                let absent = looked_for(&[NO_OPEN, NO_STATUS, NO_HISTORY, &body]);
                assert_eq!(
                    coverage(&absent.inputs),
                    seawall_model::Coverage::Complete,
                    "none of them is ours"
                );
            }
            other => panic!("no check for {other}"),
        }
    }
}

// ---- the stream -------------------------------------------------------------------------------------------

fn market_bench() -> Bench<MarketSession> {
    let all: Vec<InstrumentId> = (0..6).map(InstrumentId).collect();
    let wanted = Wanted { quotes: all.clone(), books: all };
    let mut bench = Bench::new(futures_markets(), MarketSession::new(wanted, 1));
    bench.open();
    bench
}

const FEEDS: [&str; 6] =
    ["open_orders_verbose", "fills", "open_positions", "balances", "account_log", "notifications_auth"];

fn account_bench(fills: &str) -> Bench<AccountSession> {
    let mut bench = Bench::new(futures_markets(), AccountSession::new(credentials(), Ts::EPOCH, 1));
    bench.open();
    bench.text(r#"{"event":"challenge","message":"226aee50-88fc-4618-a42a-34f7709570b2"}"#);
    for feed in FEEDS {
        bench.text(&format!(r#"{{"event":"subscribed","feed":"{feed}"}}"#));
    }
    bench.text(r#"{"feed":"open_orders_verbose_snapshot","account":"a","orders":[]}"#);
    bench.text(fills);
    bench.news.clear();
    bench
}

const NO_FILLS: &str = r#"{"feed":"fills_snapshot","account":"a","fills":[]}"#;

/// The messages of a file that carry data; what a client would send and what acknowledges it is compared with
/// what we send, and understood.
fn data(folder: &Path, file: &str) -> Vec<String> {
    if !file.starts_with("docs/") {
        return vec![text(folder, file)];
    }
    for client in payloads(folder, file, "client") {
        client_message(&json(&client));
    }
    let mut bench = market_bench();
    for told in payloads(folder, file, "server: subscribed").into_iter().chain(payloads(
        folder,
        file,
        "server: error",
    )) {
        bench.text(&told);
        assert_eq!(bench.closes, 0);
    }
    let carries = |message: &String| json(message).get("event").is_none();
    let data = payloads(folder, file, "server").into_iter().chain(payloads(folder, file, "response"));
    data.filter(carries).collect()
}

fn client_message(want: &Value) {
    let text = |name: &str| want[name].as_str();
    let (event, feed) = (text("event").unwrap(), text("feed").unwrap());
    let ours = match (text("api_key"), text("original_challenge"), text("signed_challenge")) {
        (Some(key), Some(challenge), Some(signed)) => stream::subscribe_private(feed, key, challenge, signed),
        _ => {
            let products: Vec<&str> = want["product_ids"]
                .as_array()
                .map_or(Vec::new(), |list| list.iter().map(|p| p.as_str().unwrap()).collect());
            stream::subscribe(event, feed, &products)
        }
    };
    same_json(feed, &ours, want);
}

fn ws_tickers(folder: &Path, file: &str) {
    let markets = futures_markets();
    for message in data(folder, file) {
        let row = json(&message);
        let Some(market) = ours(&markets, &row, "product_id") else { continue };
        let mut bench = market_bench();
        bench.text(&message);
        let ticker = bench.news.iter().find_map(|news| match news {
            News::Ticker(ticker) => Some(*ticker),
            _ => None,
        });
        let ticker = ticker.unwrap();
        let price = |units: Option<seawall_model::PriceUnits>| market.instrument.price(units.unwrap()).get();
        same("bid", price(ticker.bid), &row["bid"]);
        same("ask", price(ticker.ask), &row["ask"]);
        same("last", price(ticker.last), &row["last"]);
        let tick = market.listed.spec.tick.unwrap().get();
        for (name, ours) in [("markPrice", ticker.mark), ("index", ticker.index)] {
            assert!((price(ours) - number(&row[name])).abs() <= tick, "{name}");
        }
        if row["relative_funding_rate"].is_number() {
            same("funding", ticker.funding_rate_1h.unwrap(), &row["relative_funding_rate"]);
        }
        same("volume", ticker.volume_24h.unwrap(), &row["volume"]);
        assert_eq!(
            (ticker.suspended, ticker.post_only),
            (row["suspended"] == true, row["post_only"] == true)
        );
        let quotes = |news: &News| matches!(news, News::Engine(Input::Quote { .. }));
        assert!(bench.news.iter().any(quotes), "the engine is told");
    }
}

fn ws_books(folder: &Path, file: &str) {
    for message in data(folder, file) {
        let row = json(&message);
        let markets = futures_markets();
        let market = ours(&markets, &row, "product_id").unwrap();
        let mut bench = market_bench();
        if row["feed"] == "book" {
            // A change needs the snapshot before it.
            let seq = row["seq"].as_u64().unwrap() - 1;
            let (bid, ask) = (Decimal::ONE, Decimal::from(10_000_000));
            bench.text(&format!(
                r#"{{"feed":"book_snapshot","product_id":"{}","timestamp":1,"seq":{seq},"bids":[{{"price":{bid},"qty":7}}],"asks":[{{"price":{ask},"qty":7}}]}}"#,
                market.listed.symbol
            ));
        }
        bench.text(&message);
        let book = bench.session.book(market.id()).unwrap();
        if row["feed"] == "book" {
            let (price, qty) = (number(&row["price"]), number(&row["qty"]));
            let mut side: Vec<_> =
                if row["side"] == "buy" { book.bids().collect() } else { book.asks().collect() };
            side.retain(|(level, _)| *level == price);
            let want = if qty.is_zero() { Vec::new() } else { vec![(price, qty)] };
            assert_eq!(side, want);
            continue;
        }
        for (name, ours) in [("bids", book.bids().collect::<Vec<_>>()), ("asks", book.asks().collect())] {
            let mut want: Vec<_> = list(&row[name])
                .iter()
                .map(|level| (number(&level["price"]), number(&level["qty"])))
                .collect();
            want.retain(|(_, qty)| !qty.is_zero());
            assert_eq!(ours, want, "{name}");
        }
    }
}

fn ws_challenge(folder: &Path, file: &str) {
    let asked = json(&payloads(folder, file, "challenge (client request)")[0]);
    let key = asked["api_key"].as_str().unwrap();
    same_json("challenge", &stream::challenge(key), &asked);
    let mut bench = Bench::new(futures_markets(), AccountSession::new(credentials(), Ts::EPOCH, 1));
    bench.open();
    let told = &payloads(folder, file, "challenge (server reply)")[0];
    bench.text(told);
    let challenge = json(told)["message"].as_str().unwrap().to_owned();
    let signed = sign::signed_challenge(&credentials().secret, &challenge);
    for feed in FEEDS {
        let want = stream::subscribe_private(feed, "FAKE-FUTURES-KEY", &challenge, &signed);
        assert!(bench.sent.contains(&want), "{feed}");
    }
}

fn ws_fills(folder: &Path, file: &str) {
    let markets = futures_markets();
    for message in data(folder, file) {
        let row = json(&message);
        let snapshot = row["feed"] == "fills_snapshot";
        let mut bench = account_bench(NO_FILLS);
        bench.text(&message);
        assert_eq!(bench.closes, 0);
        let events = bench.events();
        let told: Vec<&Fill> = events
            .iter()
            .filter_map(|event| match event {
                VenueEvent::Filled(fill) => Some(fill),
                _ => None,
            })
            .collect();
        let rows = list(&row["fills"]).iter().filter(|row| ours(&markets, row, "instrument").is_some());
        let mut seen = 0;
        for row in rows {
            let id = row["fill_id"].as_str().unwrap();
            same_fill(&markets, told.iter().find(|fill| fill.fill_id.to_string() == id).unwrap(), row);
            seen += 1;
        }
        assert!(seen == told.len() && (seen > 0 || snapshot), "{seen} of {}", told.len());
    }
}

fn ws_orders(folder: &Path, file: &str) {
    let markets = futures_markets();
    for message in data(folder, file) {
        let row = json(&message);
        let mut bench = account_bench(NO_FILLS);
        bench.text(&message);
        assert_eq!(bench.closes, 0, "{message}");
        let Some(orders) = row["orders"].as_array() else {
            assert!(bench.events().is_empty(), "a change of somebody else's order is no event of ours");
            continue;
        };
        let events = bench.events();
        let Some(VenueEvent::OpenOrders(report)) = events.first() else { panic!("{events:?}") };
        let mut seen = 0;
        for order in orders {
            let Some(market) = ours(&markets, order, "instrument") else { continue };
            let id = order["order_id"].as_str().unwrap();
            let found = report.rows.iter().find(|row| row.venue_order_id.to_string() == id).unwrap();
            let (qty, price) =
                (|units| market.instrument.qty(units).get(), |units| market.instrument.price(units).get());
            same("filled", qty(found.filled), &order["filled"]);
            assert_eq!(
                qty(found.qty),
                number(&order["qty"]) + number(&order["filled"]),
                "qty is what remains"
            );
            assert_eq!(found.side == Side::Buy, order["direction"] == 0);
            assert_eq!(found.reduce_only, order["reduce_only"] == true);
            if let Some(limit) = found.kind.limit() {
                same("limit_price", price(limit), &order["limit_price"]);
            }
            if let Some(trigger) = found.kind.trigger() {
                same("stop_price", price(trigger.price), &order["stop_price"]);
            }
            seen += 1;
        }
        assert_eq!(seen, report.rows.len());
    }
}

fn ws_positions(folder: &Path, file: &str) {
    let rows = data(folder, file);
    let mut bench = account_bench(NO_FILLS);
    bench.text(&format!(
        r#"{{"feed":"open_positions","account":"a","positions":[{}],"seq":4,"timestamp":1}}"#,
        rows.join(",")
    ));
    let told = bench.news.iter().find_map(|news| match news {
        News::Positions(positions) => Some(positions.clone()),
        _ => None,
    });
    let told = told.unwrap();
    let markets = futures_markets();
    let mut seen = told.iter();
    for row in rows.iter().map(|row| json(row)) {
        let Some(market) = ours(&markets, &row, "instrument") else { continue };
        let position = seen.next().unwrap();
        same("balance", market.instrument.qty(position.qty).get(), &row["balance"]);
        // The payload's digits are read exactly; this test's own copy of them has passed through a float.
        for (name, ours) in
            [("pnl", position.unrealized_pnl), ("maintenance_margin", position.maintenance_margin)]
        {
            assert!((ours.unwrap().get() - number(&row[name])).abs() < Decimal::new(1, 12), "{name}");
        }
        let tick = market.listed.spec.tick.unwrap().get();
        for (name, ours) in [
            ("entry_price", Some(position.entry_price)),
            ("mark_price", position.mark),
            ("liquidation_threshold", position.liquidation_price),
        ] {
            let ours = market.instrument.price(ours.unwrap()).get();
            assert!((ours - number(&row[name])).abs() <= tick, "{name}: {ours}");
        }
    }
    assert!(seen.next().is_none());
}

fn ws_balances(folder: &Path, file: &str) {
    for message in data(folder, file) {
        let row = json(&message);
        let mut bench = account_bench(NO_FILLS);
        bench.text(&message);
        let told = bench.news.iter().find_map(|news| match news {
            News::Account(account) => Some(*account),
            _ => None,
        });
        let flex = &row["flex_futures"];
        assert_eq!(told.is_some(), flex.is_object(), "only the account of the perpetuals counts");
        let Some(account) = told else { continue };
        same("balance_value", account.balance.get(), &flex["balance_value"]);
        same("portfolio_value", account.equity.get(), &flex["portfolio_value"]);
        same("available_margin", account.available.get(), &flex["available_margin"]);
        same("initial_margin", account.initial_margin.get(), &flex["initial_margin"]);
        same("maintenance_margin", account.maintenance_margin.get(), &flex["maintenance_margin"]);
    }
}

/// The stream's log and the one of REST are rows of one kind.
fn ws_account_log(folder: &Path, file: &str) {
    let messages = data(folder, file);
    for message in &messages {
        let row = json(message);
        let rows = list(&row["logs"]);
        let body = format!(r#"{{"accountUid":"a","logs":{}}}"#, row["logs"]);
        let Recorded::Ledger(entries) = recorded(Records::Ledger { since: Ts::EPOCH }, &body) else {
            panic!()
        };
        assert_eq!(entries.len(), rows.len());
        for row in rows {
            let entry = entries.iter().find(|entry| Some(entry.id) == row["id"].as_u64()).unwrap();
            assert_eq!((entry.kind, entry.at), (LedgerKind::Funding, time(&row["date"])));
            assert_eq!(entry.asset, row["asset"].as_str().unwrap());
            let money = number(&row["realized_pnl"]) + number(&row["realized_funding"]) - number(&row["fee"]);
            assert_eq!(entry.money.get().normalize(), money.normalize());
            let change = number(&row["new_balance"]) - number(&row["old_balance"]);
            assert_eq!(entry.change.normalize(), change.normalize());
            assert_eq!(entry.instrument, None, "the row names a margin account and no contract");
        }
        let mut bench = account_bench(NO_FILLS);
        bench.text(message);
        assert!(bench.events().is_empty() && bench.closes == 0, "the first log only sets the mark");
    }
    assert_eq!(messages.len(), 1);
}

fn ws_notification(folder: &Path, file: &str) {
    for message in data(folder, file) {
        let mut bench = account_bench(NO_FILLS);
        bench.text(&message);
        let note = json(&message)["notifications"][0]["note"].as_str().unwrap().to_owned();
        let told = |news: &News| matches!(news, News::Notice(seawall_venues::Notice::Message { text }) if text.contains(&note));
        assert!(bench.news.iter().any(told), "{:?}", bench.news);
    }
}

/// Feeds that nobody here follows: understood, and nothing comes of them.
fn ws_control(folder: &Path, file: &str) {
    for message in data(folder, file) {
        let (mut market, mut account) = (market_bench(), account_bench(NO_FILLS));
        market.text(&message);
        account.text(&message);
        assert!(market.news.is_empty() && account.news.is_empty(), "{message}");
        assert_eq!((market.closes, account.closes), (0, 0));
    }
}

fn own_cases(_: &Path, _: &str) {
    for (id, messages, expected) in cases("kraken-futures").unwrap() {
        match id.as_str() {
            "book-apply" | "book-gap" | "book-old-delta" => {
                let mut bench = market_bench();
                messages.iter().for_each(|message| bench.text(message));
                let book = bench.session.book(InstrumentId(3));
                assert_eq!(Some(book.is_some()), expected["in_sync"].as_bool(), "{id}");
                let Some(book) = book else { continue };
                assert_eq!(book.bids().collect::<Vec<_>>(), levels(&expected["bids"]), "{id}");
                assert_eq!(book.asks().collect::<Vec<_>>(), levels(&expected["asks"]), "{id}");
            }
            "order-lifecycle-filled" | "order-lifecycle-cancelled" => own_order(&messages, &expected),
            "stop-order-row" => own_stop(&messages[0], &expected),
            "fills-dedupe" => {
                let mut bench = account_bench(&messages[0]);
                messages[1..].iter().for_each(|message| bench.text(message));
                let told: Vec<(String, i64)> = bench
                    .events()
                    .into_iter()
                    .map(|event| match event {
                        VenueEvent::Filled(fill) => (fill.side.name().to_owned(), fill.qty.get()),
                        other => panic!("{other:?}"),
                    })
                    .collect();
                // The first one was told when the feed became live.
                let want: Vec<(String, i64)> = list(&expected["new_fills"])[1..]
                    .iter()
                    .map(|row| (row[0].as_str().unwrap().to_owned(), row[1].as_i64().unwrap()))
                    .collect();
                assert_eq!(told, want);
            }
            "ticker" => {
                let mut bench = market_bench();
                bench.text(&messages[0]);
                let ticker = bench.news.iter().find_map(|news| match news {
                    News::Ticker(ticker) => Some(*ticker),
                    _ => None,
                });
                let ticker = ticker.unwrap();
                let markets = futures_markets();
                let market = &markets.get(InstrumentId(3)).unwrap().instrument;
                for (name, ours) in
                    [("bid", ticker.bid), ("ask", ticker.ask), ("mark", ticker.mark), ("index", ticker.index)]
                {
                    same(name, market.price(ours.unwrap()).get(), &expected[name]);
                }
                same("funding", ticker.funding_rate_1h.unwrap(), &expected["funding_rate_relative"]);
            }
            "challenge" => {
                let want = &expected["client_sends"];
                let challenge = want["original_challenge"].as_str().unwrap();
                let signed = sign::signed_challenge(&credentials().secret, challenge);
                assert_eq!(Some(signed.as_str()), want["signed_challenge"].as_str());
                let ours = stream::subscribe_private("open_orders", "FAKE-FUTURES-KEY", challenge, &signed);
                same_json(&id, &ours, want);
            }
            "subscribe-refused" => {
                let mut bench = market_bench();
                bench.text(&messages[0]);
                assert!(bench.closes == 0 && !bench.news.is_empty(), "told, and the socket stays");
            }
            other => panic!("no check for {other}"),
        }
    }
}

/// An order lives as the case says; what filled is known from executions, so its quantity is not asked here.
fn own_order(messages: &[String], expected: &Value) {
    let mut bench = account_bench(NO_FILLS);
    let terms = limit(600_000, TimeInForce::GoodTilCancelled);
    bench.orders.placed(at(0), &place(order(3, 1), OrderRole::Entry, Side::Buy, 3000, terms));
    for message in messages {
        bench.text(&message.replace("bot-1", "sw00000070000001"));
    }
    let last = &expected["final"];
    let known = *bench.orders.get(order(3, 1).id).unwrap();
    let (_, venue_id) = known.venue_id.unwrap();
    assert_eq!(venue_id.to_string(), last["order_id"].as_str().unwrap());
    if last["state"] == "cancelled" {
        assert!(known.ended);
    } else {
        assert!(!known.ended, "its executions end it, and they are asked for");
        bench.wait(2_001);
        assert!(matches!(bench.asked[..], [Query::Fills { .. }]));
    }
}

fn own_stop(message: &str, expected: &Value) {
    let mut bench = account_bench(NO_FILLS);
    let row = json(message)["order"].to_string();
    bench.text(&format!(r#"{{"feed":"open_orders_verbose_snapshot","account":"a","orders":[{row}]}}"#));
    let events = bench.events();
    let VenueEvent::OpenOrders(report) = &events[0] else { panic!() };
    let order = &report.rows[0];
    assert_eq!(order.kind.name(), expected["type"].as_str().unwrap());
    let markets = futures_markets();
    let market = &markets.get(InstrumentId(3)).unwrap().instrument;
    same("trigger", market.price(order.kind.trigger().unwrap().price).get(), &expected["trigger_price"]);
    assert!(order.kind.limit().is_none() && expected["limit_price"].is_null());
    assert_eq!((order.side.name(), order.reduce_only), (expected["side"].as_str().unwrap(), true));
}
