//! Kraken Futures over its WebSocket: books by sequence, orders, executions, the life of a connection.

use crate::common::bench::*;
use crate::common::*;
use proptest::prelude::*;
use rust_decimal::Decimal;
use seawall_model::{
    BookingKind, CancelReason, Coverage, Fill, Input, InstrumentId, OrderRole, RejectReason, Side,
    TimeInForce, TriggerSource, Ts, VenueEvent, VenueId, VenueRequest,
};
use seawall_venues::kraken_futures::market_session::Wanted;
use seawall_venues::kraken_futures::{AccountSession, MarketSession, sign};
use seawall_venues::session::Feed;
use seawall_venues::{Answer, Credentials, News, Notice, Query, Secret, Session};

fn market_bench(books: &[u32]) -> Bench<MarketSession> {
    let ids: Vec<InstrumentId> = books.iter().map(|id| InstrumentId(*id)).collect();
    let mut bench =
        Bench::new(futures_markets(), MarketSession::new(Wanted { quotes: ids.clone(), books: ids }, 1));
    bench.open();
    bench
}

fn credentials() -> Credentials {
    let secret = Secret::from_text("FAKE futures secret for conformance tests only, 64 bytes long!!!");
    Credentials { key: "FAKE-FUTURES-KEY".to_owned(), secret, passphrase: None }
}

const FEEDS: [&str; 6] =
    ["open_orders_verbose", "fills", "open_positions", "balances", "account_log", "notifications_auth"];

