//! What the configuration may hold: the JSON Schema of [`Config`](crate::Config), read into a typed tree.
//!
//! The schema comes from the same types that read the configuration, so documentation, checks and sample
//! cannot drift apart. Keys stand in the order of their declaration.

use serde_json::Value as Json;

use crate::node::{Node, Step, Value};

/// What one key may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) doc: String,
    /// The default as it is written; `None` for sections and where a value must be given.
    pub(crate) default: Option<String>,
    /// Whether "no value" is a value.
    pub(crate) nullable: bool,
    /// Whether the key must be given where its section stands.
    pub(crate) required: bool,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A section: names and what they may hold.
    Section(Vec<(String, Shape)>),
    List(Box<Shape>),
    /// A single value.
    Leaf(Leaf),
}

/// What a single value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// One of these names, each with its documentation.
    Choice(Vec<(String, String)>),
    Switch,
    Whole {
        least: i128,
        most: i128,
    },
    Decimal,
    Text,
}

impl Shape {
    /// Reads the schema of the configuration; keys are put in the order of `like`.
    pub(crate) fn read(schema: &Json, like: &Node) -> Shape {
        let mut shape = shape(schema, schema);
        order(&mut shape, like);
        shape
    }

    /// The shape at the end of `steps`, or the length of the part of them that is known.
    pub(crate) fn find(&self, steps: &[Step]) -> Result<&Shape, usize> {
        let mut shape = self;
        for (known, step) in steps.iter().enumerate() {
            shape = match (&shape.kind, step) {
                (Kind::Section(fields), Step::Key(key)) => {
                    fields.iter().find(|(name, _)| name == key).map(|(_, shape)| shape).ok_or(known)?
                }
                (Kind::List(item), Step::Index(_)) => item,
                (Kind::Section(_) | Kind::List(_) | Kind::Leaf(_), Step::Key(_) | Step::Index(_)) => {
                    return Err(known);
                }
            };
        }
        Ok(shape)
    }

    /// The names in this section; empty for anything else.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let fields: &[(String, Shape)] = match &self.kind {
            Kind::Section(fields) => fields,
            Kind::List(_) | Kind::Leaf(_) => &[],
        };
        fields.iter().map(|(name, _)| name.as_str())
    }

    /// What may be written here, in words.
    pub(crate) fn allowed(&self) -> String {
        let allowed = match &self.kind {
            Kind::Section(_) => "a section".to_owned(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Leaf(Leaf::Choice(choices)) => {
                choices.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
            }
            Kind::Leaf(Leaf::Switch) => "true, false".to_owned(),
            Kind::Leaf(Leaf::Whole { least, most }) => format!("a whole number from {least} to {most}"),
            Kind::Leaf(Leaf::Decimal) => "a decimal number".to_owned(),
            Kind::Leaf(Leaf::Text) => "text".to_owned(),
        };
        if self.nullable { format!("{allowed}, or none") } else { allowed }
    }
}

fn shape(schema: &Json, root: &Json) -> Shape {
    let target = resolved(schema, root);
    let text = |from: &Json| from.get("description").and_then(Json::as_str).map(joined);
    // A field's own words say more than those of its type.
    let doc = text(schema).or_else(|| text(target)).unwrap_or_default();
    let default = schema.get("default").or_else(|| target.get("default"));
    let types = types(target);
    let mut kind = kind(target, &types, root);
    if let Kind::List(item) = &mut kind
        && item.doc.is_empty()
    {
        item.doc.clone_from(&doc);
    }
    let nullable = types.contains(&"null") || is_optional(schema);
    let default = match kind {
        Kind::Section(_) => None,
        Kind::List(_) | Kind::Leaf(_) if nullable => Some(default.map_or("none".to_owned(), written)),
        Kind::List(_) | Kind::Leaf(_) => default.map(written),
    };
    Shape { doc, default, nullable, required: false, kind }
}

/// The schema that a reference, or an `anyOf` of one thing and null, stands for.
fn resolved<'a>(schema: &'a Json, root: &'a Json) -> &'a Json {
    let named = schema.get("$ref").and_then(Json::as_str).and_then(|name| name.strip_prefix('#'));
    if let Some(target) = named.and_then(|pointer| root.pointer(pointer)) {
        return target;
    }
    let choices = schema.get("anyOf").and_then(Json::as_array);
    let thing = choices.and_then(|choices| choices.iter().find(|choice| !is_null(choice)));
    thing.map_or(schema, |thing| resolved(thing, root))
}

