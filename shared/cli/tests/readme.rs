//! What README.md shows is what the program prints.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say so"
)]

use std::path::Path;

use assert_cmd::Command;

/// As wide as README.md's text is.
const WIDTH: usize = 118;
/// The command above the table.
const COMMAND: &str =
    "cargo run -q -p auditward -- replay events/ --settings events/auditward.toml";

fn top() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap()
}

fn printed() -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_auditward"))
        .current_dir(top())
        .env("COLUMNS", WIDTH.to_string())
        .env("NO_COLOR", "1")
        .args(["replay", "events/", "--settings", "events/auditward.toml"])
        .output()
        .unwrap();
    String::from_utf8(done.stdout).unwrap()
}

/// The block of text that follows the command.
fn shown(readme: &str) -> &str {
    let (_, below) = readme.split_once(COMMAND).unwrap();
    let (_, block) = below.split_once("```text\n").unwrap();
    block.split_once("```").unwrap().0
}

fn is_between(line: &str) -> bool {
    line.starts_with('├')
}

fn is_cut(line: &str) -> bool {
    line.starts_with("│ … ") && line.contains(" more rows …")
}

/// The printed text with its first so many rows, its last row, and between them a line
/// that says how many were cut.
fn cut(printed: &str, first: usize) -> String {
    let lines: Vec<&str> = printed.lines().collect();
    let between: Vec<usize> = (0..lines.len())
        .filter(|at| is_between(lines[*at]))
        .collect();
    let left = between.len().saturating_sub(first);
    let (Some(&head), Some(&tail), 1..) = (
        first.checked_sub(1).and_then(|last| between.get(last)),
        between.last(),
        left,
    ) else {
        return printed.to_owned();
    };
    let words = format!("… {left} more rows …");
    // The line between rows has the columns.
    let columns = lines[head].trim_matches(['├', '┤']).split('┼');
    let mut cells = Vec::new();
    for (nth, column) in columns.enumerate() {
        let width = column.chars().count();
        let words = if nth == 0 { words.as_str() } else { "" };
        cells.push(format!(" {words:<0$}", width - 1));
    }
    let cut = format!("│{}│", cells.join("┆"));
    let mut all = lines[..=head].to_vec();
    all.push(&cut);
    all.extend(&lines[tail..]);
    all.join("\n") + "\n"
}

#[test]
fn the_table_is_as_it_prints() {
    let readme = std::fs::read_to_string(top().join("README.md")).unwrap();
    let shown = shown(&readme);
    let first = shown
        .lines()
        .take_while(|line| !is_cut(line))
        .filter(|line| is_between(line))
        .count();
    let printed = cut(&printed(), first);
    assert!(
        shown == printed,
        "README.md does not show what `{COMMAND}` prints. Put this between ```text and ``` below the command:\n\n{printed}"
    );
}

#[test]
fn only_a_line_that_counts_what_was_cut_is_added() {
    let table = "┌──────────────────────┬────┐\n│ What                 ┆ No │\n╞══════════════════════╪════╡\n│ a                    ┆ 1  │\n├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┼╌╌╌╌┤\n│ b                    ┆ 2  │\n├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┼╌╌╌╌┤\n│ c                    ┆ 3  │\n├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┼╌╌╌╌┤\n│ d                    ┆ 4  │\n├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┼╌╌╌╌┤\n│ e                    ┆ 5  │\n└──────────────────────┴────┘\n5 in all\n";
    let expected = "┌──────────────────────┬────┐\n│ What                 ┆ No │\n╞══════════════════════╪════╡\n│ a                    ┆ 1  │\n├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┼╌╌╌╌┤\n│ … 3 more rows …      ┆    │\n├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┼╌╌╌╌┤\n│ e                    ┆ 5  │\n└──────────────────────┴────┘\n5 in all\n";
    assert_eq!(cut(table, 1), expected);
    assert_eq!(cut(table, 4), table);
}
