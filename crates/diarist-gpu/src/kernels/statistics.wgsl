// Computes mean and standard deviation of the features over the frames of a set.
//
// features [.., 256], lists [set, 128], counts [set] -> statistics [set, 2, 10, 256]: means, then
// deviations. An entry of a list is the pixel of the lowest frequency row. The divisor of the
// variance is n - 1. The deviation of one frame is 0, and so are both numbers of no frame.
// Grid: x counts frequency rows, y sets. A thread has one channel.

// Feature frames of an image.
struct Shape { row_pixels: u32 }
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> features: array<Element>;
@group(0) @binding(2) var<storage, read> lists: array<u32>;
@group(0) @binding(3) var<storage, read> counts: array<u32>;
@group(0) @binding(4) var<storage, read_write> statistics: array<f32>;

const CHANNELS = 256u;
const ROWS = 10u;
const LIST = 128u;

@compute @workgroup_size(CHANNELS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) channel: u32) {
    let row = group.x;
    let index = group.y;
    let count = counts[index];
    let list = index * LIST;
    let start = row * shape.row_pixels * CHANNELS + channel;
    var mean = 0.0;
    for (var i = 0u; i < count; i++) {
        mean += f32(features[lists[list + i] * CHANNELS + start]);
    }
    mean /= f32(max(count, 1u));
    var squares = 0.0;
    for (var i = 0u; i < count; i++) {
        let difference = f32(features[lists[list + i] * CHANNELS + start]) - mean;
        squares += difference * difference;
    }
    // The difference of a single frame from its mean is rounding.
    let deviation = select(0.0, sqrt(squares / f32(max(count, 2u) - 1u)), count > 1u);
    let at = (index * 2u * ROWS + row) * CHANNELS + channel;
    statistics[at] = mean;
    statistics[at + ROWS * CHANNELS] = deviation;
}
