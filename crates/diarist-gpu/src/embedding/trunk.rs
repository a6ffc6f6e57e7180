//! The convolutions of ResNet34.

use wgpu::Buffer;

use super::convolution::{Convolution, Layers, Plane, packed};
use super::cooperative::Cooperative;
use super::{FEATURE_CHANNELS, Images, Kernels, NUM_MEL_BINS};
use crate::element::Element;
use crate::gpu::Gpu;
use crate::layer::Layer;
use crate::recorder::{Kernel, Part, Recorder};
use crate::scratch::Scratch;
use crate::shader::{Source, shader};
use crate::work;

/// Channels and number of blocks of each stage. The first block of every stage but the first halves
/// both axes.
const STAGES: [(usize, usize); 4] = [(32, 3), (64, 4), (128, 6), (256, 3)];
const STEM_CHANNELS: usize = 32;
/// Frames of a group of the stem.
const STEM_FRAMES: usize = 16;
/// Features of a group of the mean.
const MEAN_BINS: usize = 16;

/// A place for activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The numbers carried around the blocks of the first and third stage.
    Wide,
    /// Those of the second stage.
    Narrow,
    /// Those of the fourth stage, which are the features at the end.
    Features,
    /// The numbers between the two convolutions of a block.
    Hidden,
}

/// A convolution with its place in the network.
#[derive(Debug, Clone, Copy)]
struct Step {
    convolution: Convolution,
    /// Place among the layers of the checkpoint.
    layer: usize,
    /// Halvings of the input's axes.
    stage: usize,
    from: Place,
    to: Place,
}

/// The convolutions after the stem, in order. The second convolution of a block adds to the carried
/// numbers, which it overwrites. The shortcut of a block makes them anew before that.
fn steps() -> Vec<Step> {
    let mut steps = Vec::new();
    let (mut layer, mut carried, mut channels_in) = (1, Place::Wide, STEM_CHANNELS);
    for (stage, (channels, num_blocks)) in STAGES.into_iter().enumerate() {
        for block in 0..num_blocks {
            let is_reducing = stage > 0 && block == 0;
            let (from_stage, stride) = if is_reducing { (stage - 1, 2) } else { (stage, 1) };
            let first =
                Convolution { channels_in, channels_out: channels, num_taps: 9, stride, adds: false, rectifies: true };
            steps.push(Step { convolution: first, layer, stage: from_stage, from: carried, to: Place::Hidden });
            if is_reducing {
                let to = [Place::Wide, Place::Narrow, Place::Wide, Place::Features][stage];
                let convolution = Convolution { num_taps: 1, rectifies: false, ..first };
                steps.push(Step { convolution, layer: layer + 2, stage: from_stage, from: carried, to });
                carried = to;
            }
            let convolution = Convolution { channels_in: channels, stride: 1, adds: true, ..first };
            steps.push(Step { convolution, layer: layer + 1, stage, from: Place::Hidden, to: carried });
            layer += if is_reducing { 3 } else { 2 };
            channels_in = channels;
        }
    }
    steps
}

/// The plane of a stage.
fn plane(num_frames: usize, stage: usize) -> Plane {
    Plane { height: NUM_MEL_BINS, width: num_frames }.strided(1 << stage)
}

/// Features of an image.
pub(super) fn features_len(num_frames: usize) -> usize {
    plane(num_frames, STAGES.len() - 1).num_pixels() * FEATURE_CHANNELS
}

/// Bytes of the buffers `Wide`, `Narrow` and `Hidden`, and of the means.
pub(super) fn scratch_bytes(element: Element, num_images: usize, num_frames: usize) -> [usize; 4] {
    let bytes = |stage: usize| {
        let len = plane(num_frames, stage).num_pixels() * STAGES[stage].0;
        num_images * len * element.num_bytes()
    };
    [bytes(0), bytes(1), bytes(0), num_images * NUM_MEL_BINS * 4]
}

fn mean_source() -> Source {
    shader!("image_mean").source(Element::F32, &[])
}

fn stem_source(element: Element) -> Source {
    shader!("stem").source(element, &[])
}

/// The kinds of convolutions.
pub(super) fn convolutions() -> Vec<Convolution> {
    let mut convolutions: Vec<Convolution> = Vec::new();
    for Step { convolution, .. } in steps() {
        if !convolutions.contains(&convolution) {
            convolutions.push(convolution);
        }
    }
    convolutions
}

/// The kernels before the convolutions.
pub(super) fn first_sources(element: Element) -> [Source; 2] {
    [mean_source(), stem_source(element)]
}

