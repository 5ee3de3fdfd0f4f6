//! From the venue's listings to the run's table: what is traded, what is only read, and why the rest is not.
//!
//! Invariants: nothing is in the table that a listing does not have; equal listings give equal tables in an
//! equal order; each row that is left out has a reason in words. What is held is not asked about here:
//! whoever starts a run adds it, whatever the plan says.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_model::{
    Coverage, Currency, Input, Instrument, InstrumentId, InstrumentName, ListingRow, Report, Ts,
};
use serde::{Deserialize, Serialize};

use crate::error::VenueError;
use crate::market::{Excluded, ListedInstrument, Market, Markets, map_to_perpetuals};
use crate::query::Ticker;

/// What a run takes of what is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Perpetuals in this currency.
    pub quote: Currency,
    /// Strategies read the candles of the coin's spot market.
    pub signals_from_spot: bool,
    /// A perpetual without a spot market is traded on its own candles; else it is left out.
    pub futures_only: bool,
    /// Instruments that are traded at most; those with the least turnover are left out.
    pub instruments_max: usize,
    /// Perpetuals by base, for spot markets whose names do not say which one is theirs.
    pub fallback: Vec<(Currency, String)>,
    /// Bases that are never traded.
    pub blocked_bases: Vec<Currency>,
}

/// The listings of a venue, and what was traded there.
#[derive(Debug, Clone, Copy)]
pub struct Listings<'a> {
    /// What can be traded.
    pub traded: &'a [ListedInstrument],
    /// Spot markets; empty where none are read.
    pub spot: &'a [ListedInstrument],
    /// Turnover of 24 hours in quote currency by symbol; what is missing is not known.
    pub turnover: &'a BTreeMap<String, Decimal>,
}

/// The instruments of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Universe {
    /// Traded, by name. Their specs name the spot market that their strategy reads.
    pub traded: Vec<ListedInstrument>,
    /// Read in their place, by name.
    pub read_only: Vec<ListedInstrument>,
}

/// The table and what is not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The instruments of the run.
    pub universe: Universe,
    /// What is left out, and why.
    pub excluded: Vec<Excluded>,
}

/// Chooses the instruments of a run.
#[must_use]
pub fn plan(policy: &Policy, listings: Listings<'_>) -> Plan {
    let mut plan = Plan::default();
    let spot_names: Vec<InstrumentName> = listings
        .spot
        .iter()
        .filter(|row| row.tradeable && row.spec.name.quote() == policy.quote)
        .map(|row| row.spec.name.clone())
        .collect();
    let map = map_to_perpetuals(&spot_names, listings.traded, &policy.fallback);
    let mut chosen: Vec<ListedInstrument> = Vec::new();
    for row in listings.traded {
        let mut row = row.clone();
        // The pair of the same name goes before one that the operator's map brought.
        let same = |(name, symbol): &&(InstrumentName, String)| {
            *symbol == row.symbol && name.base() == row.spec.name.base()
        };
        let mapped = map.pairs.iter().find(same);
        let mapped = mapped.or_else(|| map.pairs.iter().find(|(_, symbol)| *symbol == row.symbol));
        if policy.signals_from_spot {
            row.spec.signal = mapped.map(|(name, _)| name.clone());
        }
        match refused(policy, &row) {
            Some(reason) => plan.excluded.push(Excluded { symbol: row.symbol, reason }),
            None => chosen.push(row),
        }
    }
    let turnover = |row: &ListedInstrument| listings.turnover.get(&row.symbol).copied();
    chosen.sort_by(|left, right| {
        turnover(right).cmp(&turnover(left)).then_with(|| left.spec.name.cmp(&right.spec.name))
    });
    for row in chosen.split_off(policy.instruments_max.min(chosen.len())) {
        let reason = format!("not among the {} with the most turnover", policy.instruments_max);
        plan.excluded.push(Excluded { symbol: row.symbol, reason });
    }
    chosen.sort_by(|left, right| left.spec.name.cmp(&right.spec.name));
    let read = |row: &&ListedInstrument| {
        chosen.iter().any(|traded| traded.spec.signal.as_ref() == Some(&row.spec.name))
    };
    plan.universe.read_only = listings.spot.iter().filter(read).cloned().collect();
    plan.universe.read_only.sort_by(|left, right| left.spec.name.cmp(&right.spec.name));
    plan.universe.traded = chosen;
    plan
}

