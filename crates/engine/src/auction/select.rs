//! Who gets a place: the rules of one cycle, without any engine.
//!
//! What is held or on its way occupies a place, and margin. An entry takes a free place, or that of an
//! occupant which is worth less by at least the threshold and whose going makes enough room; one of the same
//! cluster is taken before others. An occupant that is locked stays whatever comes. Occupants that do not
//! fit together any more are found by filling the places anew, the locked first, then by value.
//!
//! Invariants: at most as many are opened as there are free places and closed occupants; nothing is closed
//! for an entry that is not taken ([`Book::rule`] only says, [`Book::take`] does); equal values are ordered
//! by age, then margin, then the order given, which is by name.

use core::cmp::Ordering;

use arrayvec::ArrayVec;
use seawall_model::{Gate, InstrumentId, PositionSide, Setup, Ts};

use super::settings::Rules;

/// Gates that one entry can be asked.
const READINGS_MAX: usize = 8;

/// A position, or something that can become one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Occupant {
    pub(crate) instrument: InstrumentId,
    /// Equal for all instruments of one canonical name.
    pub(crate) canonical: usize,
    pub(crate) side: PositionSide,
    pub(crate) cluster: Setup,
    /// What it is worth; where that is not known it is locked.
    pub(crate) value: f64,
    pub(crate) margin: f64,
    pub(crate) since: Ts,
    /// Never closed by the auction.
    pub(crate) locked: bool,
}

/// An entry that asks for a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Entrant {
    pub(crate) instrument: InstrumentId,
    pub(crate) canonical: usize,
    pub(crate) side: PositionSide,
    pub(crate) cluster: Setup,
    /// Score less costs; an entry without a score takes free places only.
    pub(crate) value: Option<f64>,
    pub(crate) margin: f64,
    /// Whether it may take the place of another: a reversal has its own.
    pub(crate) may_swap: bool,
}

/// Where an entry goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A free one.
    Free,
    /// That of this occupant, once it is closed.
    Of(InstrumentId),
    /// None.
    None,
}

/// One question and its answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Asked {
    pub(crate) gate: Gate,
    pub(crate) passes: bool,
    pub(crate) measured: f64,
    pub(crate) threshold: f64,
}

/// What is said about one entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ruling {
    pub(crate) place: Place,
    /// The questions in their order; where there is no place the last one refused.
    pub(crate) asked: ArrayVec<Asked, READINGS_MAX>,
}

/// A swap that would make room.
#[derive(Debug, Clone, Copy)]
struct Swap {
    occupant: InstrumentId,
    gain: f64,
}

/// The places in one cycle.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    rules: Rules,
    equity: f64,
    occupants: Vec<Occupant>,
    opens: u32,
    closes: u32,
    /// Seconds until the pause after a reduction is over.
    pause_s: f64,
    /// Penalty of longs and of shorts, from what is held at the start.
    penalty: (f64, f64),
}

impl Book {
    /// `occupants` in order of their names.
    pub(crate) fn new(rules: Rules, equity: f64, occupants: Vec<Occupant>, pause_s: f64) -> Self {
        let on = |side: PositionSide| margin_of(occupants.iter().filter(|one| one.side == side));
        let (long, short) = (on(PositionSide::Long), on(PositionSide::Short));
        let penalty = |same: f64| {
            let total = long + short;
            let share = if total > 0.0 { same / total } else { 0.0 };
            rules.direction_penalty * (share - 0.5).max(0.0) * 2.0
        };
        let penalty = (penalty(long), penalty(short));
        Book { rules, equity, occupants, opens: 0, closes: 0, pause_s, penalty }
    }

    /// What an entry of this value is worth on its side now.
    pub(crate) fn adjusted(&self, value: f64, side: PositionSide) -> f64 {
        value
            - match side {
                PositionSide::Long => self.penalty.0,
                PositionSide::Short => self.penalty.1,
                PositionSide::Flat => 0.0,
            }
    }

    /// Whether one more may be closed in this cycle.
    pub(crate) fn may_close(&self) -> bool {
        self.closes < self.rules.closes_max && self.opens + self.closes < self.rules.trades_max
    }

    /// Cycles in a row without a place after which an occupant is closed.
    pub(crate) fn persistence(&self) -> u32 {
        self.rules.persistence
    }

    /// An occupant is being closed without another in its place.
    pub(crate) fn close(&mut self, id: InstrumentId) {
        self.closes += 1;
        self.occupants.retain(|one| one.instrument != id);
    }

