//! Policy variables, `${…}`.

use std::borrow::Cow;

use crate::caller::{Caller, Presence, Values, World};
use crate::key::Key;

/// A text with its variables filled in for one class of callers.
pub(crate) enum Filled<'t> {
    /// The text as it stands, or with what is known put in. `chosen`: the
    /// caller chooses a part of it, which is written as `*`.
    Text {
        text: Cow<'t, str>,
        patterned: bool,
        chosen: bool,
    },
    /// A variable has no value: nothing equals it.
    Null,
    /// Not to be told.
    Unknown,
}

impl<'t> World<'t> {
    /// Fills in the variables of one condition value. `like`: whether its own
    /// wildcards count.
    pub(crate) fn fill(&self, text: &'t str, like: bool, caller: &Caller<'t>) -> Filled<'t> {
        if !self.variables || !text.contains("${") {
            return Filled::Text {
                text: Cow::Borrowed(text),
                patterned: like,
                chosen: false,
            };
        }
        let mut out = String::with_capacity(text.len() + 16);
        let mut chosen = false;
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
            push_plain(before, like, &mut out);
            let after = after.strip_prefix("${").unwrap_or(after);
            let Some((name, tail)) = after.split_once('}') else {
                return Filled::Unknown;
            };
            rest = tail;
            match name {
                "*" => out.push('\u{1}'),
                "?" => out.push('\u{2}'),
                "$" => out.push('$'),
                _ => {
                    let (name, default) = match name.split_once(',') {
                        Some((name, default)) => {
                            let default = default.trim();
                            let inner = default
                                .strip_prefix('\'')
                                .and_then(|text| text.strip_suffix('\''));
                            match inner {
                                Some(inner) => (name.trim(), Some(inner)),
                                None => return Filled::Unknown,
                            }
                        }
                        None => (name.trim(), None),
                    };
                    let key = Key::parse(name);
                    if key.is_multivalued(name) {
                        return Filled::Null;
                    }
                    let (presence, values) = self.values(key, caller);
                    let known = match values {
                        Values::Exact(text) | Values::Org(text) => Some(text),
                        Values::Account(account) => account.text(),
                        _ => None,
                    };
                    match (presence, known, default) {
                        (Presence::Never, _, None) => return Filled::Null,
                        (Presence::Never, _, Some(default)) => {
                            push_plain(default, false, &mut out);
                        }
                        (Presence::Always | Presence::AlwaysUnsure, Some(text), _) => {
                            push_plain(text, false, &mut out);
                        }
                        _ => {
                            chosen = true;
                            out.push('*');
                        }
                    }
                }
            }
        }
        push_plain(rest, like, &mut out);
        Filled::Text {
            text: Cow::Owned(out),
            patterned: true,
            chosen,
        }
    }
}

fn push_plain(text: &str, like: bool, out: &mut String) {
    if like {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        out.push(match c {
            '*' => '\u{1}',
            '?' => '\u{2}',
            c => c,
        });
    }
}
