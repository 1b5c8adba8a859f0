//! A document inside another JSON value, both ways and without loss: entries
//! keep their order, and repeated names are kept too.

use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use crate::json::{Shape, Tape, View, write_string};

pub(crate) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let tape = Tape::parse(text).map_err(|error| S::Error::custom(error.expected))?;
    Value(tape.root()).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Text::deserialize(deserializer)?.0)
}

struct Value<'t, 'a>(View<'t, 'a>);

impl Serialize for Value<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = self.0;
        match view.shape() {
            Shape::Null => serializer.serialize_unit(),
            Shape::Bool => serializer.serialize_bool(view.text() == "true"),
            Shape::String => serializer.serialize_str(view.text()),
            Shape::Number => {
                if let Ok(number) = view.text().parse::<u64>() {
                    serializer.serialize_u64(number)
                } else if let Ok(number) = view.text().parse::<i64>() {
                    serializer.serialize_i64(number)
                } else {
                    let number: f64 = view.text().parse().map_err(S::Error::custom)?;
                    serializer.serialize_f64(number)
                }
            }
            Shape::Array => {
                let mut list = serializer.serialize_seq(None)?;
                for item in view.items() {
                    list.serialize_element(&Value(item))?;
                }
                list.end()
            }
            Shape::Object => {
                let mut map = serializer.serialize_map(None)?;
                for (key, value) in view.entries() {
                    map.serialize_entry(key.text(), &Value(value))?;
                }
                map.end()
            }
        }
    }
}

struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a policy document")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Text, E> {
        if !value.is_finite() {
            return Err(E::custom("expected a finite number"));
        }
        Ok(Text(format!("{value:?}")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Text, E> {
        let mut text = String::with_capacity(value.len() + 2);
        write_string(value, &mut text);
        Ok(Text(text))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text("null".to_owned()))
    }

    fn visit_none<E>(self) -> Result<Text, E> {
        Ok(Text("null".to_owned()))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text, D::Error> {
        Text::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Text, A::Error> {
        let mut text = String::from("[");
        while let Some(item) = list.next_element::<Text>()? {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&item.0);
        }
        text.push(']');
        Ok(Text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        let mut text = String::from("{");
        while let Some(key) = map.next_key::<Text>()? {
            if !key.0.starts_with('"') {
                return Err(A::Error::custom("expected names that are strings"));
            }
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&key.0);
            text.push(':');
            text.push_str(&map.next_value::<Text>()?.0);
        }
        text.push('}');
        Ok(Text(text))
    }
}
