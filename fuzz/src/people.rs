//! Known people.

use std::fs;
use std::path::Path;

use diarist::SpeakerDatabase;
use tempfile::TempDir;

/// Exports of speakers. Another database takes an export of the imported people as it is.
pub fn speaker_export(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let folder = folder();
    let mut first = create(&folder.path().join("first.db"));
    let Ok(imported) = first.import(text) else {
        assert_eq!(first.people().expect("a new database can be read"), [], "a part was imported");
        return;
    };
    let export = first.export().expect("imported people can be exported");
    let mut second = create(&folder.path().join("second.db"));
    let again = second.import(&export).expect("an export can be imported");
    assert_eq!((again.num_people, again.num_samples), (imported.num_people, imported.num_samples));
}

/// Files of the speaker database.
pub fn speaker_database(bytes: &[u8]) {
    let folder = folder();
    let path = folder.path().join("people.db");
    fs::write(&path, bytes).expect("temporary files can be written");
    let Ok(database) = SpeakerDatabase::open(&path) else { return };
    for person in database.people().unwrap_or_default() {
        // An error is an answer.
        let _ = database.samples(&person.name);
    }
    let _ = (database.gallery("model").is_ok(), database.export().is_ok());
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("temporary folders can be made")
}

fn create(path: &Path) -> SpeakerDatabase {
    SpeakerDatabase::open_or_create(path).expect("a database can be made")
}
