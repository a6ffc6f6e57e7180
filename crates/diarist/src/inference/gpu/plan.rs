//! The places of all that a batch of chunks needs on the GPU.

use diarist_gpu::selection::{Chunk, FeatureFrame, Subsegment, Tables};

use crate::analysis::{SUBSEGMENT_FRAMES, SUBSEGMENT_SHIFT};
use crate::inference::settings::TrunkPasses;
use crate::inference::wave::{PASS_FEATURES, PASS_FRAMES, PassSpan, WaveSpan, recording_frame};
use crate::models::resnet34::{FEATURE_SHIFT, OUT_HEIGHT};
use crate::segmentation::{SAMPLE_RATE, start_frame};

/// Feature frames of a slot, over all frequencies.
const SLOT_FRAMES: usize = PASS_FEATURES * OUT_HEIGHT;

/// The trunk passes of a batch. Pass `i` has its features in slot `i`.
#[derive(Debug, Default)]
pub(super) struct Passes {
    pub(super) spans: Vec<PassSpan>,
    /// Number of passes at the front that earlier batches have computed.
    pub(super) num_kept: usize,
    /// Number of passes before the kept ones that are no longer needed.
    pub(super) num_gone: usize,
}

impl Passes {
    /// The passes for the chunks of `span`, after those of the batch before.
    pub(super) fn next(trunk: TrunkPasses, before: &[PassSpan], span: &WaveSpan) -> Self {
        if trunk == TrunkPasses::PerChunk {
            let starts = (span.first_chunk..span.next_chunk()).map(|chunk| span.start(chunk));
            let spans = starts.map(|start| PassSpan { start, used_from: start }).collect();
            return Self { spans, num_kept: 0, num_gone: before.len() };
        }
        let open = span.first_open_frame();
        let is_gone = |index: &usize| before.get(index + 1).is_some_and(|next| next.used_from <= open);
        let num_gone = (0..before.len()).take_while(is_gone).count();
        let mut spans = before[num_gone..].to_vec();
        let num_kept = spans.len();
        spans.extend(span.new_passes(spans.last().map(|last| last.used_from)));
        Self { spans, num_kept, num_gone }
    }

    /// Starts of the passes to compute.
    pub(super) fn new_starts(&self) -> impl Iterator<Item = usize> {
        self.spans[self.num_kept..].iter().map(|span| span.start)
    }

    /// The tables of a batch: the feature frames, the chunks of `span`, the `num_recent` chunks
    /// before them and, with shared passes, the subsegments that are known with them.
    pub(super) fn tables(&self, trunk: TrunkPasses, span: &WaveSpan, num_recent: usize) -> Tables {
        let chunks = span.first_chunk..span.next_chunk();
        if trunk == TrunkPasses::PerChunk {
            let frames = self.spans.iter().enumerate().flat_map(|(slot, pass)| frames_of(slot, pass, usize::MAX));
            let chunk = |(index, chunk)| Chunk {
                first: (index * PASS_FEATURES) as u32,
                num_frames: PASS_FEATURES as u32,
                start: span.start(chunk) as u32,
            };
            let chunks = chunks.enumerate().map(chunk).collect();
            return Tables { frames: frames.collect(), chunks, ..Tables::default() };
        }
        let frames = self.spans.iter().enumerate().flat_map(|(slot, pass)| {
            let used_until = self.spans.get(slot + 1).map_or(usize::MAX, |next| next.used_from);
            frames_of(slot, pass, used_until)
        });
        let frames: Vec<FeatureFrame> = frames.collect();
        let range = |start: usize, end: usize| {
            let before = |frame: usize| frames.partition_point(|of| (of.fbank_frame as usize) < frame);
            let first = before(start);
            (first as u32, (before(end) - first) as u32)
        };
        let chunk = |chunk| {
            let start = span.start(chunk);
            let (first, num_frames) = range(start, start + PASS_FRAMES);
            Chunk { first, num_frames, start: start as u32 }
        };
        let subsegment = |index: usize| {
            let start = index * SUBSEGMENT_SHIFT;
            let (first, num_frames) = range(start, span.end().min(start + SUBSEGMENT_FRAMES));
            Subsegment { first, num_frames }
        };
        let row = |chunk: usize| start_frame((chunk * span.step_samples) as f64 / f64::from(SAMPLE_RATE)) as u32;
        Tables {
            chunks: chunks.map(chunk).collect(),
            starts: (span.first_chunk - num_recent..span.next_chunk()).map(row).collect(),
            subsegments: span.subsegments().map(subsegment).collect(),
            frames,
        }
    }
}