    /// The occupants that find no place when all are placed anew.
    pub(crate) fn misfits(&self) -> Vec<InstrumentId> {
        let mut ordered: Vec<&Occupant> = self.occupants.iter().collect();
        ordered.sort_by(|a, b| b.locked.cmp(&a.locked).then_with(|| self.worth_first(a, b)));
        let mut placed: Vec<Occupant> = Vec::with_capacity(ordered.len());
        let mut misfits = Vec::new();
        for one in ordered {
            let alone = placed.iter().all(|other| other.canonical != one.canonical);
            let fits = alone && self.caps(&placed, one.cluster, one.margin).iter().all(|cap| cap.passes);
            if fits || one.locked {
                placed.push(*one);
            } else {
                misfits.push(one.instrument);
            }
        }
        misfits
    }

    /// Says where the entry would go, and why.
    pub(crate) fn rule(&self, entrant: &Entrant) -> Ruling {
        let mut ruling = Ruling { place: Place::None, asked: ArrayVec::new() };
        let value = entrant.value.map(|value| self.adjusted(value, entrant.side));
        let others = self.without(entrant.instrument);
        let aliases = others.iter().filter(|one| one.canonical == entrant.canonical).count();
        let spare = self.rules.trades_max.saturating_sub(self.closes);
        let opens_max = self.rules.opens_max.min(spare);
        let opens = self.opens.saturating_add(1);
        let first = [
            value.map(|value| asked(Gate::AuctionValue, value >= 0.0, value, 0.0)),
            Some(asked(Gate::AuctionSymbol, aliases == 0, aliases as f64, 0.0)),
            Some(asked(Gate::AuctionPace, opens <= opens_max, f64::from(opens), f64::from(opens_max))),
            (self.pause_s > 0.0).then(|| asked(Gate::AuctionReduced, false, self.pause_s, 0.0)),
        ];
        for one in first.into_iter().flatten() {
            ruling.asked.push(one);
            if !one.passes {
                return ruling;
            }
        }
        self.find_place(entrant, value, &others, &mut ruling);
        ruling
    }

    /// A free place, else the best swap, else the cap that leaves none. `others` are all but the entry's own
    /// instrument, whose position, if any, is being closed for it.
    fn find_place(&self, entrant: &Entrant, value: Option<f64>, others: &[Occupant], ruling: &mut Ruling) {
        let caps = self.caps(others, entrant.cluster, entrant.margin);
        let full = caps.iter().find(|cap| !cap.passes).copied();
        let Some(full) = full else {
            ruling.asked.extend(caps);
            ruling.place = Place::Free;
            return;
        };
        let value = value.filter(|_| entrant.may_swap);
        let Some(swap) = value.and_then(|value| self.swap(entrant, value, others)) else {
            ruling.asked.push(full);
            return;
        };
        let wins = swap.gain >= self.rules.swap_threshold;
        ruling.asked.push(asked(Gate::AuctionSwap, wins, swap.gain, self.rules.swap_threshold));
        if wins {
            ruling.place = Place::Of(swap.occupant);
        }
    }

    /// The entry is taken: it occupies its place.
    pub(crate) fn take(&mut self, entrant: &Entrant, place: Place, now: Ts) {
        match place {
            Place::None => return,
            Place::Free => {}
            Place::Of(id) => self.close(id),
        }
        self.opens += 1;
        self.occupants = self.without(entrant.instrument);
        self.occupants.push(Occupant {
            instrument: entrant.instrument,
            canonical: entrant.canonical,
            side: entrant.side,
            cluster: entrant.cluster,
            value: entrant.value.unwrap_or(0.0),
            margin: entrant.margin,
            since: now,
            locked: true,
        });
    }

    fn without(&self, id: InstrumentId) -> Vec<Occupant> {
        self.occupants.iter().filter(|one| one.instrument != id).copied().collect()
    }

    /// The caps with one more of this cluster and margin.
    fn caps(&self, occupants: &[Occupant], cluster: Setup, margin: f64) -> [Asked; 3] {
        let same = occupants.iter().filter(|one| one.cluster == cluster).count();
        let used = margin_of(occupants.iter()) + margin;
        let used_pct = if self.equity > 0.0 { used / self.equity * 100.0 } else { f64::MAX };
        let count = |gate: Gate, before: usize, most: u32| {
            let with = before as f64 + 1.0;
            asked(gate, with <= f64::from(most), with, f64::from(most))
        };
        let most = self.rules.margin_use_max_pct;
        [
            count(Gate::AuctionPositions, occupants.len(), self.rules.positions_max),
            count(Gate::AuctionCluster, same, self.rules.cluster_positions_max),
            asked(Gate::AuctionMargin, used_pct <= most, used_pct, most),
        ]
    }

