//! What is looked at before a run starts; everything that can be wrong has a message of its own.

use std::time::Duration;

use seawall_config::{Config, VenueName};
use seawall_model::{Input, Money, Span, VenueRequest};
use seawall_venues::codec::Codec;
use seawall_venues::http::Host;
use seawall_venues::profile::Need;
use seawall_venues::{Advice, Answer, Failure, Hosts, Markets, Query, Venue};

use super::{Mode, Progress};
use crate::doctor::judge;
use crate::error::LiveError;
use crate::net::{Client, NetSettings, checked_hosts, is_on_this_machine};
use crate::wall_clock::Pace;

/// Pauses before a question of the start is asked again, in seconds; after the last it has failed.
pub(super) const PAUSES_S: [u64; 6] = [1, 1, 2, 4, 8, 16];
/// The longest pause that a venue can ask for.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// The venue, its addresses and the way to them, as configured.
///
/// # Errors
/// [`LiveError::Refused`] for an address that is missing or may not be used.
pub fn venue_of(config: &Config) -> Result<(Venue, Hosts, NetSettings), LiveError> {
    let settings = &config.venue;
    let venue = venue_named(settings.name);
    let addresses = [
        (Host::Rest, "venue.rest", &settings.rest),
        (Host::PublicStream, "venue.public_stream", &settings.public_stream),
        (Host::PrivateStream, "venue.private_stream", &settings.private_stream),
    ];
    let mut named = Vec::new();
    for (host, key, address) in addresses {
        let address = address.as_deref().ok_or_else(|| {
            refused("venue", format!("{key} is not set: every address that may be spoken to is written out"))
        })?;
        named.push((host, address));
    }
    let hosts = checked_hosts(named).map_err(|error| refused("venue", error.to_string()))?;
    let net = NetSettings {
        connect_timeout: Duration::from_millis(u64::from(settings.connect_timeout_ms)),
        request_timeout: Duration::from_millis(u64::from(settings.request_timeout_ms)),
        proxy: settings.proxy.clone(),
    };
    Ok((venue, hosts, net))
}

/// A clock of its own is for an exchange in a box: real venues have the time of day.
pub(super) fn refuse_pace(pace: Option<Pace>, config: &Config) -> Result<(), LiveError> {
    let settings = &config.venue;
    let addresses = [&settings.rest, &settings.public_stream, &settings.private_stream];
    let elsewhere = addresses.into_iter().flatten().find(|address| !is_on_this_machine(address));
    match (pace, elsewhere) {
        (Some(_), Some(address)) => {
            let cause = format!("another clock is for an exchange on this machine, and {address} is not");
            Err(refused("clock", cause))
        }
        (Some(_) | None, _) => Ok(()),
    }
}

/// The protocol of a venue.
pub(crate) const fn venue_named(name: VenueName) -> Venue {
    match name {
        VenueName::KrakenFutures => Venue::KrakenFutures,
        VenueName::Kraken => Venue::Kraken,
    }
}

/// What the configuration needs and the venue has not.
pub(crate) fn refuse_lacks(config: &Config, venue: Venue) -> Result<(), LiveError> {
    let mut needs = vec![Need::Candles(config.run.timeframe)];
    if config.trades_both_sides() {
        needs.push(Need::Derivatives);
    }
    let lacks = venue.profile().lacks(&needs);
    if lacks.is_empty() {
        return Ok(());
    }
    let causes: Vec<String> = lacks.iter().map(ToString::to_string).collect();
    Err(refused("venue", causes.join("; ")))
}

/// Clock and rights of the key.
pub(super) async fn check(
    client: &mut Client,
    config: &Config,
    mode: Mode,
    progress: Progress<'_>,
) -> Result<(), LiveError> {
    progress("clock", "comparing with the venue's");
    let most = Span::from_millis(i64::from(config.venue.clock_skew_max_ms));
    let mut sent_at = client.clock().now();
    let mut answer = ask(client, "clock", &Query::ServerTime, progress).await?;
    if client.clock().now().since(sent_at) > most {
        // Pauses between attempts are no part of the way there and back.
        sent_at = client.clock().now();
        answer = ask(client, "clock", &Query::ServerTime, progress).await?;
    }
    let Answer::ServerTime(theirs) = answer else { return Err(odd("clock")) };
    judge::clock(sent_at, client.clock().now(), theirs, most).refusal()?;
    if !mode.sends_orders() {
        return Ok(());
    }
    progress("keys", "asking for the key's rights");
    let answer = ask(client, "keys", &Query::Permissions, progress).await?;
    let Answer::Permissions(rights) = answer else { return Err(odd("keys")) };
    judge::permissions(rights).refusal()
}

