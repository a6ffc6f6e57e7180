//! Forms with files. Files go to the disk as they come.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{StatusCode, header};
use diarist::parts::settings::{Choices, OptionInfo, OptionKind, Value};
use tempfile::TempPath;
use tokio::io::AsyncWriteExt;

use super::too_large;
use crate::app::App;
use crate::error::{Answer, Refusal};
use crate::ids;

/// Most bytes of a field that is no file.
const MAX_FIELD: usize = 4 << 20;
/// Most bytes of a transcript.
const MAX_WORDS: usize = 64 << 20;
/// Most fields.
const MAX_FIELDS: usize = 32;

/// A file that came.
#[derive(Debug)]
pub(super) struct Upload {
    /// The file is removed unless it is moved away.
    pub(super) path: TempPath,
    /// Name that the caller gave it, fit for people.
    pub(super) name: String,
}

/// A form that came whole.
#[derive(Debug, Default)]
pub(super) struct Form {
    file: Option<Upload>,
    words: Option<Vec<u8>>,
    fields: BTreeMap<String, Vec<String>>,
}

/// Reads a form with the field `file`, the field `words` (text or a file), and those in `known`.
pub(super) async fn read(app: &Arc<App>, request: Request, known: &[&str]) -> Answer<Form> {
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let max = app.options.max_upload;
    // Boundaries and other fields are allowed beside the file.
    if length.is_some_and(|length| length > max.saturating_add((MAX_WORDS + MAX_FIELD * MAX_FIELDS) as u64)) {
        return Err(too_large(max));
    }
    let mut multipart = without_limit(request).await?;
    let mut form = Form::default();
    let mut num_fields = 0;
    while let Some(field) = multipart.next_field().await.map_err(|error| broken(&error))? {
        num_fields += 1;
        if num_fields > MAX_FIELDS {
            return Err(Refusal::invalid(format!("the form has more than {MAX_FIELDS} fields")));
        }
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" if form.file.is_none() => form.file = Some(to_disk(app, field).await?),
            "file" => return Err(Refusal::invalid("the form has several files").hint("send one form for each")),
            "words" => form.words = Some(to_memory(field, MAX_WORDS).await?),
            name if known.contains(&name) => {
                let bytes = to_memory(field, MAX_FIELD).await?;
                let text = String::from_utf8(bytes)
                    .map_err(|_| Refusal::invalid(format!("the field {name} is not text in UTF-8")))?;
                form.fields.entry(name.to_owned()).or_default().push(text);
            }
            _ => {
                let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
                return Err(Refusal::invalid(format!("the form has no field {shown:?}"))
                    .hint(format!("its fields are file, words, {}", known.join(", "))));
            }
        }
    }
    Ok(form)
}

/// The form of a request, without axum's limit on its size: files have a limit of their own.
async fn without_limit(mut request: Request) -> Answer<Multipart> {
    DefaultBodyLimit::disable().apply(&mut request);
    Multipart::from_request(request, &()).await.map_err(|_| {
        Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "no_form", "the request is no form with files")
            .hint("send multipart/form-data")
    })
}

/// A refusal of a form that broke off.
fn broken(error: &MultipartError) -> Refusal {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<tower_http::timeout::TimeoutError>() {
            return Refusal::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the request stopped for too long");
        }
        cause = error.source();
    }
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", error.body_text()),
        _ => Refusal::invalid("the form is damaged or cut off").hint("send it again"),
    }
}

async fn to_disk(app: &Arc<App>, mut field: Field<'_>) -> Answer<Upload> {
    let name = ids::recording_name(field.file_name().unwrap_or_default());
    let (file, path) = tempfile::NamedTempFile::new_in(app.folder.uploads())?.into_parts();
    let mut file = tokio::fs::File::from_std(file);
    let mut num_bytes = 0;
    while let Some(bytes) = field.chunk().await.map_err(|error| broken(&error))? {
        num_bytes += bytes.len() as u64;
        if num_bytes > app.options.max_upload {
            return Err(too_large(app.options.max_upload));
        }
        file.write_all(&bytes).await?;
    }
    file.flush().await?;
    if num_bytes == 0 {
        return Err(Refusal::invalid("the file is empty").hint("check that the recording was saved"));
    }
    Ok(Upload { path, name })
}

async fn to_memory(mut field: Field<'_>, max: usize) -> Answer<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(bytes) = field.chunk().await.map_err(|error| broken(&error))? {
        if all.len() + bytes.len() > max {
            return Err(too_large(max as u64));
        }
        all.extend_from_slice(&bytes);
    }
    Ok(all)
}

