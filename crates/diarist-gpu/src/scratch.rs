//! Buffers for activations, reused from batch to batch.

use std::collections::HashMap;

use wgpu::Buffer;

use crate::gpu::Gpu;

/// Buffers by name. Each grows to the largest size that was asked for.
#[derive(Debug, Default)]
pub struct Scratch {
    buffers: HashMap<&'static str, Buffer>,
}

impl Scratch {
    /// The buffer `name` with room for `num_bytes`; its content is unspecified.
    pub fn get(&mut self, gpu: &Gpu, name: &'static str, num_bytes: usize) -> Buffer {
        let fits = self.buffers.get(name).filter(|buffer| buffer.size() >= num_bytes as u64);
        if let Some(buffer) = fits {
            return buffer.clone();
        }
        // The old one is freed first, so that both need not fit at once.
        self.buffers.remove(name);
        let buffer = gpu.buffer(name, num_bytes);
        self.buffers.insert(name, buffer.clone());
        buffer
    }

    /// Frees all buffers but the one called `name`.
    pub fn keep_only(&mut self, name: &str) {
        self.buffers.retain(|other, _| *other == name);
    }

    /// Bytes of all buffers.
    pub fn num_bytes(&self) -> u64 {
        self.buffers.values().map(Buffer::size).sum()
    }
}
