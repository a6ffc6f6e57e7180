//! The two networks of an analysis, with their weights.

use std::fs;
use std::path::Path;

use diarist_kernels::Isa;
use sha2::{Digest, Sha256};

use crate::analysis::Origin;
use crate::error::{Error, Result};
use crate::models::pyannet::PyanNet;
use crate::models::resnet34::{self, ResNet34};
use crate::models::{Architecture, Precision, Tensors};

use super::settings::AnalysisSettings;

/// The segmentation network and the embedding network.
#[derive(Debug)]
pub struct Networks {
    pub(crate) segmentation: PyanNet,
    pub(crate) embedding: ResNet34,
    /// SHA-256 of the weights, lower-case hexadecimal.
    segmentation_sha256: String,
    embedding_sha256: String,
    precision: Precision,
    isa: Isa,
}

impl Networks {
    /// The embedded networks, segmentation-3.0 and WeSpeaker ResNet34-LM, in `f32`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Weights`] if the weights in the program are damaged.
    pub fn embedded() -> Result<Self> {
        Self::load(&AnalysisSettings::exact())
    }

    /// The networks that `settings` choose. A file of weights is a safetensors file, or with the
    /// feature `converter` a Lightning checkpoint or (embedding only) an ONNX file. It must have
    /// the architecture of the embedded network.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Weights`] if a file cannot be read, or lacks a tensor of the right
    /// shape; [`crate::ErrorKind::InvalidOption`] for [`Precision::Int8`] with another embedding
    /// network than the embedded one in any stored form ([`resnet34::ranges_fit`]), and for an
    /// unknown instruction set in the environment.
    pub fn load(settings: &AnalysisSettings) -> Result<Self> {
        Isa::check_choice().map_err(Error::invalid_option)?;
        let (segmentation, embedding) = (settings.segmentation.as_deref(), settings.embedding.as_deref());
        let (is_other, precision, isa) = (embedding.is_some(), settings.precision_in_force(), Isa::detect());
        let segmentation_sha256 = sha256(segmentation, Architecture::PyanNet)?;
        let embedding_sha256 = sha256(embedding, Architecture::ResNet34)?;
        let (segmentation, embedding) = (segmentation_tensors(settings)?, embedding_tensors(settings)?);
        if precision == Precision::Int8 && is_other && !resnet34::ranges_fit(&embedding)? {
            return Err(Error::invalid_option("int8 is for the embedded embedding network only, in any stored form")
                .hint("choose bf16, f16 or f32 for another network"));
        }
        let (embedding, segmentation) = rayon::join(
            || ResNet34::with_precision(&embedding, isa, precision),
            || PyanNet::with_precision(&segmentation, isa, precision),
        );
        Ok(Self {
            segmentation: segmentation?,
            embedding: embedding?,
            segmentation_sha256,
            embedding_sha256,
            precision,
            isa,
        })
    }

    /// The origin of an analysis of the recording `file_id` by these networks with `settings`.
    pub fn origin(&self, file_id: &str, settings: &AnalysisSettings) -> Origin {
        Origin {
            diarist_version: env!("CARGO_PKG_VERSION").to_owned(),
            file_id: file_id.to_owned(),
            trunk: settings.trunk.name().to_owned(),
            precision: self.precision.name().to_owned(),
            instruction_set: self.isa.name().to_owned(),
            segmentation_sha256: self.segmentation_sha256.clone(),
            embedding_sha256: self.embedding_sha256.clone(),
        }
    }

    /// Name of the embedding network: its architecture and the first digits of the SHA-256 of its
    /// weights. Embeddings made by networks with different fingerprints cannot be compared.
    pub fn fingerprint(&self) -> String {
        format!("{}-{:.16}", Architecture::ResNet34.name(), self.embedding_sha256)
    }
}

/// The weights of the segmentation network that `settings` choose.
pub(super) fn segmentation_tensors(settings: &AnalysisSettings) -> Result<Tensors<'static>> {
    tensors(settings.segmentation.as_deref(), diarist_weights::segmentation, "segmentation network")
}

/// The weights of the embedding network that `settings` choose.
pub(super) fn embedding_tensors(settings: &AnalysisSettings) -> Result<Tensors<'static>> {
    tensors(settings.embedding.as_deref(), diarist_weights::embedding, "embedding network")
}

fn tensors(path: Option<&Path>, embedded: fn() -> Vec<u8>, what: &str) -> Result<Tensors<'static>> {
    path.map_or_else(|| Ok(Tensors::parse(&embedded(), what)?.into_owned()), Tensors::open)
}

/// Checks an embedding that the network gave.
pub(super) fn check_finite(embedding: &[f32]) -> Result<()> {
    if embedding.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(Error::weights("the embedding network gave a value that is not finite").hint("verify the weights"))
}

/// The digest of the file at `path`; without a path, that of the embedded network.
fn sha256(path: Option<&Path>, architecture: Architecture) -> Result<String> {
    let Some(path) = path else {
        let mut models = diarist_weights::manifest().models.iter();
        let model = models.find(|model| model.architecture == architecture.name());
        return Ok(model.map(|model| model.sha256.clone()).unwrap_or_default());
    };
    let bytes = fs::read(path)
        .map_err(|error| Error::weights("cannot be read").caused_by(error).at(path.display().to_string()))?;
    Ok(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}
