//! Requests as they leave, and the answers that ccxt read.

use super::*;

// ---- requests ---------------------------------------------------------------------------------------------

pub(crate) fn request_of(request: VenueRequest) -> Request {
    let mut adapter = Adapter::new(KrakenSpot, markets());
    let Dispatch::Send(_, request) = adapter.send(at(1_767_323_045_000), request) else { panic!() };
    *request
}

pub(crate) fn codec_request(id: &str) -> Option<Request> {
    let markets = markets();
    let query = |query: Query| KrakenSpot.ask(at(1_767_323_045_000), &query, &markets).unwrap();
    let new = |side: Side, kind| {
        request_of(VenueRequest::Place(place(order(2, 1), OrderRole::Entry, side, 10_000_000, kind)))
    };
    let trigger = |price: i64| seawall_model::Trigger {
        price: seawall_model::PriceUnits::new(price),
        source: TriggerSource::Last,
    };
    Some(match id {
        "ohlcv-since" => {
            let from = at(1_706_628_191_000);
            query(Query::Candles { instrument: InstrumentId(1), timeframe: Timeframe::H1, from })
        }
        "depth" => query(Query::Records(Records::Book { instrument: InstrumentId(1), depth: 10 })),
        "time" => query(Query::ServerTime),
        "balance" => request_of(VenueRequest::QueryBalance),
        "cancel-all" => query(Query::CancelAll { instrument: None }),
        "open-orders" => request_of(VenueRequest::QueryOpenOrders),
        "positions" => query(Query::Records(Records::MarginPositions)),
        "market-buy" => new(Side::Buy, OrderKind::Market),
        "limit-ioc" => new(Side::Buy, limit(5_000, TimeInForce::ImmediateOrCancel)),
        "limit-userref" => new(Side::Buy, limit(5_000, TimeInForce::GoodTilCancelled)),
        "stop-loss-market" => new(Side::Sell, OrderKind::StopMarket { trigger: trigger(5_500) }),
        "take-profit-limit" => {
            let limit = seawall_model::PriceUnits::new(12_100);
            new(Side::Sell, OrderKind::TakeProfitLimit { trigger: trigger(12_000), limit })
        }
        _ => return None,
    })
}

/// Requests of ccxt that this codec has no counterpart of; their signatures are verified like the others'.
pub(crate) const NOT_OURS: &[&str] =
    &["ticker", "limit-oflags-post", "trailing-amount", "market-buy-cost", "cancel", "order"];
/// Fields that we always send and ccxt does not, or that each has its own value for.
pub(crate) const OWN_FIELDS: &[&str] = &["nonce", "cl_ord_id", "deadline", "trigger", "since"];

