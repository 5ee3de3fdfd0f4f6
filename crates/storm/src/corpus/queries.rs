//! Questions: failed, unanswered, behind, truncated, empty by mistake.

use seawall_model::Side;

use super::{CALM, Do, Must, Scenario, Wish};
use crate::faults::Fault;
use crate::strikes::About;

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a_question_that_failed_is_not_an_account_without_orders",
        cites: &["A:D2", "E:11"],
        script: &[
            (180, Do::While(Fault::QueryFailed)),
            (360, Do::Until(Fault::QueryFailed)),
            (361, Do::Check(&[Must::Long(0), Must::Placed(About::Stop, 1)])),
        ],
        must: &[Must::Long(0), Must::Placed(About::Stop, 1), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "questions_that_are_never_answered_end_and_are_asked_again",
        cites: &["A:D7", "M:I-4", "M:I-17", "U:10641", "U:2910"],
        minutes: 14,
        script: &[
            (180, Do::While(Fault::QueryTimedOut)),
            (360, Do::Until(Fault::QueryTimedOut)),
            (361, Do::Now(Fault::StopVanished)),
        ],
        must: &[Must::Long(0), Must::Placed(About::Stop, 2)],
        ..CALM
    },
    Scenario {
        name: "a_list_of_orders_that_is_empty_by_mistake_ends_no_order",
        cites: &["A:D2", "A:D3", "E:2", "K:I-2"],
        script: &[(180, Do::Next(Fault::QueryEmpty, About::AskOrders))],
        must: &[Must::Long(0), Must::Placed(About::Stop, 1)],
        ..CALM
    },
    Scenario {
        name: "a_truncated_list_of_positions_closes_nothing_and_makes_no_orphan",
        cites: &["K:I-83", "E:13"],
        script: &[(180, Do::Times(2, Fault::QueryTruncated, About::AskPositions))],
        must: &[Must::Long(0), Must::Placed(About::Stop, 1), Must::AtMost(About::Emergency, 0)],
        ..CALM
    },
    Scenario {
        name: "a_truncated_list_of_orders_costs_no_stop",
        cites: &["E:13", "K:I-32"],
        wishes: &[(1, 0, Wish::LongWithTargets)],
        script: &[(180, Do::Times(2, Fault::QueryTruncated, About::AskOrders))],
        must: &[Must::Long(0), Must::Placed(About::Stop, 1), Must::Targets(0, 2)],
        ..CALM
    },
    Scenario {
        name: "a_picture_from_before_the_entry_says_nothing_about_it",
        cites: &["K:I-65", "K:I-34", "C:I-15", "A:D11"],
        skew_ms: 1_400,
        script: &[(110, Do::Times(2, Fault::QueryStale, About::AskPositions))],
        must: &[Must::Long(0), Must::Entries(1), Must::AtMost(About::Emergency, 0)],
        ..CALM
    },
    Scenario {
        name: "a_clock_that_is_behind_the_venues_shortens_no_grace",
        cites: &["A:D11", "C:I-32"],
        skew_ms: -1_400,
        wishes: &[(1, 0, Wish::Long), (2, 0, Wish::Long), (3, 0, Wish::Long)],
        script: &[
            (110, Do::Next(Fault::RequestLate, About::Entry)),
            (110, Do::Next(Fault::QueryStale, About::AskOrders)),
        ],
        must: &[Must::Long(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_difference_that_stays_is_not_given_up_on",
        cites: &["A:D8", "E:6", "U:13358"],
        minutes: 14,
        script: &[
            (200, Do::While(Fault::EventLost)),
            (200, Do::While(Fault::QueryFailed)),
            (210, Do::Hand(0, Side::Buy, 20)),
            (420, Do::Until(Fault::QueryFailed)),
        ],
        must: &[Must::Long(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_balance_that_is_behind_is_looked_at_twice",
        cites: &["K:I-20", "C:I-3"],
        wishes: &[(1, 0, Wish::Long), (4, 0, Wish::Exit)],
        script: &[(110, Do::Next(Fault::BalanceStale, About::AskBalance))],
        minutes: 20,
        must: &[Must::Flat(0), Must::Entries(1)],
        ..CALM
    },
];