/// The feature frames of a pass that are used, up to the fbank frame `used_until`.
fn frames_of(slot: usize, pass: &PassSpan, used_until: usize) -> impl Iterator<Item = FeatureFrame> + use<> {
    let PassSpan { start, used_from } = *pass;
    let frames = (0..PASS_FEATURES).map(move |t| (t, start + t * FEATURE_SHIFT));
    frames.filter(move |(_, frame)| (used_from..used_until).contains(frame)).map(move |(t, frame)| FeatureFrame {
        entry: (slot * SLOT_FRAMES + t) as u32,
        fbank_frame: frame as u32,
        recording_frame: recording_frame(frame) as u32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segmentation::CHUNK_SAMPLES;

    fn span(first_chunk: usize, num_chunks: usize, step_samples: usize, all_chunks: Option<usize>) -> WaveSpan {
        WaveSpan { first_chunk, num_chunks, step_samples, all_chunks }
    }

    /// All batches of a recording together have the passes and subsegments of a single batch, and
    /// each chunk the same feature frames.
    #[test]
    fn batches_of_any_size_give_the_same_frames() {
        for (step_samples, all) in [(16_000, 47), (32_000, 20), (1600, 150), (CHUNK_SAMPLES, 5)] {
            let whole = span(0, all, step_samples, Some(all));
            let passes = Passes::next(TrunkPasses::Shared, &[], &whole);
            let tables = passes.tables(TrunkPasses::Shared, &whole, 0);
            let places = |passes: &Passes, tables: &Tables, first: u32, count: u32| -> Vec<(usize, u32)> {
                let frames = &tables.frames[first as usize..][..count as usize];
                frames.iter().map(|f| (passes.spans[f.entry as usize / 1250].start, f.fbank_frame)).collect()
            };
            for size in [1, 3, 10, 32] {
                let (mut before, mut num_chunks, mut num_subsegments) = (Vec::new(), 0, 0);
                while num_chunks < all {
                    let next = all.min(num_chunks + size);
                    // The end is known as soon as 10 s after the batch are not there.
                    let is_end = (all - next) * step_samples < CHUNK_SAMPLES;
                    let batch = span(num_chunks, next - num_chunks, step_samples, is_end.then_some(all));
                    let part = Passes::next(TrunkPasses::Shared, &before, &batch);
                    let of_part = part.tables(TrunkPasses::Shared, &batch, 0);
                    for (chunk, of_whole) in of_part.chunks.iter().zip(&tables.chunks[num_chunks..]) {
                        assert_eq!(chunk.start, of_whole.start);
                        assert_eq!(
                            places(&part, &of_part, chunk.first, chunk.num_frames),
                            places(&passes, &tables, of_whole.first, of_whole.num_frames)
                        );
                    }
                    for (subsegment, of_whole) in of_part.subsegments.iter().zip(&tables.subsegments[num_subsegments..])
                    {
                        assert_eq!(
                            places(&part, &of_part, subsegment.first, subsegment.num_frames),
                            places(&passes, &tables, of_whole.first, of_whole.num_frames)
                        );
                    }
                    num_subsegments += of_part.subsegments.len();
                    num_chunks = next;
                    before = part.spans;
                }
                assert_eq!(num_subsegments, tables.subsegments.len());
            }
        }
    }

    #[test]
    fn a_pass_for_each_chunk_is_its_own() {
        let batch = span(3, 2, 16_000, None);
        let passes = Passes::next(TrunkPasses::PerChunk, &[], &batch);
        assert_eq!(passes.new_starts().collect::<Vec<_>>(), [300, 400]);
        let tables = passes.tables(TrunkPasses::PerChunk, &batch, 0);
        assert_eq!(tables.chunks[1], Chunk { first: 125, num_frames: 125, start: 400 });
        assert_eq!(tables.frames[126].entry, 1251);
        assert!(tables.subsegments.is_empty());
    }
}
