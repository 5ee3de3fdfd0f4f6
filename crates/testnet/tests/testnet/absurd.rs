//! Whatever a client sends is answered in the venue's words: numbers that fit into nothing, words in the
//! place of numbers, fields that contradict each other. Nothing panics, and the books stay whole.

use crate::common::{Bench, START, settings};
use proptest::prelude::*;
use proptest::sample::select;
use seawall_model::{Span, Ts};
use seawall_testnet::control;
use seawall_testnet::world::VenueKind;
use seawall_testnet::{Answer, ConnectionId, HttpRequest, Protocol, Setup, Testnet};
use seawall_venues::Secret;
use seawall_venues::kraken_spot::sign::api_sign;
use serde_json::{Value, json};

/// Values that have broken things before, somewhere.
const ABSURD: [&str; 34] = [
    "1e28",
    "-1e28",
    "79228162514264337593543950335",
    "7.9228162514264337593543950335",
    "1e-28",
    "1e400",
    "0.0000000000000000000000000001",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "922337203685477.5807",
    "0",
    "-0",
    "-1",
    "0.5",
    "1000000000",
    "NaN",
    "inf",
    "",
    " ",
    "+5",
    "-5%",
    "#2%",
    "+99999999999999999999%",
    "#9223372036854775807",
    "true",
    "null",
    "[]",
    "{}",
    "2026-01-02T03:04:05.000Z",
    "9999-12-31T23:59:59Z",
    "\u{0663}",
    "viqc,post,fciq",
    "PF_ETHUSD",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(ABSURD.to_vec()).prop_map(str::to_owned),
        2 => any::<i64>().prop_map(|number| number.to_string()),
        2 => (any::<i64>(), 0_u32..28).prop_map(|(number, scale)| {
            rust_decimal::Decimal::from_i128_with_scale(i128::from(number), scale).to_string()
        }),
        1 => "[ -~]{0,12}",
    ]
}

/// What is sent: which request, the base of its fields, and what stands in the place of some of them.
type Sent = (usize, usize, Vec<(usize, String)>);

fn requests(paths: usize, bases: usize, names: usize) -> impl Strategy<Value = Vec<Sent>> {
    let one = (0..paths, 0..bases, prop::collection::vec((0..names, value()), 0..4));
    prop::collection::vec(one, 1..40)
}

fn form(base: &[(&str, &str)], names: &[&str], changes: &[(usize, String)]) -> String {
    let mut fields: Vec<(String, String)> =
        base.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for (place, value) in changes {
        let name = names[*place];
        fields.retain(|(known, _)| known != name);
        fields.push((name.to_owned(), value.clone()));
    }
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}

/// The books can still be read, and every number in them is one.
fn check_books(testnet: &mut Testnet, at: Ts) {
    let request =
        HttpRequest { method: "GET".into(), target: "/testnet/state".into(), ..HttpRequest::default() };
    let reply = control::answer(testnet, at, &request);
    let state: Value = serde_json::from_str(&reply.body).unwrap();
    for name in ["balance", "equity"] {
        state[name].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    }
}

