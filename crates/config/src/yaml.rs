//! YAML text to an untyped tree: the only place that knows a YAML library.
//!
//! Configuration is plain data, so anchors, aliases, merge keys, tags and second documents are refused. Depth
//! and the number of keys are bounded, a key may stand once, and nothing here resolves a scalar's type.

use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Marker, Parser, ScalarStyle};

use crate::error::{Source, shown};
use crate::node::{Entry, Node, Value};
use crate::secrets;

const DEPTH_MAX: usize = 32;
const KEYS_MAX: usize = 1_000;

/// Something in the text that cannot stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) source: Source,
    pub(crate) message: String,
}

/// What a text holds.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// The tree, where there is one.
    pub(crate) root: Option<Node>,
    pub(crate) faults: Vec<Fault>,
    /// Where values of secret-looking keys stand, in bytes.
    pub(crate) secrets: Vec<Range<usize>>,
    /// Whether the text was read to its end.
    pub(crate) complete: bool,
}

/// Reads `text`; `place` makes a source of a line and a column, both from 1.
pub(crate) fn parse(text: &str, place: &dyn Fn(u32, u32) -> Source) -> Parsed {
    let mut builder = Builder { place, frames: Vec::new(), documents: 0, parsed: Parsed::default() };
    let options = serde_saphyr::granit_parser::options! { emit_comments: false };
    for event in Parser::new_from_str_with_options(text, options) {
        let step = match event {
            Ok((event, span)) => {
                if let Event::Scalar(text, ..) = &event
                    && (builder.in_secret() || secrets::holds_secret(text))
                    && let Some(range) = span.byte_range()
                {
                    builder.parsed.secrets.push(range);
                }
                builder.take(&event, span.start)
            }
            Err(error) => Err(builder.fault(*error.marker(), explained(&error.info()))),
        };
        if let Err(fault) = step {
            builder.parsed.faults.push(fault);
            return builder.parsed;
        }
    }
    builder.parsed.complete = true;
    builder.parsed
}

/// The parser's words, with the fix where it is a common slip.
fn explained(info: &str) -> String {
    let tab = info.contains("tab");
    format!("not YAML: {}{}", shown_line(info), if tab { "; indent with spaces" } else { "" })
}

fn shown_line(info: &str) -> String {
    info.chars().map(|c| if c.is_control() { ' ' } else { c }).take(160).collect()
}

/// A collection that is being filled.
enum Frame {
    Map { source: Source, entries: Vec<Entry>, pending: Option<(String, Source)>, secret: bool },
    List { source: Source, items: Vec<Node>, secret: bool },
}

struct Builder<'a> {
    place: &'a dyn Fn(u32, u32) -> Source,
    frames: Vec<Frame>,
    documents: usize,
    parsed: Parsed,
}

