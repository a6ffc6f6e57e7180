//! A recording to analyze, with a progress function and the other wishes of the caller.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::analysis::file_id;
use crate::audio::{self, AudioFile, AudioSource, Selection, SliceSource};
use crate::error::{Error, ErrorKind, Result};

/// Progress of an analysis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Seconds of the recording that have been analyzed.
    pub processed_s: f64,
    /// Length of the recording in seconds, if already known.
    pub total_s: Option<f64>,
}

/// A recording to analyze: a file, its bytes, or any source of samples.
///
/// A path is a recording: `diarizer.diarize("meeting.mp3")`.
///
/// ```
/// use diarist::Recording;
///
/// let recording = Recording::new("meeting.mp3")
///     .with_checkpoint("meeting.diarist")
///     .with_progress(|progress| println!("{:.0} s", progress.processed_s));
/// assert_eq!(recording.file_id(), "meeting");
/// ```
pub struct Recording<'a> {
    input: Input<'a>,
    selection: Selection,
    file_id: String,
    pub(crate) checkpoint: Option<PathBuf>,
    pub(crate) progress: Option<Box<dyn FnMut(Progress) + Send + 'a>>,
    pub(crate) cancel: Option<&'a AtomicBool>,
    pub(crate) wants_voices: bool,
    pub(super) is_repeated: bool,
}

/// Opens the bytes of a file, which messages call by the given name.
type OpenBytes = Box<dyn FnOnce(&str, Selection) -> Result<AudioFile> + Send>;

enum Input<'a> {
    File(PathBuf),
    Bytes { name: String, open: OpenBytes },
    Source(Box<dyn AudioSource + 'a>),
}

impl fmt::Debug for Recording<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("file_id", &self.file_id)
            .field("place", &self.place())
            .finish_non_exhaustive()
    }
}

impl<'a> Recording<'a> {
    /// The audio file at `path`, in any common format. The name of the recording is the name of the
    /// file without its extension, with `_` for blanks.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let file_id = file_id(&path);
        Self::from_input(Input::File(path), file_id)
    }

    /// The audio file whose content is `bytes`, of any common format; `name` is that of the file in
    /// messages, and names the recording as a path does.
    pub fn from_bytes(name: impl Into<String>, bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        let name = name.into();
        let file_id = file_id(name.as_ref());
        let open = Box::new(move |name: &str, selection| audio::open_bytes_selected(name, bytes, selection));
        Self::from_input(Input::Bytes { name, open }, file_id)
    }

    /// The samples of `source`. Results call the recording `file_id`.
    pub fn from_source(file_id: impl Into<String>, source: impl AudioSource + 'a) -> Self {
        Self::from_input(Input::Source(Box::new(source)), file_id.into())
    }

    fn from_input(input: Input<'a>, file_id: String) -> Self {
        Self {
            input,
            selection: Selection::default(),
            file_id,
            checkpoint: None,
            progress: None,
            cancel: None,
            wants_voices: false,
            is_repeated: false,
        }
    }

    /// Samples in memory, 16 kHz mono in [-1, 1]. Results call the recording `file_id`.
    pub fn from_samples(file_id: impl Into<String>, samples: &'a [f32]) -> Self {
        Self::from_source(file_id, SliceSource::new(samples))
    }

    /// Sets the name of the recording in results.
    #[must_use]
    pub fn with_file_id(mut self, file_id: impl Into<String>) -> Self {
        self.file_id = file_id.into();
        self
    }

    /// Takes a part of the sound of a file: a track, a channel. A source of samples is taken whole,
    /// and a selection from it is an error.
    #[must_use]
    pub fn with_selection(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// Calls `progress` after every few seconds of audio.
    #[must_use]
    pub fn with_progress(mut self, progress: impl FnMut(Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Stores the output of the networks in the file at `path` while it grows.
    ///
    /// If an earlier call with the same recording and settings was interrupted, the next call
    /// resumes there, and its result is that of a call without interruption, bit for bit. At the
    /// end, the file is a saved analysis. With another recording or other settings, the call fails
    /// and the file stays unchanged.
    #[must_use]
    pub fn with_checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint = Some(path.into());
        self
    }

    /// Ends the call with [`ErrorKind::Cancelled`] soon after `cancel` becomes true.
    #[must_use]
    pub fn with_cancel(mut self, cancel: &'a AtomicBool) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// Makes the voices of speakers comparable with those of other recordings. A recording shorter
    /// than a chunk of 10 s is run a second time for this.
    #[must_use]
    pub fn with_voices(mut self) -> Self {
        self.wants_voices = true;
        self
    }

    /// Repeats a recording shorter than a chunk of 10 s until it fills one ([`audio::Repeated`]),
    /// so that its embeddings can be compared with others. [`super::Analyzed::share`] is then less
    /// than 1.
    #[must_use]
    pub fn repeated(mut self) -> Self {
        self.is_repeated = true;
        self
    }

    /// Name of the recording in results.
    pub fn file_id(&self) -> &str {
        &self.file_id
    }

    /// Place of the recording for errors: the path or name of a file.
    pub(crate) fn place(&self) -> Option<String> {
        match &self.input {
            Input::File(path) => Some(path.display().to_string()),
            Input::Bytes { name, .. } => Some(name.clone()),
            Input::Source(_) => None,
        }
    }

    /// The file of the recording and the part of its sound to take.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] if the recording is no file.
    pub(crate) fn file(&self) -> Result<(PathBuf, Selection)> {
        match &self.input {
            Input::File(path) => Ok((path.clone(), self.selection)),
            Input::Bytes { .. } | Input::Source(_) => {
                Err(Error::invalid_option("channels can be diarized apart only in a file")
                    .hint("save the recording to a file first"))
            }
        }
    }

    /// Opens the recording. A source can be opened once, a file several times.
    pub(super) fn open(self) -> Result<Box<dyn AudioSource + 'a>> {
        let source = match self.input {
            Input::File(path) => Box::new(audio::open_selected(&path, self.selection)?),
            Input::Bytes { name, open } => Box::new(open(&name, self.selection)?),
            Input::Source(_) if self.selection != Selection::default() => {
                return Err(Error::invalid_option("a part of the sound can be selected from files only"));
            }
            Input::Source(source) => source,
        };
        Ok(match self.cancel {
            Some(cancel) => Box::new(Cancellable { source, cancel }),
            None => source,
        })
    }
}

impl From<&Path> for Recording<'_> {
    fn from(path: &Path) -> Self {
        Self::new(path)
    }
}

