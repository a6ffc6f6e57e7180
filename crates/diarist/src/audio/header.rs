//! Facts about the time of a track from the container and the codec's header.

use symphonia::core::codecs::audio::{AudioCodecParameters, well_known};
use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::units::TimeBase;

use super::codecs::is_mpeg_audio;
use super::mp4::TrackBoxes;
use super::opus::OpusHead;
use super::timeline::Part;

/// Samples that an encoder of MPEG audio added at the end.
#[derive(Debug, Default)]
pub(super) struct Padding {
    /// Frames to drop from the end if the stream is as long as the encoder stated.
    pub(super) frames: u64,
    /// Frames in the stream as the encoder stated, including the frames to drop.
    pub(super) written: Option<u64>,
}

/// Whether packets of the container have times of their own.
pub(super) fn has_clock(container: &str) -> bool {
    matches!(container, "isomp4" | "matroska" | "ogg" | "flac")
}

pub(super) fn seconds(time_base: TimeBase, ticks: i64) -> f64 {
    ticks as f64 * f64::from(time_base.numer.get()) / f64::from(time_base.denom.get())
}

/// The parts of a track that are the recording, from the container or the codec's header.
pub(super) fn parts(track: &Track, params: &AudioCodecParameters, boxes: Option<&TrackBoxes>) -> Vec<Part> {
    if let Some(boxes) = boxes.filter(|boxes| !boxes.parts.is_empty()) {
        return boxes.parts.clone();
    }
    let delay = u64::from(track.delay.unwrap_or(0));
    let (frames, rate) = match params.codec {
        // Symphonia's decoder cuts by the times of the packets.
        well_known::CODEC_ID_VORBIS => (0, 1),
        well_known::CODEC_ID_OPUS => {
            let head = params.extra_data.as_deref().and_then(OpusHead::parse);
            (head.map_or(delay, |head| u64::from(head.pre_skip)), 48_000)
        }
        _ => (delay, params.sample_rate.unwrap_or(0).max(1)),
    };
    vec![Part::from(frames as f64 / f64::from(rate))]
}

pub(super) fn padding(track: &Track, params: &AudioCodecParameters) -> Padding {
    if !is_mpeg_audio(params) {
        return Padding::default();
    }
    let (delay, frames) = (u64::from(track.delay.unwrap_or(0)), u64::from(track.padding.unwrap_or(0)));
    Padding { frames, written: track.delay.and(track.num_frames).map(|recording| recording + delay + frames) }
}

/// Length in seconds of the whole track if the container states it.
pub(super) fn track_s(track: &Track, params: &AudioCodecParameters, boxes: Option<&TrackBoxes>) -> Option<f64> {
    if let Some(boxes) = boxes.filter(|boxes| boxes.is_fragmented) {
        return boxes.end_s;
    }
    // The reader of Ogg counts from time 0, also for a stream that was joined late.
    let late = track.start_ts.get().max(0) as u64;
    match (track.num_frames, params.sample_rate.filter(|&rate| rate > 0)) {
        (Some(frames), Some(rate)) => Some(frames.saturating_sub(late) as f64 / f64::from(rate)),
        _ => Some(track.time_base?.calc_duration(track.duration?)?.as_secs_f64()),
    }
}

/// Length in seconds of all tracks of a Matroska file, which has none for each.
pub(super) fn media_s(format: &dyn FormatReader) -> Option<f64> {
    let media = format.media_info();
    let length = media.time_base?.calc_duration(media.duration?)?.as_secs_f64();
    (format.format_info().short_name == "matroska" && length > 0.0).then_some(length)
}

/// Whether a stated length is that of the samples.
pub(super) fn has_exact_length(track: &Track, boxes: Option<&TrackBoxes>) -> bool {
    track.num_frames.is_some() || boxes.is_some()
}

/// Length in seconds of the parts within a track of `whole_s` seconds.
pub(super) fn kept_s(parts: &[Part], whole_s: f64) -> f64 {
    let within = |part: &Part| match *part {
        Part::Silence(seconds) => seconds,
        Part::Media { start_s, end_s } => (end_s.unwrap_or(whole_s).min(whole_s) - start_s).max(0.0),
    };
    parts.iter().map(within).sum()
}

/// Whether the number of frames comes from a size that a program wrote before it knew the length:
/// about 2^31 or 2^32 bytes.
pub(super) fn is_placeholder(track: &Track, params: &AudioCodecParameters, num_bytes: Option<u64>) -> bool {
    const SMALLEST_PLACEHOLDER: u64 = 0x7f00_0000;
    let (Some(frames), Some(bits), Some(channels)) = (track.num_frames, params.bits_per_sample, &params.channels)
    else {
        return false;
    };
    let promised = frames.saturating_mul(u64::from(bits / 8)).saturating_mul(channels.count() as u64);
    promised >= SMALLEST_PLACEHOLDER && num_bytes.is_none_or(|bytes| bytes < promised / 4)
}
