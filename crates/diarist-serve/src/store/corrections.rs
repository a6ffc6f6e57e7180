//! The log of corrections of a recording: those up to the position are in force, those behind it
//! were undone.

use rusqlite::{OptionalExtension, params};

use super::Store;

/// The log as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Log {
    /// Counts every change to the log.
    pub(crate) revision: u64,
    /// The corrections in force, as JSON.
    pub(crate) bodies: Vec<String>,
    pub(crate) can_redo: bool,
}

/// A change to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit<'a> {
    /// Adds corrections, and drops those that were undone.
    Add(&'a [String]),
    Undo,
    Redo,
}

impl Store {
    /// The log of a recording; `None` if there is no such recording.
    pub(crate) fn log(&self, id: &str) -> rusqlite::Result<Option<Log>> {
        let connection = self.connection();
        let head = connection
            .query_row("SELECT revision, position FROM recordings WHERE id = ?1", [id], |row| {
                Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?))
            })
            .optional()?;
        let Some((revision, position)) = head else { return Ok(None) };
        let mut statement =
            connection.prepare("SELECT sequence, body FROM corrections WHERE recording = ?1 ORDER BY sequence")?;
        let all: Vec<(u32, String)> =
            statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let can_redo = all.iter().any(|(sequence, _)| *sequence > position);
        let bodies = all.into_iter().filter(|(sequence, _)| *sequence <= position).map(|(_, body)| body).collect();
        Ok(Some(Log { revision: revision.into(), bodies, can_redo }))
    }

    /// Changes the log if it still has `revision`; returns whether it was changed.
    pub(crate) fn edit(&self, id: &str, revision: u64, edit: Edit<'_>) -> rusqlite::Result<bool> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let position: Option<u32> = transaction
            .query_row(
                "SELECT position FROM recordings WHERE id = ?1 AND revision = ?2",
                params![id, revision as i64],
                |row| row.get(0),
            )
            .optional()?;
        let Some(mut position) = position else { return Ok(false) };
        match edit {
            Edit::Add(bodies) => {
                transaction
                    .execute("DELETE FROM corrections WHERE recording = ?1 AND sequence > ?2", params![id, position])?;
                for body in bodies {
                    position += 1;
                    transaction.execute("INSERT INTO corrections VALUES (?1, ?2, ?3)", params![id, position, body])?;
                }
            }
            Edit::Undo => match position.checked_sub(1) {
                Some(before) => position = before,
                None => return Ok(false),
            },
            Edit::Redo => {
                let last: Option<u32> = transaction.query_row(
                    "SELECT max(sequence) FROM corrections WHERE recording = ?1",
                    [id],
                    |row| row.get(0),
                )?;
                if last.is_none_or(|last| last <= position) {
                    return Ok(false);
                }
                position += 1;
            }
        }
        transaction.execute(
            "UPDATE recordings SET position = ?2, revision = revision + 1 WHERE id = ?1",
            params![id, position],
        )?;
        transaction.commit()?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, NewRecording, State};
    use super::*;

    #[test]
    fn a_log_is_undone_and_redone_and_forgets_what_was_undone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let choices = diarist::parts::settings::Choices::default();
        let new = NewRecording {
            id: "a",
            name: "a.wav",
            kind: Kind::Upload,
            state: State::Queued,
            choices: &choices,
            media_type: "audio/wav",
            has_words: false,
            duration_s: None,
            webhook: None,
        };
        store.add(&new).unwrap();
        let body = |text: &str| vec![text.to_owned()];
        let state = || {
            let log = store.log("a").unwrap().unwrap();
            (log.revision, log.bodies.join(","), log.can_redo)
        };
        assert!(!store.edit("a", 0, Edit::Undo).unwrap() && !store.edit("a", 0, Edit::Redo).unwrap());
        assert!(store.edit("a", 0, Edit::Add(&body("1"))).unwrap());
        assert!(!store.edit("a", 0, Edit::Add(&body("stale"))).unwrap());
        assert!(store.edit("a", 1, Edit::Add(&body("2"))).unwrap());
        assert_eq!(state(), (2, "1,2".to_owned(), false));
        assert!(store.edit("a", 2, Edit::Undo).unwrap());
        assert_eq!(state(), (3, "1".to_owned(), true));
        assert!(store.edit("a", 3, Edit::Redo).unwrap());
        assert!(store.edit("a", 4, Edit::Undo).unwrap());
        assert!(store.edit("a", 5, Edit::Add(&body("3"))).unwrap());
        assert_eq!(state(), (6, "1,3".to_owned(), false));
        assert_eq!(store.log("b").unwrap(), None);
    }
}
