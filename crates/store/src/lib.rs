//! What Seawall keeps: the journal, the database and the lock that lets one process write them.
//!
//! The [`journal`] is the truth for what was told and what was intended; the [`db`] is a read model that can
//! be dropped and rebuilt from it; [`carry_log`] keeps in the journal what the next process begins with, and
//! [`recording`] is the order in which a step is written down; [`InstanceLock`] keeps a second process away
//! from both. The [`kill_switch`] is a file that the operator writes and a run watches.

pub mod carry_log;
pub mod db;
pub mod disk;
mod error;
pub mod journal;
pub mod kill_switch;
mod lock;
pub mod recording;

pub use error::{DatabaseCause, StoreError};
pub use kill_switch::{KillOrder, KillState, KillSwitch};
pub use lock::InstanceLock;
