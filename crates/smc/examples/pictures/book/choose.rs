//! Which example of a concept is drawn: the first one that is easy to see, and how it is put on a picture.

use seawall_smc::{Change, Direction, Event, Kind, Source};

use super::run::{Life, Run};
use super::scene::{Ink, Note, Scene, Shape};

/// Bars before the first example, so that every average and the slow structure have begun.
const WARM_UP: usize = 300;
const BARS_BEFORE: usize = 10;
const BARS_AFTER: usize = 9;
const BARS_MIN: usize = 48;
/// How far before the anchor what a thing comes from may begin to be shown as a whole.
const PARENT_BARS: usize = 30;

/// What makes an example easy to see.
pub(crate) struct Ask {
    /// Changes that have to occur, in any order; the last event has to be one of them, if there are any.
    pub(crate) changes: &'static [Change],
    /// Bars from the anchor to the close at which it is known.
    pub(crate) delay: (usize, usize),
    /// Bars from then to the end of its life.
    pub(crate) life: (usize, usize),
    /// Bars from then to the first change.
    pub(crate) rest: usize,
    /// On how many bars something happens to it, at least.
    pub(crate) steps: usize,
    /// Height of a zone as a part of the prices in view.
    pub(crate) height: f64,
}

impl Default for Ask {
    fn default() -> Self {
        Ask { changes: &[], delay: (0, 20), life: (10, 34), rest: 4, steps: 0, height: 0.08 }
    }
}

/// A thing that ends when it is born: breaks, displacements, labels.
pub(crate) const MOMENT: Ask =
    Ask { changes: &[], delay: (0, 30), life: (0, 0), rest: 0, steps: 0, height: 0.0 };

/// The first example that is as asked.
pub(crate) fn choose<'r>(
    run: &'r Run<'_>,
    (source, kind): (Source, Kind),
    ask: &Ask,
    also: impl Fn(&Life) -> bool,
) -> &'r Life {
    let fits = |life: &&Life| {
        let (anchor, known, end) = (life.anchor(), life.known(), life.end());
        let delay = known - anchor;
        let lasts = end - known;
        let first = life.events.get(1).map_or(usize::MAX, |event| usize::try_from(event.known_at).unwrap());
        anchor >= WARM_UP
            && end + BARS_AFTER < run.series.bars.len()
            && (ask.delay.0..=ask.delay.1).contains(&delay)
            && (ask.life.0..=ask.life.1).contains(&lasts)
            && first >= known + ask.rest
            && ask.changes.iter().all(|change| life.first(*change).is_some())
            && (ask.changes.is_empty() || ask.changes.contains(&life.last()))
            && notes(life).len() >= ask.steps
            && height(run, life) >= ask.height
            && also(life)
    };
    run.of(source, kind).find(fits).unwrap_or_else(|| panic!("no example of {kind:?} in {}", run.series.name))
}

fn height(run: &Run<'_>, life: &Life) -> f64 {
    let bars = &run.series.bars[life.anchor().saturating_sub(BARS_BEFORE)..=life.end()];
    let low = bars.iter().map(|bar| bar.low).fold(f64::INFINITY, f64::min);
    let high = bars.iter().map(|bar| bar.high).fold(f64::NEG_INFINITY, f64::max);
    (life.born.top - life.born.bottom) / (high - low)
}

/// A picture of a thing: what it comes from, itself, what happened to it.
pub(crate) fn scene<'a>(name: &'static str, title: &str, run: &Run<'a>, life: &Life) -> Scene<'a> {
    let end = life.end();
    let parents = run.parents(life);
    let near = |life: &&Life, anchor: usize| life.anchor() + PARENT_BARS >= anchor;
    let first = parents
        .iter()
        .copied()
        .filter(|parent| near(parent, life.anchor()))
        .map(Life::anchor)
        .fold(life.anchor(), usize::min);
    let (from, to) = (first.saturating_sub(BARS_BEFORE), end + BARS_AFTER);
    let lacking = BARS_MIN.saturating_sub(to - from + 1);
    let (from, to) = (from - lacking / 2, (to + lacking.div_ceil(2)).min(run.series.bars.len() - 1));
    let mut shapes = Vec::new();
    for parent in &parents {
        shapes.extend(shapes_of(parent, life.known(), end, Ink::Other));
    }
    shapes.extend(shapes_of(life, end, end, Ink::Main));
    Scene {
        name,
        title: full_title(title, life),
        series: run.series,
        from,
        to,
        delay: Some((life.anchor(), life.known())),
        shapes,
        notes: notes(life),
        second: None,
    }
}

