//! Measures the recognition of people: a folder of people, each a folder of recordings of one
//! voice.
//!
//! ```text
//! cargo run --release -p diarist-research --bin identification -- [OPTIONS] FOLDER
//!   --enroll SECONDS      lengths of the enrolled clips, separated by commas [10]
//!   --test SECONDS        lengths of the clips to recognise, separated by commas [3]
//!   --test-folder FOLDER  folder of the clips to recognise, such as the same recordings with noise
//!   --trials FILE         writes every comparison: people, seconds of speech, cosine,
//!                         logarithm of the likelihood ratio
//! ```
//!
//! The first half of a person's recordings gives the enrolled clips, the second half those to
//! recognise. Every clip to recognise is compared with every person, and identified in galleries of
//! 20 people, with the person in it and without.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program whose output is its result")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use diarist::parts::audio::{self, AudioSource};
use diarist::parts::voices::{Gallery, SampleKind, Voice, compare};
use diarist::{Diarizer, Recording, Settings};

/// Samples per second.
const RATE: f64 = 16_000.0;
/// People in a gallery.
const GALLERY: usize = 20;
/// Least speech in a clip to recognise.
const MIN_SPEECH_S: f64 = 0.25;

struct Options {
    folder: PathBuf,
    test_folder: PathBuf,
    enroll_s: Vec<f64>,
    test_s: Vec<f64>,
    trials: Option<PathBuf>,
}

/// A clip of one person.
struct Clip {
    person: usize,
    length_s: f64,
    voice: Voice,
}

struct Trial {
    is_target: bool,
    cosine: f64,
    log_ratio: f64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options()?;
    let diarizer = Diarizer::new(&Settings::default())?;
    let people = subfolders(&options.folder)?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (person, name) in people.iter().enumerate() {
        let first = read(&options.folder.join(name), false)?;
        known.extend(clips(&diarizer, person, &first, &options.enroll_s, 1)?);
        let second = read(&options.test_folder.join(name), true)?;
        unknown.extend(clips(&diarizer, person, &second, &options.test_s, 12)?);
    }
    println!("{} people, {} enrolled clips, {} to recognise", people.len(), known.len(), unknown.len());
    let mut text = String::from("test\tenrolled\tlength_s\tenrolled_length_s\ttest_s\tenrolled_s\tcosine\tlog_ratio\n");
    for enroll_s in &options.enroll_s {
        let of_person = |person: usize| known.iter().find(|clip| clip.person == person && clip.length_s == *enroll_s);
        let firsts: Vec<&Clip> = (0..people.len()).filter_map(of_person).collect();
        for test_s in &options.test_s {
            let tests: Vec<&Clip> = unknown.iter().filter(|clip| clip.length_s == *test_s).collect();
            let mut trials = Vec::new();
            for (test, first) in tests.iter().flat_map(|test| firsts.iter().map(move |first| (test, first))) {
                let (cosine, log_ratio) = compare(&test.voice, &first.voice)?;
                trials.push(Trial { is_target: test.person == first.person, cosine, log_ratio });
                let (a, b) = (&people[test.person], &people[first.person]);
                let (test_speech_s, speech_s) = (test.voice.speech_s(), first.voice.speech_s());
                writeln!(
                    text,
                    "{a}\t{b}\t{test_s}\t{enroll_s}\t{test_speech_s:.3}\t{speech_s:.3}\t{cosine:.6}\t{log_ratio:.6}"
                )?;
            }
            report(*enroll_s, *test_s, &trials);
            identify(&firsts, &tests, &people)?;
        }
    }
    if let Some(path) = &options.trials {
        std::fs::write(path, text)?;
    }
    Ok(())
}

/// Cuts `samples` into clips of each length, at most `most` of a length.
fn clips(
    diarizer: &Diarizer,
    person: usize,
    samples: &[f32],
    lengths_s: &[f64],
    most: usize,
) -> diarist::Result<Vec<Clip>> {
    let mut clips = Vec::new();
    for &length_s in lengths_s {
        for cut in samples.chunks_exact((length_s * RATE) as usize).take(most) {
            match diarizer.voice(Recording::from_samples("clip", cut), MIN_SPEECH_S) {
                Ok((voice, _)) => clips.push(Clip { person, length_s, voice }),
                Err(error) => eprintln!("a clip of {length_s} s of person {person} is left out: {error}"),
            }
        }
    }
    Ok(clips)
}

/// Error rates of single comparisons.
fn report(enroll_s: f64, test_s: f64, trials: &[Trial]) {
    let count = |is_target: bool| trials.iter().filter(|trial| trial.is_target == is_target).count();
    let (targets, others) = (count(true), count(false));
    println!("\nenrolled from {enroll_s} s, tested on {test_s} s: {targets} pairs of one person, {others} of two");
    for (name, score) in [("cosine", (|t| t.cosine) as fn(&Trial) -> f64), ("log ratio", |t| t.log_ratio)] {
        let (rate, at) = equal_error_rate(trials, score);
        println!("  {name:<10} equal error rate {:5.2} % at {at:.3}", rate * 100.0);
    }
    for limit in [0.0, 1.0, 2.0, 3.0] {
        let over = |is_target: bool| {
            trials.iter().filter(|trial| trial.is_target == is_target && trial.log_ratio >= limit).count()
        };
        println!(
            "  log ratio from {limit:.0} on: false accept {:.3} %, false reject {:.2} %",
            100.0 * over(false) as f64 / others as f64,
            100.0 * (targets - over(true)) as f64 / targets as f64
        );
    }
}