fn is_null(schema: &Json) -> bool {
    schema.get("type").and_then(Json::as_str) == Some("null")
}

fn is_optional(schema: &Json) -> bool {
    schema.get("anyOf").and_then(Json::as_array).is_some_and(|choices| choices.iter().any(is_null))
}

fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(name)) => vec![name.as_str()],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_)) | None => Vec::new(),
    }
}

fn kind(schema: &Json, types: &[&str], root: &Json) -> Kind {
    if let Some(variants) = schema.get("oneOf").and_then(Json::as_array) {
        return Kind::Leaf(Leaf::Choice(variants.iter().flat_map(choices).collect()));
    }
    if schema.get("enum").is_some() {
        return Kind::Leaf(Leaf::Choice(names(schema)));
    }
    if schema.get("format").and_then(Json::as_str) == Some("decimal") {
        return Kind::Leaf(Leaf::Decimal);
    }
    if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
        return Kind::Section(fields(schema, properties, root));
    }
    if let Some(items) = schema.get("items") {
        return Kind::List(Box::new(shape(items, root)));
    }
    if types.contains(&"boolean") {
        return Kind::Leaf(Leaf::Switch);
    }
    if types.contains(&"integer") {
        return Kind::Leaf(whole(schema));
    }
    Kind::Leaf(Leaf::Text)
}

fn fields(schema: &Json, properties: &serde_json::Map<String, Json>, root: &Json) -> Vec<(String, Shape)> {
    let required = schema.get("required").and_then(Json::as_array);
    let is_required =
        |name: &str| required.is_some_and(|names| names.iter().any(|entry| entry.as_str() == Some(name)));
    let field = |(name, property): (&String, &Json)| {
        let shape = Shape { required: is_required(name), ..shape(property, root) };
        (name.clone(), shape)
    };
    properties.iter().map(field).collect()
}

/// The names that one schema allows, with its documentation.
fn choices(schema: &Json) -> Vec<(String, String)> {
    let doc = schema.get("description").and_then(Json::as_str).map(joined).unwrap_or_default();
    let one = schema.get("const").and_then(Json::as_str).map(|name| (name.to_owned(), doc));
    one.into_iter().chain(names(schema)).collect()
}

/// Names of an enumeration: their documentation is that of the key.
fn names(schema: &Json) -> Vec<(String, String)> {
    let names = schema.get("enum").and_then(Json::as_array).into_iter().flatten();
    names.filter_map(Json::as_str).map(|name| (name.to_owned(), String::new())).collect()
}

fn whole(schema: &Json) -> Leaf {
    let (least, most) = match schema.get("format").and_then(Json::as_str) {
        Some("uint8") => (0, i128::from(u8::MAX)),
        Some("uint16") => (0, i128::from(u16::MAX)),
        Some("uint32") => (0, i128::from(u32::MAX)),
        Some("uint64" | "uint") => (0, i128::from(u64::MAX)),
        Some("int32") => (i128::from(i32::MIN), i128::from(i32::MAX)),
        Some(_) | None => (i128::from(i64::MIN), i128::from(i64::MAX)),
    };
    let bound = |name: &str| schema.get(name).and_then(Json::as_i64).map(i128::from);
    Leaf::Whole {
        least: bound("minimum").map_or(least, |given| given.max(least)),
        most: bound("maximum").map_or(most, |given| given.min(most)),
    }
}

/// A default as it is written in a file.
fn written(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => "none".to_owned(),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value.to_string(),
    }
}

/// Documentation on one line.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn order(shape: &mut Shape, like: &Node) {
    match (&mut shape.kind, &like.value) {
        (Kind::Section(fields), Value::Map(entries)) => {
            let place = |name: &str| entries.iter().position(|entry| entry.key == name);
            fields.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
            for (name, field) in fields {
                if let Some(entry) = entries.iter().find(|entry| entry.key == *name) {
                    order(field, &entry.node);
                }
            }
        }
        (Kind::List(item), Value::List(items)) => {
            if let Some(first) = items.first() {
                order(item, first);
            }
        }
        (
            Kind::Section(_) | Kind::List(_) | Kind::Leaf(_),
            Value::Map(_) | Value::List(_) | Value::Scalar { .. },
        ) => {}
    }
}
