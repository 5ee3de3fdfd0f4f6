//! The venue's names for pairs and assets. Requests take any of a pair's names, answers are keyed by its id;
//! the stream has names of its own and takes no other.

use std::collections::BTreeMap;

use seawall_model::InstrumentId;

use crate::world::{Market, World};

/// The one quote currency.
pub(super) const QUOTE: &str = "USD";
/// Its name as an asset.
pub(super) const QUOTE_ID: &str = "ZUSD";

/// The names of one pair.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    /// What answers are keyed by: `XXBTZUSD`.
    pub(super) id: String,
    /// What descriptions say: `XBTUSD`.
    pub(super) altname: String,
    /// `XBT/USD`.
    pub(super) wsname: String,
    /// What the stream says: `BTC/USD`.
    pub(super) symbol: String,
    /// The asset that is traded: `XXBT`.
    pub(super) base: String,
    /// Its name on the stream: `BTC`.
    pub(super) code: String,
}

/// All pairs by any name.
#[derive(Debug, Default)]
pub(super) struct Names {
    pairs: Vec<Pair>,
    known: BTreeMap<String, InstrumentId>,
}

impl Names {
    pub(super) fn new(world: &World) -> Self {
        let mut names = Names::default();
        for market in world.markets() {
            let pair = Pair::of(market);
            for name in [&pair.id, &pair.altname, &pair.wsname, &pair.symbol] {
                names.known.insert(name.to_ascii_uppercase(), market.instrument.id());
            }
            names.pairs.push(pair);
        }
        names
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The pair of an instrument.
    pub(super) fn pair(&self, instrument: InstrumentId) -> Option<&Pair> {
        self.pairs.get(instrument.index())
    }

    /// The instrument of any of a pair's names.
    pub(super) fn find(&self, name: &str) -> Option<InstrumentId> {
        self.known.get(&name.to_ascii_uppercase()).copied()
    }

    /// The code of an asset by any of its names.
    pub(super) fn code(&self, name: &str) -> Option<String> {
        let is_it = |code: &str| {
            [code, altname(code), &asset(code)].iter().any(|known| known.eq_ignore_ascii_case(name))
        };
        let codes = core::iter::once(QUOTE).chain(self.pairs.iter().map(|pair| pair.code.as_str()));
        codes.into_iter().find(|code| is_it(code)).map(str::to_owned)
    }

    /// The instrument of a name of the stream.
    pub(super) fn of_stream(&self, symbol: &str) -> Option<InstrumentId> {
        self.find(symbol).filter(|id| self.pair(*id).is_some_and(|pair| pair.symbol == symbol))
    }
}

impl Pair {
    fn of(market: &Market) -> Pair {
        let code = market.instrument.name().base().code().to_owned();
        let base = asset(&code);
        let alt = altname(&code);
        // The oldest assets have a letter before their code, and in their pairs the quote has one too.
        let id = if base == code { format!("{code}{QUOTE}") } else { format!("{base}{QUOTE_ID}") };
        Pair {
            id,
            altname: format!("{alt}{QUOTE}"),
            wsname: format!("{alt}/{QUOTE}"),
            symbol: format!("{code}/{QUOTE}"),
            base,
            code,
        }
    }
}

/// The venue's id of an asset.
pub(super) fn asset(code: &str) -> String {
    match code {
        "BTC" => "XXBT",
        "DOGE" => "XXDG",
        "ETH" => "XETH",
        "XRP" => "XXRP",
        "LTC" => "XLTC",
        "USD" => QUOTE_ID,
        other => other,
    }
    .to_owned()
}

/// The venue's short name of an asset.
pub(super) fn altname(code: &str) -> &str {
    match code {
        "BTC" => "XBT",
        "DOGE" => "XDG",
        other => other,
    }
}
