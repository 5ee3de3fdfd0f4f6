//! What was acted on lately, so that one structure is not acted on again and again.
//!
//! A setup is known by its kind, its direction and the bar that made it. A plan is only offered until an
//! order was made of it: what is refused after that leaves no trace here. Then its setup rests for a short
//! pause, and for a long one once its planned entry has traded: the structure is consumed, whether or not our
//! order was the one that filled. Invariant: bounded; depends on the candles and on which plans were taken,
//! so that replaying the same inputs rebuilds it.

use arrayvec::ArrayVec;
use seawall_model::{Candle, PriceUnits, Setup, Span, StateSink, Ts};

use super::SmcSettings;
use super::structure::Candidate;
use crate::Direction;

/// As many setups as are remembered; the oldest proposal is forgotten first.
const REMEMBERED_MAX: usize = 16;

const NANOS_PER_MINUTE: f64 = 60e9;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Proposed {
    setup: Setup,
    direction: Direction,
    structure_at: Ts,
    at: Ts,
    entry: PriceUnits,
    /// How long the entry rests; `None` for one at once.
    rests: Option<Span>,
    consumed: bool,
}

/// How long a setup has rested, against its pause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rest {
    pub(super) passes: bool,
    /// Minutes since it was acted on; since the first candle if it never was.
    pub(super) minutes: f64,
    pub(super) pause_minutes: f64,
}

/// The setups acted on lately.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    pause_minutes: f64,
    consumed_pause_minutes: f64,
    signal_pause_minutes: f64,
    since: Option<Ts>,
    /// The newest plan, until an order is made of it or another takes its place.
    offered: Option<Proposed>,
    proposed: ArrayVec<Proposed, REMEMBERED_MAX>,
}

impl Memory {
    pub(super) fn new(settings: &SmcSettings) -> Self {
        let pause_minutes = f64::from(settings.structure_dedupe_minutes);
        let consumed = f64::from(settings.consumed_structure_pause_hours) * 60.0;
        Memory {
            pause_minutes,
            consumed_pause_minutes: consumed.max(pause_minutes),
            signal_pause_minutes: f64::from(settings.signal_cooldown_hours) * 60.0,
            since: None,
            offered: None,
            proposed: ArrayVec::new(),
        }
    }

    /// Takes in a closed candle: planned entries that it reached are consumed.
    pub(super) fn observe(&mut self, candle: &Candle) {
        self.since.get_or_insert(candle.open_time);
        for proposed in &mut self.proposed {
            let reached = match proposed.direction {
                Direction::Long => candle.low <= proposed.entry,
                Direction::Short => candle.high >= proposed.entry,
            };
            let stands = candle.known_at > proposed.at && candle.open_time < proposed.expires_at();
            proposed.consumed |= reached && stands;
        }
    }

    /// How long the instrument has rested at `now`, whatever was acted on.
    pub(super) fn signal_rest(&self, now: Ts) -> Rest {
        let newest = self.proposed.last().map(|proposed| proposed.at);
        let minutes = newest.or(self.since).map_or(0.0, |at| minutes_between(at, now));
        let pause_minutes = self.signal_pause_minutes;
        Rest { passes: newest.is_none() || minutes >= pause_minutes, minutes, pause_minutes }
    }

    /// How long `candidate` has rested at `now`.
    pub(super) fn rest(&self, candidate: &Candidate, now: Ts) -> Rest {
        let minutes_since = |at: Ts| minutes_between(at, now);
        match self.proposed.iter().find(|proposed| proposed.is(candidate)) {
            None => Rest {
                passes: true,
                minutes: self.since.map_or(0.0, minutes_since),
                pause_minutes: self.pause_minutes,
            },
            Some(proposed) => {
                let minutes = minutes_since(proposed.at);
                let pause_minutes =
                    if proposed.consumed { self.consumed_pause_minutes } else { self.pause_minutes };
                Rest { passes: minutes >= pause_minutes, minutes, pause_minutes }
            }
        }
    }

    /// A plan for `candidate` is offered at `now`, with an entry that rests for `rests` (`None`: at once).
    pub(super) fn offer(&mut self, candidate: &Candidate, entry: PriceUnits, now: Ts, rests: Option<Span>) {
        self.offered = Some(Proposed {
            setup: candidate.setup,
            direction: candidate.direction,
            structure_at: candidate.at,
            at: now,
            entry,
            rests,
            consumed: rests.is_none(),
        });
    }

    /// An order was made at `at` of the plan offered last.
    pub(super) fn taken(&mut self, at: Ts) {
        let Some(taken) = self.offered.take() else { return };
        self.proposed.retain(|proposed| !proposed.is_same(&taken));
        if self.proposed.is_full() {
            self.proposed.remove(0);
        }
        self.proposed.push(Proposed { at, ..taken });
    }

    pub(super) fn digest(&self, sink: &mut dyn StateSink) {
        sink.signed(self.since.map_or(i64::MIN, Ts::nanos));
        sink.number(self.proposed.len() as u64);
        sink.number(u64::from(self.offered.is_some()));
        for proposed in self.proposed.iter().chain(&self.offered) {
            sink.bytes(proposed.setup.name().as_bytes());
            sink.number(u64::from(proposed.direction == Direction::Long));
            sink.signed(proposed.structure_at.nanos());
            sink.signed(proposed.at.nanos());
            sink.signed(proposed.entry.get());
            sink.signed(proposed.rests.map_or(-1, Span::nanos));
            sink.number(u64::from(proposed.consumed));
        }
    }
}

