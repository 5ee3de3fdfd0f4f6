//! The instruments of a start: those that the configuration chooses, and those on which something is held or
//! works, whatever the configuration and the listing say of them today.
//!
//! Invariants: what is held is in the table, be it delisted, suspended or no longer chosen, and never keeps a
//! start from beginning; nothing is chosen that is not listed; the chosen come first, so their numbers do not
//! depend on what is held. Scales are at least as fine as those of the books, with room for a finer tick.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use seawall_config::Config;
use seawall_engine::Carry;
use seawall_model::{
    Input, Instrument, InstrumentId, InstrumentName, InstrumentSpec, Rules, Span, Trading, VenueEvent,
    VenueRequest,
};
use seawall_venues::codec::Codec;
use seawall_venues::discovery::{contradiction, provisional};
use seawall_venues::profile::Positions;
use seawall_venues::{
    Advice, Answer, Failure, ListedInstrument, Market, Markets, Problem, Query, Remains, Venue,
};

use super::find::seen;
use super::start::{PAUSES_S, ask, odd, refused, report, wait};
use super::{Mode, Progress};
use crate::discovery::{Discovery, policy};
use crate::error::LiveError;
use crate::net::Client;

/// Decimals beyond those of tick and lot, so that a finer grid can be taken over while the run goes on.
const HEADROOM: u32 = 2;
/// Decimals of prices and quantities at most.
const DECIMALS_MAX: u32 = 12;

/// Where an earlier listing may be, and whether this one is kept there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<'a> {
    /// The account's folder.
    pub(crate) root: &'a Path,
    /// Whoever only looks writes nothing.
    pub(crate) writes: bool,
}

impl Kept<'_> {
    /// Whether there is an earlier listing that may stand for the venue's answer.
    fn stands_in(self, config: &Config) -> bool {
        config.discovery.enabled && self.root.join(FILE).is_file()
    }
}

/// The listing of the newest start that had one, beside the folders of the starts.
const FILE: &str = "universe.json";

/// The instruments of a start.
#[derive(Debug)]
pub(crate) struct Table {
    /// As codecs know them.
    pub(crate) markets: Markets,
    /// How many of them are chosen: they come first, the rest is looked after.
    pub(super) chosen: usize,
    /// What those take that do not take every order; the engine is told before it starts.
    pub(super) rules: Vec<Rules>,
}

impl Table {
    /// The instruments whose prices and candles can be had: the venue knows them.
    pub(crate) fn followed(&self) -> Vec<InstrumentId> {
        let gone = |id| self.rules.iter().any(|row| row.instrument == id && row.trading == Trading::Delisted);
        self.markets.iter().map(Market::id).filter(|id| !gone(*id)).collect()
    }
}

/// One row of the table to be.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) row: ListedInstrument,
    pub(super) trading: Trading,
}

/// What the account holds.
#[derive(Debug, Default)]
struct Holdings {
    /// Listed instruments with a position or an order.
    listed: BTreeSet<InstrumentName>,
    /// Spellings of positions on what is not listed, with what is known of them.
    unlisted: BTreeMap<String, Remains>,
}

