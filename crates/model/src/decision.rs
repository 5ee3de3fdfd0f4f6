//! Decisions as data: one record per evaluated candle and instrument, with the gates in the order they were
//! asked.
//!
//! Invariant: the outcome of a record that is not an entry is the last gate that refused. An exit by signal
//! has two of them: the strategy's `signal`, and `position_open`, which is what the question comes to then.
//! A cap that passes although it measured more than its threshold has made the order smaller. A guard in
//! [`GuardMode::Shadow`] says what it would have refused and refuses nothing.

use serde::{Deserialize, Serialize};

use crate::instrument::InstrumentId;
use crate::position::PositionSide;
use crate::time::Ts;
use crate::trade::{ExitReason, Setup};
use crate::units::PriceUnits;

macro_rules! gates {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $help:literal;)+) => {
        /// A question that a candle has to pass before it becomes an entry.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum Gate {
            $($(#[$doc])* #[doc = $help] $variant,)+
        }

        impl Gate {
            /// Every gate, in the order of this table.
            pub const ALL: &'static [Gate] = &[$(Gate::$variant),+];

            /// The gate's stable name, as in reports and the database.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Gate::$variant => $name,)+
                }
            }

            /// What is measured, in which unit, against what.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self {
                    $(Gate::$variant => $help,)+
                }
            }
        }
    };
}

