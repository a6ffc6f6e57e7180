//! Whose rules decide who is who.

use crate::error::Result;
use crate::analysis::EMBEDDING_DIMENSION;
use crate::segmentation::LOCAL_SPEAKERS;
use crate::segmentation::masks::ChunkMasks;

use super::diart::Diart;
use super::fluidaudio::FluidAudio;
use super::timeline::Ids;

/// Whose rules decide who is who while a recording goes on. Those of others are for comparison: the networks and the way from
/// windows to turns are the same for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum LiveRules {
    /// Assignment without doubles to voices that are clustered anew every few seconds.
    #[default]
    Diarist,
    /// diart's online clustering: assignment without doubles to running sums of embeddings, nothing is revised. Source: diart
    /// 0.9.2, `blocks/clustering.py`, with its published ρ = 0.3 and a δ fitted to these embeddings.
    Diart,
    /// FluidAudio's of August 2025: chunks of 10 s side by side, each local speaker goes to the nearest known one below 0.84, runs
    /// under 1 s are dropped. The step and the latency are 10 s. Source: FluidAudio as of 2025-08-27, `SpeakerManager` and `DiarizerManager`.
    FluidAudio,
}

/// The state of rules that look at one window after the other and revise nothing.
#[derive(Debug)]
pub(super) enum Sequential {
    Diart(Diart),
    FluidAudio(FluidAudio),
}

impl Sequential {
    pub(super) fn new(rules: LiveRules) -> Option<Self> {
        match rules {
            LiveRules::Diarist => None,
            LiveRules::Diart => Some(Self::Diart(Diart::default())),
            LiveRules::FluidAudio => Some(Self::FluidAudio(FluidAudio::default())),
        }
    }

    /// What is left of the masks by these rules, and whom the local speakers are taken for.
    pub(super) fn recognise(
        &mut self,
        masks: &ChunkMasks,
        embeddings: &[[f32; EMBEDDING_DIMENSION]; LOCAL_SPEAKERS],
    ) -> Result<(ChunkMasks, Ids)> {
        match self {
            Self::Diart(diart) => Ok((*masks, diart.recognise(masks, embeddings)?)),
            Self::FluidAudio(fluidaudio) => Ok(fluidaudio.recognise(masks, embeddings)),
        }
    }
}
