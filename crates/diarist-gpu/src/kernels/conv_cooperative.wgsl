// Computes a convolution as `conv.wgsl` does, with cooperative matrices of TILE x TILE numbers:
// products of f16 and sums of f32.
//
// x [image, height, width, CIN] -> y [image, out_height, out_width, COUT]. The constants and the
// grid are those of `conv.wgsl`.
//
// A group has SUBGROUPS subgroups of SUBGROUP threads. Each computes 4 x 2 matrices of the tile. They
// have names, because not every compiler keeps arrays in registers. A row in shared memory ends with
// unused numbers, so that the rows of a matrix lie in different banks. `Chunk` is the type of shared
// memory: CHUNK numbers of f16.

struct Shape { height: u32, width: u32, out_height: u32, out_width: u32 }
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f16>>;
// [tap, input channel, output channel / 4]
@group(0) @binding(2) var<storage, read> weight: array<vec4<f16>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f16>>;

const DEPTH_VECTORS = DEPTH / 4u;
const COLUMN_VECTORS = COLUMNS / 4u;
const SUB_ROWS = 4u * TILE;
const SUB_COLUMNS = 2u * TILE;
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
// Distances of the matrices of a subgroup.
const LEFT_STEP = TILE * LEFT_ROW;
const RIGHT_STEP = TILE / CHUNK;
const TILE_LEN = TILE * TILE;

var<workgroup> left: array<Chunk, ROWS * LEFT_ROW>;
var<workgroup> right: array<Chunk, DEPTH * RIGHT_ROW>;
// One matrix of each subgroup on its way to `y`.
var<workgroup> staged: array<f32, SUBGROUPS * TILE_LEN>;

// Writes the staged matrix of a subgroup, which begins at a pixel and a vector of channels.
fn store(stage: u32, lane: u32, image: u32, first_pixel: u32, first_vector: u32) {
    workgroupBarrier();
    let num_pixels = shape.out_height * shape.out_width;
    for (var i = lane; i < TILE_LEN / 4u; i += SUBGROUP) {
        let pixel = first_pixel + i / (TILE / 4u);
        let vector = first_vector + i % (TILE / 4u);
        if pixel < num_pixels {
            let first = stage + i * 4u;
            let at = (image * num_pixels + pixel) * (COUT / 4u) + vector;
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

    // Zeros are loaded, because not every language declares a matrix with them. `coopStoreT` takes
    // nothing but names for the place and the row, otherwise naga fails.
    let stage = subgroup * TILE_LEN;
    let stage_row = TILE;
    for (var i = lane; i < TILE_LEN; i += SUBGROUP) {
        staged[stage + i] = 0.0;
    }
    workgroupBarrier();
    // The first figure counts pixels, the second channels.
    var sum00 = coopLoadT<Sums>(&staged[stage], stage_row);
    var sum01 = coopLoadT<Sums>(&staged[stage], stage_row);
    var sum10 = coopLoadT<Sums>(&staged[stage], stage_row);
    var sum11 = coopLoadT<Sums>(&staged[stage], stage_row);
    var sum20 = coopLoadT<Sums>(&staged[stage], stage_row);
    var sum21 = coopLoadT<Sums>(&staged[stage], stage_row);
    var sum30 = coopLoadT<Sums>(&staged[stage], stage_row);
    var sum31 = coopLoadT<Sums>(&staged[stage], stage_row);
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
                let right_at = right_start + k * RIGHT_ROW;
                let right0 = coopLoadT<Right>(&right[right_at], RIGHT_ROW);
                let right1 = coopLoadT<Right>(&right[right_at + RIGHT_STEP], RIGHT_ROW);
                let left_at = left_start + k / CHUNK;
                let left0 = coopLoadT<Left>(&left[left_at], LEFT_ROW);
                sum00 = coopMultiplyAdd(left0, right0, sum00);
                sum01 = coopMultiplyAdd(left0, right1, sum01);
                let left1 = coopLoadT<Left>(&left[left_at + LEFT_STEP], LEFT_ROW);
                sum10 = coopMultiplyAdd(left1, right0, sum10);
                sum11 = coopMultiplyAdd(left1, right1, sum11);
                let left2 = coopLoadT<Left>(&left[left_at + 2u * LEFT_STEP], LEFT_ROW);
                sum20 = coopMultiplyAdd(left2, right0, sum20);
                sum21 = coopMultiplyAdd(left2, right1, sum21);
                let left3 = coopLoadT<Left>(&left[left_at + 3u * LEFT_STEP], LEFT_ROW);
                sum30 = coopMultiplyAdd(left3, right0, sum30);
                sum31 = coopMultiplyAdd(left3, right1, sum31);
            }
            workgroupBarrier();
        }
    }

    let pixel = first_pixel + sub_row;
    let vector = first_vector + sub_column / 4u;
    coopStoreT(sum00, &staged[stage], stage_row);
    store(stage, lane, group.z, pixel, vector);
    coopStoreT(sum01, &staged[stage], stage_row);
    store(stage, lane, group.z, pixel, vector + TILE / 4u);
    coopStoreT(sum10, &staged[stage], stage_row);
    store(stage, lane, group.z, pixel + TILE, vector);
    coopStoreT(sum11, &staged[stage], stage_row);
    store(stage, lane, group.z, pixel + TILE, vector + TILE / 4u);
    coopStoreT(sum20, &staged[stage], stage_row);
    store(stage, lane, group.z, pixel + 2u * TILE, vector);
    coopStoreT(sum21, &staged[stage], stage_row);
    store(stage, lane, group.z, pixel + 2u * TILE, vector + TILE / 4u);
    coopStoreT(sum30, &staged[stage], stage_row);
    store(stage, lane, group.z, pixel + 3u * TILE, vector);
    coopStoreT(sum31, &staged[stage], stage_row);
    store(stage, lane, group.z, pixel + 3u * TILE, vector + TILE / 4u);
}
