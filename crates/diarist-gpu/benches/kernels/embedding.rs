//! Images for the embedding network, one after the other, and sets of their frames.

use diarist_gpu::embedding::{
    DIMENSION, Embedding, FEATURE_FRAMES, FEATURE_ROWS, LIST_LEN, NUM_MEL_BINS, SLOT_LEN, Weights,
};
use diarist_gpu::{Buffer, Element, Gpu, Recorder, Scratch};

use crate::Batch;
use crate::random::Random;

/// Seconds of an image, and its fbank frames up to the next one.
const IMAGE_SECONDS: usize = 10;
const IMAGE_STEP: usize = 1000;
const SAMPLES_PER_FRAME: usize = 160;
/// Sets of a chunk: its three speakers and two subsegments a second.
const CHUNK_SETS: usize = 5;

struct Frames {
    network: Embedding,
    scratch: Scratch,
    num_samples: usize,
    signal: Buffer,
    image_starts: Vec<u32>,
    features: Buffer,
    num_sets: usize,
    lists: Buffer,
    counts: Buffer,
    embeddings: Buffer,
}

/// The images of `num_chunks` seconds, at least one and as many as the buffers can hold. Every set
/// has as many frames as fit in its list, which is the most that its pooling can take.
pub(crate) fn batch(gpu: &Gpu, element: Element, num_chunks: usize) -> impl Batch + use<> {
    let num_sets = CHUNK_SETS * num_chunks;
    let mut num_images = (num_chunks / IMAGE_SECONDS).max(1);
    let num_samples = |num_images: usize| num_images * IMAGE_STEP * SAMPLES_PER_FRAME;
    let fits = |num_images| {
        let (_, largest) = Embedding::scratch_bytes(element, num_samples(num_images), num_images, num_sets);
        largest as u64 <= gpu.summary().max_binding_bytes.min(gpu.summary().max_buffer_bytes)
    };
    while num_images > 1 && !fits(num_images) {
        num_images = num_images.div_ceil(2);
    }
    let num_samples = num_samples(num_images);
    let mut random = Random::new();
    let entry = |set: usize, i: usize| (set % num_images * FEATURE_ROWS * FEATURE_FRAMES + i % FEATURE_FRAMES) as u32;
    let lists: Vec<u32> = (0..num_sets).flat_map(|set| (0..LIST_LEN).map(move |i| entry(set, i))).collect();
    Frames {
        network: Embedding::new(gpu, element, &weights(&mut random)),
        scratch: Scratch::default(),
        num_samples,
        signal: gpu.weights("signal", Element::F32, &random.values(num_samples, 0.5)),
        image_starts: (0..num_images).map(|image| (image * IMAGE_STEP) as u32).collect(),
        features: gpu.buffer("features", num_images * SLOT_LEN * element.num_bytes()),
        num_sets,
        lists: gpu.buffer_of("lists", bytemuck::cast_slice(&lists)),
        counts: gpu.buffer_of("counts", bytemuck::cast_slice(&vec![LIST_LEN as u32; num_sets])),
        embeddings: gpu.buffer("embeddings", num_sets * DIMENSION * 4),
    }
}

fn weights(random: &mut Random) -> Weights {
    let mut convolutions = vec![random.layer(9, 32)];
    let mut channels_in = 32;
    for (channels, num_blocks) in [(32, 3), (64, 4), (128, 6), (256, 3)] {
        for block in 0..num_blocks {
            convolutions.push(random.layer(9 * channels_in, channels));
            convolutions.push(random.layer(9 * channels, channels));
            if block == 0 && channels_in != channels {
                convolutions.push(random.layer(channels_in, channels));
            }
            channels_in = channels;
        }
    }
    // Filters of about the usual width, six bins.
    let bins = |filter: usize| 3 * filter..3 * filter + 6;
    let mel = (0..NUM_MEL_BINS).flat_map(|filter| (0..256).map(move |bin| f32::from(bins(filter).contains(&bin))));
    Weights {
        window: vec![1.0; 400],
        mel: mel.collect(),
        convolutions,
        linear: random.layer(2 * FEATURE_ROWS * 256, DIMENSION),
    }
}

impl Batch for Frames {
    fn audio_seconds(&self) -> usize {
        self.image_starts.len() * IMAGE_SECONDS
    }

    fn size(&self) -> String {
        format!("{} images and {} sets", self.image_starts.len(), self.num_sets)
    }

    fn record(&mut self, recorder: &mut Recorder<'_>) {
        let Self { network, scratch, num_samples, signal, image_starts, features, num_sets, .. } = self;
        network.record_features(recorder, scratch, signal, *num_samples, image_starts, features, 0);
        let Self { lists, counts, embeddings, .. } = self;
        network.record_embeddings(recorder, scratch, features, lists, counts, *num_sets, embeddings);
    }
}
