//! The folder of the service: the database, known people, and a folder for each recording.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use diarist::{Error, ErrorKind, Result};

/// Name of the database.
const DATABASE: &str = "serve.db";

/// Paths in the folder of the service. Names of files never come from callers.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    /// Held while the service runs, so that two never share a folder.
    _lock: File,
}

impl Folder {
    /// Opens the folder at `root`, made if missing, and removes unfinished uploads.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let fault = |what: &str, error: io::Error| {
            Error::new(ErrorKind::Output, what)
                .caused_by(error)
                .hint("name another folder")
                .at(root.display().to_string())
        };
        for folder in [root.to_owned(), root.join("recordings")] {
            make_private(&folder).map_err(|error| fault("the folder cannot be made", error))?;
        }
        let open =
            |name: &str| open_private(&root.join(name)).map_err(|error| fault("the folder cannot be written", error));
        // A folder that was there before, such as a volume of a container, may be open to others.
        // SQLite gives its further files the permissions of the database.
        open(DATABASE)?;
        let lock = open("serve.lock")?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(Error::new(ErrorKind::Output, "another service uses this folder")
                    .hint("stop it, or name another folder")
                    .at(root.display().to_string()));
            }
            Err(fs::TryLockError::Error(error)) => return Err(fault("the folder cannot be locked", error)),
        }
        let uploads = root.join("uploads");
        match fs::remove_dir_all(&uploads) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(fault("earlier uploads cannot be removed", error));
            }
            _ => {}
        }
        make_private(&uploads).map_err(|error| fault("the folder cannot be made", error))?;
        Ok(Self { root: root.to_owned(), _lock: lock })
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join(DATABASE)
    }

    /// The known people. `diarist speakers` keeps them at the same place by default.
    pub(crate) fn people(&self) -> PathBuf {
        self.root.join("speakers.db")
    }

    /// Folder of unfinished uploads, emptied at each start.
    pub(crate) fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    pub(crate) fn recordings(&self) -> PathBuf {
        self.root.join("recordings")
    }

    pub(crate) fn recording(&self, id: &str) -> RecordingFolder {
        RecordingFolder(self.recordings().join(id))
    }

    /// Removes folders of recordings that are not among `ids`. A stop between two steps leaves
    /// them.
    pub(crate) fn sweep(&self, ids: &[String]) -> io::Result<()> {
        for entry in fs::read_dir(self.recordings())? {
            let entry = entry?;
            if !ids.iter().any(|id| entry.file_name() == id.as_str()) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Files of one recording.
#[derive(Debug, Clone)]
pub(crate) struct RecordingFolder(PathBuf);

impl RecordingFolder {
    /// Makes the folder, durably.
    pub(crate) fn make(&self) -> io::Result<()> {
        make_private(&self.0)?;
        self.0.parent().map_or(Ok(()), sync)
    }

    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes over the file at `path` as the audio, durably.
    pub(crate) fn take_audio(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()?;
        fs::rename(path, self.audio())?;
        sync(&self.0)
    }

    /// The bytes as they came.
    pub(crate) fn audio(&self) -> PathBuf {
        self.0.join("audio")
    }

    /// 16 kHz mono, for players that cannot play the bytes as they came.
    pub(crate) fn wav(&self) -> PathBuf {
        self.0.join("audio.wav")
    }

    /// The outline of the sound.
    pub(crate) fn peaks(&self) -> PathBuf {
        self.0.join("peaks")
    }

    /// The saved analysis, also while it grows.
    pub(crate) fn analysis(&self) -> PathBuf {
        self.0.join("analysis.diarist")
    }

    /// The transcript as it came.
    pub(crate) fn words(&self) -> PathBuf {
        self.0.join("words")
    }
}

fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file for writing, made if missing, which only its owner can read.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Puts the entries of a folder on the disk, where the system can.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::store::Store;

    #[test]
    fn files_in_a_folder_that_others_can_read_are_private() {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let _store = Store::open(&folder.database()).unwrap();
        for entry in fs::read_dir(root.path()).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{:?}", entry.file_name());
        }
    }
}