gates! {
    DataQuality = "data_quality", "candles without a hole in a row, against the number required";
    WarmUp = "warm_up", "candles seen by the slowest indicator, against the number it needs";
    Signal = "signal", "the strategy's trigger: distance that decides it, against the level to cross";
    Bias = "bias", "distance of the daily close from its EMA in basis points, against the neutral zone";
    Structure = "structure", "4h structure found (1 order block, 2 fair value gap, 3 break of structure, 4 trend; 0 none)";
    Adx = "adx", "1h ADX, against the least allowed";
    Levels = "levels", "distance from entry to stop in percent, against the range that makes sense";
    RewardRisk = "reward_risk", "distance to the target in multiples of the risk, against the least allowed";
    Fibonacci = "fibonacci", "distance of the entry to the nearest Fibonacci level in basis points, against the tolerance";
    Premium = "premium_discount", "position of the entry in the leg (0 low, 1 high), against one half";
    Score = "score", "points of the setup, against the least allowed";
    EntryDistance = "entry_distance", "distance of the price from the planned entry in percent, against the tolerance";
    Repeat = "repeat", "minutes since the same setup was last acted on, against the pause";
    SystemMode = "system_mode", "mode of the system (0 normal … 4 flatten), against the highest that allows new risk";
    Phase = "phase", "start-up phase (0 starting, 1 reconciling, 2 ready), against ready";
    Difference = "difference", "kind of the difference between venue and books that is open on this instrument (0 none), against none";
    PositionOpen = "position_open", "size of the position already held, against none";
    EntryPending = "entry_pending", "orders or plans already on their way for this instrument, against none";
    StopRequired = "stop_required", "whether the plan carries a stop (1 yes, 0 no), against yes";
    StopSide = "stop_side", "stop relative to the entry in percent, against being on the losing side";
    Size = "size", "order quantity after rounding down to the lot, against the venue's minimum";
    MinNotional = "min_notional", "order value, against the venue's minimum";
    Leverage = "leverage", "leverage of the whole account with the quantity wanted at its worst case, against the cap";
    Margin = "margin", "free margin after this order at its worst case, against zero";
    MaxPositions = "max_positions", "positions open or on their way, against the limit";
    Liquidation = "liquidation", "equity above maintenance when the stop is hit, in percent of the order's value, against the buffer";
    ShortSelling = "short_selling", "whether the instrument can be sold short (1 yes, 0 no), against what the plan needs";
    Capacity = "capacity", "orders in the books of this instrument, against their bound";
    KillSwitch = "kill_switch", "whether the kill switch is on (1 yes, 0 no), against no";
    DailyLoss = "daily_loss", "loss of the UTC day with this order at its stop in percent of the day's first equity, against the limit";
    WeeklyLoss = "weekly_loss", "loss of the ISO week with this order at its stop in percent of the week's first equity, against the limit";
    Drawdown = "drawdown", "fall from the high-water mark with this order at its stop in percent, against the halt";
    LossStreak = "loss_streak", "minutes until the pause after losses in a row is over, against none";
    SymbolCooldown = "symbol_cooldown", "minutes until the pause after several losses on this instrument is over, against none";
    CloseCooldown = "close_cooldown", "minutes until the pause after the last trade on this instrument is over, against none";
    Shock = "shock", "minutes until the pause after a price shock is over, against none";
    FeeEdge = "fee_edge", "distance to the first target in basis points, against a multiple of what a round trip costs";
    TradeLoss = "trade_loss", "loss at the stop of the quantity wanted in the settle currency, against the cap";
    InstrumentExposure = "instrument_exposure", "worst-case notional of the instrument with the quantity wanted as a multiple of equity, against the cap";
    PositionMargin = "position_margin", "margin of the instrument with the quantity wanted in percent of equity, against the cap";
    ClusterExposure = "cluster_exposure", "worst-case notional of the cluster with the quantity wanted as a multiple of equity, against the cap";
    StalePeak = "stale_peak", "fall from a high-water mark in doubt in percent, against one half; until the venue or the operator confirms";
    SignalAge = "signal_age", "age in seconds of the older of the instrument's own price and its signal's, against the most allowed";
    Basis = "basis", "distance of the instrument's price from its signal's in percent of that, against the most allowed";
    MarginUse = "margin_use", "worst-case margin of the account with the quantity wanted in percent of equity, against the cap";
    Freshness = "freshness", "hours since the newest bar of the frame that is furthest behind opened (1h, 4h or 1d), against the most allowed";
    StructureChange = "structure_change", "4h bars in a row that hold the break of a change of structure (0: no change), against those that confirm it";
    ChangeDirection = "change_direction", "direction of the confirmed change of structure (1 with the setup, -1 against it), against 1";
    Reconfirmation = "reconfirmation", "15m bars of the last ten that traded beyond the break of the change, against the least asked for";
    ZoneDistance = "zone_distance", "distance of the price from the zone, without one from the break, in percent, against the tolerance";
    RsiDivergence = "rsi_divergence", "RSI divergence between the last two 4h swings (1 with the setup, -1 against it, 0 none), against none";
    WeeklyZone = "weekly_zone", "whether the price lies in the weekly zone of a leg that points its way (1 yes, 0 no), against yes";
    Thesis = "thesis", "conviction of the idea that the setup would take up again, against what blocks it";
    ThesisScore = "thesis_score", "points of the setup if the age of the idea counted, against the least allowed";
    ThesisExit = "thesis_exit", "conviction of the idea behind the open position, against what closes it";
    SignalCooldown = "signal_cooldown", "minutes since a plan of this instrument was last acted on, against the pause";
    Candidate = "candidate", "why the entry was given up before it was judged (1 older than its candle, 2 exit, 3 command, 4 restart), against not (0)";
    StartUp = "start_up", "decision candles seen since the start, against the first one";
    Stale = "stale", "minutes since the newest record, against so many of the strategy's periods";
    EntriesEnabled = "entries_enabled", "whether the configuration lets entries out (1 yes, 0 no), against yes";
    ReversalsEnabled = "reversals_enabled", "whether the configuration lets a reversal enter the other side (1 yes, 0 no), against yes";
    Churn = "churn", "minutes until the pause after closing and entering again too quickly is over, against none";
    AntiFlip = "anti_flip", "minutes until the lock on the side against the last trade is over, against none";
    Chop = "chop", "instruments that go nowhere in percent of all, against the share from which the auction slows down";
    Rebalance = "rebalance", "notional of the position in percent of equity at the last cycle, against the share from which it is made smaller";
    AuctionValue = "auction_value", "value of the entry in the auction: its score less costs and concentration, against zero";
    AuctionSymbol = "auction_symbol", "positions held or on their way in the same coin under another name, against none";
    AuctionPace = "auction_pace", "new positions (or openings and closings) of this cycle with this one, against the most allowed";
    AuctionReduced = "auction_reduced", "seconds until the pause after a part of a position was closed is over, against none";
    AuctionPositions = "auction_positions", "positions held or on their way with this one, against the most allowed";
    AuctionCluster = "auction_cluster", "positions of the same setup held or on their way with this one, against the most allowed";
    AuctionMargin = "auction_margin", "margin of everything held or on its way with this one in percent of equity, against the most allowed";
    AuctionSwap = "auction_swap", "points by which the entry is worth more than the position that would make room, against the least asked for";
    Universe = "universe", "standing of the instrument in the universe (0 listed, 1 excluded base, 2 blocked, 3 not listed, 4 without a spot market, 5 listed twice, 6 no listing yet), against listed";
    UniverseVolume = "universe_volume", "volume of 24 hours in quote currency, against the least";
    UniverseSpread = "universe_spread", "distance from bid to ask in the listing in percent, against the widest allowed";
    TierNotional = "tier_notional", "worst-case notional of the instrument with the quantity wanted, against the cap of its tier";
    LeverageSet = "leverage_set", "leverage wanted, against the lowest that can be set on the instrument";
    DataState = "data_state", "state of the instrument's data (0 healthy, 1 degraded, 2 suspended), against the worst that may enter now";
    DataHealth = "data_health", "instruments with enough fresh candles, against the number needed";
    QuoteAge = "quote_age", "age of the newest quote in seconds, against the oldest allowed";
    QuoteSpread = "quote_spread", "distance from bid to ask in percent, against the widest allowed";
    BookDepth = "book_depth", "quantity at the best price that the entry takes, against a multiple of its own";
    Trading = "trading", "which orders the instrument takes (0 all, 1 looked after only, 2 resting ones only, 3 suspended, 4 delisted), against all";
}

