//! The private stream: lost, doubled, overtaken, silent, interrupted.

use seawall_model::AlertKind;

use super::{CALM, Do, Must, Scenario, Wish};
use crate::faults::Fault;
use crate::strikes::About;

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a_fill_that_the_stream_never_told_is_found_and_protected",
        cites: &["K:I-16", "C:I-16", "K:I-62", "A:D9", "E:5"],
        script: &[(110, Do::Next(Fault::EventLost, About::Filled))],
        must: &[Must::Long(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_fill_that_is_told_twice_counts_once",
        cites: &["K:I-52", "C:I-36", "E:8"],
        script: &[(110, Do::Next(Fault::EventDoubled, About::Filled))],
        must: &[Must::Long(0), Must::Entries(1), Must::NotTold(AlertKind::SizeMismatch)],
        ..CALM
    },
    Scenario {
        name: "a_fill_that_comes_before_the_acceptance_is_a_fill",
        cites: &["E:5", "C:I-16"],
        script: &[
            (110, Do::Next(Fault::ReplyLost, About::Entry)),
            (110, Do::Next(Fault::EventDoubled, About::Filled)),
        ],
        must: &[Must::Long(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_stop_that_filled_in_a_gap_of_the_stream_is_known_before_new_risk_is_taken",
        cites: &["A:D10", "E:10", "M:I-16"],
        wishes: &[(1, 0, Wish::Long), (7, 0, Wish::Long)],
        minutes: 12,
        script: &[(235, Do::Now(Fault::StreamGap)), (240, Do::Jump(0, -600))],
        must: &[Must::Long(0), Must::Entries(2)],
        ..CALM
    },
    Scenario {
        name: "a_stop_that_filled_in_a_gap_that_is_never_filled_in_is_known_by_the_comparison",
        cites: &["A:D9", "A:D10", "E:13", "U:9128"],
        wishes: &[(1, 0, Wish::Long), (7, 0, Wish::Long)],
        minutes: 12,
        script: &[(235, Do::Now(Fault::StreamGapCut)), (240, Do::Jump(0, -600))],
        must: &[Must::Long(0), Must::Entries(2)],
        ..CALM
    },
    Scenario {
        name: "a_stream_that_is_connected_and_deaf_is_not_believed",
        cites: &["A:D10b", "M:I-16", "M:I-19"],
        wishes: &[(1, 0, Wish::Long), (7, 0, Wish::Long)],
        minutes: 12,
        script: &[(235, Do::Now(Fault::StreamStall)), (236, Do::Jump(0, -600))],
        must: &[Must::Long(0), Must::Entries(2)],
        ..CALM
    },
    Scenario {
        name: "an_entry_that_falls_into_a_storm_of_reconnects_is_one_position_with_one_stop",
        cites: &["A:D10", "E:10", "U:4770"],
        script: &[(118, Do::Now(Fault::ReconnectStorm)), (119, Do::Next(Fault::EventLost, About::Filled))],
        wishes: &[(1, 0, Wish::Long), (2, 0, Wish::Long), (3, 0, Wish::Long), (4, 0, Wish::Long)],
        must: &[Must::Long(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "the_end_of_an_order_that_nobody_told_is_found",
        cites: &["A:D3", "A:D4", "E:12", "K:I-25"],
        wishes: &[(1, 0, Wish::LongBelow(150)), (6, 0, Wish::Long)],
        script: &[(170, Do::Next(Fault::EventLost, About::Ended)), (180, Do::Now(Fault::ManualCancel))],
        must: &[Must::Long(0), Must::Entries(2)],
        ..CALM
    },
    Scenario {
        name: "prices_that_stop_coming_leave_a_hole_and_no_hole_in_the_protection",
        cites: &["K:D-14", "U:1127"],
        script: &[
            (130, Do::Times(3, Fault::CandleMissing, About::Price)),
            (240, Do::Now(Fault::StopExpired)),
        ],
        must: &[Must::Long(0)],
        ..CALM
    },
];
