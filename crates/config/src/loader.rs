//! Puts the configuration together: defaults, environment and file (or the other way round), then `--set`.

use std::ffi::OsString;
use std::sync::Arc;

use seawall_model::InstrumentSpec;

use crate::de;
use crate::error::{ConfigError, Listing, Problem, Source};
use crate::layers::{Assignment, Layers, PREFIX};
use crate::node::{self, Node, Step, Value, steps};
use crate::settings::{Config, Priority};
use crate::shape::Shape;
use crate::text;
use crate::validate::{Findings, keys};

const PRIORITY: &str = "config.priority";

/// Gathers the sources of a configuration.
#[derive(Debug, Default)]
pub struct Loader {
    file: Option<(Arc<str>, Vec<u8>)>,
    environment: Vec<(OsString, OsString)>,
    arguments: Vec<String>,
}

/// A configuration, and where each value of it comes from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The merged layers, each value with its source.
    pub(crate) merged: Node,
    pub(crate) shape: &'static Shape,
}

impl Loader {
    /// Nothing but the defaults.
    #[must_use]
    pub fn new() -> Self {
        Loader::default()
    }

    /// The configuration file: its path, for messages, and its content.
    #[must_use]
    pub fn file(mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.file = Some((Arc::from(path.into()), content.into()));
        self
    }

    /// The environment, as from `std::env::vars_os()`. Only names that begin with `SEAWALL__` are looked at.
    #[must_use]
    pub fn environment<K: Into<OsString>, V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.environment.extend(variables.filter(|(name, _)| name.to_string_lossy().starts_with(PREFIX)));
        self
    }

    /// Arguments of `--set`, each `key=value`. A later one beats an earlier one.
    #[must_use]
    pub fn set<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Reads, merges and checks everything.
    ///
    /// # Errors
    /// All problems that were found, each with its place and the fix.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let shape = text::shape();
        let mut layers = Layers { shape, findings: Findings::default() };
        let file = self.file.as_ref().map(|(path, bytes)| (path, layers.file(path, bytes)));
        let (listing, file) = match file {
            Some((path, (root, text))) => (Some(Listing { path: Arc::clone(path), text }), root),
            None => (None, None),
        };
        let environment = layers.environment(&self.environment);
        let arguments: Vec<Assignment> =
            self.arguments.iter().filter_map(|argument| layers.argument(argument)).collect();
        let mut findings = layers.findings;
        let merged = merge(file, environment, arguments, &mut findings);
        let config = read(&merged, shape, &mut findings);
        match config {
            Some(config) if findings.problems.is_empty() => Ok(Loaded { config, merged, shape }),
            Some(_) | None => {
                let mut problems = findings.problems;
                problems.sort_by_key(|problem| place(&problem.source));
                Err(ConfigError::new(problems, listing))
            }
        }
    }
}

/// Problems of the file first, from top to bottom; the others as they were found.
fn place(source: &Source) -> (u8, u32, u32) {
    match source {
        Source::File { line, column, .. } => (0, *line, *column),
        Source::Environment { .. } => (1, 0, 0),
        Source::CommandLine { .. } => (2, 0, 0),
        Source::Default => (3, 0, 0),
    }
}

fn merge(
    file: Option<Node>,
    environment: Vec<Assignment>,
    arguments: Vec<Assignment>,
    findings: &mut Findings,
) -> Node {
    let asked = |assignments: &[Assignment]| {
        assignments.iter().rev().find(|one| one.key == PRIORITY).map(|one| one.node.clone())
    };
    let path = steps(PRIORITY).unwrap_or_default();
    let priority = asked(&arguments)
        .or_else(|| file.as_ref().and_then(|file| file.find(&path)).cloned())
        .or_else(|| asked(&environment));
    let first = priority.as_ref().and_then(|node| de::read(node, PRIORITY).ok()).unwrap_or_default();
    let mut merged = text::defaults().clone();
    match first {
        Priority::FileFirst => {
            assign_all(&mut merged, environment, findings);
            file.into_iter().for_each(|file| merged.lay_over(file));
        }
        Priority::EnvironmentFirst => {
            file.into_iter().for_each(|file| merged.lay_over(file));
            assign_all(&mut merged, environment, findings);
        }
    }
    assign_all(&mut merged, arguments, findings);
    // What decided is what is shown.
    if let Some(node) = priority {
        merged.assign(&path, node);
    }
    merged
}

fn assign_all(merged: &mut Node, assignments: Vec<Assignment>, findings: &mut Findings) {
    for Assignment { key, steps, node } in assignments {
        let source = node.source.clone();
        if !merged.assign(&steps, node) {
            let problem = Problem::new(&source, &key, "the list is shorter than that");
            findings.problems.push(problem.hint("a list is given as a whole, or in the file"));
        }
    }
}

/// The typed configuration, with the problems of its values and rules.
fn read(merged: &Node, shape: &Shape, findings: &mut Findings) -> Option<Config> {
    let list = steps("instruments").unwrap_or_default();
    if let Some(Node { value: Value::List(items), .. }) = merged.find(&list) {
        let mut readable = true;
        for (index, item) in items.iter().enumerate() {
            if let Err(problem) = de::read::<InstrumentSpec>(item, &format!("instruments[{index}]")) {
                readable = false;
                // What is missing at this place may have been said already.
                if !findings.problems.iter().any(|known| known.source == problem.source) {
                    findings.problems.push(problem);
                }
            }
        }
        if !readable {
            return None;
        }
    }
    let config: Config = match de::read(merged, "") {
        Ok(config) => config,
        Err(problem) => {
            findings.problems.push(problem);
            return None;
        }
    };
    for problem in config.check() {
        // A rule about a value that was refused already would only confuse.
        let about = |key: &String| problem.key == *key || problem.message.contains(key.as_str());
        if !findings.removed.iter().any(about) {
            findings.problems.push(located(problem, merged, shape));
        }
    }
    Some(config)
}

/// The problem with the place of its value; where that is a default, of another value that the rule is about.
fn located(problem: Problem, merged: &Node, shape: &Shape) -> Problem {
    let mut steps = steps(&problem.key).unwrap_or_default();
    let mut found = given(&steps, merged);
    while found.is_none() && steps.iter().any(|step| matches!(step, Step::Index(_))) {
        // Not said for this entry of the list: the entry is the place.
        steps.pop();
        found = given(&steps, merged);
    }
    let mentioned = |key: String| {
        let steps = node::steps(&key).filter(|_| problem.message.contains(&key))?;
        given(&steps, merged)
    };
    let source = found.or_else(|| keys(shape).into_iter().find_map(mentioned));
    Problem { source: source.unwrap_or(Source::Default), ..problem }
}

/// Where the value at `steps` comes from, unless it is a default.
fn given(steps: &[Step], merged: &Node) -> Option<Source> {
    merged.find(steps).map(|node| node.source.clone()).filter(|source| *source != Source::Default)
}
