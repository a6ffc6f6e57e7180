//! The stored forms, and the parts of a file that they consist of.

use std::fmt;

/// Fewest values of a tensor that is stored in a form of its own. Smaller tensors stay as they are:
/// together they are less than 1 % of a network.
pub const MIN_VALUES: usize = 2048;

pub(super) const INTEGERS: &str = ".integers";
pub(super) const SCALE: &str = ".scale";
pub(super) const INDICES: &str = ".indices";
pub(super) const TABLES: &str = ".tables";
pub(super) const SHAPE: &str = ".shape";

/// The form in which large tensors are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// 16-bit floats.
    F16,
    /// 8-bit integers with a scale for each output channel.
    Linear8,
    /// As `Linear8`, with steps that grow with the number of values in a tensor: smaller once it is
    /// deflated.
    Compact,
    /// 8-bit positions in a table of 256 values.
    Palette8(Granularity),
    /// 6-bit positions in a table of 64 values.
    Palette6(Granularity),
    /// 4-bit positions in a table of 16 values.
    Palette4(Granularity),
}

/// The values that share a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Granularity {
    /// All values of a tensor. Default.
    #[default]
    Tensor,
    /// The values of an output channel; in tensors where the tables would be larger than the
    /// indices, all values.
    Channel,
}

impl Granularity {
    /// Name in options and in the metadata of a file.
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
            Self::Compact => f.write_str("compact"),
            Self::Palette8(granularity) => write!(f, "palette8 {}", granularity.name()),
            Self::Palette6(granularity) => write!(f, "palette6 {}", granularity.name()),
            Self::Palette4(granularity) => write!(f, "palette4 {}", granularity.name()),
        }
    }
}

/// Number of values in each output channel. Output channels are the first dimension; a vector is
/// one channel.
pub(super) fn channel_len(shape: &[usize]) -> usize {
    match shape {
        [_, rest @ ..] if !rest.is_empty() => rest.iter().product(),
        _ => shape.iter().product(),
    }
}
