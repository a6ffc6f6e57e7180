//! The number of speakers in each frame.

use super::Coverage;
use crate::analysis::ChunkGeometry;
use crate::segmentation::masks::ChunkMasks;

/// Number of simultaneous speakers in each frame of the recording: the mean over the chunks that
/// cover the frame, with half-way cases rounded to the even number. 0 where no chunk covers the
/// frame.
///
/// Source: pyannote.audio `pipelines/utils/diarization.py`, `speaker_count` with warm-up (0, 0).
/// There the mean is a float32 quotient. Both terms are small integers, so integer arithmetic finds
/// the same half-way cases.
pub fn speaker_count(masks: &[ChunkMasks], geometry: &ChunkGeometry) -> Vec<u8> {
    let coverage = Coverage::new(masks.len(), geometry.step_s());
    let mut counts = Vec::with_capacity(coverage.num_frames());
    coverage.sweep(|frame, chunks| {
        let num_chunks = chunks.len() as u64;
        let sum = chunks.map(|chunk| u64::from(masks[chunk].num_active(frame - coverage.start_frame(chunk)))).sum();
        counts.push(rounded_mean(sum, num_chunks));
    });
    counts
}

/// `sum / num` rounded half to even, 0 for `num` = 0.
pub(crate) fn rounded_mean(sum: u64, num: u64) -> u8 {
    if num == 0 {
        return 0;
    }
    let (quotient, twice_rest) = (sum / num, 2 * (sum % num));
    let up = twice_rest > num || (twice_rest == num && quotient % 2 == 1);
    // The value is at most the number of local speakers, 3.
    (quotient + u64::from(up)) as u8
}

#[cfg(test)]
mod tests {
    use super::rounded_mean;

    #[test]
    fn half_way_cases_are_rounded_to_even() {
        // (sum, chunks, expected): 0.5, 1.5, 2.5, just below and above 0.5, uncovered.
        for (sum, num, expected) in
            [(1, 2, 0), (3, 2, 2), (5, 2, 2), (4, 9, 0), (5, 9, 1), (5, 10, 0), (0, 0, 0), (3, 1, 3)]
        {
            assert_eq!(rounded_mean(sum, num), expected, "{sum} / {num}");
        }
    }
}
