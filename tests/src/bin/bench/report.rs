//! The table.

use std::fs;
use std::process::Command;

use anyhow::Result;
use auditward_tests::binaries::root;

/// What a value is held against.
#[derive(Debug, Clone, Copy)]
pub enum Better {
    /// It must not be above this.
    AtMost(f64),
    /// It is told, and that is all.
    Told,
}

#[derive(Debug)]
struct Row {
    subject: String,
    what: String,
    value: String,
    target: String,
    verdict: &'static str,
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// A measured number.
    pub fn add(&mut self, subject: &str, what: &str, value: f64, unit: &str, better: Better) {
        let (target, verdict) = match better {
            Better::AtMost(limit) if value <= limit => (format!("≤ {limit} {unit}"), "holds"),
            Better::AtMost(limit) => (format!("≤ {limit} {unit}"), "MISSED"),
            Better::Told => (String::new(), ""),
        };
        self.rows.push(Row {
            subject: subject.into(),
            what: what.into(),
            value: format!("{value:.2} {unit}"),
            target,
            verdict,
        });
    }

    /// A line without a target.
    pub fn note(&mut self, subject: &str, what: &str, value: &str) {
        self.rows.push(Row {
            subject: subject.into(),
            what: what.into(),
            value: value.into(),
            target: String::new(),
            verdict: "",
        });
    }

    /// What the ratios are ratios of.
    pub fn base(&mut self, what: &str, value: &str) {
        self.note("echo", what, value);
    }

    /// Whether anything is above its target.
    pub fn missed(&self) -> bool {
        self.rows.iter().any(|row| row.verdict == "MISSED")
    }

    /// A Markdown table with the machine and the date.
    pub fn render(&self) -> String {
        let mut table = format!(
            "Measured on {}, {}.\n\n| Function | What | Measured | Target | |\n|---|---|---|---|---|\n",
            chrono::Utc::now().format("%Y-%m-%d"),
            machine()
        );
        for row in &self.rows {
            table.push_str(&format!(
                "| {} | {} | {} | {} | {} |\n",
                row.subject, row.what, row.value, row.target, row.verdict
            ));
        }
        table
    }
}

/// Writes the table to `BENCHMARKS.md`.
pub fn keep(table: &str) -> Result<()> {
    let text = format!(
        "# Benchmarks\n\nPrinted by `cargo run --release -p auditward-tests --bin bench -- --write`: \
         each function's release binary, driven over the Lambda Runtime API beside a bare \
         `lambda_runtime` echo of the raw payload, in one run with interleaved processes.\n\n{table}"
    );
    fs::write(root().join("BENCHMARKS.md"), text)?;
    Ok(())
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.into());
    let rustc = Command::new("rustc")
        .arg("--version")
        .output()
        .map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned())
        .unwrap_or_default();
    format!("{processor}, {cores} cores, {rustc}")
}
