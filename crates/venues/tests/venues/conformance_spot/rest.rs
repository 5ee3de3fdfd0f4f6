//! The answers of REST: market data, the account, what was to be done.

use super::*;

// ---- REST: market data ------------------------------------------------------------------------------------

pub(crate) fn pairs_like(body: &str) {
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

pub(crate) fn pairs(folder: &Path, file: &str) {
    pairs_like(&text(folder, file));
}

pub(crate) fn pairs_of_ccxt(folder: &Path, file: &str) {
    pairs_like(&value(folder, file)["AssetPairs"].to_string());
}

pub(crate) fn server_time(folder: &Path, file: &str) {
    let body = text(folder, file);
    let want = at(json(&body)["result"]["unixtime"].as_i64().unwrap() * 1000);
    assert_eq!(answer(&Query::ServerTime, &reply(&body)), Ok(Answer::ServerTime(want)));
}

pub(crate) fn system_status(folder: &Path, file: &str) {
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

pub(crate) fn tickers(folder: &Path, file: &str) {
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

pub(crate) fn candles(folder: &Path, file: &str) {
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

pub(crate) fn order_book(folder: &Path, file: &str) {
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

pub(crate) fn trades_like(body: &str) -> Vec<seawall_venues::records::PublicTrade> {
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

pub(crate) fn public_trades(folder: &Path, file: &str) {
    let body = text(folder, file);
    let trades = trades_like(&body);
    let since = trades[trades.len() / 2].at;
    let records = Records::Trades { instrument: trades[0].instrument, since };
    let Recorded::Trades(later) = recorded(records, &body) else { panic!() };
    assert!(later.len() < trades.len() && later.iter().all(|trade| trade.at >= since));
}

// ---- REST: the account ------------------------------------------------------------------------------------

pub(crate) fn same_order(markets: &Markets, order: &VenueOrder, id: &str, row: &Value) {
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

pub(crate) fn orders_like(body: &str) -> Vec<VenueOrder> {
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

pub(crate) fn open_orders(folder: &Path, file: &str) {
    orders_like(&text(folder, file));
}

/// What a question about one order of ours finds among the closed ones.
pub(crate) fn closed_like(body: &str, id: &str, qty: i64) -> VenueOrder {
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

pub(crate) fn closed_orders(folder: &Path, file: &str) {
    let body = text(folder, file);
    let raw = json(&body);
    let ids: Vec<&String> = raw["result"]["closed"].as_object().unwrap().keys().collect();
    assert!(!ids.is_empty());
    for id in ids {
        closed_like(&body, id, 0);
    }
}

pub(crate) fn executions(folder: &Path, file: &str) {
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

pub(crate) fn holdings(folder: &Path, file: &str) {
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

pub(crate) fn positions_like(body: &str) -> Vec<seawall_venues::records::MarginPosition> {
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

pub(crate) fn margin_positions(folder: &Path, file: &str) {
    positions_like(&text(folder, file));
}

pub(crate) fn margin_account(folder: &Path, file: &str) {
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
pub(crate) fn the_account_s_own_fees_are_read_for_the_markets_of_the_run() {
    let body = r#"{"error":[],"result":{"currency":"ZUSD","volume":"200709587.4223","fees":{"XXBTZUSD":{"fee":"0.1000","min_fee":"0.1000","max_fee":"0.2600","next_fee":null,"tier_volume":"10000000.0000","next_volume":null},"XXMRZEUR":{"fee":"0.2"}},"fees_maker":{"XXBTZUSD":{"fee":"0.0250"}}}}"#;
    let Recorded::OwnFees(fees) = recorded(Records::OwnFees, body) else { panic!() };
    let told: Vec<_> =
        fees.iter().map(|fee| (fee.instrument.0, fee.maker.to_string(), fee.taker.to_string())).collect();
    assert_eq!(told, [(0, "2.5".to_owned(), "10".to_owned())]);
    let request = KrakenSpot.ask(at(0), &Query::Records(Records::OwnFees), &spot_markets()).unwrap();
    assert!(request.signed && field(&request, "pair").unwrap().starts_with("XBTUSD,XBTUSDT,"));
}

// ---- REST: what was to be done ----------------------------------------------------------------------------

pub(crate) fn placement(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let outcome = outcome(entry(), &body);
        let VenueEvent::Accepted { venue_order_id, .. } = event(&outcome.inputs) else { panic!() };
        assert_eq!(venue_order_id.to_string(), json(&body)["result"]["txid"][0].as_str().unwrap());
    }
}

pub(crate) fn cancellation(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let outcome = outcome(VenueRequest::Cancel { order: order(0, 1) }, &body);
        let VenueEvent::Cancelled { order: found, .. } = event(&outcome.inputs) else {
            panic!("{outcome:?}")
        };
        assert_eq!(*found, order(0, 1));
    }
}

pub(crate) fn cancel_all(folder: &Path, file: &str) {
    for body in bodies(folder, file, "response") {
        let count = json(&body)["result"]["count"].as_u64().and_then(|count| u32::try_from(count).ok());
        let got = answer(&Query::CancelAll { instrument: None }, &reply(&body));
        assert_eq!(got, Ok(Answer::CancelledAll(count)));
    }
}

/// The fields of the vendor's example are those of our form; the order of fields is ours.
pub(crate) fn form_fields(folder: &Path, file: &str) {
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
