//! Entries: lost, late, doubled, refused, asked for again and again.

use super::{CALM, Do, Must, Scenario, Wish};
use crate::faults::Fault;
use crate::strikes::About;
use seawall_model::AlertKind;

/// A wish at each of the first eight minutes.
const EAGER: &[(i64, u32, Wish)] = &[
    (1, 0, Wish::Long),
    (2, 0, Wish::Long),
    (3, 0, Wish::Long),
    (4, 0, Wish::Long),
    (5, 0, Wish::Long),
    (6, 0, Wish::Long),
    (7, 0, Wish::Long),
];

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "an_entry_whose_answer_is_lost_is_asked_about_and_never_sent_again",
        cites: &["K:I-10", "A:D1", "E:1", "E:5", "U:4653"],
        wishes: EAGER,
        script: &[(110, Do::Next(Fault::ReplyLost, About::Entry))],
        must: &[Must::Entries(1), Must::Long(0)],
        ..CALM
    },
    Scenario {
        name: "an_entry_that_never_arrived_frees_its_place_once_its_absence_is_proven",
        cites: &["K:I-25", "C:I-15", "A:D3", "E:2"],
        wishes: &[(1, 0, Wish::Long), (4, 0, Wish::Long)],
        script: &[
            (110, Do::Next(Fault::RequestLost, About::Entry)),
            (230, Do::Check(&[Must::Flat(0), Must::Entries(1)])),
        ],
        must: &[Must::Entries(2), Must::Long(0)],
        ..CALM
    },
    Scenario {
        name: "an_entry_that_is_accepted_late_is_waited_for_and_not_doubled",
        cites: &["A:D1", "A:D3", "E:1", "E:4"],
        wishes: EAGER,
        script: &[(110, Do::Next(Fault::RequestLate, About::Entry))],
        must: &[Must::Entries(1), Must::Long(0)],
        ..CALM
    },
    Scenario {
        name: "an_entry_that_arrives_twice_is_one_position",
        cites: &["E:8"],
        script: &[(110, Do::Next(Fault::RequestDoubled, About::Entry))],
        must: &[Must::Entries(1), Must::Long(0), Must::WorthAtMost(0, 40)],
        ..CALM
    },
    Scenario {
        name: "one_instrument_is_entered_once_however_often_the_strategy_asks",
        cites: &["K:I-22", "K:I-31", "K:I-43", "K:I-84", "M:I-24"],
        wishes: EAGER,
        script: &[(110, Do::Next(Fault::EventLate, About::Filled))],
        must: &[Must::Entries(1), Must::Long(0), Must::WorthAtMost(0, 40)],
        ..CALM
    },
    Scenario {
        name: "a_refused_entry_leaves_nothing_behind_and_the_next_one_is_free",
        cites: &["K:D-34"],
        wishes: &[(1, 0, Wish::Long), (3, 0, Wish::Short)],
        script: &[
            (110, Do::Next(Fault::PlacementRefused, About::Entry)),
            (170, Do::Check(&[Must::Flat(0), Must::Entries(1)])),
        ],
        must: &[Must::Entries(2), Must::Short(0)],
        ..CALM
    },
    Scenario {
        name: "an_entry_that_fills_in_pieces_has_a_stop_of_what_is_held_after_each",
        cites: &["K:I-16", "K:I-4", "C:I-13", "M:I-29", "U:1557", "U:8374", "U:12928"],
        thin: true,
        wishes: &[(1, 0, Wish::LongBelow(20))],
        script: &[(130, Do::Jump(0, -60))],
        must: &[Must::Fills(2), Must::Long(0), Must::NakedAtMost(1_000)],
        ..CALM
    },
    Scenario {
        name: "an_entry_that_was_cancelled_too_late_is_held_and_protected",
        cites: &["K:I-19", "E:4"],
        wishes: &[(1, 0, Wish::LongBelow(20))],
        script: &[
            (160, Do::Next(Fault::EventLate, About::Filled)),
            (160, Do::Jump(0, -100)),
            (171, Do::Tell(seawall_model::Command::SetMode(seawall_model::SystemMode::ReduceOnly))),
        ],
        must: &[Must::Long(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_request_that_the_venue_refuses_for_its_rate_is_no_fill_and_no_order",
        cites: &["U:5700"],
        wishes: &[(1, 0, Wish::Long), (4, 0, Wish::Long)],
        script: &[(110, Do::Next(Fault::RateLimited, About::Entry))],
        must: &[Must::Entries(2), Must::Long(0), Must::NotTold(AlertKind::KillSwitch)],
        ..CALM
    },
];
