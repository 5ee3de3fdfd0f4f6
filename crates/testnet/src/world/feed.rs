//! Where prices come from: the synthetic market, or one-minute candles of a file walked as ticks.
//!
//! A file's candles are shifted in time by whole weeks (whole days for short files), so that its last part
//! lies after the start: the first seven tenths are history. A candle becomes four trades: open, the extreme
//! against its direction, the other one, close. After the last candle the price stands still.

use std::collections::VecDeque;
use std::path::Path;

use rust_decimal::Decimal;
use seawall_archive::{HolePolicy, load_candles};
use seawall_model::{
    Candle, ContractKind, Instrument, InstrumentId, InstrumentSpec, Money, Percent, Price, PriceUnits, Ratio,
    Span, Timeframe, Ts,
};
use seawall_simulator::{MarketEvent, MarketEventKind, SyntheticMarket, SyntheticSettings, Tick};

use super::chart::Chart;
use super::settings::{MarketSource, VenueKind, WorldSettings};
use crate::error::TestnetError;

/// Minutes of history that are made up as one-minute candles; the rest is made of quarter hours.
const FINE_MINUTES: i64 = 2_400;
const MINUTE: Span = Span::from_secs(60);

/// The source of prices.
#[derive(Debug, Clone)]
pub(crate) enum Feed {
    Synthetic { market: Box<SyntheticMarket>, next: Option<MarketEvent> },
    Replay { candles: VecDeque<Candle>, ticks: VecDeque<MarketEvent>, half_spread: i64 },
}

impl Feed {
    /// The market with its instruments and their candles before `start`; its next event is the first of the
    /// minute in which the start lies.
    pub(crate) fn new(
        settings: &WorldSettings,
        start: Ts,
    ) -> Result<(Feed, Vec<Instrument>, Vec<Chart>), TestnetError> {
        match &settings.market {
            MarketSource::Synthetic => synthetic(settings, start),
            MarketSource::File(path) => replay(settings, path, start),
        }
    }

    /// When its next event happens.
    pub(crate) fn next_at(&mut self) -> Option<Ts> {
        match self {
            Feed::Synthetic { market, next } => {
                if next.is_none() {
                    *next = market.next();
                }
                next.map(|event| event.at)
            }
            Feed::Replay { candles, ticks, half_spread } => {
                if ticks.is_empty()
                    && let Some(candle) = candles.pop_front()
                {
                    ticks.extend(walk(&candle, *half_spread));
                }
                ticks.front().map(|event| event.at)
            }
        }
    }

    /// Its next event.
    pub(crate) fn next(&mut self) -> Option<MarketEvent> {
        self.next_at();
        match self {
            Feed::Synthetic { next, .. } => next.take(),
            Feed::Replay { ticks, .. } => ticks.pop_front(),
        }
    }
}

fn synthetic(
    settings: &WorldSettings,
    start: Ts,
) -> Result<(Feed, Vec<Instrument>, Vec<Chart>), TestnetError> {
    let first = Timeframe::D1
        .floor(start)
        .minus(Span::from_secs(i64::from(settings.history_days.max(1)).saturating_mul(86_400)));
    let mut market = SyntheticMarket::new(&SyntheticSettings {
        seed: settings.seed,
        instruments: settings.instruments,
        start: first,
        tick_secs: settings.tick_secs,
    });
    let specs = market.instruments();
    let named = specs
        .into_iter()
        .zip(0..)
        .map(|(spec, id)| Ok(Instrument::new(InstrumentId(id), for_venue(spec, settings.venue)?, 0)?));
    let instruments = named.collect::<Result<Vec<_>, TestnetError>>()?;
    let mut charts = vec![Chart::default(); instruments.len()];
    let mut sink = |id: InstrumentId, candle: Candle| {
        if let Some(chart) = charts.get_mut(id.index()) {
            chart.candle(&candle);
        }
    };
    let fine = start.minus(Span::from_nanos(MINUTE.nanos() * FINE_MINUTES));
    market.skip_ahead(Timeframe::M15.floor(fine.max(first)), 15, &mut sink);
    market.skip_ahead(Timeframe::M1.floor(start), 1, &mut sink);
    Ok((Feed::Synthetic { market: Box::new(market), next: None }, instruments, charts))
}

