//! Where events come from: files, folders, standard input; compressed or not.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use walkdir::{DirEntry, WalkDir};

/// A compressed file that inflates to more than this is refused: it is no log
/// file of CloudTrail's (they hold a few minutes), and may be meant to fill the memory.
const LARGEST: u64 = 1 << 30;
/// A gzip file begins with these bytes, whatever its name.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// CloudTrail puts the digests of its log files beside them; they hold no events.
const DIGESTS: &str = "CloudTrail-Digest";

/// One source of events.
#[derive(Debug)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file, and its size as it lies on the disk.
    File(PathBuf, u64),
    /// A path that cannot be read, and why.
    Missing(String, String),
}

impl Input {
    /// What people call it.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".into(),
            Self::File(path, _) => path.display().to_string(),
            Self::Missing(name, _) => name.clone(),
        }
    }

    /// How much work it is, in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::File(_, size) => *size,
            Self::Stdin | Self::Missing(..) => 0,
        }
    }
}

/// What is said of a folder in which nothing is taken: with a misspelt one, or one of
/// other files, everything would look well.
const NOTHING: &str = "no events in it; of a folder and all its subfolders the files are taken that end in .json, .jsonl or .gz, but for CloudTrail's digests";

/// All inputs that the paths name; folders are gone through in order of names.
pub fn collect(paths: &[PathBuf]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            inputs.push(Input::Stdin);
            continue;
        }
        let before = inputs.len();
        let entries = WalkDir::new(path)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter();
        for entry in entries.filter_entry(|entry| entry.file_name() != DIGESTS) {
            match entry {
                // What is named is read whatever its name.
                Ok(entry)
                    if entry.file_type().is_file()
                        && (entry.depth() == 0 || holds_events(&entry)) =>
                {
                    let size = entry.metadata().map_or(0, |found| found.len());
                    inputs.push(Input::File(entry.into_path(), size));
                }
                Ok(entry) if entry.depth() == 0 && !entry.file_type().is_dir() => {
                    inputs.push(Input::File(entry.into_path(), 0));
                }
                Ok(_) => {}
                Err(error) => {
                    let name = error.path().unwrap_or(path).display().to_string();
                    let why = error
                        .io_error()
                        .map_or_else(|| error.to_string(), io::Error::to_string);
                    inputs.push(Input::Missing(name, why));
                }
            }
        }
        if inputs.len() == before {
            let name = path.display().to_string();
            inputs.push(Input::Missing(name, NOTHING.into()));
        }
    }
    inputs
}

/// Whether a file of a folder is one of events: `.json`, `.jsonl`, and those compressed.
fn holds_events(entry: &DirEntry) -> bool {
    let extension = |path: &Path| path.extension().map(|ext| ext.to_ascii_lowercase());
    let path = entry.path();
    match extension(path) {
        Some(ext) if ext == "gz" => extension(Path::new(path.file_stem().unwrap_or_default()))
            .is_none_or(|ext| ext == "json" || ext == "jsonl"),
        Some(ext) => ext == "json" || ext == "jsonl",
        None => false,
    }
}

/// Memory that is used for one file after the other.
#[derive(Debug, Default)]
pub struct Memory {
    stored: Vec<u8>,
    inflated: Vec<u8>,
}

/// The text of an input.
#[derive(Debug)]
pub struct Text<'m> {
    pub text: Cow<'m, str>,
    /// Why there is no more of it, where it breaks off.
    pub broken: Option<String>,
}

/// Reads an input.
///
/// # Errors
/// A sentence saying why it cannot be read.
pub fn load<'m>(input: &Input, memory: &'m mut Memory) -> Result<Text<'m>, String> {
    memory.stored.clear();
    let read = match input {
        Input::Stdin => io::stdin().lock().read_to_end(&mut memory.stored),
        Input::File(path, _) => {
            fs::File::open(path).and_then(|mut file| file.read_to_end(&mut memory.stored))
        }
        Input::Missing(_, why) => return Err(why.clone()),
    };
    read.map_err(|error| error.to_string())?;
    if !memory.stored.starts_with(&GZIP) {
        return Ok(Text {
            text: text(&memory.stored),
            broken: None,
        });
    }
    let broken = inflate(&memory.stored, &mut memory.inflated)?;
    Ok(Text {
        text: text(&memory.inflated),
        broken,
    })
}

/// The bytes as text; what is no UTF-8 is replaced, so that the rest is read.
/// Checking first is ten times as fast as replacing at once.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Inflates all members of a gzip file, and says why it breaks off, if it does.
fn inflate(stored: &[u8], inflated: &mut Vec<u8>) -> Result<Option<String>, String> {
    inflated.clear();
    // The last four bytes hold the size of the last member; it only saves copying.
    let told = stored
        .last_chunk()
        .map_or(0, |size| u32::from_le_bytes(*size) as usize);
    inflated.reserve(told.min(stored.len().saturating_mul(32)).min(1 << 28));
    let read = MultiGzDecoder::new(stored)
        .take(LARGEST + 1)
        .read_to_end(inflated);
    if inflated.len() as u64 > LARGEST {
        return Err(format!(
            "inflates to more than {} MiB: too large for one file, split it",
            LARGEST >> 20
        ));
    }
    match read {
        Ok(_) => Ok(None),
        Err(error) if inflated.is_empty() => Err(format!("expected gzip: {error}")),
        Err(error) => Ok(Some(format!("expected gzip, breaks off: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn zipped(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn all_members_are_inflated() {
        let mut inflated = Vec::new();
        let stored = [zipped("one "), zipped("two")].concat();
        assert_eq!(inflate(&stored, &mut inflated), Ok(None));
        assert_eq!(inflated, b"one two");
    }

    #[test]
    fn what_breaks_off_gives_what_is_whole_and_says_so() {
        let mut inflated = Vec::new();
        let stored = [zipped("one "), zipped("two")].concat();
        let cut = &stored[..stored.len() - 10];
        assert!(
            inflate(cut, &mut inflated)
                .unwrap()
                .unwrap()
                .contains("breaks off")
        );
        assert!(inflated.starts_with(b"one "));
    }
}
