//! Speed of the two networks as the pipeline runs them, beside the peak of the core's arithmetic
//! units in the same run.
//!
//! - `cargo bench -p diarist --bench networks [-- avx512]` prints a table for all (or one)
//!   instruction sets. Operations are those of the definition of the layers. Under `cargo test
//!   --benches` each network runs once.
//! - `cargo bench -p diarist --bench networks -- --serve` times single runs on request, for
//!   comparisons that take turns. The instruction set is that of `DIARIST_ISA`.
//!
//! A request is a line `NETWORK PRECISION THREADS INPUT OUTPUT` on stdin; the answer is a line with
//! the milliseconds of the run.
//!
//! - `NETWORK`: `trunk` or `segmentation`.
//! - `PRECISION`: `f32`, `bf16` or `int8` (which is bf16 for `segmentation`).
//! - `THREADS`: the number of threads.
//! - `INPUT`: a file of little-endian f32, `[chunks, 998, 80]` log-mel features around their mean,
//!   or `[chunks, 160000]` samples.
//! - `OUTPUT`: a file for the output, `[chunks, 10, 125, 256]` features or `[chunks, 589, 7]`
//!   scores, or `-` for none.

#![expect(clippy::print_stdout, reason = "a benchmark reports on stdout")]

#[path = "../../diarist-kernels/benches/common/mod.rs"]
mod common;

use std::collections::HashMap;
use std::io::BufRead;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use common::{Arithmetic, Peak, Sample};
use diarist::parts::features::fbank::NUM_MEL_BINS;
use diarist::parts::models::{Precision, Tensors, pyannet, resnet34};
use diarist::parts::segmentation::CHUNK_SAMPLES;
use diarist_kernels::Isa;
use rayon::prelude::*;

/// Log-mel frames in a chunk.
const NUM_FBANK_FRAMES: usize = 998;
/// Rows and values per row of the trunk's features of a chunk.
const FEATURES: (usize, usize) = (10, 125 * 256);
/// Most chunks in one call of the segmentation network.
const BATCH_CHUNKS: usize = 8;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--serve") {
        return serve();
    }
    // Cargo passes --bench only from `cargo bench`.
    let measure = arguments.iter().any(|argument| argument == "--bench");
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let isas: Vec<Isa> =
        Isa::available().into_iter().filter(|isa| wanted.is_none_or(|name| name == isa.name())).collect();
    assert!(!isas.is_empty(), "no such instruction set on this machine: {wanted:?}");
    for isa in isas {
        println!("{}", isa.name());
        for kind in [Kind::Trunk, Kind::Segmentation] {
            for arithmetic in kind.arithmetics(isa) {
                report(kind, *arithmetic, isa, measure);
            }
        }
    }
}

fn report(kind: Kind, arithmetic: Arithmetic, isa: Isa, measure: bool) {
    let network = Network::new(kind, arithmetic, isa);
    for (chunks_per_thread, num_threads) in [(1, 1), (8, 1), (1, 2), (8, 2)] {
        let num_chunks = chunks_per_thread * num_threads;
        let input: Vec<f32> =
            (0..num_chunks * kind.input_len()).map(|i| ((i * 7919) % 1000) as f32 * 1e-3 - 0.5).collect();
        let mut runner = Runner::new(num_threads);
        if !measure {
            runner.run(&network, &input);
            continue;
        }
        let peak = Peak::of(isa, arithmetic);
        let sample = Sample::measure(peak.as_ref(), Duration::from_secs(2), || runner.run(&network, &input));
        let operations = 2e9 * kind.gmac() * num_chunks as f64;
        let name = format!("{} {}, {num_chunks} chunks, {num_threads} threads", kind.name(), arithmetic.name());
        println!("{}", sample.report(&name, num_chunks as f64, operations));
    }
}

fn serve() {
    let mut networks: HashMap<(String, String), Network> = HashMap::new();
    let mut runners: HashMap<usize, Runner> = HashMap::new();
    let mut inputs: HashMap<String, Vec<f32>> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("stdin is text");
        let [network, precision, threads, input, output] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("not a request: {line}");
        };
        let network = networks.entry((network.to_owned(), precision.to_owned())).or_insert_with(|| {
            let kind = [Kind::Trunk, Kind::Segmentation].into_iter().find(|kind| kind.name() == network);
            let arithmetic = ARITHMETICS.into_iter().find(|arithmetic| arithmetic.name() == precision);
            Network::new(kind.expect("a network"), arithmetic.expect("a precision"), Isa::detect())
        });
        let input = inputs.entry(input.to_owned()).or_insert_with(|| {
            let bytes = std::fs::read(input).expect("the input can be read");
            bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
        });
        let num_threads = threads.parse().expect("a number of threads");
        let runner = runners.entry(num_threads).or_insert_with(|| Runner::new(num_threads));
        let start = Instant::now();
        runner.run(network, input);
        let elapsed_ms = start.elapsed().as_secs_f64() * 1e3;
        if output != "-" {
            let bytes: Vec<u8> = runner.outputs.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
            std::fs::write(output, bytes).expect("the output can be written");
        }
        println!("{elapsed_ms:.4}");
    }
}

