// Computes a convolution as `conv.wgsl` does, with cooperative matrices of TILE x TILE numbers:
// products of f16 and sums of f32.
//
// x [image, height, width, CIN] -> y [image, out_height, out_width, COUT]. The constants and the
// grid are those of `conv.wgsl`.
//
// A group has SUBGROUPS subgroups of SUBGROUP threads. Each computes SUB_ROWS x SUB_COLUMNS of the
// tile. A pixel of a step ends with unused memory, so that the rows of a matrix lie in different
// banks. `Chunk` is the type of shared memory: CHUNK numbers of f16.

struct Shape { height: u32, width: u32, out_height: u32, out_width: u32 }
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f16>>;
// [tap, input channel, output channel / 4]
@group(0) @binding(2) var<storage, read> weight: array<vec4<f16>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f16>>;

const DEPTH_VECTORS = DEPTH / 4u;
const COLUMN_VECTORS = COLUMNS / 4u;
const SUBGROUPS_ACROSS = COLUMNS / SUB_COLUMNS;
const SUBGROUPS = SUBGROUPS_ACROSS * (ROWS / SUB_ROWS);
const THREADS = SUBGROUPS * SUBGROUP;
const LOADS = ROWS * DEPTH_VECTORS / THREADS;
const LOAD_ROWS = THREADS / DEPTH_VECTORS;
const PADDING = TAPS / 9u;
const OUTSIDE = 0xffffffffu;
// Lengths of rows in shared memory, in chunks.
const LEFT_ROW = (DEPTH + 8u) / CHUNK;
const RIGHT_ROW = (COLUMNS + 8u) / CHUNK;
// Matrices of a subgroup.
const DOWN = SUB_ROWS / TILE;
const ACROSS = SUB_COLUMNS / TILE;
const TILE_LEN = TILE * TILE;

var<workgroup> left: array<Chunk, ROWS * LEFT_ROW>;
var<workgroup> right: array<Chunk, DEPTH * RIGHT_ROW>;
// One matrix of each subgroup on its way to `y`.
var<workgroup> staged: array<f32, SUBGROUPS * TILE_LEN>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let first_pixel = group.x * ROWS;
    let first_vector = group.y * COLUMN_VECTORS;
    let num_pixels = shape.out_height * shape.out_width;
    let image = group.z * shape.height * shape.width;
    let load_part = thread % DEPTH_VECTORS;
    let load_row = thread / DEPTH_VECTORS;

    // As in `conv.wgsl`: coordinates outside the image wrap around to large ones.
    var tops: array<u32, LOADS>;
    var lefts: array<u32, LOADS>;
    for (var i = 0u; i < LOADS; i++) {
        let pixel = first_pixel + load_row + i * LOAD_ROWS;
        let row = pixel / shape.out_width;
        tops[i] = select(0x80000000u, row * STRIDE - PADDING, pixel < num_pixels);
        lefts[i] = (pixel - row * shape.out_width) * STRIDE - PADDING;
    }

    let subgroup = thread / SUBGROUP;
    let lane = thread % SUBGROUP;
    let sub_row = subgroup / SUBGROUPS_ACROSS * SUB_ROWS;
    let sub_column = subgroup % SUBGROUPS_ACROSS * SUB_COLUMNS;
    let left_start = sub_row * LEFT_ROW;
    let right_start = sub_column / CHUNK;

    var sums: array<Sums, DOWN * ACROSS>;
    for (var tap = 0u; tap < TAPS; tap++) {
        var starts: array<u32, LOADS>;
        for (var i = 0u; i < LOADS; i++) {
            let row = tops[i] + tap / 3u;
            let column = lefts[i] + tap % 3u;
            let start = (image + row * shape.width + column) * (CIN / 4u) + load_part;
            starts[i] = select(OUTSIDE, start, row < shape.height && column < shape.width);
        }
        for (var channel = 0u; channel < CIN; channel += DEPTH) {
            for (var i = 0u; i < LOADS; i++) {
                var value = vec4<f16>(0.0);
                if starts[i] != OUTSIDE {
                    value = x[starts[i] + channel / 4u];
                }
                put_left((load_row + i * LOAD_ROWS) * LEFT_ROW + load_part * (4u / CHUNK), value);
            }
            for (var i = thread; i < DEPTH * COLUMN_VECTORS; i += THREADS) {
                let row = i / COLUMN_VECTORS;
                let vector = i % COLUMN_VECTORS;
                let value = weight[(tap * CIN + channel + row) * (COUT / 4u) + first_vector + vector];
                put_right(row * RIGHT_ROW + vector * (4u / CHUNK), value);
            }
            workgroupBarrier();
            for (var k = 0u; k < DEPTH; k += TILE) {
                var rights: array<Right, ACROSS>;
                for (var v = 0u; v < ACROSS; v++) {
                    let at = right_start + k * RIGHT_ROW + v * (TILE / CHUNK);
                    rights[v] = coopLoadT<Right>(&right[at], RIGHT_ROW);
                }
                for (var j = 0u; j < DOWN; j++) {
                    let at = left_start + j * TILE * LEFT_ROW + k / CHUNK;
                    let values = coopLoadT<Left>(&left[at], LEFT_ROW);
                    for (var v = 0u; v < ACROSS; v++) {
                        sums[j * ACROSS + v] = coopMultiplyAdd(values, rights[v], sums[j * ACROSS + v]);
                    }
                }
            }
            workgroupBarrier();
        }
    }

    // `coopStoreT` takes nothing but names here: naga fails for other expressions.
    let stage = subgroup * TILE_LEN;
    let stage_row = TILE;
    for (var matrix = 0u; matrix < DOWN * ACROSS; matrix++) {
        let values = sums[matrix];
        coopStoreT(values, &staged[stage], stage_row);
        workgroupBarrier();
        for (var i = lane; i < TILE_LEN / 4u; i += SUBGROUP) {
            let row = i / (TILE / 4u);
            let pixel = first_pixel + sub_row + matrix / ACROSS * TILE + row;
            let column = matrix % ACROSS * TILE + i % (TILE / 4u) * 4u;
            let vector = first_vector + (sub_column + column) / 4u;
            if pixel < num_pixels {
                let first = stage + i * 4u;
                let at = (group.z * num_pixels + pixel) * (COUT / 4u) + vector;
                var value = vec4<f32>(staged[first], staged[first + 1u], staged[first + 2u], staged[first + 3u]);
                value += bias[vector];
                if ADD != 0u {
                    value += vec4<f32>(y[at]);
                }
                if RELU != 0u {
                    value = max(value, vec4<f32>(0.0));
                }
                y[at] = vec4<f16>(value);
            }
        }
        workgroupBarrier();
    }
}
