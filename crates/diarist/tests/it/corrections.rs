//! Corrections of a real result.

use diarist::parts::corrections::{Correction, Request, TurnRef};
use diarist::parts::diarizer;
use diarist::{Analysis, Diarization, Diarizer, Profile, Settings, Turn};

const CONVERSATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/audio/conversation.flac");

fn analysis() -> Analysis {
    let diarizer = Diarizer::new(&Settings::from(Profile::Fast)).unwrap();
    diarizer.analyze(CONVERSATION).unwrap()
}

fn result(analysis: &Analysis) -> Diarization {
    diarizer::cluster(analysis, &Settings::from(Profile::Fast)).unwrap()
}

fn turns_of(result: &Diarization, label: &str) -> Vec<(f64, f64)> {
    let turns = result.turns.iter().filter(|turn| turn.speaker == label);
    turns.map(|turn| (turn.start_s, turn.end_s)).collect()
}

/// The speakers in the middle of this turn.
fn speakers_at<'a>(result: &'a Diarization, turn: &Turn) -> Vec<&'a str> {
    let middle = (turn.start_s + turn.end_s) / 2.0;
    let there = result.turns.iter().filter(|other| other.start_s <= middle && middle < other.end_s);
    there.map(|other| other.speaker.as_str()).collect()
}

#[test]
fn a_correction_holds_loses_no_speech_and_leaves_others_alone() {
    let mut analysis = analysis();
    let before = result(&analysis);
    let labels: Vec<String> = before.speakers.iter().map(|speaker| speaker.label.clone()).collect();
    assert!(labels.len() >= 3, "{labels:?}");
    for turn in &before.turns {
        let others = labels.iter().filter(|label| **label != turn.speaker).cloned().map(Some);
        for to in others.chain([None]) {
            let (speaker, start_s, end_s) = (turn.speaker.clone(), turn.start_s, turn.end_s);
            let correction = before.correction(&Request::Move { speaker, start_s, end_s, to: to.clone() }).unwrap();
            analysis.corrections.list = vec![correction];
            let after = result(&analysis);
            assert!(after.warnings.is_empty(), "{turn:?}: {:?}", after.warnings);
            assert!((after.speech_s - before.speech_s).abs() < 1e-3, "{turn:?} to {to:?}");
            let there = speakers_at(&after, turn);
            match &to {
                Some(to) => assert!(there.contains(&to.as_str()), "{turn:?} to {to}: {there:?}"),
                None => {
                    assert!(there.iter().any(|label| !labels.iter().any(|old| old == label)), "{turn:?}: {there:?}")
                }
            }
            assert!(!there.contains(&turn.speaker.as_str()), "{turn:?} to {to:?}: {there:?}");
            // Nobody but a new speaker takes time from those who are not meant.
            let not_meant = |label: &&String| **label != turn.speaker && Some(*label) != to.as_ref() && to.is_some();
            for label in labels.iter().filter(not_meant) {
                assert_eq!(turns_of(&after, label), turns_of(&before, label), "{turn:?} to {to:?}");
            }
        }
    }
}

#[test]
fn people_that_are_different_or_the_same_are_so_afterwards() {
    let mut analysis = analysis();
    let before = result(&analysis);
    let whole = |turn: &Turn| TurnRef { speaker: turn.speaker.clone(), start_s: turn.start_s, end_s: turn.end_s };
    for (index, turn) in before.turns.iter().enumerate() {
        let later = before.turns[index + 1..].iter().find(|other| other.speaker == turn.speaker);
        let Some(other) = later else { continue };
        let request = Request::Different { a: whole(turn), b: whole(other) };
        analysis.corrections.list = vec![before.correction(&request).unwrap()];
        let after = result(&analysis);
        assert!((after.speech_s - before.speech_s).abs() < 1e-3, "{turn:?}");
        assert_ne!(speakers_at(&after, turn)[0], speakers_at(&after, other)[0], "{turn:?} and {other:?}");
    }
    let [first, second] = [0, 1].map(|index| before.speakers[index].label.clone());
    let merge = before.correction(&Request::Merge { speaker: second.clone(), into: first.clone() }).unwrap();
    analysis.corrections.list = vec![merge];
    let after = result(&analysis);
    assert_eq!(after.speakers.len() + 1, before.speakers.len());
    assert!(turns_of(&after, &second).is_empty());
    assert!((after.speech_s - before.speech_s).abs() < 1e-3);
}

#[test]
fn a_corrected_analysis_is_one_file() {
    let mut analysis = analysis();
    let before = result(&analysis);
    let speaker = before.speakers[0].label.clone();
    let rename = before.correction(&Request::Rename { speaker: speaker.clone(), name: Some("Ann Lee".to_owned()) });
    let turn = before.turns[1].clone();
    let delete = Request::Delete { speaker: turn.speaker.clone(), start_s: turn.start_s, end_s: turn.end_s };
    let corrections: Vec<Correction> = vec![rename.unwrap(), before.correction(&delete).unwrap()];
    analysis.corrections.list = corrections;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.diarist");
    analysis.save(&path).unwrap();
    let opened = Analysis::open(&path).unwrap();
    let after = result(&opened);
    assert_eq!(after.speakers.iter().find(|found| found.label == speaker).unwrap().name.as_deref(), Some("Ann Lee"));
    assert!(!turns_of(&after, &turn.speaker).contains(&(turn.start_s, turn.end_s)));
    assert!(after.annotation().turns.iter().any(|turn| turn.speaker == "Ann Lee"));
}
