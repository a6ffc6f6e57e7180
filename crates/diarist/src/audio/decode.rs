//! Decodes the packets of a container into blocks of mono samples at the recording's own rate.
//!
//! Besides calling Symphonia, the decoder keeps time, so that the index of a sample is its time in
//! the original. Samples that an encoder added before and after the recording are cut off, the
//! container's clock and edit list are followed ([`super::timeline`]), and a packet that cannot be
//! decoded becomes silence of the same length.

mod edits;

use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::errors::Error as MediaError;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;

use super::codecs::{self, CONVERT, is_mpeg_audio};
use super::contain::contain;
use super::faults::Faults;
use super::header::{
    Padding, has_clock, has_exact_length, is_placeholder, kept_s, media_s, padding, parts, seconds, track_s,
};
use super::matroska::Segment;
use super::mix::Mixer;
use super::mp4::Movie;
use super::timeline::{Clock, Next, Parts, length_s};
use super::tracks::{Chosen, Selection, audio_params, choose};
use crate::error::{Error, Result};

/// Successive faults of the container after which the rest of the file is given up.
const MAX_CONTAINER_FAULTS: usize = 64;
/// Successive packets without content after which the rest of the file is given up: a header can
/// promise billions of them in a few bytes.
const MAX_EMPTY_PACKETS: usize = 10_000;
/// Longest silence that replaces one damaged packet, in seconds. Real packets are shorter, so a
/// container that states a longer one is wrong.
const MAX_PACKET_S: f64 = 1.0;
/// Frames of silence that are returned at a time.
const SILENCE_BLOCK: u64 = 16_384;
/// Containers whose clock has holes only where packets are missing. In others, a hole may be a
/// pause of the recorder.
const UNBROKEN: [&str; 2] = ["flac", "ogg"];
/// Facts about a file that are known before its packets are read.
#[derive(Debug, Default)]
pub(super) struct Outside {
    pub(super) selection: Selection,
    /// Boxes of an MP4 file.
    pub(super) movie: Movie,
    /// Length of the file, if it has one.
    pub(super) num_bytes: Option<u64>,
    /// Elements of a Matroska file.
    pub(super) segment: Segment,
    /// Whether an Ogg file has other streams, which begin at time 0.
    pub(super) is_ogg_video: bool,
}

/// The decoder of one track of a file.
pub(super) struct PacketDecoder {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    params: AudioCodecParameters,
    track_id: u32,
    outside: Outside,
    parts: Parts,
    padding: Padding,
    /// `None` if the container has no clock of its own.
    clock: Option<Clock>,
    /// Earliest time in seconds of the packets of other tracks, before the first of this one.
    earliest_s: Option<f64>,
    /// Length in seconds that the container states, if it is reliable.
    expected_s: Option<f64>,
    /// Rate and channels of the last decoded packet (before the first: of the container).
    pub(super) sample_rate: u32,
    pub(super) num_channels: usize,
    /// Length in seconds if the container states it.
    pub(super) duration_s: Option<f64>,
    mixer: Mixer,
    interleaved: Vec<f32>,
    /// Frames of silence that come next in the track, and the samples after them.
    gap: u64,
    pending: Vec<f32>,
    /// Frames that are dropped if the stream turns out to end here.
    held: Vec<f32>,
    /// Frames of the track so far.
    position: u64,
    /// Seconds of the recording so far.
    time_s: f64,
    faults: Faults,
    container_faults: usize,
    empty_packets: usize,
    num_good_packets: u64,
    /// Whether the last packet of the track was read and the edit list may go back from there. The
    /// reader of MP4 cannot go back once it has been asked for more.
    is_at_end: bool,
    ended: bool,
}

