//! What the guards hold back just now, for people. Everything in here reads; nothing changes.
//!
//! What is in doubt about the truth is told by [`Engine::blocks`]; what one entry lacks is told by its
//! decision record.

use core::fmt;

use seawall_model::{GuardMode, InstrumentId, SystemMode, Ts};

use crate::engine::Engine;
use crate::risk::streaks::Regime;

/// A guard that keeps entries away until an instant, or until somebody ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// Which guard.
    pub kind: LockKind,
    /// The instrument it is about; `None`: all of them.
    pub instrument: Option<InstrumentId>,
    /// When it ends by itself; `None`: an operator ends it.
    pub until: Option<Ts>,
}

/// The guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockKind {
    /// The mode allows no entries, or only small ones.
    Mode(SystemMode),
    /// The kill switch is on.
    KillSwitch,
    /// The process is ending.
    ShuttingDown,
    /// The loss of the UTC day has reached its limit.
    DayLoss,
    /// The loss of the ISO week has reached its limit.
    WeekLoss,
    /// Losses in a row of setups on order blocks and gaps.
    LossStreakTight,
    /// Losses in a row of setups on structure and trend.
    LossStreakWide,
    /// Losses in a row of other setups.
    LossStreakOther,
    /// A shock of the market.
    MarketShock,
    /// A shock of the instrument.
    Shock,
    /// Several losses of the instrument.
    SymbolLosses,
    /// The pause after a trade.
    AfterTrade,
    /// The instrument was entered and left too quickly.
    Churn,
}

impl LockKind {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LockKind::Mode(_) => "mode",
            LockKind::KillSwitch => "kill_switch",
            LockKind::ShuttingDown => "shutting_down",
            LockKind::DayLoss => "day_loss",
            LockKind::WeekLoss => "week_loss",
            LockKind::LossStreakTight => "loss_streak_tight",
            LockKind::LossStreakWide => "loss_streak_wide",
            LockKind::LossStreakOther => "loss_streak_other",
            LockKind::MarketShock => "market_shock",
            LockKind::Shock => "shock",
            LockKind::SymbolLosses => "symbol_losses",
            LockKind::AfterTrade => "after_trade",
            LockKind::Churn => "churn",
        }
    }

    /// The key or section that sets it; none for what only an operator does.
    #[must_use]
    pub const fn key(self) -> Option<&'static str> {
        match self {
            LockKind::Mode(_) => Some("risk.states"),
            LockKind::KillSwitch | LockKind::ShuttingDown => None,
            LockKind::DayLoss => Some("risk.daily_loss_max_pct"),
            LockKind::WeekLoss => Some("risk.weekly_loss_max_pct"),
            LockKind::LossStreakTight => Some("risk.loss_streak.tight_smc_losses"),
            LockKind::LossStreakWide => Some("risk.loss_streak.wide_structure_losses"),
            LockKind::LossStreakOther => Some("risk.loss_streak.other_losses"),
            LockKind::MarketShock | LockKind::Shock => Some("risk.shock"),
            LockKind::SymbolLosses => Some("risk.cooldown.symbol_losses"),
            LockKind::AfterTrade => Some("risk.cooldown"),
            LockKind::Churn => Some("auction.churn"),
        }
    }
}

impl fmt::Display for LockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            LockKind::Mode(SystemMode::Normal) => "everything is allowed",
            LockKind::Mode(SystemMode::Cautious) => "entries are half as large",
            LockKind::Mode(SystemMode::ReduceOnly) => "positions may only become smaller",
            LockKind::Mode(SystemMode::ProtectOnly) => "only protection and emergency exits are sent",
            LockKind::Mode(SystemMode::Flatten) => "everything is being closed",
            LockKind::KillSwitch => "the kill switch is on",
            LockKind::ShuttingDown => "the run is ending",
            LockKind::DayLoss => "the loss of the day has reached its limit",
            LockKind::WeekLoss => "the loss of the week has reached its limit",
            LockKind::LossStreakTight => "too many losses in a row of order blocks and gaps",
            LockKind::LossStreakWide => "too many losses in a row of structure and trend",
            LockKind::LossStreakOther => "too many losses in a row",
            LockKind::MarketShock => "the market has jumped",
            LockKind::Shock => "its price has jumped",
            LockKind::SymbolLosses => "it has lost several times",
            LockKind::AfterTrade => "the pause after a trade",
            LockKind::Churn => "it was entered and left too quickly",
        };
        f.write_str(words)
    }
}

impl Engine {
    /// What the guards hold back at the last step: the account's first, then by instrument.
    #[must_use]
    pub fn locks(&self) -> Vec<Lock> {
        let shared = &self.shared;
        let (now, guard) = (shared.now, &shared.guard);
        let of = |kind, until| Lock { kind, instrument: None, until };
        let mut locks = Vec::new();
        if shared.mode != SystemMode::Normal {
            locks.push(of(LockKind::Mode(shared.mode), None));
        }
        if self.kill_switch().is_some() {
            locks.push(of(LockKind::KillSwitch, None));
        }
        if shared.shutting_down {
            locks.push(of(LockKind::ShuttingDown, None));
        }
        for (window, kind) in
            [(&guard.windows.day, LockKind::DayLoss), (&guard.windows.week, LockKind::WeekLoss)]
        {
            if window.spent {
                locks.push(of(kind, Some(window.ends_at())));
            }
        }
        let streaks = [
            (Regime::Tight, LockKind::LossStreakTight),
            (Regime::Wide, LockKind::LossStreakWide),
            (Regime::Other, LockKind::LossStreakOther),
        ];
        let streaks = streaks.map(|(regime, kind)| (kind, guard.streaks.paused_until_in(regime)));
        let shock = (LockKind::MarketShock, guard.shock_until);
        let timed = streaks.into_iter().chain([shock]).filter(|(_, until)| *until > now);
        locks.extend(timed.map(|(kind, until)| of(kind, Some(until))));
        let acts = shared.trade.auction.churn.mode == GuardMode::On;
        for desk in &self.desks {
            let churn = if acts { desk.guards.churned_until() } else { now };
            let pauses = [
                (LockKind::Shock, desk.shock_until),
                (LockKind::SymbolLosses, desk.cooldown.after_losses),
                (LockKind::AfterTrade, desk.cooldown.after_trade),
                (LockKind::Churn, churn),
            ];
            let id = Some(desk.instrument.id());
            let running = pauses.into_iter().filter(|(_, until)| *until > now);
            locks.extend(running.map(|(kind, until)| Lock { kind, instrument: id, until: Some(until) }));
        }
        locks
    }
}
