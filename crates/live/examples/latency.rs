//! From the bytes of a socket frame to the signed bytes of an order: session, engine, adapter, outbox, in one
//! thread, without sockets. Two ways are measured, each with and without a journal that is synced to the disk
//! before the order leaves:
//!
//! - `candle → entry`: a frame of Kraken spot's candles closes a candle, the strategy enters on Kraken
//!   Futures;
//! - `fill → stop`: a frame of Kraken Futures' executions fills the entry, its stop is placed.
//!
//! `cargo xtask bench latency` runs it in release mode; a first argument is the folder of the journals
//! (default: `target`, because a folder for temporary files may be in memory).

#![allow(clippy::print_stdout, reason = "a benchmark talks to the terminal")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a benchmark that cannot run may say so loudly"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use seawall_engine::{Effects, Engine, MarketSettings, Phase, RiskSettings, Setup, Signals};
use seawall_model::{
    Coverage, Input, InstrumentId, InstrumentSpec, Money, OrderRequest, OrderRole, Report, Span, Timeframe,
    Ts, VenueEvent, VenueRequest,
};
use seawall_store::journal::{Journal, JournalInfo};
use seawall_strategy::{StrategyKind, StrategySettings};
use seawall_venues::budget::Budget;
use seawall_venues::discovery::Universe;
use seawall_venues::http::Response;
use seawall_venues::kraken_futures::{self, KrakenFutures};
use seawall_venues::kraken_spot;
use seawall_venues::outbox::{Leaving, Outbox};
use seawall_venues::profile::KRAKEN_FUTURES;
use seawall_venues::session::Scope;
use seawall_venues::{
    Adapter, Command, Credentials, Dispatch, ListedInstrument, Markets, News, Secret, Session, SignedRequest,
    Ticket,
};

/// Markets of a round; each gives one sample of each way. More orders would wait for the rate limit.
const MARKETS: u32 = 20;
const ROUNDS: u32 = 100;
/// Rounds before anything is counted.
const WARM_UP: u32 = 4;
/// Candles before the one that crosses.
const BEFORE: i64 = 4;
const START_MS: i64 = 1_767_312_000_000;

fn at(ms: i64) -> Ts {
    Ts::from_millis(START_MS + ms)
}

fn row(symbol: &str, stream: &str, mut spec: InstrumentSpec) -> ListedInstrument {
    spec.tick = Some("0.1".parse().unwrap());
    spec.lot = "0.001".parse().unwrap();
    ListedInstrument {
        symbol: symbol.to_owned(),
        stream_symbol: stream.to_owned(),
        aliases: Vec::new(),
        spec,
        tradeable: true,
        post_only: false,
        price_decimals: 1,
        qty_decimals: 3,
    }
}

fn universe() -> Universe {
    let mut universe = Universe::default();
    for number in 0..MARKETS {
        let base = format!("C{number:02}");
        let mut spec = InstrumentSpec::new(format!("kraken-futures:{base}/USD:USD").parse().unwrap());
        let spot = InstrumentSpec::spot(format!("kraken:{base}/USD").parse().unwrap());
        spec.signal = Some(spot.name.clone());
        let symbol = format!("PF_{base}USD");
        universe.traded.push(row(&symbol, &symbol, spec));
        universe.read_only.push(row(&format!("{base}USD"), &format!("{base}/USD"), spot));
    }
    universe
}

fn engine(traded: &Markets, read: &Markets, run: u32) -> Engine {
    let list = |markets: &Markets| -> Vec<_> {
        markets.iter().map(|market| (market.instrument.clone(), Timeframe::M1)).collect()
    };
    let instruments = list(traded);
    let signals = Signals::named(&instruments.iter().map(|(one, _)| one), list(read)).unwrap();
    let mut strategy = StrategySettings { name: StrategyKind::EmaCross, ..StrategySettings::default() };
    strategy.ema_cross.fast = 1;
    strategy.ema_cross.slow = 2;
    strategy.ema_cross.stop_pct = Some("2".parse().unwrap());
    let setup = Setup {
        instruments,
        signals,
        strategy,
        risk: RiskSettings::without_limits(),
        protection: Default::default(),
        reconcile: Default::default(),
        trade: Default::default(),
        decisions: Default::default(),
        market: MarketSettings::without_guards(),
        has_quotes: true,
        capabilities: KRAKEN_FUTURES.capabilities(),
        run,
        require_stop: true,
        cost_bps: 10.0,
    };
    Engine::new(setup).unwrap()
}

