//! The market of a run: instruments with their candles, loaded once and shared by all runs of a sweep.

use rust_decimal::Decimal;
use seawall_archive::TradeTick;
use seawall_engine::Signals;
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
    read_only: Vec<MarketSeries>,
    signals: Signals,
}

impl Market {
    /// Checks the series and numbers the instruments in the order given.
    ///
    /// # Errors
    /// Contradicting instrument rules, an empty series, detail that is not finer than its candles, a signal
    /// that is not among the instruments.
    pub fn new(series: Vec<MarketSeries>) -> Result<Self, BacktestError> {
        Market::with_signals(series, Vec::new())
    }

    /// The same with instruments that are not traded: others name them as their signal. Nothing of them is
    /// shown to the exchange.
    ///
    /// # Errors
    /// As [`Market::new`].
    pub fn with_signals(
        series: Vec<MarketSeries>,
        mut read_only: Vec<MarketSeries>,
    ) -> Result<Self, BacktestError> {
        // What is read after the last traded candle decides nothing any more.
        let until = series.iter().filter_map(|one| one.candles.last()).map(|candle| candle.known_at).max();
        for one in &mut read_only {
            one.candles.retain(|candle| until.is_some_and(|until| candle.known_at <= until));
        }
        let mut all = Vec::with_capacity(series.len() + read_only.len());
        for (number, one) in (0_u32..).zip(series.iter().chain(&read_only)) {
            all.push(Instrument::new(InstrumentId(number), one.spec.clone(), one.data_decimals)?);
            check_series(one)?;
        }
        let read = all.split_off(series.len());
        let read = read.into_iter().zip(read_only.iter().map(|one| one.timeframe)).collect();
        let signals = Signals::named(&all.iter(), read)?;
        Ok(Market { series, instruments: all, read_only, signals })
    }

    /// The series of the traded instruments in order of their ids.
    #[must_use]
    pub fn series(&self) -> &[MarketSeries] {
        &self.series
    }

    /// The traded instruments in order of their ids.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// The series that are only read; their ids go on where those of the traded ones end.
    #[must_use]
    pub fn read_only(&self) -> &[MarketSeries] {
        &self.read_only
    }

    /// Who reads whom.
    #[must_use]
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// How many candles there are in all.
    #[must_use]
    pub fn candle_count(&self) -> u64 {
        self.series.iter().chain(&self.read_only).map(|series| series.candles.len() as u64).sum()
    }

    /// Open time of the first and end of the last candle of the traded instruments.
    #[must_use]
    pub fn span(&self) -> (Ts, Ts) {
        let from = first_open(&self.series);
        let to =
            self.series.iter().filter_map(|series| series.candles.last()).map(|candle| candle.known_at).max();
        (from.unwrap_or(Ts::EPOCH), to.unwrap_or(Ts::EPOCH))
    }

    /// Open time of the first candle that is only read: a signal may go further back than what is traded.
    #[must_use]
    pub fn read_from(&self) -> Ts {
        first_open(&self.read_only).unwrap_or(Ts::FAR_FUTURE)
    }
}

fn first_open(series: &[MarketSeries]) -> Option<Ts> {
    series.iter().filter_map(|series| series.candles.first()).map(|candle| candle.open_time).min()
}

fn check_series(one: &MarketSeries) -> Result<(), BacktestError> {
    let bad =
        |rule: &str| BacktestError::Series { instrument: one.spec.name.to_string(), rule: rule.to_owned() };
    if one.candles.is_empty() {
        return Err(bad("no candles in the range: widen --from/--to or give another file"));
    }
    if one.detail.first().is_some_and(|fine| fine.known_at.since(fine.open_time) >= one.timeframe.span()) {
        return Err(bad("the detail candles must be shorter than the candles they resolve"));
    }
    Ok(())
}