impl From<&PathBuf> for Recording<'_> {
    fn from(path: &PathBuf) -> Self {
        Self::new(path)
    }
}

impl From<PathBuf> for Recording<'_> {
    fn from(path: PathBuf) -> Self {
        Self::new(path)
    }
}

impl From<&str> for Recording<'_> {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

impl From<String> for Recording<'_> {
    fn from(path: String) -> Self {
        Self::new(path)
    }
}

/// Fails if the call was cancelled.
pub(super) fn check_cancel(cancel: &AtomicBool) -> Result<()> {
    if cancel.load(Ordering::Relaxed) {
        return Err(Error::new(ErrorKind::Cancelled, "cancelled by the caller"));
    }
    Ok(())
}

/// A source that ends with an error once it is cancelled.
struct Cancellable<'a> {
    source: Box<dyn AudioSource + 'a>,
    cancel: &'a AtomicBool,
}

impl AudioSource for Cancellable<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        check_cancel(self.cancel)?;
        self.source.read(out)
    }

    fn inner(&self) -> Option<&dyn AudioSource> {
        Some(&*self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_file_are_a_recording() {
        let path = "../../fixtures/audio/single.flac";
        let bytes = std::fs::read(path).unwrap();
        let recordings = [Recording::new(path), Recording::from_bytes(path, bytes)];
        let all = recordings.map(|recording| {
            assert_eq!((recording.file_id(), recording.place().as_deref()), ("single", Some(path)));
            let (mut source, mut out) = (recording.open().unwrap(), Vec::new());
            while source.read(&mut out).unwrap() {}
            out
        });
        assert!(all[0] == all[1] && !all[0].is_empty());
        let error = Recording::from_bytes("a.wav", *b"no audio").open().map(drop).unwrap_err();
        assert!(error.to_string().starts_with("a.wav: "), "{error}");
    }

    #[test]
    fn a_cancelled_recording_is_read_no_further() {
        let cancel = AtomicBool::new(false);
        let samples = [0.5; 20_000];
        let mut source = Recording::from_samples("a", &samples).with_cancel(&cancel).open().unwrap();
        let mut out = Vec::new();
        assert!(source.read(&mut out).unwrap());
        cancel.store(true, Ordering::Relaxed);
        assert_eq!(source.read(&mut out).unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
