//! Weights in fewer bytes: how they are made, and how they become numbers again.
//!
//! A stored form changes what a file holds, not how a network computes: [`Tensors`](super::Tensors) turns every form into 32-bit floats when it
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
mod form;
mod kmeans;
mod packing;

pub use encode::quantize;
pub use form::{Form, Granularity, MIN_VALUES};

pub(super) use decode::decode;
pub(super) use encode::in_f16;

#[cfg(test)]
mod tests;
