//! An open GPU.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use wgpu::{
    Buffer, BufferDescriptor, BufferUsages, Device, DeviceDescriptor, ErrorFilter, ErrorScopeGuard,
    ExperimentalFeatures, Features, PollType, Queue,
};

use crate::adapters::{Adapter, AdapterSummary};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::recorder::Kernel;
use crate::shader::Source;

/// Threads of the largest group that the kernels use.
const NEEDED_THREADS: u32 = 256;
/// Largest memory that a group of the kernels shares, in bytes.
const NEEDED_WORKGROUP_BYTES: u32 = 16 << 10;

/// An adapter that is open for work. It may be shared by threads.
#[derive(Debug)]
pub struct Gpu {
    pub(crate) device: Device,
    pub(crate) queue: Queue,
    summary: AdapterSummary,
    features: Features,
    /// The first fault outside a [`Watch`]. A GPU with a fault does no more work.
    fault: Arc<Mutex<Option<Error>>>,
    /// How many more times memory is refused, for tests.
    refusals: AtomicU32,
    counts: AtomicCounts,
}

/// Keeps the faults of the calls that this thread makes meanwhile. They end only the work of this
/// thread, so that it may try again with less memory.
#[derive(Debug)]
#[must_use = "faults are lost without `end`"]
pub struct Watch<'a> {
    gpu: &'a Gpu,
    // The scope that began last must end first, also when all are dropped.
    memory: ErrorScopeGuard,
    validation: ErrorScopeGuard,
    internal: ErrorScopeGuard,
}

impl Watch<'_> {
    /// Ends the watch.
    ///
    /// # Errors
    /// The loss of the GPU, else the first fault, lack of memory before others.
    pub fn end(self) -> Result<()> {
        let Self { gpu, memory, validation, internal } = self;
        let faults = [memory, validation, internal].map(|scope| pollster::block_on(scope.pop()));
        let is_refused = gpu.refusals.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
        let fault = match faults.into_iter().flatten().next() {
            Some(fault) => Error::from(fault),
            None if is_refused.is_ok() => Error::OutOfMemory,
            None => return Ok(()),
        };
        // Calls to a lost GPU are refused, too.
        gpu.check()?;
        Err(fault)
    }
}

#[derive(Debug, Default)]
struct AtomicCounts {
    submissions: AtomicU64,
    dispatches: AtomicU64,
    uploaded_bytes: AtomicU64,
    downloaded_bytes: AtomicU64,
}

/// The work that a GPU was given since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Calls that gave work to the GPU.
    pub submissions: u64,
    /// Kernels started.
    pub dispatches: u64,
    /// Bytes copied to the GPU for batches; weights are not counted.
    pub uploaded_bytes: u64,
    /// Bytes copied back.
    pub downloaded_bytes: u64,
}

