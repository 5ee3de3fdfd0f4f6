//! Alerts to people: Telegram, Slack, Discord, e-mail, signed webhooks, and a sign of life to the outside.
//!
//! The core is pure: [`router`] makes messages of notices (who, when, how often), [`lane`] says when a
//! channel may be tried, [`outbox`] keeps messages until their channels have them. [`driver`] has the
//! thread, the clock and the sockets ([`send`]). A run hands its notices over through [`hand::Hand`], which
//! never waits.
//!
//! Invariants: critical alerts are never muted; a channel that is down for hours loses nothing and delays
//! nobody; a message that comes twice is recognised by its id; no secret is in any text.

mod address;
pub mod asked;
pub mod check;
pub mod clock;
pub mod driver;
pub mod error;
pub mod hand;
pub mod lane;
pub mod listen;
pub mod memory;
pub mod notice;
pub mod outbox;
mod quiet;
pub mod router;
pub mod secrets;
pub mod send;
pub mod settings;
pub mod text;
pub mod topic;
mod unwritten;

pub use asked::Asked;
pub use check::Fault;
pub use clock::Clock;
pub use driver::{Setup, start};
pub use error::NotifyError;
pub use hand::{Hand, Recovery};
pub use listen::{Desk, Ear, listen};
pub use notice::{Cause, Message, Notice, Status};
pub use outbox::Outbox;
pub use router::{Draft, Router};
pub use secrets::Secrets;
pub use settings::{ChannelKind, ChannelSettings, Least, NotifySettings};
pub use topic::Topic;
