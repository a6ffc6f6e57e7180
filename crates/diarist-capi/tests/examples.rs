//! The examples in C, built with both kinds of library and run, and misuse of the interface.
#![cfg(unix)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use diarist::parts::audio::{self, AudioSource};
use diarist::parts::formats::rttm;
use diarist::parts::voices::{MIN_ENROLL_S, NewSample};
use diarist::{Diarizer, Recording, Settings, SpeakerDatabase};

/// Folder in which cargo puts the libraries that belong to this test.
fn libraries() -> PathBuf {
    env::current_exe().unwrap().parent().unwrap().to_path_buf()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sample() -> PathBuf {
    root().join("fixtures/audio/conversation.flac")
}

/// Builds `source`, a file below the root, with the static or the shared library.
fn build(source: &str, shared: bool, folder: &Path) -> PathBuf {
    let program = folder.join("program");
    let mut compiler = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.args(["-std=c99", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
    compiler.arg(root().join("include")).arg(root().join(source)).arg("-o").arg(&program);
    if shared {
        compiler.arg("-L").arg(libraries()).arg("-ldiarist_c");
    } else {
        compiler.arg(libraries().join("libdiarist_c.a"));
    }
    let output = compiler.args(["-lm", "-lpthread", "-ldl"]).output().expect("a C compiler");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

fn run(program: &Path, arguments: &[&Path], stdin: Option<&Path>) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).env("LD_LIBRARY_PATH", libraries()).env("DYLD_LIBRARY_PATH", libraries());
    command.stdin(stdin.map_or_else(Stdio::null, |path| fs::File::open(path).unwrap().into()));
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The result of the library, as RTTM.
fn expected(file_id: &str) -> String {
    let diarizer = Diarizer::new(&Settings::default()).unwrap();
    let result = diarizer.diarize(Recording::new(sample()).with_file_id(file_id)).unwrap();
    rttm::write(&result.annotation()).unwrap()
}

#[test]
fn a_file_is_diarized_as_by_the_library() {
    let expected = expected("conversation");
    assert!(expected.lines().count() > 1);
    for shared in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let program = build("examples/c/diarize.c", shared, folder.path());
        let output = run(&program, &[&sample()], None);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), expected, "shared: {shared}");
        assert!(text(&output.stderr).contains("speakers"), "{}", text(&output.stderr));

        let output = run(&program, &[Path::new("missing.wav")], None);
        assert_eq!(output.status.code(), Some(3));
        assert!(text(&output.stderr).starts_with("missing.wav: "), "{}", text(&output.stderr));
    }
}

#[test]
fn a_stream_gives_events_and_then_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let program = build("examples/c/live.c", false, folder.path());
    let mut source = audio::open(&sample()).unwrap();
    let mut samples = Vec::new();
    while source.read(&mut samples).unwrap() {}
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let stream = folder.path().join("stream");
    fs::write(&stream, bytes).unwrap();
    let output = run(&program, &[], Some(&stream));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let (events, turns): (Vec<_>, Vec<_>) = text(&output.stdout).lines().partition(|line| line.starts_with('{'));
    assert!(events.iter().any(|line| line.contains("\"opened\"")), "{events:?}");
    assert_eq!(turns.join("\n") + "\n", expected("audio"));
}

#[test]
fn misuse_gets_a_status_and_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let program = build("crates/diarist-capi/tests/misuse.c", false, folder.path());
    let single = root().join("fixtures/audio/single.flac");
    let people = folder.path().join("people.db");
    let diarizer = Diarizer::new(&Settings::default()).unwrap();
    let (voice, _) = diarizer.voice(&single, MIN_ENROLL_S).unwrap();
    let voice = NewSample { voice, source: String::new(), model: diarizer.fingerprint() };
    SpeakerDatabase::open_or_create(&people).unwrap().enroll("Ann Lee", &[voice]).unwrap();
    let (new_people, analysis) = (folder.path().join("new.db"), folder.path().join("new.diarist"));
    let output = run(&program, &[&people, &single, &new_people, &sample(), &analysis], None);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn the_installed_library_is_found_by_pkg_config() {
    if Command::new("pkg-config").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("usr");
    // A cargo that builds nothing: the libraries are those of this test.
    let bin = folder.path().join("bin");
    let built = folder.path().join("target/debug");
    fs::create_dir_all(&bin).unwrap();
    fs::create_dir_all(&built).unwrap();
    std::os::unix::fs::symlink("/bin/true", bin.join("cargo")).unwrap();
    for name in ["libdiarist_c.a", "libdiarist_c.so", "libdiarist_c.dylib"] {
        if libraries().join(name).exists() {
            std::os::unix::fs::symlink(libraries().join(name), built.join(name)).unwrap();
        }
    }
    let path = env::join_paths([bin].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap()))).unwrap();
    let mut install = Command::new(root().join("tools/install-capi.sh"));
    install.env("PATH", path).env("PREFIX", &prefix).env("PROFILE", "dev").env_remove("DESTDIR").env_remove("LIBDIR");
    let output = install.env("CARGO_TARGET_DIR", folder.path().join("target")).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));

    let asked = |arguments: &[&str]| {
        let mut command = Command::new("pkg-config");
        let output =
            command.args(arguments).arg("diarist").env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).trim().to_owned()
    };
    assert_eq!(asked(&["--modversion"]), env!("CARGO_PKG_VERSION"));
    let flags = asked(&["--cflags", "--libs"]);
    let program = folder.path().join("program");
    let mut compiler = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.arg(root().join("examples/c/cluster.c")).arg("-o").arg(&program).args(flags.split_whitespace());
    let output = compiler.output().expect("a C compiler");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = run(&program, &[&sample(), &folder.path().join("a.diarist"), Path::new("2")], None);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let speakers: std::collections::BTreeSet<_> =
        text(&output.stdout).lines().filter_map(|line| line.split(' ').nth(7)).collect();
    assert_eq!(speakers.len(), 2, "{}", text(&output.stdout));
}
