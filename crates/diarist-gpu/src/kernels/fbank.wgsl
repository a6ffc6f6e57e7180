// Computes the log-mel features of the embedding network, one frame a group.
//
// signal [samples] -> features [frame, 80]. Frame i covers the samples 160 i .. 160 i + 400.
// Grid: x and y count frames, y in rows of ROW_FRAMES.
//
// The spectrum of 512 real numbers comes from a complex transform of half the length: its input is
// the even samples as real parts and the odd ones as imaginary parts.

struct Shape { num_frames: u32 }
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> signal: array<f32>;
@group(0) @binding(2) var<storage, read> window: array<f32>;
// exp(-2 pi i k / 512) for k from 0 to 383.
@group(0) @binding(3) var<storage, read> roots: array<vec2<f32>>;
// The filters without their zeros: first bin, number of bins, and start of its weights in `mel`.
@group(0) @binding(4) var<storage, read> filters: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read> mel: array<f32>;
@group(0) @binding(6) var<storage, read_write> features: array<f32>;

const THREADS = 64u;
const FRAME = 400u;
const SHIFT = 160u;
const BINS = 80u;
// Points of the complex transform.
const POINTS = 256u;
const SCALE = 32768.0;
const PREEMPHASIS = 0.97;
const ENERGY_FLOOR = 1.1920929e-7;

// Samples of the frame, and its power spectrum afterwards.
var<workgroup> samples: array<f32, FRAME>;
var<workgroup> partial: array<f32, THREADS>;
var<workgroup> points: array<vec2<f32>, POINTS>;

fn product(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

// Sample `i` after pre-emphasis and window; zero beyond the frame. The first sample is its own
// neighbour.
fn windowed(i: u32, mean: f32) -> f32 {
    if i >= FRAME {
        return 0.0;
    }
    let before = samples[max(i, 1u) - 1u] - mean;
    return ((samples[i] - mean) - PREEMPHASIS * before) * window[i];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let frame = group.y * ROW_FRAMES + group.x;
    if frame >= shape.num_frames {
        return;
    }

    // The mean. Sums of 16-bit samples are exact in any order.
    var sum = 0.0;
    for (var i = thread; i < FRAME; i += THREADS) {
        let sample = signal[frame * SHIFT + i] * SCALE;
        samples[i] = sample;
        sum += sample;
    }
    partial[thread] = sum;
    workgroupBarrier();
    sum = 0.0;
    for (var i = 0u; i < THREADS; i++) {
        sum += partial[i];
    }
    // The second step corrects a division that is rounded too coarsely: a constant signal has to
    // vanish.
    var mean = sum / f32(FRAME);
    mean += fma(-f32(FRAME), mean, sum) / f32(FRAME);

    // Four steps of radix 4. Each thread holds four points.
    var values: array<vec2<f32>, 4>;
    for (var r = 0u; r < 4u; r++) {
        let point = thread + r * 64u;
        values[r] = vec2<f32>(windowed(2u * point, mean), windowed(2u * point + 1u, mean));
    }
    for (var span = 1u; span < POINTS; span *= 4u) {
        let within = thread % span;
        if span > 1u {
            for (var r = 0u; r < 4u; r++) {
                let point = points[thread + r * 64u];
                values[r] = product(point, roots[within * r * (128u / span)]);
            }
        }
        let sums = values[0] + values[2];
        let differences = values[0] - values[2];
        let odd_sums = values[1] + values[3];
        let odd = values[1] - values[3];
        let turned = vec2<f32>(odd.y, -odd.x);
        let at = (thread / span) * span * 4u + within;
        workgroupBarrier();
        points[at] = sums + odd_sums;
        points[at + span] = differences + turned;
        points[at + 2u * span] = sums - odd_sums;
        points[at + 3u * span] = differences - turned;
        workgroupBarrier();
    }

    // The spectrum of the real signal, without the Nyquist bin.
    for (var bin = thread; bin < POINTS; bin += THREADS) {
        let here = points[bin];
        let mirrored = points[(POINTS - bin) % POINTS];
        let there = vec2<f32>(mirrored.x, -mirrored.y);
        let turned = product(roots[bin], here - there);
        let value = 0.5 * (here + there + vec2<f32>(turned.y, -turned.x));
        samples[bin] = dot(value, value);
    }
    workgroupBarrier();

    for (var bin = thread; bin < BINS; bin += THREADS) {
        let triangle = filters[bin];
        var energy = 0.0;
        for (var i = 0u; i < triangle.y; i++) {
            energy += samples[triangle.x + i] * mel[triangle.z + i];
        }
        features[frame * BINS + bin] = log(max(energy, ENERGY_FLOOR));
    }
}
