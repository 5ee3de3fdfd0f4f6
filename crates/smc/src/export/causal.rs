//! The `causal_*` tables: what the streaming detectors report, in the order of detection.
//!
//! Invariant: over the first t bars a table has exactly the rows of the full run that were known by then, and
//! in each of them the cells that were known by then.

use super::name::Causal;
use super::table::{Column, Table, Values};
use super::{Bars, ExportError, period};
use crate::bar::Bar;
use crate::equal::{EqualLevels, EqualRule, EqualSettings, Tolerance};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Kind, Source};
use crate::fvg::{FairValueGapSettings, FairValueGaps};
use crate::living::LIVE_MAX;
use crate::order_block::{OrderBlockSettings, OrderBlocks, WideBars};
use crate::parity::TimeFrame;
use crate::pivot::{Fractal, LegPivots};
use crate::pool::{PoolInput, PoolSettings, Pools};
use crate::previous::PreviousLevels;
use crate::series::{BarSeries, ClosedBar, Detector};
use crate::structure::Structure;
use crate::zones::ZoneLimits;

/// More live things than any series bears, so that none is given up.
const EVERY_ONE: ZoneLimits = ZoneLimits { live: LIVE_MAX, age_bars_max: None };
/// How many averages make a bar wide.
const WIDE_MULTIPLE: f64 = 2.0;
/// Period of the average true range that says when levels are equal.
const EQUAL_ATR_PERIOD: usize = 200;
/// Outcomes of a pool: the bar that took it closed at the level or back inside, or beyond.
const SWEEP: u64 = 1;
const RUN: u64 = 2;
const FIRST: Source = Source(0);
const SECOND: Source = Source(1);

pub(super) fn table(name: &Causal, bars: &Bars<'_>) -> Result<Table, ExportError> {
    match name {
        Causal::Fvg => fvg(bars),
        Causal::Fractals { left, right } => fractals(bars, *left, *right),
        Causal::Structure { size } => structure(bars, *size),
        Causal::Ob { size, atr_period } => order_blocks(bars, *size, *atr_period),
        Causal::Pools { size } => pools(bars, *size),
        Causal::Equal { size, threshold } => equal(bars, *size, threshold.value()),
        Causal::Prev { period } => previous(bars, period.value()),
    }
}

/// The bars in order, checked.
fn closed(bars: &Bars<'_>) -> impl Iterator<Item = Result<ClosedBar, SmcError>> {
    let mut series = BarSeries::new();
    let prices = bars.open.iter().zip(bars.high).zip(bars.low.iter().zip(bars.close));
    let rows = bars.open_time.iter().zip(prices);
    rows.map(move |(&open_time, ((&open, &high), (&low, &close)))| {
        series.close(open_time, Bar { open, high, low, close })
    })
}

/// Leads the bars past the detectors, in their order, and hands out what they report.
fn run(
    bars: &Bars<'_>,
    detectors: &mut [&mut dyn Detector],
    mut take: impl FnMut(&Event),
) -> Result<(), ExportError> {
    let mut events = Events::new();
    for bar in closed(bars) {
        let bar = bar?;
        events.clear();
        for detector in &mut *detectors {
            detector.update(&bar, &mut events);
        }
        events.iter().for_each(&mut take);
    }
    Ok(())
}

/// The columns of events, filled row by row.
#[derive(Default)]
struct Rows {
    anchor: Vec<i64>,
    known_at: Vec<i64>,
    sign: Vec<i64>,
    top: Vec<f64>,
    bottom: Vec<f64>,
}

impl Rows {
    fn push(&mut self, event: &Event) {
        self.anchor.push(whole(event.anchor));
        self.known_at.push(whole(event.known_at));
        self.sign.push(i64::from(event.direction.sign()));
        self.top.push(event.top);
        self.bottom.push(event.bottom);
    }
}

/// Sets the cell of a thing; things are numbered from 0 in the order of their birth, as the rows are.
fn set(column: &mut [Option<u64>], id: Id, value: u64) {
    if let Some(cell) = usize::try_from(id.number()).ok().and_then(|row| column.get_mut(row)) {
        *cell = Some(value);
    }
}

