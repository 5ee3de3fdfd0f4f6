//! A layer against the shape of the configuration: all problems at once, what is wrong is taken out.

use seawall_model::parse_decimal;

use crate::error::{Problem, Source, shown};
use crate::node::{Entry, Node, Step, Value, child, steps};
use crate::secrets;
use crate::shape::{Kind, Leaf, Shape};
use crate::suggest::{listed, nearest};

/// Problems found so far, and the keys whose values were taken out because of them.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    pub(crate) removed: Vec<String>,
}

impl Findings {
    fn refuse(&mut self, problem: Problem) -> Option<Node> {
        self.removed.push(problem.key.clone());
        self.problems.push(problem);
        None
    }
}

/// Checks layers against a shape.
pub(crate) struct Validator<'a> {
    /// The whole configuration's shape, to find keys that stand in the wrong section.
    pub(crate) root: &'a Shape,
}

impl Validator<'_> {
    /// What of `node` may stand at `path`.
    pub(crate) fn keep(
        &self,
        node: Node,
        shape: &Shape,
        path: &str,
        findings: &mut Findings,
    ) -> Option<Node> {
        if shape.nullable && node.is_none() {
            return Some(node);
        }
        if node.is_null() {
            return match shape.kind {
                // A section whose keys are all commented out.
                Kind::Section(_) | Kind::List(_) => None,
                Kind::Leaf(_) => findings.refuse(
                    Problem::new(&node.source, path, "there is no value")
                        .hint(format!("give one ({}) or remove the key", shape.allowed())),
                ),
            };
        }
        let Node { source, value } = node;
        match (value, &shape.kind) {
            (Value::Map(entries), Kind::Section(_)) => {
                let entries = self.keep_section(entries, shape, path, &source, findings);
                Some(Node { source, value: Value::Map(entries) })
            }
            (Value::List(items), Kind::List(item)) => {
                let keep = |(index, node)| self.keep(node, item, &format!("{path}[{index}]"), findings);
                let items = items.into_iter().enumerate().filter_map(keep).collect();
                Some(Node { source, value: Value::List(items) })
            }
            (Value::Scalar { text, quoted }, Kind::Leaf(leaf)) => {
                match wrong_scalar(&text, quoted, leaf, shape) {
                    None => Some(Node { source, value: Value::Scalar { text, quoted } }),
                    Some((message, hint)) => {
                        findings.refuse(Problem { hint, ..Problem::new(&source, path, message) })
                    }
                }
            }
            (value, Kind::Section(_)) => findings.refuse(
                Problem::new(&source, path, format!("{} stands where a section belongs", called(&value)))
                    .hint(format!("set the keys in it: {}", listed(shape.names()))),
            ),
            (value, Kind::List(_) | Kind::Leaf(_)) => findings.refuse(
                Problem::new(&source, path, format!("{} cannot stand here", called(&value)))
                    .hint(format!("write {}", shape.allowed())),
            ),
        }
    }

    fn keep_section(
        &self,
        entries: Vec<Entry>,
        shape: &Shape,
        path: &str,
        source: &Source,
        findings: &mut Findings,
    ) -> Vec<Entry> {
        let Kind::Section(fields) = &shape.kind else { return entries };
        for (name, field) in fields {
            if field.required && !entries.iter().any(|entry| entry.key == *name) {
                let problem = Problem::new(source, &child(path, name), "this key is required and missing");
                findings.refuse(problem.hint(format!("add `{name}:` ({})", field.allowed())));
            }
        }
        let keep = |entry: Entry| {
            let Some((name, field)) = fields.iter().find(|(name, _)| *name == entry.key) else {
                self.unknown(&entry, shape, path, findings);
                return None;
            };
            let node = self.keep(entry.node, field, &child(path, name), findings)?;
            Some(Entry { node, ..entry })
        };
        entries.into_iter().filter_map(keep).collect()
    }

    fn unknown(&self, entry: &Entry, shape: &Shape, path: &str, findings: &mut Findings) {
        let key = child(path, &shown(&entry.key));
        if secrets::looks_secret(&entry.key) {
            findings.refuse(Problem::new(&entry.source, &key, secrets::REFUSED).hint(secrets::INSTEAD));
            return;
        }
        findings.refuse(
            Problem::new(&entry.source, &key, "unknown key").hint(self.meant(&entry.key, shape, path)),
        );
        refuse_secrets(&entry.node, &key, findings);
    }

    /// What was probably meant by a `name` that is not in the section `shape` at `path`.
    pub(crate) fn meant(&self, name: &str, shape: &Shape, path: &str) -> String {
        let allowed = listed(shape.names());
        let exact = |key: &String| key.rsplit('.').next() == Some(name);
        if let Some(near) = nearest(name, shape.names()) {
            return format!("did you mean `{near}`? (allowed: {allowed})");
        }
        if let Some(rest) = steps(name).filter(|steps| steps.len() > 1)
            && shape.find(&rest).is_ok()
        {
            return format!(
                "sections nest: write `{}` each on a line of its own",
                name.replace('.', ":` `") + ":"
            );
        }
        if let Some(elsewhere) = keys(self.root).into_iter().find(exact) {
            return format!("did you mean `{elsewhere}`? (allowed here: {allowed})");
        }
        if path.is_empty() { format!("allowed: {allowed}") } else { format!("allowed in {path}: {allowed}") }
    }

    /// The shape at `steps`, or the problem of the first step that is unknown.
    pub(crate) fn known<'s>(
        &self,
        shape: &'s Shape,
        key: &str,
        steps: &[Step],
        source: &Source,
    ) -> Result<&'s Shape, Problem> {
        let known = match shape.find(steps) {
            Ok(found) => return Ok(found),
            Err(known) => known,
        };
        let (before, after) = steps.split_at(known);
        let path = written(before);
        if let Some(secret) =
            steps.iter().find(|step| matches!(step, Step::Key(name) if secrets::looks_secret(name)))
        {
            let key = written(std::slice::from_ref(secret));
            return Err(Problem::new(source, &key, secrets::REFUSED).hint(secrets::INSTEAD));
        }
        let problem = Problem::new(source, key, "unknown key");
        let within = shape.find(before).unwrap_or(shape);
        Err(match (after.first(), &within.kind) {
            (Some(Step::Key(name)), Kind::Section(_)) => problem.hint(self.meant(name, within, &path)),
            (_, Kind::List(_)) => {
                problem.hint(format!("`{path}` is a list: write `{path}[0]{}`", rest(after)))
            }
            (_, Kind::Section(_) | Kind::Leaf(_)) => {
                problem.hint(format!("`{path}` is {} and has no keys", within.allowed()))
            }
        })
    }
}

