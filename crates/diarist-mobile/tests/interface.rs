//! The interface, called as its other side calls it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diarist::parts::audio::{self, AudioSource};
use diarist::{LiveEvent, Settings};
use diarist_mobile::{DiaristError, Diarizer, FileFormat, Person, ProgressListener, convert};

const SINGLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/audio/single.flac");

fn diarizer() -> Diarizer {
    Diarizer::new(r#"{"profile": "fast"}"#).unwrap()
}

/// Samples of the recording with one speaker, as the other side gives them.
fn bytes() -> Vec<u8> {
    let mut samples = Vec::new();
    let mut source = audio::open(SINGLE.as_ref()).unwrap();
    while source.read(&mut samples).unwrap() {}
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// Ends a call after its first report: by its answer, or as an exception does.
struct Ends {
    throws: bool,
    reports: AtomicUsize,
}

impl ProgressListener for Ends {
    fn report(&self, processed_s: f64, total_s: Option<f64>) -> bool {
        self.reports.fetch_add(1, Ordering::Relaxed);
        assert!(!self.throws && processed_s <= total_s.unwrap_or(f64::MAX), "an exception");
        false
    }
}

#[test]
fn results_are_those_of_the_library() {
    let result = diarizer().diarize_file(SINGLE.to_owned(), None).unwrap();
    let expected = diarist::Diarizer::new(&Settings::from(diarist::Profile::Fast)).unwrap().diarize(SINGLE).unwrap();
    let turns = |turns: &[diarist_mobile::Turn]| -> Vec<(f64, f64, String, Option<f64>)> {
        turns.iter().map(|turn| (turn.start_s, turn.end_s, turn.speaker.clone(), turn.confidence)).collect()
    };
    let of_library: Vec<_> =
        expected.turns.iter().map(|turn| (turn.start_s, turn.end_s, turn.speaker.clone(), turn.confidence)).collect();
    assert!(!of_library.is_empty());
    assert_eq!(turns(&result.turns), of_library);
    assert_eq!(result.speakers.len(), 1);
    assert_eq!((result.file_id.as_str(), result.duration_s), ("single", expected.duration_s));

    let lines = |format| convert(&result.json, format).unwrap();
    assert_eq!(lines(FileFormat::Rttm).lines().count(), of_library.len());
    assert!(lines(FileFormat::Srt).contains(" --> ") && lines(FileFormat::WebVtt).starts_with("WEBVTT"));
    assert!(lines(FileFormat::TextGrid).contains("SPEAKER_00"));
    assert!(matches!(convert("no", FileFormat::Srt), Err(DiaristError::Input(_))));
}

#[test]
fn a_listener_ends_the_call() {
    for throws in [false, true] {
        let listener = Arc::new(Ends { throws, reports: AtomicUsize::new(0) });
        let outcome = diarizer().diarize_file(SINGLE.to_owned(), Some(listener.clone()));
        assert!(matches!(outcome, Err(DiaristError::Cancelled(_))), "{outcome:?}");
        assert_eq!(listener.reports.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn errors_have_kinds() {
    assert!(matches!(Diarizer::new("{"), Err(DiaristError::InvalidOption(_))));
    assert!(matches!(Diarizer::new(r#"{"threshold": 9}"#), Err(DiaristError::InvalidOption(_))));
    let diarizer = diarizer();
    let missing = diarizer.diarize_file("missing.wav".to_owned(), None).unwrap_err();
    assert!(matches!(&missing, DiaristError::Input(_)) && missing.to_string().starts_with("missing.wav: "));
    assert!(matches!(diarizer.with_num_speakers(Some(0), None, None), Err(DiaristError::InvalidOption(_))));
    assert!(matches!(diarizer.diarize_samples(&[0; 6], 16_000, 1, None), Err(DiaristError::InvalidOption(_))));
    assert!(matches!(diarizer.diarize_samples(&[0; 8], 1, 1, None), Err(DiaristError::Input(_))));
    assert!(matches!(diarizer.live(16_000, 0.0, 0.5), Err(DiaristError::InvalidOption(_))));
}

#[test]
fn a_stream_ends_as_its_samples_alone() {
    let (diarizer, bytes) = (diarizer(), bytes());
    let live = diarizer.live(16_000, 2.0, 2.0).unwrap();
    assert!(matches!(live.push(&f32::NAN.to_le_bytes()), Err(DiaristError::Input(_))));
    let mut events = Vec::new();
    for piece in bytes.chunks(40_000) {
        events.extend(live.push(piece).unwrap());
    }
    assert!(matches!(events.first(), Some(LiveEvent::Opened { turn: 0, speaker: 1, .. })), "{events:?}");
    let result = live.finish().unwrap();
    assert!(result.events.iter().any(|event| matches!(event, LiveEvent::Labelled { speaker: 1, .. })));
    assert_eq!(result.diarization.turns, diarizer.diarize_samples(&bytes, 16_000, 1, None).unwrap().turns);
    assert!(matches!(live.push(&bytes), Err(DiaristError::InvalidOption(_))));
}

#[test]
fn known_people_are_named() {
    let diarizer = diarizer();
    let voice = diarizer.voice(SINGLE.to_owned(), None).unwrap();
    let person = Person { name: "Ann".to_owned(), voices: vec![voice.clone()] };
    let named = diarizer.with_people(vec![person.clone()], None).unwrap();
    let result = named.diarize_file(SINGLE.to_owned(), None).unwrap();
    assert_eq!(result.turns[0].name.as_deref(), Some("Ann"));
    let speaker = &result.speakers[0];
    assert!(speaker.voice.is_some() && speaker.name_probability > Some(0.9), "{speaker:?}");

    let refused = |person: Person| {
        let refused = diarizer.with_people(vec![person], None);
        assert!(matches!(refused, Err(DiaristError::InvalidOption(_))), "{refused:?}");
    };
    refused(Person { voices: Vec::new(), ..person.clone() });
    let other = diarist_mobile::Voice { model: "another".to_owned(), ..voice };
    refused(Person { voices: vec![other], ..person });
}
