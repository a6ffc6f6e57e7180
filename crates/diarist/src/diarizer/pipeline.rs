//! The whole pipeline behind one type.

use std::sync::Arc;

use crate::analysis::Analysis;
use crate::clustering::Plda;
use crate::error::{Error, Result};
use crate::inference::{AnalysisSettings, Analyzed, Analyzer, Recording, Timings};
use crate::segmentation::CHUNK_SAMPLES;
use crate::settings::Settings;
use crate::voices::{Gallery, Voice, clip_voice};
#[cfg(feature = "speaker-database")]
use crate::voices::{Learned, MIN_ENROLL_S, NewSample, SpeakerDatabase, check_name};

use super::cluster::cluster_with;
#[cfg(feature = "speaker-database")]
use super::naming::certain_samples;
use super::naming::{set_names, set_voices_from_repeated};
use super::result::Diarization;

/// Diarizes recordings: who spoke when.
///
/// A clone shares networks and threads, and may have other settings for clustering and timeline.
/// Results are the same, bit for bit, for any number of threads.
///
/// ```
/// use diarist::{Diarizer, Settings};
///
/// let diarizer = Diarizer::new(&Settings::default())?;
/// let result = diarizer.diarize("../../fixtures/audio/single.flac")?;
/// for turn in &result.turns {
///     println!("{:.1} s to {:.1} s: {}", turn.start_s, turn.end_s, turn.speaker);
/// }
/// assert_eq!(result.speakers.len(), 1);
/// # Ok::<(), diarist::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Diarizer {
    analyzer: Arc<Analyzer>,
    plda: Arc<Plda>,
    settings: Settings,
    gallery: Option<Arc<Gallery>>,
}

impl Diarizer {
    /// Loads the networks and starts threads.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for settings outside their range,
    /// [`crate::ErrorKind::Weights`] for weights that cannot be used.
    pub fn new(settings: &Settings) -> Result<Self> {
        settings.validate()?;
        Self::with_analyzer(Analyzer::new(&settings.analysis)?, settings)
    }

