//! The payload of a record of chunks: compressed masks, embeddings, probabilities and subsegments.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use half::f16;

use super::header::{Probabilities, StoredSubsegments, Values};
use super::payload::{fill, wrong};
use super::stretches;
use crate::analysis::{Analysis, EMBEDDING_DIMENSION, Slot};
use crate::error::{Error, ErrorKind, Result};
use crate::segmentation::masks::{ChunkMasks, FrameMask, WORDS};
use crate::segmentation::probabilities::{ChunkProbabilities, PLANES};
use crate::segmentation::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

/// Largest number of chunks in a block. A reader holds one block at a time.
const MAX_CHUNKS: usize = 256;
/// Largest number of chunks in a block with probabilities, so that its payload stays within
/// [`MAX_PAYLOAD_BYTES`](super::record::MAX_PAYLOAD_BYTES) if nothing can be compressed.
const MAX_CHUNKS_WITH_PROBABILITIES: usize = 128;
/// As [`MAX_CHUNKS_WITH_PROBABILITIES`], for a block with subsegments. At the longest step there
/// are 25 of them for each chunk.
const MAX_CHUNKS_WITH_SUBSEGMENTS: usize = 64;
/// Bytes of one mask before compression.
const MASK_BYTES: usize = FRAMES_PER_CHUNK.div_ceil(8);

/// Limits of a file whose blocks inflate to far more than their own bytes. Silence may do so for
/// [`FREE_CHUNKS`] chunks (11 days at a step of 1 s), or for [`FREE_CHUNKS_WITH_PROBABILITIES`],
/// which take 590 MB (69 h). Embeddings from a network hardly compress, so all but [`FREE_VALUES`]
/// values take at least one bit each.
const FREE_CHUNKS: u64 = 1_000_000;
const FREE_CHUNKS_WITH_PROBABILITIES: u64 = 250_000;
const FREE_VALUES: u64 = 4_000_000;

/// The number of chunks that a writer puts into one block.
pub(super) fn chunks_to_write(probabilities: Probabilities, subsegments: StoredSubsegments) -> usize {
    match (probabilities, subsegments) {
        (_, StoredSubsegments::I8) => MAX_CHUNKS_WITH_SUBSEGMENTS,
        (Probabilities::U8, _) => MAX_CHUNKS_WITH_PROBABILITIES,
        (Probabilities::None, _) => MAX_CHUNKS,
    }
}

/// Checks what a file of `num_bytes` bytes so far has become.
pub(super) fn check_growth(num_bytes: u64, analysis: &Analysis) -> Result<()> {
    let chunks = match analysis.probabilities.is_empty() {
        true => FREE_CHUNKS + num_bytes / 4,
        false => FREE_CHUNKS_WITH_PROBABILITIES + num_bytes / 8,
    };
    let values = FREE_VALUES + 8 * num_bytes;
    let num_values = [analysis.embeddings.values.len(), analysis.subsegments.values.len()];
    if analysis.masks.len() as u64 > chunks || num_values.iter().any(|&number| number as u64 > values) {
        return Err(wrong("more than a recording of this size can give"));
    }
    Ok(())
}

/// Encodes `masks`, which are those of `first_chunk` and the chunks after it, the values of their
/// embeddings, their probabilities, of which there may be none, and the bytes of their subsegments.
pub(super) fn encode(
    first_chunk: usize,
    masks: &[ChunkMasks],
    values: &[f32],
    form: Values,
    probabilities: &[ChunkProbabilities],
    subsegments: &[u8],
) -> Result<Vec<u8>> {
    let num_bytes = masks.len() * LOCAL_SPEAKERS * MASK_BYTES
        + values.len() * form.num_bytes()
        + probabilities.len() * PLANES * FRAMES_PER_CHUNK
        + subsegments.len();
    let mut raw = Vec::with_capacity(num_bytes);
    for mask in masks.iter().flat_map(|chunk| &chunk.speakers) {
        let bytes = mask.words().iter().flat_map(|word| word.to_le_bytes());
        raw.extend(bytes.take(MASK_BYTES));
    }
    match form {
        Values::None => {}
        Values::F16 => {
            let narrow: Vec<f16> = values.iter().map(|&value| f16::from_f32(value)).collect();
            if let Some(bad) = narrow.iter().position(|value| !value.is_finite()) {
                let value = values[bad];
                return Err(Error::new(ErrorKind::Internal, format!("{value} in an embedding has no 16-bit form")));
            }
            push_planes(&mut raw, narrow.iter().map(|value| value.to_le_bytes()));
        }
        Values::F32 => push_planes(&mut raw, values.iter().map(|value| value.to_le_bytes())),
    }
    for plane in probabilities.iter().flat_map(|chunk| chunk.planes()) {
        let before = [0].iter().chain(plane);
        raw.extend(plane.iter().zip(before).map(|(value, before)| value.wrapping_sub(*before)));
    }
    raw.extend_from_slice(subsegments);
    let mut payload = Vec::new();
    payload.extend_from_slice(&(first_chunk as u32).to_le_bytes());
    payload.extend_from_slice(&(masks.len() as u32).to_le_bytes());
    let mut encoder = DeflateEncoder::new(payload, Compression::default());
    let compressed = encoder.write_all(&raw).and_then(|()| encoder.finish());
    compressed.map_err(|error| Error::new(ErrorKind::Internal, "a block cannot be compressed").caused_by(error))
}

