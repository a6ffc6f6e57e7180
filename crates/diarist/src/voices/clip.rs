//! Makes a voice from a clip in which one person speaks.

use crate::analysis::{Analysis, EMBEDDING_DIMENSION};
use crate::clustering::vectors::dot;
use crate::error::{Error, Result};
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::{CHUNK_SAMPLES, FRAME_STEP_S, LOCAL_SPEAKERS};

use super::score::log_ratio;
use super::voice::Voice;

/// Least seconds of speech without overlap that a sample of a known person is made from.
pub const MIN_ENROLL_S: f64 = 5.0;

/// Least seconds of speech without overlap that are compared with known people.
pub const MIN_SPEECH_S: f64 = 1.0;

/// Largest share of the speech that may overlap with other speech.
pub const MAX_TOGETHER: f64 = 0.15;

/// Largest share of the speech that may sound like another person.
const MAX_OTHER: f64 = 0.05;

/// Local speakers with less clean speech in a chunk are not compared with the rest of the clip.
const MIN_SLOT_S: f64 = 1.0;

/// A stretch of speech of one local speaker.
struct Part {
    voice: Voice,
    direction: Vec<f64>,
}

/// The voice of the only person who speaks in a clip: the mean of the embeddings of all whole
/// chunks of `analysis`. Each is weighted by the seconds in which its local speaker is the only one
/// active.
///
/// A clip shorter than a chunk is repeated before the analysis ([`crate::parts::audio::Repeated`]).
/// `share` is its [`share`](crate::parts::audio::Repeated::share), and 1 for longer clips.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if the clip has no speech, fewer than `min_speech_s` seconds of
/// speech without overlap, or several speakers.
pub fn clip_voice(analysis: &Analysis, share: f64, min_speech_s: f64) -> Result<Voice> {
    let speech = Speech::of(analysis, share);
    if speech.alone_s + speech.together_s == 0.0 {
        return Err(Error::input("nobody speaks").hint("give a clip of speech"));
    }
    if speech.together_s > MAX_TOGETHER * (speech.alone_s + speech.together_s) {
        return Err(several(format!(
            "several people speak at the same time in {:.1} of {:.1} s of speech",
            speech.together_s,
            speech.alone_s + speech.together_s
        )));
    }
    if speech.alone_s < min_speech_s {
        return Err(Error::input(format!("only {:.1} s of speech, but {min_speech_s} s are needed", speech.alone_s))
            .hint("give a longer clip"));
    }
    let parts = parts(analysis, share)?;
    let (embedding, other) = pool(&parts)?;
    if other > MAX_OTHER {
        let other_s = other * speech.alone_s;
        return Err(several(format!(
            "several voices: {other_s:.1} of {:.1} s sound like somebody else",
            speech.alone_s
        )));
    }
    Voice::new(embedding, speech.alone_s)
}

fn several(message: String) -> Error {
    Error::input(message).hint("cut the clip so that one person speaks")
}

/// Seconds of speech with one active speaker and with several. Each instant is counted once.
struct Speech {
    alone_s: f64,
    together_s: f64,
}

impl Speech {
    /// Measures `analysis`; `share` as in [`clip_voice`].
    fn of(analysis: &Analysis, share: f64) -> Self {
        let geometry = &analysis.geometry;
        // Each chunk counts only its first step, because the next chunk covers the rest. The last
        // chunk counts whole.
        let new_frames = (geometry.step_s() / FRAME_STEP_S).round() as usize;
        let (mut alone, mut together) = (0, 0);
        for (chunk, masks) in analysis.masks.iter().enumerate() {
            let is_last = chunk + 1 == analysis.masks.len();
            let frames = crate::segmentation::FRAMES_PER_CHUNK;
            let end = if is_last { frames } else { new_frames.min(frames) };
            for t in 0..end {
                match masks.num_active(t) {
                    0 => {}
                    1 => alone += 1,
                    _ => together += 1,
                }
            }
        }
        let seconds = |frames: usize| frames as f64 * FRAME_STEP_S * share;
        Self { alone_s: seconds(alone), together_s: seconds(together) }
    }
}

