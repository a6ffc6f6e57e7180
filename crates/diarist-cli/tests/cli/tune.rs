//! `diarist tune` on the sample recordings.

use std::fs;
use std::path::Path;

use super::{Run, audio, diarist};

/// A folder with these sample recordings and their references.
fn dataset(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        for extension in ["flac", "rttm", "uem"] {
            let file = format!("{name}.{extension}");
            fs::copy(audio(&file), folder.path().join(file)).unwrap();
        }
    }
    folder
}

fn tune(folder: &Path, more: &[&str]) -> Run {
    let output = folder.join("found.toml");
    let mut arguments = vec!["tune", folder.to_str().unwrap(), "--step", "2.5", "--output", output.to_str().unwrap()];
    arguments.extend(more);
    diarist(arguments)
}

fn config(folder: &Path) -> String {
    fs::read_to_string(folder.join("found.toml")).unwrap()
}

/// The two error rates in the row that starts with `name`.
fn rates(table: &str, name: &str) -> [f64; 2] {
    let row = table.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in\n{table}"));
    let cells: Vec<f64> = row.split_whitespace().rev().take(2).map(|cell| cell.parse().unwrap()).collect();
    [cells[1], cells[0]]
}

#[test]
fn a_broken_recording_is_left_out_and_threads_change_nothing() {
    let folder = dataset(&["conversation", "single", "short"]);
    fs::write(folder.path().join("broken.wav"), "not audio").unwrap();
    fs::write(folder.path().join("broken.rttm"), "SPEAKER broken 1 0 1 <NA> <NA> x <NA> <NA>\n").unwrap();
    let one = tune(folder.path(), &["--trials", "15", "--threads", "1"]);
    assert_eq!((one.code, one.stderr.lines().count()), (0, 1), "{}", one.stderr);
    assert!(one.stderr.starts_with("warning: ") && one.stderr.contains("broken.wav"), "{}", one.stderr);
    let written = config(folder.path());

    let three = tune(folder.path(), &["--trials", "15", "--threads", "3", "--quiet"]);
    assert_eq!((three.succeeded(), &config(folder.path())), (one.stdout.clone(), &written));

    // The default of five folds is more than three recordings allow.
    assert!(one.stdout.contains("3 recordings, 3 folds, 15 trials"), "{}", one.stdout);
    let [before, tuned] = rates(&one.stdout, "TOTAL tuned on");
    assert!(tuned <= before, "{}", one.stdout);
    for name in ["conversation.flac", "single.flac", "short.flac"] {
        assert!(written.contains(&format!("#   {name}\n")), "{written}");
    }
    assert!(!written.contains(folder.path().to_str().unwrap()) && !written.contains("broken"), "{written}");

    // The file has the values in the table.
    let [before, tuned] = rates(&one.stdout, "TOTAL held out");
    let column = if tuned < before { 2 } else { 1 };
    for name in ["threshold", "fa", "fb", "min-duration-off", "speech-threshold", "overlap-threshold"] {
        let row = one.stdout.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap();
        let expected: f64 = row.split_whitespace().nth(column).unwrap().parse().unwrap();
        let line = written.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap();
        assert_eq!(line.split(" = ").nth(1).unwrap().parse::<f64>().unwrap(), expected);
    }
    assert!(written.contains("\nstep = 2.5\n"), "{written}");
}

#[test]
fn bench_confirms_the_tuned_error_rate() {
    // The start splits one voice into many, so that the search finds better values.
    let folder = dataset(&["conversation"]);
    let table = tune(folder.path(), &["--clustering", "ahc", "--threshold", "0.1", "--trials", "30"]).succeeded();
    assert!(table.contains("one recording cannot be cross-validated"), "{table}");
    let [before, tuned] = rates(&table, "TOTAL tuned on");
    assert!(tuned < before, "{table}");
    let found = folder.path().join("found.toml");
    let bench =
        diarist(["bench", "--quiet", folder.path().to_str().unwrap(), "--config", found.to_str().unwrap()]).succeeded();
    let total: Vec<&str> = bench.lines().last().unwrap().split_whitespace().collect();
    assert_eq!((total[0], total[1].parse::<f64>().unwrap()), ("TOTAL", tuned), "{bench}");
}

#[test]
fn impossible_searches_are_refused_and_nothing_is_written() {
    let folder = dataset(&["short"]);
    let path = folder.path().to_str().unwrap();
    let output = folder.path().join("found.toml");
    fs::write(&output, "step = 12").unwrap();
    let cases: [(&[&str], i32, &str); 7] = [
        (&["--embedding-mode", "skip"], 2, "without embeddings"),
        (&["--trials", "1"], 2, "--trials is 1, but must be from 2"),
        (&["--folds", "1"], 2, "--folds is 1, but must be from 2"),
        (&["--collar", "-1"], 2, "collar"),
        (&["--min-cluster-size", "3"], 2, "ahc"),
        (&["--config", output.to_str().unwrap()], 2, "step is 12, but must be from 0.01 to 10"),
        (&["--output", path], 5, "cannot be written"),
    ];
    for (more, code, expected) in cases {
        let mut arguments = vec!["tune", path];
        if !more.contains(&"--output") {
            arguments.extend(["--output", output.to_str().unwrap()]);
        }
        arguments.extend(more);
        let message = diarist(arguments).failed(code);
        assert!(message.contains(expected), "{message}");
    }
    fs::write(folder.path().join("short.flac"), "not audio").unwrap();
    let message = tune(folder.path(), &["--quiet"]).failed(3);
    assert!(message.contains("short.flac"), "{message}");
    assert_eq!(config(folder.path()), "step = 12");
}