/// Weights of a layer on the GPU.
#[derive(Debug)]
struct Uploaded {
    weight: Buffer,
    bias: Buffer,
}

impl Uploaded {
    fn new(gpu: &Gpu, element: Element, layer: &Layer, channels_in: usize, num_taps: usize) -> Self {
        assert_eq!(layer.weight.len(), layer.bias.len() * channels_in * num_taps, "weights of a convolution");
        Self {
            weight: gpu.weights("convolution", element, &packed(&layer.weight, channels_in, num_taps)),
            bias: gpu.weights("bias", Element::F32, &layer.bias),
        }
    }
}

#[derive(Debug)]
pub(super) struct Trunk {
    element: Element,
    cooperative: Option<Cooperative>,
    mean: Kernel,
    stem: (Kernel, Uploaded),
    steps: Vec<(Step, Kernel, Uploaded)>,
}

impl Trunk {
    pub(super) fn new(gpu: &Gpu, kernels: &Kernels, layers: &[Layer]) -> Self {
        let element = kernels.element;
        let steps: Vec<Step> = steps();
        assert_eq!(layers.len(), 1 + steps.len(), "convolutions");
        let load = |step: Step| {
            let Convolution { channels_in, channels_out, num_taps, .. } = step.convolution;
            let layer = &layers[step.layer];
            assert_eq!(layer.bias.len(), channels_out, "outputs of a convolution");
            let weights = Uploaded::new(gpu, element, layer, channels_in, num_taps);
            (step, kernels.convolution(step.convolution), weights)
        };
        Self {
            element,
            cooperative: kernels.cooperative,
            mean: kernels.get(&mean_source()),
            stem: (kernels.get(&stem_source(element)), Uploaded::new(gpu, element, &layers[0], 1, 9)),
            steps: steps.into_iter().map(load).collect(),
        }
    }

    pub(super) fn element(&self) -> Element {
        self.element
    }

    /// Computes the features of the images one after the other in `features`.
    pub(super) fn record(
        &self,
        recorder: &mut Recorder<'_>,
        scratch: &mut Scratch,
        fbank: &Buffer,
        images: Images<'_>,
        features: &Part,
    ) {
        let (gpu, num_images) = (recorder.gpu(), images.starts.len());
        let [wide, narrow, hidden, means] = scratch_bytes(self.element, num_images, images.num_frames);
        let means = scratch.get(gpu, "means", means);
        let wide = Part::from(&scratch.get(gpu, "wide", wide));
        let narrow = Part::from(&scratch.get(gpu, "narrow", narrow));
        let hidden = Part::from(&scratch.get(gpu, "hidden", hidden));
        self.record_stem(recorder, fbank, images, &means, &wide);
        let part = |place: Place| match place {
            Place::Wide => &wide,
            Place::Narrow => &narrow,
            Place::Features => features,
            Place::Hidden => &hidden,
        };
        for (step, kernel, Uploaded { weight, bias }) in &self.steps {
            let plane = plane(images.num_frames, step.stage);
            let layers =
                Layers { num_images, plane, from: part(step.from), to: part(step.to), cooperative: self.cooperative };
            step.convolution.record(recorder, kernel, [weight, bias], layers);
            let (flop, bytes) = step.convolution.work(self.element, layers);
            recorder.note_work(flop, bytes);
        }
    }

    fn record_stem(&self, recorder: &mut Recorder<'_>, fbank: &Buffer, images: Images<'_>, means: &Buffer, to: &Part) {
        let Images { starts, num_frames } = images;
        let num_images = starts.len();
        let starts = recorder.upload("image starts", bytemuck::cast_slice(starts));
        let groups = [NUM_MEL_BINS / MEAN_BINS, num_images, 1];
        recorder.dispatch(&self.mean, &[num_frames as u32], [fbank, &starts, means], groups);
        // Two passes of a difference and a sum.
        let len = num_images * num_frames * NUM_MEL_BINS;
        recorder.note_work(work::per_number(4, len), work::bytes(Element::F32, len, num_images * NUM_MEL_BINS));
        let (kernel, Uploaded { weight, bias }) = &self.stem;
        let parts = [fbank, &starts, means, weight, bias].map(Part::from);
        let groups = [num_frames.div_ceil(STEM_FRAMES), num_images, 1];
        recorder.dispatch(kernel, &[num_frames as u32], parts.into_iter().chain([to.clone()]), groups);
        let stored = (len + 9) * STEM_CHANNELS;
        recorder.note_work(work::product([len, 9, STEM_CHANNELS]), work::bytes(self.element, stored, len));
    }
}
