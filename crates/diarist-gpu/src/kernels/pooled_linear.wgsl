// Computes the last layer of the embedding network.
//
// x [set, 5120] -> y [set, 256] = x * weight + bias.
// Grid: x counts groups of 4 sets, y groups of 64 outputs.
//
// There are few sets, so the inner dimension is shared out among the threads: 16 threads have the
// 64 outputs, and each of the 16 rows of threads has every 16th vector of the statistics.

struct Shape { num_sets: u32 }
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
// [statistic, output / 4]
@group(0) @binding(2) var<storage, read> weight: array<vec4<Element>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>;

const INPUT_VECTORS = 1280u;
const OUTPUT_VECTORS = 64u;
const SETS = 4u;
const ACROSS = 16u;
const SLICES = 16u;
const THREADS = ACROSS * SLICES;

// [slice][set][output / 4]
var<workgroup> partial: array<vec4<f32>, SLICES * SETS * ACROSS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let across = thread % ACROSS;
    let slice = thread / ACROSS;
    let first_set = group.x * SETS;
    let vector = group.y * ACROSS + across;
    var sums: array<vec4<f32>, SETS>;
    for (var k = slice; k < INPUT_VECTORS; k += SLICES) {
        let a = vec4<f32>(weight[(k * 4u) * OUTPUT_VECTORS + vector]);
        let b = vec4<f32>(weight[(k * 4u + 1u) * OUTPUT_VECTORS + vector]);
        let c = vec4<f32>(weight[(k * 4u + 2u) * OUTPUT_VECTORS + vector]);
        let d = vec4<f32>(weight[(k * 4u + 3u) * OUTPUT_VECTORS + vector]);
        for (var j = 0u; j < SETS; j++) {
            // Sets beyond the last compute the last again.
            let values = x[min(first_set + j, shape.num_sets - 1u) * INPUT_VECTORS + k];
            var sum = sums[j];
            sum = fma(vec4<f32>(values.x), a, sum);
            sum = fma(vec4<f32>(values.y), b, sum);
            sum = fma(vec4<f32>(values.z), c, sum);
            sum = fma(vec4<f32>(values.w), d, sum);
            sums[j] = sum;
        }
    }
    for (var j = 0u; j < SETS; j++) {
        partial[(slice * SETS + j) * ACROSS + across] = sums[j];
    }
    workgroupBarrier();
    let index = first_set + slice;
    if slice < SETS && index < shape.num_sets {
        var sum = bias[vector];
        for (var i = 0u; i < SLICES; i++) {
            sum += partial[(i * SETS + slice) * ACROSS + across];
        }
        y[index * OUTPUT_VECTORS + vector] = sum;
    }
}
