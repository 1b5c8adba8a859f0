//! How fast and how small the functions are, in multiples of a bare echo.
//!
//! ```text
//! cargo run --release -p auditward-tests --bin bench            print the table
//! cargo run --release -p auditward-tests --bin bench -- --write and keep it in BENCHMARKS.md
//! ```
//! `--runs N` sets the number of cold starts a measurement (40), `--no-build`
//! measures what is built already, `--no-trips` leaves out the part that needs
//! moto, `--only NAME` measures that function alone. Everything is measured in
//! one run, with the processes of all subjects interleaved, so that a busy
//! machine slows all of them alike.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod artifact;
mod report;
mod store;
mod subject;
mod timing;
mod trips;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use auditward_tests::scene::FUNCTIONS;

use report::Report;
use store::Store;

struct Asked {
    write: bool,
    build: bool,
    trips: bool,
    only: Option<String>,
    runs: usize,
}

impl Asked {
    fn read() -> Result<Self> {
        let mut asked = Self {
            write: false,
            build: true,
            trips: true,
            only: None,
            runs: 40,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--write" => asked.write = true,
                "--no-build" => asked.build = false,
                "--no-trips" => asked.trips = false,
                "--only" => {
                    let name = words.next().context("--only takes a function's name")?;
                    asked.only = Some(name);
                }
                "--runs" => {
                    let count = words.next().context("--runs takes a number")?;
                    asked.runs = count.parse().context("--runs takes a number")?;
                }
                other => bail!("{other} is unknown: see the head of the benchmark's main.rs"),
            }
        }
        if asked.write && asked.only.is_some() {
            bail!("--write keeps the figures of all functions: leave --only out");
        }
        Ok(asked)
    }

    /// The functions that are measured.
    fn functions(&self) -> Result<Vec<&'static str>> {
        let wanted = |name: &&str| self.only.as_deref().is_none_or(|only| only == *name);
        let functions: Vec<_> = FUNCTIONS.into_iter().filter(wanted).collect();
        if functions.is_empty() {
            bail!("--only takes one of {}", FUNCTIONS.join(", "));
        }
        Ok(functions)
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let asked = Asked::read()?;
    if cfg!(debug_assertions) {
        bail!("measure a release build: cargo run --release -p auditward-tests --bin bench");
    }
    let functions = asked.functions()?;
    if asked.build {
        artifact::build(&functions)?;
    }
    let store = Store::start().await?;
    let subjects = subject::all(&functions, &store)?;
    let mut report = Report::default();
    timing::cold(&subjects, asked.runs, &mut report).await?;
    timing::warm(&subjects, asked.runs, &mut report).await?;
    timing::memory(&subjects, &mut report).await?;
    artifact::sizes(&subjects, &mut report)?;
    if asked.trips {
        trips::count(&subjects, &mut report).await?;
    }
    let table = report.render();
    println!("{table}");
    if asked.write {
        report::keep(&table)?;
    }
    if report.missed() {
        eprintln!("a target was missed");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
