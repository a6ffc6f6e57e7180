// Computes the first convolution of the embedding network: 3x3 from 1 to 32 channels, then ReLU.
//
// fbank [frame, 80] - means [image, 80] -> y [image, 80, frame, 32]. Frequency is the height and
// time the width. Pixels beyond the edges are zero, which is the mean.
// Grid: x counts groups of 16 frames, y images.

struct Shape { num_frames: u32 }
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> fbank: array<f32>;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> means: array<f32>;
// [tap, channel / 4]
@group(0) @binding(4) var<storage, read> weight: array<vec4<Element>>;
@group(0) @binding(5) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4<Element>>;

const THREADS = 256u;
const BINS = 80u;
const FRAMES = 16u;
const VECTORS = 8u;
// The image with an edge of one pixel.
const TILE_BINS = BINS + 2u;
const TILE = TILE_BINS * (FRAMES + 2u);

var<workgroup> tile: array<f32, TILE>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let start = starts[group.y];
    for (var i = thread; i < TILE; i += THREADS) {
        // Numbers below zero become large.
        let bin = i % TILE_BINS - 1u;
        let frame = group.x * FRAMES + i / TILE_BINS - 1u;
        var value = 0.0;
        if bin < BINS && frame < shape.num_frames {
            value = fbank[(start + frame) * BINS + bin] - means[group.y * BINS + bin];
        }
        tile[i] = value;
    }
    workgroupBarrier();

    let vector = thread % VECTORS;
    let column = thread / VECTORS % FRAMES;
    let frame = group.x * FRAMES + column;
    if frame >= shape.num_frames {
        return;
    }
    var weights: array<vec4<f32>, 9>;
    for (var tap = 0u; tap < 9u; tap++) {
        weights[tap] = vec4<f32>(weight[tap * VECTORS + vector]);
    }
    let base = bias[vector];
    for (var bin = thread / (VECTORS * FRAMES); bin < BINS; bin += THREADS / (VECTORS * FRAMES)) {
        var sum = base;
        for (var tap = 0u; tap < 9u; tap++) {
            let value = tile[(column + tap % 3u) * TILE_BINS + bin + tap / 3u];
            sum = fma(vec4<f32>(value), weights[tap], sum);
        }
        let pixel = (group.y * BINS + bin) * shape.num_frames + frame;
        y[pixel * VECTORS + vector] = vec4<Element>(max(sum, vec4<f32>(0.0)));
    }
}
