//! Every limit that acts by itself: what it measures, from where on it warns, and what it does.
//!
//! Invariants: each limit warns at [`WARN_SHARE`] of itself, once until it is far away again; a mode is only
//! ever made stricter in here. To know cheaply that nothing can have happened, [`Limits::room`] says by how
//! much equity may move before any limit is touched.

use seawall_model::SystemMode;
use serde::{Deserialize, Serialize};

use super::settings::RiskSettings;

/// Share of a limit from which on the operator is warned.
pub(crate) const WARN_SHARE: f64 = 0.7;
/// Share of a limit below which a warning may come again.
const CALM_SHARE: f64 = 0.5;

/// What a limit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Loss of the UTC day in percent.
    Day,
    /// Loss of the ISO week in percent.
    Week,
    /// Fall from the high-water mark in percent.
    Drawdown,
    /// Worst-case margin in percent of equity.
    MarginUse,
    /// Instruments with a position or an entry on its way.
    Positions,
}

/// What a limit does when it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Entries end until the window is over.
    EndEntries,
    /// The system goes to this mode.
    Enter(SystemMode),
}

const END: Act = Act::EndEntries;
const CAUTIOUS: Act = Act::Enter(SystemMode::Cautious);
const REDUCE_ONLY: Act = Act::Enter(SystemMode::ReduceOnly);
const PROTECT_ONLY: Act = Act::Enter(SystemMode::ProtectOnly);
const FLATTEN: Act = Act::Enter(SystemMode::Flatten);

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limit {
    pub(crate) key: &'static str,
    pub(crate) measure: Measure,
    pub(crate) threshold: f64,
    pub(crate) act: Act,
}

/// The account measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Reading {
    pub(crate) equity: f64,
    pub(crate) day: Base,
    pub(crate) week: Base,
    pub(crate) peak: Base,
    /// Worst-case margin.
    pub(crate) margin: f64,
    pub(crate) engaged: u32,
}

/// A window's first equity, or the high-water mark.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Base(pub(crate) f64);

impl Base {
    fn loss_pct(self, equity: f64) -> f64 {
        let lost = self.0 - equity;
        match (lost > 0.0, self.0 > 0.0) {
            (true, true) => lost / self.0 * 100.0,
            (true, false) => f64::MAX,
            (false, _) => 0.0,
        }
    }
}

impl Reading {
    pub(crate) fn of(&self, measure: Measure) -> f64 {
        match measure {
            Measure::Day => self.day.loss_pct(self.equity),
            Measure::Week => self.week.loss_pct(self.equity),
            Measure::Drawdown => self.peak.loss_pct(self.equity),
            Measure::MarginUse if self.margin <= 0.0 => 0.0,
            Measure::MarginUse if self.equity > 0.0 => self.margin / self.equity * 100.0,
            Measure::MarginUse => f64::MAX,
            Measure::Positions => f64::from(self.engaged),
        }
    }

    /// By how much prices may move equity before `measure` is at `threshold`.
    fn room(&self, measure: Measure, threshold: f64) -> f64 {
        let share = threshold / 100.0;
        match measure {
            Measure::Day => self.equity - self.day.0 * (1.0 - share),
            Measure::Week => self.equity - self.week.0 * (1.0 - share),
            Measure::Drawdown => self.equity - self.peak.0 * (1.0 - share),
            // Margin grows with the price of a short while equity falls.
            Measure::MarginUse => (self.equity * share - self.margin) / (1.0 + share),
            // Moves with orders only.
            Measure::Positions => f64::INFINITY,
        }
    }
}

/// The keys of limits that have warned, and of those that are reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marks {
    warned: Vec<String>,
    reached: Vec<String>,
}

impl Marks {
    /// Whether `limits` are marked like this.
    pub(crate) fn are_of(&self, limits: &Limits) -> bool {
        let count = |bits: u32| usize::try_from(bits.count_ones()).unwrap_or(usize::MAX);
        (self.warned.len(), self.reached.len()) == (count(limits.warned), count(limits.reached))
            && (limits.warned | limits.reached == 0 || *self == limits.marks())
    }
}

/// The limits that are on, and which of them have warned and acted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limits {
    list: Vec<Limit>,
    warned: u32,
    pub(crate) reached: u32,
}

