//! Restarts: between sending and hearing, with a stop on its way, with an account that went on meanwhile.

use seawall_model::{AlertKind, Command, KillReason, Side};

use super::{CALM, Do, Must, Scenario, Wish};
use crate::faults::Fault;
use crate::strikes::About;

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a_process_that_dies_as_its_entry_leaves_comes_back_to_one_position",
        cites: &["K:I-10", "C:I-34", "K:D-32", "E:8", "E:20", "U:4653"],
        wishes: &[(1, 0, Wish::Long), (2, 0, Wish::Long), (3, 0, Wish::Long), (4, 0, Wish::Long)],
        script: &[(110, Do::KillAs(About::Entry))],
        must: &[Must::Lives(2), Must::Entries(1), Must::Long(0)],
        ..CALM
    },
    Scenario {
        name: "a_process_that_dies_as_its_stop_leaves_comes_back_to_one_stop",
        cites: &["K:I-67", "K:I-32", "E:7", "E:9", "U:hb-api-243"],
        script: &[(110, Do::KillAs(About::Stop))],
        must: &[Must::Lives(2), Must::Long(0), Must::Placed(About::Stop, 1)],
        ..CALM
    },
    Scenario {
        name: "a_stop_that_filled_while_no_process_ran_is_no_ghost_and_no_reason_to_halt",
        cites: &["K:I-56", "K:I-62", "U:9128", "U:6392", "E:7"],
        wishes: &[(1, 0, Wish::Long), (7, 0, Wish::Long)],
        minutes: 12,
        script: &[(240, Do::Down(60)), (245, Do::Jump(0, -600))],
        must: &[Must::Lives(2), Must::Long(0), Must::Entries(2), Must::NotTold(AlertKind::KillSwitch)],
        ..CALM
    },
    Scenario {
        name: "a_position_that_was_opened_while_no_process_ran_is_adopted_with_a_stop",
        cites: &["K:I-28", "K:I-38", "K:I-16", "K:I-2", "C:I-4", "U:7606", "U:11085", "E:7"],
        wishes: &[],
        script: &[(200, Do::Down(30)), (210, Do::Hand(0, Side::Buy, 20))],
        must: &[
            Must::Long(0),
            Must::Entries(0),
            Must::AtMost(About::Emergency, 0),
            Must::Told(AlertKind::OrphanPosition),
        ],
        ..CALM
    },
    Scenario {
        name: "an_entry_that_filled_while_no_process_ran_is_protected_at_the_start",
        cites: &["K:I-16", "K:I-2", "E:9"],
        wishes: &[(1, 0, Wish::LongBelow(50))],
        script: &[(150, Do::Down(40)), (155, Do::Jump(0, -150))],
        must: &[Must::Lives(2), Must::Entries(1), Must::Long(0)],
        ..CALM
    },
    Scenario {
        name: "a_stop_that_the_user_cancelled_while_no_process_ran_is_back_after_the_start",
        cites: &["K:I-32", "U:hb-api-243", "U:octobot-3190", "E:7"],
        script: &[(240, Do::Down(20)), (245, Do::Now(Fault::ManualCancel))],
        must: &[Must::Lives(2), Must::Long(0)],
        ..CALM
    },
    Scenario {
        name: "a_start_while_the_switch_is_on_closes_nothing_and_enters_nothing",
        cites: &["K:I-86", "K:I-28", "K:I-35"],
        wishes: &[(1, 0, Wish::Long), (6, 0, Wish::Long)],
        script: &[
            (200, Do::Tell(Command::Kill { reason: KillReason::Manual, flatten: false })),
            (240, Do::Down(20)),
            (580, Do::Check(&[Must::Killed, Must::Long(0)])),
        ],
        must: &[Must::Lives(2), Must::Long(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "what_a_day_has_lost_counts_after_a_restart",
        cites: &["K:I-33", "K:I-50", "K:I-51", "C:I-20"],
        daily_loss: Some(150),
        wishes: &[(1, 0, Wish::Long), (6, 0, Wish::Long), (7, 0, Wish::Short)],
        script: &[(200, Do::Jump(0, -600)), (230, Do::Check(&[Must::Flat(0)])), (240, Do::Down(30))],
        must: &[Must::Lives(2), Must::Flat(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_restart_by_the_operator_keeps_stop_and_targets_as_they_are",
        cites: &["E:9", "E:28", "K:I-67", "U:6926"],
        wishes: &[(1, 0, Wish::LongWithTargets)],
        script: &[(240, Do::Now(Fault::Restart))],
        must: &[Must::Lives(2), Must::Long(0), Must::Targets(0, 2), Must::Placed(About::Stop, 1)],
        ..CALM
    },
    Scenario {
        name: "a_start_to_which_no_report_comes_adds_nothing_until_they_come",
        cites: &["A:D6", "K:I-2", "K:D-32", "E:3"],
        wishes: &[(1, 0, Wish::Long), (5, 0, Wish::Long), (9, 0, Wish::Long)],
        minutes: 14,
        script: &[
            (100, Do::While(Fault::QueryFailed)),
            (101, Do::Down(5)),
            (400, Do::Check(&[Must::Entries(0)])),
            (401, Do::Until(Fault::QueryFailed)),
        ],
        must: &[Must::Lives(2), Must::Entries(1), Must::Long(0)],
        ..CALM
    },
    Scenario {
        name: "an_intent_that_cannot_be_written_is_not_sent",
        cites: &["K:I-75", "C:I-34", "U:4653"],
        wishes: &[(1, 0, Wish::LongWithTargets), (4, 0, Wish::Exit), (7, 0, Wish::Long)],
        minutes: 12,
        script: &[(119, Do::Now(Fault::FailedSync))],
        must: &[Must::Lives(2), Must::Guarded(0), Must::AtMost(About::Entry, 2)],
        ..CALM
    },
    Scenario {
        name: "a_write_that_is_torn_loses_nothing_that_has_left",
        cites: &["C:I-34", "K:I-75", "E:20"],
        wishes: &[(1, 0, Wish::LongWithTargets), (4, 0, Wish::Exit), (7, 0, Wish::Long)],
        minutes: 12,
        script: &[(119, Do::Now(Fault::TornWrite))],
        must: &[Must::Lives(2), Must::Long(0)],
        ..CALM
    },
    Scenario {
        name: "a_disk_that_is_full_ends_the_process_and_not_the_protection",
        cites: &["K:I-75"],
        script: &[(240, Do::Now(Fault::FullDisk))],
        must: &[Must::Guarded(0)],
        ..CALM
    },
    Scenario {
        name: "a_machine_that_stood_still_protects_what_filled_meanwhile",
        cites: &["M:I-3", "M:I-4", "K:I-3"],
        wishes: &[(1, 0, Wish::LongBelow(50))],
        script: &[(150, Do::Now(Fault::Pause)), (150, Do::Jump(0, -150))],
        must: &[Must::Long(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_process_that_dies_again_and_again_does_not_lose_count",
        cites: &["K:I-48", "E:8"],
        minutes: 14,
        wishes: &[(1, 0, Wish::Long), (8, 0, Wish::Exit), (10, 0, Wish::Long)],
        script: &[
            (110, Do::KillAs(About::Entry)),
            (180, Do::Down(3)),
            (200, Do::Down(3)),
            (300, Do::Down(20)),
            (530, Do::KillAs(About::Exit)),
            (650, Do::KillAs(About::Entry)),
        ],
        must: &[Must::Lives(7), Must::Entries(2), Must::Long(0)],
        ..CALM
    },
];
