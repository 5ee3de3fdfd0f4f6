//! Kraken Futures over REST: signatures, requests, answers, classes of errors, every fixture.

use crate::common::*;
use seawall_model::{
    Coverage, FillCause, Input, InstrumentId, OrderKind, OrderRole, OrderState, RejectReason, Side,
    SubmitOutcome, TimeInForce, Timeframe, TriggerSource, Ts, VenueEvent, VenueRequest,
};
use seawall_venues::codec::{Adapter, Codec, Dispatch, Tables};
use seawall_venues::http::{Lane, Repeat, Request};
use seawall_venues::kraken_futures::{KrakenFutures, enrich, sign, tables};
use seawall_venues::orders::OrderIndex;
use seawall_venues::outcome::{Certainty, Notice, Problem};
use seawall_venues::query::KeyProblem;
use seawall_venues::{Advice, Answer, Credentials, Failure, Outcome, Query, Reply, Secret, TransportFailure};

const SECRET: &str = "FAKE futures secret for conformance tests only, 64 bytes long!!!";

fn adapter() -> Adapter<KrakenFutures> {
    Adapter::new(KrakenFutures, futures_markets())
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

/// The outcome of one request and its one answer.
fn outcome(request: VenueRequest, reply: &Reply) -> Outcome {
    let mut adapter = adapter();
    let (ticket, _) = sent(adapter.send(at(1_000), request));
    ended(adapter.on_reply(ticket, at(2_000), reply))
}

fn entry() -> VenueRequest {
    let kind = limit(40_000, TimeInForce::GoodTilCancelled);
    VenueRequest::Place(place(order(0, 1), OrderRole::Entry, Side::Buy, 10, kind))
}

fn answer(query: &Query, reply: &Reply) -> Result<Answer, Failure> {
    let (markets, orders) = (futures_markets(), OrderIndex::default());
    KrakenFutures.answer(query, reply, Tables { markets: &markets, orders: &orders })
}

#[test]
fn signatures_are_those_of_the_worked_vectors() {
    let secret = Secret::from_text(SECRET);
    let vectors = [
        (
            "",
            "",
            "/derivatives/api/v3/openorders",
            "Kjy3+DSkfTDdT8z/IxAtGr1bAs+09vmXfTOehSFvdfX306LOf1KQ3CQ4A3TyWI68HTA68fdk7kn1yQtw6dtU5Q==",
        ),
        (
            "",
            "1767323045000",
            "/derivatives/api/v3/accounts",
            "KkGCBUWPQa7pBaVSjf/iRCf+HpRGRaMrGxkMgoCVOXl3yMuHz5zbRBRBFe1MGLbhy4mWuh7Bc8RZtIEUS4Cclg==",
        ),
        (
            "lastFillTime=2026-01-02T03%3A04%3A05.000Z",
            "",
            "/derivatives/api/v3/fills",
            "Siy/eaifAf8i1CiF1k+oMjmWuk968f/VEX38epWah3iT+/iMuo+X24qTunTP7CmbEL1X8hA0LuOwLMcd38DrQQ==",
        ),
        (
            "orderType=lmt&symbol=PF_XBTUSD&side=buy&size=0.01&limitPrice=45000.5&cliOrdId=my%20id%2F1",
            "",
            "/derivatives/api/v3/sendorder",
            "OroomGgVu5Is7zt9x1WrPL9TAChFxe4ONy56pbmXX8CSs7fL9did17hd+DtxAq5rqBFWwwACMtjZdOWgXv2FwA==",
        ),
        (
            "orderType=lmt&symbol=PF_XBTUSD&side=buy&size=0.01&limitPrice=45000.5&cliOrdId=my+id%2F1",
            "1767323045000",
            "/derivatives/api/v3/sendorder",
            "I6dqTUgKODyi5l54fGsMFoWM7oY+NITVdGQahuj2azsA+LlYw3nblDCXH5liDUTIfkdazQRBz+E3AQ1rHT64Pw==",
        ),
        (
            "json={\"batchOrder\":[{\"order\":\"cancel\",\"order_id\":\"11111111-2222-4333-8444-555555555555\"}]}",
            "",
            "/derivatives/api/v3/batchorder",
            "UalnGQbEWP/vFr5bsOXZJtVDV+17DALtzTTylzFS69Ofp7tINXmG9M2/U7k2DFbk5jbIr9dstarMv6Ix+dHY8g==",
        ),
        (
            "json=%7B%22batchOrder%22%3A%5B%7B%22order%22%3A%22cancel%22%2C%22order_id%22%3A%2211111111-2222-4333-8444-555555555555%22%7D%5D%7D",
            "1767323045000",
            "/derivatives/api/v3/batchorder",
            "d2f97uqDFOmJCGgDuKfX6OsONjRWRs3lX/uM5+ttcNWfE/91ugSgkOVua/yz5xjQzT0UHYRZ2+a2OzEpjSthKw==",
        ),
        (
            "count=5&sort=asc",
            "",
            "/api/history/v2/orders",
            "GhTHgbIcmqTlOEnuxueDkx+GTU8AlTv3BNGji1w1ZpZE1fAKJR4vE+Dn5wb1SHP4ncF8Co02d4BZathejnwz0A==",
        ),
    ];
    for (post_data, nonce, path, want) in vectors {
        assert_eq!(sign::authent(&secret, post_data, nonce, path), want, "{path} {post_data}");
    }
    let challenge = sign::signed_challenge(&secret, "226aee50-88fc-4618-a42a-34f7709570b2");
    assert_eq!(
        challenge,
        "L/gyrYwQ+vS9iUjYD3n2+KK1njQCAs5M74KzX/SeHvpXLLGxRbMRymfNZee1f5KCeNcxVgcbJey/iRDniwmFCg=="
    );
}

#[test]
fn every_signed_request_of_the_fixtures_verifies() {
    let Some(folder) = fixtures("kraken-futures") else { return };
    let cases: serde_json::Value = serde_json::from_str(&text(&folder, "ccxt/request_cases.json")).unwrap();
    let secret = Secret::from_text(SECRET);
    let mut verified = 0;
    for case in cases.as_array().unwrap() {
        for request in case["expected_requests"].as_array().unwrap() {
            let Some(signed) = request["signed"].as_object() else { continue };
            let part = |name: &str| signed[name].as_str().unwrap();
            let path = request["url"].as_str().unwrap().strip_prefix("https://futures.kraken.com").unwrap();
            let path = path.split('?').next().unwrap();
            assert_eq!(sign::endpoint_path(path), part("endpoint_path"), "{}", case["id"]);
            let authent = sign::authent(&secret, part("post_data"), part("nonce"), path);
            assert_eq!(authent, signed["headers"]["Authent"].as_str().unwrap(), "{}", case["id"]);
            verified += 1;
        }
    }
    assert!(verified > 20, "{verified}");
}

#[test]
fn the_bytes_that_are_signed_are_the_bytes_that_are_sent() {
    let credentials =
        Credentials { key: "K".to_owned(), secret: Secret::from_text(SECRET), passphrase: None };
    let mut adapter = adapter();
    let requests = [entry(), VenueRequest::QueryOpenOrders, VenueRequest::Cancel { order: order(0, 1) }];
    for request in requests {
        let (_, request) = sent(adapter.send(at(1_767_323_045_000), request));
        let signed = KrakenFutures.sign(&request, Some(&credentials), 0).unwrap();
        let post_data = if signed.body.is_empty() {
            signed.target.split_once('?').map_or("", |(_, q)| q)
        } else {
            &signed.body
        };
        let want = sign::authent(&credentials.secret, post_data, "", &request.path);
        let authent = signed.headers.iter().find(|header| header.name == "Authent").unwrap();
        assert_eq!(authent.value, want);
        assert!(KrakenFutures.sign(&request, None, 0).is_err(), "no key, no request");
    }
}

#[test]
fn a_stop_names_its_trigger_and_an_expiry_and_a_placement_is_never_repeatable() {
    let mut adapter = adapter();
    let stop_order = place(order(0, 2), OrderRole::Stop, Side::Sell, 15, stop(38_000, TriggerSource::Mark));
    let (_, request) = sent(adapter.send(at(1_767_323_045_000), VenueRequest::Place(stop_order)));
    let want = [
        ("orderType", "stp"),
        ("symbol", "PF_XBTUSD"),
        ("side", "sell"),
        ("size", "0.0015"),
        ("stopPrice", "38000"),
        ("triggerSignal", "mark"),
        ("reduceOnly", "true"),
        ("cliOrdId", "sw00000070000002"),
        ("processBefore", "2026-01-02T03:04:15.000Z"),
    ];
    let got = fields(&request);
    assert_eq!(got.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>(), want);
    assert_eq!((request.repeat, request.lane), (Repeat::Never, Lane::Protect));
    assert_eq!(request.costs[0].milli, 10_000);
}

/// `EditOrder` resets what it leaves out, and reads a size as what remains unless told otherwise.
#[test]
fn an_amendment_states_total_size_and_every_price() {
    let mut adapter = adapter();
    let stop_order = place(order(0, 2), OrderRole::Stop, Side::Sell, 15, stop(38_000, TriggerSource::Mark));
    adapter.send(at(0), VenueRequest::Place(stop_order));
    let kind = stop(38_500, TriggerSource::Mark);
    let amend = VenueRequest::Amend { order: order(0, 2), qty: seawall_model::QtyUnits::new(20), kind };
    let (_, request) = sent(adapter.send(at(1_000), amend));
    assert_eq!(request.path, tables::path::EDIT_ORDER);
    assert_eq!(field(&request, "size").as_deref(), Some("0.002"));
    assert_eq!(field(&request, "qtyMode").as_deref(), Some("ABSOLUTE"));
    assert_eq!(field(&request, "stopPrice").as_deref(), Some("38500"));
    assert_eq!(request.lane, Lane::Protect, "a stop's amendment goes first");
    let unknown = VenueRequest::Amend { order: order(0, 9), qty: seawall_model::QtyUnits::new(20), kind };
    assert_eq!(sent(adapter.send(at(1_000), unknown)).1.lane, Lane::Protect, "it may be a stop");
}

#[test]
fn a_placed_order_is_accepted_with_its_id_and_cancelled_by_it() {
    let mut adapter = adapter();
    let (ticket, _) = sent(adapter.send(at(0), entry()));
    let placed = r#"{"result":"success","serverTime":"2026-01-02T03:04:05.010Z","sendStatus":{"order_id":"aaaaaaaa-1111-4111-8111-111111111111","cliOrdId":"x","status":"placed","receivedTime":"2026-01-02T03:04:05.006Z","orderEvents":[{"type":"PLACE","order":{"orderId":"x"},"reducedQuantity":null}]}}"#;
    let outcome = ended(adapter.on_reply(ticket, at(1), &reply(placed)));
    assert_eq!(outcome.certainty, Certainty::Done);
    assert!(
        matches!(event(&outcome.inputs), VenueEvent::Accepted { order: found, .. } if *found == order(0, 1))
    );
    let (_, request) = sent(adapter.send(at(2), VenueRequest::Cancel { order: order(0, 1) }));
    assert_eq!(field(&request, "order_id").as_deref(), Some("aaaaaaaa-1111-4111-8111-111111111111"));
    assert!(adapter.on_reply(ticket, at(3), &reply(placed)).is_none(), "one answer for each request");
}

/// I-24: an accepted order without an id is not accepted under a made-up one.
#[test]
fn i_24_success_without_an_order_id_is_an_unknown_outcome() {
    let without = r#"{"result":"success","sendStatus":{"status":"placed","orderEvents":[]},"serverTime":"2026-01-02T03:04:05.007Z"}"#;
    let outcome = outcome(entry(), &reply(without));
    assert_eq!(outcome.certainty, Certainty::Unknown);
    assert!(matches!(outcome.inputs[..], [Input::Submission { outcome: SubmitOutcome::Unknown, .. }]));
}

#[test]
fn words_that_are_not_listed_are_an_unknown_outcome_and_never_a_refusal() {
    let bodies = [
        r#"{"result":"success","sendStatus":{"status":"someNewStatus","order_id":"x"},"serverTime":"2026-01-02T03:04:05Z"}"#,
        r#"{"result":"error","error":"somethingNew","serverTime":"2026-01-02T03:04:05Z"}"#,
        r#"{"result":"error","errors":[{"code":4711,"message":"NEW_MESSAGE"}]}"#,
        r#"{"result":"success","serverTime":"2026-01-02T03:04:05Z"}"#,
        "<html>Bad gateway</html>",
        "",
        r#"{"result":"succ"#,
    ];
    for body in bodies {
        for status in [200, 400, 500, 502, 520] {
            let outcome = outcome(entry(), &reply_with(status, body));
            assert_eq!(outcome.certainty, Certainty::Unknown, "{status} {body}");
            assert!(matches!(
                outcome.inputs[..],
                [Input::Submission { outcome: SubmitOutcome::Unknown, .. }]
            ));
            assert_eq!(outcome.failure.unwrap().advice, Advice::Ask);
        }
    }
}

#[test]
fn the_transport_decides_between_not_sent_and_unknown() {
    let not_sent = outcome(entry(), &Err(TransportFailure::NotSent));
    assert!(matches!(not_sent.inputs[..], [Input::Submission { outcome: SubmitOutcome::NotSent, .. }]));
    let unknown = outcome(entry(), &Err(TransportFailure::MaybeSent));
    assert!(matches!(unknown.inputs[..], [Input::Submission { outcome: SubmitOutcome::Unknown, .. }]));
    let cancel = outcome(VenueRequest::Cancel { order: order(0, 1) }, &Err(TransportFailure::MaybeSent));
    assert!(cancel.inputs.is_empty() && cancel.failure.unwrap().advice == Advice::Again);
    let query = outcome(VenueRequest::QueryPositions, &Err(TransportFailure::MaybeSent));
    assert_eq!(coverage(&query.inputs), Coverage::Failed);
}

#[test]
fn each_refusal_has_its_reason() {
    let cases = [
        ("postWouldExecute", RejectReason::WouldTakeLiquidity),
        ("wouldNotReducePosition", RejectReason::NothingToReduce),
        ("insufficientAvailableFunds", RejectReason::InsufficientFunds),
        ("invalidSize", RejectReason::InvalidQuantity),
        ("invalidPrice", RejectReason::InvalidPrice),
        ("clientOrderIdAlreadyExist", RejectReason::DuplicateId),
        ("marketSuspended", RejectReason::MarketClosed),
        ("tooManyOrders", RejectReason::RateLimited),
    ];
    for (word, want) in cases {
        let body = format!(
            r#"{{"result":"success","sendStatus":{{"status":"{word}","orderEvents":[]}},"serverTime":"2026-01-02T03:04:05Z"}}"#
        );
        let outcome = outcome(entry(), &reply(&body));
        assert_eq!(outcome.certainty, Certainty::NotDone, "{word}");
        assert!(
            matches!(event(&outcome.inputs), VenueEvent::Rejected { reason, .. } if *reason == want),
            "{word}"
        );
    }
    let event_says_no = r#"{"result":"success","sendStatus":{"status":"placed","order_id":"x","orderEvents":[{"type":"REJECT","uid":"x","reason":"POST_WOULD_EXECUTE"}]},"serverTime":"2026-01-02T03:04:05Z"}"#;
    let outcome = outcome(entry(), &reply(event_says_no));
    assert!(matches!(
        event(&outcome.inputs),
        VenueEvent::Rejected { reason: RejectReason::WouldTakeLiquidity, .. }
    ));
}

#[test]
fn a_cancellation_that_finds_nothing_is_not_a_cancellation() {
    for word in ["notFound", "filled"] {
        let body = format!(
            r#"{{"result":"success","cancelStatus":{{"status":"{word}"}},"serverTime":"2026-01-02T03:04:05Z"}}"#
        );
        let outcome = outcome(VenueRequest::Cancel { order: order(0, 1) }, &reply(&body));
        assert!(matches!(
            event(&outcome.inputs),
            VenueEvent::CancelRejected { reason: RejectReason::OrderNotFound, .. }
        ));
    }
}

#[test]
fn problems_with_the_key_say_what_to_do() {
    let refused = outcome(entry(), &reply(r#"{"result":"error","error":"authenticationError"}"#));
    let failure = refused.failure.unwrap();
    assert!(failure.problem.is_fatal() && failure.to_string().contains("permissions"), "{failure}");
    let check = |general: &str, transfer: &str| {
        let body =
            format!(r#"{{"apiKey":"x","permissions":{{"general":"{general}","transfer":"{transfer}"}}}}"#);
        match answer(&Query::Permissions, &reply(&body)).unwrap() {
            Answer::Permissions(permissions) => permissions.check(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(check("FULL_ACCESS", "NO_ACCESS"), Ok(()));
    assert_eq!(check("READ_ONLY", "NO_ACCESS"), Err(KeyProblem::CannotTrade));
    assert_eq!(check("NO_ACCESS", "NO_ACCESS"), Err(KeyProblem::CannotRead));
    assert_eq!(check("FULL_ACCESS", "FULL_ACCESS"), Err(KeyProblem::CanWithdraw));
    let wrong =
        answer(&Query::Permissions, &reply_with(401, r#"{"error":"x","message":"y","suberror":null}"#));
    assert_eq!(wrong.unwrap_err().problem, Problem::Refused);
}

/// The classes of `expected_class` in the fixtures.
fn is_class(failure: &Failure, class: &str) -> bool {
    let rejected = matches!(failure.problem, Problem::Rejected(_));
    match class {
        "rejected" => failure.certainty == Certainty::NotDone && rejected,
        "rejected-temporary" => {
            failure.certainty == Certainty::NotDone && rejected && failure.advice == Advice::Again
        }
        "retryable" => {
            let again = matches!(failure.advice, Advice::Again | Advice::Wait(_));
            failure.certainty == Certainty::NotDone && !rejected && again
        }
        "ambiguous" => failure.certainty == Certainty::Unknown && failure.advice == Advice::Ask,
        other => panic!("{other}"),
    }
}

#[test]
fn every_error_of_the_fixtures_has_its_class() {
    let Some(folder) = fixtures("kraken-futures") else { return };
    let cases: serde_json::Value = serde_json::from_str(&text(&folder, "ccxt/response_cases.json")).unwrap();
    let mut checked = 0;
    for case in cases.as_array().unwrap() {
        let Some(class) = case["expected_class"].as_str() else { continue };
        let outcome = outcome(entry(), &reply(&case["payload"].to_string()));
        let failure = outcome.failure.unwrap();
        assert!(is_class(&failure, class), "{}: {failure:?} is not {class}", case["id"]);
        checked += 1;
    }
    assert_eq!(checked, 10);
}

fn found(step_bodies: &[&str]) -> (Outcome, Vec<String>) {
    let mut adapter = adapter();
    let place_it = VenueRequest::Place(place(
        order(0, 1),
        OrderRole::Entry,
        Side::Buy,
        10,
        limit(9, TimeInForce::PostOnly),
    ));
    adapter.send(at(1_767_323_000_000), place_it);
    let mut dispatch =
        Some(adapter.send(at(1_767_323_045_000), VenueRequest::QueryOrder { order: order(0, 1) }));
    let mut paths = Vec::new();
    for body in step_bodies {
        let (ticket, request) = sent(dispatch.unwrap());
        paths.push(request.target());
        dispatch = adapter.on_reply(ticket, at(1_767_323_046_000), &reply(body));
    }
    (ended(dispatch), paths)
}

const NO_OPEN: &str = r#"{"result":"success","openOrders":[],"serverTime":"2026-01-02T03:04:05.000Z"}"#;
const NO_STATUS: &str = r#"{"result":"success","orders":[],"serverTime":"2026-01-02T03:04:06.000Z"}"#;
const NO_HISTORY: &str = r#"{"elements":[],"len":0}"#;

#[test]
fn an_order_is_absent_only_when_open_orders_status_and_both_histories_do_not_have_it() {
    let (outcome, paths) = found(&[NO_OPEN, NO_STATUS, NO_HISTORY, NO_HISTORY]);
    let VenueEvent::Order { report, .. } = event(&outcome.inputs) else { panic!() };
    assert_eq!((report.coverage, report.rows.len()), (Coverage::Complete, 0));
    assert_eq!(report.taken_at.to_string(), "2026-01-02T03:04:05Z", "as old as its oldest part");
    assert!(paths[2].starts_with("/api/history/v3/orders?since=1767322940000&sort=desc"), "{}", paths[2]);
    assert!(paths[3].starts_with("/api/history/v3/triggers"));
    let (outcome, _) = found(&[NO_OPEN, NO_STATUS, "<html>"]);
    assert_eq!(coverage(&outcome.inputs), Coverage::Failed);
}

#[test]
fn an_order_that_has_ended_is_found_in_the_history_also_on_a_later_page() {
    let page = r#"{"elements":[],"len":0,"continuationToken":"abc="}"#;
    let filled = r#"{"elements":[{"uid":"u","timestamp":1767323045500,"event":{"OrderPlaced":{"order":{"uid":"o-1","tradeable":"PF_XBTUSD","direction":"Buy","quantity":"0","filled":"0.001","limitPrice":"68.9600","orderType":"IoC","clientId":"sw00000070000001","reduceOnly":false},"reason":"new_user_order","reducedQuantity":""}}}]}"#;
    let (outcome, paths) = found(&[NO_OPEN, NO_STATUS, page, filled]);
    assert!(paths[3].contains("continuation_token=abc%3D"), "{}", paths[3]);
    let VenueEvent::Order { report, .. } = event(&outcome.inputs) else { panic!() };
    assert_eq!(report.rows[0].state, OrderState::Filled);
    assert_eq!(report.rows[0].kind, limit(9, TimeInForce::PostOnly), "what we know of our own order is kept");
    let placed_only =
        filled.replace(r#""quantity":"0","filled":"0.001""#, r#""quantity":"0.001","filled":"0""#);
    let (outcome, _) = found(&[NO_OPEN, NO_STATUS, &placed_only]);
    assert_eq!(
        coverage(&outcome.inputs),
        Coverage::Failed,
        "it was there and its end is not shown: nothing is proven"
    );
}

#[test]
fn pages_of_history_of_the_fixtures_are_read_to_their_end() {
    let Some(folder) = fixtures("kraken-futures") else { return };
    let cases: serde_json::Value = serde_json::from_str(&text(&folder, "ccxt/response_cases.json")).unwrap();
    let case = |id: &str| {
        cases.as_array().unwrap().iter().find(|case| case["id"] == id).unwrap()["payload"].to_string()
    };
    let (orders, triggers) = (case("order-placed-ioc-filled"), case("closed-triggers"));
    let (outcome, paths) = found(&[NO_OPEN, NO_STATUS, &orders, NO_HISTORY, &triggers]);
    assert_eq!(coverage(&outcome.inputs), Coverage::Complete, "{:?}", outcome.failure);
    assert!(paths[3].contains("continuation_token=MTcwNzMzMDk5NTA5Mi8xMzQ0NTIxMDM0MzA%3D"), "{}", paths[3]);
    // The market order of the fixture, had it been ours: filled, with what remains and what filled added up.
    let ours = orders.replace(r#""clientId":"""#, r#""clientId":"sw00000070000001""#);
    let (outcome, _) = found(&[NO_OPEN, NO_STATUS, &ours]);
    let VenueEvent::Order { report, .. } = event(&outcome.inputs) else { panic!() };
    assert_eq!((report.rows[0].state, report.rows[0].filled.get()), (OrderState::Filled, 10));
    let woken = triggers.replacen(r#""clientId":"""#, r#""clientId":"sw00000070000001""#, 1);
    let (outcome, _) = found(&[NO_OPEN, NO_STATUS, NO_HISTORY, &woken]);
    assert_eq!(coverage(&outcome.inputs), Coverage::Failed, "a trigger that woke is no end");
}

/// I-49: an order that had entered the book was not known as alive.
#[test]
fn i_49_every_status_of_a_working_order_is_alive_and_an_unlisted_one_too() {
    for (word, want) in [
        ("ENTERED_BOOK", OrderState::Open),
        ("TRIGGER_PLACED", OrderState::Open),
        ("FULLY_EXECUTED", OrderState::Filled),
        ("CANCELLED", OrderState::Cancelled),
        ("REJECTED", OrderState::Rejected),
        ("TRIGGER_ACTIVATION_FAILURE", OrderState::Expired),
        ("SOMETHING_NEW", OrderState::Open),
    ] {
        let status = format!(
            r#"{{"result":"success","serverTime":"2026-01-02T03:04:06Z","orders":[{{"order":{{"type":"ORDER","orderId":"o-1","cliOrdId":"sw00000070000001","symbol":"PF_XBTUSD","side":"buy","quantity":0.001,"filled":0,"limitPrice":9,"reduceOnly":false}},"status":"{word}","updateReason":null,"error":null}}]}}"#
        );
        let (outcome, _) = found(&[NO_OPEN, &status]);
        let VenueEvent::Order { report, .. } = event(&outcome.inputs) else { panic!() };
        assert_eq!(report.rows[0].state, want, "{word}");
        let told = outcome.notices.iter().any(|notice| matches!(notice, Notice::UnlistedWord { .. }));
        assert_eq!(told, word == "SOMETHING_NEW");
    }
}

/// I-68: a null price broke the reader, and a take-profit was taken for a stop.
#[test]
fn i_68_null_prices_and_kinds_of_orders_are_read_in_one_place() {
    let row = |kind: &str, limit: &str, stop: &str| {
        format!(
            r#"{{"order_id":"o-{kind}{limit}","symbol":"PF_XBTUSD","side":"sell","orderType":"{kind}","limitPrice":{limit},"stopPrice":{stop},"unfilledSize":0.002,"filledSize":0.001,"status":"untouched","reduceOnly":true,"triggerSignal":"mark"}}"#
        )
    };
    let rows = [
        row("lmt", "41000", "null"),
        row("stop", "null", "38000"),
        row("stop", "37000", "38000"),
        row("take_profit", "0", "45000"),
        row("take_profit", "44000", "45000"),
    ];
    let body = format!(
        r#"{{"result":"success","serverTime":"2026-01-02T03:04:05Z","openOrders":[{}]}}"#,
        rows.join(",")
    );
    let outcome = outcome(VenueRequest::QueryOpenOrders, &reply(&body));
    let VenueEvent::OpenOrders(report) = event(&outcome.inputs) else { panic!() };
    let names: Vec<&str> = report.rows.iter().map(|row| row.kind.name()).collect();
    assert_eq!(names, ["limit", "stop_market", "stop_limit", "take_profit_market", "take_profit_limit"]);
    assert!(
        report.rows.iter().all(|row| row.qty.get() == 30 && row.filled.get() == 10 && row.order.is_none())
    );
}

#[test]
fn one_unreadable_row_of_ours_makes_the_list_a_failed_one_and_a_foreign_market_is_named() {
    let good = r#"{"order_id":"o-1","symbol":"PF_XBTUSD","side":"sell","orderType":"lmt","limitPrice":41000,"unfilledSize":0.002,"filledSize":0,"status":"untouched","reduceOnly":true}"#;
    let foreign = good.replace("PF_XBTUSD", "PF_DELISTEDUSD");
    let bad = good.replace("0.002", "0.00000001");
    let body = |rows: &str| {
        format!(r#"{{"result":"success","serverTime":"2026-01-02T03:04:05Z","openOrders":[{rows}]}}"#)
    };
    let outcome_of = |rows: &str| outcome(VenueRequest::QueryOpenOrders, &reply(&body(rows)));
    let named = outcome_of(&format!("{good},{foreign}"));
    assert_eq!(coverage(&named.inputs), Coverage::Complete);
    let VenueEvent::OpenOrders(report) = event(&named.inputs) else { panic!() };
    assert_eq!(report.rows.len(), 1);
    let [Notice::UnmappedInstrument { symbol, .. }] = &named.notices[..] else { panic!() };
    assert_eq!(symbol, "PF_DELISTEDUSD");
    let failed = outcome_of(&format!("{good},{bad}"));
    assert_eq!(coverage(&failed.inputs), Coverage::Failed);
}

#[test]
fn a_position_on_an_instrument_that_is_not_ours_is_told_before_the_positions_with_its_value() {
    let row = |symbol: &str, side: &str| {
        format!(r#"{{"side":"{side}","symbol":"{symbol}","price":40000,"size":0.1}}"#)
    };
    let body = |rows: &[String]| {
        let rows = rows.join(",");
        format!(r#"{{"result":"success","serverTime":"2026-01-02T03:04:05Z","openPositions":[{rows}]}}"#)
    };
    let rows = [row("PF_XBTUSD", "long"), row("PF_DELISTEDUSD", "short")];
    let outcome_of = |rows: &[String]| outcome(VenueRequest::QueryPositions, &reply(&body(rows)));
    let both = outcome_of(&rows);
    let [Input::Venue(VenueEvent::Elsewhere(other)), Input::Venue(VenueEvent::Positions(ours))] =
        &both.inputs[..]
    else {
        panic!("{:?}", both.inputs)
    };
    assert_eq!((ours.rows.len(), ours.taken_at), (1, other.taken_at));
    let told = (other.rows[0].symbol.as_str(), other.rows[0].qty.to_string());
    assert_eq!(told, ("PF_DELISTEDUSD", "-0.1".to_owned()));
    assert_eq!(other.rows[0].value.unwrap(), "4000".parse().unwrap());
    assert_eq!(outcome_of(&rows[..1]).inputs.len(), 1, "nothing is told where there is nothing");
}

/// D-26: a position was booked at the price 0 because the field was not found.
#[test]
fn d_26_a_position_without_an_entry_price_is_unreadable_and_never_at_zero() {
    for price in ["", r#""price":0,"#, r#""price":null,"#] {
        let body = format!(
            r#"{{"result":"success","serverTime":"2026-01-02T03:04:05Z","openPositions":[{{"side":"long","symbol":"PF_XBTUSD",{price}"size":0.1}}]}}"#
        );
        let outcome = outcome(VenueRequest::QueryPositions, &reply(&body));
        assert_eq!(coverage(&outcome.inputs), Coverage::Failed);
    }
}

/// D-34: an order's size was filled with the contract's size, and every emergency order was a short.
#[test]
fn d_34_size_and_side_of_an_order_are_those_of_the_order() {
    for (side, want) in [(Side::Buy, "buy"), (Side::Sell, "sell")] {
        let close = place(order(0, 3), OrderRole::Emergency, side, 123, OrderKind::Market);
        let (_, request) = sent(adapter().send(at(0), VenueRequest::Place(close)));
        assert_eq!(field(&request, "side").as_deref(), Some(want));
        assert_eq!(field(&request, "size").as_deref(), Some("0.0123"));
        assert_eq!(field(&request, "orderType").as_deref(), Some("mkt"));
        assert_eq!(request.lane, Lane::Protect);
    }
}

/// I-61: the list of positions has no mark price, profit or margin; they are completed.
#[test]
fn i_61_a_position_is_completed_from_mark_price_and_margin_table() {
    let Some(folder) = fixtures("kraken-futures") else { return };
    let list = &payloads(&folder, "docs/get_instruments.json", "response")[0];
    let Answer::Instruments { listed, .. } = answer(&Query::Instruments, &reply(list)).unwrap() else {
        panic!()
    };
    let instrument = seawall_model::Instrument::new(InstrumentId(0), listed[0].spec.clone(), 1).unwrap();
    let market = seawall_venues::Market { listed: listed[0].clone(), instrument };
    let position = seawall_model::VenuePosition {
        instrument: InstrumentId(0),
        qty: market.instrument.qty_units("-2".parse().unwrap()).unwrap(),
        entry_price: market.instrument.price_units("400000".parse().unwrap()).unwrap(),
    };
    let mark = market.instrument.price_units("300000".parse().unwrap()).unwrap();
    let detail = enrich(&market, &position, Some(mark)).unwrap();
    assert_eq!(detail.unrealized_pnl.unwrap().to_string(), "200000");
    assert_eq!(detail.maintenance_margin.unwrap().to_string(), "12000", "600 000 is in the tier of 2 %");
    assert_eq!(enrich(&market, &position, None).unwrap().unrealized_pnl, None);
}

/// I-71: coin-margined and dated contracts never come in. The lot never comes from the tick.
#[test]
fn i_71_only_linear_perpetuals_are_listed_with_their_own_steps() {
    let Some(folder) = fixtures("kraken-futures") else { return };
    let files = [
        text(&folder, "nautilus/http_futures_instruments.json"),
        text(&folder, "nautilus/http_futures_instrument_no_fee_schedule.json"),
        payloads(&folder, "docs/get_instruments.json", "response").remove(0),
        text(&folder, "ccxt/markets.json"),
    ];
    let mut seen = Vec::new();
    for file in &files {
        let Answer::Instruments { listed, excluded } = answer(&Query::Instruments, &reply(file)).unwrap()
        else {
            panic!()
        };
        assert!(listed.iter().all(|row| row.symbol.starts_with("PF_")));
        assert!(excluded.iter().all(|row| !row.symbol.starts_with("PF_")), "{excluded:?}");
        seen.extend(listed);
    }
    let spec = |symbol: &str| &seen.iter().find(|row| row.symbol == symbol).unwrap().spec;
    assert_eq!(spec("PF_XBTUSD").name.as_str(), "kraken-futures:BTC/USD:USD");
    assert_eq!(spec("PF_XBTUSD").lot.to_string(), "0.0001");
    assert_eq!(spec("PF_PEPEUSD").lot.to_string(), "1000", "a negative precision is a lot");
    assert_eq!(spec("PF_PEPEUSD").tick.unwrap().to_string(), "0.0000000001");
    assert_eq!(spec("PF_AAPLxUSD").name.base().code(), "AAPLX");
    let tiers = &spec("PF_ETHUSD").margin_tiers;
    assert_eq!(tiers[0].notional_below.unwrap().to_string(), "2000000");
    assert_eq!(
        (tiers[0].maintenance_pct.to_string(), tiers[0].leverage_max.to_string()),
        ("1".into(), "50".into())
    );
    for row in &seen {
        seawall_model::Instrument::new(InstrumentId(0), row.spec.clone(), 0).unwrap();
    }
}

#[test]
fn candles_of_the_fixtures_are_exact_and_the_forming_one_is_apart() {
    let Some(folder) = fixtures("kraken-futures") else { return };
    let body = text(&folder, "nautilus/http_futures_candles_trade.json");
    let query =
        Query::Candles { instrument: InstrumentId(3), timeframe: Timeframe::H1, from: at(1_731_715_200_000) };
    let page = |received: i64| {
        let mut reply = reply(&body);
        reply.as_mut().unwrap().received_at = at(received);
        match answer(&query, &reply).unwrap() {
            Answer::Candles(page) => page,
            other => panic!("{other:?}"),
        }
    };
    let done = page(1_731_726_003_000);
    assert_eq!((done.closed.len(), done.forming.is_some(), done.more), (3, false, false));
    assert_eq!((done.closed[0].high.get(), done.closed[0].volume), (913_735, 319_499.0));
    let early = page(1_731_726_002_999);
    assert_eq!((early.closed.len(), early.forming.is_some()), (2, true));
    let request = KrakenFutures.ask(at(1_731_726_003_000), &query, &futures_markets()).unwrap();
    assert_eq!(request.target(), "/api/charts/v1/trade/PI_XBTUSD/1h?from=1731715200&to=1731726003");
    let unknown = Query::Candles { instrument: InstrumentId(3), timeframe: Timeframe::M3, from: at(0) };
    assert!(KrakenFutures.ask(at(0), &unknown, &futures_markets()).is_err());
}

#[test]
fn tickers_fills_accounts_and_the_switch_of_the_fixtures_are_read() {
    let Some(folder) = fixtures("kraken-futures") else { return };
    let tickers = text(&folder, "nautilus/http_futures_tickers.json");
    let Answer::Tickers(rows) = answer(&Query::Tickers, &reply(&tickers)).unwrap() else { panic!() };
    let row = rows.iter().find(|row| row.instrument == InstrumentId(3)).unwrap();
    assert_eq!(
        (row.bid.unwrap().get(), row.ask.unwrap().get(), row.mark.unwrap().get()),
        (914_150, 914_905, 915_065)
    );
    let docs = &payloads(&folder, "docs/get_tickers.json", "response")[0];
    assert!(matches!(answer(&Query::Tickers, &reply(docs)), Ok(Answer::Tickers(_))));

    let fills = text(&folder, "nautilus/http_futures_fills.json");
    let query = Query::Fills { since: Ts::EPOCH, before: None };
    let Answer::Fills { report, notices } = answer(&query, &reply(&fills)).unwrap() else { panic!() };
    assert_eq!(report.rows.len(), 3);
    assert!(report.rows.windows(2).all(|pair| pair[0].venue_time <= pair[1].venue_time));
    assert!(report.rows.iter().all(|fill| fill.cause == FillCause::Order && fill.order.is_none()));
    assert_eq!(notices.len(), 3, "fees in coin are not booked as dollars: {notices:?}");

    let wallets = &payloads(&folder, "docs/get_wallets.json", "response")[0];
    let Answer::Account(account) = answer(&Query::Account, &reply(wallets)).unwrap() else { panic!() };
    assert_eq!(
        (account.equity.to_string(), account.available.to_string()),
        ("34995.52".into(), "34122.66".into())
    );
    let balance = outcome(VenueRequest::QueryBalance, &reply(wallets));
    let VenueEvent::Balance { coverage, amount } = event(&balance.inputs) else { panic!() };
    assert_eq!((*coverage, amount.to_string().as_str()), (Coverage::Complete, "34995.52"));

    let switch = payloads(&folder, "docs/post_dead_man_s_switch.json", "response");
    let dead_man = |body: &str| answer(&Query::DeadMan { timeout_s: 60 }, &reply(body));
    let Ok(Answer::DeadMan(Some(when))) = dead_man(&switch[0]) else { panic!() };
    assert_eq!(when.to_string(), "2018-06-19T16:52:23.839Z");
    assert_eq!(dead_man(&switch[1]), Ok(Answer::DeadMan(None)));
    assert_eq!(dead_man(&switch[2]).unwrap_err().problem, Problem::RateLimited);
    let all = &payloads(&folder, "docs/post_cancel_all_orders.json", "response")[0];
    assert_eq!(
        answer(&Query::CancelAll { instrument: None }, &reply(all)),
        Ok(Answer::CancelledAll(Some(3)))
    );
    for file in ["docs/get_leverage_settings.json", "docs/put_set_leverage_settings.json"] {
        let query = Query::Leverage { instrument: InstrumentId(0), max: None };
        assert_eq!(answer(&query, &reply(&payloads(&folder, file, "response")[0])), Ok(Answer::Done));
    }
}

#[test]
fn orders_and_positions_of_the_fixtures_are_read() {
    let Some(folder) = fixtures("kraken-futures") else { return };
    let cases: serde_json::Value = serde_json::from_str(&text(&folder, "ccxt/response_cases.json")).unwrap();
    let case =
        |id: &str| cases.as_array().unwrap().iter().find(|c| c["id"] == id).unwrap()["payload"].to_string();
    let lists = [
        text(&folder, "nautilus/http_futures_open_orders.json"),
        payloads(&folder, "docs/get_open_orders.json", "response").remove(0),
        case("open-orders-milli"),
    ];
    for list in &lists {
        let outcome = outcome(VenueRequest::QueryOpenOrders, &reply(list));
        let VenueEvent::OpenOrders(report) = event(&outcome.inputs) else { panic!() };
        assert!(report.coverage == Coverage::Complete && !report.rows.is_empty());
    }
    let nautilus = text(&folder, "nautilus/http_futures_open_positions.json");
    let outcome_of = |body: &str| outcome(VenueRequest::QueryPositions, &reply(body));
    let listed = outcome_of(&nautilus);
    let VenueEvent::Positions(report) = event(&listed.inputs) else { panic!() };
    assert_eq!((report.rows[0].qty.get(), report.rows[0].entry_price.get()), (-8_000, 275_235));
    assert_eq!(report.rows[1].qty.get(), 12_000);
    let docs = outcome_of(&payloads(&folder, "docs/get_open_positions.json", "response")[0]);
    assert_eq!(docs.notices.len(), 2, "markets that are not ours are named");
    assert_eq!(outcome_of(&case("positions")).certainty, Certainty::Done);

    let placed = [text(&folder, "nautilus/http_send_order_futures.json")];
    let docs = payloads(&folder, "docs/post_send_order.json", "response");
    let certainty = |body: &str| outcome(entry(), &reply(body)).certainty;
    assert_eq!(certainty(&placed[0]), Certainty::Done);
    assert_eq!(
        docs.iter().map(|body| certainty(body)).collect::<Vec<_>>(),
        [Certainty::Done, Certainty::NotDone, Certainty::Done]
    );
    for body in [
        text(&folder, "nautilus/http_cancel_order_futures.json"),
        payloads(&folder, "docs/post_cancel_order.json", "response").remove(0),
    ] {
        let outcome = outcome(VenueRequest::Cancel { order: order(0, 1) }, &reply(&body));
        assert!(matches!(event(&outcome.inputs), VenueEvent::Cancelled { .. }));
    }
    let edited = &payloads(&folder, "docs/post_edit_order.json", "response")[0];
    let amend = VenueRequest::Amend {
        order: order(0, 1),
        qty: seawall_model::QtyUnits::new(5),
        kind: limit(9, TimeInForce::PostOnly),
    };
    assert!(matches!(event(&outcome(amend, &reply(edited)).inputs), VenueEvent::Amended { .. }));
}

/// Every answer of the fixtures, given to every reader: nothing panics, nothing turns into a refusal of an
/// order, and a list that is not the one asked for is a failed report.
#[test]
fn no_fixture_is_taken_for_something_else() {
    let Some(folder) = fixtures("kraken-futures") else { return };
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
