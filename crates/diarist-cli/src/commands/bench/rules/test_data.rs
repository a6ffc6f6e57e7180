//! Windows with made-up speakers.

use std::ops::Range;

use diarist::parts::analysis::EMBEDDING_DIMENSION;
use diarist::parts::segmentation::LOCAL_SPEAKERS;
use diarist::parts::segmentation::masks::{ChunkMasks, FrameMask};

/// Masks of local speakers that are active in these frames.
pub(super) fn masks(speakers: [Range<usize>; LOCAL_SPEAKERS]) -> ChunkMasks {
    let mask = |frames: Range<usize>| {
        let mut mask = FrameMask::default();
        frames.for_each(|t| mask.insert(t));
        mask
    };
    ChunkMasks { speakers: speakers.map(mask) }
}

/// Unit embeddings at these angles (degrees) from the first axis towards the second.
pub(super) fn embeddings(angles: [f32; LOCAL_SPEAKERS]) -> [[f32; EMBEDDING_DIMENSION]; LOCAL_SPEAKERS] {
    angles.map(|angle| {
        let mut embedding = [0.0; EMBEDDING_DIMENSION];
        (embedding[0], embedding[1]) = (angle.to_radians().cos(), angle.to_radians().sin());
        embedding
    })
}
