//! What kinds and changes are called: for machines, for people, and on the chart.

use seawall_smc::{Change, Direction, Event, Kind};

/// How a kind is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A small triangle at the bar that it is about.
    Pivot,
    /// A line from the pivot to the bar that broke it.
    Break,
    /// A box from birth to end.
    Zone,
    /// A line from birth to end.
    Level,
    /// A high and a low, a line each.
    Pair,
    /// A band behind the candles.
    Band,
    /// High, low and middle.
    Range,
    /// A sign at a bar.
    Mark,
}

impl Shape {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Shape::Pivot => "pivot",
            Shape::Break => "break",
            Shape::Zone => "zone",
            Shape::Level => "level",
            Shape::Pair => "pair",
            Shape::Band => "band",
            Shape::Range => "range",
            Shape::Mark => "mark",
        }
    }
}

/// What is switched on and off together on the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    Structure,
    Pivots,
    Fractals,
    Blocks,
    Breakers,
    Gaps,
    OtherGaps,
    Liquidity,
    Levels,
    Range,
    Sessions,
    Signals,
}

impl Layer {
    pub(crate) const ALL: [Layer; 12] = [
        Layer::Structure,
        Layer::Blocks,
        Layer::Gaps,
        Layer::Liquidity,
        Layer::Pivots,
        Layer::Levels,
        Layer::Breakers,
        Layer::OtherGaps,
        Layer::Range,
        Layer::Sessions,
        Layer::Signals,
        Layer::Fractals,
    ];

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Layer::Structure => "Structure",
            Layer::Pivots => "Pivots",
            Layer::Fractals => "Fractals",
            Layer::Blocks => "Order blocks",
            Layer::Breakers => "Breakers",
            Layer::Gaps => "FVG",
            Layer::OtherGaps => "Other gaps",
            Layer::Liquidity => "Liquidity",
            Layer::Levels => "Levels",
            Layer::Range => "Range & OTE",
            Layer::Sessions => "Sessions",
            Layer::Signals => "Signals",
        }
    }

    /// Whether a fresh page shows it: what is looked at first, without clutter.
    pub(crate) const fn shown(self) -> bool {
        match self {
            Layer::Structure | Layer::Blocks | Layer::Gaps | Layer::Liquidity | Layer::Pivots => true,
            Layer::Fractals
            | Layer::Breakers
            | Layer::OtherGaps
            | Layer::Levels
            | Layer::Range
            | Layer::Sessions
            | Layer::Signals => false,
        }
    }
}

/// What a kind is called and how it is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Face {
    /// In options and JSON.
    pub(crate) name: &'static str,
    /// In sentences.
    pub(crate) words: &'static str,
    /// On the chart.
    pub(crate) short: &'static str,
    pub(crate) shape: Shape,
    pub(crate) layer: Layer,
}

/// The face of every kind: name, words, short form, shape, layer.
macro_rules! faces {
    ($($kind:ident = $name:literal, $words:literal, $short:literal, $shape:ident, $layer:ident;)*) => {
        /// Every kind.
        pub(crate) const ALL: &[Kind] = &[$(Kind::$kind),*];

        /// What a kind is called and how it is drawn.
        pub(crate) const fn face(kind: Kind) -> Face {
            match kind {
                $(Kind::$kind => Face {
                    name: $name, words: $words, short: $short, shape: Shape::$shape, layer: Layer::$layer,
                },)*
            }
        }
    };
}

