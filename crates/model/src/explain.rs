//! What a decision record says in words: which gate decided, which caps made an order smaller, and what would
//! have had to differ.
//!
//! Invariant: everything is derived from the readings and from the comparison that belongs to each gate
//! ([`Gate::demand`]); no text is ever read back.

use core::cmp::Ordering;

use crate::decision::{Gate, GateReading, Outcome, Verdict};

/// How a gate holds what it measured against its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// Passes at the threshold and above.
    AtLeast,
    /// Passes at the threshold and below.
    AtMost,
    /// Passes below the threshold.
    Below,
    /// Passes above the threshold.
    Above,
    /// Passes at the threshold only.
    Exactly,
    /// Passes on one side of the threshold; which one depends on the direction of the plan, and a reading
    /// that was refused lies on the other. Also a range, of which the end that was left is the threshold.
    OtherSide,
    /// Passes as far from zero as the threshold or farther.
    FarFromZero,
    /// Passes beyond the threshold, on the side that the direction of the plan says; refused at it too.
    Beyond,
    /// Passes where the threshold is crossed by this candle.
    Crosses,
}

impl Comparison {
    /// Whether a reading of these two numbers is one that this comparison refuses. A gate can refuse for
    /// another reason than its number, which this then does not show.
    #[must_use]
    pub fn refuses(self, measured: f64, threshold: f64) -> bool {
        match self {
            Comparison::AtLeast => measured < threshold,
            Comparison::AtMost => measured > threshold,
            Comparison::Below => measured >= threshold,
            Comparison::Above => measured <= threshold,
            Comparison::Exactly | Comparison::OtherSide => {
                measured.partial_cmp(&threshold) != Some(Ordering::Equal)
            }
            Comparison::FarFromZero => measured.abs() < threshold.abs(),
            Comparison::Beyond | Comparison::Crosses => true,
        }
    }

    const fn words(self, is_below: bool) -> &'static str {
        match (self, is_below) {
            (Comparison::AtLeast, _) | (Comparison::OtherSide, true) => "at least ",
            (Comparison::AtMost, _) | (Comparison::OtherSide, false) => "at most ",
            (Comparison::Below, _) => "below ",
            (Comparison::Above, _) => "above ",
            (Comparison::Exactly, _) => "",
            (Comparison::FarFromZero, _) => "as far from zero as ",
            (Comparison::Beyond, _) => "on the other side of ",
            (Comparison::Crosses, _) => "",
        }
    }
}

/// What a gate asks for, as words around its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// What is measured.
    pub subject: &'static str,
    /// How it is compared.
    pub comparison: Comparison,
    /// The unit behind the numbers, with a space in front where one belongs there.
    pub unit: &'static str,
    /// What the numbers 0, 1, 2, … stand for, where they stand for something.
    pub names: &'static [&'static str],
}

impl Demand {
    /// A number as it is told: its name where it has one, else the number with its unit.
    #[must_use]
    pub fn value(&self, number: f64) -> String {
        let named = self.names.iter().zip(0_u8..).find(|(_, code)| (number - f64::from(*code)).abs() < 0.5);
        named.map_or_else(|| format!("{}{}", figure(number), self.unit), |(name, _)| (*name).to_owned())
    }
}

const PHASES: &[&str] = &["starting", "reconciling", "ready"];
const MODES: &[&str] = &["normal", "cautious", "reduce_only", "protect_only", "flatten"];
const DIFFERENCES: &[&str] = &["none", "a size mismatch", "an unknown order", "missing fills"];
const STRUCTURES: &[&str] =
    &["none", "an order block", "a fair value gap", "a break of structure", "a trend"];
const THERE: &[&str] = &["missing", "there"];
const SWITCH: &[&str] = &["off", "on"];
const PLACES: &[&str] = &["outside", "inside"];
const WITHDRAWN: &[&str] = &["nothing", "its age", "an exit", "a command", "a restart"];

const STANDINGS: &[&str] = &[
    "listed",
    "an excluded base",
    "blocked",
    "not listed",
    "without a spot market",
    "listed twice",
    "without a listing yet",
];
const TRADING: &[&str] = &[
    "every order",
    "nothing new (looked after only)",
    "resting orders only",
    "no orders (suspended)",
    "no orders (delisted)",
];
const DATA_STATES: &[&str] = &["healthy", "degraded", "suspended"];

