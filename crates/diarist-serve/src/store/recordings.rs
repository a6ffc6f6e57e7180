//! Rows of recordings.

use diarist::parts::settings::Choices;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::Store;
use crate::error::Reason;

/// The work on a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl State {
    const ALL: [(Self, &str); 5] = [
        (Self::Queued, "queued"),
        (Self::Running, "running"),
        (Self::Done, "done"),
        (Self::Failed, "failed"),
        (Self::Cancelled, "cancelled"),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    /// Whether the work is over.
    pub(crate) fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

impl ToSql for State {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(state, _)| *state).ok_or(FromSqlError::InvalidType)
    }
}

/// Origin of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file that was sent.
    Upload,
    /// A stream that was heard.
    Live,
}

impl ToSql for Kind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Upload => "upload".into(),
            Self::Live => "live".into(),
        })
    }
}

impl FromSql for Kind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "upload" => Ok(Self::Upload),
            "live" => Ok(Self::Live),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A recording to be added.
#[derive(Debug)]
pub(crate) struct NewRecording<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    pub(crate) choices: &'a Choices,
    pub(crate) media_type: &'a str,
    pub(crate) has_words: bool,
    pub(crate) duration_s: Option<f64>,
    pub(crate) webhook: Option<&'a str>,
}

/// A recording in the database.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    /// Time in UTC, such as `2026-01-31T12:00:00Z`.
    pub(crate) created: String,
    pub(crate) choices: Choices,
    pub(crate) media_type: String,
    pub(crate) has_words: bool,
    /// The address to be called when the work is over, until it was called.
    pub(crate) webhook: Option<String>,
    pub(crate) duration_s: Option<f64>,
    pub(crate) revision: u64,
    pub(crate) error: Option<Reason>,
    pub(crate) warnings: Vec<String>,
}

const COLUMNS: &str = "id, name, kind, state, created, choices, media_type, has_words, webhook, duration_s, revision, \
                       error, warnings";

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let json = |index: usize| -> rusqlite::Result<String> { row.get(index) };
    let parsed =
        |index, error| rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, Box::new(error));
    let error: Option<String> = row.get(11)?;
    Ok(Row {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: row.get(2)?,
        state: row.get(3)?,
        created: row.get(4)?,
        choices: serde_json::from_str(&json(5)?).map_err(|error| parsed(5, error))?,
        media_type: row.get(6)?,
        has_words: row.get(7)?,
        webhook: row.get(8)?,
        duration_s: row.get(9)?,
        revision: row.get::<_, u32>(10)?.into(),
        error: error.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| parsed(11, error))?,
        warnings: serde_json::from_str(&json(12)?).map_err(|error| parsed(12, error))?,
    })
}

fn text(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

impl Store {
    pub(crate) fn add(&self, new: &NewRecording<'_>) -> rusqlite::Result<()> {
        let insert = "INSERT INTO recordings (id, name, kind, state, created, choices, media_type, has_words, webhook, duration_s)
                      VALUES (?1, ?2, ?3, ?4, strftime('%Y-%m-%dT%H:%M:%SZ'), ?5, ?6, ?7, ?8, ?9)";
        let choices = text(new.choices)?;
        let values = params![
            new.id,
            new.name,
            new.kind,
            new.state,
            choices,
            new.media_type,
            new.has_words,
            new.webhook,
            new.duration_s
        ];
        self.connection().execute(insert, values)?;
        Ok(())
    }

    pub(crate) fn get(&self, id: &str) -> rusqlite::Result<Option<Row>> {
        let query = format!("SELECT {COLUMNS} FROM recordings WHERE id = ?1");
        self.connection().query_row(&query, [id], row).optional()
    }

    /// All recordings, newest first.
    pub(crate) fn list(&self) -> rusqlite::Result<Vec<Row>> {
        let connection = self.connection();
        let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM recordings ORDER BY number DESC"))?;
        statement.query_map([], row)?.collect()
    }

    pub(crate) fn ids(&self) -> rusqlite::Result<Vec<String>> {
        self.connection().prepare("SELECT id FROM recordings")?.query_map([], |row| row.get(0))?.collect()
    }

    /// The oldest recording that waits.
    pub(crate) fn next_queued(&self) -> rusqlite::Result<Option<Row>> {
        let query = format!("SELECT {COLUMNS} FROM recordings WHERE state = 'queued' ORDER BY number LIMIT 1");
        self.connection().query_row(&query, [], row).optional()
    }

    pub(crate) fn num_queued(&self) -> rusqlite::Result<usize> {
        let query = "SELECT count(*) FROM recordings WHERE state = 'queued'";
        Ok(self.connection().query_row(query, [], |row| row.get::<_, u32>(0))? as usize)
    }

    /// Lets recordings on which an earlier process worked wait again; returns their ids.
    pub(crate) fn requeue(&self) -> rusqlite::Result<Vec<String>> {
        let query = "UPDATE recordings SET state = 'queued' WHERE state = 'running' RETURNING id";
        self.connection().prepare(query)?.query_map([], |row| row.get(0))?.collect()
    }

    /// Changes the state, unless it is over already or the recording is gone. Returns whether it
    /// was changed.
    pub(crate) fn set_state(&self, id: &str, state: State, error: Option<&Reason>) -> rusqlite::Result<bool> {
        let error = error.map(text).transpose()?;
        let update = "UPDATE recordings SET state = ?2, error = ?3 WHERE id = ?1 AND state IN ('queued', 'running')";
        Ok(self.connection().execute(update, params![id, state, error])? > 0)
    }

    /// Stores the end of successful work. Returns whether the recording still waited for it.
    pub(crate) fn set_done(&self, id: &str, duration_s: f64, warnings: &[String]) -> rusqlite::Result<bool> {
        let update = "UPDATE recordings SET state = 'done', duration_s = ?2, warnings = ?3, error = NULL
                      WHERE id = ?1 AND state = 'running'";
        Ok(self.connection().execute(update, params![id, duration_s, text(&warnings)?])? > 0)
    }

    /// The recordings whose work is over and whose address is still to be called, oldest first.
    pub(crate) fn due_webhooks(&self) -> rusqlite::Result<Vec<Row>> {
        let query = format!(
            "SELECT {COLUMNS} FROM recordings WHERE webhook IS NOT NULL AND state IN ('done', 'failed') ORDER BY number"
        );
        self.connection().prepare(&query)?.query_map([], row)?.collect()
    }

    /// Forgets the address of a recording, which was called or is not called again.
    pub(crate) fn clear_webhook(&self, id: &str) -> rusqlite::Result<()> {
        self.connection().execute("UPDATE recordings SET webhook = NULL WHERE id = ?1", [id])?;
        Ok(())
    }

    pub(crate) fn set_has_words(&self, id: &str, has_words: bool) -> rusqlite::Result<()> {
        self.connection().execute("UPDATE recordings SET has_words = ?2 WHERE id = ?1", params![id, has_words])?;
        Ok(())
    }

    /// Removes a recording with all that belongs to it; returns whether there was one.
    pub(crate) fn remove(&self, id: &str) -> rusqlite::Result<bool> {
        Ok(self.connection().execute("DELETE FROM recordings WHERE id = ?1", [id])? > 0)
    }
}