/// An account session that is live from `since` on.
fn account_bench(since: i64) -> Bench<AccountSession> {
    let mut bench = Bench::new(futures_markets(), AccountSession::new(credentials(), at(since), 1));
    connect(&mut bench, r#"{"feed":"fills_snapshot","account":"a","fills":[]}"#);
    assert!(bench.session.is_live());
    bench.news.clear();
    bench
}

fn connect(bench: &mut Bench<AccountSession>, fills: &str) {
    bench.open();
    bench.text(r#"{"event":"info","version":1}"#);
    bench.text(r#"{"event":"challenge","message":"226aee50-88fc-4618-a42a-34f7709570b2"}"#);
    for feed in FEEDS {
        bench.text(&format!(r#"{{"event":"subscribed","feed":"{feed}"}}"#));
    }
    bench.text(r#"{"feed":"open_orders_verbose_snapshot","account":"a","orders":[]}"#);
    assert!(!bench.session.is_live(), "executions are not there yet");
    bench.text(fills);
}

#[test]
fn books_of_the_fixtures_follow_their_sequence() {
    let Some(cases) = cases("kraken-futures") else { return };
    for (id, messages, expected) in cases.iter().filter(|(id, ..)| id.starts_with("book")) {
        let mut bench = market_bench(&[3]);
        messages.iter().for_each(|message| bench.text(message));
        assert_eq!(bench.is_feed_live(Feed::Book), expected["in_sync"].as_bool(), "{id}");
        let book = bench.session.book(InstrumentId(3));
        match expected["in_sync"].as_bool().unwrap() {
            true => {
                assert_eq!(book.unwrap().bids().collect::<Vec<_>>(), levels(&expected["bids"]), "{id}");
                assert_eq!(book.unwrap().asks().collect::<Vec<_>>(), levels(&expected["asks"]), "{id}");
            }
            false => {
                assert!(book.is_none());
                let again = &bench.sent[bench.sent.len() - 2..];
                assert!(again[0].contains("unsubscribe") && again[1].contains(r#""subscribe""#), "{again:?}");
            }
        }
    }
}

#[test]
fn the_ticker_of_the_fixtures_is_quote_mark_and_funding() {
    let Some(cases) = cases("kraken-futures") else { return };
    let (_, messages, _) = cases.iter().find(|(id, ..)| id == "ticker").unwrap();
    let mut bench = market_bench(&[3]);
    bench.text(&messages[0]);
    let quote = bench.news.iter().find_map(|news| match news {
        News::Engine(Input::Quote { bid, ask, .. }) => Some((bid.get(), ask.get())),
        _ => None,
    });
    assert_eq!(quote, Some((599_995, 600_005)));
    let ticker = bench.news.iter().find_map(|news| match news {
        News::Ticker(ticker) => Some(*ticker),
        _ => None,
    });
    let ticker = ticker.unwrap();
    assert_eq!((ticker.mark.unwrap().get(), ticker.index.unwrap().get()), (600_000, 600_000));
    assert_eq!(ticker.funding_rate_1h.unwrap().to_string(), "0.000009");
    assert_eq!(bench.is_feed_live(Feed::Quotes), Some(true));
}

#[test]
fn the_challenge_is_signed_and_every_feed_of_the_account_subscribed() {
    let Some(cases) = cases("kraken-futures") else { return };
    let (_, messages, expected) = cases.iter().find(|(id, ..)| id == "challenge").unwrap();
    let mut bench = Bench::new(futures_markets(), AccountSession::new(credentials(), Ts::EPOCH, 1));
    bench.open();
    assert_eq!(bench.sent, [r#"{"event":"challenge","api_key":"FAKE-FUTURES-KEY"}"#]);
    bench.text(&messages[0]);
    let sent: Vec<serde_json::Value> =
        bench.sent.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let mut wanted = expected["client_sends"].clone();
    for feed in FEEDS {
        wanted["feed"] = feed.into();
        assert!(sent.contains(&wanted), "{feed}");
    }
    let count = bench.sent.len();
    bench.text(&messages[0]);
    assert_eq!(bench.sent.len(), count, "a challenge that nobody asked for is not signed");
}

#[test]
fn an_error_is_told_and_does_not_end_the_connection() {
    let Some(cases) = cases("kraken-futures") else { return };
    let (_, messages, _) = cases.iter().find(|(id, ..)| id == "subscribe-refused").unwrap();
    let mut bench = market_bench(&[3]);
    bench.text(&messages[0]);
    let told =
        |news: &News| matches!(news, News::Notice(Notice::Message { text }) if text == "Invalid product id");
    assert!(bench.news.iter().any(told));
    assert_eq!(bench.closes, 0);
    bench.text(r#"{"event":"subscribed","feed":"ticker","product_ids":["PI_XBTUSD"]}"#);
    bench.wait(15_001);
    assert_eq!(bench.closes, 1, "but silence does");
}

#[test]
fn what_is_not_acknowledged_is_asked_for_once_more_and_then_given_up() {
    let mut bench = market_bench(&[0, 1]);
    let alive = r#"{"feed":"heartbeat","time":1534262350627}"#;
    for product in ["PF_XBTUSD", "PF_ETHUSD"] {
        bench.text(&format!(r#"{{"event":"subscribed ","feed":"ticker","product_ids":["{product}"]}}"#));
    }
    bench.text(r#"{"event":"subscribed","feed":"book","product_ids":["PF_XBTUSD"]}"#);
    bench.text(r#"{"feed":"book_snapshot","product_id":"PF_XBTUSD","seq":1,"bids":[{"price":9,"qty":1}],"asks":[{"price":10,"qty":1}]}"#);
    let wait = |bench: &mut Bench<MarketSession>| {
        for _ in 0..3 {
            bench.wait(7_000);
            bench.text(alive);
        }
    };
    bench.sent.clear();
    wait(&mut bench);
    let alone: Vec<&String> = bench.sent.iter().filter(|text| text.contains("PF_ETHUSD")).collect();
    assert_eq!(alone, [r#"{"event":"subscribe","feed":"book","product_ids":["PF_ETHUSD"]}"#]);
    assert!(!bench.session.is_live());
    wait(&mut bench);
    assert!(bench.session.is_live(), "the rest works on");
    let told =
        |news: &News| matches!(news, News::Notice(Notice::Message { text }) if text.contains("ETH/USD"));
    assert!(bench.news.iter().any(told));
    assert_eq!(bench.closes, 0);
}

#[test]
fn orders_of_the_fixtures_live_and_end_as_they_should() {
    let Some(cases) = cases("kraken-futures") else { return };
    for (id, messages, _) in cases.iter().filter(|(id, ..)| id.starts_with("order-lifecycle")) {
        let mut bench = account_bench(0);
        let ours = place(
            order(3, 1),
            OrderRole::Entry,
            Side::Buy,
            3000,
            limit(600_000, TimeInForce::GoodTilCancelled),
        );
        bench.orders.placed(at(0), &ours);
        for message in &messages[1..] {
            bench.text(&message.replace("bot-1", "sw00000070000001"));
        }
        let events = bench.events();
        assert!(
            matches!(events[0], VenueEvent::Accepted { order: found, .. } if found == order(3, 1)),
            "{id}"
        );
        match id.as_str() {
            "order-lifecycle-filled" => {
                assert_eq!(events.len(), 1, "a full fill is told by its executions: {events:?}");
                bench.wait(2_001);
                assert!(
                    matches!(bench.asked[..], [Query::Fills { .. }]),
                    "and they are asked for if they stay away"
                );
            }
            "order-lifecycle-cancelled" => {
                let cancelled = VenueEvent::Cancelled { order: order(3, 1), reason: CancelReason::Requested };
                assert_eq!(events[1..], [cancelled]);
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn an_order_is_known_by_its_venue_id_where_a_message_has_no_other_name() {
    let mut bench = account_bench(0);
    let ours = place(order(0, 5), OrderRole::Stop, Side::Sell, 10, stop(38_000, TriggerSource::Mark));
    bench.orders.placed(at(0), &ours);
    let row = r#"{"feed":"open_orders_verbose","order":{"instrument":"PF_XBTUSD","time":1,"last_update_time":1,"qty":0.001,"filled":0.0,"limit_price":0.0,"stop_price":38000.0,"type":"stop","order_id":"o-5","cli_ord_id":"sw00000070000005","direction":1,"reduce_only":true,"triggerSignal":"mark"},"is_cancel":false,"reason":"new_placed_order_by_user"}"#;
    bench.text(row);
    let gone = |reason: &str| {
        format!(r#"{{"feed":"open_orders_verbose","order_id":"o-5","is_cancel":true,"reason":"{reason}"}}"#)
    };
    bench.text(&gone("stop_order_triggered"));
    let events = bench.events();
    assert!(matches!(events[1], VenueEvent::Triggered { order: found } if found == order(0, 5)));
    bench.text(&gone("something_new"));
    assert!(bench.events().is_empty(), "an unlisted reason proves nothing");
    assert_eq!(bench.requested, [VenueRequest::QueryOrder { order: order(0, 5) }]);
    bench.text(&gone("post_order_failed_because_it_would_filled"));
    let refused = VenueEvent::Rejected { order: order(0, 5), reason: RejectReason::WouldTakeLiquidity };
    assert_eq!(bench.events(), [refused]);
    bench.text(r#"{"feed":"open_orders_verbose","order_id":"o-foreign","is_cancel":true,"reason":"cancelled_by_user"}"#);
    assert!(bench.events().is_empty(), "somebody else's order");
}

/// A storm at the level of bytes: a placement came to the venue twice; the refusal of the second was told
/// with our name and another id of the venue's, and taken for the end of the order that worked.
#[test]
fn a_failed_attempt_under_our_name_is_not_the_end_of_the_order_that_works() {
    let mut bench = account_bench(0);
    let ours = place(order(0, 5), OrderRole::Stop, Side::Sell, 10, stop(38_000, TriggerSource::Mark));
    bench.orders.placed(at(0), &ours);
    bench.text(r#"{"feed":"open_orders_verbose","order":{"instrument":"PF_XBTUSD","time":1,"last_update_time":1,"qty":0.001,"filled":0.0,"limit_price":0.0,"stop_price":38000.0,"type":"stop","order_id":"o-5","cli_ord_id":"sw00000070000005","direction":1,"reduce_only":true,"triggerSignal":"mark"},"is_cancel":false,"reason":"new_placed_order_by_user"}"#);
    assert_eq!(bench.events().len(), 1);
    let gone = |id: &str| {
        format!(
            r#"{{"feed":"open_orders_verbose","order_id":"{id}","cli_ord_id":"sw00000070000005","is_cancel":true,"reason":"cancelled_by_admin"}}"#
        )
    };
    bench.text(&gone("o-6"));
    assert!(bench.events().is_empty() && bench.requested.is_empty());
    bench.text(&gone("o-5"));
    assert_eq!(bench.events(), [VenueEvent::Cancelled { order: order(0, 5), reason: CancelReason::Venue }]);
}

fn filled(events: &[VenueEvent]) -> Vec<&Fill> {
    let mut fills = Vec::new();
    for event in events {
        if let VenueEvent::Filled(fill) = event {
            fills.push(fill);
        }
    }
    fills
}

#[test]
fn executions_of_the_fixtures_are_told_once() {
    let Some(cases) = cases("kraken-futures") else { return };
    let (_, messages, _) = cases.iter().find(|(id, ..)| id == "fills-dedupe").unwrap();
    let mut bench = Bench::new(futures_markets(), AccountSession::new(credentials(), Ts::EPOCH, 1));
    connect(&mut bench, &messages[0]);
    bench.text(&messages[1]);
    bench.text(&messages[2]);
    let events = bench.events();
    let told: Vec<(Side, i64)> = filled(&events).iter().map(|fill| (fill.side, fill.qty.get())).collect();
    assert_eq!(told, [(Side::Buy, 1000), (Side::Sell, 2500)]);
}

fn fills_text(kind: &str, times: &[i64]) -> String {
    let row = |time: &i64| {
        format!(
            r#"{{"instrument":"PF_XBTUSD","time":{time},"price":40000,"seq":1,"buy":true,"qty":0.001,"order_id":"o","fill_id":"f-{time}","fill_type":"taker","fee_paid":0.02,"fee_currency":"USD"}}"#
        )
    };
    let rows: Vec<String> = times.iter().map(row).collect();
    format!(r#"{{"feed":"{kind}","account":"a","fills":[{}]}}"#, rows.join(","))
}

#[test]
fn executions_of_an_outage_are_read_back_before_the_feed_is_live() {
    let mut bench = account_bench(5_000);
    bench.text(&fills_text("fills", &[100_000]));
    assert_eq!(filled(&bench.events()).len(), 1);
    bench.session.on_closed(at(bench.now));
    bench.drain();
    assert_eq!(bench.is_feed_live(Feed::Orders), Some(false));
    bench.wait(1_000);
    let hundred: Vec<i64> = (200_000..200_100).collect();
    connect(&mut bench, &fills_text("fills_snapshot", &hundred));
    assert!(!bench.session.is_live());
    let Query::Fills { since, before } = bench.asked[0] else { panic!() };
    assert_eq!((since.millis(), before.map(Ts::millis)), (40_000, Some(200_000)));
    let missed = match &filled(&{
        let mut other = account_bench(0);
        other.text(&fills_text("fills", &[100_000, 150_000]));
        other.events()
    })[..]
    {
        [first, second] => vec![**first, **second],
        other => panic!("{other:?}"),
    };
    let report = seawall_model::Report {
        coverage: Coverage::Window { from: at(40_000), to: at(200_000) },
        taken_at: at(200_000),
        rows: missed,
    };
    bench.answer(bench.asked[0], Answer::Fills { report, notices: Vec::new() });
    assert!(bench.session.is_live());
    let events = bench.events();
    let times: Vec<i64> = filled(&events).iter().map(|fill| fill.venue_time.millis()).collect();
    assert_eq!((times.len(), times[0]), (101, 150_000), "the known one is not told again");
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn executions_before_the_start_are_not_told_and_funding_is_told_once() {
    let mut bench = account_bench(50_000);
    bench.text(&fills_text("fills", &[49_999, 50_000]));
    assert_eq!(filled(&bench.events()).len(), 1);
    let row = |id: u64| {
        format!(
            r#"{{"id":{id},"date":"2026-01-02T03:00:00Z","info":"funding rate change","contract":"pf_xbtusd","realized_funding":-0.25}}"#
        )
    };
    bench.text(&format!(r#"{{"feed":"account_log_snapshot","logs":[{},{}]}}"#, row(8), row(7)));
    assert!(bench.events().is_empty(), "what was booked before is in the balance");
    bench.text(&format!(r#"{{"feed":"account_log","new_entry":{}}}"#, row(9)));
    bench.text(&format!(r#"{{"feed":"account_log_snapshot","logs":[{},{}]}}"#, row(10), row(9)));
    let events = bench.events();
    assert_eq!(events.len(), 2);
    let VenueEvent::Booked(booking) = &events[0] else { panic!() };
    assert_eq!((booking.kind, booking.id), (BookingKind::Funding, VenueId::Number(9)));
    assert_eq!((booking.instrument.unwrap().0, booking.amount.to_string().as_str()), (0, "-0.25"));
    let transfer = r#"{"id":11,"date":"2026-01-02T03:00:01Z","info":"cross-exchange transfer","asset":"usd","old_balance":100.5,"new_balance":350.75}"#;
    bench.text(&format!(r#"{{"feed":"account_log","new_entry":{transfer}}}"#));
    let VenueEvent::Booked(booking) = &bench.events()[0] else { panic!() };
    assert_eq!((booking.kind, booking.instrument), (BookingKind::Transfer, None));
    assert_eq!(booking.amount.to_string(), "250.25");
    // A trade is told by its execution.
    bench.text(r#"{"feed":"account_log","new_entry":{"id":12,"info":"futures trade","asset":"usd"}}"#);
    assert!(bench.events().is_empty());
}

#[test]
fn a_connection_without_snapshots_or_in_silence_is_given_up_and_asked_for_again() {
    let mut bench = Bench::new(futures_markets(), AccountSession::new(credentials(), Ts::EPOCH, 1));
    assert_eq!(bench.connects, 1);
    bench.open();
    for _ in 0..3 {
        bench.wait(7_000);
        bench.text(r#"{"feed":"heartbeat","time":1534262350627}"#);
    }
    assert_eq!(bench.closes, 1, "the challenge was not answered");
    bench.wait(1_000);
    assert_eq!(bench.connects, 2);
    connect(&mut bench, r#"{"feed":"fills_snapshot","account":"a","fills":[]}"#);
    assert!(bench.session.is_live());
    bench.wait(15_001);
    assert!(!bench.session.is_live());
    assert_eq!((bench.closes, bench.is_feed_live(Feed::Orders)), (2, Some(false)));
}

#[test]
fn positions_and_balances_of_the_fixtures_are_told_with_their_details() {
    let Some(folder) = fixtures("kraken-futures") else { return };
    let mut bench = account_bench(0);
    let rows = payloads(&folder, "docs/ws_open_position.json", "response");
    bench.text(&format!(
        r#"{{"feed":"open_positions","account":"a","positions":[{}],"seq":4,"timestamp":1}}"#,
        rows.join(",")
    ));
    let positions = bench.news.iter().find_map(|news| match news {
        News::Positions(positions) => Some(positions.clone()),
        _ => None,
    });
    let position = positions.unwrap()[0];
    assert_eq!((position.qty.get(), position.entry_price.get()), (400, 26_912));
    assert_eq!(position.liquidation_price.unwrap().get(), 9_573);
    assert_eq!(position.maintenance_margin.unwrap().to_string(), "10.764700000000001");
    for message in payloads(&folder, "docs/ws_balances.json", "server") {
        bench.text(&message);
    }
    let accounts: Vec<String> = bench
        .news
        .iter()
        .filter_map(|news| match news {
            News::Account(account) => Some(account.equity.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(accounts, ["0", "5000"]);
}

/// Every message of the fixtures, given to both sessions: nothing panics, no connection breaks on it.
#[test]
fn every_message_of_the_fixtures_is_understood() {
    let Some(folder) = fixtures("kraken-futures") else { return };
    let mut messages = Vec::new();
    for file in json_files(&folder.join("docs")) {
        let name = format!("docs/{}", file.file_name().unwrap().to_str().unwrap());
        if name.starts_with("docs/ws_") {
            messages.extend(payloads(&folder, &name, "server"));
        }
    }
    for file in json_files(&folder.join("nautilus")) {
        if file.file_name().unwrap().to_str().unwrap().starts_with("ws_") {
            messages.push(std::fs::read_to_string(&file).unwrap());
        }
    }
    assert!(messages.len() > 40, "{}", messages.len());
    for message in &messages {
        let mut market = market_bench(&[0, 3]);
        market.text(message);
        assert_eq!(market.closes, 0, "{message}");
        let mut account = account_bench(0);
        account.text(message);
        assert_eq!(account.closes, 0, "{message}");
    }
}

#[test]
fn signed_challenges_are_verified_by_the_same_function() {
    let secret = credentials().secret;
    assert_eq!(sign::signed_challenge(&secret, "a"), sign::signed_challenge(&secret, "a"));
    assert_ne!(sign::signed_challenge(&secret, "a"), sign::signed_challenge(&secret, "b"));
}

/// What happens to a stream of messages on the way.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    None,
    Drop,
    Repeat,
    Swap,
    Truncate,
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        8 => Just(Mishap::None),
        1 => Just(Mishap::Drop),
        1 => Just(Mishap::Repeat),
        1 => Just(Mishap::Swap),
        1 => Just(Mishap::Truncate),
    ]
}

proptest! {
    /// Messages may be lost, repeated, reordered and cut: while a book is said to be live, it is the book
    /// that the venue had after the message with its number.
    #[test]
    fn a_live_book_is_never_a_wrong_one(
        changes in proptest::collection::vec((any::<bool>(), 1_i64..20, 0_i64..5, mishap()), 1..60),
    ) {
        let mut bench = market_bench(&[3]);
        let mut truth = seawall_venues::book::Book::new(100);
        let mut seq = 500_u64;
        let snapshot = |truth: &seawall_venues::book::Book, seq: u64| {
            let side = |levels: Vec<(Decimal, Decimal)>| {
                let rows: Vec<String> =
                    levels.iter().map(|(p, q)| format!(r#"{{"price":{p},"qty":{q}}}"#)).collect();
                rows.join(",")
            };
            format!(
                r#"{{"feed":"book_snapshot","product_id":"PI_XBTUSD","timestamp":1,"seq":{seq},"bids":[{}],"asks":[{}]}}"#,
                side(truth.bids().collect()), side(truth.asks().collect())
            )
        };
        bench.text(&snapshot(&truth, seq));
        let mut history = std::collections::BTreeMap::from([(seq, truth.clone())]);
        let mut held: Option<String> = None;
        for (buy, step, qty, mishap) in changes {
            seq += 1;
            let price = if buy { 1000 - step } else { 1000 + step };
            let side = if buy { Side::Buy } else { Side::Sell };
            truth.set(side, Decimal::from(price), Decimal::from(qty));
            history.insert(seq, truth.clone());
            let delta = format!(
                r#"{{"feed":"book","product_id":"PI_XBTUSD","side":"{}","seq":{seq},"price":{price},"qty":{qty},"timestamp":1}}"#,
                side.name()
            );
            let subscribed = bench.sent.len();
            match mishap {
                Mishap::None => bench.text(&delta),
                Mishap::Drop => {}
                Mishap::Repeat => { bench.text(&delta); bench.text(&delta); }
                Mishap::Swap => held = Some(delta),
                Mishap::Truncate => bench.text(&delta[..delta.len() - 9]),
            }
            if !matches!(mishap, Mishap::Swap) && let Some(late) = held.take() {
                bench.text(&late);
            }
            if let Some(book) = bench.session.book(InstrumentId(3)) {
                prop_assert!(history.values().any(|known| known == book || {
                    let same = |a: &seawall_venues::book::Book, b: &seawall_venues::book::Book| {
                        a.bids().eq(b.bids()) && a.asks().eq(b.asks())
                    };
                    same(known, book)
                }), "a live book that never was");
            }
            if bench.closes > 0 {
                bench.closes = 0;
                bench.wait(61_000);
                bench.open();
            }
            if bench.sent[subscribed..].iter().any(|text| text.contains(r#""subscribe","feed":"book""#)) {
                bench.text(&snapshot(&truth, seq));
            }
        }
    }

    /// Arbitrary text never panics, and never makes a feed live.
    #[test]
    fn arbitrary_text_never_panics_and_never_makes_a_feed_live(text in "\\PC{0,80}") {
        let mut market = market_bench(&[3]);
        market.text(&text);
        prop_assert!(!market.session.is_live());
        let mut account = Bench::new(futures_markets(), AccountSession::new(credentials(), Ts::EPOCH, 1));
        account.open();
        account.text(&text);
        prop_assert!(!account.session.is_live());
    }
}
