//! Scores and identification against `tools/reference/voices.py`.

use std::path::Path;

use diarist::parts::voices::{Gallery, SampleKind, Voice};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    people: Vec<Vec<Sample>>,
    voices: Vec<Sample>,
    /// `[voice][person]`: cosine, logarithm of the likelihood ratio, probability.
    scores: Vec<Vec<[f64; 3]>>,
    /// For each voice, its person if all voices are speakers of one recording.
    together: Vec<Option<usize>>,
}

#[derive(Deserialize)]
struct Sample {
    embedding: Vec<f32>,
    speech_s: f64,
    #[serde(default)]
    learned: bool,
}

fn golden() -> Golden {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/voices/scores.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn name(person: usize) -> String {
    format!("person {person}")
}

fn gallery(golden: &Golden) -> Gallery {
    let voice = |sample: &Sample| {
        let kind = if sample.learned { SampleKind::Learned } else { SampleKind::Enrolled };
        (kind, Voice::new(sample.embedding.clone(), sample.speech_s).unwrap())
    };
    let people = golden.people.iter().enumerate();
    Gallery::new(people.map(|(index, samples)| (name(index), samples.iter().map(voice).collect())).collect()).unwrap()
}

fn voices(golden: &Golden) -> Vec<Voice> {
    golden.voices.iter().map(|voice| Voice::new(voice.embedding.clone(), voice.speech_s).unwrap()).collect()
}

#[test]
fn scores_are_those_of_the_reference() {
    let golden = golden();
    let gallery = gallery(&golden);
    for (voice, expected) in voices(&golden).iter().zip(&golden.scores) {
        let found = gallery.identify(voice).unwrap();
        let mut order: Vec<usize> = (0..expected.len()).collect();
        order.sort_by(|a, b| expected[*b][1].total_cmp(&expected[*a][1]));
        for (candidate, person) in [&found.best, &found.runner_up].into_iter().zip(order) {
            let candidate = candidate.as_ref().unwrap();
            assert_eq!(candidate.name, name(person));
            let values = [candidate.cosine, candidate.log_ratio, candidate.probability];
            for (value, expected) in values.iter().zip(expected[person]) {
                // Both compute in f64 from the same f32 values; sums have another order.
                assert!((value - expected).abs() < 1e-9, "{values:?}, not {:?}", golden.scores);
            }
        }
        assert_eq!(found.is_known, found.best.unwrap().probability >= 0.9);
    }
    let known: Vec<bool> = voices(&golden).iter().map(|voice| gallery.identify(voice).unwrap().is_known).collect();
    assert!(known.contains(&true) && known.contains(&false), "the fixture shows one side only");
}

#[test]
fn speakers_of_one_recording_are_different_people() {
    let golden = golden();
    let gallery = gallery(&golden);
    let alone: Vec<Option<String>> =
        voices(&golden).iter().map(|voice| gallery.identify(voice).unwrap().name().map(str::to_owned)).collect();
    let together = gallery.identify_all(&voices(&golden)).unwrap();
    let names: Vec<Option<String>> = together.iter().map(|found| found.name().map(str::to_owned)).collect();
    assert_eq!(names, golden.together.iter().map(|person| person.map(name)).collect::<Vec<_>>());
    assert_ne!(names, alone, "no person of the fixture is like two voices");
}

#[test]
fn an_empty_gallery_knows_nobody() {
    let empty = Gallery::new(Vec::new()).unwrap();
    let found = empty.identify_all(&voices(&golden())).unwrap();
    assert!(found.iter().all(|found| found.best.is_none() && found.name().is_none() && found.margin().is_none()));
    assert_eq!(empty.identify_all(&[]).unwrap(), []);
}

#[test]
fn unusable_voices_and_probabilities_are_refused() {
    let cases = [(vec![1.0; 255], 5.0), (vec![f32::NAN; 256], 5.0), (vec![0.0; 256], 5.0), (vec![1.0; 256], 0.0)];
    assert!(cases.into_iter().all(|(values, speech_s)| Voice::new(values, speech_s).is_err()));
    for probability in [0.0, 1.0, -0.5, f64::NAN] {
        assert!(Gallery::new(Vec::new()).unwrap().with_min_probability(probability).is_err(), "{probability}");
    }
}
