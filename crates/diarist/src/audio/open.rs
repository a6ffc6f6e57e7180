//! Opens recordings in files, pipes and memory.

use std::fs::File;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use symphonia::core::io::MediaSource;

use super::file::{AudioFile, cannot_read, empty, open_media};
use super::stream::open_pipe;
use super::tracks::Selection;
use crate::clock::Instant;
use crate::error::{Error, Result};

/// Opens an audio file, or a video file with an audio track, for decoding. The track is the one
/// that the file marks as its default, else the first. A pipe is read as
/// [`open_stream`](super::open_stream) does.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if the file is missing, is not audio in a form that diarist reads,
/// or none of it can be decoded.
pub fn open(path: &Path) -> Result<AudioFile> {
    open_selected(path, Selection::default())
}

/// As [`open`] for a chosen part of the file's sound.
///
/// # Errors
/// As [`open`], or if the file has no such part; [`crate::ErrorKind::InvalidOption`] if it has no
/// such channel.
pub fn open_selected(path: &Path, selection: Selection) -> Result<AudioFile> {
    let name = path.display().to_string();
    let clock = Instant::now();
    let extension = path.extension().and_then(|extension| extension.to_str());
    let open = || {
        let file = open_file(path)?;
        if !file.is_seekable() {
            return open_pipe(file, extension, &name, selection);
        }
        let mut first = Some(file);
        open_media(|| first.take().map_or_else(|| open_file(path), Ok), &[], extension, &name, selection)
    };
    let mut file = open().map_err(|error| error.at(&name))?;
    file.times.opening = clock.elapsed();
    Ok(file)
}

/// As [`open`] for a file that is in memory, which messages call `name`.
///
/// # Errors
/// As [`open`].
pub fn open_bytes(name: &str, bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<AudioFile> {
    open_bytes_selected(name, bytes, Selection::default())
}

/// As [`open_selected`] for a file that is in memory, which messages call `name`.
///
/// # Errors
/// As [`open_selected`].
pub fn open_bytes_selected(
    name: &str,
    bytes: impl AsRef<[u8]> + Send + Sync + 'static,
    selection: Selection,
) -> Result<AudioFile> {
    let bytes = Shared(Arc::new(bytes));
    let open = || match bytes.as_ref().is_empty() {
        true => Err(empty()),
        false => Ok(Cursor::new(bytes.clone())),
    };
    open_media(open, &[], None, name, selection).map_err(|error| error.at(name))
}

/// Bytes of a file, shared so that they can be read several times.
#[derive(Clone)]
struct Shared(Arc<dyn AsRef<[u8]> + Send + Sync>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// Opens the file, with a message of its own for each common fault.
fn open_file(path: &Path) -> Result<File> {
    let file = File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound if path.to_string_lossy().starts_with("file://") => {
            Error::input("this is an address, not a path").hint("leave out file:// and write spaces as they are")
        }
        std::io::ErrorKind::NotFound if is_url(path) => {
            Error::input("this is an address, and diarist does not download").hint("download the file first")
        }
        std::io::ErrorKind::NotFound => Error::input("no such file").hint("check the path").of_io(error.kind()),
        std::io::ErrorKind::PermissionDenied => {
            Error::input("no permission to read it").hint("check the file's access rights").of_io(error.kind())
        }
        _ => Error::input("cannot be opened").caused_by(error),
    })?;
    let metadata = file.metadata().map_err(cannot_read)?;
    if metadata.is_dir() {
        return Err(Error::input("is a directory, not a file")
            .hint("give the audio files in it")
            .of_io(std::io::ErrorKind::IsADirectory));
    }
    if metadata.is_file() && metadata.len() == 0 {
        return Err(empty());
    }
    Ok(file)
}

/// Whether a path is an address on the network, such as `https://example.org/talk.mp3`.
fn is_url(path: &Path) -> bool {
    let path = path.to_string_lossy();
    let scheme = path.split_once("://").map_or("", |(scheme, _)| scheme);
    scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}
