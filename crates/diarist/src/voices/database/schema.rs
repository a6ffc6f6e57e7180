//! The tables of the database, and the migrations of older files.

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

/// Checks that the connection is to a speaker database, and brings it to the present version.
pub(super) fn prepare(connection: &mut Connection) -> Result<()> {
    let settings = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = ON;
                    PRAGMA secure_delete = ON;";
    connection.execute_batch(settings).map_err(faults::reading)?;
    if version(connection)? < MIGRATIONS.len() {
        migrate(connection)?;
    }
    Ok(())
}

/// Number of migrations done. Refuses files of other programs and of newer versions.
fn version(connection: &Connection) -> Result<usize> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) =
        (number("application_id").map_err(faults::reading)?, number("user_version").map_err(faults::reading)?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(faults::reading)?;
    // A process that stops right after making the file leaves it without content.
    let is_new = application == 0 && version == 0 && tables == 0;
    if application != APPLICATION_ID && !is_new {
        return Err(
            Error::input("is a database of another program, not a speaker database").hint("choose another file")
        );
    }
    // A view in place of a table could give rows without end.
    let foreign = "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')";
    if connection.query_row(foreign, [], |row| row.get::<_, i64>(0)).map_err(faults::reading)? > 0 {
        return Err(Error::input("has views or triggers, which no speaker database has").hint("name another file"));
    }
    match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => Err(Error::input(format!(
            "is a speaker database of version {version}, newer than this diarist, which knows {}",
            MIGRATIONS.len()
        ))
        .hint("use a newer diarist")),
    }
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(faults::writing)?;
    // Another process may have migrated the file while this one waited.
    for migration in &MIGRATIONS[version(&transaction)?..] {
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
        assert_eq!(version(&database.connection).unwrap(), MIGRATIONS.len());
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
    fn a_file_without_content_is_a_new_database() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.db");
        std::fs::write(&path, "").unwrap();
        assert_eq!(super::super::SpeakerDatabase::open(&path).unwrap().people().unwrap(), []);
    }
}
