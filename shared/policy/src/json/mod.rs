//! A small JSON reader that keeps everything: order, duplicate keys, the text
//! of numbers, and where each value stands. The result is one flat list of
//! nodes that borrows from the text, so reading a policy costs one allocation.

use std::borrow::Cow;
use std::fmt::Write as _;

mod reader;

use reader::Reader;

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
        Reader::new(text).document()
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
