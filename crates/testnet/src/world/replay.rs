//! One-minute candles of a file, walked as ticks.
//!
//! A file's candles are shifted in time by whole weeks (whole days for short files), so that its last part
//! lies after the start: the first seven tenths are history. A candle becomes four trades: open, the extreme
//! against its direction, the other one, close. After the last candle the price stands still.

use std::collections::VecDeque;
use std::path::Path;

use rust_decimal::Decimal;
use seawall_archive::{HolePolicy, load_candles};
use seawall_model::{
    Candle, Instrument, InstrumentId, InstrumentSpec, Percent, Price, PriceUnits, Ratio, Span, Timeframe, Ts,
};
use seawall_simulator::{MarketEvent, MarketEventKind, Tick};

use super::chart::Chart;
use super::feed::{Feed, for_venue};
use super::settings::WorldSettings;
use crate::error::TestnetError;

const MINUTE: Span = Span::from_secs(60);

/// What is left of a file.
#[derive(Debug, Clone)]
pub(crate) struct Replay {
    candles: VecDeque<Candle>,
    ticks: VecDeque<MarketEvent>,
    half_spread: i64,
}

impl Replay {
    pub(super) fn known_next_at(&self) -> Option<Ts> {
        self.ticks.front().map(|event| event.at)
    }

    pub(super) fn next_at(&mut self) -> Option<Ts> {
        if self.ticks.is_empty()
            && let Some(candle) = self.candles.pop_front()
        {
            self.ticks.extend(walk(&candle, self.half_spread));
        }
        self.ticks.front().map(|event| event.at)
    }

    pub(super) fn next(&mut self) -> Option<MarketEvent> {
        self.ticks.pop_front()
    }
}

/// The market of a file.
pub(super) fn replay(
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
    let replay = Replay { candles: rest, ticks: VecDeque::new(), half_spread };
    Ok((Feed::Replay(replay), vec![instrument], vec![chart]))
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
