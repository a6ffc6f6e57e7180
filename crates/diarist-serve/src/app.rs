//! The state that all requests share.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::{Semaphore, broadcast, watch};

use crate::engine::Engine;
use crate::error::{Answer, Refusal};
use crate::folder::Folder;
use crate::jobs::Jobs;
use crate::live::Streams;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::results::Results;
use crate::security::Access;
use crate::store::{Row, State, Store};

/// Most changes that wait for a reader of events. A slower reader starts anew.
const MAX_EVENTS: usize = 256;

/// A change to a recording.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) id: String,
    pub(crate) is_over: bool,
    /// The recording as JSON.
    pub(crate) text: String,
}

/// The state of the service.
pub(crate) struct App {
    pub(crate) options: Options,
    pub(crate) access: Access,
    pub(crate) folder: Folder,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) jobs: Jobs,
    pub(crate) results: Results,
    pub(crate) streams: Streams,
    pub(crate) metrics: Metrics,
    pub(crate) events: broadcast::Sender<Arc<Changed>>,
    /// One clip at a time is computed for callers who wait for the answer.
    pub(crate) clips: Arc<Semaphore>,
    /// Places of callers who wait for it.
    pub(crate) waiting: Arc<Semaphore>,
    /// Becomes true when the service stops.
    pub(crate) stop: watch::Sender<bool>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("options", &self.options).finish_non_exhaustive()
    }
}

impl App {
    /// Opens the folder and loads the networks.
    pub(crate) fn open(options: Options) -> diarist::Result<Arc<Self>> {
        let access = Access::new(&options)?;
        let folder = Folder::open(&options.data)?;
        let store = Store::open(&folder.database())?;
        let engine = Engine::new(&options.choices, folder.people())?;
        let app = Self {
            access,
            engine,
            jobs: Jobs::default(),
            results: Results::default(),
            streams: Streams::new(options.max_streams),
            metrics: Metrics::default(),
            events: broadcast::Sender::new(MAX_EVENTS),
            clips: Arc::new(Semaphore::new(1)),
            waiting: Arc::new(Semaphore::new(options.max_jobs.min(Semaphore::MAX_PERMITS))),
            stop: watch::Sender::new(false),
            options,
            folder,
            store,
        };
        app.recover().map_err(|error| {
            diarist::Error::new(diarist::ErrorKind::Output, "earlier work cannot be taken up")
                .caused_by(error)
                .hint("see whether the folder of the service can be written")
        })?;
        Ok(Arc::new(app))
    }

    /// Takes up the work of an earlier process.
    fn recover(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let again = self.store.requeue()?;
        for id in &again {
            crate::live::repair(&self.folder.recording(id).audio())?;
        }
        if !again.is_empty() {
            tracing::info!("{} recordings are taken up again", again.len());
        }
        self.folder.sweep(&self.store.ids()?)?;
        Ok(())
    }

    /// The recording with `id`.
    pub(crate) fn row(&self, id: &str) -> Answer<Row> {
        self.store.get(id)?.ok_or_else(|| Refusal::not_found("recording"))
    }

    /// A recording as JSON.
    pub(crate) fn record(&self, row: &Row) -> Answer<Value> {
        let speakers = self.store.speakers_of(&row.id)?;
        Ok(self.record_with(row, &speakers))
    }

    /// As [`Self::record`], with the speakers at hand.
    pub(crate) fn record_with(&self, row: &Row, speakers: &[String]) -> Value {
        let is_done = row.state == State::Done;
        let (progress, stage) = match row.state {
            State::Running => self.jobs.progress(&row.id).unwrap_or((0.0, "listening")),
            State::Done => (1.0, ""),
            _ => (0.0, ""),
        };
        json!({
            "id": row.id,
            "name": row.name,
            "state": row.state,
            "progress": progress,
            "stage": (!stage.is_empty()).then_some(stage),
            "created": row.created,
            "duration_s": row.duration_s,
            "num_speakers": is_done.then_some(speakers.len()),
            "speakers": is_done.then_some(speakers),
            "revision": row.revision,
            "error": row.error,
            "warnings": row.warnings,
            "has_audio": row.state != State::Running && self.folder.recording(&row.id).audio().exists()
                || row.kind == crate::store::Kind::Upload,
            "has_words": row.has_words,
        })
    }

    /// Tells the readers of events about a change.
    pub(crate) fn announce(&self, id: &str) {
        if self.events.receiver_count() == 0 {
            return;
        }
        let changed = self.row(id).and_then(|row| {
            let text = self.record(&row)?.to_string();
            Ok(Changed { id: id.to_owned(), is_over: row.state.is_over(), text })
        });
        // A recording that is gone has no more events.
        if let Ok(changed) = changed {
            // Nobody may be left to read it.
            let _ = self.events.send(Arc::new(changed));
        }
    }
}

/// Runs a call that blocks on a thread for such calls.
pub(crate) async fn blocking<T: Send + 'static>(
    app: &Arc<App>,
    call: impl FnOnce(&Arc<App>) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let app = Arc::clone(app);
    tokio::task::spawn_blocking(move || call(&app)).await?
}
