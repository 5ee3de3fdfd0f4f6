//! One data set, one configuration, four drivers: backtest, paper, storm, and the replay of what paper and
//! storm wrote down.
//!
//! What is the same for all: the engine's setup is the one of a paper run; candles and quotes come at the
//! same instants, candles before quotes; the exchange lives on the quotes; every way takes
//! `simulator.latency_ms`.

use std::path::Path;

use seawall_backtest::{Market, MarketSeries, Quote, RunSettings, run_quoted};
use seawall_config::{Config, Loader};
use seawall_live::manifest::ManifestInstrument;
use seawall_live::{Manifest, PaperDrive, replay};
use seawall_model::{Candle, Input, Span, Timeframe, Ts};
use seawall_simulator::{MarketEvent, MarketEventKind, SyntheticMarket, SyntheticSettings, Tick};
use seawall_store::journal::Digest;
use seawall_storm::{DataSet, PARITY_RUN, parity};

/// How long the data set is.
const HOURS: i64 = 24;
/// Instruments in it.
const INSTRUMENTS: u32 = 4;
/// The market that it is cut from.
const SEED: u64 = 11;
/// Each way to the venue and back, averages that cross often, and little risked on each.
const KEYS: [&str; 5] = [
    "simulator.latency_ms=20",
    "universe.mode=off",
    "strategy.ema_cross.fast=3",
    "strategy.ema_cross.slow=8",
    "risk.risk_per_trade_pct=0.1",
];
const DEMO: &str = include_str!("../../../../config/demo.yaml");

type Problem = Box<dyn std::error::Error>;

/// What one driver came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Driven {
    /// Which.
    pub(crate) driver: &'static str,
    /// SHA-256 over decisions, orders and fills.
    pub(crate) fingerprint: String,
    /// SHA-256 of the engine's last state, where the driver tells it.
    pub(crate) digest: Option<String>,
}

/// What all drivers came to.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) drivers: Vec<Driven>,
    /// Orders, fills and entries of the paper run.
    pub(crate) counts: (u64, u64, u64),
    /// Quotes and candles of the data set.
    pub(crate) events: usize,
    /// Broken rules of the storm.
    pub(crate) broken: Option<String>,
}

impl Compared {
    /// The drivers that did something else than the first one.
    pub(crate) fn others(&self) -> Vec<&'static str> {
        let Some(first) = self.drivers.first() else { return Vec::new() };
        let digest = self.drivers.iter().find_map(|one| one.digest.as_ref());
        let differs = |one: &&Driven| {
            one.fingerprint != first.fingerprint || one.digest.as_ref().is_some_and(|own| Some(own) != digest)
        };
        self.drivers.iter().filter(differs).map(|one| one.driver).collect()
    }
}

/// Ticks and candles of the synthetic market: each instrument a millisecond of its own, so that no two things
/// of the market fall on one instant but the candles of a minute.
fn data() -> (SyntheticSettings, Vec<MarketEvent>) {
    let settings = SyntheticSettings {
        seed: SEED,
        instruments: INSTRUMENTS,
        tick_secs: 10,
        ..SyntheticSettings::default()
    };
    let ends = settings.start.plus(Span::from_secs(HOURS * 3_600));
    let told = |event: MarketEvent| {
        let own = Span::from_millis(1 + i64::from(event.instrument.0));
        match event.kind {
            MarketEventKind::Tick(Tick { bid, ask, .. }) => {
                let kind = MarketEventKind::Tick(Tick { bid, ask, last: bid, qty: None });
                Some(MarketEvent { at: event.at.plus(own), kind, ..event })
            }
            MarketEventKind::Candle(_) => Some(event),
            // A paper run knows no rates but the exchange's own.
            MarketEventKind::FundingRate(_) => None,
        }
    };
    let market = SyntheticMarket::new(&settings).take_while(|event| event.at <= ends);
    let mut events: Vec<MarketEvent> = market.filter_map(told).collect();
    let is_tick = |event: &MarketEvent| matches!(event.kind, MarketEventKind::Tick(_));
    events.sort_by_key(|event| (event.at, is_tick(event)));
    (settings, events)
}

fn config() -> Result<Config, Problem> {
    Ok(Loader::new().file("demo.yaml", DEMO).set(KEYS.map(str::to_owned)).load()?.config)
}

fn manifest(config: &Config, synthetic: &SyntheticSettings) -> Manifest {
    let one = |spec| ManifestInstrument {
        spec,
        data_decimals: 0,
        qty_decimals: 0,
        timeframe: Timeframe::M1,
        read_only: false,
    };
    let specs = SyntheticMarket::new(synthetic).instruments();
    Manifest::new(PARITY_RUN, config.clone(), specs.into_iter().map(one).collect())
}

