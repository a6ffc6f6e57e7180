//! Listening to clips and recordings.

use std::path::Path;

use diarist::Result;
use diarist::parts::audio;
use diarist::pipeline::{DiarizationOptions, Pipeline};
use diarist::parts::voices::{self, Repeated, SpeakerVoice, Voice};

use crate::exit;
use crate::progress::Bar;
use crate::settings::MethodArgs;

/// How a command listens.
#[derive(Debug, clap::Args)]
pub(crate) struct ListenArgs {
    #[command(flatten)]
    method: MethodArgs,
    /// Computes on N threads; all that the machine has if not given
    #[arg(long, value_name = "N", help_heading = "Running")]
    threads: Option<usize>,
    /// Shows neither progress nor warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

/// The networks and how to use them.
#[derive(Debug)]
pub(crate) struct Listener {
    pipeline: Pipeline,
    options: DiarizationOptions,
    model: String,
    quiet: bool,
}

impl ListenArgs {
    /// Loads the networks.
    pub(crate) fn listener(mut self) -> Result<Listener> {
        self.method.read_config()?;
        let options = self.method.options()?;
        let models = self.method.load()?;
        let model = models.fingerprint();
        Ok(Listener { pipeline: Pipeline::new(models, self.threads)?, options, model, quiet: self.quiet })
    }
}

impl Listener {
    /// Fingerprint of the embedding network.
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// Is nothing but faults to be told?
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The voice of the one person who speaks in `file`.
    pub(crate) fn clip(&self, file: &Path, min_speech_s: f64) -> Result<Voice> {
        let bar = Bar::new(file.display().to_string(), !self.quiet);
        let mut source = audio::open(file)?;
        let mut progress = |progress| bar.update(progress);
        let voice = voices::clip_voice(&self.pipeline, &mut source, &self.options, min_speech_s, &mut progress);
        bar.clear();
        self.warn(file, source.warnings());
        voice.map_err(|error| located(error, file))
    }

    /// The speakers of a recording.
    pub(crate) fn speakers(&self, file: &Path) -> Result<Vec<SpeakerVoice>> {
        let bar = Bar::new(file.display().to_string(), !self.quiet);
        let mut source = audio::open(file)?;
        let mut repeated = Repeated::new(&mut source);
        let mut progress = |progress| bar.update(progress);
        let result = self.pipeline.diarize("", &mut repeated, &self.options, &mut progress);
        let share = repeated.share();
        bar.clear();
        self.warn(file, source.warnings());
        let result = result.map_err(|error| located(error, file))?;
        Ok(voices::speaker_voices(&result, share))
    }

    fn warn(&self, file: &Path, warnings: &[String]) {
        if !self.quiet {
            warnings.iter().for_each(|warning| exit::warn(&format!("{}: {warning}", file.display())));
        }
    }
}

/// `error` with the file's name, which errors of the file itself have already.
fn located(error: diarist::Error, file: &Path) -> diarist::Error {
    let name = file.display().to_string();
    if error.to_string().starts_with(&name) { error } else { error.at(name) }
}
