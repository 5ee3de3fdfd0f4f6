//! An untyped configuration tree: raw scalars, each value with the place it comes from.
//!
//! Scalars keep their text, so `100.10` stays exact and `off` stays a word until a type asks for more.

use crate::error::Source;

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) source: Source,
    pub(crate) value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Keys in the order written, each once.
    Map(Vec<Entry>),
    List(Vec<Node>),
    Scalar {
        text: String,
        quoted: bool,
    },
}

/// A key with its value; the source is that of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) source: Source,
    pub(crate) node: Node,
}

/// One step from a value to a value within.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

impl Node {
    pub(crate) fn scalar(source: Source, text: impl Into<String>, quoted: bool) -> Self {
        Node { source, value: Value::Scalar { text: text.into(), quoted } }
    }

    /// Whether this is YAML's "no value".
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.word(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether this says "no value" where none may be given: null, or the word `none` or, for a limit, `off`.
    pub(crate) fn is_none(&self) -> bool {
        self.is_null() || matches!(self.word(), Some("none" | "off"))
    }

    fn word(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, quoted: false } => Some(text),
            Value::Scalar { quoted: true, .. } | Value::Map(_) | Value::List(_) => None,
        }
    }

    /// The value at the end of `steps`.
    pub(crate) fn find(&self, steps: &[Step]) -> Option<&Node> {
        let Some((step, rest)) = steps.split_first() else { return Some(self) };
        let next = match (&self.value, step) {
            (Value::Map(entries), Step::Key(key)) => {
                entries.iter().find(|entry| entry.key == *key).map(|entry| &entry.node)
            }
            (Value::List(items), Step::Index(index)) => items.get(*index),
            (Value::Map(_) | Value::List(_) | Value::Scalar { .. }, Step::Key(_) | Step::Index(_)) => None,
        };
        next?.find(rest)
    }

    /// Lays `upper` over this value: maps key by key, everything else as a whole.
    pub(crate) fn lay_over(&mut self, upper: Node) {
        match (&mut self.value, upper.value) {
            (Value::Map(entries), Value::Map(over)) => {
                for entry in over {
                    match entries.iter_mut().find(|own| own.key == entry.key) {
                        Some(own) => {
                            own.source = entry.source;
                            own.node.lay_over(entry.node);
                        }
                        None => entries.push(entry),
                    }
                }
            }
            (Value::Map(_) | Value::List(_) | Value::Scalar { .. }, value) => {
                self.value = value;
                self.source = upper.source;
            }
        }
    }

    /// Lays `node` over the value at the end of `steps`; a list is not made longer.
    pub(crate) fn assign(&mut self, steps: &[Step], node: Node) -> bool {
        let Some((step, rest)) = steps.split_first() else {
            self.lay_over(node);
            return true;
        };
        match (&mut self.value, step) {
            (Value::Map(entries), Step::Key(key)) => {
                if let Some(own) = entries.iter_mut().find(|entry| entry.key == *key) {
                    return own.node.assign(rest, node);
                }
                let source = node.source.clone();
                let mut empty = Node { source: source.clone(), value: Value::Map(Vec::new()) };
                let done = empty.assign(rest, node);
                entries.push(Entry { key: key.clone(), source, node: empty });
                done
            }
            (Value::List(items), Step::Index(index)) => {
                items.get_mut(*index).is_some_and(|item| item.assign(rest, node))
            }
            (Value::Map(_) | Value::List(_) | Value::Scalar { .. }, Step::Key(_) | Step::Index(_)) => false,
        }
    }
}

/// Reads `instruments[0].tick`; `None` where it is not a key at all.
pub(crate) fn steps(key: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in key.split('.') {
        let (name, indexes) = part.split_once('[').map_or((part, None), |(name, rest)| (name, Some(rest)));
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if name.is_empty() || !name.bytes().all(is_name) {
            return None;
        }
        steps.push(Step::Key(name.to_owned()));
        if let Some(indexes) = indexes {
            for index in indexes.strip_suffix(']')?.split("][") {
                steps.push(Step::Index(index.parse().ok()?));
            }
        }
    }
    Some(steps)
}

/// The key of `name` within the section `path`.
pub(crate) fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Node {
        Node::scalar(Source::Default, text, false)
    }

    #[test]
    fn a_key_is_names_and_indexes() {
        assert_eq!(steps("a.b[2].c").unwrap().len(), 4);
        for bad in ["", ".", "a.", "a..b", "a[", "a[x]", "a[1", "a b", "a[-1]"] {
            assert_eq!(steps(bad), None, "{bad}");
        }
    }

    #[test]
    fn maps_are_merged_and_lists_replaced() {
        let mut tree = Node { source: Source::Default, value: Value::Map(Vec::new()) };
        assert!(tree.assign(&steps("a.b").unwrap(), word("1")));
        assert!(tree.assign(&steps("a.c").unwrap(), word("2")));
        assert_eq!(tree.find(&steps("a.b").unwrap()), Some(&word("1")));
        let list = |text| Node { source: Source::Default, value: Value::List(vec![word(text), word(text)]) };
        assert!(tree.assign(&steps("a.c").unwrap(), list("x")));
        assert!(tree.assign(&steps("a.c[1]").unwrap(), word("y")));
        assert!(!tree.assign(&steps("a.c[2]").unwrap(), word("z")));
        assert_eq!(tree.find(&steps("a.c[1]").unwrap()), Some(&word("y")));
    }
}