impl PacketDecoder {
    /// A decoder of the selected track of `format`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if there is no such track or no decoder for it.
    pub(super) fn new(format: Box<dyn FormatReader>, outside: Outside) -> Result<Self> {
        let disabled = outside.movie.tracks.iter().filter(|track| track.is_disabled).map(|track| track.id);
        let passed_over: Vec<u32> = disabled.chain(outside.segment.passed_over.iter().copied()).collect();
        let Chosen { track, mut decoder, note } = choose(format.as_ref(), outside.selection, &passed_over)?;
        let mut params = audio_params(&track).cloned().unwrap_or_default();
        let boxes = outside.movie.track(track.id);
        if boxes.is_some_and(|boxes| boxes.is_big_endian) {
            // The reader takes all for little-endian.
            params.codec = codecs::big_endian(params.codec);
            decoder = codecs::decoder(&params).map_err(Error::input)?;
        }
        if let Some(reason) = outside.segment.refusal(track.id) {
            return Err(Error::input(format!("its audio is {reason}, which diarist cannot read")).hint(CONVERT));
        }
        let parts = parts(&track, &params, boxes);
        // The reader of ADTS, and that of MP3 without an encoder's tag, only estimate a length.
        let container = format.format_info().short_name;
        let is_estimate = container == "aac" || (is_mpeg_audio(&params) && track.delay.is_none());
        let whole_s = track_s(&track, &params, boxes).filter(|_| !is_placeholder(&track, &params, outside.num_bytes));
        let recording_s = match boxes {
            Some(_) => whole_s.map(|whole_s| kept_s(&parts, whole_s)).or_else(|| length_s(&parts)),
            None => whole_s,
        };
        let mut faults = Faults::default();
        faults.notes.extend(note);
        if boxes.is_some_and(|boxes| boxes.has_wrong_silence) {
            faults.notes.push("the edit list asks for more than an hour of silence, which is left out".to_owned());
        }
        Ok(Self {
            num_channels: params.channels.as_ref().map_or(0, |channels| channels.count()),
            sample_rate: params.sample_rate.unwrap_or(0),
            track_id: track.id,
            padding: padding(&track, &params),
            clock: has_clock(container).then(Clock::default),
            earliest_s: outside.is_ogg_video.then_some(0.0),
            expected_s: recording_s.filter(|_| !is_estimate && has_exact_length(&track, boxes)),
            duration_s: recording_s.or_else(|| media_s(format.as_ref())),
            parts: Parts::new(parts),
            format,
            decoder,
            params,
            mixer: Mixer::new(outside.selection.channel)?,
            outside,
            interleaved: Vec::new(),
            gap: 0,
            pending: Vec::new(),
            held: Vec::new(),
            position: 0,
            time_s: 0.0,
            faults,
            container_faults: 0,
            empty_packets: 0,
            num_good_packets: 0,
            is_at_end: false,
            ended: false,
        })
    }

    /// Sets the number of frames that the file promises, where its new header could not say.
    pub(super) fn set_length(&mut self, num_frames: Option<u64>) {
        self.duration_s = num_frames.map(|frames| frames as f64 / f64::from(self.sample_rate.max(1)));
        self.expected_s = self.duration_s;
    }

    /// Adds a remark to the warnings.
    pub(super) fn add_note(&mut self, note: Option<String>) {
        self.faults.notes.extend(note);
    }

