//! Convolutions with channels last, as matrix products over runs of neighbouring values.

use std::ops::Range;

use crate::columns::Columns;
use crate::gemm::{PackedMatrix, Rows, RowsMut, Store, gemm};
use crate::isa::Isa;
use crate::operand::{Operand, Output};
use crate::plane::Plane;
use crate::tile::Strip;

/// Shape of a 2-D convolution with a square kernel and padding `kernel / 2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2dShape {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Side of the kernel: 1 or 3.
    pub kernel: usize,
    /// Step in both directions, at least 1.
    pub stride: usize,
}

impl Conv2dShape {
    /// Height and width of the output for an input of `height` x `width`.
    pub fn output_size(&self, height: usize, width: usize) -> (usize, usize) {
        (height.div_ceil(self.stride), width.div_ceil(self.stride))
    }
}

/// Weights of a 2-D convolution, packed for one instruction set and for inputs of type `T`.
#[derive(Debug, Clone)]
pub struct PackedConv2d<T: Operand = f32> {
    shape: Conv2dShape,
    /// `k` runs over kernel row, kernel column, input channel; each row of the kernel is padded to
    /// whole words.
    matrix: PackedMatrix<T>,
}

impl<T: Operand> PackedConv2d<T> {
    /// Packs `weight` of shape `[out_channels, in_channels, kernel, kernel]` and `bias` of shape
    /// `[out_channels]`.
    ///
    /// The convolution is a cross-correlation (the kernel is not flipped), as in the frameworks the
    /// weights come from.
    ///
    /// # Panics
    ///
    /// If a length does not fit `shape`, a number of channels or the stride is 0, or the kernel is
    /// neither 1 nor 3.
    pub fn new(isa: Isa, shape: Conv2dShape, weight: &[f32], bias: &[f32]) -> Self {
        let Conv2dShape { in_channels, out_channels, kernel, stride } = shape;
        assert!(kernel == 1 || kernel == 3, "kernel {kernel} is neither 1 nor 3");
        assert!(stride >= 1, "stride 0");
        assert!(in_channels >= 1, "no input channels");
        let taps = kernel * kernel;
        assert_eq!(weight.len(), out_channels * in_channels * taps, "weight of {shape:?}");
        // A kernel row is a run of the micro-kernel, which is packed in whole words.
        let run = (kernel * in_channels).next_multiple_of(T::GROUP).max(1);
        let matrix = PackedMatrix::from_fn(isa, kernel * run, out_channels, |row, column| {
            let (ky, kx, channel) = (row / run, row % run / in_channels, row % run % in_channels);
            if kx < kernel { weight[(column * in_channels + channel) * taps + ky * kernel + kx] } else { 0.0 }
        })
        .with_bias(bias);
        Self { shape, matrix }
    }

    /// Scales the `u8` values already in the output by `carry` before the result is added
    /// ([`Store::accumulate`]). Default: 1.
    #[must_use]
    pub fn with_carry(mut self, carry: f32) -> Self {
        self.matrix = self.matrix.with_carry(carry);
        self
    }

    /// The shape.
    pub fn shape(&self) -> Conv2dShape {
        self.shape
    }

    /// Convolves `input` into `output` and sets the shape of `output`. With `store.accumulate`,
    /// `output` must already have that shape, and the result is added to its values.
    ///
    /// # Panics
    ///
    /// If `input` has another number of channels, or `output` has the wrong shape with
    /// `store.accumulate`.
    pub fn run<O: Output>(&self, input: &Plane<T>, store: Store, output: &mut Plane<O>) {
        let (_, width) = self.shape.output_size(input.height(), input.width());
        self.run_ranges(input, std::slice::from_ref(&(0..width)), store, output);
    }

    /// As [`Self::run`] for some columns of the output. The other columns are unspecified
    /// afterwards, except with `store.accumulate`: then they keep their values. Each value is the
    /// same, bit for bit, as if all columns were computed.
    ///
    /// Reads only the columns of `input` that [`Self::input_columns`] reports.
    ///
    /// # Panics
    ///
    /// As [`Self::run`], and if a column is not in the output.
    pub fn run_columns<O: Output>(&self, input: &Plane<T>, columns: &Columns, store: Store, output: &mut Plane<O>) {
        self.run_ranges(input, columns.ranges(), store, output);
    }