/// The local speakers of whole chunks, with the seconds in which each is the only one active.
fn parts(analysis: &Analysis, share: f64) -> Result<Vec<Part>> {
    let whole = |chunk: u32| {
        let end = u64::from(chunk) * analysis.geometry.step_samples as u64 + CHUNK_SAMPLES as u64;
        end <= analysis.geometry.num_samples
    };
    let clean: Vec<[usize; LOCAL_SPEAKERS]> = analysis.masks.iter().map(ChunkMasks::num_clean_frames).collect();
    let mut parts = Vec::new();
    for (row, slot) in analysis.embeddings.slots.iter().enumerate().filter(|(_, slot)| whole(slot.chunk)) {
        let frames = clean[slot.chunk as usize][usize::from(slot.local)];
        if frames > 0 {
            let voice = Voice::new(analysis.embeddings.row(row).to_vec(), frames as f64 * FRAME_STEP_S * share)?;
            parts.push(Part { direction: voice.direction()?, voice });
        }
    }
    Ok(parts)
}

/// The pooled embedding, and the share of the speech that does not sound like it.
///
/// The part with the most speech belongs to one person for certain. The parts that sound like it
/// make the voice of the clip, and then all parts are compared with that voice.
fn pool(parts: &[Part]) -> Result<(Vec<f32>, f64)> {
    let longest = parts.iter().max_by(|a, b| a.voice.speech_s().total_cmp(&b.voice.speech_s()));
    let Some(longest) = longest else { return Err(Error::input("nobody speaks alone").hint("give a longer clip")) };
    let like = |parts: &[Part], direction: &[f64], speech_s: f64| -> Vec<bool> {
        let similar = |part: &Part| log_ratio(dot(&part.direction, direction), part.voice.speech_s(), speech_s) > 0.0;
        parts.iter().map(|part| part.voice.speech_s() < MIN_SLOT_S || similar(part)).collect()
    };
    let first = like(parts, &longest.direction, longest.voice.speech_s());
    let pooled = mean(parts, &first);
    let speech_s = parts.iter().zip(&first).filter(|(_, same)| **same).map(|(part, _)| part.voice.speech_s()).sum();
    let pooled_voice = Voice::new(pooled, speech_s)?;
    let same = like(parts, &pooled_voice.direction()?, speech_s);
    let seconds = |wanted: bool| -> f64 {
        let chosen = parts.iter().zip(&same).filter(|(_, same)| **same == wanted);
        chosen.map(|(part, _)| part.voice.speech_s()).sum()
    };
    let other = seconds(false) / (seconds(false) + seconds(true));
    Ok((mean(parts, &same), other))
}

/// The mean of the embeddings of the chosen parts, weighted by their seconds of speech. The
/// embeddings are not normalised, because the mean voice is subtracted later.
fn mean(parts: &[Part], chosen: &[bool]) -> Vec<f32> {
    let (mut sum, mut total_s) = (vec![0.0; EMBEDDING_DIMENSION], 0.0);
    for (part, _) in parts.iter().zip(chosen).filter(|(_, chosen)| **chosen) {
        total_s += part.voice.speech_s();
        for (sum, value) in sum.iter_mut().zip(part.voice.embedding()) {
            *sum += part.voice.speech_s() * f64::from(*value);
        }
    }
    sum.iter().map(|value| (value / total_s) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Embeddings with the scale of the network's, which is far from that of unit vectors.
    fn part(person: usize, speech_s: f64) -> Part {
        let value = |i: usize| if i % 2 == person { 0.4 } else { 0.01 * (i % 7) as f32 };
        let voice = Voice::new((0..256).map(value).collect(), speech_s).unwrap();
        Part { direction: voice.direction().unwrap(), voice }
    }

    #[test]
    fn the_mean_has_the_scale_of_its_embeddings() {
        let (embedding, other) = pool(&[part(0, 6.0), part(0, 3.0)]).unwrap();
        let expected = part(0, 1.0);
        let furthest = embedding.iter().zip(expected.voice.embedding()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // The result differs by one rounding to f32.
        assert!(furthest < 1e-6, "{furthest}");
        assert_eq!(other, 0.0);
    }

    #[test]
    fn parts_that_sound_like_another_person_are_left_out_and_reported() {
        let (embedding, other) = pool(&[part(0, 6.0), part(1, 2.0), part(1, 0.5)]).unwrap();
        assert_eq!(other, 2.0 / 8.5, "too little speech to ask is no other voice");
        assert!(embedding[0] > 10.0 * (embedding[1] - 0.01), "{:?}", &embedding[..2]);
    }
}
