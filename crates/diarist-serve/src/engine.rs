//! The library behind the service: one set of loaded networks for all work.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use diarist::parts::inference::EmbeddingMode;
use diarist::parts::settings::{Choices, OptionInfo, Value};
use diarist::{Diarizer, Error, Result, SpeakerDatabase};

/// The diarizer of the service and the place of its known people.
#[derive(Debug)]
pub(crate) struct Engine {
    base: Choices,
    diarizer: Diarizer,
    people: PathBuf,
}

/// A diarizer that knows people, and the reason if it does not.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) diarizer: Diarizer,
    pub(crate) warning: Option<String>,
}

/// State of the file of known people: it changes with every change to the file.
pub(crate) type PeopleVersion = Option<(SystemTime, u64)>;

impl Engine {
    /// Loads the networks.
    pub(crate) fn new(base: &Choices, people: PathBuf) -> Result<Self> {
        let settings = base.settings()?;
        if settings.analysis.embedding_mode == EmbeddingMode::Skip {
            return Err(Error::invalid_option("the service needs embeddings to compare voices")
                .hint("choose an embedding mode other than skip"));
        }
        Ok(Self { base: base.clone(), diarizer: Diarizer::new(&settings)?, people })
    }

    /// The options of the service under those of a caller.
    pub(crate) fn complete(&self, choices: &Choices) -> Choices {
        choices.over(&self.base)
    }

    /// The diarizer for `choices`, without known people.
    pub(crate) fn diarizer(&self, choices: &Choices) -> Result<Diarizer> {
        self.diarizer.with_settings(&self.complete(choices).settings()?)
    }

    /// As [`Self::diarizer`], with the known people. If their file cannot be used, nobody is named,
    /// and the result says so.
    pub(crate) fn named(&self, choices: &Choices) -> Result<Named> {
        let diarizer = self.diarizer(choices)?;
        if !self.people.exists() {
            return Ok(Named { diarizer, warning: None });
        }
        let named = SpeakerDatabase::open(&self.people).and_then(|database| diarizer.with_speakers(&database, None));
        Ok(match named {
            Ok(named) => Named { diarizer: named, warning: None },
            Err(error) => Named { diarizer, warning: Some(format!("nobody was named: {error}")) },
        })
    }

    /// A diarizer for a live stream: on one thread of the CPU beside other work, with the same
    /// networks.
    pub(crate) fn for_stream(&self) -> Result<Named> {
        let mut choices = Choices::default();
        for (name, value) in [("threads", Value::Count(1)), ("device", Value::Text("cpu".to_owned()))] {
            if let Some(option) = OptionInfo::find(name) {
                choices.set(option, value);
            }
        }
        self.named(&choices)
    }

    /// Fingerprint of the network that makes voices.
    pub(crate) fn model(&self) -> String {
        self.diarizer.fingerprint()
    }

    /// Path of the file of known people.
    pub(crate) fn people_file(&self) -> &Path {
        &self.people
    }

    pub(crate) fn people_version(&self) -> PeopleVersion {
        let metadata = self.people.metadata().ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    }
}
