//! Work for a caller who waits for the answer: one call at a time, and a few that wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;
use diarist::Diarization;

use super::form::Form;
use crate::app::App;
use crate::error::{Answer, Refusal};
use crate::jobs::{self, Known, Once};

/// A diarized recording of which nothing is kept.
#[derive(Debug)]
pub(super) struct Diarized {
    pub(super) result: Diarization,
    pub(super) form: Form,
}

/// Becomes true when the caller is gone.
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `work` when those before it are done. Its second argument becomes true when the caller is
/// gone.
pub(super) async fn run<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&Arc<App>, &AtomicBool) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let Some(_waiting) = app.waiting.clone().try_acquire_owned().ok() else {
        return Err(Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_jobs",
            format!("{} callers wait already", app.options.max_jobs),
        )
        .hint("try again later, or send the recording to /v1/recordings"));
    };
    let permit = Arc::clone(&app.clips).acquire_owned().await.map_err(|error| Refusal::internal(&error))?;
    let cancel = Arc::new(AtomicBool::new(false));
    let _gone = Gone(Arc::clone(&cancel));
    let app = Arc::clone(app);
    let done = tokio::task::spawn_blocking(move || {
        let done = work(&app, &cancel);
        drop(permit);
        done
    });
    done.await?
}

/// Diarizes the file of a form.
pub(super) async fn diarize(app: &Arc<App>, form: Form, options: &[(&str, &str)]) -> Answer<Diarized> {
    diarize_with(app, form, options, Vec::new()).await
}

/// As [`diarize`], with people who are known for this call only.
pub(super) async fn diarize_with(
    app: &Arc<App>,
    mut form: Form,
    options: &[(&str, &str)],
    known: Vec<Known>,
) -> Answer<Diarized> {
    let upload = form.file()?;
    let choices = form.choices(app, options)?;
    run(app, move |app, cancel| {
        let once = Once { path: upload.path.to_path_buf(), name: upload.name, choices, known };
        let result = jobs::diarize_once(app, &once, cancel)?;
        drop(upload.path);
        Ok(Diarized { result, form })
    })
    .await
}