impl Limits {
    pub(crate) fn new(settings: &RiskSettings) -> Self {
        let states = &settings.states;
        let percents = [
            ("risk.daily_loss_max_pct", Measure::Day, settings.daily_loss_max_pct, END),
            ("risk.weekly_loss_max_pct", Measure::Week, settings.weekly_loss_max_pct, END),
            ("risk.states.drawdown_cautious_pct", Measure::Drawdown, states.drawdown_cautious_pct, CAUTIOUS),
            (
                "risk.states.drawdown_reduce_only_pct",
                Measure::Drawdown,
                states.drawdown_reduce_only_pct,
                REDUCE_ONLY,
            ),
            (
                "risk.states.drawdown_protect_only_pct",
                Measure::Drawdown,
                states.drawdown_protect_only_pct,
                PROTECT_ONLY,
            ),
            ("risk.states.drawdown_flatten_pct", Measure::Drawdown, states.drawdown_flatten_pct, FLATTEN),
            (
                "risk.states.margin_use_cautious_pct",
                Measure::MarginUse,
                states.margin_use_cautious_pct,
                CAUTIOUS,
            ),
            (
                "risk.states.margin_use_reduce_only_pct",
                Measure::MarginUse,
                states.margin_use_reduce_only_pct,
                REDUCE_ONLY,
            ),
            (
                "risk.states.margin_use_protect_only_pct",
                Measure::MarginUse,
                states.margin_use_protect_only_pct,
                PROTECT_ONLY,
            ),
            (
                "risk.states.margin_use_flatten_pct",
                Measure::MarginUse,
                states.margin_use_flatten_pct,
                FLATTEN,
            ),
        ];
        let counts = [
            ("risk.states.positions_cautious", states.positions_cautious, CAUTIOUS),
            ("risk.states.positions_reduce_only", states.positions_reduce_only, REDUCE_ONLY),
        ];
        let percents = percents.into_iter().filter_map(|(key, measure, threshold, act)| {
            Some(Limit { key, measure, threshold: threshold?.to_f64(), act })
        });
        let counts = counts.into_iter().filter_map(|(key, threshold, act)| {
            Some(Limit { key, measure: Measure::Positions, threshold: f64::from(threshold?), act })
        });
        Limits { list: percents.chain(counts).collect(), warned: 0, reached: 0 }
    }

    /// Whether any limit is on.
    pub(crate) fn any(&self) -> bool {
        !self.list.is_empty()
    }

    /// Whether the high-water mark is of use.
    pub(crate) fn watches_drawdown(&self) -> bool {
        self.list.iter().any(|limit| limit.measure == Measure::Drawdown)
    }

    pub(crate) fn get(&self, index: usize) -> Option<Limit> {
        self.list.get(index).copied()
    }

    /// By how much prices may move equity before anything is to be said or done; infinite without limits.
    pub(crate) fn room(&self, reading: &Reading) -> f64 {
        let mut room = f64::INFINITY;
        for (index, limit) in self.list.iter().enumerate() {
            let bit = 1 << index;
            if self.warned & bit == 0 {
                room = room.min(reading.room(limit.measure, limit.threshold * WARN_SHARE));
            }
            if self.reached & bit == 0 {
                room = room.min(reading.room(limit.measure, limit.threshold));
            }
        }
        room.max(0.0)
    }

    /// Limits that warn now and limits that are reached now, as bits; both are remembered.
    pub(crate) fn judge(&mut self, reading: &Reading) -> (u32, u32) {
        let (mut warn, mut reach) = (0, 0);
        for (index, limit) in self.list.iter().enumerate() {
            let bit: u32 = 1 << index;
            let measured = reading.of(limit.measure);
            // A loss beyond which entries end counts as reached from the last digit on that a float holds.
            if measured >= limit.threshold * (1.0 - 1e-12) {
                reach |= bit;
            } else if measured >= limit.threshold * WARN_SHARE {
                warn |= bit;
            } else if measured < limit.threshold * CALM_SHARE {
                self.warned &= !bit;
            }
        }
        let news = (warn & !self.warned & !reach, reach & !self.reached);
        self.warned |= warn | reach;
        // A mode that was left is entered again while its limit is still reached, so only windows latch.
        self.reached = reach;
        news
    }

    /// What has warned and what is reached, by the keys of the limits: settings may change between two runs.
    pub(crate) fn marks(&self) -> Marks {
        let of = |bits: u32| {
            let marked = self.list.iter().enumerate().filter(|(index, _)| bits & (1 << index) != 0);
            marked.map(|(_, limit)| limit.key.to_owned()).collect()
        };
        Marks { warned: of(self.warned), reached: of(self.reached) }
    }

    /// Takes over what an earlier process has said and done about the limits that are still on.
    pub(crate) fn remember(&mut self, marks: &Marks) {
        let bits = |keys: &[String]| {
            let marked =
                self.list.iter().enumerate().filter(|(_, limit)| keys.iter().any(|key| key == limit.key));
            marked.fold(0, |bits, (index, _)| bits | (1 << index))
        };
        (self.warned, self.reached) = (bits(&marks.warned), bits(&marks.reached));
    }

    /// A new window: what was said about the old one is forgotten.
    pub(crate) fn forget(&mut self, measure: Measure) {
        for (index, limit) in self.list.iter().enumerate() {
            if limit.measure == measure {
                self.warned &= !(1 << index);
                self.reached &= !(1 << index);
            }
        }
    }

    /// The strictest mode that the limits reached ask for, with the limit that asks.
    pub(crate) fn mode(&self) -> Option<(SystemMode, Limit)> {
        let mut strictest: Option<(SystemMode, Limit)> = None;
        for (index, limit) in self.list.iter().enumerate() {
            let asked = match limit.act {
                Act::Enter(mode) if self.reached & (1 << index) != 0 => mode,
                Act::Enter(_) | Act::EndEntries => continue,
            };
            if strictest.is_none_or(|(mode, _)| asked > mode) {
                strictest = Some((asked, *limit));
            }
        }
        strictest
    }

    pub(crate) fn digest(&self, sink: &mut dyn seawall_model::StateSink) {
        sink.number(u64::from(self.warned));
        sink.number(u64::from(self.reached));
    }
}
