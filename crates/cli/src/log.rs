//! The program's log: what drivers warn of, a line each, on standard error.
//!
//! Invariants: nothing of it goes to standard output, so JSON and tables stay whole; a line is a line,
//! whatever the venue's words in it contain; while a live view is drawn on the terminal that standard error
//! is too, lines are held back and shown below the view, and what was not shown is printed when the view
//! ends. Other crates are heard from [`Level::INFO`] up and no finer, whatever the filter says: their finer
//! levels print whole requests with their headers, and messages of sockets, and in those stand keys and
//! tokens.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use seawall_api::logs::{LogBook, LogLevel};
use tracing::field::{Field, Visit};
use tracing::{Level, Metadata};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::exit::Failure;
use crate::face::now;

/// The variable with the filter.
const VARIABLE: &str = "SEAWALL_LOG";
/// How the targets of our own crates begin.
const OURS: &str = "seawall";
/// Lines that are held back for the view; the oldest go first.
const HELD_MAX: usize = 200;
/// Lines below the view.
const SHOWN: usize = 8;

/// Lines while a view is drawn; none while they go to standard error.
static HELD: Mutex<Option<Held>> = Mutex::new(None);

/// The newest lines of the program.
static BOOK: LazyLock<Arc<LogBook>> = LazyLock::new(Arc::default);

#[derive(Debug, Default)]
struct Held {
    lines: VecDeque<String>,
    /// How many of the newest were never shown.
    unseen: usize,
}

/// Installs the log for the whole program.
///
/// # Errors
/// A filter that cannot be understood.
pub(crate) fn start() -> Result<(), Failure> {
    let filter = match std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        None => standard(),
        Some(text) => parse(&text.to_string_lossy())?,
    };
    let layer = fmt::layer().with_ansi(false).with_writer(|| Line).with_filter(filter.clone());
    let layer = layer.and_then(Shelf.with_filter(filter));
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter_fn(is_harmless)));
    // Only the first one of a process counts, and there is no other.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

/// The newest lines, for the API.
pub(crate) fn book() -> Arc<LogBook> {
    BOOK.clone()
}

/// Keeps each event for the API, whatever is shown of it.
struct Shelf;

impl<S: tracing::Subscriber> Layer<S> for Shelf {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let about = event.metadata();
        let level = match *about.level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warn,
            Level::INFO => LogLevel::Info,
            Level::DEBUG => LogLevel::Debug,
            Level::TRACE => LogLevel::Trace,
        };
        let mut words = Words::default();
        event.record(&mut words);
        BOOK.push(now(), level, about.target(), &format!("{}{}", words.message, words.fields));
    }
}

/// An event in words.
#[derive(Debug, Default)]
struct Words {
    message: String,
    fields: String,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.fields.push_str(&format!(" {}={value:?}", field.name()));
        }
    }
}

/// Our own news, the warnings of everybody else.
fn standard() -> Targets {
    Targets::new().with_default(LevelFilter::WARN).with_target(OURS, LevelFilter::INFO)
}

/// `warn`, or `seawall_live=debug,warn`.
fn parse(text: &str) -> Result<Targets, Failure> {
    text.parse::<Targets>().map_err(|error| {
        let form = "write a level (error, warn, info, debug, off), or TARGET=LEVEL pairs with commas between";
        Failure::input(format!("{VARIABLE}: {error}; {form}"))
    })
}

/// Whether no key can stand in an event.
fn is_harmless(about: &Metadata<'_>) -> bool {
    about.target().starts_with(OURS) || *about.level() <= Level::INFO
}

/// A view is drawn: from now on lines are held back, where they would stand in it.
pub(crate) fn hold() {
    if io::stderr().is_terminal() {
        held().get_or_insert_default();
    }
}

/// The newest lines that are held back, for the view.
pub(crate) fn shown() -> Vec<String> {
    let mut held = held();
    let Some(held) = held.as_mut() else { return Vec::new() };
    held.unseen = 0;
    held.lines.iter().skip(held.lines.len().saturating_sub(SHOWN)).cloned().collect()
}

/// The view has ended: what it never showed is printed, and lines go to standard error again.
pub(crate) fn release() {
    let Some(held) = held().take() else { return };
    let mut out = io::stderr().lock();
    for line in held.lines.iter().skip(held.lines.len().saturating_sub(held.unseen)) {
        // Nobody is left to tell where standard error is gone.
        let _ = writeln!(out, "{line}");
    }
}

fn held() -> std::sync::MutexGuard<'static, Option<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where an event is written, whole and at once.
struct Line;

impl Write for Line {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = one_line(&String::from_utf8_lossy(event));
        match held().as_mut() {
            Some(held) => {
                if held.lines.len() >= HELD_MAX {
                    held.lines.pop_front();
                }
                held.lines.push_back(text);
                held.unseen = (held.unseen + 1).min(held.lines.len());
            }
            None => writeln!(io::stderr().lock(), "{text}")?,
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Without line breaks and anything else that steers a terminal.
fn one_line(text: &str) -> String {
    text.trim_end().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_level_or_pairs_and_anything_else_is_refused() {
        assert!(standard().would_enable("seawall_live::run::drive", &Level::INFO));
        assert!(!standard().would_enable("hyper::client", &Level::INFO));
        let quiet = parse("error").unwrap();
        assert!(!quiet.would_enable("seawall_live", &Level::WARN));
        let chatty = parse("seawall_live=debug,warn").unwrap();
        assert!(chatty.would_enable("seawall_live::net", &Level::DEBUG));
        assert!(parse("seawall_live=loud").unwrap_err().to_string().contains("SEAWALL_LOG"));
    }

    #[test]
    fn words_of_a_venue_break_no_line() {
        assert_eq!(one_line("WARN odd\r\n\x1b[2Jwords\n"), "WARN odd   [2Jwords");
    }
}
