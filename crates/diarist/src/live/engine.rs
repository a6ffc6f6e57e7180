//! Audio in, events out: windows over the newest audio, and the offline analysis of all audio.

use crate::analysis::{Analysis, first_open, num_before};
use crate::diarizer::{Diarization, Diarizer};
use crate::error::{Error, Result};
use crate::features::fbank::FRAME_SHIFT;
use crate::inference::{StreamAnalysis, Timings};
use crate::segmentation::{CHUNK_SAMPLES, SAMPLE_RATE};
use std::fmt;

use super::board::Board;
use super::events::LiveEvent;
use super::rules::WindowRules;
use super::settings::LiveSettings;
use super::tracker::{Tracker, WindowOutput};

/// Diarizes audio while it arrives.
///
/// ```
/// use diarist::{Diarizer, Live, LiveSettings, Settings};
///
/// # fn main() -> diarist::Result<()> {
/// let diarizer = Diarizer::new(&Settings::default())?;
/// let mut live = Live::new(&diarizer, &LiveSettings::default())?;
/// for block in [[0.0; 8000]; 4] {
///     // 16 kHz mono.
///     for event in live.push(&block)? {
///         println!("{event:?}");
///     }
/// }
/// let result = live.finish("talk")?;
/// assert!(result.diarization.speakers.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct Live {
    diarizer: Diarizer,
    tracker: Tracker,
    analysis: StreamAnalysis,
    settings: LiveSettings,
    /// The newest audio: the last window and the samples after it.
    audio: Vec<f32>,
    num_samples: u64,
    /// The sample at which the next window ends.
    next_end: u64,
    /// The first subsegment without an embedding.
    next_subsegment: usize,
    events: Vec<LiveEvent>,
    /// All turns so far.
    board: Board,
}

/// The result of [`Live::finish`].
#[derive(Debug, Clone, PartialEq)]
pub struct LiveResult {
    /// The last events, which close all turns and tell the label of each speaker in the result.
    pub events: Vec<LiveEvent>,
    /// The result of [`Diarizer::diarize`] for the same audio and options.
    pub diarization: Diarization,
    /// The result of [`Diarizer::analyze`] for the same audio and options.
    pub analysis: Analysis,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("settings", &self.settings)
            .field("duration_s", &self.duration_s())
            .finish_non_exhaustive()
    }
}

impl Live {
    /// A live diarization before its first sample, which computes on the threads of `diarizer`.
    ///
    /// Streams of the same diarizer, or of clones of it, may be pushed from several threads at the
    /// same time. They take turns on the diarizer's threads, and windows that wait go through the
    /// segmentation network together. The events and results are those of each stream alone. For
    /// many streams, diarizers with one thread each, one for each core, do the least work.
    ///
    /// The clustering method and the largest number of speakers of `diarizer` also apply while the
    /// recording goes on. If it knows people, [`LiveEvent::Named`] reports those among the speakers
    /// from the tenth second on.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for settings outside their range, or if embeddings are
    /// skipped; [`crate::ErrorKind::Output`] if a temporary file cannot be created.
    pub fn new(diarizer: &Diarizer, settings: &LiveSettings) -> Result<Self> {
        settings.validate()?;
        if !diarizer.settings().analysis.has_embeddings() {
            return Err(Error::invalid_option("live diarization needs embeddings")
                .hint("choose an embedding mode other than skip"));
        }
        Ok(Self {
            tracker: Tracker::new(diarizer, settings.latency_s)?,
            analysis: StreamAnalysis::new(diarizer.analyzer(), "live")?,
            diarizer: diarizer.clone(),
            settings: *settings,
            audio: Vec::new(),
            num_samples: 0,
            next_end: settings.step_samples() as u64,
            next_subsegment: 0,
            events: Vec::new(),
            board: Board::default(),
        })
    }

    /// Seconds of audio so far.
    pub fn duration_s(&self) -> f64 {
        self.num_samples as f64 / f64::from(SAMPLE_RATE)
    }

    /// Replaces this library's own tracking with `rules`. Decisions are then final: no turn is
    /// corrected, and no speaker is merged or named. The result of [`Self::finish`] does not
    /// depend on the rules.
    #[must_use]
    pub fn with_rules(mut self, rules: Box<dyn WindowRules>) -> Self {
        self.tracker.set_rules(rules);
        self
    }

