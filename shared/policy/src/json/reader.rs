//! The reading itself, without recursion beyond a fixed depth.

use std::borrow::Cow;

use super::{Node, Shape, SyntaxError, Tape, small};

/// Deeper documents are refused; a policy has at most seven levels.
const MAX_DEPTH: usize = 32;

pub(super) struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node<'a>>,
    garbled: bool,
    /// The text has no control character, so no string has to be searched.
    smooth: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Reader<'a> {
        Reader {
            text,
            bytes: text.as_bytes(),
            at: 0,
            nodes: Vec::with_capacity(text.len() / 14 + 8),
            garbled: false,
            smooth: !text.bytes().any(|byte| byte < 0x20),
        }
    }

    /// Reads one value and nothing after it.
    pub(super) fn document(mut self) -> Result<Tape<'a>, SyntaxError> {
        self.skip_space();
        self.value(0)?;
        self.skip_space();
        if self.at < self.bytes.len() {
            return Err(self.error("the end of the document"));
        }
        Ok(Tape {
            nodes: self.nodes,
            garbled: self.garbled,
        })
    }

    fn error(&self, expected: &'static str) -> SyntaxError {
        SyntaxError {
            at: self.at,
            expected,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn push(&mut self, shape: Shape, at: usize, text: Cow<'a, str>) -> usize {
        let index = self.nodes.len();
        self.nodes.push(Node {
            shape,
            end: small(index + 1),
            at: small(at),
            text,
        });
        index
    }

    fn close(&mut self, index: usize) {
        let end = small(self.nodes.len());
        if let Some(node) = self.nodes.get_mut(index) {
            node.end = end;
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), SyntaxError> {
        if depth > MAX_DEPTH {
            return Err(self.error("less nesting (32 levels at most)"));
        }
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Shape::Bool),
            Some(b'f') => self.word("false", Shape::Bool),
            Some(b'n') => self.word("null", Shape::Null),
            _ => Err(self.error("a value")),
        }
    }

    fn word(&mut self, word: &'static str, shape: Shape) -> Result<(), SyntaxError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(self.error("a value"));
        }
        self.push(shape, self.at, Cow::Borrowed(word));
        self.at += word.len();
        Ok(())
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.error("a digit"));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if let Some(b'0'..=b'9') = self.peek() {
                return Err(self.error("a number without a leading zero"));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        self.push(Shape::Number, start, Cow::Borrowed(text));
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), SyntaxError> {
        let index = self.push(Shape::Array, self.at, Cow::Borrowed(""));
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_space();
            self.value(depth + 1)?;
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    self.close(index);
                    return Ok(());
                }
                _ => return Err(self.error("`,` or `]`")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), SyntaxError> {
        let index = self.push(Shape::Object, self.at, Cow::Borrowed(""));
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.error("a name in double quotes"));
            }
            self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.error("`:`"));
            }
            self.at += 1;
            self.skip_space();
            self.value(depth + 1)?;
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    self.close(index);
                    return Ok(());
                }
                _ => return Err(self.error("`,` or `}`")),
            }
        }
    }

    fn string(&mut self) -> Result<usize, SyntaxError> {
        let start = self.at;
        self.at += 1;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        if !self.smooth {
            let inside = rest.get(..length).unwrap_or_default();
            if let Some(control) = inside.iter().position(|byte| *byte < 0x20) {
                self.at += control;
                return Err(self.error("the closing quote of a string"));
            }
        }
        self.at += length;
        match self.peek() {
            Some(b'"') => {
                let text = self.text.get(start + 1..self.at).unwrap_or_default();
                self.at += 1;
                Ok(self.push(Shape::String, start, Cow::Borrowed(text)))
            }
            Some(_) => self.escaped(start),
            None => Err(self.error("the closing quote of a string")),
        }
    }

    fn escaped(&mut self, start: usize) -> Result<usize, SyntaxError> {
        let mut out = String::with_capacity(self.at - start + 16);
        let mut plain = start + 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    out.push_str(self.text.get(plain..self.at).unwrap_or_default());
                    self.at += 1;
                    return Ok(self.push(Shape::String, start, Cow::Owned(out)));
                }
                Some(b'\\') => {
                    out.push_str(self.text.get(plain..self.at).unwrap_or_default());
                    self.at += 1;
                    out.push(self.escape()?);
                    plain = self.at;
                }
                Some(0..=0x1f) | None => {
                    return Err(self.error("the closing quote of a string"));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let wrong = "an escape such as `\\n` or `\\u0041`";
        let plain = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let first = self.hex()?;
                self.garbled |= first < 0x09;
                if !(0xD800..0xE000).contains(&first) {
                    return char::from_u32(first).ok_or_else(|| self.error(wrong));
                }
                if first >= 0xDC00
                    || self.bytes.get(self.at..self.at + 2) != Some(b"\\u".as_slice())
                {
                    return Err(self.error("the second half of a surrogate pair"));
                }
                self.at += 2;
                let second = self.hex()?;
                if !(0xDC00..0xE000).contains(&second) {
                    return Err(self.error("the second half of a surrogate pair"));
                }
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return char::from_u32(code).ok_or_else(|| self.error(wrong));
            }
            _ => return Err(self.error(wrong)),
        };
        self.at += 1;
        Ok(plain)
    }

    fn hex(&mut self) -> Result<u32, SyntaxError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self
                .peek()
                .and_then(|byte| char::from(byte).to_digit(16))
                .ok_or_else(|| self.error("four hexadecimal digits"))?;
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}
