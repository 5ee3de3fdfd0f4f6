//! What the venue lists, on a schedule: volumes and spreads decide over entries, and what has changed in the
//! rules of an instrument is told to the engine.
//!
//! Invariants: a failed question changes nothing; a listing that has lost too many of the run's instruments
//! is not believed; codecs and engine get the same rules, codecs first; where a perpetual needs a spot
//! market, the engine is told which have one, or nothing at all.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use seawall_config::Config;
use seawall_model::{
    Coverage, Input, Instrument, InstrumentId, InstrumentName, InstrumentSpec, ListedKind, ListingRow, Rules,
    Trading,
};
use seawall_venues::discovery::listing;
use seawall_venues::market::map_to_perpetuals;
use seawall_venues::{Answer, ListedInstrument, Market, Markets, News, Query};

use super::find::spot;
use super::table::{own_terms, trading};
use crate::discovery::{Seen, planned, policy};
use crate::net::{Client, Delivery, Inbox, VenueHandle};
use crate::wall_clock::WallClock;

/// After a failure it is tried again after this.
const PAUSE: Duration = Duration::from_secs(60);
/// Names that are told at once.
const NAMES_MAX: usize = 8;

/// What is asked, and who is told.
pub(super) struct Watch {
    pub(super) venue: VenueHandle,
    pub(super) inbox: Arc<Inbox>,
    pub(super) clock: Arc<WallClock>,
    /// The instruments of the run.
    pub(super) markets: Markets,
    pub(super) config: Config,
    /// The instruments that the venue did not list when it was believed last.
    pub(super) gone: BTreeSet<InstrumentId>,
    /// The spot venue, where one is named.
    pub(super) spot: Option<Client>,
    pub(super) every: Duration,
}

/// Asks for instruments and prices on schedule, for as long as the venue's task lives.
pub(super) async fn follow(mut watch: Watch) {
    loop {
        let spot = spot(watch.spot.as_mut()).await.ok();
        let listed = watch.listed(spot.as_deref()).await;
        let told = watch.look(spot.as_deref()).await;
        let complete = listed && told && spot.is_some();
        tokio::time::sleep(if complete { watch.every } else { PAUSE }).await;
    }
}

impl Watch {
    /// Takes over what is listed now; says whether there was an answer.
    async fn listed(&mut self, spot: Option<&[ListedInstrument]>) -> bool {
        let Ok(Answer::Instruments { listed, .. }) = self.venue.ask(Query::Instruments).await else {
            return false;
        };
        let (markets, rules) = refreshed(&self.markets, &listed, &self.config);
        let delisted = rules.iter().filter(|rules| rules.trading == Trading::Delisted);
        let gone: BTreeSet<InstrumentId> = delisted.map(|rules| rules.instrument).collect();
        // What was missing before is no news: it says nothing against this listing.
        let (lost, of) = (gone.difference(&self.gone).count(), rules.len().saturating_sub(self.gone.len()));
        if !is_believed(&self.config, of, lost) {
            tracing::warn!(lost, of, "a listing that has lost so many instruments is not believed");
            return true;
        }
        (self.markets, self.gone) = (markets, gone);
        self.venue.set_markets(self.markets.clone()).await;
        let told = rules.into_iter().map(|rules| Delivery::News(News::Engine(Input::Rules(rules))));
        self.inbox.deliver(&mut told.collect()).await;
        if let Some(spot) = spot.filter(|_| self.config.discovery.enabled) {
            self.tell_new(listed, spot.to_vec());
        }
        true
    }

    /// Volumes and spreads of the run's instruments.
    async fn look(&self, spot: Option<&[ListedInstrument]>) -> bool {
        let tickers = match self.venue.ask(Query::Tickers).await {
            Ok(Answer::Tickers(tickers)) => Some(tickers),
            Ok(_) | Err(_) => None,
        };
        let known = tickers.as_deref().filter(|_| spot.is_some() || !self.config.universe.require_spot);
        let mut input = listing(self.clock.now(), &[&self.markets], known);
        if let (Input::Listing(report), Some(spot)) = (&mut input, spot)
            && report.coverage == Coverage::Complete
        {
            report.rows.extend(spot_markets(&self.markets, spot, &self.config));
        }
        self.inbox.deliver(&mut [Delivery::News(News::Engine(input))].into()).await;
        tickers.is_some()
    }

