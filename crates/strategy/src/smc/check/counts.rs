//! Whole numbers of bars, hours and stop-outs, and what each may be.

use super::super::SmcSettings;
use super::super::change::CONFIRMATION_MAX;
use super::super::divergence::LOOKBACK_MAX;
use super::{EXPIRES_HOURS_MAX, PERIOD_MAX};
use crate::STOP_OUTS_MAX;

/// A whole number that has to lie in a range.
pub(super) struct Count {
    pub(super) key: &'static str,
    pub(super) value: u32,
    pub(super) least: u32,
    pub(super) most: u32,
    /// What is counted, as in "1 to 10 bars ...".
    pub(super) what: &'static str,
}

/// Longest pause and memory: five weeks.
const HOURS_MAX: u32 = 840;

impl SmcSettings {
    pub(super) fn counts(&self) -> impl Iterator<Item = Count> {
        self.bars().into_iter().chain(self.memories())
    }

    /// Bars of indicators and of what is read from them.
    fn bars(&self) -> [Count; 12] {
        let lookback_max = u32::try_from(LOOKBACK_MAX).unwrap_or(u32::MAX);
        let held = "bars in a row can be asked to hold a break";
        let indicator = "bars make an indicator";
        [
            count("strategy.smc.ema_period", self.ema_period, 1, PERIOD_MAX, indicator),
            count("strategy.smc.adx_period", self.adx_period, 2, PERIOD_MAX, indicator),
            count("strategy.smc.atr_period", self.atr_period, 1, PERIOD_MAX, indicator),
            count("strategy.smc.rsi_period", self.rsi_period, 1, PERIOD_MAX, indicator),
            count(
                "strategy.smc.rsi_divergence_lookback",
                self.rsi_divergence_lookback,
                5,
                lookback_max,
                "bars are searched for swings to compare",
            ),
            count(
                "strategy.smc.bos_confirmation_candles",
                self.bos_confirmation_candles,
                1,
                9,
                "of ten bars can be the newest ones that break the others",
            ),
            count(
                "strategy.smc.ms_confirmation_candles",
                self.ms_confirmation_candles,
                1,
                CONFIRMATION_MAX,
                held,
            ),
            count(
                "strategy.smc.ms_candles_high_volatility",
                self.ms_candles_high_volatility,
                1,
                CONFIRMATION_MAX,
                held,
            ),
            count(
                "strategy.smc.ms_candles_low_volatility",
                self.ms_candles_low_volatility,
                1,
                CONFIRMATION_MAX,
                held,
            ),
            count(
                "strategy.smc.ms_change_expires_bars",
                self.ms_change_expires_bars,
                1,
                PERIOD_MAX,
                "bars can pass until a change is forgotten",
            ),
            count(
                "strategy.smc.ms_reconfirmation_candles",
                self.ms_reconfirmation_candles,
                1,
                10,
                "of the last ten 15m bars can be asked for",
            ),
            count("strategy.smc.thesis.volume_bars", self.thesis.volume_bars, 1, PERIOD_MAX, indicator),
        ]
    }

    /// Hours and stop-outs that are looked back on.
    fn memories(&self) -> [Count; 6] {
        let stop_outs_max = u32::try_from(STOP_OUTS_MAX).unwrap_or(u32::MAX);
        [
            count(
                "strategy.smc.stop_widen_lookback_hours",
                self.stop_widen_lookback_hours,
                1,
                HOURS_MAX,
                "hours can be looked back",
            ),
            count(
                "strategy.smc.stop_widen_stop_outs",
                self.stop_widen_stop_outs,
                1,
                stop_outs_max,
                "stop-outs are remembered",
            ),
            count(
                "strategy.smc.entry_expires_hours",
                self.entry_expires_hours,
                1,
                EXPIRES_HOURS_MAX,
                "hours can an entry rest",
            ),
            count(
                "strategy.smc.signal_cooldown_hours",
                self.signal_cooldown_hours,
                0,
                HOURS_MAX,
                "hours can an instrument rest",
            ),
            count(
                "strategy.smc.thesis.remembered_hours",
                self.thesis.remembered_hours,
                1,
                HOURS_MAX,
                "hours can an idea be remembered",
            ),
            count(
                "strategy.smc.thesis.time_decay_hours",
                self.thesis.time_decay_hours,
                1,
                HOURS_MAX,
                "hours can the decay take",
            ),
        ]
    }
}

fn count(key: &'static str, value: u32, least: u32, most: u32, what: &'static str) -> Count {
    Count { key, value, least, most, what }
}
