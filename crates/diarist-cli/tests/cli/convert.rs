//! Results in other formats, and from one to another.

use std::fs;
use std::path::Path;

use super::{Run, audio, diarist};

const TURNS: &str = "\
SPEAKER meeting 1 0.500 2.750 <NA> <NA> Ann_Lee <NA> <NA>
SPEAKER meeting 1 1.250 0.250 <NA> <NA> Zoë <NA> <NA>
SPEAKER meeting 1 3.250 1.000 <NA> <NA> Ann_Lee <NA> <NA>
";

fn convert(arguments: &[&str], stdin: &str) -> Run {
    let output = assert_cmd::cargo::cargo_bin_cmd!("diarist")
        .arg("convert")
        .args(arguments)
        .write_stdin(stdin)
        .output()
        .unwrap();
    Run::of(output)
}

fn text(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_chain_of_all_formats_gives_the_original_turns() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(folder.path(), name);
    fs::write(path("meeting.rttm"), TURNS).unwrap();
    let mut from = path("meeting.rttm");
    // Each file is made from the one before, so that any loss shows at the end.
    for extension in ["json", "csv", "srt", "vtt", "txt", "TextGrid", "eaf", "lab", "jsonl", "rttm"] {
        let to = path(&format!("meeting.{extension}"));
        fs::rename(&to, path("original")).ok();
        assert_eq!(convert(&[&from, &to], "").succeeded(), "", "{extension}");
        assert!(fs::read_to_string(&to).unwrap().contains("Zoë"), "{extension}");
        from = to;
    }
    assert_eq!(fs::read_to_string(path("meeting.rttm")).unwrap(), TURNS);
}

#[test]
fn stdin_and_stdout_need_the_name_of_a_format() {
    let csv = convert(&["--from", "rttm", "--to", "csv", "-", "-"], TURNS).succeeded();
    assert_eq!(
        csv,
        "file_id,start_s,end_s,speaker\nmeeting,0.500,3.250,Ann_Lee\nmeeting,1.250,1.500,Zoë\nmeeting,3.250,4.250,Ann_Lee\n"
    );
    let run = convert(&["--from", "srt", "--to", "rttm", "-", "-"], "1\n00:00:01,000 --> 00:00:02,000\n[Ann Lee]\n");
    assert_eq!((run.code, run.stdout.as_str()), (0, "SPEAKER stdin 1 1.000 1.000 <NA> <NA> Ann_Lee <NA> <NA>\n"));
    assert_eq!(run.stderr, "warning: stdout: 1 name is written differently, such as \"Ann Lee\"\n");
    assert!(convert(&["-", "x.csv"], "").failed(2).contains("--from"));
    assert!(convert(&["--from", "rttm", "-", "-"], "").failed(2).contains("--to"));
    assert!(convert(&["x.rttm", "x.wav"], "").failed(2).contains("x.wav: the extension is not that of a format"));
}

#[test]
fn the_extension_decides_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let (short, path) = (audio("short.flac"), |name: &str| text(folder.path(), name));
    for name in ["x.docx", "x", "x.wav"] {
        let line = diarist(["diarize", "-o", &path(name), "no/such/file.wav"]).failed(2);
        assert!(line.contains("extension is not that of a format") && line.contains("--format"), "{line}");
        diarist(["cluster", "-o", &path(name), "no/such/file.diarist"]).failed(2);
        diarist(["live", "-o", &path(name), "no/such/file.wav"]).failed(2);
    }
    assert_eq!(diarist(["diarize", "--format", "csv", "-o", &path("x.docx"), &short]).succeeded(), "");
    assert!(fs::read_to_string(path("x.docx")).unwrap().starts_with("file_id,"));
    assert_eq!(diarist(["diarize", "-o", &path("x.txt"), &short]).succeeded(), "");
    assert!(fs::read_to_string(path("x.txt")).unwrap().ends_with("\tSPEAKER_00\n"));
    assert!(diarist(["analyze", "-o", &path("x.rttm"), "no/such/file.wav"]).failed(2).contains("is a .diarist file"));
    assert!(!folder.path().join("x.rttm").exists());
}

