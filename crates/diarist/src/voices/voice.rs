//! A voice as one recording shows it, and the direction in which it is compared.

use std::sync::LazyLock;

use crate::analysis::EMBEDDING_DIMENSION;
use crate::clustering::Plda;
use crate::clustering::vectors::{normalised, widened};
use crate::error::{Error, ErrorKind, Result};

/// The embedding of a voice, and how much speech it was made from. Always usable: finite, not zero, from some speech.
#[derive(Debug, Clone, PartialEq)]
pub struct Voice {
    embedding: Vec<f32>,
    speech_s: f64,
}

impl Voice {
    /// A voice of 256 raw values, as the network gives them or a mean of such, from `speech_s` seconds in which nobody else spoke.
    ///
    /// Not normalised: the mean of all voices is subtracted before two are compared, and it has the scale of the network.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if the values are not 256 finite ones of which some differ from zero, or there is no speech.
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

    /// The 256 values as they were given.
    pub fn embedding(&self) -> &[f32] {
        &self.embedding
    }

    /// Seconds of speech without anybody else's.
    pub fn speech_s(&self) -> f64 {
        self.speech_s
    }

    /// What is compared: the unit vector from the mean of all voices to this one.
    pub(super) fn direction(&self) -> Result<Vec<f64>> {
        let mean = MEAN_VOICE.as_ref().map_err(|message| Error::new(ErrorKind::Weights, message.clone()))?;
        let centred: Vec<f64> = widened(&self.embedding).iter().zip(mean).map(|(value, mean)| value - mean).collect();
        Ok(normalised(&centred))
    }
}

/// The mean embedding that community-1 subtracts before its PLDA. What all voices have in common says nothing about who speaks.
static MEAN_VOICE: LazyLock<std::result::Result<Vec<f64>, String>> =
    LazyLock::new(|| Plda::embedded().map(|plda| plda.mean().to_vec()).map_err(|error| error.to_string()));
