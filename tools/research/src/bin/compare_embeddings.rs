//! Compares embeddings in other precisions, or of weights in stored forms, with those of the
//! embedded weights in f32: cosine and time, on one thread. The input are recordings in chunks of
//! 10 s every 5 s, with masks of the embedded segmentation network.
//!
//! A variant is a precision (`bf16`), a file of weights for the embedding network, or both
//! (`bf16=FILE`):
//!
//! ```text
//! cargo run --release -p diarist-research --bin compare_embeddings -- \
//!     bf16 small/wespeaker-resnet34-lm.safetensors -- *.wav
//! ```

#![expect(clippy::print_stdout, reason = "the table goes to stdout")]

use std::path::Path;
use std::time::Instant;

use diarist::parts::audio::{self, AudioSource};
use diarist::parts::features::fbank::{Fbank, chunk_mean};
use diarist::parts::models::pyannet::{self, Chunks, PyanNet};
use diarist::parts::models::resnet34::{EMBEDDING_DIMENSION, ResNet34, Workspace};
use diarist::parts::models::{Precision, Tensors};
use diarist::parts::segmentation::CHUNK_SAMPLES;
use diarist::parts::segmentation::masks::{ChunkMasks, FrameMask};
use diarist_kernels::Isa;

struct Variant {
    name: String,
    network: ResNet34,
    workspace: Workspace,
    cosines: Vec<f64>,
    /// Time of each chunk relative to f32.
    times: Vec<f64>,
}

fn main() -> diarist::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let split = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let mut variants = vec![variant("f32")?, variant("f32")?];
    for name in &arguments[..split] {
        variants.push(variant(name)?);
    }
    let segmentation = PyanNet::new(&Tensors::parse(&diarist_weights::segmentation(), "segmentation network")?)?;
    let mut workspace = pyannet::Workspace::default();
    let mut fbank = Fbank::new();
    for path in arguments.iter().skip(split + 1) {
        let mut source = audio::open(Path::new(path))?;
        let mut samples = Vec::new();
        while source.read(&mut samples)? {}
        for chunk in samples.windows(CHUNK_SAMPLES).step_by(CHUNK_SAMPLES / 2) {
            let mut masks = [ChunkMasks::default()];
            segmentation.masks(Chunks::one(chunk), &mut workspace, &mut masks);
            let masks: Vec<FrameMask> = masks[0].embedding_masks().into_iter().flatten().collect();
            let mut frames = Vec::new();
            fbank.compute(chunk, &mut frames);
            compare(&frames, &masks, &mut variants);
        }
    }
    println!("{:>10} {:>9} {:>9} {:>7}  variant", "embeddings", "mean", "lowest", "time");
    for Variant { name, cosines, times, .. } in variants.iter_mut().skip(1) {
        let lowest = cosines.iter().copied().fold(1.0, f64::min);
        let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
        times.sort_by(f64::total_cmp);
        let time = times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
        println!("{:>10} {mean:>9.6} {lowest:>9.6} {time:>7.3}  {name}", cosines.len());
    }
    Ok(())
}

fn variant(name: &str) -> diarist::Result<Variant> {
    let (precision, file) =
        match (name.split_once('='), Precision::ALL.iter().any(|precision| precision.name() == name)) {
            (Some((precision, file)), _) => (precision, Some(file)),
            (None, true) => (name, None),
            (None, false) => ("f32", Some(name)),
        };
    let precision = Precision::ALL.into_iter().find(|known| known.name() == precision);
    let precision = precision.ok_or_else(|| diarist::Error::invalid_option(format!("unknown precision in {name}")))?;
    let tensors = match file {
        Some(file) => Tensors::open(Path::new(file))?,
        None => Tensors::parse(&diarist_weights::embedding(), "embedding network")?.into_owned(),
    };
    Ok(Variant {
        name: name.to_owned(),
        network: ResNet34::with_precision(&tensors, Isa::detect(), precision)?,
        workspace: Workspace::default(),
        cosines: Vec::new(),
        times: Vec::new(),
    })
}

/// Compares the other variants with the first one.
fn compare(frames: &[f32], masks: &[FrameMask], variants: &mut [Variant]) {
    let mean = chunk_mean(frames);
    let mut expected = Vec::new();
    let mut expected_s = 0.0;
    for (index, Variant { network, workspace, cosines, times, .. }) in variants.iter_mut().enumerate() {
        let start = Instant::now();
        network.trunk_for(frames, &mean, masks.iter(), workspace);
        let mut embeddings = vec![[0.0; EMBEDDING_DIMENSION]; masks.len()];
        for (mask, embedding) in masks.iter().zip(&mut embeddings) {
            network.embed(workspace, mask, embedding);
        }
        let elapsed_s = start.elapsed().as_secs_f64();
        if index == 0 {
            (expected, expected_s) = (embeddings, elapsed_s);
        } else if !masks.is_empty() {
            cosines.extend(embeddings.iter().zip(&expected).map(|(a, b)| cosine(a, b)));
            times.push(elapsed_s / expected_s);
        }
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}
