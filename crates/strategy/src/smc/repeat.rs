//! What was proposed lately, so that one structure is not acted on again and again.
//!
//! A setup is known by its kind, its direction and the bar that made it. It rests for a short pause after
//! it was proposed, and for a long one once its planned entry has traded: then the structure is consumed,
//! whether or not our order was the one that filled. Invariant: bounded; depends on candles alone.

use arrayvec::ArrayVec;
use seawall_model::{Candle, PriceUnits, Setup, StateSink, Ts};

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
    expires_at: Ts,
    consumed: bool,
}

/// How long a setup has rested, against its pause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rest {
    pub(super) passes: bool,
    /// Minutes since it was proposed; since the first candle if it never was.
    pub(super) minutes: f64,
    pub(super) pause_minutes: f64,
}

/// The setups proposed lately.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    pause_minutes: f64,
    consumed_pause_minutes: f64,
    since: Option<Ts>,
    proposed: ArrayVec<Proposed, REMEMBERED_MAX>,
}

impl Memory {
    pub(super) fn new(settings: &SmcSettings) -> Self {
        let pause_minutes = f64::from(settings.structure_dedupe_minutes);
        let consumed = f64::from(settings.consumed_structure_pause_hours) * 60.0;
        Memory {
            pause_minutes,
            consumed_pause_minutes: consumed.max(pause_minutes),
            since: None,
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
            let rests = candle.known_at > proposed.at && candle.open_time < proposed.expires_at;
            proposed.consumed |= reached && rests;
        }
    }

    /// How long `candidate` has rested at `now`.
    pub(super) fn rest(&self, candidate: &Candidate, now: Ts) -> Rest {
        let minutes_since = |at: Ts| now.since(at).nanos() as f64 / NANOS_PER_MINUTE;
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

    /// Remembers that `candidate` was proposed at `now` with an entry that stands until `expires_at`
    /// (`None`: at once).
    pub(super) fn remember(
        &mut self,
        candidate: &Candidate,
        entry: PriceUnits,
        now: Ts,
        expires_at: Option<Ts>,
    ) {
        self.proposed.retain(|proposed| !proposed.is(candidate));
        if self.proposed.is_full() {
            self.proposed.remove(0);
        }
        self.proposed.push(Proposed {
            setup: candidate.setup,
            direction: candidate.direction,
            structure_at: candidate.at,
            at: now,
            entry,
            expires_at: expires_at.unwrap_or(now),
            consumed: expires_at.is_none(),
        });
    }

    pub(super) fn digest(&self, sink: &mut dyn StateSink) {
        sink.signed(self.since.map_or(i64::MIN, Ts::nanos));
        sink.number(self.proposed.len() as u64);
        for proposed in &self.proposed {
            sink.bytes(proposed.setup.name().as_bytes());
            sink.number(u64::from(proposed.direction == Direction::Long));
            sink.signed(proposed.structure_at.nanos());
            sink.signed(proposed.at.nanos());
            sink.signed(proposed.entry.get());
            sink.signed(proposed.expires_at.nanos());
            sink.number(u64::from(proposed.consumed));
        }
    }
}

impl Proposed {
    fn is(&self, candidate: &Candidate) -> bool {
        self.setup == candidate.setup
            && self.direction == candidate.direction
            && self.structure_at == candidate.at
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
        at: Ts::EPOCH,
    };

    /// Proposed at hour 10 with an entry at 100 that rests for four hours.
    fn proposed(pause_minutes: u32) -> Memory {
        let settings = SmcSettings { structure_dedupe_minutes: pause_minutes, ..SmcSettings::default() };
        let mut memory = Memory::new(&settings);
        memory.remember(&BLOCK, PriceUnits::new(100), at(10), Some(at(14)));
        memory
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
        memory.remember(&BLOCK, PriceUnits::new(100), at(10), None);
        assert!(!memory.rest(&BLOCK, at(100)).passes);
    }

    #[test]
    fn the_memory_is_bounded_and_forgets_the_oldest() {
        let mut memory = Memory::new(&SmcSettings::default());
        for number in 0..100 {
            let candidate = Candidate { at: at(number), ..BLOCK };
            memory.remember(&candidate, PriceUnits::new(100), at(200), None);
        }
        assert_eq!(memory.proposed.len(), REMEMBERED_MAX);
        assert!(memory.rest(&Candidate { at: at(83), ..BLOCK }, at(201)).passes);
        assert!(!memory.rest(&Candidate { at: at(84), ..BLOCK }, at(201)).passes);
    }
}
