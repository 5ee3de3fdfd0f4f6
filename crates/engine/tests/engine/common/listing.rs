//! Listings, quotes and broken data for the tests of the universe.

use seawall_engine::{MarketSettings, Setup};
use seawall_model::{
    Coverage, GuardMode, Input, InstrumentId, ListedKind, ListingRow, PriceUnits, Report, Ts,
};

use super::bench::Bench;

/// A perpetual with this volume; bid 100.00 and `spread` hundredths of a percent above it the ask.
pub fn perpetual(name: &str, volume: f64, spread: i64) -> ListingRow {
    ListingRow {
        name: name.parse().unwrap(),
        kind: ListedKind::LinearPerpetual,
        volume_24h: Some(volume),
        bid: Some("100".parse().unwrap()),
        ask: Some(format!("{}.{:02}", 100 + spread / 100, spread % 100).parse().unwrap()),
    }
}

/// The same as a spot market.
pub fn spot(name: &str, volume: f64, spread: i64) -> ListingRow {
    ListingRow { kind: ListedKind::Spot, ..perpetual(name, volume, spread) }
}

pub fn report(at: Ts, rows: Vec<ListingRow>) -> Input {
    Input::Listing(Report { coverage: Coverage::Complete, taken_at: at, rows })
}

/// Only the universe acts, and nothing is pinned.
pub fn universe_only(setup: &mut Setup) {
    setup.market = MarketSettings::without_guards();
    setup.market.universe.mode = GuardMode::On;
    setup.market.universe.pinned_bases.clear();
}

/// Only the quality of the data acts.
pub fn quality_only(setup: &mut Setup) {
    setup.market = MarketSettings::without_guards();
    setup.market.data_quality.mode = GuardMode::On;
}

impl Bench {
    pub fn list(&mut self, rows: Vec<ListingRow>) {
        self.input(report(self.now, rows));
    }

    pub fn quote(&mut self, number: u32, bid: i64, ask: i64) {
        let [bid, ask] = [bid, ask].map(PriceUnits::new);
        self.input(Input::Quote { instrument: InstrumentId(number), bid, ask });
    }
}
