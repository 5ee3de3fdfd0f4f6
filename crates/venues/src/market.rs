//! Markets: what a venue lists, under which spellings, and the table that codecs translate with.
//!
//! Invariants: a venue's spelling never leaves its codec; spellings are compared without regard to case and
//! sent as the venue writes them; two markets of one table never share a spelling or a canonical name.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_model::{
    ContractKind, Currency, Instrument, InstrumentId, InstrumentName, InstrumentSpec, Price, PriceRounding,
    PriceUnits, Qty, QtyUnits,
};
use serde::{Deserialize, Serialize};

use crate::error::VenueError;

/// An instrument as a venue lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedInstrument {
    /// The spelling in requests.
    pub symbol: String,
    /// The spelling on the stream, where it differs.
    pub stream_symbol: String,
    /// Further spellings in answers.
    pub aliases: Vec<String>,
    /// Names, steps, minima, margin.
    pub spec: InstrumentSpec,
    /// Whether orders are taken at the moment.
    pub tradeable: bool,
    /// Whether only orders that rest are taken at the moment.
    pub post_only: bool,
    /// Decimals that the venue writes prices with (for checksums).
    pub price_decimals: u32,
    /// Decimals that the venue writes quantities with (for checksums).
    pub qty_decimals: u32,
}

/// A listed row that is not offered to the rest of the system, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// The venue's spelling.
    pub symbol: String,
    /// The reason, in words.
    pub reason: String,
}

/// What is known of something that is held on an instrument that is not listed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remains {
    /// Quantity, signed.
    pub qty: Decimal,
    /// What it cost, or what it was last worth; above zero where it is known.
    pub price: Option<Decimal>,
}

/// Digits of a price that a grid of unknown fineness surely has: ticks are a hundredth of a percent of the
/// price and less.
const DIGITS_SURE: u32 = 4;
/// Decimals where nothing is known.
const DECIMALS_UNKNOWN: u32 = 8;

impl Remains {
    /// A tick that is a multiple of the real one, as far as prices tell: the fourth digit of the price.
    #[must_use]
    pub fn tick(&self) -> Price {
        let known = self.price.filter(|price| *price > Decimal::ZERO);
        let Some(price) = known else { return Price::new(Decimal::new(1, DECIMALS_UNKNOWN)) };
        let mut tick = Decimal::ONE;
        let most = Decimal::from(10_u64.pow(DIGITS_SURE));
        while price.checked_div(tick).is_some_and(|steps| steps >= most) {
            tick = tick.saturating_mul(Decimal::TEN);
        }
        let least = Decimal::from(10_u64.pow(DIGITS_SURE - 1));
        while price.checked_div(tick).is_some_and(|steps| steps < least) && tick.scale() < 12 {
            tick = tick.saturating_mul(Decimal::new(1, 1));
        }
        Price::new(tick.normalize())
    }

    /// A lot that the quantity is a multiple of: its last decimal.
    #[must_use]
    pub fn lot(&self) -> Qty {
        Qty::new(Decimal::new(1, self.qty.normalize().scale().min(12)))
    }
}

/// An instrument of the run with its spellings at the venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Market {
    /// As the venue lists it.
    pub listed: ListedInstrument,
    /// As the run trades it.
    pub instrument: Instrument,
}

impl Market {
    /// The run's number of it.
    #[must_use]
    pub fn id(&self) -> InstrumentId {
        self.instrument.id()
    }

    /// A price of the venue, exactly.
    ///
    /// # Errors
    /// [`VenueError::Payload`] for a price that the instrument cannot represent.
    pub fn price(&self, what: &'static str, value: Decimal) -> Result<PriceUnits, VenueError> {
        self.instrument.price_units(Price::new(value)).map_err(|error| VenueError::payload(what, error))
    }

    /// A measured price (mark, average entry) on the tick nearest to it: venues compute these with more
    /// decimals than the instrument trades in, and nobody orders at them.
    ///
    /// # Errors
    /// [`VenueError::Payload`] for a price out of range.
    pub fn nearest_price(&self, what: &'static str, value: Decimal) -> Result<PriceUnits, VenueError> {
        self.instrument
            .round_price(value, PriceRounding::Nearest)
            .ok_or_else(|| VenueError::payload(what, format!("{value} is out of range")))
    }

    /// A quantity of the venue, exactly.
    ///
    /// # Errors
    /// [`VenueError::Payload`] for a quantity that the instrument cannot represent.
    pub fn qty(&self, what: &'static str, value: Decimal) -> Result<QtyUnits, VenueError> {
        self.instrument.qty_units(Qty::new(value)).map_err(|error| VenueError::payload(what, error))
    }
}

