//! Matrix products with the weights of a layer.

use wgpu::Buffer;

use crate::element::Element;
use crate::gpu::Gpu;
use crate::layer::Layer;
use crate::recorder::{Kernel, Part, Recorder};
use crate::shader::{Shader, Source, shader};
use crate::work;

const GEMM: Shader = shader!("gemm");
/// Rows and columns of a tile.
const TILE: usize = 64;

/// The form of a product: constants of its kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GemmForm {
    /// Numbers in a row of the input, a multiple of 4.
    pub(crate) inputs: usize,
    /// Numbers in a row of the output, a multiple of 4.
    pub(crate) outputs: usize,
    /// Whether a leaky ReLU of slope 0.01 follows.
    pub(crate) is_leaky: bool,
    /// Form of the output.
    pub(crate) stored: Element,
}

impl GemmForm {
    /// The kernel for inputs and weights stored as `element`.
    pub(crate) fn source(self, element: Element) -> Source {
        let Self { inputs, outputs, is_leaky, stored } = self;
        let constants = [("K", inputs as u32), ("N", outputs as u32), ("LEAKY", u32::from(is_leaky))];
        GEMM.source(element, &constants).with_alias("Output", stored)
    }
}

/// A layer that multiplies rows.
#[derive(Debug, Clone)]
pub(crate) struct Gemm {
    kernel: Kernel,
    element: Element,
    form: GemmForm,
    /// `[inputs, outputs]`
    weight: Buffer,
    bias: Buffer,
}

impl Gemm {
    /// The layer, with the weight `[outputs, inputs]`; `kernel` is that of `form`.
    pub(crate) fn new(gpu: &Gpu, element: Element, form: GemmForm, kernel: Kernel, layer: &Layer) -> Self {
        let GemmForm { inputs, outputs, .. } = form;
        assert_eq!(layer.weight.len(), inputs * outputs, "weight of {}", kernel.name());
        assert_eq!(layer.bias.len(), outputs, "bias of {}", kernel.name());
        let weight = transposed(&layer.weight, inputs);
        Self {
            weight: gpu.weights(kernel.name(), element, &weight),
            bias: gpu.weights(kernel.name(), Element::F32, &layer.bias),
            kernel,
            element,
            form,
        }
    }

    /// Multiplies `num_rows` rows of `input` into `output`.
    pub(crate) fn record(&self, recorder: &mut Recorder<'_>, num_rows: usize, input: &Buffer, output: &Buffer) {
        let parts = [input, &self.weight, &self.bias, output].map(Part::from);
        let GemmForm { inputs, outputs, stored, .. } = self.form;
        let groups = [outputs.div_ceil(TILE), num_rows.div_ceil(TILE), 1];
        recorder.dispatch(&self.kernel, &[num_rows as u32], parts, groups);
        let bytes = work::bytes(self.element, (num_rows + outputs) * inputs, outputs);
        let written = work::bytes(stored, num_rows * outputs, 0);
        recorder.note_work(work::product([num_rows, inputs, outputs]), bytes + written);
    }
}

/// Columns of rows of `len` numbers.
pub(crate) fn transposed(rows: &[f32], len: usize) -> Vec<f32> {
    let column = |index: usize| rows.iter().skip(index).step_by(len).copied();
    (0..len).flat_map(column).collect()
}
