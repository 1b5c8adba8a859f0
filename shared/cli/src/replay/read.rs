//! Reads records one after the other, in a single pass over the text.
//!
//! Most records of an archive are calls that no rule watches. Of those only a
//! handful of members are looked at, and none is copied ([`Unwatched`]);
//! everything else, and all that is odd in any way, is read by
//! [`envelope::entries`], as the functions do.

use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use auditward_rules::envelope::{self, Entry};
use auditward_rules::record::Record;
use auditward_rules::registry;

/// What may stand between values.
const BLANK: [char; 5] = [' ', '\t', '\r', '\n', '\u{feff}'];
/// What a record, or a list of them, begins with.
const CONTAINERS: [char; 2] = ['{', '['];

/// Something found in the text.
pub enum Found<'a> {
    /// A record of a call that no rule watches.
    Unwatched(Unwatched<'a>),
    /// A record to be judged, or why there is none.
    Entry(Box<Entry<'a>>),
}

/// What is told of a call that no rule watches: JSON text, as it stands in the record.
#[derive(Clone, Copy, Default)]
pub struct Unwatched<'a> {
    pub event_id: &'a str,
    pub event_source: &'a str,
    pub event_name: &'a str,
    pub account: &'a str,
    pub region: &'a str,
    pub time: &'a str,
    pub identity: Option<&'a RawValue>,
    /// The text from the record's beginning on.
    from: &'a str,
}

/// Hands every record of `text` to `take`, in order. Of a text that is not `whole`
/// whoever reads it knows already that it breaks off.
pub fn each<'a>(text: &'a str, whole: bool, take: &mut dyn FnMut(Found<'a>)) {
    let mut walk = Walk {
        text,
        whole,
        counted: 0,
        line: 1,
        found: 0,
        last: None,
        told: None,
        amid: false,
        take,
    };
    let mut at = 0;
    while let Some(start) = walk.next_start(at) {
        at = walk.value(start);
    }
}

/// The way through one text.
struct Walk<'a, 'f> {
    text: &'a str,
    whole: bool,
    /// Up to here lines are counted.
    counted: usize,
    line: usize,
    /// How many records the value at hand has given.
    found: usize,
    /// Where the last object begins that was taken.
    last: Option<usize>,
    /// Where the last broken value is broken: what is within it is broken there too.
    told: Option<usize>,
    /// Whether this may be amid a broken value: what else is in there is none of its own.
    amid: bool,
    take: &'f mut dyn FnMut(Found<'a>),
}

