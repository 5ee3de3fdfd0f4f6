//! What the exchange in a box of a demo can do to its run, so that everybody can watch what happens then.

use std::time::Duration;

/// Something that goes wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drill {
    /// The venue is out of reach for a while.
    CutNetwork,
    /// The venue cancels a stop and refuses every new one for a while.
    RejectStop,
}

impl Drill {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Drill::CutNetwork => "cut-network",
            Drill::RejectStop => "reject-my-stop",
        }
    }
}

/// Makes the exchange in a box misbehave. Calls wait for the exchange: they are for threads that may.
pub trait Drills: Send + Sync {
    /// Nothing reaches the venue from now on; for how long, by the wall's clock.
    ///
    /// # Errors
    /// Why it did not begin, in words.
    fn cut_network(&self) -> Result<Duration, String>;

    /// The venue cancels the stop with this client order id and refuses new ones from now on; for how long,
    /// by the wall's clock.
    ///
    /// # Errors
    /// Why it did not begin, in words.
    fn reject_stop(&self, client_order_id: &str) -> Result<Duration, String>;
}
