//! One key for an instrument, whatever a venue, a feed or an operator calls it.
//!
//! `PF_XBTUSD`, `XBT/USD`, `BTC/USD:USD` and `kraken-futures:BTC-USD` are the same coin against the same
//! money. Whoever compares two names compares their canonical keys: a position under one spelling and an
//! order under another were taken for two instruments often enough (spec 2.2, [I-18], [I-22], [I-26],
//! [I-31], [I-45]).

use core::fmt;

use crate::instrument::InstrumentName;

/// What Kraken puts before the symbols of its futures: perpetual, inverse, fixed maturity. Whether such a
/// contract may be traded is asked elsewhere; here it is only a name.
const PREFIXES: [&str; 3] = ["PF_", "PI_", "FI_"];

/// A canonical key: base and quote in one word, as in `BTCUSD`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalName(String);

impl CanonicalName {
    /// The key of any spelling; `None` where nothing is left of it or something is in it that no symbol has.
    /// A venue stands in lower case before the first colon, a settle currency behind the last.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let is_venue = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let text = match text.split_once(':') {
            Some((venue, rest)) if venue.bytes().all(is_venue) => rest,
            Some(_) | None => text,
        };
        let text = text.split_once(':').map_or(text, |(pair, _settle)| pair).to_ascii_uppercase();
        let text = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(&text);
        let joined: String = text.chars().filter(|c| !matches!(c, '/' | '-' | '_')).collect();
        let from_xbt = |rest: &str| format!("BTC{rest}");
        let base = joined.strip_prefix("XBT").map_or_else(|| joined.clone(), from_xbt);
        let key = base.strip_suffix("XBT").map_or_else(|| base.clone(), |base| format!("{base}BTC"));
        let sound = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        sound.then_some(CanonicalName(key))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CanonicalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl InstrumentName {
    /// The canonical key: base and quote, without venue and settle currency.
    #[must_use]
    pub fn canonical(&self) -> CanonicalName {
        CanonicalName(format!("{}{}", self.base(), self.quote()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(text: &str) -> String {
        CanonicalName::of(text).unwrap().to_string()
    }

    /// [I-18], [I-22], [I-26], [I-31]: spot, unified and futures spellings were compared as they stood.
    #[test]
    fn every_spelling_of_an_instrument_has_one_key() {
        for text in [
            "PF_XBTUSD",
            "PI_XBTUSD",
            "pf_xbtusd",
            "XBT/USD",
            "BTC/USD",
            "BTC/USD:USD",
            "BTC-USD",
            "BTC_USD",
            "BTCUSD",
            "kraken:XBT/USD",
            "kraken-futures:BTC/USD:USD",
            "kraken-futures:PF_XBTUSD",
        ] {
            assert_eq!(key(text), "BTCUSD", "{text}");
        }
        assert_eq!(key("PF_TRXUSD"), key("TRX/USD"));
        assert_eq!(key("ETH/XBT"), "ETHBTC");
    }

    /// [I-45]: bitcoin under its other name was a position of nobody.
    #[test]
    fn bitcoin_has_one_name_and_coins_that_sound_alike_keep_theirs() {
        assert_eq!(key("XBTUSD"), key("BTCUSD"));
        assert_ne!(key("BTC/USD"), key("BTC/USDT"));
        assert_ne!(key("WBTC/USD"), key("BTC/USD"));
        assert_ne!(key("FI_XBTUSD_240628"), key("PF_XBTUSD"));
    }

    #[test]
    fn what_is_no_symbol_has_no_key() {
        for text in ["", "/", "PF_", ":", "kraken:", "BTC USD", "BTC/€"] {
            assert_eq!(CanonicalName::of(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_key_of_a_name_is_that_of_its_text(
            venue in prop::option::of("[a-z][a-z-]{0,8}"),
            base in "[A-Z0-9]{1,8}",
            quote in "[A-Z0-9]{1,5}",
            settle in prop::option::of("[A-Z0-9]{1,5}"),
        ) {
            let venue = venue.map(|venue| format!("{venue}:")).unwrap_or_default();
            let settle = settle.map(|settle| format!(":{settle}")).unwrap_or_default();
            let text = format!("{venue}{base}/{quote}{settle}");
            let name: InstrumentName = text.parse().unwrap();
            let bitcoin = |code: &str| code == "XBT" || !code.starts_with("XBT") && !code.ends_with("XBT");
            if bitcoin(&base) && bitcoin(&quote) {
                prop_assert_eq!(Some(name.canonical()), CanonicalName::of(&text));
            }
        }
    }
}
