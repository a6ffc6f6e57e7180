//! Voices in clips, and known people in recordings.

use std::path::Path;

use diarist::parts::analysis::file_id;
use diarist::parts::voices::Voice;
use diarist::{Diarization, Diarizer, Recording, Result, SpeakerDatabase};

use super::CertaintyArgs;
use crate::exit;
use crate::progress::Bar;
use crate::settings::{AllOptions, OptionArgs};

/// Options of the commands that read recordings.
#[derive(Debug, clap::Args)]
pub(crate) struct ListenArgs {
    #[command(flatten)]
    options: OptionArgs<AllOptions>,
    /// Hides progress and warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

/// A diarizer that reports its progress.
#[derive(Debug)]
pub(crate) struct Listener {
    diarizer: Diarizer,
    quiet: bool,
}

impl ListenArgs {
    /// Loads the networks.
    pub(crate) fn listener(self) -> Result<Listener> {
        Ok(Listener { diarizer: Diarizer::new(&self.options.settings()?)?, quiet: self.quiet })
    }
}

impl Listener {
    /// Fingerprint of the embedding network.
    pub(crate) fn model(&self) -> String {
        self.diarizer.fingerprint()
    }

    /// Whether progress and warnings are hidden.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The same with the people of `database`.
    pub(crate) fn with_speakers(self, database: &SpeakerDatabase, certainty: CertaintyArgs) -> Result<Self> {
        Ok(Self { diarizer: certainty.apply(&self.diarizer, database)?, ..self })
    }

    /// The voice of the one person who speaks in `file`.
    pub(crate) fn clip(&self, file: &Path, min_speech_s: f64) -> Result<Voice> {
        let (voice, warnings) = self.with_bar(file, |recording| self.diarizer.voice(recording, min_speech_s))?;
        self.warn(file, &warnings);
        Ok(voice)
    }

    /// The voice of the one person who speaks in `samples`, a part of `file`.
    pub(crate) fn excerpt(&self, file: &Path, samples: &[f32], min_speech_s: f64) -> Result<Voice> {
        let recording = Recording::from_samples(file_id(file), samples);
        let voice = self.diarizer.voice(recording, min_speech_s);
        Ok(voice.map_err(|error| error.at(file.display().to_string()))?.0)
    }

    /// The diarization of a recording, with the names of known people.
    pub(crate) fn diarize(&self, file: &Path) -> Result<Diarization> {
        let result = self.with_bar(file, |recording| self.diarizer.diarize(recording))?;
        self.warn(file, &result.warnings);
        Ok(result)
    }

    fn with_bar<R>(&self, file: &Path, work: impl FnOnce(Recording<'_>) -> Result<R>) -> Result<R> {
        let bar = Bar::new(file.display().to_string(), !self.quiet);
        let result = work(Recording::new(file).with_progress(|progress| bar.update(progress)));
        bar.clear();
        result
    }

    fn warn(&self, file: &Path, warnings: &[String]) {
        if !self.quiet {
            warnings.iter().for_each(|warning| exit::warn(&format!("{}: {warning}", file.display())));
        }
    }
}
