//! What was encoded is decoded back, and nothing that arrives makes a codec panic or invent a refusal.

use crate::common::*;
use proptest::prelude::*;
use proptest::sample::select;
use seawall_model::{
    Coverage, Input, OrderKind, OrderRequest, OrderRole, PriceUnits, Side, SubmitOutcome, TimeInForce,
    Trigger, TriggerSource, VenueEvent, VenueRequest,
};
use seawall_venues::codec::{Adapter, Codec, Dispatch, ORDER_QUESTIONS_MAX};
use seawall_venues::http::Request;
use seawall_venues::kraken_futures::KrakenFutures;
use seawall_venues::kraken_spot::KrakenSpot;
use seawall_venues::{Markets, Outcome};

fn kinds(sources: &'static [TriggerSource]) -> impl Strategy<Value = OrderKind> {
    let price = (1_i64..1_000_000).prop_map(PriceUnits::new);
    let trigger = (price.clone(), select(sources)).prop_map(|(price, source)| Trigger { price, source });
    let time =
        select(vec![TimeInForce::GoodTilCancelled, TimeInForce::ImmediateOrCancel, TimeInForce::PostOnly]);
    prop_oneof![
        (price.clone(), time).prop_map(|(price, time_in_force)| OrderKind::Limit { price, time_in_force }),
        trigger.clone().prop_map(|trigger| OrderKind::StopMarket { trigger }),
        (trigger.clone(), price.clone()).prop_map(|(trigger, limit)| OrderKind::StopLimit { trigger, limit }),
        trigger.clone().prop_map(|trigger| OrderKind::TakeProfitMarket { trigger }),
        (trigger, price).prop_map(|(trigger, limit)| OrderKind::TakeProfitLimit { trigger, limit }),
    ]
}

fn orders(sources: &'static [TriggerSource]) -> impl Strategy<Value = OrderRequest> {
    (kinds(sources), any::<bool>(), 1_i64..1_000_000, 1_u32..u32::MAX).prop_map(
        |(kind, buy, qty, sequence)| {
            let side = if buy { Side::Buy } else { Side::Sell };
            place(order(0, sequence), OrderRole::Stop, side, qty, kind)
        },
    )
}

fn request<C: Codec>(adapter: &mut Adapter<C>, request: VenueRequest) -> (seawall_venues::Ticket, Request) {
    match adapter.send(at(1_767_323_045_000), request) {
        Dispatch::Send(ticket, request) => (ticket, *request),
        Dispatch::Ended(outcome) => panic!("{outcome:?}"),
    }
}

fn outcome<C: Codec>(codec: C, markets: Markets, asked: VenueRequest, status: u16, body: &[u8]) -> Outcome {
    let mut adapter = Adapter::new(codec, markets);
    let (ticket, _) = request(&mut adapter, asked);
    let mut reply = reply_with(status, "");
    reply.as_mut().unwrap().body = body.to_vec();
    match adapter.on_reply(ticket, at(1_767_323_046_000), &reply) {
        Some(Dispatch::Ended(outcome)) => outcome,
        Some(Dispatch::Send(..)) => panic!("a second step"),
        None => panic!("no such ticket"),
    }
}

/// The row with which Kraken Futures lists the order that this request places.
fn futures_row(sent: &Request) -> String {
    let text = |name: &str| field(sent, name);
    let price = |name: &str| text(name).unwrap_or_else(|| "null".to_owned());
    let kind = match text("orderType").unwrap().as_str() {
        "stp" => "stop".to_owned(),
        "post" | "ioc" => "lmt".to_owned(),
        other => other.to_owned(),
    };
    let signal =
        text("triggerSignal").map(|signal| if signal == "index" { "spot".to_owned() } else { signal });
    format!(
        r#"{{"result":"success","serverTime":"2026-01-02T03:04:05Z","openOrders":[{{"order_id":"o-1","cliOrdId":"{}","symbol":"{}","side":"{}","orderType":"{kind}","limitPrice":{},"stopPrice":{},"unfilledSize":{},"filledSize":0,"status":"untouched","reduceOnly":{},"triggerSignal":{},"receivedTime":"2026-01-02T03:04:05Z","lastUpdateTime":"2026-01-02T03:04:05Z"}}]}}"#,
        text("cliOrdId").unwrap(),
        text("symbol").unwrap(),
        text("side").unwrap(),
        price("limitPrice"),
        price("stopPrice"),
        text("size").unwrap(),
        text("reduceOnly").unwrap(),
        signal.map_or_else(|| "null".to_owned(), |signal| format!("\"{signal}\"")),
    )
}

/// The row with which Kraken spot lists the order that this request places.
fn spot_row(sent: &Request) -> String {
    let text = |name: &str| field(sent, name).unwrap_or_default();
    let zero = |name: &str| field(sent, name).unwrap_or_else(|| "0".to_owned());
    format!(
        r#"{{"error":[],"result":{{"open":{{"OAAAAA-BBBBB-CCCCCC":{{"refid":null,"userref":0,"cl_ord_id":"{}","status":"open","descr":{{"pair":"{}","type":"{}","ordertype":"{}","price":"{}","price2":"{}","leverage":"none"}},"vol":"{}","vol_exec":"0.00000000","stopprice":"0.00000","limitprice":"0.00000","trigger":"{}","misc":"","oflags":"fciq,{}"}}}}}}}}"#,
        text("cl_ord_id"),
        text("pair"),
        text("type"),
        text("ordertype"),
        zero("price"),
        zero("price2"),
        text("volume"),
        zero("trigger"),
        text("oflags"),
    )
}

fn listed(outcome: &Outcome) -> seawall_model::VenueOrder {
    match event(&outcome.inputs) {
        VenueEvent::OpenOrders(report) if report.coverage == Coverage::Complete => report.rows[0],
        other => panic!("{other:?} {:?}", outcome.failure),
    }
}

