//! The daily bias: on which side of its long average the day closed.
//!
//! Invariant: without the full `ema_period` of days there is no bias at all, not a neutral one.

use seawall_model::StateSink;
use seawall_smc::{Ema, SmcError};

use super::{SmcSettings, period};

/// Which way the day points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bias {
    /// The close lies above the neutral zone.
    Bullish,
    /// The close lies below it.
    Bearish,
    /// The close lies inside.
    Neutral,
}

/// The bias of the newest closed day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BiasReading {
    pub(super) bias: Bias,
    /// Distance of the close from the average in basis points of the average, signed.
    pub(super) distance_bps: f64,
}

/// The average of the daily closes and the newest of them.
#[derive(Debug, Clone)]
pub(super) struct DailyBias {
    average: Ema,
    close: f64,
    period: u64,
    neutral_zone_bps: f64,
}

impl DailyBias {
    pub(super) fn new(settings: &SmcSettings) -> Result<Self, SmcError> {
        Ok(DailyBias {
            average: Ema::new(period(settings.ema_period))?,
            close: 0.0,
            period: u64::from(settings.ema_period),
            neutral_zone_bps: settings.ema_neutral_zone_bps.to_f64(),
        })
    }

    /// Takes in the next closed day.
    pub(super) fn push(&mut self, close: f64) {
        self.average.update(close);
        self.close = close;
    }

    /// Days seen and days needed.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.average.count(), self.period)
    }

    /// Half the width of the neutral zone in basis points.
    pub(super) fn neutral_zone_bps(&self) -> f64 {
        self.neutral_zone_bps
    }

    /// The bias of the newest closed day, `None` before there are enough days.
    pub(super) fn reading(&self) -> Option<BiasReading> {
        let average = self.average.value().filter(|_| self.average.count() >= self.period)?;
        let distance_bps = (self.close - average) / average * 10_000.0;
        let bias = if distance_bps.abs() < self.neutral_zone_bps {
            Bias::Neutral
        } else if distance_bps > 0.0 {
            Bias::Bullish
        } else {
            Bias::Bearish
        };
        Some(BiasReading { bias, distance_bps })
    }

    pub(super) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.average.count());
        sink.float(self.average.value().unwrap_or(0.0));
        sink.float(self.close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::Bps;

    fn bias(neutral_zone_bps: &str, closes: &[f64]) -> Option<BiasReading> {
        let neutral: Bps = neutral_zone_bps.parse().unwrap();
        let settings = SmcSettings { ema_period: 3, ema_neutral_zone_bps: neutral, ..SmcSettings::default() };
        let mut bias = DailyBias::new(&settings).unwrap();
        for close in closes {
            bias.push(*close);
        }
        bias.reading()
    }

    #[test]
    fn there_is_no_bias_before_the_average_has_its_days() {
        assert_eq!(bias("10", &[100.0, 100.0]), None);
        assert!(bias("10", &[100.0, 100.0, 100.0]).is_some());
    }

    #[test]
    fn the_distance_is_measured_from_the_average() {
        // alpha 1/2: 100, 100, 110 average to 105; 110 lies 5/105 above.
        let reading = bias("10", &[100.0, 100.0, 110.0]).unwrap();
        assert!((reading.distance_bps - 5.0 / 105.0 * 10_000.0).abs() < 1e-9);
        assert_eq!(reading.bias, Bias::Bullish);
        assert_eq!(bias("10", &[100.0, 100.0, 90.0]).unwrap().bias, Bias::Bearish);
    }

    #[test]
    fn the_neutral_zone_has_the_configured_width() {
        assert_eq!(bias("10", &[100.0, 100.0, 100.1]).unwrap().bias, Bias::Neutral);
        assert_eq!(bias("4", &[100.0, 100.0, 100.1]).unwrap().bias, Bias::Bullish);
        assert_eq!(bias("0", &[100.0, 100.0, 100.0001]).unwrap().bias, Bias::Bullish);
    }
}
