//! Which local speakers are the same person: AHC, PLDA, VBx, constrained assignment.

mod ahc;
mod bounds;
mod cluster;
mod community1;
mod constraints;
mod forced;
mod kmeans;
mod linkage;
mod options;
mod plda;
mod settings;
mod slots;
#[cfg(test)]
mod test_data;
#[cfg(test)]
mod tests;
mod vbx;
pub(crate) mod vectors;

pub use bounds::SpeakerBounds;
pub use cluster::cluster;
pub use constraints::Constraints;
pub(crate) use options::ranges;
pub use options::{AhcOptions, Method, VbxOptions};
pub use plda::Plda;
pub use settings::ClusteringSettings;

/// The result of clustering.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// For each row of [`crate::analysis::Embeddings`]: its cluster, or `None` if the constrained assignment left it out.
    pub hard: Vec<Option<u32>>,
    /// One centroid per cluster, 256 raw (not normalised) values each.
    ///
    /// A cluster that no slot was assigned to keeps its place here and its number, as in pyannote.audio.
    pub centroids: Vec<Vec<f32>>,
}
