//! The networks and the PLDA that a pipeline needs.

use std::fs;
use std::path::Path;

use diarist_kernels::Isa;
use sha2::{Digest, Sha256};

use crate::clustering::Plda;
use crate::error::{Error, Result};
use crate::models::pyannet::PyanNet;
use crate::models::resnet34::{self, ResNet34};
use crate::models::{Architecture, Precision, Tensors};

/// Everything with weights: segmentation network, embedding network, PLDA.
#[derive(Debug)]
pub struct Models {
    pub(crate) segmentation: PyanNet,
    pub(crate) embedding: ResNet34,
    pub(crate) plda: Plda,
    pub(super) origin: Origin,
}

/// What results of the networks depend on besides the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// SHA-256 of the weights, lower-case hexadecimal.
    pub(super) segmentation_sha256: String,
    pub(super) embedding_sha256: String,
    pub(super) precision: Precision,
    pub(super) isa: Isa,
}

impl Models {
    /// The models inside the binary: segmentation-3.0, WeSpeaker ResNet34-LM, and the PLDA of community-1.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Weights`] if the binary is damaged.
    pub fn embedded() -> Result<Self> {
        Self::load(None, None)
    }

    /// The embedded models, with either network replaced by a file of the same architecture: safetensors, a Lightning
    /// checkpoint, or (embedding only) ONNX.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Weights`] if a file cannot be read, or with the missing or misshapen tensor.
    pub fn load(segmentation: Option<&Path>, embedding: Option<&Path>) -> Result<Self> {
        Self::load_with_precision(segmentation, embedding, Precision::F32)
    }

    /// As [`Self::load`], with the networks in `precision`.
    ///
    /// # Errors
    /// As [`Self::load`]; and [`crate::ErrorKind::InvalidOption`] for [`Precision::Int8`] with another embedding network than the
    /// embedded one in any stored form ([`resnet34::ranges_fit`]).
    pub fn load_with_precision(
        segmentation: Option<&Path>,
        embedding: Option<&Path>,
        precision: Precision,
    ) -> Result<Self> {
        let is_other = embedding.is_some();
        let isa = Isa::detect();
        let origin = Origin {
            segmentation_sha256: sha256(segmentation, diarist_weights::segmentation())?,
            embedding_sha256: sha256(embedding, diarist_weights::embedding())?,
            precision,
            isa,
        };
        let segmentation = tensors(segmentation, diarist_weights::segmentation(), "segmentation network")?;
        let embedding = tensors(embedding, diarist_weights::embedding(), "embedding network")?;
        if precision == Precision::Int8 && is_other && !resnet34::ranges_fit(&embedding)? {
            return Err(Error::invalid_option("int8 is for the embedded embedding network only, in any stored form")
                .hint("another one runs in bf16, f16 or f32"));
        }
        Ok(Self {
            segmentation: PyanNet::with_precision(&segmentation, isa, precision)?,
            embedding: ResNet34::with_precision(&embedding, isa, precision)?,
            plda: Plda::embedded()?,
            origin,
        })
    }

    /// Name of the embedding network: its architecture and the beginning of the SHA-256 of its weights. Embeddings by networks of
    /// different fingerprints cannot be compared.
    pub fn fingerprint(&self) -> String {
        format!("{}-{:.16}", Architecture::ResNet34.name(), self.origin.embedding_sha256)
    }
}

fn tensors(path: Option<&Path>, embedded: &'static [u8], what: &str) -> Result<Tensors<'static>> {
    path.map_or_else(|| Tensors::parse(embedded, what), Tensors::open)
}

/// The digest of the file at `path`, or of `embedded`, whose digest the manifest tells.
fn sha256(path: Option<&Path>, embedded: &'static [u8]) -> Result<String> {
    let Some(path) = path else {
        let mut models = diarist_weights::manifest().models.iter();
        let model = models.find(|model| model.data().is_some_and(|data| std::ptr::eq(data, embedded)));
        return Ok(model.map(|model| model.sha256.clone()).unwrap_or_default());
    };
    let bytes = fs::read(path)
        .map_err(|error| Error::weights("cannot be read").caused_by(error).at(path.display().to_string()))?;
    Ok(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}
