//! Settings of clustering: the method, the number of speakers, and known identities.

use super::bounds::SpeakerBounds;
use super::constraints::Constraints;
use super::options::Method;
use crate::error::Result;

/// Settings for the assignment of local speakers to the speakers of the recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusteringSettings {
    /// Clustering method and its options. Default: [`Method::Refined`].
    pub method: Method,
    /// Exact number of speakers. Default: any.
    pub num_speakers: Option<usize>,
    /// Smallest number of speakers. Default: 1.
    pub min_speakers: Option<usize>,
    /// Largest number of speakers. Default: any.
    pub max_speakers: Option<usize>,
    /// Moments with a known relation between their speakers. Needs embeddings. Default: none.
    pub constraints: Constraints,
}

impl ClusteringSettings {
    /// The bounds on the number of speakers.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if the numbers contradict each other or one is 0.
    pub fn bounds(&self) -> Result<SpeakerBounds> {
        SpeakerBounds::new(self.num_speakers, self.min_speakers, self.max_speakers)
    }

    /// The clustering method for a chunk step of `step_s` seconds.
    ///
    /// VBx keeps a speaker if its embeddings outweigh `fb`, whose default is for one chunk each
    /// second. With twice the step there are half as many embeddings, so `fb` must halve for the
    /// same decision: the statistics of a speaker enter VBx only as their sum divided by `fb`.
    pub fn method_for_step(&self, step_s: f64) -> Method {
        let mut method = self.method.clone();
        if let Some(options) = method.vbx_mut() {
            options.fb /= step_s;
        }
        method
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] with the value and its range.
    pub fn validate(&self) -> Result<()> {
        self.method.validate()?;
        self.bounds()?;
        self.constraints.validate()
    }
}
