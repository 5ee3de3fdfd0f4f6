//! Directories of the store: `<venue>/<BASE-QUOTE[-SETTLE]>/<timeframe>`, readable both ways.

use std::path::{Path, PathBuf};

use seawall_model::{InstrumentName, Timeframe};

/// The directory of instruments without a venue; no venue's name can be this.
const NO_VENUE: &str = "_";

/// The directory of a series below the store's.
pub(crate) fn series_dir(store: &Path, instrument: &InstrumentName, timeframe: Timeframe) -> PathBuf {
    let name = instrument.as_str();
    let pair = name.split_once('/').map_or(name, |(left, _)| left);
    let venue = pair.split_once(':').map_or(NO_VENUE, |(venue, _)| venue);
    let rest = name.strip_prefix(venue).and_then(|rest| rest.strip_prefix(':')).unwrap_or(name);
    store.join(venue).join(rest.replace(['/', ':'], "-")).join(timeframe.name())
}

/// The instrument whose directories are these; `None` for names that are not the store's.
pub(crate) fn instrument(venue: &str, slug: &str) -> Option<InstrumentName> {
    let mut parts = slug.split('-');
    let (base, quote, settle) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let venue = if venue == NO_VENUE { String::new() } else { format!("{venue}:") };
    let settle = settle.map(|settle| format!(":{settle}")).unwrap_or_default();
    format!("{venue}{base}/{quote}{settle}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_and_names_are_inverse() {
        for (name, dir) in [
            ("BTC/USDT", "_/BTC-USDT/5m"),
            ("BTC/USDT:USDT", "_/BTC-USDT-USDT/5m"),
            ("kraken-futures:BTC/USD:USD", "kraken-futures/BTC-USD-USD/5m"),
            ("kraken:1INCH/EUR", "kraken/1INCH-EUR/5m"),
        ] {
            let instrument_name: InstrumentName = name.parse().unwrap();
            assert_eq!(series_dir(Path::new(""), &instrument_name, Timeframe::M5), Path::new(dir));
            let mut parts = dir.split('/');
            assert_eq!(instrument(parts.next().unwrap(), parts.next().unwrap()), Some(instrument_name));
        }
        for (venue, slug) in [("_", "BTC"), ("_", "BTC-USD-USD-USD"), ("Kraken", "BTC-USD"), (".", "a-b")] {
            assert_eq!(instrument(venue, slug), None, "{venue}/{slug}");
        }
    }
}
