//! Several timeframes of one instrument, each with its own chart, from closed candles only.
//!
//! Base candles go in; a coarser candle reaches its chart by the update that closed it, never while it forms.
//! What a chart reports is therefore known at the end of the base candle that was given, and bars are counted
//! in the chart's own timeframe. A pair of timeframes may be watched for [`Confluence`], which is reported
//! with the finer one.

use seawall_model::{Candle, Timeframe};

use crate::bar::Bar;
use crate::chart::{Chart, ChartSettings, sources};
use crate::confluence::{Confluence, ConfluenceSettings};
use crate::error::SmcError;
use crate::event::Event;
use crate::ladder::Ladder;
use crate::series::Detector;

/// The chart of one timeframe.
#[derive(Debug, Clone)]
struct View {
    timeframe: Timeframe,
    chart: Chart,
}

/// Two timeframes whose agreement is watched.
#[derive(Debug, Clone)]
struct Watched {
    lower: Timeframe,
    higher: Timeframe,
    confluence: Confluence,
}

/// Charts of several timeframes.
#[derive(Debug, Clone)]
pub struct Views {
    ladder: Ladder,
    price_scale_divisor: f64,
    views: Vec<View>,
    watched: Vec<Watched>,
}

impl Views {
    /// Charts of `timeframes`, fed with candles of `base`, which may be one of them. Prices of candles count
    /// `1 / price_scale_divisor`.
    ///
    /// # Errors
    /// [`SmcError::Indivisible`] if `base` does not divide a timeframe, [`SmcError::Parameter`] if a setting
    /// is out of range.
    pub fn new(
        base: Timeframe,
        timeframes: &[Timeframe],
        settings: &ChartSettings,
        price_scale_divisor: f64,
    ) -> Result<Self, SmcError> {
        let ladder = Ladder::new(base, timeframes)?;
        let view = |timeframe| Ok(View { timeframe, chart: Chart::new(settings)? });
        let views = ladder.timeframes().map(view).collect::<Result<_, SmcError>>()?;
        Ok(Views { ladder, price_scale_divisor, views, watched: Vec::new() })
    }

    /// Watches the agreement of two of the timeframes; a finer one is watched with one coarser one, the last
    /// that was asked for.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if one of them has no chart, they are not in order, or a setting is out of
    /// range.
    pub fn watch(
        &mut self,
        lower: Timeframe,
        higher: Timeframe,
        settings: ConfluenceSettings,
    ) -> Result<(), SmcError> {
        if self.chart(lower).is_none() || self.chart(higher).is_none() || lower >= higher {
            let rule = "must be two of the timeframes, the finer one first";
            return Err(SmcError::Parameter { name: "confluence", rule });
        }
        let confluence = Confluence::new(sources::CONFLUENCE, settings)?;
        self.watched.retain(|watched| watched.lower != lower);
        self.watched.push(Watched { lower, higher, confluence });
        Ok(())
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
        let Views { ladder, price_scale_divisor, views, watched } = self;
        let mut refused = Ok(());
        ladder.update(candle, &mut |timeframe, closed| {
            let Some(view) = views.iter_mut().find(|view| view.timeframe == timeframe) else { return };
            let bar = Bar::from_candle(closed, *price_scale_divisor);
            let events = view.chart.update_then(closed.open_time, bar, |bar, events| {
                for watched in watched.iter_mut().filter(|watched| watched.lower == timeframe) {
                    watched.confluence.update(bar, events);
                }
            });
            match events {
                Ok(events) => {
                    for watched in watched.iter_mut().filter(|watched| watched.higher == timeframe) {
                        watched.confluence.update_higher(events.as_slice());
                    }
                    sink(timeframe, closed, events.as_slice());
                }
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
