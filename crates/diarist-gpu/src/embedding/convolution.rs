//! One convolution of the trunk.

use wgpu::Buffer;

use super::cooperative::Cooperative;
use crate::element::Element;
use crate::recorder::{Kernel, Part, Recorder};
use crate::shader::{Source, shader};
use crate::work;

/// A convolution with 3x3 taps (zero padding of one pixel) or a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    /// Input channels, a multiple of 32.
    pub channels_in: usize,
    /// Output channels, a multiple of 32.
    pub channels_out: usize,
    /// 9 or 1.
    pub num_taps: usize,
    /// Pixels of the input from one pixel of the output to the next.
    pub stride: usize,
    /// Whether the sums are added to the numbers in the output.
    pub adds: bool,
    /// Whether negative results become zero.
    pub rectifies: bool,
}

/// Pixels of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plane {
    /// Frequencies.
    pub height: usize,
    /// Times.
    pub width: usize,
}

impl Plane {
    /// The plane after a convolution with this stride.
    pub fn strided(self, stride: usize) -> Self {
        Self { height: self.height.div_ceil(stride), width: self.width.div_ceil(stride) }
    }

    /// Number of pixels.
    pub fn num_pixels(self) -> usize {
        self.height * self.width
    }
}

/// The part of a product that a group of threads computes: pixels and output channels.
#[derive(Debug, Clone, Copy)]
struct Tile {
    rows: usize,
    columns: usize,
}

impl Convolution {
    fn tile(self, cooperative: Option<Cooperative>) -> Tile {
        let rows = cooperative.map_or(128, Cooperative::tile_rows);
        Tile { rows, columns: if self.channels_out.is_multiple_of(64) { 64 } else { 32 } }
    }

    /// The source of the kernel: of the plain one, or of that which multiplies cooperative matrices
    /// of f16.
    pub fn source(self, element: Element, cooperative: Option<Cooperative>) -> Source {
        let Tile { rows, columns } = self.tile(cooperative);
        let constants = [
            ("CIN", self.channels_in),
            ("COUT", self.channels_out),
            ("TAPS", self.num_taps),
            ("STRIDE", self.stride),
            ("ADD", usize::from(self.adds)),
            ("RELU", usize::from(self.rectifies)),
            ("ROWS", rows),
            ("COLUMNS", columns),
            ("DEPTH", if cooperative.is_some() { 32 } else { 16 }),
        ];
        let mut constants = constants.map(|(name, value)| (name, value as u32)).to_vec();
        let Some(cooperative) = cooperative else {
            return shader!("conv").source(element, &constants);
        };
        constants.extend([("TILE", cooperative.size), ("SUBGROUP", cooperative.subgroup_threads)]);
        let shader = shader!("conv_cooperative");
        shader.source_after(cooperative.head(), format!("{} f16", shader.name), &constants)
    }

    /// Computes a convolution with a kernel of [`Self::source`], its weights (as [`packed`]) and
    /// bias.
    pub fn record(self, recorder: &mut Recorder<'_>, kernel: &Kernel, weights: [&Buffer; 2], images: Layers<'_>) {
        let Layers { num_images, plane, from, to, cooperative } = images;
        let Tile { rows, columns } = self.tile(cooperative);
        let out = plane.strided(self.stride);
        let [weight, bias] = weights.map(Part::from);
        recorder.dispatch(
            kernel,
            &[plane.height, plane.width, out.height, out.width].map(|n| n as u32),
            [from.clone(), weight, bias, to.clone()],
            [out.num_pixels().div_ceil(rows), self.channels_out / columns, num_images],
        );
    }

    /// Operations and bytes of [`Self::record`].
    pub(super) fn work(self, element: Element, images: Layers<'_>) -> (u64, u64) {
        let Self { channels_in, channels_out, num_taps, .. } = self;
        let num_written = images.num_images * images.plane.strided(self.stride).num_pixels();
        let num_read = if num_taps == 1 { num_written } else { images.num_images * images.plane.num_pixels() };
        let depth = num_taps * channels_in;
        let touched = if self.adds { 2 } else { 1 } * num_written * channels_out;
        let bytes = work::bytes(element, num_read * channels_in + depth * channels_out + touched, channels_out);
        (work::product([num_written, depth, channels_out]), bytes)
    }
}

/// Input and output of a convolution.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'a> {
    /// Images in a row.
    pub num_images: usize,
    /// Pixels of an input image.
    pub plane: Plane,
    /// `[image, height, width, input channel]`.
    pub from: &'a Part,
    /// `[image, height, width, output channel]`.
    pub to: &'a Part,
    /// The cooperative matrices that the kernel multiplies, if it does.
    pub cooperative: Option<Cooperative>,
}

/// Weights `[out, in, tap]` as the kernels read them, `[tap, in, out]`.
pub fn packed(weight: &[f32], channels_in: usize, num_taps: usize) -> Vec<f32> {
    let channels_out = weight.len() / channels_in / num_taps;
    let at = |tap: usize, input: usize, output: usize| weight[(output * channels_in + input) * num_taps + tap];
    let rows = (0..num_taps).flat_map(|tap| (0..channels_in).map(move |input| (tap, input)));
    rows.flat_map(|(tap, input)| (0..channels_out).map(move |output| at(tap, input, output))).collect()
}
