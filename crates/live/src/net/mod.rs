//! The one driver that carries every venue: HTTP, WebSockets, time, and the task that owns a venue's
//! [`seawall_venues::Adapter`], its [`seawall_venues::outbox::Outbox`] and its sessions.
//!
//! Invariants: an address comes from the configuration and from nowhere else, redirects are not followed and
//! the environment's proxies are not used; each request gets exactly one reply, and *not sent* is said only
//! where not a byte has left; every wait has an end; every queue has a bound, named where it stands.

pub mod address;
pub mod client;
pub mod http;
pub mod inbox;
mod proxy;
pub(crate) mod socket;
pub mod venue;

use std::time::Duration;

use thiserror::Error;

pub use address::checked_hosts;
pub(crate) use address::is_on_this_machine;
pub use client::Client;
pub use http::Http;
pub use inbox::{Delivery, Inbox};
pub use venue::{VenueHandle, VenueSetup};

/// How connections are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetSettings {
    /// A connection must stand after this; nothing of the request has left before.
    pub connect_timeout: Duration,
    /// An answer must be there after this.
    pub request_timeout: Duration,
    /// All connections go through this HTTP proxy.
    pub proxy: Option<String>,
}

impl Default for NetSettings {
    fn default() -> Self {
        NetSettings {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            proxy: None,
        }
    }
}

/// Why nothing can be sent at all.
#[derive(Debug, Error)]
pub enum NetError {
    /// An address of the configuration cannot be used.
    #[error("{what}: `{address}` {problem}")]
    Address {
        /// Whose address.
        what: &'static str,
        /// The address.
        address: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built: {0}")]
    Client(String),
}
