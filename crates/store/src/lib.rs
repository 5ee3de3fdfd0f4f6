//! What Seawall keeps: the journal, the database and the lock that lets one process write them.
//!
//! The [`journal`] is the truth for what was told and what was intended; the [`db`] is a read model that can
//! be dropped and rebuilt from it; [`InstanceLock`] keeps a second process away from both. The
//! [`kill_switch`] is a file that the operator writes and a run watches.

pub mod db;
pub mod disk;
mod error;
pub mod journal;
pub mod kill_switch;
mod lock;

pub use error::{DatabaseCause, StoreError};
pub use kill_switch::{KillOrder, KillState, KillSwitch};
pub use lock::InstanceLock;