/// The venue's name and kind for what the synthetic market made up.
fn for_venue(mut spec: InstrumentSpec, venue: VenueKind) -> Result<InstrumentSpec, TestnetError> {
    let base = spec.name.base();
    let (name, kind) = match venue {
        VenueKind::KrakenFutures => (format!("kraken-futures:{base}/USD:USD"), ContractKind::LinearPerpetual),
        VenueKind::Kraken => (format!("kraken:{base}/USD"), ContractKind::Spot),
    };
    spec.name = name.parse()?;
    spec.kind = kind;
    let bps = |tenths: i64| Some(seawall_model::Bps::new(Decimal::new(tenths, 1)));
    match venue {
        VenueKind::KrakenFutures => {
            spec.min_notional = Money::ZERO;
            (spec.maker_fee_bps, spec.taker_fee_bps) = (bps(20), bps(50));
        }
        VenueKind::Kraken => {
            // Clients take the price step from the number of decimals there.
            spec.tick = spec.tick.map(|tick| Price::new(Decimal::new(1, tick.get().normalize().scale())));
            spec.margin_tiers.clear();
            spec.leverage_max = Ratio::new(Decimal::ONE);
            (spec.maker_fee_bps, spec.taker_fee_bps) = (bps(250), bps(400));
        }
    }
    Ok(spec)
}

fn replay(
    settings: &WorldSettings,
    path: &Path,
    start: Ts,
) -> Result<(Feed, Vec<Instrument>, Vec<Chart>), TestnetError> {
    let name = path.display().to_string();
    // The reader's messages begin with the file.
    let broken = |reason: String| TestnetError::MarketFile {
        path: name.clone(),
        reason: reason.strip_prefix(&format!("{name}: ")).unwrap_or(&reason).to_owned(),
    };
    let loaded = load_candles(path, Timeframe::M1, None, HolePolicy::Report, &mut |_| {})
        .map_err(|error| broken(error.to_string()))?;
    let decimals = loaded.decimals;
    let mut spec = InstrumentSpec::new("sim:BTC/USD:USD".parse()?);
    spec.tick = Some(Price::new(Decimal::new(1, decimals)));
    spec.lot = seawall_model::Qty::new(Decimal::new(1, 4));
    spec.min_qty = Some(spec.lot);
    spec.leverage_max = Ratio::new(Decimal::from(50));
    spec.margin_tiers = vec![seawall_model::MarginTier {
        notional_below: None,
        maintenance_pct: Percent::new(Decimal::ONE),
        leverage_max: Ratio::new(Decimal::from(50)),
    }];
    let instrument = Instrument::new(InstrumentId(0), for_venue(spec, settings.venue)?, decimals)?;
    let candles = loaded.candles.into_candles(Timeframe::M1, instrument.price_scale());
    let candles = candles.map_err(|error| broken(error.to_string()))?;
    let (Some(first), Some(last)) = (candles.first(), candles.last()) else {
        return Err(broken("it has no rows".to_owned()));
    };
    let shift = shift(first.open_time, last.known_at, start);
    let mut chart = Chart::default();
    let mut rest = VecDeque::new();
    let minute = Timeframe::M1.floor(start);
    let half_spread = (last.close.get() / 20_000).max(1);
    for candle in &candles {
        let candle = Candle {
            open_time: candle.open_time.plus(shift),
            known_at: candle.known_at.plus(shift),
            ..*candle
        };
        if candle.open_time < minute { chart.candle(&candle) } else { rest.push_back(candle) }
    }
    Ok((Feed::Replay { candles: rest, ticks: VecDeque::new(), half_spread }, vec![instrument], vec![chart]))
}

/// By how much a file from `first` to `last` is moved, so that seven tenths of it lie before `start`.
fn shift(first: Ts, last: Ts, start: Ts) -> Span {
    const DAY: i64 = 86_400_000_000_000;
    let length = last.since(first).nanos();
    let step = if length > 30 * DAY {
        7 * DAY
    } else if length > 3 * DAY {
        DAY
    } else {
        MINUTE.nanos()
    };
    let wanted = start.nanos() - (first.nanos() + length / 10 * 7);
    Span::from_nanos(wanted.div_euclid(step) * step)
}

/// The trades of a candle.
fn walk(candle: &Candle, half_spread: i64) -> [MarketEvent; 4] {
    let (first, second) =
        if candle.close >= candle.open { (candle.low, candle.high) } else { (candle.high, candle.low) };
    let at = |seconds| candle.open_time.plus(Span::from_secs(seconds));
    let tick = |seconds, last: PriceUnits| {
        let half = PriceUnits::new(half_spread);
        let (bid, ask) = (last.minus(half).max(PriceUnits::new(1)), last.plus(half));
        let kind = MarketEventKind::Tick(Tick { bid, ask, last, qty: None });
        MarketEvent { at: at(seconds), instrument: InstrumentId(0), kind }
    };
    [tick(0, candle.open), tick(20, first), tick(40, second), tick(59, candle.close)]
}