/// The bytes of every request vector, signed by the codec: path, body and signature are ccxt's. And what the
/// codec itself makes of the same wish has the same fields.
pub(crate) fn requests(folder: &Path, file: &str) {
    let secret = Secret::from_text("FAKE spot secret for conformance tests only, 64 bytes long !!!!!");
    let credentials = Credentials { key: "FAKE-SPOT-KEY".to_owned(), secret, passphrase: None };
    for case in list(&value(folder, file)) {
        let id = case["id"].as_str().unwrap();
        for sent in list(&case["expected_requests"]) {
            let url = sent["url"].as_str().unwrap().strip_prefix("https://api.kraken.com").unwrap();
            let (path, query) = url.split_once('?').unwrap_or((url, ""));
            let body = sent["body"].as_str().unwrap_or("");
            let mut request = Request::public(path.to_owned(), Form::new());
            request.query = query.to_owned();
            request.method = if sent["http_method"] == "POST" { Method::Post } else { Method::Get };
            request.signed = sent["signed"].is_object();
            let form = body.strip_prefix("nonce=1767323045000").unwrap_or(body);
            request.body = Body::Form(form.strip_prefix('&').unwrap_or(form).to_owned());
            let signed = KrakenSpot.sign(&request, Some(&credentials), 1_767_323_045_000).unwrap();
            assert_eq!((signed.target.as_str(), signed.body.as_str()), (url, body), "{id}");
            for name in ["API-Key", "API-Sign"].into_iter().filter(|_| request.signed) {
                let want = sent["signed"]["headers"][name].as_str().unwrap();
                let header = signed.headers.iter().find(|header| header.name == name).unwrap();
                assert_eq!(header.value, want, "{id}");
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
            assert_eq!((&*ours.path, ours.signed), (path, request.signed), "{id}");
            assert_eq!(shared(fields(&ours)), shared(fields(&request)), "{id}");
        }
    }
}

// ---- answers that ccxt read -------------------------------------------------------------------------------

pub(crate) fn is_class(failure: &Failure, class: &str) -> bool {
    let not_done = failure.certainty == Certainty::NotDone;
    match class {
        "rejected" => not_done && matches!(failure.problem, Problem::Rejected(_)),
        "retryable" => not_done && matches!(failure.advice, Advice::Again | Advice::Wait(_)),
        "retryable-slow" => not_done && failure.problem == Problem::Lockout,
        "ambiguous" => failure.certainty == Certainty::Unknown && failure.advice == Advice::Ask,
        other => panic!("{other}"),
    }
}

pub(crate) fn responses(folder: &Path, file: &str) {
    for one in list(&value(folder, file)) {
        let id = one["id"].as_str().unwrap();
        let (body, ccxt) = case(folder, file, id);
        if let Some(class) = one["expected_class"].as_str() {
            let failure = outcome(entry(), &body).failure.unwrap();
            assert!(is_class(&failure, class), "{id}: {failure:?} is not {class}");
            continue;
        }
        let markets = markets();
        let units = |id: u32| markets.get(InstrumentId(id)).unwrap().instrument.clone();
        match id {
            "add-order" => {
                let outcome = outcome(entry(), &body);
                let VenueEvent::Accepted { venue_order_id, .. } = event(&outcome.inputs) else { panic!() };
                assert_eq!(venue_order_id.to_string(), ccxt["id"].as_str().unwrap());
            }
            "query-market-closed" => {
                let raw = json(&body);
                let closed =
                    serde_json::json!({"error": [], "result": {"closed": raw["result"], "count": 1}});
                let found = closed_like(&closed.to_string(), ccxt["id"].as_str().unwrap(), 10_000_000);
                same("filled", units(2).qty(found.filled).get(), &ccxt["filled"]);
                assert_eq!((found.state.name(), ccxt["status"].as_str()), ("filled", Some("closed")));
            }
            "open-stop-loss-limit" => {
                let (found, want) = (orders_like(&body)[0], &list(&ccxt)[0]);
                let market = units(2);
                assert_eq!(found.venue_order_id.to_string(), want["id"].as_str().unwrap());
                let trigger = found.kind.trigger().unwrap().price;
                same("stopPrice", market.price(trigger).get(), &want["stopPrice"]);
                same("price", market.price(found.kind.limit().unwrap()).get(), &want["price"]);
                same("amount", market.qty(found.qty).get(), &want["amount"]);
                same("filled", market.qty(found.filled).get(), &want["filled"]);
            }
            "trades" => {
                let (found, want) = (&trades_like(&body)[0], &list(&ccxt)[0]);
                let market = units(found.instrument.0);
                assert_eq!(found.id, want["id"].as_str().unwrap());
                assert_eq!(Some(found.at.millis()), want["timestamp"].as_i64());
                assert_eq!(found.taker.name(), want["side"].as_str().unwrap());
                same("price", market.price(found.price).get(), &want["price"]);
                same("amount", market.qty(found.qty).get(), &want["amount"]);
            }
            "positions" => {
                let (found, want) = (&positions_like(&body)[0], &list(&ccxt)[0]);
                same("contracts", found.qty, &want["contracts"]);
                same("initialMargin", found.margin.get(), &want["initialMargin"]);
                same("unrealizedPnl", found.net.unwrap().get(), &want["unrealizedPnl"]);
                assert_eq!((found.side, want["side"].as_str()), (Side::Sell, Some("short")));
            }
            other => panic!("no check for {other}"),
        }
    }
}