fn backtest(manifest: &Manifest, events: &[MarketEvent]) -> Result<Driven, Problem> {
    let config = &manifest.config;
    let series = |(number, one): (usize, &ManifestInstrument)| {
        let own = events.iter().filter(|event| event.instrument.index() == number);
        let candles = own.filter_map(|event| match event.kind {
            MarketEventKind::Candle(candle) => Some(candle),
            MarketEventKind::Tick(_) | MarketEventKind::FundingRate(_) => None,
        });
        MarketSeries {
            spec: one.spec.clone(),
            data_decimals: one.data_decimals,
            timeframe: one.timeframe,
            candles: candles.collect(),
            holes: 0,
            detail: Vec::new(),
            trades: Vec::new(),
            funding: Vec::new(),
        }
    };
    let market = Market::new(manifest.instruments.iter().enumerate().map(series).collect())?;
    let quotes = events.iter().filter_map(|event| match event.kind {
        MarketEventKind::Tick(Tick { bid, ask, .. }) => {
            Some(Quote { at: event.at, instrument: event.instrument, bid, ask })
        }
        MarketEventKind::Candle(_) | MarketEventKind::FundingRate(_) => None,
    });
    let settings = RunSettings {
        strategy: config.strategy.clone(),
        risk: config.risk.clone(),
        protection: config.protection.clone(),
        trade: config.trade(),
        decisions: config.decisions.clone(),
        market: config.market(),
        simulator: config.simulator.clone(),
        initial_equity: config.run.paper_equity,
        equity_interval: Timeframe::H1,
        seed: u64::from(PARITY_RUN),
    };
    let outcome = run_quoted(&market, &quotes.collect::<Vec<_>>(), &settings, manifest.setup()?)?;
    Ok(Driven { driver: "backtest", fingerprint: outcome.fingerprint, digest: None })
}

fn input_of(event: &MarketEvent) -> Option<Input> {
    let instrument = event.instrument;
    match event.kind {
        MarketEventKind::Tick(Tick { bid, ask, .. }) => Some(Input::Quote { instrument, bid, ask }),
        MarketEventKind::Candle(candle) => {
            Some(Input::Candle { instrument, timeframe: Timeframe::M1, candle })
        }
        MarketEventKind::FundingRate(_) => None,
    }
}

fn first_and_last(events: &[MarketEvent]) -> (Ts, Ts) {
    let candles = || {
        events.iter().filter_map(|event| match &event.kind {
            MarketEventKind::Candle(candle) => Some(candle),
            MarketEventKind::Tick(_) | MarketEventKind::FundingRate(_) => None,
        })
    };
    let first = candles().map(|candle: &Candle| candle.open_time).min();
    let last = candles().map(|candle| candle.known_at).max();
    (first.unwrap_or_default(), last.unwrap_or_default())
}

/// Lives through the data set with every driver; `folder` takes what the paper run writes. `slower_ms` is
/// added to the latency of the storm: with anything but zero the drivers must differ.
pub(crate) fn compare(folder: &Path, slower_ms: u32) -> Result<Compared, Problem> {
    let config = config()?;
    let (synthetic, mut events) = data();
    let manifest = manifest(&config, &synthetic);
    let latency = Span::from_millis(i64::from(config.simulator.latency_ms));
    let (first, last) = first_and_last(&events);
    events.retain(|event| event.at <= last);
    // As a backtest begins and ends.
    let (start, until) = (first.minus(latency).minus(latency), last.plus(latency));

    let backtest = backtest(&manifest, &events)?;
    let run = folder.join("paper");
    let mut paper = PaperDrive::begin(&run, &manifest, start)?;
    for event in &events {
        if let Some(input) = input_of(event) {
            paper.hear(event.at, &input)?;
        }
    }
    let paper = paper.finish(until)?;
    let replayed = replay(&run, false, &mut |_| {})?;
    let count = events.len();
    let mut simulator = config.simulator.clone();
    simulator.latency_ms += slower_ms;
    let cash = config.run.paper_equity;
    let setup = manifest.setup()?;
    let lived = parity(DataSet { setup, timeframe: Timeframe::M1, simulator, cash, start, events, until })?;
    let sha = |bytes: &[u8]| Digest::sha256(bytes).to_string();
    let driven = |driver, fingerprint, digest| Driven { driver, fingerprint, digest };
    let mut broken =
        lived.report.violation.map(|broken| format!("{}: {}", broken.oracle.name(), broken.what));
    if !replayed.is_equal() {
        broken = Some(replayed.differences.join("; "));
    }
    Ok(Compared {
        drivers: vec![
            backtest,
            driven("paper", paper.fingerprint, Some(paper.digest)),
            driven("replay of paper", replayed.fingerprint, Some(replayed.digest)),
            driven("storm", sha(&lived.fingerprint), Some(sha(&lived.digest))),
            driven("replay of storm", sha(&lived.replayed), None),
        ],
        counts: (paper.orders, paper.fills, paper.entered),
        events: count,
        broken,
    })
}
