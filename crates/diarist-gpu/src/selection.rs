//! Selects the feature frames that each embedding is pooled over, on the GPU, so that masks need
//! not come back first.

use bytemuck::{Pod, Zeroable};
use wgpu::Buffer;

use crate::element::Element;
use crate::gpu::Gpu;
use crate::recorder::{Kernel, Part, Recorder};
use crate::scratch::Scratch;
use crate::shader::{Shader, Source, shader};

/// Largest number of feature frames of a set.
pub const LIST: usize = 128;
/// Threads of a group of both kernels.
const GROUP: usize = 64;

const SPEAKERS: Shader = shader!("select_speakers");
const SUBSEGMENTS: Shader = shader!("select_subsegments");

/// A feature frame that embeddings may be pooled over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct FeatureFrame {
    /// Place in the features: 1250 * slot + frame.
    pub entry: u32,
    /// Its fbank frame, counted as [`Chunk::start`].
    pub fbank_frame: u32,
    /// Its frame of the recording, counted as the starts of the rows of probabilities.
    pub recording_frame: u32,
}

/// A chunk, with its range of feature frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Chunk {
    /// First feature frame.
    pub first: u32,
    /// Number of feature frames, at most [`LIST`].
    pub num_frames: u32,
    /// Fbank frame that the chunk starts at.
    pub start: u32,
}

/// A subsegment: a range of feature frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Subsegment {
    /// First feature frame.
    pub first: u32,
    /// Number of feature frames.
    pub num_frames: u32,
}

/// The places of all that is selected in a batch.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// All feature frames, in the order of time.
    pub frames: Vec<FeatureFrame>,
    /// The chunks of the batch.
    pub chunks: Vec<Chunk>,
    /// Start of the chunk of each row of probabilities, in frames of the recording.
    pub starts: Vec<u32>,
    /// The subsegments of the batch.
    pub subsegments: Vec<Subsegment>,
}

impl Tables {
    /// Number of sets: three for each chunk, then one for each subsegment.
    pub fn num_sets(&self) -> usize {
        3 * self.chunks.len() + self.subsegments.len()
    }
}

/// The kernels.
#[derive(Debug)]
pub struct Selection {
    speakers: Kernel,
    subsegments: Kernel,
}

/// Sources of all kernels.
pub fn sources() -> [Source; 2] {
    [SPEAKERS, SUBSEGMENTS].map(|shader| shader.source(Element::F32, &[]))
}

impl Selection {
    /// Compiles the kernels.
    pub fn new(gpu: &Gpu) -> Self {
        let [speakers, subsegments] = sources().map(|source| gpu.kernel(&source));
        Self { speakers, subsegments }
    }

    /// Lists the feature frames of every set, `[set][128]`, and their number, `[set]`.
    ///
    /// `masks` are `[chunk][3][19]` words of bits, `probabilities` `[row][589]` words of four
    /// bytes.
    pub fn record(
        &self,
        recorder: &mut Recorder<'_>,
        scratch: &mut Scratch,
        tables: &Tables,
        masks: &Buffer,
        probabilities: &Buffer,
    ) -> (Buffer, Buffer) {
        let num_sets = tables.num_sets();
        let lists = scratch.get(recorder.gpu(), "lists", num_sets * LIST * 4);
        let counts = scratch.get(recorder.gpu(), "counts", num_sets * 4);
        let frames = recorder.upload("feature frames", bytemuck::cast_slice(&tables.frames));
        let num_chunks = tables.chunks.len();
        let chunks = recorder.upload("chunks", bytemuck::cast_slice(&tables.chunks));
        recorder.dispatch(
            &self.speakers,
            &[num_chunks as u32],
            [masks, &frames, &chunks, &lists, &counts].map(Part::from),
            [(3 * num_chunks).div_ceil(GROUP), 1, 1],
        );
        let num_subsegments = tables.subsegments.len();
        if num_subsegments > 0 {
            let starts = recorder.upload("starts", bytemuck::cast_slice(&tables.starts));
            let subsegments = recorder.upload("subsegments", bytemuck::cast_slice(&tables.subsegments));
            recorder.dispatch(
                &self.subsegments,
                &[num_subsegments as u32, tables.starts.len() as u32, 3 * num_chunks as u32],
                [probabilities, &starts, &frames, &subsegments, &lists, &counts].map(Part::from),
                [num_subsegments.div_ceil(GROUP), 1, 1],
            );
        }
        (lists, counts)
    }
}
