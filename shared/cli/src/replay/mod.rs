//! `auditward replay`: judges recorded events, and says what would be written.

mod digest;
mod inputs;
mod judged;
mod lookup;
mod read;
mod row;
mod table;
mod wishes;
mod words;
mod work;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use auditward_rules::judge::Verdict;

use crate::load;
use crate::output::{self, Format};
use work::{Batch, Job, Tally};

/// Judge recorded events: what happened, the verdict, what would be written.
///
/// Nothing is written and nobody is asked: this reads files. Events may be as
/// EventBridge delivers them, CloudTrail's log files, what `aws cloudtrail
/// lookup-events` prints, single records, lists or JSON lines, compressed or not.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 judged, whatever the verdicts; 1 a verdict that --fail-on names; 2 some input could not be read."
)]
pub struct Args {
    /// Files, folders (.json, .jsonl and .gz of them, in all subfolders), or `-` for standard input.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Settings (auditward.toml). Without, each record's own account is ours
    /// and every resource counts as protected.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// For people, or for machines: one list, or one object a line.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// List events that no rule watches, too.
    #[arg(long)]
    all: bool,
    /// List every event, however many there are; else many are gathered by rule.
    #[arg(long)]
    each: bool,
    /// End with exit status 1 if any event has this verdict or a graver one.
    #[arg(long, value_enum, value_name = "VERDICT")]
    fail_on: Option<FailOn>,
}

/// Verdicts that may fail a run, from light to grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Attempt,
    CannotTell,
    Violation,
}

impl FailOn {
    fn is_met(self, tally: &Tally) -> bool {
        let least = match self {
            Self::Attempt => Verdict::Attempt,
            Self::CannotTell => Verdict::CannotTell,
            Self::Violation => Verdict::Violation,
        };
        tally
            .verdicts()
            .any(|(verdict, count)| verdict >= least && count > 0)
    }
}

/// Settings that lie at the top of a folder with the events: who replays them may
/// mean these, and is told.
fn beside(paths: &[PathBuf]) -> Option<String> {
    let mut files = paths.iter().map(|path| path.join("auditward.toml"));
    let file = files.find(|file| file.is_file())?;
    Some(file.display().to_string())
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let job = Job {
        inputs: inputs::collect(&args.paths),
        settings: load::settings(args.settings.as_deref())?,
        beside: beside(&args.paths),
        format: args.format,
        all: args.all,
        each: args.each,
    };
    let tally = match args.format {
        Format::Table => {
            let bar = bar(&job);
            let mut rows = Vec::new();
            let tally = job.run(&bar, |batch: Batch| {
                rows.extend(batch.rows);
                Ok(())
            })?;
            bar.finish_and_clear();
            table::print(rows, &tally, &job)?;
            tally
        }
        Format::Json | Format::Jsonl => {
            let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
            let list = args.format == Format::Json;
            let tally = job.run(&ProgressBar::hidden(), lines(&mut out, list))?;
            if list {
                out.write_all(if tally.objects() == 0 {
                    b"[]\n"
                } else {
                    b"\n]\n"
                })?;
            }
            out.flush()?;
            tally
        }
    };
    Ok(match args.fail_on {
        _ if tally.unreadable > 0 => ExitCode::from(output::FAILED),
        Some(least) if least.is_met(&tally) => ExitCode::from(output::FOUND),
        _ => ExitCode::SUCCESS,
    })
}

/// Writes batches of lines; as elements of one list, where one is asked for.
fn lines<'o>(out: &'o mut impl Write, list: bool) -> impl FnMut(Batch) -> io::Result<()> + 'o {
    let mut begun = false;
    move |batch| {
        if !list {
            return out.write_all(&batch.lines);
        }
        for line in batch
            .lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            out.write_all(if begun { b",\n" } else { b"[\n" })?;
            out.write_all(line)?;
            begun = true;
        }
        Ok(())
    }
}

/// Progress on standard error, where that is a terminal.
fn bar(job: &Job) -> ProgressBar {
    let total = job.inputs.iter().map(inputs::Input::size).sum();
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template(
        "{wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}",
    );
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
