// Computes a convolution as a matrix product: rows are pixels of the output, columns are output
// channels, and the inner dimension runs over taps and input channels.
//
// x [image, height, width, CIN] -> y [image, out_height, out_width, COUT]. TAPS is 9 (3x3, zero
// padding of one pixel) or 1. With ADD the sums are added to the numbers in `y`. With RELU negative
// results become zero.
// Grid: x counts tiles of ROWS pixels of one image, y tiles of COLUMNS channels, z images.
//
// A thread holds the sums of 8 pixels x 8 channels in named variables, because not every compiler
// keeps arrays in registers. Neighbouring threads take neighbouring vectors of channels, and rows
// that lie next to each other.

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
const THREADS_ACROSS = COLUMNS / 8u;
const THREADS_DOWN = ROWS / 8u;
const THREADS = THREADS_ACROSS * THREADS_DOWN;
// Vectors of pixels that a thread loads for a step.
const LOADS = ROWS * DEPTH_VECTORS / THREADS;
const LOAD_ROWS = THREADS / DEPTH_VECTORS;
// Distance of the pixels of a thread in `left`.
const LEFT_STEP = THREADS_DOWN * DEPTH_VECTORS;
const PADDING = TAPS / 9u;
const OUTSIDE = 0xffffffffu;

// [pixel][channel / 4] and [channel][output channel / 4] of a step.
var<workgroup> left: array<vec4<f32>, ROWS * DEPTH_VECTORS>;
var<workgroup> right: array<vec4<f32>, DEPTH * COLUMN_VECTORS>;

// Adds the products of four numbers with four rows of channels.
fn multiply_add(sum: vec4<f32>, values: vec4<f32>, a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> vec4<f32> {
    let first = fma(vec4<f32>(values.y), b, fma(vec4<f32>(values.x), a, sum));
    return fma(vec4<f32>(values.w), d, fma(vec4<f32>(values.z), c, first));
}

// Writes the sums of a pixel for a vector of channels.
fn store(image: u32, pixel: u32, vector: u32, sum: vec4<f32>) {
    let num_pixels = shape.out_height * shape.out_width;
    if pixel >= num_pixels {
        return;
    }
    let at = (image * num_pixels + pixel) * (COUT / 4u) + vector;
    var value = sum + bias[vector];
    if ADD != 0u {
        value += vec4<f32>(y[at]);
    }
    if RELU != 0u {
        value = max(value, vec4<f32>(0.0));
    }
    y[at] = vec4<Element>(value);
}

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

    // Pixels are numbered, and both vectors of channels lettered.
    var sum0a = vec4<f32>(0.0);
    var sum0b = vec4<f32>(0.0);
    var sum1a = vec4<f32>(0.0);
    var sum1b = vec4<f32>(0.0);
    var sum2a = vec4<f32>(0.0);
    var sum2b = vec4<f32>(0.0);
    var sum3a = vec4<f32>(0.0);
    var sum3b = vec4<f32>(0.0);
    var sum4a = vec4<f32>(0.0);
    var sum4b = vec4<f32>(0.0);
    var sum5a = vec4<f32>(0.0);
    var sum5b = vec4<f32>(0.0);
    var sum6a = vec4<f32>(0.0);
    var sum6b = vec4<f32>(0.0);
    var sum7a = vec4<f32>(0.0);
    var sum7b = vec4<f32>(0.0);
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
                let right_at = part * 4u * COLUMN_VECTORS + across;
                let a0 = right[right_at];
                let a1 = right[right_at + COLUMN_VECTORS];
                let a2 = right[right_at + 2u * COLUMN_VECTORS];
                let a3 = right[right_at + 3u * COLUMN_VECTORS];
                let b0 = right[right_at + THREADS_ACROSS];
                let b1 = right[right_at + COLUMN_VECTORS + THREADS_ACROSS];
                let b2 = right[right_at + 2u * COLUMN_VECTORS + THREADS_ACROSS];
                let b3 = right[right_at + 3u * COLUMN_VECTORS + THREADS_ACROSS];
                let left_at = down * DEPTH_VECTORS + part;
                let values0 = left[left_at];
                sum0a = multiply_add(sum0a, values0, a0, a1, a2, a3);
                sum0b = multiply_add(sum0b, values0, b0, b1, b2, b3);
                let values1 = left[left_at + LEFT_STEP];
                sum1a = multiply_add(sum1a, values1, a0, a1, a2, a3);
                sum1b = multiply_add(sum1b, values1, b0, b1, b2, b3);
                let values2 = left[left_at + 2u * LEFT_STEP];
                sum2a = multiply_add(sum2a, values2, a0, a1, a2, a3);
                sum2b = multiply_add(sum2b, values2, b0, b1, b2, b3);
                let values3 = left[left_at + 3u * LEFT_STEP];
                sum3a = multiply_add(sum3a, values3, a0, a1, a2, a3);
                sum3b = multiply_add(sum3b, values3, b0, b1, b2, b3);
                let values4 = left[left_at + 4u * LEFT_STEP];
                sum4a = multiply_add(sum4a, values4, a0, a1, a2, a3);
                sum4b = multiply_add(sum4b, values4, b0, b1, b2, b3);
                let values5 = left[left_at + 5u * LEFT_STEP];
                sum5a = multiply_add(sum5a, values5, a0, a1, a2, a3);
                sum5b = multiply_add(sum5b, values5, b0, b1, b2, b3);
                let values6 = left[left_at + 6u * LEFT_STEP];
                sum6a = multiply_add(sum6a, values6, a0, a1, a2, a3);
                sum6b = multiply_add(sum6b, values6, b0, b1, b2, b3);
                let values7 = left[left_at + 7u * LEFT_STEP];
                sum7a = multiply_add(sum7a, values7, a0, a1, a2, a3);
                sum7b = multiply_add(sum7b, values7, b0, b1, b2, b3);
            }
            workgroupBarrier();
        }
    }

    let pixel = first_pixel + down;
    let vector = first_vector + across;
    store(group.z, pixel, vector, sum0a);
    store(group.z, pixel, vector + THREADS_ACROSS, sum0b);
    store(group.z, pixel + THREADS_DOWN, vector, sum1a);
    store(group.z, pixel + THREADS_DOWN, vector + THREADS_ACROSS, sum1b);
    store(group.z, pixel + 2u * THREADS_DOWN, vector, sum2a);
    store(group.z, pixel + 2u * THREADS_DOWN, vector + THREADS_ACROSS, sum2b);
    store(group.z, pixel + 3u * THREADS_DOWN, vector, sum3a);
    store(group.z, pixel + 3u * THREADS_DOWN, vector + THREADS_ACROSS, sum3b);
    store(group.z, pixel + 4u * THREADS_DOWN, vector, sum4a);
    store(group.z, pixel + 4u * THREADS_DOWN, vector + THREADS_ACROSS, sum4b);
    store(group.z, pixel + 5u * THREADS_DOWN, vector, sum5a);
    store(group.z, pixel + 5u * THREADS_DOWN, vector + THREADS_ACROSS, sum5b);
    store(group.z, pixel + 6u * THREADS_DOWN, vector, sum6a);
    store(group.z, pixel + 6u * THREADS_DOWN, vector + THREADS_ACROSS, sum6b);
    store(group.z, pixel + 7u * THREADS_DOWN, vector, sum7a);
    store(group.z, pixel + 7u * THREADS_DOWN, vector + THREADS_ACROSS, sum7b);
}
