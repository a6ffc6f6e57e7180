//! The threads that compute.

use crate::error::Result;
#[cfg(not(target_family = "wasm"))]
use crate::error::{Error, ErrorKind};

use super::settings::AnalysisSettings;

/// A pool of threads. WebAssembly cannot start any. There, all analyzers use rayon's own pool: the
/// caller's thread, and those that the program around the module has given to it.
#[derive(Debug)]
pub(super) struct Threads {
    #[cfg(not(target_family = "wasm"))]
    pool: rayon::ThreadPool,
}

#[cfg(not(target_family = "wasm"))]
impl Threads {
    /// Starts as many threads as `settings` ask for.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Internal`] if the system refuses to start threads.
    pub(super) fn start(settings: &AnalysisSettings) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(settings.num_threads.unwrap_or(0))
            .thread_name(|index| format!("diarist-{index}"))
            .build()
            .map_err(|error| Error::new(ErrorKind::Internal, "cannot start threads").caused_by(error))?;
        Ok(Self { pool })
    }

    /// Number of threads.
    pub(super) fn count(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs `work` on the threads.
    pub(super) fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.pool.install(work)
    }
}

#[cfg(target_family = "wasm")]
impl Threads {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere the system may refuse to start threads")]
    pub(super) fn start(_settings: &AnalysisSettings) -> Result<Self> {
        Ok(Self {})
    }

    #[expect(clippy::unused_self, reason = "elsewhere there is a pool")]
    pub(super) fn count(&self) -> usize {
        rayon::current_num_threads()
    }

    #[expect(clippy::unused_self, reason = "elsewhere there is a pool")]
    pub(super) fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        work()
    }
}