impl<'a> Walk<'a, '_> {
    fn rest(&self, from: usize) -> &'a str {
        self.text.get(from..).unwrap_or_default()
    }

    /// Where the next value begins; amid a broken one, the next that may be a record.
    fn next_start(&self, at: usize) -> Option<usize> {
        let mut rest = self.rest(at).trim_start_matches(BLANK);
        if self.amid {
            let in_list = |rest: &'a str| rest.trim_start_matches(',').trim_start_matches(BLANK);
            rest = in_list(rest);
            while !rest.starts_with(CONTAINERS) {
                let end = memchr::memchr(b'\n', rest.as_bytes())?;
                rest = in_list(rest.get(end..)?.trim_start_matches(BLANK));
            }
        }
        let start = self.text.len() - rest.len();
        (start < self.text.len()).then_some(start)
    }

    /// Reads the value that begins at `start`, and says where to go on.
    fn value(&mut self, start: usize) -> usize {
        let rest = self.rest(start);
        self.found = 0;
        let mut values = serde_json::Deserializer::from_str(rest);
        if Value(self).deserialize(&mut values).is_ok() {
            return self.behind(
                start,
                start + values.into_iter::<IgnoredAny>().byte_offset(),
            );
        }
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&'a RawValue>();
        match values.next() {
            Some(Ok(value)) => {
                self.entries(start, value.get(), self.found);
                self.behind(start, start + values.byte_offset())
            }
            Some(Err(error)) => self.broken(start, &error),
            None => self.text.len(),
        }
    }

    /// Where to go on behind a whole value. One that has its lines for itself, with nothing
    /// behind it that goes on or ends a list, is amid no broken one any longer.
    fn behind(&mut self, start: usize, end: usize) -> usize {
        let next = self.rest(end).trim_start_matches([' ', '\t', '\r']);
        let ends_line = next.is_empty() || next.starts_with('\n');
        let listed = next.trim_start_matches(BLANK).starts_with([',', ']', '}']);
        self.amid &= listed || !ends_line || !self.begins_line(start);
        end
    }

    fn begins_line(&self, at: usize) -> bool {
        let before = self.text.get(..at).unwrap_or_default();
        before.is_empty() || before.ends_with('\n')
    }

    /// Tells of the broken value that begins at `start`, and says where to go on. What is
    /// within it is read again by itself, and breaks in the same place.
    fn broken(&mut self, start: usize, error: &serde_json::Error) -> usize {
        let rest = self.rest(start);
        let eof = error.is_eof();
        let line_begins = start + offset(rest, error.line());
        let at = if eof {
            self.text.len()
        } else {
            line_begins + error.column()
        };
        // Of a list that breaks off, all that was whole has been found.
        let whole = eof && self.found == 0;
        let known = self.told.replace(at) == Some(at) || (eof && !self.whole);
        if !known {
            let first = self.line_of(start);
            let line = self.line_of(if whole { start } else { line_begins });
            let told = error.to_string();
            let told = told.split(" at line ").next().unwrap_or_default();
            let before = self.text.get(..at).unwrap_or_default();
            let column = at - before.rfind('\n').map_or(0, |line| line + 1);
            let mut told = format!("expected JSON: {told}");
            if !eof {
                let _ = write!(told, " (column {column}");
                if line > first {
                    let _ = write!(told, ", in what begins in line {first}");
                }
                told.push(')');
            }
            let entry = Entry {
                line,
                delivered: None,
                record: Err(told),
            };
            self.emit(Found::Entry(Box::new(entry)));
        }
        self.amid |= rest.starts_with(CONTAINERS);
        // Nothing that was found is to be read again.
        let from = self.last.unwrap_or_default().max(start);
        let next_line = memchr::memchr(b'\n', self.rest(from).as_bytes());
        next_line.map_or(self.text.len(), |at| from + at + 1)
    }

    /// Reads a value at leisure; the first `skip` records of it are known.
    fn entries(&mut self, start: usize, value: &'a str, skip: usize) {
        let above = self.line_of(start) - 1;
        let within = self.amid && !self.begins_line(start);
        for mut entry in envelope::entries(value).into_iter().skip(skip) {
            if within && entry.record.is_err() {
                continue;
            }
            entry.line += above;
            self.emit(Found::Entry(Box::new(entry)));
        }
    }

    /// Takes the object that begins at `start`.
    fn object(&mut self, start: usize, head: &Head<'a>) {
        self.last = Some(start);
        if let Some(unwatched) = head.unwatched() {
            return self.emit(Found::Unwatched(Unwatched {
                from: self.rest(start),
                ..unwatched
            }));
        }
        let value = serde_json::Deserializer::from_str(self.rest(start))
            .into_iter::<&'a RawValue>()
            .next();
        if let Some(Ok(value)) = value {
            self.entries(start, value.get(), 0);
        }
    }

    fn emit(&mut self, found: Found<'a>) {
        self.found += 1;
        (self.take)(found);
    }

    /// The line of a byte offset, counted from where it was last asked for.
    fn line_of(&mut self, offset: usize) -> usize {
        let (from, to) = (self.counted.min(offset), self.counted.max(offset));
        let between = self.text.as_bytes().get(from..to).unwrap_or_default();
        let breaks = memchr::memchr_iter(b'\n', between).count();
        self.line = if offset < self.counted {
            self.line - breaks
        } else {
            self.line + breaks
        };
        self.counted = offset;
        self.line
    }

    /// Where the object begins whose first key this is.
    fn start_of(&self, key: &'a str) -> Option<usize> {
        let key = (key.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        self.text.get(..key)?.rfind('{')
    }
}

