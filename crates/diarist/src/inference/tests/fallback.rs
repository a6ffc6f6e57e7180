//! The CPU continues where another machine broke.

use std::sync::Arc;

use crate::Recording;
use crate::error::{Error, ErrorKind, Result};
use crate::inference::backend::{Backend, Notices, Run, Wave, WaveOutput};
use crate::inference::cpu::Cpu;
use crate::inference::fallback::WithFallback;
use crate::inference::networks::Networks;
use crate::inference::settings::TrunkPasses;
use crate::inference::{AnalysisSettings, Analyzer};
use crate::segmentation::probabilities::ChunkProbabilities;

/// The CPU, as a machine that breaks after the chunk `last`.
#[derive(Debug)]
struct Fragile {
    cpu: Cpu,
    last: usize,
}

#[derive(Debug)]
struct FragileRun {
    run: Box<dyn Run>,
    last: usize,
}

impl Backend for Fragile {
    fn wave_chunks(&self) -> usize {
        3
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(FragileRun { run: self.cpu.start(), last: self.last })
    }
}

impl Run for FragileRun {
    fn samples_beyond(&self) -> usize {
        self.run.samples_beyond()
    }

    fn first_resumed(&self, next: usize, step_samples: usize) -> usize {
        self.run.first_resumed(next, step_samples)
    }

    fn resume(&mut self, wave: &Wave<'_>, recent: &[ChunkProbabilities]) -> Result<()> {
        self.run.resume(wave, recent)
    }

    fn compute(&mut self, wave: &Wave<'_>, out: &mut WaveOutput) -> Result<()> {
        if wave.span.next_chunk() > self.last {
            return Err(Error::new(ErrorKind::Device, "the machine broke"));
        }
        self.run.compute(wave, out)
    }
}

#[test]
fn the_cpu_continues_with_the_same_bits() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/audio/conversation.flac");
    for (trunk, step_s) in [(TrunkPasses::Shared, 2.0), (TrunkPasses::PerChunk, 8.0)] {
        let settings = AnalysisSettings { trunk, step_s, ..AnalysisSettings::default() };
        let networks = Arc::new(Networks::load(&settings).unwrap());
        let analyzer = Analyzer::with_networks(Arc::clone(&networks), &settings).unwrap();
        let whole = analyzer.analyze(path).unwrap();
        assert!(whole.warnings.is_empty() && whole.analysis.masks.len() > 4);
        for last in [0, 3] {
            let cpu = Cpu::new(Arc::clone(&networks), &settings);
            let notices = Notices::default();
            let machine = Fragile { cpu: cpu.clone(), last };
            let backend = Box::new(WithFallback { machine, reserve: cpu, notices: notices.clone() });
            let analyzer = Analyzer::with_backend(Arc::clone(&networks), &settings, backend, notices).unwrap();
            let found = analyzer.analyze(Recording::new(path)).unwrap();
            assert!(found.analysis == whole.analysis, "{trunk:?}, every {step_s} s, broke after chunk {last}");
            assert_eq!(found.warnings, ["the machine broke; the CPU does the rest"]);
        }
    }
}
