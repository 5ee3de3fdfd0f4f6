//! The catalogue: every fault by name, with what it does, what it belongs to and how often it may strike.
//!
//! Invariant: a fault counts when it was injected, not when it was drawn. [`Fault::is_disturbing`] says which
//! of them may keep a position from its stop for a while: the clock of the protection oracle begins anew with
//! each.

use crate::swarm::Level;

/// What a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The way of an order to the venue and its answer.
    Submit,
    /// What becomes of an order at the venue.
    Lifecycle,
    /// The private stream.
    Stream,
    /// Questions and their answers.
    Query,
    /// Other hands on the account.
    Account,
    /// Prices and rules.
    Market,
    /// The machine and the process.
    Host,
    /// The operator.
    Operator,
    /// What only bytes know.
    Wire,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 9] = [
        Class::Submit,
        Class::Lifecycle,
        Class::Stream,
        Class::Query,
        Class::Account,
        Class::Market,
        Class::Host,
        Class::Operator,
        Class::Wire,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Class::Submit => "submit",
            Class::Lifecycle => "life cycle",
            Class::Stream => "stream",
            Class::Query => "query",
            Class::Account => "account",
            Class::Market => "market",
            Class::Host => "host",
            Class::Operator => "operator",
            Class::Wire => "wire",
        }
    }
}

/// One row a fault: name, class, the highest rate in parts per million of its opportunities (messages of its
/// kind, or minutes), whether it may keep a position from its stop.
macro_rules! faults {
    ($(
        $(#[doc = $doc:literal])+
        $fault:ident, $name:literal, $class:ident, $highest:literal, $disturbs:literal;
    )+) => {
        /// A fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault {
            $($(#[doc = $doc])+ $fault,)+
        }

        impl Fault {
            /// Every fault, in the order of the catalogue.
            pub const ALL: &[Fault] = &[$(Fault::$fault,)+];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Fault::$fault => $name,)+ }
            }

            /// What it hits.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Fault::$fault => Class::$class,)+ }
            }

            /// The highest rate that a swarm draws, in parts per million of its opportunities.
            #[must_use]
            pub const fn highest_ppm(self) -> u32 {
                match self { $(Fault::$fault => $highest,)+ }
            }

            /// Whether it may keep a position from its stop for a while.
            #[must_use]
            pub const fn is_disturbing(self) -> bool {
                match self { $(Fault::$fault => $disturbs,)+ }
            }
        }
    };
}

