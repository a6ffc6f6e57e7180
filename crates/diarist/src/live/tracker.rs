//! From windows to turns: assigns local speakers to speakers as windows arrive, and corrects the
//! assignment by clustering the windows again.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use crate::analysis::{EMBEDDING_DIMENSION, Subsegments};
use crate::clustering::{ClusteringSettings, Plda};
use crate::diarizer::Diarizer;
use crate::error::Result;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, LOCAL_SPEAKERS, SAMPLE_RATE, start_frame};
use crate::settings::Settings;
use crate::timeline::{Reconstruction, TimelineSettings};
use crate::voices::{self, Gallery};

use super::clusters::recluster;
use super::events::LiveEvent;
use super::history::History;
use super::rules::{WindowRules, WindowSpeakers};
use super::soft::speakers_by_probability;
use super::speakers::{RunningVoice, Speakers};
use super::turns::Turns;
use super::windows::{PlacedWindow, frames_before, speakers_in};

/// Seconds between the windows that are remembered for clustering: the chunk step for which the
/// defaults of clustering were made.
const REMEMBER_EVERY_S: f64 = 1.0;
/// Most seconds between two clusterings: each follows a remembered window.
const CLUSTER_EVERY_S: f64 = REMEMBER_EVERY_S;

/// Number of the newest subsegments, which are remembered for clustering: ten minutes of speech.
const MAX_SUBSEGMENTS: usize = 1500;

/// Output of the networks for a window of up to 10 s.
#[derive(Debug)]
pub(super) struct WindowOutput<'a> {
    /// End of the window, in samples from the start of the recording.
    pub(super) end: u64,
    /// Frames of each local speaker.
    pub(super) masks: &'a ChunkMasks,
    /// Probabilities of each local speaker and of overlap.
    pub(super) probabilities: &'a ChunkProbabilities,
    /// Raw embedding of each local speaker, `[3, 256]`; not read for one without an active frame.
    pub(super) embeddings: &'a [[f32; EMBEDDING_DIMENSION]; LOCAL_SPEAKERS],
    /// The subsegments that follow those of earlier windows.
    pub(super) subsegments: Subsegments,
}

/// Assigns the local speakers of windows to the speakers of the recording, and reports the turns.
#[derive(Debug)]
pub(super) struct Tracker {
    latency_s: f64,
    clustering: ClusteringSettings,
    timeline: TimelineSettings,
    /// Rules that replace `speakers` and `history`.
    rules: Option<Box<dyn WindowRules>>,
    speakers: Speakers,
    history: History,
    /// The newest subsegments.
    subsegments: Subsegments,
    /// Windows that cover undecided frames.
    recent: VecDeque<PlacedWindow>,
    turns: Turns,
    gallery: Option<Gallery>,
    /// Names of the speakers that are known people.
    names: BTreeMap<u32, String>,
    /// First undecided frame.
    next_frame: usize,
    remembered_s: f64,
    clustered_s: f64,
}

impl Tracker {
    /// A tracker without speakers, with the clustering settings and the known people of `diarizer`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for settings outside their range.
    pub(super) fn new(diarizer: &Diarizer, latency_s: f64) -> Result<Self> {
        let Settings { clustering, timeline, .. } = diarizer.settings();
        Self::with_settings(clustering, timeline, diarizer.gallery(), latency_s)
    }

    pub(super) fn with_settings(
        clustering: &ClusteringSettings,
        timeline: &TimelineSettings,
        gallery: Option<&Gallery>,
        latency_s: f64,
    ) -> Result<Self> {
        Ok(Self {
            latency_s,
            clustering: clustering.clone(),
            timeline: timeline.clone(),
            rules: None,
            speakers: Speakers::new(clustering)?,
            history: History::default(),
            subsegments: Subsegments::default(),
            recent: VecDeque::new(),
            turns: Turns::default(),
            gallery: gallery.cloned(),
            names: BTreeMap::new(),
            next_frame: 0,
            remembered_s: 0.0,
            clustered_s: 0.0,
        })
    }

