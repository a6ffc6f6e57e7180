//! Results with their corrections: computed from the saved analysis when they are asked for, and
//! kept for the recordings that were asked for last.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use diarist::parts::corrections::{Correction, Corrections};
use diarist::parts::formats::json::{Document, milliseconds};
use diarist::parts::words::{Speech, SpokenWord, Transcript, assign};
use diarist::{Analysis, Diarization, Diarizer};
use serde_json::{Value, json};

use crate::app::App;
use crate::engine::PeopleVersion;
use crate::error::{Answer, Refusal};
use crate::store::{Log, Row, State};

/// Most results that are kept in memory.
const MAX_KEPT: usize = 4;

/// Results that were asked for last, newest first.
#[derive(Debug, Default)]
pub(crate) struct Results(Mutex<VecDeque<Kept>>);

#[derive(Debug)]
struct Kept {
    id: String,
    people: PeopleVersion,
    current: Arc<Current>,
}

/// The result of a recording as it stands.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) row: Row,
    pub(crate) log: Log,
    pub(crate) analysis: Arc<Analysis>,
    pub(crate) diarizer: Diarizer,
    pub(crate) result: Diarization,
    pub(crate) notes: Vec<String>,
}

impl Results {
    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops what is kept of a recording.
    pub(crate) fn forget(&self, id: &str) {
        self.kept().retain(|kept| kept.id != id);
    }

    fn find(&self, id: &str, people: PeopleVersion) -> Option<Arc<Current>> {
        let kept = self.kept();
        kept.iter().find(|kept| kept.id == id && kept.people == people).map(|kept| Arc::clone(&kept.current))
    }

    fn keep(&self, id: &str, people: PeopleVersion, current: &Arc<Current>) {
        let mut kept = self.kept();
        kept.retain(|kept| kept.id != id);
        kept.push_front(Kept { id: id.to_owned(), people, current: Arc::clone(current) });
        kept.truncate(MAX_KEPT);
    }
}

/// The result of a recording whose work is over.
pub(crate) fn current(app: &App, id: &str) -> Answer<Arc<Current>> {
    let row = app.row(id)?;
    if row.state != State::Done {
        let refusal = Refusal::new(
            StatusCode::CONFLICT,
            "not_done",
            format!("there is no result: the recording is {}", row.state.name()),
        );
        return Err(match row.state.is_over() {
            true => refusal,
            false => refusal.hint("ask again when it is done"),
        });
    }
    let log = app.store.log(id)?.ok_or_else(|| Refusal::not_found("recording"))?;
    let people = app.engine.people_version();
    let earlier = app.results.find(id, people);
    if let Some(earlier) = &earlier
        && earlier.log == log
        && earlier.row.has_words == row.has_words
    {
        return Ok(Arc::clone(earlier));
    }
    let (analysis, diarizer, warning) = match earlier {
        Some(earlier) => (Arc::clone(&earlier.analysis), earlier.diarizer.clone(), None),
        None => {
            let named = app.engine.named(&row.choices)?;
            (Arc::new(Analysis::open(app.folder.recording(id).analysis())?), named.diarizer, named.warning)
        }
    };
    let analysis = Arc::new(with_corrections(&analysis, &log.bodies)?);
    let result = diarizer.cluster(&analysis)?;
    let notes = result.warnings.iter().cloned().chain(warning).collect();
    let current = Arc::new(Current { row, log, analysis, diarizer, result, notes });
    app.results.keep(id, people, &current);
    Ok(current)
}

/// An analysis with the corrections of the log.
fn with_corrections(analysis: &Analysis, bodies: &[String]) -> Answer<Analysis> {
    let parse = |body: &String| serde_json::from_str(body).map_err(|error| Refusal::internal(&error));
    let list = bodies.iter().map(parse).collect::<Answer<_>>()?;
    Ok(Analysis { corrections: Corrections { list }, ..analysis.clone() })
}

impl Current {
    /// The result with one more correction.
    pub(crate) fn corrected(&self, correction: &Correction) -> Answer<Diarization> {
        let mut analysis = Analysis::clone(&self.analysis);
        analysis.corrections.list.push(correction.clone());
        Ok(self.diarizer.cluster(&analysis)?)
    }

    /// The saved analysis with its corrections.
    pub(crate) fn saved(&self, app: &App) -> Answer<Vec<u8>> {
        let folder = tempfile::tempdir_in(app.folder.uploads())?;
        let path = folder.path().join("analysis.diarist");
        self.analysis.save(&path)?;
        Ok(std::fs::read(path)?)
    }

    /// The words of the recording with their speakers, if it has words.
    pub(crate) fn words(&self, app: &App) -> Answer<Option<Vec<SpokenWord>>> {
        if !self.row.has_words {
            return Ok(None);
        }
        let bytes = diarist::parts::files::read(&app.folder.recording(&self.row.id).words())?;
        Ok(Some(spoken(&self.result, &Transcript::read(&bytes)?)))
    }

    /// The state of the recording for its page.
    pub(crate) fn state(&self, app: &App) -> Answer<Value> {
        let words = self.words(app)?.map(|words| {
            let word = |word: &SpokenWord| {
                json!({
                    "text": word.text,
                    "start_s": milliseconds(word.time.start),
                    "end_s": milliseconds(word.time.end),
                    "speaker": word.speaker,
                })
            };
            words.iter().map(word).collect::<Vec<_>>()
        });
        Ok(json!({
            "revision": self.log.revision,
            "can_undo": !self.log.bodies.is_empty(),
            "can_redo": self.log.can_redo,
            "result": document(&self.result)?,
            "notes": self.notes,
            "words": words,
        }))
    }
}

/// The words of `transcript` with the speakers of `result`.
fn spoken(result: &Diarization, transcript: &Transcript) -> Vec<SpokenWord> {
    assign(&transcript.words, &speech(result))
}

/// As [`spoken`], for the shapes of other services: words far from every turn have a speaker, too.
pub(crate) fn spoken_by_all(result: &Diarization, transcript: &Transcript) -> Vec<SpokenWord> {
    assign(&transcript.words, &speech(result).filled())
}

fn speech(result: &Diarization) -> Speech {
    Speech::new(result.turns.clone(), result.exclusive_turns.clone())
}

/// The JSON document of a result.
pub(crate) fn document(result: &Diarization) -> Answer<Value> {
    serde_json::to_value(Document::new(result)).map_err(|error| Refusal::internal(&error))
}