faces! {
    FractalPivot = "fractal_pivot", "fractal", "", Pivot, Fractals;
    LegPivot = "leg_pivot", "pivot", "", Pivot, Pivots;
    HigherHigh = "higher_high", "higher high", "HH", Pivot, Pivots;
    LowerHigh = "lower_high", "lower high", "LH", Pivot, Pivots;
    HigherLow = "higher_low", "higher low", "HL", Pivot, Pivots;
    LowerLow = "lower_low", "lower low", "LL", Pivot, Pivots;
    Bos = "bos", "BOS", "BOS", Break, Structure;
    Choch = "choch", "CHoCH", "CHoCH", Break, Structure;
    Mss = "mss", "MSS", "MSS", Break, Structure;
    Displacement = "displacement", "displacement", "D", Mark, Signals;
    OrderBlock = "order_block", "order block", "OB", Zone, Blocks;
    BreakerBlock = "breaker_block", "breaker block", "BB", Zone, Breakers;
    MitigationBlock = "mitigation_block", "mitigation block", "MB", Zone, Breakers;
    RejectionBlock = "rejection_block", "rejection block", "RB", Zone, Breakers;
    PropulsionBlock = "propulsion_block", "propulsion block", "PB", Zone, Breakers;
    FairValueGap = "fvg", "fair value gap", "FVG", Zone, Gaps;
    InverseFairValueGap = "inverse_fvg", "inverse fair value gap", "IFVG", Zone, OtherGaps;
    BalancedPriceRange = "balanced_price_range", "balanced price range", "BPR", Zone, OtherGaps;
    VolumeImbalance = "volume_imbalance", "volume imbalance", "VI", Zone, OtherGaps;
    OpeningGap = "opening_gap", "opening gap", "OG", Zone, OtherGaps;
    NewDayOpeningGap = "new_day_opening_gap", "new day opening gap", "NDOG", Zone, OtherGaps;
    NewWeekOpeningGap = "new_week_opening_gap", "new week opening gap", "NWOG", Zone, OtherGaps;
    LiquidityVoid = "liquidity_void", "liquidity void", "LV", Zone, OtherGaps;
    Unicorn = "unicorn", "unicorn", "UNI", Zone, Breakers;
    EqualLevels = "equal_levels", "equal levels", "EQ", Level, Liquidity;
    Pool = "pool", "liquidity pool", "", Level, Liquidity;
    Inducement = "inducement", "inducement", "IDM", Level, Signals;
    DealingRange = "dealing_range", "dealing range", "Range", Range, Range;
    Premium = "premium", "premium", "P", Mark, Signals;
    Equilibrium = "equilibrium", "equilibrium", "E", Mark, Signals;
    Discount = "discount", "discount", "D", Mark, Signals;
    OptimalTradeEntry = "ote", "optimal trade entry", "OTE", Zone, Range;
    StrongLevel = "strong_level", "strong", "Strong", Level, Range;
    WeakLevel = "weak_level", "weak", "Weak", Level, Range;
    Session = "session", "session", "", Band, Sessions;
    SessionLevels = "session_levels", "session levels", "S", Pair, Levels;
    PreviousDay = "previous_day", "previous day", "PD", Pair, Levels;
    PreviousWeek = "previous_week", "previous week", "PW", Pair, Levels;
    PreviousMonth = "previous_month", "previous month", "PM", Pair, Levels;
    PreviousPeriod = "previous_period", "previous period", "PP", Pair, Levels;
    OpenPrice = "open_price", "open price", "Open", Level, Levels;
    PowerOfThree = "power_of_three", "power of three", "PO3", Mark, Signals;
    SmtDivergence = "smt_divergence", "SMT divergence", "SMT", Mark, Signals;
    Confluence = "confluence", "confluence", "★", Mark, Signals;
}

/// The names of all kinds.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|kind| face(*kind).name)
}

/// The kind of a name.
pub(crate) fn kind_of(name: &str) -> Option<Kind> {
    ALL.iter().copied().find(|kind| face(*kind).name == name)
}

/// A change in options and JSON, and in sentences.
const fn change_words(change: Change) -> (&'static str, &'static str) {
    match change {
        Change::Born => ("born", "born"),
        Change::Extended => ("extended", "extended to"),
        Change::Replaced => ("replaced", "replaced"),
        Change::Touched => ("touched", "touched"),
        Change::Retested => ("retested", "retested"),
        Change::Midpoint => ("midpoint", "reached to its middle"),
        Change::Filled => ("filled", "filled"),
        Change::Mitigated => ("mitigated", "mitigated"),
        Change::WickBroken => ("wick_broken", "pierced by a wick"),
        Change::Inverted => ("inverted", "closed through (inverted)"),
        Change::Broken => ("broken", "closed through (broken)"),
        Change::HighBroken => ("high_broken", "high broken"),
        Change::LowBroken => ("low_broken", "low broken"),
        Change::Swept => ("swept", "swept"),
        Change::Run => ("run", "run"),
        Change::Invalidated => ("invalidated", "invalidated"),
        Change::Closed => ("closed", "closed"),
        Change::Expired => ("expired", "expired"),
    }
}

/// The name of a change in JSON.
pub(crate) const fn change_name(change: Change) -> &'static str {
    change_words(change).0
}

/// The name of a direction in JSON.
pub(crate) const fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Bullish => "bullish",
        Direction::Bearish => "bearish",
    }
}

/// Prices as people read them, with the decimals of the instrument.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prices {
    pub(crate) decimals: usize,
}

impl Prices {
    pub(crate) fn one(self, price: f64) -> String {
        format!("{price:.*}", self.decimals)
    }