/// The account's balance, where orders are real: money of the currency that the `markets` of the run settle
/// in, so those have to be known.
pub(super) async fn balance(
    client: &mut Client,
    markets: &Markets,
    mode: Mode,
    progress: Progress<'_>,
) -> Result<Option<Money>, LiveError> {
    if !mode.sends_orders() {
        return Ok(None);
    }
    let answer = ask_over(client, ("account", &Query::Account), markets, progress).await?;
    let Answer::Account(account) = answer else { return Err(odd("account")) };
    let check = judge::account(&account);
    check.refusal()?;
    if !check.is_ok() {
        progress("account", &check.finding);
    }
    Ok(Some(account.balance))
}

/// Asks until there is an answer: nothing is protected before the start has come through, so a failure that
/// may pass does not end it at once.
pub(super) async fn ask(
    client: &mut Client,
    phase: &'static str,
    query: &Query,
    progress: Progress<'_>,
) -> Result<Answer, LiveError> {
    ask_over(client, (phase, query), &Markets::default(), progress).await
}

/// The same for a question about instruments of a table.
async fn ask_over(
    client: &mut Client,
    (phase, query): (&'static str, &Query),
    markets: &Markets,
    progress: Progress<'_>,
) -> Result<Answer, LiveError> {
    for pause in PAUSES_S {
        match client.ask(query, markets).await {
            Ok(answer) => return Ok(answer),
            Err(failure) => wait(phase, &failure, pause, progress).await?,
        }
    }
    client.ask(query, markets).await.map_err(|failure| failed(phase, &failure))
}

/// The same for what the account holds or has working.
pub(super) async fn report(
    client: &mut Client,
    request: VenueRequest,
    markets: &Markets,
    progress: Progress<'_>,
) -> Result<Vec<Input>, LiveError> {
    for pause in PAUSES_S {
        match client.report(request, markets).await {
            Ok(inputs) => return Ok(inputs),
            Err(failure) => wait("account", &failure, pause, progress).await?,
        }
    }
    client.report(request, markets).await.map_err(|failure| failed("account", &failure))
}

/// Waits before a question is asked again, at least `pause_s`; a failure that stays is an error at once.
pub(super) async fn wait(
    phase: &'static str,
    failure: &Failure,
    pause_s: u64,
    progress: Progress<'_>,
) -> Result<(), LiveError> {
    if failure.problem.is_fatal() || failure.advice == Advice::Terminal {
        return Err(failed(phase, failure));
    }
    let asked = match failure.advice {
        Advice::Wait(pause) => Duration::from_nanos(u64::try_from(pause.nanos()).unwrap_or(0)),
        Advice::Terminal | Advice::Again | Advice::Ask => Duration::ZERO,
    };
    let pause = asked.clamp(Duration::from_secs(pause_s), WAIT_MAX);
    progress("waiting", &format!("{phase}: {failure}; again in {} s", pause.as_secs()));
    tokio::time::sleep(pause).await;
    Ok(())
}

pub(super) fn refused(phase: &'static str, cause: String) -> LiveError {
    LiveError::Refused { phase, cause }
}

/// What only the operator can put right is refused; everything else may be tried again.
pub(super) fn failed(phase: &'static str, failure: &Failure) -> LiveError {
    if failure.problem.is_fatal() {
        return refused(phase, failure.to_string());
    }
    LiveError::Venue { phase, cause: failure.to_string() }
}

pub(super) fn odd(phase: &'static str) -> LiveError {
    LiveError::Venue { phase, cause: "the venue answered another question".to_owned() }
}
