//! Messages as text. Nothing here is markup: what comes from outside can change no layout and hide no word.

use core::fmt::Write as _;

use crate::notice::{Cause, Message};

/// Characters of a detail that are told.
pub const DETAIL_CHARS_MAX: usize = 2_000;

impl Message {
    /// The first line: severity, account, instrument and what has happened.
    #[must_use]
    pub fn subject(&self) -> String {
        let word = match self.cause {
            Cause::Happened | Cause::Repeated | Cause::Collapsed => self.severity.name().to_uppercase(),
            Cause::Resolved => "RESOLVED".to_owned(),
            Cause::Escalated => format!("{} NOT ACKNOWLEDGED", self.severity.name().to_uppercase()),
        };
        let instrument = self.instrument.as_ref().map(|name| format!(" {name}:")).unwrap_or_default();
        one_line(&format!("[{word}] {}:{instrument} {}", self.account, self.title))
    }

    /// Everything, line by line.
    #[must_use]
    pub fn plain(&self) -> String {
        let mut text = self.subject();
        if !self.detail.is_empty() {
            let _ = write!(text, "\n{}", self.detail_shown());
        }
        if !self.advice.is_empty() && self.cause != Cause::Resolved {
            let _ = write!(text, "\n{}", self.advice);
        }
        let _ = write!(text, "\n{}", self.foot());
        text
    }

    /// When, how often, and the id by which a doubled message is recognised.
    #[must_use]
    pub fn foot(&self) -> String {
        let count = if self.count > 1 { format!(", {} times", self.count) } else { String::new() };
        format!("{}{count}, message {}", self.at, self.id)
    }

    /// The detail, cut to what is told.
    #[must_use]
    pub fn detail_shown(&self) -> String {
        cut(&self.detail, DETAIL_CHARS_MAX)
    }
}

/// The first `most` characters, and a sign that there were more.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(core::iter::once('…')).collect()
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topic::Topic;
    use seawall_model::{AlertKind, Severity, Ts};

    pub(crate) fn message() -> Message {
        let topic = Topic::Alert(AlertKind::PositionUnprotected);
        Message {
            id: "ab12cd34-7".to_owned(),
            account: "live".to_owned(),
            cause: Cause::Happened,
            at: Ts::from_millis(1_767_225_600_000),
            severity: Severity::Critical,
            topic,
            instrument: Some("kraken-futures:BTC/USD:USD".to_owned()),
            title: topic.title().to_owned(),
            detail: "naked for 2100 ms".to_owned(),
            advice: "Look.".to_owned(),
            count: 1,
        }
    }

    #[test]
    fn a_message_says_what_where_when_what_to_do_and_its_id() {
        let expected = "[CRITICAL] live: kraken-futures:BTC/USD:USD: position without a confirmed stop beyond its \
                        deadline\nnaked for 2100 ms\nLook.\n2026-01-01T00:00:00Z, message ab12cd34-7";
        assert_eq!(message().plain(), expected);
        let resolved = Message { cause: Cause::Resolved, ..message() };
        assert!(resolved.plain().starts_with("[RESOLVED]") && !resolved.plain().contains("Look."));
    }

    #[test]
    fn long_details_are_cut_and_a_subject_is_one_line() {
        let long = Message { detail: "x".repeat(9_000), title: "a\r\nBcc: b".to_owned(), ..message() };
        assert_eq!(long.detail_shown().chars().count(), DETAIL_CHARS_MAX);
        assert!(!long.subject().contains(['\r', '\n']));
    }
}