    /// Takes the next window. Windows come in the order of their ends.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Internal`] if an embedding is not finite.
    pub(super) fn push(
        &mut self,
        mut window: WindowOutput<'_>,
        plda: &Plda,
        events: &mut Vec<LiveEvent>,
    ) -> Result<()> {
        let end_s = window.end as f64 / f64::from(SAMPLE_RATE);
        let WindowSpeakers { masks, ids } = match &mut self.rules {
            Some(rules) => rules.decide(window.masks, window.embeddings)?,
            None => {
                WindowSpeakers { masks: *window.masks, ids: self.speakers.recognise(window.masks, window.embeddings)? }
            }
        };
        let start = window.end.saturating_sub(CHUNK_SAMPLES as u64);
        let start_frame = start_frame(start as f64 / f64::from(SAMPLE_RATE));
        let num_frames = (frames_before(end_s) - start_frame).min(FRAMES_PER_CHUNK);
        let placed = PlacedWindow {
            start_frame,
            num_frames,
            masks,
            probabilities: window.probabilities.clone(),
            embeddings: Box::new(*window.embeddings),
            ids,
        };
        self.subsegments.append(&mut window.subsegments);
        self.subsegments.forget_first(self.subsegments.len().saturating_sub(MAX_SUBSEGMENTS));
        if self.rules.is_some() {
            self.recent.push_back(placed);
        } else {
            if end_s >= self.remembered_s + REMEMBER_EVERY_S {
                self.remembered_s = end_s;
                self.history.push(placed.clone(), window.end < CHUNK_SAMPLES as u64);
            }
            self.recent.push_back(placed);
            // Within the first window, more often.
            if end_s >= self.clustered_s + CLUSTER_EVERY_S.min(0.1 * end_s) {
                self.clustered_s = end_s;
                self.recluster(plda, events)?;
                // The first windows are padded, which distorts their embeddings.
                if window.end >= CHUNK_SAMPLES as u64 {
                    self.name_speakers(events)?;
                }
            }
        }
        self.decide_until(end_s - self.latency_s, events);
        Ok(())
    }

    /// Decides the remaining frames and closes all turns, none of which ends after the recording.
    pub(super) fn finish(&mut self, duration_s: f64, events: &mut Vec<LiveEvent>) {
        let first = events.len();
        self.decide_until(duration_s, events);
        self.turns.close_all(self.next_frame, events);
        for event in &mut events[first..] {
            if let LiveEvent::Extended { end_s, .. } | LiveEvent::Closed { end_s, .. } = event {
                *end_s = end_s.min(duration_s);
            }
        }
    }

    /// Replaces the tracker's own rules with `rules`.
    pub(super) fn set_rules(&mut self, rules: Box<dyn WindowRules>) {
        self.rules = Some(rules);
    }

    /// Decides the frames with a middle before `until_s`.
    fn decide_until(&mut self, until_s: f64, events: &mut Vec<LiveEvent>) {
        let end = frames_before(until_s);
        let first = self.next_frame;
        let decided = self.decided(first..end);
        for (frame, speakers) in (first..).zip(decided) {
            self.turns.advance(frame, &speakers, events);
        }
        self.next_frame = end.max(first);
        if end > first {
            self.turns.extend(end, events);
        }
        let next_frame = self.next_frame;
        while self.recent.front().is_some_and(|window| window.end_frame() <= next_frame) {
            self.recent.pop_front();
        }
    }

    /// Clusters the remembered windows, and updates speakers and turns by the result.
    fn recluster(&mut self, plda: &Plda, events: &mut Vec<LiveEvent>) -> Result<()> {
        let Self { history, speakers, turns, recent, clustering, subsegments, .. } = self;
        let Some(found) = recluster(history, subsegments, speakers, clustering, plda)? else {
            return Ok(());
        };
        events.extend(found.merged.iter().map(|&(speaker, into)| LiveEvent::Merged { speaker, into }));
        turns.merge(&found.merged);
        history.set_ids(&found.ids);
        speakers.replace(found.voices);
        for window in recent {
            window.ids = speakers.recognise_known(&window.masks, window.embeddings.as_slice())?;
        }
        let first = self.history.complete_from().min(self.next_frame);
        let decided = self.decided(first..self.next_frame);
        self.turns.revise(first, &decided, events);
        Ok(())
    }

    /// The speakers in each of `frames` by the present speakers of all remembered windows.
    fn decided(&self, frames: Range<usize>) -> Vec<Vec<u32>> {
        let newest = self.recent.front().map_or(usize::MAX, |window| window.start_frame);
        let older = self.history.windows().filter(|window| window.start_frame < newest);
        let windows: Vec<&PlacedWindow> = older.chain(&self.recent).collect();
        let voices = self.speakers.voices();
        match self.rules.is_none() && self.timeline.reconstruction == Reconstruction::Probabilities {
            true => speakers_by_probability(frames, &windows, &self.subsegments, voices, &self.timeline),
            false => frames.map(|frame| speakers_in(frame, windows.iter().copied())).collect(),
        }
    }

    /// Reports the speakers that are known people, where that has changed.
    fn name_speakers(&mut self, events: &mut Vec<LiveEvent>) -> Result<()> {
        let Some(gallery) = &self.gallery else { return Ok(()) };
        let voices = self.speakers.voices();
        let mean_voice: Vec<voices::Voice> = voices.iter().map(RunningVoice::mean_voice).collect::<Result<_>>()?;
        let mut names = BTreeMap::new();
        for (voice, found) in voices.iter().zip(gallery.identify_all(&mean_voice)?) {
            let (speaker, name) = (voice.id, found.name().map(str::to_owned));
            if name.as_ref() != self.names.get(&speaker) {
                let probability = found.best.filter(|_| name.is_some()).map(|best| best.probability);
                events.push(LiveEvent::Named { speaker, name: name.clone(), probability });
            }
            names.extend(name.map(|name| (speaker, name)));
        }
        self.names = names;
        Ok(())
    }
}
