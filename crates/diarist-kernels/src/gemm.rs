//! Matrix product with a packed right-hand side.

use crate::bf16::{Bf16, to_bf16};
use crate::buffer::AlignedBuffer;
use crate::element::Element;
use crate::isa::Isa;
use crate::operand::{Operand, Output};
use crate::tile::{Strip, block_columns, extent};

/// Bytes of left-hand rows per block of rows, which stays in the second-level cache for all column
/// blocks.
const ROW_BLOCK_BYTES: usize = 256 * 1024;

/// Equally spaced rows in a slice: row `r` starts at `data[r * stride]`. Rows may overlap (a stride
/// below the row's length).
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, T = f32> {
    /// The values.
    pub data: &'a [T],
    /// Distance between the starts of neighbouring rows.
    pub stride: usize,
}

/// Equally spaced rows to write: row `r` starts at `data[r * stride]`.
#[derive(Debug)]
pub struct RowsMut<'a, O = f32> {
    /// The values.
    pub data: &'a mut [O],
    /// Distance between the starts of neighbouring rows, at least the row's length.
    pub stride: usize,
}

/// How a dense layer stores its results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Store {
    /// Add to the values in the output. Default: replace them.
    pub accumulate: bool,
    /// Replace negative results by zero, after the addition. Default: no.
    pub relu: bool,
}

/// A right-hand matrix `[k, n]` with a bias `[n]`, packed for one instruction set and for left-hand
/// values of type `T`: `f32`, [`Bf16`], or `u8`. For `Bf16` the matrix is rounded too, and sums are
/// `f32`. For `u8` each column is quantized to signed integers of 8 bits
/// ([`quantize_weights`](crate::quantize_weights)), sums are exact integers, and results are the
/// same, bit for bit, on every instruction set. The bias is always `f32`.
#[derive(Debug, Clone)]
pub struct PackedMatrix<T: Operand = f32> {
    isa: Isa,
    k: usize,
    n: usize,
    /// `[column block][words of k][block_columns][values of a word]`; values beyond `k` and `n` are
    /// zero.
    weights: AlignedBuffer<T::Weight>,
    /// Value of an integer sum of 1, `[column block][block_columns]`.
    scale: AlignedBuffer,
    /// `[column block][block_columns]`.
    bias: AlignedBuffer,
    /// Factor on the integers in the output before a product is added.
    carry: f32,
}

impl<T: Operand> PackedMatrix<T> {
    /// Packs `b` of shape `[k, n]`, row-major, with zero bias.
    ///
    /// # Panics
    ///
    /// If `b.len() != k * n`.
    pub fn new(isa: Isa, b: &[f32], k: usize, n: usize) -> Self {
        assert_eq!(b.len(), k * n, "right-hand matrix [{k}, {n}]");
        Self::from_fn(isa, k, n, |row, column| b[row * n + column])
    }

    /// Packs the transpose of `b` of shape `[n, k]`, row-major: the weight layout `[out, in]` of a
    /// linear layer. Zero bias.
    ///
    /// # Panics
    ///
    /// If `b.len() != n * k`.
    pub fn from_transposed(isa: Isa, b: &[f32], k: usize, n: usize) -> Self {
        assert_eq!(b.len(), n * k, "transposed right-hand matrix [{n}, {k}]");
        Self::from_fn(isa, k, n, |row, column| b[column * k + row])
    }

    /// Packs the matrix whose entry in row `row` (of `k`) and column `column` (of `n`) is
    /// `value(row, column)`. Zero bias.
    pub fn from_fn(isa: Isa, k: usize, n: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let block = block_columns(isa);
        let num_blocks = n.div_ceil(block);
        let num_words = k.div_ceil(T::GROUP);
        let mut weights = AlignedBuffer::zeros(num_blocks * num_words * block * T::GROUP);
        let mut scale = AlignedBuffer::zeros(num_blocks * block);
        let mut values = vec![0.0; k];
        for column in 0..n {
            let (index, lane) = (column / block, column % block);
            values.iter_mut().enumerate().for_each(|(row, entry)| *entry = value(row, column));
            scale[column] = T::column_scale(&values);
            for (row, value) in values.iter().enumerate() {
                let word = (index * num_words + row / T::GROUP) * block + lane;
                weights[word * T::GROUP + row % T::GROUP] = T::weight(value / scale[column]);
            }
        }
        Self { isa, k, n, weights, scale, bias: AlignedBuffer::zeros(num_blocks * block), carry: 1.0 }
    }

    /// Sets the bias, which is added to every row of a product.
    ///
    /// # Panics
    ///
    /// If `bias.len() != n`.
    #[must_use]
    pub fn with_bias(mut self, bias: &[f32]) -> Self {
        assert_eq!(bias.len(), self.n, "bias");
        self.bias[..bias.len()].copy_from_slice(bias);
        self
    }

    /// Scales the `u8` values already in the output by `carry` before a product is added
    /// ([`Store::accumulate`]). Default: 1.
    #[must_use]
    pub fn with_carry(mut self, carry: f32) -> Self {
        self.carry = carry;
        self
    }

