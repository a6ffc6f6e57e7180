//! Threads. WebAssembly cannot start any: the program around the module makes an instance with the
//! same memory for each of them, in a worker.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

use diarist::{Error, ErrorKind};
use rayon::{ThreadBuilder, ThreadPoolBuilder};

use crate::outcome::outcome;

/// Threads that no instance runs yet.
static WAITING: Mutex<VecDeque<ThreadBuilder>> = Mutex::new(VecDeque::new());
static ADDED: Condvar = Condvar::new();

/// Makes this instance the first of `num_threads` that compute together. Every other one calls
/// [`diarist_thread`], before or after; this call returns once all have done so. Gives `null`.
#[unsafe(no_mangle)]
pub extern "C" fn diarist_threads(num_threads: usize) -> u32 {
    outcome(|| {
        ThreadPoolBuilder::new()
            .num_threads(num_threads)
            .use_current_thread()
            .spawn_handler(|thread| {
                WAITING.lock().unwrap_or_else(PoisonError::into_inner).push_back(thread);
                ADDED.notify_one();
                Ok(())
            })
            .build_global()
            .map_err(|error| Error::new(ErrorKind::Internal, "cannot start threads").caused_by(error))?;
        Ok("null".to_owned())
    })
}

/// Computes as one of the threads, until the worker is ended.
#[unsafe(no_mangle)]
pub extern "C" fn diarist_thread() {
    let waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut waiting = ADDED.wait_while(waiting, |waiting| waiting.is_empty()).unwrap_or_else(PoisonError::into_inner);
    let thread = waiting.pop_front();
    drop(waiting);
    if let Some(thread) = thread {
        thread.run();
    }
}
