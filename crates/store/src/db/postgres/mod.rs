//! The database on a PostgreSQL server, driven from the thread that uses it: a runtime of that thread's own,
//! one connection, prepared statements.
//!
//! - Every wait has an end: connecting, each statement at the server, and each answer on the way back. What
//!   does not come in time counts as away, and the connection is not used again.
//! - A connection that may write holds the advisory lock of its schema. The lock belongs to the session, so a
//!   write can only happen while it is held: whoever loses the connection has lost both at once and takes the
//!   lock again before it writes.
//! - Not to be used inside of an asynchronous task: waiting blocks the thread.

mod link;
mod lock;
mod replace;
mod tls;

pub(crate) use link::{Access, ServerLink, cell, quoted};
pub(crate) use lock::acquire;
pub(crate) use replace::Replacement;
