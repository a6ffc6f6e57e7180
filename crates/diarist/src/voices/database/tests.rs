//! Tests of the content that the database keeps, and of the input that it refuses.

use std::path::Path;

use super::*;

const MODEL: &str = "some-network-1";

fn voice(seed: usize) -> Voice {
    Voice::new((0..256).map(|i| ((i * 7 + seed * 13) % 31) as f32 - 15.25).collect(), 6.5 + seed as f64).unwrap()
}

fn sample(seed: usize) -> NewSample {
    NewSample { voice: voice(seed), source: format!("{seed}.wav"), model: MODEL.to_owned() }
}

fn database(folder: &Path) -> SpeakerDatabase {
    SpeakerDatabase::open_or_create(folder.join("people.db")).unwrap()
}

fn names(database: &SpeakerDatabase) -> Vec<String> {
    database.people().unwrap().into_iter().map(|person| person.name).collect()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T>, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    assert!(error.to_string().contains(words) && error.to_string().contains("people.db"), "{error}");
}

#[test]
fn enrolled_samples_are_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = database(folder.path());
    first.enroll("Ann", &[sample(1), sample(2)]).unwrap();
    first.enroll("Bo Li", &[sample(3)]).unwrap();
    first.enroll("Ann", &[sample(4)]).unwrap();
    drop(first);
    let second = SpeakerDatabase::open(folder.path().join("people.db")).unwrap();
    let people = second.people().unwrap();
    let found: Vec<(&str, usize, usize, f64)> =
        people.iter().map(|person| (&*person.name, person.num_enrolled, person.num_learned, person.speech_s)).collect();
    assert_eq!(found, [("Ann", 3, 0, 7.5 + 8.5 + 10.5), ("Bo Li", 1, 0, 9.5)]);
    let samples = second.samples("Ann").unwrap();
    assert_eq!(samples.iter().map(|sample| sample.voice.clone()).collect::<Vec<_>>(), [voice(1), voice(2), voice(4)]);
    assert_eq!((&*samples[1].source, &*samples[1].model, samples[1].batch), ("2.wav", MODEL, None));
    assert!(samples[0].created.len() == 20 && samples[0].created.ends_with('Z'), "{}", samples[0].created);
    assert_eq!(second.gallery(MODEL).unwrap().len(), 2);
}

#[test]
fn people_are_renamed_merged_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = database(folder.path());
    for (name, seed) in [("Ann", 1), ("Anne", 2), ("Bo", 3)] {
        database.enroll(name, &[sample(seed)]).unwrap();
    }
    refused(database.rename("Ann", "Bo"), "exists already");
    refused(database.rename("Cy", "Di"), "nobody is called \"Cy\"");
    let itself = database.merge("Ann", "Ann").unwrap_err();
    assert!(itself.kind() == ErrorKind::Input && itself.to_string().contains("into itself"), "{itself}");
    refused(database.merge("Ann", "Cy"), "nobody is called \"Cy\"");
    refused(database.remove("Cy"), "nobody is called \"Cy\"");
    refused(database.remove_sample("Bo", 3), "no other sample");
    database.merge("Anne", "Ann").unwrap();
    database.rename("Ann", "Ann Lee").unwrap();
    assert_eq!(names(&database), ["Ann Lee", "Bo"]);
    let ids: Vec<i64> = database.samples("Ann Lee").unwrap().iter().map(|sample| sample.id).collect();
    refused(database.remove_sample("Ann Lee", 99), "no sample 99");
    database.remove_sample("Ann Lee", ids[0]).unwrap();
    assert_eq!(database.samples("Ann Lee").unwrap()[0].voice, voice(2));
    database.remove("Ann Lee").unwrap();
    assert_eq!(names(&database), ["Bo"]);
    // The removal of a person removes the samples.
    assert_eq!(
        database.connection.query_row("SELECT count(*) FROM samples", [], |row| row.get::<_, i64>(0)).unwrap(),
        1
    );
}

#[test]
fn invalid_names_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = database(folder.path());
    for name in ["", " Ann", "Ann\t", "Ann\nLee", "A\u{7}", &"x".repeat(201)] {
        let error = database.enroll(name, &[sample(1)]).unwrap_err();
        assert!(error.kind() == ErrorKind::Input && error.to_string().contains("the name"), "{error}");
    }
    assert_eq!(names(&database), [""; 0]);
    database.enroll(&"ü".repeat(200), &[sample(1)]).unwrap();
}

