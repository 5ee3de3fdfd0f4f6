//! Looking at the account: loss windows, automatic modes, shocks, and the kill switch.
//!
//! Invariants: the account is judged on the state at the end of an instant, never between two prices of one;
//! a mode becomes stricter by itself and freer by the operator only; closing everything by itself takes two
//! readings [`VERIFY_AFTER`] apart; nothing in here refuses or cancels a protective order.

use std::collections::BTreeSet;

use seawall_model::{AlertKind, ExitReason, KillReason, Money, Severity, Span, SystemMode, Ts};

use crate::desk::Desk;
use crate::effects::Effects;
use crate::engine::Engine;
use crate::exits;
use crate::gateway::alert;
use crate::risk::states::{Act, Limit, Measure, Reading};
use crate::shared::invariant;

/// Time between the two readings that close everything.
const VERIFY_AFTER: Span = Span::from_secs(2);

impl Engine {
    /// Judges the account as it was at the end of the instant before, and begins the windows that `at` lies
    /// in.
    #[inline(never)]
    pub(crate) fn look(&mut self, at: Ts, effects: &mut Effects) {
        let equity = self.equity();
        invariant!(self.shared, at, effects, equity.is_some(), "equity fits into 28 digits");
        let Some(equity) = equity.filter(|_| self.shared.guard.windows.is_open()) else {
            self.shared.guard.watch.looked(Ts::FAR_FUTURE, f64::INFINITY, f64::INFINITY);
            return;
        };
        let before = core::mem::replace(&mut self.shared.guard.equity, equity);
        self.shared.guard.postings = self.shared.ledger.postings();
        if self.shared.guard.windows.see(equity) {
            self.shared.guard.limits.forget(Measure::Drawdown);
        }
        let in_doubt = self.is_in_doubt(at, before, equity, effects);
        let mut reading = self.reading(equity);
        if !in_doubt {
            self.judge(at, &reading, effects);
        }
        if at >= self.shared.guard.windows.rolls_at() {
            let guard = &mut self.shared.guard;
            let (day, week) = guard.windows.roll(at, equity);
            if day {
                guard.limits.forget(Measure::Day);
            }
            if week {
                guard.limits.forget(Measure::Week);
            }
            reading = self.reading(equity);
        }
        if core::mem::take(&mut self.shared.guard.shock_seen) {
            self.weather_shock(at, equity, effects);
        }
        self.plan_look(&reading, equity);
    }

    /// The account is open from the first balance on.
    pub(crate) fn open_windows(&mut self, at: Ts) {
        if self.shared.opened
            && !self.shared.guard.windows.is_open()
            && let Some(equity) = self.equity()
        {
            self.shared.guard.windows.open(at, equity);
            self.shared.guard.equity = equity;
            self.shared.guard.postings = self.shared.ledger.postings();
            let reading = self.reading(equity);
            self.plan_look(&reading, equity);
        }
    }

    fn plan_look(&mut self, reading: &Reading, equity: Money) {
        let guard = &mut self.shared.guard;
        let headroom = guard.windows.peak().minus(equity).map_or(0.0, Money::to_f64);
        let headroom = if guard.limits.watches_drawdown() { headroom } else { f64::INFINITY };
        let verify = guard.flatten_asked.map(|since| since.plus(VERIFY_AFTER));
        let rolls_at = guard.windows.rolls_at();
        guard.watch.looked(rolls_at, guard.limits.room(reading), headroom);
        if let Some(verify) = verify.filter(|_| self.shared.mode < SystemMode::Flatten) {
            self.shared.guard.watch.wake_by(verify);
        }
        if let Some(due) = self.shared.guard.doubt.due() {
            self.shared.guard.watch.wake_by(due);
        }
        self.plan_wakeup();
    }

    fn judge(&mut self, at: Ts, reading: &Reading, effects: &mut Effects) {
        let guard = &mut self.shared.guard;
        let (warn, _) = guard.limits.judge(reading);
        let mut acted = false;
        for (bit, limit) in (0..).map_while(|index| Some((1_u32 << index, guard.limits.get(index)?))) {
            if warn & bit != 0 {
                let detail = measured(&limit, reading);
                alert(effects, at, Severity::Warning, AlertKind::LimitNear, None, detail);
            }
            if limit.act != Act::EndEntries || guard.limits.reached & bit == 0 {
                continue;
            }
            let window = match limit.measure {
                Measure::Day => &mut guard.windows.day,
                Measure::Week => &mut guard.windows.week,
                Measure::Drawdown | Measure::MarginUse | Measure::Positions => continue,
            };
            if !core::mem::replace(&mut window.spent, true) {
                acted = true;
                let detail = format!("{}; entries end until the window is over", measured(&limit, reading));
                alert(effects, at, Severity::Critical, AlertKind::LimitReached, None, detail);
            }
        }
        let asked = guard.limits.mode();
        if asked.is_none_or(|(mode, _)| mode != SystemMode::Flatten) {
            guard.flatten_asked = None;
        }
        if let Some((mode, limit)) = asked {
            acted |= self.enter(at, mode, &limit, reading, effects);
        }
        if acted {
            self.enforce_mode(at, effects);
        }
    }