const FUTURES_GETS: [&str; 14] = [
    "/derivatives/api/v3/tickers",
    "/derivatives/api/v3/orderbook",
    "/derivatives/api/v3/history",
    "/derivatives/api/v3/historical-funding-rates",
    "/api/charts/v1/trade/PF_XBTUSD/1m",
    "/api/charts/v1/mark/PF_XBTUSD/1w",
    "/derivatives/api/v3/fills",
    "/derivatives/api/v3/initialmargin",
    "/derivatives/api/v3/openpositions",
    "/derivatives/api/v3/accounts",
    "/derivatives/api/v3/orders/status",
    "/api/history/v3/orders",
    "/api/history/v3/account-log",
    "/api/history/v3/executions",
];
const FUTURES_POSTS: [&str; 8] = [
    "/derivatives/api/v3/sendorder",
    "/derivatives/api/v3/sendorder",
    "/derivatives/api/v3/sendorder",
    "/derivatives/api/v3/editorder",
    "/derivatives/api/v3/cancelorder",
    "/derivatives/api/v3/cancelallordersafter",
    "/derivatives/api/v3/transfer",
    "/derivatives/api/v3/withdrawal",
];
const FUTURES_BASES: [&[(&str, &str)]; 8] = [
    &[
        ("symbol", "PF_XBTUSD"),
        ("side", "buy"),
        ("orderType", "lmt"),
        ("size", "0.01"),
        ("limitPrice", "1000"),
    ],
    &[("symbol", "PF_XBTUSD"), ("side", "buy"), ("orderType", "mkt"), ("size", "0.1"), ("cliOrdId", "a")],
    &[
        ("symbol", "PF_XBTUSD"),
        ("side", "sell"),
        ("orderType", "stp"),
        ("size", "0.01"),
        ("stopPrice", "1000"),
    ],
    &[
        ("symbol", "PF_XBTUSD"),
        ("side", "sell"),
        ("orderType", "stp"),
        ("size", "0.01"),
        ("stopPrice", "1000"),
        ("limitPriceOffsetValue", "1"),
        ("limitPriceOffsetUnit", "PERCENT"),
    ],
    &[
        ("symbol", "PF_XBTUSD"),
        ("side", "sell"),
        ("orderType", "trailing_stop"),
        ("size", "0.01"),
        ("trailingStopMaxDeviation", "10"),
        ("trailingStopDeviationUnit", "QUOTE_CURRENCY"),
    ],
    &[("symbol", "PF_XBTUSD"), ("cliOrdId", "a"), ("size", "1"), ("timeout", "60")],
    &[("fromAccount", "flex"), ("toAccount", "cash"), ("unit", "USD"), ("amount", "5"), ("currency", "USD")],
    &[("symbol", "PF_XBTUSD"), ("from", "0"), ("to", "1"), ("count", "3")],
];
const FUTURES_NAMES: [&str; 28] = [
    "symbol",
    "side",
    "orderType",
    "size",
    "limitPrice",
    "stopPrice",
    "triggerSignal",
    "reduceOnly",
    "cliOrdId",
    "trailingStopMaxDeviation",
    "trailingStopDeviationUnit",
    "limitPriceOffsetValue",
    "limitPriceOffsetUnit",
    "processBefore",
    "order_id",
    "qtyMode",
    "timeout",
    "since",
    "before",
    "count",
    "sort",
    "continuation_token",
    "from",
    "to",
    "lastTime",
    "lastFillTime",
    "amount",
    "maxLeverage",
];

const SPOT_PUBLIC: [&str; 5] = ["OHLC", "Depth", "Trades", "Ticker", "AssetPairs"];
const SPOT_METHODS: [&str; 16] = [
    "AddOrder",
    "AddOrder",
    "AddOrder",
    "AmendOrder",
    "EditOrder",
    "CancelOrder",
    "CancelAllOrdersAfter",
    "OpenOrders",
    "ClosedOrders",
    "QueryOrders",
    "TradesHistory",
    "Ledgers",
    "TradeVolume",
    "DepositStatus",
    "DepositAddresses",
    "BalanceEx",
];
const SPOT_BASES: [&[(&str, &str)]; 7] = [
    &[("pair", "XBTUSD"), ("type", "buy"), ("ordertype", "limit"), ("volume", "0.01"), ("price", "1000")],
    &[("pair", "XBTUSD"), ("type", "buy"), ("ordertype", "market"), ("volume", "0.02"), ("cl_ord_id", "a")],
    &[
        ("pair", "XBTUSD"),
        ("type", "sell"),
        ("ordertype", "stop-loss-limit"),
        ("volume", "0.01"),
        ("price", "1000"),
        ("price2", "900"),
    ],
    &[
        ("pair", "XBTUSD"),
        ("type", "sell"),
        ("ordertype", "trailing-stop-limit"),
        ("volume", "0.01"),
        ("price", "+5%"),
        ("price2", "-1%"),
    ],
    &[("pair", "XBTUSD"), ("type", "buy"), ("ordertype", "market"), ("volume", "50"), ("oflags", "viqc")],
    &[
        ("pair", "XBTUSD"),
        ("cl_ord_id", "a"),
        ("order_qty", "1"),
        ("timeout", "60"),
        ("asset", "XXBT"),
        ("method", "x"),
    ],
    &[("pair", "XBTUSD"), ("interval", "1"), ("count", "5"), ("since", "0")],
];
const SPOT_NAMES: [&str; 29] = [
    "pair",
    "type",
    "ordertype",
    "volume",
    "price",
    "price2",
    "oflags",
    "timeinforce",
    "expiretm",
    "deadline",
    "validate",
    "userref",
    "cl_ord_id",
    "trigger",
    "displayvol",
    "leverage",
    "close[ordertype]",
    "close[price]",
    "order_qty",
    "limit_price",
    "trigger_price",
    "txid",
    "timeout",
    "start",
    "end",
    "ofs",
    "interval",
    "count",
    "since",
];