/// Why a row is not traded.
fn refused(policy: &Policy, row: &ListedInstrument) -> Option<String> {
    let name = &row.spec.name;
    if name.quote() != policy.quote {
        return Some(format!("quoted in {} and not in {}", name.quote(), policy.quote));
    }
    if policy.blocked_bases.contains(&name.base()) {
        return Some(format!("{} is blocked", name.base()));
    }
    if !row.tradeable {
        return Some("takes no orders at the moment".to_owned());
    }
    if policy.signals_from_spot && !policy.futures_only && row.spec.signal.is_none() {
        return Some("has no spot market to read".to_owned());
    }
    contradiction(row)
}

/// What is wrong with the rules of a row: no table can have it.
#[must_use]
pub fn contradiction(row: &ListedInstrument) -> Option<String> {
    market((0, row)).err().map(|error| error.to_string())
}

/// A table of everything that is listed, to ask for tickers and holdings before there is a table of the run.
/// A row whose rules contradict themselves is not in it: with one bad row, every position of the account
/// would seem to be on something that is not listed.
///
/// # Errors
/// Two markets with one spelling, or more than a table holds.
pub fn provisional(listed: &[ListedInstrument]) -> Result<Markets, VenueError> {
    Markets::new((0..).zip(listed).filter_map(|numbered| market(numbered).ok()))
}

impl Universe {
    /// The markets that are traded, numbered from 0, and those that are read, numbered after them: the
    /// numbers of the run's table.
    ///
    /// # Errors
    /// Contradicting rules, two markets with one spelling, or more than a table holds.
    pub fn markets(&self) -> Result<(Markets, Markets), VenueError> {
        let first = u32::try_from(self.traded.len()).unwrap_or(u32::MAX);
        Ok((numbered(0, &self.traded)?, numbered(first, &self.read_only)?))
    }
}

fn numbered(first: u32, listed: &[ListedInstrument]) -> Result<Markets, VenueError> {
    let markets: Result<Vec<Market>, VenueError> = (first..).zip(listed).map(market).collect();
    Markets::new(markets?)
}

fn market((number, row): (u32, &ListedInstrument)) -> Result<Market, VenueError> {
    let instrument = Instrument::new(InstrumentId(number), row.spec.clone(), row.price_decimals)
        .map_err(|error| VenueError::payload("rules of an instrument", error))?;
    Ok(Market { listed: row.clone(), instrument })
}

/// Turnover of 24 hours in quote currency by symbol: the volume at the last price.
#[must_use]
pub fn turnover(markets: &Markets, tickers: &[Ticker]) -> BTreeMap<String, Decimal> {
    let one = |ticker: &Ticker| {
        let market = markets.get(ticker.instrument).ok()?;
        let price = market.instrument.price(ticker.last.or(ticker.mark)?).get();
        let base = ticker.volume_24h?.checked_mul(market.instrument.spec().contract_size.get())?;
        Some((market.listed.symbol.clone(), base.checked_mul(price)?))
    };
    tickers.iter().filter_map(one).collect()
}

