//! Embeddings of voices, in the shapes of speaches and of OpenTranscribe's sidecar.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use diarist::Recording;
use diarist::parts::timeline::Segment;
use diarist::parts::voices::{MIN_SPEECH_S, excerpt};
use serde_json::{Value, json};

use super::{form, once};
use crate::app::App;
use crate::error::{Answer, Refusal};
use crate::{jobs, people};

/// Least seconds of speech in a window.
const MIN_WINDOW_SPEECH_S: f64 = 0.25;

/// The voice of the one person who speaks in a clip, as a list of embeddings.
pub(super) async fn speech(State(app): State<Arc<App>>, request: Request) -> Answer<Json<Value>> {
    let mut form = form::read(&app, request, &["model", "encoding_format"]).await?;
    form.choice("encoding_format", &["float"])?;
    let clip = form.file()?;
    once::run(&app, move |app, _| {
        jobs::open_audio(app, &clip.path, &clip.name)?;
        let diarizer = app.engine.diarizer(&Default::default())?;
        let (voice, _) = diarizer.voice(Recording::new(&*clip.path), MIN_SPEECH_S).map_err(people::unsuitable)?;
        Ok(Json(json!({
            "object": "list",
            "data": [{ "object": "embedding", "index": 0, "embedding": voice.embedding() }],
            "model": app.engine.model(),
            "usage": { "prompt_tokens": 0, "total_tokens": 0 },
        })))
    })
    .await
}

/// The voice in a stretch of a recording.
pub(super) async fn window(State(app): State<Arc<App>>, request: Request) -> Answer<Json<Value>> {
    let mut form = form::read(&app, request, &["start", "end"]).await?;
    let bound = |name: &str| -> Answer<f64> {
        let value = form.value::<f64>(name, "a number of seconds")?;
        value.filter(|value| value.is_finite() && *value >= 0.0).ok_or_else(|| {
            Refusal::invalid(format!("{name} is missing")).hint("give start and end in seconds from 0 on")
        })
    };
    let (start, end) = (bound("start")?, bound("end")?);
    if end <= start {
        return Err(Refusal::invalid(format!("the window ends at {end} s, but starts at {start} s")));
    }
    let clip = form.file()?;
    once::run(&app, move |app, _| {
        jobs::open_audio(app, &clip.path, &clip.name)?;
        let samples = excerpt(&clip.path, &[Segment::new(start, end)])?;
        let diarizer = app.engine.diarizer(&Default::default())?;
        let recording = Recording::from_samples("window", &samples);
        let (voice, _) = diarizer.voice(recording, MIN_WINDOW_SPEECH_S).map_err(people::unsuitable)?;
        Ok(Json(json!({
            "embedding": voice.embedding(),
            "dimension": voice.embedding().len(),
            "speech_s": voice.speech_s(),
            "model": app.engine.model(),
        })))
    })
    .await
}
