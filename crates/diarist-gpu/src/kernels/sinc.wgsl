// Band-pass filters over the whole signal: 251 taps, one frame every 10 samples.
//
// signal: [num_samples], filters: [126, 80], the taps from the centre on, 40 even filters and then
// 40 odd ones, the even taps at the centre halved; y: [num_frames, 80].
// Left of the centre, an even filter has the same taps and an odd one the negative, so the samples
// are added or subtracted before they are multiplied.
// Group (x, y): 128 frames from 128 (x + 32768 y) on. A thread sums 8 frames of 4 bands.

struct Shape { num_samples: u32, num_frames: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> signal: array<f32>;
@group(0) @binding(2) var<storage, read> filters: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;

const BANDS_4 = 10u;
const STEP = 16u; // distance of a thread's frames
const THREADS = BANDS_4 * STEP;
const EACH = 8u;
const FRAMES = STEP * EACH;
const STRIDE = 10u;
const REACH = 125u;
const SAMPLES = (FRAMES - 1u) * STRIDE + 2u * REACH + 1u;
const GROUPS_X = 32768u;

var<workgroup> samples: array<f32, SAMPLES>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let first_frame = (group.x + group.y * GROUPS_X) * FRAMES;
    for (var i = thread; i < SAMPLES; i += THREADS) {
        let at = first_frame * STRIDE + i;
        var sample = 0.0;
        if at < shape.num_samples {
            sample = signal[at];
        }
        samples[i] = sample;
    }
    workgroupBarrier();
    let tx = thread % BANDS_4;
    let ty = thread / BANDS_4;
    var even: array<vec4<f32>, EACH>;
    var odd: array<vec4<f32>, EACH>;
    for (var k = 0u; k <= REACH; k++) {
        let even_taps = filters[k * 2u * BANDS_4 + tx];
        let odd_taps = filters[k * 2u * BANDS_4 + BANDS_4 + tx];
        for (var j = 0u; j < EACH; j++) {
            let centre = (ty + j * STEP) * STRIDE + REACH;
            let after = samples[centre + k];
            let before = samples[centre - k];
            even[j] = fma(vec4<f32>(after + before), even_taps, even[j]);
            odd[j] = fma(vec4<f32>(after - before), odd_taps, odd[j]);
        }
    }
    for (var j = 0u; j < EACH; j++) {
        let frame = first_frame + ty + j * STEP;
        if frame < shape.num_frames {
            y[frame * 2u * BANDS_4 + tx] = even[j];
            y[frame * 2u * BANDS_4 + BANDS_4 + tx] = odd[j];
        }
    }
}
