//! The file that keeps known people and their samples.
//!
//! It is an SQLite database in one file, with a rollback journal and full synchronisation. A change
//! is on the disk when the call returns, and a process that dies in the middle of a change has
//! changed nothing. Every change is one transaction, so several processes may use one file; a
//! second process waits for the first. Removed data is overwritten with zeros.

mod exchange;
mod faults;
mod people;
mod samples;
mod schema;
#[cfg(test)]
mod tests;

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::gallery::{Gallery, SampleKind};
use super::voice::Voice;
use crate::error::{Error, ErrorKind, Result};

pub use exchange::Imported;
pub use samples::Learned;

/// Largest number of samples of one person. More samples would hardly change the mean.
pub const MAX_SAMPLES: usize = 50;

/// Longest wait for another process to finish its change.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open speaker database.
#[derive(Debug)]
pub struct SpeakerDatabase {
    connection: Connection,
    /// Name of the file, for error messages.
    name: String,
}

/// A known person, with a summary of the samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Name of the person, unique in the database.
    pub name: String,
    /// Time at which the person was first enrolled, in UTC, such as `2026-01-31T12:00:00Z`.
    pub created: String,
    /// Number of enrolled samples.
    pub num_enrolled: usize,
    /// Number of learned samples.
    pub num_learned: usize,
    /// Seconds of speech in all samples.
    pub speech_s: f64,
}

/// A sample to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSample {
    /// The voice.
    pub voice: Voice,
    /// The recording that it comes from.
    pub source: String,
    /// The network that made the embedding: [`crate::parts::inference::Networks::fingerprint`].
    pub model: String,
}

/// A sample in the database.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Number of the sample, for its removal.
    pub id: i64,
    /// Origin of the sample.
    pub kind: SampleKind,
    /// The voice.
    pub voice: Voice,
    /// The recording that it comes from.
    pub source: String,
    /// The network that made the embedding.
    pub model: String,
    /// Time at which it was added, in UTC, such as `2026-01-31T12:00:00Z`.
    pub created: String,
    /// Number of the batch of a learned sample. One undo removes a whole batch.
    pub batch: Option<i64>,
}

impl SpeakerDatabase {
    /// Opens the database at `path`, which must exist.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if the file cannot be read, is not a speaker database, has a newer
    /// version, or is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        if !path.exists() {
            return Err(Error::input("there is no speaker database")
                .hint("enroll a person to make one")
                .of_io(std::io::ErrorKind::NotFound)
                .at(name));
        }
        Self::connect(path, name)
    }

    /// Opens the database at `path`. If there is none, makes an empty one that only its owner can
    /// read.
    ///
    /// # Errors
    /// As [`Self::open`], and [`ErrorKind::Output`] if it cannot be made.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(Error::new(ErrorKind::Output, "cannot be made").caused_by(error).at(name));
            }
        }
        Self::connect(path, name)
    }

    fn connect(path: &Path, name: String) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> Result<Connection> {
            schema::check_file(path)?;
            let mut connection = Connection::open_with_flags(path, flags).map_err(faults::reading)?;
            connection.busy_timeout(PATIENCE).map_err(faults::reading)?;
            schema::restrict(&connection)?;
            schema::prepare(&mut connection)?;
            Ok(connection)
        };
        let connection = open().map_err(|error| error.at(name.clone()))?;
        Ok(Self { connection, name })
    }

    /// The people with at least one sample by `model`, as a gallery to compare voices with.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if the database has samples but none by `model`, because embeddings of
    /// different models cannot be compared; also if the file is damaged.
    pub fn gallery(&self, model: &str) -> Result<Gallery> {
        let mut people: Vec<(String, Vec<(SampleKind, Voice)>)> = Vec::new();
        let mut other = None;
        for person in self.people()? {
            let samples = self.samples(&person.name)?;
            other = other
                .or_else(|| samples.iter().find(|sample| sample.model != model).map(|sample| sample.model.clone()));
            let of_model = samples.into_iter().filter(|sample| sample.model == model);
            let voices: Vec<(SampleKind, Voice)> = of_model.map(|sample| (sample.kind, sample.voice)).collect();
            if !voices.is_empty() {
                people.push((person.name, voices));
            }
        }
        if let (true, Some(other)) = (people.is_empty(), other) {
            return Err(Error::input(format!(
                "its voices are embeddings by {other}, which cannot be compared with those by {model}"
            ))
            .hint("use the embedding weights that it was made with, or enroll all people again in another database")
            .at(self.name.clone()));
        }
        Gallery::new(people)
    }

    /// Reads within one transaction, so that no other process changes the data meanwhile.
    fn read<R>(&self, work: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        let read = || {
            let transaction = self.connection.unchecked_transaction().map_err(faults::reading)?;
            work(&transaction)
        };
        read().map_err(|error| error.at(self.name.clone()))
    }

    /// Waits for other processes, then does all of `work` or nothing.
    fn write<R>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<R>) -> Result<R> {
        let name = self.name.clone();
        let write = || {
            let transaction =
                self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(faults::writing)?;
            let result = work(&transaction)?;
            transaction.commit().map_err(faults::writing)?;
            Ok(result)
        };
        write().map_err(|error: Error| error.at(name))
    }
}
