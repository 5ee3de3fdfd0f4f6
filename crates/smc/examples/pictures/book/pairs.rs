//! Pictures of what takes two series: two markets, or two timeframes of one.

use std::collections::BTreeMap;

use seawall_model::{Candle, Span, Timeframe, Ts};
use seawall_smc::chart::sources;
use seawall_smc::{
    Bar, BarSeries, Change, ChartSettings, ConfluenceSettings, Correlation, Detector, Direction, Event,
    Events, Id, Kind, LegPivots, SmtDivergences, SmtSettings, Source, Views,
};

use super::choose::{said, shapes_of, way, word};
use super::data::{DIVISOR, Market, Series};
use super::run::{Life, anchor, known_at};
use super::scene::{Ink, Note, Scene, Shape};

const WARM_UP: usize = 300;
const PIVOTS: Source = Source(1);
const LEG: usize = 5;

pub(crate) fn scenes(market: &Market) -> Vec<Scene<'_>> {
    vec![divergence(market), view(market), confluence(market)]
}

/// One market's pivots.
struct Pivots {
    series: BarSeries,
    detector: LegPivots,
    seen: BTreeMap<Id, Event>,
    latest: BTreeMap<Direction, Vec<Id>>,
}

impl Pivots {
    fn new() -> Self {
        let detector = LegPivots::new(PIVOTS, LEG).unwrap();
        Pivots { series: BarSeries::new(), detector, seen: BTreeMap::new(), latest: BTreeMap::new() }
    }

    fn update(&mut self, time: Ts, bar: Bar) -> (seawall_smc::ClosedBar, Events) {
        let (closed, mut events) = (self.series.close(time, bar).unwrap(), Events::new());
        self.detector.update(&closed, &mut events);
        for pivot in &events {
            self.seen.insert(pivot.id, *pivot);
            self.latest.entry(pivot.direction).or_default().push(pivot.id);
        }
        (closed, events)
    }

    /// The pivot and the one before of its kind.
    fn step(&self, id: Id) -> [Event; 2] {
        let pivot = self.seen[&id];
        let line = &self.latest[&pivot.direction];
        let place = line.iter().position(|other| *other == id).unwrap();
        [self.seen[&line[place - 1]], pivot]
    }
}

fn divergence(market: &Market) -> Scene<'_> {
    let (first, second) = (&market.bitcoin_1h, &market.ether_1h);
    assert_eq!(first.times, second.times, "the two markets have the same bars");
    let settings = SmtSettings {
        first: PIVOTS,
        second: PIVOTS,
        pivots: Kind::LegPivot,
        pivot_bars: LEG,
        tolerance: Span::from_secs(2 * 3_600),
        correlation: Correlation::Direct,
    };
    let mut judge = SmtDivergences::new(Source(2), settings).unwrap();
    let (mut left, mut right) = (Pivots::new(), Pivots::new());
    for (index, time) in first.times.iter().enumerate() {
        let (other, found) = right.update(*time, second.bars[index]);
        judge.update_second(&other, &found);
        let (bar, mut events) = left.update(*time, first.bars[index]);
        judge.update_first(&bar, &mut events);
        let born = events.iter().find(|event| event.kind == Kind::SmtDivergence);
        let Some(born) = born.filter(|_| index > WARM_UP) else { continue };
        let steps = [left.step(born.parents[0].unwrap()), right.step(born.parents[1].unwrap())];
        let apart = anchor(&steps[0][1]) - anchor(&steps[0][0]);
        let clear = |[before, pivot]: &[Event; 2]| (pivot.level() / before.level() - 1.0).abs() > 0.002;
        if (14..=30).contains(&apart) && steps.iter().all(clear) {
            return divergence_scene(first, second, born, &steps);
        }
    }
    panic!("no divergence");
}

fn divergence_scene<'a>(
    first: &'a Series,
    second: &'a Series,
    born: &Event,
    steps: &[[Event; 2]; 2],
) -> Scene<'a> {
    let shapes = |[before, pivot]: &[Event; 2], ink: Ink| {
        let higher = pivot.level() > before.level();
        let name = match (pivot.direction, higher) {
            (Direction::Bullish, true) => "higher high",
            (Direction::Bullish, false) => "lower high",
            (Direction::Bearish, true) => "higher low",
            (Direction::Bearish, false) => "lower low",
        };
        let mark = |event: &Event, label: &str| Shape::Pivot {
            anchor: anchor(event),
            known: known_at(event),
            price: event.level(),
            side: event.direction,
            ink,
            label: label.to_owned(),
        };
        let leg = Shape::Leg { from: (anchor(before), before.level()), to: (anchor(pivot), pivot.level()) };
        vec![leg, mark(before, ""), mark(pivot, name)]
    };
    Scene {
        name: "smt-divergence",
        title: format!("SMT divergence, {}", way(born.direction)),
        series: first,
        from: anchor(&steps[0][0]).min(anchor(&steps[1][0])) - 12,
        to: known_at(born) + 12,
        delay: Some((anchor(born), known_at(born))),
        shapes: shapes(&steps[0], Ink::Main),
        notes: Vec::new(),
        second: Some((second, shapes(&steps[1], Ink::Main))),
    }
}

