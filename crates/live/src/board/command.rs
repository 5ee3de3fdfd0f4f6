//! Commands from outside, as the engine's thread takes them: judged against what holds at that moment.

use seawall_engine::{Engine, Unfit};
use seawall_model::{Command, Input, InstrumentId, PositionAction, Signal, SystemMode, Ts};
use seawall_store::journal::OperatorNote;
use thiserror::Error;
use tokio::sync::oneshot;

use super::drill::Drill;
use crate::error::LiveError;
use crate::kill_watch::KillWatch;
use crate::recorder::RunRecorder;

/// Commands that may wait; one more is refused.
pub const COMMANDS_MAX: usize = 32;

/// What can be commanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Set the mode.
    Mode(SystemMode),
    /// Close the position of one instrument.
    Close(InstrumentId),
    /// Do something else to the position of one instrument.
    Position(InstrumentId, PositionAction),
    /// Take a signal from outside.
    Signal(InstrumentId, Signal),
    /// The file of the kill switch was written: look at it now.
    KillSwitch,
    /// Nothing for the engine: something goes wrong on purpose, and the journal says so.
    Drill(Drill),
}

/// What a command does to the risk that may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Less of it, or as much.
    Lowers,
    /// More of it: asked for twice.
    Raises,
}

/// A command that was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// When the engine was told.
    pub at: Ts,
    /// The mode after it.
    pub mode: SystemMode,
    /// Whether the kill switch is on after it.
    pub killed: bool,
}

impl Done {
    fn now(at: Ts, engine: &Engine) -> Self {
        Done { at, mode: engine.mode(), killed: engine.kill_switch().is_some() }
    }
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Too many commands wait.
    #[error("{COMMANDS_MAX} commands wait already")]
    Busy,
    /// There is no run any more, or not yet.
    #[error("no run takes commands")]
    Ended,
    /// It raises risk and was not confirmed.
    #[error("it allows more risk than now and was not confirmed")]
    Unconfirmed,
    /// It would change nothing.
    #[error("it would change nothing")]
    Nothing,
    /// There is no such instrument.
    #[error("there is no such instrument")]
    NoInstrument,
    /// It does not fit the position as it stands.
    #[error(transparent)]
    Unfit(Unfit),
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::NoInstrument => Refusal::NoInstrument,
            Unfit::NoPosition => Refusal::Nothing,
            Unfit::LeftAlone
            | Unfit::Closing
            | Unfit::Loosens
            | Unfit::Passed
            | Unfit::NoEntry
            | Unfit::NoOrder
            | Unfit::LeavesDust
            | Unfit::NoTarget
            | Unfit::OutOfOrder
            | Unfit::NotServed
            | Unfit::NotFound => Refusal::Unfit(unfit),
        }
    }
}

/// What becomes of a command.
pub type Answer = Result<Done, Refusal>;

/// A command with the place for its answer.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) order: Order,
    pub(crate) confirmed: bool,
    /// Only to be judged: nothing is done or written down.
    pub(crate) weighed: bool,
    pub(crate) who: String,
    pub(crate) why: String,
    pub(crate) answer: oneshot::Sender<Answer>,
}

impl Ask {
    /// As the journal has it.
    pub(crate) fn note(&self) -> OperatorNote {
        let command = match self.order {
            Order::Mode(mode) => format!("mode {}", mode.name()),
            Order::Close(id) => format!("close instrument {}", id.0),
            Order::Position(id, action) => match action {
                PositionAction::MoveStop(_) => format!("move the stop of instrument {}", id.0),
                PositionAction::BreakEven => format!("break-even for instrument {}", id.0),
                PositionAction::Reduce(_) => format!("reduce instrument {}", id.0),
                PositionAction::Adopt => format!("adopt instrument {}", id.0),
                PositionAction::Ignore => format!("ignore instrument {}", id.0),
                PositionAction::MoveTarget { number, .. } => {
                    format!("move target {number} of instrument {}", id.0)
                }
            },
            Order::Signal(id, Signal::Exit) => format!("signal: out of instrument {}", id.0),
            Order::Signal(id, Signal::Enter { side, .. }) => {
                format!("signal: {} instrument {}", side.name(), id.0)
            }
            Order::KillSwitch => "kill switch".to_owned(),
            Order::Drill(drill) => format!("drill {}", drill.name()),
        };
        OperatorNote { who: self.who.clone(), command, why: self.why.clone() }
    }
}

