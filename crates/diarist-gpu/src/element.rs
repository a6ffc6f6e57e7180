//! The numbers that activations and weights are stored in.

use half::f16;

/// The form of stored activations and weights. Sums are always `f32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element {
    /// 32-bit floats.
    F32,
    /// 16-bit floats; needs an adapter with shader arithmetic in 16 bits.
    F16,
}

impl Element {
    /// Name in WGSL and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        }
    }

    /// Bytes of one number.
    pub fn num_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }

    /// The bytes of `values` in this form, padded to a multiple of four bytes.
    pub fn bytes(self, values: &[f32]) -> Vec<u8> {
        let mut bytes = match self {
            Self::F32 => bytemuck::cast_slice(values).to_vec(),
            Self::F16 => {
                let halves: Vec<f16> = values.iter().map(|value| f16::from_f32(*value)).collect();
                bytemuck::cast_slice(&halves).to_vec()
            }
        };
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    /// The first `len` numbers of `bytes`.
    pub fn values(self, bytes: &[u8], len: usize) -> Vec<f32> {
        match self {
            Self::F32 => bytes.chunks_exact(4).take(len).map(bytemuck::pod_read_unaligned).collect(),
            Self::F16 => {
                bytes.chunks_exact(2).take(len).map(|b| bytemuck::pod_read_unaligned::<f16>(b).to_f32()).collect()
            }
        }
    }
}
