//! Results on their way out: to files, written completely or not at all, or to stdout.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diarist::parts::files;
pub(crate) use diarist::parts::files::{check_writable, is_special, prepare_folder};
use diarist::{Error, ErrorKind, Result};

use crate::{exit, terminal};

/// Longest time for which the file of a [`Growing`] stays behind its text.
const MAX_BEHIND: Duration = Duration::from_secs(60);

/// Bytes of a name that may be too long for a file and end the name of another.
const MAX_SPARE_BYTES: usize = 100;

/// Whether both paths name one existing file.
pub(crate) fn is_same(left: &Path, right: &Path) -> bool {
    fs::canonicalize(left).is_ok_and(|left| fs::canonicalize(right).is_ok_and(|right| left == right && right.is_file()))
}

/// Checks that `path` has the extension of `what`, the only kind of file that a command writes, or
/// none.
pub(crate) fn check_extension(path: &Path, extension: &str, what: &str) -> Result<()> {
    let is_other = path.extension().is_some_and(|other| !other.eq_ignore_ascii_case(extension));
    if is_other && !is_special(path) {
        return Err(Error::invalid_option(format!("{what} is a .{extension} file"))
            .hint("give the output another name")
            .at(path.display().to_string()));
    }
    Ok(())
}

/// Writes all of `contents` to stdout at once. A terminal gets no control characters.
pub(crate) fn to_stdout(contents: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = if stdout.is_terminal() {
        stdout.write_all(terminal::lines(&String::from_utf8_lossy(contents)).as_bytes())
    } else {
        stdout.write_all(contents)
    };
    written
        .and_then(|()| stdout.flush())
        .map_err(|error| Error::new(ErrorKind::Output, "stdout cannot be written").caused_by(error))
}

/// Readers of a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Those that the user's mask allows.
    Usual,
    /// Only its owner: it holds voices.
    Owner,
}

/// Writes `path`. If that fails, as on a full disk, the folder for temporary files keeps the
/// contents, and the error says where.
pub(crate) fn write(path: &Path, contents: &[u8], readers: Readers) -> Result<()> {
    write_only(path, contents, readers).map_err(|error| keep_for(error, path, contents))
}

/// `error`, with the place that keeps the contents which could not be written to `path`.
pub(crate) fn keep_for(error: Error, path: impl AsRef<Path>, contents: &[u8]) -> Error {
    match keep(path.as_ref(), contents) {
        Ok(kept) => error.hint(format!("the result is in {}", kept.display())),
        Err(_) => error,
    }
}

/// Writes to `path`, or to stdout if there is none. A result that no file can hold goes to stdout.
pub(crate) fn deliver(path: Option<&Path>, contents: &[u8], readers: Readers) -> Result<()> {
    let Some(path) = path else { return to_stdout(contents) };
    let Err(error) = write_only(path, contents, readers) else { return Ok(()) };
    Err(match keep(path, contents) {
        Ok(kept) => error.hint(format!("the result is in {}", kept.display())),
        Err(_) if to_stdout(contents).is_ok() => error.hint("the result is on stdout instead"),
        Err(_) => error,
    })
}

fn write_only(path: &Path, contents: &[u8], readers: Readers) -> Result<()> {
    match readers {
        Readers::Usual => files::write(path, contents),
        Readers::Owner => files::write_private(path, contents),
    }
}

/// Writes the contents that were for `path` into the folder for temporary files. Only the owner can
/// read them there.
fn keep(path: &Path, contents: &[u8]) -> io::Result<PathBuf> {
    let mut file = spare_file(path)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    Ok(file.keep()?.1)
}

/// A new file in the folder for temporary files, for a result that `path` cannot hold. Others
/// cannot foresee its name, and it ends like that of `path`.
pub(crate) fn spare_file(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let end = &name[name.ceil_char_boundary(name.len().saturating_sub(MAX_SPARE_BYTES))..];
    tempfile::Builder::new().prefix("diarist-").suffix(&format!("-{end}")).tempfile()
}

/// One file for the results of several recordings.
///
/// It is written whole each time that the text has grown by an eighth or a minute has passed. So a
/// call that is killed keeps nearly all results, and the work does not grow with the square of
/// their number.
#[derive(Debug)]
pub(crate) struct Growing {
    path: PathBuf,
    readers: Readers,
    text: String,
    num_written: usize,
    written_at: Option<Instant>,
    is_whole: bool,
    has_failed: bool,
}

impl Growing {
    /// A file at `path` without text; nothing is written yet.
    pub(crate) fn new(path: PathBuf, readers: Readers) -> Self {
        // A pipe gets everything at the end, once.
        let has_failed = is_special(&path);
        Self { path, readers, text: String::new(), num_written: 0, written_at: None, is_whole: true, has_failed }
    }

    /// Adds text. The last one, and a file that cannot be written, are left to [`Self::finish`].
    pub(crate) fn push(&mut self, text: &str, is_last: bool) {
        self.text.push_str(text);
        self.is_whole = false;
        let num_new = self.text.len() - self.num_written;
        let is_due = 8 * num_new >= self.text.len() || self.written_at.is_none_or(|at| at.elapsed() >= MAX_BEHIND);
        if !is_due || is_last || self.has_failed {
            return;
        }
        match write_only(&self.path, self.text.as_bytes(), self.readers) {
            Ok(()) => {
                (self.num_written, self.written_at) = (self.text.len(), Some(Instant::now()));
                self.is_whole = true;
            }
            Err(error) => {
                exit::warn(&format!("{error}; the results are kept, and written at the end"));
                self.has_failed = true;
            }
        }
    }

    /// Writes the rest.
    pub(crate) fn finish(self) -> Result<()> {
        if self.is_whole {
            return Ok(());
        }
        deliver(Some(&self.path), self.text.as_bytes(), self.readers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_growing_file_is_written_a_few_times_and_is_whole_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.rttm");
        let mut file = Growing::new(path.clone(), Readers::Usual);
        let (mut num_bytes, mut length) = (0, 0);
        for index in 0..10_000 {
            file.push(&format!("line {index}\n"), false);
            if file.num_written != length {
                length = file.num_written;
                num_bytes += length;
            }
            assert!(8 * (file.text.len() - length) <= file.text.len());
        }
        let text = file.text.clone();
        file.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert!(num_bytes < 10 * text.len(), "{num_bytes} bytes for {}", text.len());
    }

    #[test]
    fn a_result_that_cannot_be_written_is_kept_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let long = format!("{}.rttm", "ä".repeat(200));
        for (place, end) in [("gone/meeting.rttm", "-meeting.rttm"), (long.as_str(), "ää.rttm")] {
            let error = write(&folder.path().join(place), b"turns", Readers::Usual).unwrap_err().to_string();
            let kept = error.split("the result is in ").nth(1).unwrap();
            assert!(kept.ends_with(end), "{error}");
            assert_eq!(fs::read(kept).unwrap(), b"turns");
            fs::remove_file(kept).unwrap();
        }
    }
}
