//! The streams.

use super::*;

// ---- the stream -------------------------------------------------------------------------------------------

pub(crate) fn market_bench() -> Bench<MarketSession> {
    let all: Vec<InstrumentId> = (0..6).map(InstrumentId).collect();
    let wanted = Wanted { quotes: all.clone(), books: all };
    let mut bench = Bench::new(futures_markets(), MarketSession::new(wanted, 1));
    bench.open();
    bench
}

pub(crate) const FEEDS: [&str; 6] =
    ["open_orders_verbose", "fills", "open_positions", "balances", "account_log", "notifications_auth"];

pub(crate) fn account_bench(fills: &str) -> Bench<AccountSession> {
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

pub(crate) const NO_FILLS: &str = r#"{"feed":"fills_snapshot","account":"a","fills":[]}"#;

/// The messages of a file that carry data; what a client would send and what acknowledges it is compared with
/// what we send, and understood.
pub(crate) fn data(folder: &Path, file: &str) -> Vec<String> {
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

pub(crate) fn client_message(want: &Value) {
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

pub(crate) fn ws_tickers(folder: &Path, file: &str) {
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

pub(crate) fn ws_books(folder: &Path, file: &str) {
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

pub(crate) fn ws_challenge(folder: &Path, file: &str) {
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

pub(crate) fn ws_fills(folder: &Path, file: &str) {
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

pub(crate) fn ws_orders(folder: &Path, file: &str) {
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

pub(crate) fn ws_positions(folder: &Path, file: &str) {
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

pub(crate) fn ws_balances(folder: &Path, file: &str) {
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
pub(crate) fn ws_account_log(folder: &Path, file: &str) {
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

pub(crate) fn ws_notification(folder: &Path, file: &str) {
    for message in data(folder, file) {
        let mut bench = account_bench(NO_FILLS);
        bench.text(&message);
        let note = json(&message)["notifications"][0]["note"].as_str().unwrap().to_owned();
        let told = |news: &News| match news {
            News::Notice(seawall_venues::Notice::Message { text }) => text.contains(&note),
            _ => false,
        };
        assert!(bench.news.iter().any(told), "{:?}", bench.news);
    }
}

/// Feeds that nobody here follows: understood, and nothing comes of them.
pub(crate) fn ws_control(folder: &Path, file: &str) {
    for message in data(folder, file) {
        let (mut market, mut account) = (market_bench(), account_bench(NO_FILLS));
        market.text(&message);
        account.text(&message);
        assert!(market.news.is_empty() && account.news.is_empty(), "{message}");
        assert_eq!((market.closes, account.closes), (0, 0));
    }
}

pub(crate) fn own_cases(_: &Path, _: &str) {
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
pub(crate) fn own_order(messages: &[String], expected: &Value) {
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

pub(crate) fn own_stop(message: &str, expected: &Value) {
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