    /// A diarizer with networks that are loaded already. Its analysis settings are those of
    /// `analyzer`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_analyzer(analyzer: impl Into<Arc<Analyzer>>, settings: &Settings) -> Result<Self> {
        let analyzer = analyzer.into();
        let settings = Settings { analysis: analyzer.settings().clone(), ..settings.clone() };
        settings.validate()?;
        Ok(Self { analyzer, plda: Arc::new(Plda::embedded()?), settings, gallery: None })
    }

    /// The same diarizer with other settings. The networks stay loaded if weights and precision are
    /// the same. The threads keep running if all analysis settings are the same.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_settings(&self, settings: &Settings) -> Result<Self> {
        settings.validate()?;
        let (old, new) = (&self.settings.analysis, &settings.analysis);
        let networks = |settings: &AnalysisSettings| {
            (settings.segmentation.clone(), settings.embedding.clone(), settings.precision_in_force())
        };
        let analyzer = if old == new {
            Arc::clone(&self.analyzer)
        } else if networks(old) == networks(new) {
            Arc::new(Analyzer::with_networks(Arc::clone(self.analyzer.networks()), new)?)
        } else {
            Arc::new(Analyzer::new(new)?)
        };
        Ok(Self { analyzer, settings: settings.clone(), ..self.clone() })
    }

    /// The same diarizer with its own threads, for a forked process. Such a process has the memory
    /// of its parent, but none of the threads.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Internal`] if the system refuses to start threads.
    pub fn with_new_threads(&self) -> Result<Self> {
        let analyzer = Analyzer::with_networks(Arc::clone(self.analyzer.networks()), &self.settings.analysis)?;
        Ok(Self { analyzer: Arc::new(analyzer), ..self.clone() })
    }

    /// The same diarizer for a known number of speakers: exact, smallest, largest.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if the numbers contradict each other or one is 0.
    pub fn with_num_speakers(
        &self,
        num_speakers: Option<usize>,
        min_speakers: Option<usize>,
        max_speakers: Option<usize>,
    ) -> Result<Self> {
        let mut settings = self.settings.clone();
        let clustering = &mut settings.clustering;
        (clustering.num_speakers, clustering.min_speakers, clustering.max_speakers) =
            (num_speakers, min_speakers, max_speakers);
        self.with_settings(&settings)
    }

    /// The same diarizer with known people: speakers whose voices belong to people of `gallery` are
    /// named in results.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if the settings skip embeddings.
    pub fn with_gallery(&self, gallery: Gallery) -> Result<Self> {
        if !self.settings.analysis.has_embeddings() {
            return Err(Error::invalid_option("known people cannot be recognised without embeddings")
                .hint("choose another embedding mode, or leave out the known people"));
        }
        Ok(Self { gallery: Some(Arc::new(gallery)), ..self.clone() })
    }

    /// As [`Self::with_gallery`], with the people in `database`. A speaker is named if the
    /// probability of the person is at least `min_probability`
    /// ([`MIN_PROBABILITY`](crate::parts::voices::MIN_PROBABILITY) by default).
    ///
    /// # Errors
    /// As [`Self::with_gallery`] and [`SpeakerDatabase::gallery`].
    #[cfg(feature = "speaker-database")]
    pub fn with_speakers(&self, database: &SpeakerDatabase, min_probability: Option<f64>) -> Result<Self> {
        let mut gallery = database.gallery(&self.fingerprint())?;
        if let Some(min_probability) = min_probability {
            gallery = gallery.with_min_probability(min_probability)?;
        }
        self.with_gallery(gallery)
    }

    /// Adds the voices of people whom this diarizer has recognised in `result` to `database`, as
    /// learned samples of one batch: those with a probability of at least 0.99 and at least 5 s of
    /// speech alone. `source` is the recording.
    ///
    /// # Errors
    /// As [`SpeakerDatabase::learn`].
    #[cfg(feature = "speaker-database")]
    pub fn learn(&self, database: &mut SpeakerDatabase, result: &Diarization, source: &str) -> Result<Learned> {
        database.learn(source, &certain_samples(result, &self.fingerprint(), source))
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The part that runs the networks.
    pub fn analyzer(&self) -> &Arc<Analyzer> {
        &self.analyzer
    }

    /// The known people whose names speakers get.
    pub fn gallery(&self) -> Option<&Gallery> {
        self.gallery.as_deref()
    }

    pub(crate) fn plda(&self) -> &Plda {
        &self.plda
    }

    /// Fingerprint of the embedding network. Voices made by networks with different fingerprints
    /// cannot be compared.
    pub fn fingerprint(&self) -> String {
        self.analyzer.networks().fingerprint()
    }

    /// Number of computing threads.
    pub fn num_threads(&self) -> usize {
        self.analyzer.num_threads()
    }

    /// Diarizes a recording: a path, or a [`Recording`] with a source, a progress function or a
    /// checkpoint.
    ///
    /// # Errors
    /// As [`Analyzer::analyze`]; [`crate::ErrorKind::SpeakerBounds`] if the number of speakers
    /// asked for cannot be reached.
    pub fn diarize<'a>(&self, recording: impl Into<Recording<'a>>) -> Result<Diarization> {
        let recording = recording.into();
        let wants_voices = recording.wants_voices || self.gallery.is_some();
        let place = recording.place();
        let Analyzed { analysis, timings, cache_use, warnings, short_recording, .. } =
            self.analyzer.analyze(recording)?;
        let cluster = || {
            let short_recording = short_recording.filter(|_| wants_voices && self.settings.analysis.has_embeddings());
            let mut result = self.cluster_heard(&analysis, timings, short_recording.as_deref())?;
            (result.cache_use, result.warnings) = (cache_use, warnings);
            Ok(result)
        };
        cluster().map_err(|error: Error| error.at_place(place.as_deref()))
    }

    /// Runs the networks over a recording. This is the expensive part, and does not depend on the
    /// settings for clustering and timeline.
    ///
    /// # Errors
    /// As [`Analyzer::analyze`].
    pub fn analyze<'a>(&self, recording: impl Into<Recording<'a>>) -> Result<Analysis> {
        Ok(self.analyzer.analyze(recording)?.analysis)
    }

    /// Clusters an analysis into turns. Takes milliseconds.
    ///
    /// The speakers of a recording shorter than a chunk of 10 s have no voices here, and so no
    /// names: its embeddings are those of padded audio, which cannot be compared.
    ///
    /// # Errors
    /// As [`super::cluster()`].
    pub fn cluster(&self, analysis: &Analysis) -> Result<Diarization> {
        let mut result = self.cluster_after(analysis, Timings::default())?;
        if analysis.geometry.num_samples < CHUNK_SAMPLES as u64 {
            result.speakers.iter_mut().for_each(|speaker| speaker.voice = None);
            if self.gallery.is_some() {
                let text = "too short to recognise people from a saved analysis; diarize the recording itself";
                result.warnings.push(text.to_owned());
            }
        }
        self.named(result)
    }

    /// The voice of the only person who speaks in a clip, and the warnings about the clip.
    /// `min_speech_s` is the least number of seconds of speech without overlap.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the clip has no speech, fewer than `min_speech_s` seconds of
    /// it, or several speakers; and as [`Analyzer::analyze`].
    pub fn voice<'a>(&self, clip: impl Into<Recording<'a>>, min_speech_s: f64) -> Result<(Voice, Vec<String>)> {
        let clip = clip.into();
        let place = clip.place();
        let Analyzed { analysis, share, warnings, .. } = self.analyzer.analyze(clip.repeated())?;
        let voice = clip_voice(&analysis, share, min_speech_s).map_err(|error| error.at_place(place.as_deref()))?;
        Ok((voice, warnings))
    }

    /// Adds the voice of the one person who speaks in a clip to the person `name` of `database`. A
    /// new name makes a new person. Returns the warnings about the clip.
    ///
    /// # Errors
    /// As [`Self::voice`] for at least [`MIN_ENROLL_S`] of speech, and as
    /// [`SpeakerDatabase::enroll`].
    #[cfg(feature = "speaker-database")]
    pub fn enroll<'a>(
        &self,
        database: &mut SpeakerDatabase,
        name: &str,
        clip: impl Into<Recording<'a>>,
    ) -> Result<Vec<String>> {
        check_name(name)?;
        let clip = clip.into();
        let source = clip.place().unwrap_or_else(|| clip.file_id().to_owned());
        let (voice, warnings) = self.voice(clip, MIN_ENROLL_S)?;
        database.enroll(name, &[NewSample { voice, source, model: self.fingerprint() }])?;
        Ok(warnings)
    }

    /// Clusters the analysis of a recording. If it is shorter than a chunk and its speakers need
    /// voices, `short_recording` is the recording.
    pub(crate) fn cluster_heard(
        &self,
        analysis: &Analysis,
        timings: Timings,
        short_recording: Option<&[f32]>,
    ) -> Result<Diarization> {
        let mut result = self.cluster_after(analysis, timings)?;
        if let Some(samples) = short_recording {
            self.set_voices_from_repeated(&mut result, samples)?;
        }
        self.named(result)
    }

    fn cluster_after(&self, analysis: &Analysis, timings: Timings) -> Result<Diarization> {
        self.analyzer.install(|| cluster_with(analysis, &self.settings, &self.plda, timings))
    }

    fn set_voices_from_repeated(&self, result: &mut Diarization, samples: &[f32]) -> Result<()> {
        let recording = Recording::from_samples("", samples).repeated();
        let Analyzed { analysis, share, .. } = self.analyzer.analyze(recording)?;
        let again = self.cluster_after(&analysis, Timings::default())?;
        set_voices_from_repeated(result, again, share);
        Ok(())
    }

    fn named(&self, mut result: Diarization) -> Result<Diarization> {
        if let Some(gallery) = &self.gallery {
            set_names(&mut result, gallery)?;
        }
        Ok(result)
    }
}
