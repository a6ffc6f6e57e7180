//! Decodes the packets of a container into blocks of mono samples at the recording's own rate.
//!
//! Besides calling Symphonia, the decoder keeps time. Samples that an encoder added before and
//! after the recording are cut off, and a packet that cannot be decoded becomes silence of the same
//! length, so that the index of a sample is its time in the original.

use std::sync::LazyLock;

use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions, well_known};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error as MediaError;
use symphonia::core::formats::{FormatReader, Track, TrackType};
use symphonia::core::packet::Packet;

use super::identify::codec_name;
use super::mp4;
use super::opus::{OpusDecoder, OpusHead};
use super::samples::downmix;
use crate::error::{Error, Result};

/// Every codec of Symphonia, and Opus.
static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut registry = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut registry);
    registry.register_audio_decoder::<OpusDecoder>();
    registry
});

/// Successive faults of the container after which the rest of the file is given up.
const MAX_CONTAINER_FAULTS: usize = 64;
/// Longest silence that replaces one damaged packet, in seconds. Real packets are shorter, so a
/// container that states a longer one is wrong.
const MAX_PACKET_S: f64 = 1.0;
/// Frames of silence that are returned at a time.
const SILENCE_BLOCK: u64 = 16_384;

/// Hint for audio that diarist does not read.
pub(super) const CONVERT: &str = "convert it first, for example with: ffmpeg -i INPUT -vn -ac 1 -ar 16000 OUTPUT.wav";

/// The part of the decoded frames that belongs to the recording.
#[derive(Debug, Default)]
struct Trim {
    /// Frames of silence before the recording that are still to be returned.
    lead: u64,
    /// Frames to drop from the start.
    skip: u64,
    /// Frames that may still be returned after `skip`.
    limit: Option<u64>,
    /// Frames to drop from the end if the stream is as long as the encoder stated.
    padding: u64,
    /// Frames in the stream as the encoder stated, including the frames to drop.
    written: Option<u64>,
}

/// Damage to a recording that can still be used.
#[derive(Debug, Default)]
struct Faults {
    /// Packets that became silence, their frames, and the time of the first in seconds.
    num_packets: u64,
    num_frames: u64,
    first_s: f64,
    /// Reason why the first packet failed.
    reason: String,
    /// Reason why reading stopped before the end, and the time in seconds.
    cut_off: Option<(String, f64)>,
}

/// The decoder of one track of a file.
pub(super) struct PacketDecoder {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    params: AudioCodecParameters,
    track_id: u32,
    trim: Trim,
    /// Frames of the recording that the container states, if the number is reliable.
    expected: Option<u64>,
    /// Rate and channels of the last decoded packet (before the first: of the container).
    pub(super) sample_rate: u32,
    pub(super) num_channels: usize,
    /// Length in seconds if the container states it.
    pub(super) duration_s: Option<f64>,
    interleaved: Vec<f32>,
    /// Frames that are dropped if the stream turns out to end here.
    held: Vec<f32>,
    num_decoded: u64,
    num_frames: u64,
    faults: Faults,
    container_faults: usize,
    num_good_packets: u64,
    ended: bool,
}

