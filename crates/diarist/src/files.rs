//! Files read up to a limit, and written completely or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::error::{Error, ErrorKind, Result};

/// Largest file of labels, words, people or settings. A device such as `/dev/zero` never ends.
const MAX_BYTES: u64 = 512 << 20;

/// The contents of the file at `path`: labels, words, people or settings, not audio.
///
/// # Errors
/// [`ErrorKind::Input`] if it cannot be read or has more than 512 MiB.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let opened = File::open(path).map_err(|error| Error::input("cannot be read").caused_by(error));
    opened.and_then(read_from).map_err(|error| error.at(path.display().to_string()))
}

/// The text in the file at `path`, as [`read`] reads it.
///
/// # Errors
/// As [`read`], and if it is not UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|_| Error::input("is not text in UTF-8").at(path.display().to_string()))
}

/// All bytes of `reader`, under the limit of [`read`].
///
/// # Errors
/// As [`read`].
pub fn read_from(reader: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::input("cannot be read").caused_by(error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::input(format!("has more than {} MiB", MAX_BYTES >> 20)).hint("check the path"));
    }
    Ok(bytes)
}

/// Creates `folder` if it is missing and makes sure that files can be written there.
///
/// # Errors
/// [`ErrorKind::Output`] if not.
pub fn prepare_folder(folder: &Path) -> Result<()> {
    let create = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        temporary_in(folder, 0o600)?.close()
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
        temporary_in(folder_of(&resolve(path)), 0o600)?.close()
    };
    check().map_err(|error| not_writable(path, error))
}

/// Writes `path` through a temporary file beside it, so that a reader never sees half of it, and a
/// crash of the machine leaves the old file or the new one.
///
/// An earlier file keeps its permissions; a new one gets those of any new file. Pipes and devices
/// are written directly.
///
/// # Errors
/// [`ErrorKind::Output`] if `path` cannot be written. An earlier file is unchanged.
pub fn write(path: &Path, contents: &[u8]) -> Result<()> {
    replace(path, contents, 0o666)
}

/// Writes `path` as [`write()`] does. A new file can be read by its owner only, since it holds
/// voices.
///
/// # Errors
/// As [`write()`].
pub fn write_private(path: &Path, contents: &[u8]) -> Result<()> {
    replace(path, contents, 0o600)
}

/// `mode` is that of a new file, before the user's mask.
fn replace(path: &Path, contents: &[u8], mode: u32) -> Result<()> {
    let write = || -> io::Result<()> {
        if is_special(path) {
            return File::options().write(true).open(path)?.write_all(contents);
        }
        let target = resolve(path);
        if target.exists() {
            // A folder may be open to somebody who must not change the file.
            OpenOptions::new().write(true).open(&target)?;
        }
        let folder = folder_of(&target);
        let mut file = temporary_in(folder, mode)?;
        file.write_all(contents)?;
        #[cfg(unix)]
        if let Ok(earlier) = target.metadata() {
            use std::os::unix::fs::PermissionsExt;
            let mode = earlier.permissions().mode() & 0o777;
            file.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
        }
        file.as_file().sync_all()?;
        file.persist(&target)?;
        // Not every file system can synchronise a folder.
        #[cfg(unix)]
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    };
    write().map_err(|error| not_writable(path, error))
}

/// A temporary file with the permissions `mode`, less those that the user's mask takes away.
#[cfg_attr(not(unix), expect(unused_variables, reason = "permissions of Unix"))]
fn temporary_in(folder: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".diarist-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    builder.tempfile_in(folder)
}

/// Follows links, so that the file that they point to is replaced and not the link. That file may
/// be missing.
fn resolve(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    // As many links as Linux follows.
    for _ in 0..40 {
        if let Ok(whole) = fs::canonicalize(&target) {
            return whole;
        }
        let Ok(next) = fs::read_link(&target) else { break };
        target = folder_of(&target).join(next);
    }
    target
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether `path` is a pipe, a socket or a device: its content comes once, in order.
pub fn is_special(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn not_writable(path: &Path, error: io::Error) -> Error {
    let error = match error.kind() {
        // A pipe that this call opened. Commands forgive only a reader of stdout who leaves.
        io::ErrorKind::BrokenPipe => io::Error::other("its reader is gone"),
        _ => error,
    };
    Error::new(ErrorKind::Output, "cannot be written").caused_by(error).at(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_refused() {
        let error = read_from(io::repeat(b'x')).unwrap_err();
        assert!(error.to_string().contains("more than 512 MiB"), "{error}");
        assert_eq!(read_from(&b"Ann"[..]).unwrap(), b"Ann");
    }

    #[test]
    fn text_is_utf_8() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names");
        fs::write(&path, b"Ann \xff").unwrap();
        assert_eq!(read(&path).unwrap(), b"Ann \xff");
        assert!(read_text(&path).unwrap_err().to_string().contains("UTF-8"));
        assert_eq!(read_text(folder.path()).unwrap_err().kind(), ErrorKind::Input);
    }

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
        let missing = folder.path().join("missing");
        std::os::unix::fs::symlink("missing", folder.path().join("to_missing")).unwrap();
        write(&folder.path().join("to_missing"), b"made").unwrap();
        assert_eq!(fs::read_to_string(&missing).unwrap(), "made");
        check_writable(Path::new("/dev/null")).unwrap();
        write(Path::new("/dev/null"), b"gone").unwrap();
        assert!(is_special(Path::new("/dev/null")));
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_the_earlier_file_or_of_a_new_one() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let [ours, plain, private] = ["ours", "plain", "private"].map(|name| folder.path().join(name));
        write(&ours, b"").unwrap();
        fs::write(&plain, "").unwrap();
        write_private(&private, b"").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&ours), mode(&plain));
        assert_eq!(mode(&private), 0o600);
        for earlier in [0o600, 0o640, 0o644] {
            for write in [write, write_private] {
                fs::set_permissions(&plain, fs::Permissions::from_mode(earlier)).unwrap();
                write(&plain, b"new").unwrap();
                assert_eq!(mode(&plain), earlier);
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_a_fault() {
        let error = write(Path::new("/dev/full"), b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Output);
    }
}
