//! The speaker embedding network: WeSpeaker's ResNet34 over log-mel features, with masked
//! statistics pooling.
//!
//! Sources: the layer table of WeSpeaker's `ResNet34` with `TSTP` pooling and one embedding layer,
//! as pyannote.audio runs it (`WeSpeakerResNet34`); K. He et al., "Deep Residual Learning for Image
//! Recognition" (2016) for the basic block. Batch normalisation is folded into the convolutions
//! when the weights are converted.
//!
//! The trunk does not look at the masks, so it runs once per chunk and [`ResNet34::embed`] pools
//! its features once per mask. Planes have frequency as height and time as width, channels last.

mod calibration;
mod input;
mod needs;
mod network;
mod ranges;
mod trunk;

pub use super::architecture::EMBEDDING_DIMENSION;
pub use calibration::Calibration;
pub use network::{ResNet34, Workspace};
pub use ranges::ranges_fit;

pub(crate) use network::{FEATURE_SHIFT, OUT_CHANNELS, OUT_HEIGHT, mask_frame};
