//! The database: recordings, their corrections and their speakers. A change is on the disk when its
//! call returns.

mod corrections;
mod recordings;
mod schema;
mod speakers;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

pub(crate) use corrections::{Edit, Log};
pub(crate) use recordings::{Kind, NewRecording, Row, State};
pub(crate) use speakers::StoredSpeaker;

/// An open database.
#[derive(Debug)]
pub(crate) struct Store(Mutex<Connection>);

impl Store {
    /// Opens the database at `path`, made if missing.
    pub(crate) fn open(path: &Path) -> diarist::Result<Self> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            connection.busy_timeout(Duration::from_secs(10))?;
            Ok(connection)
        };
        let located = |error: diarist::Error| error.at(path.display().to_string());
        let mut connection = open().map_err(|error| {
            located(diarist::Error::new(diarist::ErrorKind::Output, "the database cannot be opened").caused_by(error))
        })?;
        schema::prepare(&mut connection).map_err(located)?;
        Ok(Self(Mutex::new(connection)))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic rolls its transaction back, so the connection can be used further.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
