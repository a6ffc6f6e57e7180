//! Lists, renames, merges and removes people.

use rusqlite::{Connection, OptionalExtension, params};

use super::{MAX_SAMPLES, Person, SpeakerDatabase, faults};
use crate::error::{Error, Result};
use crate::names::check_name;

impl SpeakerDatabase {
    /// All people, sorted by name.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the file cannot be read.
    pub fn people(&self) -> Result<Vec<Person>> {
        let query = "SELECT name, people.created, count(samples.id) - count(batch), count(batch), total(speech_s)
                     FROM people LEFT JOIN samples ON person = people.id GROUP BY people.id ORDER BY name";
        self.read(|connection| {
            let mut statement = connection.prepare(query).map_err(faults::reading)?;
            let people = statement.query_map([], |row| {
                Ok(Person {
                    name: row.get(0)?,
                    created: row.get(1)?,
                    num_enrolled: row.get(2)?,
                    num_learned: row.get(3)?,
                    speech_s: row.get(4)?,
                })
            });
            people.map_err(faults::reading)?.collect::<rusqlite::Result<_>>().map_err(faults::reading)
        })
    }

    /// Renames a person.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if no person is called `from`, if another person is called `to`,
    /// or if `to` is not a valid name; [`crate::ErrorKind::Output`] if the file cannot be written.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        check_name(to)?;
        self.write(|transaction| {
            let person = require(transaction, from)?;
            if from != to && find(transaction, to)?.is_some() {
                return Err(Error::input(format!("{to:?} exists already")).hint("merge the two if they are one person"));
            }
            transaction
                .execute("UPDATE people SET name = ?1 WHERE id = ?2", params![to, person])
                .map_err(faults::writing)?;
            Ok(())
        })
    }

    /// Merges two entries of one person: gives all samples of `from` to `into` and removes `from`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if either is unknown, if both are the same, or if together they
    /// have more than [`MAX_SAMPLES`]; [`crate::ErrorKind::Output`] if the file cannot be written.
    pub fn merge(&mut self, from: &str, into: &str) -> Result<()> {
        if from == into {
            return Err(Error::input(format!("{from:?} cannot be merged into itself")).hint("name two people"));
        }
        self.write(|transaction| {
            let (source, target) = (require(transaction, from)?, require(transaction, into)?);
            let total = num_samples(transaction, source)? + num_samples(transaction, target)?;
            if total > MAX_SAMPLES {
                return Err(Error::input(format!(
                    "{from:?} and {into:?} have {total} samples, but one person has at most {MAX_SAMPLES}"
                ))
                .hint("remove some of the samples first"));
            }
            let change = |sql: &str| transaction.execute(sql, params![source, target]).map_err(faults::writing);
            change("UPDATE samples SET person = ?2 WHERE person = ?1")?;
            change("DELETE FROM people WHERE id = ?1 AND id <> ?2")?;
            Ok(())
        })
    }

    /// Removes a person with all samples.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if no person has this name; [`crate::ErrorKind::Output`] if the
    /// file cannot be written.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        self.write(|transaction| {
            let person = require(transaction, name)?;
            transaction.execute("DELETE FROM people WHERE id = ?1", [person]).map_err(faults::writing)?;
            Ok(())
        })
    }
}

pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<i64>> {
    let found = connection.query_row("SELECT id FROM people WHERE name = ?1", [name], |row| row.get(0));
    found.optional().map_err(faults::reading)
}

pub(super) fn require(connection: &Connection, name: &str) -> Result<i64> {
    find(connection, name)?
        .ok_or_else(|| Error::input(format!("nobody is called {name:?}")).hint("list the people to see their names"))
}

/// The id of the person of this name. Adds the person if missing.
pub(super) fn find_or_create(connection: &Connection, name: &str, created: Option<&str>) -> Result<i64> {
    check_name(name)?;
    if let Some(person) = find(connection, name)? {
        return Ok(person);
    }
    let insert = "INSERT INTO people (name, created) VALUES (?1, coalesce(?2, strftime('%Y-%m-%dT%H:%M:%SZ')))";
    connection.execute(insert, params![name, created]).map_err(faults::writing)?;
    Ok(connection.last_insert_rowid())
}

pub(super) fn num_samples(connection: &Connection, person: i64) -> Result<usize> {
    let count = connection.query_row("SELECT count(*) FROM samples WHERE person = ?1", [person], |row| row.get(0));
    count.map_err(faults::reading)
}
