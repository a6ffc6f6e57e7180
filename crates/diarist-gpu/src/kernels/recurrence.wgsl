// Recurrence of one LSTM layer of 128 units, both directions, from zero states.
//
// gates: [chunk, frame, direction, unit] of the vector (i, f, g, o) in `Gate`: the input's part and
// the biases; weight: [direction, 128, unit] of the vector (i, f, g, o);
// y: [chunk, frame, direction, unit]. Direction 1 begins at the last frame. h and c are f32.
// Constant: CHUNKS, chunks of a group, a multiple of 4.
// Group (x, y): chunks from CHUNKS * x on, direction y. A thread owns one unit of all its chunks and
// uses each weight that it loads for all of them.

struct Shape { num_chunks: u32, frames: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> gates: array<vec4<Gate>>;
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
        var sums: array<vec4<f32>, CHUNKS>;
        for (var c = 0u; c < CHUNKS; c++) {
            let chunk = min(first_chunk + c, shape.num_chunks - 1u);
            sums[c] = vec4<f32>(gates[((chunk * shape.frames + frame) * 2u + direction) * UNITS + unit]);
        }
        let now = (step & 1u) * UNITS * QUADS;
        let next = UNITS * QUADS - now;
        for (var k = 0u; k < UNITS; k++) {
            let w = vec4<f32>(weight[(direction * UNITS + k) * UNITS + unit]);
            for (var quad = 0u; quad < QUADS; quad++) {
                let value = h[now + k * QUADS + quad];
                sums[4u * quad] = fma(w, vec4<f32>(value.x), sums[4u * quad]);
                sums[4u * quad + 1u] = fma(w, vec4<f32>(value.y), sums[4u * quad + 1u]);
                sums[4u * quad + 2u] = fma(w, vec4<f32>(value.z), sums[4u * quad + 2u]);
                sums[4u * quad + 3u] = fma(w, vec4<f32>(value.w), sums[4u * quad + 3u]);
            }
        }
        for (var quad = 0u; quad < QUADS; quad++) {
            let of_chunks = transpose(
                mat4x4<f32>(sums[4u * quad], sums[4u * quad + 1u], sums[4u * quad + 2u], sums[4u * quad + 3u])
            );
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
