//! The streams.

use super::*;

// ---- the stream -------------------------------------------------------------------------------------------

pub(crate) fn market_bench(wanted: Wanted) -> Bench<MarketSession> {
    let mut bench = Bench::new(markets(), MarketSession::new(wanted, 1));
    bench.open();
    bench
}

pub(crate) fn everything() -> Wanted {
    let all: Vec<InstrumentId> = (0..8).map(InstrumentId).collect();
    Wanted { quotes: all.clone(), books: all, ..Wanted::default() }
}

pub(crate) fn account_bench() -> Bench<AccountSession> {
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
pub(crate) fn data(folder: &Path, file: &str) -> Vec<Value> {
    let all = bodies(folder, file, "server");
    if file.starts_with("docs/") {
        for client in payloads(folder, file, "client") {
            client_message(&json(&client));
        }
    }
    all.iter().map(|message| json(message)).filter(|message| message["data"].is_array()).collect()
}

/// The request of the documentation with our function: what it leaves to a channel's own fields is added.
pub(crate) fn client_message(want: &Value) {
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

pub(crate) fn ws_tickers(folder: &Path, file: &str) {
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
pub(crate) fn ws_books(folder: &Path, file: &str) {
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

pub(crate) fn ws_candles(folder: &Path, file: &str) {
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
pub(crate) fn ws_executions(folder: &Path, file: &str) {
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

pub(crate) fn ws_balances(folder: &Path, file: &str) {
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
pub(crate) fn ws_control(folder: &Path, file: &str) {
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

pub(crate) fn own_cases(_: &Path, _: &str) {
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

pub(crate) fn own_executions(messages: &[String], expected: &Value) {
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
