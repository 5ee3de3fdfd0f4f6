//! Kraken spot over its WebSocket: books by checksum, candles, executions, the life of a connection.

use crate::common::bench::*;
use crate::common::*;
use proptest::prelude::*;
use rust_decimal::Decimal;
use seawall_model::{
    CancelReason, Candle, Input, InstrumentId, OrderRole, RejectReason, Side, TimeInForce, Timeframe, Ts,
    VenueEvent, VenueRequest,
};
use seawall_venues::book::Book;
use seawall_venues::kraken_spot::market_session::Wanted;
use seawall_venues::kraken_spot::{AccountSession, MarketSession};
use seawall_venues::query::CandlePage;
use seawall_venues::session::Feed;
use seawall_venues::{Answer, News, Notice, Query, Secret, Session};

fn market_bench(wanted: Wanted) -> Bench<MarketSession> {
    let mut bench = Bench::new(spot_markets(), MarketSession::new(wanted, 1));
    bench.open();
    bench
}

fn books(ids: &[u32]) -> Wanted {
    Wanted { books: ids.iter().map(|id| InstrumentId(*id)).collect(), ..Wanted::default() }
}

fn ohlc(from: i64) -> Wanted {
    Wanted { candles: vec![(InstrumentId(0), Timeframe::M1, at(from))], ..Wanted::default() }
}

fn account_bench() -> Bench<AccountSession> {
    let mut bench = Bench::new(spot_markets(), AccountSession::new(Ts::EPOCH, 1));
    connect(&mut bench);
    assert!(bench.session.is_live());
    bench.news.clear();
    bench
}

