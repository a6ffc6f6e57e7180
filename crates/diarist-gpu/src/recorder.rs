//! Collects the work of a batch and submits it at once.

use std::sync::Arc;

use wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BindGroupLayout, BindingResource, Buffer, BufferBinding,
    BufferDescriptor, BufferUsages, CommandEncoder, ComputePassDescriptor, ComputePassTimestampWrites, ComputePipeline,
    ComputePipelineDescriptor, Device, MapMode, PipelineCompilationOptions, PollType, QuerySet, QuerySetDescriptor,
    QueryType, ShaderModuleDescriptor, ShaderRuntimeChecks, ShaderSource,
};

use crate::error::{Error, Result};
use crate::gpu::{Counts, Gpu};
use crate::shader::Source;

/// Uniforms of different calls begin at multiples of this number of bytes, which every adapter
/// accepts.
const UNIFORM_ALIGNMENT: usize = 256;

/// A compiled kernel.
#[derive(Debug, Clone)]
pub struct Kernel(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    name: String,
    pipeline: ComputePipeline,
    layout: BindGroupLayout,
}

impl Kernel {
    pub(crate) fn new(device: &Device, Source { name, text }: &Source) -> Self {
        let descriptor = ShaderModuleDescriptor { label: Some(name), source: ShaderSource::Wgsl(text.as_str().into()) };
        // Checks of every index cost a large part of the time of a matrix product, and would hide a
        // wrong index from the tests.
        let checks = ShaderRuntimeChecks::unchecked();
        // SAFETY: the kernels of this crate stay within their buffers for all shapes that the
        // modules `segmentation` and `embedding` ask for, and their loops end.
        let module = unsafe { device.create_shader_module_trusted(descriptor, checks) };
        let pipeline = device.create_compute_pipeline(&ComputePipelineDescriptor {
            label: Some(name),
            layout: None,
            module: &module,
            entry_point: Some("main"),
            // Every kernel writes its shared memory before it reads it.
            compilation_options: PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        let layout = pipeline.get_bind_group_layout(0);
        Self(Arc::new(Compiled { name: name.clone(), pipeline, layout }))
    }

    /// Name of its file and values of its constants.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

/// A part of a buffer, in bytes. It begins at a multiple of 256.
#[derive(Debug, Clone)]
pub struct Part {
    buffer: Buffer,
    offset: u64,
    /// `None`: up to the end.
    num_bytes: Option<u64>,
}

impl Part {
    /// `num_bytes` from `offset` on.
    pub fn new(buffer: &Buffer, offset: usize, num_bytes: usize) -> Self {
        Self { buffer: buffer.clone(), offset: offset as u64, num_bytes: Some(num_bytes as u64) }
    }
}

impl From<&Buffer> for Part {
    fn from(buffer: &Buffer) -> Self {
        Self { buffer: buffer.clone(), offset: 0, num_bytes: None }
    }
}

/// Seconds and work of a dispatch.
#[derive(Debug, Clone)]
pub struct Timing {
    /// Name of the kernel.
    pub kernel: String,
    /// Seconds of the GPU.
    pub seconds: f64,
    /// Multiplications and additions; 0 if not noted.
    pub flop: u64,
    /// Bytes of each input, weight and output, once; 0 if not noted.
    pub bytes: u64,
}

/// The work that [`Recorder::note_work`] notes.
#[derive(Debug, Clone, Copy, Default)]
struct Work {
    flop: u64,
    bytes: u64,
}

/// The work of one batch, in order: each step sees the results of those before it.
#[derive(Debug)]
pub struct Recorder<'a> {
    gpu: &'a Gpu,
    uniforms: Vec<u8>,
    steps: Vec<Step>,
    /// Place of the last dispatch in `steps`; `None` if it had no groups.
    last_dispatch: Option<usize>,
    reads: Vec<Read>,
    uploaded_bytes: u64,
}

/// Bytes to read back: from `offset` of `buffer` on to `start` of the results.
#[derive(Debug)]
struct Read {
    buffer: Buffer,
    offset: u64,
    start: u64,
    num_bytes: u64,
}

#[derive(Debug)]
enum Step {
    Dispatch { kernel: Kernel, uniform: (usize, usize), parts: Vec<Part>, groups: [u32; 3], work: Work },
    Copy { from: Part, to: Part, num_bytes: u64 },
}

impl<'a> Recorder<'a> {
    /// A batch without work.
    pub fn new(gpu: &'a Gpu) -> Self {
        Self { gpu, uniforms: Vec::new(), steps: Vec::new(), last_dispatch: None, reads: Vec::new(), uploaded_bytes: 0 }
    }

    /// The GPU that will do the work.
    pub fn gpu(&self) -> &'a Gpu {
        self.gpu
    }

    /// A new buffer with these bytes.
    pub fn upload(&mut self, label: &str, bytes: &[u8]) -> Buffer {
        self.uploaded_bytes += bytes.len() as u64;
        self.gpu.buffer_of(label, bytes)
    }

    /// A new buffer with these samples.
    pub fn upload_samples(&mut self, samples: &[f32]) -> Buffer {
        self.upload("samples", bytemuck::cast_slice(samples))
    }

    /// Runs a kernel over `groups` groups of threads. `uniform` is bound at 0, as numbers of 32
    /// bits in the order of the struct's fields, padded here to a multiple of 16 bytes; `parts` are
    /// bound from 1 on.
    pub fn dispatch<P: Into<Part>>(
        &mut self,
        kernel: &Kernel,
        uniform: &[u32],
        parts: impl IntoIterator<Item = P>,
        groups: [usize; 3],
    ) {
        self.last_dispatch = None;
        if groups.contains(&0) {
            return;
        }
        self.last_dispatch = Some(self.steps.len());
        self.uniforms.resize(self.uniforms.len().next_multiple_of(UNIFORM_ALIGNMENT), 0);
        let start = self.uniforms.len();
        self.uniforms.extend_from_slice(bytemuck::cast_slice(uniform));
        self.uniforms.resize(self.uniforms.len().next_multiple_of(16), 0);
        self.steps.push(Step::Dispatch {
            kernel: kernel.clone(),
            uniform: (start, self.uniforms.len() - start),
            parts: parts.into_iter().map(Into::into).collect(),
            groups: groups.map(|count| count as u32),
            work: Work::default(),
        });
    }

    /// Notes the work of the last dispatch for [`Self::run_timed`]: multiplications and additions,
    /// and bytes of each input, weight and output, once.
    pub fn note_work(&mut self, flop: u64, bytes: u64) {
        if let Some(Step::Dispatch { work, .. }) = self.last_dispatch.and_then(|index| self.steps.get_mut(index)) {
            *work = Work { flop, bytes };
        }
    }

    /// Copies `num_bytes` (a multiple of 4) from the start of one part to the start of another, in
    /// another buffer.
    pub fn copy(&mut self, from: impl Into<Part>, to: impl Into<Part>, num_bytes: usize) {
        self.steps.push(Step::Copy { from: from.into(), to: to.into(), num_bytes: num_bytes as u64 });
    }

    /// Reads `num_bytes` of `buffer` back from `offset` on when all work is done; both are
    /// multiples of 4.
    pub fn read(&mut self, buffer: &Buffer, offset: usize, num_bytes: usize) {
        let start = self.num_read().next_multiple_of(8);
        let (offset, num_bytes) = (offset as u64, num_bytes as u64);
        self.reads.push(Read { buffer: buffer.clone(), offset, start, num_bytes });
    }

    fn num_read(&self) -> u64 {
        self.reads.last().map_or(0, |read| read.start + read.num_bytes)
    }

    /// Does the work with one submission, waits for it, and returns what was asked for with
    /// [`Self::read`], in that order.
    ///
    /// # Errors
    /// The first fault of the GPU.
    pub fn run(self) -> Result<Vec<Vec<u8>>> {
        Ok(self.submit(None)?.0)
    }

    /// As [`Self::run`], with the seconds and the work of each dispatch, in order. There are none
    /// if the GPU has no clock.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_timed(self) -> Result<(Vec<Vec<u8>>, Vec<Timing>)> {
        let num_dispatches = self.steps.iter().filter(|step| matches!(step, Step::Dispatch { .. })).count();
        let queries = (self.gpu.has_timestamps() && num_dispatches > 0).then(|| {
            self.gpu.device.create_query_set(&QuerySetDescriptor {
                label: None,
                ty: QueryType::Timestamp,
                count: 2 * num_dispatches as u32,
            })
        });
        self.submit(queries.as_ref())
    }

