//! Chunks in which nothing has changed take over the embeddings of an earlier one.
//!
//! Neighbouring chunks share most of their audio. If the local speakers of a chunk are those of an earlier one, by their masks in
//! the part that both cover, their voices are embedded already. The idea is that of FluidAudio's embedding skip; masks are
//! compared at the same moments of the recording here, because local speakers have no fixed order.

use crate::models::resnet34::EMBEDDING_DIMENSION;
use crate::segmentation::masks::{ChunkMasks, FrameMask};
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

use super::analysis::Analysis;
use super::embed::ChunkEmbeddings;

/// Smallest cosine of two masks, as vectors of zeros and ones, that count as the same.
const SAME_MASK: f64 = 0.95;

/// For each local speaker of a chunk, the one of an earlier chunk who is the same.
pub(super) type SameSpeakers = [Option<usize>; LOCAL_SPEAKERS];

/// The last chunk that was embedded.
#[derive(Debug)]
struct Reference {
    chunk: usize,
    masks: ChunkMasks,
}

/// Decides which chunks are embedded, in the order of chunks.
#[derive(Debug, Default)]
pub(super) struct Unchanged {
    reference: Option<Reference>,
    embeddings: Option<ChunkEmbeddings>,
    /// For each chunk of the wave: whom it takes over, or `None` if it is embedded or silent.
    plan: Vec<Option<SameSpeakers>>,
}

impl Unchanged {
    /// Plans the chunks from `first_chunk` on.
    pub(super) fn plan(&mut self, first_chunk: usize, masks: &[ChunkMasks], step_samples: usize) {
        self.plan.clear();
        for (i, masks) in masks.iter().enumerate() {
            let chunk = first_chunk + i;
            let same = self.reference.as_ref().and_then(|reference| {
                let shift = (chunk - reference.chunk) * step_samples * FRAMES_PER_CHUNK;
                same_speakers(&reference.masks, masks, (shift + CHUNK_SAMPLES / 2) / CHUNK_SAMPLES)
            });
            let same = same.filter(|_| !masks.is_silent());
            if same.is_none() && !masks.is_silent() {
                self.reference = Some(Reference { chunk, masks: *masks });
            }
            self.plan.push(same);
        }
    }

    /// Goes through the chunks of `done` as if they were embedded now.
    pub(super) fn resume(&mut self, done: &Analysis) {
        let mut rows = done.embeddings.slots.iter().enumerate().peekable();
        for (chunk, masks) in done.masks.iter().enumerate() {
            let mut values: ChunkEmbeddings = [0.0; _];
            while let Some((row, slot)) = rows.next_if(|(_, slot)| slot.chunk as usize == chunk) {
                let local = usize::from(slot.local);
                values[local * EMBEDDING_DIMENSION..][..EMBEDDING_DIMENSION].copy_from_slice(done.embeddings.row(row));
            }
            self.plan(chunk, &[*masks], done.geometry.step_samples);
            self.fill(&[*masks], &mut [values]);
        }
    }

    /// Is chunk `index` of the wave to be embedded, if it is not silent?
    pub(super) fn is_embedded(&self, index: usize) -> bool {
        self.plan[index].is_none()
    }

    /// Gives the chunks of the wave that were not embedded what they take over.
    pub(super) fn fill(&mut self, masks: &[ChunkMasks], embeddings: &mut [ChunkEmbeddings]) {
        for ((same, masks), values) in self.plan.iter().zip(masks).zip(embeddings) {
            match (same, &self.embeddings) {
                (Some(same), Some(reference)) => {
                    let speakers = values.chunks_exact_mut(EMBEDDING_DIMENSION).zip(same);
                    for (value, speaker) in speakers.filter_map(|(value, speaker)| Some((value, (*speaker)?))) {
                        value.copy_from_slice(&reference[speaker * EMBEDDING_DIMENSION..][..EMBEDDING_DIMENSION]);
                    }
                }
                _ if masks.is_silent() => {}
                _ => self.embeddings = Some(*values),
            }
        }
    }
}