fn whole(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

fn column(name: &'static str, values: Values) -> Column {
    Column { name, values }
}

fn fvg(bars: &Bars<'_>) -> Result<Table, ExportError> {
    let settings = FairValueGapSettings { size_fraction_min: 0.0, limits: EVERY_ONE };
    let mut gaps = FairValueGaps::new(FIRST, settings)?;
    let stages = [
        ("touched_at", Change::Touched),
        ("ce_at", Change::Midpoint),
        ("filled_at", Change::Filled),
        ("inverted_at", Change::Inverted),
    ];
    zones(bars, &mut [&mut gaps], FIRST, &stages)
}

fn order_blocks(bars: &Bars<'_>, size: u32, atr_period: Option<u32>) -> Result<Table, ExportError> {
    let leg_size = bars_of(size);
    let wide_bars = match atr_period {
        None => WideBars::Kept,
        Some(period) => WideBars::Exchanged { atr_period: bars_of(period), multiple: WIDE_MULTIPLE },
    };
    let mut structure = Structure::new(FIRST, leg_size)?;
    let settings = OrderBlockSettings { leg_size, wide_bars, limits: EVERY_ONE };
    let mut blocks = OrderBlocks::new(SECOND, FIRST, settings)?;
    let stages = [
        ("touched_at", Change::Touched),
        ("wick_broken_at", Change::WickBroken),
        ("close_broken_at", Change::Broken),
    ];
    zones(bars, &mut [&mut structure, &mut blocks], SECOND, &stages)
}

/// A row for each zone of `source`, with the bar of each of the stages.
fn zones(
    bars: &Bars<'_>,
    detectors: &mut [&mut dyn Detector],
    source: Source,
    stages: &[(&'static str, Change)],
) -> Result<Table, ExportError> {
    let mut rows = Rows::default();
    let mut reached: Vec<Vec<Option<u64>>> = vec![Vec::new(); stages.len()];
    run(bars, detectors, |event| {
        if event.id.source() != source {
            return;
        }
        if event.change == Change::Born {
            rows.push(event);
            reached.iter_mut().for_each(|column| column.push(None));
            return;
        }
        let stage = stages.iter().zip(&mut reached).find(|((_, change), _)| *change == event.change);
        if let Some((_, column)) = stage {
            set(column, event.id, event.known_at);
        }
    })?;
    let mut columns = vec![
        column("index", Values::Whole(rows.anchor)),
        column("known_at", Values::Whole(rows.known_at)),
        column("dir", Values::Whole(rows.sign)),
        column("top", Values::Double(rows.top)),
        column("bottom", Values::Double(rows.bottom)),
    ];
    let named = stages.iter().zip(reached);
    columns.extend(named.map(|((name, _), bars)| column(name, Values::Maybe(bars))));
    Ok(Table::new(columns))
}

fn fractals(bars: &Bars<'_>, left: u32, right: u32) -> Result<Table, ExportError> {
    let mut rows = Rows::default();
    let mut fractal = Fractal::new(FIRST, bars_of(left), bars_of(right))?;
    run(bars, &mut [&mut fractal], |event| rows.push(event))?;
    Ok(Table::new(vec![
        column("index", Values::Whole(rows.anchor)),
        column("known_at", Values::Whole(rows.known_at)),
        column("kind", Values::Whole(rows.sign)),
        column("level", Values::Double(rows.top)),
    ]))
}

fn structure(bars: &Bars<'_>, size: u32) -> Result<Table, ExportError> {
    let (mut rows, mut kinds) = (Rows::default(), Vec::new());
    let mut structure = Structure::new(FIRST, bars_of(size))?;
    run(bars, &mut [&mut structure], |event| {
        if event.kind.is_break() {
            rows.push(event);
            kinds.push(if event.kind == Kind::Choch { "CHOCH" } else { "BOS" });
        }
    })?;
    Ok(Table::new(vec![
        column("known_at", Values::Whole(rows.known_at)),
        column("dir", Values::Whole(rows.sign)),
        column("kind", Values::Word(kinds)),
        column("pivot_index", Values::Whole(rows.anchor)),
        column("level", Values::Double(rows.top)),
    ]))
}

/// A row for each leg pivot, with the first bar that trades beyond it.
fn pools(bars: &Bars<'_>, size: u32) -> Result<Table, ExportError> {
    let mut rows = Rows::default();
    let (mut taken_at, mut outcome): (Vec<Option<u64>>, Vec<Option<u64>>) = (Vec::new(), Vec::new());
    let mut pivots = LegPivots::new(FIRST, bars_of(size))?;
    let inputs = [PoolInput { source: FIRST, kind: Kind::LegPivot }];
    let mut pools = Pools::new(SECOND, &inputs, PoolSettings { reclaim_bars: 0, limits: EVERY_ONE })?;
    run(bars, &mut [&mut pivots, &mut pools], |event| {
        if event.id.source() != SECOND {
            return;
        }
        if event.change == Change::Born {
            rows.push(event);
            taken_at.push(None);
            outcome.push(None);
        } else {
            set(&mut taken_at, event.id, event.known_at);
            set(&mut outcome, event.id, if event.change == Change::Swept { SWEEP } else { RUN });
        }
    })?;
    Ok(Table::new(vec![
        column("index", Values::Whole(rows.anchor)),
        column("known_at", Values::Whole(rows.known_at)),
        column("kind", Values::Whole(rows.sign)),
        column("level", Values::Double(rows.top)),
        column("taken_at", Values::Maybe(taken_at)),
        column("outcome", Values::Maybe(outcome)),
    ]))
}

/// A row for each leg pivot close to the one before of its kind.
fn equal(bars: &Bars<'_>, size: u32, threshold: f64) -> Result<Table, ExportError> {
    // Closer than nothing is nothing, which the multiple of an average may not be.
    let tolerance = if threshold > 0.0 {
        Tolerance::Atr { period: EQUAL_ATR_PERIOD, multiple: threshold }
    } else {
        Tolerance::Price(0.0)
    };
    let settings = EqualSettings { rule: EqualRule::Pairs, tolerance, limits: EVERY_ONE };
    let mut levels = EqualLevels::new(SECOND, FIRST, settings)?;
    let mut legs = LegPivots::new(FIRST, bars_of(size))?;
    let mut pivots: Vec<Event> = Vec::new();
    let (mut first, mut second) = (Rows::default(), Rows::default());
    run(bars, &mut [&mut legs, &mut levels], |event| {
        if event.id.source() == FIRST {
            pivots.push(*event);
            return;
        }
        for (rows, parent) in [&mut first, &mut second].into_iter().zip(event.parents) {
            let pivot = parent.and_then(|id| pivots.get(usize::try_from(id.number()).ok()?));
            pivot.into_iter().for_each(|pivot| rows.push(pivot));
        }
    })?;
    Ok(Table::new(vec![
        column("known_at", Values::Whole(second.known_at)),
        column("kind", Values::Whole(second.sign)),
        column("first_index", Values::Whole(first.anchor)),
        column("second_index", Values::Whole(second.anchor)),
        column("first_level", Values::Double(first.top)),
        column("second_level", Values::Double(second.top)),
    ]))
}

/// A row for each bar: the extremes of the last period that had bars, and whether this one went beyond them.
fn previous(bars: &Bars<'_>, frame: TimeFrame) -> Result<Table, ExportError> {
    let Some(period) = period::of(frame) else { return Err(ExportError::Period) };
    let mut detector = PreviousLevels::new(FIRST, period);
    let mut events = Events::new();
    let (mut high, mut low) = (Vec::new(), Vec::new());
    let (mut high_broken, mut low_broken) = (Vec::new(), Vec::new());
    for bar in closed(bars) {
        events.clear();
        detector.update(&bar?, &mut events);
        let levels = detector.levels();
        high.push(levels.map_or(f64::NAN, |levels| levels.high));
        low.push(levels.map_or(f64::NAN, |levels| levels.low));
        high_broken.push(i64::from(levels.is_some_and(|levels| levels.high_broken)));
        low_broken.push(i64::from(levels.is_some_and(|levels| levels.low_broken)));
    }
    Ok(Table::new(vec![
        column("prev_high", Values::Double(high)),
        column("prev_low", Values::Double(low)),
        column("broken_high", Values::Whole(high_broken)),
        column("broken_low", Values::Whole(low_broken)),
    ]))
}

fn bars_of(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
