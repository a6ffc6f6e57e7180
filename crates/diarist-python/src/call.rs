//! Work on a thread of its own, while the calling thread waits without the interpreter's lock.
//!
//! The calling thread looks for signals every [`PATIENCE`], whatever the networks are doing. If a
//! handler raises, as that of Ctrl-C does, the call ends at once, and the working thread stops
//! before it next reads audio.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use diarist::{Error, ErrorKind, Progress, Result};
use pyo3::prelude::*;

use crate::audio::Audio;
use crate::fault;

/// Longest time between two looks at pending signals.
const PATIENCE: Duration = Duration::from_millis(100);

enum News<R> {
    Progress(Progress),
    Done(Result<R>),
}

/// Cancels the work when the call ends, for whatever reason.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Calls `work` with the recording `audio`, or with one channel of a file (from 1).
///
/// `progress` is called on the calling thread with the seconds done, and the seconds in all or
/// None. An exception that it raises ends the call.
pub(crate) fn run<R: Send + 'static>(
    py: Python<'_>,
    audio: Audio,
    channel: Option<usize>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(diarist::Recording<'_>) -> Result<R> + Send + 'static,
) -> PyResult<R> {
    let (sender, mut receiver) = mpsc::channel();
    let cancel = CancelOnDrop(Arc::default());
    let flag = Arc::clone(&cancel.0);
    let body = move || {
        // After a cancelled call nobody receives, and sending fails.
        let tell = |progress| drop(sender.send(News::Progress(progress)));
        let result = audio.with_recording(channel, |recording| work(recording.with_progress(tell).with_cancel(&flag)));
        drop(sender.send(News::Done(result)));
    };
    if let Err(error) = thread::Builder::new().name("diarist-call".to_owned()).spawn(body) {
        let error = Error::new(ErrorKind::Internal, "cannot start a thread").caused_by(error);
        return Err(fault::raised(py, &error));
    }
    loop {
        // The receiver cannot be shared among threads, but it can be lent.
        let lent = &mut receiver;
        match py.detach(move || lent.recv_timeout(PATIENCE)) {
            Ok(News::Done(result)) => return result.map_err(|error| fault::raised(py, &error)),
            Ok(News::Progress(Progress { processed_s, total_s })) => {
                if let Some(progress) = progress {
                    progress.call1((processed_s, total_s))?;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let error = Error::new(ErrorKind::Internal, "a fault inside diarist").hint("please report it");
                return Err(fault::raised(py, &error));
            }
        }
        py.check_signals()?;
    }
}
