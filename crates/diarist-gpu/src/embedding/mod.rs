//! The embedding network: log-mel features, WeSpeaker's ResNet34, and the pooling of sets of
//! frames.
//!
//! The trunk runs over images of 10 s. Its features stay on the GPU in slots, and an embedding is
//! made from any frames of any slots.

mod check;
mod convolution;
mod cooperative;
mod fbank;
mod pooling;
mod trunk;

use std::collections::HashMap;

use wgpu::Buffer;

pub use convolution::{Convolution, Layers, Plane, packed};
pub use cooperative::Cooperative;
pub use fbank::num_frames;
pub use pooling::Sets;

use crate::element::Element;
use crate::gpu::Gpu;
use crate::layer::Layer;
use crate::recorder::{Kernel, Part, Recorder};
use crate::scratch::Scratch;
use crate::shader::Source;
use fbank::Fbank;
use pooling::Pooling;

use trunk::Trunk;

/// Log-mel features of a frame.
pub const NUM_MEL_BINS: usize = 80;
/// Fbank frames of an image: 10 s.
pub const IMAGE_FRAMES: usize = 998;
/// Feature frames of an image.
pub const FEATURE_FRAMES: usize = 125;
/// Frequency rows of the features.
pub const FEATURE_ROWS: usize = 10;
/// Channels of the features.
pub const FEATURE_CHANNELS: usize = 256;
/// Features of an image.
pub const SLOT_LEN: usize = FEATURE_ROWS * FEATURE_FRAMES * FEATURE_CHANNELS;
/// Entries of the list of a set of frames.
pub const LIST_LEN: usize = 128;
/// Numbers of an embedding.
pub const DIMENSION: usize = 256;

/// Weights and tables of the network.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    /// Hamming window, `[400]`.
    pub window: Vec<f32>,
    /// Mel filters over the spectrum without its Nyquist bin, `[80, 256]`.
    pub mel: Vec<f32>,
    /// The 36 convolutions in forward order, a block's shortcut last; weights `[out, in, height,
    /// width]`.
    pub convolutions: Vec<Layer>,
    /// The last layer; weights `[256, 5120]` in the order of the checkpoint: mean or deviation,
    /// channel, frequency.
    pub linear: Layer,
}

/// The network on a GPU.
#[derive(Debug)]
pub struct Embedding {
    fbank: Fbank,
    trunk: Trunk,
    pooling: Pooling,
}

/// Images for the trunk.
#[derive(Debug, Clone, Copy)]
pub struct Images<'a> {
    /// Fbank frames that the images begin at.
    pub starts: &'a [u32],
    /// Fbank frames of each image.
    pub num_frames: usize,
}

/// Compiled kernels by the names of their sources.
#[derive(Debug)]
struct Kernels {
    element: Element,
    cooperative: Option<Cooperative>,
    by_name: HashMap<String, Kernel>,
}

impl Kernels {
    fn new(gpu: &Gpu, element: Element, cooperative: Option<Cooperative>) -> Self {
        let sources = plain_sources(element).into_iter().chain(convolution_sources(element, cooperative));
        let by_name = sources.map(|source| (source.name.clone(), gpu.kernel(&source))).collect();
        Self { element, cooperative, by_name }
    }

    fn get(&self, source: &Source) -> Kernel {
        self.by_name[&source.name].clone()
    }

    fn convolution(&self, convolution: Convolution) -> Kernel {
        self.get(&convolution.source(self.element, self.cooperative))
    }
}

/// Every kernel of the network without cooperative matrices.
pub fn sources(element: Element) -> Vec<Source> {
    plain_sources(element).into_iter().chain(convolution_sources(element, None)).collect()
}

/// The convolutions with cooperative matrices, which no adapter of DX12 has.
pub fn cooperative_sources(cooperative: Cooperative) -> Vec<Source> {
    convolution_sources(Element::F16, Some(cooperative)).collect()
}

fn convolution_sources(element: Element, cooperative: Option<Cooperative>) -> impl Iterator<Item = Source> {
    trunk::convolutions().into_iter().map(move |convolution| convolution.source(element, cooperative))
}

/// The kernels of which there is one form.
fn plain_sources(element: Element) -> Vec<Source> {
    let mut sources = vec![Fbank::source()];
    sources.extend(trunk::first_sources(element));
    sources.extend(pooling::sources(element));
    sources
}

impl Embedding {
    /// Compiles the kernels and uploads the weights. Convolutions in f16 use cooperative matrices
    /// if the adapter has them and computes the same with them.
    ///
    /// # Panics
    /// If weights are missing or have other shapes.
    pub fn new(gpu: &Gpu, element: Element, weights: &Weights) -> Self {
        let cooperative = if element == Element::F16 { check::checked(gpu) } else { None };
        Self::with_cooperative(gpu, element, cooperative, weights)
    }

