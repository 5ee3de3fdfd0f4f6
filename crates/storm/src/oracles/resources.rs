//! O12: what one step asks for, how often the engine wants to be woken, how often it places, and how many
//! orders live: all bounded.

use seawall_model::{Input, InstrumentId, Ts, VenueEvent, VenueRequest};

use super::{Finding, Oracle, Step, ensure};

/// Requests that one step may ask for beside one for each row of a report and each live order.
const REQUESTS_PER_STEP_MAX: usize = 32;
/// Wake-ups per minute and instrument.
const WAKEUPS_PER_MINUTE_MAX: u32 = 240;
/// Placements per minute and instrument: nothing is tried again without a pause.
const PLACEMENTS_PER_MINUTE_MAX: u32 = 60;
/// Live orders per instrument.
const LIVE_MAX: usize = 48;

#[derive(Debug)]
pub(crate) struct Resources {
    instruments: u32,
    minute: i64,
    wakeups: u32,
    placements: u32,
}

impl Resources {
    pub(crate) fn new(instruments: usize) -> Self {
        let instruments = u32::try_from(instruments).unwrap_or(u32::MAX);
        Resources { instruments, minute: i64::MIN, wakeups: 0, placements: 0 }
    }

    #[inline]
    pub(crate) fn check(&mut self, step: &Step<'_>) -> Finding {
        let minute = step.at.nanos().div_euclid(60_000_000_000);
        if minute != self.minute {
            (self.minute, self.wakeups, self.placements) = (minute, 0, 0);
        }
        if *step.input == Input::Wakeup {
            self.wakeups += 1;
            ensure(Oracle::Resources, self.wakeups <= WAKEUPS_PER_MINUTE_MAX * self.instruments, || {
                "the engine spins".to_owned()
            })?;
            let next = step.engine.next_wakeup().unwrap_or(Ts::FAR_FUTURE);
            ensure(Oracle::Resources, next > step.engine.now(), || format!("woken to be woken at {next}"))?;
        }
        if step.effects.requests.is_empty() {
            return Ok(());
        }
        self.check_requests(step)
    }

    fn check_requests(&mut self, step: &Step<'_>) -> Finding {
        let placed = step.effects.requests.iter().filter(|request| matches!(request, VenueRequest::Place(_)));
        self.placements += u32::try_from(placed.count()).unwrap_or(u32::MAX);
        let most = PLACEMENTS_PER_MINUTE_MAX * self.instruments;
        ensure(Oracle::Resources, self.placements <= most, || {
            format!("{} placements within a minute", self.placements)
        })?;
        let rows = match step.input {
            Input::Venue(VenueEvent::OpenOrders(report)) => report.rows.len(),
            Input::Venue(_)
            | Input::Started
            | Input::Candle { .. }
            | Input::Quote { .. }
            | Input::Mark { .. }
            | Input::Submission { .. }
            | Input::Operator(_)
            | Input::Wakeup
            | Input::Book { .. }
            | Input::Listing(_)
            | Input::Past { .. }
            | Input::Rules(_) => 0,
        };
        let mut live = 0;
        for id in (0..self.instruments).map(InstrumentId) {
            let count = step.engine.live_orders(id).count();
            ensure(Oracle::Resources, count <= LIVE_MAX, || format!("{count} live orders on {id:?}"))?;
            live += count;
        }
        let asked = step.effects.requests.len();
        ensure(Oracle::Resources, asked <= REQUESTS_PER_STEP_MAX + rows + live, || {
            format!("{asked} requests in one step")
        })
    }
}