/// Whom of `reference`, `shift` frames earlier, each active speaker of `masks` is; `None` if one of them is not there, or spoke
/// mostly after it, or if the chunks have less than half in common.
fn same_speakers(reference: &ChunkMasks, masks: &ChunkMasks, shift: usize) -> Option<SameSpeakers> {
    if 2 * shift > FRAMES_PER_CHUNK {
        return None;
    }
    let common = FRAMES_PER_CHUNK - shift;
    let count = |mask: &FrameMask, from: usize| (from..from + common).filter(|t| mask.get(*t)).count();
    let mut same = [None; LOCAL_SPEAKERS];
    for speaker in (0..LOCAL_SPEAKERS).filter(|speaker| !masks.speakers[*speaker].is_empty()) {
        let mask = &masks.speakers[speaker];
        let num_common = count(mask, 0);
        if 2 * num_common < mask.count() {
            return None;
        }
        let cosine = |other: &FrameMask| {
            let both = (0..common).filter(|t| mask.get(*t) && other.get(t + shift)).count();
            both as f64 / ((num_common * count(other, shift)) as f64).sqrt()
        };
        let others = (0..LOCAL_SPEAKERS).filter(|other| !same.contains(&Some(*other)));
        let best = others.map(|other| (other, cosine(&reference.speakers[other])));
        let best = best.filter(|(_, cosine)| *cosine >= SAME_MASK).max_by(|a, b| a.1.total_cmp(&b.1));
        same[speaker] = Some(best?.0);
    }
    Some(same)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn masks(speakers: [Range<usize>; LOCAL_SPEAKERS]) -> ChunkMasks {
        let mask = |frames: Range<usize>| {
            let mut mask = FrameMask::default();
            frames.for_each(|t| mask.insert(t));
            mask
        };
        ChunkMasks { speakers: speakers.map(mask) }
    }

    #[test]
    fn speakers_are_found_whatever_their_order() {
        let reference = masks([0..200, 200..400, 400..589]);
        // A second later (59 frames) the second speaker comes first, the third goes on, and the first has no place any more.
        let later = masks([141..341, 0..0, 341..589]);
        assert_eq!(same_speakers(&reference, &later, 59), Some([Some(1), None, Some(2)]));
        assert_eq!(same_speakers(&reference, &reference, 0), Some([Some(0), Some(1), Some(2)]));
    }

    #[test]
    fn what_has_changed_is_embedded() {
        let reference = masks([0..200, 200..400, 0..0]);
        let cases = [
            ("a new speaker", masks([0..141, 141..341, 530..589]), 59),
            ("another border", masks([0..200, 200..341, 0..0]), 59),
            ("mostly new speech", masks([0..41, 250..589, 0..0]), 159),
            ("too far", masks([0..105, 0..0, 0..0]), 295),
        ];
        for (name, later, shift) in cases {
            assert_eq!(same_speakers(&reference, &later, shift), None, "{name}");
        }
    }

    #[test]
    fn embeddings_are_taken_over_across_waves() {
        let step = 16_000;
        let mut unchanged = Unchanged::default();
        let value = |v: f32| [v; LOCAL_SPEAKERS * EMBEDDING_DIMENSION];
        let first = [masks([100..500, 0..0, 0..0]), ChunkMasks::default()];
        unchanged.plan(0, &first, step);
        assert!(unchanged.is_embedded(0));
        let mut embeddings = [value(1.0), value(7.0)];
        unchanged.fill(&first, &mut embeddings);
        // Chunk 2 holds the same speech 118 frames earlier, as another local speaker; chunk 3 somebody else.
        let second = [masks([0..0, 0..382, 0..0]), masks([0..589, 0..0, 0..0])];
        unchanged.plan(2, &second, step);
        assert_eq!([0, 1].map(|index| unchanged.is_embedded(index)), [false, true]);
        let mut embeddings = [value(0.0), value(3.0)];
        unchanged.fill(&second, &mut embeddings);
        assert!(embeddings[0][256..512].iter().all(|v| *v == 1.0) && embeddings[1] == value(3.0));
        assert_eq!(unchanged.embeddings, Some(value(3.0)));
    }
}