/// What a gate said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Lets the candidate through.
    Pass,
    /// Refuses it.
    Fail,
    /// Would refuse it, but its guard only watches.
    Shadow,
}

/// Whether a guard acts, only says what it would do, or is not asked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GuardMode {
    /// Not asked.
    Off,
    /// Asked; its verdict stands in the decision record and changes nothing.
    Shadow,
    /// Asked, and acts.
    On,
}

macro_rules! score_parts {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)+) => {
        /// A part of a setup's score.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ScorePart {
            $($(#[$doc])* $variant,)+
        }

        impl ScorePart {
            /// Every part, in the order of this table.
            pub const ALL: &'static [ScorePart] = &[$(ScorePart::$variant),+];

            /// The part's stable name, as in reports and the database.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(ScorePart::$variant => $name,)+
                }
            }
        }
    };
}

score_parts! {
    /// An order block, a fair value gap, a break of structure, each its own points.
    Structure = "structure";
    /// The entry's place among the Fibonacci levels.
    Fibonacci = "fibonacci";
    /// With the daily bias, or without one.
    Alignment = "alignment";
    /// Momentum.
    Adx = "adx";
    /// What a round trip costs.
    Cost = "cost";
    /// Inside or outside the weekly zone.
    Weekly = "weekly";
    /// How well the idea of an earlier setup has aged.
    Thesis = "thesis";
    /// The price was only near the zone.
    Tolerance = "tolerance";
}

/// Points of one part of a score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScorePoints {
    /// Which part.
    pub part: ScorePart,
    /// Its points; below zero where it speaks against the setup.
    pub points: f64,
    /// The most it can give.
    pub most: f64,
}

/// One gate with what it measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GateReading {
    /// Which gate.
    pub gate: Gate,
    /// The measured value, see [`Gate::help`] for its unit.
    pub measured: f64,
    /// What it was held against.
    pub threshold: f64,
    /// The verdict.
    pub verdict: Verdict,
}

/// What kind of market a decision was made in, as far as it was known by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Regime {
    /// Not enough candles to say.
    NoData,
    /// No structure on the decision timeframe.
    NoStructure,
    /// No structure, and no momentum either.
    Consolidation,
    /// Price comes back to a zone.
    TightSmc,
    /// Price follows a broken structure or a trend.
    WideStructure,
}

impl Regime {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Regime::NoData => "no_data",
            Regime::NoStructure => "no_4h_structure",
            Regime::Consolidation => "consolidation",
            Regime::TightSmc => "tight_smc",
            Regime::WideStructure => "wide_structure",
        }
    }
}

/// How a decision ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An entry was approved.
    Entered,
    /// A gate refused.
    Refused(Gate),
}

