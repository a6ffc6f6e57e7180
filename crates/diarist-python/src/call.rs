//! Work beside Python: on a thread of its own, while the calling one waits for news without the interpreter's lock.
//!
//! So signals reach Python's handlers within [`PATIENCE`], whatever the networks are doing; if one of them raises, as the handler of
//! Ctrl-C does, the call is over at once, and the thread stops before it next reads audio.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use diarist::pipeline::Progress;
use diarist::{Error, ErrorKind, Result};
use pyo3::prelude::*;

use crate::fault;

/// Longest time between two looks at pending signals.
const PATIENCE: Duration = Duration::from_millis(100);

enum News<R> {
    Progress(Progress),
    Done(Result<R>),
}

/// Cancels what is still at work when the call ends, for whatever reason.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does `work`, which gets a function for its progress and the flag that tells it to stop. `progress`, if there is one, is called
/// on the calling thread with the seconds done and the seconds in all, or None; what it raises ends the call.
pub(crate) fn run<R: Send + 'static>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&mut (dyn FnMut(Progress) + Send), Arc<AtomicBool>) -> Result<R> + Send + 'static,
) -> PyResult<R> {
    let (sender, mut receiver) = channel();
    let cancelled = CancelOnDrop(Arc::default());
    let flag = Arc::clone(&cancelled.0);
    let body = move || {
        // Nobody listens any more after a cancelled call.
        let result = work(&mut |progress| drop(sender.send(News::Progress(progress))), flag);
        drop(sender.send(News::Done(result)));
    };
    if let Err(error) = thread::Builder::new().name("diarist-call".to_owned()).spawn(body) {
        let error = Error::new(ErrorKind::Internal, "cannot start a thread").caused_by(error);
        return Err(fault::raised(py, &error));
    }
    loop {
        // Not to be shared among threads, but it can be lent.
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
