//! A little of every drill, for the tests: a minute and a half at most.

use crate::cuts::CutsArgs;
use crate::kills::KillsArgs;
use crate::liveness::LivenessArgs;
use crate::proxy::Network;
use crate::session::Mode;
use crate::starts::{Delisted, StartsArgs};
use crate::two_starts::TwoStartsArgs;
use crate::{Common, cuts, kills, liveness, starts, two_starts};

/// Five kills, three on paper, one cut, a bad day, a start with seven positions, two starts at once; whether
/// all passed.
///
/// # Errors
/// The programs cannot be run.
pub(crate) fn run(common: &Common) -> anyhow::Result<bool> {
    let kills_args = KillsArgs { times: 5, instruments: 6, mode: Mode::Live, speed: 10 };
    let paper_args = KillsArgs { times: 3, mode: Mode::Paper, ..kills_args };
    let cuts_args =
        CutsArgs { seconds: vec![10], kinds: vec![Network::Cut], speed: 10, instruments: 6, postgres: 0 };
    let starts_args = StartsArgs { positions: vec![7], failing: 0, every: 1, delisted: Delisted::No };
    let liveness_args = LivenessArgs { rounds: 1, seconds: 120, instruments: 5, speed: 10 };
    // All of them run, so that one look shows everything.
    let passed = [
        kills::run(&kills_args, common)?,
        kills::run(&paper_args, common)?,
        cuts::run(&cuts_args, common)?,
        liveness::run(&liveness_args, common)?,
        starts::run(&starts_args, common)?,
        two_starts::run(&TwoStartsArgs { times: 2 }, common)?,
    ];
    Ok(passed.iter().all(|one| *one))
}
