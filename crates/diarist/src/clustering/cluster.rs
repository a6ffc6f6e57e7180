//! Entry point of all methods: checks the arguments, and handles the recordings that need no
//! method.

use super::bounds::SpeakerBounds;
use super::clusters::Clusters;
use super::options::Method;
use super::plda::Plda;
use super::{ahc, community1, refined};
use crate::analysis::{EMBEDDING_DIMENSION, Embeddings, Subsegments};
use crate::error::{Error, ErrorKind, Result};
use crate::segmentation::masks::ChunkMasks;

/// Finds the speakers of a recording: one cluster for each slot, and the clusters' centroids.
///
/// `masks` holds every chunk of the recording, `embeddings` one row for each slot with a mask that
/// is not empty, `subsegments` what was found of them; without any, [`Method::Refined`] finds some
/// speakers with similar voices to be one. If `bounds` allow one speaker only, the embeddings may
/// be missing altogether: every active slot then belongs to cluster 0, and there are no centroids.
/// The result depends on nothing but the arguments, to the last bit.
///
/// The number of clusters with a slot always lies within `bounds`. This takes three additions in
/// cases where pyannote.audio fails or warns. K-means uses every embedding if too few have enough
/// clean speech. K-means also steps in if no cut of [`Method::Ahc`] has an allowed number of
/// clusters. A cluster that would stay without a slot takes the most similar slot that its cluster
/// can spare. A recording without speech has no speakers.
///
/// # Errors
/// [`ErrorKind::InvalidOption`] if an option is out of range; [`ErrorKind::SpeakerBounds`] if the
/// recording has fewer slots, or fewer voices that can be told apart, than the smallest allowed
/// number of speakers; [`ErrorKind::Internal`] if embeddings and masks do not belong together or an
/// embedding is not finite.
pub fn cluster(
    embeddings: &Embeddings,
    masks: &[ChunkMasks],
    subsegments: &Subsegments,
    method: &Method,
    bounds: SpeakerBounds,
    plda: &Plda,
) -> Result<Clusters> {
    method.validate()?;
    let num_slots = masks.iter().flat_map(|chunk| &chunk.speakers).filter(|mask| !mask.is_empty()).count();
    let only_one = bounds.max() == Some(1);
    if !(only_one && embeddings.is_empty()) {
        check(embeddings, masks, num_slots)?;
    }
    if num_slots < bounds.min() && (num_slots > 0 || bounds.min() > 1) {
        return Err(too_few_slots(num_slots, bounds.min()));
    }
    if num_slots == 0 {
        return Ok(Clusters::default());
    }
    if only_one && embeddings.is_empty() {
        return Ok(Clusters::new(vec![Some(0); num_slots], &[]));
    }
    match method {
        Method::Vbx(_) | Method::Refined(_) if only_one => Ok(community1::one_cluster(embeddings, masks)),
        Method::Vbx(options) => community1::cluster(embeddings, masks, options, bounds, plda),
        Method::Refined(options) => refined::cluster(embeddings, masks, subsegments, options, bounds, plda),
        Method::Ahc(options) => ahc::cluster(embeddings, options, bounds),
    }
}

fn too_few_slots(num_slots: usize, min: usize) -> Error {
    let found = match num_slots {
        0 => "nobody speaks in this recording".to_owned(),
        1 => "only one stretch of speech was found".to_owned(),
        _ => format!("only {num_slots} stretches of speech were found"),
    };
    Error::new(ErrorKind::SpeakerBounds, format!("{found}, but at least {min} speakers were asked for"))
        .hint("ask for fewer speakers")
}

fn check(embeddings: &Embeddings, masks: &[ChunkMasks], num_slots: usize) -> Result<()> {
    let internal = |message: String| Err(Error::new(ErrorKind::Internal, message).at("clustering"));
    if embeddings.len() != num_slots || embeddings.values.len() != num_slots * EMBEDDING_DIMENSION {
        return internal(format!(
            "{} embeddings with {} values for {num_slots} active local speakers",
            embeddings.len(),
            embeddings.values.len()
        ));
    }
    for slot in &embeddings.slots {
        let mask = masks.get(slot.chunk as usize).and_then(|chunk| chunk.speakers.get(usize::from(slot.local)));
        if mask.is_none_or(|mask| mask.is_empty()) {
            return internal(format!("an embedding for {slot:?}, which is not active"));
        }
    }
    if !embeddings.slots.is_sorted_by(|a, b| a < b) {
        return internal("embeddings are not in the order of their slots".to_owned());
    }
    if let Some(bad) = embeddings.values.iter().position(|value| !value.is_finite()) {
        let slot = embeddings.slots[bad / EMBEDDING_DIMENSION];
        return internal(format!("the embedding of {slot:?} holds {}", embeddings.values[bad]));
    }
    Ok(())
}