/// The bar of `series` that opens at `time`.
fn bar_at(series: &Series, time: Ts) -> usize {
    series.times.partition_point(|open| *open < time)
}

/// A gap of 4h candles on 1h candles.
fn view(market: &Market) -> Scene<'_> {
    const HEIGHT_MIN: f64 = 0.006;
    let series = &market.bitcoin_1h;
    let settings = ChartSettings::without_sessions();
    let mut views = Views::new(Timeframe::H1, &[Timeframe::H4], &settings, DIVISOR).unwrap();
    let (mut opens, mut lives): (Vec<Ts>, Vec<(usize, Life)>) = (Vec::new(), Vec::new());
    for (index, candle) in market.bitcoin_candles_1h.iter().enumerate() {
        let mut sink = |_: Timeframe, closed: &Candle, events: &[Event]| {
            opens.push(closed.open_time);
            for event in events.iter().filter(|event| event.kind == Kind::FairValueGap) {
                match lives.iter_mut().find(|(_, life)| life.born.id == event.id) {
                    Some((_, life)) => life.events.push(Event { known_at: index as u64, ..*event }),
                    None => {
                        let event = Event { known_at: index as u64, ..*event };
                        lives.push((index, Life { born: event, events: vec![event] }));
                    }
                }
            }
        };
        views.update(candle, &mut sink).unwrap();
        let done = lives.iter().find(|(known, life)| {
            *known > WARM_UP
                && (life.born.top / life.born.bottom - 1.0) > HEIGHT_MIN
                && life.first(Change::Filled).is_some_and(|at| (14..=40).contains(&(at - known)))
        });
        let Some((known, life)) = done else { continue };
        let middle = bar_at(series, opens[anchor(&life.born)]);
        let mut notes: Vec<Note> = Vec::new();
        for event in life.events.iter().skip(1) {
            let (bar, text) = (known_at(event), said(event.change));
            match notes.last_mut() {
                Some(last) if last.bar == bar => last.text = format!("{}, {text}", last.text),
                Some(_) | None => notes.push(Note { bar, text: text.to_owned() }),
            }
        }
        let band = |from: usize, name: &str| Shape::Band { from, to: from + 3, label: name.to_owned() };
        let mut shapes = vec![band(middle - 4, "first"), band(middle, "middle"), band(middle + 4, "third")];
        shapes.push(Shape::Zone {
            anchor: middle,
            known: *known,
            end: life.end(),
            top: life.born.top,
            bottom: life.born.bottom,
            ink: Ink::Main,
            label: "4h FVG".to_owned(),
        });
        return Scene {
            name: "views",
            title: format!("A fair value gap of 4h candles on 1h candles, {}", way(life.born.direction)),
            series,
            from: middle - 14,
            to: life.end() + 8,
            delay: Some((middle, *known)),
            shapes,
            notes,
            second: None,
        };
    }
    panic!("no gap of the coarse timeframe");
}

/// What both timeframes showed.
#[derive(Default)]
struct Seen {
    /// Zones of the higher timeframe with the lower bar at whose close they were known.
    zones: Vec<(usize, Event)>,
    pools: BTreeMap<Id, Event>,
    sweeps: Vec<Event>,
    shifts: Vec<Event>,
    gaps: BTreeMap<Id, Event>,
    born: Option<Event>,
}

/// How many bars the picture's confluence may take.
const APART: usize = 16;

fn confluence(market: &Market) -> Scene<'_> {
    let series = &market.bitcoin_15m;
    let timeframes = [Timeframe::M15, Timeframe::H4];
    let mut views =
        Views::new(Timeframe::M15, &timeframes, &ChartSettings::without_sessions(), DIVISOR).unwrap();
    let settings = ConfluenceSettings {
        pools: sources::INTERNAL_POOLS,
        bars: APART as u64,
        score_min: 5.0,
        ..ConfluenceSettings::default()
    };
    views.watch(Timeframe::M15, Timeframe::H4, settings).unwrap();
    let mut seen = Seen::default();
    for (index, candle) in market.bitcoin_candles_15m.iter().enumerate() {
        let mut sink = |timeframe: Timeframe, _: &Candle, events: &[Event]| {
            for event in events {
                if timeframe == Timeframe::M15 { seen.lower(event) } else { seen.higher(index, event) }
            }
        };
        views.update(candle, &mut sink).unwrap();
        let Some(born) = seen.born.take().filter(|_| index > 20 * WARM_UP) else { continue };
        let gap = (born.top - born.bottom) / born.bottom;
        let Some(zone) = seen.touched(series, &born).filter(|_| gap > 0.001) else { continue };
        if !seen.fresh(series, &born) {
            continue;
        }
        return seen.scene(series, &born, &zone);
    }
    panic!("no confluence");
}

