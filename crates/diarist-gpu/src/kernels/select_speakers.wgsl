// Lists the feature frames that the embedding of each local speaker is pooled over.
//
// masks: [chunk][3 local speakers][19 words], bit t % 32 of word t / 32 for frame t (0..589).
// frames: [FeatureFrame], in the order of time. chunks: [Chunk].
// lists: [3 chunk + speaker][128], counts: [3 chunk + speaker]; sets of the chunks come first.
// Grid: x = sets / 64; one thread for each set.

struct Shape { num_chunks: u32 }
struct FeatureFrame {
    /// Place in the features: 1250 * slot + frame.
    entry: u32,
    /// Fbank frame, counted as the starts of the chunks are.
    fbank_frame: u32,
    /// Frame of the recording, counted from the first in play.
    recording_frame: u32,
}
struct Chunk {
    /// First of its feature frames.
    first: u32,
    num_frames: u32,
    /// Fbank frame that the chunk starts at.
    start: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> masks: array<u32>;
@group(0) @binding(2) var<storage, read> frames: array<FeatureFrame>;
@group(0) @binding(3) var<storage, read> chunks: array<Chunk>;
@group(0) @binding(4) var<storage, read_write> lists: array<u32>;
@group(0) @binding(5) var<storage, read_write> counts: array<u32>;

const WORDS = 19u;
const LIST = 128u;
const FRAMES_PER_CHUNK = 589u;
const FBANK_FRAMES_PER_CHUNK = 1000u;
/// A clean mask is used only if it has more frames than this.
const MIN_CLEAN_FRAMES = 2u;

/// A word of the frames in which the speaker is the only active one.
fn clean(chunk: u32, speaker: u32, word: u32) -> u32 {
    let first = chunk * 3u * WORDS + word;
    let own = masks[first + speaker * WORDS];
    let next = masks[first + (speaker + 1u) % 3u * WORDS];
    let last = masks[first + (speaker + 2u) % 3u * WORDS];
    return own & ~(next | last);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    let chunk = row / 3u;
    let speaker = row % 3u;
    if chunk >= shape.num_chunks { return; }
    var num_clean = 0u;
    for (var word = 0u; word < WORDS; word++) { num_clean += countOneBits(clean(chunk, speaker, word)); }
    let is_clean = num_clean > MIN_CLEAN_FRAMES;
    let place = chunks[chunk];
    var count = 0u;
    for (var i = place.first; i < place.first + place.num_frames; i++) {
        let t = (frames[i].fbank_frame - place.start) * FRAMES_PER_CHUNK / FBANK_FRAMES_PER_CHUNK;
        let word = t / 32u;
        let bits = select(masks[(chunk * 3u + speaker) * WORDS + word], clean(chunk, speaker, word), is_clean);
        if (bits >> (t % 32u) & 1u) == 1u && count < LIST {
            lists[row * LIST + count] = frames[i].entry;
            count++;
        }
    }
    counts[row] = count;
}
