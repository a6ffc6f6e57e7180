//! Audio and video files.

use std::fmt;
use std::fs::File;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use symphonia::core::formats::FormatOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions, ReadOnlySource};
use symphonia::core::meta::MetadataOptions;

use super::decode::{CONVERT, PacketDecoder};
use super::resample::Resampler;
use super::samples::check_finite;
use super::source::{AudioSource, SourceTimes};
use super::wav::Patched;
use super::{identify, mp4};
use crate::error::{Error, Result};

/// Samples that one call of [`AudioSource::read`] gathers before it returns.
const BLOCK: usize = 16_384;

/// Format and length of the audio, as the file states them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AudioInfo {
    /// Short name of the container, for example `wave`.
    pub container: &'static str,
    /// Short name of the codec, for example `pcm_s16le`.
    pub codec: &'static str,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: usize,
    /// Length in seconds if the container states it.
    pub duration_s: Option<f64>,
}

/// A file's audio as a stream; made by [`open`].
pub struct AudioFile {
    name: String,
    info: AudioInfo,
    decoder: PacketDecoder,
    resampler: Resampler,
    /// Rate of the resampler's input.
    sample_rate: u32,
    /// Samples at the file's rate that were decoded and not yet resampled.
    mono: Vec<f32>,
    num_frames: u64,
    finished: bool,
    warnings: Vec<String>,
    times: SourceTimes,
}

impl fmt::Debug for AudioFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioFile").field("name", &self.name).field("info", &self.info).finish_non_exhaustive()
    }
}

/// Opens an audio file, or a video file with an audio track, for decoding; the first audio track is
/// used.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if the file is missing, is not audio in a form that diarist reads,
/// or none of it can be decoded.
pub fn open(path: &Path) -> Result<AudioFile> {
    let name = path.display().to_string();
    let clock = Instant::now();
    let extension = path.extension().and_then(|extension| extension.to_str());
    let mut file = open_media(|| open_file(path), extension, &name).map_err(|error| error.at(name))?;
    file.times.opening = clock.elapsed();
    Ok(file)
}

/// As [`open`] for a file that is in memory, which messages call `name`.
///
/// # Errors
/// As [`open`].
pub fn open_bytes(name: &str, bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<AudioFile> {
    let bytes = Shared(Arc::new(bytes));
    let open = || match bytes.as_ref().is_empty() {
        true => Err(empty()),
        false => Ok(Cursor::new(bytes.clone())),
    };
    open_media(open, None, name).map_err(|error| error.at(name))
}

/// Bytes of a file, shared so that they can be read several times.
#[derive(Clone)]
struct Shared(Arc<dyn AsRef<[u8]> + Send + Sync>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// Opens the audio that `reopen` returns: the same bytes from the start at each call.
fn open_media<F: MediaSource + 'static>(
    reopen: impl Fn() -> Result<F>,
    extension: Option<&str>,
    name: &str,
) -> Result<AudioFile> {
    let mut file = reopen()?;
    let is_regular = file.is_seekable();
    let mut refusal = None;
    if is_regular {
        refusal = identify::not_audio(&mut file).map_err(cannot_read)?;
        if let Some(identify::Refusal { what, is_certain: true, .. }) = &refusal {
            return Err(not_audio(what));
        }
    }
    let opened = start(file, extension, true).and_then(|(decoder, mono)| match decoder.warnings().first() {
        Some(warning) if mono.is_empty() && !decoder.has_decoded() => {
            Err(Error::input(format!("none of the audio can be decoded: {warning}")).hint(CONVERT))
        }
        _ => Ok((decoder, mono)),
    });
    let mut warnings = Vec::new();
    let (decoder, mono) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            // Several readers look at the end of a file first and refuse a file that is cut off;
            // they can still read it from start to end.
            let salvaged = if is_regular { start(reopen()?, extension, false).ok() } else { None };
            match salvaged {
                Some((decoder, mono)) if decoder.has_decoded() => {
                    warnings.push("the file is cut off or damaged; only the readable part was used".to_owned());
                    (decoder, mono)
                }
                _ => return Err(refusal.map_or(error, |refusal| not_audio(refusal.what))),
            }
        }
    };
    let info = AudioInfo {
        container: decoder.container(),
        codec: decoder.codec(),
        sample_rate: decoder.sample_rate,
        channels: decoder.num_channels,
        duration_s: decoder.duration_s,
    };
    Ok(AudioFile {
        name: name.to_owned(),
        resampler: Resampler::new(decoder.sample_rate)?,
        sample_rate: decoder.sample_rate,
        info,
        decoder,
        mono,
        num_frames: 0,
        finished: false,
        warnings,
        times: SourceTimes::default(),
    })
}

