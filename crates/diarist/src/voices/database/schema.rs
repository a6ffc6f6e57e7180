//! The tables of the database, and the migrations of older files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, TransactionBehavior};

use super::faults;
use crate::error::{Error, Result};

/// SQLite's `application_id` of a speaker database: `dVox` in ASCII.
const APPLICATION_ID: i32 = 0x6456_6f78;

/// The statements that bring a file from each version to the next. A new file goes through all of
/// them. SQLite's `user_version` counts the migrations done.
const MIGRATIONS: [&str; 2] = [
    "CREATE TABLE people (
         id INTEGER PRIMARY KEY,
         name TEXT NOT NULL UNIQUE,
         created TEXT NOT NULL
     ) STRICT;
     CREATE TABLE samples (
         id INTEGER PRIMARY KEY,
         person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
         embedding BLOB NOT NULL,
         speech_s REAL NOT NULL,
         source TEXT NOT NULL,
         model TEXT NOT NULL,
         created TEXT NOT NULL
     ) STRICT;
     CREATE INDEX samples_of_person ON samples (person);",
    // A learned sample is a sample with a batch. AUTOINCREMENT keeps the number of an undone batch
    // from being used again.
    "CREATE TABLE batches (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         recording TEXT NOT NULL,
         created TEXT NOT NULL
     ) STRICT;
     ALTER TABLE samples ADD COLUMN batch INTEGER REFERENCES batches (id) ON DELETE CASCADE;
     CREATE INDEX samples_of_batch ON samples (batch);",
];

/// Longest value in a file, in bytes: an embedding has 1024, a path of a recording rarely more.
const MAX_VALUE: i32 = 1_000_000;

/// Checks without SQLite that the file at `path` is a speaker database, or empty. Opening a file of
/// another program could change it: SQLite finishes the work of that program.
pub(super) fn check_file(path: &Path) -> Result<()> {
    let unreadable = |error| Error::input("cannot be read").caused_by(error);
    let kind = path.metadata().map_err(unreadable)?;
    if !kind.is_file() {
        let refused = |what: &str| Error::input(format!("is {what}, not a speaker database"));
        let error = match kind.is_dir() {
            true => refused("a folder").of_io(std::io::ErrorKind::IsADirectory),
            false => refused("a pipe or a device"),
        };
        return Err(error.hint("choose another file"));
    }
    let mut rollback = path.as_os_str().to_owned();
    rollback.push("-journal");
    // A process that was killed in the middle of a change leaves the old content in the
    // rollback journal.
    if Path::new(&rollback).exists() {
        return Ok(());
    }
    let mut header = Vec::new();
    File::open(path).and_then(|file| file.take(100).read_to_end(&mut header)).map_err(unreadable)?;
    if header.is_empty() {
        return Ok(());
    }
    // https://www.sqlite.org/fileformat2.html, section 1.3.
    if header.len() < 100 || !header.starts_with(b"SQLite format 3\0") {
        return Err(Error::input("is not a speaker database").hint("choose another file"));
    }
    if header[68..72] != APPLICATION_ID.to_be_bytes() {
        return Err(of_another_program());
    }
    Ok(())
}

/// Restricts what the content of the file can make SQLite do.
pub(super) fn restrict(connection: &Connection) -> Result<()> {
    let settings = [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ];
    for (setting, value) in settings {
        connection.set_db_config(setting, value).map_err(faults::reading)?;
    }
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE).map_err(faults::reading)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0).map_err(faults::reading)?;
    Ok(())
}

/// Checks that the connection is to a speaker database, and brings it to the present version.
/// Changes nothing in any other file.
pub(super) fn prepare(connection: &mut Connection) -> Result<()> {
    let version = {
        // No other process migrates the file between the reads.
        let transaction = connection.unchecked_transaction().map_err(faults::reading)?;
        check(&transaction)?
    };
    let settings = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = ON;
                    PRAGMA secure_delete = ON;";
    connection.execute_batch(settings).map_err(faults::reading)?;
    if version < MIGRATIONS.len() {
        migrate(connection)?;
    }
    Ok(())
}

/// Number of migrations done. Refuses files of other programs and of newer versions, and files that
/// only seem to be speaker databases.
fn check(connection: &Connection) -> Result<usize> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) =
        (number("application_id").map_err(faults::reading)?, number("user_version").map_err(faults::reading)?);
    let found = statements(connection)?;
    // A process that stops right after making the file leaves it without content.
    let is_new = application == 0 && version == 0 && found.is_empty();
    if application != APPLICATION_ID && !is_new {
        return Err(of_another_program());
    }
    let version = match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => version,
        _ => {
            return Err(Error::input(format!(
                "is a speaker database of version {version}, newer than this diarist, which knows {}",
                MIGRATIONS.len()
            ))
            .hint("use a newer diarist"));
        }
    };
    // A view, a trigger or a computed column could give rows without end, or change data.
    let expected = Connection::open_in_memory()
        .and_then(|connection| connection.execute_batch(&MIGRATIONS[..version].concat()).map(|()| connection))
        .map_err(faults::reading)?;
    if found != statements(&expected)? {
        return Err(
            Error::input("has tables, views or triggers that no speaker database has").hint("name another file")
        );
    }
    // A page that is used twice could give rows without end, too.
    let verdict: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(faults::reading)?;
    if verdict != "ok" {
        return Err(faults::damaged());
    }
    Ok(version)
}

