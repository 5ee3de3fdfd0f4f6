//! The names of the files, which carry the parameters.
//!
//! A name is a family, and behind two underscores its parameters in a fixed order: `ref_ob__L5_closemit0`.
//! Invariants: what is written is exactly what was read; two names that differ are two files; everything that
//! is read can be computed.

use core::fmt;

use crate::parity::{InputZone, Session, TimeFrame};

/// A parameter that remembers how it was written: `0.01` and `0.010` are two names.
#[derive(Debug, Clone, PartialEq)]
pub struct Spelled<T> {
    text: String,
    value: T,
}

impl<T: Copy> Spelled<T> {
    pub(super) fn new(text: &str, value: T) -> Self {
        Spelled { text: text.to_owned(), value }
    }

    /// What it means.
    #[must_use]
    pub const fn value(&self) -> T {
        self.value
    }
}

impl<T> fmt::Display for Spelled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What is computed, with all parameters. Lengths and sizes are in bars.
#[derive(Debug, Clone, PartialEq)]
pub enum Name {
    /// `ref_*`: results of the reference package, in hindsight.
    Reference(Reference),
    /// `causal_*`: events without future data.
    Causal(Causal),
}

/// The `ref_*` names.
#[derive(Debug, Clone, PartialEq)]
pub enum Reference {
    /// `ref_fvg__join{0,1}`: fair value gaps.
    Fvg {
        /// Whether gaps in a row become one.
        join: bool,
    },
    /// `ref_swing__L{n}`: swing highs and lows.
    Swing {
        /// Swing length.
        length: u32,
    },
    /// `ref_bos_choch__L{n}_close{0,1}`: breaks of structure on swings.
    BosChoch {
        /// Swing length.
        length: u32,
        /// Whether a close breaks, or already a wick.
        close: bool,
    },
    /// `ref_ob__L{n}_closemit{0,1}`: order blocks on swings.
    Ob {
        /// Swing length.
        length: u32,
        /// Whether bodies mitigate, or already wicks.
        close: bool,
    },
    /// `ref_liquidity__L{n}_rp{x}`: groups of equal swings.
    Liquidity {
        /// Swing length.
        length: u32,
        /// Width of a group as a fraction of the range of all bars.
        range_percent: Spelled<f64>,
    },
    /// `ref_previous_high_low__{tf}`: extremes of the previous period.
    PreviousHighLow {
        /// The period.
        period: Spelled<TimeFrame>,
    },
    /// `ref_sessions__{session}[_tz{zone}]`: extremes of a session.
    Sessions {
        /// The session.
        session: Spelled<Session>,
        /// The zone of the bars' times; without it they are taken as UTC.
        zone: Option<Spelled<InputZone>>,
    },
    /// `ref_retracements__L{n}`: retracements on swings.
    Retracements {
        /// Swing length.
        length: u32,
    },
}

