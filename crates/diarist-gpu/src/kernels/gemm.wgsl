// Matrix product: y[row][n] = sum over k of x[row][k] * weight[k][n], plus bias[n].
//
// x: [rows, K], weight: [K, N], bias: [N] in f32, y: [rows, N] in `Output`.
// Constants: K and N, multiples of 4; LEAKY, 1 for a leaky ReLU of slope 0.01 at the end.
// Group (x, y): columns from 64 x on, rows from 64 y on. A thread sums 8 rows of 4 columns.

struct Shape { rows: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<Element>>;
@group(0) @binding(2) var<storage, read> weight: array<vec4<Element>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<Output>>;

const THREADS = 128u;
const ROWS = 64u;
const COLUMNS_4 = 16u; // vectors of columns
const DEPTH = 16u;     // k at a time
const DEPTH_4 = DEPTH / 4u;
const STRIDE = DEPTH_4 + 1u; // keeps neighbouring rows in different banks
const STEP = 8u; // distance of a thread's rows
const K_4 = K / 4u;
const N_4 = N / 4u;

var<workgroup> left: array<vec4<f32>, 320>;  // [ROWS][STRIDE]
var<workgroup> right: array<vec4<f32>, 256>; // [DEPTH][COLUMNS_4]

fn load(first_row: u32, first_column: u32, k: u32, thread: u32) {
    for (var i = thread; i < ROWS * DEPTH_4; i += THREADS) {
        let row = first_row + i / DEPTH_4;
        let column = k / 4u + i % DEPTH_4;
        var value = vec4<f32>(0.0);
        if row < shape.rows && column < K_4 {
            value = vec4<f32>(x[row * K_4 + column]);
        }
        left[i / DEPTH_4 * STRIDE + i % DEPTH_4] = value;
    }
    for (var i = thread; i < DEPTH * COLUMNS_4; i += THREADS) {
        let row = k + i / COLUMNS_4;
        let column = first_column + i % COLUMNS_4;
        var value = vec4<f32>(0.0);
        if row < K && column < N_4 {
            value = vec4<f32>(weight[row * N_4 + column]);
        }
        right[i] = value;
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let first_row = group.y * ROWS;
    let first_column = group.x * COLUMNS_4;
    let tx = thread % COLUMNS_4;
    let ty = thread / COLUMNS_4;
    var sums: array<vec4<f32>, 8>;
    for (var k = 0u; k < K; k += DEPTH) {
        load(first_row, first_column, k, thread);
        workgroupBarrier();
        for (var part = 0u; part < DEPTH_4; part++) {
            let at = part * 4u * COLUMNS_4 + tx;
            let b0 = right[at];
            let b1 = right[at + COLUMNS_4];
            let b2 = right[at + 2u * COLUMNS_4];
            let b3 = right[at + 3u * COLUMNS_4];
            for (var j = 0u; j < 8u; j++) {
                let a = left[(ty + j * STEP) * STRIDE + part];
                var sum = fma(vec4<f32>(a.x), b0, sums[j]);
                sum = fma(vec4<f32>(a.y), b1, sum);
                sum = fma(vec4<f32>(a.z), b2, sum);
                sums[j] = fma(vec4<f32>(a.w), b3, sum);
            }
        }
        workgroupBarrier();
    }
    let column = first_column + tx;
    if column >= N_4 {
        return;
    }
    for (var j = 0u; j < 8u; j++) {
        let row = first_row + ty + j * STEP;
        if row < shape.rows {
            var value = sums[j] + bias[column];
            if LEAKY != 0u {
                value = max(value, value * 0.01);
            }
            y[row * N_4 + column] = vec4<Output>(value);
        }
    }
}
