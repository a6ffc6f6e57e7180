//! Results on their way out: to files, written completely or not at all, or to stdout.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

pub(crate) use diarist::parts::files::{check_writable, prepare_folder, write};
use diarist::{Error, ErrorKind, Result};

/// Whether both paths name one existing file.
pub(crate) fn is_same(left: &Path, right: &Path) -> bool {
    fs::canonicalize(left).is_ok_and(|left| fs::canonicalize(right).is_ok_and(|right| left == right && right.is_file()))
}

/// Writes all of `contents` to stdout at once.
pub(crate) fn to_stdout(contents: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(contents).and_then(|()| stdout.flush());
    written.map_err(|error| Error::new(ErrorKind::Output, "stdout cannot be written").caused_by(error))
}

/// Writes to `path`, or to stdout if there is none.
pub(crate) fn deliver(path: Option<&Path>, contents: &[u8]) -> Result<()> {
    path.map_or_else(|| to_stdout(contents), |path| write(path, contents))
}
