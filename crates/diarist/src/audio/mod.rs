//! Any audio to 16 kHz mono `f32`, as a stream.

use crate::error::Result;

/// A recording as a stream of 16 kHz mono samples in [-1, 1].
pub trait AudioSource: Send {
    /// Appends the next block of samples to `out` (some thousands at a time); `Ok(false)` at the end of the stream,
    /// after which `out` is unchanged.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the stream cannot be read or holds a sample that is not finite.
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool>;

    /// Length in seconds if the container tells it (for progress and estimates only).
    fn duration_hint_s(&self) -> Option<f64>;
}

/// Samples that are already in memory at 16 kHz mono.
#[derive(Debug)]
pub struct SliceSource<'a> {
    samples: &'a [f32],
    position: usize,
}

impl<'a> SliceSource<'a> {
    /// A source over `samples`, 16 kHz mono in [-1, 1].
    pub fn new(samples: &'a [f32]) -> Self {
        Self { samples, position: 0 }
    }
}

impl AudioSource for SliceSource<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        const BLOCK: usize = 16_384;
        let block = &self.samples[self.position..(self.position + BLOCK).min(self.samples.len())];
        if let Some(bad) = block.iter().position(|sample| !sample.is_finite()) {
            return Err(not_finite(self.position + bad));
        }
        self.position += block.len();
        out.extend_from_slice(block);
        Ok(!block.is_empty())
    }

    fn duration_hint_s(&self) -> Option<f64> {
        Some(self.samples.len() as f64 / f64::from(crate::segmentation::SAMPLE_RATE))
    }
}

fn not_finite(sample_index: usize) -> crate::Error {
    crate::Error::input(format!("sample {sample_index} is not a finite number"))
        .hint("the file is damaged; export it again from its source")
}