#[test]
fn one_tier_of_several() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(folder.path(), name);
    for extension in ["TextGrid", "eaf"] {
        let file = path(&format!("m.{extension}"));
        assert_eq!(convert(&["--from", "rttm", "-", &file], TURNS).succeeded(), "");
        let ann = convert(&["--tier", "Ann_Lee", &file, "-", "--to", "csv"], "").succeeded();
        assert_eq!((ann.lines().count(), ann.contains("Zoë")), (3, false), "{ann}");
        let both = convert(&["--tier", "Ann_Lee", "--tier", "Zoë", &file, "-", "--to", "csv"], "").succeeded();
        assert_eq!(both.lines().count(), 4);
        let line = convert(&["--tier", "Bo", &file, "-", "--to", "csv"], "").failed(3);
        assert!(line.contains("no tier \"Bo\"") && line.contains("\"Ann_Lee\", \"Zoë\""), "{line}");
    }
    assert!(
        convert(&["--tier", "Bo", "--from", "rttm", "--to", "csv", "-", "-"], TURNS).failed(2).contains("no tiers")
    );
}

#[test]
fn labels_of_other_programs_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(folder.path(), name);
    let cases = [
        (
            "lark.srt",
            "1\n00:00:01.230 --> 00:00:05.790\n说话人 1: 用\n\n2\n00:00:07.900 --> 00:00:11.220\n说话人 2： 各\n",
            2,
            2,
        ),
        (
            "marks.srt",
            "1\n00:00:01,000 --> 00:00:03,000\n>> Ann: hi\n\n2\n00:00:04,000 --> 00:00:05,000\n- Ann: yes\n",
            2,
            1,
        ),
        ("comma.txt", "0,500000\t2,000000\tAnn\n3,000000\t4,500000\tBo\n", 2, 2),
        ("comma.csv", "start;end;speaker\n0,5;2,0;Ann\n", 1, 1),
    ];
    for (name, contents, num_turns, num_speakers) in cases {
        fs::write(path(name), contents).unwrap();
        let csv = convert(&[&path(name), "-", "--to", "csv"], "").succeeded();
        let mut speakers: Vec<&str> = csv.lines().skip(1).filter_map(|line| line.split(',').nth(3)).collect();
        assert_eq!(speakers.len(), num_turns, "{name}: {csv}");
        speakers.sort_unstable();
        speakers.dedup();
        assert_eq!(speakers.len(), num_speakers, "{name}: {csv}");
    }
    fs::write(path("bad.srt"), "1\n00:00:01,000 --> 00:00:02,000\nAnn: a\n\n2\n00:00:04,000 --> 00:00:03,000\nBo: b\n")
        .unwrap();
    let run = convert(&[&path("bad.srt"), "-", "--to", "csv"], "");
    assert_eq!((run.code, run.stdout.lines().count()), (0, 2), "{}", run.stderr);
    assert!(
        run.stderr.contains("bad.srt: 1 cue whose times cannot be read is left out, the first in line 6"),
        "{}",
        run.stderr
    );
    let blanks = TURNS.replace("Ann_Lee", "Ann Lee");
    assert!(convert(&["--from", "rttm", "-", &path("x.csv")], &blanks).failed(3).contains("line 1: "));
    assert!(!folder.path().join("x.csv").exists());
}

#[test]
fn losses_are_reported() {
    let warnings = |to: &str, input: &str| {
        let run = convert(&["--from", "rttm", "--to", to, "-", "-"], input);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(convert(&["-q", "--from", "rttm", "--to", to, "-", "-"], input).succeeded(), run.stdout);
        run.stderr
    };
    let uem = warnings("uem", TURNS);
    assert!(uem.contains("UEM holds no speakers") && uem.contains("length of the recording is not known"), "{uem}");
    let own_overlap = TURNS.replace("3.250 1.000", "3.000 1.250");
    for to in ["textgrid", "eaf"] {
        assert!(warnings(to, &own_overlap).contains("holds 2 of 3 turns"));
        assert_eq!(warnings(to, TURNS), "");
    }
    assert_eq!(warnings("csv", &own_overlap), "");
    let run = convert(&["--from", "audacity", "--to", "csv", "-", "-"], "1\t2\tAnn\n3\t4\t\n");
    assert_eq!((run.code, run.stderr.as_str()), (0, "warning: stdin: 1 without a speaker or a time left out\n"));
}

