//! Reading names: what is wrong with one is said with its part, what is allowed there and an example.

use core::str::FromStr;

use thiserror::Error;

use super::name::{Causal, Name, Reference, Spelled};
use super::period;
use crate::parity::{ClockTime, InputZone, ParityError, Session, TimeFrame};
use crate::pivot::PIVOT_BARS_MAX;

/// The longest swing length and averaging period.
const BARS_MAX: u32 = 1_000_000;

/// The sessions with a name of their own.
const SESSIONS: [(&str, Session); 8] = [
    ("Sydney", Session::Sydney),
    ("Tokyo", Session::Tokyo),
    ("London", Session::London),
    ("NewYork", Session::NewYork),
    ("AsianKZ", Session::AsianKillZone),
    ("LondonOpenKZ", Session::LondonOpenKillZone),
    ("NewYorkKZ", Session::NewYorkKillZone),
    ("LondonCloseKZ", Session::LondonCloseKillZone),
];

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{name}`: {problem}; write {form}")]
pub struct NameError {
    /// What was read.
    pub name: String,
    /// Which part is wrong and what is allowed there.
    pub problem: String,
    /// How such names are written.
    pub form: String,
}

struct Family {
    word: &'static str,
    /// What stands behind the two underscores.
    form: &'static str,
    example: &'static str,
    parse: fn(&mut Parts<'_>) -> Result<Name, String>,
}

/// Every family, with how its names are written.
const FAMILIES: [Family; 15] = [
    Family { word: "ref_fvg", form: "join{0,1}", example: "join1", parse: ref_fvg },
    Family { word: "ref_swing", form: "L{bars}", example: "L5", parse: ref_swing },
    Family { word: "ref_bos_choch", form: "L{bars}_close{0,1}", example: "L5_close1", parse: ref_bos_choch },
    Family { word: "ref_ob", form: "L{bars}_closemit{0,1}", example: "L5_closemit0", parse: ref_ob },
    Family { word: "ref_liquidity", form: "L{bars}_rp{number}", example: "L5_rp0.01", parse: ref_liquidity },
    Family { word: "ref_previous_high_low", form: "{period}", example: "1D", parse: ref_previous_high_low },
    Family {
        word: "ref_sessions",
        form: "{session}[_tzUTC{hours}]",
        example: "London_tzUTC+2",
        parse: ref_sessions,
    },
    Family { word: "ref_retracements", form: "L{bars}", example: "L5", parse: ref_retracements },
    Family { word: "causal_fvg", form: "", example: "", parse: causal_fvg },
    Family { word: "causal_fractals", form: "L{bars}R{bars}", example: "L5R5", parse: causal_fractals },
    Family { word: "causal_structure", form: "S{bars}", example: "S5", parse: causal_structure },
    Family {
        word: "causal_ob",
        form: "S{bars}_{nofilter,atr{bars}}",
        example: "S5_atr200",
        parse: causal_ob,
    },
    Family { word: "causal_pools", form: "S{bars}", example: "S5", parse: causal_pools },
    Family { word: "causal_equal", form: "S{bars}_thr{number}", example: "S3_thr0.1", parse: causal_equal },
    Family { word: "causal_prev", form: "{period}", example: "W", parse: causal_prev },
];

impl Family {
    fn form(&self) -> String {
        if self.form.is_empty() { self.word.to_owned() } else { format!("{}__{}", self.word, self.form) }
    }
}

/// How the names of every family are written.
#[must_use]
pub fn forms() -> Vec<String> {
    FAMILIES.iter().map(Family::form).collect()
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (word, rest) = match text.split_once("__") {
            Some((word, rest)) => (word, Some(rest)),
            None => (text, None),
        };
        let Some(family) = FAMILIES.iter().find(|family| family.word == word) else {
            return Err(NameError {
                name: text.to_owned(),
                problem: format!("there is no indicator `{word}`"),
                form: format!("one of {}", forms().join(", ")),
            });
        };
        let mut parts = Parts { rest };
        let parsed = (family.parse)(&mut parts).and_then(|name| parts.end().map(|()| name));
        parsed.map_err(|problem| {
            let mut form = family.form();
            if !family.example.is_empty() {
                form = format!("{form}, like {}__{}", family.word, family.example);
            }
            NameError { name: text.to_owned(), problem, form }
        })
    }
}

/// What is left of the parameters.
struct Parts<'a> {
    rest: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// The next parameter, up to an underscore.
    fn next(&mut self, what: &str) -> Result<&'a str, String> {
        let rest = self.rest.take().unwrap_or_default();
        let (part, rest) = match rest.split_once('_') {
            Some((part, rest)) => (part, Some(rest)),
            None => (rest, None),
        };
        self.rest = rest;
        if part.is_empty() { Err(format!("{what} is missing")) } else { Ok(part) }
    }

    fn end(&self) -> Result<(), String> {
        match self.rest {
            None => Ok(()),
            Some(rest) => Err(format!("`_{rest}` at the end is too much")),
        }
    }

    /// `{prefix}0` or `{prefix}1`.
    fn flag(&mut self, prefix: &str) -> Result<bool, String> {
        let allowed = format!("{prefix}0 or {prefix}1");
        let part = self.next(&allowed)?;
        match part.strip_prefix(prefix) {
            Some("0") => Ok(false),
            Some("1") => Ok(true),
            Some(_) | None => Err(format!("`{part}` must be {allowed}")),
        }
    }

    /// `{prefix}{bars}`.
    fn bars(&mut self, prefix: char, max: u32) -> Result<u32, String> {
        let part = self.next(&format!("{prefix} with a number of bars"))?;
        part.strip_prefix(prefix)
            .and_then(|digits| bars(digits, max))
            .ok_or_else(|| format!("`{part}` must be {prefix} and a whole number of bars from 1 to {max}"))
    }

    /// `{prefix}{number}`.
    fn number(&mut self, prefix: &str) -> Result<Spelled<f64>, String> {
        let part = self.next(&format!("{prefix} with a number"))?;
        part.strip_prefix(prefix).and_then(number).ok_or_else(|| {
            format!("`{part}` must be {prefix} and a number, 0 or above, like {prefix}0.01 or {prefix}1e-05")
        })
    }

    /// The size of legs.
    fn size(&mut self) -> Result<u32, String> {
        self.bars('S', pivot_bars_max())
    }

    /// A swing length.
    fn length(&mut self) -> Result<u32, String> {
        self.bars('L', BARS_MAX)
    }

    /// A pandas alias of a period.
    fn period(&mut self) -> Result<Spelled<TimeFrame>, String> {
        let part = self.next("the period")?;
        let period = part.parse().map_err(|error: ParityError| error.to_string())?;
        Ok(Spelled::new(part, period))
    }
}

/// Digits with a point or an exponent, not below zero.
fn number(text: &str) -> Option<Spelled<f64>> {
    let edge = |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit());
    let inside = |character: char| character.is_ascii_digit() || ".eE+-".contains(character);
    if !edge(text.chars().next()) || !edge(text.chars().next_back()) || !text.chars().all(inside) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite()).map(|value| Spelled::new(text, value))
}

fn pivot_bars_max() -> u32 {
    u32::try_from(PIVOT_BARS_MAX).unwrap_or(u32::MAX)
}

/// A number of bars without sign or leading zeros.
fn bars(digits: &str, max: u32) -> Option<u32> {
    let plain = digits.chars().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|bars| plain && (1..=max).contains(bars))
}

fn ref_fvg(parts: &mut Parts<'_>) -> Result<Name, String> {
    Ok(Name::Reference(Reference::Fvg { join: parts.flag("join")? }))
}

fn ref_swing(parts: &mut Parts<'_>) -> Result<Name, String> {
    Ok(Name::Reference(Reference::Swing { length: parts.length()? }))
}

fn ref_bos_choch(parts: &mut Parts<'_>) -> Result<Name, String> {
    Ok(Name::Reference(Reference::BosChoch { length: parts.length()?, close: parts.flag("close")? }))
}

fn ref_ob(parts: &mut Parts<'_>) -> Result<Name, String> {
    Ok(Name::Reference(Reference::Ob { length: parts.length()?, close: parts.flag("closemit")? }))
}

fn ref_liquidity(parts: &mut Parts<'_>) -> Result<Name, String> {
    Ok(Name::Reference(Reference::Liquidity { length: parts.length()?, range_percent: parts.number("rp")? }))
}

fn ref_previous_high_low(parts: &mut Parts<'_>) -> Result<Name, String> {
    Ok(Name::Reference(Reference::PreviousHighLow { period: parts.period()? }))
}

fn ref_sessions(parts: &mut Parts<'_>) -> Result<Name, String> {
    let part = parts.next("the session")?;
    let session = Spelled::new(part, session(part)?);
    let zone = if parts.rest.is_some() { Some(zone(parts.next("the zone")?)?) } else { None };
    Ok(Name::Reference(Reference::Sessions { session, zone }))
}

fn session(part: &str) -> Result<Session, String> {
    let allowed = || {
        let words = SESSIONS.map(|(word, _)| word).join(", ");
        format!("`{part}` must be a session: {words} or Custom and two times, like Custom2230-0115")
    };
    if let Some((_, session)) = SESSIONS.into_iter().find(|(word, _)| *word == part) {
        return Ok(session);
    }
    let times = part.strip_prefix("Custom").ok_or_else(allowed)?;
    let (start, end) = times.split_once('-').ok_or_else(allowed)?;
    let time = |text| {
        clock_time(text).ok_or_else(|| format!("`{text}` in `{part}` must be a time HHMM from 0000 to 2359"))
    };
    Ok(Session::Custom { start: time(start)?, end: time(end)? })
}

/// A time as `HHMM`.
fn clock_time(text: &str) -> Option<ClockTime> {
    let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (hour, minute) = text.split_at_checked(2).filter(|_| digits)?;
    format!("{hour}:{minute}").parse().ok()
}

fn zone(part: &str) -> Result<Spelled<InputZone>, String> {
    let text = part.strip_prefix("tz").unwrap_or_default();
    let zone = text.parse().map_err(|_| {
        format!("`{part}` must be tzUTC or tzGMT, or one of them with -14 to +12 whole hours, like tzUTC+2")
    })?;
    Ok(Spelled::new(text, zone))
}

fn ref_retracements(parts: &mut Parts<'_>) -> Result<Name, String> {
    Ok(Name::Reference(Reference::Retracements { length: parts.length()? }))
}

fn causal_fvg(_: &mut Parts<'_>) -> Result<Name, String> {
    Ok(Name::Causal(Causal::Fvg))
}

fn causal_fractals(parts: &mut Parts<'_>) -> Result<Name, String> {
    let max = pivot_bars_max();
    let part = parts.next("L with R")?;
    let sides = part.strip_prefix('L').and_then(|sides| sides.split_once('R'));
    let sides = sides.and_then(|(left, right)| Some((bars(left, max)?, bars(right, max)?)));
    let (left, right) = sides.ok_or_else(|| {
        format!("`{part}` must be L and R, each with a whole number of bars from 1 to {max}")
    })?;
    Ok(Name::Causal(Causal::Fractals { left, right }))
}

fn causal_structure(parts: &mut Parts<'_>) -> Result<Name, String> {
    Ok(Name::Causal(Causal::Structure { size: parts.size()? }))
}

fn causal_ob(parts: &mut Parts<'_>) -> Result<Name, String> {
    let size = parts.size()?;
    let part = parts.next("the filter (nofilter, or atr with a number of bars)")?;
    if part == "nofilter" {
        return Ok(Name::Causal(Causal::Ob { size, atr_period: None }));
    }
    let period = part.strip_prefix("atr").and_then(|digits| bars(digits, BARS_MAX)).ok_or_else(|| {
        format!("`{part}` must be nofilter, or atr and a whole number of bars from 1 to {BARS_MAX}")
    })?;
    Ok(Name::Causal(Causal::Ob { size, atr_period: Some(period) }))
}

fn causal_pools(parts: &mut Parts<'_>) -> Result<Name, String> {
    Ok(Name::Causal(Causal::Pools { size: parts.size()? }))
}

fn causal_equal(parts: &mut Parts<'_>) -> Result<Name, String> {
    Ok(Name::Causal(Causal::Equal { size: parts.size()?, threshold: parts.number("thr")? }))
}

fn causal_prev(parts: &mut Parts<'_>) -> Result<Name, String> {
    let period = parts.period()?;
    if period::of(period.value()).is_none() {
        return Err(format!("`{period}` must be one of {}", period::ALLOWED));
    }
    Ok(Name::Causal(Causal::Prev { period }))
}
