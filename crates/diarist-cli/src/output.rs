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

/// Whether `path` leads to something that keeps no contents and so needs no extension: a device, a
/// pipe, a folder.
pub(crate) fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
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
