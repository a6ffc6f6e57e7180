//! A voice from one recording, and the direction that is compared with those of other voices.

use std::sync::LazyLock;

use crate::analysis::EMBEDDING_DIMENSION;
use crate::clustering::Plda;
use crate::clustering::vectors::{normalised, widened};
use crate::error::{Error, ErrorKind, Result};

/// The embedding of a voice, and the seconds of speech that it was made from. A voice is always
/// usable: the embedding is finite and not zero, and the speech is longer than 0 s.
#[derive(Debug, Clone, PartialEq)]
pub struct Voice {
    embedding: Vec<f32>,
    speech_s: f64,
}

impl Voice {
    /// A voice of 256 raw values: an embedding from the network, or a mean of several. `speech_s`
    /// is the length in seconds of the speech, without overlap, that they were made from.
    ///
    /// The values must not be normalised, because the mean of all voices, which is subtracted
    /// before a comparison, has the scale of the network.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if there are not 256 values, if one is not finite, if all are zero, or
    /// if there is no speech.
    pub fn new(embedding: Vec<f32>, speech_s: f64) -> Result<Self> {
        let fault = if embedding.len() != EMBEDDING_DIMENSION {
            format!("{} values, not {EMBEDDING_DIMENSION}", embedding.len())
        } else if embedding.iter().any(|value| !value.is_finite()) {
            "a value that is not finite".to_owned()
        } else if embedding.iter().all(|value| *value == 0.0) {
            "zeros only".to_owned()
        } else if !(speech_s > 0.0 && speech_s.is_finite()) {
            format!("{speech_s} s of speech")
        } else {
            return Ok(Self { embedding, speech_s });
        };
        Err(Error::input(format!("an embedding of a voice has {fault}")))
    }

    /// The 256 values as given to [`Self::new`].
    pub fn embedding(&self) -> &[f32] {
        &self.embedding
    }

    /// Seconds of speech without overlap.
    pub fn speech_s(&self) -> f64 {
        self.speech_s
    }

    /// The unit vector from the mean of all voices to this voice. Comparisons use it in place of
    /// the embedding.
    pub(super) fn direction(&self) -> Result<Vec<f64>> {
        let mean = MEAN_VOICE.as_ref().map_err(|message| Error::new(ErrorKind::Weights, message.clone()))?;
        let centred: Vec<f64> = widened(&self.embedding).iter().zip(mean).map(|(value, mean)| value - mean).collect();
        Ok(normalised(&centred))
    }
}

/// The mean embedding that community-1 subtracts before its PLDA. The part that all voices have in
/// common does not distinguish speakers.
static MEAN_VOICE: LazyLock<std::result::Result<Vec<f64>, String>> =
    LazyLock::new(|| Plda::embedded().map(|plda| plda.mean().to_vec()).map_err(|error| error.to_string()));
