//! What discovery asks the venues: what is listed, what is traded there, and which coins have a spot market.

use std::sync::Arc;

use seawall_config::Config;
use seawall_model::GuardMode;
use seawall_venues::codec::Codec;
use seawall_venues::discovery::provisional;
use seawall_venues::http::Host;
use seawall_venues::{Advice, Answer, Failure, ListedInstrument, Markets, Problem, Query, Venue};

use super::start::{refused, venue_named};
use crate::discovery::Seen;
use crate::error::LiveError;
use crate::net::{Client, NetSettings, checked_hosts};
use crate::wall_clock::WallClock;

/// The way to the spot venue, where the configuration names one.
///
/// # Errors
/// [`LiveError::Refused`] for an address that may not be used, one that is missing where `universe` goes by
/// it, and one that nobody would ask.
pub(crate) fn spot_client(
    config: &Config,
    net: &NetSettings,
    clock: Arc<WallClock>,
) -> Result<Option<Client>, LiveError> {
    let (settings, universe) = (&config.discovery, &config.universe);
    let has_perpetuals = venue_named(config.venue.name).profile().derivatives;
    let Some(address) = settings.spot_rest.as_deref() else {
        let is_asked = settings.enabled || universe.mode != GuardMode::Off;
        if is_asked && universe.require_spot && has_perpetuals {
            let cause = "universe.require_spot goes by the listing of the spot venue: set discovery.spot_rest \
                         to its address (https://api.kraken.com), or universe.require_spot to false";
            return Err(refused("instruments", cause.to_owned()));
        }
        return Ok(None);
    };
    if !has_perpetuals {
        let cause = "discovery.spot_rest is asked which perpetuals have a spot market, and venue.name is a spot \
                     venue: leave it out";
        return Err(refused("instruments", cause.to_owned()));
    }
    let hosts = checked_hosts([(Host::Rest, address)])
        .map_err(|error| refused("venue", format!("discovery.spot_rest: {error}")))?;
    Ok(Some(Client::new(Venue::Kraken, hosts, None, net, clock)?))
}

/// The spot markets; none where no venue is named.
pub(super) async fn spot(client: Option<&mut Client>) -> Result<Vec<ListedInstrument>, Failure> {
    let Some(client) = client else { return Ok(Vec::new()) };
    let answer = client.ask(&Query::Instruments, &Markets::default()).await?;
    let Answer::Instruments { listed, .. } = answer else { return Err(another()) };
    Ok(listed)
}

/// Everything that a plan is made of.
pub(super) async fn seen(
    client: &mut Client,
    spot_venue: Option<&mut Client>,
    traded: Vec<ListedInstrument>,
) -> Result<Seen, Failure> {
    let spot = spot(spot_venue).await?;
    // Two rows of one spelling: the plan says so.
    let everything = provisional(&traded).unwrap_or_default();
    let answer = client.ask(&Query::Tickers, &everything).await?;
    let Answer::Tickers(tickers) = answer else { return Err(another()) };
    Ok(Seen { traded, spot, tickers })
}

/// An answer to another question is none: without this an empty listing would stand for it.
fn another() -> Failure {
    Failure::not_done(Advice::Again, Problem::Unreadable, "the venue answered another question")
}
