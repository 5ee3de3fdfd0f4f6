//! Several timeframes at once: closed base candles go in, closed candles of each coarser timeframe come out.
//!
//! Each timeframe is fed from the coarsest listed one that divides it, so the common base candle costs one
//! merge. Invariant: every update hands out exactly what one [`Aggregator`] a timeframe, fed with the base
//! candles directly, would hand out at that update, also across holes. A hole therefore never delays a coarse
//! candle by more than the hole itself.

use arrayvec::ArrayVec;
use seawall_model::{Candle, Timeframe, Ts};

use crate::aggregate::{Aggregator, Closed};
use crate::error::SmcError;

/// As many rungs as there are timeframes.
const RUNGS_MAX: usize = Timeframe::ALL.len();

#[derive(Debug, Clone)]
struct Rung {
    aggregator: Aggregator,
    /// Position of the rung that feeds this one; `None` is the base.
    source: Option<usize>,
    /// What the last update that ended or began a bucket closed here, for the rungs that this one feeds.
    closed: Closed,
}

/// A cascade of aggregators.
#[derive(Debug, Clone)]
pub struct Ladder {
    base: Timeframe,
    rungs: ArrayVec<Rung, RUNGS_MAX>,
    /// A base candle that ends before this instant closes and opens nothing.
    quiet_until: Ts,
    known_until: Ts,
}

impl Ladder {
    /// A ladder from candles of `base` to each of `timeframes`, in any order; doubles count once.
    ///
    /// # Errors
    /// [`SmcError::Indivisible`] if `base` does not divide one of the timeframes.
    pub fn new(base: Timeframe, timeframes: &[Timeframe]) -> Result<Self, SmcError> {
        let mut rungs: ArrayVec<Rung, RUNGS_MAX> = ArrayVec::new();
        for timeframe in Timeframe::ALL.into_iter().filter(|known| timeframes.contains(known)) {
            if !timeframe.is_multiple_of(base) {
                return Err(SmcError::Indivisible { base, timeframe });
            }
            let source = rungs.iter().rposition(|rung| timeframe.is_multiple_of(rung.aggregator.timeframe()));
            rungs.push(Rung { aggregator: Aggregator::new(timeframe), source, closed: Closed::NONE });
        }
        let beginning = Ts::from_nanos(i64::MIN);
        Ok(Ladder { base, rungs, quiet_until: beginning, known_until: beginning })
    }

    /// The base timeframe.
    #[must_use]
    pub const fn base(&self) -> Timeframe {
        self.base
    }

    /// The timeframes that come out, finest first.
    pub fn timeframes(&self) -> impl Iterator<Item = Timeframe> {
        self.rungs.iter().map(|rung| rung.aggregator.timeframe())
    }

    /// Takes in the next closed base candle and hands each candle that it closes to `sink`: finest timeframe
    /// first, within a timeframe oldest first.
    ///
    /// # Errors
    /// [`SmcError::OutOfOrder`] for a candle that opens before the end of an earlier one,
    /// [`SmcError::Misfit`] for one that is not a candle of the base timeframe.
    #[inline]
    pub fn update(
        &mut self,
        candle: &Candle,
        sink: &mut impl FnMut(Timeframe, &Candle),
    ) -> Result<(), SmcError> {
        if candle.open_time < self.known_until {
            return Err(SmcError::OutOfOrder { open_time: candle.open_time, known_until: self.known_until });
        }
        if candle.known_at.since(candle.open_time) != self.base.span() {
            return Err(SmcError::Misfit { open_time: candle.open_time, timeframe: self.base });
        }
        if candle.known_at < self.quiet_until {
            for rung in &mut self.rungs {
                if rung.source.is_none() {
                    rung.aggregator.merge_inside(candle);
                }
            }
            self.known_until = candle.known_at;
            return Ok(());
        }
        self.turn(candle, sink)
    }

    /// The update that ends or begins a bucket of at least one rung.
    fn turn(&mut self, candle: &Candle, sink: &mut impl FnMut(Timeframe, &Candle)) -> Result<(), SmcError> {
        if !self.base.is_aligned(candle.open_time) {
            return Err(SmcError::Misfit { open_time: candle.open_time, timeframe: self.base });
        }
        let mut quiet_until = Ts::FAR_FUTURE;
        for position in 0..self.rungs.len() {
            let (finer, rest) = self.rungs.split_at_mut(position);
            let Some(rung) = rest.first_mut() else { break };
            rung.closed = match rung.source.map(|source| finer.get(source)) {
                None => rung.aggregator.update(candle)?,
                Some(source) => match source.filter(|source| !source.closed.is_empty()) {
                    Some(source) => climb(&mut rung.aggregator, &source.closed, candle)?,
                    None => Closed { late: rung.aggregator.close_before(candle.open_time), on_time: None },
                },
            };
            for candle_closed in rung.closed.iter() {
                sink(rung.aggregator.timeframe(), candle_closed);
            }
            let rung_quiet_until = match (rung.aggregator.forming(), rung.source) {
                (Some(bucket), _) => bucket.known_at,
                // The next base candle opens a bucket here.
                (None, None) => Ts::from_nanos(i64::MIN),
                (None, Some(_)) => Ts::FAR_FUTURE,
            };
            quiet_until = quiet_until.min(rung_quiet_until);
        }
        self.quiet_until = quiet_until;
        self.known_until = candle.known_at;
        Ok(())
    }
}

/// Feeds a rung with what its source closed at the base candle `candle`.
///
/// A late candle of the source belongs to the bucket that is open here, or opens one: had an older bucket
/// been open, an earlier base candle would have closed it. So at most one bucket is late, and at most one is
/// on time.
fn climb(aggregator: &mut Aggregator, from_source: &Closed, candle: &Candle) -> Result<Closed, SmcError> {
    let completed = match &from_source.late {
        Some(late) => aggregator.update(late)?.on_time,
        None => None,
    };
    let late = completed.or_else(|| aggregator.close_before(candle.open_time));
    let on_time = match &from_source.on_time {
        Some(on_time) => aggregator.update(on_time)?.on_time,
        None => None,
    };
    Ok(Closed { late, on_time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_timeframe_climbs_from_the_coarsest_that_divides_it() {
        let all =
            [Timeframe::W1, Timeframe::D1, Timeframe::H12, Timeframe::H8, Timeframe::H4, Timeframe::M15];
        let ladder = Ladder::new(Timeframe::M1, &all).unwrap();
        let sources: Vec<_> = ladder.rungs.iter().map(|rung| rung.source).collect();
        assert_eq!(sources, vec![None, Some(0), Some(1), Some(1), Some(3), Some(4)]);
        assert!(ladder.timeframes().is_sorted());
    }

    #[test]
    fn a_timeframe_that_the_base_does_not_divide_is_refused() {
        let refused = Ladder::new(Timeframe::M3, &[Timeframe::M5]);
        assert!(matches!(refused, Err(SmcError::Indivisible { .. })));
    }
}