    /// The price of a level, from bottom to top of a zone.
    pub(crate) fn of(self, top: f64, bottom: f64) -> String {
        // A level has one price, twice the same bits.
        if top.to_bits() == bottom.to_bits() {
            return self.one(top);
        }
        format!("{}–{}", self.one(bottom), self.one(top))
    }
}

/// What a thing is, in a trader's words: `bullish order block`, `pivot high`, `buy-side pool`.
pub(crate) fn thing(kind: Kind, direction: Direction) -> String {
    let words = face(kind).words;
    match (kind, direction) {
        (Kind::FractalPivot | Kind::LegPivot | Kind::StrongLevel | Kind::WeakLevel, Direction::Bullish) => {
            format!("{words} high")
        }
        (Kind::FractalPivot | Kind::LegPivot | Kind::StrongLevel | Kind::WeakLevel, Direction::Bearish) => {
            format!("{words} low")
        }
        (Kind::EqualLevels, Direction::Bullish) => "equal highs".to_owned(),
        (Kind::EqualLevels, Direction::Bearish) => "equal lows".to_owned(),
        (Kind::Pool, Direction::Bullish) => "buy-side pool".to_owned(),
        (Kind::Pool, Direction::Bearish) => "sell-side pool".to_owned(),
        (Kind::HigherHigh | Kind::LowerHigh | Kind::HigherLow | Kind::LowerLow, _)
        | (Kind::Session | Kind::SessionLevels | Kind::OpenPrice, _)
        | (Kind::PreviousDay | Kind::PreviousWeek | Kind::PreviousMonth | Kind::PreviousPeriod, _)
        | (Kind::Premium | Kind::Equilibrium | Kind::Discount, _) => words.to_owned(),
        (
            Kind::Bos
            | Kind::Choch
            | Kind::Mss
            | Kind::Displacement
            | Kind::OrderBlock
            | Kind::BreakerBlock
            | Kind::MitigationBlock
            | Kind::RejectionBlock
            | Kind::PropulsionBlock
            | Kind::FairValueGap
            | Kind::InverseFairValueGap
            | Kind::BalancedPriceRange
            | Kind::VolumeImbalance
            | Kind::OpeningGap
            | Kind::NewDayOpeningGap
            | Kind::NewWeekOpeningGap
            | Kind::LiquidityVoid
            | Kind::Unicorn
            | Kind::Inducement
            | Kind::DealingRange
            | Kind::OptimalTradeEntry
            | Kind::PowerOfThree
            | Kind::SmtDivergence
            | Kind::Confluence,
            direction,
        ) => format!("{} {words}", direction_name(direction)),
    }
}

/// What happened, in a trader's words.
pub(crate) fn sentence(event: &Event, prices: Prices) -> String {
    let (what, price) = (thing(event.kind, event.direction), prices.of(event.top, event.bottom));
    match (face(event.kind).shape, event.change) {
        (Shape::Break, Change::Born) => {
            let side = match event.direction {
                Direction::Bullish => "above",
                Direction::Bearish => "below",
            };
            format!("{what}: close {side} {price}")
        }
        (Shape::Pivot | Shape::Mark | Shape::Band, Change::Born) => format!("{what} {price}"),
        (_, change) => format!("{what} {} {price}", change_words(change).1),
    }
}

#[cfg(test)]
mod tests {
    use seawall_smc::{Id, Source};

    use super::*;

    #[test]
    fn names_are_unique_and_lead_back_to_their_kind() {
        for kind in ALL {
            assert_eq!(kind_of(face(*kind).name), Some(*kind));
        }
        assert_eq!(kind_of("order block"), None);
    }

    #[test]
    fn sentences_are_a_traders() {
        let mut event = Event {
            id: Id::new(Source(4), 7),
            kind: Kind::OrderBlock,
            change: Change::Born,
            direction: Direction::Bullish,
            anchor: 3,
            known_at: 9,
            top: 0.97172,
            bottom: 0.971,
            parents: [None; 2],
        };
        let prices = Prices { decimals: 5 };
        assert_eq!(sentence(&event, prices), "bullish order block born 0.97100–0.97172");
        event.change = Change::Broken;
        assert_eq!(sentence(&event, prices), "bullish order block closed through (broken) 0.97100–0.97172");
        event = Event { kind: Kind::Choch, change: Change::Born, bottom: event.top, ..event };
        event.direction = Direction::Bearish;
        assert_eq!(sentence(&event, prices), "bearish CHoCH: close below 0.97172");
        event.kind = Kind::Pool;
        event.change = Change::Swept;
        assert_eq!(sentence(&event, prices), "sell-side pool swept 0.97172");
    }
}