    /// Instruments that the criteria choose and the run does not have: they come in with the next start.
    fn tell_new(&self, listed: Vec<ListedInstrument>, spot: Vec<ListedInstrument>) {
        let own = &self.config.discovery;
        let policy = policy(own, &self.config.universe);
        let Ok(plan) = planned(&policy, &Seen { traded: listed, spot, tickers: Vec::new() }) else { return };
        let known = |row: &&ListedInstrument| {
            !self.markets.iter().any(|market| market.listed.spec.name == row.spec.name)
        };
        let new: Vec<&str> =
            plan.universe.traded.iter().filter(known).map(|row| row.spec.name.as_str()).collect();
        let room = usize::try_from(own.instruments_max).unwrap_or(usize::MAX);
        if !new.is_empty() && self.markets.iter().count() < room {
            let names = new.iter().take(NAMES_MAX).copied().collect::<Vec<_>>().join(", ");
            tracing::info!(count = new.len(), names, "new instruments: the next start takes them in");
        }
    }
}

/// Whether a listing that lacks `gone` of the run's `all` instruments may be true; what a universe is allowed
/// to lose at once holds here too.
fn is_believed(config: &Config, all: usize, gone: usize) -> bool {
    let universe = &config.universe;
    let guarded = u32::try_from(all).unwrap_or(u32::MAX) > universe.shrink_guard_above;
    let left = Decimal::from(all.saturating_sub(gone));
    let least = Decimal::from(all).saturating_mul(universe.shrink_keep_min_pct.fraction());
    gone == 0 || if guarded { left >= least } else { gone < all || all == 1 }
}

/// The spot markets of the run's perpetuals, which `universe.require_spot` goes by. One that the operator's
/// map brings has another name at the venue; the engine gets it under that of the perpetual's coin.
fn spot_markets(markets: &Markets, spot: &[ListedInstrument], config: &Config) -> Vec<ListingRow> {
    let own = &config.discovery;
    let fits = |row: &&ListedInstrument| row.tradeable && row.spec.name.quote() == own.quote;
    let names: Vec<InstrumentName> = spot.iter().filter(fits).map(|row| row.spec.name.clone()).collect();
    let listed: Vec<ListedInstrument> = markets.iter().map(|market| market.listed.clone()).collect();
    let fallback: Vec<_> = own.fallback.iter().map(|one| (one.base, one.symbol.clone())).collect();
    let pairs = map_to_perpetuals(&names, &listed, &fallback).pairs;
    let bases: BTreeSet<InstrumentName> = pairs
        .into_iter()
        .filter_map(|(name, symbol)| {
            let base = markets.find(&symbol)?.instrument.name().base();
            let (venue, _) = name.as_str().split_once(':')?;
            format!("{venue}:{base}/{}", name.quote()).parse().ok()
        })
        .collect();
    let row = |name| ListingRow { name, kind: ListedKind::Spot, volume_24h: None, bid: None, ask: None };
    bases.into_iter().map(row).collect()
}

/// The markets of the run as they are listed now, and the rules of each.
fn refreshed(markets: &Markets, listed: &[ListedInstrument], config: &Config) -> (Markets, Vec<Rules>) {
    let mut rules = Vec::new();
    let mut table = Vec::new();
    for market in markets.iter() {
        let row = listed.iter().find(|row| row.spec.name == market.listed.spec.name);
        let (listed, now) = match row {
            Some(row) => (row.clone(), rules_of(row, &market.instrument, config)),
            None => (
                ListedInstrument { tradeable: false, ..market.listed.clone() },
                market.instrument.rules(Trading::Delisted),
            ),
        };
        let instrument = market.instrument.with_rules(&now).unwrap_or_else(|_| market.instrument.clone());
        table.push(Market { listed, instrument });
        rules.push(now);
    }
    (Markets::new(table).unwrap_or_else(|_| markets.clone()), rules)
}