/// Where a line of a text begins; lines count from 1.
fn offset(text: &str, line: usize) -> usize {
    let mut breaks = memchr::memchr_iter(b'\n', text.as_bytes());
    line.checked_sub(2)
        .and_then(|nth| breaks.nth(nth))
        .map_or(0, |at| at + 1)
}

/// One value: an object, or a list of values.
struct Value<'w, 'a, 'f>(&'w mut Walk<'a, 'f>);

impl<'a> DeserializeSeed<'a> for Value<'_, 'a, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Value<'_, 'a, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<(), S::Error> {
        let walk = self.0;
        while list.next_element_seed(Value(&mut *walk))?.is_some() {}
        Ok(())
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        let walk = self.0;
        let Some(first) = map.next_key::<&'a RawValue>()? else {
            return Err(M::Error::custom("an empty object"));
        };
        if first.get() == "\"Records\"" {
            map.next_value_seed(Value(&mut *walk))?;
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        let start = walk
            .start_of(first.get())
            .ok_or_else(|| M::Error::custom("an object from elsewhere"))?;
        let mut head = Head::default();
        let mut key = Some(first);
        while let Some(name) = key {
            head.read(name.get(), &mut map)?;
            key = map.next_key()?;
        }
        walk.object(start, &head);
        Ok(())
    }
}

/// The first look at an object.
#[derive(Default)]
struct Head<'a> {
    told: Unwatched<'a>,
    /// Something that a closer look must decide.
    odd: bool,
}

impl<'a> Head<'a> {
    fn read<M: MapAccess<'a>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        let told = &mut self.told;
        let field = match key {
            "\"eventID\"" => &mut told.event_id,
            "\"eventSource\"" => &mut told.event_source,
            "\"eventName\"" => &mut told.event_name,
            "\"recipientAccountId\"" => &mut told.account,
            "\"awsRegion\"" => &mut told.region,
            "\"eventTime\"" => &mut told.time,
            "\"userIdentity\"" => {
                self.odd |= told.identity.is_some();
                told.identity = Some(map.next_value()?);
                return Ok(());
            }
            _ => {
                // Envelopes, and exports whose keys are in lower case.
                self.odd |= matches!(
                    key,
                    "\"detail\"" | "\"Records\"" | "\"eventsource\"" | "\"eventname\""
                );
                map.next_value::<IgnoredAny>()?;
                return Ok(());
            }
        };
        self.odd |= !field.is_empty();
        *field = map.next_value::<&RawValue>()?.get();
        Ok(())
    }

    /// What is told of it, where it is a plain record of a call that no rule watches.
    fn unwatched(&self) -> Option<Unwatched<'a>> {
        let Unwatched {
            event_id,
            event_source,
            event_name,
            account,
            region,
            time,
            ..
        } = self.told;
        if self.odd || !plain(event_id) || !plain(account) || !plain(region) || !plain(time) {
            return None;
        }
        let (source, name) = (text(event_source)?, text(event_name)?);
        // Notifications of other services, and names with an API version.
        let odd = source.starts_with("aws:") || name.ends_with(|last: char| last.is_ascii_digit());
        let watched = odd || registry::watching(source, name).next().is_some();
        (!watched).then_some(self.told)
    }
}

/// Whether JSON text is a string that stands for itself, and not an empty one.
fn plain(json: &str) -> bool {
    json.len() > 2 && json.starts_with('"') && memchr::memchr(b'\\', json.as_bytes()).is_none()
}

/// The text of a string that stands for itself.
fn text(json: &str) -> Option<&str> {
    plain(json).then(|| json.trim_matches('"'))
}

impl<'a> Unwatched<'a> {
    /// The caller's ARN as JSON text, where it stands for itself.
    pub fn actor(&self) -> Option<&'a str> {
        let arn = auditward_rules::json::Json::new(self.identity?)
            .get("arn")?
            .text();
        plain(arn).then_some(arn)
    }

    /// The whole record.
    pub fn record(&self) -> Option<Record<'a>> {
        let value = serde_json::Deserializer::from_str(self.from)
            .into_iter::<&'a RawValue>()
            .next();
        Record::read(value?.ok()?.get()).ok()
    }
}

#[cfg(test)]
mod tests;
