//! The answers of REST: market data, the account, what was to be done.

use super::*;

// ---- REST: market data ------------------------------------------------------------------------------------

pub(crate) fn instruments(folder: &Path, file: &str) {
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

pub(crate) fn tickers(folder: &Path, file: &str) {
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

pub(crate) fn server_time(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let want = json(&body)["serverTime"].as_str().unwrap().parse().unwrap();
        assert_eq!(answer(&Query::ServerTime, &reply(&body)), Ok(Answer::ServerTime(want)));
    }
}

pub(crate) fn candles(folder: &Path, file: &str) {
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

pub(crate) fn order_book(folder: &Path, file: &str) {
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

pub(crate) fn trades_like(body: &str, instrument: InstrumentId) {
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

pub(crate) fn public_trades(folder: &Path, file: &str) {
    trades_like(&text(folder, file), InstrumentId(0));
}

pub(crate) fn funding_rates(folder: &Path, file: &str) {
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

pub(crate) fn fee_schedules(folder: &Path, file: &str) {
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

pub(crate) fn notifications(folder: &Path, file: &str) {
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

pub(crate) fn same_order(markets: &Markets, order: &VenueOrder, row: &Value) {
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

pub(crate) fn orders_like(body: &str) {
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

pub(crate) fn open_orders(folder: &Path, file: &str) {
    bodies(folder, file, "response").iter().for_each(|body| orders_like(body));
}

pub(crate) fn positions_like(body: &str) -> Vec<VenuePosition> {
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

pub(crate) fn positions(folder: &Path, file: &str) {
    let bodies = bodies(folder, file, "response");
    positions_like(&bodies[0]);
    for error in &bodies[1..] {
        let outcome = outcome(VenueRequest::QueryPositions, error);
        assert_eq!(outcome.failure.unwrap().problem, Problem::RateLimited);
        assert_eq!(coverage(&outcome.inputs), seawall_model::Coverage::Failed, "never an empty account");
    }
}

pub(crate) fn wallets(folder: &Path, file: &str) {
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

pub(crate) fn same_fill(markets: &Markets, fill: &Fill, row: &Value) {
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

pub(crate) fn fills(folder: &Path, file: &str) {
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

pub(crate) fn introduction(folder: &Path, file: &str) {
    let client = json(&payloads(folder, file, "client")[0]);
    client_message(&client);
    // A row of an index has no book: it is a price of nothing that is traded.
    let row = &payloads(folder, file, "response")[0];
    let body = format!(r#"{{"result":"success","serverTime":"2026-01-02T03:04:05Z","tickers":[{row}]}}"#);
    assert_eq!(answer(&Query::Tickers, &reply(&body)), Ok(Answer::Tickers(Vec::new())));
}

pub(crate) fn rate_limited(folder: &Path, file: &str) {
    let failure = outcome(entry(), &payloads(folder, file, "response")[0]).failure.unwrap();
    assert_eq!(failure.problem, Problem::RateLimited);
    assert!(matches!(failure.advice, Advice::Wait(_)) && failure.certainty == Certainty::NotDone);
}

/// Placed with the answer's own id, or refused for the reason of the answer's status.
pub(crate) fn placements(folder: &Path, file: &str) {
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

pub(crate) fn cancellation(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        assert_eq!(json(&body)["cancelStatus"]["status"], "cancelled");
        let outcome = outcome(VenueRequest::Cancel { order: order(0, 1) }, &body);
        let VenueEvent::Cancelled { order: found, .. } = event(&outcome.inputs) else { panic!() };
        assert_eq!(*found, order(0, 1));
    }
}

pub(crate) fn cancel_all(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let count = list(&json(&body)["cancelStatus"]["cancelledOrders"]).len();
        let want = Answer::CancelledAll(u32::try_from(count).ok());
        assert_eq!(answer(&Query::CancelAll { instrument: None }, &reply(&body)), Ok(want));
    }
}

pub(crate) fn dead_man(folder: &Path, file: &str) {
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

pub(crate) fn amendment(folder: &Path, file: &str) {
    let kind = limit(9, TimeInForce::PostOnly);
    let amend = VenueRequest::Amend { order: order(0, 1), qty: seawall_model::QtyUnits::new(5), kind };
    for body in bodies(folder, file, "response") {
        assert_eq!(json(&body)["editStatus"]["status"], "edited");
        let outcome = outcome(amend, &body);
        let VenueEvent::Amended { qty, kind: now, .. } = event(&outcome.inputs) else { panic!() };
        assert_eq!((qty.get(), *now), (5, kind));
    }
}

pub(crate) fn settings(folder: &Path, file: &str) {
    let query = Query::Leverage { instrument: InstrumentId(0), max: None };
    assert_eq!(answer(&query, &reply(&payloads(folder, file, "response")[0])), Ok(Answer::Done));
}