    /// Goes to the mode that a limit asks for; says whether that changed anything.
    fn enter(
        &mut self,
        at: Ts,
        asked: SystemMode,
        limit: &Limit,
        reading: &Reading,
        effects: &mut Effects,
    ) -> bool {
        if asked <= self.shared.mode {
            return false;
        }
        let since = *self.shared.guard.flatten_asked.get_or_insert(at);
        let mode = if asked < SystemMode::Flatten || at >= since.plus(VERIFY_AFTER) {
            asked
        } else {
            SystemMode::ProtectOnly
        };
        if asked < SystemMode::Flatten {
            self.shared.guard.flatten_asked = None;
        }
        if mode <= self.shared.mode {
            return false;
        }
        let detail = measured(limit, reading);
        alert(effects, at, Severity::Critical, AlertKind::LimitReached, None, detail);
        self.shared.set_mode(at, mode, false, effects);
        true
    }

    /// A price has jumped: entries pause, and what is too near its liquidation becomes smaller.
    fn weather_shock(&mut self, at: Ts, equity: Money, effects: &mut Effects) {
        let Some(rule) = self.shared.guard.shock else { return };
        let settings = self.shared.risk.shock.clone();
        let since = at.minus(rule.window());
        let in_shock = |desk: &&Desk| desk.shocked_at >= since;
        let bases: BTreeSet<String> = self
            .desks
            .iter()
            .filter(in_shock)
            .map(|desk| desk.instrument.name().base().code().to_owned())
            .collect();
        let market = bases.len() >= usize::try_from(settings.bases_min).unwrap_or(usize::MAX);
        if market {
            let pause = Span::from_secs(i64::from(settings.pause_minutes) * 60);
            if self.shared.guard.shock_until <= at {
                let detail = format!("all, until {}: {} coins in shock", at.plus(pause), bases.len());
                alert(effects, at, Severity::Critical, AlertKind::EntriesPaused, None, detail);
            }
            self.shared.guard.shock_until = at.plus(pause);
        }
        let buffer_of_one = equity.to_f64() - self.maintenance();
        let Engine { desks, shared, .. } = self;
        for desk in desks.iter_mut() {
            if market || desk.shocked_at >= since {
                desk.queued = None;
                exits::cancel_entries(desk, shared, at, effects);
            }
            let notional = desk.marked_value().to_f64().abs();
            if notional <= 0.0 {
                continue;
            }
            let buffer = buffer_of_one / notional * 100.0;
            if buffer < settings.close_buffer_pct.to_f64() {
                exits::close(desk, shared, at, ExitReason::Shock, effects);
            } else if buffer < settings.trim_buffer_pct.to_f64() {
                exits::trim(desk, shared, at, effects);
            }
            desk.wake_at = crate::engine::wake_of(desk, shared).max(at);
        }
    }

    /// Turns the kill switch on; a second command only adds what the first did not ask for.
    pub(crate) fn kill(&mut self, at: Ts, reason: KillReason, flatten: bool, effects: &mut Effects) {
        if self.shared.guard.kill.turn_on(reason, flatten) {
            let and = if flatten { ", closing everything" } else { "" };
            let detail = format!("on: {}{and}", reason.name());
            alert(effects, at, Severity::Critical, AlertKind::KillSwitch, None, detail);
        }
    }

    /// The operator has seen what happened: switch off, mode normal, and the equity of now is the high-water
    /// mark. The loss windows run on.
    pub(crate) fn release(&mut self, at: Ts, effects: &mut Effects) {
        let equity = self.equity();
        let guard = &mut self.shared.guard;
        if guard.kill.is_on() {
            alert(effects, at, Severity::Warning, AlertKind::KillSwitch, None, "off: released");
        }
        guard.kill = crate::risk::kill::Kill::default();
        // What led to it is counted anew.
        self.shared.truth.unreconciled_since = self.shared.truth.unreconciled_since.map(|_| at);
        let guard = &mut self.shared.guard;
        guard.flatten_asked = None;
        self.end_doubt();
        let guard = &mut self.shared.guard;
        if let Some(equity) = equity.filter(|_| guard.windows.is_open()) {
            guard.windows.accept(equity);
            guard.limits.forget(Measure::Drawdown);
        }
        self.shared.set_mode(at, SystemMode::Normal, true, effects);
    }

    /// A restart closes nothing: whatever was to be closed is left to its stops and to the operator.
    pub(crate) fn hold(&mut self, at: Ts, effects: &mut Effects) {
        let closing = self.shared.closes_everything();
        if self.shared.guard.kill.is_on() {
            let detail = "still on after the restart: holding, nothing is closed";
            alert(effects, at, Severity::Warning, AlertKind::KillSwitch, None, detail);
            self.shared.guard.kill.hold();
        }
        if self.shared.mode == SystemMode::Flatten {
            self.shared.set_mode(at, SystemMode::ProtectOnly, true, effects);
        }
        if closing {
            for desk in &mut self.desks {
                desk.closing = desk.closing.filter(|closing| closing.reason != ExitReason::Flatten);
            }
        }
    }
}

fn measured(limit: &Limit, reading: &Reading) -> String {
    format!("{} {}: {:.2}", limit.key, limit.threshold, reading.of(limit.measure))
}
