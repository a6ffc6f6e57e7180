//! Live audio over a WebSocket, in the service's own shape and in that of Deepgram.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use diarist::parts::audio::{self, PcmFormat};
use diarist::parts::formats::json::milliseconds;
use diarist::parts::live::Board;
use diarist::{LiveEvent, LiveSettings};
use futures_util::stream::{SplitStream, StreamExt, unfold};
use futures_util::{SinkExt, Stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};

use super::Query;
use super::form::one_of;
use crate::app::{App, blocking};
use crate::error::{Answer, Refusal};
use crate::ids;
use crate::live::{self, Encoding, Heard, Opened, Piece, Samples, Wanted};

/// Largest message of a client.
const MAX_MESSAGE: usize = 1 << 20;
/// Most channels of raw audio.
const MAX_CHANNELS: u16 = 64;

/// Query of either socket. Further parameters, which concern recognisers, have no effect.
#[derive(Debug, Deserialize)]
pub(super) struct LiveQuery {
    #[serde(alias = "sample_rate")]
    rate: Option<u32>,
    channels: Option<u16>,
    encoding: Option<String>,
    name: Option<String>,
    latency: Option<f64>,
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

pub(super) async fn live(
    State(app): State<Arc<App>>,
    Query(query): Query<LiveQuery>,
    upgrade: Upgrade,
) -> Answer<Response> {
    start(app, upgrade, &query, Shape::Own).await
}

pub(super) async fn listen(
    State(app): State<Arc<App>>,
    Query(query): Query<LiveQuery>,
    upgrade: Upgrade,
) -> Answer<Response> {
    start(app, upgrade, &query, Shape::Deepgram(Box::default())).await
}

impl LiveQuery {
    /// The encoding of the audio, by the names and defaults of `shape`.
    fn encoding(&self, shape: &Shape) -> Answer<Encoding> {
        let is_float = match (shape, self.encoding.as_deref()) {
            (Shape::Own, None | Some("s16le")) | (Shape::Deepgram(_), Some("linear16")) => false,
            (Shape::Own, Some("f32le")) | (Shape::Deepgram(_), Some("linear32")) => true,
            (Shape::Own, Some("webm")) | (Shape::Deepgram(_), None) => return Ok(Encoding::Container),
            (Shape::Own, Some(other)) => return Err(one_of("encoding", other, &["s16le", "f32le", "webm"])),
            (Shape::Deepgram(_), Some(other)) => return Err(one_of("encoding", other, &["linear16", "linear32"])),
        };
        let rate = match (shape, self.rate) {
            (_, Some(rate)) => rate,
            (Shape::Own, None) => 16_000,
            (Shape::Deepgram(_), None) => {
                return Err(Refusal::invalid("sample_rate is missing").hint("add for example sample_rate=16000"));
            }
        };
        let samples = Samples { is_float, rate, channels: self.channels.unwrap_or(1) };
        // Checked here, since a refusal after the upgrade cannot have a status.
        audio::pcm(std::io::empty(), PcmFormat::S16le, samples.rate, samples.channels)?;
        if samples.channels > MAX_CHANNELS {
            return Err(Refusal::invalid(format!(
                "channels is {}, but must be at most {MAX_CHANNELS}",
                samples.channels
            )));
        }
        Ok(Encoding::Raw(samples))
    }
}

async fn start(app: Arc<App>, upgrade: Upgrade, query: &LiveQuery, shape: Shape) -> Answer<Response> {
    let encoding = query.encoding(&shape)?;
    let upgrade = upgrade.map_err(|_| {
        Refusal::new(StatusCode::UPGRADE_REQUIRED, "no_websocket", "live audio needs a WebSocket")
            .hint("open the address with ws:// or wss://")
    })?;
    let mut settings = LiveSettings::default();
    settings.latency_s = query.latency.unwrap_or(settings.latency_s);
    let name = ids::shown_name(query.name.as_deref().unwrap_or("live"));
    let wanted = Wanted { name, encoding, settings };
    let opened = blocking(&app, move |app| live::open(app, wanted)).await?;
    let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    Ok(upgrade.on_upgrade(move |socket| talk(app, socket, opened, shape)))
}

/// The layout of messages to the client.
enum Shape {
    Own,
    Deepgram(Box<Deepgram>),
}

/// Turns so far, for messages that describe whole turns.
#[derive(Default)]
struct Deepgram {
    board: Board,
    id: String,
    created: String,
}

impl Shape {
    /// The messages for one of the engine's.
    fn texts(&mut self, heard: &Heard) -> Option<String> {
        match self {
            Self::Own => Some(heard.line()),
            Self::Deepgram(deepgram) => deepgram.message(heard).map(|message| message.to_string()),
        }
    }
}

impl Deepgram {
    /// A message about a turn that is over, or about the end.
    fn message(&mut self, heard: &Heard) -> Option<Value> {
        match heard {
            Heard::Event { event, .. } => {
                self.board.apply(event);
                let LiveEvent::Closed { turn, .. } = event else { return None };
                let turn = self.board.get(*turn)?;
                let (start, end) = (milliseconds(turn.start_s), milliseconds(turn.end_s));
                // Speakers are numbered from 0 there, and from 1 here.
                let speaker = turn.speaker.saturating_sub(1);
                let word = json!({ "word": "", "start": start, "end": end, "confidence": 0.0, "speaker": speaker });
                Some(json!({
                    "type": "Results",
                    "start": start,
                    "duration": milliseconds(turn.end_s - turn.start_s),
                    "is_final": true,
                    "speech_final": true,
                    "channel_index": [0, 1],
                    "channel": { "alternatives": [{ "transcript": "", "confidence": 0.0, "words": [word] }] },
                    "metadata": {
                        "request_id": self.id,
                        "model_uuid": "",
                        "model_info": { "name": "diarist", "version": env!("CARGO_PKG_VERSION"), "arch": "diarist" },
                    },
                }))
            }
            Heard::Notice { heard_s, fields } => match fields["event"].as_str()? {
                "recording" => {
                    self.id = fields["id"].as_str()?.to_owned();
                    self.created = fields["created"].as_str()?.to_owned();
                    None
                }
                // Its clients want every field, also those that say nothing here.
                "result" => Some(json!({
                    "type": "Metadata",
                    "transaction_key": "deprecated",
                    "request_id": self.id,
                    "sha256": "",
                    "created": self.created,
                    "duration": milliseconds(*heard_s),
                    "channels": 1,
                    "result": fields["result"],
                })),
                "error" => Some(json!({
                    "type": "Error",
                    "variant": fields["error"]["code"],
                    "description": fields["error"]["message"],
                    "message": fields["error"]["code"],
                })),
                _ => None,
            },
        }
    }
}

/// Serves one client: audio in, messages out, until either side ends.
async fn talk(app: Arc<App>, socket: WebSocket, opened: Opened, mut shape: Shape) {
    let Opened { audio, mut heard, end } = opened;
    let (mut sink, stream) = socket.split();
    let patience = app.options.timeout;
    let (gone, is_gone) = watch::channel(false);
    let reader = tokio::spawn(listen_to(stream, audio, end, is_gone, app.stop.subscribe(), patience));
    // All messages are written here, each within a time limit.
    let mut is_there = true;
    while let Some(message) = heard.recv().await {
        let Some(text) = shape.texts(&message) else { continue };
        let sent = tokio::time::timeout(patience, sink.send(Message::Text(text.into()))).await;
        if !matches!(sent, Ok(Ok(()))) {
            is_there = false;
            break;
        }
    }
    drop(heard);
    gone.send_replace(true);
    if is_there {
        let close = Message::Close(Some(CloseFrame { code: close_code::NORMAL, reason: "".into() }));
        // The client may have closed first.
        let _ = tokio::time::timeout(patience, sink.send(close)).await;
    }
    // A failed reader has ended the stream already.
    let _ = reader.await;
}

/// Passes the client's audio on until its end. The socket is not read while the queue is full.
async fn listen_to(
    mut stream: SplitStream<WebSocket>,
    audio: mpsc::Sender<Piece>,
    mut end: watch::Receiver<bool>,
    mut is_gone: watch::Receiver<bool>,
    mut stop: watch::Receiver<bool>,
    patience: Duration,
) {
    loop {
        let message = tokio::select! {
            message = tokio::time::timeout(patience, stream.next()) => message,
            _ = end.wait_for(|end| *end) => return,
            _ = is_gone.wait_for(|gone| *gone) => return,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let bytes = match message {
            Ok(Some(Ok(Message::Binary(bytes)))) => bytes,
            Ok(Some(Ok(Message::Text(text)))) if is_end(&text) => break,
            Ok(Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_)))) => continue,
            // A client that is silent for too long, closes or breaks off ends its stream.
            Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) | Err(_) => break,
        };
        let sent = tokio::select! {
            sent = audio.send(Piece { bytes, arrived: Instant::now() }) => sent,
            _ = end.wait_for(|end| *end) => return,
            _ = is_gone.wait_for(|gone| *gone) => return,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        if sent.is_err() {
            break;
        }
    }
    drop(audio);
    // Messages after the end are read, so that the client can close in order.
    let rest = async { while let Some(Ok(_)) = stream.next().await {} };
    tokio::select! {
        () = rest => {}
        _ = is_gone.wait_for(|gone| *gone) => {}
    }
}

