//! The sound of a recording for players, and its outline.

use std::io::{BufWriter, Write};
use std::path::Path as FilePath;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diarist::parts::audio::{self, AudioSource};
use diarist::parts::segmentation::SAMPLE_RATE;
use serde_json::{Value, json};

use super::file;
use crate::app::{App, blocking};
use crate::error::{Answer, Refusal};
use crate::live::{Samples, wav_head};
use crate::store::State as Progress;

/// Peaks in a second.
const PEAKS_PER_S: u32 = 50;

/// The bytes as they came.
pub(super) async fn original(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    let (path, media_type) = blocking(&app, move |app| {
        let row = app.row(&id)?;
        let path = app.folder.recording(&id).audio();
        if row.state == Progress::Running && row.kind == crate::store::Kind::Live || !path.exists() {
            return Err(no_sound());
        }
        Ok((path, row.media_type))
    })
    .await?;
    file::send(&path, &media_type, &headers).await
}

/// 16 kHz mono, made at the first call.
pub(super) async fn wav(State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap) -> Answer<Response> {
    let path = blocking(&app, move |app| {
        let row = app.row(&id)?;
        let folder = app.folder.recording(&id);
        if row.state == Progress::Running && row.kind == crate::store::Kind::Live || !folder.audio().exists() {
            return Err(no_sound());
        }
        if !folder.wav().exists() {
            decode(&folder.audio(), &folder.wav())?;
        }
        Ok(folder.wav())
    })
    .await?;
    file::send(&path, "audio/wav", &headers).await
}

fn no_sound() -> Refusal {
    Refusal::not_found("sound").hint("a live stream has sound when it has ended")
}

/// Decodes a recording to a WAV file, which appears whole.
fn decode(audio: &FilePath, wav: &FilePath) -> Answer<()> {
    let folder = wav.parent().unwrap_or(FilePath::new("."));
    let file = tempfile::NamedTempFile::new_in(folder)?;
    let samples = Samples { is_float: false, rate: SAMPLE_RATE, channels: 1 };
    let mut out = BufWriter::new(file.as_file());
    out.write_all(&wav_head(samples, 0))?;
    let mut source = audio::open(audio)?;
    let mut block = Vec::new();
    while source.read(&mut block)? {
        for sample in block.drain(..) {
            let sample = (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
            out.write_all(&sample.to_le_bytes())?;
        }
    }
    out.flush()?;
    drop(out);
    crate::live::repair(file.path())?;
    file.persist(wav).map_err(|error| error.error)?;
    Ok(())
}

/// The outline of the sound, made at the first call.
pub(super) async fn peaks(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer<Json<Value>> {
    blocking(&app, move |app| {
        let row = app.row(&id)?;
        let folder = app.folder.recording(&id);
        if row.state == Progress::Running && row.kind == crate::store::Kind::Live || !folder.audio().exists() {
            return Err(no_sound());
        }
        let peaks = match std::fs::read(folder.peaks()) {
            Ok(peaks) => peaks,
            Err(_) => {
                let waveform = diarist_page::waveform(&folder.audio(), PEAKS_PER_S)?;
                let peaks = [&waveform.duration_s.to_le_bytes()[..], &waveform.peaks].concat();
                diarist::parts::files::write_private(&folder.peaks(), &peaks)?;
                peaks
            }
        };
        // The length stands before the peaks.
        let (length, peaks) = peaks.split_first_chunk().ok_or_else(|| Refusal::internal("the outline is cut off"))?;
        Ok(Json(json!({
            "duration_s": f64::from_le_bytes(*length),
            "per_second": PEAKS_PER_S,
            "peaks": STANDARD.encode(peaks),
        })))
    })
    .await
}
