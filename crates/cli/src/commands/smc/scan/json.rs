//! What was seen, for programs: `seawall.smc_scan/1`.

use std::collections::BTreeMap;

use seawall_model::Timeframe;
use seawall_smc::{Direction, Event};
use serde::Serialize;

use super::live::{Live, Near};
use super::record::{Frame, Scan};
use super::words::{change_name, direction_name, face};

/// The whole object.
#[derive(Debug, Serialize)]
pub(super) struct ScanJson {
    schema: &'static str,
    instrument: String,
    base_timeframe: &'static str,
    settings: SettingsJson,
    timeframes: Vec<FrameJson>,
}

#[derive(Debug, Serialize)]
struct SettingsJson {
    internal_leg: usize,
    swing_leg: usize,
    fractal_bars: usize,
    gap_size_fraction_min: f64,
    zones_live_max: usize,
    zone_age_bars_max: Option<u64>,
    /// Every setting in force, for people; not made to be parsed.
    all: String,
}

#[derive(Debug, Serialize)]
struct FrameJson {
    timeframe: &'static str,
    bars: usize,
    bars_missing: i64,
    from: Option<String>,
    to: Option<String>,
    counts: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    events_total: usize,
    events: Vec<EventJson>,
    live: Option<LiveJson>,
}

#[derive(Debug, Serialize)]
struct EventJson {
    id: String,
    source: String,
    kind: &'static str,
    change: &'static str,
    direction: &'static str,
    anchor: MomentJson,
    known_at: MomentJson,
    top: f64,
    bottom: f64,
    parents: Vec<String>,
}

/// A bar by number and time: of the anchor the open, of `known_at` the instant at which it was known.
#[derive(Debug, Serialize)]
struct MomentJson {
    bar: u64,
    time: Option<String>,
}

#[derive(Debug, Serialize)]
struct LiveJson {
    close: f64,
    internal_trend: Option<&'static str>,
    swing_trend: Option<&'static str>,
    zones: Vec<NearJson>,
    pools: Vec<NearJson>,
    dealing_range: Option<RangeJson>,
}

#[derive(Debug, Serialize)]
struct NearJson {
    id: String,
    source: String,
    kind: &'static str,
    direction: &'static str,
    top: f64,
    bottom: f64,
    side: &'static str,
    distance_pct: f64,
    touched: bool,
    born: MomentJson,
}

#[derive(Debug, Serialize)]
struct RangeJson {
    id: String,
    top: f64,
    bottom: f64,
    /// Where in it the close lies: 0 at its low, 1 at its high.
    position: f64,
}

/// The object, with the last events of each timeframe or all.
pub(super) fn json(scan: &Scan, last: Option<usize>) -> ScanJson {
    let settings = &scan.settings;
    ScanJson {
        schema: "seawall.smc_scan/1",
        instrument: scan.instrument.name().to_string(),
        base_timeframe: scan.base.name(),
        settings: SettingsJson {
            internal_leg: settings.internal_leg,
            swing_leg: settings.swing_leg,
            fractal_bars: settings.fractal_bars,
            gap_size_fraction_min: settings.gaps.size_fraction_min,
            zones_live_max: settings.limits.live,
            zone_age_bars_max: settings.limits.age_bars_max,
            all: format!("{settings:?}"),
        },
        timeframes: scan.frames.iter().map(|frame| frame_json(scan, frame, last)).collect(),
    }
}

fn frame_json(scan: &Scan, frame: &Frame, last: Option<usize>) -> FrameJson {
    let timeframe: Timeframe = frame.timeframe;
    let mut counts: BTreeMap<&'static str, BTreeMap<&'static str, u64>> = BTreeMap::new();
    let wanted: Vec<&Event> = scan.events(frame).collect();
    for event in &wanted {
        *counts.entry(face(event.kind).name).or_default().entry(change_name(event.change)).or_default() += 1;
    }
    let skipped = last.map_or(0, |last| wanted.len().saturating_sub(last));
    FrameJson {
        timeframe: timeframe.name(),
        bars: frame.bars.len(),
        bars_missing: frame.bars_missing(),
        from: frame.bars.first().map(|bar| bar.candle.open_time.to_string()),
        to: frame.bars.last().map(|bar| bar.candle.known_at.to_string()),
        counts,
        events_total: wanted.len(),
        events: wanted.iter().skip(skipped).map(|event| event_json(scan, frame, event)).collect(),
        live: Live::of(scan, frame).map(|live| live_json(scan, frame, &live)),
    }
}

fn event_json(scan: &Scan, frame: &Frame, event: &Event) -> EventJson {
    EventJson {
        id: event.id.to_string(),
        source: scan.source_name(event.id.source()),
        kind: face(event.kind).name,
        change: change_name(event.change),
        direction: direction_name(event.direction),
        anchor: MomentJson {
            bar: event.anchor,
            time: frame.bar(event.anchor).map(|bar| bar.candle.open_time.to_string()),
        },
        known_at: known(frame, event.known_at),
        top: event.top,
        bottom: event.bottom,
        parents: event.parents.iter().flatten().map(ToString::to_string).collect(),
    }
}

fn known(frame: &Frame, index: u64) -> MomentJson {
    MomentJson { bar: index, time: frame.bar(index).map(|bar| bar.known_at.to_string()) }
}

fn live_json(scan: &Scan, frame: &Frame, live: &Live) -> LiveJson {
    let near = |list: &[Near]| list.iter().map(|near| near_json(scan, frame, near)).collect();
    let trend = |trend: Option<Direction>| trend.map(direction_name);
    LiveJson {
        close: live.last_close,
        internal_trend: trend(live.internal_trend),
        swing_trend: trend(live.swing_trend),
        zones: near(&live.zones),
        pools: near(&live.pools),
        dealing_range: live.dealing_range.as_ref().map(|(range, position)| RangeJson {
            id: range.born.id.to_string(),
            top: range.newest().top,
            bottom: range.newest().bottom,
            position: *position,
        }),
    }
}

fn near_json(scan: &Scan, frame: &Frame, near: &Near) -> NearJson {
    let newest = near.thing.newest();
    NearJson {
        id: newest.id.to_string(),
        source: scan.source_name(newest.id.source()),
        kind: face(newest.kind).name,
        direction: direction_name(newest.direction),
        top: newest.top,
        bottom: newest.bottom,
        side: near.side.name(),
        distance_pct: near.distance_pct,
        touched: near.thing.is_touched(),
        born: known(frame, near.thing.born.known_at),
    }
}
