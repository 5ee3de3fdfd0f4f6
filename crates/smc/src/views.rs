//! Several timeframes of one instrument, each with its own chart, from closed candles only.
//!
//! Base candles go in; a coarser candle reaches its chart by the update that closed it, never while it forms.
//! What a chart reports is therefore known at the end of the base candle that was given, and bars are counted
//! in the chart's own timeframe.

use seawall_model::{Candle, Timeframe};

use crate::bar::Bar;
use crate::chart::{Chart, ChartSettings};
use crate::error::SmcError;
use crate::event::Event;
use crate::ladder::Ladder;

/// The chart of one timeframe.
#[derive(Debug, Clone)]
struct View {
    timeframe: Timeframe,
    chart: Chart,
}

/// Charts of several timeframes.
#[derive(Debug, Clone)]
pub struct Views {
    ladder: Ladder,
    price_scale_divisor: f64,
    views: Vec<View>,
}

impl Views {
    /// Charts of `timeframes`, fed with candles of `base`, which may be one of them. Prices of candles count
    /// `1 / price_scale_divisor`.
    ///
    /// # Errors
    /// [`SmcError::Indivisible`] if `base` does not divide a timeframe, [`SmcError::Parameter`] if a setting is
    /// out of range.
    pub fn new(
        base: Timeframe,
        timeframes: &[Timeframe],
        settings: &ChartSettings,
        price_scale_divisor: f64,
    ) -> Result<Self, SmcError> {
        let ladder = Ladder::new(base, timeframes)?;
        let view = |timeframe| Ok(View { timeframe, chart: Chart::new(settings)? });
        let views = ladder.timeframes().map(view).collect::<Result<_, SmcError>>()?;
        Ok(Views { ladder, price_scale_divisor, views })
    }

    /// Takes in the next closed base candle. Each candle that it closes, finest timeframe first, updates its
    /// chart; `sink` gets the timeframe, the candle and what became known.
    ///
    /// # Errors
    /// As [`Ladder::update`] and [`Chart::update`]. The ladder refuses a candle before any chart sees it.
    pub fn update(
        &mut self,
        candle: &Candle,
        sink: &mut impl FnMut(Timeframe, &Candle, &[Event]),
    ) -> Result<(), SmcError> {
        let Views { ladder, price_scale_divisor, views } = self;
        let mut refused = Ok(());
        ladder.update(candle, &mut |timeframe, closed| {
            let Some(view) = views.iter_mut().find(|view| view.timeframe == timeframe) else { return };
            match view.chart.update(closed.open_time, Bar::from_candle(closed, *price_scale_divisor)) {
                Ok(events) => sink(timeframe, closed, events.as_slice()),
                Err(error) => refused = Err(error),
            }
        })?;
        refused
    }

    /// The chart of a timeframe.
    #[must_use]
    pub fn chart(&self, timeframe: Timeframe) -> Option<&Chart> {
        self.views.iter().find(|view| view.timeframe == timeframe).map(|view| &view.chart)
    }
}
