//! Candles of before the start, from which strategies learn.
//!
//! They are asked for once the run protects what it holds, a few instruments at a time, and told of each
//! instrument before its first new candle: until then it cannot be entered, since its strategy sees nothing.
//! What fails is asked for again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use seawall_model::{Candle, Input, InstrumentId, Span, Timeframe, Ts};

use super::candles::{self, Series};
use crate::net::{Delivery, Inbox, VenueHandle};
use crate::wall_clock::WallClock;

/// Instruments whose past is asked for at the same time.
const AT_ONCE: usize = 4;
/// After a failure.
const PAUSE: Duration = Duration::from_secs(5);

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) instruments: Vec<InstrumentId>,
    pub(super) timeframe: Timeframe,
    /// Candles of each.
    pub(super) count: u32,
    /// Whether new candles are asked for as well, since no stream brings them.
    pub(super) follows: bool,
}

/// Asks for the past of each instrument until it is there, and after it for each new candle, where wanted.
pub(super) async fn ask(venue: VenueHandle, inbox: Arc<Inbox>, clock: Arc<WallClock>, wanted: Wanted) {
    let Wanted { instruments, timeframe, count, follows } = wanted;
    let each = stream::iter(instruments).for_each_concurrent(AT_ONCE, |instrument| {
        let (venue, inbox, clock) = (venue.clone(), inbox.clone(), clock.clone());
        async move {
            let begun = timeframe.floor(clock.now());
            let candles = loop {
                match candles::past(&venue, clock.now(), instrument, timeframe, count).await {
                    Ok(candles) => break candles,
                    Err(failure) => {
                        tracing::warn!(instrument = instrument.0, %failure, "no candles of before the start");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            };
            let wanted = candles.last().map_or(begun, |candle| candle.known_at);
            inbox.deliver(&mut [Delivery::Past { instrument, candles }].into()).await;
            if follows {
                tokio::spawn(candles::follow(venue, inbox, clock, Series { instrument, timeframe, wanted }));
            }
        }
    });
    each.await;
}

/// What the engine still has to be told, and what waits for it.
#[derive(Debug, Default)]
pub(super) struct WarmUp {
    /// Instruments whose past was not told yet.
    missing: BTreeSet<InstrumentId>,
    /// New candles of those, in the order in which they came.
    early: Vec<(InstrumentId, Timeframe, Candle)>,
}

impl WarmUp {
    pub(super) fn of(instruments: impl IntoIterator<Item = InstrumentId>) -> Self {
        WarmUp { missing: instruments.into_iter().collect(), early: Vec::new() }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    pub(super) fn missing(&self) -> usize {
        self.missing.len()
    }

    /// Keeps a candle that comes before the past of its instrument; hands on everything else.
    pub(super) fn pass(&mut self, input: Input) -> Option<Input> {
        if let Input::Candle { instrument, timeframe, candle } = input
            && self.missing.contains(&instrument)
        {
            self.early.push((instrument, timeframe, candle));
            return None;
        }
        Some(input)
    }

    /// The past of an instrument is there: the new candles that came before it and are not part of it.
    pub(super) fn told(&mut self, instrument: InstrumentId, past: &[Candle]) -> Vec<Input> {
        self.missing.remove(&instrument);
        let (own, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.early).into_iter().partition(|(id, ..)| *id == instrument);
        self.early = others;
        let until = past.last().map(|candle| candle.known_at);
        own.into_iter()
            .filter(|(.., candle)| until.is_none_or(|until| candle.open_time >= until))
            .map(|(instrument, timeframe, candle)| Input::Candle { instrument, timeframe, candle })
            .collect()
    }
}

/// Splits off the newest candle of a series where it closed so recently that it can still be acted on.
pub(super) fn split_newest(past: &mut Vec<Candle>, timeframe: Timeframe, now: Ts) -> Option<Candle> {
    let reach = Span::from_nanos(timeframe.span().nanos().saturating_mul(2));
    past.pop_if(|candle| now.since(candle.known_at) < reach)
}

#[cfg(test)]
mod tests {
    use seawall_model::PriceUnits;

    use super::*;

    fn candle(minute: i64) -> Candle {
        let price = PriceUnits::new(100);
        let open_time = Ts::from_millis(minute * 60_000);
        Candle {
            open_time,
            known_at: Ts::from_millis((minute + 1) * 60_000),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0.0,
        }
    }

    fn new(instrument: u32, minute: i64) -> Input {
        let instrument = InstrumentId(instrument);
        Input::Candle { instrument, timeframe: Timeframe::M1, candle: candle(minute) }
    }

    /// [I-5], [I-70]: see docs/incidents.md.
    #[test]
    fn new_candles_wait_for_the_past_of_their_instrument_and_come_once() {
        let mut warm_up = WarmUp::of([InstrumentId(0), InstrumentId(1)]);
        for minute in 3..6 {
            assert_eq!(warm_up.pass(new(0, minute)), None);
        }
        assert_eq!(warm_up.pass(new(1, 5)), None);
        assert_eq!(warm_up.pass(Input::Wakeup), Some(Input::Wakeup), "anything else passes");
        let past: Vec<Candle> = (0..5).map(candle).collect();
        assert_eq!(warm_up.told(InstrumentId(0), &past), [new(0, 5)], "minutes 3 and 4 were told already");
        assert_eq!(warm_up.pass(new(0, 6)), Some(new(0, 6)));
        assert!(!warm_up.is_complete());
        assert_eq!(warm_up.told(InstrumentId(1), &[]), [new(1, 5)]);
        assert!(warm_up.is_complete());
    }

    #[test]
    fn only_a_fresh_candle_is_split_off() {
        let at = |minutes: i64| Ts::from_millis(minutes * 60_000);
        let mut past: Vec<Candle> = (0..5).map(candle).collect();
        assert_eq!(split_newest(&mut past, Timeframe::M1, at(7)), None, "closed two candles ago");
        assert_eq!(split_newest(&mut past, Timeframe::M1, at(6)), Some(candle(4)));
        assert_eq!(past.len(), 4);
    }
}