    /// Refuses a chosen channel that the recording does not have.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`].
    pub(super) fn check_channel(&self) -> Result<()> {
        self.mixer.check(self.num_channels)
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
    /// [`crate::ErrorKind::Input`] if the file cannot be read or none of it can be decoded (other
    /// damage is not an error, see [`Self::warnings`]).
    pub(super) fn next(&mut self, mono: &mut Vec<f32>) -> Result<bool> {
        mono.clear();
        if self.ended {
            return Ok(false);
        }
        match self.parts.next(self.position, self.sample_rate) {
            Next::Silence(rest) if self.sample_rate > 0 => {
                let frames = rest.min(SILENCE_BLOCK);
                self.parts.take_silence(frames);
                mono.resize(frames as usize, 0.0);
                self.count(mono);
                return Ok(true);
            }
            Next::Back => self.rewind(),
            Next::End => {
                self.ended = true;
                return Ok(false);
            }
            _ => {}
        }
        if self.gap > 0 {
            let frames = self.gap.min(SILENCE_BLOCK);
            self.gap -= frames;
            mono.resize(frames as usize, 0.0);
        } else if !self.pending.is_empty() {
            std::mem::swap(mono, &mut self.pending);
        } else if std::mem::take(&mut self.is_at_end) {
            return self.end_of_track(mono);
        } else {
            match self.next_packet()? {
                Some(packet) => {
                    self.decode(&packet, mono);
                    self.is_at_end = self.parts.has_more() && self.is_last(&packet);
                }
                None => return self.end_of_track(mono),
            }
        }
        self.cut(mono);
        Ok(true)
    }

    /// Returns what is left at the end of the track.
    fn end_of_track(&mut self, mono: &mut Vec<f32>) -> Result<bool> {
        if self.parts.end_of_track() {
            return Ok(true);
        }
        self.ended = true;
        if let Some(reason) = self.faults.reason().filter(|_| !self.has_decoded()) {
            return Err(Error::input(format!("none of the audio can be decoded ({reason})")).hint(CONVERT));
        }
        if self.clock.as_ref().is_some_and(Clock::is_new) && !self.has_decoded() {
            return Err(Error::input("its audio track holds no sound").hint("check that the recording was saved whole"));
        }
        // The padding is valid only if the stream has the length that the encoder stated: nothing
        // was cut off or appended since.
        let slack = self.padding.frames.max(1_152);
        let as_written = self.padding.written.is_some_and(|written| written.abs_diff(self.position) <= slack);
        if !as_written {
            mono.append(&mut self.held);
            self.count(mono);
        }
        Ok(!mono.is_empty())
    }

    /// The next packet of the track; `None` at the end of the file or where it is damaged beyond
    /// use.
    fn next_packet(&mut self) -> Result<Option<Packet>> {
        loop {
            let fault = match contain(|| self.format.next_packet()) {
                Ok(Ok(Some(packet))) => {
                    self.container_faults = 0;
                    self.empty_packets = if packet.data.is_empty() { self.empty_packets + 1 } else { 0 };
                    if self.empty_packets >= MAX_EMPTY_PACKETS {
                        self.faults.cut_off(self.time_s, "packets without content follow");
                        return Ok(None);
                    }
                    if packet.track_id == self.track_id {
                        return Ok(Some(self.outside.segment.unpack(packet)));
                    }
                    if self.clock.as_ref().is_some_and(Clock::is_new) {
                        let time_s = self.packet_time_s(&packet);
                        self.earliest_s = self.earliest_s.into_iter().chain(time_s).reduce(f64::min);
                    }
                    continue;
                }
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(MediaError::ResetRequired)) => {
                    match self.begin_next_stream() {
                        Err(error) if self.has_decoded() => {
                            self.faults.cut_off(self.time_s, error.to_string());
                            return Ok(None);
                        }
                        result => result?,
                    }
                    continue;
                }
                Ok(Err(MediaError::IoError(error))) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    // The samples of a WAV or AIFF file of any length end with it.
                    let Segment { is_open_ended, is_cut, .. } = self.outside.segment;
                    if (!is_open_ended || is_cut) && !matches!(self.container(), "wave" | "aiff") {
                        self.faults.cut_off(self.time_s, "the file ends too early");
                    }
                    return Ok(None);
                }
                Ok(Err(MediaError::IoError(error))) => {
                    return Err(Error::input("the file cannot be read further").caused_by(error));
                }
                Ok(Err(error)) => error.to_string(),
                Err(reason) => {
                    // The reader's state is unknown after a panic.
                    self.faults.cut_off(self.time_s, reason);
                    return Ok(None);
                }
            };
            self.container_faults += 1;
            if self.container_faults >= MAX_CONTAINER_FAULTS {
                self.faults.cut_off(self.time_s, fault);
                return Ok(None);
            }
        }
    }

    /// Goes on with the next recording of a chained Ogg stream, in the same file.
    fn begin_next_stream(&mut self) -> Result<()> {
        let Chosen { track, decoder, .. } = choose(self.format.as_ref(), Selection::default(), &[])?;
        self.params = audio_params(&track).cloned().unwrap_or_default();
        self.parts = Parts::new(parts(&track, &self.params, None));
        self.position = 0;
        if let Some(clock) = &mut self.clock {
            clock.restart();
        }
        (self.track_id, self.decoder, self.expected_s) = (track.id, decoder, None);
        Ok(())
    }

    /// Time of a packet on the container's clock, in seconds.
    fn packet_time_s(&self, packet: &Packet) -> Option<f64> {
        let track = self.format.tracks().iter().find(|track| track.id == packet.track_id)?;
        let shift = self.outside.movie.track(track.id).map_or(0, |boxes| boxes.shift(packet.pts.get()));
        Some(seconds(track.time_base?, packet.pts.get().saturating_add(shift)))
    }

    /// Replaces `mono` by the packet's samples, or silence of its length if it is damaged. Samples
    /// that come later by the container's clock are left pending.
    fn decode(&mut self, packet: &Packet, mono: &mut Vec<f32>) {
        let rate_before = self.sample_rate;
        let result = self.decode_packet(packet, mono).or_else(|reason| match is_mpeg_audio(&self.params) {
            // Files that were joined change their kind.
            true => self.decode_anew(packet, mono).map_err(|_| reason),
            false => Err(reason),
        });
        match result {
            Ok(()) => self.num_good_packets += 1,
            Err(reason) => {
                let lost_s = self.packet_s(packet);
                self.faults.damaged_packet(self.time_s, lost_s, reason);
                mono.clear();
                mono.resize((lost_s * f64::from(self.sample_rate)).round() as usize, 0.0);
            }
        }
        if rate_before != self.sample_rate && rate_before > 0 {
            self.position = (self.position as f64 * f64::from(self.sample_rate) / f64::from(rate_before)) as u64;
        }
        self.keep_time(packet);
        if self.gap > 0 {
            std::mem::swap(mono, &mut self.pending);
        }
    }

    fn decode_packet(&mut self, packet: &Packet, mono: &mut Vec<f32>) -> std::result::Result<(), String> {
        let decoder = &mut self.decoder;
        let interleaved = &mut self.interleaved;
        let decoded = contain(|| {
            let buffer = decoder.decode(packet).map_err(|error| error.to_string())?;
            buffer.copy_to_vec_interleaved(interleaved);
            Ok::<_, String>(
                (!buffer.is_empty()).then(|| (buffer.spec().rate(), buffer.spec().channels().count().max(1))),
            )
        });
        match decoded {
            Ok(Ok(Some((sample_rate, num_channels)))) => {
                (self.sample_rate, self.num_channels) = (sample_rate, num_channels);
                self.mixer.mix(&self.interleaved, num_channels, sample_rate, mono);
                Ok(())
            }
            Ok(Ok(None)) => Ok(()),
            Ok(Err(reason)) => Err(reason),
            Err(reason) => {
                // The decoder's state is unknown after a panic.
                self.decoder = codecs::decoder(&self.params)?;
                Err(reason)
            }
        }
    }

    /// Decodes a packet of MPEG audio with a new decoder of its own layer, which is kept if it can.
    fn decode_anew(&mut self, packet: &Packet, mono: &mut Vec<f32>) -> std::result::Result<(), String> {
        let codec = codecs::layer(&packet.data).unwrap_or(self.params.codec);
        let codec_before = std::mem::replace(&mut self.params.codec, codec);
        let result = codecs::decoder(&self.params).and_then(|decoder| {
            let before = std::mem::replace(&mut self.decoder, decoder);
            let result = self.decode_packet(packet, mono);
            if result.is_err() {
                self.decoder = before;
            }
            result
        });
        if result.is_err() {
            self.params.codec = codec_before;
        }
        result
    }

    /// Length of a packet in seconds, as the container states it.
    fn packet_s(&self, packet: &Packet) -> f64 {
        // The reader of MPEG audio states lengths beyond those of the packet.
        let length = if is_mpeg_audio(&self.params) { packet.dur } else { packet.block_dur() };
        let track = self.format.tracks().iter().find(|track| track.id == self.track_id);
        let seconds = track.and_then(|track| track.time_base?.calc_duration(length));
        seconds.map_or(0.0, |seconds| seconds.as_secs_f64().min(MAX_PACKET_S))
    }

    /// Compares the container's clock with the position, and sets the gap before the packet.
    fn keep_time(&mut self, packet: &Packet) {
        let Some(time_s) = self.packet_time_s(packet) else { return };
        let Some(clock) = &mut self.clock else { return };
        let rate = f64::from(self.sample_rate);
        if rate == 0.0 {
            return;
        }
        let is_movie = self.format.format_info().short_name == "isomp4";
        if clock.is_new() && is_movie {
            // Edit lists count from the start of the clock; a stream that was joined late starts
            // with its first fragment.
            clock.start(self.earliest_s.map_or(time_s, |earliest_s| earliest_s.min(time_s)).max(0.0));
        } else if clock.is_new() {
            clock.start(time_s - self.position as f64 / rate);
            // The recording starts with the first packet of any track.
            let lead_s = self.earliest_s.map_or(0.0, |earliest_s| time_s + self.parts.start_s() - earliest_s);
            if let Some(lead_s) = clock.allow(lead_s, 0.0).filter(|&lead_s| lead_s > 0.0) {
                self.parts.lead(lead_s);
                self.expected_s = self.expected_s.map(|expected_s| expected_s + lead_s);
            }
        }
        let gap_s = clock.gap_s(time_s, self.position as f64 / rate);
        if gap_s > 0.0 && UNBROKEN.contains(&self.format.format_info().short_name) {
            self.faults.hole(self.time_s, gap_s);
        }
        self.gap = (gap_s * rate).round() as u64;
    }

    fn count(&mut self, mono: &[f32]) {
        self.time_s += mono.len() as f64 / f64::from(self.sample_rate.max(1));
    }

    /// Describes parts of the recording that are missing or were replaced by silence, one line for
    /// each kind of damage.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = self.faults.warnings(self.time_s, self.expected_s);
        warnings.extend(self.mixer.warning());
        if let Some((gap_s, place_s)) = self.clock.as_ref().and_then(|clock| clock.jump) {
            warnings.push(format!(
                "the file's clock jumps by {gap_s:.0} s at {place_s:.2} s, which is not part of the times given"
            ));
        }
        warnings
    }
}
