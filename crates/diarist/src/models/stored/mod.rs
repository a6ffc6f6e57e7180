//! Weights stored in fewer bytes: encoding them in a stored form, and decoding them into numbers.
//!
//! A stored form changes what a file holds, not how a network computes: [`Tensors`](super::Tensors)
//! turns every form into 32-bit floats when it reads it. A large tensor `w` (at least
//! [`MIN_VALUES`] values) is stored as
//!
//! - `f16`: `w`, 16-bit floats.
//! - `linear8`, `compact`: `w.integers`, signed 8-bit integers in the shape of `w`, and `w.scale`,
//!   the value of the integer 1 in each output channel. With `linear8` the largest integer of a
//!   channel is 127. With `compact` the steps are coarser in larger tensors. This saves nothing in
//!   the file itself, but a third once it is deflated, because large integers become rare.
//! - `palette8`, `palette6`, `palette4`: `w.tables` `[1 or channels, entries]`, 16-bit floats;
//!   `w.indices`, the position of each value in its table, packed lowest bits first into the fewest
//!   of 4, 6 or 8 bits that cover the entries; and `w.shape`.
//!
//! Other tensors (biases, norms, the first layer's filters) stay `f32`. The entries of a table are
//! the means of the k-means clusters of a tensor's values, or of one output channel's values.

mod decode;
mod encode;
mod form;
mod kmeans;
mod linear;
mod packing;

pub use encode::quantize;
pub use form::{Form, Granularity, MIN_VALUES};

pub(super) use decode::decode;
pub(super) use encode::in_f16;

#[cfg(test)]
mod tests;