impl Form {
    /// The file, which must be there.
    pub(super) fn file(&mut self) -> Answer<Upload> {
        self.file
            .take()
            .ok_or_else(|| Refusal::invalid("the form has no file").hint("send the audio as the field file"))
    }

    /// The transcript, if there is one. It is read here, so that a fault shows at once.
    pub(super) fn words(&mut self) -> Answer<Option<Vec<u8>>> {
        let Some(words) = self.words.take().filter(|words| !words.is_empty()) else { return Ok(None) };
        diarist::parts::words::Transcript::read(&words)?;
        Ok(Some(words))
    }

    /// The last value of a field; an empty one counts as none.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.last().map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// All values of a field.
    pub(super) fn all(&self, name: &str) -> &[String] {
        self.fields.get(name).map_or(&[], Vec::as_slice)
    }

    /// A value of a field as a number or another plain value.
    pub(super) fn value<T: FromStr>(&self, name: &str, what: &str) -> Answer<Option<T>> {
        let parse = |text: &str| {
            let fault = || Refusal::invalid(format!("{name} is {:?}, but must be {what}", shown(text)));
            text.parse().map_err(|_| fault())
        };
        self.text(name).map(parse).transpose()
    }

    /// Leaves out those of the fields `names` that are 0.
    pub(super) fn without_zeros(&mut self, names: &[(&str, &str)]) {
        for (name, _) in names {
            if self.text(name) == Some("0") {
                self.fields.remove(*name);
            }
        }
    }

    /// A value of a field that is true or false.
    pub(super) fn flag(&self, name: &str) -> Answer<bool> {
        match self.text(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(other) => Err(one_of(name, other, &["true", "false"])),
        }
    }

    /// A value of a field that is one of `allowed`.
    pub(super) fn choice<'a>(&self, name: &str, allowed: &[&'a str]) -> Answer<Option<&'a str>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        allowed
            .iter()
            .find(|allowed| **allowed == text)
            .map(|found| Some(*found))
            .ok_or_else(|| one_of(name, text, allowed))
    }

    /// Options of the diarization: pairs of the name of a field and of an option.
    pub(super) fn choices(&self, app: &App, options: &[(&str, &str)]) -> Answer<Choices> {
        let mut choices = Choices::default();
        for (field, name) in options {
            let Some(option) = OptionInfo::find(name) else { continue };
            let value = match option.kind {
                OptionKind::Count(_) => self.value(field, "a whole number from 0 on")?.map(Value::Count),
                OptionKind::Number(..) => self.value(field, "a number")?.map(Value::Number),
                OptionKind::Choice(allowed, _) => {
                    let names: Vec<&'static str> = allowed.iter().map(|choice| choice.name).collect();
                    self.choice(field, &names)?.map(Value::Name)
                }
                OptionKind::Text(_) | OptionKind::Path => None,
            };
            if let Some(value) = value {
                choices.set(option, value);
            }
        }
        app.engine.complete(&choices).settings()?;
        Ok(choices)
    }
}

/// A refusal of a value that is none of `allowed`.
pub(super) fn one_of(name: &str, given: &str, allowed: &[&str]) -> Refusal {
    Refusal::invalid(format!("{name} is {:?}, but must be one of: {}", shown(given), allowed.join(", ")))
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// Fields of the number of speakers, and their options.
pub(super) const BOUNDS: [(&str, &str); 3] =
    [("num_speakers", "num-speakers"), ("min_speakers", "min-speakers"), ("max_speakers", "max-speakers")];

/// The type of media for browsers, of a file in `container`.
pub(super) fn media_type(container: &str, path: &Path) -> &'static str {
    match container {
        "wave" => "audio/wav",
        "flac" => "audio/flac",
        "ogg" => "audio/ogg",
        "mp3" | "mp2" | "mp1" | "mpa" => "audio/mpeg",
        "isomp4" => "audio/mp4",
        "aac" => "audio/aac",
        "aiff" => "audio/aiff",
        "matroska" if is_webm(path) => "audio/webm",
        "matroska" => "audio/x-matroska",
        _ => "application/octet-stream",
    }
}

/// Whether a Matroska file calls itself WebM, in its first bytes.
fn is_webm(path: &Path) -> bool {
    use std::io::Read;
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(64).read_to_end(&mut start));
    read.is_ok() && start.windows(4).any(|window| window == b"webm")
}
