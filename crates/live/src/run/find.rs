//! What discovery asks the venues: what is listed, what is traded there, and which coins have a spot market.

use std::sync::Arc;

use seawall_config::Config;
use seawall_venues::discovery::provisional;
use seawall_venues::http::Host;
use seawall_venues::{Answer, Failure, ListedInstrument, Markets, Query, Venue};

use super::start::refused;
use crate::discovery::Seen;
use crate::error::LiveError;
use crate::net::{Client, NetSettings, checked_hosts};
use crate::wall_clock::WallClock;

/// The way to the spot venue, where the configuration names one.
///
/// # Errors
/// [`LiveError::Refused`] for an address that may not be used.
pub(crate) fn spot_client(
    config: &Config,
    net: &NetSettings,
    clock: Arc<WallClock>,
) -> Result<Option<Client>, LiveError> {
    let settings = &config.discovery;
    let Some(address) = settings.spot_rest.as_deref() else {
        if settings.enabled && config.universe.require_spot {
            let cause = "universe.require_spot goes by the listing of the spot venue: set discovery.spot_rest \
                         to its address (https://api.kraken.com), or universe.require_spot to false";
            return Err(refused("instruments", cause.to_owned()));
        }
        return Ok(None);
    };
    let hosts = checked_hosts([(Host::Rest, address)])
        .map_err(|error| refused("venue", format!("discovery.spot_rest: {error}")))?;
    Ok(Some(Client::new(Venue::Kraken, hosts, None, net, clock)?))
}

/// The spot markets; none where no venue is named.
pub(super) async fn spot(client: Option<&mut Client>) -> Result<Vec<ListedInstrument>, Failure> {
    let Some(client) = client else { return Ok(Vec::new()) };
    let answer = client.ask(&Query::Instruments, &Markets::default()).await?;
    let Answer::Instruments { listed, .. } = answer else { return Ok(Vec::new()) };
    Ok(listed)
}

/// Everything that a plan is made of.
pub(super) async fn seen(
    client: &mut Client,
    spot_venue: Option<&mut Client>,
    traded: Vec<ListedInstrument>,
) -> Result<Seen, Failure> {
    let spot = spot(spot_venue).await?;
    let everything = provisional(&traded).unwrap_or_default();
    let Answer::Tickers(tickers) = client.ask(&Query::Tickers, &everything).await? else {
        return Ok(Seen { traded, spot, tickers: Vec::new() });
    };
    Ok(Seen { traded, spot, tickers })
}
