//! The networks and the PLDA that a pipeline needs.

use std::path::Path;

use crate::clustering::Plda;
use crate::error::Result;
use crate::models::Tensors;
use crate::models::pyannet::PyanNet;
use crate::models::resnet34::ResNet34;

/// Everything with weights: segmentation network, embedding network, PLDA.
#[derive(Debug)]
pub struct Models {
    pub(super) segmentation: PyanNet,
    pub(super) embedding: ResNet34,
    pub(super) plda: Plda,
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
        let segmentation = tensors(segmentation, diarist_weights::segmentation(), "segmentation network")?;
        let embedding = tensors(embedding, diarist_weights::embedding(), "embedding network")?;
        Ok(Self {
            segmentation: PyanNet::new(&segmentation)?,
            embedding: ResNet34::new(&embedding)?,
            plda: Plda::new(&Tensors::parse(diarist_weights::plda(), "PLDA")?)?,
        })
    }
}

fn tensors(path: Option<&Path>, embedded: &'static [u8], what: &str) -> Result<Tensors<'static>> {
    path.map_or_else(|| Tensors::parse(embedded, what), Tensors::open)
}
