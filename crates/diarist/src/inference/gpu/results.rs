//! Results of the GPU in the types of the library, and back.

use crate::segmentation::masks::{ChunkMasks, FrameMask};
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::segmentation::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

/// Words of 32 bits of a mask.
const WORDS: usize = FRAMES_PER_CHUNK.div_ceil(32);

/// Numbers of 32 bits.
pub(super) fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes))
}

/// Floats of 32 bits.
pub(super) fn floats(bytes: &[u8]) -> Vec<f32> {
    words(bytes).map(f32::from_bits).collect()
}

/// The masks of a chunk from `[3, 19]` words of bits.
pub(super) fn masks(bytes: &[u8]) -> ChunkMasks {
    let words: Vec<u32> = words(bytes).collect();
    let mask = |local: usize| {
        let words = &words[local * WORDS..][..WORDS];
        let mut mask = FrameMask::default();
        let is_active = |t: &usize| words[t / 32] >> (t % 32) & 1 == 1;
        (0..FRAMES_PER_CHUNK).filter(is_active).for_each(|t| mask.insert(t));
        mask
    };
    ChunkMasks { speakers: std::array::from_fn(mask) }
}

/// The probabilities of a chunk from a row of 589 words: three local speakers, then overlap.
pub(super) fn fill_probabilities(row: &[u8], out: &mut ChunkProbabilities) {
    for (t, values) in row.as_chunks::<{ LOCAL_SPEAKERS + 1 }>().0.iter().enumerate() {
        for (plane, value) in out.planes_mut().iter_mut().zip(values) {
            plane[t] = *value;
        }
    }
}

/// The row of [`fill_probabilities`].
pub(super) fn row(probabilities: &ChunkProbabilities) -> Vec<u8> {
    let planes = probabilities.planes();
    (0..FRAMES_PER_CHUNK).flat_map(|t| planes.each_ref().map(|plane| plane[t])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_read_bit_by_bit() {
        let mut bytes = vec![0; LOCAL_SPEAKERS * WORDS * 4];
        bytes[0] = 0b101;
        bytes[2 * WORDS * 4 - 1 - 1] = 1; // Bit 16 of the last word of the second local speaker.
        let masks = masks(&bytes);
        let frames = |local: usize| (0..FRAMES_PER_CHUNK).filter(|t| masks.speakers[local].get(*t)).collect::<Vec<_>>();
        assert_eq!(frames(0), [0, 2]);
        // Frame 592 does not exist.
        assert!(frames(1).is_empty());
        bytes[2 * WORDS * 4 - 4] = 0b1000;
        assert!(super::masks(&bytes).speakers[1].get(579));
    }

    #[test]
    fn probabilities_come_back() {
        let mut probabilities = ChunkProbabilities::default();
        for (index, plane) in probabilities.planes_mut().iter_mut().enumerate() {
            plane.iter_mut().enumerate().for_each(|(t, value)| *value = (t * 7 + index * 50) as u8);
        }
        let mut read = ChunkProbabilities::default();
        fill_probabilities(&row(&probabilities), &mut read);
        assert_eq!(read, probabilities);
    }
}