/// The statements that made the tables and all else in the file, sorted, with single blanks.
fn statements(connection: &Connection) -> Result<Vec<String>> {
    let read = || -> rusqlite::Result<Vec<String>> {
        let mut query = connection.prepare("SELECT type, name, sql FROM sqlite_schema")?;
        let mut rows = query.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (kind, name, sql): (String, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            // SQLite makes some itself: indexes of unique columns, and tables of `ANALYZE`.
            let is_own = match kind.as_str() {
                "index" => sql.is_none(),
                "table" => name == "sqlite_stat1" || name == "sqlite_stat4",
                _ => false,
            };
            if !is_own {
                let sql = sql.unwrap_or_default();
                found.push([&*kind, &*name].into_iter().chain(sql.split_whitespace()).collect::<Vec<_>>().join(" "));
            }
        }
        found.sort();
        Ok(found)
    };
    read().map_err(faults::reading)
}

fn of_another_program() -> Error {
    Error::input("is a database of another program, not a speaker database").hint("choose another file")
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(faults::writing)?;
    // Another process may have migrated the file while this one waited.
    for migration in &MIGRATIONS[check(&transaction)?..] {
        transaction.execute_batch(migration).map_err(faults::writing)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(faults::writing)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i32).map_err(faults::writing)?;
    transaction.commit().map_err(faults::writing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_file_gets_the_new_tables_and_keeps_its_people() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        old.execute("INSERT INTO people VALUES (1, 'Ann', '2026-01-01T00:00:00Z')", []).unwrap();
        let embedding: Vec<u8> = [1.5_f32; 256].iter().flat_map(|value| value.to_le_bytes()).collect();
        old.execute("INSERT INTO samples VALUES (1, 1, ?1, 9.5, 'a.wav', 'm', '2026-01-01T00:00:00Z')", [embedding])
            .unwrap();
        drop(old);

        let database = super::super::SpeakerDatabase::open(&path).unwrap();
        let samples = database.samples("Ann").unwrap();
        assert_eq!((samples[0].batch, samples[0].voice.speech_s()), (None, 9.5));
        assert_eq!(samples[0].voice.embedding(), [1.5; 256]);
        assert_eq!(check(&database.connection).unwrap(), MIGRATIONS.len());
    }

    #[test]
    fn files_of_other_programs_and_newer_versions_are_refused_and_left_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, sql: &str| {
            let path = folder.path().join(name);
            Connection::open(&path).unwrap().execute_batch(sql).unwrap();
            path
        };
        let cases = [
            (write("foreign.db", "CREATE TABLE songs (name TEXT)"), "another program"),
            (write("marked.db", "PRAGMA application_id = 7"), "another program"),
            (write("wal.db", "PRAGMA journal_mode = WAL; CREATE TABLE songs (name TEXT)"), "another program"),
            (write("newer.db", &format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 3")), "newer"),
        ];
        for (path, words) in cases {
            let before = std::fs::read(&path).unwrap();
            for error in
                [super::super::SpeakerDatabase::open(&path), super::super::SpeakerDatabase::open_or_create(&path)]
            {
                let message = error.unwrap_err().to_string();
                assert!(message.contains(words) && message.contains(path.to_str().unwrap()), "{message}");
            }
            assert_eq!(std::fs::read(&path).unwrap(), before);
        }
    }

    #[test]
    fn content_that_no_migration_makes_is_refused_and_does_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.db");
        let ours = MIGRATIONS.concat();
        let endless = "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT";
        let other_people =
            |people: &str| ours.replacen("CREATE TABLE people", &format!("{people}; CREATE TABLE gone"), 1);
        let cases = [
            format!("{ours} CREATE TRIGGER t AFTER INSERT ON people BEGIN DELETE FROM samples; END"),
            format!("{ours} CREATE VIEW v AS {endless} i FROM r"),
            other_people(&format!("CREATE VIEW people AS {endless} i AS id, 'n' || i AS name, 't' AS created FROM r")),
            other_people("CREATE VIEW people AS SELECT 1 AS id, hex(zeroblob(400000000)) AS name, 't' AS created"),
            ours.replacen("name TEXT NOT NULL UNIQUE", "name TEXT AS (hex(zeroblob(400000000)))", 1),
            ours.replacen("speech_s REAL NOT NULL", "speech_s REAL NOT NULL CHECK (speech_s < 9)", 1),
            "CREATE VIRTUAL TABLE people USING fts5(name)".to_owned(),
        ];
        for sql in cases {
            let _ = std::fs::remove_file(&path);
            let connection = Connection::open(&path).unwrap();
            // Some builds of SQLite lack virtual tables.
            if connection.execute_batch(&sql).is_err() {
                continue;
            }
            connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
            connection.pragma_update(None, "user_version", 2).unwrap();
            drop(connection);
            let before = std::fs::read(&path).unwrap();
            let message = super::super::SpeakerDatabase::open(&path).unwrap_err().to_string();
            assert!(message.contains("that no speaker database has"), "{sql}: {message}");
            assert_eq!(std::fs::read(&path).unwrap(), before);
        }
    }

    #[test]
    fn a_value_without_bounds_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.db");
        super::super::SpeakerDatabase::open_or_create(&path).unwrap();
        let connection = Connection::open(&path).unwrap();
        connection.execute("INSERT INTO people VALUES (1, hex(zeroblob(1000000)), 't')", []).unwrap();
        drop(connection);
        assert!(super::super::SpeakerDatabase::open(&path).and_then(|database| database.people()).is_err());
    }

    #[test]
    fn a_file_without_content_is_a_new_database() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.db");
        std::fs::write(&path, "").unwrap();
        assert_eq!(super::super::SpeakerDatabase::open(&path).unwrap().people().unwrap(), []);
    }
}
