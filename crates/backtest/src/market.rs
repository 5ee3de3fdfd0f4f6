//! The market of a run: instruments with their candles, loaded once and shared by all runs of a sweep.

use rust_decimal::Decimal;
use seawall_archive::TradeTick;
use seawall_model::{Candle, Instrument, InstrumentId, InstrumentSpec, Timeframe, Ts};

use crate::error::BacktestError;

/// What is given for one instrument.
#[derive(Debug, Clone)]
pub struct MarketSeries {
    /// The instrument's rules.
    pub spec: InstrumentSpec,
    /// Decimals of the candle data.
    pub data_decimals: u32,
    /// Length of the candles.
    pub timeframe: Timeframe,
    /// Closed candles in order of time, prices at the scale of [`Instrument::price_scale`].
    pub candles: Vec<Candle>,
    /// Missing candles.
    pub holes: u64,
    /// Finer candles that resolve the path within the others, where given.
    pub detail: Vec<Candle>,
    /// Trades that resolve the path, where given.
    pub trades: Vec<TradeTick>,
    /// Funding rates as signed fractions, where given.
    pub funding: Vec<(Ts, Decimal)>,
}

/// Everything that a run reads; nothing in it changes.
#[derive(Debug, Clone)]
pub struct Market {
    series: Vec<MarketSeries>,
    instruments: Vec<Instrument>,
}

impl Market {
    /// Checks the series and numbers the instruments in the order given.
    ///
    /// # Errors
    /// Contradicting instrument rules, an empty series, detail that is not finer than its candles.
    pub fn new(series: Vec<MarketSeries>) -> Result<Self, BacktestError> {
        let mut instruments = Vec::with_capacity(series.len());
        for (number, one) in (0_u32..).zip(&series) {
            instruments.push(Instrument::new(InstrumentId(number), one.spec.clone(), one.data_decimals)?);
            let bad = |rule: &str| BacktestError::Series {
                instrument: one.spec.name.to_string(),
                rule: rule.to_owned(),
            };
            if one.candles.is_empty() {
                return Err(bad("no candles in the range: widen --from/--to or give another file"));
            }
            if one
                .detail
                .first()
                .is_some_and(|fine| fine.known_at.since(fine.open_time) >= one.timeframe.span())
            {
                return Err(bad("the detail candles must be shorter than the candles they resolve"));
            }
        }
        Ok(Market { series, instruments })
    }

    /// The series in order of instrument ids.
    #[must_use]
    pub fn series(&self) -> &[MarketSeries] {
        &self.series
    }

    /// The instruments in order of their ids.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// How many candles there are in all.
    #[must_use]
    pub fn candle_count(&self) -> u64 {
        self.series.iter().map(|series| series.candles.len() as u64).sum()
    }

    /// Open time of the first and end of the last candle.
    #[must_use]
    pub fn span(&self) -> (Ts, Ts) {
        let from = self
            .series
            .iter()
            .filter_map(|series| series.candles.first())
            .map(|candle| candle.open_time)
            .min();
        let to =
            self.series.iter().filter_map(|series| series.candles.last()).map(|candle| candle.known_at).max();
        (from.unwrap_or(Ts::EPOCH), to.unwrap_or(Ts::EPOCH))
    }
}
