//! Changes to recordings, as they happen, in the form of server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

use crate::app::{App, Changed, blocking};
use crate::error::Answer;

/// Time between signs of life, which find out whether the reader is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

type Events<S> = Sse<axum::response::sse::KeepAliveStream<S>>;

/// State of one reader.
struct Reader {
    changes: broadcast::Receiver<Arc<Changed>>,
    stop: watch::Receiver<bool>,
    /// The only recording to report.
    id: Option<String>,
    /// The event to send first, and whether it is the last.
    first: Option<(Event, bool)>,
    is_over: bool,
}

/// Changes to all recordings.
pub(super) async fn all(State(app): State<Arc<App>>) -> Events<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = app.events.subscribe();
    send(Reader { changes, stop: app.stop.subscribe(), id: None, first: None, is_over: false })
}

/// The state of one recording and its changes, until the work on it is over.
pub(super) async fn of_one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Answer<Events<impl Stream<Item = Result<Event, Infallible>>>> {
    let changes = app.events.subscribe();
    let stop = app.stop.subscribe();
    let reader = blocking(&app, move |app| {
        let row = app.row(&id)?;
        let first = (recording(&app.record(&row)?.to_string()), row.state.is_over());
        Ok(Reader { changes, stop, id: Some(id), first: Some(first), is_over: false })
    })
    .await?;
    Ok(send(reader))
}

fn recording(text: &str) -> Event {
    Event::default().event("recording").data(text)
}

fn send(reader: Reader) -> Events<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = stream::unfold(reader, |mut reader| async move {
        let event = next(&mut reader).await?;
        Some((Ok(event), reader))
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

async fn next(reader: &mut Reader) -> Option<Event> {
    if reader.is_over {
        return None;
    }
    if let Some((event, is_last)) = reader.first.take() {
        reader.is_over = is_last;
        return Some(event);
    }
    loop {
        let changed = tokio::select! {
            changed = reader.changes.recv() => changed,
            _ = reader.stop.wait_for(|stop| *stop) => return None,
        };
        match changed {
            Ok(changed) if reader.id.as_ref().is_none_or(|id| *id == changed.id) => {
                reader.is_over = reader.id.is_some() && changed.is_over;
                return Some(recording(&changed.text));
            }
            Ok(_) => {}
            // The reader asks for everything again.
            Err(RecvError::Lagged(_)) => {
                reader.is_over = true;
                return Some(Event::default().event("lagged").data("{}"));
            }
            Err(RecvError::Closed) => return None,
        }
    }
}