#[test]
fn learning_leaves_enrolled_samples_alone_and_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = database(folder.path());
    database.enroll("Ann", &[sample(1)]).unwrap();
    database.enroll("Bo", &[sample(2)]).unwrap();
    let before = database.export().unwrap();
    let of = |name: &str, seed| (name.to_owned(), sample(seed));
    let first = database.learn("monday.wav", &[of("Ann", 3), of("Bo", 4)]).unwrap();
    let second = database.learn("tuesday.wav", &[of("Ann", 5)]).unwrap();
    assert_eq!(
        (&*first.added, first.batch, second.batch),
        (&["Ann".to_owned(), "Bo".to_owned()][..], Some(1), Some(2))
    );
    let kinds: Vec<SampleKind> = database.samples("Ann").unwrap().iter().map(|sample| sample.kind).collect();
    assert_eq!(kinds, [SampleKind::Enrolled, SampleKind::Learned, SampleKind::Learned]);
    refused(database.undo(Some(7)), "no batch 7");
    assert_eq!(database.undo(Some(1)).unwrap(), ("monday.wav".to_owned(), 2));
    assert_eq!(database.undo(None).unwrap(), ("tuesday.wav".to_owned(), 1));
    assert_eq!(database.export().unwrap(), before);
    refused(database.undo(None), "nothing was learned");
    // The number of an undone batch is never used again.
    assert_eq!(database.learn("friday.wav", &[of("Bo", 6)]).unwrap().batch, Some(3));
    refused(database.learn("friday.wav", &[of("Bo", 7), of("Cy", 8)]), "nobody is called \"Cy\"");
    assert_eq!(database.samples("Bo").unwrap().len(), 2, "a batch is learned whole or not at all");
}

#[test]
fn a_person_has_a_bounded_number_of_samples_and_none_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = database(folder.path());
    let samples: Vec<NewSample> = (0..MAX_SAMPLES).map(sample).collect();
    database.enroll("Ann", &samples[1..]).unwrap();
    refused(database.enroll("Ann", &[sample(60), sample(61)]), "more than 50 samples");
    assert_eq!(database.samples("Ann").unwrap().len(), MAX_SAMPLES - 1, "all of them or none");
    database.enroll("Ann", &samples[..1]).unwrap();
    let learned = database.learn("x.wav", &[("Ann".to_owned(), sample(62))]).unwrap();
    assert_eq!((learned.batch, &*learned.full), (None, &["Ann".to_owned()][..]));
    database.enroll("Bo", &[sample(63)]).unwrap();
    refused(database.merge("Bo", "Ann"), "51 samples");
}

#[test]
fn an_export_is_imported_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = database(folder.path());
    database.enroll("Ann \"A\" Lee", &[sample(1), sample(2)]).unwrap();
    database.enroll("Bo", &[sample(3)]).unwrap();
    database.learn("monday.wav", &[("Bo".to_owned(), sample(4))]).unwrap();
    let text = database.export().unwrap();
    let mut other = SpeakerDatabase::open_or_create(folder.path().join("other.db")).unwrap();
    assert_eq!(other.import(&text).unwrap(), Imported { num_people: 2, num_samples: 4, num_known: 0 });
    assert_eq!(other.export().unwrap(), text);
    assert_eq!(other.import(&text).unwrap(), Imported { num_people: 0, num_samples: 0, num_known: 4 });
    assert_eq!(other.undo(None).unwrap().1, 1);
}

