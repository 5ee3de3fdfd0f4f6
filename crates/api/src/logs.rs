//! The newest lines of the program's log, for whoever cannot look at its standard error.
//!
//! Invariants: bounded, the oldest go first; lines are numbered from 1 without a gap; what looks like a token
//! or a password is blotted out before a line is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use seawall_model::Ts;

/// Lines that are kept.
pub const LINES_KEPT: usize = 5_000;
/// Characters of a line; what is beyond is cut off.
const LINE_MAX: usize = 2_000;
/// How secrets begin where they stand in the open.
const MARKS: [&str; 4] = ["swt_", "Bearer ", "Basic ", "token="];

/// How urgent a line is, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is odd.
    Warn,
    /// News.
    Info,
    /// Details.
    Debug,
    /// All of them.
    Trace,
}

impl LogLevel {
    /// Every level, most urgent first.
    pub const ALL: [LogLevel; 5] =
        [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Counts the lines of the process, from 1.
    pub number: u64,
    /// When, by the machine's clock.
    pub at: Ts,
    /// How urgent.
    pub level: LogLevel,
    /// Where in the program.
    pub target: String,
    /// What.
    pub text: String,
}

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    lines: VecDeque<Arc<Line>>,
}

/// The newest lines.
#[derive(Debug, Default)]
pub struct LogBook(Mutex<Kept>);

impl LogBook {
    /// Keeps a line.
    pub fn push(&self, at: Ts, level: LogLevel, target: &str, text: &str) {
        let text = redacted(text);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let line = Line { number: kept.last, at, level, target: target.to_owned(), text };
        if kept.lines.len() >= LINES_KEPT {
            kept.lines.pop_front();
        }
        kept.lines.push_back(Arc::new(line));
    }

    /// Every line that is kept, oldest first.
    pub fn lines(&self) -> Vec<Arc<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lines.iter().cloned().collect()
    }
}

/// Without control characters, tokens, and passwords in addresses.
fn redacted(text: &str) -> String {
    let plain = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut text: String = plain.take(LINE_MAX).collect();
    for mark in MARKS {
        text = blotted(&text, mark, |letter| {
            !letter.is_whitespace() && !matches!(letter, '"' | ',' | '&' | '}')
        });
    }
    addresses(&text)
}

/// Blots out what follows each `mark`, as long as `belongs` says so.
fn blotted(text: &str, mark: &str, belongs: impl Fn(char) -> bool) -> String {
    let mut parts = text.split(mark);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(&belongs);
        out.push_str(mark);
        out.push_str(if rest.len() == part.len() { "" } else { "…" });
        out.push_str(rest);
    }
    out
}

/// Blots out `user:password` before the `@` of an address.
fn addresses(text: &str) -> String {
    let mut parts = text.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| letter.is_whitespace() || matches!(letter, '/' | '"' | '?'));
        let (host, rest) = part.split_at_checked(end.unwrap_or(part.len())).unwrap_or((part, ""));
        out.push_str("://");
        match host.rsplit_once('@') {
            Some((_, host)) => {
                out.push_str("…@");
                out.push_str(host);
            }
            None => out.push_str(host),
        }
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_and_no_password_is_kept() {
        let cases = [
            ("with swt_0a1b_c2d3 here", "with swt_… here"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer …"),
            ("to postgres://me:secret@host/db?x=1", "to postgres://…@host/db?x=1"),
            ("url=https://host/path?token=abc&x=1", "url=https://host/path?token=…&x=1"),
            ("a\r\nb", "a  b"),
            ("plain words", "plain words"),
        ];
        for (said, kept) in cases {
            assert_eq!(redacted(said), kept, "{said}");
        }
        assert_eq!(redacted(&"x".repeat(9_000)).len(), LINE_MAX);
    }

    #[test]
    fn lines_are_numbered_and_the_oldest_go_first() {
        let book = LogBook::default();
        for number in 1..=LINES_KEPT + 3 {
            book.push(Ts::EPOCH, LogLevel::Info, "seawall", &number.to_string());
        }
        let lines = book.lines();
        assert_eq!((lines.len(), lines[0].number, lines[0].text.as_str()), (LINES_KEPT, 4, "4"));
    }
}
