//! Times every kernel of both networks, and each network alone.
//!
//!     cargo bench -p diarist-gpu -- [DEVICE] [CHUNKS]
//!
//! DEVICE is `gpu`, the first adapter that is no software (the default), or `gpu:N`, adapter N of
//! all. The segmentation network runs over CHUNKS chunks (128, on a software adapter 2), one each
//! second; the embedding network over CHUNKS / 10 images of ten seconds and 5 * CHUNKS sets of as
//! many frames as a set can have. Fewer chunks run if a buffer would be too large for the adapter.
//! Weights are random. A network runs once before it is timed; a GPU then runs three times, and the
//! fastest counts. TFLOP/s and GB/s are for the work of an ideal kernel, which moves each number
//! once (`Recorder::note_work`), so a rate far below that of the GPU tells what could be gained.
#![allow(clippy::print_stdout, reason = "a bench reports on stdout")]

mod embedding;
mod random;
mod segmentation;
mod table;

use std::time::Instant;

use diarist_gpu::{Adapter, AdapterKind, Element, Gpu, Recorder, Result, Timing, adapters};

use table::Table;

/// A network with the buffers of a batch.
trait Batch {
    /// Seconds of audio that it covers.
    fn audio_seconds(&self) -> usize;

    /// Numbers of its parts.
    fn size(&self) -> String;

    /// Records all its work.
    fn record(&mut self, recorder: &mut Recorder<'_>);
}

/// The fastest of some runs.
struct Run {
    /// Seconds of the clock, from the first record to the end.
    seconds: f64,
    timings: Vec<Timing>,
}

fn main() {
    if let Err(message) = report() {
        println!("{message}");
        std::process::exit(1);
    }
}

fn report() -> std::result::Result<(), String> {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let adapter = adapter(arguments.first().map_or("gpu", String::as_str))?;
    let is_software = adapter.kind() == AdapterKind::Software;
    let num_chunks = match arguments.get(1) {
        Some(text) => text.parse().ok().filter(|count| *count > 0).ok_or(format!("{text}: no number of chunks"))?,
        None => {
            if is_software {
                2
            } else {
                128
            }
        }
    };
    let gpu = Gpu::open(&adapter).map_err(|error| error.to_string())?;
    let summary = gpu.summary();
    println!("{} ({}, {}, {})", summary.name, summary.kind, summary.backend, summary.driver);
    if !gpu.has_timestamps() {
        println!("The adapter does not measure the time of a kernel; the clock measures whole networks.");
    }
    let elements = [Element::F32, Element::F16];
    let elements = elements.into_iter().filter(|element| *element == Element::F32 || summary.has_f16);
    let (mut table, mut rates) = (Table::default(), Vec::new());
    for element in elements {
        let batches: [(&str, Box<dyn Batch>); 2] = [
            ("segmentation", Box::new(segmentation::batch(&gpu, element, num_chunks))),
            ("embedding", Box::new(embedding::batch(&gpu, element, num_chunks))),
        ];
        for (name, mut batch) in batches {
            let network = format!("{name} {}", element.name());
            let Run { seconds, timings } =
                fastest(&gpu, &mut *batch, if is_software { 1 } else { 3 }).map_err(|error| error.to_string())?;
            println!("{network}: {} in {:.2} ms", batch.size(), 1e3 * seconds);
            table.add(&network, timings);
            rates.push(format!("{network} {:.2}", batch.audio_seconds() as f64 / seconds));
        }
    }
    if gpu.has_timestamps() {
        println!("\n{table}");
    }
    println!("seconds of audio a second, one chunk each second: {}", rates.join(", "));
    Ok(())
}

/// The adapter that an argument names.
fn adapter(name: &str) -> std::result::Result<Adapter, String> {
    let mut all = adapters().into_iter();
    if name == "gpu" {
        let first = all.find(|adapter| adapter.kind() != AdapterKind::Software);
        return first.ok_or("No GPU, except for software if `gpu:0` exists.".to_owned());
    }
    let index = name.strip_prefix("gpu:").and_then(|index| index.parse().ok());
    let index = index.ok_or_else(|| format!("{name}: a device is `gpu` or `gpu:N`"))?;
    all.nth(index).ok_or_else(|| format!("{name}: no such adapter"))
}

/// Runs a batch once, then `num_runs` times.
fn fastest(gpu: &Gpu, batch: &mut dyn Batch, num_runs: usize) -> Result<Run> {
    let mut run = || -> Result<Run> {
        let clock = Instant::now();
        let mut recorder = Recorder::new(gpu);
        batch.record(&mut recorder);
        let (_, timings) = recorder.run_timed()?;
        Ok(Run { seconds: clock.elapsed().as_secs_f64(), timings })
    };
    run()?;
    let mut best: Run = run()?;
    for _ in 1..num_runs {
        let next = run()?;
        if next.seconds < best.seconds {
            best = next;
        }
    }
    Ok(best)
}
