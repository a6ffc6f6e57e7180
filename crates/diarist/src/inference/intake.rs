//! A rolling buffer between the audio stream and the networks, with the samples of the present
//! chunks.
//!
//! Samples are discarded that no unfinished chunk needs. Shared trunk passes may need some before
//! the oldest unfinished chunk, should another machine have to continue.

use crate::analysis::ChunkGeometry;
use crate::audio::{AudioSource, SourceTimes};
use crate::error::Result;
use crate::models::pyannet::Chunks;
use crate::segmentation::CHUNK_SAMPLES;

/// Samples of the present chunks.
#[derive(Debug)]
pub(super) struct Window {
    step_samples: usize,
    /// The chunk that starts at `samples[0]`.
    first_chunk: usize,
    samples: Vec<f32>,
}

impl Window {
    /// A window without samples that begins with `first_chunk`.
    pub(super) fn new(step_samples: usize, first_chunk: usize) -> Self {
        Self { step_samples, first_chunk, samples: Vec::new() }
    }

    /// Appends the next samples.
    pub(super) fn extend(&mut self, samples: &[f32]) {
        self.samples.extend_from_slice(samples);
    }

    /// Number of whole chunks from `first_chunk` on that are in the window with `beyond` samples
    /// after them.
    pub(super) fn num_whole_chunks(&self, first_chunk: usize, beyond: usize) -> usize {
        let after_first = self.samples.len().checked_sub(self.offset(first_chunk) + CHUNK_SAMPLES + beyond);
        after_first.map_or(0, |rest| rest / self.step_samples + 1)
    }

    /// Pads with zeros up to the end of `num_chunks` chunks from `first_chunk` on.
    pub(super) fn pad(&mut self, first_chunk: usize, num_chunks: usize) {
        let needed = self.offset(first_chunk) + (num_chunks - 1) * self.step_samples + CHUNK_SAMPLES;
        self.samples.resize(needed.max(self.samples.len()), 0.0);
    }

    /// Position of the first sample in the recording.
    pub(super) fn first_sample(&self) -> usize {
        self.first_chunk * self.step_samples
    }

    /// All samples of the window.
    pub(super) fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// The samples of `num_chunks` chunks from `first_chunk` on.
    pub(super) fn chunks(&self, first_chunk: usize, num_chunks: usize) -> Chunks<'_> {
        let signal = &self.samples[self.offset(first_chunk)..];
        Chunks { signal, step_samples: self.step_samples, num_chunks }
    }

    fn offset(&self, chunk: usize) -> usize {
        (chunk - self.first_chunk) * self.step_samples
    }

    /// Discards everything before `chunk`.
    pub(super) fn discard_before(&mut self, chunk: usize) {
        let gone = self.offset(chunk).min(self.samples.len());
        self.samples.drain(..gone);
        self.first_chunk = chunk;
    }
}

/// The audio stream, with the samples that were read ahead.
pub(super) struct Reader<'a> {
    source: &'a mut dyn AudioSource,
    ahead: Vec<f32>,
    /// Samples read from the source so far.
    num_samples: u64,
    finished: bool,
}

impl Reader<'_> {
    /// Reads until `needed` samples have been read ahead, or until the recording ends. To be called
    /// while other threads compute, because decoding and resampling cannot be divided among
    /// threads.
    pub(super) fn read_ahead(&mut self, needed: usize) -> Result<()> {
        while !self.finished && self.ahead.len() < needed {
            let before = self.ahead.len();
            self.finished = !self.source.read(&mut self.ahead)?;
            self.num_samples += (self.ahead.len() - before) as u64;
        }
        Ok(())
    }
}

/// Fills a [`Window`] from the audio stream.
pub(super) struct Intake<'a> {
    reader: Reader<'a>,
    window: Window,
}

impl<'a> Intake<'a> {
    /// An intake for a recording whose chunks before `first_chunk` are not needed. `source` begins
    /// at the start of that chunk.
    pub(super) fn new(source: &'a mut dyn AudioSource, step_samples: usize, first_chunk: usize) -> Self {
        let window = Window::new(step_samples, first_chunk);
        let num_samples = (first_chunk * step_samples) as u64;
        let reader = Reader { source, ahead: Vec::new(), num_samples, finished: false };
        Self { reader, window }
    }

    pub(super) fn window(&self) -> &Window {
        &self.window
    }

    /// The stream and the window, so that one can read ahead while the other is in use.
    pub(super) fn split(&mut self) -> (&mut Reader<'a>, &Window) {
        (&mut self.reader, &self.window)
    }

    /// Time that the stream has taken so far.
    pub(super) fn source_times(&self) -> SourceTimes {
        self.reader.source.times()
    }

    /// Length of the recording in samples so far; final once [`Self::read_chunks`] has returned 0.
    pub(super) fn geometry(&self) -> ChunkGeometry {
        ChunkGeometry { step_samples: self.window.step_samples, num_samples: self.reader.num_samples }
    }

    /// Length of the recording in seconds, if known: exact at its end, and before that as the
    /// container states it.
    pub(super) fn total_s(&self) -> Option<f64> {
        if self.reader.finished { Some(self.geometry().duration_s()) } else { self.reader.source.duration_hint_s() }
    }

    /// Number of chunks of the recording, once all of it is in the window.
    pub(super) fn all_chunks(&self) -> Option<usize> {
        (self.reader.finished && self.reader.ahead.is_empty()).then(|| self.geometry().num_chunks())
    }

    /// Reads until `wanted` chunks from `first_chunk` on and `beyond` more samples are in the
    /// window, or until the recording ends. Returns the number of chunks, at most `wanted`. Pads
    /// the last chunk of the recording with zeros. Discards chunks before `first_kept`, which is
    /// not after `first_chunk`.
    pub(super) fn read_chunks(
        &mut self,
        first_kept: usize,
        first_chunk: usize,
        wanted: usize,
        beyond: usize,
    ) -> Result<usize> {
        self.window.discard_before(first_kept);
        let step_samples = self.window.step_samples;
        let samples_of = |num_chunks: usize| (num_chunks - 1) * step_samples + CHUNK_SAMPLES;
        let needed = self.window.offset(first_chunk) + samples_of(wanted) + beyond;
        let samples = &mut self.window.samples;
        self.reader.read_ahead(needed.saturating_sub(samples.len()))?;
        samples.append(&mut self.reader.ahead);
        if samples.len() >= needed {
            return Ok(wanted);
        }
        let remaining = self.geometry().num_chunks().saturating_sub(first_chunk);
        if remaining > 0 {
            self.window.pad(first_chunk, remaining);
        }
        Ok(remaining.min(wanted))
    }
}
