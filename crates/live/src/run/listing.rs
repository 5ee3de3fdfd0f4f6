//! What the venue lists, on a schedule: volumes and spreads decide over entries, and what has changed in the
//! rules of an instrument is told to the engine.
//!
//! Invariants: a failed question changes nothing; a listing that has lost too many of the run's instruments
//! is not believed; codecs and engine get the same rules, codecs first.

use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use seawall_config::Config;
use seawall_model::{Input, Instrument, InstrumentSpec, Rules, Trading};
use seawall_venues::discovery::listing;
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
    /// The spot venue, where one is named.
    pub(super) spot: Option<Client>,
    pub(super) every: Duration,
}

/// Asks for instruments and prices on schedule, for as long as the venue's task lives.
pub(super) async fn follow(mut watch: Watch) {
    loop {
        let listed = watch.listed().await;
        let told = watch.look().await;
        let complete = listed && told;
        tokio::time::sleep(if complete { watch.every } else { PAUSE }).await;
    }
}

impl Watch {
    /// Takes over what is listed now; says whether there was an answer.
    async fn listed(&mut self) -> bool {
        let Ok(Answer::Instruments { listed, .. }) = self.venue.ask(Query::Instruments).await else {
            return false;
        };
        let (markets, rules) = refreshed(&self.markets, &listed, &self.config);
        let gone = rules.iter().filter(|rules| rules.trading == Trading::Delisted).count();
        if !is_believed(&self.config, rules.len(), gone) {
            tracing::warn!(
                gone,
                of = rules.len(),
                "a listing that has lost so many instruments is not believed"
            );
            return true;
        }
        self.markets = markets;
        self.venue.set_markets(self.markets.clone()).await;
        let told = rules.into_iter().map(|rules| Delivery::News(News::Engine(Input::Rules(rules))));
        self.inbox.deliver(&mut told.collect()).await;
        if self.config.discovery.enabled {
            self.tell_new(listed).await;
        }
        true
    }

    /// Volumes and spreads of the run's instruments.
    async fn look(&self) -> bool {
        let tickers = match self.venue.ask(Query::Tickers).await {
            Ok(Answer::Tickers(tickers)) => Some(tickers),
            Ok(_) | Err(_) => None,
        };
        let input = listing(self.clock.now(), &[&self.markets], tickers.as_deref());
        self.inbox.deliver(&mut [Delivery::News(News::Engine(input))].into()).await;
        tickers.is_some()
    }

    /// Instruments that the criteria choose and the run does not have: they come in with the next start.
    async fn tell_new(&mut self, listed: Vec<ListedInstrument>) {
        let Ok(spot) = spot(self.spot.as_mut()).await else { return };
        let own = &self.config.discovery;
        let policy = policy(own, &self.config.universe, Vec::new());
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
    use seawall_model::InstrumentId;

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
    fn a_listing_that_lost_too_many_instruments_is_not_believed() {
        let config = Config::default();
        let believed = |all, gone| is_believed(&config, all, gone);
        assert!(believed(300, 0) && believed(300, 150) && !believed(300, 151));
        assert!(believed(5, 4) && !believed(5, 5) && believed(1, 1));
    }
}