impl PacketDecoder {
    /// A decoder of the first audio track of `format` whose codec is known; `edits` are the edit
    /// lists of an MP4 file, `file_bytes` the file's length if it has one.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if there is no audio track or no decoder for it.
    pub(super) fn new(format: Box<dyn FormatReader>, edits: &[mp4::Edit], file_bytes: Option<u64>) -> Result<Self> {
        let (track, decoder) = select_track(format.as_ref())?;
        let params = audio_params(&track).cloned().unwrap_or_default();
        let sample_rate = params.sample_rate.unwrap_or(0);
        let edit = edits.iter().find(|edit| edit.track_id == track.id);
        let trim = trim_of(&track, &params, edit);
        // An MP3 without an encoder's tag has only an estimated length.
        let is_estimate = is_mpeg_audio(&params) && track.delay.is_none();
        let is_placeholder = is_placeholder(&track, &params, file_bytes);
        let duration_s = duration_s(&track, &params, &trim).filter(|_| !is_placeholder);
        let expected = track.num_frames.filter(|_| !is_estimate && !is_placeholder);
        let expected = match (expected, trim.limit) {
            (Some(frames), Some(limit)) => Some(frames.min(limit)),
            (frames, limit) => frames.or(limit),
        };
        Ok(Self {
            num_channels: params.channels.as_ref().map_or(0, |channels| channels.count()),
            format,
            decoder,
            params,
            track_id: track.id,
            trim,
            expected,
            sample_rate,
            duration_s,
            interleaved: Vec::new(),
            held: Vec::new(),
            num_decoded: 0,
            num_frames: 0,
            faults: Faults::default(),
            container_faults: 0,
            num_good_packets: 0,
            ended: false,
        })
    }

