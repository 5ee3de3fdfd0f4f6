//! Rules that no single value can break: ranges of the sections, and what contradicts across them.
//!
//! A configuration that cannot trade, or could not protect a position, is refused before anything starts.

use rust_decimal::Decimal;
use seawall_engine::EngineError;
use seawall_engine::signal::check_basis;
use seawall_model::{ContractKind, Instrument, InstrumentId, InstrumentSpec, ModelError};
use seawall_simulator::SimulatorError;
use seawall_strategy::ema_cross::EmaCrossSizing;
use seawall_strategy::{StrategyError, StrategyKind};

use crate::error::{Problem, Source};
use crate::settings::{Config, DataSettings, DemoSettings};

impl Config {
    /// Every broken rule. A section names its first one; sections and rules across them are all looked at.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let sections = [
            self.strategy.check().err().map(|error| strategy_problem(&error)),
            self.risk.check().err().map(|error| engine_problem(&error)),
            self.protection.check().err().map(|error| engine_problem(&error)),
            self.reconcile.check().err().map(|error| engine_problem(&error)),
            self.execution.check().err().map(|error| engine_problem(&error)),
            self.multi_tp.check().err().map(|error| engine_problem(&error)),
            self.management.check().err().map(|error| engine_problem(&error)),
            self.decisions.check().err().map(|error| engine_problem(&error)),
            self.auction.check().err().map(|error| engine_problem(&error)),
            self.market().check(&self.risk).err().map(|error| engine_problem(&error)),
            self.simulator.check().err().map(|error| simulator_problem(&error)),
        ];
        let mut problems: Vec<Problem> = sections.into_iter().flatten().collect();
        // What is out of range itself says nothing about the sizes of entries.
        if self.risk.check().is_ok() && self.auction.rebalancer.check().is_ok() {
            let error = self.auction.rebalancer.check_with(&self.risk).err();
            problems.extend(error.map(|error| engine_problem(&error)));
        }
        // Deadlines that are out of range themselves say nothing about the latency.
        if self.protection.check().is_ok() && self.simulator.check().is_ok() {
            self.check_latency(&mut problems);
        }
        // Bounds that are out of range themselves say nothing about each other.
        if self.execution.check().is_ok() && self.risk.check().is_ok() {
            let basis = check_basis(&self.execution, &self.risk);
            problems.extend(basis.err().map(|error| engine_problem(&error)));
        }
        // So do limits of the account about the auction.
        if self.auction.check().is_ok() && self.risk.check().is_ok() {
            problems.extend(self.auction.check_with(&self.risk).err().map(|error| engine_problem(&error)));
        }
        self.check_runs(&mut problems);
        let faults = self.notify.check();
        problems.extend(faults.iter().map(|fault| refused(&fault.key, &fault.value, &fault.rule)));
        for (index, _) in self.instruments.iter().enumerate() {
            self.check_instrument(index, &mut problems);
        }
        problems
    }

    fn check_runs(&self, problems: &mut Vec<Problem>) {
        for (key, value, (least, most)) in self.out_of_range() {
            problems.push(refused(key, &value, &format!("allowed are {least} to {most}")));
        }
        for (key, money) in [
            ("run.paper_equity", self.run.paper_equity),
            ("backtest.initial_equity", self.backtest.initial_equity),
            ("demo.initial_equity", self.demo.initial_equity),
        ] {
            if money.get() <= Decimal::ZERO {
                problems.push(refused(key, &money, "it must be above zero"));
            }
        }
        for (key, value, most) in [
            ("demo.speed", self.demo.speed, DemoSettings::SPEED_MAX),
            ("demo.instruments", self.demo.instruments, DemoSettings::INSTRUMENTS_MAX),
            ("data.journal_segment_mb", self.data.journal_segment_mb, DataSettings::JOURNAL_SEGMENT_MB_MAX),
        ] {
            if !(1..=most).contains(&value) {
                problems.push(refused(key, &value, &format!("allowed are 1 to {most}")));
            }
        }
        problems.extend(self.api.problems());
        let basis = self.demo.spot_basis_bps;
        if let Some(basis) = basis.filter(|basis| *basis > DemoSettings::SPOT_BASIS_BPS_MAX) {
            let rule = format!("allowed are 0 to {}, or off", DemoSettings::SPOT_BASIS_BPS_MAX);
            problems.push(refused("demo.spot_basis_bps", &basis, &rule));
        }
        if self.data.dir.trim().is_empty() {
            problems.push(refused("data.dir", &self.data.dir, "it must name a folder"));
        }
    }

    /// A stop whose confirmation arrives after its deadline is taken for missing: every position would be
    /// closed at market.
    fn check_latency(&self, problems: &mut Vec<Problem>) {
        let round_trip = u64::from(self.simulator.latency_ms) * 2;
        let deadlines = [
            ("protection.confirm_deadline_ms", self.protection.confirm_deadline_ms),
            ("protection.submit_deadline_ms", self.protection.submit_deadline_ms),
        ];
        if let Some((key, deadline)) = deadlines.into_iter().min_by_key(|(_, deadline)| *deadline)
            && round_trip > u64::from(deadline)
        {
            let rule = format!(
                "an answer takes {round_trip} ms there and back, longer than {key} ({deadline}); lower the \
                 latency or raise the deadline"
            );
            problems.push(refused("simulator.latency_ms", &self.simulator.latency_ms, &rule));
        }
    }

    fn check_instrument(&self, index: usize, problems: &mut Vec<Problem>) {
        let (before, rest) = self.instruments.split_at(index.min(self.instruments.len()));
        let Some(spec) = rest.first() else { return };
        let key = format!("instruments[{index}]");
        if let Some(first) = before.iter().position(|earlier| earlier.name == spec.name) {
            let rule = format!("instruments[{first}] has that name already; remove one");
            problems.push(refused(&format!("{key}.name"), &spec.name, &rule));
        }
        let id = InstrumentId(u32::try_from(index).unwrap_or(u32::MAX));
        if let Err(error) = Instrument::new(id, spec.clone(), 0) {
            problems.push(instrument_problem(&key, error));
            return;
        }
        self.check_signal(index, spec, problems);
        match self.strategy.name {
            StrategyKind::EmaCross => self.check_ema_cross(index, problems),
            StrategyKind::Smc | StrategyKind::Signals => {}
        }
    }

    /// Whether the signal is an instrument of the same coin that reads its own candles.
    fn check_signal(&self, index: usize, spec: &InstrumentSpec, problems: &mut Vec<Problem>) {
        let Some(signal) = &spec.signal else { return };
        let key = format!("instruments[{index}].signal");
        let further = self.instruments.iter().find(|other| other.name == *signal);
        let further = further.and_then(|other| other.signal.as_ref());
        let rule = if *signal == spec.name {
            "an instrument reads its own candles anyway; remove the signal".to_owned()
        } else if signal.base() != spec.name.base() {
            format!(
                "it is of another coin than {}; allowed are instruments of {}",
                spec.name,
                spec.name.base()
            )
        } else if let Some(further) = further {
            format!("it reads {further} itself; name {further} here, or remove the signal there")
        } else {
            return;
        };
        problems.push(refused(&key, signal, &rule));
    }

    /// What would have every entry of `ema_cross` refused.
    fn check_ema_cross(&self, index: usize, problems: &mut Vec<Problem>) {
        let Some(spec) = self.instruments.get(index) else { return };
        let settings = &self.strategy.ema_cross;
        if spec.kind == ContractKind::Spot && !settings.long_only {
            let rule = format!("{} is spot and cannot be sold short; set it to true", spec.name);
            problems.push(refused("strategy.ema_cross.long_only", &false, &rule));
        }
        let least = spec.min_qty.unwrap_or(spec.lot).max(spec.lot);
        if settings.sizing == EmaCrossSizing::FixedQty && settings.qty < least {
            let rule = format!("the smallest order of {} is {least}; raise it", spec.name);
            problems.push(refused("strategy.ema_cross.qty", &settings.qty, &rule));
        }
    }
}