macro_rules! demands {
    ($($gate:ident: $subject:literal, $comparison:ident, $unit:literal, $names:expr;)+) => {
        impl Gate {
            /// What the gate asks for.
            #[must_use]
            pub const fn demand(self) -> Demand {
                match self {
                    $(Gate::$gate => Demand {
                        subject: $subject,
                        comparison: Comparison::$comparison,
                        unit: $unit,
                        names: $names,
                    },)+
                }
            }
        }
    };
}

demands! {
    DataQuality: "the number of candles without a hole in a row", AtLeast, "", &[];
    WarmUp: "the number of candles seen by the slowest indicator", AtLeast, "", &[];
    Signal: "the strategy's trigger", Crosses, "", &[];
    Bias: "the distance of the daily close from its EMA", FarFromZero, " bps", &[];
    Structure: "the 4h structure", AtLeast, "", STRUCTURES;
    Adx: "the 1h ADX", AtLeast, "", &[];
    Levels: "the distance from entry to stop", OtherSide, " %", &[];
    RewardRisk: "the reward in multiples of the risk", AtLeast, "", &[];
    Fibonacci: "the distance of the entry to the nearest Fibonacci level", AtMost, " bps", &[];
    Premium: "the position of the entry in the leg", OtherSide, "", &[];
    Score: "the score", AtLeast, "", &[];
    EntryDistance: "the distance of the price from the planned entry", AtMost, " %", &[];
    Repeat: "the time since the same setup was acted on", AtLeast, " min", &[];
    SystemMode: "the mode of the system", AtMost, "", MODES;
    Phase: "the start-up phase", Exactly, "", PHASES;
    Difference: "the difference of venue and books", Exactly, "", DIFFERENCES;
    PositionOpen: "the position already held", Exactly, "", &[];
    EntryPending: "the number of orders and plans already on their way", AtMost, "", &[];
    StopRequired: "the stop of the plan", Exactly, "", THERE;
    StopSide: "the stop's distance from the entry", Beyond, " %", &[];
    Size: "the quantity after rounding down", AtLeast, "", &[];
    MinNotional: "the value of the order", AtLeast, "", &[];
    Leverage: "the leverage of the whole account with this order", AtMost, "", &[];
    Margin: "the free margin after this order", AtLeast, "", &[];
    MaxPositions: "the number of positions open or on their way", Below, "", &[];
    Liquidation: "the equity above maintenance at the stop", AtLeast, " %", &[];
    ShortSelling: "the way to sell short here", AtLeast, "", THERE;
    Capacity: "the number of orders in the books of this instrument", Below, "", &[];
    KillSwitch: "the kill switch", Exactly, "", SWITCH;
    DailyLoss: "the loss of the day with this order at its stop", AtMost, " %", &[];
    WeeklyLoss: "the loss of the week with this order at its stop", AtMost, " %", &[];
    Drawdown: "the drawdown with this order at its stop", AtMost, " %", &[];
    LossStreak: "the pause after losses in a row still to come", AtMost, " min", &[];
    SymbolCooldown: "the pause after losses on this instrument still to come", AtMost, " min", &[];
    CloseCooldown: "the pause after the last trade on this instrument still to come", AtMost, " min", &[];
    Shock: "the pause after a price shock still to come", AtMost, " min", &[];
    FeeEdge: "the distance to the first target", AtLeast, " bps", &[];
    TradeLoss: "the loss at the stop", AtMost, "", &[];
    InstrumentExposure: "the instrument's notional as a multiple of equity", AtMost, "", &[];
    PositionMargin: "the instrument's margin in percent of equity", AtMost, " %", &[];
    ClusterExposure: "the cluster's notional as a multiple of equity", AtMost, "", &[];
    StalePeak: "the fall from a high-water mark in doubt", AtMost, " %", &[];
    MarginUse: "the margin of the account in percent of equity", AtMost, " %", &[];
    SignalAge: "the age of the older of the instrument's own price and its signal's", AtMost, " s", &[];
    Basis: "the distance of the price from the signal's", AtMost, " %", &[];
    Freshness: "the age of the newest bar of the frame furthest behind", AtMost, " h", &[];
    StructureChange: "the number of bars that hold the change of structure", AtLeast, "", &[];
    ChangeDirection: "the direction of the change of structure", AtLeast, "", &[];
    Reconfirmation: "the number of bars that traded beyond the break", AtLeast, "", &[];
    ZoneDistance: "the distance of the price from the zone", AtMost, " %", &[];
    RsiDivergence: "the RSI divergence", AtLeast, "", &[];
    WeeklyZone: "the price's place to the weekly zone", AtLeast, "", PLACES;
    Thesis: "the conviction of the earlier idea", Above, "", &[];
    ThesisScore: "the score with the age of the idea", AtLeast, "", &[];
    ThesisExit: "the conviction behind the position", Above, "", &[];
    SignalCooldown: "the time since the instrument was acted on", AtLeast, " min", &[];
    StartUp: "the number of decision candles seen since the start", AtLeast, "", &[];
    Stale: "the age of the newest record", AtMost, " min", &[];
    Universe: "the standing in the universe", Exactly, "", STANDINGS;
    UniverseVolume: "the volume of 24 hours", AtLeast, "", &[];
    UniverseSpread: "the listed spread", AtMost, " %", &[];
    TierNotional: "the instrument's notional", AtMost, "", &[];
    LeverageSet: "the leverage wanted", AtLeast, "", &[];
    DataState: "the state of the data", AtMost, "", DATA_STATES;
    DataHealth: "the number of instruments with enough fresh candles", AtLeast, "", &[];
    QuoteAge: "the age of the newest quote", AtMost, " s", &[];
    QuoteSpread: "the quoted spread", AtMost, " %", &[];
    BookDepth: "the quantity at the best price", AtLeast, "", &[];
    Trading: "what the instrument takes", Exactly, "", TRADING;
    Candidate: "what took the entry away before it was judged", Exactly, "", WITHDRAWN;
    EntriesEnabled: "execution.entries_enabled", Exactly, "", SWITCH;
    ReversalsEnabled: "execution.reversals_enabled", Exactly, "", SWITCH;
    Churn: "the pause after entering again too quickly still to come", AtMost, " min", &[];
    AntiFlip: "the lock on the side against the last trade still to come", AtMost, " min", &[];
    Chop: "the share of instruments that go nowhere", AtMost, " %", &[];
    Rebalance: "the position in percent of equity", AtMost, " %", &[];
    AuctionValue: "the value of the entry in the auction", AtLeast, "", &[];
    AuctionSymbol: "the number of positions in the same coin under another name", AtMost, "", &[];
    AuctionPace: "the number of new positions of the cycle with this one", AtMost, "", &[];
    AuctionReduced: "the pause after a position was made smaller still to come", AtMost, " s", &[];
    AuctionPositions: "the number of positions with this one", AtMost, "", &[];
    AuctionCluster: "the number of positions of the same setup with this one", AtMost, "", &[];
    AuctionMargin: "the margin of all positions with this one in percent of equity", AtMost, " %", &[];
    AuctionSwap: "the points that the entry is worth more than the position it would replace", AtLeast, "", &[];
}

