//! Adds, lists and removes samples: enrolled by the user, or learned from recordings.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::people::{find_or_create, num_samples, require};
use super::{MAX_SAMPLES, NewSample, Sample, SpeakerDatabase, faults};
use crate::error::{Error, Result};
use crate::voices::{SampleKind, Voice};

/// The result of [`SpeakerDatabase::learn`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// Number of the batch, for [`SpeakerDatabase::undo`]; `None` if nothing was added.
    pub batch: Option<i64>,
    /// Names of the people who got samples.
    pub added: Vec<String>,
    /// Names of the people who have [`MAX_SAMPLES`] already and got none.
    pub full: Vec<String>,
}

impl SpeakerDatabase {
    /// Adds enrolled samples to a person, who is added if missing. Either all samples are added or
    /// none.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for an invalid name, or if the person would have more than
    /// [`MAX_SAMPLES`]; [`crate::ErrorKind::Output`] if the file cannot be written.
    pub fn enroll(&mut self, name: &str, samples: &[NewSample]) -> Result<()> {
        self.write(|transaction| {
            let person = find_or_create(transaction, name, None)?;
            for sample in samples {
                if num_samples(transaction, person)? >= MAX_SAMPLES {
                    return Err(Error::input(format!("{name:?} would have more than {MAX_SAMPLES} samples"))
                        .hint("remove some of the samples first"));
                }
                insert(transaction, person, sample, None, None)?;
            }
            Ok(())
        })
    }

    /// Adds learned samples of known people from one recording, as one batch.
    ///
    /// A person with [`MAX_SAMPLES`] gets no new sample, because no sample ever replaces another.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if a person is unknown; [`crate::ErrorKind::Output`] if the file
    /// cannot be written.
    pub fn learn(&mut self, recording: &str, samples: &[(String, NewSample)]) -> Result<Learned> {
        self.write(|transaction| {
            let mut learned = Learned { batch: None, added: Vec::new(), full: Vec::new() };
            for (name, sample) in samples {
                let person = require(transaction, name)?;
                if num_samples(transaction, person)? >= MAX_SAMPLES {
                    learned.full.push(name.clone());
                    continue;
                }
                let batch = match learned.batch {
                    Some(batch) => batch,
                    None => new_batch(transaction, recording)?,
                };
                learned.batch = Some(batch);
                insert(transaction, person, sample, Some(batch), None)?;
                learned.added.push(name.clone());
            }
            Ok(learned)
        })
    }

    /// Removes the samples of `batch`, or of the last batch. Returns the name of the recording and
    /// the number of samples removed.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if there is no such batch; [`crate::ErrorKind::Output`] if the
    /// file cannot be written.
    pub fn undo(&mut self, batch: Option<i64>) -> Result<(String, usize)> {
        self.write(|transaction| {
            let query = "SELECT id, recording, (SELECT count(*) FROM samples WHERE batch = batches.id) FROM batches
                         WHERE id = coalesce(?1, (SELECT max(id) FROM batches))";
            let found: Option<(i64, String, usize)> = transaction
                .query_row(query, [batch], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()
                .map_err(faults::reading)?;
            let Some((id, recording, count)) = found else {
                let message = batch.map_or_else(
                    || "nothing was learned that could be undone".to_owned(),
                    |batch| format!("there is no batch {batch}"),
                );
                return Err(Error::input(message).hint("list the samples of a person to see their batches"));
            };
            transaction.execute("DELETE FROM batches WHERE id = ?1", [id]).map_err(faults::writing)?;
            Ok((recording, count))
        })
    }

    /// The samples of a person, oldest first.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if no person has this name, or if a sample is damaged.
    pub fn samples(&self, name: &str) -> Result<Vec<Sample>> {
        self.read(|connection| of_person(connection, require(connection, name)?))
    }

    /// Removes one sample of a person.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if no person has this name, if the person has no such sample, or
    /// if it is the only one; [`crate::ErrorKind::Output`] if the file cannot be written.
    pub fn remove_sample(&mut self, name: &str, id: i64) -> Result<()> {
        self.write(|transaction| {
            let person = require(transaction, name)?;
            if num_samples(transaction, person)? == 1 {
                return Err(Error::input(format!("{name:?} has no other sample"))
                    .hint("enroll another one first, or remove the person"));
            }
            let removed = transaction
                .execute("DELETE FROM samples WHERE person = ?1 AND id = ?2", params![person, id])
                .map_err(faults::writing)?;
            if removed == 0 {
                return Err(Error::input(format!("{name:?} has no sample {id}"))
                    .hint("list the samples of the person to see their numbers"));
            }
            Ok(())
        })
    }
}

pub(super) fn of_person(connection: &Connection, person: i64) -> Result<Vec<Sample>> {
    let query =
        "SELECT id, embedding, speech_s, source, model, created, batch FROM samples WHERE person = ?1 ORDER BY id";
    let mut statement = connection.prepare(query).map_err(faults::reading)?;
    let mut rows = statement.query([person]).map_err(faults::reading)?;
    let mut samples = Vec::new();
    while let Some(row) = rows.next().map_err(faults::reading)? {
        samples.push(sample(row)?);
    }
    Ok(samples)
}

fn sample(row: &Row<'_>) -> Result<Sample> {
    let value = |error| faults::reading(error);
    let bytes: Vec<u8> = row.get(1).map_err(value)?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    let embedding = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let voice = Voice::new(embedding, row.get(2).map_err(value)?).ok().filter(|_| rest.is_empty());
    let batch: Option<i64> = row.get(6).map_err(value)?;
    Ok(Sample {
        id: row.get(0).map_err(value)?,
        kind: if batch.is_some() { SampleKind::Learned } else { SampleKind::Enrolled },
        voice: voice.ok_or_else(faults::damaged)?,
        source: row.get(3).map_err(value)?,
        model: row.get(4).map_err(value)?,
        created: row.get(5).map_err(value)?,
        batch,
    })
}

pub(super) fn new_batch(connection: &Connection, recording: &str) -> Result<i64> {
    let insert = "INSERT INTO batches (recording, created) VALUES (?1, strftime('%Y-%m-%dT%H:%M:%SZ'))";
    connection.execute(insert, [recording]).map_err(faults::writing)?;
    Ok(connection.last_insert_rowid())
}

pub(super) fn insert(
    connection: &Connection,
    person: i64,
    sample: &NewSample,
    batch: Option<i64>,
    created: Option<&str>,
) -> Result<()> {
    let bytes: Vec<u8> = sample.voice.embedding().iter().flat_map(|value| value.to_le_bytes()).collect();
    let insert = "INSERT INTO samples (person, embedding, speech_s, source, model, batch, created)
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, coalesce(?7, strftime('%Y-%m-%dT%H:%M:%SZ')))";
    let values = params![person, bytes, sample.voice.speech_s(), sample.source, sample.model, batch, created];
    connection.execute(insert, values).map_err(faults::writing)?;
    Ok(())
}