/// The title with the way that the thing points, where it has one.
fn full_title(title: &str, life: &Life) -> String {
    let without = matches!(
        life.born.kind,
        Kind::SessionLevels
            | Kind::PreviousDay
            | Kind::PreviousWeek
            | Kind::PreviousMonth
            | Kind::PreviousPeriod
            | Kind::OpenPrice
            | Kind::DealingRange
            | Kind::Pool
            | Kind::EqualLevels
            | Kind::LegPivot
            | Kind::FractalPivot
    );
    if without { title.to_owned() } else { format!("{title}, {}", way(life.born.direction)) }
}

/// A direction in words.
pub(crate) const fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Bullish => "bullish",
        Direction::Bearish => "bearish",
    }
}

/// The prices that a thing had for a time.
pub(crate) struct Version {
    pub(crate) event: Event,
    /// Where its drawing begins, when it was known, and the bar up to which it held.
    pub(crate) anchor: usize,
    pub(crate) known: usize,
    pub(crate) end: usize,
}

/// The prices of a thing one after the other, those known by the close of bar `as_of`, up to bar `end`.
pub(crate) fn versions(life: &Life, as_of: usize, end: usize) -> Vec<Version> {
    let grown = life.events.iter().filter(|event| event.change == Change::Extended);
    let known = |event: &Event| usize::try_from(event.known_at).unwrap();
    let mut versions = vec![Version { event: life.born, anchor: life.anchor(), known: life.known(), end }];
    for event in grown.filter(|event| known(event) <= as_of.min(end.saturating_sub(1))) {
        if let Some(before) = versions.last_mut() {
            before.end = known(event);
        }
        versions.push(Version { event: *event, anchor: known(event) + 1, known: known(event), end });
    }
    versions
}

/// How a thing is drawn, with what was known of it at the close of bar `as_of`, up to bar `end`. A thing that
/// grows is drawn as it was at each time.
pub(crate) fn shapes_of(life: &Life, as_of: usize, end: usize, ink: Ink) -> Vec<Shape> {
    let end = end.min(if life.events.len() > 1 { life.end() } else { end });
    let mut shapes = Vec::new();
    for (number, version) in versions(life, as_of, end).iter().enumerate() {
        let label = if number == 0 { word(life.born.kind, life.born.direction) } else { "" };
        shapes.extend(shapes_of_version(version, label, ink));
    }
    shapes
}

fn shapes_of_version(version: &Version, label: &str, ink: Ink) -> Vec<Shape> {
    let Version { event, anchor, known, end } = *version;
    let label = label.to_owned();
    let level = |price: f64, label: String, end| Shape::Level { anchor, known, end, price, ink, label };
    match event.kind {
        Kind::FractalPivot
        | Kind::LegPivot
        | Kind::HigherHigh
        | Kind::LowerHigh
        | Kind::HigherLow
        | Kind::LowerLow => {
            let (price, side) = (event.level(), event.direction);
            vec![Shape::Pivot { anchor, known, price, side, ink, label }]
        }
        Kind::Bos | Kind::Choch | Kind::Mss => vec![level(event.level(), label, known)],
        Kind::Displacement => vec![Shape::Frame { bar: anchor, ink, label }],
        Kind::Pool
        | Kind::Inducement
        | Kind::StrongLevel
        | Kind::WeakLevel
        | Kind::OpenPrice
        | Kind::SmtDivergence => vec![level(event.level(), label, end)],
        Kind::Session => vec![Shape::Band { from: anchor, to: end.saturating_sub(1), label }],
        Kind::SessionLevels
        | Kind::PreviousDay
        | Kind::PreviousWeek
        | Kind::PreviousMonth
        | Kind::PreviousPeriod => {
            vec![
                level(event.top, format!("{label} high"), end),
                level(event.bottom, format!("{label} low"), end),
            ]
        }
        Kind::OrderBlock
        | Kind::BreakerBlock
        | Kind::MitigationBlock
        | Kind::RejectionBlock
        | Kind::PropulsionBlock
        | Kind::FairValueGap
        | Kind::InverseFairValueGap
        | Kind::BalancedPriceRange
        | Kind::VolumeImbalance
        | Kind::OpeningGap
        | Kind::NewDayOpeningGap
        | Kind::NewWeekOpeningGap
        | Kind::LiquidityVoid
        | Kind::Unicorn
        | Kind::EqualLevels
        | Kind::DealingRange
        | Kind::Premium
        | Kind::Equilibrium
        | Kind::Discount
        | Kind::OptimalTradeEntry
        | Kind::PowerOfThree
        | Kind::Confluence => {
            let (top, bottom) = (event.top, event.bottom);
            vec![Shape::Zone { anchor, known, end, top, bottom, ink, label }]
        }
    }
}

