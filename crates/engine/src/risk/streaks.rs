//! Pauses after trades: losses in a row by regime, several losses of one instrument, and the time right after
//! a trade.
//!
//! Invariants: adopted positions are nobody's decision and count for nothing; a pause is measured from the
//! moment at which the engine learned of the last trade's end; of trades that end at one instant the losses
//! count first, so it does not matter which of them is heard of first.

use std::collections::VecDeque;

use rust_decimal::Decimal;
use seawall_model::{ExitReason, Money, Setup, Span, StateSink, Trade, Ts};
use serde::{Deserialize, Serialize};

use super::settings::{CooldownSettings, LossStreakSettings};
use crate::limits::LOSSES_REMEMBERED;

const LONG_AGO: Ts = Ts::from_nanos(i64::MIN);

fn minutes(count: u32) -> Span {
    Span::from_secs(i64::from(count) * 60)
}

fn hours(count: u32) -> Span {
    Span::from_secs(i64::from(count) * 3_600)
}

/// The regimes that are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Regime {
    Tight,
    Wide,
    Other,
}

impl Regime {
    pub(crate) fn of(setup: Setup) -> Self {
        match setup {
            Setup::OrderBlock | Setup::FairValueGap => Regime::Tight,
            Setup::BreakOfStructure | Setup::Trend => Regime::Wide,
            Setup::EmaCross | Setup::Adopted | Setup::Signal => Regime::Other,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Streak {
    losses: u32,
    /// The instant of a win: the losses up to then are over with it.
    won_at: Option<Ts>,
    paused_until: Ts,
}

impl Streak {
    const NONE: Streak = Streak { losses: 0, won_at: None, paused_until: LONG_AGO };
}

/// Losses in a row of the account, by regime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Streaks {
    tight: Streak,
    wide: Streak,
    other: Streak,
}

impl Streaks {
    pub(crate) fn new() -> Self {
        Streaks { tight: Streak::NONE, wide: Streak::NONE, other: Streak::NONE }
    }

    /// Takes in a closed trade; the end of the pause that it begins.
    pub(crate) fn closed(
        &mut self,
        settings: &LossStreakSettings,
        at: Ts,
        trade: &Trade,
        equity: Money,
    ) -> Option<Ts> {
        if trade.setup == Setup::Adopted {
            return None;
        }
        let (streak, losses, pause) = match Regime::of(trade.setup) {
            Regime::Tight => (&mut self.tight, settings.tight_smc_losses, settings.tight_smc_pause_minutes),
            Regime::Wide => {
                (&mut self.wide, settings.wide_structure_losses, settings.wide_structure_pause_minutes)
            }
            Regime::Other => (&mut self.other, settings.other_losses, settings.other_pause_minutes),
        };
        if streak.won_at.is_some_and(|won_at| won_at < at) {
            (streak.losses, streak.won_at) = (0, None);
        }
        if trade.pnl > Money::ZERO {
            streak.won_at = Some(at);
            return None;
        }
        let least = equity.get().checked_mul(settings.loss_min_bps.fraction()).unwrap_or_default();
        if trade.pnl.is_zero() || -trade.pnl.get() < least {
            return None;
        }
        streak.losses = streak.losses.saturating_add(1);
        if losses.is_none_or(|losses| streak.losses < losses) {
            return None;
        }
        streak.losses = 0;
        streak.paused_until = at.plus(minutes(pause));
        Some(streak.paused_until)
    }

    pub(crate) fn paused_until(&self, setup: Setup) -> Ts {
        self.paused_until_in(Regime::of(setup))
    }

    pub(crate) fn paused_until_in(&self, regime: Regime) -> Ts {
        match regime {
            Regime::Tight => self.tight.paused_until,
            Regime::Wide => self.wide.paused_until,
            Regime::Other => self.other.paused_until,
        }
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        for streak in [self.tight, self.wide, self.other] {
            sink.number(u64::from(streak.losses));
            sink.signed(streak.won_at.map_or(i64::MIN, Ts::nanos));
            sink.signed(streak.paused_until.nanos());
        }
    }
}

/// The pauses of one instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cooldown {
    /// The end of the pause after the last trade.
    pub(crate) after_trade: Ts,
    /// The end of the pause after several losses.
    pub(crate) after_losses: Ts,
    losses: VecDeque<Ts>,
}

impl Cooldown {
    pub(crate) fn new() -> Self {
        Cooldown { after_trade: LONG_AGO, after_losses: LONG_AGO, losses: VecDeque::new() }
    }

    /// Takes in a closed trade; the end of the pause that several losses begin. A reversal is the strategy's
    /// own next trade and begins no pause after a trade.
    pub(crate) fn closed(&mut self, settings: &CooldownSettings, at: Ts, trade: &Trade) -> Option<Ts> {
        if trade.setup == Setup::Adopted {
            return None;
        }
        let lost = trade.pnl < Money::ZERO;
        let reversed = trade.exits.last().is_some_and(|exit| exit.reason == ExitReason::Reversal);
        if !reversed {
            let pause = if lost { settings.after_loss_minutes } else { settings.after_win_minutes };
            self.after_trade = at.plus(minutes(pause));
        }
        let least = trade.entry_value.get().abs().checked_mul(settings.symbol_loss_min_pct.fraction());
        if !lost || -trade.pnl.get() < least.unwrap_or(Decimal::MAX) {
            return None;
        }
        let wanted = settings.symbol_losses?;
        let oldest = at.minus(hours(settings.symbol_lookback_hours));
        self.losses.retain(|loss| *loss > oldest);
        if self.losses.len() >= LOSSES_REMEMBERED {
            self.losses.pop_front();
        }
        self.losses.push_back(at);
        if self.losses.len() < usize::try_from(wanted).unwrap_or(usize::MAX) {
            return None;
        }
        self.losses.clear();
        self.after_losses = at.plus(hours(settings.symbol_pause_hours));
        Some(self.after_losses)
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.signed(self.after_trade.nanos());
        sink.signed(self.after_losses.nanos());
        sink.number(self.losses.len() as u64);
        for loss in &self.losses {
            sink.signed(loss.nanos());
        }
    }
}

/// Minutes until `end`; zero where it has passed.
pub(crate) fn minutes_until(end: Ts, at: Ts) -> f64 {
    if end <= at { 0.0 } else { end.since(at).secs_f64() / 60.0 }
}
