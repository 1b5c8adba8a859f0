//! Why a text is not a policy document, and where.

use crate::json::SyntaxError;

/// Why a text is not a policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}, at {path}: expected {expected}, found {found}")]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The element in which reading stopped, for example `Statement[1].Effect`.
    pub path: String,
    /// What should have been there.
    pub expected: String,
    /// What was there instead.
    pub found: String,
}

impl ParseError {
    pub(crate) fn new(text: &str, at: usize, path: String, expected: &str) -> ParseError {
        let at = (0..=at.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        let before = text.get(..at).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |last| last.chars().count())
            + 1;
        let found = match text.get(at..).and_then(|rest| rest.chars().next()) {
            None => "the end of the text".to_owned(),
            Some('\n' | '\r') => "the end of the line".to_owned(),
            Some('"') => "a string".to_owned(),
            Some('{') => "an object".to_owned(),
            Some('[') => "a list".to_owned(),
            Some(c) => format!("`{}`", c.escape_debug()),
        };
        ParseError {
            line,
            column,
            path,
            expected: expected.to_owned(),
            found,
        }
    }

    pub(crate) fn syntax(text: &str, error: &SyntaxError) -> ParseError {
        let path = path_at(text, error.at);
        ParseError::new(text, error.at, path, error.expected)
    }
}

/// The element around a place in a text that could not be read to its end.
fn path_at(text: &str, at: usize) -> String {
    // Walks over the readable part once: names and positions of what is open.
    let mut open: Vec<(bool, usize, String)> = Vec::new();
    let mut last = String::new();
    let mut string: Option<String> = None;
    let mut escape = false;
    for c in text.get(..at).unwrap_or_default().chars() {
        if let Some(inside) = string.as_mut() {
            if escape {
                escape = false;
                inside.push(c);
            } else if c == '\\' {
                escape = true;
            } else if c == '"' {
                last = string.take().unwrap_or_default();
            } else if inside.len() < 80 {
                inside.push(c);
            }
            continue;
        }
        match c {
            '"' => string = Some(String::new()),
            '{' | '[' => open.push((c == '[', 0, String::new())),
            '}' | ']' => {
                open.pop();
            }
            ':' => {
                if let Some(top) = open.last_mut() {
                    top.2 = std::mem::take(&mut last);
                }
            }
            ',' => {
                if let Some(top) = open.last_mut() {
                    top.1 += 1;
                    top.2.clear();
                }
            }
            _ => {}
        }
        if open.len() > 40 {
            break;
        }
    }
    let mut path = String::new();
    for (list, position, name) in open {
        if list {
            path.push_str(&format!("[{position}]"));
        } else if !name.is_empty() {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&name);
        }
    }
    if path.is_empty() {
        "the document".to_owned()
    } else {
        format!("`{path}`")
    }
}
