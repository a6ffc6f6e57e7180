//! Windows that slide over a recording, and the chunks that cover each frame.

use std::ops::Range;

use super::Segment;
use crate::segmentation::{CHUNK_SAMPLES, FRAME_DURATION_S, FRAME_STEP_S, FRAMES_PER_CHUNK, SAMPLE_RATE, start_frame};

/// Windows of equal duration whose starts are `step` apart. Converts an index to a time and back.
///
/// Source: pyannote.core `segment.py`, `SlidingWindow`. The order of the floating-point operations
/// is kept, because a frame boundary that is rounded the other way moves a turn by 17 ms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlidingWindow {
    /// Start of window 0 in seconds.
    pub start: f64,
    /// Length of each window in seconds.
    pub duration: f64,
    /// Seconds between the starts of neighbouring windows.
    pub step: f64,
}

impl SlidingWindow {
    /// The segmentation frames of a recording: the receptive fields of the network (pyannote's
    /// `model.receptive_field`).
    pub const FRAMES: Self = Self { start: 0.0, duration: FRAME_DURATION_S, step: FRAME_STEP_S };

    /// The window at `index`.
    pub fn window(&self, index: usize) -> Segment {
        let start = self.start + index as f64 * self.step;
        Segment::new(start, start + self.duration)
    }

    /// The middle of the window at `index`, in seconds.
    pub fn middle(&self, index: usize) -> f64 {
        let window = self.window(index);
        0.5 * (window.start + window.end)
    }

    /// Index of the window whose middle is closest to `t` seconds; half-way cases go to the even
    /// index. Negative before window 0.
    pub fn closest_frame(&self, t: f64) -> i64 {
        ((t - self.start - 0.5 * self.duration) / self.step).round_ties_even() as i64
    }
}

/// The chunks that cover each frame of the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    starts: Vec<usize>,
    num_frames: usize,
}

impl Coverage {
    /// The coverage by `num_chunks` chunks of 10 s whose starts are `step_s` seconds apart.
    ///
    /// Source: pyannote.audio `core/inference.py`, `Inference.aggregate`.
    pub fn new(num_chunks: usize, step_s: f64) -> Self {
        let chunk_duration_s = CHUNK_SAMPLES as f64 / f64::from(SAMPLE_RATE);
        let starts = (0..num_chunks).map(|chunk| start_frame(chunk as f64 * step_s)).collect();
        let num_frames = match num_chunks {
            0 => 0,
            n => start_frame(chunk_duration_s + (n - 1) as f64 * step_s) + 1,
        };
        Self { starts, num_frames }
    }

    /// Number of frames of the recording, including the padding of the last chunk.
    pub fn num_frames(&self) -> usize {
        self.num_frames
    }

    /// The frame of the recording that is frame 0 of `chunk`.
    pub fn start_frame(&self, chunk: usize) -> usize {
        self.starts[chunk]
    }

    /// Calls `visit(frame, chunks)` for every frame of the recording in order; `chunks` are those
    /// that cover it. No chunk covers the frames near the end and, with steps close to the length
    /// of a chunk, between chunks.
    pub fn sweep(&self, mut visit: impl FnMut(usize, Range<usize>)) {
        let (mut first, mut end) = (0, 0);
        for frame in 0..self.num_frames {
            while end < self.starts.len() && self.starts[end] <= frame {
                end += 1;
            }
            while first < end && self.starts[first] + FRAMES_PER_CHUNK <= frame {
                first += 1;
            }
            visit(frame, first..end);
        }
    }
}
