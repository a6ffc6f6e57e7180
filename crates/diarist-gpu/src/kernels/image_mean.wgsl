// Computes the mean of every feature over the frames of an image.
//
// fbank [frame, 80] -> means [image, 80]. Image i begins at the frame starts[i].
// Grid: x counts groups of 16 features, y images.
//
// The second pass averages what the first one left, which removes its rounding.

struct Shape { num_frames: u32 }
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> fbank: array<f32>;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read_write> means: array<f32>;

const BINS = 80u;
const LANES = 16u;

var<workgroup> partial: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let lane = thread % LANES;
    let phase = thread / LANES;
    let bin = group.x * LANES + lane;
    let start = starts[group.y];
    var mean = 0.0;
    for (var round = 0u; round < 2u; round++) {
        var sum = 0.0;
        for (var frame = phase; frame < shape.num_frames; frame += LANES) {
            sum += fbank[(start + frame) * BINS + bin] - mean;
        }
        partial[thread] = sum;
        workgroupBarrier();
        sum = 0.0;
        for (var i = 0u; i < LANES; i++) {
            sum += partial[i * LANES + lane];
        }
        mean += sum / f32(shape.num_frames);
        workgroupBarrier();
    }
    if phase == 0u {
        means[group.y * BINS + bin] = mean;
    }
}
