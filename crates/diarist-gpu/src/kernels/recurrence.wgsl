// Recurrence of one LSTM layer of 128 units, both directions, from zero states.
//
// gates: [chunk, frame, direction, unit] of the vector (i, f, g, o), the input's part and the
// biases; weight: [direction, 128, unit] of the vector (i, f, g, o);
// y: [chunk, frame, direction, unit]. Direction 1 begins at the last frame. h and c are f32.
// Constant: CHUNKS, chunks of a group, a multiple of 4.
// Group (x, y): chunks from CHUNKS * x on, direction y. A thread owns one unit of all its chunks
// and uses each weight that it loads for all of them.

struct Shape { num_chunks: u32, frames: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> gates: array<vec4<Element>>;
@group(0) @binding(2) var<storage, read> weight: array<vec4<Element>>;
@group(0) @binding(3) var<storage, read_write> y: array<Element>;

const UNITS = 128u;
const QUADS = CHUNKS / 4u;

// h of an even and of an odd step in turn, so that one barrier a step is enough.
var<workgroup> h: array<vec4<f32>, 2u * UNITS * QUADS>; // [2][UNITS][QUADS]

fn sigmoid(x: vec4<f32>) -> vec4<f32> {
    // Beyond 80 the exponential could overflow, and the result is 0 long before.
    return 1.0 / (1.0 + exp(min(-x, vec4<f32>(80.0))));
}

fn tanh_of(x: vec4<f32>) -> vec4<f32> {
    let e = exp(-2.0 * abs(x));
    return sign(x) * ((1.0 - e) / (1.0 + e));
}

/// The input's part of the gates; beyond the last chunk, that of the last.
fn input(chunk: u32, row: u32, unit: u32) -> vec4<f32> {
    let first_row = min(chunk, shape.num_chunks - 1u) * shape.frames * 2u;
    return vec4<f32>(gates[(first_row + row) * UNITS + unit]);
}

/// Adds the product of the weights of the gates and the h of four chunks.
fn added(sum: mat4x4<f32>, w: vec4<f32>, value: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        fma(w, vec4<f32>(value.x), sum[0]),
        fma(w, vec4<f32>(value.y), sum[1]),
        fma(w, vec4<f32>(value.z), sum[2]),
        fma(w, vec4<f32>(value.w), sum[3]),
    );
}

@compute @workgroup_size(UNITS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) unit: u32) {
    let first_chunk = group.x * CHUNKS;
    let direction = group.y;
    var cells: array<vec4<f32>, QUADS>;
    for (var quad = 0u; quad < QUADS; quad++) {
        cells[quad] = vec4<f32>(0.0);
        h[unit * QUADS + quad] = vec4<f32>(0.0);
    }
    workgroupBarrier();
    for (var step = 0u; step < shape.frames; step++) {
        let frame = select(step, shape.frames - 1u - step, direction == 1u);
        var sums: array<mat4x4<f32>, QUADS>; // a column for each chunk
        for (var quad = 0u; quad < QUADS; quad++) {
            let chunk = first_chunk + 4u * quad;
            let row = frame * 2u + direction;
            sums[quad] = mat4x4<f32>(
                input(chunk, row, unit),
                input(chunk + 1u, row, unit),
                input(chunk + 2u, row, unit),
                input(chunk + 3u, row, unit),
            );
        }
        let now = (step & 1u) * UNITS * QUADS;
        let next = UNITS * QUADS - now;
        // Four at a time: Mesa's software driver ends all loops of a thread after 65536 rounds.
        for (var k = 0u; k < UNITS; k += 4u) {
            let at = (direction * UNITS + k) * UNITS + unit;
            let w0 = vec4<f32>(weight[at]);
            let w1 = vec4<f32>(weight[at + UNITS]);
            let w2 = vec4<f32>(weight[at + 2u * UNITS]);
            let w3 = vec4<f32>(weight[at + 3u * UNITS]);
            for (var quad = 0u; quad < QUADS; quad++) {
                let first = now + k * QUADS + quad;
                var sum = added(sums[quad], w0, h[first]);
                sum = added(sum, w1, h[first + QUADS]);
                sum = added(sum, w2, h[first + 2u * QUADS]);
                sums[quad] = added(sum, w3, h[first + 3u * QUADS]);
            }
        }
        for (var quad = 0u; quad < QUADS; quad++) {
            let of_chunks = transpose(sums[quad]);
            let kept = sigmoid(of_chunks[1]) * cells[quad];
            let cell = fma(sigmoid(of_chunks[0]), tanh_of(of_chunks[2]), kept);
            let value = sigmoid(of_chunks[3]) * tanh_of(cell);
            cells[quad] = cell;
            h[next + unit * QUADS + quad] = value;
            for (var c = 0u; c < 4u; c++) {
                let chunk = first_chunk + 4u * quad + c;
                if chunk < shape.num_chunks {
                    y[((chunk * shape.frames + frame) * 2u + direction) * UNITS + unit] = Element(value[c]);
                }
            }
        }
        workgroupBarrier();
    }
}