    /// As [`Self::new`], with cooperative matrices as told. They need [`Element::F16`].
    ///
    /// # Panics
    /// As [`Self::new`].
    pub fn with_cooperative(gpu: &Gpu, element: Element, cooperative: Option<Cooperative>, weights: &Weights) -> Self {
        let kernels = Kernels::new(gpu, element, cooperative);
        Self {
            fbank: Fbank::new(gpu, &kernels, weights),
            trunk: Trunk::new(gpu, &kernels, &weights.convolutions),
            pooling: Pooling::new(gpu, &kernels, &weights.linear),
        }
    }

    /// Computes the features of the images of [`IMAGE_FRAMES`] that begin at the fbank frames
    /// `image_starts` of `signal`, `[num_samples]` in f32. Those of image i go to slot
    /// `first_slot + i` of `features`, `[slot, 10, 125, 256]`.
    ///
    /// # Panics
    /// If an image ends after the signal.
    #[allow(clippy::too_many_arguments, reason = "a slice of a buffer and its place in another")]
    pub fn record_features(
        &self,
        recorder: &mut Recorder<'_>,
        scratch: &mut Scratch,
        signal: &Buffer,
        num_samples: usize,
        image_starts: &[u32],
        features: &Buffer,
        first_slot: usize,
    ) {
        let num_frames = num_frames(num_samples);
        let last = image_starts.iter().max().map_or(0, |start| *start as usize + IMAGE_FRAMES);
        assert!(last <= num_frames, "an image ends at frame {last} of {num_frames}");
        let fbank = scratch.get(recorder.gpu(), "fbank", num_frames * NUM_MEL_BINS * 4);
        self.record_fbank(recorder, signal, num_samples, &fbank);
        let images = Images { starts: image_starts, num_frames: IMAGE_FRAMES };
        self.record_images(recorder, scratch, &fbank, images, features, first_slot);
    }

    /// Computes the log-mel features of all whole frames of `signal`, `[num_samples]`, into
    /// `fbank`, `[frame, 80]`, both in f32.
    pub fn record_fbank(&self, recorder: &mut Recorder<'_>, signal: &Buffer, num_samples: usize, fbank: &Buffer) {
        self.fbank.record(recorder, signal, num_samples, fbank);
    }

    /// Computes the features of images of `fbank`, `[frame, 80]` in f32, into the slots of
    /// `features` from `first_slot` on.
    pub fn record_images(
        &self,
        recorder: &mut Recorder<'_>,
        scratch: &mut Scratch,
        fbank: &Buffer,
        images: Images<'_>,
        features: &Buffer,
        first_slot: usize,
    ) {
        if images.starts.is_empty() {
            return;
        }
        let slot_bytes = trunk::features_len(images.num_frames) * self.trunk.element().num_bytes();
        let features = Part::new(features, first_slot * slot_bytes, images.starts.len() * slot_bytes);
        self.trunk.record(recorder, scratch, fbank, images, &features);
    }

    /// Computes the embeddings of sets of frames, `[num_sets, 256]` in f32, not normalised.
    ///
    /// Set s has the frames in the first `counts[s]` entries of `lists[s]`, `[num_sets, 128]`. An
    /// entry is `slot * 1250 + frame`. The statistics of a set without frames are zero.
    #[allow(clippy::too_many_arguments, reason = "the buffers of one call")]
    pub fn record_embeddings(
        &self,
        recorder: &mut Recorder<'_>,
        scratch: &mut Scratch,
        features: &Buffer,
        lists: &Buffer,
        counts: &Buffer,
        num_sets: usize,
        embeddings: &Buffer,
    ) {
        let sets = Sets { lists, counts, num_sets, row_frames: FEATURE_FRAMES };
        self.record_sets(recorder, scratch, features, sets, embeddings);
    }

    /// As [`Self::record_embeddings`], with slots for images of another length.
    pub fn record_sets(
        &self,
        recorder: &mut Recorder<'_>,
        scratch: &mut Scratch,
        features: &Buffer,
        sets: Sets<'_>,
        embeddings: &Buffer,
    ) {
        self.pooling.record(recorder, scratch, features, sets, embeddings);
    }

    /// Bytes of scratch buffers for so many samples, images and sets: of all, and of the largest.
    pub fn scratch_bytes(element: Element, num_samples: usize, num_images: usize, num_sets: usize) -> (usize, usize) {
        let fbank = num_frames(num_samples) * NUM_MEL_BINS * 4;
        let buffers = trunk::scratch_bytes(element, num_images, IMAGE_FRAMES)
            .into_iter()
            .chain([fbank, pooling::scratch_bytes(num_sets)])
            .map(|bytes| bytes.next_multiple_of(16));
        (buffers.clone().sum(), buffers.max().unwrap_or(0))
    }
}
