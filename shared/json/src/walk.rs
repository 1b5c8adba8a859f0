//! Steps through checked JSON without reading what it steps over.
//!
//! A record is walked several times: its envelope, its members, the members that
//! a rule asks for. Checking the text again each time would be most of what a
//! call costs, and [`crate::Json`] holds none that was not checked.

/// A place in a text.
pub struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    /// Stands before a value.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Goes into an object or a list; `None` where the value is none.
    pub fn enter(&mut self, bracket: u8) -> Option<()> {
        (self.byte()? == bracket).then(|| self.at += 1)
    }

    /// The key of the next member of the object, with its quotes; its value comes next.
    pub fn key(&mut self) -> Option<&'a str> {
        let key = self.element()?;
        self.gap(b':');
        Some(key)
    }

    /// The next element of the list; `None` behind the last.
    pub fn element(&mut self) -> Option<&'a str> {
        self.gap(b',');
        match self.byte()? {
            b'}' | b']' => None,
            _ => self.value(),
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes past white space and one kind of mark.
    fn gap(&mut self, mark: u8) {
        while self
            .byte()
            .is_some_and(|byte| byte == mark || byte.is_ascii_whitespace())
        {
            self.at += 1;
        }
    }

    /// Where it stands.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The text from a place up to where it stands, behind the bracket there.
    pub fn leave(&mut self, from: usize) -> Option<&'a str> {
        self.at += 1;
        self.text.get(from..self.at)
    }

    /// Goes past a value.
    pub fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        match self.byte()? {
            b'"' => self.string()?,
            b'{' | b'[' => self.nested()?,
            _ => self.bare(),
        }
        self.text.get(start..self.at)
    }

    /// Goes past a string.
    fn string(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let mut end = start;
        loop {
            end += quote(bytes.get(end..)?)?;
            // Behind an odd number of backslashes a quote is part of the text.
            let before = bytes.get(start..end)?;
            end += 1;
            if before.last() != Some(&b'\\')
                || before
                    .iter()
                    .rev()
                    .take_while(|byte| **byte == b'\\')
                    .count()
                    % 2
                    == 0
            {
                self.at = end;
                return Some(());
            }
        }
    }

    /// Goes past an object or a list, however deep.
    fn nested(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.byte()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// Goes past a number, a boolean or `null`.
    fn bare(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
        self.at += rest.iter().position(ends).unwrap_or(rest.len());
    }
}

/// Where the first quote is. Most strings are short: eight bytes at a time find it
/// before a search for long texts has begun.
fn quote(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    let (words, _) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().take(4).enumerate() {
        let differ = u64::from_le_bytes(*word) ^ QUOTES;
        // The lowest byte that is zero sets its highest bit.
        let zero = differ.wrapping_sub(ONES) & !differ & (ONES << 7);
        if zero != 0 {
            return Some(at * 8 + usize::try_from(zero.trailing_zeros() / 8).ok()?);
        }
    }
    let seen = 8 * words.len().min(4);
    Some(seen + memchr::memchr(b'"', bytes.get(seen..)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_found_wherever_it_is() {
        for length in 0..80 {
            let mut text = vec![b'!'; length];
            assert_eq!(quote(&text), None);
            text.extend(b"\"#\"");
            assert_eq!(quote(&text), Some(length));
        }
    }
}