    /// Short name of the container.
    pub(super) fn container(&self) -> &'static str {
        self.format.format_info().short_name
    }

    /// Short name of the codec.
    pub(super) fn codec(&self) -> &'static str {
        self.decoder.codec_info().short_name
    }

    /// Whether at least one packet could be decoded.
    pub(super) fn has_decoded(&self) -> bool {
        self.num_good_packets > 0
    }

    /// Replaces `mono` by the next block of samples, which may be empty; returns `false` at the end
    /// of the recording.
    ///
    /// All samples of a block have the rate [`Self::sample_rate`].
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the file cannot be read (damage is not an error, see
    /// [`Self::warnings`]).
    pub(super) fn next(&mut self, mono: &mut Vec<f32>) -> Result<bool> {
        mono.clear();
        if self.trim.lead > 0 {
            let frames = self.trim.lead.min(SILENCE_BLOCK);
            self.trim.lead -= frames;
            mono.resize(frames as usize, 0.0);
            return Ok(true);
        }
        if self.ended || self.trim.limit == Some(0) {
            self.ended = true;
            return Ok(false);
        }
        match self.next_packet()? {
            Some(packet) => {
                self.decode(&packet, mono);
                self.cut(mono);
                Ok(true)
            }
            None => {
                self.ended = true;
                // The padding is valid only if the stream has the length that the encoder stated:
                // nothing was cut off or appended since.
                let slack = self.trim.padding.max(1_152);
                let as_written = self.trim.written.is_some_and(|written| written.abs_diff(self.num_decoded) <= slack);
                if !as_written {
                    mono.append(&mut self.held);
                    self.num_frames += mono.len() as u64;
                }
                Ok(!mono.is_empty())
            }
        }
    }

    /// The next packet of the track; `None` at the end of the file or where it is damaged beyond
    /// use.
    fn next_packet(&mut self) -> Result<Option<Packet>> {
        loop {
            let fault = match self.format.next_packet() {
                Ok(Some(packet)) => {
                    self.container_faults = 0;
                    if packet.track_id == self.track_id {
                        return Ok(Some(packet));
                    }
                    continue;
                }
                Ok(None) => return Ok(None),
                Err(MediaError::ResetRequired) => {
                    // A chained Ogg stream: the next recording follows in the same file.
                    let (track, decoder) = select_track(self.format.as_ref())?;
                    self.params = audio_params(&track).cloned().unwrap_or_default();
                    self.trim = trim_of(&track, &self.params, None);
                    (self.track_id, self.decoder, self.expected) = (track.id, decoder, None);
                    continue;
                }
                Err(MediaError::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    self.faults.cut_off = Some(("the file ends too early".to_owned(), self.time_s()));
                    return Ok(None);
                }
                Err(MediaError::IoError(error)) => {
                    return Err(Error::input("the file cannot be read further").caused_by(error));
                }
                Err(error) => error,
            };
            self.container_faults += 1;
            if self.container_faults >= MAX_CONTAINER_FAULTS {
                self.faults.cut_off = Some((fault.to_string(), self.time_s()));
                return Ok(None);
            }
        }
    }

    /// Appends the packet's samples to `mono`, or silence of its length if it is damaged.
    fn decode(&mut self, packet: &Packet, mono: &mut Vec<f32>) {
        let reason = match self.decoder.decode(packet) {
            Ok(buffer) => {
                if !buffer.is_empty() {
                    self.sample_rate = buffer.spec().rate();
                    self.num_channels = buffer.spec().channels().count().max(1);
                    buffer.copy_to_vec_interleaved(&mut self.interleaved);
                    downmix(&self.interleaved, self.num_channels, mono);
                }
                self.num_good_packets += 1;
                return;
            }
            Err(error) => error.to_string(),
        };
        let time_base = self.format.tracks().iter().find(|track| track.id == self.track_id).and_then(|t| t.time_base);
        let seconds = time_base
            .and_then(|base| base.calc_duration(packet.block_dur()))
            .map_or(0.0, |duration| duration.as_secs_f64().min(MAX_PACKET_S));
        let num_frames = (seconds * f64::from(self.sample_rate)).round() as usize;
        if self.faults.num_packets == 0 {
            (self.faults.first_s, self.faults.reason) = (self.time_s(), reason);
        }
        self.faults.num_packets += 1;
        self.faults.num_frames += num_frames as u64;
        mono.resize(mono.len() + num_frames, 0.0);
    }

    /// Cuts off frames that are not part of the recording.
    fn cut(&mut self, mono: &mut Vec<f32>) {
        self.num_decoded += mono.len() as u64;
        let skipped = self.trim.skip.min(mono.len() as u64);
        mono.drain(..skipped as usize);
        self.trim.skip -= skipped;
        if self.trim.padding > 0 {
            self.held.append(mono);
            let ready = self.held.len().saturating_sub(self.trim.padding as usize);
            mono.extend(self.held.drain(..ready));
        }
        if let Some(limit) = &mut self.trim.limit {
            mono.truncate(usize::try_from(*limit).unwrap_or(usize::MAX));
            *limit -= mono.len() as u64;
        }
        self.num_frames += mono.len() as u64;
    }

    /// Time in seconds of the recording up to here.
    fn time_s(&self) -> f64 {
        self.num_frames as f64 / f64::from(self.sample_rate.max(1))
    }

    /// Describes parts of the recording that are missing or were replaced by silence, one line for
    /// each kind of damage.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let Faults { num_packets, num_frames, first_s, reason, cut_off } = &self.faults;
        if *num_packets > 0 {
            let lost_s = *num_frames as f64 / f64::from(self.sample_rate.max(1));
            warnings.push(format!(
                "{num_packets} damaged packets became {lost_s:.2} s of silence, the first at {first_s:.2} s ({reason})"
            ));
        }
        let missing = self.expected.map_or(0, |expected| expected.saturating_sub(self.num_frames));
        let missing_s = missing as f64 / f64::from(self.sample_rate.max(1));
        // The stated length of codecs without exact lengths is off by a packet or two.
        let is_short = missing_s > 0.1;
        if is_short {
            let expected_s = self.time_s() + missing_s;
            warnings.push(format!(
                "the audio ends at {:.2} s although the header promises {expected_s:.2} s: the file is cut off or its header is wrong",
                self.time_s()
            ));
        } else if let Some((reason, time_s)) = cut_off {
            warnings.push(format!("the audio cannot be read beyond {time_s:.2} s ({reason})"));
        }
        warnings
    }
}

