//! O6: from the moment in which a command that allows reduction only was delivered, until one that allows
//! more was, no order that can add to a position leaves.

use seawall_model::{Command, Input, SystemMode, VenueRequest};

use super::{Finding, Oracle, Step, ensure};

/// What the operator has commanded, as delivered.
#[derive(Debug, Default)]
pub(crate) struct Reduction {
    mode: SystemMode,
    killed: bool,
    stopping: bool,
}

impl Reduction {
    /// What was delivered.
    pub(crate) fn hear(&mut self, step: &Step<'_>) {
        let Input::Operator(command) = step.input else { return };
        match command {
            Command::SetMode(mode) => self.mode = *mode,
            Command::Kill { .. } => self.killed = true,
            Command::Release => (self.killed, self.mode) = (false, SystemMode::Normal),
            Command::Shutdown => self.stopping = true,
            Command::Close(_) | Command::Transfer(_) => {}
        }
    }

    /// A new process: a mode that was not on disk yet when the old one died is set again by the operator, who
    /// sees what it came back with. The kill switch is a file that outlives it.
    pub(crate) fn restarted(&mut self, mode: SystemMode) {
        self.stopping = false;
        self.mode = mode;
    }

    /// Whether the kill switch was turned on and not off.
    pub(crate) fn is_killed(&self) -> bool {
        self.killed
    }

    fn is_closed(&self) -> bool {
        self.killed || self.stopping || self.mode >= SystemMode::ReduceOnly
    }

    pub(crate) fn check(&self, step: &Step<'_>) -> Finding {
        if !self.is_closed() {
            return Ok(());
        }
        let entry = step.entries().next();
        ensure(Oracle::Reduction, entry.is_none(), || {
            format!("{entry:?} in mode {}, killed: {}", self.mode.name(), self.killed)
        })?;
        let enlarged = step.effects.requests.iter().find(|request| match request {
            VenueRequest::Amend { order, qty, .. } => {
                let intent = step.truth.intents.get(&order.id);
                intent.is_some_and(|intent| !intent.request.reduce_only && *qty > intent.most)
            }
            VenueRequest::Place(_)
            | VenueRequest::Cancel { .. }
            | VenueRequest::QueryOrder { .. }
            | VenueRequest::QueryOpenOrders
            | VenueRequest::QueryPositions
            | VenueRequest::QueryBalance => false,
        });
        ensure(Oracle::Reduction, enlarged.is_none(), || format!("an entry is enlarged: {enlarged:?}"))
    }
}
