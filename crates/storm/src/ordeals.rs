//! Faults that are larger than a message: the account is shut out, the venue is closed, the clock is set, the
//! settings change.

use seawall_model::{Command, Input, InstrumentId, Span, Ts};

use crate::faults::Fault;
use crate::random::Stream;
use crate::swarm::RUN;
use crate::world::{Happening, World};

/// Clocks differ by no more than this.
const CLOCKS_MS: i64 = 1_500;

/// The machine's clock as the driver shows it: one that is set back goes on at nine tenths of the pace until
/// it agrees, and none ever runs backwards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    since: Ts,
    ahead: Span,
}

impl Clock {
    pub(crate) const fn right(since: Ts) -> Self {
        Clock { since, ahead: Span::ZERO }
    }

    fn ahead_at(&self, at: Ts) -> Span {
        Span::from_nanos((self.ahead.nanos() - at.since(self.since).nanos() / 10).max(0))
    }

    /// What it shows at a time of the world.
    pub(crate) fn shows(&self, at: Ts) -> Ts {
        at.plus(self.ahead_at(at))
    }

    /// The time of the world from which on it shows `shown` or more.
    pub(crate) fn comes(&self, shown: Ts) -> Ts {
        let right_again = self.since.plus(Span::from_nanos(self.ahead.nanos().saturating_mul(10)));
        if shown >= right_again {
            return shown;
        }
        // While it is slow: shown = since + ahead + (at - since) * 9 / 10, rounded up.
        let slow = shown.since(self.since).nanos() - self.ahead.nanos();
        self.since.plus(Span::from_nanos((slow.saturating_mul(10) / 9).saturating_add(2).max(0)))
    }

    /// It is set forward by `by`, and back at once.
    fn step(&mut self, at: Ts, by: Span) {
        *self = Clock { since: at, ahead: Span::from_nanos(self.ahead_at(at).nanos().max(by.nanos())) };
    }
}

impl World {
    /// Begins one of these faults; `None`: it is another one.
    pub(crate) fn ordeal(
        &mut self,
        at: Ts,
        fault: Fault,
        instrument: Option<InstrumentId>,
        mut shape: Stream,
    ) -> Option<bool> {
        match (fault, instrument) {
            (Fault::StopShrunk, Some(id)) => Some(self.shrink_a_stop(at, id, shape.chance(500_000))),
            (Fault::Banned, None) => {
                self.banned_until = at.plus(shape.millis(2_000, 60_000));
                Some(true)
            }
            (Fault::Maintenance, None) => {
                let length = shape.millis(20_000, 240_000);
                self.close_venue(at, length);
                Some(true)
            }
            (Fault::ClockStepped, None) => {
                let room = CLOCKS_MS - self.plan.skew.nanos().abs() / 1_000_000;
                self.clock.step(at, shape.millis(room / 10, room));
                Some(room > 0)
            }
            (Fault::Reconfigured, None) => {
                self.process.as_ref()?;
                self.plan.reconfigure(&mut shape);
                self.feed(at, Input::Operator(Command::Shutdown));
                let ends = at.plus(shape.millis(200, 15_000));
                self.agenda.put(ends, Happening::Stop { life: self.life });
                Some(true)
            }
            _ => None,
        }
    }

    fn shrink_a_stop(&mut self, at: Ts, id: InstrumentId, aloud: bool) -> bool {
        let World { venue, truth, .. } = self;
        let ours = |row: &seawall_model::VenueOrder| {
            row.kind.is_stop() && row.order.is_some_and(|order| order.id.run == RUN)
        };
        let stop = venue.exchange.working(id).find(ours);
        stop.is_some_and(|row| venue.shrink(at, &row, aloud, truth))
    }

    /// Nothing is traded, told or taken for a while.
    fn close_venue(&mut self, at: Ts, length: Span) {
        let until = at.plus(length);
        self.banned_until = self.banned_until.max(until);
        for id in (0..).map(InstrumentId).take(self.venue.instruments.len()) {
            if let Some(halted) = self.venue.halted.get_mut(id.index()) {
                *halted = true;
            }
            self.market.set_frozen(id, true);
            self.list(at, id);
            self.agenda.put(until, Happening::Thaw(id));
            self.agenda.put(until, Happening::Reopen(id));
        }
        // It may be lost already.
        let _ = self.lose_stream(at, length, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_never_runs_backwards_and_agrees_in_the_end() {
        let at = |ms: i64| Ts::from_millis(ms);
        let mut clock = Clock::right(at(0));
        assert_eq!((clock.shows(at(500)), clock.comes(at(500))), (at(500), at(500)));
        clock.step(at(1_000), Span::from_millis(900));
        let mut last = at(1_000);
        for ms in (1_001..12_000).step_by(7) {
            let shown = clock.shows(at(ms));
            assert!(shown > last && shown >= at(ms));
            last = shown;
            let comes = clock.comes(shown);
            assert!(clock.shows(comes) >= shown && comes.since(at(ms)).nanos().abs() < 10, "{ms}");
        }
        assert_eq!(clock.shows(at(11_000)), at(11_000));
    }
}