impl Gate {
    /// Whether the gate is a cap: it makes an order smaller before it refuses one.
    #[must_use]
    pub const fn is_cap(self) -> bool {
        matches!(
            self,
            Gate::DailyLoss
                | Gate::WeeklyLoss
                | Gate::Drawdown
                | Gate::TradeLoss
                | Gate::InstrumentExposure
                | Gate::PositionMargin
                | Gate::ClusterExposure
                | Gate::Leverage
                | Gate::MarginUse
                | Gate::TierNotional
        )
    }
}

impl GateReading {
    /// What would have had to differ for this gate to let the candidate through, as a sentence; `None` for
    /// one that passed.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        let GateReading { gate, measured, threshold, verdict } = *self;
        let would = match verdict {
            Verdict::Pass => return None,
            Verdict::Fail => "would have had to",
            Verdict::Shadow => "would have to",
        };
        let Demand { subject, comparison, .. } = gate.demand();
        let demand = gate.demand();
        let (was, limit) = (demand.value(measured), demand.value(threshold));
        if !comparison.refuses(measured, threshold) {
            return Some(format!(
                "{subject} was {was} against {limit}, which is no reason by itself: {} refuses for more than \
                 its number shows",
                gate.name()
            ));
        }
        if comparison == Comparison::Crosses {
            return Some(format!("{subject} {would} cross {limit} at this candle, it was {was} after it"));
        }
        let words = if demand.names.is_empty() { comparison.words(measured < threshold) } else { "" };
        let cap = if gate.is_cap() { "; less than the venue's smallest order was left" } else { "" };
        Some(format!("{subject} {would} be {words}{limit}, it was {was}{cap}"))
    }

    /// Whether this is a cap that made the order smaller: it passed although it measured more than its
    /// threshold.
    #[must_use]
    pub fn made_smaller(&self) -> bool {
        self.verdict == Verdict::Pass && self.gate.is_cap() && self.measured > self.threshold
    }
}