#[test]
fn one_of_several_recordings_or_a_file_for_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(folder.path(), name);
    let both = TURNS.to_owned() + &TURNS.replace("meeting", "other/part") + &TURNS.replace("meeting", "Meeting");
    fs::write(path("all.rttm"), &both).unwrap();
    let line = convert(&[&path("all.rttm"), &path("all.srt")], "").failed(5);
    assert!(line.contains("SRT holds one recording, and here are 3") && line.contains("--file-id"), "{line}");
    assert_eq!(convert(&["--file-id", "meeting", &path("all.rttm"), &path("one.rttm")], "").succeeded(), "");
    assert_eq!(fs::read_to_string(path("one.rttm")).unwrap(), TURNS);
    assert!(convert(&["--file-id", "x", &path("all.rttm"), &path("x.csv")], "").failed(3).contains("no recording x"));
    fs::create_dir(path("turns")).unwrap();
    assert_eq!(convert(&["--to", "vtt", &path("all.rttm"), &path("turns")], "").succeeded(), "");
    // A name that no file system takes is shortened, and one fault does not stop the others.
    let ids = ["x".repeat(5000), "short".to_owned(), "y".repeat(5000)];
    fs::write(path("long.rttm"), ids.map(|id| TURNS.replace("meeting", &id)).concat()).unwrap();
    fs::create_dir_all(folder.path().join("long/short.csv")).unwrap();
    assert!(convert(&["--to", "csv", &path("long.rttm"), &path("long")], "").failed(5).contains("short.csv"));
    let sizes: Vec<u64> = fs::read_dir(path("long"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap())
        .filter(fs::Metadata::is_file)
        .map(|file| file.len())
        .collect();
    assert!(sizes.len() == 2 && sizes.iter().all(|size| *size > 5000), "{sizes:?}");
    let vtt = |name: &str| fs::read_to_string(folder.path().join("turns").join(name)).unwrap();
    assert_eq!(vtt("meeting.vtt"), vtt("other_part.vtt"));
    assert_eq!(vtt("meeting.vtt"), vtt("Meeting_2.vtt"));
}

#[test]
fn faults_name_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(folder.path(), name);
    fs::write(path("odd.rttm"), format!("{TURNS}SPEAKER meeting 1 x 1 <NA> <NA> a\n")).unwrap();
    assert!(convert(&[&path("odd.rttm"), &path("x.csv")], "").failed(3).contains("odd.rttm: line 4: the start"));
    fs::write(path("binary.srt"), b"\xff\xfe\x00").unwrap();
    assert!(convert(&[&path("binary.srt"), &path("x.csv")], "").failed(3).contains("binary.srt: line 1:"));
    convert(&[&path("missing.srt"), &path("x.csv")], "").failed(3);
    fs::write(path("ok.rttm"), TURNS).unwrap();
    convert(&[&path("ok.rttm"), &path("no/such/x.csv")], "").failed(5);
    convert(&["--from", "uem", &path("ok.rttm"), &path("x.csv")], "").failed(3);
    convert(&["--exclusive", &path("ok.rttm"), &path("x.csv")], "").failed(3);
    convert(&[&path("ok.rttm"), &path("ok.rttm")], "").failed(2);
    assert_eq!(fs::read_to_string(path("ok.rttm")).unwrap(), TURNS);
    assert!(!folder.path().join("x.csv").exists());
    // A recording without speech gives a file without turns.
    fs::write(path("silent.rttm"), "").unwrap();
    assert_eq!(convert(&[&path("silent.rttm"), &path("silent.vtt")], "").succeeded(), "");
    assert_eq!(fs::read_to_string(path("silent.vtt")).unwrap(), "WEBVTT\n\n");
}

#[test]
fn a_recording_comes_out_in_several_formats_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().to_str().unwrap();
    let short = audio("short.flac");
    assert_eq!(
        diarist(["diarize", "--format", "rttm,textgrid,csv", "--output-dir", output, &short, &short]).succeeded(),
        ""
    );
    let (rttm, grid) = (text(folder.path(), "short.rttm"), text(folder.path(), "short_2.TextGrid"));
    let turns = fs::read_to_string(&rttm).unwrap();
    assert_eq!(turns, diarist(["diarize", &short]).succeeded());
    assert!(fs::read_to_string(&grid).unwrap().contains("name = \"SPEAKER_00\""));
    assert!(folder.path().join("short_2.csv").exists());
    // The table has one header.
    let csv = text(folder.path(), "both.csv");
    assert_eq!(diarist(["diarize", "-o", &csv, &short, &short]).succeeded(), "");
    let table = fs::read_to_string(&csv).unwrap();
    assert_eq!((table.matches("file_id").count(), table.lines().count()), (1, 3), "{table}");
    // The table's end is rounded, and RTTM's duration: the last digit may differ.
    let back = convert(&["--file-id", "short", &csv, "-", "--to", "rttm"], "").succeeded();
    assert_eq!((&back[..22], back.lines().count()), (&turns[..22], 1));
    assert!(diarist(["diarize", "--format", "srt,csv", "-o", "x", &short]).failed(2).contains("--output-dir"));
    assert!(diarist(["diarize", "--format", "srt", &short, &short]).failed(2).contains("holds one recording"));
}
