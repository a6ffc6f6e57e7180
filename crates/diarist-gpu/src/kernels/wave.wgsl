// Mean and sum of squared distances from it of slices of 6400 samples of each chunk. A slice with a
// sample that is not finite has the sum -1.
//
// signal: samples in f32, read as bits; moments: [chunk, SLICES] of (mean, sum).
// Chunk c begins at sample c * step_samples. Constant: SLICES, slices of a chunk.
// Group (x, y): slice x of chunk y. A thread takes every 128th sample.

struct Shape { step_samples: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> signal: array<u32>;
@group(0) @binding(2) var<storage, read_write> moments: array<vec2<f32>>;

const THREADS = 128u;
const EACH = 50u; // samples of a thread
const EXPONENT = 0x7f800000u;

var<workgroup> partial: array<vec2<f32>, THREADS>;

/// Moments of two sets of `count` samples each.
fn joined(a: vec2<f32>, b: vec2<f32>, count: f32) -> vec2<f32> {
    let distance = b.x - a.x;
    let sum = a.y + b.y + distance * distance * (0.5 * count);
    return vec2<f32>(a.x + 0.5 * distance, select(sum, -1.0, a.y < 0.0 || b.y < 0.0));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let first = group.y * shape.step_samples + group.x * THREADS * EACH + thread;
    var mean = 0.0;
    var sum = 0.0;
    var is_broken = false;
    for (var i = 0u; i < EACH; i++) {
        let bits = signal[first + i * THREADS];
        // Compilers may take for granted that floats are finite, so the bits are compared.
        let is_finite = (bits & EXPONENT) != EXPONENT;
        is_broken = is_broken || !is_finite;
        let sample = bitcast<f32>(select(0u, bits, is_finite));
        let distance = sample - mean;
        mean = fma(distance, 1.0 / f32(i + 1u), mean);
        sum = fma(distance, sample - mean, sum);
    }
    partial[thread] = vec2<f32>(mean, select(sum, -1.0, is_broken));
    workgroupBarrier();
    var count = f32(EACH);
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if thread < half {
            partial[thread] = joined(partial[thread], partial[thread + half], count);
        }
        count *= 2.0;
        workgroupBarrier();
    }
    if thread == 0u {
        moments[group.y * SLICES + group.x] = partial[0];
    }
}
