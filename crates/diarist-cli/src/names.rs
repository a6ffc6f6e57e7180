//! Names of known people for the speakers of a recording.

use std::path::PathBuf;

use diarist::pipeline::{Diarization, DiarizationOptions, EmbeddingMode, Models, Pipeline};
use diarist::timeline::Annotation;
use diarist::voices::{
    Beginning, Gallery, Identification, MIN_ENROLL_S, NewSample, SpeakerVoice, VoiceDb, recording_voices,
    rename_speakers,
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
        start: &Beginning<'_>,
    ) -> Result<Named> {
        let speakers = recording_voices(pipeline, options, result, start)?;
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
        rename_speakers(annotation, &self.speakers, &self.found)
    }
}