/// Whether a text message ends the stream: ours, Deepgram's, or AssemblyAI's.
fn is_end(text: &str) -> bool {
    let message: Value = serde_json::from_str(text).unwrap_or_default();
    matches!(message["type"].as_str(), Some("finish" | "CloseStream" | "Terminate"))
}

/// The lines of a running stream for a viewer: the turns so far, then what comes.
pub(super) async fn watch(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer<impl IntoResponse> {
    let (before, lines) = app.streams.watch(&id).ok_or_else(|| Refusal::not_found("running stream"))?;
    let stop = app.stop.subscribe();
    let stream =
        unfold((before.into_iter(), lines, stop, false), |(mut before, mut lines, mut stop, is_over)| async move {
            if is_over {
                return None;
            }
            let (event, is_over) = match before.next() {
                Some(line) => (Event::default().data(line), false),
                None => {
                    let line = tokio::select! {
                        line = lines.recv() => line,
                        _ = stop.wait_for(|stop| *stop) => return None,
                    };
                    match line {
                        Ok(line) => (Event::default().data(line), false),
                        // The viewer opens the stream again.
                        Err(RecvError::Lagged(_)) => (Event::default().event("lagged").data("{}"), true),
                        Err(RecvError::Closed) => return None,
                    }
                }
            };
            Some((Ok::<_, Infallible>(event), (before, lines, stop, is_over)))
        });
    Ok(sse(stream))
}

fn sse(stream: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> impl IntoResponse {
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}