/// The prices of an entry that was thought of, also of one that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PlannedPrices {
    /// Which way: long or short, never flat.
    pub side: PositionSide,
    /// Where it was to be entered.
    pub entry: PriceUnits,
    /// Its stop.
    pub stop: PriceUnits,
    /// Its first take-profit.
    pub target: PriceUnits,
}

/// Everything that was asked about one candle of one instrument, and the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// When it was decided: the `known_at` of the candle.
    pub at: Ts,
    /// The close of the candle; of an instrument that reads a signal its own last price.
    pub price: PriceUnits,
    /// The answer.
    pub outcome: Outcome,
    /// What the strategy saw, if it saw something.
    pub setup: Option<Setup>,
    /// The kind of market, where the strategy tells kinds apart.
    pub regime: Option<Regime>,
    /// Why an open position is being closed by this candle, if it is.
    pub exit: Option<ExitReason>,
    /// The gates in the order they were asked.
    pub gates: Vec<GateReading>,
    /// What the score is made of; empty where none was computed.
    pub score: Vec<ScorePoints>,
    /// What was planned, where a plan could be made at all.
    pub planned: Option<PlannedPrices>,
}

impl Decision {
    /// An empty record to be filled in.
    #[must_use]
    pub const fn empty() -> Self {
        Decision {
            instrument: InstrumentId(0),
            at: Ts::EPOCH,
            price: PriceUnits::ZERO,
            outcome: Outcome::Refused(Gate::Signal),
            setup: None,
            regime: None,
            exit: None,
            gates: Vec::new(),
            score: Vec::new(),
            planned: None,
        }
    }

    /// Makes the record ready for another candle; keeps its memory.
    pub fn reset(&mut self, instrument: InstrumentId, at: Ts, price: PriceUnits) {
        self.instrument = instrument;
        self.at = at;
        self.price = price;
        self.outcome = Outcome::Refused(Gate::Signal);
        self.setup = None;
        self.regime = None;
        self.exit = None;
        self.gates.clear();
        self.score.clear();
        self.planned = None;
    }

    /// Asks a gate: records the reading and, if it refuses, the outcome. Returns whether it passed.
    pub fn ask(&mut self, gate: Gate, passes: bool, measured: f64, threshold: f64) -> bool {
        let verdict = if passes { Verdict::Pass } else { Verdict::Fail };
        self.gates.push(GateReading { gate, measured, threshold, verdict });
        if !passes {
            self.outcome = Outcome::Refused(gate);
        }
        passes
    }

    /// Asks a guard that may be off or only watch. Returns whether the candidate goes on.
    pub fn ask_guard(
        &mut self,
        mode: GuardMode,
        gate: Gate,
        passes: bool,
        measured: f64,
        threshold: f64,
    ) -> bool {
        match (mode, passes) {
            (GuardMode::Off, _) => true,
            (GuardMode::On, _) | (GuardMode::Shadow, true) => self.ask(gate, passes, measured, threshold),
            (GuardMode::Shadow, false) => {
                self.gates.push(GateReading { gate, measured, threshold, verdict: Verdict::Shadow });
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_names_are_unique_and_match_their_serialisation() {
        let mut names: Vec<_> = Gate::ALL.iter().map(|gate| gate.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Gate::ALL.len());
    }

    #[test]
    fn the_last_failing_gate_is_the_outcome() {
        let mut decision = Decision::empty();
        assert!(decision.ask(Gate::WarmUp, true, 200.0, 200.0));
        assert!(!decision.ask(Gate::Adx, false, 18.0, 25.0));
        assert_eq!(decision.outcome, Outcome::Refused(Gate::Adx));
        assert_eq!(decision.gates.len(), 2);
    }

    #[test]
    fn a_guard_that_only_watches_is_seen_and_refuses_nothing() {
        for (mode, goes_on, seen) in [
            (GuardMode::Off, true, None),
            (GuardMode::Shadow, true, Some(Verdict::Shadow)),
            (GuardMode::On, false, Some(Verdict::Fail)),
        ] {
            let mut decision = Decision::empty();
            decision.outcome = Outcome::Entered;
            assert_eq!(decision.ask_guard(mode, Gate::Shock, false, 3.0, 0.0), goes_on);
            assert_eq!(decision.gates.first().map(|reading| reading.verdict), seen);
            assert_eq!(decision.outcome == Outcome::Entered, goes_on);
        }
    }
}
