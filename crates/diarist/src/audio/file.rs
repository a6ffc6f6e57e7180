//! Audio and video files.

use std::fmt;
use std::io::{Cursor, Read, SeekFrom};

use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions, ReadBytes, ReadOnlySource};
use symphonia::core::meta::MetadataOptions;
use symphonia::default::formats::IsoMp4Reader;

use super::adts::AdtsReader;
use super::caf::{self, Repaired};
use super::codecs::CONVERT;
use super::contain::contain;
use super::decode::{Outside, PacketDecoder};
use super::quicktime::WithFileType;
use super::resample::Resampler;
use super::samples::check_finite;
use super::source::{AudioSource, SourceTimes};
use super::tracks::{NO_AUDIO, Selection};
use super::walker::Form;
use super::{identify, matroska, mp4, wav};
use crate::clock::Instant;
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

/// A file's audio as a stream; made by [`super::open`].
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
    pub(super) times: SourceTimes,
}

impl fmt::Debug for AudioFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioFile").field("name", &self.name).field("info", &self.info).finish_non_exhaustive()
    }
}

/// Opens the audio that `reopen` returns: the same bytes from the start at each call. What can only
/// be read from start to end is opened once, and begins with `start_bytes`.
pub(super) fn open_media<F: MediaSource + 'static>(
    mut reopen: impl FnMut() -> Result<F>,
    start_bytes: &[u8],
    extension: Option<&str>,
    name: &str,
    selection: Selection,
) -> Result<AudioFile> {
    let mut file = reopen()?;
    let is_regular = file.is_seekable();
    let mut start_bytes = start_bytes.to_vec();
    if is_regular {
        file.by_ref().take(identify::START_BYTES as u64).read_to_end(&mut start_bytes).map_err(cannot_read)?;
        file.seek(SeekFrom::Start(0)).map_err(cannot_read)?;
    }
    let refusal = identify::judge(&start_bytes);
    if let Some(identify::Refusal { what, is_certain: true, .. }) = &refusal {
        return Err(not_audio(what));
    }
    let start = |file: F, seekable: bool| start(file, &start_bytes, extension, selection, seekable);
    let opened = start(file, true).and_then(|(decoder, mono)| match decoder.warnings().first() {
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
            let salvaged = if is_regular { start(reopen()?, false).ok() } else { None };
            match salvaged {
                Some((decoder, mono)) if decoder.has_decoded() => {
                    warnings.push("the file is cut off or damaged; only the readable part was used".to_owned());
                    (decoder, mono)
                }
                _ => return Err(refusal.map_or(error, |refusal| not_audio(refusal.what))),
            }
        }
    };
    decoder.check_channel()?;
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
    start_bytes: &[u8],
    extension: Option<&str>,
    selection: Selection,
    seekable: bool,
) -> Result<(PacketDecoder, Vec<f32>)> {
    let mut outside = Outside { selection, ..Outside::default() };
    if file.is_seekable() && file.byte_len().is_some() {
        outside.num_bytes = file.byte_len();
        outside.movie = mp4::movie(&mut file).map_err(cannot_read)?;
        if outside.movie.lacks_index {
            let message = "its index (moov) is missing: the recording was not finished, or the file is cut off";
            return Err(Error::input(message).hint("copy it again, or repair it with a tool such as untrunc"));
        }
        // A sample has at least one byte. The reader works for each that is promised.
        if outside.num_bytes.is_some_and(|bytes| bytes < u64::from(outside.movie.longest_run)) {
            return Err(Error::input("its header promises more samples than the file has bytes").hint(CONVERT));
        }
        outside.segment = matroska::segment(&mut file).map_err(cannot_read)?;
        outside.is_ogg_video = identify::is_ogg_video(&mut file).map_err(cannot_read)?;
    } else {
        let mut start = Cursor::new(start_bytes);
        outside.segment = matroska::segment(&mut start).map_err(cannot_read)?;
        // Nothing says where a pipe should end.
        (outside.segment.is_open_ended, outside.segment.is_cut) = (true, false);
        outside.is_ogg_video = identify::is_ogg_video(&mut start).map_err(cannot_read)?;
    }
    // Formats other than CAF, and what can be read only once, need no repair.
    let repair = match outside.num_bytes {
        Some(_) => caf::find(&mut file).map_err(cannot_read)?,
        None => None,
    };
    let mut note = None;
    let mut length = repair.and_then(|repair| repair.promised_frames).map(Some);
    let source: Box<dyn MediaSource> = match (Form::of(start_bytes), seekable) {
        (Some(form), _) => {
            let opened = wav::open(file, form)?;
            note = opened.note;
            length = opened.has_other_length.then_some(opened.num_frames);
            Box::new(opened.source)
        }
        (None, true) if outside.movie.is_old => Box::new(WithFileType::new(file).map_err(cannot_read)?),
        (None, true) => match repair {
            Some(repair) => Box::new(Repaired::new(file, repair)),
            None => Box::new(file),
        },
        (None, false) => Box::new(ReadOnlySource::new(file)),
    };
    let is_silent_film = outside.is_ogg_video && !identify::has_ogg_sound(start_bytes);
    let refusal = outside.movie.refusal().map(str::to_owned);
    // A reason from the file itself says more than that of the reader.
    let explain = |error| match refusal {
        _ if is_silent_film => Error::input(NO_AUDIO).hint("check that the recording has sound"),
        Some(refusal) => Error::input(refusal).hint(CONVERT),
        None => error,
    };
    let mut decoder = contain(|| read_header(source, extension, outside.movie.is_old && seekable))
        .map_err(|reason| Error::input(format!("its header is damaged ({reason})")).hint(CONVERT))
        .flatten()
        .and_then(|format| PacketDecoder::new(format, outside))
        .map_err(explain)?;
    if let Some(num_frames) = length {
        decoder.set_length(num_frames);
    }
    decoder.add_note(note);
    let mut mono = Vec::new();
    while mono.is_empty() && decoder.next(&mut mono)? {}
    Ok((decoder, mono))
}

/// Finds the reader of the file's container.
fn read_header(
    source: Box<dyn MediaSource>,
    extension: Option<&str>,
    is_old_movie: bool,
) -> Result<Box<dyn FormatReader>> {
    let unreadable = |error| Error::input("not audio in a form that diarist can read").caused_by(error).hint(CONVERT);
    let mut hint = Hint::new();
    if let Some(extension) = extension {
        hint.with_extension(extension);
    }
    let mut stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    if is_old_movie {
        // The reader expects that the first four bytes have been read.
        stream.ignore_bytes(4).map_err(cannot_read)?;
        let reader = IsoMp4Reader::try_new(stream, FormatOptions::default()).map_err(unreadable)?;
        return Ok(Box::new(reader));
    }
    let reader = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(unreadable)?;
    Ok(match reader.format_info().short_name {
        "aac" => Box::new(AdtsReader::instead_of(reader)),
        _ => reader,
    })
}

pub(super) fn cannot_read(error: std::io::Error) -> Error {
    Error::input("cannot be read").caused_by(error)
}

pub(super) fn empty() -> Error {
    Error::input("the file is empty (0 bytes)").hint("check that the recording was saved or copied whole")
}

pub(super) fn not_audio(what: &str) -> Error {
    Error::input(format!("is {what}, not audio that diarist can read")).hint(CONVERT)
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