    /// Takes any number of following samples (16 kHz mono in [-1, 1]) and returns the changes that
    /// they cause.
    ///
    /// The events of a recording and their order do not depend on the sizes of the pieces.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for a sample that is not finite; the whole piece is rejected
    /// then, and further pieces can be pushed. [`crate::ErrorKind::Weights`] if a network gives a
    /// value that is not finite.
    pub fn push(&mut self, samples: &[f32]) -> Result<Vec<LiveEvent>> {
        if let Some(bad) = samples.iter().position(|sample| !sample.is_finite()) {
            return Err(Error::input(format!("sample {bad} of {} is not a finite number", samples.len()))
                .hint("leave the piece out, or push silence instead"));
        }
        let mut rest = samples;
        while !rest.is_empty() {
            let wanted = (self.next_end - self.num_samples).min(rest.len() as u64) as usize;
            let (piece, after) = rest.split_at(wanted);
            self.audio.extend_from_slice(piece);
            self.num_samples += wanted as u64;
            self.analysis.push(self.diarizer.analyzer(), piece)?;
            if self.num_samples == self.next_end {
                self.run_window(false)?;
                self.next_end += self.settings.step_samples() as u64;
            }
            rest = after;
        }
        let events = std::mem::take(&mut self.events);
        events.iter().for_each(|event| self.board.apply(event));
        Ok(events)
    }

    /// Decides the remaining moments, and diarizes the whole recording as [`Diarizer::diarize`]
    /// does; `file_id` names it in the result.
    ///
    /// # Errors
    /// As [`Self::push`]; [`crate::ErrorKind::SpeakerBounds`] if the requested number of speakers
    /// is not possible.
    pub fn finish(self, file_id: &str) -> Result<LiveResult> {
        let diarizer = self.diarizer.clone();
        self.finish_with(file_id, &diarizer)
    }

    /// As [`Self::finish`], but `diarizer` clusters the recording, with its settings and known
    /// people. It should run the same networks. If it has other threads, the end of a long
    /// recording does not hold up other streams.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub fn finish_with(mut self, file_id: &str, diarizer: &Diarizer) -> Result<LiveResult> {
        let is_windowed = self.num_samples + self.settings.step_samples() as u64 == self.next_end;
        if self.num_samples > 0 && !is_windowed {
            self.run_window(true)?;
        }
        self.tracker.finish(self.duration_s(), &mut self.events);
        let mut analysis = self.analysis.finish(self.diarizer.analyzer())?;
        let notices = self.diarizer.analyzer().take_notices();
        file_id.clone_into(&mut analysis.origin.file_id);
        let needs_voices = self.num_samples < CHUNK_SAMPLES as u64 && diarizer.gallery().is_some();
        let short_recording = needs_voices.then_some(self.audio.as_slice()).filter(|audio| !audio.is_empty());
        let mut diarization = diarizer.cluster_heard(&analysis, Timings::default(), short_recording)?;
        diarization.warnings.extend(notices);
        self.events.iter().for_each(|event| self.board.apply(event));
        let labels = self.board.labels_in(&diarization.turns);
        self.events.extend(labels.into_iter().map(|(speaker, label)| LiveEvent::Labelled { speaker, label }));
        Ok(LiveResult { events: self.events, diarization, analysis })
    }

    /// Runs the networks over the last 10 s and tracks the speakers in it. Subsegments need some
    /// audio after them, unless this is the end (`is_last`).
    fn run_window(&mut self, is_last: bool) -> Result<()> {
        let excess = self.audio.len().saturating_sub(CHUNK_SAMPLES);
        self.audio.drain(..excess);
        let Self { diarizer, tracker, audio, num_samples, next_subsegment, settings, events, .. } = self;
        let [start, end] =
            [*num_samples - audio.len() as u64, *num_samples].map(|sample| sample as usize / FRAME_SHIFT);
        let until = match is_last {
            true => num_before(end),
            false => first_open(end.saturating_sub(settings.subsegment_delay())),
        };
        let new = *next_subsegment..until.max(*next_subsegment);
        *next_subsegment = new.end;
        let analyzer = diarizer.analyzer();
        analyzer.window(audio, |chunk| {
            let subsegments = chunk.subsegments(analyzer.networks(), start, new)?;
            let output = chunk.output();
            let window = WindowOutput {
                end: *num_samples,
                masks: &output.masks,
                probabilities: &output.probabilities,
                embeddings: &output.embeddings,
                subsegments,
            };
            tracker.push(window, diarizer.plda(), events)
        })
    }
}
