//! A fall from the high-water mark that is too large to be believed at once.
//!
//! An account does not lose half of itself between two looks, nor while nobody traded. When it seems so, the
//! high-water mark may be stale (money was taken out without a word, a balance was read wrong), and acting on
//! it would halt and close a sound account. So: more than half of the mark gone since the last look, or gone
//! at the first look after a restart, and the balance is asked for twice, [`PAUSE`] apart, before anything is
//! concluded. What then stands in the books decides:
//!
//! - A loss by trades, prices, fees and funding is real: every limit acts as it is set.
//! - What left the account without any of them (the adjustments to the venue's balance) and alone makes the
//!   fall unbelievable is taken out of the marks, as a withdrawal would be. Nothing is halted or closed. All
//!   limits go on from lower marks, and entries wait until the operator releases or the money is back.
//!
//! Invariants: entries end with the first moment of a doubt, also those that rest; protection and management
//! never wait for it; without two complete answers nothing is concluded, so a venue that does not answer
//! causes neither a halt nor an entry.

use rust_decimal::Decimal;
use seawall_model::{AlertKind, Coverage, Money, Severity, Span, StateSink, Ts, VenueRequest};
use serde::{Deserialize, Serialize};

use crate::effects::Effects;
use crate::engine::Engine;
use crate::gateway::alert;
use crate::phase::Phase;
use crate::risk::states::Measure;

/// Time between the two questions.
const PAUSE: Span = Span::from_secs(2);
/// What is concluded from an answer is concluded when its instant is over.
const NEXT_INSTANT: Span = Span::from_nanos(1);
/// Answers that have to agree with the books.
const ANSWERS: u8 = 2;
/// Fall from the high-water mark, in percent, that is believed at once.
pub(crate) const FALL_BELIEVED_PCT: f64 = 50.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Asking {
    /// When the next question is due: one was not answered, or the second has to be asked.
    due: Ts,
    /// A question is out that no answer has come for.
    waits: bool,
    /// Answers that agree with the books so far.
    agreed: u8,
}

/// What is in doubt about the high-water mark.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Doubt {
    /// The engine was started again and has not looked at the account since.
    restarted: bool,
    asking: Option<Asking>,
    /// What left the account without a trade and has not come back.
    missing: Money,
    /// The fall that was doubted, in percent.
    #[serde(with = "crate::carry::exact::float")]
    fall_pct: f64,
}

impl Doubt {
    /// The fall in doubt, while entries have to wait for it.
    pub(crate) fn holds_entries(&self) -> Option<f64> {
        (self.asking.is_some() || !self.missing.is_zero()).then_some(self.fall_pct)
    }

    /// When the account has to be looked at for it.
    pub(crate) fn due(&self) -> Option<Ts> {
        self.asking.map(|asking| asking.due)
    }

    /// Money came in that nobody can explain.
    pub(crate) fn came_back(&mut self, amount: Money) {
        self.missing = self.missing.minus(amount).unwrap_or(self.missing).max(Money::ZERO);
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(u64::from(self.restarted));
        let asking = self.asking.unwrap_or(Asking { due: Ts::EPOCH, waits: false, agreed: u8::MAX });
        sink.signed(asking.due.nanos());
        sink.number(u64::from(asking.waits));
        sink.number(u64::from(asking.agreed));
        sink.decimal(self.missing.get());
        sink.float(self.fall_pct);
    }
}

impl Engine {
    /// The process was started again: the first look at the account asks before it believes.
    pub(crate) fn doubt_after_restart(&mut self) {
        self.shared.guard.doubt.restarted = true;
    }

