//! A lenient view of JSON that somebody else wrote.
//!
//! Records hold text that strict parsers refuse: unpaired surrogates in a user
//! agent, the same key twice, hundreds of levels of nesting. [`Json`] walks the
//! raw text one level at a time, so that none of that can hide the rest.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// One JSON value, still as text.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a>(&'a RawValue);

impl<'a> Json<'a> {
    /// Wraps raw text.
    pub fn new(raw: &'a RawValue) -> Self {
        Self(raw)
    }

    /// Reads `text` as one JSON value; `None` where it is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str::<&RawValue>(text).ok().map(Self)
    }

    /// The text as it stood in the input.
    pub fn text(self) -> &'a str {
        self.0.get()
    }

    /// The value with its text.
    pub fn raw(self) -> &'a RawValue {
        self.0
    }

    /// Whether this is `null`.
    pub fn is_null(self) -> bool {
        self.text() == "null"
    }

    /// Whether this is an object.
    pub fn is_object(self) -> bool {
        self.text().starts_with('{')
    }

    /// Whether this is a string.
    pub fn is_string(self) -> bool {
        self.text().starts_with('"')
    }

    /// The string, number or boolean as text; `None` for anything else.
    pub fn scalar(self) -> Option<Cow<'a, str>> {
        let text = self.text();
        match text.as_bytes().first()? {
            b'"' => decode(text),
            b'{' | b'[' | b'n' => None,
            _ => Some(Cow::Borrowed(text)),
        }
    }

    /// The boolean; `"true"`, `"True"` and the like count, as CloudTrail logs both.
    pub fn boolean(self) -> Option<bool> {
        match self.scalar()?.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The whole number, also where it is written as a string.
    pub fn number(self) -> Option<i64> {
        self.scalar()?.parse().ok()
    }

    /// The members of an object in their order; empty for anything else.
    pub fn members(self) -> Vec<(Cow<'a, str>, Json<'a>)> {
        let mut members = Vec::new();
        let read = each(self.text(), &mut |key, value| {
            members.push((name(key), value))
        });
        read.map_or_else(|_| Vec::new(), |()| members)
    }

    /// The member of that name (the last non-null one, should it stand there twice).
    pub fn get(self, name: &str) -> Option<Json<'a>> {
        let [found] = self.pick([name]);
        found
    }

    /// Several members at once, each as [`Json::get`] finds it: an object is read
    /// through for every question.
    pub fn pick<const N: usize>(self, names: [&str; N]) -> [Option<Json<'a>>; N] {
        let mut found = [None; N];
        if !self.is_object() {
            return found;
        }
        let read = each(self.text(), &mut |key, value| {
            let key = name(key);
            let place = names.iter().zip(&mut found).find(|(name, _)| **name == key);
            if let Some((_, place)) = place
                && !value.is_null()
            {
                *place = Some(value);
            }
        });
        read.map_or([None; N], |()| found)
    }

    /// Follows names from object to object.
    pub fn path(self, names: &[&str]) -> Option<Json<'a>> {
        names.iter().try_fold(self, |json, name| json.get(name))
    }

    /// The scalar member of that name.
    pub fn string(self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.scalar()
    }

    /// The elements of a list; anything but a list is its own single element,
    /// as XML turned into JSON has it; `null` is none.
    pub fn items(self) -> Vec<Json<'a>> {
        match self.text().as_bytes().first() {
            Some(b'[') => {
                serde_json::from_str::<Items<'a>>(self.text()).map_or_else(|_| Vec::new(), |i| i.0)
            }
            Some(b'n') | None => Vec::new(),
            _ => vec![self],
        }
    }
}

/// Decodes a JSON string; unpaired surrogates become U+FFFD instead of an error.
fn decode(quoted: &str) -> Option<Cow<'_, str>> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    if let Ok(text) = serde_json::from_str::<String>(quoted) {
        return Some(Cow::Owned(text));
    }
    let mut units: Vec<u16> = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    let mut buffer = [0u16; 2];
    while let Some(c) = chars.next() {
        if c != '\\' {
            units.extend_from_slice(c.encode_utf16(&mut buffer));
            continue;
        }
        let unit = match chars.next()? {
            'n' => 0x0A,
            't' => 0x09,
            'r' => 0x0D,
            'b' => 0x08,
            'f' => 0x0C,
            'u' => {
                let digits: String = chars.by_ref().take(4).collect();
                u16::from_str_radix(&digits, 16).unwrap_or(0xFFFD)
            }
            other => u16::try_from(u32::from(other)).unwrap_or(0xFFFD),
        };
        units.push(unit);
    }
    Some(Cow::Owned(String::from_utf16_lossy(&units)))
}

/// A key without its quotes.
fn name(key: &str) -> Cow<'_, str> {
    decode(key).unwrap_or(Cow::Borrowed(key))
}

/// Shows the members of an object one after the other, keys with their quotes.
/// Not generic, so that the walk over the text is compiled here, for speed.
///
/// # Errors
/// The text is no JSON object.
pub fn each<'a>(
    text: &'a str,
    show: &mut dyn FnMut(&'a str, Json<'a>),
) -> Result<(), serde_json::Error> {
    struct Walk<'w, 'a>(&'w mut dyn FnMut(&'a str, Json<'a>));
    impl<'a> Visitor<'a> for Walk<'_, 'a> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }
        fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
            while let Some((key, value)) = map.next_entry::<&'a RawValue, &'a RawValue>()? {
                (self.0)(key.get(), Json(value));
            }
            Ok(())
        }
    }
    let mut text = serde_json::Deserializer::from_str(text);
    text.deserialize_map(Walk(show))?;
    text.end()
}

struct Items<'a>(Vec<Json<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Items<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON array")
            }
            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Self::Value, S::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element::<&RawValue>()? {
                    items.push(Json(item));
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_surrogate_does_not_hide_the_text_around_it() {
        let json = Json::parse(r#"{"a":"x\ud83dy\n","b":"\ud83d\ude00"}"#).unwrap();
        assert_eq!(json.string("a").unwrap(), "x\u{FFFD}y\n");
        assert_eq!(json.string("b").unwrap(), "\u{1F600}");
    }

    #[test]
    fn a_key_that_stands_twice_is_read() {
        let json = Json::parse(r#"{"a":1,"a":2,"a":null}"#).unwrap();
        assert_eq!(json.get("a").unwrap().number(), Some(2));
    }

    #[test]
    fn nesting_of_any_depth_is_walked_level_by_level() {
        let deep = format!(
            "{{\"a\":{}1{},\"b\":\"here\"}}",
            "[".repeat(5_000),
            "]".repeat(5_000)
        );
        let json = Json::parse(&deep).unwrap();
        assert_eq!(json.string("b").unwrap(), "here");
    }

    #[test]
    fn one_object_is_a_list_of_one() {
        let json = Json::parse(r#"{"one":{"x":1},"two":[1,2],"none":null}"#).unwrap();
        assert_eq!(json.get("one").unwrap().items().len(), 1);
        assert_eq!(json.get("two").unwrap().items().len(), 2);
        assert!(json.get("none").is_none());
    }
}