/// The rules that a row of the listing has for an instrument of the run.
fn rules_of(row: &ListedInstrument, instrument: &Instrument, config: &Config) -> Rules {
    let mut spec: InstrumentSpec = row.spec.clone();
    own_terms(&mut spec, config);
    Rules {
        instrument: instrument.id(),
        trading: trading(row),
        tick: spec.tick.unwrap_or_else(|| instrument.price(instrument.tick())),
        lot: spec.lot,
        min_qty: spec.min_qty.unwrap_or(spec.lot),
        min_notional: spec.min_notional,
        leverage_max: spec.leverage_max,
        leverages: spec.leverages,
        margin_tiers: spec.margin_tiers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_config::PerpetualOf;
    use seawall_engine::universe::{Discovery, discover};
    use seawall_engine::{Standing, UniverseSettings};

    fn row(number: u32) -> ListedInstrument {
        let mut spec = InstrumentSpec::new(format!("kraken-futures:C{number}/USD:USD").parse().unwrap());
        (spec.tick, spec.lot) = (Some("0.5".parse().unwrap()), "0.001".parse().unwrap());
        ListedInstrument {
            symbol: format!("PF_C{number}USD"),
            stream_symbol: format!("PF_C{number}USD"),
            aliases: Vec::new(),
            spec,
            tradeable: true,
            post_only: false,
            price_decimals: 1,
            qty_decimals: 3,
        }
    }

    fn table(count: u32) -> Markets {
        let market = |number: u32| {
            let listed = row(number);
            let spec = listed.spec.clone();
            let instrument = Instrument::with_decimals(InstrumentId(number), spec, 3, 5).unwrap();
            Market { listed, instrument }
        };
        Markets::new((0..count).map(market)).unwrap()
    }

    /// [I-73]: see docs/incidents.md.
    #[test]
    fn rules_are_those_of_the_listing_and_codecs_get_them_too() {
        let mut listed: Vec<_> = (0..3).map(row).collect();
        listed[0].spec.tick = Some("0.25".parse().unwrap());
        listed[1].tradeable = false;
        listed.remove(2);
        let (markets, rules) = refreshed(&table(3), &listed, &Config::default());
        let trading: Vec<Trading> = rules.iter().map(|rules| rules.trading).collect();
        assert_eq!(trading, [Trading::Open, Trading::Suspended, Trading::Delisted]);
        let first = markets.get(InstrumentId(0)).unwrap();
        assert_eq!((rules[0].tick, first.instrument.tick().get()), ("0.25".parse().unwrap(), 250));
        assert_eq!((first.instrument.price_scale(), first.instrument.qty_scale()), (3, 5), "the same scales");
        let (_, again) = refreshed(&markets, &listed, &Config::default());
        assert_eq!(again, rules);
        let mut config = Config::default();
        let own = InstrumentSpec { leverage_max: "2".parse().unwrap(), ..row(0).spec };
        config.instruments.push(own);
        let (_, rules) = refreshed(&table(1), &listed, &config);
        assert_eq!(rules[0].leverage_max.to_string(), "2", "the operator's cap holds");
    }

    #[test]
    fn the_engine_is_told_which_perpetuals_have_a_spot_market_by_name_or_by_the_operator_s_map() {
        let spot = |name: &str| {
            let spec = InstrumentSpec::spot(name.parse().unwrap());
            ListedInstrument { symbol: name.to_owned(), stream_symbol: name.to_owned(), spec, ..row(0) }
        };
        let halted = ListedInstrument { tradeable: false, ..spot("kraken:C2/USD") };
        let spots = [spot("kraken:C0/USD"), spot("kraken:OTHER/USD"), spot("kraken:C2/EUR"), halted];
        let universe = UniverseSettings {
            require_spot: true,
            perpetual_volume_24h_min: None,
            perpetual_spread_max_pct: None,
            ..UniverseSettings::default()
        };
        let mut config = Config { universe, ..Config::default() };
        let markets = table(3);
        let standings = |config: &Config| {
            let input = listing(seawall_model::Ts::EPOCH, &[&markets], Some(&[]));
            let Input::Listing(mut report) = input else { panic!() };
            report.rows.extend(spot_markets(&markets, &spots, config));
            let Discovery::Taken(universe) = discover(&config.universe, None, &report.rows) else { panic!() };
            let of = |market: &Market| {
                universe.get(market.instrument.name(), ListedKind::LinearPerpetual).unwrap().standing
            };
            markets.iter().map(of).collect::<Vec<_>>()
        };
        let (yes, no) = (Standing::Eligible, Standing::NoSpotMarket);
        assert_eq!(standings(&config), [yes, no, no]);
        let fallback = PerpetualOf { base: "OTHER".parse().unwrap(), symbol: "PF_C1USD".to_owned() };
        config.discovery.fallback.push(fallback);
        assert_eq!(standings(&config), [yes, yes, no]);
    }

    #[test]
    fn a_listing_that_lost_too_many_instruments_is_not_believed() {
        let config = Config::default();
        let believed = |all, gone| is_believed(&config, all, gone);
        assert!(believed(300, 0) && believed(300, 150) && !believed(300, 151));
        assert!(believed(5, 4) && !believed(5, 5) && believed(1, 1));
    }
}
