// Filtered frames as if the samples of their chunk had been normalised before, without sign: the
// greatest of three neighbours.
//
// x: [frames of the signal, 80], wave: [chunk, 2], mean and scale of the samples; bias: that of the
// samples' norm; filter_sums: [80], the sums of the taps; y: [chunk, frames, 80]. Chunk c begins at
// frame c * step_frames.
// A filter is linear: filtered((s - mean) * scale + bias)
// = (filtered(s) - mean * filter_sum) * scale + bias * filter_sum.
// Group (x, y): 256 vectors of channels of chunk y, one for each thread.

struct Shape { step_frames: u32, frames: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> wave: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> filter_sums: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;

const C_4 = 20u;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let index = group.x * 256u + thread;
    if index >= shape.frames * C_4 {
        return;
    }
    let channel = index % C_4;
    let first = (group.y * shape.step_frames + index / C_4 * 3u) * C_4 + channel;
    let norm = wave[group.y];
    let sums = filter_sums[channel];
    var greatest = vec4<f32>(0.0);
    for (var i = 0u; i < 3u; i++) {
        let centred = fma(vec4<f32>(-norm.x), sums, x[first + i * C_4]);
        greatest = max(greatest, abs(fma(centred, vec4<f32>(norm.y), bias[0] * sums)));
    }
    y[group.y * shape.frames * C_4 + index] = greatest;
}
