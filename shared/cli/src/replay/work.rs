//! The work of a replay: files are judged side by side, and the answers come
//! out in the order of the files, holding little of it in memory.

use std::borrow::Cow;
use std::io;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use indicatif::ProgressBar;

use auditward_rules::judge::Verdict;
use auditward_rules::settings::Settings;

use crate::output::Format;

use super::inputs::{self, Input, Memory};
use super::judged::{self, Judged, Place, Unreadable};
use super::lookup;
use super::read::{self, Found};
use super::row::Row;

/// Lines are handed on in pieces of about this many bytes.
const PIECE: usize = 1 << 18;
/// Pieces of one file that may wait for those of an earlier file.
const WAITING_PIECES: usize = 8;
/// Files that may be ahead of the one whose answers are being written.
const AHEAD: usize = 64;

/// What is to be judged, and how.
#[derive(Debug)]
pub struct Job {
    pub inputs: Vec<Input>,
    pub settings: Settings,
    /// Settings that lie with the events.
    pub beside: Option<String>,
    pub format: Format,
    pub all: bool,
    pub each: bool,
}

/// Some answers of one file.
#[derive(Debug, Default)]
pub struct Batch {
    /// JSON, an object a line.
    pub lines: Vec<u8>,
    /// Rows of the table.
    pub rows: Vec<Row>,
    tally: Tally,
}

/// How many events of which verdict.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub out_of_scope: u64,
    pub clean: u64,
    pub attempts: u64,
    pub cannot_tell: u64,
    pub violations: u64,
    pub unreadable: u64,
    /// Inputs in which there was no record, nor anything unreadable.
    pub empty: u64,
    /// The first of them: its place among the inputs.
    pub first_empty: Option<usize>,
}

impl Tally {
    /// How many of each verdict.
    pub fn verdicts(&self) -> impl Iterator<Item = (Verdict, u64)> {
        [
            (Verdict::Violation, self.violations),
            (Verdict::CannotTell, self.cannot_tell),
            (Verdict::Attempt, self.attempts),
            (Verdict::Clean, self.clean),
            (Verdict::OutOfScope, self.out_of_scope),
        ]
        .into_iter()
    }

    /// How many events were judged.
    pub fn events(&self) -> u64 {
        self.verdicts().map(|(_, count)| count).sum()
    }

    /// How many objects were written.
    pub fn objects(&self) -> u64 {
        self.events() + self.unreadable
    }

    fn count(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::OutOfScope => &mut self.out_of_scope,
            Verdict::Clean => &mut self.clean,
            Verdict::Attempt => &mut self.attempts,
            Verdict::CannotTell => &mut self.cannot_tell,
            Verdict::Violation => &mut self.violations,
        } += 1;
    }

    fn add(&mut self, other: &Self) {
        self.out_of_scope += other.out_of_scope;
        self.clean += other.clean;
        self.attempts += other.attempts;
        self.cannot_tell += other.cannot_tell;
        self.violations += other.violations;
        self.unreadable += other.unreadable;
    }
}

/// A file that was begun: its answers, and how large it is.
type Begun = (Receiver<Batch>, u64);

impl Job {
    /// Judges everything, and hands the answers to `take` in order.
    ///
    /// # Errors
    /// `take` failed; then nothing more is read.
    pub fn run(
        &self,
        bar: &ProgressBar,
        mut take: impl FnMut(Batch) -> io::Result<()>,
    ) -> io::Result<Tally> {
        let workers = thread::available_parallelism()
            .map_or(1, usize::from)
            .min(self.inputs.len());
        let (begin, begun) = sync_channel::<Begun>(AHEAD);
        let next = Mutex::new((self.inputs.iter(), begin));
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| self.work(&next));
            }
            // INVARIANT: dropped on return, which makes the workers' sends fail and ends them.
            let begun = begun;
            let mut tally = Tally::default();
            let mut files = 0;
            while files < self.inputs.len() {
                let Ok((batches, size)) = begun.recv() else {
                    break;
                };
                let before = tally.objects();
                for batch in batches {
                    tally.add(&batch.tally);
                    take(batch)?;
                }
                if tally.objects() == before {
                    tally.empty += 1;
                    tally.first_empty.get_or_insert(files);
                }
                bar.inc(size);
                files += 1;
            }
            Ok(tally)
        })
    }

    /// Judges one file after the other, until there is none left.
    fn work(&self, next: &Mutex<(std::slice::Iter<'_, Input>, SyncSender<Begun>)>) {
        let mut memory = Memory::default();
        loop {
            let (input, batches) = {
                let Ok(mut next) = next.lock() else { return };
                let Some(input) = next.0.next() else { return };
                let (send, batches) = sync_channel(WAITING_PIECES);
                // Under the lock: files are begun in their order.
                if next.1.send((batches, input.size())).is_err() {
                    return;
                }
                (input, send)
            };
            let name = input.name();
            let mut file = File {
                job: self,
                name: &name,
                batch: Batch::default(),
                batches,
            };
            file.judge(input, &mut memory);
            file.hand_on();
        }
    }
}

