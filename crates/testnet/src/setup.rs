//! One value with everything that an exchange in a box is started from.

use seawall_model::Ts;
use seawall_venues::{Credentials, Secret};

use crate::error::TestnetError;
use crate::faults::FaultRule;
use crate::kraken_futures::{self, KrakenFutures};
use crate::kraken_spot::KrakenSpot;
use crate::testnet::Testnet;
use crate::venue::Venue;
#[cfg(feature = "files")]
use crate::world::AccountSeed;
use crate::world::{VenueKind, WorldSettings};

/// World, key and faults.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What the world is made of.
    pub world: WorldSettings,
    /// The key it takes.
    pub key: String,
    /// Its secret, in base64.
    pub secret: String,
    /// The faults from the start on.
    pub faults: Vec<FaultRule>,
}

impl Setup {
    /// With the documented key of the venue and no faults.
    #[must_use]
    pub fn new(world: WorldSettings) -> Self {
        let (key, secret) = (kraken_futures::KEY, kraken_futures::SECRET);
        Setup { world, key: key.to_owned(), secret: secret.to_owned(), faults: Vec::new() }
    }

    /// The exchange in a box at `start`.
    ///
    /// # Errors
    /// A secret that is no base64, or what the world refuses.
    pub fn build(&self, start: Ts) -> Result<Testnet, TestnetError> {
        let secret = Secret::from_base64("--secret", &self.secret)
            .map_err(|error| TestnetError::setting("--secret", error.to_string()))?;
        let credentials = Credentials { key: self.key.clone(), secret, passphrase: None };
        let venue: Box<dyn Venue> = match self.world.venue {
            VenueKind::KrakenFutures => Box::new(KrakenFutures::new(credentials)),
            VenueKind::Kraken => Box::new(KrakenSpot::new(credentials)),
        };
        Testnet::new(&self.world, venue, self.faults.clone(), start)
    }
}

/// Reads what the account holds at the start, from YAML or JSON.
///
/// # Errors
/// Names what is wrong with the text.
#[cfg(feature = "files")]
pub fn read_account(name: &str, text: &str) -> Result<AccountSeed, TestnetError> {
    serde_saphyr::from_str(text).map_err(|error| TestnetError::text(name, &error.to_string()))
}
