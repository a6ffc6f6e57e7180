//! What several test programs need.

use diarist::audio::AudioSource;

/// Hands out samples in pieces of awkward sizes, the first of them as given.
pub(crate) struct Pieces<'a>(pub(crate) &'a [f32], pub(crate) usize);

impl AudioSource for Pieces<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> diarist::Result<bool> {
        let n = self.1.min(self.0.len());
        self.1 = self.1 * 7 % 4099 + 1;
        out.extend_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n > 0)
    }

    fn duration_hint_s(&self) -> Option<f64> {
        None
    }
}
