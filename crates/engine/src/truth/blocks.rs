//! What keeps the engine from being ready, or an instrument from being entered, by name.

use core::fmt;

use seawall_model::{AlertKind, InstrumentId, Trading, Ts};

use super::queries::ReportKind;
use super::settings::{ForeignOrderPolicy, HoldingPolicy, PositionPolicy};
use crate::desk::{Desk, Difference};
use crate::engine::Engine;
use crate::phase::Phase;
use crate::shared::Shared;

/// Something that keeps new risk away. Those of an instrument hold the start-up as a whole, where
/// [`Block::holds_start`] says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// The engine was not started.
    NotStarted,
    /// A report has not come in completely since the comparison began.
    Report {
        /// Which.
        report: ReportKind,
        /// How often in a row it failed.
        failed: u32,
        /// Since when it fails.
        since: Option<Ts>,
    },
    /// The private stream is lost.
    Stream {
        /// Since when.
        since: Ts,
    },
    /// Books and venue differ.
    Difference {
        /// On which instrument.
        instrument: InstrumentId,
        /// How.
        difference: Difference,
    },
    /// A position has no confirmed stop.
    Unprotected {
        /// On which instrument.
        instrument: InstrumentId,
        /// Since when, where a stop is wanted.
        since: Option<Ts>,
    },
    /// The venue takes no orders on an instrument where something is held: it has a stop or not, and nothing
    /// can be done about it.
    Unserved {
        /// On which instrument.
        instrument: InstrumentId,
        /// What the venue says of it.
        trading: Trading,
        /// Whether a stop that was placed before covers it.
        covered: bool,
    },
    /// A position is being closed by policy.
    Flattening {
        /// On which instrument.
        instrument: InstrumentId,
    },
    /// A position is left alone by policy.
    LeftAlone {
        /// On which instrument.
        instrument: InstrumentId,
    },
    /// Somebody else's order rests, and policy says that it blocks.
    ForeignOrder {
        /// On which instrument.
        instrument: InstrumentId,
    },
    /// The account holds something that the run does not know, and policy or an unknown value blocks.
    ForeignHolding {
        /// How many.
        count: u32,
    },
}

impl Block {
    /// Whether the engine as a whole is not ready while it is there.
    #[must_use]
    pub const fn holds_start(self) -> bool {
        match self {
            Block::NotStarted
            | Block::Report { .. }
            | Block::Stream { .. }
            | Block::Difference { .. }
            | Block::Unprotected { .. }
            | Block::Flattening { .. } => true,
            Block::LeftAlone { .. }
            | Block::ForeignOrder { .. }
            | Block::ForeignHolding { .. }
            | Block::Unserved { .. } => false,
        }
    }

    /// The instrument that it is about, if one.
    #[must_use]
    pub const fn instrument(self) -> Option<InstrumentId> {
        match self {
            Block::NotStarted
            | Block::Report { .. }
            | Block::Stream { .. }
            | Block::ForeignHolding { .. } => None,
            Block::Difference { instrument, .. }
            | Block::Unprotected { instrument, .. }
            | Block::Unserved { instrument, .. }
            | Block::Flattening { instrument }
            | Block::LeftAlone { instrument }
            | Block::ForeignOrder { instrument } => Some(instrument),
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Block::NotStarted => f.write_str("not started"),
            Block::Report { report, failed: 0, .. } => write!(f, "waiting for the {}", report.name()),
            Block::Report { report, failed, since } => {
                write!(f, "no complete report of the {}: failed {failed} times", report.name())?;
                since.map_or(Ok(()), |since| write!(f, " since {since}"))
            }
            Block::Stream { since } => write!(f, "the private stream is lost since {since}"),
            Block::Difference { difference, .. } => write!(f, "difference: {}", difference.name()),
            Block::Unprotected { since, .. } => {
                f.write_str("position without a confirmed stop")?;
                since.map_or(Ok(()), |since| write!(f, " since {since}"))
            }
            Block::Unserved { trading, covered, .. } => {
                let why = if trading.takes_orders() { "market closed" } else { trading.name() };
                let stop = if *covered { "a stop of before rests" } else { "position without a stop" };
                write!(f, "the venue takes no orders ({why}): {stop}")
            }
            Block::Flattening { .. } => f.write_str("position is being closed by policy"),
            Block::LeftAlone { .. } => f.write_str("position is left alone by policy"),
            Block::ForeignOrder { .. } => f.write_str("somebody else's order rests"),
            Block::ForeignHolding { count } => {
                write!(f, "{count} positions on instruments that this run does not know")
            }
        }
    }
}

