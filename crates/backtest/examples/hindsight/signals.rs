//! The same concepts read in two ways.

use seawall_model::{Candle, Ts};
use seawall_smc::parity::{self, Columns};
use seawall_smc::{
    Atr, Bar, BarSeries, Detector, Event, Events, FairValueGapSettings, FairValueGaps, Kind, LegPivots,
    OrderBlockSettings, OrderBlocks, Source, Structure, WideBars,
};
use seawall_strategy::Direction;

/// Size of swings and legs, in bars.
const SIZE: usize = 5;
const ATR_PERIOD: usize = 14;

/// A reason to enter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signal {
    /// The close at which the entry is decided.
    pub(crate) at: Ts,
    pub(crate) direction: Direction,
    /// Average true range at that close.
    pub(crate) average_range: f64,
}

/// What is traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concept {
    Swing,
    Break,
    OrderBlock,
    FairValueGap,
}

impl Concept {
    pub(crate) const ALL: [Concept; 4] =
        [Concept::Swing, Concept::Break, Concept::OrderBlock, Concept::FairValueGap];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Concept::Swing => "swing low: long, swing high: short",
            Concept::Break => "BOS and CHoCH, their way",
            Concept::OrderBlock => "order block, its way",
            Concept::FairValueGap => "fair value gap, its way",
        }
    }
}

/// When a signal is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timing {
    /// At the close of the bar in whose row the hindsight table shows it.
    Row,
    /// At the close at which the streaming detector reports it.
    Known,
}

impl Timing {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Timing::Row => "at its row (hindsight)",
            Timing::Known => "when it is known",
        }
    }
}

/// The signals of a series in order of time.
pub(crate) fn find(candles: &[Candle], divisor: f64, concept: Concept, timing: Timing) -> Vec<Signal> {
    let bars: Vec<Bar> = candles.iter().map(|candle| Bar::from_candle(candle, divisor)).collect();
    let places = match timing {
        Timing::Row => rows(candles, &bars, concept),
        Timing::Known => known(candles, &bars, concept),
    };
    let mut atr = Atr::new(ATR_PERIOD).unwrap();
    let ranges: Vec<Option<f64>> = bars.iter().map(|bar| atr.update(bar)).collect();
    let signal = |(index, direction): (usize, Direction)| {
        Some(Signal { at: candles[index].known_at, direction, average_range: ranges[index]? })
    };
    places.into_iter().filter_map(signal).collect()
}

/// Rows of the hindsight tables, each at its own index.
fn rows(candles: &[Candle], bars: &[Bar], concept: Concept) -> Vec<(usize, Direction)> {
    let times: Vec<Ts> = candles.iter().map(|candle| candle.open_time).collect();
    let column = |of: fn(&Bar) -> f64| bars.iter().map(of).collect::<Vec<f64>>();
    let (open, high) = (column(|bar| bar.open), column(|bar| bar.high));
    let (low, close) = (column(|bar| bar.low), column(|bar| bar.close));
    let volume: Vec<f64> = candles.iter().map(|candle| candle.volume).collect();
    let columns = Columns::new(&times, &open, &high, &low, &close, &volume).unwrap();
    let swings = parity::swing_highs_lows(&columns, SIZE);
    let signs: Vec<f64> = match concept {
        Concept::Swing => swings.high_low.iter().map(|sign| -sign).collect(),
        Concept::Break => {
            let table = parity::bos_choch(&columns, &swings, true).unwrap();
            table
                .bos
                .iter()
                .zip(&table.choch)
                .map(|(bos, choch)| if bos.is_nan() { *choch } else { *bos })
                .collect()
        }
        Concept::OrderBlock => parity::ob(&columns, &swings, false).unwrap().ob,
        Concept::FairValueGap => parity::fvg(&columns, false).fvg,
    };
    let directed = |(index, sign): (usize, &f64)| {
        (!sign.is_nan()).then_some((index, if *sign > 0.0 { Direction::Long } else { Direction::Short }))
    };
    signs.iter().enumerate().filter_map(directed).collect()
}

/// Events of the streaming detectors, each at the bar at whose close it is known.
fn known(candles: &[Candle], bars: &[Bar], concept: Concept) -> Vec<(usize, Direction)> {
    let (structure, own) = (Source(1), Source(2));
    let mut detectors: Vec<Box<dyn Detector>> = match concept {
        Concept::Swing => vec![Box::new(LegPivots::new(own, SIZE).unwrap())],
        Concept::Break => vec![Box::new(Structure::new(own, SIZE).unwrap())],
        Concept::OrderBlock => {
            let settings = OrderBlockSettings {
                leg_size: SIZE,
                wide_bars: WideBars::Kept,
                ..OrderBlockSettings::default()
            };
            vec![
                Box::new(Structure::new(structure, SIZE).unwrap()),
                Box::new(OrderBlocks::new(own, structure, settings).unwrap()),
            ]
        }
        Concept::FairValueGap => {
            vec![Box::new(FairValueGaps::new(own, FairValueGapSettings::default()).unwrap())]
        }
    };
    let wanted = |event: &Event| {
        event.id.source() == own
            && event.change == seawall_smc::Change::Born
            && (concept == Concept::Swing || event.kind != Kind::LegPivot)
    };
    let (mut series, mut events, mut found) = (BarSeries::new(), Events::new(), Vec::new());
    for (index, (candle, bar)) in candles.iter().zip(bars).enumerate() {
        let closed = series.close(candle.open_time, *bar).unwrap();
        events.clear();
        for detector in &mut detectors {
            detector.update(&closed, &mut events);
        }
        for event in events.iter().filter(|event| wanted(event)) {
            // A pivot low is bought, a pivot high sold.
            let up = (event.direction.sign() > 0) != (concept == Concept::Swing);
            found.push((index, if up { Direction::Long } else { Direction::Short }));
        }
    }
    found
}