/// What bound a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Binding<'a> {
    /// This gate refused.
    Refused(&'a GateReading),
    /// Approved, and these caps made the order smaller; nothing bound it where there are none.
    Approved(&'a [GateReading]),
}

impl<'a> Binding<'a> {
    /// What bound a decision of this outcome with these readings in the order in which they were asked.
    #[must_use]
    pub fn of(outcome: Outcome, gates: &'a [GateReading]) -> Self {
        let refused = match outcome {
            Outcome::Entered => None,
            Outcome::Refused(gate) => {
                gates.iter().rfind(|reading| reading.gate == gate && reading.verdict == Verdict::Fail)
            }
        };
        refused.map_or(Binding::Approved(gates), Binding::Refused)
    }

    /// The caps that made the order smaller.
    pub fn smaller(&self) -> impl Iterator<Item = &'a GateReading> + use<'a> {
        let gates: &'a [GateReading] = match *self {
            Binding::Refused(_) => &[],
            Binding::Approved(gates) => gates,
        };
        gates.iter().filter(|reading| reading.made_smaller())
    }
}

/// A measurement for eyes: six digits after the point at most, no trailing zeros.
#[must_use]
pub fn figure(value: f64) -> String {
    if value == 0.0 || (1e-4..1e9).contains(&value.abs()) {
        let text = format!("{value:.6}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    format!("{value:.3e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(gate: Gate, measured: f64, threshold: f64, verdict: Verdict) -> GateReading {
        GateReading { gate, measured, threshold, verdict }
    }

    /// For each gate: a refused reading, and the sentence that says what would have had to differ.
    fn sentences() -> Vec<(Gate, f64, f64, &'static str)> {
        use Gate::*;
        vec![
            (
                DataQuality,
                2.0,
                3.0,
                "the number of candles without a hole in a row would have had to be at least 3, it was 2",
            ),
            (
                WarmUp,
                12.0,
                200.0,
                "the number of candles seen by the slowest indicator would have had to be at least 200, it was 12",
            ),
            (
                Signal,
                -0.2,
                0.0,
                "the strategy's trigger would have had to cross 0 at this candle, it was -0.2 after it",
            ),
            (Bias, -3.0, 10.0, "as far from zero as 10 bps, it was -3 bps"),
            (Structure, 0.0, 1.0, "the 4h structure would have had to be an order block, it was none"),
            (Adx, 18.2, 25.0, "the 1h ADX would have had to be at least 25, it was 18.2"),
            (Levels, 0.1, 0.2, "at least 0.2 %, it was 0.1 %"),
            (Levels, 30.0, 20.0, "at most 20 %, it was 30 %"),
            (RewardRisk, 1.5, 2.0, "at least 2, it was 1.5"),
            (Fibonacci, 80.0, 60.0, "at most 60 bps, it was 80 bps"),
            (Premium, 0.7, 0.5, "at most 0.5, it was 0.7"),
            (Premium, 0.3, 0.5, "at least 0.5, it was 0.3"),
            (Score, 60.0, 75.0, "the score would have had to be at least 75, it was 60"),
            (EntryDistance, 4.0, 1.5, "at most 1.5 %, it was 4 %"),
            (Repeat, 10.0, 45.0, "at least 45 min, it was 10 min"),
            (
                SystemMode,
                3.0,
                1.0,
                "the mode of the system would have had to be cautious, it was protect_only",
            ),
            (Phase, 1.0, 2.0, "the start-up phase would have had to be ready, it was reconciling"),
            (
                Difference,
                2.0,
                0.0,
                "the difference of venue and books would have had to be none, it was an unknown order",
            ),
            (PositionOpen, -0.5, 0.0, "the position already held would have had to be 0, it was -0.5"),
            (EntryPending, 1.0, 0.0, "at most 0, it was 1"),
            (StopRequired, 0.0, 1.0, "the stop of the plan would have had to be there, it was missing"),
            (StopSide, 0.0, 0.0, "on the other side of 0 %, it was 0 %"),
            (Size, 0.0005, 0.001, "at least 0.001, it was 0.0005"),
            (MinNotional, 4.0, 5.0, "at least 5, it was 4"),
            (Leverage, 12.0, 10.0, "at most 10, it was 12; less than the venue's smallest order was left"),
            (
                Margin,
                -5.0,
                0.0,
                "the free margin after this order would have had to be at least 0, it was -5",
            ),
            (
                MaxPositions,
                5.0,
                5.0,
                "the number of positions open or on their way would have had to be below 5, it was 5",
            ),
            (Liquidation, 1.0, 3.0, "at least 3 %, it was 1 %"),
            (ShortSelling, 0.0, 1.0, "the way to sell short here would have had to be there, it was missing"),
            (Capacity, 16.0, 16.0, "below 16, it was 16"),
            (KillSwitch, 1.0, 0.0, "the kill switch would have had to be off, it was on"),
            (DailyLoss, 5.3, 5.0, "at most 5 %, it was 5.3 %"),
            (WeeklyLoss, 11.0, 10.0, "at most 10 %, it was 11 %"),
            (Drawdown, 16.0, 15.0, "at most 15 %, it was 16 %"),
            (LossStreak, 30.0, 0.0, "at most 0 min, it was 30 min"),
            (SymbolCooldown, 30.0, 0.0, "at most 0 min, it was 30 min"),
            (CloseCooldown, 30.0, 0.0, "at most 0 min, it was 30 min"),
            (Shock, 30.0, 0.0, "at most 0 min, it was 30 min"),
            (FeeEdge, 20.0, 90.0, "at least 90 bps, it was 20 bps"),
            (TradeLoss, 300.0, 200.0, "at most 200, it was 300"),
            (InstrumentExposure, 4.0, 3.0, "at most 3, it was 4"),
            (PositionMargin, 30.0, 25.0, "at most 25 %, it was 30 %"),
            (ClusterExposure, 6.0, 5.0, "at most 5, it was 6"),
            (SignalAge, 60.0, 30.0, "at most 30 s, it was 60 s"),
            (Basis, 0.8, 0.75, "at most 0.75 %, it was 0.8 %"),
            (StalePeak, 96.7, 50.0, "at most 50 %, it was 96.7 %"),
            (MarginUse, 95.0, 90.0, "at most 90 %, it was 95 %"),
            (Freshness, 9.0, 8.0, "at most 8 h, it was 9 h"),
            (StructureChange, 1.0, 2.0, "at least 2, it was 1"),
            (
                ChangeDirection,
                -1.0,
                1.0,
                "the direction of the change of structure would have had to be at least 1, it was -1",
            ),
            (Reconfirmation, 0.0, 1.0, "at least 1, it was 0"),
            (ZoneDistance, 3.0, 1.5, "at most 1.5 %, it was 3 %"),
            (RsiDivergence, -1.0, 0.0, "at least 0, it was -1"),
            (WeeklyZone, 0.0, 1.0, "would have had to be inside, it was outside"),
            (Thesis, 25.0, 25.0, "above 25, it was 25"),
            (ThesisScore, 70.0, 75.0, "at least 75, it was 70"),
            (ThesisExit, 5.0, 10.0, "above 10, it was 5"),
            (SignalCooldown, 10.0, 240.0, "at least 240 min, it was 10 min"),
            (
                Universe,
                3.0,
                0.0,
                "the standing in the universe would have had to be listed, it was not listed",
            ),
            (UniverseVolume, 1_000.0, 250_000.0, "at least 250000, it was 1000"),
            (UniverseSpread, 0.6, 0.5, "at most 0.5 %, it was 0.6 %"),
            (TierNotional, 30_000.0, 25_000.0, "at most 25000, it was 30000"),
            (LeverageSet, 1.0, 2.0, "at least 2, it was 1"),
            (DataState, 2.0, 0.0, "the state of the data would have had to be healthy, it was suspended"),
            (DataHealth, 9.0, 12.0, "at least 12, it was 9"),
            (QuoteAge, 31.0, 30.0, "at most 30 s, it was 31 s"),
            (QuoteSpread, 0.6, 0.5, "at most 0.5 %, it was 0.6 %"),
            (BookDepth, 1.0, 2.0, "at least 2, it was 1"),
            (
                Trading,
                3.0,
                0.0,
                "what the instrument takes would have had to be every order, it was no orders (suspended)",
            ),
            (Candidate, 2.0, 0.0, "would have had to be nothing, it was an exit"),
            (StartUp, 0.0, 1.0, "at least 1, it was 0"),
            (Stale, 60.0, 6.0, "at most 6 min, it was 60 min"),
            (EntriesEnabled, 0.0, 1.0, "execution.entries_enabled would have had to be on, it was off"),
            (ReversalsEnabled, 0.0, 1.0, "execution.reversals_enabled would have had to be on, it was off"),
            (Churn, 20.0, 0.0, "at most 0 min, it was 20 min"),
            (AntiFlip, 35.0, 0.0, "at most 0 min, it was 35 min"),
            (Chop, 60.0, 50.0, "at most 50 %, it was 60 %"),
            (Rebalance, 350.0, 320.0, "at most 320 %, it was 350 %"),
            (AuctionValue, -3.0, 0.0, "at least 0, it was -3"),
            (AuctionSymbol, 1.0, 0.0, "at most 0, it was 1"),
            (AuctionPace, 2.0, 1.0, "at most 1, it was 2"),
            (AuctionReduced, 120.0, 0.0, "at most 0 s, it was 120 s"),
            (AuctionPositions, 26.0, 25.0, "at most 25, it was 26"),
            (AuctionCluster, 9.0, 8.0, "at most 8, it was 9"),
            (AuctionMargin, 95.0, 90.0, "at most 90 %, it was 95 %"),
            (AuctionSwap, 10.0, 14.0, "at least 14, it was 10"),
        ]
    }

    #[test]
    fn every_gate_says_what_would_have_had_to_differ() {
        let told = sentences();
        for gate in Gate::ALL {
            assert!(told.iter().any(|(one, ..)| one == gate), "{} has no sentence here", gate.name());
        }
        for (gate, measured, threshold, expected) in told {
            assert!(gate.demand().comparison.refuses(measured, threshold), "{}", gate.name());
            let said = reading(gate, measured, threshold, Verdict::Fail).remedy().unwrap();
            assert!(said.contains(expected) && said.starts_with(gate.demand().subject), "{said}");
            assert!(!said.contains("no reason"), "{said}");
        }
    }

    #[test]
    fn what_passed_needs_nothing_and_what_is_watched_would_have_to() {
        assert_eq!(reading(Gate::Adx, 30.0, 25.0, Verdict::Pass).remedy(), None);
        let watched = reading(Gate::Shock, 5.0, 0.0, Verdict::Shadow).remedy().unwrap();
        assert!(watched.ends_with("would have to be at most 0 min, it was 5 min"), "{watched}");
    }

    #[test]
    fn a_refusal_that_its_number_does_not_show_is_told_as_one() {
        let said = reading(Gate::Score, 80.0, 75.0, Verdict::Fail).remedy().unwrap();
        assert!(said.starts_with("the score was 80 against 75, which is no reason by itself"), "{said}");
    }

    #[test]
    fn the_binding_constraint_is_the_gate_that_refused_or_the_caps_that_made_the_order_smaller() {
        let gates = [
            reading(Gate::Adx, 30.0, 25.0, Verdict::Pass),
            reading(Gate::FeeEdge, 300.0, 90.0, Verdict::Pass),
            reading(Gate::Leverage, 12.0, 10.0, Verdict::Pass),
            reading(Gate::MarginUse, 50.0, 90.0, Verdict::Pass),
        ];
        let bound = Binding::of(Outcome::Entered, &gates);
        assert_eq!(bound.smaller().map(|one| one.gate).collect::<Vec<_>>(), [Gate::Leverage]);
        let refused = [gates[0], reading(Gate::Score, 60.0, 75.0, Verdict::Fail)];
        let bound = Binding::of(Outcome::Refused(Gate::Score), &refused);
        assert_eq!(bound, Binding::Refused(&refused[1]));
        assert_eq!(bound.smaller().count(), 0);
    }

    #[test]
    fn figures_are_short_and_keep_their_size() {
        for (value, text) in [
            (0.0, "0"),
            (18.2, "18.2"),
            (-0.25, "-0.25"),
            (1e-7, "1.000e-7"),
            (25.000_000_4, "25"),
            (1e12, "1.000e12"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(figure(value), text);
        }
    }
}
