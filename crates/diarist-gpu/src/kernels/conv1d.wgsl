// Convolution over time with 5 taps and 60 outputs, then the greatest of three neighbours. The
// input is normalised and passes a leaky ReLU of slope 0.01 on its way in.
//
// x: [chunk, frames_in, C], norms: [chunk, 2, C], means and scales; norm_bias: [C];
// weight: [5, C, 60], bias: [60], y: [chunk, frames_out, 60] with 3 * frames_out + 4 <= frames_in.
// Constant: C, input channels, a multiple of 20.
// Group (x, y): pooled frames from 32 x on of chunk y. A thread sums 12 frames of 4 outputs.

struct Shape { frames_in: u32, frames_out: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> norms: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> norm_bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> weight: array<vec4<Element>>;
@group(0) @binding(5) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4<f32>>;

const C_4 = C / 4u;
const N_4 = 15u; // vectors of outputs
const TAPS = 5u;
const STEP = 8u;       // distance of a thread's pooled frames
const THREADS = N_4 * STEP;
const POOLED = 4u * STEP;
const FRAMES = 3u * POOLED + TAPS - 1u;
const DEPTH = 20u;     // channels at a time
const DEPTH_4 = DEPTH / 4u;

var<workgroup> left: array<vec4<f32>, 500>;  // [FRAMES][DEPTH_4]
var<workgroup> right: array<vec4<f32>, 300>; // [DEPTH][N_4]

fn load_input(chunk: u32, first_frame: u32, first_channel: u32, thread: u32) {
    for (var i = thread; i < FRAMES * DEPTH_4; i += THREADS) {
        let frame = first_frame + i / DEPTH_4;
        let channel = first_channel + i % DEPTH_4;
        var value = vec4<f32>(0.0);
        if frame < shape.frames_in {
            let mean = norms[chunk * 2u * C_4 + channel];
            let scale = norms[chunk * 2u * C_4 + C_4 + channel];
            let input = x[(chunk * shape.frames_in + frame) * C_4 + channel];
            value = fma(input - mean, scale, norm_bias[channel]);
            value = max(value, value * 0.01);
        }
        left[i] = value;
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let chunk = group.y;
    let first_pooled = group.x * POOLED;
    let tx = thread % N_4;
    let ty = thread / N_4;
    var sums: array<vec4<f32>, 12>;
    for (var channel = 0u; channel < C; channel += DEPTH) {
        load_input(chunk, first_pooled * 3u, channel / 4u, thread);
        for (var tap = 0u; tap < TAPS; tap++) {
            for (var i = thread; i < DEPTH * N_4; i += THREADS) {
                right[i] = vec4<f32>(weight[(tap * C + channel) * N_4 + i]);
            }
            workgroupBarrier();
            for (var part = 0u; part < DEPTH_4; part++) {
                let at = part * 4u * N_4 + tx;
                let b0 = right[at];
                let b1 = right[at + N_4];
                let b2 = right[at + 2u * N_4];
                let b3 = right[at + 3u * N_4];
                for (var j = 0u; j < 12u; j++) {
                    let frame = (ty + j / 3u * STEP) * 3u + j % 3u + tap;
                    let a = left[frame * DEPTH_4 + part];
                    var sum = fma(vec4<f32>(a.x), b0, sums[j]);
                    sum = fma(vec4<f32>(a.y), b1, sum);
                    sum = fma(vec4<f32>(a.z), b2, sum);
                    sums[j] = fma(vec4<f32>(a.w), b3, sum);
                }
            }
            workgroupBarrier();
        }
    }
    for (var j = 0u; j < 4u; j++) {
        let frame = first_pooled + ty + j * STEP;
        if frame < shape.frames_out {
            let greatest = max(max(sums[3u * j], sums[3u * j + 1u]), sums[3u * j + 2u]);
            y[(chunk * shape.frames_out + frame) * N_4 + tx] = greatest + bias[tx];
        }
    }
}
