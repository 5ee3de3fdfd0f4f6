//! What Seawall keeps: the journal, the database and the lock that lets one process write them.
//!
//! The [`journal`] is the truth for what was told and what was intended; the [`db`] is a read model that can
//! be dropped and rebuilt from it; [`InstanceLock`] keeps a second process away from both.

pub mod db;
pub mod disk;
mod error;
pub mod journal;
mod lock;

pub use error::StoreError;
pub use lock::InstanceLock;
