//! The venues by name: which codec, which sessions, which limits. A driver needs nothing else of a venue.
//!
//! A new venue is a new folder and one more row here.

use seawall_model::{InstrumentId, InstrumentName, Timeframe, Ts};

use crate::budget::PoolRule;
use crate::codec::{Codec, Operation, Progress, Tables};
use crate::error::VenueError;
use crate::http::{Reply, Request, SignedRequest};
use crate::kraken_futures::{self, KrakenFutures};
use crate::kraken_spot::{self, KrakenSpot};
use crate::market::{ListedInstrument, Markets, Remains};
use crate::outcome::Failure;
use crate::profile::Profile;
use crate::query::{Answer, Query};
use crate::secret::{Credentials, Secret};
use crate::session::Session;

/// A venue whose protocol is spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Venue {
    /// Kraken Futures.
    KrakenFutures,
    /// Kraken spot.
    Kraken,
}

/// Which market data are wanted.
#[derive(Debug, Clone, Default)]
pub struct WantedData {
    /// Best prices and mark prices.
    pub quotes: Vec<InstrumentId>,
    /// Candles, each from the open time of the first one that is missing. Where the venue has none on its
    /// stream ([`Venue::streams_candles`]), the driver asks for them.
    pub candles: Vec<(InstrumentId, Timeframe, Ts)>,
}

impl Venue {
    /// Every venue.
    pub const ALL: [Venue; 2] = [Venue::KrakenFutures, Venue::Kraken];

    /// By the name of its profile.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Venue::ALL.into_iter().find(|venue| venue.profile().venue == name)
    }

    /// The limits that the venue states.
    #[must_use]
    pub const fn pools(self) -> &'static [PoolRule] {
        match self {
            Venue::KrakenFutures => kraken_futures::tables::POOLS,
            Venue::Kraken => kraken_spot::tables::POOLS,
        }
    }

    /// Whether closed candles come on the stream of market data.
    #[must_use]
    pub const fn streams_candles(self) -> bool {
        match self {
            Venue::KrakenFutures => false,
            Venue::Kraken => true,
        }
    }

    /// An instrument that is not listed any more, as far as its spelling tells: for looking after what is
    /// held on it. `None` where the spelling is none of a contract that could have been traded here.
    #[must_use]
    pub fn unlisted(self, symbol: &str, remains: Remains) -> Option<ListedInstrument> {
        match self {
            Venue::KrakenFutures => kraken_futures::unlisted(symbol, remains),
            Venue::Kraken => None,
        }
    }

    /// [`Self::unlisted`] by the name that an instrument had while it was listed.
    #[must_use]
    pub fn unlisted_named(self, name: &InstrumentName, remains: Remains) -> Option<ListedInstrument> {
        match self {
            Venue::KrakenFutures => {
                let coin = name.base();
                let base = if coin.code() == "BTC" { "XBT" } else { coin.code() };
                let row = kraken_futures::unlisted(&format!("PF_{base}{}", name.quote()), remains)?;
                (row.spec.name == *name).then_some(row)
            }
            Venue::Kraken => kraken_spot::unlisted(name, remains),
        }
    }

    /// Credentials from the two texts that the venue hands out.
    ///
    /// # Errors
    /// [`VenueError::SecretText`] where the secret is not in the venue's form; it names `setting`.
    pub fn credentials(
        self,
        key: &str,
        secret: &str,
        setting: &'static str,
    ) -> Result<Credentials, VenueError> {
        let secret = match self {
            Venue::KrakenFutures | Venue::Kraken => Secret::from_base64(setting, secret)?,
        };
        Ok(Credentials { key: key.trim().to_owned(), secret, passphrase: None })
    }

    /// The session for market data.
    #[must_use]
    pub fn market_session(self, wanted: WantedData, spread: u64) -> Box<dyn Session + Send> {
        let WantedData { quotes, candles } = wanted;
        match self {
            Venue::KrakenFutures => {
                let wanted = kraken_futures::market_session::Wanted { quotes, books: Vec::new() };
                Box::new(kraken_futures::MarketSession::new(wanted, spread))
            }
            Venue::Kraken => {
                let wanted = kraken_spot::market_session::Wanted { quotes, books: Vec::new(), candles };
                Box::new(kraken_spot::MarketSession::new(wanted, spread))
            }
        }
    }

    /// The session for the account: orders and executions from `since` on.
    #[must_use]
    pub fn account_session(
        self,
        credentials: &Credentials,
        since: Ts,
        spread: u64,
    ) -> Box<dyn Session + Send> {
        match self {
            Venue::KrakenFutures => {
                Box::new(kraken_futures::AccountSession::new(credentials.clone(), since, spread))
            }
            Venue::Kraken => Box::new(kraken_spot::AccountSession::new(since, spread)),
        }
    }
}

impl Codec for Venue {
    fn profile(&self) -> &'static Profile {
        match self {
            Venue::KrakenFutures => KrakenFutures.profile(),
            Venue::Kraken => KrakenSpot.profile(),
        }
    }

    fn encode(&self, at: Ts, operation: &Operation, tables: Tables<'_>) -> Result<Request, VenueError> {
        match self {
            Venue::KrakenFutures => KrakenFutures.encode(at, operation, tables),
            Venue::Kraken => KrakenSpot.encode(at, operation, tables),
        }
    }

    fn decode(&self, operation: &mut Operation, reply: &Reply, tables: Tables<'_>) -> Progress {
        match self {
            Venue::KrakenFutures => KrakenFutures.decode(operation, reply, tables),
            Venue::Kraken => KrakenSpot.decode(operation, reply, tables),
        }
    }

    fn ask(&self, at: Ts, query: &Query, markets: &Markets) -> Result<Request, VenueError> {
        match self {
            Venue::KrakenFutures => KrakenFutures.ask(at, query, markets),
            Venue::Kraken => KrakenSpot.ask(at, query, markets),
        }
    }

    fn answer(&self, query: &Query, reply: &Reply, tables: Tables<'_>) -> Result<Answer, Failure> {
        match self {
            Venue::KrakenFutures => KrakenFutures.answer(query, reply, tables),
            Venue::Kraken => KrakenSpot.answer(query, reply, tables),
        }
    }

    fn sign(
        &self,
        request: &Request,
        credentials: Option<&Credentials>,
        nonce: u64,
    ) -> Result<SignedRequest, VenueError> {
        match self {
            Venue::KrakenFutures => KrakenFutures.sign(request, credentials, nonce),
            Venue::Kraken => KrakenSpot.sign(request, credentials, nonce),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_venue_is_found_by_the_name_of_its_profile() {
        for venue in Venue::ALL {
            assert_eq!(Venue::named(venue.profile().venue), Some(venue));
            assert!(!venue.pools().is_empty());
        }
        assert_eq!(Venue::named("nowhere"), None);
        assert!(Venue::Kraken.streams_candles() && !Venue::KrakenFutures.streams_candles());
    }

    #[test]
    fn a_secret_that_is_no_base64_is_refused_by_the_settings_name() {
        let error = Venue::KrakenFutures.credentials("key", "not base64!", "THE_SETTING").unwrap_err();
        assert!(error.to_string().contains("THE_SETTING"), "{error}");
        assert_eq!(Venue::Kraken.credentials(" key\n", "QUJD", "THE_SETTING").unwrap().key, "key");
    }
}
