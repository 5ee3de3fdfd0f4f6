//! An exchange in a box: the venues' own wire protocols, served over the simulator.
//!
//! [`World`] is market, exchange and account without a word of any protocol; a venue puts its protocol over
//! it; [`Protocol`] is what a carrier of bytes sees of both, be it a server with sockets or a simulation.

#[cfg(feature = "serve")]
pub mod control;
pub mod error;
pub mod faults;
pub mod json;
pub mod kraken_futures;
pub mod kraken_spot;
pub mod protocol;
#[cfg(feature = "serve")]
pub mod serve;
mod setup;
pub mod testnet;
pub mod venue;
pub mod world;

pub use error::TestnetError;
pub use protocol::{Answer, ConnectionId, Down, Frame, HttpReply, HttpRequest, Outgoing, Protocol};
pub use setup::Setup;
#[cfg(feature = "files")]
pub use setup::read_account;
pub use testnet::Testnet;
pub use venue::{Outbox, Venue};
pub use world::{World, WorldSettings};
