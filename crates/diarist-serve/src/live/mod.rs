//! Live streams: a thread for each runs the engine, and the stream becomes a recording.

mod intake;
mod listen;
mod wav;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use diarist::parts::live::Board;
use diarist::{LiveEvent, LiveSettings};
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc, watch};

use crate::app::App;
use crate::error::{Answer, Reason, Refusal};
use crate::store::{Kind, NewRecording, State};

pub(crate) use intake::Piece;
pub(crate) use wav::{Samples, head as wav_head, repair};

/// Most messages that wait for the engine. The socket is not read while so many wait.
const MAX_PIECES: usize = 32;
/// Most lines that wait for a client.
const MAX_LINES: usize = 1024;

/// Encoding of the audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Raw(Samples),
    /// Opus in WebM, as browsers record it, or another file that can be read from start to end.
    Container,
}

/// A stream to be opened.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) encoding: Encoding,
    pub(crate) settings: LiveSettings,
}

/// A message of the engine.
#[derive(Debug, Clone)]
pub(crate) enum Heard {
    /// A change to the turns after `heard_s` seconds of audio.
    Event { heard_s: f64, event: LiveEvent },
    /// Another message in the form of an event.
    Notice { heard_s: f64, fields: Value },
}

impl Heard {
    /// The message as a line of JSON, in the layout of `diarist live`.
    pub(crate) fn line(&self) -> String {
        let (heard_s, fields) = match self {
            Self::Event { heard_s, event } => (*heard_s, serde_json::to_value(event).unwrap_or_default()),
            Self::Notice { heard_s, fields } => (*heard_s, fields.clone()),
        };
        let mut line = json!({ "heard_s": (heard_s * 1e3).round() / 1e3 });
        if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
            line.extend(fields);
        }
        line.to_string()
    }
}

/// The client's ends of an open stream.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) audio: mpsc::Sender<Piece>,
    pub(crate) heard: mpsc::Receiver<Heard>,
    /// Becomes true when the stream must end.
    pub(crate) end: watch::Receiver<bool>,
}

/// The streams that run.
#[derive(Debug)]
pub(crate) struct Streams {
    max: usize,
    running: Mutex<HashMap<String, Arc<Running>>>,
}

/// A stream that runs, for its viewers.
#[derive(Debug)]
struct Running {
    /// The turns so far. Its lock is held while a line is sent, so that a viewer misses none.
    board: Mutex<Seen>,
    lines: broadcast::Sender<String>,
    end: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Seen {
    board: Board,
    heard_s: f64,
    /// The last line has been sent.
    is_over: bool,
}

impl Running {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, heard: &Heard, is_last: bool) {
        let mut seen = self.seen();
        seen.is_over |= is_last;
        match heard {
            Heard::Event { heard_s, event } => {
                seen.board.apply(event);
                seen.heard_s = *heard_s;
            }
            Heard::Notice { heard_s, .. } => seen.heard_s = *heard_s,
        }
        // There may be no viewer.
        let _ = self.lines.send(heard.line());
    }
}

impl Streams {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, running: Mutex::default() }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of streams that run.
    pub(crate) fn len(&self) -> usize {
        self.running().len()
    }

    /// Ends a stream.
    pub(crate) fn end(&self, id: &str) {
        if let Some(running) = self.running().get(id) {
            running.end.send_replace(true);
        }
    }

    /// Ends all streams.
    pub(crate) fn end_all(&self) {
        for running in self.running().values() {
            running.end.send_replace(true);
        }
    }

    /// The turns so far of a stream that runs, as lines, and the lines to come. None after the last
    /// line, for a viewer would wait for a result that was sent before.
    pub(crate) fn watch(&self, id: &str) -> Option<(Vec<String>, broadcast::Receiver<String>)> {
        let running = Arc::clone(self.running().get(id)?);
        let seen = running.seen();
        if seen.is_over {
            return None;
        }
        let lines = running.lines.subscribe();
        let mut events = Vec::new();
        for (turn, found) in seen.board.turns() {
            events.push(LiveEvent::Opened { turn, speaker: found.speaker, start_s: found.start_s });
            let end_s = found.end_s;
            events.push(match found.is_open {
                true => LiveEvent::Extended { turn, end_s },
                false => LiveEvent::Closed { turn, end_s },
            });
        }
        let mut speakers: Vec<u32> = seen.board.turns().map(|(_, turn)| turn.speaker).collect();
        speakers.sort_unstable();
        speakers.dedup();
        for speaker in speakers {
            if let Some(name) = seen.board.name(speaker) {
                events.push(LiveEvent::Named { speaker, name: Some(name.to_owned()), probability: None });
            }
        }
        let line = |event| Heard::Event { heard_s: seen.heard_s, event }.line();
        Some((events.into_iter().map(line).collect(), lines))
    }
}

/// Opens a stream and starts its engine.
pub(crate) fn open(app: &Arc<App>, wanted: Wanted) -> Answer<Opened> {
    wanted.settings.validate()?;
    let id = crate::ids::random()?;
    let (end, ended) = watch::channel(false);
    let running = Arc::new(Running { board: Mutex::default(), lines: broadcast::Sender::new(MAX_LINES), end });
    {
        let mut all = app.streams.running();
        if all.len() >= app.streams.max {
            return Err(Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_streams",
                format!("{} streams run already", app.streams.max),
            )
            .hint("try again when one of them has ended"));
        }
        all.insert(id.clone(), Arc::clone(&running));
    }
    let (audio, queue) = mpsc::channel(MAX_PIECES);
    let (sender, heard) = mpsc::channel(MAX_LINES);
    let slot = Slot { app: Arc::clone(app), id: id.clone() };
    let media_type = match wanted.encoding {
        Encoding::Raw(_) => "audio/wav",
        Encoding::Container => "audio/webm",
    };
    app.folder.recording(&id).make()?;
    app.store.add(&NewRecording {
        id: &id,
        name: &wanted.name,
        kind: Kind::Live,
        state: State::Running,
        choices: &app.engine.complete(&diarist::parts::settings::Choices::default()),
        media_type,
        has_words: false,
        duration_s: None,
        webhook: None,
    })?;
    let listener = listen::Listener { slot, wanted, queue, heard: sender, running };
    std::thread::Builder::new().name("live".to_owned()).spawn(move || listener.run())?;
    Ok(Opened { audio, heard, end: ended })
}

/// The place of a stream among those that run, which it gives back at its end.
struct Slot {
    app: Arc<App>,
    id: String,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.app.streams.running().remove(&self.id);
    }
}

/// A line about a fault.
fn fault(heard_s: f64, reason: &Reason) -> Heard {
    Heard::Notice { heard_s, fields: json!({ "event": "error", "error": reason }) }
}