/// The `causal_*` names.
#[derive(Debug, Clone, PartialEq)]
pub enum Causal {
    /// `causal_fvg`: fair value gaps and their lives.
    Fvg,
    /// `causal_fractals__L{n}R{m}`: symmetric pivots.
    Fractals {
        /// Bars to the left.
        left: u32,
        /// Bars to the right.
        right: u32,
    },
    /// `causal_structure__S{n}`: breaks of leg pivots.
    Structure {
        /// Size of the legs.
        size: u32,
    },
    /// `causal_ob__S{n}_{nofilter|atr{m}}`: order blocks and their lives.
    Ob {
        /// Size of the legs.
        size: u32,
        /// Period of the average true range by which wide bars are filtered.
        atr_period: Option<u32>,
    },
    /// `causal_pools__S{n}`: leg pivots and how they were taken.
    Pools {
        /// Size of the legs.
        size: u32,
    },
    /// `causal_equal__S{n}_thr{x}`: pairs of equal leg pivots.
    Equal {
        /// Size of the legs.
        size: u32,
        /// Largest distance in average true ranges of 200 bars.
        threshold: Spelled<f64>,
    },
    /// `causal_prev__{period}`: extremes of the previous period.
    Prev {
        /// The period.
        period: Spelled<TimeFrame>,
    },
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Reference(name) => write!(f, "ref_{name}"),
            Name::Causal(name) => write!(f, "causal_{name}"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Fvg { join } => write!(f, "fvg__join{}", u8::from(*join)),
            Reference::Swing { length } => write!(f, "swing__L{length}"),
            Reference::BosChoch { length, close } => {
                write!(f, "bos_choch__L{length}_close{}", u8::from(*close))
            }
            Reference::Ob { length, close } => write!(f, "ob__L{length}_closemit{}", u8::from(*close)),
            Reference::Liquidity { length, range_percent } => {
                write!(f, "liquidity__L{length}_rp{range_percent}")
            }
            Reference::PreviousHighLow { period } => write!(f, "previous_high_low__{period}"),
            Reference::Sessions { session, zone: None } => write!(f, "sessions__{session}"),
            Reference::Sessions { session, zone: Some(zone) } => write!(f, "sessions__{session}_tz{zone}"),
            Reference::Retracements { length } => write!(f, "retracements__L{length}"),
        }
    }
}

impl fmt::Display for Causal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Causal::Fvg => f.write_str("fvg"),
            Causal::Fractals { left, right } => write!(f, "fractals__L{left}R{right}"),
            Causal::Structure { size } => write!(f, "structure__S{size}"),
            Causal::Ob { size, atr_period: None } => write!(f, "ob__S{size}_nofilter"),
            Causal::Ob { size, atr_period: Some(period) } => write!(f, "ob__S{size}_atr{period}"),
            Causal::Pools { size } => write!(f, "pools__S{size}"),
            Causal::Equal { size, threshold } => write!(f, "equal__S{size}_thr{threshold}"),
            Causal::Prev { period } => write!(f, "prev__{period}"),
        }
    }
}

impl Name {
    /// Whether bars need a volume.
    #[must_use]
    pub const fn needs_volume(&self) -> bool {
        matches!(self, Name::Reference(Reference::Ob { .. }))
    }
}

/// What `all` stands for: every indicator, with the parameters that are usually compared.
pub const ALL: [&str; 42] = [
    "ref_bos_choch__L10_close0",
    "ref_bos_choch__L10_close1",
    "ref_bos_choch__L5_close0",
    "ref_bos_choch__L5_close1",
    "ref_fvg__join0",
    "ref_fvg__join1",
    "ref_liquidity__L10_rp0.002",
    "ref_liquidity__L10_rp0.01",
    "ref_liquidity__L5_rp0.002",
    "ref_liquidity__L5_rp0.01",
    "ref_ob__L10_closemit0",
    "ref_ob__L10_closemit1",
    "ref_ob__L5_closemit0",
    "ref_ob__L5_closemit1",
    "ref_previous_high_low__1D",
    "ref_previous_high_low__4h",
    "ref_previous_high_low__W",
    "ref_retracements__L10",
    "ref_retracements__L5",
    "ref_sessions__Custom2230-0115",
    "ref_sessions__London",
    "ref_sessions__London_tzUTC+2",
    "ref_sessions__NewYorkKZ",
    "ref_sessions__Sydney",
    "ref_swing__L1",
    "ref_swing__L10",
    "ref_swing__L3",
    "ref_swing__L5",
    "ref_swing__L50",
    "causal_equal__S3_thr0.1",
    "causal_fractals__L5R5",
    "causal_fvg",
    "causal_ob__S20_atr200",
    "causal_ob__S20_nofilter",
    "causal_ob__S5_atr200",
    "causal_ob__S5_nofilter",
    "causal_pools__S20",
    "causal_pools__S5",
    "causal_prev__1D",
    "causal_prev__W",
    "causal_structure__S20",
    "causal_structure__S5",
];
