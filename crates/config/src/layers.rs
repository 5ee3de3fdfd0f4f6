//! The layers above the defaults: what file, environment and command line say, checked one by one.

use std::ffi::OsString;
use std::sync::Arc;

use crate::error::{Problem, Source, shown};
use crate::node::{Node, Step, steps};
use crate::secrets;
use crate::shape::{Kind, Shape};
use crate::suggest::nearest;
use crate::validate::{Findings, Validator, keys};
use crate::yaml;

/// Variables of this prefix set keys; `SEAWALL_SHARED` and other names with one underscore do not.
pub(crate) const PREFIX: &str = "SEAWALL__";

const BYTES_MAX: usize = 1 << 20;

/// A value for one key.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) key: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) node: Node,
}

/// Reads layers against a shape.
pub(crate) struct Layers<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) findings: Findings,
}

impl Layers<'_> {
    fn problem(&mut self, problem: Problem) {
        self.findings.problems.push(problem);
    }

    /// The file's tree, and its text with secrets blotted out.
    pub(crate) fn file(&mut self, path: &Arc<str>, bytes: &[u8]) -> (Option<Node>, String) {
        let place = |line, column| Source::File { path: Arc::clone(path), line, column };
        if bytes.len() > BYTES_MAX {
            let problem = Problem::new(&place(1, 1), "", format!("the file has {} bytes", bytes.len()));
            self.problem(problem.hint(format!("at most {BYTES_MAX} are read; is this the configuration?")));
            return (None, String::new());
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let (line, column) = line_and_column(bytes.get(..error.valid_up_to()).unwrap_or_default());
                let problem = Problem::new(&place(line, column), "", "this is not UTF-8 text");
                self.problem(problem.hint("save the file as UTF-8"));
                return (None, String::new());
            }
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            let problem = Problem::new(&place(1, 1), "", "the file is empty");
            self.problem(problem.hint("`seawall config init` writes one to start from"));
            return (None, String::new());
        }
        let parsed = yaml::parse(text, &place);
        let listing = secrets::blotted(text, &parsed.secrets, parsed.complete);
        for fault in parsed.faults {
            self.problem(Problem::new(&fault.source, "", fault.message));
        }
        let root = parsed.root.filter(|_| parsed.complete);
        let validator = Validator { root: self.shape };
        (root.and_then(|root| validator.keep(root, self.shape, "", &mut self.findings)), listing)
    }

    /// The variables that set keys, by name.
    pub(crate) fn environment(&mut self, variables: &[(OsString, OsString)]) -> Vec<Assignment> {
        let mut variables: Vec<&(OsString, OsString)> = variables.iter().collect();
        variables.sort();
        variables.into_iter().filter_map(|(name, value)| self.variable(name, value)).collect()
    }

    fn variable(&mut self, name: &OsString, value: &OsString) -> Option<Assignment> {
        let name = name.to_string_lossy();
        let key = name.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".");
        let source = Source::Environment { variable: shown(&name) };
        let Some(value) = value.to_str() else {
            self.problem(Problem::new(&source, &shown(&key), "its value is not UTF-8 text"));
            return None;
        };
        self.assignment(&key, value, &source)
    }

    /// What `--set key=value` says.
    pub(crate) fn argument(&mut self, argument: &str) -> Option<Assignment> {
        let Some((key, value)) = argument.split_once('=') else {
            let source = Source::CommandLine { argument: shown(argument) };
            let problem = Problem::new(&source, "", "there is no `=`");
            self.problem(problem.hint("write key=value, like strategy.ema_cross.fast=12"));
            return None;
        };
        let key = key.trim();
        self.assignment(key, value.trim(), &Source::CommandLine { argument: shown(key) })
    }

    fn assignment(&mut self, key: &str, text: &str, source: &Source) -> Option<Assignment> {
        let Some(steps) = steps(key) else {
            let problem = Problem::new(source, &shown(key), "this is not a key");
            let near = nearest(key, keys(self.shape).iter().map(String::as_str)).map(str::to_owned);
            let fix = near.map_or("write section.key, like strategy.ema_cross.fast".to_owned(), |near| {
                format!("did you mean `{near}`?")
            });
            self.problem(problem.hint(fix));
            return None;
        };
        let validator = Validator { root: self.shape };
        let shape = match validator.known(self.shape, key, &steps, source) {
            Ok(shape) => shape,
            Err(problem) => {
                self.problem(problem);
                return None;
            }
        };
        let node = match shape.kind {
            Kind::Leaf(_) => scalar(text, source),
            Kind::Section(_) | Kind::List(_) => self.collection(key, text, source)?,
        };
        let node = validator.keep(node, shape, key, &mut self.findings)?;
        Some(Assignment { key: key.to_owned(), steps, node })
    }

    /// A list or a section in one line: `[{name: BTC/USDT, tick: 0.1}]`.
    fn collection(&mut self, key: &str, text: &str, source: &Source) -> Option<Node> {
        let parsed = yaml::parse(text, &|_, _| source.clone());
        if let Some(fault) = parsed.faults.first() {
            self.problem(Problem::new(source, key, fault.message.clone()));
            return None;
        }
        parsed.root
    }
}

/// One line's value: the text itself, without the quotes around it.
fn scalar(text: &str, source: &Source) -> Node {
    let unquoted = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    Node::scalar(source.clone(), unquoted.unwrap_or(text), unquoted.is_some())
}

fn line_and_column(valid: &[u8]) -> (u32, u32) {
    let text = std::str::from_utf8(valid).unwrap_or_default();
    let line = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
