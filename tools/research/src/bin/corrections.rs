//! Measures how much corrections are worth: a scripted person puts the worst wrong turn right,
//! again and again, once with speakers found again after each correction, and once as plain changes
//! of labels.
//!
//! `NAME.rttm` beside each analysis is its reference. The recording counts as a whole, overlap
//! included, without a collar.
//!
//! ```text
//! cargo run --release -p diarist-research --bin corrections -- SET/*.diarist
//! ```

#![expect(clippy::print_stdout, reason = "the table goes to stdout")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use diarist::parts::corrections::Request;
use diarist::parts::diarizer;
use diarist::parts::formats::rttm;
use diarist::parts::metrics::{ScoreOptions, optimal_mapping, score};
use diarist::parts::timeline::intervals::{subtract, union};
use diarist::parts::timeline::{Annotation, Segment, Turn};
use diarist::{Analysis, Diarization, Result, Settings};

/// Numbers of corrections whose result is shown.
const SHOWN: [usize; 6] = [0, 1, 2, 3, 5, 10];
/// Wrong stretches with shorter gaps are one.
const MAX_GAP_S: f64 = 0.3;
/// Shorter wrong stretches are not worth a correction.
const MIN_WRONG_S: f64 = 0.5;

fn main() -> Result<()> {
    println!("recording,way,{}", SHOWN.map(|number| number.to_string()).join(","));
    let mut sums: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut slowest_s: f64 = 0.0;
    let paths: Vec<String> = std::env::args().skip(1).collect();
    for path in &paths {
        let analysis = Analysis::open(path)?;
        let reference = reference(Path::new(path))?;
        for (way, is_taught) in [("found again", true), ("labels only", false)] {
            let (rates, seconds) = corrected(&analysis, &reference, is_taught)?;
            slowest_s = slowest_s.max(seconds);
            println!("{},{way},{}", analysis.origin.file_id, row(&rates));
            let sums = sums.entry(way).or_insert_with(|| vec![0.0; SHOWN.len()]);
            sums.iter_mut().zip(&rates).for_each(|(sum, rate)| *sum += rate);
        }
    }
    for (way, sums) in sums {
        let means: Vec<f64> = sums.iter().map(|sum| sum / paths.len() as f64).collect();
        println!("mean,{way},{}", row(&means));
    }
    println!("slowest correction: {:.0} ms", 1e3 * slowest_s);
    Ok(())
}

fn row(rates: &[f64]) -> String {
    rates.iter().map(|rate| format!("{:.2}", 100.0 * rate)).collect::<Vec<_>>().join(",")
}

fn reference(path: &Path) -> Result<Annotation> {
    let place = path.with_extension("rttm");
    Ok(rttm::read_file(&place)?.into_iter().next().unwrap_or_default())
}

/// The DER after each of [`SHOWN`], and the seconds of the slowest correction.
fn corrected(analysis: &Analysis, reference: &Annotation, is_taught: bool) -> Result<(Vec<f64>, f64)> {
    let mut analysis = analysis.clone();
    let settings = Settings::default();
    let mut result = diarizer::cluster(&analysis, &settings)?;
    let (mut rates, mut slowest_s, mut done) = (Vec::new(), 0.0_f64, Vec::new());
    let whole = [Segment::new(0.0, result.duration_s)];
    for number in 0..=SHOWN[SHOWN.len() - 1] {
        if SHOWN.contains(&number) {
            let scores = score(reference, &plain(&result), Some(&whole), &ScoreOptions::default())?;
            rates.push(scores.der.der());
        }
        let Some(request) = worst(&result, reference, &done)? else { continue };
        if std::env::var_os("SHOW").is_some() {
            println!("  {request:?}");
        }
        if let Request::Move { start_s, end_s, .. } = request {
            done.push(Segment::new(start_s, end_s));
        }
        let correction = result.correction(&request)?;
        let clock = Instant::now();
        if is_taught {
            analysis.corrections.list.push(correction);
            result = diarizer::cluster(&analysis, &settings)?;
        } else {
            result = result.edited(&correction);
        }
        slowest_s = slowest_s.max(clock.elapsed().as_secs_f64());
    }
    Ok((rates, slowest_s))
}

/// The turns by their labels.
fn plain(result: &Diarization) -> Annotation {
    Annotation { file_id: result.file_id.clone(), turns: result.turns.clone() }
}

/// The correction of the longest stretch with a wrong speaker that is not `done` already.
fn worst(result: &Diarization, reference: &Annotation, done: &[Segment]) -> Result<Option<Request>> {
    let whole = [Segment::new(0.0, result.duration_s)];
    let pairs = optimal_mapping(reference, &plain(result), Some(&whole), &ScoreOptions::default())?;
    let person_of: BTreeMap<&str, &str> =
        pairs.iter().map(|(label, person)| (label.as_str(), person.as_str())).collect();
    let label_of: BTreeMap<&str, &str> =
        pairs.iter().map(|(label, person)| (person.as_str(), label.as_str())).collect();
    let people = reference.speakers();
    let speech: BTreeMap<&str, Vec<Segment>> =
        people.iter().map(|person| (*person, segments(&reference.turns, person))).collect();
    let mut longest: Option<(f64, &Turn, Segment, &str)> = None;
    for turn in &result.turns {
        let right = person_of.get(turn.speaker.as_str()).map_or(&[][..], |person| &speech[person]);
        for person in &people {
            let theirs: Vec<Segment> = speech[person]
                .iter()
                .map(|part| part.intersection(&turn.segment()))
                .filter(|part| !part.is_empty())
                .collect();
            for wrong in union(subtract(&theirs, right), MAX_GAP_S) {
                let is_new = !done.iter().any(|other| other.intersection(&wrong).duration() > 0.5 * wrong.duration());
                if is_new
                    && wrong.duration() >= MIN_WRONG_S
                    && longest.is_none_or(|(seconds, ..)| wrong.duration() > seconds)
                {
                    longest = Some((wrong.duration(), turn, wrong, person));
                }
            }
        }
    }
    let Some((_, turn, wrong, person)) = longest else { return Ok(None) };
    let to = label_of.get(person).map(|label| (*label).to_owned());
    let speaker = turn.speaker.clone();
    let own = segments(&result.turns, &speaker);
    let shared_s = |person: &&str| -> f64 {
        own.iter()
            .flat_map(|a| speech[person].iter().map(|b| a.intersection(b)))
            .filter(|part| !part.is_empty())
            .map(|part| part.duration())
            .sum()
    };
    let majority = people.iter().max_by(|a, b| shared_s(a).total_cmp(&shared_s(b)));
    Ok(Some(match to {
        Some(into) if into != speaker && majority.is_some_and(|other| *other == person) => {
            Request::Merge { speaker, into }
        }
        to => {
            Request::Move { speaker, start_s: wrong.start, end_s: wrong.end, to: to.filter(|to| *to != turn.speaker) }
        }
    }))
}

fn segments(turns: &[Turn], speaker: &str) -> Vec<Segment> {
    union(turns.iter().filter(|turn| turn.speaker == speaker).map(Turn::segment), 0.0)
}