/// Writes first the most significant bytes of all values, then the next bytes, and so on. Equal
/// signs and exponents compress well in this order.
fn push_planes<const N: usize>(raw: &mut Vec<u8>, values: impl Iterator<Item = [u8; N]> + Clone) {
    for plane in (0..N).rev() {
        raw.extend(values.clone().map(|bytes| bytes[plane]));
    }
}

fn from_planes<const N: usize>(raw: &[u8]) -> impl Iterator<Item = [u8; N]> {
    let num_values = raw.len() / N;
    (0..num_values).map(move |i| std::array::from_fn(|byte| raw[(N - 1 - byte) * num_values + i]))
}

/// Appends the content of `payload` to `analysis`. `Err` for a payload with a good checksum that no
/// writer makes.
pub(super) fn decode(
    payload: &[u8],
    form: Values,
    probabilities: Probabilities,
    subsegments: StoredSubsegments,
    analysis: &mut Analysis,
) -> Result<()> {
    let Analysis { masks, embeddings, probabilities: of_chunks, .. } = analysis;
    let (first_chunk, rest) = take_u32(payload)?;
    let (num_chunks, compressed) = take_u32(rest)?;
    if first_chunk as usize != masks.len() || !(1..=MAX_CHUNKS).contains(&(num_chunks as usize)) {
        return Err(wrong("chunks that are out of order"));
    }
    let mut input = DeflateDecoder::new(compressed);
    let mut raw = vec![0; num_chunks as usize * LOCAL_SPEAKERS * MASK_BYTES];
    fill(&mut input, &mut raw)?;
    let num_before = embeddings.len();
    for (chunk, bytes) in (first_chunk..).zip(raw.chunks_exact(LOCAL_SPEAKERS * MASK_BYTES)) {
        let mut of_chunk = ChunkMasks::default();
        for (local, bytes) in bytes.chunks_exact(MASK_BYTES).enumerate() {
            of_chunk.speakers[local] = mask(bytes)?;
            if !of_chunk.speakers[local].is_empty() {
                embeddings.slots.push(Slot { chunk, local: local as u8 });
            }
        }
        masks.push(of_chunk);
    }
    let num_values = (embeddings.len() - num_before) * EMBEDDING_DIMENSION;
    raw.resize(num_values * form.num_bytes(), 0);
    fill(&mut input, &mut raw)?;
    let first_value = embeddings.values.len();
    match form {
        Values::None => {}
        Values::F16 => embeddings.values.extend(from_planes(&raw).map(|bytes| f16::from_le_bytes(bytes).to_f32())),
        Values::F32 => embeddings.values.extend(from_planes(&raw).map(f32::from_le_bytes)),
    }
    if !embeddings.values[first_value..].chunks_exact(EMBEDDING_DIMENSION).all(is_possible) {
        return Err(wrong("an embedding that no network gives"));
    }
    if probabilities == Probabilities::U8 {
        for _ in 0..num_chunks {
            of_chunks.push(read_probabilities(&mut input)?);
        }
    }
    if subsegments == StoredSubsegments::I8 {
        let first_chunk = first_chunk as usize;
        stretches::decode(&mut input, first_chunk..first_chunk + num_chunks as usize, analysis)?;
    }
    if input.read(&mut [0]).map_err(|error| wrong("data that cannot be decompressed").caused_by(error))? != 0 {
        return Err(wrong("more than its chunks"));
    }
    Ok(())
}

/// Whether an embedding has a direction: finite values that are not all zero, and whose norm can be
/// computed.
fn is_possible(embedding: &[f32]) -> bool {
    let squares: f32 = embedding.iter().map(|value| value * value).sum();
    squares.is_normal()
}

/// The probabilities of the next chunk.
fn read_probabilities(input: &mut impl Read) -> Result<ChunkProbabilities> {
    let mut probabilities = ChunkProbabilities::default();
    for plane in probabilities.planes_mut() {
        fill(input, plane)?;
        let mut before = 0u8;
        for value in plane {
            before = before.wrapping_add(*value);
            *value = before;
        }
    }
    Ok(probabilities)
}

fn mask(bytes: &[u8]) -> Result<FrameMask> {
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks(8)) {
        let mut whole = [0; 8];
        whole[..bytes.len()].copy_from_slice(bytes);
        *word = u64::from_le_bytes(whole);
    }
    FrameMask::from_words(words).ok_or_else(|| wrong("frames beyond the end of a chunk"))
}

fn take_u32(bytes: &[u8]) -> Result<(u32, &[u8])> {
    let (value, rest) = bytes.split_first_chunk().ok_or_else(|| wrong("too little data"))?;
    Ok((u32::from_le_bytes(*value), rest))
}