pub(crate) fn refused(key: &str, value: &dyn ToString, rule: &str) -> Problem {
    Problem::new(&Source::Default, key, format!("{} is refused: {rule}", value.to_string()))
}

fn strategy_problem(error: &StrategyError) -> Problem {
    match error {
        StrategyError::Setting { key, value, rule } => refused(key, value, rule),
    }
}

fn engine_problem(error: &EngineError) -> Problem {
    let EngineError::Setting { key, value, rule } = error else {
        return Problem::new(&Source::Default, "", error.to_string());
    };
    refused(key, value, rule)
}

fn simulator_problem(error: &SimulatorError) -> Problem {
    let SimulatorError::Setting { key, value, allowed } = error else {
        return Problem::new(&Source::Default, "", error.to_string());
    };
    refused(key, value, &format!("allowed is {allowed}"))
}

fn instrument_problem(key: &str, error: ModelError) -> Problem {
    let text = error.to_string();
    let ModelError::Instrument { instrument, rule } = error else {
        return Problem::new(&Source::Default, key, text);
    };
    // A rule begins with the setting that it is about, where it is about one.
    let about = rule.split(' ').next().filter(|word| word.contains('_') || matches!(*word, "tick" | "lot"));
    let key = about.map_or(key.to_owned(), |name| format!("{key}.{name}"));
    Problem::new(&Source::Default, &key, format!("{instrument}: {rule}"))
}
