//! O6: from the moment in which a command that allows reduction only was delivered, until one that allows
//! more was, no order that can add to a position leaves; so from the moment in which the stream is complete
//! again, or a process has started, until lists of orders and positions have come in. What is not an entry
//! says that it only reduces. And O8: a mode that was durable is what the process comes back with.

use seawall_model::{Command, Coverage, Input, OrderRole, SystemMode, VenueEvent, VenueRequest};
use seawall_store::recording;

use super::{Finding, Oracle, Step, ensure};

/// What the operator has commanded, as delivered.
#[derive(Debug, Default)]
pub(crate) struct Reduction {
    mode: SystemMode,
    killed: bool,
    stopping: bool,
    /// The freest mode that may be on disk.
    durable: SystemMode,
    /// Complete lists that have not come in since the stream is complete, or since the start.
    unseen: Unseen,
}

#[derive(Debug, Default)]
struct Unseen {
    orders: bool,
    positions: bool,
}

impl Reduction {
    /// What was delivered.
    pub(crate) fn hear(&mut self, step: &Step<'_>) {
        match step.input {
            Input::Operator(Command::SetMode(mode)) => self.mode = *mode,
            Input::Operator(Command::Kill { .. }) => self.killed = true,
            Input::Operator(Command::Release) => (self.killed, self.mode) = (false, SystemMode::Normal),
            Input::Operator(Command::Shutdown) => self.stopping = true,
            Input::Venue(VenueEvent::Stream { live: true }) | Input::Started => {
                self.unseen = Unseen { orders: true, positions: true };
            }
            Input::Venue(VenueEvent::OpenOrders(report)) if report.coverage == Coverage::Complete => {
                self.unseen.orders = false;
            }
            Input::Venue(VenueEvent::Positions(report)) if report.coverage == Coverage::Complete => {
                self.unseen.positions = false;
            }
            Input::Operator(
                Command::Close(_) | Command::Transfer(_) | Command::Position { .. } | Command::Signal { .. },
            )
            | Input::Venue(_)
            | Input::Candle { .. }
            | Input::Quote { .. }
            | Input::Mark { .. }
            | Input::Submission { .. }
            | Input::Wakeup
            | Input::Book { .. }
            | Input::Listing(_)
            | Input::Past { .. }
            | Input::Rules(_) => {}
        }
        let synced = step.effects.requests.iter().any(recording::commits);
        self.durable = if synced { self.mode } else { self.durable.min(self.mode) };
    }

    /// What a new process has come back with, before it is started.
    pub(crate) fn came_back(&self, mode: SystemMode) -> Finding {
        ensure(Oracle::Recovery, mode >= self.durable, || {
            format!("came back in mode {}, left in {} or a stricter one", mode.name(), self.durable.name())
        })
    }

    /// A new process: a mode that was not on disk yet when the old one died is set again by the operator, who
    /// sees what it came back with. The kill switch is a file that outlives it.
    pub(crate) fn restarted(&mut self, mode: SystemMode) {
        self.stopping = false;
        // A restart closes nothing: it holds.
        self.mode = mode.min(SystemMode::ProtectOnly);
        self.durable = self.mode;
    }

    /// Whether the kill switch was turned on and not off.
    pub(crate) fn is_killed(&self) -> bool {
        self.killed
    }

    fn is_closed(&self) -> bool {
        self.killed || self.stopping || self.mode >= SystemMode::ReduceOnly
    }

    pub(crate) fn check(&self, step: &Step<'_>) -> Finding {
        let may_open = |request: &&VenueRequest| match request {
            VenueRequest::Place(order) => order.role != OrderRole::Entry && !order.reduce_only,
            VenueRequest::Amend { .. }
            | VenueRequest::Cancel { .. }
            | VenueRequest::QueryOrder { .. }
            | VenueRequest::QueryOpenOrders
            | VenueRequest::QueryPositions
            | VenueRequest::QueryBalance => false,
        };
        let opens = step.effects.requests.iter().find(may_open);
        ensure(Oracle::Reduction, opens.is_none(), || format!("{opens:?} may open a position"))?;
        if self.unseen.orders || self.unseen.positions {
            let entry = step.entries().next();
            ensure(Oracle::Reduction, entry.is_none(), || {
                format!("{entry:?} before orders and positions were seen after the stream was")
            })?;
        }
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
