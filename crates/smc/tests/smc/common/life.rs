//! The life of a zone, restated from the bars alone.
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks what it looks for")]

use std::collections::BTreeMap;

use seawall_smc::{Bar, Change, Direction, Event, Id, Kind, MitigationDepth, Source};

pub(crate) fn place(index: u64) -> usize {
    usize::try_from(index).unwrap()
}

/// The first bar after the zone became known at which each change happens.
fn plain_life(bars: &[Bar], zone: &Event, mitigation: Option<MitigationDepth>) -> Vec<(Change, u64)> {
    let first = |up: &dyn Fn(&Bar) -> bool, down: &dyn Fn(&Bar) -> bool| {
        let test = if zone.direction == Direction::Bullish { up } else { down };
        (place(zone.known_at) + 1..bars.len()).find(|&at| test(&bars[at])).map(|at| at as u64)
    };
    let (top, bottom) = (zone.top, zone.bottom);
    let middle = f64::midpoint(top, bottom);
    let near = first(&|bar| bar.low <= top, &|bar| bar.high >= bottom);
    let half = first(&|bar| bar.low <= middle, &|bar| bar.high >= middle);
    let far = first(&|bar| bar.low <= bottom, &|bar| bar.high >= top);
    let beyond = first(&|bar| bar.low < bottom, &|bar| bar.high > top);
    let closed = first(&|bar| bar.close < bottom, &|bar| bar.close > top);
    let mut changes = match zone.kind {
        Kind::OrderBlock | Kind::RejectionBlock | Kind::PropulsionBlock => vec![
            (Change::Touched, near),
            (Change::Midpoint, half),
            (Change::WickBroken, beyond),
            (Change::Broken, closed),
        ],
        Kind::LiquidityVoid => vec![(Change::Touched, near), (Change::Midpoint, half), (Change::Filled, far)],
        Kind::BreakerBlock | Kind::MitigationBlock | Kind::InverseFairValueGap | Kind::Unicorn => {
            vec![(Change::Retested, near), (Change::Midpoint, half), (Change::Invalidated, closed)]
        }
        _ => vec![
            (Change::Touched, near),
            (Change::Midpoint, half),
            (Change::Filled, far),
            (Change::Inverted, closed),
        ],
    };
    match mitigation {
        Some(MitigationDepth::Touch) => changes.push((Change::Mitigated, near)),
        Some(MitigationDepth::Half) => changes.push((Change::Mitigated, half)),
        Some(MitigationDepth::Full) => changes.push((Change::Mitigated, far)),
        None => {}
    }
    let mut changes: Vec<_> = changes.into_iter().filter_map(|(change, at)| Some((at?, change))).collect();
    changes.sort_unstable();
    changes.into_iter().map(|(at, change)| (change, at)).collect()
}

/// Checks that the zones of a detector live as their prices say, from each birth or extension on.
pub(crate) fn assert_lives(
    bars: &[Bar],
    events: &[Event],
    source: Source,
    mitigation: Option<MitigationDepth>,
) {
    let mut lives: BTreeMap<Id, Vec<Event>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.id.source() == source) {
        assert!(event.change != Change::Expired, "the limit of the test is too small");
        lives.entry(event.id).or_default().push(*event);
    }
    for life in lives.values() {
        assert_eq!(life[0].change, Change::Born);
        let is_start = |event: &Event| matches!(event.change, Change::Born | Change::Extended);
        let starts: Vec<usize> = (0..life.len()).filter(|&at| is_start(&life[at])).collect();
        for (number, &start) in starts.iter().enumerate() {
            let end = starts.get(number + 1).map_or(life.len(), |&next| next);
            let until = starts.get(number + 1).map_or(u64::MAX, |&next| life[next].known_at);
            let mut expected = plain_life(bars, &life[start], mitigation);
            expected.retain(|&(_, at)| at <= until);
            let found: Vec<_> =
                life[start + 1..end].iter().map(|event| (event.change, event.known_at)).collect();
            assert_eq!(found, expected, "{:?}", life[start]);
        }
    }
}

/// What a detector reported as born.
pub(crate) fn births(events: &[Event], source: Source) -> Vec<Event> {
    let born = |event: &&Event| event.id.source() == source && event.change == Change::Born;
    events.iter().filter(born).copied().collect()
}