    /// Rows of the matrix: length of a left-hand row.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Columns of the matrix: length of an output row.
    pub fn n(&self) -> usize {
        self.n
    }

    /// The instruction set the matrix is packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    pub(crate) fn num_blocks(&self) -> usize {
        self.n.div_ceil(block_columns(self.isa))
    }

    pub(crate) fn block(&self, index: usize) -> Block<'_, T> {
        let columns = block_columns(self.isa);
        let first_column = index * columns;
        let size = self.k.next_multiple_of(T::GROUP) * columns;
        Block {
            first_column,
            num_columns: columns.min(self.n - first_column),
            weights: &self.weights[index * size..][..size],
            scale: &self.scale[first_column..][..columns],
            bias: &self.bias[first_column..][..columns],
            carry: self.carry,
        }
    }
}

/// One column block of a [`PackedMatrix`].
pub(crate) struct Block<'a, T: Operand> {
    pub(crate) first_column: usize,
    pub(crate) num_columns: usize,
    pub(crate) weights: &'a [T::Weight],
    pub(crate) scale: &'a [f32],
    pub(crate) bias: &'a [f32],
    pub(crate) carry: f32,
}

/// Types of left-hand values for a [`PackedMatrix<T>`]: `T` itself, and `f32`, which is rounded to
/// `T` first.
pub trait LeftHand<T: Operand>: Element {
    #[doc(hidden)]
    fn multiply<O: Output>(num_rows: usize, a: Rows<'_, Self>, b: &PackedMatrix<T>, store: Store, out: RowsMut<'_, O>);
}

/// `out = a * b + bias` for the first `num_rows` rows of `a` (rows of `b.k()` values) and of `out`
/// (rows of `b.n()` values).
///
/// Rows of `a` may overlap: with a stride below `k` this is a 1-D convolution. Values of `out`
/// between rows do not change. Each output row is the same, bit for bit, for any content and number
/// of the other rows.
///
/// # Panics
///
/// If `a` or `out` is too short, if `out.stride < b.n()` with more than one row, or if rows of more
/// than 8192 values need rounding.
pub fn gemm<A: LeftHand<T>, T: Operand, O: Output>(
    num_rows: usize,
    a: Rows<'_, A>,
    b: &PackedMatrix<T>,
    store: Store,
    out: RowsMut<'_, O>,
) {
    assert!(a.data.len() >= extent(num_rows, a.stride, b.k), "left-hand rows: too few values");
    assert!(out.data.len() >= extent(num_rows, out.stride, b.n), "output rows: too few values");
    assert!(out.stride >= b.n || num_rows <= 1, "output rows overlap");
    A::multiply(num_rows, a, b, store, out);
}

impl<T: Operand> LeftHand<T> for T {
    fn multiply<O: Output>(num_rows: usize, a: Rows<'_, T>, b: &PackedMatrix<T>, store: Store, out: RowsMut<'_, O>) {
        // A multiple of the tile heights 14, 12, 6 and 4, so that only the last block has a shorter
        // tile.
        let rows_per_block = (ROW_BLOCK_BYTES / (size_of::<T>() * b.k.max(1))).next_multiple_of(84);
        for first_row in (0..num_rows).step_by(rows_per_block) {
            for index in 0..b.num_blocks() {
                let block = b.block(index);
                Strip {
                    x: &a.data[first_row * a.stride..],
                    x_stride: a.stride,
                    num_runs: 1,
                    run_len: b.k,
                    run_pitch: 0,
                    num_rows: rows_per_block.min(num_rows - first_row),
                    weights: block.weights,
                    scale: block.scale,
                    bias: block.bias,
                    out: &mut out.data[first_row * out.stride + block.first_column..],
                    out_stride: out.stride,
                    num_columns: block.num_columns,
                    accumulate: store.accumulate,
                    carry: block.carry,
                    relu: store.relu,
                }
                .run(b.isa);
            }
        }
    }
}

/// Values rounded at a time, few enough to stay in the first-level cache.
const ROUNDED_VALUES: usize = 8192;

impl LeftHand<Bf16> for f32 {
    fn multiply<O: Output>(
        num_rows: usize,
        a: Rows<'_, f32>,
        b: &PackedMatrix<Bf16>,
        store: Store,
        out: RowsMut<'_, O>,
    ) {
        assert!(b.k <= ROUNDED_VALUES, "rows of {} values cannot be rounded", b.k);
        let mut buffer = [Bf16::default(); ROUNDED_VALUES];
        let fitting = ROUNDED_VALUES / b.k.max(1);
        // Whole tiles of AVX-512, if at least one fits.
        let rows_per_block = if fitting >= 14 { fitting / 14 * 14 } else { fitting };
        for first_row in (0..num_rows).step_by(rows_per_block) {
            let rows = rows_per_block.min(num_rows - first_row);
            for r in 0..rows {
                to_bf16(b.isa, &a.data[(first_row + r) * a.stride..][..b.k], &mut buffer[r * b.k..][..b.k]);
            }
            let rounded = Rows { data: &buffer[..], stride: b.k };
            let out = RowsMut { data: &mut out.data[first_row * out.stride..], stride: out.stride };
            Bf16::multiply(rows, rounded, b, store, out);
        }
    }
}
