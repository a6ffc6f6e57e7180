//! The unified model beside the separate calls on the same chunks, in turn.
//!
//! `cargo bench -p diarist --bench chunk_model` prints the fastest run of each side, and the median
//! of the ratios of neighbouring runs. Under `cargo test --benches` one round runs. Both sides keep
//! their buffers and give the same bits.

#![expect(clippy::print_stdout, reason = "a benchmark reports on stdout")]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use diarist::parts::audio::{self, AudioSource};
use diarist::parts::features::fbank::{Fbank, chunk_mean};
use diarist::parts::inference::{ChunkModel, ChunkScoreOptions, ChunkScores, Networks, score_chunk};
use diarist::parts::models::Tensors;
use diarist::parts::models::pyannet::{self, Chunks, PyanNet};
use diarist::parts::models::resnet34::{self, EMBEDDING_DIMENSION, ResNet34};
use diarist::parts::segmentation::masks::ChunkMasks;
use diarist::parts::segmentation::{CHUNK_SAMPLES, LOCAL_SPEAKERS};

/// Rounds of a measurement; each runs every chunk once on either side.
const NUM_ROUNDS: usize = 24;

/// The same work call by call.
struct Separate {
    segmentation: PyanNet,
    embedding: ResNet34,
    fbank: Fbank,
    frames: Vec<f32>,
    segmentation_workspace: pyannet::Workspace,
    embedding_workspace: resnet34::Workspace,
    scores: ChunkScores,
}

impl Separate {
    fn new() -> Self {
        let [segmentation, embedding] = [diarist_weights::segmentation(), diarist_weights::embedding()];
        let tensors = |bytes, what| Tensors::parse(bytes, what).expect("the embedded weights are whole");
        Self {
            segmentation: PyanNet::new(&tensors(&segmentation, "segmentation")).expect("segmentation"),
            embedding: ResNet34::new(&tensors(&embedding, "embedding")).expect("embedding"),
            fbank: Fbank::new(),
            frames: Vec::new(),
            segmentation_workspace: pyannet::Workspace::default(),
            embedding_workspace: resnet34::Workspace::default(),
            scores: ChunkScores::default(),
        }
    }

    fn run(&mut self, audio: &[f32], known: &[f32]) -> &ChunkScores {
        let mut masks = [ChunkMasks::default()];
        self.segmentation.masks(Chunks::one(audio), &mut self.segmentation_workspace, &mut masks);
        let speakers = masks[0].embedding_masks();
        self.frames.clear();
        self.fbank.compute(audio, &mut self.frames);
        let mean = chunk_mean(&self.frames);
        self.embedding.trunk_for(&self.frames, &mean, speakers.iter().flatten(), &mut self.embedding_workspace);
        let mut embeddings = [[0.0; EMBEDDING_DIMENSION]; LOCAL_SPEAKERS];
        for (mask, embedding) in speakers.iter().zip(&mut embeddings) {
            if let Some(mask) = mask {
                self.embedding.embed(&self.embedding_workspace, mask, embedding);
            }
        }
        let present = std::array::from_fn(|local| speakers[local].is_some().then_some(&embeddings[local][..]));
        score_chunk(&present, known, &masks[0], &ChunkScoreOptions::default(), &mut self.scores);
        &self.scores
    }
}

fn main() {
    // Cargo passes --bench only from `cargo bench`.
    let num_rounds = if std::env::args().any(|argument| argument == "--bench") { NUM_ROUNDS } else { 1 };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/audio/conversation.flac");
    let mut file = audio::open(&path).expect("the sample can be read");
    let mut samples = Vec::new();
    while file.read(&mut samples).expect("the sample is whole") {}
    let chunks: Vec<&[f32]> = samples.chunks_exact(CHUNK_SAMPLES).collect();
    let known = vec![0.5; 4 * EMBEDDING_DIMENSION];

    let networks = Networks::embedded().expect("the embedded weights are whole");
    let mut unified = ChunkModel::new(&networks);
    let mut separate = Separate::new();
    for audio in &chunks {
        let expected = unified.run(audio, &known, &ChunkScoreOptions::default()).expect("a chunk").scores.clone();
        assert!(*separate.run(audio, &known) == expected, "both sides give the same");
    }
    // The fastest run of each chunk and side: other work of the machine disturbs it least.
    let mut fastest_ms = vec![[f64::INFINITY; 2]; chunks.len()];
    let mut ratios = Vec::new();
    for round in 0..num_rounds {
        for (index, audio) in chunks.iter().enumerate() {
            let mut times_ms = [0.0; 2];
            // Each side goes first as often as the other.
            for side in [(round + index) % 2, (round + index + 1) % 2] {
                let clock = Instant::now();
                match side {
                    0 => drop(black_box(unified.run(audio, &known, &ChunkScoreOptions::default()).is_ok())),
                    _ => drop(black_box(separate.run(audio, &known).valid)),
                }
                times_ms[side] = clock.elapsed().as_secs_f64() * 1e3;
                fastest_ms[index][side] = times_ms[side].min(fastest_ms[index][side]);
            }
            ratios.push(times_ms[1] / times_ms[0]);
        }
    }
    let [unified_ms, separate_ms] =
        [0, 1].map(|side| fastest_ms.iter().map(|times_ms| times_ms[side]).sum::<f64>() / chunks.len() as f64);
    ratios.sort_by(f64::total_cmp);
    println!(
        "fastest runs: unified {unified_ms:.2} ms per chunk, separate {separate_ms:.2} ms, separate / unified {:.4}; median of {} ratios {:.4}",
        separate_ms / unified_ms,
        ratios.len(),
        ratios[ratios.len() / 2]
    );
}
