//! Weights, samples and scores of the segmentation network.

use std::fs::File;

use diarist_gpu::segmentation::{LstmDirection, Segmentation, Weights};
use diarist_gpu::{Element, Gpu, Layer, Recorder, Scratch};
use npyz::NpyFile;
use safetensors::SafeTensors;

pub(crate) const CHUNK_SAMPLES: usize = 160_000;
pub(crate) const FRAMES: usize = 589;
pub(crate) const WORDS: usize = 19;
const CLASSES: usize = 7;

/// Results of the chunks of a batch.
pub(crate) struct Results {
    /// Active speakers of each frame, one bit each.
    pub(crate) masks: Vec<Vec<u8>>,
    /// Speakers and overlap of each frame.
    pub(crate) probabilities: Vec<Vec<[u8; 4]>>,
    /// Output of the last layer before the classifier.
    pub(crate) features: Vec<Vec<u8>>,
}

fn golden(name: &str) -> NpyFile<File> {
    let path = format!("{}/../../fixtures/golden/pyannet/{name}.npy", env!("CARGO_MANIFEST_DIR"));
    NpyFile::new(File::open(path).unwrap()).unwrap()
}

pub(crate) fn samples() -> Vec<f32> {
    golden("samples").into_vec::<i16>().unwrap().into_iter().map(|sample| f32::from(sample) / 32_768.0).collect()
}

pub(crate) fn weights() -> Weights {
    let file = diarist_weights::segmentation();
    let file = SafeTensors::deserialize(&file).unwrap();
    let tensor = |name: &str| -> Vec<f32> {
        let tensor = file.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), safetensors::Dtype::F32, "{name}");
        tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
    };
    let layer = |name: &str| Layer { weight: tensor(&format!("{name}.weight")), bias: tensor(&format!("{name}.bias")) };
    let direction = |layer: usize, suffix: &str| {
        let tensor = |part: &str| tensor(&format!("lstm.{part}_l{layer}{suffix}"));
        LstmDirection {
            weight_ih: tensor("weight_ih"),
            weight_hh: tensor("weight_hh"),
            bias_ih: tensor("bias_ih"),
            bias_hh: tensor("bias_hh"),
        }
    };
    let filters = golden("sinc_filters").into_vec::<f32>().unwrap();
    let (even, odd) = filters.split_at(40 * 251);
    let right_half = |filters: &[f32]| filters.chunks_exact(251).flat_map(|taps| taps[125..].to_vec()).collect();
    let wave = layer("sincnet.wav_norm1d");
    Weights {
        wave_norm: [wave.weight[0], wave.bias[0]],
        even: right_half(even),
        odd: right_half(odd),
        norms: [0, 1, 2].map(|index| layer(&format!("sincnet.norm1d.{index}"))),
        convolutions: [1, 2].map(|index| layer(&format!("sincnet.conv1d.{index}"))),
        lstm: [0, 1, 2, 3].map(|layer| ["", "_reverse"].map(|suffix| direction(layer, suffix))),
        linear: ["linear.0", "linear.1", "classifier"].map(layer),
    }
}

/// Masks and probabilities of one chunk that follow from the golden scores.
pub(crate) struct Expected {
    pub(crate) masks: Vec<u8>,
    pub(crate) probabilities: Vec<[u8; 4]>,
}

pub(crate) fn expected(name: &str) -> Expected {
    let scores = golden(&format!("{name}_scores")).into_vec::<f32>().unwrap();
    assert_eq!(scores.len(), FRAMES * CLASSES);
    let (mut masks, mut probabilities) = (Vec::new(), Vec::new());
    for scores in scores.chunks_exact(CLASSES) {
        let best = (0..CLASSES).rev().max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
        masks.push([0, 1, 2, 4, 3, 5, 6][best]);
        let weights: Vec<f64> = scores.iter().map(|score| f64::from(*score).exp()).collect();
        let total: f64 = weights.iter().sum();
        let share = |classes: [usize; 3]| classes.iter().map(|class| weights[*class]).sum::<f64>() / total;
        let shares = [[1, 4, 5], [2, 4, 6], [3, 5, 6], [4, 5, 6]].map(share);
        probabilities.push(shares.map(|share| (share * 255.0 + 0.5) as u8));
    }
    Expected { masks, probabilities }
}

/// Runs the network over all whole chunks of `signal`.
pub(crate) fn run(gpu: &Gpu, network: &Segmentation, element: Element, signal: &[f32], step_samples: usize) -> Results {
    const FIRST_ROW: usize = 2;
    let num_chunks = (signal.len() - CHUNK_SAMPLES) / step_samples + 1;
    let mut recorder = Recorder::new(gpu);
    let signal = recorder.upload("signal", bytes(signal));
    let mask_bytes = num_chunks * 3 * WORDS * 4;
    let row_bytes = (FIRST_ROW + num_chunks) * FRAMES * 4;
    let (masks, rows) = (gpu.buffer("masks", mask_bytes), gpu.buffer("probabilities", row_bytes));
    let mut scratch = Scratch::default();
    network.record(&mut recorder, &mut scratch, &signal, step_samples, num_chunks, &masks, &rows, FIRST_ROW);
    let num_bytes = scratch.num_bytes() as usize;
    let (told, largest) = Segmentation::scratch_bytes(element, step_samples, num_chunks);
    assert!(num_bytes.abs_diff(told) < 256 && largest < told, "{num_bytes} and {told}");
    let feature_bytes = num_chunks * FRAMES * 128 * element.num_bytes();
    recorder.read(&masks, 0, mask_bytes);
    recorder.read(&rows, 0, row_bytes);
    recorder.read(&scratch.get(gpu, "segmentation features", feature_bytes), 0, feature_bytes);
    let (results, timings) = recorder.run_timed().unwrap();
    super::assert_work(gpu, &timings);
    let words: Vec<u32> = results[0].chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect();
    let bit = |chunk: usize, speaker: usize, t: usize| words[(chunk * 3 + speaker) * WORDS + t / 32] >> (t % 32) & 1;
    let active = |chunk: usize, t: usize| (0..3).map(|speaker| (bit(chunk, speaker, t) as u8) << speaker).sum();
    let beyond = FRAMES..WORDS * 32;
    assert!((0..num_chunks).all(|chunk| beyond.clone().all(|t| (0..3).all(|s| bit(chunk, s, t) == 0))));
    let rows: Vec<[u8; 4]> = results[1].chunks_exact(4).map(|bytes| bytes.try_into().unwrap()).collect();
    let (before, rows) = rows.split_at(FIRST_ROW * FRAMES);
    assert!(before.iter().all(|value| *value == [0; 4]));
    Results {
        masks: (0..num_chunks).map(|chunk| (0..FRAMES).map(|t| active(chunk, t)).collect()).collect(),
        probabilities: rows.chunks_exact(FRAMES).map(<[_]>::to_vec).collect(),
        features: results[2].chunks_exact(feature_bytes / num_chunks).map(<[_]>::to_vec).collect(),
    }
}

fn bytes(values: &[f32]) -> &[u8] {
    bytemuck::cast_slice(values)
}
