//! Other hands on the account: the user, the venue.

use seawall_model::{AlertKind, Side};

use super::{CALM, Do, Must, Scenario, Wish};
use crate::faults::Fault;

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a_liquidation_is_noticed_named_and_leaves_nothing_behind",
        cites: &["U:7107"],
        script: &[(240, Do::Now(Fault::Liquidation))],
        must: &[Must::Flat(0), Must::Entries(1), Must::Told(AlertKind::Liquidated)],
        ..CALM
    },
    Scenario {
        name: "a_position_taken_to_settle_others_is_noticed_and_named",
        cites: &["U:7107"],
        script: &[(240, Do::Now(Fault::Deleveraging))],
        must: &[Must::Flat(0), Must::Entries(1), Must::Told(AlertKind::Deleveraged)],
        ..CALM
    },
    Scenario {
        name: "a_position_that_the_user_closed_is_closed_and_the_next_entry_is_free",
        cites: &["K:I-19", "K:I-77", "U:9128", "U:9629", "E:6"],
        wishes: &[(1, 0, Wish::LongWithTargets), (6, 0, Wish::Long)],
        script: &[(240, Do::CloseByHand(0)), (300, Do::Check(&[Must::Flat(0)]))],
        must: &[Must::Long(0), Must::Entries(2)],
        ..CALM
    },
    Scenario {
        name: "a_stop_that_the_user_cancelled_is_back",
        cites: &["A:D4", "K:I-32", "U:6392"],
        script: &[(240, Do::Now(Fault::ManualCancel))],
        must: &[Must::Long(0), Must::NakedAtMost(12_000)],
        ..CALM
    },
    Scenario {
        name: "money_that_comes_or_goes_without_a_word_is_no_loss_and_halts_nothing",
        cites: &["C:I-3", "K:I-35", "K:I-59"],
        minutes: 20,
        wishes: &[(1, 0, Wish::Long)],
        script: &[(240, Do::Now(Fault::TransferUntold))],
        must: &[Must::Long(0), Must::NotTold(AlertKind::KillSwitch)],
        ..CALM
    },
    Scenario {
        name: "a_position_of_the_user_on_another_instrument_gets_a_stop_and_disturbs_nobody",
        cites: &["C:I-4", "K:I-60", "U:11085", "E:10"],
        instruments: 2,
        wishes: &[(1, 0, Wish::Long)],
        script: &[(60, Do::Hand(1, Side::Sell, 20))],
        must: &[Must::Long(0), Must::Short(1), Must::Entries(1)],
        ..CALM
    },
    Scenario {
        name: "what_happens_on_one_instrument_leaves_the_others_alone",
        cites: &["K:I-17", "K:I-66", "U:10071"],
        instruments: 3,
        wishes: &[(1, 0, Wish::Long), (1, 1, Wish::Short), (1, 2, Wish::Long)],
        script: &[
            (200, Do::On(1, Fault::Halt)),
            (210, Do::On(0, Fault::StopExpired)),
            (220, Do::On(2, Fault::Liquidation)),
        ],
        minutes: 16,
        must: &[Must::Long(0), Must::Short(1), Must::Flat(2), Must::Entries(3)],
        ..CALM
    },
];