    fn submit(mut self, queries: Option<&QuerySet>) -> Result<(Vec<Vec<u8>>, Vec<Timing>)> {
        let gpu = self.gpu;
        gpu.check()?;
        let work: Vec<(String, Work)> = self.work().collect();
        let watch = gpu.watch();
        let clock = queries.map(|_| {
            let usage = BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC;
            let size = 16 * work.len() as u64;
            gpu.device.create_buffer(&BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
        });
        if let Some(clock) = &clock {
            self.read(clock, 0, 16 * work.len());
        }
        let num_read = self.num_read();
        let staging = (num_read > 0).then(|| {
            gpu.device.create_buffer(&BufferDescriptor {
                label: Some("results"),
                size: num_read,
                usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        });
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        self.encode(&mut encoder, queries);
        if let (Some(queries), Some(clock)) = (queries, &clock) {
            encoder.resolve_query_set(queries, 0..2 * work.len() as u32, clock, 0);
        }
        if let Some(staging) = &staging {
            for Read { buffer, offset, start, num_bytes } in &self.reads {
                encoder.copy_buffer_to_buffer(buffer, *offset, staging, *start, *num_bytes);
            }
        }
        let commands = encoder.finish();
        // A refused call before this would make the submission panic.
        watch.end()?;
        gpu.check()?;
        gpu.queue.submit([commands]);
        gpu.count(Counts {
            submissions: 1,
            dispatches: work.len() as u64,
            uploaded_bytes: self.uploaded_bytes + self.uniforms.len() as u64,
            downloaded_bytes: num_read,
        });
        let Some(staging) = staging else {
            gpu.device.poll(PollType::wait_indefinitely()).map_err(|error| Error::Lost(error.to_string()))?;
            gpu.check()?;
            return Ok((Vec::new(), Vec::new()));
        };
        let (sender, receiver) = std::sync::mpsc::channel();
        staging.slice(..).map_async(MapMode::Read, move |result| _ = sender.send(result));
        gpu.device.poll(PollType::wait_indefinitely()).map_err(|error| Error::Lost(error.to_string()))?;
        let mapped = receiver.recv().map_err(|_| ()).and_then(|result| result.map_err(|_| ()));
        gpu.check()?;
        mapped.map_err(|()| Error::Lost("its results cannot be read".to_owned()))?;
        let all = staging.slice(..).get_mapped_range().map_err(|error| Error::Refused(error.to_string()))?;
        let mut results: Vec<Vec<u8>> =
            self.reads.iter().map(|read| all[read.start as usize..][..read.num_bytes as usize].to_vec()).collect();
        let mut timings = Vec::new();
        if clock.is_some()
            && let Some(ticks) = results.pop()
        {
            let period_s = f64::from(gpu.queue.get_timestamp_period()) * 1e-9;
            let ticks: Vec<u64> = ticks.chunks_exact(8).map(bytemuck::pod_read_unaligned).collect();
            let seconds = ticks.chunks_exact(2).map(|pair| pair[1].saturating_sub(pair[0]) as f64 * period_s);
            let timing = |((kernel, Work { flop, bytes }), seconds)| Timing { kernel, seconds, flop, bytes };
            timings = work.into_iter().zip(seconds).map(timing).collect();
        }
        Ok((results, timings))
    }

    /// Names of the kernels, with their work.
    fn work(&self) -> impl Iterator<Item = (String, Work)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Dispatch { kernel, work, .. } => Some((kernel.name().to_owned(), *work)),
            Step::Copy { .. } => None,
        })
    }