/// The runtime's part of the way, in one thread.
struct House {
    engine: Engine,
    effects: Effects,
    adapter: Adapter<KrakenFutures>,
    outbox: Outbox,
    candles: kraken_spot::MarketSession,
    spot: Markets,
    account: kraken_futures::AccountSession,
    journal: Option<Journal>,
    /// Time within the engine since the last frame.
    in_engine: Duration,
    signed: Vec<(Ticket, Box<SignedRequest>)>,
    requests: Vec<VenueRequest>,
}

fn credentials() -> Credentials {
    let secret =
        Secret::from_text("a secret that belongs to nobody, long enough to be like a real one......");
    Credentials { key: "NOBODY".to_owned(), secret, passphrase: None }
}

impl House {
    fn new(run: u32, journals: Option<&Path>) -> Self {
        let (traded, read) = universe().markets().unwrap();
        let engine = engine(&traded, &read, run);
        let wanted = kraken_spot::market_session::Wanted {
            candles: read.iter().map(|market| (market.id(), Timeframe::M1, at(0))).collect(),
            ..Default::default()
        };
        let table: Vec<_> =
            traded.iter().chain(read.iter()).map(|market| market.instrument.clone()).collect();
        let journal = journals.map(|folder| {
            Journal::create(&folder.join(format!("run-{run}")), JournalInfo::new(run, &table)).unwrap()
        });
        let mut house = House {
            engine,
            effects: Effects::new(),
            adapter: Adapter::new(KrakenFutures, traded),
            outbox: Outbox::new(Budget::new(kraken_futures::tables::POOLS), Some(credentials())),
            candles: kraken_spot::MarketSession::new(wanted, 1),
            spot: read,
            account: kraken_futures::AccountSession::new(credentials(), at(0), 1),
            journal,
            in_engine: Duration::ZERO,
            signed: Vec::new(),
            requests: Vec::new(),
        };
        house.connect();
        house.reconcile();
        house
    }