/// The steps as they follow an entry of a list.
fn rest(steps: &[Step]) -> String {
    let rest = written(steps);
    if rest.is_empty() { rest } else { format!(".{rest}") }
}

fn written(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |path, step| match step {
        Step::Key(name) => child(&path, name),
        Step::Index(index) => format!("{path}[{index}]"),
    })
}

/// Every key that holds a value, lists as `list[]`.
pub(crate) fn keys(shape: &Shape) -> Vec<String> {
    fn walk(shape: &Shape, path: &str, keys: &mut Vec<String>) {
        match &shape.kind {
            Kind::Section(fields) => {
                for (name, field) in fields {
                    walk(field, &child(path, name), keys);
                }
            }
            Kind::List(item) => {
                keys.push(path.to_owned());
                walk(item, &format!("{path}[]"), keys);
            }
            Kind::Leaf(_) => {
                keys.push(path.to_owned());
            }
        }
    }
    let mut keys = Vec::new();
    walk(shape, "", &mut keys);
    keys
}

/// Secrets are named even where the section around them is unknown.
fn refuse_secrets(node: &Node, path: &str, findings: &mut Findings) {
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                let key = child(path, &shown(&entry.key));
                if secrets::looks_secret(&entry.key) {
                    findings
                        .refuse(Problem::new(&entry.source, &key, secrets::REFUSED).hint(secrets::INSTEAD));
                } else {
                    refuse_secrets(&entry.node, &key, findings);
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| refuse_secrets(item, path, findings)),
        Value::Scalar { .. } => {}
    }
}

fn called(value: &Value) -> String {
    match value {
        Value::Map(_) => "a section".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Scalar { text, .. } => format!("the value `{}`", shown(text)),
    }
}

/// What is wrong with a scalar, and the fix.
fn wrong_scalar(text: &str, quoted: bool, leaf: &Leaf, shape: &Shape) -> Option<(String, Option<String>)> {
    let allowed = || Some(format!("allowed: {}", shape.allowed()));
    let value = shown(text);
    match leaf {
        Leaf::Text => None,
        Leaf::Choice(choices) => {
            let names = || choices.iter().map(|(name, _)| name.as_str());
            if names().any(|name| name == text) {
                return None;
            }
            let near = nearest(text, names())
                .map(|near| format!("did you mean `{near}`? (allowed: {})", shape.allowed()));
            Some((format!("`{value}` is not one of the choices"), near.or_else(allowed)))
        }
        Leaf::Switch | Leaf::Whole { .. } if quoted => Some((
            format!("\"{value}\" is quoted text"),
            Some(format!("remove the quotes and write {}", shape.allowed())),
        )),
        Leaf::Switch if matches!(text, "true" | "false") => None,
        Leaf::Switch => Some((format!("`{value}` is neither true nor false"), allowed())),
        Leaf::Whole { least, most } => match whole(text) {
            Some(number) if (*least..=*most).contains(&number) => None,
            Some(_) => Some((format!("{value} is out of range"), allowed())),
            None => Some((format!("`{value}` is not a whole number"), allowed())),
        },
        Leaf::Decimal => match parse_decimal(text) {
            Ok(_) => None,
            Err(_) if secrets::holds_secret(text) => {
                Some((format!("`{value}` is not a decimal number"), None))
            }
            Err(error) => Some((error.to_string(), None)),
        },
    }
}

/// Digits with an optional sign; longer ones than fit are as far out as can be.
fn whole(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(if text.starts_with('-') { i128::MIN } else { i128::MAX }))
}
