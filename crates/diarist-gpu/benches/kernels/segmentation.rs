//! Chunks for the segmentation network, one each second.

use diarist_gpu::segmentation::{LstmDirection, Segmentation, Weights};
use diarist_gpu::{Buffer, Element, Gpu, Layer, Recorder, Scratch};

use crate::Batch;
use crate::random::Random;

const RATE: usize = 16_000;
const CHUNK_SAMPLES: usize = 10 * RATE;
/// Words of the masks of a chunk, and of its probabilities.
const MASKS: usize = 3 * 19;
const FRAMES: usize = 589;

struct Chunks {
    network: Segmentation,
    scratch: Scratch,
    num_chunks: usize,
    signal: Buffer,
    masks: Buffer,
    probabilities: Buffer,
}

/// As many chunks as the buffers can hold, up to `num_chunks`.
pub(crate) fn batch(gpu: &Gpu, element: Element, mut num_chunks: usize) -> impl Batch + use<> {
    let fits = |num_chunks| {
        let (_, largest) = Segmentation::scratch_bytes(element, RATE, num_chunks);
        largest as u64 <= gpu.summary().max_binding_bytes.min(gpu.summary().max_buffer_bytes)
    };
    while !fits(num_chunks) {
        num_chunks = num_chunks.div_ceil(2);
    }
    let mut random = Random::new();
    let samples = random.values((num_chunks - 1) * RATE + CHUNK_SAMPLES, 0.5);
    Chunks {
        network: Segmentation::new(gpu, element, &weights(&mut random)),
        scratch: Scratch::default(),
        num_chunks,
        signal: gpu.weights("signal", Element::F32, &samples),
        masks: gpu.buffer("masks", 4 * num_chunks * MASKS),
        probabilities: gpu.buffer("probabilities", 4 * num_chunks * FRAMES),
    }
}

fn weights(random: &mut Random) -> Weights {
    let mut direction = |inputs| LstmDirection {
        weight_ih: random.layer(inputs, 512).weight,
        weight_hh: random.layer(128, 512).weight,
        bias_ih: vec![0.0; 512],
        bias_hh: vec![0.0; 512],
    };
    let lstm = [60, 256, 256, 256].map(|inputs| [direction(inputs), direction(inputs)]);
    let norm = |channels| Layer { weight: vec![1.0; channels], bias: vec![0.0; channels] };
    Weights {
        wave_norm: [1.0, 0.0],
        even: random.values(40 * 126, 0.1),
        odd: random.values(40 * 126, 0.1),
        norms: [80, 60, 60].map(norm),
        convolutions: [80, 60].map(|inputs| random.layer(5 * inputs, 60)),
        lstm,
        linear: [(256, 128), (128, 128), (128, 7)].map(|(inputs, outputs)| random.layer(inputs, outputs)),
    }
}

impl Batch for Chunks {
    fn audio_seconds(&self) -> usize {
        self.num_chunks
    }

    fn size(&self) -> String {
        format!("{} chunks", self.num_chunks)
    }

    fn record(&mut self, recorder: &mut Recorder<'_>) {
        let Self { network, scratch, num_chunks, signal, masks, probabilities } = self;
        network.record(recorder, scratch, signal, RATE, *num_chunks, masks, probabilities, 0);
    }
}
