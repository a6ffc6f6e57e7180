//! Weights in fewer bytes: how they are made, and how they become numbers again.
//!
//! A stored form changes what a file holds, not how a network computes: [`Tensors`] turns every form into 32-bit floats when it
//! reads it. A large tensor `w` (at least [`MIN_VALUES`] values) is stored as
//!
//! - `f16`: `w`, 16-bit floats.
//! - `linear8`, `linear7`: `w.integers`, signed 8-bit of the shape of `w`, and `w.scale`, what 1 stands for in each output channel.
//!   With `linear7` they are from -63 to 63, which saves nothing here, but a bit for each value once the file is deflated.
//! - `palette8`, `palette6`, `palette4`: `w.tables` `[1 or channels, entries]`, 16-bit floats; `w.indices`, the position in the
//!   table of each value, packed in the fewest of 4, 6 or 8 bits that count the entries, lowest bits first; and `w.shape`.
//!
//! Others (biases, norms, the first layer's filters) stay `f32`. Entries of tables are the means of k-means clusters of a tensor's
//! values, or of each output channel's.

mod decode;
mod encode;
mod kmeans;
mod packing;

use std::fmt;

use super::Architecture;
use super::weights::Tensors;
use crate::{Error, Result};

pub(super) use decode::decode;

/// Smaller tensors are left as they are: together they are less than 1 % of a network.
pub const MIN_VALUES: usize = 2048;

const INTEGERS: &str = ".integers";
const SCALE: &str = ".scale";
const INDICES: &str = ".indices";
const TABLES: &str = ".tables";
const SHAPE: &str = ".shape";

/// How large tensors are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// 16-bit floats.
    F16,
    /// 8-bit integers with a scale for each output channel.
    Linear8,
    /// The same with integers of 7 bits, in 8.
    Linear7,
    /// 8-bit positions in a table of 256 values.
    Palette8(Granularity),
    /// 6-bit positions in a table of 64 values.
    Palette6(Granularity),
    /// 4-bit positions in a table of 16 values.
    Palette4(Granularity),
}

/// What shares a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Granularity {
    /// All values of a tensor. Default.
    #[default]
    Tensor,
    /// The values of an output channel; in tensors where the tables would be larger than the indices, all values.
    Channel,
}

impl Granularity {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tensor => "tensor",
            Self::Channel => "channel",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F16 => f.write_str("f16"),
            Self::Linear8 => f.write_str("linear8"),
            Self::Linear7 => f.write_str("linear7"),
            Self::Palette8(granularity) => write!(f, "palette8 {}", granularity.name()),
            Self::Palette6(granularity) => write!(f, "palette6 {}", granularity.name()),
            Self::Palette4(granularity) => write!(f, "palette4 {}", granularity.name()),
        }
    }
}

/// A network's weights in `form`: a safetensors file, the same bytes every time. Its metadata, `architecture`, names the network
/// and the form.
///
/// # Errors
/// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if `tensors` are not a whole network, or hold a value too large for 16 bits;
/// [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption) for a PLDA, which needs its double precision.
pub fn quantize(tensors: &Tensors<'_>, form: Form) -> Result<Vec<u8>> {
    let architecture = Architecture::recognise(tensors)?;
    if architecture == Architecture::Plda {
        return Err(Error::invalid_option("a PLDA is not stored in fewer bits")
            .at(tensors.what())
            .hint("it is small, and clustering needs its double precision"));
    }
    architecture.check(tensors)?;
    encode::encode(tensors, form)?.to_safetensors(&format!("{} {form}", architecture.name()))
}

/// `tensors` with the values of the large ones rounded to 16-bit floats.
pub(super) fn in_f16(tensors: &Tensors<'_>) -> Result<Tensors<'static>> {
    encode::encode(tensors, Form::F16)
}

/// Values of each output channel, which is the first dimension; a vector is one channel.
fn channel_len(shape: &[usize]) -> usize {
    match shape {
        [_, rest @ ..] if !rest.is_empty() => rest.iter().product(),
        _ => shape.iter().product(),
    }
}

#[cfg(test)]
mod tests;