/// The first audio track with a decoder, and the decoder.
fn select_track(format: &dyn FormatReader) -> Result<(Track, Box<dyn AudioDecoder>)> {
    let mut refused = None;
    for track in format.tracks() {
        let Some(params) = audio_params(track) else { continue };
        // MPEG audio is cut in `PacketDecoder::cut`: the container's reader cuts at an end that it
        // only estimates.
        let options = AudioDecoderOptions::default().gapless(!is_mpeg_audio(params));
        match CODECS.make_audio_decoder(params, &options) {
            Ok(decoder) => return Ok((track.clone(), decoder)),
            Err(error) => {
                let _ = refused.get_or_insert_with(|| (codec_name(params.codec), error.to_string()));
            }
        }
    }
    Err(match refused {
        Some((Some(codec), _)) => Error::input(format!("its audio is coded as {codec}, which diarist cannot decode")),
        Some((None, reason)) => Error::input(format!("its audio codec is unknown or encrypted ({reason})")),
        None if format.tracks().iter().any(|track| track.track_type() == Some(TrackType::Video)) => {
            Error::input("the file has pictures but no audio")
        }
        None => Error::input("the file has no audio that diarist can decode"),
    }
    .hint(CONVERT))
}

fn audio_params(track: &Track) -> Option<&AudioCodecParameters> {
    track.codec_params.as_ref().and_then(|params| params.audio())
}

/// Length in seconds if the container states it.
fn duration_s(track: &Track, params: &AudioCodecParameters, trim: &Trim) -> Option<f64> {
    let sample_rate = params.sample_rate.filter(|&rate| rate > 0);
    let whole_s = match (track.num_frames, sample_rate) {
        (Some(frames), Some(rate)) => frames as f64 / f64::from(rate),
        _ => track.time_base?.calc_duration(track.duration?)?.as_secs_f64(),
    };
    let limit_s = trim.limit.zip(sample_rate).map(|(limit, rate)| limit as f64 / f64::from(rate));
    Some(limit_s.map_or(whole_s, |limit_s| whole_s.min(limit_s)))
}

/// Whether the number of frames comes from a size that a program wrote before it knew the length:
/// about 2^31 or 2^32 bytes.
fn is_placeholder(track: &Track, params: &AudioCodecParameters, file_bytes: Option<u64>) -> bool {
    const SMALLEST_PLACEHOLDER: u64 = 0x7f00_0000;
    let (Some(frames), Some(bits), Some(channels)) = (track.num_frames, params.bits_per_sample, &params.channels)
    else {
        return false;
    };
    let promised = frames.saturating_mul(u64::from(bits / 8)).saturating_mul(channels.count() as u64);
    promised >= SMALLEST_PLACEHOLDER && file_bytes.is_none_or(|bytes| bytes < promised / 4)
}

fn is_mpeg_audio(params: &AudioCodecParameters) -> bool {
    matches!(params.codec, well_known::CODEC_ID_MP1 | well_known::CODEC_ID_MP2 | well_known::CODEC_ID_MP3)
}

/// The parts to cut from a track, from the container or the codec's header.
fn trim_of(track: &Track, params: &AudioCodecParameters, edit: Option<&mp4::Edit>) -> Trim {
    let delay = u64::from(track.delay.unwrap_or(0));
    if let Some(edit) = edit {
        let rate = f64::from(params.sample_rate.unwrap_or(0));
        let frames = |seconds: f64| (seconds * rate).round() as u64;
        let skip = frames(edit.skip_s);
        return Trim {
            lead: frames(edit.lead_s),
            skip,
            limit: [edit.length_s.map(frames), track.num_frames.map(|all| all.saturating_sub(skip))]
                .into_iter()
                .flatten()
                .min(),
            ..Trim::default()
        };
    }
    match params.codec {
        _ if is_mpeg_audio(params) => {
            let padding = u64::from(track.padding.unwrap_or(0));
            let written = track.delay.and(track.num_frames).map(|frames| frames + delay + padding);
            Trim { skip: delay, padding, written, ..Trim::default() }
        }
        // Symphonia's decoder cuts by the times of the packets.
        well_known::CODEC_ID_VORBIS => Trim::default(),
        well_known::CODEC_ID_OPUS => {
            let head = params.extra_data.as_deref().and_then(OpusHead::parse);
            Trim { skip: head.map_or(delay, |head| u64::from(head.pre_skip)), ..Trim::default() }
        }
        _ => Trim { skip: delay, ..Trim::default() },
    }
}
