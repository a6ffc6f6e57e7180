//! Probabilistic linear discriminant analysis: maps raw embeddings to the space in which VBx
//! compares speakers.
//!
//! Source: pyannote.audio `core/plda.py` and `utils/vbx.py` (`vbx_setup`). pyannote diagonalises
//! the model once more when it is loaded. For the embedded model, this only changes the signs of
//! features, which do not affect VBx.

use rayon::prelude::*;

use super::vectors::{dot, normalised};
use crate::analysis::EMBEDDING_DIMENSION;
use crate::error::{Error, Result};
use crate::models::Tensors;

/// Features per embedding in the PLDA space.
pub(crate) const PLDA_DIMENSION: usize = 128;

/// The PLDA model, all in `f64`.
#[derive(Debug, Clone)]
pub struct Plda {
    mean1: Vec<f64>,
    mean2: Vec<f64>,
    /// `[256, 128]`, row-major.
    lda: Vec<f64>,
    mu: Vec<f64>,
    /// `[128, 128]`, row-major; one row per feature.
    tr: Vec<f64>,
    psi: Vec<f64>,
}

impl Plda {
    /// Takes the model from `tensors`: `mean1` `[256]`, `mean2` `[128]`, `lda` `[256, 128]`, `mu`
    /// `[128]`, `tr` `[128, 128]`, and `psi` `[128]`, the between-speaker variances.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Weights`] if a tensor is missing or misshapen, or if a variance is not
    /// positive.
    pub fn new(tensors: &Tensors<'_>) -> Result<Self> {
        let (input, output) = (EMBEDDING_DIMENSION, PLDA_DIMENSION);
        let plda = Self {
            mean1: tensors.f64("mean1", &[input])?,
            mean2: tensors.f64("mean2", &[output])?,
            lda: tensors.f64("lda", &[input, output])?,
            mu: tensors.f64("mu", &[output])?,
            tr: tensors.f64("tr", &[output, output])?,
            psi: tensors.f64("psi", &[output])?,
        };
        match plda.psi.iter().find(|&&variance| variance <= 0.0) {
            None => Ok(plda),
            Some(bad) => Err(Error::weights(format!("`psi` holds {bad}, but variances are positive"))
                .at(tensors.what().to_owned())
                .hint("the file is not a PLDA model for diarist")),
        }
    }

    /// The PLDA model of pyannote community-1, which is embedded in the program.
    ///
    /// # Errors
    /// None for an intact program.
    pub fn embedded() -> Result<Self> {
        Self::new(&Tensors::parse(&diarist_weights::plda(), "the embedded PLDA model")?)
    }

    /// The mean embedding that is subtracted first; 256 values.
    pub(crate) fn mean(&self) -> &[f64] {
        &self.mean1
    }

    /// The between-speaker variance of each feature, 128 positive values.
    pub(crate) fn phi(&self) -> &[f64] {
        &self.psi
    }

    /// Features of raw embeddings of 256 values each. Returns `[embeddings.len(), 128]`, row-major.
    pub(crate) fn transform(&self, embeddings: &[Vec<f64>]) -> Vec<f64> {
        embeddings.par_iter().flat_map_iter(|embedding| self.features(embedding)).collect()
    }

    fn features(&self, embedding: &[f64]) -> Vec<f64> {
        let centred: Vec<f64> = embedding.iter().zip(&self.mean1).map(|(x, mean)| x - mean).collect();
        let scale = (EMBEDDING_DIMENSION as f64).sqrt();
        let mut projected = vec![0.0; PLDA_DIMENSION];
        for (value, row) in normalised(&centred).into_iter().zip(self.lda.chunks_exact(PLDA_DIMENSION)) {
            let scaled = scale * value;
            for (sum, weight) in projected.iter_mut().zip(row) {
                *sum += scaled * weight;
            }
        }
        for (value, mean) in projected.iter_mut().zip(&self.mean2) {
            *value -= mean;
        }
        let scale = (PLDA_DIMENSION as f64).sqrt();
        let latent: Vec<f64> =
            normalised(&projected).into_iter().zip(&self.mu).map(|(value, mu)| scale * value - mu).collect();
        self.tr.chunks_exact(PLDA_DIMENSION).map(|row| dot(&latent, row)).collect()
    }
}
