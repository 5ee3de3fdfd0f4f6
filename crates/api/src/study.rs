//! Structure of the market over the candles that the engine has heard, for charts.
//!
//! Invariants: it is the project's own detectors, run on a thread of the API; what is shown as of an instant
//! is exactly what the detectors had said by then, so a later candle changes nothing about the birth of a
//! thing; a study of the same candles is made once and shared.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use seawall_live::board::Series;
use seawall_model::{InstrumentId, Timeframe, Ts};
use seawall_smc::chart::sources;
use seawall_smc::{Change, ChartSettings, Direction, Event, Id, Kind, SmcError, Views};

/// Studies that are kept.
const STUDIES_MAX: usize = 32;

/// A thing on a chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thing {
    /// What it is and where it is, as it was born or has grown since.
    pub(crate) event: Event,
    /// Start of the bar that it is about.
    pub(crate) anchor: Ts,
    /// From when on it was known.
    pub(crate) known_at: Ts,
    /// When price first came back to it.
    pub(crate) touched_at: Option<Ts>,
    /// How and when its life ended.
    pub(crate) ended: Option<(Change, Ts)>,
}

/// The things of a chart.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Study {
    /// In the order in which they became known.
    pub(crate) things: Vec<Thing>,
    /// Trend of internal structure.
    pub(crate) internal: Option<Direction>,
    /// Trend of swing structure.
    pub(crate) swing: Option<Direction>,
    /// Bars that were looked at.
    pub(crate) bars: usize,
}

/// What a study is of: the instrument, the timeframe, first and last candle.
type Key = (InstrumentId, Timeframe, Ts, Ts);

/// The newest studies.
#[derive(Debug, Default)]
pub(crate) struct Studies(Mutex<VecDeque<(Key, Arc<Study>)>>);

impl Studies {
    /// The study of a series, made where there is none yet.
    pub(crate) fn of(
        &self,
        id: InstrumentId,
        price_divisor: f64,
        series: &Series,
        timeframe: Timeframe,
    ) -> Result<Arc<Study>, SmcError> {
        let (Some(first), Some(last)) = (series.candles.first(), series.candles.last()) else {
            return Ok(Arc::default());
        };
        let key = (id, timeframe, first.open_time, last.open_time);
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, study)) = kept().iter().find(|(known, _)| *known == key) {
            return Ok(study.clone());
        }
        let made = Arc::new(study(series, timeframe, price_divisor)?);
        let mut studies = kept();
        if studies.len() >= STUDIES_MAX {
            studies.pop_front();
        }
        studies.push_back((key, made.clone()));
        Ok(made)
    }
}

/// What a chart shows, with its stable name.
const SHOWN: [(Kind, &str); 6] = [
    (Kind::OrderBlock, "order_block"),
    (Kind::BreakerBlock, "breaker_block"),
    (Kind::FairValueGap, "fair_value_gap"),
    (Kind::InverseFairValueGap, "inverse_fair_value_gap"),
    (Kind::Bos, "break_of_structure"),
    (Kind::Choch, "change_of_character"),
];

/// The stable name of what is shown; nothing for what is not.
pub(crate) fn name(kind: Kind) -> Option<&'static str> {
    SHOWN.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name)
}

/// Whether it is of internal or of swing structure, where it is of one.
pub(crate) fn scale(id: Id) -> Option<&'static str> {
    let name = sources::name(id.source());
    ["internal", "swing"].into_iter().find(|scale| name.starts_with(scale))
}

/// The stable name of a change that ends a life; nothing for one that does not.
pub(crate) const fn end_name(change: Change) -> Option<&'static str> {
    match change {
        Change::Replaced => Some("replaced"),
        Change::Inverted => Some("inverted"),
        Change::Broken => Some("broken"),
        Change::Swept => Some("swept"),
        Change::Run => Some("run"),
        Change::Invalidated => Some("invalidated"),
        Change::Closed => Some("closed"),
        Change::Expired => Some("expired"),
        Change::Born
        | Change::Extended
        | Change::Touched
        | Change::Retested
        | Change::Midpoint
        | Change::Filled
        | Change::Mitigated
        | Change::WickBroken
        | Change::HighBroken
        | Change::LowBroken => None,
    }
}

/// Whether a change means that price came back.
const fn touches(change: Change) -> bool {
    match change {
        Change::Touched
        | Change::Retested
        | Change::Midpoint
        | Change::Filled
        | Change::Mitigated
        | Change::WickBroken
        | Change::Inverted
        | Change::Broken
        | Change::HighBroken
        | Change::LowBroken
        | Change::Swept
        | Change::Run
        | Change::Invalidated => true,
        Change::Born | Change::Extended | Change::Replaced | Change::Closed | Change::Expired => false,
    }
}

