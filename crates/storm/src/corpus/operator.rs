//! Commands of the operator in the middle of something.

use seawall_model::{Command, KillReason, SystemMode};

use super::{CALM, Do, Must, Scenario, Wish, id};
use crate::faults::Fault;
use crate::strikes::About;

const KILL: Command = Command::Kill { reason: KillReason::Manual, flatten: false };
const FLATTEN: Command = Command::Kill { reason: KillReason::Manual, flatten: true };

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a_kill_while_an_entry_is_on_its_way_leaves_what_fills_protected",
        cites: &["K:I-30", "E:28"],
        wishes: &[(1, 0, Wish::Long), (4, 0, Wish::Long)],
        script: &[(110, Do::TellAs(About::Entry, KILL)), (400, Do::Check(&[Must::Guarded(0), Must::Killed]))],
        must: &[Must::Guarded(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_kill_that_closes_everything_is_done_only_when_the_venue_holds_nothing",
        cites: &["K:I-53", "K:I-88", "E:28"],
        script: &[
            (230, Do::Next(Fault::ReplyLost, About::Exit)),
            (240, Do::Tell(FLATTEN)),
            (400, Do::Check(&[Must::Flat(0), Must::Killed])),
        ],
        must: &[Must::Flat(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_flatten_that_meets_a_start_closes_what_the_start_finds",
        cites: &["K:I-28", "K:I-86"],
        script: &[(240, Do::Down(10)), (251, Do::Tell(FLATTEN)), (420, Do::Check(&[Must::Flat(0)]))],
        must: &[Must::Lives(2), Must::Flat(0)],
        ..CALM
    },
    Scenario {
        name: "an_exit_whose_answer_is_lost_closes_once_and_turns_nothing_around",
        cites: &["K:I-88", "K:I-66", "U:7365", "U:7208", "E:4"],
        script: &[(230, Do::Next(Fault::ReplyLost, About::Exit)), (240, Do::Tell(Command::Close(id(0))))],
        must: &[Must::Flat(0), Must::Placed(About::Exit, 1)],
        ..CALM
    },
    Scenario {
        name: "an_exit_that_is_refused_is_tried_again_and_the_stop_stays_meanwhile",
        cites: &["U:3564", "U:7208", "C:I-35"],
        wishes: &[(1, 0, Wish::Long), (4, 0, Wish::Exit)],
        script: &[(230, Do::Next(Fault::PlacementRefused, About::Exit))],
        must: &[Must::Guarded(0), Must::NakedAtMost(1_000)],
        ..CALM
    },
    Scenario {
        name: "while_only_reduction_is_allowed_a_signal_the_other_way_closes_and_turns_nothing",
        cites: &["E:4"],
        wishes: &[(1, 0, Wish::Long), (5, 0, Wish::Short), (6, 0, Wish::Short)],
        script: &[(240, Do::Tell(Command::SetMode(SystemMode::ReduceOnly)))],
        must: &[Must::Flat(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_stop_that_fills_while_the_exit_is_on_its_way_leaves_a_flat_account",
        cites: &["K:I-88", "K:I-34", "U:8374"],
        script: &[
            (230, Do::Next(Fault::RequestLate, About::Exit)),
            (239, Do::JumpAs(About::Exit, -600)),
            (240, Do::Tell(Command::Close(id(0)))),
        ],
        must: &[Must::Flat(0), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "a_shutdown_cancels_entries_and_leaves_stops",
        cites: &["E:28", "K:I-30"],
        instruments: 2,
        wishes: &[(1, 0, Wish::Long), (1, 1, Wish::LongBelow(300))],
        script: &[
            (240, Do::Tell(Command::Shutdown)),
            (300, Do::Check(&[Must::Long(0), Must::Flat(1)])),
            (301, Do::Down(5)),
        ],
        must: &[Must::Lives(2), Must::Long(0)],
        ..CALM
    },
];
