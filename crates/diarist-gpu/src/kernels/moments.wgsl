// Mean and sum of squared distances from it of each channel over slices of 64 frames of each chunk.
//
// x: [chunk, frames, 4 * C_4], moments: [chunk, slices, 2, 4 * C_4], the means and then the sums.
// Constant: C_4, vectors of channels. Group (x, y): slice x of chunk y. A thread takes every eighth
// frame of four channels. A channel of equal values has exactly their value as mean and the sum 0.

struct Shape { frames: u32, slices: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> moments: array<vec4<f32>>;

const LANES = 8u;
const SLICE = 64u;
const THREADS = LANES * C_4;

var<workgroup> means: array<vec4<f32>, THREADS>; // [LANES][C_4]
var<workgroup> sums: array<vec4<f32>, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let lane = thread / C_4;
    let first = group.x * SLICE;
    let num_frames = min(SLICE, shape.frames - first);
    var mean = vec4<f32>(0.0);
    var sum = vec4<f32>(0.0);
    var count = 0.0;
    for (var frame = lane; frame < num_frames; frame += LANES) {
        let value = x[(group.y * shape.frames + first + frame) * C_4 + thread % C_4];
        count += 1.0;
        // The first value is copied: a product with 1 / count could round.
        let distance = value - mean;
        mean = select(fma(distance, vec4<f32>(1.0 / count), mean), value, count == 1.0);
        sum = fma(distance, value - mean, sum);
    }
    means[thread] = mean;
    sums[thread] = sum;
    workgroupBarrier();
    if lane > 0u {
        return;
    }
    for (var other = 1u; other < min(LANES, num_frames); other++) {
        let added = f32((num_frames - other + LANES - 1u) / LANES);
        let at = other * C_4 + thread;
        let distance = means[at] - mean;
        let share = added / (count + added);
        mean = fma(distance, vec4<f32>(share), mean);
        sum += sums[at] + distance * distance * (count * share);
        count += added;
    }
    let at = (group.y * shape.slices + group.x) * 2u * C_4 + thread;
    moments[at] = mean;
    moments[at + C_4] = sum;
}
