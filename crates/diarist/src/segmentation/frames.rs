//! Frames of the recording: their times, and the frames at which chunks start.

use super::geometry::{FRAME_DURATION_S, FRAME_STEP_S};

/// The frame of the recording with the middle that is closest to `t_s` seconds; half-way cases go
/// to the even index. Frame 0 for all earlier times.
///
/// Source: pyannote.core `segment.py`, `SlidingWindow.closest_frame`, with its order of operations.
pub fn closest_frame(t_s: f64) -> usize {
    ((t_s - 0.5 * FRAME_DURATION_S) / FRAME_STEP_S).round_ties_even() as usize
}

/// The frame of the recording that is frame 0 of a chunk that starts at `start_s` seconds.
///
/// Source: pyannote.audio `core/inference.py`, `Inference.aggregate`.
pub fn start_frame(start_s: f64) -> usize {
    closest_frame(start_s + 0.5 * FRAME_DURATION_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_with_the_closest_middle() {
        assert_eq!([-1.0, 0.0, 0.03, 0.0393, 0.0395].map(closest_frame), [0, 0, 0, 0, 1]);
        for frame in 0..100_000 {
            let middle = frame as f64 * FRAME_STEP_S + 0.5 * FRAME_DURATION_S;
            assert_eq!([-0.008, 0.0, 0.008].map(|offset| closest_frame(middle + offset)), [frame; 3]);
            assert_eq!(start_frame(frame as f64 * FRAME_STEP_S), frame);
        }
    }
}
