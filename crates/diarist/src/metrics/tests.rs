//! Compares scores with pyannote.metrics and md-eval on random annotations
//! (`tools/reference/metrics.py`).

use serde::Deserialize;

use super::*;
use crate::timeline::intervals::union;
use crate::timeline::{Annotation, Segment, Turn};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    corpora: Vec<Corpus>,
}

/// Turns are (start, duration, speaker) and regions (start, end), in microseconds.
#[derive(Deserialize)]
struct Case {
    name: String,
    reference: Vec<(u64, u64, u32)>,
    hypothesis: Vec<(u64, u64, u32)>,
    uem: Option<Vec<(u64, u64)>>,
    collar_s: f64,
    skip_overlap: bool,
    total: f64,
    correct: f64,
    missed_detection: f64,
    false_alarm: f64,
    confusion: f64,
    der: f64,
    num_speakers: usize,
    speaker_error: f64,
    jer: f64,
    md_eval: Option<[f64; 4]>,
}

#[derive(Deserialize)]
struct Corpus {
    collar_s: f64,
    skip_overlap: bool,
    der: f64,
    jer: f64,
}

fn golden() -> Golden {
    let text = include_str!("../../../../fixtures/golden/metrics/cases.json");
    let golden: Golden = serde_json::from_str(text).expect("the golden file is valid");
    assert!(golden.cases.len() >= 200);
    golden
}

fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}

fn annotation(turns: &[(u64, u64, u32)]) -> Annotation {
    let turn = |&(start, duration, speaker): &(u64, u64, u32)| {
        Turn::new(seconds(start), seconds(start) + seconds(duration), format!("s{speaker}"))
    };
    Annotation { file_id: "x".to_owned(), turns: turns.iter().map(turn).collect() }
}

impl Case {
    fn score(&self, collar_s: f64, skip_overlap: bool) -> Scores {
        let options = ScoreOptions { collar_s, skip_overlap };
        let (reference, hypothesis) = (annotation(&self.reference), annotation(&self.hypothesis));
        score(&reference, &hypothesis, self.uem().as_deref(), &options).unwrap()
    }

    fn uem(&self) -> Option<Vec<Segment>> {
        let region = |&(start, end): &(u64, u64)| Segment::new(seconds(start), seconds(end));
        self.uem.as_ref().map(|regions| regions.iter().map(region).collect())
    }
}

/// The same speech with the overlapping and touching turns of each speaker joined.
fn joined(annotation: &Annotation) -> Annotation {
    let mut turns = Vec::new();
    for speaker in annotation.speakers() {
        let own = annotation.turns.iter().filter(|turn| turn.speaker == speaker).map(|turn| turn.segment());
        turns.extend(union(own, 0.0).into_iter().map(|segment| Turn::over(segment, speaker)));
    }
    Annotation { turns, ..annotation.clone() }
}