const ARITHMETICS: [Arithmetic; 3] = [Arithmetic::F32, Arithmetic::Bf16, Arithmetic::Int8];

#[derive(Clone, Copy)]
enum Kind {
    Trunk,
    Segmentation,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Trunk => "trunk",
            Self::Segmentation => "segmentation",
        }
    }

    /// The arithmetic to measure on `isa`: that which lower instruction sets lack in this form.
    fn arithmetics(self, isa: Isa) -> &'static [Arithmetic] {
        match (self, isa.has_dot(), isa.has_bf16()) {
            (Self::Trunk, false, _) => &ARITHMETICS,
            (Self::Trunk, true, false) => &[Arithmetic::Int8],
            (Self::Trunk, true, true) => &[Arithmetic::Bf16],
            (Self::Segmentation, false, _) => &[Arithmetic::F32],
            (Self::Segmentation, true, true) => &[Arithmetic::Bf16],
            (Self::Segmentation, true, false) => &[],
        }
    }

    /// Multiply-adds for one chunk, in thousand millions.
    fn gmac(self) -> f64 {
        match self {
            Self::Trunk => 22.6,
            Self::Segmentation => 1.318,
        }
    }

    /// Input values of one chunk.
    fn input_len(self) -> usize {
        match self {
            Self::Trunk => NUM_FBANK_FRAMES * NUM_MEL_BINS,
            Self::Segmentation => CHUNK_SAMPLES,
        }
    }
}

enum Network {
    Trunk(Box<resnet34::ResNet34>),
    Segmentation(Box<pyannet::PyanNet>),
}

impl Network {
    fn new(kind: Kind, arithmetic: Arithmetic, isa: Isa) -> Self {
        let weights = match kind {
            Kind::Trunk => diarist_weights::embedding(),
            Kind::Segmentation => diarist_weights::segmentation(),
        };
        let tensors = Tensors::parse(&weights, kind.name()).expect("the embedded weights are valid");
        let complete = "the embedded weights are complete";
        let precision = match arithmetic {
            Arithmetic::F32 => Precision::F32,
            Arithmetic::Bf16 => Precision::Bf16,
            Arithmetic::Int8 => Precision::Int8,
        };
        match kind {
            Kind::Trunk => {
                let network = resnet34::ResNet34::with_precision(&tensors, isa, precision);
                Self::Trunk(Box::new(network.expect(complete)))
            }
            Kind::Segmentation => {
                let network = pyannet::PyanNet::with_precision(&tensors, isa, precision);
                Self::Segmentation(Box::new(network.expect(complete)))
            }
        }
    }
}

/// Threads and their working memory, which goes from one chunk or batch to the next as in the
/// pipeline.
struct Runner {
    threads: rayon::ThreadPool,
    trunk: Mutex<Vec<resnet34::Workspace>>,
    segmentation: Mutex<Vec<pyannet::Workspace>>,
    /// The output of the last run, a part for each chunk or batch.
    outputs: Vec<Vec<f32>>,
}

impl Runner {
    fn new(num_threads: usize) -> Self {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(num_threads).build().expect("threads can be started");
        Self { threads, trunk: Mutex::default(), segmentation: Mutex::default(), outputs: Vec::new() }
    }

    /// Runs chunks (trunk) or batches of equal size (segmentation) in parallel.
    fn run(&mut self, network: &Network, input: &[f32]) {
        let Self { threads, trunk, segmentation, outputs } = self;
        let part_len = match network {
            Network::Trunk(_) => Kind::Trunk.input_len(),
            Network::Segmentation(_) => {
                let num_chunks = input.len() / CHUNK_SAMPLES;
                num_chunks.div_ceil(threads.current_num_threads()).min(BATCH_CHUNKS) * CHUNK_SAMPLES
            }
        };
        let parts = input.par_chunks(part_len);
        outputs.resize_with(parts.len(), Vec::new);
        threads.install(|| {
            parts.zip(outputs).with_max_len(1).for_each(|(part, output)| {
                output.clear();
                match network {
                    Network::Trunk(network) => with_workspace(trunk, |workspace| {
                        network.trunk(part, &[0.0; NUM_MEL_BINS], workspace);
                        (0..FEATURES.0)
                            .for_each(|row| output.extend_from_slice(&workspace.features(row)[..FEATURES.1]));
                    }),
                    Network::Segmentation(network) => with_workspace(segmentation, |workspace| {
                        let num_chunks = part.len() / CHUNK_SAMPLES;
                        let chunks = pyannet::Chunks { signal: part, step_samples: CHUNK_SAMPLES, num_chunks };
                        output.extend_from_slice(network.scores(chunks, workspace));
                    }),
                }
            });
        });
    }
}

fn with_workspace<W: Default>(pool: &Mutex<Vec<W>>, work: impl FnOnce(&mut W)) {
    let taken = pool.lock().expect("no thread panicked").pop();
    let mut workspace = taken.unwrap_or_default();
    work(&mut workspace);
    pool.lock().expect("no thread panicked").push(workspace);
}