/// The listing as the engine is told it. Rows that take no orders are not in it, so what was suspended or
/// taken off the list falls out of the universe. Without tickers the report is a failed one: a failed
/// question is never an empty listing.
#[must_use]
pub fn listing(taken_at: Ts, markets: &[&Markets], tickers: Option<&[Ticker]>) -> Input {
    let Some(tickers) = tickers else {
        return Input::Listing(Report { coverage: Coverage::Failed, taken_at, rows: Vec::new() });
    };
    let rows = markets.iter().flat_map(|table| {
        let volumes = turnover(table, tickers);
        table.iter().filter(|market| market.listed.tradeable && !market.listed.post_only).filter_map(
            move |market| {
                let ticker = tickers.iter().find(|ticker| ticker.instrument == market.id());
                if ticker.is_some_and(|ticker| ticker.suspended || ticker.post_only) {
                    return None;
                }
                let price = |units| market.instrument.price(units);
                let volume = volumes.get(&market.listed.symbol);
                Some(ListingRow {
                    name: market.instrument.name().clone(),
                    kind: market.instrument.spec().kind.into(),
                    // A measurement: the nearest float is as good.
                    volume_24h: volume.and_then(|volume| volume.to_string().parse().ok()),
                    bid: ticker.and_then(|ticker| ticker.bid).map(price),
                    ask: ticker.and_then(|ticker| ticker.ask).map(price),
                })
            },
        )
    });
    Input::Listing(Report { coverage: Coverage::Complete, taken_at, rows: rows.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::tests::listed as row;
    use seawall_model::ContractKind;

    fn spot(symbol: &str, name: &str) -> ListedInstrument {
        let mut row = row(symbol, name);
        row.spec.kind = ContractKind::Spot;
        row.spec.leverage_max = "1".parse().unwrap();
        row
    }

    fn perpetuals() -> Vec<ListedInstrument> {
        vec![
            row("PF_XBTUSD", "kraken-futures:BTC/USD:USD"),
            row("PF_ETHUSD", "kraken-futures:ETH/USD:USD"),
            row("PF_NEWUSD", "kraken-futures:NEW/USD:USD"),
            ListedInstrument { tradeable: false, ..row("PF_XRPUSD", "kraken-futures:XRP/USD:USD") },
            row("PF_ADAEUR", "kraken-futures:ADA/EUR:EUR"),
        ]
    }

    fn policy() -> Policy {
        Policy {
            quote: "USD".parse().unwrap(),
            signals_from_spot: true,
            futures_only: false,
            instruments_max: 300,
            fallback: Vec::new(),
            blocked_bases: Vec::new(),
        }
    }

    fn planned(policy: &Policy) -> Plan {
        let spot = [
            spot("XBTUSD", "kraken:BTC/USD"),
            spot("ETHUSD", "kraken:ETH/USD"),
            spot("XBTEUR", "kraken:BTC/EUR"),
        ];
        let turnover = [("PF_XBTUSD", 10), ("PF_ETHUSD", 30)]
            .map(|(symbol, sum)| (symbol.to_owned(), Decimal::from(sum)));
        let turnover = turnover.into_iter().collect();
        plan(policy, Listings { traded: &perpetuals(), spot: &spot, turnover: &turnover })
    }

    fn symbols(rows: &[ListedInstrument]) -> Vec<&str> {
        rows.iter().map(|row| row.symbol.as_str()).collect()
    }

    fn reason<'a>(plan: &'a Plan, symbol: &str) -> &'a str {
        &plan.excluded.iter().find(|out| out.symbol == symbol).unwrap().reason
    }

    #[test]
    fn a_perpetual_reads_the_spot_market_of_its_coin_and_what_has_none_says_so() {
        let plan = planned(&policy());
        assert_eq!(symbols(&plan.universe.traded), ["PF_XBTUSD", "PF_ETHUSD"]);
        assert_eq!(symbols(&plan.universe.read_only), ["XBTUSD", "ETHUSD"]);
        let signal = plan.universe.traded[0].spec.signal.as_ref().unwrap();
        assert_eq!(signal.as_str(), "kraken:BTC/USD");
        assert!(reason(&plan, "PF_NEWUSD").contains("no spot market"));
        assert!(reason(&plan, "PF_XRPUSD").contains("no orders"));
        assert!(reason(&plan, "PF_ADAEUR").contains("quoted in EUR"));
        let (traded, read) = plan.universe.markets().unwrap();
        assert_eq!(traded.iter().map(|market| market.id().0).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(read.iter().map(|market| market.id().0).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn perpetuals_alone_are_traded_on_their_own_candles_where_that_is_allowed() {
        let plan = planned(&Policy { futures_only: true, ..policy() });
        assert_eq!(symbols(&plan.universe.traded), ["PF_XBTUSD", "PF_ETHUSD", "PF_NEWUSD"]);
        assert!(plan.universe.traded[2].spec.signal.is_none());
        let plan = planned(&Policy { signals_from_spot: false, ..policy() });
        assert!(plan.universe.read_only.is_empty() && plan.universe.traded.len() == 3);
    }

    #[test]
    fn the_operator_s_map_is_a_fallback_and_blocked_bases_stay_out() {
        let mut policy = Policy { blocked_bases: vec!["ETH".parse().unwrap()], ..policy() };
        policy.fallback = vec![("BTC".parse().unwrap(), "PF_NEWUSD".to_owned())];
        let plan = planned(&policy);
        assert_eq!(symbols(&plan.universe.traded), ["PF_XBTUSD"], "the listing names BTC's own perpetual");
        assert!(reason(&plan, "PF_ETHUSD").contains("blocked"));
    }

    #[test]
    fn the_most_traded_stay_and_an_unknown_turnover_is_the_least() {
        let mut policy = Policy { instruments_max: 1, ..policy() };
        let plan = planned(&policy);
        assert_eq!(symbols(&plan.universe.traded), ["PF_ETHUSD"]);
        assert!(reason(&plan, "PF_XBTUSD").contains("most turnover"));
        (policy.instruments_max, policy.futures_only) = (2, true);
        let plan = planned(&policy);
        assert_eq!(symbols(&plan.universe.traded), ["PF_XBTUSD", "PF_ETHUSD"]);
        assert!(reason(&plan, "PF_NEWUSD").contains("most turnover"));
    }

    #[test]
    fn a_row_whose_rules_contradict_themselves_is_left_out_and_takes_no_other_along() {
        let mut listed = perpetuals();
        listed[0].spec.leverage_max = "0".parse().unwrap();
        let table = provisional(&listed).unwrap();
        assert!(table.find("PF_XBTUSD").is_none());
        assert_eq!(table.find("PF_ETHUSD").unwrap().id(), InstrumentId(1), "the others keep their numbers");
        assert_eq!(table.iter().count(), 4);
        let policy = Policy { signals_from_spot: false, ..policy() };
        let plan = plan(&policy, Listings { traded: &listed, spot: &[], turnover: &BTreeMap::new() });
        assert_eq!(symbols(&plan.universe.traded), ["PF_ETHUSD", "PF_NEWUSD"]);
        assert!(reason(&plan, "PF_XBTUSD").contains("leverage_max"));
    }

    #[test]
    fn a_listing_has_turnover_and_quotes_and_a_failed_question_is_no_listing() {
        let markets = provisional(&perpetuals()[..2]).unwrap();
        let btc = markets.get(InstrumentId(0)).unwrap();
        let units = |text: &str| Some(btc.instrument.price_units(text.parse().unwrap()).unwrap());
        let ticker = Ticker {
            instrument: InstrumentId(0),
            bid: units("99.5"),
            ask: units("100.5"),
            last: units("100"),
            mark: None,
            index: None,
            volume_24h: Some(Decimal::from(7)),
            funding_rate_1h: None,
            suspended: false,
            post_only: false,
        };
        let rows = |tickers: &[Ticker]| {
            let Input::Listing(report) = listing(Ts::EPOCH, &[&markets], Some(tickers)) else { panic!() };
            assert_eq!(report.coverage, Coverage::Complete);
            report.rows
        };
        let told = rows(&[ticker]);
        assert_eq!((told.len(), told[0].volume_24h), (2, Some(700.0)));
        assert_eq!(told[0].bid.unwrap().to_string(), "99.5");
        assert_eq!((told[1].volume_24h, told[1].bid), (None, None), "not known is not zero");
        let halted = Ticker { suspended: true, ..ticker };
        assert_eq!(rows(&[halted]).len(), 1);
        let Input::Listing(failed) = listing(Ts::EPOCH, &[&markets], None) else { panic!() };
        assert_eq!((failed.coverage, failed.rows.len()), (Coverage::Failed, 0));
    }
}
