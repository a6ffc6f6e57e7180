//! Files written completely or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::error::{Error, ErrorKind, Result};

/// Creates `folder` if it is missing and makes sure that files can be written there.
///
/// # Errors
/// [`ErrorKind::Output`] if not.
pub fn prepare_folder(folder: &Path) -> Result<()> {
    let create = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        temporary_in(folder)?.close()
    };
    create().map_err(|error| not_writable(folder, error))
}

/// Makes sure that `path` can be written, without changing anything, so that a fault shows before
/// hours of work.
///
/// # Errors
/// [`ErrorKind::Output`] if not.
pub fn check_writable(path: &Path) -> Result<()> {
    let check = || -> io::Result<()> {
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if is_special(path) {
            return Ok(());
        }
        if path.exists() {
            OpenOptions::new().write(true).open(path)?;
        }
        temporary_in(folder_of(&resolve(path)))?.close()
    };
    check().map_err(|error| not_writable(path, error))
}

/// Writes `path` through a temporary file beside it, so that a reader never sees half of it.
///
/// Pipes and devices are written directly.
///
/// # Errors
/// [`ErrorKind::Output`] if `path` cannot be written.
pub fn write(path: &Path, contents: &[u8]) -> Result<()> {
    let write = || -> io::Result<()> {
        if is_special(path) {
            return File::options().write(true).open(path)?.write_all(contents);
        }
        let target = resolve(path);
        let mut file = temporary_in(folder_of(&target))?;
        file.write_all(contents)?;
        file.persist(&target)?;
        Ok(())
    };
    write().map_err(|error| not_writable(path, error))
}

/// A temporary file with the permissions of other new files (`tempfile` alone makes it private).
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".diarist-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Follows links, so that the file that they point to is replaced and not the link.
fn resolve(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn is_special(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn not_writable(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Output, "cannot be written").caused_by(error).at(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.rttm");
        for contents in ["old", "new and longer"] {
            check_writable(&path).unwrap();
            write(&path, contents.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), contents);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_check_makes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        check_writable(&folder.path().join("result.rttm")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn places_that_cannot_be_written_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let cases = [folder.path().to_owned(), folder.path().join("missing/result.rttm"), file.join("result.rttm")];
        for path in cases {
            let error = check_writable(&path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Output, "{}", path.display());
        }
        assert_eq!(prepare_folder(&file).unwrap_err().kind(), ErrorKind::Output);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay_links_and_devices() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        check_writable(Path::new("/dev/null")).unwrap();
        write(Path::new("/dev/null"), b"gone").unwrap();
        assert!(is_special(Path::new("/dev/null")));
    }

    #[cfg(unix)]
    #[test]
    fn a_result_has_the_permissions_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        write(&ours, b"").unwrap();
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