#[test]
fn a_wrong_import_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = database(folder.path());
    database.enroll("Ann", &[sample(1)]).unwrap();
    let before = database.export().unwrap();
    let person = |name: &str, samples: &str| format!(r#"{{"name":"{name}","created":"c","samples":[{samples}]}}"#);
    let document = |people: &str| format!(r#"{{"format":"diarist-speakers","version":1,"people":[{people}]}}"#);
    let good = before.split_once(r#""samples":["#).unwrap().1.split_once("]}]").unwrap().0.to_owned();
    let short = r#"{"embedding":[1.0],"speech_s":6.0,"source":"s","model":"m","created":"c","batch":null}"#;
    let cases = [
        ("nothing", "", "not an export"),
        ("no JSON", "RIFF", "not an export"),
        ("another document", r#"{"turns":[]}"#, "not an export"),
        ("a later version", r#"{"format":"diarist-speakers","version":2,"people":[]}"#, "version 2"),
        ("a missing field", r#"{"format":"diarist-speakers","version":1}"#, "people"),
        (
            "a short embedding",
            &document(&format!("{},{}", person("Bo", &good), person("Cy", short))),
            "1 values, not 256",
        ),
        ("no sample", &document(&person("Bo", "")), "\"Bo\" has no sample"),
        ("no name", &document(&person("", &good)), "is empty"),
    ];
    for (what, text, words) in cases {
        let error = database.import(text).unwrap_err();
        assert!(error.kind() == ErrorKind::Input && error.to_string().contains(words), "{what}: {error}");
        assert_eq!(database.export().unwrap(), before, "{what}");
    }
}

#[test]
fn embeddings_of_other_networks_are_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = database(folder.path());
    assert!(database.gallery("other").unwrap().is_empty());
    database.enroll("Ann", &[sample(1)]).unwrap();
    refused(database.gallery("other"), "embeddings by some-network-1");
    database.enroll("Bo", &[NewSample { model: "other".to_owned(), ..sample(2) }]).unwrap();
    assert_eq!(database.gallery("other").unwrap().len(), 1);
}

#[test]
fn a_file_that_is_not_a_speaker_database_is_refused_and_left_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.db");
    refused(SpeakerDatabase::open(&path), "there is no speaker database");
    std::fs::create_dir(&path).unwrap();
    refused(SpeakerDatabase::open(&path), "is a folder");
    refused(SpeakerDatabase::open_or_create(&path), "is a folder");
    std::fs::remove_dir(&path).unwrap();
    let text = "a text that is longer than the header of a database ".repeat(40);
    std::fs::write(&path, &text).unwrap();
    refused(SpeakerDatabase::open(&path), "not a speaker database");
    refused(SpeakerDatabase::open_or_create(&path), "not a speaker database");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    let missing = SpeakerDatabase::open_or_create(folder.path().join("missing/people.db")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Output);
}

#[test]
fn a_damaged_file_is_an_error_of_every_reading_method() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.db");
    let mut whole = database(folder.path());
    for seed in 0..20 {
        whole.enroll(&format!("person {seed}"), &[sample(seed), sample(seed + 100)]).unwrap();
    }
    drop(whole);
    let bytes = std::fs::read(&path).unwrap();
    // Noise replaces each page in turn but the first, which holds the header and is another case.
    // One file is cut short.
    let (mut num_faults, mut num_damages) = (0, 0);
    let page = 4096;
    let noise = |offset: usize| {
        let mut bytes = bytes.clone();
        let end = (offset + page).min(bytes.len());
        bytes[offset..end].iter_mut().enumerate().for_each(|(i, byte)| *byte = (i * 37 % 251) as u8);
        bytes
    };
    let damages = (page..bytes.len()).step_by(page).map(noise).chain([bytes[..bytes.len() / 2].to_vec()]);
    for damaged in damages {
        std::fs::write(&path, damaged).unwrap();
        num_damages += 1;
        let faults = || -> Result<()> {
            let database = SpeakerDatabase::open(&path)?;
            database.export()?;
            database.gallery(MODEL).map(drop)
        };
        if let Err(error) = faults() {
            assert_eq!(error.kind(), ErrorKind::Input, "{error}");
            num_faults += 1;
        }
    }
    // Damage to a page of an index goes unnoticed if no query reads the page.
    assert!(num_damages > 10 && num_faults + 3 >= num_damages, "{num_faults} of {num_damages} damages were noticed");
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_voices() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    database(folder.path()).enroll("Ann", &[sample(1)]).unwrap();
    let mode = std::fs::metadata(folder.path().join("people.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn removed_samples_are_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = database(folder.path());
    database.enroll("Ann", &[sample(1)]).unwrap();
    let bytes: Vec<u8> = voice(1).embedding()[..8].iter().flat_map(|value| value.to_le_bytes()).collect();
    let is_there = || {
        let file = std::fs::read(folder.path().join("people.db")).unwrap();
        file.windows(bytes.len()).any(|window| window == bytes)
    };
    assert!(is_there());
    database.remove("Ann").unwrap();
    assert!(!is_there());
}
