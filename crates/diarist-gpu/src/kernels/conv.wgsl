// Computes a convolution as a matrix product: rows are pixels of the output, columns are output
// channels, and the inner dimension runs over taps and input channels.
//
// x [image, height, width, CIN] -> y [image, out_height, out_width, COUT]. TAPS is 9 (3x3, zero
// padding of one pixel) or 1. With ADD the sums are added to the numbers in `y`. With RELU negative
// results become zero.
// Grid: x counts tiles of ROWS pixels of one image, y tiles of COLUMNS channels, z images.
//
// A thread holds THREAD_ROWS x THREAD_COLUMNS sums. Neighbouring threads take neighbouring vectors
// of channels, and rows that lie next to each other.

struct Shape { height: u32, width: u32, out_height: u32, out_width: u32 }
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<Element>>;
// [tap, input channel, output channel / 4]
@group(0) @binding(2) var<storage, read> weight: array<vec4<Element>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<Element>>;

// Lengths in vectors of four channels.
const DEPTH_VECTORS = DEPTH / 4u;
const COLUMN_VECTORS = COLUMNS / 4u;
const VECTORS = THREAD_COLUMNS / 4u;
const THREADS_ACROSS = COLUMNS / THREAD_COLUMNS;
const THREADS_DOWN = ROWS / THREAD_ROWS;
const THREADS = THREADS_ACROSS * THREADS_DOWN;
// Vectors of pixels that a thread loads for a step.
const LOADS = ROWS * DEPTH_VECTORS / THREADS;
const LOAD_ROWS = THREADS / DEPTH_VECTORS;
const PADDING = TAPS / 9u;
const OUTSIDE = 0xffffffffu;

// [pixel][channel / 4] and [channel][output channel / 4] of a step.
var<workgroup> left: array<vec4<f32>, ROWS * DEPTH_VECTORS>;
var<workgroup> right: array<vec4<f32>, DEPTH * COLUMN_VECTORS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let across = thread % THREADS_ACROSS;
    let down = thread / THREADS_ACROSS;
    let first_pixel = group.x * ROWS;
    let first_vector = group.y * COLUMN_VECTORS;
    let num_pixels = shape.out_height * shape.out_width;
    let image = group.z * shape.height * shape.width;
    let load_part = thread % DEPTH_VECTORS;
    let load_row = thread / DEPTH_VECTORS;

    // Top left pixel that each load needs, relative to the image. Coordinates wrap around below
    // zero and are then as far outside as those of rows beyond the last pixel.
    var tops: array<u32, LOADS>;
    var lefts: array<u32, LOADS>;
    for (var i = 0u; i < LOADS; i++) {
        let pixel = first_pixel + load_row + i * LOAD_ROWS;
        let row = pixel / shape.out_width;
        tops[i] = select(0x80000000u, row * STRIDE - PADDING, pixel < num_pixels);
        lefts[i] = (pixel - row * shape.out_width) * STRIDE - PADDING;
    }

    var sums: array<vec4<f32>, THREAD_ROWS * VECTORS>;
    for (var tap = 0u; tap < TAPS; tap++) {
        var starts: array<u32, LOADS>;
        for (var i = 0u; i < LOADS; i++) {
            let row = tops[i] + tap / 3u;
            let column = lefts[i] + tap % 3u;
            let start = (image + row * shape.width + column) * (CIN / 4u) + load_part;
            starts[i] = select(OUTSIDE, start, row < shape.height && column < shape.width);
        }
        for (var channel = 0u; channel < CIN; channel += DEPTH) {
            for (var i = 0u; i < LOADS; i++) {
                var value = vec4<f32>(0.0);
                if starts[i] != OUTSIDE {
                    value = vec4<f32>(x[starts[i] + channel / 4u]);
                }
                left[thread + i * THREADS] = value;
            }
            for (var i = thread; i < DEPTH * COLUMN_VECTORS; i += THREADS) {
                let row = tap * CIN + channel + i / COLUMN_VECTORS;
                right[i] = vec4<f32>(weight[row * (COUT / 4u) + first_vector + i % COLUMN_VECTORS]);
            }
            workgroupBarrier();
            for (var part = 0u; part < DEPTH_VECTORS; part++) {
                var rights: array<vec4<f32>, 4u * VECTORS>;
                for (var k = 0u; k < 4u; k++) {
                    for (var v = 0u; v < VECTORS; v++) {
                        let at = (part * 4u + k) * COLUMN_VECTORS + across + v * THREADS_ACROSS;
                        rights[k * VECTORS + v] = right[at];
                    }
                }
                for (var j = 0u; j < THREAD_ROWS; j++) {
                    let values = left[(down + j * THREADS_DOWN) * DEPTH_VECTORS + part];
                    for (var v = 0u; v < VECTORS; v++) {
                        var sum = sums[j * VECTORS + v];
                        sum = fma(vec4<f32>(values.x), rights[v], sum);
                        sum = fma(vec4<f32>(values.y), rights[VECTORS + v], sum);
                        sum = fma(vec4<f32>(values.z), rights[2u * VECTORS + v], sum);
                        sum = fma(vec4<f32>(values.w), rights[3u * VECTORS + v], sum);
                        sums[j * VECTORS + v] = sum;
                    }
                }
            }
            workgroupBarrier();
        }
    }

    for (var j = 0u; j < THREAD_ROWS; j++) {
        let pixel = first_pixel + down + j * THREADS_DOWN;
        if pixel >= num_pixels {
            continue;
        }
        for (var v = 0u; v < VECTORS; v++) {
            let vector = first_vector + across + v * THREADS_ACROSS;
            let at = (group.z * num_pixels + pixel) * (COUT / 4u) + vector;
            var value = sums[j * VECTORS + v] + bias[vector];
            if ADD != 0u {
                value += vec4<f32>(y[at]);
            }
            if RELU != 0u {
                value = max(value, vec4<f32>(0.0));
            }
            y[at] = vec4<Element>(value);
        }
    }
}