impl Seen {
    fn higher(&mut self, index: usize, event: &Event) {
        let is_zone = matches!(event.kind, Kind::OrderBlock | Kind::FairValueGap);
        if is_zone && event.change == Change::Born {
            self.zones.push((index, *event));
        } else if matches!(event.change, Change::Broken | Change::Inverted | Change::Filled) {
            self.zones.retain(|(_, zone)| zone.id != event.id);
        }
    }

    fn lower(&mut self, event: &Event) {
        let source = event.id.source();
        if event.kind == Kind::Confluence {
            self.born = Some(*event);
        } else if event.kind == Kind::Pool && source == sources::INTERNAL_POOLS {
            if event.change == Change::Born {
                self.pools.insert(event.id, *event);
            } else if event.change == Change::Swept {
                self.sweeps.push(*event);
            }
        } else if event.kind == Kind::Mss && source == sources::INTERNAL_SHIFTS {
            self.shifts.push(*event);
        } else if event.kind == Kind::FairValueGap && event.change == Change::Born {
            self.gaps.insert(event.id, *event);
        }
    }

    /// Whether the gap or the shift came last and price has left the gap its way.
    fn fresh(&self, series: &Series, born: &Event) -> bool {
        let gap = self.gaps[&born.parents[0].unwrap()];
        let close = series.bars[known_at(born)].close;
        let left = match born.direction {
            Direction::Bullish => close > gap.top,
            Direction::Bearish => close < gap.bottom,
        };
        let shift = self.shifts.last().map(known_at);
        let near = |event: &Event| anchor(event) + 3 * APART >= known_at(born);
        let sweep = self.sweeps.iter().rev().find(|event| event.direction != born.direction);
        let in_view = sweep.is_some_and(near) && self.shifts.last().is_some_and(near);
        left && in_view && (known_at(&gap) == known_at(born) || shift == Some(known_at(born)))
    }

    /// The youngest zone of the higher timeframe that the last bars traded in and that is easy to see.
    fn touched(&self, series: &Series, born: &Event) -> Option<(usize, Event)> {
        let now = known_at(born);
        let fits = |(known, zone): &&(usize, Event)| {
            let height = (zone.top - zone.bottom) / zone.bottom;
            let inside = |bar: &Bar| bar.low <= zone.top && bar.high >= zone.bottom;
            zone.direction == born.direction
                && known + APART <= now
                && (0.003..0.012).contains(&height)
                && series.bars[now - APART..=now].iter().any(inside)
        };
        self.zones.iter().rev().find(fits).copied()
    }

    fn scene<'a>(&self, series: &'a Series, born: &Event, (zone_known, zone): &(usize, Event)) -> Scene<'a> {
        let (now, side) = (known_at(born), born.direction);
        let sweep = self.sweeps.iter().rev().find(|event| event.direction != side).unwrap();
        let shift = self.shifts.iter().rev().find(|event| event.direction == side).unwrap();
        let pool = Life { born: self.pools[&sweep.id], events: vec![self.pools[&sweep.id], *sweep] };
        let broken = Life { born: *shift, events: vec![*shift] };
        let mut shapes = shapes_of(&pool, now, now, Ink::Other);
        shapes.extend(shapes_of(&broken, now, now, Ink::Other));
        let from = anchor(&pool.born).min(anchor(shift)).min(now - 30) - 8;
        let prices = |known: usize, event: &Event, ink: Ink, label: String| {
            let Event { top, bottom, .. } = *event;
            Shape::Zone { anchor: known, known, end: now + 22, top, bottom, ink, label }
        };
        let name = format!("4h {}", word(zone.kind, zone.direction));
        shapes.push(prices((*zone_known).max(from), zone, Ink::Quiet, name));
        let gap = Life { born: self.gaps[&born.parents[0].unwrap()], events: Vec::new() };
        shapes.extend(shapes_of(&gap, now, now + 22, Ink::Main));
        let mut notes = vec![
            Note { bar: known_at(sweep), text: "swept".to_owned() },
            Note { bar: known_at(shift), text: "shift".to_owned() },
            Note { bar: now, text: "all five".to_owned() },
        ];
        notes.sort_by_key(|note| note.bar);
        Scene {
            name: "confluence",
            title: format!("Confluence of 4h and 15m, {}", way(side)),
            series,
            from,
            to: now + 24,
            delay: Some((anchor(born), now)),
            shapes,
            notes,
            second: None,
        }
    }
}
