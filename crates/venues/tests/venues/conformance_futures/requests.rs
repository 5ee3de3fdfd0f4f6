//! Requests as they leave, and the answers that ccxt read.

use super::*;

// ---- requests ---------------------------------------------------------------------------------------------

/// What our codec makes of each request of ccxt: the request, and the fields that only one of the two sends.
pub(crate) fn codec_request(id: &str) -> Option<Request> {
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

pub(crate) fn request_of(request: VenueRequest) -> Request {
    let mut adapter = Adapter::new(KrakenFutures, futures_markets());
    let Dispatch::Send(_, request) = adapter.send(at(1_767_323_045_000), request) else { panic!() };
    *request
}

/// Requests of ccxt that this codec has no counterpart of; their signatures are verified like the others'.
pub(crate) const NOT_OURS: &[&str] = &[
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
pub(crate) const OWN_FIELDS: &[&str] =
    &["cliOrdId", "processBefore", "reduceOnly", "from", "to", "count", "before"];

/// The bytes of every request vector, signed by the codec: path, query, body and signature are ccxt's. And
/// what the codec itself makes of the same wish has the same fields.
pub(crate) fn requests(folder: &Path, file: &str) {
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

pub(crate) fn credentials() -> Credentials {
    let secret = Secret::from_text("FAKE futures secret for conformance tests only, 64 bytes long!!!");
    Credentials { key: "FAKE-FUTURES-KEY".to_owned(), secret, passphrase: None }
}

// ---- answers that ccxt read -------------------------------------------------------------------------------

pub(crate) fn is_class(failure: &Failure, class: &str) -> bool {
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

pub(crate) const NO_OPEN: &str =
    r#"{"result":"success","openOrders":[],"serverTime":"2026-01-02T03:04:05.000Z"}"#;
pub(crate) const NO_STATUS: &str =
    r#"{"result":"success","orders":[],"serverTime":"2026-01-02T03:04:06.000Z"}"#;
pub(crate) const NO_HISTORY: &str = r#"{"elements":[],"len":0}"#;

/// One order of ours looked for through all the steps of the question.
pub(crate) fn looked_for(bodies: &[&str]) -> Outcome {
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

pub(crate) fn responses(folder: &Path, file: &str) {
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