    /// Both sockets up to live feeds.
    fn connect(&mut self) {
        let now = at(0);
        self.candles.on_time(now, &mut Scope { markets: &self.spot, orders: self.adapter.orders_mut().1 });
        self.candles.on_open(now);
        for number in 0..MARKETS {
            self.candle_frame(now, &candle_frame(number, 0, 100));
        }
        let orders = self.adapter.orders_mut();
        self.account.on_time(now, &mut Scope { markets: orders.0, orders: orders.1 });
        self.account.on_open(now);
        let mut frames = vec![r#"{"event":"challenge","message":"226aee50"}"#.to_owned()];
        for feed in [
            "open_orders_verbose",
            "fills",
            "open_positions",
            "balances",
            "account_log",
            "notifications_auth",
        ] {
            frames.push(format!(r#"{{"event":"subscribed","feed":"{feed}"}}"#));
        }
        frames.push(r#"{"feed":"open_orders_verbose_snapshot","account":"a","orders":[]}"#.to_owned());
        frames.push(r#"{"feed":"fills_snapshot","account":"a","fills":[]}"#.to_owned());
        for frame in frames {
            self.account_frame(now, &frame);
        }
        assert!(self.account.is_live());
        self.drop_signed();
    }

    /// An empty account with money; every question of the engine is answered until it is ready.
    fn reconcile(&mut self) {
        let now = at(1);
        self.feed(now, &Input::Started);
        let mut rounds = 0;
        while self.engine.phase() != Phase::Ready {
            self.report(now);
            rounds += 1;
            assert!(rounds < 10, "an empty account is ready at once");
        }
        self.quote(now);
        self.drop_signed();
    }

    /// What is due by now, the answers to what that asks, and fresh quotes: none of it is a part of the way.
    fn catch_up(&mut self, now: Ts) {
        while let Some(wake) = self.engine.next_wakeup().filter(|wake| *wake <= now) {
            self.feed(wake.max(self.engine.now()), &Input::Wakeup);
        }
        self.report(now);
        self.quote(now);
        self.drop_signed();
    }

    /// Nothing is held and nothing works.
    fn report(&mut self, now: Ts) {
        let orders = Report { coverage: Coverage::Complete, taken_at: now, rows: Vec::new() };
        self.feed(now, &Input::Venue(VenueEvent::OpenOrders(orders)));
        let positions = Report { coverage: Coverage::Complete, taken_at: now, rows: Vec::new() };
        self.feed(now, &Input::Venue(VenueEvent::Positions(positions)));
        let amount = Money::new(1_000_000.into());
        self.feed(now, &Input::Venue(VenueEvent::Balance { coverage: Coverage::Complete, amount }));
    }

    fn quote(&mut self, now: Ts) {
        for number in 0..MARKETS {
            let (bid, ask) = (seawall_model::PriceUnits::new(1_099), seawall_model::PriceUnits::new(1_101));
            self.feed(now, &Input::Quote { instrument: InstrumentId(number), bid, ask });
        }
    }

    /// One input through journal and engine; requests are on disk, if there is one, before they go on.
    fn feed(&mut self, now: Ts, input: &Input) {
        if let Some(journal) = &mut self.journal {
            journal.append_input(now, input).unwrap();
        }
        let began = Instant::now();
        self.engine.step(now, input, &mut self.effects);
        self.in_engine += began.elapsed();
        if self.effects.requests.is_empty() {
            return;
        }
        let commits = |request: &VenueRequest| {
            matches!(
                request,
                VenueRequest::Place(_) | VenueRequest::Amend { .. } | VenueRequest::Cancel { .. }
            )
        };
        if let Some(journal) = &mut self.journal {
            journal.append_dispatch(now, &self.effects.requests).unwrap();
            if self.effects.requests.iter().any(commits) {
                journal.sync().unwrap();
            }
        }
        for request in &self.effects.requests {
            self.requests.push(*request);
            if let Dispatch::Send(ticket, request) = self.adapter.send(now, *request) {
                self.outbox.push(ticket, request).unwrap();
            }
        }
        while let Leaving::Now(ticket, signed) = self.outbox.pop(now, &KrakenFutures) {
            self.signed.push((ticket, signed));
        }
    }

    /// What the engine wants at the end of the instant: the auction.
    fn end_instant(&mut self, now: Ts) {
        let after = now.plus(Span::from_nanos(1));
        if self.engine.next_wakeup().is_some_and(|wake| wake <= after) {
            self.feed(after, &Input::Wakeup);
        }
    }

    fn candle_frame(&mut self, now: Ts, text: &str) {
        let scope = &mut Scope { markets: &self.spot, orders: self.adapter.orders_mut().1 };
        self.candles.on_text(now, text, scope);
        while let Some(command) = self.candles.command() {
            if let Command::Emit(News::Engine(input)) = command {
                self.feed(now, &input);
            }
        }
        self.end_instant(now);
    }

    fn account_frame(&mut self, now: Ts, text: &str) {
        let (markets, orders) = self.adapter.orders_mut();
        self.account.on_text(now, text, &mut Scope { markets, orders });
        while let Some(command) = self.account.command() {
            if let Command::Emit(News::Engine(input)) = command {
                self.feed(now, &input);
            }
        }
        self.end_instant(now);
    }

    fn drop_signed(&mut self) {
        self.signed.clear();
        self.requests.clear();
    }

    /// The placement in this role that was signed since the last look.
    fn placed(&mut self, role: OrderRole) -> OrderRequest {
        let placed = self.requests.iter().find_map(|request| match request {
            VenueRequest::Place(order) if order.role == role => Some(*order),
            _ => None,
        });
        assert!(!self.signed.is_empty(), "nothing was signed");
        placed.unwrap_or_else(|| panic!("no {role:?} among {:?}", self.requests))
    }

    /// The venue takes everything that was sent.
    fn accept(&mut self, now: Ts) {
        let sent = core::mem::take(&mut self.signed);
        self.requests.clear();
        for (ticket, _) in sent {
            let body = format!(
                r#"{{"result":"success","serverTime":"{now}","sendStatus":{{"order_id":"o-{}","status":"placed","receivedTime":"{now}","orderEvents":[]}}}}"#,
                ticket.0
            );
            let reply =
                Ok(Response { status: 200, retry_after_s: None, body: body.into_bytes(), received_at: now });
            if let Some(Dispatch::Ended(outcome)) = self.adapter.on_reply(ticket, now, &reply) {
                for input in outcome.inputs {
                    self.feed(now, &input);
                }
            }
        }
    }
}

fn candle_frame(number: u32, minute: i64, price: i64) -> String {
    let begin = at(minute * 60_000);
    format!(
        r#"{{"channel":"ohlc","type":"update","timestamp":"{begin}","data":[{{"symbol":"C{number:02}/USD","open":{price}.0,"high":{price}.0,"low":{price}.0,"close":{price}.0,"trades":3,"volume":5.0,"vwap":{price}.0,"interval_begin":"{begin}","interval":1,"timestamp":"{begin}"}}]}}"#
    )
}

fn fill_frame(house: &House, order: &OrderRequest, now: Ts, number: u32) -> String {
    let market = house.adapter.markets().get(order.order.instrument).unwrap();
    format!(
        r#"{{"feed":"fills","username":"a","fills":[{{"instrument":"{}","time":{},"price":110.0,"seq":{number},"buy":true,"qty":{},"remaining_order_qty":0.0,"order_id":"o-x{number}","cli_ord_id":"{}","fill_id":"f-{number}","fill_type":"taker","fee_paid":0.05,"fee_currency":"USD","taker_order_type":"ioc","order_type":"mkt"}}]}}"#,
        market.listed.symbol,
        now.millis(),
        market.instrument.qty(order.qty),
        order.order.id.wire()
    )
}

/// Samples of one way.
#[derive(Default)]
struct Samples {
    whole: Vec<Duration>,
    engine: Vec<Duration>,
}

impl Samples {
    fn row(&mut self, name: &str, disk: &str) {
        self.whole.sort_unstable();
        self.engine.sort_unstable();
        let of = |list: &[Duration], part: usize| list[list.len() * part / 1000].as_secs_f64() * 1e6;
        println!(
            "| {name} | {disk} | {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
            self.whole.len(),
            of(&self.whole, 500),
            of(&self.whole, 990),
            of(&self.whole, 999),
            of(&self.engine, 500),
            of(&self.engine, 990),
        );
    }
}

/// One round: each market falls, then rises: an entry, a fill, a stop.
fn round(run: u32, journals: Option<&Path>, entries: &mut Samples, stops: &mut Samples, counted: bool) {
    let mut house = House::new(run, journals);
    for minute in 1..BEFORE {
        for number in 0..MARKETS {
            house.candle_frame(at(minute * 60_000), &candle_frame(number, minute, 100 - minute));
        }
    }
    let crossing = BEFORE * 60_000;
    for number in 0..MARKETS {
        house.candle_frame(at(crossing), &candle_frame(number, BEFORE, 110));
    }
    house.catch_up(at(crossing + 59_900));
    for number in 0..MARKETS {
        let now = at(crossing + 60_000 + i64::from(number) * 100);
        let frame = candle_frame(number, BEFORE + 1, 110);
        house.in_engine = Duration::ZERO;
        let began = Instant::now();
        house.candle_frame(now, &frame);
        let (took, in_engine) = (began.elapsed(), house.in_engine);
        let entry = house.placed(OrderRole::Entry);
        if counted {
            entries.whole.push(took);
            entries.engine.push(in_engine);
        }
        house.accept(now.plus(Span::from_millis(20)));
        house.drop_signed();
        let now = now.plus(Span::from_millis(50));
        let frame = fill_frame(&house, &entry, now, number);
        house.in_engine = Duration::ZERO;
        let began = Instant::now();
        house.account_frame(now, &frame);
        let (took, in_engine) = (began.elapsed(), house.in_engine);
        house.placed(OrderRole::Stop);
        if counted {
            stops.whole.push(took);
            stops.engine.push(in_engine);
        }
        house.accept(now.plus(Span::from_millis(20)));
        house.drop_signed();
    }
}

fn main() {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let folder = folder.join(format!("latency-{}", std::process::id()));
    println!("| way | journal | samples | p50 µs | p99 µs | p99.9 µs | engine p50 µs | engine p99 µs |");
    println!("|---|---|---|---|---|---|---|---|");
    for journals in [None, Some(folder.as_path())] {
        let (mut entries, mut stops) = (Samples::default(), Samples::default());
        for run in 1..=ROUNDS {
            round(run, journals, &mut entries, &mut stops, run > WARM_UP);
        }
        let disk = if journals.is_some() { "synced" } else { "none" };
        entries.row("candle → entry", disk);
        stops.row("fill → stop", disk);
    }
    // Only what this run has made.
    let _ = std::fs::remove_dir_all(&folder);
}