/// What about one instrument keeps the whole engine from being ready.
pub(crate) fn hold_of(desk: &Desk) -> Option<Block> {
    let instrument = desk.instrument.id();
    if let Some(difference) = desk.difference {
        return Some(Block::Difference { instrument, difference });
    }
    let foreign = desk.foreign.policy;
    // What is too small for any order of the venue can have no stop.
    if desk.position.is_flat() || desk.is_dust() || foreign == Some(PositionPolicy::Ignore) {
        return None;
    }
    let wanted = desk.protection.wanted().is_some() || foreign.is_some();
    if !desk.is_served() {
        return None;
    }
    if wanted && !desk.protection.is_covered() {
        return Some(Block::Unprotected { instrument, since: desk.protection.naked_since() });
    }
    (foreign == Some(PositionPolicy::Flatten)).then_some(Block::Flattening { instrument })
}

/// Whether anything keeps the engine from being ready.
pub(crate) fn is_held(desks: &[Desk], shared: &Shared) -> bool {
    !shared.reports.all()
        || shared.truth.lost_since.is_some()
        || desks.iter().any(|desk| hold_of(desk).is_some())
}

/// Whether holdings elsewhere block all entries.
pub(crate) fn elsewhere_blocks(shared: &Shared) -> bool {
    let rows = &shared.truth.elsewhere.rows;
    match shared.reconcile.foreign_holdings {
        HoldingPolicy::Block => !rows.is_empty(),
        HoldingPolicy::Count => rows.iter().any(|row| row.value.is_none()),
    }
}

/// What keeps an instrument from being entered although the engine is ready, beside a difference.
pub(crate) fn bar_of(desk: &Desk, shared: &Shared) -> Option<Block> {
    let instrument = desk.instrument.id();
    if desk.foreign.is_left_alone() {
        return Some(Block::LeftAlone { instrument });
    }
    if !desk.is_served() && !desk.position.is_flat() {
        let (trading, covered) = (desk.market.terms.trading, desk.protection.is_covered());
        return Some(Block::Unserved { instrument, trading, covered });
    }
    if shared.reconcile.foreign_orders == ForeignOrderPolicy::Block && desk.foreign.has_orders() {
        return Some(Block::ForeignOrder { instrument });
    }
    elsewhere_blocks(shared).then(|| Block::ForeignHolding {
        count: u32::try_from(shared.truth.elsewhere.rows.len()).unwrap_or(u32::MAX),
    })
}

impl Block {
    /// What the gate `difference` measures for it.
    pub(crate) const fn code(self) -> f64 {
        match self {
            Block::LeftAlone { .. } => 4.0,
            Block::ForeignOrder { .. } => 5.0,
            Block::ForeignHolding { .. } => 6.0,
            Block::Unserved { .. } => 8.0,
            Block::NotStarted
            | Block::Report { .. }
            | Block::Stream { .. }
            | Block::Difference { .. }
            | Block::Unprotected { .. }
            | Block::Flattening { .. } => 7.0,
        }
    }
}

impl Engine {
    /// Everything that keeps new risk away now, what holds the start first.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block> {
        let shared = &self.shared;
        let mut blocks = Vec::new();
        match shared.phase {
            Phase::Starting => blocks.push(Block::NotStarted),
            Phase::Reconciling => {
                for report in ReportKind::ALL.into_iter().filter(|kind| !shared.reports.has(*kind)) {
                    let query = shared.truth.queries.of(report);
                    let (failed, since) = (query.failed, query.failing_since);
                    blocks.push(Block::Report { report, failed, since });
                }
            }
            Phase::Ready => {}
        }
        blocks.extend(shared.truth.lost_since.map(|since| Block::Stream { since }));
        blocks.extend(self.desks.iter().filter_map(hold_of));
        if elsewhere_blocks(shared) {
            let count = u32::try_from(shared.truth.elsewhere.rows.len()).unwrap_or(u32::MAX);
            blocks.push(Block::ForeignHolding { count });
        }
        let own = self.desks.iter().filter_map(|desk| bar_of(desk, shared));
        blocks.extend(own.filter(|block| block.instrument().is_some()));
        blocks
    }

    /// The same in words, with the names of instruments.
    #[must_use]
    pub fn blocks_in_words(&self) -> Vec<String> {
        let named = |block: Block| match block.instrument().and_then(|id| self.desks.get(id.index())) {
            Some(desk) => format!("{}: {block}", desk.instrument.name()),
            None => block.to_string(),
        };
        self.blocks().into_iter().map(named).collect()
    }

    /// How often something was told since the engine was built: each named difference and event of the
    /// account has its own kind.
    #[must_use]
    pub fn told(&self, kind: AlertKind) -> u64 {
        self.shared.truth.told.get(&kind).copied().unwrap_or(0)
    }
}
