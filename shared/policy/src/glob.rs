//! Wildcards: `*` is any run of characters, `?` one character.

use crate::val::Val;

// In a pattern made from variables, the bytes 1 and 2 are a literal `*` and a
// literal `?`.

/// One digit of an account number that occurs nowhere in the document.
pub(crate) const STRANGE_DIGIT: u8 = 3;

/// Above this product of lengths a comparison is not made but left unknown.
const WORK: usize = 1 << 20;

pub(crate) fn has_wildcard(pattern: &str) -> bool {
    memchr::memchr2(b'*', b'?', pattern.as_bytes()).is_some()
}

pub(crate) fn is_star(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*')
}

/// The text before the first wildcard.
pub(crate) fn literal_prefix(pattern: &str) -> &str {
    let end = memchr::memchr2(b'*', b'?', pattern.as_bytes()).unwrap_or(pattern.len());
    pattern.get(..end).unwrap_or(pattern)
}

fn same(a: u8, b: u8, fold: bool) -> bool {
    a == b || (fold && a.eq_ignore_ascii_case(&b))
}

/// Whether `pattern` matches `text`; nothing when both are absurdly long.
fn run(pattern: &[u8], text: &[u8], fold: bool, subsume: bool) -> Option<bool> {
    if pattern.len().saturating_mul(text.len()) > WORK
        && pattern.iter().filter(|byte| **byte == b'*').count() > 1
    {
        return None;
    }
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(t) {
        let step = match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, t));
                p += 1;
                continue;
            }
            // A `?` does not cover a `*` of the narrower pattern.
            Some(b'?') => !(is_continuation(c) || (subsume && c == b'*')),
            Some(&literal) => same(literal, c, fold) && !(subsume && (c == b'*' || c == b'?')),
            None => false,
        };
        if step {
            p += 1;
            t += 1;
            // One `?` stands for one character, not for one byte.
            if pattern.get(p - 1) == Some(&b'?') {
                while text.get(t).copied().is_some_and(is_continuation) {
                    t += 1;
                }
            }
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            p = star + 1;
            t = from + 1;
        } else {
            return Some(false);
        }
    }
    Some(
        pattern
            .get(p..)
            .unwrap_or_default()
            .iter()
            .all(|byte| *byte == b'*'),
    )
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// Whether `pattern` matches `text`.
pub(crate) fn matches(pattern: &str, text: &str, fold: bool) -> Val {
    match run(pattern.as_bytes(), text.as_bytes(), fold, false) {
        Some(yes) => Val::of(yes),
        None => Val::UNKNOWN,
    }
}

/// As [`matches`], where too much work counts as no match.
pub(crate) fn surely_matches(pattern: &str, text: &str, fold: bool) -> bool {
    run(pattern.as_bytes(), text.as_bytes(), fold, false).unwrap_or(false)
}

/// Whether everything that `narrow` matches is matched by `wide`. May say no
/// where the answer is yes.
pub(crate) fn covers(wide: &str, narrow: &str, fold: bool) -> bool {
    run(wide.as_bytes(), narrow.as_bytes(), fold, true).unwrap_or(false)
}

/// Whether some text is matched by both. May say yes where the answer is no.
pub(crate) fn overlap(a: &str, b: &str, fold: bool) -> bool {
    if !has_wildcard(a) {
        return run(b.as_bytes(), a.as_bytes(), fold, false).unwrap_or(true);
    }
    if !has_wildcard(b) {
        return run(a.as_bytes(), b.as_bytes(), fold, false).unwrap_or(true);
    }
    let (pa, pb) = (literal_prefix(a).as_bytes(), literal_prefix(b).as_bytes());
    if pa.iter().zip(pb).any(|(x, y)| !same(*x, *y, fold)) {
        return false;
    }
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().saturating_mul(b.len()) > WORK {
        return true;
    }
    // Positions of `b` that can be reached for each position of `a`.
    let mut row = vec![false; b.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = true;
    }
    let spread = |row: &mut Vec<bool>| {
        for at in 0..b.len() {
            if row.get(at) == Some(&true)
                && b.get(at) == Some(&b'*')
                && let Some(next) = row.get_mut(at + 1)
            {
                *next = true;
            }
        }
    };
    spread(&mut row);
    for &c in a {
        let mut next = vec![false; b.len() + 1];
        let mut set = |at: usize| {
            if let Some(cell) = next.get_mut(at) {
                *cell = true;
            }
        };
        if c == b'*' {
            // Any run: everything from the first reachable position on.
            let first = row.iter().position(|cell| *cell);
            if let Some(first) = first {
                for at in first..=b.len() {
                    set(at);
                }
            }
        } else {
            for at in 0..b.len() {
                if row.get(at) != Some(&true) {
                    continue;
                }
                match b.get(at) {
                    Some(b'*') => set(at),
                    Some(b'?') => set(at + 1),
                    Some(&d) if c == b'?' || same(c, d, fold) => set(at + 1),
                    _ => {}
                }
            }
        }
        spread(&mut next);
        row = next;
        if !row.contains(&true) {
            return false;
        }
    }
    row.last() == Some(&true)
}

