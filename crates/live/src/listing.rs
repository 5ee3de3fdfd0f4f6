//! The synthetic market's listing: its instruments with their last quotes and the volume of 24 hours.
//!
//! Before the market began it is taken to have traded as it does on average, so the first listing is not one
//! of a market without volume.

use seawall_backtest::DayVolume;
use seawall_model::{
    Candle, Coverage, Input, Instrument, InstrumentId, ListingRow, PriceUnits, Report, Span, Ts,
};
use seawall_simulator::SyntheticMarket;

/// Quotes and volumes of all instruments, and when the next listing is due.
#[derive(Debug)]
pub(crate) struct Listings {
    rows: Vec<Row>,
    every: Span,
    next_at: Ts,
}

#[derive(Debug)]
struct Row {
    instrument: Instrument,
    volume: DayVolume,
    quote: Option<(PriceUnits, PriceUnits)>,
}

impl Listings {
    /// For the instruments of a market; the first listing is due at `from`.
    pub(crate) fn new(from: Ts, hours: u32, instruments: Vec<Instrument>, market: &SyntheticMarket) -> Self {
        let usual = market.usual_volumes().into_iter().chain(core::iter::repeat(0.0));
        let rows = instruments.into_iter().zip(usual).map(|(instrument, usual)| Row {
            instrument,
            volume: DayVolume::new(hours, usual),
            quote: None,
        });
        Listings { rows: rows.collect(), every: Span::from_secs(i64::from(hours) * 3_600), next_at: from }
    }

    pub(crate) fn see_quote(&mut self, id: InstrumentId, bid: PriceUnits, ask: PriceUnits) {
        if let Some(row) = self.rows.get_mut(id.index()) {
            row.quote = Some((bid, ask));
        }
    }

    pub(crate) fn see_candle(&mut self, id: InstrumentId, candle: &Candle) {
        if let Some(row) = self.rows.get_mut(id.index()) {
            let price = row.instrument.price_f64(candle.close);
            row.volume.add(candle.volume * price);
        }
    }

    /// The listing, if one is due by `at`.
    pub(crate) fn due(&mut self, at: Ts) -> Option<Input> {
        if at < self.next_at {
            return None;
        }
        let first = self.rows.iter().all(|row| row.quote.is_none());
        self.next_at = at.plus(self.every);
        let row = |row: &mut Row| {
            let instrument = &row.instrument;
            let price = |units| instrument.price(units);
            ListingRow {
                name: instrument.name().clone(),
                kind: instrument.spec().kind.into(),
                volume_24h: Some(if first { row.volume.day() } else { row.volume.close_part() }),
                bid: row.quote.map(|(bid, _)| price(bid)),
                ask: row.quote.map(|(_, ask)| price(ask)),
            }
        };
        let rows = self.rows.iter_mut().map(row).collect();
        Some(Input::Listing(Report { coverage: Coverage::Complete, taken_at: at, rows }))
    }
}
