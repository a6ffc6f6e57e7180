//! Embeddings of short stretches of speech.

use super::EMBEDDING_DIMENSION;

/// Fbank frames (10 ms) of a subsegment.
pub const SUBSEGMENT_FRAMES: usize = 80;
/// Fbank frames (10 ms) from the start of a subsegment to the start of the next.
pub const SUBSEGMENT_SHIFT: usize = 40;
/// Least number of solo feature frames (80 ms) of a subsegment with an embedding.
pub const MIN_SOLO_FRAMES: usize = 3;
/// Largest number of feature frames (80 ms) of a subsegment.
pub const MAX_SOLO_FRAMES: usize = 10;

/// Embeddings of the subsegments in which one person speaks alone, in the order of time.
///
/// A subsegment is 0.8 s long, and one starts every 0.4 s. Its embedding is pooled from its *solo*
/// feature frames, each of which stands for 80 ms: somebody is likelier than not to speak there,
/// and a second person is not, by the mean of all chunks that cover the frame. A subsegment with
/// less than 0.24 s of them is left out.
///
/// Embeddings are directions of 8 bits for each value: `v` stands for `v / 127` of the largest
/// value, so at least one value of each row is 127 or -127. They are good enough to tell which of
/// the speakers of the recording speaks, not to find the speakers.
///
/// Computed only with [`TrunkPasses::Shared`](crate::parts::inference::TrunkPasses::Shared), whose
/// features exist in any case, and unless embeddings are skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subsegments {
    /// The subsegment of each row, strictly ascending: subsegment `i` starts `0.4 i` seconds after
    /// the start of the recording.
    pub indices: Vec<u32>,
    /// Number of solo feature frames of each row, 3 to 10.
    pub solo_frames: Vec<u8>,
    /// Row-major `[indices.len(), 256]`, each row scaled to a largest magnitude of 127.
    pub values: Vec<i8>,
}

impl Subsegments {
    /// Number of embeddings.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there is no embedding.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The embedding of row `row`: 256 values, a direction.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[i8] {
        &self.values[row * EMBEDDING_DIMENSION..][..EMBEDDING_DIMENSION]
    }

    /// Start and end in seconds of the subsegment of row `row`. The end may lie after the end of
    /// the recording.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn span_s(&self, row: usize) -> (f64, f64) {
        let start = self.indices[row] as usize * SUBSEGMENT_SHIFT;
        (start as f64 / 100.0, (start + SUBSEGMENT_FRAMES) as f64 / 100.0)
    }

    /// Appends an embedding as a direction, unless it has none because all of its values are zero.
    ///
    /// # Panics
    /// Unless there are 256 values.
    pub fn push(&mut self, index: u32, solo_frames: u8, embedding: &[f32]) {
        debug_assert!(self.indices.last().is_none_or(|last| *last < index));
        assert_eq!(embedding.len(), EMBEDDING_DIMENSION);
        let largest = embedding.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        if largest > 0.0 {
            let scaled = |value: &f32| (127.0 * f64::from(*value) / f64::from(largest)).round() as i8;
            self.indices.push(index);
            self.solo_frames.push(solo_frames);
            self.values.extend(embedding.iter().map(scaled));
        }
    }

    /// Appends all rows of `later`, which is empty afterwards.
    pub fn append(&mut self, later: &mut Self) {
        self.indices.append(&mut later.indices);
        self.solo_frames.append(&mut later.solo_frames);
        self.values.append(&mut later.values);
    }

    /// Removes the first `num_rows` rows.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn forget_first(&mut self, num_rows: usize) {
        self.indices.drain(..num_rows);
        self.solo_frames.drain(..num_rows);
        self.values.drain(..num_rows * EMBEDDING_DIMENSION);
    }

    /// Keeps the first `num_rows` rows.
    pub fn truncate(&mut self, num_rows: usize) {
        self.indices.truncate(num_rows);
        self.solo_frames.truncate(num_rows);
        self.values.truncate(num_rows * EMBEDDING_DIMENSION);
    }
}

/// The first subsegment that chunks from fbank frame `start` on may still change: the first that
/// does not end before it.
pub(crate) fn first_open(start: usize) -> usize {
    start.checked_sub(SUBSEGMENT_FRAMES).map_or(0, |rest| rest / SUBSEGMENT_SHIFT + 1)
}

/// Number of subsegments that begin before fbank frame `end`.
pub(crate) fn num_before(end: usize) -> usize {
    end.div_ceil(SUBSEGMENT_SHIFT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_relative_to_the_largest() {
        let mut found = Subsegments::default();
        let mut embedding = [0.0; EMBEDDING_DIMENSION];
        found.push(0, 3, &embedding);
        assert!(found.is_empty(), "it has no direction");
        (embedding[0], embedding[1], embedding[2], embedding[255]) = (0.5, -1e-3, -2.0, 1.0);
        found.push(2, 3, &embedding);
        embedding[2] = f32::MIN_POSITIVE / 8.0;
        embedding[0] = -f32::MAX;
        found.push(5, 10, &embedding);
        assert_eq!((found.len(), &found.indices[..], &found.solo_frames[..]), (2, &[2, 5][..], &[3, 10][..]));
        // 31.75 and 63.5 are rounded away from zero.
        assert_eq!([0, 1, 2, 3, 255].map(|i| found.row(0)[i]), [32, 0, -127, 0, 64]);
        assert_eq!([0, 1, 2, 3, 255].map(|i| found.row(1)[i]), [-127, 0, 0, 0, 0]);
        assert_eq!(found.span_s(1), (2.0, 2.8));
        found.forget_first(1);
        assert_eq!((found.len(), found.indices[0], found.row(0)[64], found.row(0)[2]), (1, 5, 0, 0));
    }

    #[test]
    fn a_subsegment_is_open_until_a_chunk_starts_at_its_end() {
        for start in 0..1000 {
            let expected = (0..).find(|i| SUBSEGMENT_SHIFT * i + SUBSEGMENT_FRAMES > start);
            assert_eq!(Some(first_open(start)), expected, "{start}");
            assert_eq!(num_before(start), (0..).take_while(|i| SUBSEGMENT_SHIFT * i < start).count(), "{start}");
        }
    }
}
