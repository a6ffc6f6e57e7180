//! The networks on the CPU, on all threads.

mod cache;
mod chunk_embedder;
mod embedder;
mod frames;
mod run;
mod segment;
mod shared_trunk;
mod solo;
mod subsegments;
mod wave;

pub(super) use run::Cpu;
