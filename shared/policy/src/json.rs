//! A small JSON reader that keeps everything: order, duplicate keys, the text
//! of numbers, and where each value stands. The result is one flat list of
//! nodes that borrows from the text, so reading a policy costs one allocation.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Deeper documents are refused; a policy has at most seven levels.
const MAX_DEPTH: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    pub(crate) shape: Shape,
    /// One past the last node of this value.
    end: u32,
    /// Byte offset in the text.
    at: u32,
    /// The unescaped string, or the literal text of a scalar.
    text: Cow<'a, str>,
}

/// Where and why reading stopped.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) at: usize,
    pub(crate) expected: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Tape<'a> {
    nodes: Vec<Node<'a>>,
    /// Whether a string holds a control character; no honest policy does.
    pub(crate) garbled: bool,
}

static NOTHING: Node<'static> = Node {
    shape: Shape::Null,
    end: 0,
    at: 0,
    text: Cow::Borrowed("null"),
};

impl<'a> Tape<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Tape<'a>, SyntaxError> {
        if u32::try_from(text.len()).is_err() {
            return Err(SyntaxError {
                at: 0,
                expected: "a document of less than 4 GB",
            });
        }
        let mut reader = Reader {
            text,
            bytes: text.as_bytes(),
            at: 0,
            nodes: Vec::with_capacity(text.len() / 14 + 8),
            garbled: false,
        };
        reader.skip_space();
        reader.value(0)?;
        reader.skip_space();
        if reader.at < reader.bytes.len() {
            return Err(reader.error("the end of the document"));
        }
        Ok(Tape {
            nodes: reader.nodes,
            garbled: reader.garbled,
        })
    }

    pub(crate) fn root(&self) -> View<'_, 'a> {
        View {
            tape: &self.nodes,
            index: 0,
        }
    }
}

/// One value inside a [`Tape`].
#[derive(Clone, Copy)]
pub(crate) struct View<'t, 'a> {
    tape: &'t [Node<'a>],
    pub(crate) index: usize,
}

impl<'t, 'a> View<'t, 'a> {
    fn node(self) -> &'t Node<'a> {
        self.tape.get(self.index).unwrap_or(&NOTHING)
    }

    pub(crate) fn shape(self) -> Shape {
        self.node().shape
    }

    /// The text of a scalar; empty for arrays and objects.
    pub(crate) fn text(self) -> &'t str {
        &self.node().text
    }

    pub(crate) fn offset(self) -> usize {
        self.node().at as usize
    }

    pub(crate) fn is_scalar(self) -> bool {
        !matches!(self.shape(), Shape::Array | Shape::Object)
    }

    /// The text of a string, number or boolean.
    pub(crate) fn scalar(self) -> Option<&'t str> {
        matches!(self.shape(), Shape::String | Shape::Number | Shape::Bool).then(|| self.text())
    }

    /// The values of an array; of anything else, itself.
    pub(crate) fn items(self) -> Items<'t, 'a> {
        let node = self.node();
        if node.shape == Shape::Array {
            Items {
                tape: self.tape,
                next: self.index + 1,
                end: node.end as usize,
            }
        } else {
            Items {
                tape: self.tape,
                next: self.index,
                end: self.index + 1,
            }
        }
    }

    /// The entries of an object; of anything else, none.
    pub(crate) fn entries(self) -> Entries<'t, 'a> {
        let node = self.node();
        let end = if node.shape == Shape::Object {
            node.end as usize
        } else {
            self.index + 1
        };
        Entries {
            tape: self.tape,
            next: self.index + 1,
            end,
        }
    }

    /// The first entry with that name.
    pub(crate) fn get(self, name: &str) -> Option<View<'t, 'a>> {
        self.entries()
            .find_map(|(key, value)| (key.text() == name).then_some(value))
    }

    pub(crate) fn write(self, out: &mut String) {
        match self.shape() {
            Shape::String => write_string(self.text(), out),
            Shape::Array => {
                out.push('[');
                for (position, item) in self.items().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Shape::Object => {
                out.push('{');
                for (position, (key, value)) in self.entries().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    write_string(key.text(), out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
            Shape::Null | Shape::Bool | Shape::Number => out.push_str(self.text()),
        }
    }

    pub(crate) fn write_pretty(self, indent: usize, out: &mut String) {
        let line = |depth: usize, out: &mut String| {
            out.push('\n');
            for _ in 0..depth {
                out.push_str("  ");
            }
        };
        match self.shape() {
            Shape::Array if self.items().next().is_some() => {
                out.push('[');
                for (position, item) in self.items().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    line(indent + 1, out);
                    item.write_pretty(indent + 1, out);
                }
                line(indent, out);
                out.push(']');
            }
            Shape::Object if self.entries().next().is_some() => {
                out.push('{');
                for (position, (key, value)) in self.entries().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    line(indent + 1, out);
                    write_string(key.text(), out);
                    out.push_str(": ");
                    value.write_pretty(indent + 1, out);
                }
                line(indent, out);
                out.push('}');
            }
            _ => self.write(out),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Items<'t, 'a> {
    tape: &'t [Node<'a>],
    next: usize,
    end: usize,
}

impl<'t, 'a> Iterator for Items<'t, 'a> {
    type Item = View<'t, 'a>;

    fn next(&mut self) -> Option<View<'t, 'a>> {
        if self.next >= self.end {
            return None;
        }
        let view = View {
            tape: self.tape,
            index: self.next,
        };
        self.next = (view.node().end as usize).max(self.next + 1);
        Some(view)
    }
}

pub(crate) struct Entries<'t, 'a> {
    tape: &'t [Node<'a>],
    next: usize,
    end: usize,
}

impl<'t, 'a> Iterator for Entries<'t, 'a> {
    type Item = (View<'t, 'a>, View<'t, 'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.next + 1 >= self.end {
            return None;
        }
        let key = View {
            tape: self.tape,
            index: self.next,
        };
        let value = View {
            tape: self.tape,
            index: self.next + 1,
        };
        self.next = (value.node().end as usize).max(self.next + 2);
        Some((key, value))
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node<'a>>,
    garbled: bool,
}

impl<'a> Reader<'a> {
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
        loop {
            match self.peek() {
                Some(b'"') => {
                    let text = self.text.get(start + 1..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(self.push(Shape::String, start, Cow::Borrowed(text)));
                }
                Some(b'\\') => return self.escaped(start),
                Some(0..=0x1f) | None => {
                    return Err(self.error("the closing quote of a string"));
                }
                Some(_) => self.at += 1,
            }
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

// INVARIANT: `Tape::parse` refuses texts beyond u32, and there are fewer
// nodes than bytes.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Appends `text` as a JSON string.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
