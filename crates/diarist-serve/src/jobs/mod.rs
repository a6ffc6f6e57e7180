//! The queue of recordings and the thread that works on it, one recording after the other.

mod webhook;
mod work;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diarist::Diarization;

use crate::app::App;
use crate::error::{Answer, Reason, Refusal};
use crate::store::{Row, State};

pub(crate) use webhook::{check_address, send_due};
pub(crate) use work::{Known, Once, diarize_once, file_id, open_audio};

/// Shortest time between two announcements of progress.
const BETWEEN_ANNOUNCEMENTS: Duration = Duration::from_millis(250);

/// The work in progress.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    current: Mutex<Option<Current>>,
    wake: Condvar,
    stop: AtomicBool,
}

/// The recording that is worked on.
#[derive(Debug)]
struct Current {
    id: String,
    cancel: Arc<AtomicBool>,
    progress: f64,
    stage: &'static str,
    announced: Instant,
}

impl Jobs {
    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Share of the work that is done, and its stage.
    pub(crate) fn progress(&self, id: &str) -> Option<(f64, &'static str)> {
        let current = self.current();
        current.as_ref().filter(|current| current.id == id).map(|current| (current.progress, current.stage))
    }

    /// Lets the thread look for work.
    pub(crate) fn wake(&self) {
        // The lock keeps the thread from missing the call between its look and its wait.
        let _current = self.current();
        self.wake.notify_all();
    }

    /// Ends the work on a recording soon.
    fn interrupt(&self, id: &str) {
        if let Some(current) = self.current().as_ref().filter(|current| current.id == id) {
            current.cancel.store(true, Ordering::Relaxed);
        }
    }

    /// Ends all work soon; the recording in work is taken up at the next start.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(current) = self.current().as_ref() {
            current.cancel.store(true, Ordering::Relaxed);
        }
        self.wake();
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Works on recordings until the service stops.
pub(crate) fn run(app: &Arc<App>) {
    while !app.jobs.is_stopped() {
        match app.store.next_queued() {
            Ok(Some(row)) => one(app, &row),
            Ok(None) => {
                let current = app.jobs.current();
                // The timeout is for a call to `wake` before the wait.
                drop(app.jobs.wake.wait_timeout(current, Duration::from_millis(500)));
            }
            Err(error) => {
                tracing::error!("the queue cannot be read: {error}");
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    }
}

fn one(app: &Arc<App>, row: &Row) {
    let cancel = Arc::new(AtomicBool::new(false));
    *app.jobs.current() = Some(Current {
        id: row.id.clone(),
        cancel: Arc::clone(&cancel),
        progress: 0.0,
        stage: "analysis",
        announced: Instant::now(),
    });
    if let Err(error) = start_and_finish(app, row, &cancel) {
        tracing::error!("{}: its state cannot be stored: {error}", row.id);
        std::thread::sleep(Duration::from_secs(1));
    }
    *app.jobs.current() = None;
    app.announce(&row.id);
}

fn start_and_finish(app: &Arc<App>, row: &Row, cancel: &AtomicBool) -> rusqlite::Result<()> {
    if !app.store.set_state(&row.id, State::Running, None)? {
        return Ok(());
    }
    if app.jobs.is_stopped() {
        return Ok(());
    }
    app.announce(&row.id);
    let clock = Instant::now();
    let done = work::work(app, row, cancel);
    match done {
        Ok(done) => {
            app.store.set_speakers(&row.id, &done.result)?;
            if app.store.set_done(&row.id, done.result.duration_s, &done.warnings)? {
                app.metrics.job_done(done.result.duration_s, clock.elapsed());
                tracing::info!("{} is done after {:.1} s", row.id, clock.elapsed().as_secs_f64());
            } else {
                // It was cancelled at the last moment.
                app.store.set_speakers(&row.id, &Diarization::default())?;
            }
        }
        // The next start takes it up again.
        Err(_) if app.jobs.is_stopped() => return Ok(()),
        Err(reason) => {
            if app.store.set_state(&row.id, State::Failed, Some(&reason))? {
                app.metrics.job_failed();
                tracing::warn!("{} failed: {}", row.id, reason.message);
            }
        }
    }
    match app.store.get(&row.id)? {
        None => {
            if let Err(error) = app.folder.recording(&row.id).remove() {
                tracing::error!("{}: its folder cannot be removed: {error}", row.id);
            }
        }
        Some(row) if row.state == State::Cancelled => {
            // A checkpoint may be missing.
            let _ = std::fs::remove_file(app.folder.recording(&row.id).analysis());
        }
        Some(row) => webhook::send(app, row),
    }
    Ok(())
}

/// Reports progress of the current recording.
fn report(app: &App, progress: f64, stage: &'static str) {
    let id = {
        let mut current = app.jobs.current();
        let Some(current) = current.as_mut() else { return };
        let is_new_stage = current.stage != stage;
        (current.progress, current.stage) = (progress, stage);
        if !is_new_stage && current.announced.elapsed() < BETWEEN_ANNOUNCEMENTS {
            return;
        }
        current.announced = Instant::now();
        current.id.clone()
    };
    app.announce(&id);
}

/// Ends the work on a recording.
pub(crate) fn cancel(app: &App, id: &str) -> Answer<Row> {
    let row = app.row(id)?;
    if !app.store.set_state(id, State::Cancelled, None)? {
        return Err(Refusal::new(
            axum::http::StatusCode::CONFLICT,
            "over",
            format!("the work is over: the recording is {}", row.state.name()),
        ));
    }
    app.streams.end(id);
    app.jobs.interrupt(id);
    app.announce(id);
    app.row(id)
}

/// Removes a recording with everything that belongs to it.
pub(crate) fn remove(app: &App, id: &str) -> Answer<()> {
    if !app.store.remove(id)? {
        return Err(Refusal::not_found("recording"));
    }
    app.streams.end(id);
    app.jobs.interrupt(id);
    app.results.forget(id);
    Ok(app.folder.recording(id).remove()?)
}

/// Refuses a recording if too many wait.
pub(crate) fn check_queue(app: &App) -> Answer<()> {
    if app.store.num_queued()? >= app.options.max_jobs {
        return Err(Refusal::new(
            axum::http::StatusCode::TOO_MANY_REQUESTS,
            "too_many_jobs",
            format!("{} recordings wait already", app.options.max_jobs),
        )
        .hint("try again when some of them are done"));
    }
    Ok(())
}

/// The reason of a recording that is longer than allowed.
fn too_long(app: &App) -> Reason {
    Reason {
        code: "too_long".to_owned(),
        message: format!("the recording is longer than {} s", app.options.max_duration_s),
        hint: Some("send it in parts".to_owned()),
    }
}
