//! Names of known people for the speakers of a recording.

use std::path::PathBuf;

use diarist::audio::{AudioSource, SliceSource, SourceTimes};
use diarist::pipeline::{Diarization, DiarizationOptions, EmbeddingMode, Models, Pipeline};
use diarist::segmentation::{CHUNK_SAMPLES, SAMPLE_RATE};
use diarist::timeline::{Annotation, Turn};
use diarist::voices::{
    Gallery, Identification, MIN_ENROLL_S, NewSample, Repeated, SpeakerVoice, Voice, VoiceDb, speaker_voices,
};
use diarist::{Error, Result};

use crate::commands::speakers::CertaintyArgs;
use crate::exit;

/// Least probability of a voice that is learned.
const LEARN_PROBABILITY: f64 = 0.99;

/// Options about names.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Names of known people")]
pub(crate) struct NameArgs {
    /// Calls speakers by the names in this database, which `diarist speakers enroll` makes
    #[arg(long = "speakers", value_name = "FILE")]
    database: Option<PathBuf>,
    #[command(flatten)]
    certainty: CertaintyArgs,
    /// Adds the voices of recognised people (probability from 0.99 on, 5 s of speech alone) to the database as learned samples; `diarist
    /// speakers undo` takes them back
    #[arg(long, requires = "database")]
    learn: bool,
}

/// An open database to take names from.
#[derive(Debug)]
pub(crate) struct Names {
    path: PathBuf,
    database: VoiceDb,
    gallery: Gallery,
    model: String,
    learns: bool,
}

/// The speakers of one recording, and who they are.
#[derive(Debug)]
pub(crate) struct Named {
    speakers: Vec<SpeakerVoice>,
    /// An entry for each speaker.
    pub(crate) found: Vec<Option<Identification>>,
}

impl NameArgs {
    /// Opens the database if there is one.
    pub(crate) fn open(&self, models: &Models, options: &DiarizationOptions) -> Result<Option<Names>> {
        let Some(path) = &self.database else { return Ok(None) };
        if options.embedding_mode == EmbeddingMode::Skip {
            return Err(Error::invalid_option("nobody is recognised without embeddings")
                .hint("choose another embedding mode, or leave --speakers out"));
        }
        let database = VoiceDb::open(path)?;
        let model = models.fingerprint();
        let gallery = self.certainty.apply(database.gallery(&model)?)?;
        Ok(Some(Names { path: path.clone(), database, gallery, model, learns: self.learn }))
    }
}

impl Names {
    /// The people who are recognised.
    pub(crate) fn gallery(&self) -> &Gallery {
        &self.gallery
    }

    /// Who the speakers of `result` are; `start` is what the recording began with.
    pub(crate) fn find(
        &self,
        pipeline: &Pipeline,
        options: &DiarizationOptions,
        result: &Diarization,
        start: &Start<'_>,
    ) -> Result<Named> {
        let mut speakers = speaker_voices(result, 1.0);
        if let Some(samples) = start.whole(result.duration_s) {
            let repeated = repeated_speakers(pipeline, options, samples)?;
            for speaker in &mut speakers {
                speaker.voice = voice_at(speaker, result, &repeated);
            }
        }
        let found = self.gallery.identify_speakers(&speakers)?;
        Ok(Named { speakers, found })
    }

    /// Keeps the voices that were recognised for certain, if that was asked for.
    pub(crate) fn learn(&mut self, recording: &str, named: Named, quiet: bool) -> Result<()> {
        if !self.learns {
            return Ok(());
        }
        let mut samples = Vec::new();
        for (speaker, found) in named.speakers.into_iter().zip(&named.found) {
            let (Some(voice), Some(found)) = (speaker.voice, found) else { continue };
            let is_certain = found.best.as_ref().is_some_and(|best| best.probability >= LEARN_PROBABILITY);
            if let Some(name) = found.name().filter(|_| is_certain && voice.speech_s() >= MIN_ENROLL_S) {
                let sample = NewSample { voice, source: recording.to_owned(), model: self.model.clone() };
                samples.push((name.to_owned(), sample));
            }
        }
        let learned = self.database.learn(recording, &samples)?;
        if quiet {
            return Ok(());
        }
        for name in learned.full {
            exit::warn(&format!(
                "{recording}: {name} has as many samples as one person can have, so nothing was learned"
            ));
        }
        if let Some(batch) = learned.batch {
            let (names, path) = (learned.added.join(", "), self.path.display());
            exit::note(&format!(
                "{recording}: learned {names}; `diarist speakers undo {batch} --db {path}` takes it back"
            ));
        }
        Ok(())
    }
}

