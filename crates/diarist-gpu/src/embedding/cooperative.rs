//! Products of small matrices that one instruction makes.

use crate::gpu::Gpu;

/// Shared memory of a group of the kernel, in bytes.
const NEEDED_WORKGROUP_BYTES: u32 = 20 << 10;

/// Products of f16 matrices with sums in f32, as an adapter offers them.
///
/// The kernel has 8 or 32 threads in a subgroup, so adapters with others use the plain one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cooperative {
    /// Rows and columns of a matrix: 8 or 16.
    pub size: u32,
    /// Threads that hold a matrix.
    pub subgroup_threads: u32,
    /// Whether matrices are loaded from vectors of four numbers, which Metal refuses.
    pub loads_vectors: bool,
}

impl Cooperative {
    /// The matrices that `gpu` offers. There are none if the size of a subgroup varies, because the
    /// kernel shares out its work by that size.
    pub fn of(gpu: &Gpu) -> Option<Self> {
        let summary = gpu.summary();
        let offers = |size: &u32| {
            summary.cooperative_matrices.iter().any(|name| *name == format!("{size}x{size}x{size} f16 -> f32"))
        };
        let size = [16, 8].into_iter().find(offers)?;
        let fits = summary.has_f16 && summary.workgroup_bytes >= NEEDED_WORKGROUP_BYTES;
        let subgroup_threads = summary.subgroup_threads.filter(|threads| fits && [8, 32].contains(threads))?;
        Some(Self { size, subgroup_threads, loads_vectors: summary.backend == "vulkan" })
    }

    /// Pixels that a group computes. A subgroup has 4 x 2 matrices, and a group at most 256
    /// threads.
    pub(super) fn tile_rows(self) -> usize {
        8 * self.size as usize
    }

    /// The declarations that the kernel needs.
    pub(super) fn head(self) -> String {
        let Self { size, .. } = self;
        let types = [("Left", "f16, A"), ("Right", "f16, B"), ("Sums", "f32, C")];
        let aliases = types.map(|(name, of)| format!("alias {name} = coop_mat{size}x{size}<{of}>;\n")).concat();
        let (chunk, len, put) = if self.loads_vectors {
            ("vec4<f16>", 4, "NAME[at] = value;")
        } else {
            ("f16", 1, "for (var i = 0u; i < 4u; i++) { NAME[at + i] = value[i]; }")
        };
        let puts = ["left", "right"]
            .map(|name| format!("fn put_{name}(at: u32, value: vec4<f16>) {{ {} }}\n", put.replace("NAME", name)));
        let puts = puts.concat();
        format!(
            "enable f16;\nenable wgpu_cooperative_matrix;\n{aliases}alias Chunk = {chunk};\nconst CHUNK = {len}u;\n{puts}"
        )
    }
}
