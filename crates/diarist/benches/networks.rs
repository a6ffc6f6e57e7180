//! Time of the networks for one chunk of 10 s on one thread, per instruction set: `cargo bench -p diarist [-- avx512]`.
//!
//! Figures are the best of several calls, which is what a quiet machine gives. Under `cargo test --benches` each runs once.

#![expect(clippy::print_stdout, reason = "a benchmark reports on stdout")]

use std::time::Instant;

use diarist::features::fbank::NUM_MEL_BINS;
use diarist::models::Tensors;
use diarist::models::resnet34::{EMBEDDING_DIMENSION, ResNet34, Workspace};
use diarist::segmentation::FRAMES_PER_CHUNK;
use diarist::segmentation::masks::FrameMask;
use diarist_kernels::Isa;

/// Log-mel frames in a chunk.
const NUM_FBANK_FRAMES: usize = 998;
/// Multiply-adds of the trunk for one chunk.
const TRUNK_GMAC: f64 = 22.6;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo passes --bench only from `cargo bench`.
    let num_calls = if arguments.iter().any(|argument| argument == "--bench") { 20 } else { 1 };
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let tensors = Tensors::parse(diarist_weights::embedding(), "embedding").expect("the embedded weights are valid");
    for isa in Isa::available().into_iter().filter(|isa| wanted.is_none_or(|name| name == isa.name())) {
        let network = ResNet34::with_isa(&tensors, isa).expect("the embedded weights are complete");
        let fbank: Vec<f32> = (0..NUM_FBANK_FRAMES * NUM_MEL_BINS).map(|i| ((i * 7919) % 1000) as f32 * 0.01).collect();
        let mut workspace = Workspace::default();
        let trunk = best_ms(num_calls, || network.trunk(&fbank, &[5.0; NUM_MEL_BINS], &mut workspace));
        let mut mask = FrameMask::default();
        (0..FRAMES_PER_CHUNK).for_each(|t| mask.insert(t));
        let mut embedding = [0.0; EMBEDDING_DIMENSION];
        let embed = best_ms(10 * num_calls, || network.embed(&workspace, &mask, &mut embedding));
        let gflops = 2.0 * TRUNK_GMAC / trunk * 1e3;
        println!("{}: resnet34 trunk {trunk:.1} ms ({gflops:.0} GFLOP/s), embed one mask {embed:.3} ms", isa.name());
    }
}

/// Shortest call in milliseconds, after one to warm up.
fn best_ms(num_calls: usize, mut run: impl FnMut()) -> f64 {
    run();
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1e3
    };
    (0..num_calls).map(time).fold(f64::INFINITY, f64::min)
}
