//! Fixtures, markets and replies for the tests of the venues.
#![allow(unreachable_pub, reason = "what the modules of one test binary share")]
#![allow(clippy::print_stdout, reason = "a test says when it is skipped")]

pub mod bench;
pub mod conformance;

use std::path::{Path, PathBuf};

use seawall_model::{
    ClientOrderId, Input, Instrument, InstrumentId, InstrumentSpec, OrderKind, OrderRef, OrderRequest,
    OrderRole, PriceUnits, QtyUnits, Side, TimeInForce, Trigger, TriggerSource, Ts,
};
use seawall_venues::http::{Body, Request, Response};
use seawall_venues::{ListedInstrument, Market, Markets, Reply};

/// The folder of a venue's fixtures, or `None` (said aloud) where there are none.
pub fn fixtures(venue: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("SEAWALL_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("venues/fixtures").join(venue);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: no fixtures in {} (set SEAWALL_SHARED)", folder.display());
    None
}

/// Every JSON file below a folder.
pub fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(json_files(&path));
        } else if path.extension().is_some_and(|ext| ext == "json") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// A file's text.
pub fn text(folder: &Path, file: &str) -> String {
    std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The texts of the payloads of a file of the vendor's documentation whose kind begins so. The digits stay
/// as they stand in the file.
pub fn payloads(folder: &Path, file: &str, kind: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Entry {
        kind: String,
        payload: Box<serde_json::value::RawValue>,
    }
    let entries: Vec<Entry> = serde_json::from_str(&text(folder, file)).unwrap();
    let wanted = entries.into_iter().filter(|entry| entry.kind.starts_with(kind));
    wanted.map(|entry| entry.payload.get().to_owned()).collect()
}

pub fn market(id: u32, symbol: &str, stream: &str, name: &str, tick: &str, lot: &str) -> Market {
    let mut spec = InstrumentSpec::new(name.parse().unwrap());
    spec.tick = Some(tick.parse().unwrap());
    spec.lot = lot.parse().unwrap();
    let decimals = |text: &str| u32::try_from(text.split_once('.').map_or(0, |(_, d)| d.len())).unwrap();
    let listed = ListedInstrument {
        symbol: symbol.to_owned(),
        stream_symbol: stream.to_owned(),
        aliases: Vec::new(),
        spec: spec.clone(),
        tradeable: true,
        post_only: false,
        price_decimals: decimals(tick),
        qty_decimals: decimals(lot),
    };
    let instrument = Instrument::new(InstrumentId(id), spec, decimals(tick)).unwrap();
    Market { listed, instrument }
}

/// Markets of Kraken Futures with the symbols of the fixtures. The coin-margined ones stand here under
/// linear names: the tests need their rows, the listing never lets them in.
pub fn futures_markets() -> Markets {
    let f = |id, symbol: &str, base: &str, tick: &str, lot: &str| {
        market(id, symbol, symbol, &format!("kraken-futures:{base}/USD:USD"), tick, lot)
    };
    Markets::new([
        f(0, "PF_XBTUSD", "BTC", "1", "0.0001"),
        f(1, "PF_ETHUSD", "ETH", "0.1", "0.001"),
        f(2, "PF_LTCUSD", "LTC", "0.01", "0.01"),
        f(3, "PI_XBTUSD", "BTCI", "0.5", "1"),
        f(4, "PI_ETHUSD", "ETHI", "0.05", "1"),
        f(5, "FI_XBTUSD_200925", "BTCF", "0.5", "1"),
    ])
    .unwrap()
}

pub fn at(ms: i64) -> Ts {
    Ts::from_millis(ms)
}

pub fn order(instrument: u32, sequence: u32) -> OrderRef {
    OrderRef { instrument: InstrumentId(instrument), id: ClientOrderId { run: 7, sequence } }
}

pub fn place(order: OrderRef, role: OrderRole, side: Side, qty: i64, kind: OrderKind) -> OrderRequest {
    let reduce_only = !matches!(role, OrderRole::Entry);
    OrderRequest { order, role, side, qty: QtyUnits::new(qty), kind, reduce_only }
}

pub fn limit(price: i64, time_in_force: TimeInForce) -> OrderKind {
    OrderKind::Limit { price: PriceUnits::new(price), time_in_force }
}

pub fn stop(price: i64, source: TriggerSource) -> OrderKind {
    OrderKind::StopMarket { trigger: Trigger { price: PriceUnits::new(price), source } }
}

pub fn reply(body: &str) -> Reply {
    reply_with(200, body)
}

pub fn reply_with(status: u16, body: &str) -> Reply {
    Ok(Response {
        status,
        retry_after_s: None,
        body: body.as_bytes().to_vec(),
        received_at: at(1_767_323_046_000),
    })
}

/// The fields of a request's query and form.
pub fn fields(request: &Request) -> Vec<(String, String)> {
    let body = match &request.body {
        Body::Form(text) => text.as_str(),
        Body::None => "",
    };
    let mut fields = seawall_venues::http::decode_form(&request.query).unwrap();
    fields.extend(seawall_venues::http::decode_form(body).unwrap());
    fields
}

pub fn field(request: &Request, name: &str) -> Option<String> {
    fields(request).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// The only venue event among the inputs.
pub fn event(inputs: &[Input]) -> &seawall_model::VenueEvent {
    match inputs {
        [Input::Venue(event)] => event,
        other => panic!("{other:?}"),
    }
}

/// What the only report among the inputs covers.
pub fn coverage(inputs: &[Input]) -> seawall_model::Coverage {
    use seawall_model::VenueEvent as E;
    match event(inputs) {
        E::Order { report, .. } | E::OpenOrders(report) => report.coverage,
        E::Positions(report) => report.coverage,
        E::Balance { coverage, .. } => *coverage,
        other => panic!("{other:?}"),
    }
}

/// Markets of Kraken spot with the symbols of the fixtures.
pub fn spot_markets() -> Markets {
    let s = |id, symbol: &str, stream: &str, pair: &str, tick: &str, lot: &str, aliases: &[&str]| {
        let mut market = market(id, symbol, stream, &format!("kraken:{pair}"), tick, lot);
        market.listed.aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        market
    };
    Markets::new([
        s(0, "XBTUSD", "BTC/USD", "BTC/USD", "0.1", "0.00000001", &["XXBTZUSD", "XBT/USD"]),
        s(1, "XBTUSDT", "BTC/USDT", "BTC/USDT", "0.1", "0.00000001", &["XBT/USDT"]),
        s(2, "LTCUSDT", "LTC/USDT", "LTC/USDT", "0.01", "0.00000001", &[]),
        s(3, "ETHUSDT", "ETH/USDT", "ETH/USDT", "0.01", "0.00000001", &[]),
        s(4, "MATICUSD", "MATIC/USD", "MATIC/USD", "0.0001", "0.00000001", &[]),
        s(5, "ALGOUSD", "ALGO/USD", "ALGO/USD", "0.00001", "0.00000001", &[]),
    ])
    .unwrap()
}
