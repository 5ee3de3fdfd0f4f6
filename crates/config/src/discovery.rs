//! The section `discovery`: the instruments of a run as the venue lists them, instead of by name.

use schemars::JsonSchema;
use seawall_model::Currency;
use serde::{Deserialize, Serialize};

/// The perpetual of a coin, for a coin whose spot market's name does not say which one it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerpetualOf {
    /// The base of the spot market.
    pub base: Currency,
    /// The venue's spelling of the perpetual, like `PF_XBTUSD`.
    pub symbol: String,
}

/// The `discovery` section: which instruments of a listing a run trades. The criteria of `universe` (block
/// lists, the spot market) hold too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DiscoverySettings {
    /// Whether the venue's listing says what is traded; `run.instruments` is empty then.
    pub enabled: bool,
    /// What prices are in.
    pub quote: Currency,
    /// Instruments that are traded at most: those with the most turnover.
    #[schemars(range(min = 1, max = 1000))]
    pub instruments_max: u32,
    /// Address of the spot venue's requests: `https://api.kraken.com`. It is asked which coins have a spot
    /// market, which `universe.require_spot` goes by. Without it nobody is asked.
    pub spot_rest: Option<String>,
    /// Perpetuals of coins whose spot market has a name of its own. What the listing says goes before.
    pub fallback: Vec<PerpetualOf>,
    /// Oldest listing of an earlier start that may stand for an answer of the venue, in hours.
    #[schemars(range(min = 1, max = 168))]
    pub cache_hours_max: u32,
}

impl Default for DiscoverySettings {
    fn default() -> Self {
        DiscoverySettings {
            enabled: false,
            quote: Currency::USD,
            instruments_max: 300,
            spot_rest: None,
            fallback: Vec::new(),
            cache_hours_max: 12,
        }
    }
}
