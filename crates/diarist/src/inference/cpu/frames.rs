//! The fbank frames of the samples in the window.
//!
//! A chunk starts at a multiple of 160 samples, so its fbank frames are also fbank frames of the
//! recording. Each is computed once, however many chunks contain it.

use crate::features::fbank::{FRAME_SHIFT, Fbank, NUM_MEL_BINS, num_frames};
use crate::inference::intake::Window;
use crate::segmentation::CHUNK_SAMPLES;

/// Number of fbank frames in a chunk: 998.
const FRAMES_PER_CHUNK: usize = num_frames(CHUNK_SAMPLES);

/// Fbank frames that follow a window.
#[derive(Debug, Default)]
pub(super) struct Frames {
    fbank: Fbank,
    /// Frame of the recording that `values` begins with.
    first: usize,
    /// Row-major `[frames, 80]`.
    values: Vec<f32>,
}

impl Frames {
    /// Discards the frames before the window, and computes the missing ones of its samples.
    pub(super) fn follow(&mut self, window: &Window) {
        let first = window.first_sample() / FRAME_SHIFT;
        let gone = ((first - self.first) * NUM_MEL_BINS).min(self.values.len());
        self.values.drain(..gone);
        self.first = first;
        let done = self.values.len() / NUM_MEL_BINS * FRAME_SHIFT;
        self.fbank.compute(&window.samples()[done..], &mut self.values);
    }

    /// The frames of the 10 s from the frame `first` of the recording on, `[998, 80]`, before mean
    /// normalisation.
    pub(super) fn of_chunk(&self, first: usize) -> &[f32] {
        &self.values[(first - self.first) * NUM_MEL_BINS..][..FRAMES_PER_CHUNK * NUM_MEL_BINS]
    }
}
