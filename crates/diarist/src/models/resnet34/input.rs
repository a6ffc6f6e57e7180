//! The input plane of the trunk.

use diarist_kernels::Plane;

use crate::features::fbank::NUM_MEL_BINS;

/// Writes the features minus their mean to `input`, with frequency as height.
pub(super) fn set_input(fbank: &[f32], mean: &[f32; NUM_MEL_BINS], input: &mut Plane) {
    let num_frames = fbank.len() / NUM_MEL_BINS;
    assert_eq!(fbank.len(), num_frames * NUM_MEL_BINS, "fbank is not a whole number of frames");
    input.set_shape(NUM_MEL_BINS, num_frames, 1);
    for (bin, mean) in mean.iter().enumerate() {
        for (value, frame) in input.row_mut(bin).iter_mut().zip(fbank.chunks_exact(NUM_MEL_BINS)) {
            *value = frame[bin] - mean;
        }
    }
}
