//! Tables of the database, and their versions.

use rusqlite::Connection;

/// The migrations in their order. `user_version` is the number of those that were done.
const MIGRATIONS: [&str; 2] = [
    "
CREATE TABLE recordings (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    created TEXT NOT NULL,
    choices TEXT NOT NULL,
    media_type TEXT NOT NULL,
    has_words INTEGER NOT NULL,
    webhook TEXT,
    duration_s REAL,
    revision INTEGER NOT NULL DEFAULT 0,
    position INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    warnings TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE TABLE corrections (
    recording TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (recording, sequence)
) STRICT;
CREATE TABLE speakers (
    recording TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    shown TEXT NOT NULL,
    person TEXT,
    embedding BLOB,
    speech_s REAL,
    PRIMARY KEY (recording, label)
) STRICT;
",
    // A webhook stays until it was called. Those of earlier work were called already.
    "
UPDATE recordings SET webhook = NULL WHERE state NOT IN ('queued', 'running');
",
];

/// Brings the database to the present version.
pub(super) fn prepare(connection: &mut Connection) -> diarist::Result<()> {
    let fault = |error: rusqlite::Error| {
        diarist::Error::input("the database of the service cannot be used")
            .caused_by(error)
            .hint("restore a copy of the folder, or name another one")
    };
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;")
        .map_err(fault)?;
    let version: usize =
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).map_err(fault)? as usize;
    let Some(missing) = MIGRATIONS.get(version..) else {
        return Err(diarist::Error::input(format!(
            "the database has version {version}, newer than this diarist, which knows {}",
            MIGRATIONS.len()
        ))
        .hint("use a newer diarist"));
    };
    let transaction = connection.transaction().map_err(fault)?;
    for migration in missing {
        transaction.execute_batch(migration).map_err(fault)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as u32).map_err(fault)?;
    transaction.commit().map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_made_once_and_newer_ones_are_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection).unwrap();
        prepare(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(prepare(&mut connection).unwrap_err().to_string().contains("newer"));
    }
}