    /// The occupant that an entry of this value would take the place of: the least valuable of its own
    /// cluster if that is worth enough less, else the least valuable of all.
    fn swap(&self, entrant: &Entrant, value: f64, others: &[Occupant]) -> Option<Swap> {
        let trades = self.opens.saturating_add(self.closes).saturating_add(2);
        if self.closes >= self.rules.closes_max || trades > self.rules.trades_max {
            return None;
        }
        let best = |own: bool| {
            let makes_room = |one: &&Occupant| {
                let without = others.iter().filter(|other| other.instrument != one.instrument);
                let without: Vec<Occupant> = without.copied().collect();
                self.caps(&without, entrant.cluster, entrant.margin).iter().all(|cap| cap.passes)
            };
            let open = others.iter().filter(|one| !one.locked && (one.cluster == entrant.cluster) == own);
            let worst = open.filter(makes_room).min_by(|a, b| self.worth(a).total_cmp(&self.worth(b)));
            worst.map(|one| Swap { occupant: one.instrument, gain: value - self.worth(one) })
        };
        let own = best(true);
        if own.is_some_and(|swap| swap.gain >= self.rules.swap_threshold) {
            return own;
        }
        let other = best(false);
        match (own, other) {
            (Some(own), Some(other)) if own.gain >= other.gain => Some(own),
            (_, Some(other)) => Some(other),
            (own, None) => own,
        }
    }

    fn worth(&self, one: &Occupant) -> f64 {
        self.adjusted(one.value, one.side)
    }

    /// Valuable ones first, then old ones, then those with little margin.
    fn worth_first(&self, a: &Occupant, b: &Occupant) -> Ordering {
        let by_value = self.worth(b).total_cmp(&self.worth(a));
        by_value.then_with(|| a.since.cmp(&b.since)).then_with(|| a.margin.total_cmp(&b.margin))
    }
}

fn asked(gate: Gate, passes: bool, measured: f64, threshold: f64) -> Asked {
    Asked { gate, passes, measured, threshold }
}

