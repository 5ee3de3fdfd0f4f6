//! The data of the page, as compact as JSON can be without loss.
//!
//! Prices of bars are integers of the instrument's price unit, as differences: open from the close before,
//! close from open, high above the body, low below it. Times are the number of the bar and a list of holes.
//! Things are rows in the order of their births, each with its whole life; what is known when is worked out
//! by the page from the `known` of each entry.

use std::collections::{BTreeMap, BTreeSet};

use seawall_smc::{Change, Direction, Event, Kind};
use serde::Serialize;

use crate::commands::smc::scan::record::{Frame, Scan};
use crate::commands::smc::scan::things::{Thing, Things, ends, touches};
use crate::commands::smc::scan::words::{Layer, change_name, face, thing as thing_words};

#[derive(Debug, Serialize)]
pub(super) struct Data {
    instrument: String,
    decimals: usize,
    divisor: f64,
    layers: Vec<LayerRow>,
    kinds: Vec<KindRow>,
    changes: Vec<ChangeRow>,
    sources: BTreeMap<u8, String>,
    frames: Vec<FrameData>,
}

#[derive(Debug, Serialize)]
struct LayerRow {
    words: &'static str,
    shown: bool,
}

#[derive(Debug, Serialize)]
struct KindRow {
    name: &'static str,
    /// Of a bullish and of a bearish one.
    words: [String; 2],
    short: [&'static str; 2],
    shape: &'static str,
    /// Place in `layers`.
    layer: usize,
    /// Places in `changes` of those that end it.
    ends: Vec<usize>,
}

#[derive(Debug, Serialize)]
struct ChangeRow {
    name: &'static str,
    touches: bool,
}

#[derive(Debug, Serialize)]
struct FrameData {
    timeframe: &'static str,
    step_s: i64,
    start_s: i64,
    /// Number of a bar and how many are missing before it.
    holes: Vec<(usize, i64)>,
    /// Number of a bar and how many seconds after its end it became known, where it was late.
    late: Vec<(usize, i64)>,
    bars: Vec<i64>,
    things: Vec<ThingRow>,
}

/// kind, source, number, up (1) or down (0), anchor, known, top, bottom, parents, life.
#[derive(Debug, Serialize)]
struct ThingRow(usize, u8, u64, u8, u64, u64, f64, f64, Vec<(u8, u64)>, Vec<LifeRow>);

/// A later change: itself and the bar; with prices where they are not those before.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum LifeRow {
    Same(usize, u64),
    Moved(usize, u64, f64, f64),
}

pub(super) fn data(scan: &Scan) -> Data {
    let events = || scan.frames.iter().flat_map(|frame| scan.events(frame));
    let kinds: Vec<Kind> = events().map(|event| event.kind).collect::<BTreeSet<_>>().into_iter().collect();
    let changes: Vec<Change> =
        events().map(|event| event.change).collect::<BTreeSet<_>>().into_iter().collect();
    let sources =
        events().map(|event| event.id.source()).map(|source| (source.0, scan.source_name(source))).collect();
    Data {
        instrument: scan.instrument.name().to_string(),
        decimals: scan.prices().decimals,
        divisor: scan.instrument.price_divisor(),
        layers: Layer::ALL
            .into_iter()
            .map(|layer| LayerRow { words: layer.words(), shown: layer.shown() })
            .collect(),
        kinds: kinds.iter().map(|kind| kind_row(*kind, &changes)).collect(),
        changes: changes
            .iter()
            .map(|change| ChangeRow { name: change_name(*change), touches: touches(*change) })
            .collect(),
        sources,
        frames: scan.frames.iter().map(|frame| frame_data(scan, frame, &kinds, &changes)).collect(),
    }
}

fn kind_row(kind: Kind, changes: &[Change]) -> KindRow {
    let face = face(kind);
    // Liquidity is named by its side.
    let short = if kind == Kind::Pool {
        ["BSL", "SSL"]
    } else if kind == Kind::EqualLevels {
        ["EQH", "EQL"]
    } else {
        [face.short; 2]
    };
    let ending = changes.iter().enumerate().filter(|(_, change)| ends(kind, **change));
    KindRow {
        name: face.name,
        words: [Direction::Bullish, Direction::Bearish].map(|direction| thing_words(kind, direction)),
        short,
        shape: face.shape.name(),
        layer: Layer::ALL.into_iter().position(|layer| layer == face.layer).unwrap_or(0),
        ends: ending.map(|(place, _)| place).collect(),
    }
}

fn frame_data(scan: &Scan, frame: &Frame, kinds: &[Kind], changes: &[Change]) -> FrameData {
    let step = frame.timeframe.span().nanos();
    let seconds = |nanos: i64| nanos / 1_000_000_000;
    let (mut holes, mut late, mut bars) = (Vec::new(), Vec::new(), Vec::with_capacity(frame.bars.len() * 4));
    let mut next = frame.bars.first().map(|bar| bar.candle.open_time);
    let mut close_before = 0;
    for (index, bar) in frame.bars.iter().enumerate() {
        let candle = &bar.candle;
        let missing = next.map_or(0, |next| candle.open_time.since(next).nanos() / step);
        if missing > 0 {
            holes.push((index, missing));
        }
        let delay = bar.known_at.since(candle.known_at).nanos();
        if delay > 0 {
            late.push((index, seconds(delay)));
        }
        next = Some(candle.known_at);
        let [open, high, low, close] =
            [candle.open, candle.high, candle.low, candle.close].map(|price| price.get());
        bars.extend([open - close_before, close - open, high - open.max(close), open.min(close) - low]);
        close_before = close;
    }
    let things = Things::of(scan.events(frame));
    FrameData {
        timeframe: frame.timeframe.name(),
        step_s: seconds(step),
        start_s: frame.bars.first().map_or(0, |bar| seconds(bar.candle.open_time.nanos())),
        holes,
        late,
        bars,
        things: things.iter().map(|thing| thing_row(thing, kinds, changes)).collect(),
    }
}

fn thing_row(thing: &Thing, kinds: &[Kind], changes: &[Change]) -> ThingRow {
    let born = &thing.born;
    let up = match born.direction {
        Direction::Bullish => 1,
        Direction::Bearish => 0,
    };
    let mut before: &Event = born;
    let mut life = Vec::with_capacity(thing.later.len());
    for event in &thing.later {
        // Both are sorted and hold whatever occurs.
        let change = changes.binary_search(&event.change).unwrap_or(0);
        let same =
            (event.top.to_bits(), event.bottom.to_bits()) == (before.top.to_bits(), before.bottom.to_bits());
        life.push(if same {
            LifeRow::Same(change, event.known_at)
        } else {
            LifeRow::Moved(change, event.known_at, event.top, event.bottom)
        });
        before = event;
    }
    ThingRow(
        kinds.binary_search(&born.kind).unwrap_or(0),
        born.id.source().0,
        born.id.number(),
        up,
        born.anchor,
        born.known_at,
        born.top,
        born.bottom,
        born.parents.iter().flatten().map(|parent| (parent.source().0, parent.number())).collect(),
        life,
    )
}
