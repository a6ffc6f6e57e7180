// Classifier, local speakers of the best class, and probabilities in 8 bits.
//
// x: [chunk, frames, 128], weight: [32, 8] of vectors of four inputs, the eighth class unused;
// bias: [8], wave: [chunk, 2], mean and scale of the samples; a scale of 0 stands for a chunk
// without speakers. masks: [chunk, 3 speakers, words], bit t % 32 of word t / 32 for frame t;
// probabilities: [first_row + chunk, frames], a byte for each speaker and one for overlap, the
// first speaker lowest, in units of 1 / 255.
// Classes are sets of speakers: {} {0} {1} {2} {0,1} {0,2} {1,2}.
// Group (x, y): frames from 32 x on of chunk y. Eight threads score a frame.

struct Shape { frames: u32, words: u32, first_row: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<Element>>;
@group(0) @binding(2) var<storage, read> weight: array<vec4<Element>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> wave: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read_write> masks: array<u32>;
@group(0) @binding(6) var<storage, read_write> probabilities: array<u32>;

const FRAMES = 32u;
const CLASSES = 7u;
const INPUTS_4 = 32u;
const MINUS_INFINITY = 0xff800000u;

var<workgroup> scores: array<f32, 256>; // [FRAMES][8]
var<workgroup> sets: array<u32, FRAMES>; // bit s: speaker s

/// Compilers may take for granted that floats are numbers, so the bits are compared.
fn is_nan(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

/// The first of the greatest scores; a NaN is less than any number.
fn best_class(first: u32) -> u32 {
    var best = 0u;
    for (var kind = 1u; kind < CLASSES; kind++) {
        let score = scores[first + kind];
        let greatest = scores[first + best];
        if !is_nan(score) && (is_nan(greatest) || score > greatest) {
            best = kind;
        }
    }
    return best;
}

fn speakers_of(kind: u32) -> u32 {
    // Three bits for each class.
    return (0x1ab888u >> (3u * kind)) & 7u;
}

fn in_8_bits(share: f32) -> u32 {
    return min(u32(share * 255.0 + 0.5), 255u);
}

fn softmax(first: u32, greatest: f32) -> u32 {
    if is_nan(greatest) || bitcast<u32>(greatest) == MINUS_INFINITY {
        return 0u;
    }
    var p: array<f32, CLASSES>;
    var total = 0.0;
    for (var kind = 0u; kind < CLASSES; kind++) {
        let score = scores[first + kind];
        // The equality also covers a score of infinity, whose difference to itself is NaN.
        let number = select(exp(score - greatest), 1.0, score == greatest);
        p[kind] = select(number, 0.0, is_nan(score));
        total += p[kind];
    }
    let bytes = vec4<u32>(
        in_8_bits((p[1] + p[4] + p[5]) / total),
        in_8_bits((p[2] + p[4] + p[6]) / total),
        in_8_bits((p[3] + p[5] + p[6]) / total),
        in_8_bits((p[4] + p[5] + p[6]) / total),
    );
    return bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let chunk = group.y;
    let first_frame = group.x * FRAMES;
    let kind = thread % 8u;
    // Beyond the last frame, that frame is scored again.
    let row = chunk * shape.frames + min(first_frame + thread / 8u, shape.frames - 1u);
    var sum = bias[kind];
    for (var k = 0u; k < INPUTS_4; k++) {
        sum += dot(vec4<f32>(x[row * INPUTS_4 + k]), vec4<f32>(weight[k * 8u + kind]));
    }
    scores[thread] = sum;
    workgroupBarrier();
    if thread < FRAMES {
        let frame = first_frame + thread;
        var speakers = 0u;
        if frame < shape.frames {
            var shares = 0u;
            if wave[chunk].y != 0.0 {
                let best = best_class(thread * 8u);
                speakers = speakers_of(best);
                shares = softmax(thread * 8u, scores[thread * 8u + best]);
            }
            probabilities[(shape.first_row + chunk) * shape.frames + frame] = shares;
        }
        sets[thread] = speakers;
    }
    workgroupBarrier();
    if thread < 3u {
        var word = 0u;
        for (var i = 0u; i < FRAMES; i++) {
            word |= ((sets[i] >> thread) & 1u) << i;
        }
        masks[(chunk * 3u + thread) * shape.words + group.x] = word;
    }
}