#[test]
fn equals_pyannote_metrics() {
    let mut failures = Vec::new();
    for case in golden().cases {
        let Scores { der, jer, .. } = case.score(case.collar_s, case.skip_overlap);
        let pairs = [
            ("total", der.total_s, case.total),
            ("correct", der.correct_s, case.correct),
            ("missed detection", der.missed_detection_s, case.missed_detection),
            ("false alarm", der.false_alarm_s, case.false_alarm),
            ("confusion", der.confusion_s, case.confusion),
            ("DER", der.der(), case.der),
            ("speaker error", jer.speaker_error, case.speaker_error),
            ("JER", jer.jer(), case.jer),
            ("speakers", jer.num_speakers as f64, case.num_speakers as f64),
        ];
        for (what, value, expected) in pairs {
            // Sums of some dozens of f64 seconds; 1e-6 s is also the length up to which a segment
            // is empty.
            if (value - expected).abs() > 1e-6 {
                failures.push(format!("{} (collar {}): {what} {value}, not {expected}", case.name, case.collar_s));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn corpus_scores_equal_pyannote_metrics() {
    let Golden { cases, corpora } = golden();
    for corpus in corpora {
        let mut unique: Vec<&Case> = cases.iter().collect();
        unique.dedup_by(|a, b| a.name == b.name);
        let scores: Vec<Scores> = unique.iter().map(|case| case.score(corpus.collar_s, corpus.skip_overlap)).collect();
        let der: DerComponents = scores.iter().map(|scores| scores.der).sum();
        let jer: JerComponents = scores.iter().map(|scores| scores.jer).sum();
        // As above: f64 sums.
        assert!((der.der() - corpus.der).abs() < 1e-6, "DER {} not {}", der.der(), corpus.der);
        assert!((jer.jer() - corpus.jer).abs() < 1e-6, "JER {} not {}", jer.jer(), corpus.jer);
    }
}

/// md-eval joins the overlapping turns of a speaker first. With a collar or without overlaps it can
/// differ by definition: it maps speakers before it takes those regions out.
#[test]
fn equals_md_eval() {
    let mut num_compared = 0;
    for case in golden().cases {
        let Some(expected) = case.md_eval.filter(|_| case.collar_s == 0.0 && !case.skip_overlap) else { continue };
        num_compared += 1;
        let (reference, hypothesis) = (joined(&annotation(&case.reference)), joined(&annotation(&case.hypothesis)));
        let der = score(&reference, &hypothesis, case.uem().as_deref(), &ScoreOptions::default()).unwrap().der;
        let values = [der.total_s, der.missed_detection_s, der.false_alarm_s, der.confusion_s];
        for (value, expected) in values.into_iter().zip(expected) {
            // md-eval's intervals may be off by its epsilon, 1e-8 s, and pieces of a microsecond
            // are ignored here.
            assert!((value - expected).abs() < 1e-5, "{}: {value}, not {expected}", case.name);
        }
    }
    assert!(num_compared >= 50, "{num_compared} cases compared");
}

#[test]
fn components_add_up() {
    for case in golden().cases {
        let der = case.score(case.collar_s, case.skip_overlap).der;
        // Rounding of sums of seconds.
        let rest = der.total_s - der.correct_s - der.missed_detection_s - der.confusion_s;
        assert!(rest.abs() < 1e-9, "{}: {rest}", case.name);
    }
}

#[test]
fn a_perfect_hypothesis_under_other_names_has_no_error() {
    for case in golden().cases {
        // Turns are joined, because a speaker that overlaps itself weighs double in the mapping,
        // which may then change.
        let reference = joined(&annotation(&case.reference));
        let mut hypothesis = reference.clone();
        hypothesis.turns.iter_mut().for_each(|turn| turn.speaker.insert(0, 'x'));
        let Scores { der, jer, .. } = score(&reference, &hypothesis, None, &ScoreOptions::default()).unwrap();
        assert_eq!(der.der(), 0.0, "{}", case.name);
        // Rounding of sums of seconds; without reference speakers the rate is 1 by definition.
        assert!(jer.num_speakers == 0 || jer.jer() < 1e-12, "{}: JER {}", case.name, jer.jer());
    }
}

#[test]
fn speakers_are_mapped_by_common_time() {
    let reference = annotation(&[(0, 4_000_000, 1), (4_000_000, 2_000_000, 2)]);
    let hypothesis = annotation(&[(0, 3_000_000, 7), (3_000_000, 3_000_000, 8), (9_000_000, 1_000_000, 9)]);
    let mapping = optimal_mapping(&reference, &hypothesis, None, &ScoreOptions::default()).unwrap();
    let pair = |h: &str, r: &str| (h.to_owned(), r.to_owned());
    assert_eq!(mapping, [pair("s7", "s1"), pair("s8", "s2")]);
}

#[test]
fn many_labels_are_scored_in_time() {
    // Labels that are no speakers, such as the text of each turn: 20,000 on each side.
    let turn = |index: usize, shift: f64, side: &str| {
        let start = index as f64 + shift;
        Turn::new(start, start + 1.0, format!("{side}{index}"))
    };
    let annotation = |shift: f64, side: &str| Annotation {
        file_id: "x".to_owned(),
        turns: (0..20_000).map(|index| turn(index, shift, side)).collect(),
    };
    let (reference, hypothesis) = (annotation(0.0, "r"), annotation(0.25, "h"));
    let clock = std::time::Instant::now();
    let Scores { der, jer, .. } = score(&reference, &hypothesis, None, &ScoreOptions::default()).unwrap();
    assert!(clock.elapsed().as_secs() < 20, "{:?}", clock.elapsed());
    // Every label agrees with the one that it shares three quarters of its second with.
    assert!((der.correct_s - 15_000.0).abs() < 1e-6, "{der:?}");
    assert!((jer.jer() - 0.4).abs() < 1e-6, "{}", jer.jer());
}

#[test]
fn wrong_options_and_times_are_errors() {
    let one = annotation(&[(0, 1_000_000, 0)]);
    for collar_s in [-0.1, f64::NAN, f64::INFINITY] {
        let options = ScoreOptions { collar_s, skip_overlap: false };
        assert_eq!(score(&one, &one, None, &options).unwrap_err().kind(), crate::ErrorKind::InvalidOption);
    }
    let mut endless = one.clone();
    endless.turns[0].end_s = f64::INFINITY;
    assert!(score(&endless, &endless, None, &ScoreOptions::default()).is_err());
}
