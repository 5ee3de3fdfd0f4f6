//! Shadow outcomes: what refused plans would have made, followed over the instrument's later candles.
//!
//! The plan is a limit at its planned entry for its whole quantity, left to its stop and its first target.
//! The rules lean to the worse side: in the candle of the entry the target counts only where the candle
//! opened beyond the entry already; stop and target in one candle is the stop; a candle that opens beyond
//! the stop fills there; a round trip costs what it is estimated to cost.
//!
//! Invariants: nothing in here changes what the engine does; at most [`SHADOWS_PER_INSTRUMENT_MAX`] plans are
//! followed on an instrument; a plan refused again while it is followed is counted, not followed twice.

use seawall_model::{
    Candle, Decision, Gate, Instrument, Outcome, PlannedPrices, PositionSide, PriceUnits, Setup, ShadowEnd,
    ShadowOutcome, StateSink, Ts,
};

use crate::decision_settings::DecisionSettings;
use crate::effects::Effects;
use crate::limits::SHADOWS_PER_INSTRUMENT_MAX;

const BPS: f64 = 10_000.0;

/// A refused plan that is being followed.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Followed {
    decided_at: Ts,
    gate: Gate,
    setup: Option<Setup>,
    planned: PlannedPrices,
    refusals: u32,
    bars: u32,
    entered: bool,
    /// When it is given up: the entry while it is waited for, then the plan.
    until: Ts,
}

/// The refused plans of an instrument that are being followed, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Shadows(Vec<Followed>);

impl Shadows {
    /// Whether a candle has anything to do here.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Begins to follow the plan of a refused decision, if it has one that makes sense and there is room.
    pub(crate) fn see(&mut self, settings: &DecisionSettings, decision: &Decision) {
        let (Outcome::Refused(gate), Some(planned)) = (decision.outcome, decision.planned) else { return };
        if !settings.shadow_outcomes || !is_sound(&planned) {
            return;
        }
        let same = |one: &&mut Followed| {
            let PlannedPrices { side, entry, stop, .. } = one.planned;
            (side, entry, stop) == (planned.side, planned.entry, planned.stop)
        };
        if let Some(followed) = self.0.iter_mut().find(same) {
            followed.refusals = followed.refusals.saturating_add(1);
        } else if self.0.len() < SHADOWS_PER_INSTRUMENT_MAX {
            self.0.push(Followed {
                decided_at: decision.at,
                gate,
                setup: decision.setup,
                planned,
                refusals: 1,
                bars: 0,
                entered: false,
                until: decision.at.plus(settings.shadow_entry()),
            });
        }
    }

    /// Follows every plan over the next candle; those that have ended go to the effects.
    pub(crate) fn follow(
        &mut self,
        settings: &DecisionSettings,
        instrument: &Instrument,
        cost_bps: f64,
        candle: &Candle,
        effects: &mut Effects,
    ) {
        self.0.retain_mut(|followed| {
            followed.bars = followed.bars.saturating_add(1);
            let Some((end, exit)) = followed.step(settings, candle) else { return true };
            effects.shadows.push(ShadowOutcome {
                instrument: instrument.id(),
                decided_at: followed.decided_at,
                gate: followed.gate,
                setup: followed.setup,
                planned: followed.planned,
                refusals: followed.refusals,
                end,
                ended_at: candle.known_at,
                r: exit.map(|exit| reward(instrument, &followed.planned, exit, cost_bps)),
                bars: followed.bars,
            });
            false
        });
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.0.len() as u64);
        for followed in &self.0 {
            let PlannedPrices { side, entry, stop, target } = followed.planned;
            sink.signed(followed.decided_at.nanos());
            sink.bytes(followed.gate.name().as_bytes());
            sink.bytes(followed.setup.map_or("", Setup::name).as_bytes());
            sink.bytes(side.name().as_bytes());
            for price in [entry, stop, target] {
                sink.signed(price.get());
            }
            sink.number(u64::from(followed.refusals));
            sink.number(u64::from(followed.bars));
            sink.number(u64::from(followed.entered));
            sink.signed(followed.until.nanos());
        }
    }
}

impl Followed {
    /// What the next candle makes of it: how it ends and at which price, if it ends. It began before the
    /// candle did.
    fn step(
        &mut self,
        settings: &DecisionSettings,
        candle: &Candle,
    ) -> Option<(ShadowEnd, Option<PriceUnits>)> {
        let PlannedPrices { side, entry, stop, target } = self.planned;
        let long = side == PositionSide::Long;
        let reached = |level: PriceUnits, down: bool| {
            if down { candle.low <= level } else { candle.high >= level }
        };
        let opens_beyond = |level: PriceUnits, down: bool| {
            if down { candle.open <= level } else { candle.open >= level }
        };
        let fresh = !self.entered;
        if fresh {
            if candle.open_time >= self.until || !reached(entry, long) {
                let over = candle.known_at >= self.until;
                return over.then_some((ShadowEnd::NeverEntered, None));
            }
            self.entered = true;
            self.until = candle.open_time.plus(settings.shadow_hold());
        }
        if reached(stop, long) {
            let gapped = !fresh && opens_beyond(stop, long);
            return Some((ShadowEnd::Stop, Some(if gapped { candle.open } else { stop })));
        }
        if reached(target, !long) && (!fresh || opens_beyond(entry, long)) {
            return Some((ShadowEnd::Target, Some(target)));
        }
        (candle.known_at >= self.until).then_some((ShadowEnd::Time, Some(candle.close)))
    }
}

/// Whether stop and target lie on their sides of the entry.
fn is_sound(planned: &PlannedPrices) -> bool {
    let PlannedPrices { side, entry, stop, target } = *planned;
    stop > PriceUnits::ZERO
        && match side {
            PositionSide::Long => stop < entry && entry < target,
            PositionSide::Short => target > PriceUnits::ZERO && target < entry && entry < stop,
            PositionSide::Flat => false,
        }
}

/// Profit in multiples of the risk at `exit`, after the cost of a round trip at the entry's price.
fn reward(instrument: &Instrument, planned: &PlannedPrices, exit: PriceUnits, cost_bps: f64) -> f64 {
    let price = |price: PriceUnits| instrument.price_f64(price);
    // Below zero for a short, as is what it gains when the price falls.
    let risk = price(planned.entry) - price(planned.stop);
    let gross = (price(exit) - price(planned.entry)) / risk;
    gross - cost_bps / BPS * price(planned.entry) / risk.abs()
}