/// Returns a decoder of the file and its first samples; only the first packets show the real format
/// of the audio.
fn start<F: MediaSource + 'static>(
    mut file: F,
    extension: Option<&str>,
    seekable: bool,
) -> Result<(PacketDecoder, Vec<f32>)> {
    let file_bytes = if file.is_seekable() { file.byte_len() } else { None };
    let edits = if file_bytes.is_some() { mp4::edits(&mut file).map_err(cannot_read)? } else { Vec::new() };
    let mut hint = Hint::new();
    if let Some(extension) = extension {
        hint.with_extension(extension);
    }
    let source: Box<dyn MediaSource> = match seekable {
        true => Box::new(Patched::new(file).map_err(cannot_read)?),
        false => Box::new(ReadOnlySource::new(file)),
    };
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|error| Error::input("not audio in a form that diarist can read").caused_by(error).hint(CONVERT))?;
    let mut decoder = PacketDecoder::new(format, &edits, file_bytes)?;
    let mut mono = Vec::new();
    while mono.is_empty() && decoder.next(&mut mono)? {}
    Ok((decoder, mono))
}

fn cannot_read(error: std::io::Error) -> Error {
    Error::input("cannot be read").caused_by(error)
}

fn empty() -> Error {
    Error::input("the file is empty (0 bytes)").hint("check that the recording was saved or copied whole")
}

fn not_audio(what: &str) -> Error {
    Error::input(format!("is {what}, not audio that diarist can read")).hint(CONVERT)
}

/// Opens the file, with a message of its own for each common fault.
fn open_file(path: &Path) -> Result<File> {
    let file = File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::input("no such file").hint("check the path"),
        std::io::ErrorKind::PermissionDenied => {
            Error::input("no permission to read it").hint("check the file's access rights")
        }
        _ => Error::input("cannot be opened").caused_by(error),
    })?;
    let metadata = file.metadata().map_err(cannot_read)?;
    if metadata.is_dir() {
        return Err(Error::input("is a directory, not a file").hint("give the audio files in it"));
    }
    if metadata.is_file() && metadata.len() == 0 {
        return Err(empty());
    }
    Ok(file)
}

impl AudioFile {
    /// Format and length of the audio, as the file states them.
    pub fn info(&self) -> &AudioInfo {
        &self.info
    }

    /// Resamples the decoded samples into `out`.
    fn convert(&mut self, out: &mut Vec<f32>) -> Result<()> {
        if self.mono.is_empty() {
            return Ok(());
        }
        if self.decoder.sample_rate != self.sample_rate {
            // The rate changes within the stream, so the part at the old rate ends here.
            self.finish_resampling(out);
            self.resampler = Resampler::new(self.decoder.sample_rate).map_err(|error| error.at(&self.name))?;
            self.sample_rate = self.decoder.sample_rate;
        }
        check_finite(&self.mono, self.num_frames, self.sample_rate).map_err(|error| error.at(&self.name))?;
        self.num_frames += self.mono.len() as u64;
        let clock = Instant::now();
        self.resampler.push(&self.mono, out);
        self.times.resampling += clock.elapsed();
        self.mono.clear();
        Ok(())
    }

    fn finish_resampling(&mut self, out: &mut Vec<f32>) {
        let clock = Instant::now();
        self.resampler.finish(out);
        self.times.resampling += clock.elapsed();
    }
}

impl AudioSource for AudioFile {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        let start = out.len();
        while !self.finished && out.len() - start < BLOCK {
            self.convert(out)?;
            if !self.decoder.next(&mut self.mono).map_err(|error| error.at(&self.name))? {
                self.finished = true;
                self.finish_resampling(out);
                self.warnings.extend(self.decoder.warnings());
            }
        }
        Ok(out.len() > start)
    }

    fn duration_hint_s(&self) -> Option<f64> {
        self.info.duration_s
    }

    fn times(&self) -> SourceTimes {
        self.times
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
