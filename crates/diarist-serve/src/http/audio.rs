//! The sound of a recording for players, and its outline.

use std::io::{BufWriter, Write};
use std::path::Path as FilePath;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diarist::parts::audio::{self, AudioSource};
use diarist::parts::segmentation::SAMPLE_RATE;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use crate::app::{App, blocking};
use crate::error::{Answer, Refusal};
use crate::live::{Samples, wav_head};
use crate::store::State as Progress;

/// Peaks in a second.
const PEAKS_PER_S: usize = 50;

/// The bytes as they came.
pub(super) async fn original(State(app): State<Arc<App>>, Path(id): Path<String>, request: Request) -> Answer<Response> {
    let (path, media_type) = blocking(&app, move |app| {
        let row = app.row(&id)?;
        let path = app.folder.recording(&id).audio();
        if row.state == Progress::Running && row.kind == crate::store::Kind::Live || !path.exists() {
            return Err(no_sound());
        }
        Ok((path, row.media_type))
    })
    .await?;
    serve(&path, &media_type, request).await
}

/// 16 kHz mono, made at the first call.
pub(super) async fn wav(State(app): State<Arc<App>>, Path(id): Path<String>, request: Request) -> Answer<Response> {
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
    serve(&path, "audio/wav", request).await
}

fn no_sound() -> Refusal {
    Refusal::not_found("sound").hint("a live stream has sound when it has ended")
}

/// Answers with a file or the part of it that the request asks for.
async fn serve(path: &FilePath, media_type: &str, request: Request) -> Answer<Response> {
    let request = request.map(|_| Body::empty());
    let mut response = ServeFile::new(path).oneshot(request).await.map_err(|error| Refusal::internal(&error))?.map(Body::new);
    let media_type = HeaderValue::try_from(media_type).map_err(|error| Refusal::internal(&error))?;
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    Ok(response)
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
                let peaks = outline(&folder.audio())?;
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

/// The length in seconds as eight bytes, then the loudest magnitude of each fiftieth of a second.
fn outline(path: &FilePath) -> Answer<Vec<u8>> {
    let mut source = audio::open(path)?;
    let (mut samples, mut num_samples) = (Vec::new(), 0);
    let mut peaks = Vec::new();
    let length = SAMPLE_RATE as usize / PEAKS_PER_S;
    let peak = |bucket: &[f32]| {
        let loudest = bucket.iter().fold(0.0, |loudest: f32, sample| loudest.max(sample.abs()));
        (loudest.min(1.0) * 255.0).round() as u8
    };
    while source.read(&mut samples)? {
        let whole = samples.len() / length * length;
        peaks.extend(samples[..whole].chunks(length).map(peak));
        num_samples += whole;
        samples.drain(..whole);
    }
    peaks.extend(samples.chunks(length).map(peak));
    num_samples += samples.len();
    let duration_s = num_samples as f64 / f64::from(SAMPLE_RATE);
    Ok([&duration_s.to_le_bytes()[..], &peaks].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outline_has_the_loudest_magnitude_of_each_bucket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let samples = Samples { is_float: true, rate: SAMPLE_RATE, channels: 1 };
        let mut file = wav_head(samples, 0);
        for index in 0..1000 {
            let sample: f32 = if index == 400 { -1.0 } else { 0.2 };
            file.extend(sample.to_le_bytes());
        }
        std::fs::write(&path, file).unwrap();
        crate::live::repair(&path).unwrap();
        let peaks = outline(&path).unwrap();
        assert_eq!(f64::from_le_bytes(peaks[..8].try_into().unwrap()), 1000.0 / 16_000.0);
        assert_eq!(peaks[8..], [51, 255, 51, 51]);
    }
}