/// What happened after the birth, told once a bar.
pub(crate) fn notes(life: &Life) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for event in life.events.iter().filter(|event| event.change != Change::Born) {
        let (bar, text) = (usize::try_from(event.known_at).unwrap(), said(event.change));
        match notes.last_mut() {
            Some(last) if last.bar == bar => last.text = format!("{}, {text}", last.text),
            Some(_) | None => notes.push(Note { bar, text: text.to_owned() }),
        }
    }
    notes
}

/// A change in words.
pub(crate) const fn said(change: Change) -> &'static str {
    match change {
        Change::Born => "born",
        Change::Extended => "extended",
        Change::Replaced => "replaced",
        Change::Touched => "touched",
        Change::Retested => "retested",
        Change::Midpoint => "middle",
        Change::Filled => "filled",
        Change::Mitigated => "mitigated",
        Change::WickBroken => "wick beyond",
        Change::Inverted => "inverted",
        Change::Broken => "broken",
        Change::HighBroken => "high broken",
        Change::LowBroken => "low broken",
        Change::Swept => "swept",
        Change::Run => "run",
        Change::Invalidated => "invalidated",
        Change::Closed => "closed",
        Change::Expired => "expired",
    }
}

/// What is written beside a thing.
pub(crate) const fn word(kind: Kind, direction: Direction) -> &'static str {
    let high = matches!(direction, Direction::Bullish);
    match kind {
        Kind::FractalPivot | Kind::LegPivot => {
            if high {
                "pivot high"
            } else {
                "pivot low"
            }
        }
        Kind::HigherHigh => "HH",
        Kind::LowerHigh => "LH",
        Kind::HigherLow => "HL",
        Kind::LowerLow => "LL",
        Kind::Bos => "BOS",
        Kind::Choch => "CHoCH",
        Kind::Mss => "MSS",
        Kind::Displacement => "displacement",
        Kind::OrderBlock => "order block",
        Kind::BreakerBlock => "breaker",
        Kind::MitigationBlock => "mitigation block",
        Kind::RejectionBlock => "rejection block",
        Kind::PropulsionBlock => "propulsion block",
        Kind::FairValueGap => "FVG",
        Kind::InverseFairValueGap => "inverse FVG",
        Kind::BalancedPriceRange => "BPR",
        Kind::VolumeImbalance => "volume imbalance",
        Kind::OpeningGap => "opening gap",
        Kind::NewDayOpeningGap => "NDOG",
        Kind::NewWeekOpeningGap => "NWOG",
        Kind::LiquidityVoid => "void",
        Kind::Unicorn => "unicorn",
        Kind::EqualLevels => {
            if high {
                "EQH"
            } else {
                "EQL"
            }
        }
        Kind::Pool => {
            if high {
                "buy side"
            } else {
                "sell side"
            }
        }
        Kind::Inducement => "inducement",
        Kind::DealingRange => "range",
        Kind::Premium => "premium",
        Kind::Equilibrium => "equilibrium",
        Kind::Discount => "discount",
        Kind::OptimalTradeEntry => "OTE",
        Kind::StrongLevel => {
            if high {
                "strong high"
            } else {
                "strong low"
            }
        }
        Kind::WeakLevel => {
            if high {
                "weak high"
            } else {
                "weak low"
            }
        }
        Kind::Session => "session",
        Kind::SessionLevels => "session",
        Kind::PreviousDay => "previous day's",
        Kind::PreviousWeek => "previous week's",
        Kind::PreviousMonth => "previous month's",
        Kind::PreviousPeriod => "previous period's",
        Kind::OpenPrice => "opening price",
        Kind::PowerOfThree => "power of three",
        Kind::SmtDivergence => "SMT",
        Kind::Confluence => "confluence",
    }
}
