//! Processes that write to one database, at the same time or until they are killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use diarist::SpeakerDatabase;
use diarist::parts::voices::{NewSample, Voice};
use rand_mt::Mt64;

/// Environment of the writing process: the database, the prefix of its names, and the number of
/// people to enroll.
const DATABASE: &str = "DIARIST_TEST_DATABASE";
const PREFIX: &str = "DIARIST_TEST_PREFIX";
const COUNT: &str = "DIARIST_TEST_COUNT";

/// Two samples that depend on the name alone.
fn samples(name: &str) -> [NewSample; 2] {
    let seed = name.bytes().fold(7_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut random = Mt64::new(seed);
    [0, 1].map(|index| {
        let embedding = (0..256).map(|_| random.next_u64() as f32 / u64::MAX as f32 - 0.5).collect();
        let voice = Voice::new(embedding, 8.0).unwrap();
        NewSample { voice, source: format!("{name}-{index}"), model: "network".to_owned() }
    })
}

#[test]
#[ignore = "not a test: the tests below start it as a process of its own"]
fn writer() {
    let variable = |name: &str| std::env::var(name).expect("the tests below set it");
    let count: usize = variable(COUNT).parse().unwrap();
    let mut database = SpeakerDatabase::open_or_create(Path::new(&variable(DATABASE))).unwrap();
    for index in 0..count {
        let name = format!("{}-{index}", variable(PREFIX));
        database.enroll(&name, &samples(&name)).unwrap();
        // The acknowledgement: from here on it must never be lost.
        println!("enrolled {name}");
        std::io::stdout().flush().unwrap();
    }
}

fn start_writer(path: &Path, prefix: &str, count: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["voices::crash::writer", "--exact", "--ignored", "--nocapture"])
        .env(DATABASE, path)
        .env(PREFIX, prefix)
        .env(COUNT, count.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The names that a writer acknowledged before its end.
fn acknowledged(mut child: Child) -> Vec<String> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The line before a kill may be cut; libtest puts its own text before the first.
    let names = lines.map_while(Result::ok).filter_map(|line| Some(line.split_once("enrolled ")?.1.to_owned()));
    let names = names.collect();
    child.wait().unwrap();
    names
}

/// The people in the file. Checks that each has both samples as they were written, and that SQLite
/// finds no fault in the file.
fn check(path: &Path) -> Vec<String> {
    let database = SpeakerDatabase::open(path).unwrap();
    let people: Vec<String> = database.people().unwrap().into_iter().map(|person| person.name).collect();
    for name in &people {
        let found = database.samples(name).unwrap();
        let expected = samples(name);
        assert_eq!(found.len(), 2, "{name}");
        assert!(found.iter().zip(&expected).all(|(a, b)| a.voice == b.voice && a.source == b.source), "{name}");
    }
    drop(database);
    let connection = rusqlite::Connection::open(path).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    people
}

/// Kills writers of one file at random moments. `DIARIST_TEST_KILLS` is their number (20 if not
/// set).
#[test]
fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    let kills: usize = std::env::var("DIARIST_TEST_KILLS").map_or(20, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.db");
    let mut random = Mt64::new(1);
    let (mut all, mut num_cut) = (Vec::new(), 0);
    let mut limit_us = 120_000;
    for round in 0..kills {
        let mut child = start_writer(&path, &format!("{round}"), usize::MAX);
        std::thread::sleep(Duration::from_micros(random.next_u64() % limit_us));
        child.kill().unwrap();
        all.extend(acknowledged(child));
        if all.is_empty() {
            // A busy machine starts processes slowly.
            limit_us *= 2;
        }
        // A file with a rollback journal beside it was killed in the middle of a change.
        num_cut += usize::from(folder.path().join("people.db-journal").exists());
        if path.exists() {
            let people = check(&path);
            let lost: Vec<&String> = all.iter().filter(|name| !people.contains(name)).collect();
            assert!(lost.is_empty(), "lost after kill {round}: {lost:?}");
            assert!(people.len() <= all.len() + round + 1, "people were enrolled without a call");
        }
    }
    println!(
        "{kills} kills, {num_cut} of them in the middle of a change; {} people acknowledged, none lost",
        all.len()
    );
    assert!(!all.is_empty(), "no writer enrolled anybody");
}

#[test]
fn two_processes_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.db");
    let writers = ["a", "b"].map(|prefix| start_writer(&path, prefix, 40));
    let mut names: Vec<String> = writers.into_iter().flat_map(acknowledged).collect();
    names.sort();
    assert_eq!(names.len(), 80);
    assert_eq!(check(&path), names);
}