    /// Whether nothing may be concluded from `equity` yet; `before` is what it was at the last look.
    pub(crate) fn is_in_doubt(
        &mut self,
        at: Ts,
        before: Money,
        equity: Money,
        effects: &mut Effects,
    ) -> bool {
        let peak = self.shared.guard.windows.peak();
        let doubt = &mut self.shared.guard.doubt;
        let ready = self.shared.phase == Phase::Ready;
        let restarted = ready && core::mem::take(&mut doubt.restarted);
        if !is_more_than_half(peak, equity) {
            doubt.asking = None;
            return false;
        }
        match doubt.asking {
            None => {
                let fallen_at_once = before.minus(equity).unwrap_or(Money::ZERO);
                if !restarted && !is_more_than_half(peak, less(peak, fallen_at_once)) {
                    return false;
                }
                let fall = peak.minus(equity).map_or(0.0, Money::to_f64) / peak.to_f64() * 100.0;
                doubt.fall_pct = fall;
                let detail = format!("equity {equity}, mark {peak}: asking for the balance twice");
                alert(effects, at, Severity::Warning, AlertKind::StalePeak, None, detail);
                self.ask_balance(at, 0, effects);
                self.enforce_mode(at, effects);
                true
            }
            Some(asking) if asking.agreed >= ANSWERS => {
                self.believe(at, equity, effects);
                false
            }
            Some(asking) => {
                if at >= asking.due {
                    self.ask_balance(at, asking.agreed, effects);
                }
                true
            }
        }
    }

    fn ask_balance(&mut self, at: Ts, agreed: u8, effects: &mut Effects) {
        let due = at.plus(self.shared.protection.submit_deadline());
        self.shared.guard.doubt.asking = Some(Asking { due, waits: true, agreed });
        self.shared.asked_at = at;
        effects.requests.push(VenueRequest::QueryBalance);
    }

    /// A balance has come in: an answer counts where the books agree with it.
    pub(crate) fn hear_balance(&mut self, at: Ts, coverage: Coverage, amount: Money) {
        let agrees = coverage == Coverage::Complete && amount == self.shared.ledger.cash();
        let guard = &mut self.shared.guard;
        let Some(asking) = guard.doubt.asking.as_mut() else { return };
        if !agrees || !asking.waits {
            return;
        }
        asking.waits = false;
        asking.agreed += 1;
        asking.due = at.plus(if asking.agreed < ANSWERS { PAUSE } else { NEXT_INSTANT });
        let due = asking.due;
        guard.watch.wake_by(due);
        self.plan_wakeup();
    }

    /// Two answers agree with the books: either the loss is real, or money is missing that nobody lost.
    fn believe(&mut self, at: Ts, equity: Money, effects: &mut Effects) {
        let guard = &mut self.shared.guard;
        guard.doubt.asking = None;
        let peak = guard.windows.peak();
        let missing = guard.windows.missing();
        if missing.is_zero() || is_more_than_half(less(peak, missing), equity) {
            let detail = format!("equity {equity}, mark {peak}: the loss is real");
            alert(effects, at, Severity::Warning, AlertKind::StalePeak, None, detail);
            return;
        }
        guard.windows.forgive();
        guard.doubt.missing = missing;
        for measure in [Measure::Day, Measure::Week, Measure::Drawdown] {
            guard.limits.forget(measure);
        }
        let detail = format!("{missing} left without a trade; marks lowered, entries wait for the operator");
        alert(effects, at, Severity::Critical, AlertKind::StalePeak, None, detail);
    }

    /// The operator has seen it: what is missing is taken for a withdrawal.
    pub(crate) fn end_doubt(&mut self) {
        if self.shared.guard.doubt.asking.is_some() {
            self.shared.guard.windows.forgive();
        }
        self.shared.guard.doubt = Doubt::default();
    }
}

/// Whether more than half of `mark` is gone.
fn is_more_than_half(mark: Money, equity: Money) -> bool {
    let half = mark.get().checked_div(Decimal::TWO).unwrap_or_default();
    mark > Money::ZERO && equity.get() < half
}

fn less(mark: Money, amount: Money) -> Money {
    mark.minus(amount).unwrap_or(mark)
}
