//! Names and texts that stand in columns. They are stable: people write queries with them.

use seawall_model::{
    Exit, FillCause, Gate, GateReading, Instrument, Liquidity, PositionSide, ScorePart, ScorePoints,
    Severity, ShadowEnd, Verdict,
};
use serde_json::{Value, json};

pub(crate) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

pub(crate) const fn liquidity(liquidity: Liquidity) -> &'static str {
    match liquidity {
        Liquidity::Maker => "maker",
        Liquidity::Taker => "taker",
    }
}

pub(crate) const fn cause(cause: FillCause) -> &'static str {
    match cause {
        FillCause::Order => "order",
        FillCause::Liquidation => "liquidation",
        FillCause::Deleveraging => "deleveraging",
    }
}

/// `[["adx",18.2,25,0],…]`: gate, measured, threshold, and 1 for a pass, 0 for a refusal, 2 for one of a
/// guard that only watches. What JSON has no number for is a text.
pub(crate) fn gates(readings: &[GateReading]) -> String {
    let reading = |reading: &GateReading| {
        let verdict = match reading.verdict {
            Verdict::Pass => 1,
            Verdict::Fail => 0,
            Verdict::Shadow => 2,
        };
        json!([reading.gate.name(), number(reading.measured), number(reading.threshold), verdict])
    };
    Value::Array(readings.iter().map(reading).collect()).to_string()
}

/// What JSON has no number for is a text.
fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { json!(value.to_string()) }
}

fn read_number(value: &Value) -> Result<f64, String> {
    match value.as_str() {
        Some(text) => text.parse().map_err(|_| format!("`{text}` is not a number")),
        None => value.as_f64().ok_or_else(|| format!("`{value}` is not a number")),
    }
}

/// Reads [`gates`] back; says what is wrong otherwise.
pub(crate) fn read_gates(text: &str) -> Result<Vec<GateReading>, String> {
    let rows: Vec<(String, Value, Value, u8)> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let reading = |(name, measured, threshold, passed): (String, Value, Value, u8)| {
        Ok(GateReading {
            gate: gate(&name)?,
            measured: read_number(&measured)?,
            threshold: read_number(&threshold)?,
            verdict: match passed {
                0 => Verdict::Fail,
                2 => Verdict::Shadow,
                _ => Verdict::Pass,
            },
        })
    };
    rows.into_iter().map(reading).collect()
}

/// `[["fibonacci",12.5,20],…]`: part, points, the most it can give.
pub(crate) fn score(points: &[ScorePoints]) -> String {
    let part = |points: &ScorePoints| json!([points.part.name(), number(points.points), number(points.most)]);
    Value::Array(points.iter().map(part).collect()).to_string()
}

/// Reads [`score`] back; says what is wrong otherwise.
pub(crate) fn read_score(text: &str) -> Result<Vec<ScorePoints>, String> {
    let rows: Vec<(String, Value, Value)> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let part = |(name, points, most): (String, Value, Value)| {
        let found = ScorePart::ALL.iter().find(|part| part.name() == name);
        let part =
            found.copied().ok_or_else(|| format!("`{name}` is not a part of a score of this version"))?;
        Ok(ScorePoints { part, points: read_number(&points)?, most: read_number(&most)? })
    };
    rows.into_iter().map(part).collect()
}

/// The end of this name.
pub(crate) fn shadow_end(name: &str) -> Result<ShadowEnd, String> {
    let found = ShadowEnd::ALL.into_iter().find(|end| end.name() == name);
    found.ok_or_else(|| format!("`{name}` is not an end of this version"))
}

/// The side of this name.
pub(crate) fn side(name: &str) -> Result<PositionSide, String> {
    let sides = [PositionSide::Long, PositionSide::Short, PositionSide::Flat];
    sides.into_iter().find(|side| side.name() == name).ok_or_else(|| format!("`{name}` is not a side"))
}

/// The gate of this name.
pub(crate) fn gate(name: &str) -> Result<Gate, String> {
    let found = Gate::ALL.iter().find(|gate| gate.name() == name);
    found.copied().ok_or_else(|| format!("`{name}` is not a gate of this version"))
}

/// `[{"at":"…","price":"…","qty":"…","reason":"stop_loss"},…]`.
pub(crate) fn exits(exits: &[Exit], instrument: &Instrument) -> String {
    let exit = |exit: &Exit| {
        json!({
            "at": exit.at,
            "price": instrument.price(exit.price),
            "qty": instrument.qty(exit.qty),
            "reason": exit.reason.name(),
        })
    };
    Value::Array(exits.iter().map(exit).collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_read_back_also_where_a_number_is_none() {
        let readings: Vec<_> = [0.0, -1.5, 1e300, f64::INFINITY, f64::NEG_INFINITY, 0.1 + 0.2]
            .into_iter()
            .zip(Gate::ALL)
            .map(|(measured, gate)| GateReading {
                gate: *gate,
                measured,
                threshold: 25.0,
                verdict: if measured > 0.0 { Verdict::Pass } else { Verdict::Shadow },
            })
            .collect();
        assert_eq!(read_gates(&gates(&readings)).unwrap(), readings);
        let nan = [GateReading { measured: f64::NAN, ..readings[0] }];
        assert!(read_gates(&gates(&nan)).unwrap()[0].measured.is_nan());
        assert!(read_gates("[[\"no_gate\",1,2,1]]").unwrap_err().contains("no_gate"));
        assert!(read_gates("nonsense").is_err());
        let points: Vec<_> = ScorePart::ALL
            .iter()
            .zip([12.5, -18.0, f64::NEG_INFINITY].into_iter().cycle())
            .map(|(part, points)| ScorePoints { part: *part, points, most: 20.0 })
            .collect();
        assert_eq!(read_score(&score(&points)).unwrap(), points);
        assert!(read_score("[[\"luck\",1,2]]").unwrap_err().contains("luck"));
    }
}
