//! The end of a run in numbers.

use data_encoding::HEXLOWER;
use seawall_engine::Engine;
use seawall_model::Money;
use seawall_store::journal::Digest;
use serde::Serialize;

use crate::tally::Tally;

/// What a run did. Decimals are strings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Version of this format.
    pub schema: &'static str,
    /// SHA-256 over decisions, orders and fills.
    pub fingerprint: String,
    /// SHA-256 of the engine's last state.
    pub digest: String,
    /// Inputs that the engine took.
    pub inputs: u64,
    /// Orders placed.
    pub orders: u64,
    /// Fills counted.
    pub fills: u64,
    /// Positions opened.
    pub positions_opened: u64,
    /// Seconds from the start until the first position had a confirmed stop; absent if there was none.
    pub first_protected_s: Option<f64>,
    /// Longest time in seconds that a position had no confirmed stop, on the market's clock.
    pub naked_seconds_max: f64,
    /// The bound that the settings state for it, in seconds.
    pub naked_seconds_bound: f64,
    /// Decisions taken.
    pub decisions: u64,
    /// Entries among them.
    pub entered: u64,
    /// Equity at the end, open positions at the last price.
    pub equity: Money,
    /// Equity at the start.
    pub initial_equity: Money,
    /// Positions still open, each with its stop resting.
    pub positions_open: u64,
    /// Why the kill switch is on at the end; absent where it is off.
    pub kill_switch: Option<&'static str>,
    /// Messages for the operator.
    pub alerts: u64,
    /// Seconds on the wall.
    pub seconds: f64,
    /// The folder with journal and database.
    pub folder: String,
    /// Broken rules; empty in a sound run.
    pub violations: Vec<String>,
}

/// What only the driver knows.
pub(crate) struct Ending {
    pub(crate) digest: Digest,
    pub(crate) initial_equity: Money,
    pub(crate) naked_bound_s: f64,
    pub(crate) first_protected_s: Option<f64>,
    /// What the starts before this one have told already.
    pub(crate) naked_before_s: f64,
    pub(crate) seconds: f64,
    pub(crate) folder: String,
}

impl Summary {
    pub(crate) fn new(engine: &Engine, tally: Tally, ending: Ending) -> (Self, [u8; 32]) {
        let naked = engine.naked_max().secs_f64();
        let mut violations = tally.violations;
        if naked > ending.naked_bound_s.max(ending.naked_before_s) {
            violations.push(format!(
                "a position was without a confirmed stop for {naked:.3} s; the bound is {:.3} s",
                ending.naked_bound_s
            ));
        }
        let ids = engine.instruments().map(seawall_model::Instrument::id);
        let open =
            ids.filter_map(|id| engine.position(id)).filter(|position| !position.qty.is_zero()).count();
        let fingerprint = tally.fingerprint.finish();
        let summary = Summary {
            schema: "seawall.run/1",
            fingerprint: HEXLOWER.encode(&fingerprint),
            digest: ending.digest.to_string(),
            inputs: tally.inputs,
            orders: tally.orders,
            fills: tally.fills,
            positions_opened: tally.positions_opened,
            first_protected_s: ending.first_protected_s,
            naked_seconds_max: naked,
            naked_seconds_bound: ending.naked_bound_s,
            decisions: tally.decisions,
            entered: tally.entered,
            equity: engine.equity().unwrap_or(Money::ZERO),
            initial_equity: ending.initial_equity,
            positions_open: open as u64,
            kill_switch: engine.kill_switch().map(seawall_model::KillReason::name),
            alerts: tally.alerts,
            seconds: ending.seconds,
            folder: ending.folder,
            violations,
        };
        (summary, fingerprint)
    }
}
