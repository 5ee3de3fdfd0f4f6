//! Deliberate bugs: the measure of what judges the engine.
//!
//! Each is one wrong decision at one place, of a kind that has cost somebody money. The storm must find every
//! one of them within a stated number of worlds, or it is too weak.
//!
//! Invariants: without the feature `mutants`, which nothing enables by default, [`Mutant::is_on`] is a
//! constant `false` and what stands behind it is not compiled into anything; with it the bug is chosen for
//! the thread that a world lives on, and nothing is chosen at first.

#[cfg(feature = "mutants")]
use core::cell::Cell;

/// One row a bug: what is wrong, its name, what it stands for (numbers are those of `docs/incidents.md`, D
/// with a single number and `#` those of the public defects that other engines have had).
macro_rules! mutants {
    ($(
        $(#[doc = $what:literal])+
        $mutant:ident, $name:literal, $stands_for:literal;
    )+) => {
        /// A deliberate bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mutant {
            $($(#[doc = $what])+ $mutant,)+
        }

        #[cfg(feature = "mutants")]
        impl Mutant {
            /// Every one.
            pub const ALL: &[Mutant] = &[$(Mutant::$mutant,)+];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Mutant::$mutant => $name,)+ }
            }

            /// What is wrong, in a sentence.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self { $(Mutant::$mutant => concat!($($what),+).trim_ascii(),)+ }
            }

            /// Which failure of the real world it stands for.
            #[must_use]
            pub const fn stands_for(self) -> &'static str {
                match self { $(Mutant::$mutant => $stands_for,)+ }
            }
        }
    };
}

mutants! {
    /// A failed question counts as an answer: there is nothing.
    FailedQueryIsEmpty, "failed_query_is_empty", "D2, #4729: a failed request merged as no orders";
    /// A part of a list counts as all of it.
    PartialListIsComplete, "partial_list_is_complete", "#4847: orders outside the lookback";
    /// A missing order in a complete list is not asked for.
    MissingStopUnnoticed, "missing_stop_unnoticed", "D4: a stop that the venue ended is never noticed";
    /// A placement that timed out is called rejected.
    TimeOutIsRejection, "time_out_is_rejection", "D1, #4152: silence becomes a terminal fact";
    /// A placement that timed out is sent again under a new id.
    ResendOnTimeOut, "resend_on_time_out", "I-10, #3879: orders that stack";
    /// An order is called absent although it may still be taken.
    AbsentBeforeHorizon, "absent_before_horizon", "D3, #4523: missing orders resolved too early";
    /// A placement that is refused because its id is known is called rejected.
    KnownIdIsRejection, "known_id_is_rejection", "A.10: a duplicate answer to the first of two";
    /// A cancellation without an answer is called done.
    LostCancelIsDone, "lost_cancel_is_done", "D1, #4765: a lost acknowledgement of a cancellation";
    /// What leaves is not durable before.
    SentBeforeSync, "sent_before_sync", "I-75: the write-ahead log failed in silence";
    /// A fill that is told twice counts twice.
    DuplicateCountsTwice, "duplicate_counts_twice", "I-36: no deduplication of fills";
    /// Two fills of one order at one price are taken for one.
    TwinIsDropped, "twin_is_dropped", "I-52: fills dropped by a wrong key";
    /// A fill that is a part of its order does not count.
    PartialFillIgnored, "partial_fill_ignored", "I-16, #3869: fills unseen, no stop";
    /// A fill of an order that has ended does not count.
    LateFillIgnored, "late_fill_ignored", "#4288: a fill behind its cancellation";
    /// A picture counts as taken when it comes in, not when the venue says that it was taken.
    LocalClockTrusted, "local_clock_trusted", "D11: thresholds by the local clock";
    /// After the stream is back nothing is compared.
    NotProvenAfterReconnect, "not_proven_after_reconnect", "D10, #4991: no comparison on reconnect";
    /// Orders of unknown outcome do not count as exposure.
    UnknownExposureForgotten, "unknown_exposure_forgotten", "I-42: an oversized account";
    /// The old stop is cancelled before the new one is confirmed.
    CancelBeforePlace, "cancel_before_place", "I-29: left naked between two stops";
    /// A stop that is too small is not made larger.
    StopNotEnlarged, "stop_not_enlarged", "I-16: positions that outgrow their stops";
    /// A stop that is too large is not made smaller.
    StopNotReduced, "stop_not_reduced", "I-27: orders that only reduce sum to more than is held";
    /// Stops do not say that they only reduce.
    StopMayOpen, "stop_may_open", "I-68: a stop that is not told from an entry";
    /// Stops of short positions lie on the wrong side of the price.
    StopOnWrongSide, "stop_on_wrong_side", "I-1 of the SMC specification: stop distance inverted";
    /// A second emergency close is sent while the first may still act.
    SecondEmergency, "second_emergency", "I-88: emergency exits that are not tracked";
    /// An emergency close leaves the entry that still fills.
    EmergencySparesEntry, "emergency_spares_entry", "found by the storm: the entry fills on";
    /// The kill switch does not cancel entries.
    KillSparesEntries, "kill_spares_entries", "I-30: the switch cancelled the wrong orders";
    /// Stops are cancelled when the process is asked to end.
    ShutdownCancelsStops, "shutdown_cancels_stops", "I-30, #4736: stops gone with the process";
    /// The mode of the account is not carried over a restart.
    ModeLostAtRestart, "mode_lost_at_restart", "I-86: state of the switch after a restart";
    /// The loss windows begin anew with each process.
    DayWindowLostAtRestart, "day_window_lost_at_restart", "I-33, I-51: losses reset by a restart";
    /// Orders without an answer are not carried over a restart.
    InFlightLostAtRestart, "in_flight_lost_at_restart", "#3046, #5057: orders unknown after a restart";
}

#[cfg(not(feature = "mutants"))]
impl Mutant {
    /// Whether the engine is wrong in this way: never.
    #[inline]
    #[must_use]
    pub const fn is_on(self) -> bool {
        false
    }
}

#[cfg(feature = "mutants")]
impl Mutant {
    /// Whether the engine is wrong in this way on this thread.
    #[must_use]
    pub fn is_on(self) -> bool {
        SELECTED.get() == Some(self)
    }
}

#[cfg(feature = "mutants")]
std::thread_local! {
    static SELECTED: Cell<Option<Mutant>> = const { Cell::new(None) };
}

/// Chooses the bug that everything on this thread has from now on.
#[cfg(feature = "mutants")]
pub fn select(mutant: Option<Mutant>) {
    SELECTED.set(mutant);
}

#[cfg(all(test, feature = "mutants"))]
mod tests {
    use super::*;

    #[test]
    fn one_is_on_where_it_was_chosen_and_none_elsewhere() {
        select(Some(Mutant::SecondEmergency));
        let on: Vec<&str> = Mutant::ALL.iter().filter(|one| one.is_on()).map(|one| one.name()).collect();
        assert_eq!(on, ["second_emergency"]);
        let elsewhere = std::thread::spawn(|| Mutant::ALL.iter().any(|one| one.is_on()));
        assert!(!elsewhere.join().unwrap());
        select(None);
        assert!(!Mutant::SecondEmergency.is_on());
    }

    #[test]
    fn names_are_unique_and_each_says_what_it_is_and_what_it_stands_for() {
        let names: std::collections::BTreeSet<_> = Mutant::ALL.iter().map(|one| one.name()).collect();
        assert_eq!(names.len(), Mutant::ALL.len());
        assert!(Mutant::ALL.iter().all(|one| !one.stands_for().is_empty() && one.what().ends_with('.')));
    }
}