fn fixture_bodies() -> Vec<Vec<u8>> {
    let folders = ["kraken-futures", "kraken-spot"].into_iter().filter_map(fixtures);
    let files = folders.flat_map(|folder| json_files(&folder));
    files.map(|file| std::fs::read(file).unwrap()).filter(|body| body.len() < 20_000).collect()
}

fn never_refused(outcome: &Outcome, body: &[u8]) {
    let unknown = matches!(
        outcome.inputs[..],
        [Input::Submission { outcome: SubmitOutcome::Unknown, .. }]
            | [Input::Venue(VenueEvent::Accepted { .. })]
    );
    assert!(unknown, "{outcome:?} of {}", String::from_utf8_lossy(body));
}

proptest! {
    #[test]
    fn an_order_is_listed_by_kraken_futures_as_it_was_placed(
        wanted in orders(&[TriggerSource::Mark, TriggerSource::Last, TriggerSource::Index]),
    ) {
        let mut adapter = Adapter::new(KrakenFutures, futures_markets());
        let (_, sent) = request(&mut adapter, VenueRequest::Place(wanted));
        let (ticket, _) = request(&mut adapter, VenueRequest::QueryOpenOrders);
        let reply = reply(&futures_row(&sent));
        let Some(Dispatch::Ended(outcome)) = adapter.on_reply(ticket, at(0), &reply) else { panic!() };
        let row = listed(&outcome);
        prop_assert_eq!((row.order, row.side), (Some(wanted.order), wanted.side));
        prop_assert_eq!((row.qty, row.kind), (wanted.qty, wanted.kind));
        prop_assert!(row.reduce_only);
    }

    #[test]
    fn an_order_is_listed_by_kraken_spot_as_it_was_placed(
        wanted in orders(&[TriggerSource::Last, TriggerSource::Index]),
    ) {
        let mut adapter = Adapter::new(KrakenSpot, spot_markets());
        let (_, sent) = request(&mut adapter, VenueRequest::Place(wanted));
        let (ticket, _) = request(&mut adapter, VenueRequest::QueryOpenOrders);
        let reply = reply(&spot_row(&sent));
        let Some(Dispatch::Ended(outcome)) = adapter.on_reply(ticket, at(0), &reply) else { panic!() };
        let row = listed(&outcome);
        prop_assert_eq!((row.order, row.side), (Some(wanted.order), wanted.side));
        prop_assert_eq!((row.qty, row.kind), (wanted.qty, wanted.kind));
    }

    /// Arbitrary bytes: no panic, and a placement is never called refused.
    #[test]
    fn arbitrary_bytes_are_an_unknown_outcome(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        status in select(vec![200_u16, 400, 404, 500, 502]),
    ) {
        let kind = limit(5, TimeInForce::PostOnly);
        let entry = VenueRequest::Place(place(order(0, 1), OrderRole::Entry, Side::Buy, 1, kind));
        never_refused(&outcome(KrakenFutures, futures_markets(), entry, status, &body), &body);
        never_refused(&outcome(KrakenSpot, spot_markets(), entry, status, &body), &body);
    }
}

/// Fixtures with bytes changed, cut out and doubled: no panic in any reader; a report is complete or failed.
#[test]
fn mutated_fixtures_never_panic() {
    let bodies = fixture_bodies();
    if bodies.is_empty() {
        return;
    }
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let edits = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0_u8..3), 1..4);
    let input = (select(bodies), edits);
    let result = runner.run(&input, |(mut body, edits)| {
        for (index, byte, edit) in edits {
            let place = index.index(body.len());
            match edit {
                0 => body[place] = byte,
                1 => drop(body.remove(place)),
                _ => body.truncate(place.max(1)),
            }
        }
        for asked in [VenueRequest::QueryOpenOrders, VenueRequest::QueryPositions, VenueRequest::QueryBalance]
        {
            for got in [
                outcome(KrakenFutures, futures_markets(), asked, 200, &body),
                outcome(KrakenSpot, spot_markets(), asked, 200, &body),
            ] {
                prop_assert!(matches!(coverage(&got.inputs), Coverage::Complete | Coverage::Failed));
            }
        }
        Ok(())
    });
    result.unwrap();
}

#[test]
fn many_questions_about_orders_stand_in_the_way_of_nothing_and_each_is_asked_once() {
    // After a stall, hundreds of them filled all places: not even positions could be asked for any more.
    let mut adapter = Adapter::new(KrakenFutures, futures_markets());
    let question =
        |number: usize| VenueRequest::QueryOrder { order: order(0, u32::try_from(number).unwrap()) };
    for number in 1..=ORDER_QUESTIONS_MAX {
        request(&mut adapter, question(number));
    }
    let ended = |adapter: &mut Adapter<KrakenFutures>, asked| match adapter.send(at(1_767_323_045_000), asked)
    {
        Dispatch::Ended(outcome) => outcome,
        Dispatch::Send(..) => panic!("it was sent"),
    };
    let again = ended(&mut adapter, question(1));
    assert!(again.inputs.is_empty() && again.failure.is_none(), "the first answer answers both: {again:?}");
    let further = ended(&mut adapter, question(ORDER_QUESTIONS_MAX + 1));
    assert!(further.failure.is_some() && !further.inputs.is_empty(), "the engine is told: {further:?}");
    for asked in [VenueRequest::QueryOpenOrders, VenueRequest::QueryPositions, VenueRequest::QueryBalance] {
        request(&mut adapter, asked);
    }
    let kind = OrderKind::Market;
    let exit = place(order(0, 900), OrderRole::Exit, Side::Sell, 5, kind);
    request(&mut adapter, VenueRequest::Place(exit));
}