/// Spellings per market are few; a table is for one run.
const MARKETS_MAX: usize = 2_000;

/// The markets of a run, found by number or by any spelling.
#[derive(Debug, Clone, Default)]
pub struct Markets {
    by_id: BTreeMap<InstrumentId, Market>,
    by_spelling: BTreeMap<String, InstrumentId>,
}

impl Markets {
    /// A checked table.
    ///
    /// # Errors
    /// [`VenueError::Ambiguous`] where two markets share a spelling (I-71: a coin-margined alias overwrote
    /// the quotes of the linear contract), [`VenueError::Full`] for more than 2000.
    pub fn new(markets: impl IntoIterator<Item = Market>) -> Result<Self, VenueError> {
        let mut table = Markets::default();
        for market in markets {
            if table.by_id.len() >= MARKETS_MAX {
                return Err(VenueError::Full { what: "markets", bound: MARKETS_MAX });
            }
            let id = market.id();
            let own = [&market.listed.symbol, &market.listed.stream_symbol];
            for spelling in own.into_iter().chain(&market.listed.aliases) {
                let known = table.by_spelling.insert(spelling.to_lowercase(), id);
                if let Some(other) = known.filter(|known| *known != id) {
                    let left = table.by_id.get(&other).map(|other| other.listed.symbol.clone());
                    return Err(VenueError::Ambiguous {
                        left: left.unwrap_or_default(),
                        right: market.listed.symbol.clone(),
                        what: format!("called `{spelling}`"),
                    });
                }
            }
            if let Some(other) = table.by_id.insert(id, market) {
                return Err(VenueError::Ambiguous {
                    left: other.listed.symbol.clone(),
                    right: other.instrument.name().to_string(),
                    what: format!("number {}", id.0),
                });
            }
        }
        Ok(table)
    }

    /// By number.
    ///
    /// # Errors
    /// [`VenueError::UnknownSymbol`].
    pub fn get(&self, id: InstrumentId) -> Result<&Market, VenueError> {
        self.by_id.get(&id).ok_or_else(|| VenueError::UnknownSymbol { symbol: format!("number {}", id.0) })
    }

    /// By any spelling of the venue, in any case (I-78).
    #[must_use]
    pub fn find(&self, spelling: &str) -> Option<&Market> {
        let id = match self.by_spelling.get(spelling) {
            Some(id) => id,
            None => self.by_spelling.get(&spelling.to_lowercase())?,
        };
        self.by_id.get(id)
    }

    /// All, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Market> {
        self.by_id.values()
    }
}

/// A perpetual for each spot market, and the spot markets that have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PerpetualMap {
    /// Spot name and the perpetual's symbol.
    pub pairs: Vec<(InstrumentName, String)>,
    /// Spot names without a perpetual that can be traded.
    pub unmapped: Vec<InstrumentName>,
}

