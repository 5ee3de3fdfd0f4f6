//! What the engine saw: every timeframe's bars and events.
//!
//! Bars are counted from 0 at the first candle that was read, a series for each timeframe. A coarser candle
//! is known when a candle of the base closed it: at its end, or later where candles are missing.

use seawall_backtest::Market;
use seawall_model::{Candle, Instrument, PriceUnits, Timeframe, Ts};
use seawall_smc::chart::sources;
use seawall_smc::{ChartSettings, ConfluenceSettings, Direction, Event, Kind, SmcError, Source, Views};

use super::things::Things;
use super::words::Prices;
use crate::exit::Failure;
use crate::progress::bar;

/// Candles between two looks at the progress bar.
const CANDLES_PER_LOOK: u64 = 1 << 12;

/// Which structure is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    Both,
    Internal,
    Swing,
}

/// Which events are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    /// Empty means all.
    pub(crate) kinds: Vec<Kind>,
    pub(crate) scale: Scale,
}

impl Selection {
    pub(crate) fn takes(&self, event: &Event) -> bool {
        let source = sources::name(event.id.source());
        let of_scale = match self.scale {
            Scale::Both => true,
            Scale::Internal => !source.starts_with("swing"),
            Scale::Swing => !source.starts_with("internal"),
        };
        of_scale && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
    }
}

/// A closed bar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeenBar {
    pub(crate) candle: Candle,
    /// When it and what it brought became known.
    pub(crate) known_at: Ts,
}

/// One timeframe.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) timeframe: Timeframe,
    pub(crate) bars: Vec<SeenBar>,
    /// In the order in which they became known.
    pub(crate) events: Vec<Event>,
    pub(crate) internal_trend: Option<Direction>,
    pub(crate) swing_trend: Option<Direction>,
}

impl Frame {
    /// A bar by its number.
    pub(crate) fn bar(&self, index: u64) -> Option<&SeenBar> {
        self.bars.get(usize::try_from(index).ok()?)
    }

    /// Bars that are missing between the first and the last.
    pub(crate) fn bars_missing(&self) -> i64 {
        let (Some(first), Some(last)) = (self.bars.first(), self.bars.last()) else { return 0 };
        let room =
            last.candle.open_time.since(first.candle.open_time).nanos() / self.timeframe.span().nanos();
        room + 1 - i64::try_from(self.bars.len()).unwrap_or(i64::MAX)
    }

    /// All things, whatever is selected.
    pub(crate) fn things(&self) -> Things {
        Things::of(&self.events)
    }
}

/// Everything that was seen.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) instrument: Instrument,
    pub(crate) base: Timeframe,
    pub(crate) settings: ChartSettings,
    /// The base first, then coarser ones, finest first.
    pub(crate) frames: Vec<Frame>,
    pub(crate) selection: Selection,
}

impl Scan {
    /// The name of a detector, for people.
    pub(crate) fn source_name(&self, source: Source) -> String {
        self.settings.source_name(source).to_owned()
    }

    pub(crate) fn prices(&self) -> Prices {
        Prices { decimals: usize::try_from(self.instrument.price_scale()).unwrap_or(0) }
    }

    pub(crate) fn price(&self, units: PriceUnits) -> f64 {
        self.instrument.price_f64(units)
    }

    /// The wanted events of a timeframe.
    pub(crate) fn events<'a>(&'a self, frame: &'a Frame) -> impl Iterator<Item = &'a Event> {
        frame.events.iter().filter(|event| self.selection.takes(event))
    }
}

/// Runs the engine over the candles of the market's one instrument.
pub(crate) fn record(
    market: &Market,
    timeframes: &[Timeframe],
    settings: &ChartSettings,
    selection: Selection,
) -> Result<Scan, Failure> {
    let (Some(series), Some(instrument)) = (market.series().first(), market.instruments().first()) else {
        return Err(Failure::input("--candles: no candles"));
    };
    let base = series.timeframe;
    let wanted: Vec<Timeframe> = core::iter::once(base).chain(timeframes.iter().copied()).collect();
    let mut views = Views::new(base, &wanted, settings, instrument.price_divisor()).map_err(failure)?;
    let shown: Vec<Timeframe> =
        Timeframe::ALL.into_iter().filter(|timeframe| wanted.contains(timeframe)).collect();
    for (lower, higher) in shown.iter().zip(shown.iter().skip(1)) {
        views.watch(*lower, *higher, ConfluenceSettings::default()).map_err(failure)?;
    }
    let mut frames: Vec<Frame> = shown
        .into_iter()
        .map(|timeframe| Frame {
            timeframe,
            bars: Vec::new(),
            events: Vec::new(),
            internal_trend: None,
            swing_trend: None,
        })
        .collect();
    let progress = bar("scan", u64::try_from(series.candles.len()).unwrap_or(0));
    for (done, candle) in (1_u64..).zip(&series.candles) {
        views
            .update(candle, &mut |timeframe, closed, events| {
                if let Some(frame) = frames.iter_mut().find(|frame| frame.timeframe == timeframe) {
                    frame
                        .bars
                        .push(SeenBar { candle: *closed, known_at: candle.known_at.max(closed.known_at) });
                    frame.events.extend_from_slice(events);
                }
            })
            .map_err(failure)?;
        if done.is_multiple_of(CANDLES_PER_LOOK) {
            progress.set_position(done);
        }
    }
    progress.finish_and_clear();
    for frame in &mut frames {
        if let Some(chart) = views.chart(frame.timeframe) {
            frame.internal_trend = chart.internal().trend();
            frame.swing_trend = chart.swing().trend();
        }
    }
    Ok(Scan { instrument: instrument.clone(), base, settings: settings.clone(), frames, selection })
}

fn failure(error: SmcError) -> Failure {
    match error {
        SmcError::Indivisible { base, timeframe } => Failure::input(format!(
            "--timeframe {timeframe}: candles of {base} do not make up whole ones of it; name a multiple of \
             {base}"
        )),
        SmcError::InvalidBar { .. }
        | SmcError::OutOfOrder { .. }
        | SmcError::Misfit { .. }
        | SmcError::Parameter { .. } => Failure::input(error),
    }
}