impl Builder<'_> {
    fn source(&self, at: Marker) -> Source {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        (self.place)(number(at.line()), number(at.col().saturating_add(1)))
    }

    fn fault(&self, at: Marker, message: impl Into<String>) -> Fault {
        Fault { source: self.source(at), message: message.into() }
    }

    /// Whether the next value stands below a secret-looking key.
    fn in_secret(&self) -> bool {
        match self.frames.last() {
            Some(Frame::Map { pending: Some((key, _)), secret, .. }) => *secret || secrets::looks_secret(key),
            Some(Frame::Map { pending: None, secret, .. } | Frame::List { secret, .. }) => *secret,
            None => false,
        }
    }

    fn take(&mut self, event: &Event<'_>, at: Marker) -> Result<(), Fault> {
        if event.tag().is_some() {
            return Err(self.fault(at, "tags such as `!name` are not supported; write the plain value"));
        }
        if event.anchor_id().is_some() {
            return Err(
                self.fault(at, "anchors and aliases are not supported; write the value where it is used")
            );
        }
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(
                        self.fault(at, "a second document begins here; one file holds one configuration")
                    );
                }
                Ok(())
            }
            Event::Alias(_) | Event::Anchor(..) | Event::UnresolvedAlias(_) => {
                Err(self.fault(at, "anchors and aliases are not supported; write the value where it is used"))
            }
            Event::Scalar(text, style, ..) => self.scalar(text, *style != ScalarStyle::Plain, at),
            Event::SequenceStart(..) => {
                self.open(at)?;
                let frame =
                    Frame::List { source: self.source(at), items: Vec::new(), secret: self.in_secret() };
                self.frames.push(frame);
                Ok(())
            }
            Event::MappingStart(..) => {
                self.open(at)?;
                let (source, secret) = (self.source(at), self.in_secret());
                self.frames.push(Frame::Map { source, entries: Vec::new(), pending: None, secret });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.frames.pop() {
                Some(Frame::Map { source, entries, .. }) => {
                    self.put(Node { source, value: Value::Map(entries) });
                    Ok(())
                }
                Some(Frame::List { source, items, .. }) => {
                    self.put(Node { source, value: Value::List(items) });
                    Ok(())
                }
                None => Err(self.fault(at, "a list or section ends that did not begin")),
            },
            // The library may learn new events; none of them is plain data.
            _ => Err(self.fault(at, "this is more than plain data; write keys, lists and values")),
        }
    }

    fn open(&self, at: Marker) -> Result<(), Fault> {
        if let Some(Frame::Map { pending: None, .. }) = self.frames.last() {
            return Err(self.fault(at, "a key must be a word, not a list or a section"));
        }
        if self.frames.len() >= DEPTH_MAX {
            return Err(self.fault(at, format!("nested deeper than {DEPTH_MAX} levels")));
        }
        Ok(())
    }

    fn scalar(&mut self, text: &str, quoted: bool, at: Marker) -> Result<(), Fault> {
        let source = self.source(at);
        let Some(Frame::Map { entries, pending: pending @ None, .. }) = self.frames.last_mut() else {
            self.put(Node::scalar(source, text, quoted));
            return Ok(());
        };
        let keys = entries.len();
        *pending = Some((text.to_owned(), source));
        if keys >= KEYS_MAX {
            return Err(self.fault(at, format!("more than {KEYS_MAX} keys in one section")));
        }
        Ok(())
    }

    /// Puts a finished value where it belongs.
    fn put(&mut self, node: Node) {
        match self.frames.last_mut() {
            None => self.parsed.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, pending, .. }) => {
                let Some((key, source)) = pending.take() else { return };
                match entries.iter().find(|entry| entry.key == key) {
                    None => entries.push(Entry { key, source, node }),
                    Some(first) => {
                        let message = match &first.source {
                            Source::File { line, .. } => {
                                format!(
                                    "key `{}` stands twice, first in line {line}; remove one",
                                    shown(&key)
                                )
                            }
                            Source::Default | Source::Environment { .. } | Source::CommandLine { .. } => {
                                format!("key `{}` stands twice; remove one", shown(&key))
                            }
                        };
                        self.parsed.faults.push(Fault { source, message });
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let place = |line, column| Source::File { path: "f".into(), line, column };
        parse(text, &place).faults.iter().map(|fault| format!("{} {}", fault.source, fault.message)).collect()
    }

    #[test]
    fn scalars_keep_their_text() {
        let parsed = parse("a: 100.10\nb: off\nc: \"5\"\n", &|_, _| Source::Default);
        let Some(Node { value: Value::Map(entries), .. }) = parsed.root else { panic!("a map") };
        let scalars: Vec<Value> = entries.into_iter().map(|entry| entry.node.value).collect();
        let scalar = |text: &str, quoted| Value::Scalar { text: text.to_owned(), quoted };
        assert_eq!(scalars, [scalar("100.10", false), scalar("off", false), scalar("5", true)]);
    }

    #[test]
    fn what_is_not_plain_data_is_refused_with_its_place() {
        for (text, start) in [
            ("a: &x 1\n", "f:1:"),
            ("a: 1\nb: *a\n", "f:2:4 "),
            ("a: !!str 1\n", "f:1:"),
            ("a: 1\n---\nb: 2\n", "f:2:1 a second document"),
            ("a: 1\na: 2\n", "f:2:1 key `a` stands twice, first in line 1"),
            ("? [a]\n: 1\n", "f:1:3 a key must be a word"),
            ("a:\n\tb: 1\n", "f:2:"),
            ("a: [1\n", "f:"),
        ] {
            let found = faults(text);
            assert!(found.first().is_some_and(|fault| fault.starts_with(start)), "{text:?}: {found:?}");
        }
        assert!(!faults(&"[".repeat(1_000)).is_empty());
        assert!(!faults("x: &a [1]\ny: &b [*a, *a]\nz: [*b, *b]\n").is_empty());
    }

    #[test]
    fn values_below_secret_looking_keys_are_marked() {
        let text = "venue:\n  api_key: abc\n  tokens: [d, {e: f}]\nfast: 3\n";
        let parsed = parse(text, &|_, _| Source::Default);
        let marked: Vec<&str> = parsed.secrets.iter().map(|range| &text[range.clone()]).collect();
        assert_eq!(marked, ["abc", "d", "e", "f"]);
    }
}