/// The spot venue with a key, and nonces that grow.
struct Spot {
    testnet: Testnet,
    secret: Secret,
    key: String,
    at: Ts,
    nonce: u64,
}

impl Spot {
    fn new() -> Self {
        let mut world = settings();
        world.venue = VenueKind::Kraken;
        let setup = Setup::new(world);
        let secret = Secret::from_base64("--secret", &setup.secret).unwrap();
        Spot { testnet: setup.build(START).unwrap(), secret, key: setup.key, at: START, nonce: 0 }
    }

    fn reply(&mut self, request: &HttpRequest) -> Value {
        self.at = self.at.plus(Span::from_secs(4));
        match self.testnet.request(self.at, request) {
            Answer::Reply { reply, .. } => serde_json::from_str(&reply.body).unwrap(),
            Answer::Nothing { .. } => panic!("no answer to {}", request.target),
        }
    }

    fn public(&mut self, method: &str, fields: &str) -> Value {
        let target = format!("/0/public/{method}?{fields}");
        self.reply(&HttpRequest { method: "GET".into(), target, ..HttpRequest::default() })
    }

    fn private(&mut self, method: &str, fields: &str) -> Value {
        self.nonce += 1;
        let nonce = self.nonce.to_string();
        let (path, body) = (format!("/0/private/{method}"), format!("nonce={nonce}&{fields}"));
        let sign = api_sign(&self.secret, &path, &nonce, &body);
        let headers = vec![("api-key".to_owned(), self.key.clone()), ("api-sign".to_owned(), sign)];
        self.reply(&HttpRequest { method: "POST".into(), target: path, headers, body: body.into_bytes() })
    }
}

/// A message of one of six kinds with these two words in it.
fn said_as(kind: usize, one: &str, other: &str) -> String {
    let message = match kind {
        0 => return one.to_owned(),
        1 => json!({ "method": one, "params": { "channel": other }, "req_id": 1 }),
        2 => json!({ "event": "subscribe", "feed": one, "product_ids": [other] }),
        3 => {
            json!({ "method": "subscribe", "params": { "channel": "book", "symbol": [one], "depth": other } })
        }
        4 => json!({ "method": "add_order", "params": { "order_qty": one, "limit_price": other } }),
        _ => json!({ "event": one, "api_key": other, "feed": ["fills"] }),
    };
    message.to_string()
}

