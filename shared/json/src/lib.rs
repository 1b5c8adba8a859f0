//! A lenient view of JSON that somebody else wrote.
//!
//! Records hold text that strict parsers refuse: unpaired surrogates in a user
//! agent, the same key twice, hundreds of levels of nesting. [`Json`] walks the
//! raw text one level at a time, so that none of that can hide the rest.

use std::borrow::Cow;

use serde_json::value::RawValue;

mod walk;

use walk::Walk;

/// One JSON value, still as text. Whoever makes one has had the text checked, so
/// that walking it may take for granted that it is JSON.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Wraps raw text.
    pub fn new(raw: &'a RawValue) -> Self {
        Self(raw.get())
    }

    /// Reads `text` as one JSON value.
    ///
    /// # Errors
    /// The text is no JSON.
    pub fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<&RawValue>(text).map(Self::new)
    }

    /// Reads `text` as one JSON value; `None` where it is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        Self::read(text).ok()
    }

    /// The text as it stood in the input.
    pub fn text(self) -> &'a str {
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

    /// Shows the members of an object in their order, keys with their quotes.
    /// Not generic, so that the walk over the text is compiled here, for speed.
    pub fn each(self, show: &mut dyn FnMut(&'a str, Json<'a>)) {
        self.each_with("", &mut |_, _| (), show);
    }

    /// Shows the members of an object, and before the member of that name is shown,
    /// should it be an object, the members of that to `within`: all in one walk.
    pub fn each_with(
        self,
        name: &str,
        within: &mut dyn FnMut(&'a str, Json<'a>),
        show: &mut dyn FnMut(&'a str, Json<'a>),
    ) {
        let mut walk = Walk::new(self.0);
        if walk.enter(b'{').is_none() {
            return;
        }
        while let Some(key) = walk.key() {
            let from = walk.at();
            let value = if unquoted(key) == name && walk.enter(b'{').is_some() {
                while let Some(key) = walk.key() {
                    let Some(value) = walk.value() else { return };
                    within(key, Json(value));
                }
                walk.leave(from)
            } else {
                walk.value()
            };
            let Some(value) = value else { return };
            show(key, Json(value));
        }
    }

    /// The members of an object in their order; empty for anything else.
    pub fn members(self) -> Vec<(Cow<'a, str>, Json<'a>)> {
        let mut members = Vec::new();
        self.each(&mut |key, value| members.push((name(key), value)));
        members
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
        self.each(&mut |key, value| {
            let key = name(key);
            let place = names.iter().position(|name| *name == key);
            if let Some(place) = place.and_then(|place| found.get_mut(place))
                && !value.is_null()
            {
                *place = Some(value);
            }
        });
        found
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
        let mut walk = Walk::new(self.0);
        if walk.enter(b'[').is_some() {
            return std::iter::from_fn(|| walk.element().map(Json)).collect();
        }
        if self.is_null() { vec![] } else { vec![self] }
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

/// A key without its quotes, and with the escapes that it may have.
pub fn unquoted(key: &str) -> &str {
    key.get(1..key.len().saturating_sub(1)).unwrap_or(key)
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
