//! Kraken spot over REST: signatures, requests, answers, classes of errors, every fixture.

use crate::common::*;
use seawall_model::{
    Coverage, Input, InstrumentId, OrderRole, OrderState, RejectReason, Side, SubmitOutcome, TimeInForce,
    Timeframe, TriggerSource, Ts, VenueEvent, VenueRequest,
};
use seawall_venues::codec::{Adapter, Codec, Dispatch, Tables};
use seawall_venues::http::{Lane, Pool, Repeat, Request};
use seawall_venues::kraken_spot::{KrakenSpot, sign};
use seawall_venues::orders::OrderIndex;
use seawall_venues::outcome::{Certainty, Problem};
use seawall_venues::query::KeyProblem;
use seawall_venues::{Advice, Answer, Credentials, Failure, Outcome, Query, Reply, Secret};

const SECRET: &str = "FAKE spot secret for conformance tests only, 64 bytes long !!!!!";

fn adapter() -> Adapter<KrakenSpot> {
    Adapter::new(KrakenSpot, spot_markets())
}

fn sent(dispatch: Dispatch) -> (seawall_venues::Ticket, Request) {
    match dispatch {
        Dispatch::Send(ticket, request) => (ticket, *request),
        Dispatch::Ended(outcome) => panic!("{outcome:?}"),
    }
}

fn ended(dispatch: Option<Dispatch>) -> Outcome {
    match dispatch {
        Some(Dispatch::Ended(outcome)) => outcome,
        other => panic!("{other:?}"),
    }
}

fn outcome(request: VenueRequest, reply: &Reply) -> Outcome {
    let mut adapter = adapter();
    let (ticket, _) = sent(adapter.send(at(1_000), request));
    ended(adapter.on_reply(ticket, at(2_000), reply))
}

fn entry() -> VenueRequest {
    let kind = limit(5_000, TimeInForce::PostOnly);
    VenueRequest::Place(place(order(2, 1), OrderRole::Entry, Side::Buy, 10_000_000, kind))
}

fn answer(query: &Query, reply: &Reply) -> Result<Answer, Failure> {
    let (markets, orders) = (spot_markets(), OrderIndex::default());
    KrakenSpot.answer(query, reply, Tables { markets: &markets, orders: &orders })
}

#[test]
fn every_signed_request_of_the_fixtures_verifies() {
    let secret = Secret::from_text(SECRET);
    let json = r#"{"nonce":"1767323045000","pair":"XBTUSD","type":"buy","ordertype":"limit","volume":"0.01","price":"45000.5"}"#;
    let want = "6zhifFeTrGOKUpQ/z5gvOXfLkCCvTAsEqqx3HaxaD3Gg16ASKlYTd/QSc6ZebTevlKj5Tzpo7qieMHzUcWg6vA==";
    assert_eq!(sign::api_sign(&secret, "/0/private/AddOrder", "1767323045000", json), want);
    // The vendor's own vector.
    let vendor = Secret::from_base64(
        "S",
        "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg",
    )
    .unwrap();
    let body = "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25";
    let want = "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==";
    assert_eq!(sign::api_sign(&vendor, "/0/private/AddOrder", "1616492376594", body), want);
    let Some(folder) = fixtures("kraken-spot") else { return };
    let cases: serde_json::Value = serde_json::from_str(&text(&folder, "ccxt/request_cases.json")).unwrap();
    let mut verified = 0;
    for case in cases.as_array().unwrap() {
        for request in case["expected_requests"].as_array().unwrap() {
            let Some(signed) = request["signed"].as_object() else { continue };
            let body = request["body"].as_str().unwrap();
            let nonce = signed["nonce"].as_str().unwrap();
            let got = sign::api_sign(&secret, signed["path"].as_str().unwrap(), nonce, body);
            assert_eq!(got, signed["headers"]["API-Sign"].as_str().unwrap(), "{}", case["id"]);
            verified += 1;
        }
    }
    assert!(verified > 12, "{verified}");
}

#[test]
fn the_nonce_stands_in_the_body_that_is_signed() {
    let credentials =
        Credentials { key: "K".to_owned(), secret: Secret::from_text(SECRET), passphrase: None };
    for request in [VenueRequest::QueryBalance, entry()] {
        let (_, request) = sent(adapter().send(at(1_000), request));
        let signed = KrakenSpot.sign(&request, Some(&credentials), 1_767_323_045_000).unwrap();
        assert!(signed.body.starts_with("nonce=1767323045000"), "{}", signed.body);
        let want = sign::api_sign(&credentials.secret, &request.path, "1767323045000", &signed.body);
        assert_eq!(signed.headers.iter().find(|header| header.name == "API-Sign").unwrap().value, want);
    }
}

