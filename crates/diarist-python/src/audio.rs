//! Recordings as Python passes them.

use std::borrow::Cow;
use std::path::PathBuf;

use diarist::parts::audio::{AudioSource, SamplesSource, Selection};
use diarist::parts::segmentation::SAMPLE_RATE;
use diarist::{Recording, Result};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

/// Name of a recording that comes without one.
const UNNAMED: &str = "audio";

/// A recording.
#[derive(FromPyObject)]
pub(crate) enum Audio {
    /// A file.
    File(PathBuf),
    /// The bytes of a file, and its name for messages.
    Bytes(PyBackedBytes, String),
    /// Samples as 32-bit floats of the machine in [-1, 1], interleaved; their rate in Hz, and the
    /// number of channels.
    Samples(PyBackedBytes, u32, u16),
}

impl Audio {
    /// Calls `work` with the recording, which borrows the samples; of a file, with `channel` (from
    /// 1) alone if that is given.
    pub(crate) fn with_recording<R>(
        self,
        channel: Option<usize>,
        work: impl FnOnce(Recording<'_>) -> Result<R>,
    ) -> Result<R> {
        let selection = Selection { channel, ..Selection::default() };
        match self {
            Self::File(path) => work(Recording::new(path).with_selection(selection)),
            Self::Bytes(bytes, name) => {
                work(Recording::from_bytes(name, bytes).with_file_id(UNNAMED).with_selection(selection))
            }
            Self::Samples(bytes, sample_rate, num_channels) => {
                let samples = floats(&bytes);
                work(Recording::from_source(UNNAMED, SamplesSource::new(&samples, num_channels, sample_rate)?))
            }
        }
    }
}

/// Interleaved samples at 16 kHz as mono samples.
pub(crate) fn mixed(bytes: &[u8], num_channels: u16) -> Result<Vec<f32>> {
    let samples = floats(bytes);
    let mut source = SamplesSource::new(&samples, num_channels, SAMPLE_RATE)?;
    let mut mono = Vec::new();
    while source.read(&mut mono)? {}
    Ok(mono)
}

/// The floats in `bytes`. Python aligns bytes well enough for floats, but does not promise it.
fn floats(bytes: &[u8]) -> Cow<'_, [f32]> {
    bytemuck::try_cast_slice(bytes).map_or_else(|_| copied(bytes), Cow::Borrowed)
}

fn copied(bytes: &[u8]) -> Cow<'_, [f32]> {
    Cow::Owned(bytes.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect())
}
