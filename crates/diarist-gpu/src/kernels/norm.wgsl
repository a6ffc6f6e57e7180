// Parameters of an instance norm from the moments of slices: mean of each channel, and weight
// divided by standard deviation, for y = (x - mean) * scale + bias.
//
// moments: [chunk, slices, 2, channels], means and sums of squared distances; weight: [channels];
// norms: [chunk, 2, channels], means and scales. Every slice has slice_len values except the last
// of a chunk, which has the rest of chunk_len. A sum below zero stands for values that are not
// finite; mean and scale are then 0.
// Group x: 64 of all channels of all chunks, one for each thread.

struct Shape { rows: u32, channels: u32, slices: u32, slice_len: u32, chunk_len: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> moments: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> norms: array<f32>;

const EPSILON = 1e-5;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= shape.rows {
        return;
    }
    let chunk = id.x / shape.channels;
    let channel = id.x % shape.channels;
    let stride = 2u * shape.channels;
    let first = chunk * shape.slices * stride + channel;
    // Distances from the first slice: equal means then have exactly their value as mean.
    let origin = moments[first];
    var total = 0.0;
    for (var slice = 0u; slice < shape.slices; slice++) {
        let len = f32(min(shape.slice_len, shape.chunk_len - slice * shape.slice_len));
        total = fma(moments[first + slice * stride] - origin, len, total);
    }
    var mean = origin + total / f32(shape.chunk_len);
    var sum = 0.0;
    var is_broken = false;
    for (var slice = 0u; slice < shape.slices; slice++) {
        let len = f32(min(shape.slice_len, shape.chunk_len - slice * shape.slice_len));
        let distance = moments[first + slice * stride] - mean;
        let squares = moments[first + slice * stride + shape.channels];
        is_broken = is_broken || squares < 0.0;
        sum += squares + distance * distance * len;
    }
    var scale = weight[channel] / sqrt(sum / f32(shape.chunk_len) + EPSILON);
    if is_broken {
        mean = 0.0;
        scale = 0.0;
    }
    norms[chunk * stride + channel] = mean;
    norms[chunk * stride + shape.channels + channel] = scale;
}