fn margin_of<'a>(occupants: impl Iterator<Item = &'a Occupant>) -> f64 {
    occupants.map(|one| one.margin).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

    use super::*;
    use crate::auction::settings::{AuctionSettings, AuctionTuning};
    use proptest::prelude::*;

    const SETUPS: [Setup; 3] = [Setup::OrderBlock, Setup::Trend, Setup::EmaCross];

    fn rules(change: impl FnOnce(&mut Rules)) -> Rules {
        let mut rules = Rules::new(&AuctionSettings::default(), AuctionTuning::NEUTRAL);
        change(&mut rules);
        rules
    }

    fn side(long: bool) -> PositionSide {
        if long { PositionSide::Long } else { PositionSide::Short }
    }

    fn occupant(number: u32) -> impl Strategy<Value = Occupant> {
        (0_usize..3, any::<bool>(), 0_i32..100, 1_i32..30, any::<bool>()).prop_map(
            move |(cluster, long, value, margin, locked)| Occupant {
                instrument: InstrumentId(number),
                canonical: number as usize,
                side: side(long),
                cluster: SETUPS[cluster],
                value: f64::from(value),
                margin: f64::from(margin),
                since: Ts::from_millis(i64::from(value % 3)),
                locked,
            },
        )
    }

    fn entrant(number: u32) -> impl Strategy<Value = Entrant> {
        (0_usize..3, any::<bool>(), prop::option::of(0_i32..120), 1_i32..30).prop_map(
            move |(cluster, long, value, margin)| Entrant {
                instrument: InstrumentId(number),
                canonical: number as usize,
                side: side(long),
                cluster: SETUPS[cluster],
                value: value.map(f64::from),
                margin: f64::from(margin),
                may_swap: true,
            },
        )
    }

    fn occupants() -> impl Strategy<Value = Vec<Occupant>> {
        (0_u32..6).prop_flat_map(|count| (0..count).map(occupant).collect::<Vec<_>>())
    }

    fn entrants() -> impl Strategy<Value = Vec<Entrant>> {
        (0_u32..6).prop_flat_map(|count| (100..100 + count).map(entrant).collect::<Vec<_>>())
    }

    fn some_rules() -> impl Strategy<Value = Rules> {
        (1_u32..7, 1_u32..4, 20_i32..95, 0_i32..20, (1_u32..6, 1_u32..4, 0_u32..3)).prop_map(
            |(positions, cluster, margin, threshold, (trades, opens, closes))| {
                rules(|rules| {
                    rules.positions_max = positions;
                    rules.cluster_positions_max = cluster;
                    rules.margin_use_max_pct = f64::from(margin);
                    rules.swap_threshold = f64::from(threshold);
                    rules.trades_max = trades;
                    rules.opens_max = opens;
                    rules.closes_max = closes;
                })
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn whoever_gets_a_place_fits_and_nobody_is_pushed_out_who_may_not_be(
            rules in some_rules(), occupants in occupants(), entrants in entrants(),
        ) {
            let mut book = Book::new(rules, 100.0, occupants.clone(), 0.0);
            let (mut opened, mut closed) = (0, 0);
            for entrant in &entrants {
                let ruling = book.rule(entrant);
                let before = book.clone();
                book.take(entrant, ruling.place, Ts::EPOCH);
                match ruling.place {
                    Place::None => {
                        prop_assert!(!ruling.asked.last().unwrap().passes);
                        continue;
                    }
                    Place::Free => {}
                    Place::Of(id) => {
                        closed += 1;
                        let gone = occupants.iter().find(|one| one.instrument == id).unwrap();
                        prop_assert!(!gone.locked);
                        let value = before.adjusted(entrant.value.unwrap(), entrant.side);
                        prop_assert!(value >= before.worth(gone) + rules.swap_threshold);
                    }
                }
                opened += 1;
                prop_assert!(ruling.asked.iter().all(|one| one.passes));
                let rest = book.without(entrant.instrument);
                let fits = book.caps(&rest, entrant.cluster, entrant.margin);
                prop_assert!(fits.iter().all(|cap| cap.passes), "{fits:?}");
            }
            prop_assert!(opened <= rules.opens_max && closed <= rules.closes_max);
            prop_assert!(opened + closed <= rules.trades_max);
            let free = rules.positions_max.saturating_sub(u32::try_from(occupants.len()).unwrap());
            prop_assert!(opened <= closed + free);
        }

        #[test]
        fn the_order_of_occupants_does_not_matter_where_all_values_differ(
            rules in some_rules(), occupants in occupants(), entrant in entrant(100),
        ) {
            let mut occupants = occupants;
            for (number, one) in (0_u32..).zip(&mut occupants) {
                one.value += f64::from(number) * 0.01;
            }
            let book = |occupants: Vec<Occupant>| Book::new(rules, 100.0, occupants, 0.0);
            let mut reversed = occupants.clone();
            reversed.reverse();
            let (one, other) = (book(occupants), book(reversed));
            prop_assert_eq!(one.rule(&entrant), other.rule(&entrant));
            let sorted = |mut ids: Vec<InstrumentId>| { ids.sort(); ids };
            prop_assert_eq!(sorted(one.misfits()), sorted(other.misfits()));
        }

        #[test]
        fn without_the_misfits_everything_fits_and_no_locked_one_is_among_them(
            rules in some_rules(), occupants in occupants(),
        ) {
            let mut book = Book::new(rules, 100.0, occupants.clone(), 0.0);
            let misfits = book.misfits();
            for id in &misfits {
                prop_assert!(occupants.iter().any(|one| one.instrument == *id && !one.locked));
                book.close(*id);
            }
            prop_assert!(book.misfits().is_empty());
        }
    }

    #[test]
    fn tuning_makes_swaps_dearer_positions_older_and_openings_rarer() {
        let tuning =
            AuctionTuning { swap_delta: 2.0, hold_factor: 2.0, opens_delta: -1, persistence_delta: 1 };
        let settings = AuctionSettings::default();
        let (plain, tuned) = (Rules::new(&settings, AuctionTuning::NEUTRAL), Rules::new(&settings, tuning));
        assert!((tuned.swap_threshold - plain.swap_threshold - 2.0).abs() < 1e-9);
        assert!((tuned.hold_minutes - plain.hold_minutes * 2.0).abs() < 1e-9);
        assert_eq!(tuned.opens_max, plain.opens_max - 1);
        assert_eq!(tuned.persistence, plain.persistence + 1);
        let none = AuctionTuning { opens_delta: -9, persistence_delta: -99, ..tuning };
        assert_eq!((Rules::new(&settings, none).opens_max, Rules::new(&settings, none).persistence), (0, 0));
    }
}