fn connect(bench: &mut Bench<AccountSession>) {
    bench.open();
    let token = Answer::StreamToken { token: Secret::from_text("TOKEN"), valid_s: 900 };
    bench.answer(Query::StreamToken, token);
    bench.text(r#"{"method":"subscribe","req_id":1,"success":true,"result":{"channel":"executions","snap_orders":true}}"#);
    assert!(!bench.session.is_live(), "the snapshot is not there yet");
    bench.text(r#"{"channel":"executions","type":"snapshot","data":[],"sequence":1}"#);
}

#[test]
fn the_checksums_of_the_vendor_s_examples_are_reproduced() {
    let Some(folder) = fixtures("kraken-spot") else { return };
    let message = &payloads(&folder, "docs/guide_spot_websockets_v2_book_checksum.json", "server")[0];
    let mut bench = market_bench(books(&[0]));
    bench.text(message);
    assert_eq!(bench.is_feed_live(Feed::Book), Some(true), "3310070434");
    let message = &payloads(&folder, "docs/ws_book_level_2.json", "server: book snapshot")[0];
    let mut bench = market_bench(books(&[4]));
    bench.text(message);
    assert_eq!(bench.is_feed_live(Feed::Book), Some(true), "2439117997, after padding the floats");
}

#[test]
fn books_of_the_fixtures_are_live_while_the_checksum_fits() {
    let Some(cases) = cases("kraken-spot") else { return };
    for (id, messages, expected) in cases.iter().filter(|(id, ..)| id.starts_with("book")) {
        let mut bench = market_bench(books(&[0]));
        messages.iter().for_each(|message| bench.text(message));
        assert_eq!(bench.is_feed_live(Feed::Book), expected["in_sync"].as_bool(), "{id}");
        let book = bench.session.book(InstrumentId(0));
        if expected["in_sync"].as_bool().unwrap() {
            let number =
                |value: &serde_json::Value| seawall_model::parse_decimal(&value.to_string()).unwrap();
            let best = (number(&expected["best_bid"][0]), number(&expected["best_bid"][1]));
            assert_eq!(book.unwrap().bids().next(), Some(best));
            assert_eq!(book.unwrap().asks().next().unwrap().0, number(&expected["best_ask"][0]));
        } else {
            assert!(book.is_none());
            let again = &bench.sent[bench.sent.len() - 2..];
            assert!(again[0].contains("unsubscribe") && again[1].contains("\"subscribe\""), "{again:?}");
        }
    }
}

fn closed(news: &[News]) -> Vec<Candle> {
    let candle = |news: &News| match news {
        News::Engine(Input::Candle { candle, .. }) => Some(*candle),
        _ => None,
    };
    news.iter().filter_map(candle).collect()
}

#[test]
fn a_candle_of_the_fixtures_is_closed_by_the_next_one() {
    let Some(cases) = cases("kraken-spot") else { return };
    let (_, messages, expected) = cases.iter().find(|(id, ..)| id == "ohlc-close").unwrap();
    let mut bench = market_bench(ohlc(1_767_323_040_000));
    for message in &messages[..2] {
        bench.text(message);
        assert!(closed(&bench.news).is_empty());
    }
    bench.text(&messages[2]);
    let told = closed(&bench.news);
    let want = &expected["closed"][0];
    assert_eq!((told.len(), told[0].open_time.millis()), (1, want["time_ms"].as_i64().unwrap()));
    assert_eq!((told[0].high.get(), told[0].close.get(), told[0].volume), (452_865, 452_855, 6.0));
    let forming = bench.news.iter().rev().find_map(|news| match news {
        News::Forming(_, _, candle) => Some(candle.open_time.millis()),
        _ => None,
    });
    assert_eq!(forming, expected["forming_time_ms"].as_i64());
}

fn ohlc_row(kind: &str, minute: i64) -> String {
    let begin = at(1_767_323_040_000 + minute * 60_000);
    format!(
        r#"{{"channel":"ohlc","type":"{kind}","data":[{{"symbol":"BTC/USD","open":1.5,"high":1.5,"low":1.5,"close":1.5,"trades":1,"volume":1.0,"vwap":1.5,"interval_begin":"{begin}","interval":1}}]}}"#
    )
}

/// [I-5]: see docs/incidents.md.
#[test]
fn candles_of_an_outage_are_asked_for_and_told_before_the_series_is_live() {
    let mut bench = market_bench(ohlc(1_767_323_040_000));
    bench.text(&ohlc_row("snapshot", 9));
    assert!(closed(&bench.news).is_empty() && !bench.session.is_live());
    let query = bench.asked[0];
    let Query::Candles { from, timeframe: Timeframe::M1, .. } = query else { panic!() };
    assert_eq!(from.millis(), 1_767_323_040_000);
    let failure = seawall_venues::Failure::not_done(
        seawall_venues::Advice::Again,
        seawall_venues::Problem::RateLimited,
        "",
    );
    bench.fail(query, failure);
    bench.wait(5_001);
    assert_eq!(bench.asked.len(), 2, "asked again after a pause");
    let mut rows = Vec::new();
    for minute in 0..9 {
        let mut other = market_bench(ohlc(1_767_323_040_000 + minute * 60_000));
        other.text(&ohlc_row("snapshot", minute));
        other.text(&ohlc_row("update", minute + 1));
        rows.extend(closed(&other.news));
    }
    let page = CandlePage {
        instrument: InstrumentId(0),
        timeframe: Timeframe::M1,
        closed: rows,
        forming: None,
        more: false,
        reaches_start: true,
    };
    bench.answer(query, Answer::Candles(page));
    assert_eq!(closed(&bench.news).len(), 9);
    assert_eq!(bench.is_feed_live(Feed::Candles(Timeframe::M1)), Some(true));
}

/// [I-8]: see docs/incidents.md.
#[test]
fn the_clock_closes_a_candle_only_on_a_connection_that_lives() {
    let mut bench = market_bench(ohlc(1_767_323_040_000));
    bench.now = 1_767_323_040_000;
    bench.session.on_open(at(bench.now));
    bench.text(&ohlc_row("update", 0));
    bench.text(
        r#"{"method":"subscribe","req_id":0,"success":true,"result":{"channel":"ohlc","symbol":"BTC/USD"}}"#,
    );
    let beat = r#"{"channel":"heartbeat"}"#;
    for _ in 0..7 {
        bench.wait(9_000);
        if bench.now < 1_767_323_095_000 {
            bench.text(beat);
        }
    }
    assert!(bench.now > 1_767_323_103_000 && closed(&bench.news).is_empty(), "silent since before its end");
    bench.text(beat);
    assert_eq!(closed(&bench.news).len(), 1);
}

#[test]
fn a_refused_symbol_fails_alone() {
    let Some(cases) = cases("kraken-spot") else { return };
    let (_, messages, _) = cases.iter().find(|(id, ..)| id == "subscribe-error").unwrap();
    let mut bench = market_bench(books(&[0]));
    bench.text(&messages[0]);
    let told =
        |news: &News| matches!(news, News::Notice(Notice::Message { text }) if text.contains("XBT/ZZZ"));
    assert!(bench.news.iter().any(told) && bench.closes == 0);
    let refused = r#"{"method":"subscribe","req_id":0,"success":false,"error":"no","symbol":"BTC/USD"}"#;
    bench.text(refused);
    for _ in 0..4 {
        bench.wait(8_000);
        bench.text(r#"{"channel":"heartbeat"}"#);
    }
    assert_eq!(bench.closes, 0, "nothing else is waited for");
}

#[test]
fn executions_of_the_fixtures_are_fills_and_the_last_word_is_none() {
    let Some(cases) = cases("kraken-spot") else { return };
    let (_, messages, expected) = cases.iter().find(|(id, ..)| id == "executions-lifecycle").unwrap();
    let mut bench = account_bench();
    let kind = limit(452_835, TimeInForce::GoodTilCancelled);
    let ours = place(order(0, 1), OrderRole::Entry, Side::Buy, 1_000_000_000, kind);
    bench.orders.placed(at(0), &ours);
    for (number, message) in messages.iter().enumerate() {
        let message = message.replace("bot-1", "sw00000070000001");
        let sequence = format!("\"sequence\": {}", number + 1);
        bench.text(&message.replace(&sequence, &format!("\"sequence\": {}", number + 2)));
    }
    assert_eq!(bench.closes, 0);
    let events = bench.events();
    assert!(matches!(events[0], VenueEvent::Accepted { order: found, .. } if found == order(0, 1)));
    let mut fills = Vec::new();
    for event in &events[1..] {
        let VenueEvent::Filled(fill) = event else { panic!("{event:?}") };
        fills.push((fill.fill_id.to_string(), fill.qty.get(), fill.fee.to_string()));
    }
    let want = [("TAAAAA-1", 400_000_000, "0.01"), ("TAAAAA-2", 600_000_000, "0.02")];
    assert_eq!(fills, want.map(|(id, qty, fee)| (id.to_owned(), qty, fee.to_owned())));
    assert_eq!(expected["fills"].as_array().unwrap().len(), fills.len());
    assert!(bench.orders.get(order(0, 1).id).unwrap().ended);
}

#[test]
fn a_gap_in_the_sequence_begins_again_and_an_old_message_is_left_out() {
    let row = |sequence: u64| {
        format!(
            r#"{{"channel":"executions","type":"update","data":[{{"order_id":"O1","cl_ord_id":"sw00000070000001","symbol":"BTC/USD","exec_type":"new","order_status":"new"}}],"sequence":{sequence}}}"#
        )
    };
    let mut bench = account_bench();
    bench.text(&row(2));
    bench.text(&row(2));
    assert_eq!(bench.events().len(), 1);
    bench.text(&row(4));
    assert_eq!((bench.closes, bench.session.is_live()), (1, false));
    bench.wait(1_000);
    connect(&mut bench);
    assert!(bench.session.is_live());
    assert_eq!(bench.asked, [Query::StreamToken, Query::StreamToken], "a new connection, a new token");
}

#[test]
fn ends_of_orders_have_their_reasons() {
    let end = |exec: &str, extra: &str| {
        let mut bench = account_bench();
        let kind = limit(452_835, TimeInForce::PostOnly);
        bench.orders.placed(at(0), &place(order(0, 1), OrderRole::Entry, Side::Buy, 10, kind));
        bench.text(&format!(
            r#"{{"channel":"executions","type":"update","data":[{{"order_id":"O1","cl_ord_id":"sw00000070000001","exec_type":"{exec}","order_status":"canceled"{extra}}}],"sequence":2}}"#
        ));
        (bench.events(), bench.requested.clone())
    };
    let cancelled = |reason| vec![VenueEvent::Cancelled { order: order(0, 1), reason }];
    assert_eq!(end("canceled", r#","reason":"User requested""#).0, cancelled(CancelReason::Requested));
    assert_eq!(end("expired", "").0, cancelled(CancelReason::Venue));
    let refused = VenueEvent::Rejected { order: order(0, 1), reason: RejectReason::WouldTakeLiquidity };
    assert_eq!(end("canceled", r#","reason":"Post only order""#).0, [refused]);
    let asked = vec![VenueRequest::QueryOrder { order: order(0, 1) }];
    assert_eq!(end("something_new", ""), (Vec::new(), asked.clone()), "an unlisted word proves nothing");
    assert_eq!(end("amended", ""), (Vec::new(), asked), "terms that are not stated are asked for");
}

#[test]
fn a_fee_in_coin_is_worth_its_amount_at_the_price() {
    let mut bench = account_bench();
    let row = |fees: &str, id: &str, sequence: u64| {
        format!(
            r#"{{"channel":"executions","type":"update","data":[{{"order_id":"O1","exec_type":"trade","exec_id":"{id}","symbol":"BTC/USD","side":"buy","last_qty":0.5,"last_price":40000.0,"liquidity_ind":"t","fees":{fees},"timestamp":"2026-01-02T03:04:06.0Z"}}],"sequence":{sequence}}}"#
        )
    };
    bench.text(&row(r#"[{"asset":"BTC","qty":0.001}]"#, "T1", 2));
    bench.text(&row(r#"[{"asset":"KFEE","qty":5}]"#, "T2", 3));
    let fees = |news: &News| match news {
        News::Engine(Input::Venue(VenueEvent::Filled(fill))) => Some(fill.fee.to_string()),
        _ => None,
    };
    assert_eq!(bench.news.iter().filter_map(fees).collect::<Vec<_>>(), ["40", "0"]);
    assert!(bench.news.iter().any(|news| matches!(news, News::Notice(Notice::FeeUnknown { .. }))));
}

/// Every message of the fixtures, given to both sessions: nothing panics; only what is no message of theirs
/// ends a connection.
#[test]
fn every_message_of_the_fixtures_is_understood() {
    let Some(folder) = fixtures("kraken-spot") else { return };
    let mut messages = Vec::new();
    for file in json_files(&folder.join("docs")) {
        let name = format!("docs/{}", file.file_name().unwrap().to_str().unwrap());
        if name.starts_with("docs/ws_") || name.contains("websockets") {
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
        let mut market = market_bench(books(&[0, 4]));
        market.text(message);
        assert_eq!(market.closes, 0, "{message}");
        let mut account = account_bench();
        account.text(message);
        let refused = message.contains("\"success\": false");
        let far = message.contains("\"sequence\": 8")
            || message.contains("\"sequence\": 9")
            || message.contains("\"sequence\": 10");
        assert!(account.closes == 0 || refused || far, "{message}");
    }
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

fn book_text(kind: &str, bids: &str, asks: &str, checksum: u32) -> String {
    format!(
        r#"{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{bids}],"asks":[{asks}],"checksum":{checksum},"timestamp":"2026-01-02T03:04:05.000001Z"}}]}}"#
    )
}

fn snapshot(book: &Book) -> String {
    let side = |levels: Vec<(Decimal, Decimal)>| {
        let rows: Vec<String> = levels.iter().map(|(p, q)| format!(r#"{{"price":{p},"qty":{q}}}"#)).collect();
        rows.join(",")
    };
    book_text("snapshot", &side(book.bids().collect()), &side(book.asks().collect()), book.checksum(1, 8))
}

proptest! {
    /// Messages may be lost, repeated, reordered and cut: while a book is said to be live, it is a book that
    /// the venue had.
    #[test]
    fn a_live_book_is_never_a_wrong_one(
        changes in proptest::collection::vec((any::<bool>(), 1_i64..20, 0_i64..5, mishap()), 1..60),
    ) {
        let mut bench = market_bench(books(&[0]));
        let mut truth = Book::new(10);
        for (side, price) in [(Side::Buy, 500), (Side::Sell, 1_500)] {
            truth.set(side, Decimal::from(price), Decimal::ONE);
        }
        bench.text(&snapshot(&truth));
        let mut history = vec![truth.clone()];
        let mut held: Option<String> = None;
        for (buy, step, qty, mishap) in changes {
            let price = if buy { 1000 - step } else { 1000 + step };
            let side = if buy { Side::Buy } else { Side::Sell };
            truth.set(side, Decimal::from(price), Decimal::from(qty));
            truth.truncate();
            history.push(truth.clone());
            let level = format!(r#"{{"price":{price}.0,"qty":{qty}.00000000}}"#);
            let (bids, asks) = if buy { (level.as_str(), "") } else { ("", level.as_str()) };
            let update = book_text("update", bids, asks, truth.checksum(1, 8));
            let before = bench.sent.len();
            match mishap {
                Mishap::None => bench.text(&update),
                Mishap::Drop => {}
                Mishap::Repeat => { bench.text(&update); bench.text(&update); }
                Mishap::Swap => held = Some(update),
                Mishap::Truncate => bench.text(&update[..update.len() - 9]),
            }
            if !matches!(mishap, Mishap::Swap) && let Some(late) = held.take() {
                bench.text(&late);
            }
            if let Some(book) = bench.session.book(InstrumentId(0)) {
                let same = |known: &Book| known.bids().eq(book.bids()) && known.asks().eq(book.asks());
                prop_assert!(history.iter().any(same), "a live book that never was");
            }
            let reconnected = bench.closes > 0;
            if reconnected {
                bench.closes = 0;
                bench.wait(61_000);
                bench.open();
            }
            if reconnected || bench.sent[before..].iter().any(|text| text.contains("\"subscribe\"")) {
                bench.text(&snapshot(&truth));
            }
        }
    }

    /// Arbitrary text never panics, and never makes a feed live.
    #[test]
    fn arbitrary_text_never_panics_and_never_makes_a_feed_live(text in "\\PC{0,80}") {
        let mut market = market_bench(books(&[0]));
        market.text(&text);
        prop_assert!(!market.session.is_live());
        let mut account = Bench::new(spot_markets(), AccountSession::new(Ts::EPOCH, 1));
        account.open();
        account.text(&text);
        prop_assert!(!account.session.is_live());
    }
}
