//! How things look on a terminal, the same in every command.

use std::fmt;
use std::io::Write as _;

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// How an answer is written: for people, or for machines as one list or one object
/// a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Json,
    Jsonl,
}

/// Exit status for findings, where they were asked to count, and for bad settings.
pub const FOUND: u8 = 1;
/// Exit status for input that could not be read.
pub const FAILED: u8 = 2;

/// Something is wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Something is right.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What to look at first.
pub const STRONG: Style = Style::new().bold();
/// What may be passed over.
pub const FAINT: Style = Style::new().dimmed();

/// The width where no terminal tells one.
const PLAIN_WIDTH: u16 = 120;
/// Wider lines are hard to read.
const WIDEST: u16 = 180;

/// An empty table as wide as the terminal (or as `COLUMNS` says), coloured only
/// where colours are wanted: on a terminal, and not with `NO_COLOR`.
pub fn table() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL)
        .set_content_arrangement(ContentArrangement::Dynamic);
    let width = width(&table);
    table.set_width(width);
    if coloured() {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    table
}

fn width(table: &Table) -> u16 {
    let told = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    told.or_else(|| table.width())
        .unwrap_or(PLAIN_WIDTH)
        .clamp(40, WIDEST)
}

/// Whether standard output wants colours.
fn coloured() -> bool {
    let stdout = std::io::stdout();
    anstream::AutoStream::choice(&stdout) != ColorChoice::Never
}

/// Text in a style; the streams of `anstream` strip it where no colour is wanted.
pub fn styled(style: Style, text: &str) -> String {
    format!("{}{text}{}", style.render(), style.render_reset())
}

/// Prints text, without its styles where no colour is wanted. What cannot be written
/// is an error, where `anstream`'s macros would panic.
///
/// # Errors
/// Standard output cannot be written.
pub fn print(text: impl fmt::Display) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    write!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// Prints text and a newline.
///
/// # Errors
/// Standard output cannot be written.
pub fn line(text: impl fmt::Display) -> anyhow::Result<()> {
    print(format_args!("{text}\n"))
}

/// Tells people something beside the answer, on standard error. Where that cannot be
/// written there is nobody to be told.
pub fn complain(text: impl fmt::Display) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Prints a value as indented JSON and a newline.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Prints a value as JSON in one line.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_line(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// `1 event`, `2 events`.
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
