//! A GPU with the networks, and with the buffers that recordings share.

use std::sync::{Mutex, PoisonError};

use diarist_gpu::embedding::Embedding;
use diarist_gpu::segmentation::Segmentation;
use diarist_gpu::selection::Selection;
use diarist_gpu::{Adapter, AdapterKind, Element, Gpu, Scratch};

use crate::error::{Error, ErrorKind, Result};
use crate::inference::settings::{AnalysisSettings, TrunkPasses};
use crate::inference::wave::{PASS_FEATURES, WaveSpan, num_recent};
use crate::models::resnet34::{OUT_CHANNELS, OUT_HEIGHT};
use crate::models::{Precision, Tensors};
use crate::segmentation::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

use super::weights;

/// Words of 32 bits of the masks of one chunk.
pub(super) const MASK_WORDS: usize = LOCAL_SPEAKERS * FRAMES_PER_CHUNK.div_ceil(32);
/// Largest number of chunks of a batch with shared passes, and with a pass for each chunk. Larger
/// batches fill no GPU better.
const MAX_BATCH: [usize; 2] = [256, 64];
/// The same for other GPUs than discrete ones. Systems take a GPU away that works for two seconds
/// without a pause.
const MAX_SLOW_BATCH: [usize; 2] = [32, 8];
/// Buffers of features, which batches use in turn, so that passes can be kept from one to the next.
pub(super) const FEATURES: [&str; 2] = ["features", "other features"];
/// Values of the features of a pass.
pub(super) const SLOT_VALUES: usize = OUT_HEIGHT * PASS_FEATURES * OUT_CHANNELS;

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) gpu: Gpu,
    pub(super) element: Element,
    pub(super) segmentation: Segmentation,
    pub(super) embedding: Embedding,
    pub(super) selection: Selection,
    pub(super) trunk: TrunkPasses,
    pub(super) has_embeddings: bool,
    /// Samples between the starts of chunks, which the size of buffers depends on.
    pub(super) step_samples: usize,
    /// Largest number of chunks of a batch.
    pub(super) batch_chunks: usize,
    /// Buffers of runs that have ended, each with room for a batch.
    spare: Mutex<Vec<Scratch>>,
}

impl Machine {
    /// Opens `adapter`, and brings the networks there. Batches have the size that the kind of GPU
    /// allows.
    ///
    /// # Errors
    /// [`ErrorKind::Device`] if the adapter cannot be used, or if it has too little memory for the
    /// weights.
    pub(super) fn open(
        adapter: &Adapter,
        segmentation: &Tensors<'_>,
        embedding: &Tensors<'_>,
        settings: &AnalysisSettings,
    ) -> Result<Self> {
        let gpu = Gpu::open(adapter).map_err(device_fault)?;
        let is_half = settings.precision_in_force() != Precision::F32 && gpu.summary().has_f16;
        let element = if is_half { Element::F16 } else { Element::F32 };
        let max_batch = if adapter.kind() == AdapterKind::Discrete { MAX_BATCH } else { MAX_SLOW_BATCH };
        let machine = Self {
            segmentation: Segmentation::new(&gpu, element, &weights::segmentation(segmentation)?),
            embedding: Embedding::new(&gpu, element, &weights::embedding(embedding)?),
            selection: Selection::new(&gpu),
            element,
            trunk: settings.trunk,
            has_embeddings: settings.has_embeddings(),
            step_samples: settings.step_samples()?,
            batch_chunks: max_batch[usize::from(settings.trunk == TrunkPasses::PerChunk)],
            spare: Mutex::default(),
            gpu,
        };
        machine.gpu.check().map_err(device_fault)?;
        Ok(machine)
    }

    /// Rows of probabilities of a batch and of the chunks before it.
    pub(super) fn probability_rows(&self, span: &WaveSpan) -> usize {
        span.num_chunks + num_recent(span.step_samples)
    }

    /// Keeps buffers for the next run.
    pub(super) fn keep(&self, scratch: Scratch) {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }

    /// Buffers that were kept.
    pub(super) fn take_spare(&self) -> Option<Scratch> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// A fault of the GPU as an error of the library.
pub(super) fn device_fault(fault: diarist_gpu::Error) -> Error {
    Error::new(ErrorKind::Device, fault.to_string()).hint("the device `cpu` does without it")
}
