//! Which of the instruments of a backtest read another one: `instruments[].signal` of the configuration and
//! `--signal`, which beats it.
//!
//! An instrument that another one reads is not traded itself, unless it is listed under `instruments`: then
//! it is one like any other, with candles and a strategy of its own.

use std::path::Path;

use seawall_config::Config;
use seawall_model::InstrumentName;

use crate::exit::Failure;
use crate::input::CandleArgument;

/// Readers with what they read.
pub(crate) struct Pairs(Vec<(InstrumentName, InstrumentName)>);

impl Pairs {
    /// Those among the instruments that `candles` are given for.
    pub(crate) fn new(
        config: &Config,
        options: &[String],
        candles: &[CandleArgument],
    ) -> Result<Self, Failure> {
        let given = |name: &InstrumentName| candles.iter().any(|one| one.name == *name);
        let mut pairs: Vec<(InstrumentName, InstrumentName)> = Vec::new();
        for text in options {
            let (reader, signal) = argument(text)?;
            let bad = |why: String| Failure::input(format!("--signal {text}: {why}"));
            if pairs.iter().any(|(other, _)| *other == reader) {
                return Err(bad(format!("{reader} has a signal already; give it once")));
            }
            if reader == signal {
                return Err(bad(format!("{reader} reads its own candles anyway; leave it out")));
            }
            if !given(&reader) {
                return Err(bad(format!("there are no --candles for {reader}")));
            }
            if !given(&signal) {
                return Err(bad(missing(&signal, candles)));
            }
            pairs.push((reader, signal));
        }
        for (index, spec) in config.instruments.iter().enumerate() {
            let Some(signal) = &spec.signal else { continue };
            if !given(&spec.name) || pairs.iter().any(|(reader, _)| *reader == spec.name) {
                continue;
            }
            if !given(signal) {
                return Err(Failure::input(format!(
                    "instruments[{index}].signal: {} reads {signal}: {}",
                    spec.name,
                    missing(signal, candles)
                )));
            }
            pairs.push((spec.name.clone(), signal.clone()));
        }
        let pairs = Pairs(pairs);
        pairs.check(candles)?;
        Ok(pairs)
    }

    /// The signal of `name`.
    pub(crate) fn read_by(&self, name: &InstrumentName) -> Option<&InstrumentName> {
        self.0.iter().find(|(reader, _)| reader == name).map(|(_, signal)| signal)
    }

    /// Whether `name` is only read.
    pub(crate) fn only_reads(&self, config: &Config, name: &InstrumentName) -> bool {
        let listed = config.instruments.iter().any(|spec| spec.name == *name);
        !listed && self.0.iter().any(|(_, signal)| signal == name)
    }

    /// What an instrument that nobody trades has no use for.
    pub(crate) fn check_unused(
        &self,
        candles: &[&CandleArgument],
        tape: Option<&Path>,
        rates: Option<&Path>,
    ) -> Result<(), Failure> {
        let unused = [
            (candles.len() > 1, "finer --candles"),
            (tape.is_some(), "--trades"),
            (rates.is_some(), "--funding"),
        ];
        let Some((_, what)) = unused.into_iter().find(|(given, _)| *given) else { return Ok(()) };
        let name = candles.first().map(|one| one.name.to_string()).unwrap_or_default();
        Err(Failure::input(format!(
            "{what} for {name}: it is only read, not traded; leave them out, or list it under `instruments` to \
             trade it"
        )))
    }

    fn check(&self, candles: &[CandleArgument]) -> Result<(), Failure> {
        let coarsest = |name: &InstrumentName| {
            candles.iter().filter(|one| one.name == *name).map(|one| one.timeframe).max()
        };
        for (reader, signal) in &self.0 {
            if let Some(further) = self.read_by(signal) {
                return Err(Failure::input(format!(
                    "{reader} reads {signal}, which reads {further} itself; name {further} for both, or give \
                     {signal} no signal"
                )));
            }
            let (own, other) = (coarsest(reader), coarsest(signal));
            if let (Some(own), Some(other)) = (own, other)
                && own != other
            {
                return Err(Failure::input(format!(
                    "--candles {signal}: candles of {other}, but {reader}, which reads it, has candles of \
                     {own}; give both the same timeframe"
                )));
            }
        }
        Ok(())
    }
}

fn missing(signal: &InstrumentName, candles: &[CandleArgument]) -> String {
    let mut names: Vec<&str> = candles.iter().map(|one| one.name.as_str()).collect();
    names.dedup();
    format!("there are no --candles for {signal} (given: {}); add them", names.join(", "))
}

fn argument(text: &str) -> Result<(InstrumentName, InstrumentName), Failure> {
    let usage = "write NAME=SIGNAL, like BTC/USD:USD=BTC/USD";
    let bad = |why: &str| Failure::input(format!("--signal {text}: {why}; {usage}"));
    let (reader, signal) = text.split_once('=').ok_or_else(|| bad("the signal is missing"))?;
    let name = |text: &str| text.parse().map_err(|error| bad(&format!("{error}")));
    Ok((name(reader)?, name(signal)?))
}