/// The rate at which the share of accepted pairs of two people is that of refused pairs of one
/// person, and the score there.
fn equal_error_rate(trials: &[Trial], score: fn(&Trial) -> f64) -> (f64, f64) {
    let mut sorted: Vec<(f64, bool)> = trials.iter().map(|trial| (score(trial), trial.is_target)).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let targets = sorted.iter().filter(|(_, is_target)| *is_target).count() as f64;
    let others = sorted.len() as f64 - targets;
    let (mut rejected, mut accepted) = (0.0, others);
    let mut best = (1.0, 1.0, 0.0);
    for (score, is_target) in sorted {
        // Pairs with this score or more are accepted.
        let (miss, alarm) = (rejected / targets, accepted / others);
        if (miss - alarm).abs() < best.0 {
            best = ((miss - alarm).abs(), (miss + alarm) / 2.0, score);
        }
        if is_target { rejected += 1.0 } else { accepted -= 1.0 }
    }
    (best.1, best.2)
}

/// Open-set identification: the person is one of 20, or none of 20.
fn identify(firsts: &[&Clip], tests: &[&Clip], people: &[String]) -> diarist::Result<()> {
    let limits = [0.5, 0.9, 0.99];
    let mut counts = [[0_usize; 3]; 3];
    let (mut num_inside, mut num_outside) = (0_usize, 0_usize);
    for (index, test) in tests.iter().enumerate() {
        // Another 20 people for each clip, in the order of the folder from a moving start.
        let others: Vec<&&Clip> = (0..firsts.len())
            .map(|offset| &firsts[(index * 7 + offset) % firsts.len()])
            .filter(|first| first.person != test.person)
            .take(GALLERY)
            .collect();
        let Some(own) = firsts.iter().find(|first| first.person == test.person) else { continue };
        let person = |clip: &&Clip| (people[clip.person].clone(), vec![(SampleKind::Enrolled, clip.voice.clone())]);
        let without = Gallery::new(others.iter().map(|clip| person(clip)).collect())?;
        let with = others.iter().skip(1).map(|clip| person(clip)).chain([person(own)]).collect();
        let inside = Gallery::new(with)?.identify(&test.voice)?;
        let outside = without.identify(&test.voice)?;
        (num_inside, num_outside) = (num_inside + 1, num_outside + 1);
        for (limit, counts) in limits.iter().zip(&mut counts) {
            let accepted = inside.best.iter().find(|best| best.probability >= *limit);
            match accepted {
                Some(best) if best.name == people[test.person] => counts[0] += 1,
                Some(_) => counts[1] += 1,
                None => {}
            }
            counts[2] += usize::from(outside.best.iter().any(|best| best.probability >= *limit));
        }
    }
    for (limit, [right, wrong, accepted]) in limits.iter().zip(counts) {
        let percent = |count: usize, of: usize| 100.0 * count as f64 / of as f64;
        println!(
            "  one of {GALLERY}, probability from {limit} on: named rightly {:.2} %, wrongly {:.2} %, unknown {:.2} %; none of {GALLERY}: named {:.2} %",
            percent(right, num_inside),
            percent(wrong, num_inside),
            percent(num_inside - right - wrong, num_inside),
            percent(accepted, num_outside)
        );
    }
    Ok(())
}

/// The first or second half of the recordings in `folder`, one after the other.
fn read(folder: &Path, second: bool) -> Result<Vec<f32>, Box<dyn std::error::Error>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    let half = files.len() / 2;
    let mut samples = Vec::new();
    for file in if second { &files[half..] } else { &files[..half] } {
        let mut source = audio::open(file)?;
        while source.read(&mut samples)? {}
    }
    Ok(samples)
}

fn subfolders(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn options() -> Result<Options, Box<dyn std::error::Error>> {
    let lengths = |text: &str| text.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>();
    let (mut folder, mut test_folder, mut trials) = (None, None, None);
    let (mut enroll_s, mut test_s) = (vec![10.0], vec![3.0]);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--enroll" => enroll_s = lengths(&value()?)?,
            "--test" => test_s = lengths(&value()?)?,
            "--test-folder" => test_folder = Some(PathBuf::from(value()?)),
            "--trials" => trials = Some(PathBuf::from(value()?)),
            _ => folder = Some(PathBuf::from(&argument)),
        }
    }
    let folder = folder.ok_or("give a folder with a folder of recordings for each person")?;
    Ok(Options { test_folder: test_folder.unwrap_or_else(|| folder.clone()), folder, enroll_s, test_s, trials })
}
