//! Audio in, events out: windows over the newest audio, and the offline analysis of all audio.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::pipeline::{ChunkState, Diarization, Pipeline, StreamAnalysis};
use crate::segmentation::{CHUNK_SAMPLES, SAMPLE_RATE};
use crate::tracking::ScoreOptions;
use crate::voices::Gallery;

use super::events::LiveEvent;
use super::options::LiveOptions;
use super::rules::WindowRules;
use super::tracker::{Tracker, WindowOutput};

/// Diarizes audio while it arrives.
///
/// ```
/// use std::sync::Arc;
///
/// use diarist::live::{Live, LiveOptions};
/// use diarist::pipeline::{Models, Pipeline};
///
/// # fn main() -> diarist::Result<()> {
/// let pipeline = Arc::new(Pipeline::new(Models::embedded()?, Some(1))?);
/// let mut live = Live::new(pipeline, &LiveOptions::default())?;
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
    pipeline: Arc<Pipeline>,
    model: ChunkState,
    tracker: Tracker,
    analysis: StreamAnalysis,
    options: LiveOptions,
    /// The newest audio: the last window and the samples after it.
    audio: Vec<f32>,
    num_samples: u64,
    /// The sample at which the next window ends.
    next_end: u64,
    events: Vec<LiveEvent>,
}

/// The result of [`Live::finish`].
#[derive(Debug, Clone, PartialEq)]
pub struct LiveResult {
    /// The last events, which close all turns.
    pub events: Vec<LiveEvent>,
    /// The result of [`Pipeline::diarize`] for the same audio and options.
    pub diarization: Diarization,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("options", &self.options)
            .field("duration_s", &self.duration_s())
            .finish_non_exhaustive()
    }
}

impl Live {
    /// A live diarization before its first sample, which computes on the threads of `pipeline`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for options outside their range,
    /// [`crate::ErrorKind::Output`] if a temporary file cannot be created.
    pub fn new(pipeline: Arc<Pipeline>, options: &LiveOptions) -> Result<Self> {
        Ok(Self {
            tracker: Tracker::new(options)?,
            analysis: StreamAnalysis::new(&pipeline, &options.diarization)?,
            pipeline,
            model: ChunkState::default(),
            options: options.clone(),
            audio: Vec::new(),
            num_samples: 0,
            next_end: options.step_samples() as u64,
            events: Vec::new(),
        })
    }

    /// Seconds of audio so far.
    pub fn duration_s(&self) -> f64 {
        self.num_samples as f64 / f64::from(SAMPLE_RATE)
    }

    /// Looks for the people of `gallery` among the speakers, from the tenth second on;
    /// [`LiveEvent::Named`] reports them.
    #[must_use]
    pub fn with_gallery(mut self, gallery: Gallery) -> Self {
        self.tracker.set_gallery(gallery);
        self
    }

    /// Replaces this library's own tracking with `rules`. Decisions are then final: no turn is
    /// relabelled, and no speaker is merged or named. The result of [`Self::finish`] does not
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
            self.analysis.push(&self.pipeline, piece)?;
            if self.num_samples == self.next_end {
                self.run_window()?;
                self.next_end += self.options.step_samples() as u64;
            }
            rest = after;
        }
        Ok(std::mem::take(&mut self.events))
    }

    /// Decides the remaining moments, and diarizes the whole recording as [`Pipeline::diarize`]
    /// does; `file_id` names it in the result.
    ///
    /// # Errors
    /// As [`Self::push`]; [`crate::ErrorKind::SpeakerBounds`] if the requested number of speakers
    /// is not possible.
    pub fn finish(mut self, file_id: &str) -> Result<LiveResult> {
        let is_windowed = self.num_samples + self.options.step_samples() as u64 == self.next_end;
        if self.num_samples > 0 && !is_windowed {
            self.run_window()?;
        }
        self.tracker.finish(self.duration_s(), &mut self.events);
        let analysis = self.analysis.finish(&self.pipeline)?;
        let diarization = self.pipeline.cluster(file_id, &analysis, &self.options.diarization)?;
        Ok(LiveResult { events: self.events, diarization })
    }

    /// Runs the networks over the last 10 s and tracks the speakers in it.
    fn run_window(&mut self) -> Result<()> {
        let excess = self.audio.len().saturating_sub(CHUNK_SAMPLES);
        self.audio.drain(..excess);
        let Self { pipeline, model, tracker, audio, num_samples, events, .. } = self;
        let models = &pipeline.models;
        pipeline.install(|| {
            let output = model.run(models, audio, &[], &ScoreOptions::default())?;
            let window = WindowOutput { end: *num_samples, masks: &output.masks, embeddings: &output.embeddings };
            tracker.push(&window, &models.plda, events)
        })
    }
}
