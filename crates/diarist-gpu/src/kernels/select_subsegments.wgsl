// Lists the solo feature frames of each subsegment: those in which somebody, and only one person,
// is likelier than not to speak, by the mean of all chunks that cover the frame.
//
// probabilities: [row][589]; the bytes of a word are the three local speakers, then overlap.
// starts: [row], the frame of the recording that the row's chunk starts at.
// frames: [FeatureFrame], in the order of time. subsegments: [Subsegment].
// lists: [first_set + subsegment][128], counts: [first_set + subsegment].
// Grid: x = subsegments / 64; one thread for each.

struct Shape { num_subsegments: u32, num_rows: u32, first_set: u32 }
struct FeatureFrame { entry: u32, fbank_frame: u32, recording_frame: u32 }
struct Subsegment {
    /// First of its feature frames.
    first: u32,
    num_frames: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> probabilities: array<u32>;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> frames: array<FeatureFrame>;
@group(0) @binding(4) var<storage, read> subsegments: array<Subsegment>;
@group(0) @binding(5) var<storage, read_write> lists: array<u32>;
@group(0) @binding(6) var<storage, read_write> counts: array<u32>;

const LIST = 128u;
const FRAMES_PER_CHUNK = 589u;
/// Largest number of feature frames of a subsegment.
const MAX_SOLO_FRAMES = 10u;

/// Sums are of whole numbers, so the order of the chunks does not matter.
fn is_solo(frame: u32) -> bool {
    var speech = 0i;
    var overlap = 0i;
    var num_chunks = 0i;
    for (var row = 0u; row < shape.num_rows; row++) {
        let start = starts[row];
        if frame < start || frame >= start + FRAMES_PER_CHUNK { continue; }
        let word = probabilities[row * FRAMES_PER_CHUNK + frame - start];
        let both = i32(word >> 24u);
        speech += i32(word & 255u) + i32(word >> 8u & 255u) + i32(word >> 16u & 255u) - both;
        overlap += both;
        num_chunks++;
    }
    return 2i * speech > 255i * num_chunks && 2i * overlap < 255i * num_chunks;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= shape.num_subsegments { return; }
    let place = subsegments[id.x];
    let row = shape.first_set + id.x;
    var count = 0u;
    for (var i = place.first; i < place.first + place.num_frames; i++) {
        if count < MAX_SOLO_FRAMES && is_solo(frames[i].recording_frame) {
            lists[row * LIST + count] = frames[i].entry;
            count++;
        }
    }
    counts[row] = count;
}