impl Gpu {
    /// Opens `adapter`.
    ///
    /// # Errors
    /// [`Error::Unusable`] if the adapter's limits are too low or its driver refuses.
    pub fn open(adapter: &Adapter) -> Result<Self> {
        let summary = adapter.summary();
        if summary.workgroup_threads < NEEDED_THREADS || summary.workgroup_bytes < NEEDED_WORKGROUP_BYTES {
            return Err(Error::Unusable(format!(
                "{} offers groups of {} threads with {} bytes, fewer than {NEEDED_THREADS} with {NEEDED_WORKGROUP_BYTES}",
                summary.name, summary.workgroup_threads, summary.workgroup_bytes
            )));
        }
        let useful = Features::SHADER_F16 | Features::EXPERIMENTAL_COOPERATIVE_MATRIX | Features::TIMESTAMP_QUERY;
        let features = adapter.adapter.features() & useful;
        let descriptor = DeviceDescriptor {
            label: Some("diarist"),
            required_features: features,
            required_limits: adapter.adapter.limits(),
            // SAFETY: cooperative matrices are the only experimental feature in use. Their shapes
            // come from the adapter, and their kernels are compared with the plain ones by tests.
            experimental_features: unsafe { ExperimentalFeatures::enabled() },
            ..DeviceDescriptor::default()
        };
        let opened = pollster::block_on(adapter.adapter.request_device(&descriptor));
        let (device, queue) = opened.map_err(|error| Error::Unusable(error.to_string()))?;
        let fault = Arc::new(Mutex::new(None));
        let lost = Arc::clone(&fault);
        device.set_device_lost_callback(move |reason, message| {
            // It explains the refused calls before it.
            let error = Error::Lost(format!("{message} ({reason:?})"));
            *lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        });
        let uncaptured = Arc::clone(&fault);
        device.on_uncaptured_error(Arc::new(move |error| {
            uncaptured.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error.into());
        }));
        Ok(Self {
            device,
            queue,
            summary,
            features,
            fault,
            refusals: AtomicU32::new(0),
            counts: AtomicCounts::default(),
        })
    }

    /// The adapter.
    pub fn summary(&self) -> &AdapterSummary {
        &self.summary
    }

    /// Whether the GPU can measure its own time.
    pub fn has_timestamps(&self) -> bool {
        self.features.contains(Features::TIMESTAMP_QUERY)
    }

    /// The work so far.
    pub fn counts(&self) -> Counts {
        let AtomicCounts { submissions, dispatches, uploaded_bytes, downloaded_bytes } = &self.counts;
        let [submissions, dispatches, uploaded_bytes, downloaded_bytes] =
            [submissions, dispatches, uploaded_bytes, downloaded_bytes].map(|count| count.load(Ordering::Relaxed));
        Counts { submissions, dispatches, uploaded_bytes, downloaded_bytes }
    }

    pub(crate) fn count(&self, more: Counts) {
        let Counts { submissions, dispatches, uploaded_bytes, downloaded_bytes } = more;
        self.counts.submissions.fetch_add(submissions, Ordering::Relaxed);
        self.counts.dispatches.fetch_add(dispatches, Ordering::Relaxed);
        self.counts.uploaded_bytes.fetch_add(uploaded_bytes, Ordering::Relaxed);
        self.counts.downloaded_bytes.fetch_add(downloaded_bytes, Ordering::Relaxed);
    }

    /// Fails if the GPU had a fault at any time outside a [`Watch`].
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<()> {
        // The driver tells of a lost GPU when it is asked.
        _ = self.device.poll(PollType::Poll);
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone().map_or(Ok(()), Err)
    }

    /// Begins to watch the calls of this thread. Watches that begin within others end before them.
    pub fn watch(&self) -> Watch<'_> {
        let internal = self.device.push_error_scope(ErrorFilter::Internal);
        let validation = self.device.push_error_scope(ErrorFilter::Validation);
        let memory = self.device.push_error_scope(ErrorFilter::OutOfMemory);
        Watch { gpu: self, memory, validation, internal }
    }

    /// Compiles a kernel with the entry point `main`.
    pub fn kernel(&self, source: &Source) -> Kernel {
        Kernel::new(&self.device, source)
    }

    /// A buffer of `num_bytes` zero bytes that kernels read and write.
    pub fn buffer(&self, label: &str, num_bytes: usize) -> Buffer {
        self.device.create_buffer(&BufferDescriptor {
            label: Some(label),
            size: num_bytes.next_multiple_of(16) as u64,
            usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    /// A buffer with these bytes.
    pub fn buffer_of(&self, label: &str, bytes: &[u8]) -> Buffer {
        // A buffer without bytes cannot be bound.
        let buffer = self.buffer(label, bytes.len().max(16));
        // Mapped memory would be faster by a copy, but wgpu panics if the GPU is lost meanwhile.
        self.queue.write_buffer(&buffer, 0, bytes);
        buffer
    }

    /// A buffer with these numbers, stored as `element`.
    pub fn weights(&self, label: &str, element: Element, values: &[f32]) -> Buffer {
        self.buffer_of(label, &element.bytes(values))
    }

    /// Ends the GPU's work as a lost device does, for tests of what happens then.
    pub fn lose(&self) {
        self.device.destroy();
    }

    /// Lets the next `times` watches end as if there were too little memory, for tests of what
    /// happens then.
    pub fn refuse_memory(&self, times: u32) {
        self.refusals.store(times, Ordering::Relaxed);
    }
}