/// Runs the detectors over a series.
pub(crate) fn study(series: &Series, timeframe: Timeframe, price_divisor: f64) -> Result<Study, SmcError> {
    // The clock of sessions is no part of what is shown.
    let settings = ChartSettings::without_sessions();
    let mut views = Views::new(series.timeframe, &[timeframe], &settings, price_divisor)?;
    let mut opened: Vec<Ts> = Vec::new();
    let mut study = Study::default();
    let mut places: BTreeMap<(Id, Kind), usize> = BTreeMap::new();
    let whole = series.candles.first().map(|first| whole_from(first.open_time, timeframe));
    for candle in series.candles.iter().skip_while(|one| whole.is_some_and(|from| one.open_time < from)) {
        views.update(candle, &mut |of, closed, events| {
            if of != timeframe {
                return;
            }
            opened.push(closed.open_time);
            // A bar that a hole closed late was known with the candle that closed it.
            let known_at = candle.known_at.max(closed.known_at);
            for event in events.iter().filter(|event| name(event.kind).is_some()) {
                study.see(event, known_at, &opened, &mut places);
            }
        })?;
    }
    study.bars = opened.len();
    if let Some(chart) = views.chart(timeframe) {
        (study.internal, study.swing) = (chart.internal().trend(), chart.swing().trend());
    }
    Ok(study)
}

impl Study {
    fn see(&mut self, event: &Event, known_at: Ts, opened: &[Ts], places: &mut BTreeMap<(Id, Kind), usize>) {
        let known = places.get(&(event.id, event.kind)).and_then(|place| self.things.get_mut(*place));
        if let Some(thing) = known {
            if touches(event.change) {
                thing.touched_at.get_or_insert(known_at);
            }
            if thing.ended.is_none() && end_name(event.change).is_some() {
                thing.ended = Some((event.change, known_at));
            }
            return;
        }
        let anchor = usize::try_from(event.anchor).ok().and_then(|bar| opened.get(bar)).copied();
        let Some(anchor) = anchor else { return };
        places.insert((event.id, event.kind), self.things.len());
        self.things.push(Thing { event: *event, anchor, known_at, touched_at: None, ended: None });
    }

    /// The things as they were known at `to`.
    pub(crate) fn known_at(&self, to: Ts) -> impl Iterator<Item = Thing> {
        let known = self.things.iter().filter(move |thing| thing.known_at <= to).cloned();
        known.map(move |thing| Thing {
            touched_at: thing.touched_at.filter(|at| *at <= to),
            ended: thing.ended.filter(|(_, at)| *at <= to),
            ..thing
        })
    }
}

/// The first beginning of a bar at `first` or after it.
pub(crate) fn whole_from(first: Ts, timeframe: Timeframe) -> Ts {
    let floor = timeframe.floor(first);
    if floor == first { first } else { floor.plus(timeframe.span()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{Candle, Ohlc, PriceUnits};

    /// A random walk of one-minute candles that turns often enough for every kind of thing.
    fn walk(count: i64) -> Series {
        let mut state: u64 = 7;
        let mut next = |width: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from((state >> 33) % width).unwrap()
        };
        let mut last = 100_000;
        let candles = (3..count + 3).map(|minute| {
            let open = last + next(11) - 5;
            let close = open + next(121) - 60;
            last = close;
            let prices = Ohlc {
                open: PriceUnits::new(open),
                high: PriceUnits::new(open.max(close) + next(20)),
                low: PriceUnits::new(open.min(close) - next(20)),
                close: PriceUnits::new(close),
            };
            Candle::new(Timeframe::M1, Ts::from_millis(minute * 60_000), prices, 1.0).unwrap()
        });
        Series { timeframe: Timeframe::M1, candles: candles.collect() }
    }

    #[test]
    fn what_is_shown_as_of_an_instant_is_what_a_run_up_to_there_shows() {
        for timeframe in [Timeframe::M1, Timeframe::M5] {
            let all = walk(900);
            let full = study(&all, timeframe, 100.0).unwrap();
            for (_, name) in SHOWN {
                let of = |thing: &Thing| super::name(thing.event.kind) == Some(name);
                assert!(timeframe > Timeframe::M1 || full.things.iter().any(of), "{name}");
            }
            for count in (50..900).step_by(85) {
                let part = Series { candles: all.candles[..count].to_vec(), ..all };
                let to = part.candles[count - 1].known_at;
                let then: Vec<Thing> = study(&part, timeframe, 100.0).unwrap().things;
                assert_eq!(full.known_at(to).collect::<Vec<_>>(), then, "{timeframe} after {count}");
            }
        }
    }

    #[test]
    fn nothing_is_known_before_the_bar_after_its_own_began_and_lives_go_forward() {
        let full = study(&walk(900), Timeframe::M5, 100.0).unwrap();
        assert_eq!(full.bars, 179, "the first bar lacks its beginning");
        for thing in &full.things {
            assert!(thing.known_at >= thing.anchor.plus(Timeframe::M5.span()), "{thing:?}");
            assert!(thing.touched_at.is_none_or(|at| at >= thing.known_at), "{thing:?}");
            assert!(thing.ended.is_none_or(|(_, at)| at >= thing.known_at), "{thing:?}");
        }
    }

    #[test]
    fn a_study_of_the_same_candles_is_made_once_and_of_a_longer_series_anew() {
        let studies = Studies::default();
        let series = walk(300);
        let of = |series: &Series, timeframe| studies.of(InstrumentId(0), 100.0, series, timeframe).unwrap();
        let first = of(&series, Timeframe::M1);
        assert!(Arc::ptr_eq(&first, &of(&series, Timeframe::M1)));
        assert!(!Arc::ptr_eq(&first, &of(&series, Timeframe::M5)));
        assert!(!Arc::ptr_eq(&first, &of(&walk(301), Timeframe::M1)));
        for count in 100..140 {
            of(&walk(count), Timeframe::M1);
        }
        assert_eq!(studies.0.lock().unwrap().len(), STUDIES_MAX);
    }
}
