//! Writes what the probabilities of the number of speakers are fitted on: for saved analyses and
//! parts of them, the found and the true number of speakers, and the evidence.
//!
//! `NAME.rttm` beside each analysis is its reference. `tools/bench/number_of_speakers.py` reads the
//! table, whose columns it explains.
//!
//! ```text
//! cargo run --release -p diarist-research --bin number_of_speakers -- SET/*.diarist > set.csv
//! ```

#![expect(clippy::print_stdout, reason = "the table goes to stdout")]

use std::collections::BTreeMap;
use std::path::Path;

use diarist::parts::analysis::{ChunkGeometry, Embeddings, Slot, Subsegments};
use diarist::parts::clustering::{Plda, SpeakerBounds, cluster};
use diarist::parts::segmentation::{CHUNK_SAMPLES, SAMPLE_RATE};
use diarist::{Analysis, Error, Result, Settings};

/// Lengths of parts in seconds.
const LENGTHS: [usize; 6] = [20, 30, 60, 120, 240, 480];
/// Parts of a recording, if they are shorter than 100 s, and if not.
const MAX_PARTS: [usize; 2] = [6, 4];
/// Chunks that a recording must have more than its parts.
const MIN_REST: usize = 5;
/// Speech of a true speaker.
const MIN_SPEECH_S: f64 = 2.0;

/// A turn of the reference: start, end, name.
type Turn = (f64, f64, String);

fn main() -> Result<()> {
    let plda = Plda::embedded()?;
    for path in std::env::args().skip(1) {
        let path = Path::new(&path);
        let (whole, turns) = (Analysis::open(path)?, reference(&path.with_extension("rttm"))?);
        let name = path.file_stem().map(|name| name.to_string_lossy()).unwrap_or_default();
        for (length, first, part) in parts(&whole) {
            let clustering = &Settings::default().clustering;
            let method = clustering.method_for_step(part.geometry.step_s());
            let bounds = SpeakerBounds::default();
            let found = cluster(&part.embeddings, &part.masks, &part.subsegments, &method, bounds, &plda)?;
            let Some(number) = &found.number else { continue };
            let start_s = first as f64 * part.geometry.step_s();
            let num_true = num_speakers(&turns, start_s, start_s + part.geometry.duration_s());
            let evidence = number.evidence().map(|value| format!("{value:.5}")).join(",");
            println!("{name},{length},{},{num_true},{evidence}", found.centroids.len());
        }
    }
    Ok(())
}

/// The recording with the length 0, and parts of it with their length in seconds and first chunk.
fn parts(whole: &Analysis) -> Vec<(usize, usize, Analysis)> {
    let (num_chunks, step) = (whole.masks.len(), whole.geometry.step_samples);
    let mut parts = vec![(0, 0, whole.clone())];
    for length in LENGTHS {
        let num = (length * SAMPLE_RATE as usize - CHUNK_SAMPLES) / step + 1;
        if num + MIN_REST >= num_chunks {
            continue;
        }
        let num_parts = (num_chunks / num).clamp(1, MAX_PARTS[usize::from(length >= 100)]);
        for part in 0..num_parts {
            // An even number of seconds is a whole number of subsegments.
            let first = (num_chunks - num) * part / (num_parts - 1).max(1) / 2 * 2;
            parts.push((length, first, cut(whole, first, first + num)));
        }
    }
    parts
}

/// The chunks `first..last` as a recording, without what clustering does not need.
fn cut(whole: &Analysis, first: usize, last: usize) -> Analysis {
    let step_samples = whole.geometry.step_samples;
    let num_samples = ((last - first - 1) * step_samples + CHUNK_SAMPLES) as u64;
    let geometry = ChunkGeometry { step_samples, num_samples };
    let mut embeddings = Embeddings::default();
    for (row, slot) in whole.embeddings.slots.iter().enumerate() {
        if (first..last).contains(&(slot.chunk as usize)) {
            embeddings.push(Slot { chunk: slot.chunk - first as u32, ..*slot }, whole.embeddings.row(row));
        }
    }
    let start_s = first as f64 * geometry.step_s();
    let mut subsegments = Subsegments::default();
    for row in 0..whole.subsegments.len() {
        let (from_s, to_s) = whole.subsegments.span_s(row);
        if from_s >= start_s && to_s <= start_s + geometry.duration_s() {
            let earlier = (start_s / 0.4).round() as u32;
            subsegments.indices.push(whole.subsegments.indices[row] - earlier);
            subsegments.solo_frames.push(whole.subsegments.solo_frames[row]);
            subsegments.values.extend_from_slice(whole.subsegments.row(row));
        }
    }
    let (origin, masks) = (whole.origin.clone(), whole.masks[first..last].to_vec());
    Analysis { origin, geometry, masks, embeddings, subsegments, ..Analysis::default() }
}

fn reference(path: &Path) -> Result<Vec<Turn>> {
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Error::input(error.to_string()).at(place.clone()))?;
    let turn = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (start, length): (f64, f64) = (fields.get(3)?.parse().ok()?, fields.get(4)?.parse().ok()?);
        Some((start, start + length, (*fields.get(7)?).to_owned()))
    };
    text.lines()
        .map(|line| turn(line).ok_or_else(|| Error::input(format!("not a turn: {line}")).at(place.clone())))
        .collect()
}

/// Speakers with enough speech from `start_s` to `end_s`, at least 1.
fn num_speakers(turns: &[Turn], start_s: f64, end_s: f64) -> usize {
    let mut spoken: BTreeMap<&str, f64> = BTreeMap::new();
    for (from_s, to_s, name) in turns {
        *spoken.entry(name).or_default() += (to_s.min(end_s) - from_s.max(start_s)).max(0.0);
    }
    spoken.values().filter(|&&seconds| seconds >= MIN_SPEECH_S).count().max(1)
}
