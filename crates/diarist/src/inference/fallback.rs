//! Continues on the CPU when another machine fails in the middle of a recording.

use std::collections::VecDeque;

use crate::analysis::Origin;
use crate::error::{Error, ErrorKind, Result};
use crate::segmentation::probabilities::ChunkProbabilities;

use super::backend::{Backend, Notices, Run, Wave, WaveOutput};
use super::wave::{WaveSpan, first_needed, num_recent};

/// A machine that may fail, with the CPU in reserve.
#[derive(Debug)]
pub(super) struct WithFallback<A, B> {
    pub(super) machine: A,
    pub(super) reserve: B,
    pub(super) notices: Notices,
}

impl<A: Backend, B: Backend + Clone + 'static> Backend for WithFallback<A, B> {
    fn wave_chunks(&self) -> usize {
        self.machine.wave_chunks()
    }

    fn note(&self, origin: &mut Origin) {
        self.machine.note(origin);
    }

    fn start(&self) -> Box<dyn Run> {
        let (run, reserve, notices) = (self.machine.start(), Some(self.reserve.clone()), self.notices.clone());
        Box::new(FallbackRun { run, reserve, recent: VecDeque::new(), notices })
    }
}

#[derive(Debug)]
struct FallbackRun<B> {
    run: Box<dyn Run>,
    /// The machine that is used after a fault, until then.
    reserve: Option<B>,
    /// Probabilities of the last chunks, as far as a run needs them to resume.
    recent: VecDeque<ChunkProbabilities>,
    notices: Notices,
}

impl<B: Backend> FallbackRun<B> {
    /// Starts the reserve where the machine has failed with `error`.
    ///
    /// # Errors
    /// `error` if there is no reserve any more, or if it is not a fault of the machine.
    fn switch(&mut self, wave: &Wave<'_>, error: Error) -> Result<()> {
        if error.kind() != ErrorKind::Device {
            return Err(error);
        }
        let Some(reserve) = self.reserve.take() else { return Err(error) };
        self.notices.push(format!("{error}; the CPU does the rest"));
        self.run = reserve.start();
        let span = WaveSpan { num_chunks: 0, ..wave.span };
        if self.run.first_resumed(span.first_chunk, span.step_samples) < span.first_chunk {
            self.run.resume(&Wave { span, ..*wave }, self.recent.make_contiguous())?;
        }
        Ok(())
    }

    fn remember(&mut self, span: &WaveSpan, probabilities: &[ChunkProbabilities]) {
        self.recent.extend(probabilities.iter().cloned());
        let needed = num_recent(span.step_samples);
        self.recent.drain(..self.recent.len().saturating_sub(needed));
    }
}

impl<B: Backend> Run for FallbackRun<B> {
    fn samples_beyond(&self) -> usize {
        self.run.samples_beyond()
    }

    fn first_resumed(&self, next: usize, step_samples: usize) -> usize {
        self.run.first_resumed(next, step_samples)
    }

    fn first_kept(&self, next: usize, step_samples: usize) -> usize {
        match self.reserve {
            Some(_) => first_needed(next, step_samples),
            None => next,
        }
    }

    fn resume(&mut self, wave: &Wave<'_>, recent: &[ChunkProbabilities]) -> Result<()> {
        self.remember(&wave.span, recent);
        self.run.resume(wave, recent).or_else(|error| self.switch(wave, error))
    }

    fn compute(&mut self, wave: &Wave<'_>, out: &mut WaveOutput) -> Result<()> {
        if let Err(error) = self.run.compute(wave, out) {
            self.switch(wave, error)?;
            self.run.compute(wave, out)?;
        }
        self.remember(&wave.span, &out.probabilities);
        Ok(())
    }
}
