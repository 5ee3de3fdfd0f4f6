//! What each value of a loaded configuration is, where it comes from, and what it means.

use crate::error::{ConfigError, Problem, Source, shown};
use crate::loader::Loaded;
use crate::node::{Node, Value, child, steps};
use crate::shape::{Kind, Shape};
use crate::text;
use crate::validate::Validator;

/// One key of a loaded configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The full key; `instruments[].tick` where the list has no entry.
    pub key: String,
    /// The value in force, as it is written in a file; `none` for no value.
    pub value: String,
    /// Where the value comes from.
    pub source: Source,
    /// The value where nothing is given; empty where one has to be.
    pub default: String,
    /// What the key is for.
    pub doc: String,
    /// What may be written.
    pub allowed: String,
}

impl Loaded {
    /// The key, or every key of the section, with its value and its source.
    ///
    /// # Errors
    /// The key is unknown: the error names the nearest one.
    pub fn explain(&self, key: &str) -> Result<Vec<Explained>, ConfigError> {
        // `instruments.tick` and `instruments[].tick` ask for every entry of the list.
        let wanted = if key.contains("[]") { plain(key) } else { key.to_owned() };
        let mut explained = self.explain_all();
        explained.retain(|entry| {
            key.is_empty() || within(&entry.key, &wanted) || within(&plain(&entry.key), &wanted)
        });
        if explained.is_empty() {
            Err(ConfigError::new(vec![self.unknown(key)], None))
        } else {
            Ok(explained)
        }
    }

    fn unknown(&self, key: &str) -> Problem {
        let validator = Validator { root: self.shape };
        let problem = Problem::new(&Source::Default, &shown(key), "unknown key");
        let Some(steps) = steps(key) else {
            return problem.hint("write section.key, like strategy.ema_cross.fast");
        };
        match validator.known(self.shape, key, &steps, &Source::Default) {
            Err(problem) => problem,
            Ok(_) => problem.hint("the list is shorter than that"),
        }
    }

    /// Every key with its value and its source, in the order of the sample file.
    #[must_use]
    pub fn explain_all(&self) -> Vec<Explained> {
        let values = text::tree(&self.config);
        let mut explained = Vec::new();
        self.walk(self.shape, Some(&values), "", &mut explained);
        explained
    }

    fn walk(&self, shape: &Shape, value: Option<&Node>, path: &str, explained: &mut Vec<Explained>) {
        match &shape.kind {
            Kind::Section(fields) => {
                for (name, field) in fields {
                    let value = value.and_then(|node| entry(node, name));
                    self.walk(field, value, &child(path, name), explained);
                }
            }
            Kind::List(item) => match value.map(|node| &node.value) {
                Some(Value::List(items)) if !items.is_empty() => {
                    for (index, node) in items.iter().enumerate() {
                        self.walk(item, Some(node), &format!("{path}[{index}]"), explained);
                    }
                }
                Some(_) | None => {
                    explained.push(self.line(shape, value, path));
                    self.walk(item, None, &format!("{path}[]"), explained);
                }
            },
            Kind::Leaf(_) => explained.push(self.line(shape, value, path)),
        }
    }

    fn line(&self, shape: &Shape, value: Option<&Node>, path: &str) -> Explained {
        let default = shape.default.clone().unwrap_or_default();
        let value = match value {
            Some(node) if node.is_null() => "none".to_owned(),
            Some(Node { value: Value::Scalar { text, .. }, .. }) => text.clone(),
            Some(Node { value: Value::Map(_) | Value::List(_), .. }) => "[]".to_owned(),
            None => default.clone(),
        };
        let given = steps(path).and_then(|steps| self.merged.find(&steps).map(|node| node.source.clone()));
        Explained {
            key: path.to_owned(),
            value,
            source: given.unwrap_or(Source::Default),
            default,
            doc: shape.doc.clone(),
            allowed: shape.allowed(),
        }
    }
}

fn entry<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == name).map(|entry| &entry.node),
        Value::List(_) | Value::Scalar { .. } => None,
    }
}

/// The key without the places in lists.
fn plain(key: &str) -> String {
    let mut inside = false;
    let outside = |character: &char| {
        inside = (inside || *character == '[') && *character != ']';
        !inside && *character != ']'
    };
    key.chars().filter(outside).collect()
}

fn within(key: &str, section: &str) -> bool {
    key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
