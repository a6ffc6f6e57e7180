//! Export and import of people as JSON, to copy them to another database.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::people::{find_or_create, num_samples};
use super::samples::{insert, new_batch, of_person};
use super::{MAX_SAMPLES, NewSample, SpeakerDatabase, faults};
use crate::error::{Error, Result};
use crate::voices::{SampleKind, Voice};

/// Marks a document as an export of speakers.
const FORMAT: &str = "diarist-speakers";
/// Version of the layout of the document.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    version: u32,
    people: Vec<JsonPerson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonPerson {
    name: String,
    created: String,
    samples: Vec<JsonSample>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonSample {
    embedding: Vec<f32>,
    speech_s: f64,
    source: String,
    model: String,
    created: String,
    /// Batch of a learned sample. Samples with the same number were learned together.
    batch: Option<i64>,
}

/// Counts of the people and samples that [`SpeakerDatabase::import`] added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Number of people added.
    pub num_people: usize,
    /// Number of samples added.
    pub num_samples: usize,
    /// Number of samples that were not added, because the person had them already.
    pub num_known: usize,
}

impl SpeakerDatabase {
    /// All people with all samples, as one JSON document.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the file cannot be read.
    pub fn export(&self) -> Result<String> {
        let people = self.read(|connection| {
            let mut statement =
                connection.prepare("SELECT id, name, created FROM people ORDER BY name").map_err(faults::reading)?;
            let rows = statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .and_then(Iterator::collect::<rusqlite::Result<Vec<(i64, String, String)>>>)
                .map_err(faults::reading)?;
            let people = rows.into_iter().map(|(id, name, created)| {
                let samples = of_person(connection, id)?.into_iter().map(|sample| JsonSample {
                    embedding: sample.voice.embedding().to_vec(),
                    speech_s: sample.voice.speech_s(),
                    source: sample.source,
                    model: sample.model,
                    created: sample.created,
                    batch: sample.batch,
                });
                Ok(JsonPerson { name, created, samples: samples.collect() })
            });
            people.collect::<Result<Vec<_>>>()
        })?;
        let document = Document { format: FORMAT.to_owned(), version: VERSION, people };
        Ok(serde_json::to_string(&document).expect("every field has a JSON form: strings, finite numbers, lists"))
    }

    /// Adds the people of a document that [`Self::export`] wrote. Either all of them are added or
    /// none.
    ///
    /// A person who is known already gets the samples that are missing. Learned samples stay
    /// learned, in new batches.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if `text` is not such a document, holds an invalid name or
    /// voice, or would give a person more than [`MAX_SAMPLES`]; [`crate::ErrorKind::Output`] if the
    /// file cannot be written.
    pub fn import(&mut self, text: &str) -> Result<Imported> {
        let document = parse(text)?;
        self.write(|transaction| {
            let mut imported = Imported::default();
            let mut batches: HashMap<i64, i64> = HashMap::new();
            for person in &document.people {
                let id = find_or_create(transaction, &person.name, Some(&person.created))?;
                let known = of_person(transaction, id)?;
                imported.num_people += usize::from(known.is_empty());
                for sample in &person.samples {
                    let voice = Voice::new(sample.embedding.clone(), sample.speech_s)
                        .map_err(|error| error.at(person.name.clone()))?;
                    let is_same = |known: &super::Sample| {
                        let kind = if sample.batch.is_some() { SampleKind::Learned } else { SampleKind::Enrolled };
                        known.voice == voice && known.model == sample.model && known.kind == kind
                    };
                    if known.iter().any(is_same) {
                        imported.num_known += 1;
                        continue;
                    }
                    if num_samples(transaction, id)? >= MAX_SAMPLES {
                        return Err(Error::input(format!(
                            "{:?} would have more than {MAX_SAMPLES} samples",
                            person.name
                        ))
                        .hint("remove some of them from the database or from the export"));
                    }
                    let batch = match sample.batch {
                        None => None,
                        Some(batch) if batches.contains_key(&batch) => batches.get(&batch).copied(),
                        Some(batch) => {
                            let new = new_batch(transaction, &sample.source)?;
                            batches.insert(batch, new);
                            Some(new)
                        }
                    };
                    let new = NewSample { voice, source: sample.source.clone(), model: sample.model.clone() };
                    insert(transaction, id, &new, batch, Some(&sample.created))?;
                    imported.num_samples += 1;
                }
            }
            Ok(imported)
        })
    }
}

fn parse(text: &str) -> Result<Document> {
    let wrong = |error: serde_json::Error| {
        Error::input("not an export of speakers").caused_by(error).hint("make one with an export of a speaker database")
    };
    let value: serde_json::Value = serde_json::from_str(text).map_err(wrong)?;
    let (format, version) = (&value["format"], &value["version"]);
    if format != FORMAT {
        return Err(Error::input("not an export of speakers").hint("make one with an export of a speaker database"));
    }
    if version != VERSION {
        return Err(Error::input(format!("an export of version {version}, but this diarist reads {VERSION}"))
            .hint("use another version of diarist"));
    }
    let document: Document = serde_json::from_value(value).map_err(wrong)?;
    if let Some(person) = document.people.iter().find(|person| person.samples.is_empty()) {
        return Err(Error::input(format!("{:?} has no sample", person.name)).hint("remove the person from the export"));
    }
    Ok(document)
}
