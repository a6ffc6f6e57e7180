//! Compute kernels of diarist: the crate that holds the library's `unsafe` code.
//!
//! Slices in, slices out, no knowledge of any model. Every operation exists once as a plain scalar
//! definition ([`naive`], the oracle of the tests) and once for each instruction set ([`Isa`]),
//! chosen at run time. Weights are packed once for an instruction set and keep it, so they cannot
//! be used with another.
//!
//! All dense layers run on one micro-kernel (the private module `tile`): a matrix product whose
//! left rows may overlap and may be split into equally spaced runs. That covers [`gemm`], 1-D
//! convolution ([`PackedConv1d`]) and 2-D convolution ([`PackedConv2d`]), and with [`vecmath`] the
//! LSTM ([`PackedBiLstm`]). 3x3 convolutions with stride 1 have fewer multiplications in a
//! transformed domain ([`PackedWinogradConv2d`]). The order of additions for an output value
//! depends only on the layer. Results are therefore the same for any number of rows in a call, any
//! place of a row, and any number of threads.

mod arch;
mod bf16;
mod buffer;
mod columns;
mod conv;
mod dot;
mod element;
mod f16;
mod filter_bank;
mod gemm;
mod instance_norm;
mod isa;
mod lstm;
pub mod naive;
mod operand;
mod plane;
mod pool;
mod quantize;
mod recurrence;
mod tile;
pub mod vecmath;
mod winograd;

pub use bf16::{Bf16, to_bf16};
pub use buffer::AlignedBuffer;
pub use columns::Columns;
pub use conv::{Conv2dShape, PackedConv1d, PackedConv2d};
pub use element::Element;
pub use f16::F16;
pub use filter_bank::PackedFilterBank;
pub use gemm::{LeftHand, PackedMatrix, Rows, RowsMut, Store, gemm};
pub use instance_norm::{ChannelMoments, Normalisation, max_pool, max_pool_magnitudes};
pub use isa::{ENV_ISA, Isa, Level};
pub use lstm::{LstmWeights, LstmWorkspace, PackedBiLstm};
pub use operand::{Operand, Output};
pub use plane::Plane;
pub use pool::statistics;
pub use quantize::quantize_weights;
pub use recurrence::Recurrent;
pub use winograd::{Activation, PackedWinogradConv2d, WinogradWorkspace, quantize_transformed_weights};
