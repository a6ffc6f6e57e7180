//! The subsegments in a record of chunks: those that are known with its chunks, but no earlier.

use std::io::Read;
use std::ops::Range;

use super::payload::{fill, wrong};
use crate::analysis::{
    Analysis, EMBEDDING_DIMENSION, MAX_SOLO_FRAMES, MIN_SOLO_FRAMES, Subsegments, first_open, num_before,
};
use crate::error::Result;
use crate::features::fbank::FRAME_SHIFT;
use crate::segmentation::CHUNK_SAMPLES;

/// The subsegments that a record of `chunks` may hold. Those from [`num_known`] on are known only
/// if the last chunk is that of the recording.
pub(super) fn possible(chunks: Range<usize>, step_samples: usize) -> Range<usize> {
    let start = |chunk: usize| chunk * step_samples / FRAME_SHIFT;
    let last = chunks.end.saturating_sub(1);
    first_open(start(chunks.start))..num_before(start(last) + CHUNK_SAMPLES / FRAME_SHIFT)
}

/// Number of subsegments that are known before chunk `next`.
pub(super) fn num_known(next: usize, step_samples: usize) -> usize {
    first_open(next * step_samples / FRAME_SHIFT)
}

/// Encodes the rows `rows` of `subsegments`, which are among the `possible` ones. `None` if they
/// are not, or if their parts do not belong together.
pub(super) fn encode(subsegments: &Subsegments, rows: Range<usize>, possible: &Range<usize>) -> Option<Vec<u8>> {
    let indices = subsegments.indices.get(rows.clone())?;
    let solo_frames = subsegments.solo_frames.get(rows.clone())?;
    let values = subsegments.values.get(rows.start * EMBEDDING_DIMENSION..rows.end * EMBEDDING_DIMENSION)?;
    let mut counts = Vec::new();
    for (index, solo_frames) in indices.iter().map(|index| *index as usize).zip(solo_frames) {
        let before = index.checked_sub(possible.start).filter(|before| *before >= counts.len())?;
        if index >= possible.end || !is_count(*solo_frames) {
            return None;
        }
        counts.resize(before, 0);
        counts.push(*solo_frames);
    }
    let mut raw = (counts.len() as u32).to_le_bytes().to_vec();
    raw.extend(counts);
    raw.extend(values.iter().map(|value| value.to_le_bytes()[0]));
    Some(raw)
}

/// Appends the subsegments of a record of `chunks` to `analysis`.
pub(super) fn decode(input: &mut impl Read, chunks: Range<usize>, analysis: &mut Analysis) -> Result<()> {
    let possible = possible(chunks, analysis.geometry.step_samples);
    let subsegments = &mut analysis.subsegments;
    let is_early = |last: &u32| *last as usize >= possible.start;
    if subsegments.indices.last().is_some_and(is_early) {
        return Err(wrong("chunks that earlier subsegments should have waited for"));
    }
    let mut length = [0; 4];
    fill(input, &mut length)?;
    let num_counts = u32::from_le_bytes(length) as usize;
    if num_counts > possible.len() {
        return Err(wrong("subsegments beyond its chunks"));
    }
    let mut counts = vec![0; num_counts];
    fill(input, &mut counts)?;
    for (index, count) in possible.zip(counts).filter(|(_, count)| *count > 0) {
        if !is_count(count) {
            return Err(wrong("an impossible number of solo frames"));
        }
        let mut row = [0; EMBEDDING_DIMENSION];
        fill(input, &mut row)?;
        let row = row.map(|value| i8::from_le_bytes([value]));
        if row.iter().map(|value| value.unsigned_abs()).max() != Some(127) {
            return Err(wrong("a subsegment that no network gives"));
        }
        subsegments.indices.push(index as u32);
        subsegments.solo_frames.push(count);
        subsegments.values.extend(row);
    }
    Ok(())
}

/// Whether a subsegment can have so many solo frames.
fn is_count(solo_frames: u8) -> bool {
    (MIN_SOLO_FRAMES..=MAX_SOLO_FRAMES).contains(&usize::from(solo_frames))
}