/// How `pattern` meets texts that begin with `prefix` and go on as the caller
/// likes (at least one more character when `tail`, else not at all). Runs of
/// [`STRANGE_DIGIT`] in `prefix` stand for a number that occurs nowhere in the
/// document, so literal digits alone never spell it.
pub(crate) fn meets(pattern: &str, prefix: &[u8], tail: bool) -> Val {
    let p = pattern.as_bytes();
    // What is literal on both sides decides most comparisons at once.
    let plain = literal_prefix(pattern).as_bytes();
    for (a, b) in plain.iter().zip(prefix) {
        if a != b && !(*b == STRANGE_DIGIT && a.is_ascii_digit()) {
            return Val::NEVER;
        }
    }
    if p.len().saturating_mul(prefix.len()) > WORK {
        return Val::UNKNOWN;
    }
    if !reaches(p, prefix, tail, true).can {
        return Val::NEVER;
    }
    let strict = reaches(p, prefix, tail, false);
    if strict.all {
        Val::ALWAYS
    } else {
        Val::SOMETIMES
    }
}

struct Reached {
    /// Some continuation is matched.
    can: bool,
    /// Every continuation is matched.
    all: bool,
}

/// `loose`: a literal digit may stand for a strange one, as long as not all
/// twelve are literal.
fn reaches(p: &[u8], prefix: &[u8], tail: bool, loose: bool) -> Reached {
    // For each pattern position: reachable, and reachable with at least one
    // strange digit taken by something other than a literal digit.
    let width = p.len() + 1;
    let mut plain = vec![false; width];
    let mut wild = vec![false; width];
    if let Some(first) = plain.first_mut() {
        *first = true;
    }
    let strange_at_all = prefix.contains(&STRANGE_DIGIT);
    let spread = |row: &mut [bool]| {
        for at in 0..p.len() {
            if row.get(at) == Some(&true)
                && p.get(at) == Some(&b'*')
                && let Some(next) = row.get_mut(at + 1)
            {
                *next = true;
            }
        }
    };
    spread(&mut plain);
    for (position, &c) in prefix.iter().enumerate() {
        let mut next_plain = vec![false; width];
        let mut next_wild = vec![false; width];
        for at in 0..p.len() {
            let here_plain = plain.get(at) == Some(&true);
            let here_wild = wild.get(at) == Some(&true);
            if !here_plain && !here_wild {
                continue;
            }
            let strange = c == STRANGE_DIGIT;
            let (to, marks) = match p.get(at) {
                Some(b'*') => (at, strange),
                Some(b'?') => (at + 1, strange),
                Some(&d) if d == c => (at + 1, strange),
                Some(d) if strange && loose && d.is_ascii_digit() => (at + 1, false),
                _ => continue,
            };
            if here_wild || (here_plain && marks) {
                if let Some(cell) = next_wild.get_mut(to) {
                    *cell = true;
                }
            } else if let Some(cell) = next_plain.get_mut(to) {
                *cell = true;
            }
        }
        spread(&mut next_plain);
        let inside = c == STRANGE_DIGIT && prefix.get(position + 1) == Some(&STRANGE_DIGIT);
        if loose && inside {
            // A `*` among its digits hides a number, even if it matches nothing.
            for at in 0..p.len() {
                if next_plain.get(at) == Some(&true)
                    && p.get(at) == Some(&b'*')
                    && let Some(cell) = next_wild.get_mut(at + 1)
                {
                    *cell = true;
                }
            }
        }
        spread(&mut next_wild);
        plain = next_plain;
        wild = next_wild;
    }
    let mut reached = Reached {
        can: false,
        all: false,
    };
    for at in 0..width {
        let here = wild.get(at) == Some(&true) || (!strange_at_all && plain.get(at) == Some(&true));
        if !here {
            continue;
        }
        let rest = p.get(at..).unwrap_or_default();
        let stars = !rest.is_empty() && rest.iter().all(|byte| *byte == b'*');
        if tail {
            reached.can |= !rest.is_empty();
            reached.all |= stars || rest == b"?*";
        } else {
            reached.can |= rest.is_empty() || stars;
            reached.all |= rest.is_empty() || stars;
        }
    }
    reached
}

/// How `pattern` meets an account number that occurs nowhere in the document.
pub(crate) fn meets_strange_account(pattern: &str) -> Val {
    let mut literal = 0usize;
    let mut single = 0usize;
    let mut strange = 0usize;
    let mut star = false;
    for byte in pattern.bytes() {
        match byte {
            b'*' => star = true,
            b'?' => single += 1,
            STRANGE_DIGIT => strange += 1,
            b'0'..=b'9' => literal += 1,
            _ => return Val::NEVER,
        }
    }
    let fixed = literal + single + strange;
    if fixed > 12 || (!star && fixed != 12) {
        return Val::NEVER;
    }
    if literal == 0 && (strange == 0 || strange == 12) {
        return Val::ALWAYS;
    }
    if fixed == 12 && single == 0 {
        if pattern.trim_matches('*').contains('*') {
            // One number, spelt so that the document does not show it.
            return Val::SOMETIMES;
        }
        return Val::of(strange == 12);
    }
    Val::SOMETIMES
}
