//! Recordings with the voice of each person on a channel of its own.

use crate::audio::{self, Selection};
use crate::error::{Error, Result};
use crate::inference::{CacheUse, Progress, Recording, Timings};
use crate::timeline::intervals::{chronological, covered_s, overlaps};
use crate::timeline::{Segment, Turn};

use super::bleed::{Levels, Metered, exclusive, without_bleed};
use super::pipeline::Diarizer;
use super::result::{Diarization, Speaker};

/// The people on one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelSpeakers {
    /// All speech is that of one person, `CHANNEL_1` for the first channel.
    One,
    /// The channel is diarized; its speakers are `CHANNEL_1_SPEAKER_00` and so on.
    Several,
}

impl Diarizer {
    /// Diarizes each channel of a file alone, as for telephone calls and podcasts.
    ///
    /// Turns tell their channel. Speech that is at least 12 dB below another channel is heard from
    /// there, and left out. With [`ChannelSpeakers::Several`], the numbers of speakers in the
    /// settings are those of each channel.
    ///
    /// # Errors
    /// As [`Self::diarize`]; [`crate::ErrorKind::InvalidOption`] if the recording is no file or has
    /// a checkpoint, and for a number of speakers other than one per channel with
    /// [`ChannelSpeakers::One`].
    pub fn diarize_channels<'a>(
        &self,
        recording: impl Into<Recording<'a>>,
        speakers: ChannelSpeakers,
    ) -> Result<Diarization> {
        let mut recording = recording.into();
        let (path, selection) = recording.file()?;
        if recording.checkpoint.is_some() || selection.channel.is_some() {
            return Err(Error::invalid_option(
                "channels that are diarized apart allow neither a checkpoint nor the choice of a channel",
            ));
        }
        let diarizer = match speakers {
            ChannelSpeakers::Several => self.clone(),
            ChannelSpeakers::One => self.with_one_speaker()?,
        };
        let num_channels = audio::open_selected(&path, selection)?.info().channels;
        let mut progress = recording.progress.take();
        let mut results = Vec::new();
        let mut levels = Vec::new();
        for channel in 1..=num_channels {
            let mut level = Levels::default();
            let file = audio::open_selected(&path, Selection { channel: Some(channel), ..selection })?;
            let report = |part: Progress| {
                let Some(progress) = &mut progress else { return };
                let whole = part.total_s.map(|total_s| num_channels as f64 * total_s);
                let before_s = part.total_s.map_or(0.0, |total_s| (channel - 1) as f64 * total_s);
                progress(Progress { processed_s: before_s + part.processed_s, total_s: whole });
            };
            let mut of_channel = Recording::from_source(recording.file_id(), Metered::new(file, &mut level));
            (of_channel.cancel, of_channel.wants_voices) = (recording.cancel, recording.wants_voices);
            let result = diarizer.diarize(of_channel.with_progress(report));
            let result = result.map_err(|error| error.at(format!("channel {channel}")).at_place(path.to_str()))?;
            results.push(labelled(result, channel, speakers));
            levels.push(level.smoothed());
        }
        Ok(merged(results, &levels, self))
    }

    fn with_one_speaker(&self) -> Result<Self> {
        let clustering = &self.settings().clustering;
        let bounds = [clustering.num_speakers, clustering.min_speakers, clustering.max_speakers];
        if bounds.iter().flatten().any(|&number| number != 1) {
            return Err(Error::invalid_option("one speaker per channel leaves no choice of the number of speakers")
                .hint("leave the number out, or allow several speakers per channel"));
        }
        self.with_num_speakers(Some(1), None, None)
    }
}

/// The result with the channel in turns and labels.
fn labelled(mut result: Diarization, channel: usize, speakers: ChannelSpeakers) -> Diarization {
    let label = |label: &str| match speakers {
        ChannelSpeakers::One => format!("CHANNEL_{channel}"),
        ChannelSpeakers::Several => format!("CHANNEL_{channel}_{label}"),
    };
    for turn in result.turns.iter_mut().chain(&mut result.exclusive_turns) {
        (turn.speaker, turn.channel) = (label(&turn.speaker), Some(channel));
    }
    for speaker in &mut result.speakers {
        speaker.label = label(&speaker.label);
    }
    result
}

fn merged(results: Vec<Diarization>, levels: &[Levels], diarizer: &Diarizer) -> Diarization {
    let of = |turns: fn(&Diarization) -> &Vec<Turn>| -> Vec<Vec<Turn>> {
        without_bleed(&results.iter().map(|result| turns(result).clone()).collect::<Vec<_>>(), levels)
    };
    let mut turns = of(|result| &result.turns).concat();
    turns.sort_by(|a, b| chronological(&a.segment(), &b.segment()));
    let exclusive_turns = exclusive(&of(|result| &result.exclusive_turns), levels);
    let segments: Vec<Segment> = turns.iter().map(Turn::segment).collect();
    let mut warnings: Vec<String> = results.iter().flat_map(|result| result.warnings.clone()).collect();
    warnings.dedup();
    let speakers = results.iter().flat_map(|result| result.speakers.iter().cloned()).map(|speaker| {
        let own = || turns.iter().filter(|turn| turn.speaker == speaker.label);
        Speaker { speech_s: covered_s(own().map(Turn::segment)), num_turns: own().count(), ..speaker }
    });
    let uses: Option<Vec<CacheUse>> = results.iter().map(|result| result.cache_use).collect();
    Diarization {
        file_id: results.first().map_or_else(String::new, |result| result.file_id.clone()),
        speakers: speakers.filter(|speaker| speaker.num_turns > 0).collect(),
        exclusive_turns,
        number_of_speakers: None,
        duration_s: results.iter().map(|result| result.duration_s).fold(0.0, f64::max),
        speech_s: covered_s(segments.iter().copied()),
        overlap_s: covered_s(overlaps(&segments)),
        warnings,
        settings: diarizer.settings().clone(),
        timings: results.iter().map(|result| result.timings).sum::<Timings>(),
        cache_use: uses.map(|uses| uses.into_iter().sum()),
        turns,
    }
}