/// A file that is being judged.
struct File<'j> {
    job: &'j Job,
    name: &'j str,
    batch: Batch,
    batches: SyncSender<Batch>,
}

impl File<'_> {
    fn judge(&mut self, input: &Input, memory: &mut Memory) {
        match inputs::load(input, memory) {
            Ok(loaded) => {
                let whole = loaded.broken.is_none();
                let text = lookup::records(&loaded.text).map_or(loaded.text, Cow::Owned);
                read::each(&text, whole, &mut |found| self.take(found));
                if let Some(error) = loaded.broken {
                    self.unreadable(None, &error);
                }
            }
            Err(error) => self.unreadable(None, &error),
        }
    }

    fn take(&mut self, found: Found<'_>) {
        match found {
            Found::Unwatched(event) => {
                self.batch.tally.out_of_scope += 1;
                if self.job.format == Format::Table {
                    if self.job.all {
                        self.batch
                            .rows
                            .extend(event.record().map(|record| Row::unwatched(&record)));
                    }
                } else {
                    self.unwatched(&event);
                }
            }
            Found::Entry(entry) => match &entry.record {
                Ok(record) => {
                    let (job, place) = (
                        self.job,
                        Place {
                            file: self.name,
                            line: entry.line,
                        },
                    );
                    judged::judged(
                        record,
                        entry.delivered.as_ref(),
                        place,
                        &job.settings,
                        |judged| {
                            self.batch.tally.count(judged.verdict);
                            self.judged(judged);
                        },
                    );
                }
                Err(error) => self.unreadable(Some(entry.line), error),
            },
        }
        if self.batch.lines.len() > PIECE {
            self.hand_on();
        }
    }

    fn unwatched(&mut self, event: &read::Unwatched<'_>) {
        let begun = self.batch.lines.len();
        if judged::write_unwatched(event, &mut self.batch.lines).is_some() {
            return self.batch.lines.push(b'\n');
        }
        self.batch.lines.truncate(begun);
        if let Some(record) = event.record() {
            let (job, place) = (
                self.job,
                Place {
                    file: self.name,
                    line: 0,
                },
            );
            judged::judged(&record, None, place, &job.settings, |judged| {
                self.judged(judged)
            });
        }
    }

    fn judged(&mut self, judged: &Judged<'_>) {
        if self.job.format != Format::Table {
            return self.line(judged);
        }
        if self.job.all || judged.verdict != Verdict::OutOfScope || !judged.notes.is_empty() {
            self.batch.rows.push(Row::of(judged, &self.job.settings));
        }
    }

    fn unreadable(&mut self, line: Option<usize>, error: &str) {
        self.batch.tally.unreadable += 1;
        let place = line.map_or_else(
            || self.name.to_owned(),
            |line| format!("{}, line {line}", self.name),
        );
        let error = format!("{place}: {error}");
        if self.job.format == Format::Table {
            return self.batch.rows.push(Row::unreadable(error));
        }
        let name = self.name;
        self.line(&Unreadable::new(&error, name, line));
    }

    /// Adds an object to the lines. Writing to memory cannot fail.
    fn line(&mut self, object: &impl serde::Serialize) {
        if serde_json::to_writer(&mut self.batch.lines, object).is_ok() {
            self.batch.lines.push(b'\n');
        }
    }

    /// Sends what there is; where nobody wants it any more, it is dropped.
    fn hand_on(&mut self) {
        let _ = self.batches.send(std::mem::take(&mut self.batch));
    }
}
