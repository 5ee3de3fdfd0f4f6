//! The venues' protocols, without sockets.
//!
//! A **codec** turns the engine's words into a venue's requests and its answers back; a **session** is a
//! state machine over one WebSocket; an **outbox** holds requests back for the rate budget; a **desk** is all
//! of them together, for one venue. None of them reads a clock, opens a socket or draws a random number:
//! carriers do that, one for all venues, and a simulated exchange can stand on the other side of the same
//! bytes.

pub mod book;
pub mod budget;
pub mod candles;
pub mod codec;
pub mod desk;
pub mod discovery;
pub mod error;
pub mod feed_plan;
pub mod http;
pub mod json;
pub mod kraken_futures;
pub mod kraken_spot;
pub mod market;
pub mod nonce;
pub mod orders;
pub mod outbox;
pub mod outcome;
pub mod profile;
pub mod query;
pub mod records;
pub mod registry;
pub mod secret;
pub mod session;

pub use codec::{Adapter, Codec, Dispatch, Ticket};
pub use desk::{Desk, Effect};
pub use error::VenueError;
pub use http::{Hosts, Reply, Request, Response, SignedRequest, TransportFailure};
pub use market::{ListedInstrument, Market, Markets, Remains};
pub use outcome::{Advice, Certainty, Failure, Notice, Outcome, Problem};
pub use query::{Answer, Query};
pub use records::{Recorded, Records};
pub use registry::{Venue, WantedData};
pub use secret::{Credentials, Secret};
pub use session::{Command, News, Session};
