//! Notices of an earlier run that its outbox lacks, made again from its journal on a thread of their own.

use std::path::{Path, PathBuf};

use seawall_engine::{Effects, Engine};
use seawall_notify::Recovery;
use seawall_notify::outbox::Taken;
use seawall_store::carry_log::Fold;
use seawall_store::journal::{Journal, Record};

use super::Notices;
use crate::error::LiveError;
use crate::manifest::Manifest;

/// Starts the thread. The run does not wait for it.
pub(super) fn start(root: PathBuf, earlier: Vec<Taken>, recovery: Recovery) {
    let started = std::thread::Builder::new().name("alerts again".to_owned()).spawn(move || {
        for taken in earlier {
            let folder = root.join(&taken.source);
            match again(&folder, &taken, &recovery) {
                Ok(true) => recovery.complete(&taken.source),
                // The run has ended meanwhile: the next start goes on.
                Ok(false) => return,
                Err(error) => {
                    tracing::error!(run = taken.source, %error, "alerts of an earlier run are lost");
                    recovery.complete(&taken.source);
                }
            }
        }
    });
    if let Err(error) = started {
        tracing::error!(%error, "alerts of an earlier run are not made again by this start");
    }
}

/// Lives the run in `folder` again and hands over what is lacking. `false`: nobody takes it any more.
fn again(folder: &Path, taken: &Taken, recovery: &Recovery) -> Result<bool, LiveError> {
    let manifest = Manifest::read(folder)?;
    let mut engine = Engine::new(manifest.setup()?)?;
    let mut effects = Effects::new();
    let mut carried = Fold::default();
    let mut notices: Option<Notices> = None;
    let (mut number, mut goes_on) = (0_u64, true);
    for entry in Journal::read(&folder.join("journal"))? {
        let entry = entry?;
        match &entry.record {
            Record::Carry(piece) if notices.is_none() => {
                carried.take(piece)?;
            }
            Record::Input(input) => {
                if notices.is_none() {
                    // An engine that went on was made of the state that stands before the first input.
                    if let Some(carry) = carried.state() {
                        engine = Engine::resume(manifest.setup()?, carry)?.engine;
                    }
                }
                let notices = notices.get_or_insert_with(|| Notices::new(&engine, &manifest.config));
                engine.step(entry.at, input, &mut effects);
                notices.step(entry.at, &engine, &effects, &mut |notice| {
                    number += 1;
                    if goes_on && taken.lacks(number) {
                        goes_on = recovery.notice(&taken.source, number, notice);
                    }
                });
                if !goes_on || recovery.is_over() {
                    return Ok(false);
                }
            }
            Record::Header(_)
            | Record::Carry(_)
            | Record::Dispatch(_)
            | Record::Operator(_)
            | Record::Checkpoint(_)
            | Record::End(_) => {}
        }
    }
    Ok(true)
}