fn minutes_between(from: Ts, to: Ts) -> f64 {
    to.since(from).nanos() as f64 / NANOS_PER_MINUTE
}

impl Proposed {
    fn is(&self, candidate: &Candidate) -> bool {
        self.setup == candidate.setup
            && self.direction == candidate.direction
            && self.structure_at == candidate.at
    }

    fn is_same(&self, other: &Proposed) -> bool {
        self.setup == other.setup
            && self.direction == other.direction
            && self.structure_at == other.structure_at
    }

    fn expires_at(&self) -> Ts {
        self.at.plus(self.rests.unwrap_or(Span::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{Ohlc, Timeframe};

    fn hour(number: i64, low: i64, high: i64) -> Candle {
        let price = PriceUnits::new;
        let prices = Ohlc { open: price(low), high: price(high), low: price(low), close: price(high) };
        Candle::new(Timeframe::H1, at(number), prices, 1.0).unwrap()
    }

    fn at(hour: i64) -> Ts {
        Ts::from_millis(hour * 3_600_000)
    }

    const BLOCK: Candidate = Candidate {
        setup: Setup::OrderBlock,
        direction: Direction::Long,
        entry: 100.0,
        invalidation: 90.0,
        zone: Some((90.0, 100.0)),
        at: Ts::EPOCH,
    };

    /// Proposed at hour 10 with an entry at 100 that rests for four hours.
    fn proposed(pause_minutes: u32) -> Memory {
        let settings = SmcSettings { structure_dedupe_minutes: pause_minutes, ..SmcSettings::default() };
        let mut memory = Memory::new(&settings);
        memory.offer(&BLOCK, PriceUnits::new(100), at(10), Some(Span::from_secs(4 * 3_600)));
        memory.taken(at(10));
        memory
    }

    #[test]
    fn a_plan_that_nothing_was_made_of_does_not_rest() {
        let mut memory = Memory::new(&SmcSettings::default());
        memory.offer(&BLOCK, PriceUnits::new(100), at(10), None);
        assert!(memory.rest(&BLOCK, at(10)).passes);
        memory.taken(at(11));
        assert!(!memory.rest(&BLOCK, at(11)).passes);
        memory.taken(at(12));
        assert!((memory.rest(&BLOCK, at(12)).minutes - 60.0).abs() < 1e-9, "one plan is taken once");
    }

    #[test]
    fn the_instrument_rests_after_any_plan_that_was_acted_on() {
        let settings = SmcSettings { signal_cooldown_hours: 3, ..SmcSettings::default() };
        let mut memory = Memory::new(&settings);
        assert!(memory.signal_rest(at(10)).passes);
        memory.offer(&BLOCK, PriceUnits::new(100), at(10), None);
        assert!(memory.signal_rest(at(11)).passes, "only offered");
        memory.taken(at(10));
        assert!(!memory.signal_rest(at(12)).passes && memory.signal_rest(at(13)).passes);
        assert!((memory.signal_rest(at(12)).minutes - 120.0).abs() < 1e-9);
    }

    #[test]
    fn the_same_setup_rests_and_another_does_not() {
        let memory = proposed(90);
        assert!(!memory.rest(&BLOCK, at(11)).passes);
        assert!(memory.rest(&BLOCK, at(12)).passes);
        assert!((memory.rest(&BLOCK, at(11)).minutes - 60.0).abs() < 1e-9);
        assert!(memory.rest(&Candidate { setup: Setup::FairValueGap, ..BLOCK }, at(11)).passes);
        assert!(memory.rest(&Candidate { direction: Direction::Short, ..BLOCK }, at(11)).passes);
        assert!(memory.rest(&Candidate { at: at(1), ..BLOCK }, at(11)).passes);
        assert!(proposed(45).rest(&BLOCK, at(11)).passes);
    }

    #[test]
    fn a_setup_whose_entry_has_traded_rests_long() {
        let mut memory = proposed(45);
        memory.observe(&hour(10, 101, 105));
        assert!(memory.rest(&BLOCK, at(11)).passes, "not reached");
        memory.observe(&hour(11, 100, 105));
        let rest = memory.rest(&BLOCK, at(12));
        assert!(!rest.passes);
        assert!((rest.pause_minutes - 200.0 * 60.0).abs() < 1e-9);
        assert!(memory.rest(&BLOCK, at(10 + 200)).passes);
    }

    #[test]
    fn candles_before_the_proposal_and_after_its_expiry_consume_nothing() {
        let mut memory = proposed(45);
        memory.observe(&hour(9, 1, 105));
        memory.observe(&hour(14, 1, 105));
        assert!(memory.rest(&BLOCK, at(15)).passes);
    }

    #[test]
    fn an_entry_at_market_is_consumed_at_once() {
        let mut memory = Memory::new(&SmcSettings::default());
        memory.offer(&BLOCK, PriceUnits::new(100), at(10), None);
        memory.taken(at(10));
        assert!(!memory.rest(&BLOCK, at(100)).passes);
    }

    #[test]
    fn the_memory_is_bounded_and_forgets_the_oldest() {
        let mut memory = Memory::new(&SmcSettings::default());
        for number in 0..100 {
            let candidate = Candidate { at: at(number), ..BLOCK };
            memory.offer(&candidate, PriceUnits::new(100), at(200), None);
            memory.taken(at(200));
        }
        assert_eq!(memory.proposed.len(), REMEMBERED_MAX);
        assert!(memory.rest(&Candidate { at: at(83), ..BLOCK }, at(201)).passes);
        assert!(!memory.rest(&Candidate { at: at(84), ..BLOCK }, at(201)).passes);
    }
}