    /// Sets `input` to the columns of an input of `width` columns that `columns` of the output
    /// depend on.
    pub fn input_columns(&self, columns: &Columns, width: usize, input: &mut Columns) {
        let Conv2dShape { kernel, stride, .. } = self.shape;
        let margin = kernel / 2;
        input.set(columns.ranges().iter().map(|range| {
            let last = (range.end - 1) * stride + margin;
            (range.start * stride).saturating_sub(margin)..(last + 1).min(width)
        }));
    }

    fn run_ranges<O: Output>(&self, input: &Plane<T>, columns: &[Range<usize>], store: Store, output: &mut Plane<O>) {
        let Conv2dShape { in_channels, out_channels, kernel, stride } = self.shape;
        assert_eq!(input.channels(), in_channels, "input channels");
        let (height, width) = self.shape.output_size(input.height(), input.width());
        if store.accumulate {
            let found = (output.height(), output.width(), output.channels());
            assert_eq!(found, (height, width, out_channels), "shape of the output to add to");
        } else {
            output.set_shape(height, width, out_channels);
        }
        assert!(columns.iter().all(|range| range.end <= width), "columns of the output");
        // Position in the bordered plane of the first value under the kernel at output (0, 0).
        let margin = if kernel == 3 { 0 } else { input.row_pitch() + in_channels };
        for index in 0..self.matrix.num_blocks() {
            let block = self.matrix.block(index);
            let rows = (0..height).flat_map(|y| columns.iter().map(move |range| (y, range)));
            for (y, range) in rows.filter(|(_, range)| !range.is_empty()) {
                Strip {
                    x: &input.data()[y * stride * input.row_pitch() + margin + range.start * stride * in_channels..],
                    x_stride: stride * in_channels,
                    num_runs: kernel,
                    run_len: kernel * in_channels,
                    run_pitch: input.row_pitch(),
                    num_rows: range.len(),
                    weights: block.weights,
                    scale: block.scale,
                    bias: block.bias,
                    out: &mut output.row_mut(y)[range.start * out_channels + block.first_column..],
                    out_stride: out_channels,
                    num_columns: block.num_columns,
                    accumulate: store.accumulate,
                    carry: block.carry,
                    relu: store.relu,
                }
                .run(self.matrix.isa());
            }
        }
    }
}

/// Weights of a 1-D convolution over time with stride 1 and no padding, packed for one instruction
/// set and for inputs of type `T`.
#[derive(Debug, Clone)]
pub struct PackedConv1d<T: Operand = f32> {
    in_channels: usize,
    kernel: usize,
    /// `k` runs over kernel position, input channel.
    matrix: PackedMatrix<T>,
}

impl<T: Operand> PackedConv1d<T> {
    /// Packs `weight` of shape `[bias.len(), in_channels, kernel]` and `bias`; a cross-correlation.
    ///
    /// # Panics
    ///
    /// If `weight.len() != bias.len() * in_channels * kernel` or the kernel is 0.
    pub fn new(isa: Isa, weight: &[f32], bias: &[f32], in_channels: usize, kernel: usize) -> Self {
        let out_channels = bias.len();
        assert!(kernel >= 1, "kernel 0");
        assert_eq!(
            weight.len(),
            out_channels * in_channels * kernel,
            "weight [{out_channels}, {in_channels}, {kernel}]"
        );
        let matrix = PackedMatrix::from_fn(isa, kernel * in_channels, out_channels, |row, column| {
            weight[(column * in_channels + row % in_channels) * kernel + row / in_channels]
        })
        .with_bias(bias);
        Self { in_channels, kernel, matrix }
    }

    /// Number of output frames for `num_frames` input frames.
    pub fn output_frames(&self, num_frames: usize) -> usize {
        (num_frames + 1).saturating_sub(self.kernel)
    }

    /// Convolves `input` of shape `[frames, in_channels]` into `output` of shape
    /// `[output_frames, out_channels]`.
    ///
    /// # Panics
    ///
    /// If a length does not fit.
    pub fn run<O: Output>(&self, input: &[T], store: Store, output: &mut [O]) {
        let num_frames = input.len() / self.in_channels.max(1);
        assert_eq!(input.len(), num_frames * self.in_channels, "input is not a whole number of frames");
        let num_outputs = self.output_frames(num_frames);
        assert_eq!(output.len(), num_outputs * self.matrix.n(), "output");
        let rows = Rows { data: input, stride: self.in_channels };
        gemm(num_outputs, rows, &self.matrix, store, RowsMut { data: output, stride: self.matrix.n() });
    }
}
