//! The arithmetic that a network computes in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of numbers that layers multiply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Precision {
    /// 32-bit floats throughout. Default.
    #[default]
    F32,
    /// 16-bit floats where values are stored. The weights of both networks and the activations of
    /// the embedding network's convolutions are rounded to 16 bits; the arithmetic is that of
    /// `F32`.
    F16,
    /// bfloat16 with sums in 32-bit floats. It takes about half the time of `F32` on processors
    /// with AVX-512 BF16; other processors give the same results but are no faster.
    Bf16,
    /// 8-bit integers with exact sums, for activations whose ranges were measured beforehand. It
    /// takes about a third of the time of `F32`.
    Int8,
}

impl Precision {
    /// Every precision, most exact first.
    pub const ALL: [Self; 4] = [Self::F32, Self::F16, Self::Bf16, Self::Int8];

    /// Name in options and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
