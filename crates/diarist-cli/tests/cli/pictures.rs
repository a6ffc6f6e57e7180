//! Pages and plots.

use std::fs;

use super::{Run, audio, diarist, repository};

#[test]
fn a_page_holds_the_recording_or_links_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let short = audio("short.flac");
    assert_eq!(diarist(["diarize", "--format", "html,json,rttm", "--output-dir", &path(""), &short]).succeeded(), "");
    let page = fs::read_to_string(path("short.html")).unwrap();
    assert!(page.contains("data-type=\"audio/ogg\">T2dnUw"), "Ogg begins with OggS");
    assert!(page.contains("\"start_s\":0.031") && page.contains("SPEAKER_00"));
    assert!(page.contains("class=\"sure\""), "confidence is shown");
    // The result alone gives the same page.
    let turns = path("short.rttm");
    assert_eq!(diarist(["convert", &path("short.json"), &path("again.html"), "--audio", &short]).succeeded(), "");
    assert_eq!(fs::read_to_string(path("again.html")).unwrap().len(), page.len());

    fs::copy(&short, path("sound.flac")).unwrap();
    let linked = ["convert", &turns, &path("linked.html"), "--audio", &path("sound.flac"), "--link-audio"];
    assert_eq!(diarist(linked).succeeded(), "");
    let linked = fs::read_to_string(path("linked.html")).unwrap();
    assert!(linked.contains("src=\"sound.flac\"") && !linked.contains("audio/ogg"));
    assert_eq!(diarist(["convert", &turns, &path("silent.html")]).succeeded(), "");
    assert!(!fs::read_to_string(path("silent.html")).unwrap().contains("<audio"));

    assert!(diarist(["convert", &path("short.html"), &path("x.rttm")]).failed(3).contains("cannot be read back"));
    diarist(["convert", &turns, &path("x.html"), "--audio", &turns]).failed(3);
    assert_eq!(diarist(["convert", &turns, &path("x.html"), "--link-audio"]).code, 2);
    // A recording is never overwritten, and a page without sound is still written.
    let overwriting = ["convert", "--to", "html", &turns, &path("sound.flac"), "--audio", &path("sound.flac")];
    assert!(diarist(overwriting).failed(2).contains("would overwrite"));
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("diarist");
    let pcm = command.args(["diarize", "--format", "html", "--rate", "16000", "-"]).write_stdin(vec![0; 64_000]);
    let run = Run::of(pcm.output().unwrap());
    assert_eq!((run.code, run.stderr.lines().count()), (0, 1), "{}", run.stderr);
    assert!(
        run.stdout.ends_with("</html>") && run.stderr.starts_with("warning: stdin: the page has no sound"),
        "{}",
        run.stderr
    );
    let several = fs::read_to_string(&turns).unwrap();
    fs::write(path("several.rttm"), several.clone() + &several.replace(" short ", " other ")).unwrap();
    assert!(diarist(["convert", &path("several.rttm"), &path("x.html")]).failed(2).contains("--file-id"));
}

#[test]
fn a_plot_is_a_picture_with_the_reference_beside() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let reference = repository("fixtures/audio/conversation.rttm").to_str().unwrap().to_owned();
    assert_eq!(diarist(["plot", &reference, "-o", &path("plain.svg")]).succeeded(), "");
    let svg = fs::read_to_string(path("plain.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains(">ada<") && svg.contains("0:40"));
    fs::write(path("found.csv"), "start,end,speaker\n0,4,S1\n4,9.5,S0\n").unwrap();
    let arguments = ["plot", &path("found.csv"), "-o", &path("both.svg"), "--reference", &reference];
    assert_eq!(diarist(arguments).succeeded(), "");
    let svg = fs::read_to_string(path("both.svg")).unwrap();
    assert!(svg.contains("ada = S1") && svg.contains("ben = S0"), "{svg}");
    let run = diarist(["plot", &reference, "-o", &path("plain.PNG")]);
    match run.code {
        0 => assert!(fs::read(path("plain.PNG")).unwrap().starts_with(b"\x89PNG")),
        // The machine has no fonts, or the build has no PNG.
        _ => assert!(run.stderr.contains("write .svg"), "{}", run.stderr),
    }
    diarist(["plot", &reference, "-o", &path("x.jpg")]).failed(2);
    diarist(["plot", &reference, "-o", &path("no/x.svg")]).failed(5);
    diarist(["plot", &path("missing.rttm"), "-o", &path("x.svg")]).failed(3);
}

#[test]
fn a_picture_is_well_formed_for_any_name_and_has_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("odd.rttm"), "SPEAKER a\u{1b}b 1 0 1 <NA> <NA> c\u{7}d\u{85} <NA> <NA>\n").unwrap();
    diarist(["plot", &path("odd.rttm"), "-o", &path("odd.svg")]).succeeded();
    let text = fs::read_to_string(path("odd.svg")).unwrap();
    assert!(text.contains("c\u{fffd}d") && !text.contains(|c: char| c.is_control() && c != '\n'));
    let line = |index: usize| format!("SPEAKER a 1 {index} 0.5 <NA> <NA> s{index} <NA> <NA>\n");
    fs::write(path("many.rttm"), (0..2000).map(line).collect::<String>()).unwrap();
    let error = diarist(["plot", &path("many.rttm"), "-o", &path("many.png")]).failed(5);
    assert!(error.contains("too large; write .svg") || error.contains("install a font"), "{error}");
}
