//! Which pairs are allowed, and which settings of them contradict each other.

use rust_decimal::Decimal;
use seawall_model::{Instrument, InstrumentId, Timeframe};

use super::Signals;
use crate::error::EngineError;
use crate::risk::settings::RiskSettings;
use crate::trade_settings::ExecutionSettings;

/// Said of a signal that is not among the instruments.
pub(crate) const UNKNOWN: &str = "there are no candles of that; give them, or remove the signal";

/// Checks who reads whom, for these traded instruments.
///
/// # Errors
/// [`EngineError::Signal`] names both instruments, the broken rule and the fix.
pub(crate) fn check_pairs(traded: &[(Instrument, Timeframe)], signals: &Signals) -> Result<(), EngineError> {
    let all = || traded.iter().chain(&signals.read_only);
    let named = |id: InstrumentId| {
        all()
            .nth(id.index())
            .map_or_else(|| format!("instrument {}", id.0), |(one, _)| one.name().to_string())
    };
    for (reader, signal) in &signals.pairs {
        let refused = |rule: &str| EngineError::Signal {
            instrument: named(*reader),
            signal: named(*signal),
            rule: rule.to_owned(),
        };
        let Some((instrument, base)) = traded.get(reader.index()) else {
            return Err(refused("only an instrument that is traded reads another one; trade it"));
        };
        let Some((source, source_base)) = all().nth(signal.index()) else {
            return Err(refused(UNKNOWN));
        };
        if reader == signal {
            return Err(refused("it reads its own candles anyway; remove the signal"));
        }
        if signals.pairs.iter().filter(|(other, _)| other == reader).count() > 1 {
            return Err(refused("it has another signal already; keep one"));
        }
        if signals.pairs.iter().any(|(other, _)| other == signal) {
            return Err(refused("the signal reads another instrument itself; name that one, or none there"));
        }
        if instrument.name().base() != source.name().base() {
            let rule = format!(
                "{} and {} are different coins, and prices of one say nothing about the other; name an \
                 instrument of {}",
                instrument.name().base(),
                source.name().base(),
                instrument.name().base()
            );
            return Err(refused(&rule));
        }
        if base != source_base {
            let rule = format!(
                "its candles are of {base}, those of the signal of {source_base}; give both the same timeframe"
            );
            return Err(refused(&rule));
        }
    }
    let first = u32::try_from(traded.len()).unwrap_or(u32::MAX);
    for (number, (instrument, _)) in (first..).zip(&signals.read_only) {
        let id = InstrumentId(number);
        if instrument.id() != id || !signals.pairs.iter().any(|(_, signal)| *signal == id) {
            return Err(EngineError::Signal {
                instrument: "no instrument".to_owned(),
                signal: instrument.name().to_string(),
                rule: "what is only read follows the traded instruments and has a reader; trade it or leave \
                       it out"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

/// Checks the bounds of the basis against each other: a gate lies below the shock that it keeps away from.
///
/// # Errors
/// The first broken rule with its full key.
pub fn check_basis(execution: &ExecutionSettings, risk: &RiskSettings) -> Result<(), EngineError> {
    let most = execution.basis_max_pct.get();
    let broken = |key: &'static str, value: Decimal, rule: String| {
        Err(EngineError::Setting { key, value: value.normalize().to_string(), rule })
    };
    let post = execution.basis_max_post_pct.get();
    if post < most {
        let rule = format!(
            "it must not be below execution.basis_max_pct: {} is below {}, so an entry that was allowed would \
             be told as too far off",
            post.normalize(),
            most.normalize()
        );
        return broken("execution.basis_max_post_pct", post, rule);
    }
    if let Some(shock) = risk.shock.basis_pct.filter(|shock| shock.get() <= most) {
        let rule = format!(
            "it must be above execution.basis_max_pct: {} is not above {}, so entries would be judged at a \
             basis that is a shock already",
            shock.get().normalize(),
            most.normalize()
        );
        return broken("risk.shock.basis_pct", shock.get(), rule);
    }
    Ok(())
}
