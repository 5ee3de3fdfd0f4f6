//! From the merged tree to types: raw scalars are read by the type that asks for them.
//!
//! Every error carries the key and the place of the value that was refused.

use std::fmt;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Problem, Source};
use crate::node::{Entry, Node, Value, child};
use crate::secrets;

/// Reads a `T` from `node`, which stands at `key`.
pub(crate) fn read<'de, T: Deserialize<'de>>(node: &'de Node, key: &str) -> Result<T, Problem> {
    T::deserialize(Reader { node, key: key.to_owned() }).map_err(|error| error.at(key, &node.source)).map_err(
        |Refused { message, place }| {
            // The types quote what they refuse.
            let message =
                if secrets::looks_secret(&message) { "this cannot stand here".to_owned() } else { message };
            let (key, source) = place.unwrap_or_else(|| (key.to_owned(), node.source.clone()));
            Problem::new(&source, &key, message)
        },
    )
}

#[derive(Debug)]
struct Refused {
    message: String,
    place: Option<(String, Source)>,
}

impl Refused {
    /// The innermost place wins.
    fn at(self, key: &str, source: &Source) -> Self {
        let place = self.place.or_else(|| Some((key.to_owned(), source.clone())));
        Refused { place, ..self }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

impl serde::de::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Refused { message: message.to_string(), place: None }
    }
}

struct Reader<'de> {
    node: &'de Node,
    key: String,
}

impl<'de> Reader<'de> {
    fn text(&self, wanted: &str) -> Result<&'de str, Refused> {
        match &self.node.value {
            Value::Scalar { text, .. } => Ok(text),
            Value::Map(_) | Value::List(_) => Err(Refused::custom(format!("{wanted} is expected here"))),
        }
    }

    fn number<T: std::str::FromStr>(&self) -> Result<T, Refused> {
        let text = self.text("a number")?;
        text.parse().map_err(|_| Refused::custom(format!("`{text}` is not a number that fits here")))
    }
}

macro_rules! numbers {
    ($($method:ident: $type:ty => $visit:ident),+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            visitor.$visit(self.number::<$type>()?)
        })+
    };
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match &self.node.value {
            Value::Map(entries) => {
                visitor.visit_map(Entries { entries: entries.iter(), entry: None, key: self.key })
            }
            Value::List(items) => visitor.visit_seq(Items { items: items.iter().enumerate(), key: self.key }),
            Value::Scalar { .. } if self.node.is_null() => visitor.visit_unit(),
            Value::Scalar { text, .. } => visitor.visit_borrowed_str(text),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_bool(self.number()?)
    }

    numbers!(
        deserialize_i8: i64 => visit_i64, deserialize_i16: i64 => visit_i64,
        deserialize_i32: i64 => visit_i64, deserialize_i64: i64 => visit_i64,
        deserialize_u8: u64 => visit_u64, deserialize_u16: u64 => visit_u64,
        deserialize_u32: u64 => visit_u64, deserialize_u64: u64 => visit_u64,
        deserialize_f32: f64 => visit_f64, deserialize_f64: f64 => visit_f64
    );

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_borrowed_str(self.text("text")?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        if self.node.is_none() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let name: StrDeserializer<'de, Refused> = self.text("a name")?.into_deserializer();
        visitor.visit_enum(name)
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}

struct Entries<'de> {
    entries: std::slice::Iter<'de, Entry>,
    entry: Option<&'de Entry>,
    key: String,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refused> {
        self.entry = self.entries.next();
        let Some(entry) = self.entry else { return Ok(None) };
        let name: StrDeserializer<'de, Refused> = entry.key.as_str().into_deserializer();
        seed.deserialize(name)
            .map(Some)
            .map_err(|error| error.at(&child(&self.key, &entry.key), &entry.source))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        let Some(Entry { key, node, .. }) = self.entry else {
            return Err(Refused::custom("a value without its key"));
        };
        let key = child(&self.key, key);
        seed.deserialize(Reader { node, key: key.clone() }).map_err(|error| error.at(&key, &node.source))
    }
}

struct Items<'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
    key: String,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        let Some((index, node)) = self.items.next() else { return Ok(None) };
        let key = format!("{}[{index}]", self.key);
        let item = seed.deserialize(Reader { node, key: key.clone() });
        item.map(Some).map_err(|error| error.at(&key, &node.source))
    }
}