    fn encode(&self, encoder: &mut CommandEncoder, queries: Option<&QuerySet>) {
        let uniforms = self.gpu.device.create_buffer(&BufferDescriptor {
            label: Some("uniforms"),
            size: self.uniforms.len().max(16) as u64,
            usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.gpu.queue.write_buffer(&uniforms, 0, &self.uniforms);
        let mut index = 0;
        let mut rest = self.steps.as_slice();
        while let Some(first) = rest.first() {
            if let Step::Copy { from, to, num_bytes } = first {
                encoder.copy_buffer_to_buffer(&from.buffer, from.offset, &to.buffer, to.offset, *num_bytes);
                rest = &rest[1..];
                continue;
            }
            // All dispatches up to the next copy, or one at a time if each is timed.
            let until_copy = rest.iter().take_while(|step| matches!(step, Step::Dispatch { .. })).count();
            let (now, later) = rest.split_at(if queries.is_some() { 1 } else { until_copy });
            let timestamp_writes = queries.map(|query_set| ComputePassTimestampWrites {
                query_set,
                beginning_of_pass_write_index: Some(2 * index),
                end_of_pass_write_index: Some(2 * index + 1),
            });
            let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor { label: None, timestamp_writes });
            for step in now {
                if let Step::Dispatch { kernel, uniform, parts, groups: [x, y, z], .. } = step {
                    pass.set_pipeline(&kernel.0.pipeline);
                    pass.set_bind_group(0, &self.bind(kernel, &uniforms, *uniform, parts), &[]);
                    pass.dispatch_workgroups(*x, *y, *z);
                }
            }
            index += now.len() as u32;
            rest = later;
        }
    }

    fn bind(&self, kernel: &Kernel, uniforms: &Buffer, (start, len): (usize, usize), parts: &[Part]) -> BindGroup {
        let uniform = Part::new(uniforms, start, len);
        let entries: Vec<BindGroupEntry<'_>> = std::iter::once(&uniform)
            .chain(parts)
            .enumerate()
            .map(|(binding, part)| BindGroupEntry {
                binding: binding as u32,
                resource: BindingResource::Buffer(BufferBinding {
                    buffer: &part.buffer,
                    offset: part.offset,
                    size: part.num_bytes.and_then(std::num::NonZeroU64::new),
                }),
            })
            .collect();
        self.gpu.device.create_bind_group(&BindGroupDescriptor {
            label: Some(kernel.name()),
            layout: &kernel.0.layout,
            entries: &entries,
        })
    }
}
