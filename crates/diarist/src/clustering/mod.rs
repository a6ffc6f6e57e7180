//! Assigns the local speakers of all chunks to speakers: AHC, PLDA, VBx, constrained assignment.

mod ahc;
mod bounds;
mod cluster;
mod clusters;
mod community1;
mod constraints;
mod forced;
mod kmeans;
mod linkage;
mod options;
mod plda;
mod posterior;
mod refined;
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
pub use clusters::Clusters;
pub use constraints::Constraints;
pub(crate) use options::ranges;
pub use options::{AhcOptions, Method, RefinedOptions, VbxOptions};
pub use plda::Plda;
pub use posterior::NumberPosterior;
pub use settings::ClusteringSettings;
pub(crate) use slots::sharing;