/// Chooses the instruments of a start.
///
/// # Errors
/// The venue does not answer, a chosen instrument is not listed, or its rules contradict themselves.
pub(crate) async fn choose(
    (client, spot): (&mut Client, Option<&mut Client>),
    (config, kept): (&Config, Kept<'_>),
    mode: Mode,
    carry: Option<&Carry>,
    progress: Progress<'_>,
) -> Result<Table, LiveError> {
    progress("instruments", "asking what is listed");
    // Where an earlier listing may stand for the answer, nobody waits for it: what is held has no stop yet.
    let listed = if kept.stands_in(config) {
        match client.ask(&Query::Instruments, &Markets::default()).await {
            Ok(Answer::Instruments { listed, .. }) => listed,
            Ok(_) => return Err(odd("instruments")),
            Err(failure) => {
                progress("instruments", &format!("no answer: {failure}"));
                Vec::new()
            }
        }
    } else {
        let answer = ask(client, "instruments", &Query::Instruments, progress).await?;
        let Answer::Instruments { listed, .. } = answer else { return Err(odd("instruments")) };
        listed
    };
    let listed = sound(listed, progress);
    let venue = client.venue();
    let holdings = match mode {
        Mode::Paper => Holdings::default(),
        Mode::Live | Mode::Demo => holdings(client, &listed, progress).await?,
    };
    let gone: Vec<_> =
        holdings.unlisted.iter().filter_map(|(symbol, remains)| venue.unlisted(symbol, *remains)).collect();
    let is_held = |name: &InstrumentName| {
        carry.is_some_and(|carry| carry.is_engaged(name)) || gone.iter().any(|row| row.spec.name == *name)
    };
    let everything: Vec<InstrumentName> = listed.iter().map(|row| row.spec.name.clone()).collect();
    let names = match mode {
        Mode::Demo if config.run.instruments.is_empty() => &everything,
        Mode::Paper | Mode::Live | Mode::Demo => &config.run.instruments,
    };
    let mut chosen = if config.discovery.enabled {
        found(client, spot, config, (kept, listed.clone()), progress).await?
    } else {
        named(names, &listed, &is_held, venue)?
    };
    let count = chosen.len();
    let carried = carry.into_iter().flat_map(Carry::engaged);
    for name in carried.chain(&holdings.listed) {
        if !chosen.iter().any(|one| one.row.spec.name == *name) {
            let remains = || carry.map_or_else(Remains::default, |carry| remains(carry, name));
            let row = listed.iter().chain(&gone).find(|row| row.spec.name == *name).cloned();
            let row = row.or_else(|| venue.unlisted_named(name, remains()));
            chosen.extend(row.map(|row| looked_after(row, &listed, progress)));
        }
    }
    for row in gone {
        if !chosen.iter().any(|one| one.row.spec.name == row.spec.name) {
            chosen.push(looked_after(row, &listed, progress));
        }
    }
    let table = table(&chosen, config, carry)?;
    Ok(Table { chosen: count, ..table })
}

/// The instruments that the listing brings by the criteria of `discovery` and `universe`.
async fn found(
    client: &mut Client,
    mut spot: Option<&mut Client>,
    config: &Config,
    (kept, listed): (Kept<'_>, Vec<ListedInstrument>),
    progress: Progress<'_>,
) -> Result<Vec<Chosen>, LiveError> {
    if !config.run.instruments.is_empty() {
        let cause = "run.instruments names some and discovery.enabled finds them: only one of both can be";
        return Err(refused("instruments", cause.to_owned()));
    }
    let own = &config.discovery;
    let age_max = Span::from_secs(i64::from(own.cache_hours_max).saturating_mul(3_600));
    let discovery = Discovery::new(policy(own, &config.universe), &kept.root.join(FILE), age_max);
    let discovery = if kept.writes { discovery } else { discovery.looking_only() };
    let at = client.clock().now();
    let mut known = Err(silent());
    // Whoever only looks can look again.
    let patience = if kept.writes { PAUSES_S.len() } else { 2 };
    for pause in PAUSES_S.into_iter().take(patience) {
        if listed.is_empty() {
            break;
        }
        known = seen(client, spot.as_deref_mut(), listed.clone()).await;
        match &known {
            // Where an earlier listing may stand for the answer, nobody waits for it.
            Err(failure) if !kept.stands_in(config) => wait("instruments", failure, pause, progress).await?,
            Err(_) | Ok(_) => break,
        }
    }
    let found = discovery
        .start(at, known)
        .map_err(|error| LiveError::Venue { phase: "instruments", cause: error.to_string() })?;
    if let Some((taken_at, why)) = &found.from_file {
        progress("instruments", &format!("taken from the listing of {taken_at}: {why}"));
    }
    if let Some(problem) = &found.file_problem {
        progress("instruments", &format!("the listing could not be kept: {problem}"));
    }
    let rows = found.plan.universe.traded;
    let left_out = found.plan.excluded.len();
    progress("instruments", &format!("{} found, {left_out} listed ones left out", rows.len()));
    Ok(rows.into_iter().map(|row| Chosen { trading: trading(&row), row }).collect())
}

/// Without rows whose rules contradict themselves: no table can have them, and what is held there is looked
/// after like something that is not listed.
fn sound(listed: Vec<ListedInstrument>, progress: Progress<'_>) -> Vec<ListedInstrument> {
    let is_sound = |row: &ListedInstrument| match contradiction(row) {
        None => true,
        Some(what) => {
            progress("instruments", &format!("{} is listed with rules that cannot be: {what}", row.symbol));
            false
        }
    };
    listed.into_iter().filter(is_sound).collect()
}

fn silent() -> Failure {
    Failure::not_done(Advice::Again, Problem::Unavailable, "nothing is listed")
}

/// The instruments that the configuration names. One that is not listed is refused, unless something is held
/// on it.
fn named(
    names: &[InstrumentName],
    listed: &[ListedInstrument],
    is_held: &dyn Fn(&InstrumentName) -> bool,
    venue: Venue,
) -> Result<Vec<Chosen>, LiveError> {
    if names.is_empty() {
        let cause = "run.instruments names none, and discovery.enabled is off";
        return Err(refused("instruments", cause.to_owned()));
    }
    let mut chosen = Vec::new();
    for name in names {
        let row = listed.iter().find(|row| row.spec.name == *name);
        match row {
            Some(row) => chosen.push(Chosen { row: row.clone(), trading: trading(row) }),
            None if is_held(name) => {}
            None => {
                let (place, count) = (venue.profile().venue, listed.len());
                let cause = format!("{name} is not listed at {place} ({count} instruments are)");
                return Err(refused("instruments", cause));
            }
        }
    }
    Ok(chosen)
}

/// What a listed instrument takes.
pub(super) fn trading(row: &ListedInstrument) -> Trading {
    match (row.tradeable, row.post_only) {
        (false, _) => Trading::Suspended,
        (true, true) => Trading::PostOnly,
        (true, false) => Trading::Open,
    }
}

/// An instrument on which something is held and that is not chosen.
fn looked_after(row: ListedInstrument, listed: &[ListedInstrument], progress: Progress<'_>) -> Chosen {
    let is_listed = listed.iter().any(|one| one.spec.name == row.spec.name);
    let trading = if is_listed { trading(&row).max(Trading::LookedAfter) } else { Trading::Delisted };
    progress("instruments", &format!("{} is held and not chosen: {}", row.spec.name, trading.name()));
    Chosen { row, trading }
}

/// What the books know of an instrument that is not listed any more.
fn remains(carry: &Carry, name: &InstrumentName) -> Remains {
    let desk = carry.desks.get(name);
    desk.map_or_else(Remains::default, |desk| Remains { qty: desk.held(), price: desk.last_price() })
}

/// What the account holds and has working, over everything that is listed. Where a venue has no positions,
/// what lies in the account says nothing about what was traded.
async fn holdings(
    client: &mut Client,
    listed: &[ListedInstrument],
    progress: Progress<'_>,
) -> Result<Holdings, LiveError> {
    let mut holdings = Holdings::default();
    if client.venue().profile().positions != Positions::Reported {
        return Ok(holdings);
    }
    // An empty table would make everything that is held something that is not listed.
    let everything = provisional(listed)
        .map_err(|error| LiveError::Venue { phase: "instruments", cause: error.to_string() })?;
    for request in [VenueRequest::QueryPositions, VenueRequest::QueryOpenOrders] {
        for input in report(client, request, &everything, progress).await? {
            let Input::Venue(event) = input else { continue };
            holdings.see(event, &everything);
        }
    }
    Ok(holdings)
}

impl Holdings {
    fn see(&mut self, event: VenueEvent, everything: &Markets) {
        let name = |id| everything.get(id).ok().map(|market| market.instrument.name().clone());
        if let VenueEvent::Positions(report) = &event {
            let held = report.rows.iter().filter(|row| !row.qty.is_zero());
            self.listed.extend(held.filter_map(|row| name(row.instrument)));
        }
        if let VenueEvent::OpenOrders(report) = &event {
            self.listed.extend(report.rows.iter().filter_map(|row| name(row.instrument)));
        }
        if let VenueEvent::Elsewhere(report) = event {
            let held = report.rows.into_iter().filter(|row| !row.qty.is_zero());
            self.unlisted.extend(held.map(|row| {
                let price =
                    row.value.and_then(|value| value.get().checked_div(row.qty)).map(|price| price.abs());
                (row.symbol.as_str().to_owned(), Remains { qty: row.qty, price })
            }));
        }
    }
}

/// The table of the rows, numbered in their order.
pub(super) fn table(chosen: &[Chosen], config: &Config, carry: Option<&Carry>) -> Result<Table, LiveError> {
    let mut markets = Vec::new();
    let mut rules = Vec::new();
    for (number, Chosen { row, trading }) in (0_u32..).zip(chosen) {
        let market = market(number, row, config, carry)?;
        if *trading != Trading::Open {
            rules.push(market.instrument.rules(*trading));
        }
        markets.push(market);
    }
    let markets = Markets::new(markets).map_err(|error| refused("instruments", error.to_string()))?;
    Ok(Table { markets, chosen: 0, rules })
}

/// Rules of trading are the venue's; fees, leverage and the signal may be stated in the configuration.
fn market(
    number: u32,
    row: &ListedInstrument,
    config: &Config,
    carry: Option<&Carry>,
) -> Result<Market, LiveError> {
    let mut spec = row.spec.clone();
    own_terms(&mut spec, config);
    let (price, qty) = carry.map_or((0, 0), |carry| carry.decimals(&spec.name));
    let room = |decimals: u32| (decimals + HEADROOM).min(DECIMALS_MAX);
    let (price, qty) = (price.max(room(row.price_decimals)), qty.max(room(row.qty_decimals)));
    let instrument = Instrument::with_decimals(InstrumentId(number), spec, price, qty)?;
    Ok(Market { listed: row.clone(), instrument })
}

/// What the configuration states of an instrument goes before what the venue lists.
pub(super) fn own_terms(spec: &mut InstrumentSpec, config: &Config) {
    let own: Option<&InstrumentSpec> = config.instruments.iter().find(|own| own.name == spec.name);
    if let Some(own) = own {
        spec.taker_fee_bps = own.taker_fee_bps.or(spec.taker_fee_bps);
        spec.maker_fee_bps = own.maker_fee_bps.or(spec.maker_fee_bps);
        spec.leverage_max = own.leverage_max.min(spec.leverage_max);
        spec.signal.clone_from(&own.signal);
    }
}