impl Order {
    /// What the order would do to an engine, or why it would do nothing.
    ///
    /// # Errors
    /// [`Refusal::Nothing`], [`Refusal::NoInstrument`], [`Refusal::Unfit`].
    pub fn direction(self, engine: &Engine) -> Result<Direction, Refusal> {
        match self {
            Order::Mode(mode) if mode == engine.mode() => Err(Refusal::Nothing),
            Order::Mode(mode) if mode < engine.mode() => Ok(Direction::Raises),
            Order::Mode(_) | Order::KillSwitch | Order::Drill(_) => Ok(Direction::Lowers),
            Order::Close(id) => match engine.position(id) {
                None => Err(Refusal::NoInstrument),
                Some(position) if position.qty.is_zero() => Err(Refusal::Nothing),
                Some(_) => Ok(Direction::Lowers),
            },
            Order::Signal(id, signal) => match (engine.position(id), signal) {
                (None, _) => Err(Refusal::NoInstrument),
                (Some(_), Signal::Enter { .. }) => Ok(Direction::Raises),
                (Some(_), Signal::Exit) => Ok(Direction::Lowers),
            },
            Order::Position(id, action) => {
                engine.fits(id, action)?;
                Ok(match action {
                    // Nothing of ours protects it any more.
                    PositionAction::Ignore => Direction::Raises,
                    PositionAction::MoveStop(_)
                    | PositionAction::MoveTarget { .. }
                    | PositionAction::BreakEven
                    | PositionAction::Reduce(_)
                    | PositionAction::Adopt => Direction::Lowers,
                })
            }
        }
    }

    /// The engine's command; that of the kill switch is read from its file.
    pub(crate) fn command(self, file: impl FnOnce() -> Option<Command>) -> Option<Command> {
        match self {
            Order::Mode(mode) => Some(Command::SetMode(mode)),
            Order::Close(id) => Some(Command::Close(id)),
            Order::Signal(instrument, signal) => Some(Command::Signal { instrument, signal }),
            Order::Position(instrument, action) => Some(Command::Position { instrument, action }),
            Order::KillSwitch => file(),
            Order::Drill(_) => None,
        }
    }
}

/// Carries out one command at `at`: judged, written down, given to the engine by `feed`, answered.
///
/// # Errors
/// Those of the journal; the run ends then.
pub(crate) fn obey(
    at: Ts,
    ask: Ask,
    recorder: &mut RunRecorder,
    engine: &mut Engine,
    kill: &mut KillWatch,
    feed: impl FnOnce(&mut RunRecorder, &mut Engine, &Input) -> Result<(), LiveError>,
) -> Result<(), LiveError> {
    let refusal = match ask.order.direction(engine) {
        Ok(_) if ask.weighed => None,
        Ok(Direction::Raises) if !ask.confirmed => Some(Refusal::Unconfirmed),
        // Nobody waits for it any more: what raises risk is not done behind anybody's back.
        Ok(Direction::Raises) if ask.answer.is_closed() => Some(Refusal::Ended),
        Ok(Direction::Raises | Direction::Lowers) => None,
        Err(refusal) => Some(refusal),
    };
    if let Some(refusal) = refusal {
        // Whoever asked may be gone.
        let _ = ask.answer.send(Err(refusal));
        return Ok(());
    }
    if ask.weighed {
        let _ = ask.answer.send(Ok(Done::now(at, engine)));
        return Ok(());
    }
    recorder.commanded(at, &ask)?;
    if let Some(command) = ask.order.command(|| kill.look_now()) {
        feed(recorder, engine, &Input::Operator(command))?;
    }
    let _ = ask.answer.send(Ok(Done::now(at, engine)));
    Ok(())
}