/// Maps spot markets to linear perpetuals over the whole listing: by base and quote, else by the usual
/// spelling, and only where neither is listed by the operator's own map. Nothing that is not listed is mapped
/// to.
#[must_use]
pub fn map_to_perpetuals(
    spot: &[InstrumentName],
    listed: &[ListedInstrument],
    fallback: &[(Currency, String)],
) -> PerpetualMap {
    let linear = |row: &&ListedInstrument| row.tradeable && row.spec.kind == ContractKind::LinearPerpetual;
    let mut map = PerpetualMap::default();
    for name in spot {
        let by_operator = || {
            let (_, symbol) = fallback.iter().find(|(base, _)| *base == name.base())?;
            listed.iter().filter(linear).find(|row| row.symbol.eq_ignore_ascii_case(symbol))
        };
        let same = |row: &&ListedInstrument| {
            row.spec.name.base() == name.base() && row.spec.name.quote() == name.quote()
        };
        let by_name = || listed.iter().filter(linear).find(same);
        let usual = format!("PF_{}{}", name.base(), name.quote());
        let by_spelling = || listed.iter().filter(linear).find(|row| row.symbol.eq_ignore_ascii_case(&usual));
        match by_name().or_else(by_spelling).or_else(by_operator) {
            Some(row) => map.pairs.push((name.clone(), row.symbol.clone())),
            None => map.unmapped.push(name.clone()),
        }
    }
    map
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn listed(symbol: &str, name: &str) -> ListedInstrument {
        let mut spec = InstrumentSpec::new(name.parse().unwrap());
        spec.tick = Some("0.5".parse().unwrap());
        spec.lot = "0.0001".parse().unwrap();
        ListedInstrument {
            symbol: symbol.to_owned(),
            stream_symbol: symbol.to_owned(),
            aliases: Vec::new(),
            spec,
            tradeable: true,
            post_only: false,
            price_decimals: 1,
            qty_decimals: 4,
        }
    }

    fn market(id: u32, symbol: &str, name: &str) -> Market {
        let listed = listed(symbol, name);
        let instrument = Instrument::new(InstrumentId(id), listed.spec.clone(), 1).unwrap();
        Market { listed, instrument }
    }

    /// I-78: the same instrument in another spelling was "not found".
    #[test]
    fn i_78_a_market_is_found_by_every_spelling_in_any_case() {
        let mut btc = market(3, "PF_XBTUSD", "kraken-futures:BTC/USD:USD");
        btc.listed.aliases.push("XBT:USD".to_owned());
        let markets = Markets::new([btc]).unwrap();
        for spelling in ["PF_XBTUSD", "pf_xbtusd", "XBT:USD"] {
            assert_eq!(markets.find(spelling).map(Market::id), Some(InstrumentId(3)), "{spelling}");
        }
        assert!(markets.find("PI_XBTUSD").is_none() && markets.get(InstrumentId(0)).is_err());
    }

    /// I-71: an alias of the coin-margined contract overwrote the linear one's quotes.
    #[test]
    fn i_71_two_markets_with_one_spelling_are_refused() {
        let one = market(0, "PF_XBTUSD", "kraken-futures:BTC/USD:USD");
        let two = market(1, "pf_xbtusd", "kraken-futures:ETH/USD:USD");
        assert!(matches!(Markets::new([one.clone(), two]), Err(VenueError::Ambiguous { .. })));
        assert!(matches!(Markets::new([one.clone(), one]), Err(VenueError::Ambiguous { .. })));
    }

    #[test]
    fn the_grid_of_what_is_not_listed_any_more_is_a_part_of_the_real_one() {
        let grid = |qty: &str, price: &str| {
            let number = |text: &str| text.parse::<Decimal>().unwrap();
            let remains = Remains { qty: number(qty), price: Some(number(price)) };
            (remains.tick().to_string(), remains.lot().to_string())
        };
        assert_eq!(grid("0.0123", "61234.5"), ("10".to_owned(), "0.0001".to_owned()));
        assert_eq!(grid("-3", "152.37"), ("0.1".to_owned(), "1".to_owned()));
        assert_eq!(grid("1000", "0.000012345"), ("0.00000001".to_owned(), "1".to_owned()));
        let unknown = Remains { qty: Decimal::ONE, price: None };
        assert_eq!(unknown.tick().to_string(), "0.00000001");
    }

    #[test]
    fn spot_markets_map_to_listed_perpetuals_only() {
        let listed = [
            listed("PF_XBTUSD", "kraken-futures:BTC/USD:USD"),
            listed("PF_ETHUSD", "kraken-futures:ETH/USD:USD"),
            ListedInstrument { tradeable: false, ..listed("PF_XRPUSD", "kraken-futures:XRP/USD:USD") },
        ];
        let spot: Vec<InstrumentName> =
            ["kraken:BTC/USD", "kraken:ETH/USD", "kraken:XRP/USD", "kraken:ADA/USD"]
                .map(|name| name.parse().unwrap())
                .to_vec();
        let fallback = [("ETH".parse().unwrap(), "PF_NOTLISTED".to_owned())];
        let map = map_to_perpetuals(&spot, &listed, &fallback);
        let pairs: Vec<&str> = map.pairs.iter().map(|(_, symbol)| symbol.as_str()).collect();
        assert_eq!(pairs, ["PF_XBTUSD", "PF_ETHUSD"]);
        assert_eq!(map.unmapped.len(), 2);
        // The operator's map helps where the names say nothing, and only there.
        let fallback = [
            ("ADA".parse().unwrap(), "pf_ethusd".to_owned()),
            ("BTC".parse().unwrap(), "PF_ETHUSD".to_owned()),
        ];
        let map = map_to_perpetuals(&spot, &listed, &fallback);
        let pairs: Vec<&str> = map.pairs.iter().map(|(_, symbol)| symbol.as_str()).collect();
        assert_eq!(pairs, ["PF_XBTUSD", "PF_ETHUSD", "PF_ETHUSD"]);
    }
}