impl Named {
    /// `annotation` with names in place of labels. Nobody unknown is called like somebody known.
    pub(crate) fn rename(&self, annotation: &Annotation) -> Annotation {
        let name = |found: &Option<Identification>| found.as_ref().and_then(Identification::name).map(str::to_owned);
        let mut names: Vec<String> = Vec::new();
        let labels = || self.speakers.iter().map(|speaker| &speaker.label);
        for (label, found) in labels().zip(&self.found) {
            let wanted = name(found);
            let is_free = |name: &String| !names.contains(name) && !labels().any(|other| other == name);
            let numbered = wanted.iter().flat_map(|name| (2..).map(move |number| format!("{name}_{number}")));
            let free = wanted.iter().cloned().chain(numbered).find(is_free);
            names.push(free.unwrap_or_else(|| label.clone()));
        }
        let rename = |turn: &Turn| {
            let index = labels().position(|label| *label == turn.speaker);
            Turn { segment: turn.segment, speaker: index.map_or(&turn.speaker, |index| &names[index]).clone() }
        };
        Annotation { file_id: annotation.file_id.clone(), turns: annotation.turns.iter().map(rename).collect() }
    }
}

/// Speakers of a short recording, repeated, with their turns.
struct RepeatedSpeakers {
    speakers: Vec<SpeakerVoice>,
    turns: Vec<Turn>,
}

fn repeated_speakers(pipeline: &Pipeline, options: &DiarizationOptions, samples: &[f32]) -> Result<RepeatedSpeakers> {
    let mut source = SliceSource::new(samples);
    let mut repeated = Repeated::new(&mut source);
    let result = pipeline.diarize("", &mut repeated, options, &mut |_| {})?;
    Ok(RepeatedSpeakers { speakers: speaker_voices(&result, repeated.share()), turns: result.diarization.turns })
}

/// The voice of the repeated recording's speaker who speaks most while `speaker` does.
fn voice_at(speaker: &SpeakerVoice, result: &Diarization, repeated: &RepeatedSpeakers) -> Option<Voice> {
    let common_s = |other: &SpeakerVoice| -> f64 {
        let own = result.diarization.turns.iter().filter(|turn| turn.speaker == speaker.label);
        let theirs = || repeated.turns.iter().filter(|turn| turn.speaker == other.label);
        own.flat_map(|a| theirs().map(|b| a.segment.intersection(&b.segment)))
            .filter(|common| !common.is_empty())
            .map(|common| common.duration())
            .sum()
    };
    let other = repeated.speakers.iter().max_by(|a, b| common_s(a).total_cmp(&common_s(b)))?;
    other.voice.clone().filter(|_| common_s(other) > 0.0)
}

/// A recording that keeps what it began with, since embeddings of a short one are made again.
pub(crate) struct Start<'a> {
    source: &'a mut dyn AudioSource,
    samples: Vec<f32>,
}

impl<'a> Start<'a> {
    /// `source`, at its beginning.
    pub(crate) fn new(source: &'a mut dyn AudioSource) -> Self {
        Self { source, samples: Vec::new() }
    }

    /// All samples of a recording, if it is shorter than a chunk. One that comes from a checkpoint may not have been read.
    fn whole(&self, duration_s: f64) -> Option<&[f32]> {
        let num_samples = (duration_s * f64::from(SAMPLE_RATE)).round() as usize;
        (num_samples < CHUNK_SAMPLES && num_samples == self.samples.len()).then_some(&self.samples)
    }
}

impl AudioSource for Start<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        let before = out.len();
        let more = self.source.read(out)?;
        let new = &out[before..];
        self.samples.extend_from_slice(&new[..new.len().min(CHUNK_SAMPLES - self.samples.len())]);
        Ok(more)
    }

    fn duration_hint_s(&self) -> Option<f64> {
        self.source.duration_hint_s()
    }

    fn times(&self) -> SourceTimes {
        self.source.times()
    }
}