faults! {
    /// A request never reaches the venue; the transport says so late, as unknown, or not at all.
    RequestLost, "request_lost", Submit, 60_000, true;
    /// A request does not leave, and the transport proves it.
    RequestNotSent, "request_not_sent", Submit, 60_000, true;
    /// A request is on its way for seconds, but not beyond the venue's acceptance horizon.
    RequestLate, "request_late", Submit, 60_000, true;
    /// A request arrives twice.
    RequestDoubled, "request_doubled", Submit, 60_000, true;
    /// The venue acts and its answer is lost: a time-out, a 502.
    ReplyLost, "reply_lost", Submit, 60_000, true;
    /// A placement is refused, for a reason that has nothing to do with it.
    PlacementRefused, "placement_refused", Submit, 60_000, true;
    /// A request is refused because there were too many.
    RateLimited, "rate_limited", Submit, 60_000, true;
    /// The transport says at once that it does not know, and the venue acts seconds later, also after it was
    /// asked and said that it knows nothing; not beyond its acceptance horizon.
    ActedLate, "acted_late", Submit, 60_000, true;
    /// A placement is refused with a code that nobody knows: the driver cannot say what became of it.
    RefusedUnknown, "refused_unknown", Submit, 60_000, true;
    /// The answer to an order comes after the stream has told more about it.
    ReplyLate, "reply_late", Submit, 100_000, true;
    /// A stop is refused.
    StopRefused, "stop_refused", Submit, 150_000, true;
    /// A cancellation is refused although the order works.
    CancelRefused, "cancel_refused", Submit, 100_000, true;
    /// A change is refused although the order works.
    AmendRefused, "amend_refused", Submit, 150_000, true;

    /// The venue ends a resting stop and says so (for each stop and minute).
    StopExpired, "stop_expired", Lifecycle, 40_000, true;
    /// The venue ends a resting stop without a word (for each stop and minute).
    StopVanished, "stop_vanished", Lifecycle, 20_000, true;
    /// The venue makes a resting stop smaller, because it may only reduce, and says so or not (for each stop
    /// and minute).
    StopShrunk, "stop_shrunk", Lifecycle, 20_000, true;
    /// A stop triggers and the order that it makes is refused.
    TriggerRefused, "trigger_refused", Lifecycle, 200_000, true;

    /// A message of the stream is lost.
    EventLost, "event_lost", Stream, 40_000, true;
    /// A message of the stream comes twice.
    EventDoubled, "event_doubled", Stream, 100_000, false;
    /// A message of the stream is late and overtaken by others.
    EventLate, "event_late", Stream, 100_000, true;
    /// The stream is lost, told so, and comes back with what was missed.
    StreamGap, "stream_gap", Stream, 60_000, true;
    /// The stream is lost and comes back without executions that are further back.
    StreamGapCut, "stream_gap_cut", Stream, 30_000, true;
    /// The stream says nothing for a while, with a connection that lives.
    StreamStall, "stream_stall", Stream, 30_000, true;
    /// The stream is lost and back several times in a row.
    ReconnectStorm, "reconnect_storm", Stream, 20_000, true;

    /// A question fails.
    QueryFailed, "query_failed", Query, 200_000, true;
    /// A question is not answered until it times out.
    QueryTimedOut, "query_timed_out", Query, 100_000, true;
    /// A question is answered by a replica that is behind, with the time of its picture.
    QueryStale, "query_stale", Query, 150_000, true;
    /// Only a part of a list comes.
    QueryTruncated, "query_truncated", Query, 100_000, true;
    /// A list of open orders is empty and called complete although there are some; never twice in a row.
    QueryEmpty, "query_empty", Query, 30_000, true;

    /// The balance is that of some seconds ago.
    BalanceStale, "balance_stale", Query, 100_000, false;

    /// The user trades by hand (for each instrument and minute).
    ManualTrade, "manual_trade", Account, 15_000, true;
    /// The user closes a position by hand (for each instrument and minute).
    ManualClose, "manual_close", Account, 15_000, true;
    /// The user cancels one of our orders by hand (for each instrument and minute).
    ManualCancel, "manual_cancel", Account, 20_000, true;
    /// The venue liquidates a position (for each instrument and minute).
    Liquidation, "liquidation", Account, 6_000, true;
    /// The venue takes a position to settle somebody else's (for each instrument and minute).
    Deleveraging, "deleveraging", Account, 6_000, true;
    /// Money comes in or goes out, and the venue's account log tells (for each minute).
    Transfer, "transfer", Account, 20_000, false;
    /// Money comes in or goes out, and nobody tells (for each minute).
    TransferUntold, "transfer_untold", Account, 10_000, false;

    /// The key or the address is refused for up to a minute: no request is taken (for each minute).
    Banned, "banned", Account, 8_000, true;

    /// The price jumps by percents (for each instrument and minute).
    Gap, "gap", Market, 20_000, true;
    /// An instrument does not trade for a while: no prices (for each instrument and minute).
    Freeze, "freeze", Market, 10_000, true;
    /// The venue takes no orders on an instrument for a while, and the listing tells (for each instrument and
    /// minute).
    Halt, "halt", Market, 8_000, true;
    /// An instrument has a coarser tick for a while, and the listing tells (for each instrument and minute).
    TickChanged, "tick_changed", Market, 6_000, true;
    /// The venue is closed for up to four minutes: no prices, no stream, no request is taken, and the listing
    /// tells (for each minute).
    Maintenance, "maintenance", Market, 4_000, true;
    /// A price of the feed is crossed or has an empty side (for each price).
    QuoteBroken, "quote_broken", Market, 3_000, false;
    /// A closed candle never comes.
    CandleMissing, "candle_missing", Market, 20_000, false;

    /// The process dies somewhere in a step: before its input is written, before the sync, between sync and
    /// sending, in the middle of sending, after it (for each step that asks for something).
    Crash, "crash", Host, 15_000, true;
    /// The process dies between two steps (for each minute).
    Killed, "killed", Host, 20_000, true;
    /// The machine stands still for up to 30 seconds (for each minute).
    Pause, "pause", Host, 20_000, true;
    /// The machine's clock is set forward by up to the bound on clocks, and back at once: the driver's clock
    /// goes on slowly until both agree (for each minute).
    ClockStepped, "clock_stepped", Host, 15_000, false;
    /// A sync takes seconds.
    SlowDisk, "slow_disk", Host, 20_000, true;
    /// A write reaches the disk in part, and the process dies of it (for each minute).
    TornWrite, "torn_write", Host, 10_000, true;
    /// A sync fails, and the process dies of it (for each minute).
    FailedSync, "failed_sync", Host, 10_000, true;
    /// The disk is full until the operator has made room (for each minute).
    FullDisk, "full_disk", Host, 8_000, true;

    /// The operator sets another mode (for each minute).
    Mode, "mode", Operator, 20_000, false;
    /// The operator turns the kill switch on, with or without closing everything (for each minute).
    Kill, "kill", Operator, 10_000, false;
    /// The operator closes a position (for each instrument and minute).
    Close, "close", Operator, 20_000, false;
    /// The operator changes settings, which takes a restart (for each minute).
    Reconfigured, "reconfigured", Operator, 10_000, true;
    /// The operator stops the process and starts it again (for each minute).
    Restart, "restart", Operator, 15_000, true;

    /// The venue's servers are out of order and do nothing: a 500 in JSON, a gateway's page of HTML.
    ServerError, "server_error", Wire, 40_000, true;
    /// The venue acts, and a gateway answers with a page of its own: 502, 503, 504.
    GatewayError, "gateway_error", Wire, 40_000, true;
    /// An answer cannot be read: cut off in the middle, a page instead of JSON, no bytes at all.
    ReplyGarbled, "reply_garbled", Wire, 40_000, true;
    /// The venue calls a nonce too low.
    NonceRejected, "nonce_rejected", Wire, 30_000, true;
    /// A text of a stream is cut off in the middle.
    FrameGarbled, "frame_garbled", Wire, 3_000, true;
    /// A connection is dead, and nobody is told: nothing gets through either way (for each minute).
    HalfOpen, "half_open", Wire, 30_000, true;
    /// The venue closes every connection (for each minute).
    ForcedDisconnect, "forced_disconnect", Wire, 30_000, true;
    /// Nobody at the venue listens for a while: requests do not get out, connections break (for each minute).
    Unreachable, "unreachable", Wire, 15_000, true;

    /// The operator moves a stop, closes a part of a position or adopts one, also where that does not fit;
    /// where nothing is held, a signal from outside advises an entry (for each instrument and minute). Last,
    /// so that worlds drawn before it stay what they were.
    ByHand, "by_hand", Operator, 30_000, false;
}

impl Fault {
    /// Whether worlds of a level know it. Halts and other ticks are not told by the exchange in a box yet; it
    /// tells every transfer, has no auto-deleveraging, and its sessions find gaps themselves. What the venue
    /// or the way there does at large is told by values only; bytes have refusals and silences of their own.
    #[must_use]
    pub const fn is_of(self, level: Level) -> bool {
        let is_bytes = matches!(self.class(), Class::Wire);
        match level {
            Level::Typed => !is_bytes,
            Level::Wire => !matches!(
                self,
                Fault::StreamGapCut
                    | Fault::Deleveraging
                    | Fault::TransferUntold
                    | Fault::Halt
                    | Fault::TickChanged
                    | Fault::CandleMissing
                    | Fault::ActedLate
                    | Fault::RefusedUnknown
                    | Fault::ReplyLate
                    | Fault::StopShrunk
                    | Fault::Banned
                    | Fault::Maintenance
                    | Fault::QuoteBroken
                    | Fault::ClockStepped
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_class_has_a_fault() {
        let names: std::collections::BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        assert_eq!(names.len(), Fault::ALL.len());
        for class in Class::ALL {
            assert!(Fault::ALL.iter().any(|fault| fault.class() == class), "{}", class.name());
        }
    }
}
