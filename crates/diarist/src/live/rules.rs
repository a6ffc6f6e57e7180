//! The place for other rules that say which speaker each local speaker of a window is.

use std::fmt;

use crate::error::Result;
use crate::pipeline::EMBEDDING_DIMENSION;
use crate::segmentation::LOCAL_SPEAKERS;
use crate::segmentation::masks::ChunkMasks;

/// The speakers of one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowSpeakers {
    /// Frames in which each local speaker counts as active: the masks of the network, or fewer frames.
    pub masks: ChunkMasks,
    /// Number of the speaker of the recording that each local speaker is, from 1; `None` for nobody.
    /// Two local speakers may be the same speaker.
    pub ids: [Option<u32>; LOCAL_SPEAKERS],
}

/// Rules that name the speakers of one window after the other and revise nothing.
///
/// [`crate::live::Live::with_rules`] puts them in the place of this library's own tracking, to compare the
/// two: the networks and the way from windows to turns stay the same.
pub trait WindowRules: fmt::Debug + Send + Sync {
    /// Decides which speakers the local speakers of the next window are.
    ///
    /// `embeddings` has shape `[3, 256]`, raw values; those of a local speaker without a frame in
    /// `masks` are unspecified. Windows come in the order of time.
    ///
    /// # Errors
    /// Any error ends [`crate::live::Live::push`] and is returned by it.
    fn decide(
        &mut self,
        masks: &ChunkMasks,
        embeddings: &[[f32; EMBEDDING_DIMENSION]; LOCAL_SPEAKERS],
    ) -> Result<WindowSpeakers>;
}
