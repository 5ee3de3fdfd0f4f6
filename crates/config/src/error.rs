//! What can be wrong with a configuration: every problem at once, each with its place, its key and the fix.

use std::fmt;
use std::sync::Arc;

use crate::secrets;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The defaults that are built in.
    Default,
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A place in the configuration file.
    File {
        /// The file's path as it was given.
        path: Arc<str>,
        /// Line, counted from 1.
        line: u32,
        /// Column in characters, counted from 1.
        column: u32,
    },
    /// A `--set` on the command line.
    CommandLine {
        /// The part before the `=`.
        argument: String,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::Environment { variable } => f.write_str(variable),
            Source::File { path, line, column } => write!(f, "{path}:{line}:{column}"),
            Source::CommandLine { argument } => write!(f, "--set {argument}"),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is; [`Source::Default`] where no single place is to blame.
    pub source: Source,
    /// The full key, e.g. `strategy.ema_cross.fast`; empty where it is not about a key.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it, where the message does not say so already.
    pub hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(source: &Source, key: &str, message: impl Into<String>) -> Self {
        Problem { source: source.clone(), key: key.to_owned(), message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The problem without its place.
    pub(crate) fn headline(&self) -> String {
        // Where the place is the key already, it is not said twice.
        let said = matches!(&self.source, Source::CommandLine { argument } if *argument == self.key);
        if self.key.is_empty() || said {
            self.message.clone()
        } else {
            format!("{}: {}", self.key, self.message)
        }
    }
}

impl fmt::Display for Problem {
    /// One line: `config.yaml:12:5: strategy.ema_cross.fats: unknown key; did you mean …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.source != Source::Default {
            write!(f, "{}: ", self.source)?;
        }
        f.write_str(&self.headline())?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// The text that [`ConfigError::render`] points into, with secrets blotted out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) path: Arc<str>,
    pub(crate) text: String,
}

/// Everything that is wrong with a configuration. Shows one line per problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct ConfigError {
    problems: Vec<Problem>,
    listing: Option<Listing>,
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

impl ConfigError {
    pub(crate) fn new(problems: Vec<Problem>, listing: Option<Listing>) -> Self {
        ConfigError { problems, listing }
    }

    /// The problems: those of the file from top to bottom, then those of other sources.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The problems with the lines of the file that they point at, for a terminal.
    #[must_use]
    pub fn render(&self) -> String {
        crate::render::render(&self.problems, self.listing.as_ref())
    }
}

/// A value as it may be shown: short, on one line, without control characters, and no secret.
pub(crate) fn shown(text: &str) -> String {
    const CHARACTERS_MAX: usize = 48;
    if secrets::holds_secret(text) {
        return "***".to_owned();
    }
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == CHARACTERS_MAX {
            shown.push('…');
            break;
        }
        shown.push(if character.is_control() { '\u{fffd}' } else { character });
    }
    shown
}