#[test]
fn orders_of_every_kind_have_the_venue_s_fields() {
    let fields_of = |kind| {
        let request = VenueRequest::Place(place(order(2, 1), OrderRole::Stop, Side::Sell, 10_000_000, kind));
        let (_, request) = sent(adapter().send(at(1_767_323_045_000), request));
        assert_eq!((request.repeat, request.lane), (Repeat::Never, Lane::Protect));
        assert!(matches!(request.costs[0].pool, Pool::Orders(InstrumentId(2))));
        let names = ["ordertype", "price", "price2", "trigger", "oflags", "timeinforce"];
        let text = |name: &str| field(&request, name).map(|value| format!("{name}={value}"));
        assert_eq!(field(&request, "volume").as_deref(), Some("0.1"));
        assert_eq!(field(&request, "cl_ord_id").as_deref(), Some("sw00000070000001"));
        assert_eq!(field(&request, "deadline").as_deref(), Some("2026-01-02T03:04:15Z"));
        names.iter().filter_map(|name| text(name)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(fields_of(limit(5_000, TimeInForce::PostOnly)), "ordertype=limit price=50 oflags=post");
    assert_eq!(
        fields_of(limit(5_000, TimeInForce::ImmediateOrCancel)),
        "ordertype=limit price=50 timeinforce=IOC"
    );
    assert_eq!(fields_of(stop(5_500, TriggerSource::Last)), "ordertype=stop-loss price=55 trigger=last");
    let mark = VenueRequest::Place(place(
        order(2, 1),
        OrderRole::Stop,
        Side::Sell,
        1,
        stop(5_500, TriggerSource::Mark),
    ));
    let refused = ended(Some(adapter().send(at(0), mark)));
    let want = VenueEvent::Rejected { order: order(2, 1), reason: RejectReason::NotSupported };
    assert_eq!(event(&refused.inputs), &want, "the ladder goes on to the next trigger");
}

#[test]
fn a_young_order_is_dear_to_cancel_and_that_is_counted_for_its_pair() {
    let mut adapter = adapter();
    adapter.send(at(0), entry());
    let units = |adapter: &mut Adapter<KrakenSpot>, ms: i64| {
        let (_, request) = sent(adapter.send(at(ms), VenueRequest::Cancel { order: order(2, 1) }));
        assert_eq!(request.lane, Lane::Cancel);
        request.costs[0].milli
    };
    assert_eq!(
        [units(&mut adapter, 1_000), units(&mut adapter, 60_000), units(&mut adapter, 400_000)],
        [8_000, 2_000, 0]
    );
}

fn is_class(failure: &Failure, class: &str) -> bool {
    let rejected = matches!(failure.problem, Problem::Rejected(_));
    match class {
        "rejected" => failure.certainty == Certainty::NotDone && rejected,
        "retryable" => {
            failure.certainty == Certainty::NotDone
                && matches!(failure.advice, Advice::Again | Advice::Wait(_))
        }
        "retryable-slow" => failure.problem == Problem::Lockout,
        "ambiguous" => failure.certainty == Certainty::Unknown && failure.advice == Advice::Ask,
        other => panic!("{other}"),
    }
}

#[test]
fn every_error_of_the_fixtures_has_its_class() {
    let Some(folder) = fixtures("kraken-spot") else { return };
    let cases: serde_json::Value = serde_json::from_str(&text(&folder, "ccxt/response_cases.json")).unwrap();
    let mut checked = 0;
    for case in cases.as_array().unwrap() {
        let Some(class) = case["expected_class"].as_str() else { continue };
        let failure = outcome(entry(), &reply(&case["payload"].to_string())).failure.unwrap();
        assert!(is_class(&failure, class), "{}: {failure:?} is not {class}", case["id"]);
        checked += 1;
    }
    assert_eq!(checked, 9);
}

#[test]
fn words_that_are_not_listed_are_an_unknown_outcome_and_never_a_refusal() {
    let bodies = [
        r#"{"error":["EOrder:Something new"]}"#,
        r#"{"error":["EService:Unavailable"]}"#,
        r#"{"error":[],"result":{"txid":[]}}"#,
        r#"{"error":[],"result":{"txid":["A","B"]}}"#,
        r#"{"error":[],"result":{}}"#,
        r#"{"error":[]}"#,
        "<html>",
        "",
    ];
    for body in bodies {
        let outcome = outcome(entry(), &reply(body));
        assert!(
            matches!(outcome.inputs[..], [Input::Submission { outcome: SubmitOutcome::Unknown, .. }]),
            "{body}: {outcome:?}"
        );
    }
}

#[test]
fn each_problem_with_the_key_has_a_message_of_its_own() {
    let problem = |words: &str| {
        outcome(entry(), &reply(&format!(r#"{{"error":["{words}"]}}"#))).failure.unwrap().problem
    };
    assert_eq!(problem("EAPI:Invalid key"), Problem::WrongKey);
    assert_eq!(problem("EAPI:Invalid signature"), Problem::WrongSignature);
    assert_eq!(problem("EGeneral:Permission denied"), Problem::MissingPermission);
    assert_eq!(problem("EAPI:Invalid nonce"), Problem::Nonce);
    let problems = [
        Problem::WrongKey,
        Problem::WrongSignature,
        Problem::Refused,
        Problem::MissingPermission,
        Problem::ClockSkew,
        Problem::Nonce,
    ];
    let messages: std::collections::BTreeSet<&str> =
        problems.iter().map(|problem| problem.message()).collect();
    assert_eq!(messages.len(), problems.len());
    let check = |rights: &str| {
        let body = format!(r#"{{"error":[],"result":{{"apiKeyName":"a","permissions":[{rights}]}}}}"#);
        match answer(&Query::Permissions, &reply(&body)).unwrap() {
            Answer::Permissions(permissions) => permissions.check(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(check(r#""query-funds","query-open-trades","modify-trades""#), Ok(()));
    assert_eq!(check(r#""query-funds","query-open-trades""#), Err(KeyProblem::CannotTrade));
    assert_eq!(check(r#""modify-trades""#), Err(KeyProblem::CannotRead));
    assert_eq!(
        check(r#""query-funds","query-open-trades","modify-trades","withdraw-funds""#),
        Err(KeyProblem::CanWithdraw)
    );
}

#[test]
fn an_order_is_looked_for_among_the_ended_ones_before_it_is_called_absent() {
    let mut adapter = adapter();
    let (ticket, request) = sent(adapter.send(at(9_000), VenueRequest::QueryOrder { order: order(2, 1) }));
    assert_eq!(field(&request, "cl_ord_id").as_deref(), Some("sw00000070000001"));
    let none = reply(r#"{"error":[],"result":{"open":{}}}"#);
    let (ticket, request) = sent(adapter.on_reply(ticket, at(9_500), &none).unwrap());
    assert_eq!(request.path, "/0/private/ClosedOrders");
    let row = r#"{"refid":null,"userref":0,"cl_ord_id":"sw00000070000001","status":"canceled","opentm":1705260547.472,"descr":{"pair":"LTCUSDT","type":"buy","ordertype":"limit","price":"50.00","price2":"0"},"vol":"0.10000000","vol_exec":"0.04000000","price":"50.0","stopprice":"0.000000","limitprice":"0.000000","misc":"","oflags":"fciq,post","reason":"User requested"}"#;
    let closed =
        reply(&format!(r#"{{"error":[],"result":{{"closed":{{"OAAAAA-BBBBB-CCCCCC":{row}}},"count":1}}}}"#));
    let found = ended(adapter.on_reply(ticket, at(9_900), &closed));
    let VenueEvent::Order { report, .. } = event(&found.inputs) else { panic!() };
    assert_eq!(report.taken_at, at(9_000), "not younger than the first question");
    let row = &report.rows[0];
    assert_eq!((row.state, row.filled.get(), row.qty.get()), (OrderState::Cancelled, 4_000_000, 10_000_000));
    assert_eq!(row.kind, limit(5_000, TimeInForce::PostOnly));

    let mut other = self::adapter();
    let (ticket, _) = sent(other.send(at(9_000), VenueRequest::QueryOrder { order: order(2, 1) }));
    let (ticket, _) = sent(other.on_reply(ticket, at(9_500), &none).unwrap());
    let absent =
        ended(other.on_reply(ticket, at(9_900), &reply(r#"{"error":[],"result":{"closed":{},"count":0}}"#)));
    let VenueEvent::Order { report, .. } = event(&absent.inputs) else { panic!() };
    assert_eq!((report.coverage, report.rows.len()), (Coverage::Complete, 0));
}

#[test]
fn ended_orders_of_the_fixtures_are_read_and_are_not_ours() {
    let Some(folder) = fixtures("kraken-spot") else { return };
    let mut adapter = adapter();
    let (ticket, _) = sent(adapter.send(at(9_000), VenueRequest::QueryOrder { order: order(2, 1) }));
    let none = reply(r#"{"error":[],"result":{"open":{}}}"#);
    let (ticket, _) = sent(adapter.on_reply(ticket, at(9_500), &none).unwrap());
    let closed = reply(&text(&folder, "nautilus/http_closed_orders.json"));
    let outcome = ended(adapter.on_reply(ticket, at(9_900), &closed));
    let VenueEvent::Order { report, .. } = event(&outcome.inputs) else { panic!() };
    assert_eq!((report.coverage, report.rows.len()), (Coverage::Complete, 0), "{:?}", outcome.failure);
}

#[test]
fn balances_stand_for_positions_and_only_what_can_be_traded_counts() {
    let body = r#"{"error":[],"result":{"ZUSD":{"balance":"1000.5","hold_trade":"200"},"XXBT":{"balance":"0.1234567891","hold_trade":"0"},"XXBT.M":{"balance":"5","hold_trade":"0"},"DOT.S":{"balance":"7","hold_trade":"0"}}}"#;
    let positions = outcome(VenueRequest::QueryPositions, &reply(body));
    let VenueEvent::Positions(report) = event(&positions.inputs) else { panic!() };
    assert_eq!(report.rows.len(), 1, "two markets of one coin hold it once");
    assert_eq!((report.rows[0].instrument.0, report.rows[0].qty.get()), (0, 12_345_678));
    let balance = outcome(VenueRequest::QueryBalance, &reply(body));
    let VenueEvent::Balance { amount, .. } = event(&balance.inputs) else { panic!() };
    assert_eq!(amount.to_string(), "1000.5");
    let Answer::Account(account) = answer(&Query::Account, &reply(body)).unwrap() else { panic!() };
    assert_eq!(account.available.to_string(), "800.5");
}

#[test]
fn answers_of_the_fixtures_are_read() {
    let Some(folder) = fixtures("kraken-spot") else { return };
    let file = |name: &str| reply(&text(&folder, name));
    let cases: serde_json::Value = serde_json::from_str(&text(&folder, "ccxt/response_cases.json")).unwrap();
    let case = |id: &str| {
        reply(&cases.as_array().unwrap().iter().find(|case| case["id"] == id).unwrap()["payload"].to_string())
    };
    let accepted = outcome(entry(), &case("add-order"));
    assert!(matches!(event(&accepted.inputs), VenueEvent::Accepted { .. }));
    assert_eq!(outcome(entry(), &file("nautilus/http_add_order_spot.json")).certainty, Certainty::Done);
    let docs = &payloads(&folder, "docs/post_add_order.json", "response")[0];
    assert_eq!(outcome(entry(), &reply(docs)).certainty, Certainty::Done);
    let cancelled =
        outcome(VenueRequest::Cancel { order: order(2, 1) }, &file("nautilus/http_cancel_order_spot.json"));
    assert!(matches!(event(&cancelled.inputs), VenueEvent::Cancelled { .. }));

    let open = |reply: &Reply| match event(&outcome(VenueRequest::QueryOpenOrders, reply).inputs) {
        VenueEvent::OpenOrders(report) => report.clone(),
        other => panic!("{other:?}"),
    };
    let listed = open(&file("nautilus/http_open_orders.json"));
    let kinds: Vec<&str> = listed.rows.iter().map(|row| row.kind.name()).collect();
    assert_eq!((listed.coverage, kinds), (Coverage::Complete, vec!["limit", "stop_market"]));
    let stop_limit = open(&case("open-stop-loss-limit")).rows[0];
    assert_eq!(stop_limit.kind.name(), "stop_limit");
    assert_eq!(
        (stop_limit.kind.trigger().unwrap().price.get(), stop_limit.kind.limit().unwrap().get()),
        (5_500, 5_400)
    );

    let query = Query::Fills { since: Ts::EPOCH, before: None };
    let Answer::Fills { report, .. } = answer(&query, &file("nautilus/http_trades_history.json")).unwrap()
    else {
        panic!()
    };
    assert_eq!(report.rows.len(), 2);
    assert_eq!((report.rows[0].fee.to_string(), report.rows[0].price.get()), ("23.6".to_owned(), 295_005));
    let time = answer(&Query::ServerTime, &file("nautilus/http_server_time.json"));
    assert_eq!(time, Ok(Answer::ServerTime(at(1_762_820_224_000))));
    let Answer::Tickers(tickers) = answer(&Query::Tickers, &file("nautilus/http_ticker.json")).unwrap()
    else {
        panic!()
    };
    assert_eq!((tickers[0].bid.unwrap().get(), tickers[0].ask.unwrap().get()), (1_059_442, 1_059_443));
    let all = &payloads(&folder, "docs/post_cancel_order_batch.json", "response")[0];
    assert_eq!(
        answer(&Query::CancelAll { instrument: None }, &reply(all)),
        Ok(Answer::CancelledAll(Some(2)))
    );
    let token = r#"{"error":[],"result":{"token":"abc","expires":900}}"#;
    let Ok(Answer::StreamToken { token, valid_s: 900 }) = answer(&Query::StreamToken, &reply(token)) else {
        panic!()
    };
    assert_eq!(token.expose(), "abc");
}

#[test]
fn at_most_720_candles_come_and_the_last_one_is_running() {
    let Some(folder) = fixtures("kraken-spot") else { return };
    let body = text(&folder, "nautilus/http_ohlc.json");
    let query =
        Query::Candles { instrument: InstrumentId(1), timeframe: Timeframe::M1, from: at(1_762_813_080_000) };
    let page = |received: i64, body: &str| {
        let mut reply = reply(body);
        reply.as_mut().unwrap().received_at = at(received);
        match answer(&query, &reply).unwrap() {
            Answer::Candles(page) => page,
            other => panic!("{other:?}"),
        }
    };
    let running = page(1_762_820_230_000, &body);
    assert_eq!((running.closed.len(), running.forming.is_some(), running.reaches_start), (119, true, true));
    assert_eq!(running.closed[0].open.get(), 1_054_969);
    let request = KrakenSpot.ask(at(0), &query, &spot_markets()).unwrap();
    assert_eq!(request.target(), "/0/public/OHLC?pair=XBTUSDT&interval=1&since=1762813020");
    let row = |minute: i64| {
        format!(r#"[{},"1.0","1.0","1.0","1.0","1.0","1.0",1]"#, 1_762_900_000 / 60 * 60 + minute * 60)
    };
    let rows: Vec<String> = (0..720).map(row).collect();
    let full = format!(r#"{{"error":[],"result":{{"XBTUSDT":[{}],"last":1}}}}"#, rows.join(","));
    assert!(!page(1_763_000_000_000, &full).reaches_start, "the venue does not go back further");
}

#[test]
fn pairs_are_listed_under_canonical_names_with_all_their_spellings() {
    let Some(folder) = fixtures("kraken-spot") else { return };
    let markets: serde_json::Value = serde_json::from_str(&text(&folder, "ccxt/markets.json")).unwrap();
    let list = |body: &str| match answer(&Query::Instruments, &reply(body)).unwrap() {
        Answer::Instruments { listed, excluded } => (listed, excluded),
        other => panic!("{other:?}"),
    };
    let (listed, excluded) = list(&markets["AssetPairs"].to_string());
    assert!(excluded.is_empty(), "{excluded:?}");
    let btc = listed.iter().find(|row| row.symbol == "XBTUSD").unwrap();
    assert_eq!((btc.spec.name.as_str(), btc.stream_symbol.as_str()), ("kraken:BTC/USD", "BTC/USD"));
    assert_eq!(btc.aliases, ["XXBTZUSD", "XBT/USD"]);
    assert_eq!(
        (btc.spec.tick.unwrap().to_string(), btc.spec.lot.to_string()),
        ("0.1".into(), "0.00000001".into())
    );
    assert_eq!(
        (btc.spec.min_qty.unwrap().to_string(), btc.spec.min_notional.to_string()),
        ("0.00005".into(), "0.5".into())
    );
    let (listed, _) = list(&text(&folder, "nautilus/http_asset_pairs.json"));
    assert_eq!(listed[0].spec.name.as_str(), "kraken:BTC/USDT");
    let (listed, excluded) = list(&text(&folder, "nautilus/http_asset_pairs_tokenized.json"));
    assert!(listed.is_empty() && excluded.len() == 1, "a tokenised share is no coin");
    for row in &list(&markets["AssetPairs"].to_string()).0 {
        seawall_model::Instrument::new(InstrumentId(0), row.spec.clone(), row.price_decimals).unwrap();
    }
}

/// Every answer of the fixtures, given to every reader: nothing panics, nothing turns into a refusal.
#[test]
fn no_fixture_is_taken_for_something_else() {
    let Some(folder) = fixtures("kraken-spot") else { return };
    let mut read = 0;
    for file in json_files(&folder) {
        let body = std::fs::read_to_string(&file).unwrap();
        for request in
            [VenueRequest::QueryOpenOrders, VenueRequest::QueryPositions, VenueRequest::QueryBalance]
        {
            let _ = outcome(request, &reply(&body));
        }
        let placed = outcome(entry(), &reply(&body));
        let refused =
            placed.inputs.iter().any(|input| matches!(input, Input::Venue(VenueEvent::Rejected { .. })));
        assert!(!refused, "{}", file.display());
        read += 1;
    }
    assert!(read > 60, "{read}");
}
