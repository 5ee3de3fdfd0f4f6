//! Stops: refused, lost, ended, triggered in vain, moved, and what they share a position with.

use seawall_model::{AlertKind, Command, KillReason, Side, SystemMode};

use super::{CALM, Do, Must, Scenario, Wish};
use crate::faults::Fault;
use crate::strikes::About;

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a_refused_stop_is_tried_another_way_until_the_position_is_protected",
        cites: &["K:I-4", "A:D4", "U:1557", "U:12610", "U:12598", "E:15"],
        script: &[(110, Do::Next(Fault::StopRefused, About::Stop))],
        must: &[Must::Guarded(0), Must::Told(AlertKind::StopRefused)],
        ..CALM
    },
    Scenario {
        name: "a_position_whose_stops_are_all_refused_is_closed",
        cites: &["U:4051", "U:4999", "E:15", "K:D-37"],
        script: &[(110, Do::While(Fault::StopRefused))],
        must: &[Must::Flat(0), Must::Entries(1), Must::NakedAtMost(40_000)],
        ..CALM
    },
    Scenario {
        name: "a_stop_that_the_venue_ends_is_placed_again",
        cites: &["A:D4", "E:12", "U:6392"],
        script: &[(240, Do::Now(Fault::StopExpired))],
        must: &[Must::Long(0), Must::Placed(About::Stop, 2), Must::NakedAtMost(2_000)],
        ..CALM
    },
    Scenario {
        name: "a_stop_that_vanished_without_a_word_is_missed_and_placed_again",
        cites: &["A:D4", "A:D5", "E:12", "E:13", "U:12610"],
        script: &[(240, Do::Now(Fault::StopVanished))],
        must: &[Must::Long(0), Must::Placed(About::Stop, 2), Must::NakedAtMost(15_000)],
        ..CALM
    },
    Scenario {
        name: "a_stop_whose_order_is_refused_as_it_triggers_closes_the_position_all_the_same",
        cites: &["U:12984", "U:10414", "K:D-37"],
        script: &[(230, Do::Next(Fault::TriggerRefused, About::Price)), (240, Do::Jump(0, -600))],
        must: &[Must::Guarded(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_stop_that_filled_is_not_taken_for_a_missing_one_and_not_for_the_next_trade",
        cites: &["K:I-34", "K:I-65", "K:I-32", "U:13399", "U:6392"],
        wishes: &[(1, 0, Wish::Long), (5, 0, Wish::Long)],
        script: &[(230, Do::Next(Fault::EventLate, About::Filled)), (240, Do::Jump(0, -600))],
        must: &[
            Must::Entries(2),
            Must::Long(0),
            Must::NotTold(AlertKind::KillSwitch),
            Must::NotTold(AlertKind::OverFill),
        ],
        ..CALM
    },
    Scenario {
        name: "a_stop_whose_answer_is_lost_is_found_and_has_no_twin",
        cites: &["K:I-32", "K:I-49", "K:I-18", "A:D1", "E:9", "U:12681"],
        script: &[(110, Do::Next(Fault::ReplyLost, About::Stop))],
        must: &[Must::Long(0)],
        ..CALM
    },
    Scenario {
        name: "a_stop_that_arrives_twice_is_one_stop",
        cites: &["K:I-67", "E:8"],
        script: &[(110, Do::Next(Fault::RequestDoubled, About::Stop))],
        must: &[Must::Long(0), Must::Placed(About::Stop, 1)],
        ..CALM
    },
    Scenario {
        name: "without_changes_in_place_a_stop_is_replaced_with_both_resting_for_a_while",
        cites: &["K:I-29", "K:D-25", "E:4", "U:5451", "U:3564", "U:12681"],
        amends: false,
        script: &[(230, Do::Next(Fault::CancelRefused, About::Cancel)), (240, Do::Hand(0, Side::Buy, 10))],
        must: &[Must::Long(0)],
        ..CALM
    },
    Scenario {
        name: "a_stop_that_cannot_be_changed_is_replaced",
        cites: &["K:I-42", "A:D3"],
        script: &[(230, Do::Next(Fault::AmendRefused, About::Amend)), (240, Do::Hand(0, Side::Buy, 10))],
        must: &[Must::Long(0)],
        ..CALM
    },
    Scenario {
        name: "what_the_user_adds_by_hand_is_covered_by_the_stop",
        cites: &["C:I-4", "U:7606", "U:13358", "E:6"],
        script: &[(240, Do::Hand(0, Side::Buy, 10))],
        must: &[Must::Long(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "what_the_user_takes_away_by_hand_shrinks_stop_and_targets",
        cites: &["K:I-27", "K:I-42", "U:8374", "E:6"],
        wishes: &[(1, 0, Wish::LongWithTargets)],
        script: &[(240, Do::Hand(0, Side::Sell, 10))],
        must: &[Must::Long(0), Must::TargetsFit(0)],
        ..CALM
    },
    Scenario {
        name: "one_refused_take_profit_does_not_take_the_others_with_it_and_comes_back",
        cites: &["K:I-27b", "K:D-25", "K:I-84", "U:7365"],
        wishes: &[(1, 0, Wish::LongWithTargets)],
        script: &[(110, Do::Next(Fault::PlacementRefused, About::Target))],
        must: &[Must::Long(0), Must::Targets(0, 2), Must::TargetsFit(0)],
        ..CALM
    },
    Scenario {
        name: "a_take_profit_that_filled_shrinks_the_stop_and_is_taken_once",
        cites: &["K:D-9", "K:D-22", "K:D-31", "K:I-68", "U:7365"],
        wishes: &[(1, 0, Wish::LongWithTargets)],
        script: &[(230, Do::Next(Fault::EventLost, About::Filled)), (240, Do::Jump(0, 330))],
        must: &[Must::Long(0), Must::TargetsFit(0)],
        ..CALM
    },
    Scenario {
        name: "a_stop_is_cared_for_while_the_kill_switch_is_on",
        cites: &["K:D-18", "K:I-30", "U:10071"],
        script: &[
            (240, Do::Tell(Command::Kill { reason: KillReason::Manual, flatten: false })),
            (300, Do::Now(Fault::StopVanished)),
            (420, Do::Check(&[Must::Long(0), Must::Killed])),
        ],
        must: &[Must::Long(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_stop_is_cared_for_while_nothing_may_be_added",
        cites: &["K:D-18", "U:10071"],
        wishes: &[(1, 0, Wish::Long), (5, 0, Wish::Long)],
        script: &[
            (240, Do::Tell(Command::SetMode(SystemMode::ProtectOnly))),
            (300, Do::Now(Fault::StopExpired)),
        ],
        must: &[Must::Long(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_stop_is_cared_for_while_no_prices_come",
        cites: &["K:D-14", "C:I-18", "U:1127"],
        script: &[(200, Do::Now(Fault::Freeze)), (240, Do::Now(Fault::StopVanished))],
        must: &[Must::Guarded(0), Must::Placed(About::Stop, 2)],
        minutes: 16,
        ..CALM
    },
    Scenario {
        name: "a_stop_that_ends_while_the_market_is_halted_is_back_when_it_reopens",
        cites: &["E:4", "U:10071"],
        minutes: 16,
        script: &[(200, Do::Now(Fault::Halt)), (202, Do::Now(Fault::StopExpired))],
        must: &[Must::Guarded(0)],
        ..CALM
    },
    Scenario {
        name: "a_stop_that_is_jumped_over_ends_the_trade_and_nothing_of_it_rests",
        cites: &["K:I-77", "C:I-35", "U:9128"],
        wishes: &[(1, 0, Wish::LongWithTargets)],
        script: &[(240, Do::Jump(0, -700))],
        must: &[Must::Flat(0), Must::Entries(1)],
        ..CALM
    },
];
