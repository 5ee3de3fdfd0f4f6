//! How a check comes out, and all of them together.

use serde::Serialize;

use crate::error::LiveError;

/// How a check came out, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It was not looked at, and why is said.
    Skipped,
    /// Worth knowing.
    Warn,
    /// To be put right before a run.
    Fail,
}

/// What a failure means for a live run that starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    /// Only the operator can put it right: the start is refused.
    Refused,
    /// The venue did not do its part, which may pass: the start is refused.
    Passing,
    /// The start puts it right itself, or runs without: it is not refused.
    Started,
    /// Something of the probe may rest at the venue.
    LeftBehind,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its stable name.
    pub name: &'static str,
    /// Which one of several: an instrument, an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found, in words.
    pub finding: String,
    /// What was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<String>,
    /// What it was measured against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    #[serde(skip)]
    means: Means,
}

impl Check {
    fn new(name: &'static str, verdict: Verdict, finding: impl Into<String>) -> Self {
        let finding = finding.into();
        let means = Means::Refused;
        Check { name, of: None, verdict, measured: None, threshold: None, finding, remedy: None, means }
    }

    pub(crate) fn ok(name: &'static str, finding: impl Into<String>) -> Self {
        Check::new(name, Verdict::Ok, finding)
    }

    pub(crate) fn warn(name: &'static str, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Check { remedy: Some(remedy.into()), ..Check::new(name, Verdict::Warn, finding) }
    }

    pub(crate) fn fail(name: &'static str, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Check { remedy: Some(remedy.into()), ..Check::new(name, Verdict::Fail, finding) }
    }

    pub(crate) fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Check::new(name, Verdict::Skipped, why)
    }

    /// What kept a run from starting, as a failed check.
    pub(crate) fn of_error(name: &'static str, error: &LiveError, remedy: &str) -> Self {
        let text = error.to_string();
        // The phase is the check's name mostly, which stands before the words anyway.
        let words = text.strip_prefix(&format!("{name}: ")).unwrap_or(&text);
        Check::fail(name, words, remedy)
    }

    pub(crate) fn of(self, of: impl Into<String>) -> Self {
        Check { of: Some(of.into()), ..self }
    }

    pub(crate) fn measured(self, measured: impl Into<String>) -> Self {
        Check { measured: Some(measured.into()), ..self }
    }

    pub(crate) fn against(self, threshold: impl Into<String>) -> Self {
        Check { threshold: Some(threshold.into()), ..self }
    }

    /// It may pass by itself.
    pub(crate) fn passing(self) -> Self {
        Check { means: Means::Passing, ..self }
    }

    /// A start puts it right, or can do without.
    pub(crate) fn started_with(self) -> Self {
        Check { means: Means::Started, ..self }
    }

    /// Something may rest at the venue.
    pub(super) fn left_behind(self) -> Self {
        Check { means: Means::LeftBehind, ..self }
    }

    pub(super) fn is_left_behind(&self) -> bool {
        self.means == Means::LeftBehind
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.verdict == Verdict::Ok
    }

    /// Whether a live run refuses to start for it.
    #[must_use]
    pub fn refuses_start(&self) -> bool {
        self.verdict == Verdict::Fail && self.means != Means::Started
    }

    /// Refuses a start for a failed check, in the words of the check and under its name.
    pub(crate) fn refusal(&self) -> Result<(), LiveError> {
        if !self.refuses_start() {
            return Ok(());
        }
        let mut cause = self.finding.clone();
        let parts = [("", &self.measured), ("allowed: ", &self.threshold), ("", &self.remedy)];
        for (before, part) in parts {
            if let Some(part) = part {
                cause.push_str("; ");
                cause.push_str(before);
                cause.push_str(part);
            }
        }
        Err(match self.means {
            Means::Refused | Means::Started | Means::LeftBehind => {
                LiveError::Refused { phase: self.name, cause }
            }
            Means::Passing => LiveError::Venue { phase: self.name, cause },
        })
    }
}

/// Everything that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Version of this format.
    pub schema: &'static str,
    /// The worst verdict.
    pub verdict: Verdict,
    /// The names of the checks that failed, each once.
    pub failed: Vec<&'static str>,
    /// The checks, in the order in which they were made.
    pub checks: Vec<Check>,
}

impl Findings {
    /// Of these checks.
    #[must_use]
    pub fn new(checks: Vec<Check>) -> Self {
        let verdict = checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Skipped);
        let mut failed: Vec<&'static str> = Vec::new();
        for check in checks.iter().filter(|check| check.verdict == Verdict::Fail) {
            if !failed.contains(&check.name) {
                failed.push(check.name);
            }
        }
        Findings { schema: "seawall.doctor/1", verdict, failed, checks }
    }

    /// A configuration that could not be loaded: nothing else can be looked at.
    #[must_use]
    pub fn without_configuration(problems: &str) -> Self {
        let remedy = "see `seawall config check` and `seawall config explain`";
        Findings::new(vec![
            Check::fail("configuration", problems, remedy),
            Check::skipped("everything_else", "the configuration is not sound"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_check_refuses_a_start_under_its_name_unless_the_start_mends_it() {
        let check = Check::fail("clock", "it is wrong", "set it").measured("3 s").against("2 s");
        let error = check.refusal().unwrap_err();
        assert_eq!(error.to_string(), "clock: it is wrong; 3 s; allowed: 2 s; set it");
        assert!(matches!(error, LiveError::Refused { .. }));
        assert!(matches!(check.clone().passing().refusal(), Err(LiveError::Venue { phase: "clock", .. })));
        assert!(check.started_with().refusal().is_ok());
        assert!(Check::warn("clock", "odd", "look").refusal().is_ok());
    }

    #[test]
    fn the_worst_verdict_counts_and_a_skipped_check_is_not_a_good_one() {
        let of = |checks: &[Check]| Findings::new(checks.to_vec());
        let (ok, skipped) = (Check::ok("a", ""), Check::skipped("b", ""));
        assert_eq!(of(&[ok.clone(), skipped.clone()]).verdict, Verdict::Skipped);
        assert_eq!(of(&[]).verdict, Verdict::Skipped);
        let failed = of(&[Check::fail("c", "", ""), ok, Check::fail("c", "", ""), skipped]);
        assert_eq!((failed.verdict, failed.failed), (Verdict::Fail, vec!["c"]));
    }
}
