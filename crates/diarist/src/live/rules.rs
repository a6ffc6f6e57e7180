//! The interface for other rules that assign the local speakers of a window to speakers.

use std::fmt;

use crate::analysis::EMBEDDING_DIMENSION;
use crate::error::Result;
use crate::segmentation::LOCAL_SPEAKERS;
use crate::segmentation::masks::ChunkMasks;

/// The speakers of one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowSpeakers {
    /// Frames in which each local speaker counts as active: the masks of the network, or fewer
    /// frames.
    pub masks: ChunkMasks,
    /// The speaker of each local speaker, numbered from 1; `None` if there is none. Two local
    /// speakers may have the same speaker.
    pub ids: [Option<u32>; LOCAL_SPEAKERS],
}

/// Rules that assign local speakers to speakers, window after window, and revise nothing.
///
/// [`Live::with_rules`](crate::Live::with_rules) replaces this library's own tracking with them, to
/// compare the two. The networks and the steps from windows to turns stay the same.
pub trait WindowRules: fmt::Debug + Send + Sync {
    /// Assigns the local speakers of the next window to speakers.
    ///
    /// `embeddings` has shape `[3, 256]` and holds raw values; the row of a local speaker without a
    /// frame in `masks` is unspecified. Windows come in the order of time.
    ///
    /// # Errors
    /// Any error ends [`Live::push`](crate::Live::push), which returns it.
    fn decide(
        &mut self,
        masks: &ChunkMasks,
        embeddings: &[[f32; EMBEDDING_DIMENSION]; LOCAL_SPEAKERS],
    ) -> Result<WindowSpeakers>;
}
