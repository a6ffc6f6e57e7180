//! The library behind the service: one set of loaded networks for all work, threads for recordings,
//! and others for live streams.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use diarist::parts::inference::{Device, EmbeddingMode};
use diarist::parts::settings::Choices;
use diarist::{Diarizer, Error, ErrorKind, Result, SpeakerDatabase};

/// The diarizer of the service and the place of its known people.
#[derive(Debug)]
pub(crate) struct Engine {
    base: Choices,
    diarizer: Diarizer,
    /// The threads of live streams. They are not those of recordings, which would hold up streams.
    lanes: Mutex<Vec<Lane>>,
    people: PathBuf,
}

/// A thread that live streams share, with a diarizer that runs on it. A stream stays on its lane:
/// there, its work is in a queue with that of the other streams, and segmented in batches.
#[derive(Debug)]
struct Lane {
    diarizer: Diarizer,
    /// Each stream of the lane has a clone.
    place: Arc<()>,
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
        let diarizer = Diarizer::new(&settings)?;
        let mut on_one_thread = settings;
        on_one_thread.analysis.device = Device::Cpu;
        on_one_thread.analysis.num_threads = Some(1);
        let first = diarizer.with_settings(&on_one_thread)?;
        let lane = |_| Ok(Lane { diarizer: first.with_new_threads()?, place: Arc::default() });
        let lanes = (0..diarizer.analyzer().num_threads()).map(lane).collect::<Result<_>>()?;
        Ok(Self { base: base.clone(), diarizer, lanes: Mutex::new(lanes), people })
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
        self.with_people(self.diarizer(choices)?)
    }

    /// As [`Self::named`], for a live stream, on the lane with the fewest streams. The stream keeps
    /// the second value until its end.
    pub(crate) fn for_stream(&self) -> Result<(Named, Arc<()>)> {
        let (diarizer, place) = {
            let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            let free = lanes.iter().min_by_key(|lane| Arc::strong_count(&lane.place));
            let free = free.ok_or_else(|| Error::new(ErrorKind::Internal, "there is no thread for live streams"))?;
            (free.diarizer.clone(), Arc::clone(&free.place))
        };
        Ok((self.with_people(diarizer)?, place))
    }

    fn with_people(&self, diarizer: Diarizer) -> Result<Named> {
        if !self.people.exists() {
            return Ok(Named { diarizer, warning: None });
        }
        let named = SpeakerDatabase::open(&self.people).and_then(|database| diarizer.with_speakers(&database, None));
        Ok(match named {
            Ok(named) => Named { diarizer: named, warning: None },
            Err(error) => Named { diarizer, warning: Some(format!("nobody was named: {error}")) },
        })
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
