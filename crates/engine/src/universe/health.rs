//! The candles of the whole account: where too few instruments have enough fresh ones, something is wrong
//! with the feed and not with a coin, and every entry waits.
//!
//! Two conditions. Once, before the first entry, `healthy_instruments_min` instruments must have had
//! `healthy_candles_min` candles, or all where there are fewer; suspended ones are not waited for. At any
//! time `healthy_share_min_pct` of all must have enough fresh ones. An instrument is counted from its first
//! candle on, for as long as it is listed.

use seawall_model::Ts;

use super::discovery::Standing;
use super::quality::DataState;
use super::settings::DataQualitySettings;
use crate::desk::Desk;

/// The count of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Health {
    /// Instruments that have had a candle and are listed.
    pub(crate) known: u32,
    /// Of those, the suspended ones.
    pub(crate) suspended: u32,
    /// Those with enough candles, the newest of them fresh.
    pub(crate) sufficient: u32,
}

impl Health {
    /// As every entry finds it at `at`.
    pub(crate) fn count(settings: &DataQualitySettings, desks: &[Desk], at: Ts) -> Health {
        let mut health = Health::default();
        for desk in desks {
            let market = &desk.market;
            let (candles, age) = market.candles(at);
            let Some(age) = age.filter(|_| market.seat.standing != Standing::NotListed) else { continue };
            let suspended = market.state_at(settings, at) == DataState::Suspended;
            // Entries are judged right after their instant: the rest of a millisecond is no age.
            let fresh = age.millis() <= market.age_max(settings).millis();
            let enough = candles >= u64::from(settings.healthy_candles_min);
            health.known += 1;
            health.suspended += u32::from(suspended);
            health.sufficient += u32::from(enough && fresh && !suspended);
        }
        health
    }

    /// How many are needed; `once` as long as the first condition has not been met.
    pub(crate) fn needed(&self, settings: &DataQualitySettings, once: bool) -> f64 {
        let share = f64::from(self.known) * settings.healthy_share_min_pct.to_f64() / 100.0;
        let all = self.known.saturating_sub(self.suspended);
        let first = if once { f64::from(settings.healthy_instruments_min.min(all)) } else { 0.0 };
        share.max(first)
    }

    /// Whether the first condition is met.
    pub(crate) fn is_enough_once(&self, settings: &DataQualitySettings) -> bool {
        let all = self.known.saturating_sub(self.suspended);
        self.sufficient > 0 && self.sufficient >= settings.healthy_instruments_min.min(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(known: u32, suspended: u32, once: bool) -> String {
        let health = Health { known, suspended, sufficient: 0 };
        health.needed(&DataQualitySettings::default(), once).to_string()
    }

    #[test]
    fn a_small_universe_needs_all_of_its_instruments_and_not_thirty() {
        // I-23: entries were blocked for ever, 12 healthy instruments of 12 being less than 30.
        assert_eq!([needed(12, 0, true), needed(300, 0, true), needed(40, 0, true)], ["12", "75", "30"]);
        assert_eq!(needed(12, 2, true), "10", "what is suspended is not waited for");
        assert_eq!(needed(12, 2, false), "3");
        let enough = |sufficient| {
            let health = Health { known: 12, suspended: 0, sufficient };
            health.is_enough_once(&DataQualitySettings::default())
        };
        assert!(enough(12) && !enough(11));
    }
}
