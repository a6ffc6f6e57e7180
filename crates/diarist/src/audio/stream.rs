//! Audio files that come through a pipe.

use std::fs::File;
use std::io::{self, Chain, Cursor, Read, Seek, SeekFrom, copy};

use symphonia::core::io::ReadOnlySource;

use super::container::{Container, START_BYTES, recognise};
use super::file::{AudioFile, cannot_read, empty, not_audio, open_media};
use super::pcm::{PcmFormat, pcm};
use super::source::AudioSource;
use super::tracks::Selection;
use crate::error::{Error, ErrorKind, Result};

/// Most bytes of a stream that are kept in a temporary file.
const MAX_KEPT_BYTES: u64 = 16 << 30;

/// Encoding of raw samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawPcm {
    /// Encoding of one sample.
    pub format: PcmFormat,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Interleaved channels.
    pub channels: u16,
}

/// Opens a stream that messages call `name`: an audio file of any format, which is recognised, or
/// else raw samples of the encoding `raw`.
///
/// MP4, QuickTime and CAF, which may have their index at the end, are first copied to a temporary
/// file, up to 16 GiB. All other formats are decoded as they come.
///
/// # Errors
/// [`crate::ErrorKind::Input`] as [`super::open`]; [`crate::ErrorKind::InvalidOption`] if no format
/// is recognised and `raw` is missing, or if there is no such channel; [`crate::ErrorKind::Output`]
/// if the temporary file cannot be written.
pub fn open_stream(
    name: &str,
    reader: impl Read + Send + Sync + 'static,
    raw: Option<RawPcm>,
    selection: Selection,
) -> Result<Box<dyn AudioSource>> {
    let (start, reader) = peek(reader).map_err(|error| cannot_read(error).at(name))?;
    if start.is_empty() {
        return Err(Error::input("nothing came through the pipe").hint("check the program that writes to it").at(name));
    }
    match (recognise(&start, raw.is_some()), raw) {
        (Some(container), _) => Ok(Box::new(
            open_container(reader, &start, container, None, name, selection).map_err(|error| error.at(name))?,
        )),
        (None, Some(RawPcm { format, sample_rate, channels })) => {
            let source = pcm(reader, format, sample_rate, channels)?;
            Ok(Box::new(match selection.channel {
                Some(channel) => source.with_channel(channel)?,
                None => source,
            }))
        }
        (None, None) => Err(Error::invalid_option("this is no audio file, and raw PCM needs its sample rate").at(name)),
    }
}

/// Opens the pipe `file`, which has a place in the file system.
pub(super) fn open_pipe(file: File, extension: Option<&str>, name: &str, selection: Selection) -> Result<AudioFile> {
    let (start, reader) = peek(file).map_err(cannot_read)?;
    if start.is_empty() {
        return Err(empty());
    }
    let container = recognise(&start, false).unwrap_or(Container::Streamed);
    open_container(reader, &start, container, extension, name, selection)
}

/// Bytes that were read ahead, and those after them.
type Ahead<R> = Chain<Cursor<Vec<u8>>, R>;

/// Reads the first bytes ahead.
fn peek<R: Read>(mut reader: R) -> io::Result<(Vec<u8>, Ahead<R>)> {
    let mut start = Vec::new();
    reader.by_ref().take(START_BYTES as u64).read_to_end(&mut start)?;
    Ok((start.clone(), Cursor::new(start).chain(reader)))
}

fn open_container<R: Read + Send + Sync + 'static>(
    reader: Ahead<R>,
    start: &[u8],
    container: Container,
    extension: Option<&str>,
    name: &str,
    selection: Selection,
) -> Result<AudioFile> {
    match container {
        Container::Refused(what) => Err(not_audio(what)),
        Container::Whole => {
            let file = keep(reader)?;
            let reopen = || {
                let mut file = file.try_clone().map_err(cannot_read)?;
                file.seek(SeekFrom::Start(0)).map_err(cannot_read)?;
                Ok(file)
            };
            open_media(reopen, &[], extension, name, selection)
        }
        Container::Streamed => {
            let mut reader = Some(ReadOnlySource::new(reader));
            let once = || reader.take().ok_or_else(|| Error::input("a pipe cannot be read twice"));
            open_media(once, start, extension, name, selection)
        }
    }
}

/// Copies a stream to a file that disappears with the process.
fn keep(reader: impl Read) -> Result<File> {
    let cannot_keep =
        |error| Error::new(ErrorKind::Output, "the stream cannot be kept in a temporary file").caused_by(error);
    let mut file = tempfile::tempfile().map_err(cannot_keep)?;
    let kept = copy(&mut reader.take(MAX_KEPT_BYTES + 1), &mut file).map_err(cannot_keep)?;
    if kept > MAX_KEPT_BYTES {
        return Err(Error::input("more than 16 GiB of a format that must be whole before it is read")
            .hint("save the stream to a file and give that"));
    }
    Ok(file)
}
