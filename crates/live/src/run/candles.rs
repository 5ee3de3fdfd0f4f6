//! Candles: those of the past before the start, and where no stream brings them, each one as it closes.
//!
//! Invariants: candles of an instrument are told in order and once, and only after they have closed; what
//! fails is asked for again, while the engine's own gates see that data are missing.

use std::sync::Arc;
use std::time::Duration;

use seawall_model::{Candle, Input, InstrumentId, Span, Timeframe, Ts};
use seawall_venues::candles::GRACE;
use seawall_venues::{Answer, Failure, News, Query};

use crate::net::{Delivery, Inbox, VenueHandle};
use crate::wall_clock::WallClock;

/// Pages of one answer each that are read for the past of an instrument.
const PAGES_MAX: usize = 20;
/// After an answer without the candle that should be there, it is asked for once more after this.
const LATE: Span = Span::from_secs(10);
/// After a failure.
const PAUSE: Duration = Duration::from_secs(5);

/// A series as far as the engine knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series {
    pub(super) instrument: InstrumentId,
    pub(super) timeframe: Timeframe,
    /// Open time of the first candle that was not told.
    pub(super) wanted: Ts,
}

/// The newest `count` closed candles of the series.
pub(super) async fn past(
    venue: &VenueHandle,
    now: Ts,
    instrument: InstrumentId,
    timeframe: Timeframe,
    count: u32,
) -> Result<Vec<Candle>, Failure> {
    let back = Span::from_nanos(timeframe.span().nanos().saturating_mul(i64::from(count)));
    let mut from = timeframe.floor(now).minus(back);
    let mut candles: Vec<Candle> = Vec::new();
    for _ in 0..PAGES_MAX {
        let query = Query::Candles { instrument, timeframe, from };
        let Answer::Candles(page) = venue.ask(query).await? else { break };
        let Some(last) = page.closed.last() else { break };
        from = last.known_at;
        candles.extend(page.closed);
        if !page.more {
            break;
        }
    }
    let surplus = candles.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
    candles.drain(..surplus);
    Ok(candles)
}

/// Asks for each candle once it has closed, for as long as the venue's task lives.
pub(super) async fn follow(venue: VenueHandle, inbox: Arc<Inbox>, clock: Arc<WallClock>, mut series: Series) {
    let span = series.timeframe.span();
    let mut due = series.wanted.plus(span).plus(GRACE);
    let mut late = false;
    loop {
        tokio::time::sleep(clock.until(due)).await;
        let Series { instrument, timeframe, wanted } = series;
        let page = match venue.ask(Query::Candles { instrument, timeframe, from: wanted }).await {
            Ok(Answer::Candles(page)) => page,
            Ok(_) | Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let closed: Vec<Candle> =
            page.closed.into_iter().filter(|candle| candle.open_time >= wanted).collect();
        late = closed.is_empty() && !late;
        if let Some(last) = closed.last() {
            series.wanted = last.known_at;
        }
        let told = closed
            .into_iter()
            .map(|candle| Delivery::News(News::Engine(Input::Candle { instrument, timeframe, candle })));
        inbox.deliver(&mut told.collect()).await;
        let now = clock.now();
        due = next_look(&series, now, late);
    }
}

/// When to look next: an interval without trades has no row, and the next one will tell.
fn next_look(series: &Series, now: Ts, late: bool) -> Ts {
    if late {
        return now.plus(LATE);
    }
    let span = series.timeframe.span();
    let open = series.timeframe.floor(now).max(series.wanted);
    open.plus(span).plus(GRACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_candle_is_asked_for_once_more_and_then_with_the_next_one() {
        let at = |seconds: i64| Ts::from_millis(seconds * 1_000);
        let series = Series { instrument: InstrumentId(0), timeframe: Timeframe::M1, wanted: at(600) };
        assert_eq!(next_look(&series, at(664), true), at(674));
        assert_eq!(next_look(&series, at(674), false), at(720 + 3), "nothing was traded");
        let series = Series { wanted: at(660), ..series };
        assert_eq!(next_look(&series, at(664), false), at(723));
    }
}