fn is_enveloped(answer: &Value) -> bool {
    let errors = answer["error"].as_array().unwrap();
    errors.iter().all(|error| error.as_str().is_some_and(|word| word.starts_with('E')))
        && errors.is_empty() == answer.get("result").is_some()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// The account starts with a position and a resting order, so that there is something to break.
    #[test]
    fn futures_answers_whatever_is_sent(
        sent in requests(
            FUTURES_GETS.len() + FUTURES_POSTS.len() + 1, FUTURES_BASES.len(), FUTURES_NAMES.len(),
        ),
    ) {
        let mut bench = Bench::new();
        bench.send("symbol=PF_XBTUSD&side=buy&orderType=mkt&size=0.5");
        for (path, base, changes) in sent {
            bench.wait(1);
            let fields = form(FUTURES_BASES[base], &FUTURES_NAMES, &changes);
            let request = match (FUTURES_GETS.get(path), path.checked_sub(FUTURES_GETS.len())) {
                (Some(path), _) => bench.signed("GET", path, &fields, "", ""),
                (None, Some(place)) => match FUTURES_POSTS.get(place) {
                    Some(path) => bench.signed("POST", path, "", &fields, ""),
                    None => bench.signed("PUT", "/derivatives/api/v3/leveragepreferences", &fields, "", ""),
                },
                (None, None) => unreachable!(),
            };
            let reply = bench.reply(&request);
            prop_assert!([200, 400, 404, 429].contains(&reply.status), "{} {}", reply.status, reply.body);
            let body: Value = serde_json::from_str(&reply.body).unwrap();
            let names = ["result", "candles", "elements", "logs"];
            let is_answer = names.iter().any(|name| body.get(name).is_some());
            prop_assert!(is_answer, "{} {body}", request.target);
        }
        bench.wait(4_000);
        check_books(&mut bench.testnet, bench.at);
    }

    #[test]
    fn spot_answers_whatever_is_sent(
        sent in requests(SPOT_METHODS.len() + SPOT_PUBLIC.len(), SPOT_BASES.len(), SPOT_NAMES.len()),
    ) {
        let mut spot = Spot::new();
        spot.private("AddOrder", "pair=XBTUSD&type=buy&ordertype=market&volume=0.1");
        for (method, base, changes) in sent {
            let fields = form(SPOT_BASES[base], &SPOT_NAMES, &changes);
            let answer = match (SPOT_METHODS.get(method), method.checked_sub(SPOT_METHODS.len())) {
                (Some(method), _) => spot.private(method, &fields),
                (None, Some(place)) => spot.public(SPOT_PUBLIC[place], &fields),
                (None, None) => unreachable!(),
            };
            prop_assert!(is_enveloped(&answer), "{answer}");
        }
        spot.at = spot.at.plus(Span::from_secs(4_000));
        spot.testnet.advance(spot.at);
        check_books(&mut spot.testnet, spot.at);
    }

    #[test]
    fn streams_survive_whatever_is_said(
        said in prop::collection::vec((0_usize..6, value(), value()), 1..20), is_spot in any::<bool>(),
    ) {
        let mut world = settings();
        world.venue = if is_spot { VenueKind::Kraken } else { VenueKind::KrakenFutures };
        let mut testnet = Setup::new(world).build(START).unwrap();
        let connection = ConnectionId(1);
        let path = if is_spot { "/v2" } else { "/ws/v1" };
        prop_assert!(testnet.open(START, connection, path));
        for (kind, one, other) in said {
            let text = said_as(kind, &one, &other);
            testnet.text(START, connection, &text);
        }
        testnet.advance(START.plus(Span::from_secs(5)));
        let mut count = 0;
        while testnet.next_outgoing().is_some() {
            count += 1;
        }
        prop_assert!(count >= 1);
    }
}

#[test]
fn a_time_beyond_all_time_is_answered() {
    let mut bench = Bench::new();
    let target = format!("/api/charts/v1/trade/PF_XBTUSD/1m?from={}", i64::MAX);
    assert_eq!(bench.public(&target)["candles"], json!([]));
}

#[test]
fn a_size_of_28_digits_is_refused_in_the_venues_words() {
    let mut bench = Bench::new();
    for size in ["1e28", "10000000000000000000000000000", "79228162514264337593543950335"] {
        let body = format!("symbol=PF_XBTUSD&side=buy&orderType=mkt&size={size}");
        assert_eq!(bench.send(&body).0, "invalidSize", "{size}");
    }
    // It fits into the instrument's units, and is worth more than there is.
    let much = "symbol=PF_XBTUSD&side=buy&orderType=lmt&limitPrice=1000&size=900000000000000";
    assert_eq!(bench.send(much).0, "insufficientAvailableFunds");
    let mut spot = Spot::new();
    let answer = spot.private("AddOrder", "pair=XBTUSD&type=buy&ordertype=market&volume=1e28");
    assert_eq!(answer["error"][0], "EGeneral:Invalid arguments:volume");
    let answer = spot.private("AddOrder", "pair=XBTUSD&type=buy&ordertype=limit&price=1000&volume=900000000");
    assert_eq!(answer["error"][0], "EOrder:Insufficient funds");
}
