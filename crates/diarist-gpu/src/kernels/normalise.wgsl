// Instance norm, then leaky ReLU of slope 0.01.
//
// x: [chunk, frames, 4 * C_4], norms: [chunk, 2, 4 * C_4], means and scales; bias: [4 * C_4];
// y: [chunk, frames, 4 * C_4] in `Element`. Constant: C_4, vectors of channels.
// Group (x, y): 256 vectors of channels of chunk y, one for each thread.

struct Shape { frames: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> norms: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<Element>>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let index = group.x * 256u + thread;
    if index >= shape.frames * C_4 {
        return;
    }
    let channel = index % C_4;
    let at = group.y * shape.frames * C_4 + index;
    let mean = norms[group.y * 2u * C_4 + channel];
    let scale = norms[group.y * 2u * C_4 + C_4 + channel];
    let value = fma(x[at] - mean, scale, bias[channel]);
    y[at] = vec4<Element>(max(value, value * 0.01));
}
