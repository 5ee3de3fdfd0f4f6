//! The fields of a request, from a query, a form or a JSON body. What is nested has the name that a form
//! would give it: `close[ordertype]`.

use std::collections::BTreeMap;

use serde_json::Value;

/// Fields by name; a list has several values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fields {
    values: BTreeMap<String, String>,
    lists: BTreeMap<String, Vec<Fields>>,
}

/// The name of the only field of a list's item that is not an object.
const ITEM: &str = "";

impl Fields {
    /// A body is JSON if it begins like it, else a form.
    pub(super) fn of_body(body: &str) -> Option<Fields> {
        if body.trim_start().starts_with('{') {
            return Some(Fields::of_json(&serde_json::from_str(body).ok()?));
        }
        Some(Fields::of_form(body))
    }

    /// A form or a query.
    pub(super) fn of_form(text: &str) -> Fields {
        let mut fields = Fields::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            fields.values.insert(decoded(name), decoded(value));
        }
        fields
    }

    /// A JSON object.
    pub(super) fn of_json(value: &Value) -> Fields {
        let mut fields = Fields::default();
        fields.add("", value);
        fields
    }

    fn add(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::Object(members) => {
                for (member, value) in members {
                    let nested = if name.is_empty() { member.clone() } else { format!("{name}[{member}]") };
                    self.add(&nested, value);
                }
            }
            Value::Array(items) => {
                self.lists.insert(name.to_owned(), items.iter().map(Fields::of_json).collect());
            }
            Value::String(text) => {
                self.values.insert(name.to_owned(), text.clone());
            }
            Value::Bool(_) | Value::Number(_) => {
                self.values.insert(name.to_owned(), value.to_string());
            }
        }
    }

    /// A field that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a field says yes, in any of the spellings that clients have.
    pub(super) fn is_on(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "True" | "TRUE" | "1"))
    }

    /// The items of a list; a plain value is a list with commas.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        if let Some(items) = self.lists.get(name) {
            let text = |item: &Fields| item.values.get(ITEM).cloned();
            return items.iter().filter_map(text).collect();
        }
        let plain = self.get(name).unwrap_or_default();
        plain.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// The objects of a list.
    pub(super) fn objects(&self, name: &str) -> &[Fields] {
        self.lists.get(name).map_or(&[], Vec::as_slice)
    }

    /// Sets a field.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.values.insert(name.to_owned(), value.into());
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.map_or('?', char::from));
                let pair: String = digits.into_iter().collect();
                bytes.push(u8::from_str_radix(&pair, 16).unwrap_or(b'?'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_and_json_say_the_same() {
        let form = Fields::of_body("pair=XBTUSD&price=%2B100&close%5Bordertype%5D=stop-loss&x=a+b").unwrap();
        let json = r#"{"pair":"XBTUSD","price":"+100","close":{"ordertype":"stop-loss"},"x":"a b"}"#;
        assert_eq!(form, Fields::of_body(json).unwrap());
        assert_eq!(form.get("close[ordertype]"), Some("stop-loss"));
        assert_eq!(Fields::of_body("{not json"), None);
    }

    #[test]
    fn lists_are_texts_or_objects() {
        let json = Fields::of_body(r#"{"orders":["A","B"],"batch":[{"type":"buy"}],"on":true}"#).unwrap();
        assert_eq!(json.texts("orders"), ["A", "B"]);
        assert_eq!(json.objects("batch").first().and_then(|order| order.get("type")), Some("buy"));
        assert!(json.is_on("on"));
        assert_eq!(Fields::of_form("txid=A,B").texts("txid"), ["A", "B"]);
    }
}
