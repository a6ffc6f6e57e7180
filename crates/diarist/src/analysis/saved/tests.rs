//! Tests that written data is read back, and that damage never goes unnoticed.

use rand_mt::Mt;
use serde::Deserialize;

use super::record::{Checksum, Kind, encode};
use super::*;
use crate::ErrorKind;
use crate::analysis::{Analysis, ChunkGeometry, EMBEDDING_DIMENSION, Embeddings, Origin, Slot, Subsegments};
use crate::corrections::{Correction, Corrections, SpeakerRef, Stretch};
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

const STEP: usize = 16_000;

fn header(values: Values) -> Header {
    Header {
        origin: origin(),
        step_samples: STEP,
        values,
        probabilities: Probabilities::U8,
        subsegments: StoredSubsegments::I8,
        corrections: false,
    }
}

fn origin() -> Origin {
    Origin {
        diarist_version: "0.1.0".to_owned(),
        file_id: "a \"meeting\"".to_owned(),
        trunk: "shared".to_owned(),
        precision: "int8".to_owned(),
        instruction_set: "avx2".to_owned(),
        segmentation_sha256: "0".repeat(64),
        embedding_sha256: "f".repeat(64),
    }
}

/// An analysis of `num_chunks` chunks: silence, up to three speakers, values of every magnitude
/// that the networks give, any probabilities, and every second subsegment.
fn analysis(num_chunks: usize, seed: u32) -> Analysis {
    let mut random = Mt::new(seed);
    let mut masks = vec![ChunkMasks::default(); num_chunks];
    let mut probabilities = vec![ChunkProbabilities::default(); num_chunks];
    let mut embeddings = Embeddings::default();
    for (chunk, (masks, probabilities)) in masks.iter_mut().zip(&mut probabilities).enumerate() {
        for plane in probabilities.planes_mut() {
            let from = random.next_u32() as usize % FRAMES_PER_CHUNK;
            plane[from..].fill(random.next_u32() as u8);
        }
        let num_speakers = random.next_u32() as usize % (LOCAL_SPEAKERS + 1);
        for local in (0..LOCAL_SPEAKERS).filter(|local| (local + chunk) % LOCAL_SPEAKERS < num_speakers) {
            let start = random.next_u32() as usize % FRAMES_PER_CHUNK;
            let length = 1 + random.next_u32() as usize % (FRAMES_PER_CHUNK - start);
            (start..start + length).for_each(|t| masks.speakers[local].insert(t));
            let value = |_| (random.next_u32() as f32 / u32::MAX as f32 - 0.5) * 0.37;
            let values: Vec<f32> = (0..EMBEDDING_DIMENSION).map(value).collect();
            embeddings.push(Slot { chunk: chunk as u32, local: local as u8 }, &values);
        }
    }
    let subsegments = subsegments(num_chunks, STEP, || random.next_u32());
    Analysis {
        origin: origin(),
        geometry: geometry(num_chunks),
        masks,
        probabilities,
        embeddings,
        subsegments,
        ..Analysis::default()
    }
}

/// Embeddings of about half of the subsegments of a recording of `num_chunks` chunks, or of all of
/// them if `random` gives odd numbers.
fn subsegments(num_chunks: usize, step_samples: usize, mut random: impl FnMut() -> u32) -> Subsegments {
    let mut subsegments = Subsegments::default();
    let all = stretches::possible(0..num_chunks, step_samples);
    for index in all.take_while(|_| num_chunks > 0) {
        if random() & 1 == 1 {
            let mut values: [i8; EMBEDDING_DIMENSION] = std::array::from_fn(|_| (random() % 255) as u8 as i8);
            values.iter_mut().filter(|value| **value == i8::MIN).for_each(|value| *value = 0);
            values[random() as usize % EMBEDDING_DIMENSION] = if index % 3 == 0 { -127 } else { 127 };
            subsegments.indices.push(index as u32);
            subsegments.solo_frames.push(3 + (random() % 8) as u8);
            subsegments.values.extend(values);
        }
    }
    subsegments
}

fn geometry(num_chunks: usize) -> ChunkGeometry {
    // The last chunk is padded.
    let num_samples = num_chunks.checked_sub(1).map_or(0, |last| (last * STEP + CHUNK_SAMPLES) as u64 - 77);
    ChunkGeometry { step_samples: STEP, num_samples }
}

fn bytes_of(analysis: &Analysis, values: Values) -> Vec<u8> {
    AnalysisWriter::write_all(Vec::new(), &header(values), analysis).unwrap()
}

/// The embeddings of the first `num_chunks` chunks.
fn part(analysis: &Analysis, num_chunks: usize) -> Embeddings {
    let slots: Vec<Slot> =
        analysis.embeddings.slots.iter().copied().filter(|slot| (slot.chunk as usize) < num_chunks).collect();
    let values = analysis.embeddings.values[..slots.len() * EMBEDDING_DIMENSION].to_vec();
    Embeddings { slots, values }
}

/// The subsegments that are known with the chunks in `chunks`, but no earlier.
fn known_with(analysis: &Analysis, chunks: std::ops::Range<usize>) -> Subsegments {
    let Analysis { geometry, subsegments, .. } = analysis;
    let known = |next: usize| match next == analysis.masks.len() {
        true => subsegments.len(),
        false => {
            let end = stretches::num_known(next, geometry.step_samples);
            subsegments.indices.partition_point(|index| (*index as usize) < end)
        }
    };
    let rows = known(chunks.start)..known(chunks.end);
    Subsegments {
        indices: subsegments.indices[rows.clone()].to_vec(),
        solo_frames: subsegments.solo_frames[rows.clone()].to_vec(),
        values: subsegments.values[rows.start * EMBEDDING_DIMENSION..rows.end * EMBEDDING_DIMENSION].to_vec(),
    }
}

/// Checks that `saved` is a beginning of `expected`, and all of it if it claims to be whole.
#[track_caller]
fn assert_is_prefix(saved: &Saved, expected: &Analysis, what: &str) {
    let num_chunks = saved.analysis.masks.len();
    assert_eq!(saved.header(), header(saved.values), "{what}");
    assert_eq!(saved.analysis.masks, expected.masks[..num_chunks], "{what}");
    assert_eq!(saved.analysis.probabilities, expected.probabilities[..num_chunks], "{what}");
    assert_eq!(saved.analysis.subsegments, known_with(expected, 0..num_chunks), "{what}");
    assert_eq!(saved.analysis.embeddings, part(expected, num_chunks), "{what}");
    if saved.is_whole {
        assert_eq!(saved.analysis, *expected, "{what}");
    } else {
        assert_eq!(saved.analysis.geometry.num_chunks(), num_chunks, "{what}");
    }
}

#[test]
fn values_in_32_bits_are_exact() {
    for num_chunks in [0, 1, 2, 63, 64, 65, 127, 128, 129, 300] {
        let analysis = analysis(num_chunks, num_chunks as u32);
        let bytes = bytes_of(&analysis, Values::F32);
        let saved = read(&bytes[..]).unwrap();
        assert!(saved.is_whole && saved.mark.is_none());
        assert_eq!(saved.header(), header(Values::F32));
        assert!(num_chunks == 0 || Header::of(&analysis, Values::F32) == header(Values::F32));
        assert_eq!(saved.analysis, analysis);
        assert_eq!(saved.num_bytes(), bytes.len() as u64);
    }
}

#[test]
fn values_in_16_bits_are_rounded_to_the_nearest() {
    let analysis = analysis(40, 5);
    let saved = read(&bytes_of(&analysis, Values::F16)[..]).unwrap();
    assert_eq!(
        (&saved.analysis.masks, &saved.analysis.embeddings.slots),
        (&analysis.masks, &analysis.embeddings.slots)
    );
    for (narrow, value) in saved.analysis.embeddings.values.iter().zip(&analysis.embeddings.values) {
        // 16-bit floats have eleven significant bits, and steps of 2^-24 below 2^-14.
        assert!((narrow - value).abs() <= value.abs().max(6.2e-5) / 2048.0, "{value} became {narrow}");
    }
    // Values that are 16-bit floats already are kept exactly.
    let again = read(&bytes_of(&saved.analysis, Values::F16)[..]).unwrap();
    assert_eq!(again.analysis, saved.analysis);
}

#[test]
fn without_probabilities_blocks_are_longer_and_none_are_read() {
    for num_chunks in [1, 255, 256, 257, 600] {
        let all = analysis(num_chunks, 7);
        let without = Analysis { probabilities: Vec::new(), subsegments: Subsegments::default(), ..all.clone() };
        let (probabilities, subsegments) = (Probabilities::None, StoredSubsegments::None);
        let header = Header { probabilities, subsegments, ..header(Values::F16) };
        assert_eq!(Header::of(&without, Values::F16), header);
        let bytes = AnalysisWriter::write_all(Vec::new(), &header, &without).unwrap();
        let saved = read(&bytes[..]).unwrap();
        assert!(saved.is_whole && saved.probabilities == Probabilities::None);
        assert_eq!((&saved.analysis.masks, &saved.analysis.probabilities), (&without.masks, &Vec::new()));
        assert_eq!(AnalysisWriter::write_all(Vec::new(), &header, &all).unwrap(), bytes, "the header decides");
    }
}

#[test]
fn a_full_block_that_cannot_be_compressed_fits_into_a_record() {
    let cases =
        [(STEP, StoredSubsegments::None), (STEP, StoredSubsegments::I8), (CHUNK_SAMPLES, StoredSubsegments::I8)];
    for (step_samples, stored) in cases {
        let mut random = Mt::new(1);
        let num_chunks = block::chunks_to_write(Probabilities::U8, stored);
        let mut full = analysis(num_chunks, 2);
        full.geometry =
            ChunkGeometry { step_samples, num_samples: ((num_chunks - 1) * step_samples + CHUNK_SAMPLES) as u64 };
        let mut embeddings = Embeddings::default();
        for (chunk, (masks, probabilities)) in full.masks.iter_mut().zip(&mut full.probabilities).enumerate() {
            probabilities.planes_mut().as_flattened_mut().fill_with(|| random.next_u32() as u8);
            for (local, mask) in masks.speakers.iter_mut().enumerate() {
                (0..FRAMES_PER_CHUNK).filter(|_| random.next_u32().is_multiple_of(2)).for_each(|t| mask.insert(t));
                let bits = |_| f32::from_bits((random.next_u32() % 0x7F00_0000) >> 1);
                let values: Vec<f32> = (0..EMBEDDING_DIMENSION).map(bits).chain([1.0]).skip(1).collect();
                embeddings.push(Slot { chunk: chunk as u32, local: local as u8 }, &values);
            }
        }
        full.embeddings = embeddings;
        full.subsegments = match stored {
            StoredSubsegments::None => Subsegments::default(),
            StoredSubsegments::I8 => subsegments(num_chunks, step_samples, || random.next_u32() | 1),
        };
        let header = Header { step_samples, subsegments: stored, ..header(Values::F32) };
        let bytes = AnalysisWriter::write_all(Vec::new(), &header, &full).unwrap();
        let start = header.encode().unwrap().0.len();
        let length = u32::from_le_bytes(bytes[start + 1..start + 5].try_into().unwrap());
        let least = num_chunks as u32 * 4_700;
        assert!((least..=record::MAX_PAYLOAD_BYTES).contains(&length), "{length} bytes, {stored:?}");
        assert_eq!(bytes.len(), start + 9 + length as usize + 17, "one block");
        let saved = read(&bytes[..]).unwrap();
        assert!(saved.is_whole && saved.analysis == full);
    }
}

#[test]
fn skipped_embeddings_stay_skipped() {
    let mut analysis = analysis(12, 3);
    analysis.embeddings.values.clear();
    let saved = read(&bytes_of(&analysis, Values::None)[..]).unwrap();
    assert!(saved.is_whole && saved.analysis.embeddings.are_skipped());
    assert_eq!(saved.analysis, analysis);
}

/// A small file with two records of chunks, each followed by a mark, and its content.
fn marked_file() -> (Vec<u8>, Analysis) {
    let all = analysis(5, 8);
    let first = part(&all, 3);
    let mut writer = AnalysisWriter::new(Vec::new(), &header(Values::F32)).unwrap();
    writer.push(&all.masks[..3], &all.probabilities[..3], &first, &known_with(&all, 0..3)).unwrap();
    writer.mark(&AudioMark { num_samples: 300, is_end: false, sha256: [3; 32] }).unwrap();
    let after = known_with(&all, 3..5);
    writer.push_rows(&all.masks[3..], &all.probabilities[3..], &all.embeddings, first.len(), &after).unwrap();
    writer.mark(&AudioMark { num_samples: 500, is_end: true, sha256: [5; 32] }).unwrap();
    (writer.finish(all.geometry.num_samples).unwrap(), all)
}

#[test]
fn a_cut_file_is_read_up_to_its_last_whole_record_and_resumed_from_its_last_mark() {
    let (whole, analysis) = marked_file();
    let header_length = header(Values::F32).encode().unwrap().0.len();
    let mut lengths = std::collections::BTreeSet::new();
    for length in 0..=whole.len() {
        let what = format!("{length} of {} bytes", whole.len());
        let Ok(mut saved) = read(&whole[..length]) else {
            assert!(length < header_length, "{what}");
            continue;
        };
        assert!(length >= header_length, "{what}");
        assert_eq!(saved.is_whole, length == whole.len(), "{what}");
        assert_is_prefix(&saved, &analysis, &what);
        lengths.insert(saved.analysis.masks.len());

        saved.keep_until_mark();
        assert_is_prefix(&saved, &analysis, &what);
        let done = saved.analysis.masks.len();
        assert_eq!(saved.mark.map_or(0, |mark| mark.num_samples), 100 * done as u64, "{what}");
        let output = whole[..saved.num_bytes() as usize].to_vec();
        let mut writer = AnalysisWriter::resume(output, &saved);
        assert_eq!(writer.num_chunks(), done);
        let mut rows = saved.analysis.embeddings.len();
        for (end, num_samples) in [(3, 300), (5, 500)].into_iter().filter(|(end, _)| *end > done) {
            let embeddings = part(&analysis, end);
            let new = writer.num_chunks()..end;
            let (masks, probabilities) = (&analysis.masks[new.clone()], &analysis.probabilities[new.clone()]);
            writer.push_rows(masks, probabilities, &embeddings, rows, &known_with(&analysis, new)).unwrap();
            rows = embeddings.len();
            writer.mark(&AudioMark { num_samples, is_end: end == 5, sha256: [end as u8; 32] }).unwrap();
        }
        assert_eq!(writer.finish(analysis.geometry.num_samples).unwrap(), whole, "{what}");
    }
    assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [0, 3, 5]);
}

#[test]
fn a_flipped_bit_is_an_error_or_drops_the_tail() {
    let (whole, analysis) = marked_file();
    for index in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[index] ^= 1 << bit;
            if let Ok(saved) = read(&bytes[..]) {
                assert!(!saved.is_whole, "bit {bit} of byte {index}");
                assert_is_prefix(&saved, &analysis, &format!("bit {bit} of byte {index}"));
            }
        }
    }
}

#[test]
fn damage_to_a_file_never_goes_unnoticed() {
    let (whole, analysis) = marked_file();
    let mut random = Mt::new(11);
    let mut below = |limit: usize| random.next_u32() as usize % limit;
    for round in 0..3000 {
        let mut bytes = whole.clone();
        for _ in 0..=below(3) {
            let (from, length) = (below(bytes.len()), below(200));
            let end = (from + length).min(bytes.len());
            match below(5) {
                0 => bytes[from..end].fill(0),
                1 => drop(bytes.drain(from..end.min(from + bytes.len() - 1))),
                2 => bytes.splice(from..from, whole[from.min(whole.len() - 1)..].to_vec()).for_each(drop),
                3 => bytes[from..end].reverse(),
                _ => bytes.extend((0..=length).map(|_| below(256) as u8).collect::<Vec<_>>()),
            }
        }
        if let Ok(saved) = read(&bytes[..]) {
            assert!(!saved.is_whole || bytes == whole, "round {round}");
            assert_is_prefix(&saved, &analysis, &format!("round {round}"));
        }
    }
}

#[test]
fn records_of_another_file_are_refused() {
    // Two files with records of equal length. A record of one, placed in the other, has a valid
    // length but the wrong bytes before it.
    let pair = [8, 9].map(|first| {
        let mut writer = AnalysisWriter::new(Vec::new(), &header(Values::F32)).unwrap();
        let mark = |sha| AudioMark { num_samples: 0, is_end: false, sha256: [sha; 32] };
        for sha in [first, 1, 2] {
            writer.mark(&mark(sha)).unwrap();
        }
        writer.finish(0).unwrap()
    });
    let record = 9 + 41;
    let start = pair[0].len() - 17 - 3 * record;
    let [first, second, third] = [0, 1, 2].map(|i| start + i * record..start + (i + 1) * record);
    let marks = |bytes: &[u8]| read(bytes).unwrap();
    assert!(marks(&pair[0]).is_whole);
    let swapped = [&pair[0][..second.start], &pair[0][third.clone()], &pair[0][second.clone()], &pair[0][third.end..]];
    let replaced = [&pair[1][..first.end], &pair[0][first.end..]];
    let without = [&pair[0][..second.start], &pair[0][third.start..]];
    for (bytes, mark) in [(swapped.concat(), 8), (replaced.concat(), 9), (without.concat(), 8)] {
        let saved = marks(&bytes);
        assert!(!saved.is_whole);
        assert_eq!(saved.mark.unwrap().sha256, [mark; 32]);
    }
    let twice = [&pair[0][..], &pair[0]].concat();
    assert!(read(&twice[..]).unwrap_err().to_string().contains("after the end"));
}

#[test]
fn content_that_no_writer_makes_is_refused_despite_a_good_checksum() {
    let one = (0..).map(|seed| analysis(1, seed)).find(|one| one.embeddings.len() == 2).unwrap();
    let Analysis { masks, probabilities, embeddings, .. } = &one;
    let block = |first_chunk: usize, values: &[f32], probabilities: &[ChunkProbabilities]| {
        block::encode(first_chunk, masks, values, Values::F32, probabilities, &[0; 4]).unwrap()
    };
    let with_subsegments = |bytes: &[&[u8]]| {
        block::encode(0, masks, &embeddings.values, Values::F32, probabilities, &bytes.concat()).unwrap()
    };
    let row = |values: [u8; 2]| [&values[..], &[0; 254]].concat();
    let subsegments = [
        (with_subsegments(&[]), "cannot be decompressed"),
        (with_subsegments(&[&[1, 0, 0, 0, 3]]), "cannot be decompressed"),
        (with_subsegments(&[&[26, 0, 0, 0], &[0; 26]]), "subsegments beyond its chunks"),
        (with_subsegments(&[&[0xFF; 4], &[0; 26]]), "subsegments beyond its chunks"),
        (with_subsegments(&[&[1, 0, 0, 0, 2], &row([127, 0])]), "an impossible number of solo frames"),
        (with_subsegments(&[&[1, 0, 0, 0, 11], &row([127, 0])]), "an impossible number of solo frames"),
        (with_subsegments(&[&[1, 0, 0, 0, 3], &row([126, 0])]), "a subsegment that no network gives"),
        (with_subsegments(&[&[1, 0, 0, 0, 3], &row([127, 128])]), "a subsegment that no network gives"),
        (with_subsegments(&[&[1, 0, 0, 0, 3], &row([127, 0]), &[0]]), "more than its chunks"),
    ];
    let good = block(0, &embeddings.values, probabilities);
    let masks_only = block(0, &[], &[]);
    let without = block(0, &embeddings.values, &[]);
    let later = block(1, &embeddings.values, probabilities);
    let more = block(0, &embeddings.values, &[probabilities.clone(), probabilities.clone()].concat());
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let beyond = {
        let mut encoder = flate2::write::DeflateEncoder::new(vec![0, 0, 0, 0, 1, 0, 0, 0], flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &[0xFF; 3 * 74]).unwrap();
        encoder.finish().unwrap()
    };
    let mark = |is_end: u8| [&[0; 8][..], &[is_end], &[7; 32]].concat();
    let cases: [(Kind, Vec<u8>, &str); 13] = [
        (Kind::Chunks, Vec::new(), "too little"),
        (Kind::Chunks, vec![0; 7], "too little"),
        (Kind::Chunks, vec![0; 8], "out of order"),
        (Kind::Chunks, later, "out of order"),
        (Kind::Chunks, with(6, 1), "out of order"),
        (Kind::Chunks, with(4, 2), "a block holds"),
        (Kind::Chunks, masks_only, "cannot be decompressed"),
        (Kind::Chunks, without, "cannot be decompressed"),
        (Kind::Chunks, more, "more than its chunks"),
        (Kind::Chunks, beyond, "beyond the end of a chunk"),
        (Kind::Mark, mark(2), "an audio mark"),
        (Kind::End, vec![0; 9], "the end"),
        (Kind::End, vec![1, 0, 0, 0, 0, 0, 0, 0], "the length of the recording"),
    ];
    let subsegments = subsegments.into_iter().map(|(payload, expected)| (Kind::Chunks, payload, expected));
    for (kind, payload, expected) in cases.into_iter().chain(subsegments) {
        let (mut bytes, mut checksum): (Vec<u8>, Checksum) = header(Values::F32).encode().unwrap();
        bytes.extend(encode(kind, &payload, &mut checksum));
        let error = read(&bytes[..]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.to_string().contains(expected), "{error} where {expected} is expected");
    }
}

#[test]
fn invalid_headers_are_refused() {
    let good = header(Values::F16).encode().unwrap().0;
    let mut newer = good.clone();
    newer[8] = 4;
    let mut long = good.clone();
    long[10..14].fill(0xFF);
    let mut step = header(Values::F16);
    step.step_samples = 100;
    let cases = [
        (b"RIFF....WAVEfmt ".to_vec(), "not a saved analysis"),
        (Vec::new(), "not a saved analysis"),
        (newer, "format version 4"),
        (long, "the header is damaged"),
        (good[..40].to_vec(), "the header is damaged"),
        (step.encode().unwrap().0, "a chunk step of 100 samples"),
    ];
    for (bytes, expected) in cases {
        let error = read(&bytes[..]).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let mut long = header(Values::F16);
    long.origin.file_id = "x".repeat(70_000);
    assert_eq!(long.encode().unwrap_err().kind(), ErrorKind::InvalidOption);
}

#[test]
fn the_writer_refuses_what_does_not_match_the_masks() {
    let all = analysis(6, 4);
    let (probabilities, none) = (&all.probabilities, Subsegments::default());
    let start = || AnalysisWriter::new(Vec::new(), &header(Values::F16)).unwrap();
    let fails = |result: crate::Result<()>| assert_eq!(result.unwrap_err().kind(), ErrorKind::Internal);
    fails(start().push(&all.masks[1..], &probabilities[1..], &all.embeddings, &none));
    fails(start().push(&all.masks[..3], &probabilities[..3], &all.embeddings, &none));
    fails(start().push(&all.masks, probabilities, &part(&all, 3), &none));
    fails(start().push(&all.masks, &probabilities[1..], &all.embeddings, &none));
    fails(start().push(&all.masks, &[], &all.embeddings, &none));
    let skipped = Embeddings { values: Vec::new(), ..all.embeddings.clone() };
    fails(start().push(&all.masks, probabilities, &skipped, &none));
    for value in [f32::NAN, 1e6] {
        let mut large = all.embeddings.clone();
        large.values[300] = value;
        fails(start().push(&all.masks, probabilities, &large, &none));
    }
    let mut writer = start();
    writer.push(&all.masks, probabilities, &all.embeddings, &none).unwrap();
    fails(writer.finish(all.geometry.num_samples + STEP as u64).map(drop));
}

#[test]
fn subsegments_come_with_the_chunks_that_they_wait_for() {
    let all = analysis(70, 4);
    let push = |writer: &mut AnalysisWriter<_>, chunks: std::ops::Range<usize>, subsegments: &Subsegments| {
        let embeddings = part(&all, chunks.end);
        let first_row = part(&all, chunks.start).len();
        let (masks, probabilities) = (&all.masks[chunks.clone()], &all.probabilities[chunks]);
        writer.push_rows(masks, probabilities, &embeddings, first_row, subsegments)
    };
    let start = || AnalysisWriter::new(Vec::new(), &header(Values::F16)).unwrap();
    let fails = |result: crate::Result<()>| assert_eq!(result.unwrap_err().kind(), ErrorKind::Internal);
    // Cut anywhere, also beside a block.
    for cut in [1, 2, 7, 63, 64, 69] {
        let mut writer = start();
        push(&mut writer, 0..cut, &known_with(&all, 0..cut)).unwrap();
        push(&mut writer, cut..70, &known_with(&all, cut..70)).unwrap();
        let bytes = writer.finish(all.geometry.num_samples).unwrap();
        assert_eq!(read(&bytes[..]).unwrap().analysis.subsegments, all.subsegments, "{cut}");
    }
    let (early, late) = (known_with(&all, 0..20), known_with(&all, 20..70));
    assert!(early.len() > 20 && late.len() > 60);
    let mut first = late.clone();
    first.truncate(1);
    // Too late, too early, descending, without values, with an impossible count, without chunks.
    let mut writer = start();
    push(&mut writer, 0..20, &Subsegments::default()).unwrap();
    fails(push(&mut writer, 20..70, &all.subsegments));
    fails(push(&mut start(), 0..20, &all.subsegments));
    let mut writer = start();
    let mut more = early.clone();
    more.append(&mut first.clone());
    push(&mut writer, 0..20, &more).unwrap();
    fails(push(&mut writer, 20..70, &late));
    let mut twice = early.clone();
    twice.append(&mut early.clone());
    fails(push(&mut start(), 0..20, &twice));
    fails(push(&mut start(), 0..20, &Subsegments { values: Vec::new(), ..early.clone() }));
    fails(push(&mut start(), 0..20, &Subsegments { solo_frames: vec![2; early.len()], ..early.clone() }));
    fails(push(&mut start(), 0..0, &early));
}

#[test]
fn a_record_after_subsegments_that_should_have_waited_is_refused() {
    let all = analysis(40, 4);
    let (mut bytes, mut checksum) = header(Values::F32).encode().unwrap();
    for (chunks, rows) in [(0..20, 0..all.subsegments.len() / 2 + 5), (20..40, 0..0)] {
        let possible = stretches::possible(0..40, STEP);
        let subsegments = stretches::encode(&all.subsegments, rows, &possible).unwrap();
        let values = part(&all, chunks.start).values.len()..part(&all, chunks.end).values.len();
        let (masks, probabilities) = (&all.masks[chunks.clone()], &all.probabilities[chunks.clone()]);
        let values = &all.embeddings.values[values];
        let payload = block::encode(chunks.start, masks, values, Values::F32, probabilities, &subsegments).unwrap();
        bytes.extend(encode(Kind::Chunks, &payload, &mut checksum));
    }
    let error = read(&bytes[..]).unwrap_err();
    assert!(error.to_string().contains("earlier subsegments should have waited for"), "{error}");
}

#[test]
fn a_full_output_is_an_output_error() {
    let all = analysis(6, 4);
    let size = bytes_of(&all, Values::F16).len();
    for room in [0, 100, size - 1] {
        let mut room = vec![0; room];
        let error = AnalysisWriter::write_all(&mut room[..], &header(Values::F16), &all).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Output);
    }
}

/// The content of the file that `tools/reference/analysis.py` writes from the description of the
/// format alone.
#[derive(Deserialize)]
struct Golden {
    num_samples: u64,
    /// For each chunk and local speaker, the active stretches as first frame and end.
    active: Vec<[Vec<(usize, usize)>; LOCAL_SPEAKERS]>,
    /// Sum of the values of each embedding, exact in 64 bits.
    sums: Vec<f64>,
    /// First and last value of each embedding.
    ends: Vec<(f32, f32)>,
    /// For each chunk and plane, the probability in each frame as run lengths: length and value.
    probabilities: Vec<Vec<Vec<(usize, u8)>>>,
    /// For each subsegment, its index, solo frames, sum of values, first and last value.
    subsegments: Vec<(u32, u8, i32, i8, i8)>,
}

#[test]
fn a_file_written_from_the_description_alone_is_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/analysis");
    let golden: Golden = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let planes = golden.probabilities.iter().map(|planes| {
        let mut chunk = ChunkProbabilities::default();
        for (plane, runs) in chunk.planes_mut().iter_mut().zip(planes) {
            let frames = runs.iter().flat_map(|&(length, value)| std::iter::repeat_n(value, length));
            plane.copy_from_slice(&frames.collect::<Vec<u8>>());
        }
        chunk
    });
    let planes: Vec<ChunkProbabilities> = planes.collect();
    // Files of version 1, which hold no probabilities, and of version 2.
    let cases = [
        ("f16.diarist", Values::F16, Probabilities::None),
        ("f32.diarist", Values::F32, Probabilities::None),
        ("v2_none.diarist", Values::F16, Probabilities::None),
        ("v2_f16.diarist", Values::F16, Probabilities::U8),
        ("v2_f32.diarist", Values::F32, Probabilities::U8),
    ];
    for (name, values, probabilities) in cases {
        let saved = read_file(&folder.join(name)).unwrap();
        assert!(saved.is_whole);
        assert_eq!((saved.analysis.origin.file_id.as_str(), saved.values), ("golden", values));
        assert_eq!(saved.probabilities, probabilities, "{name}");
        let expected: &[_] = if probabilities == Probabilities::None { &[] } else { &planes };
        assert_eq!(saved.analysis.probabilities, expected, "{name}");
        let subsegments = &saved.analysis.subsegments;
        let found = (0..subsegments.len()).map(|row| {
            let values = subsegments.row(row);
            let sum = values.iter().map(|value| i32::from(*value)).sum::<i32>();
            (subsegments.indices[row], subsegments.solo_frames[row], sum, values[0], values[EMBEDDING_DIMENSION - 1])
        });
        let expected = if name == "v2_f32.diarist" { golden.subsegments.clone() } else { Vec::new() };
        assert_eq!(found.collect::<Vec<_>>(), expected, "{name}");
        assert_eq!(
            saved.mark,
            Some(AudioMark { num_samples: 1, is_end: false, sha256: std::array::from_fn(|i| i as u8) })
        );
        assert_eq!(saved.analysis.geometry.num_samples, golden.num_samples);
        let masks = golden.active.iter().map(|locals| ChunkMasks {
            speakers: std::array::from_fn(|local| {
                let mut mask = crate::segmentation::masks::FrameMask::default();
                locals[local].iter().for_each(|&(start, end)| (start..end).for_each(|t| mask.insert(t)));
                mask
            }),
        });
        assert_eq!(saved.analysis.masks, masks.collect::<Vec<_>>());
        let embeddings = &saved.analysis.embeddings;
        assert_eq!(embeddings.len(), golden.sums.len());
        for (row, (sum, (first, last))) in golden.sums.iter().zip(&golden.ends).enumerate() {
            let values = embeddings.row(row);
            // The values are multiples of 2^-10 below 1, so they are exact in 16 bits and in every
            // order of summation.
            assert_eq!(values.iter().map(|&value| f64::from(value)).sum::<f64>(), *sum);
            assert_eq!((values[0], values[EMBEDDING_DIMENSION - 1]), (*first, *last));
        }
    }
}

#[test]
fn corrections_come_back_and_raise_the_version() {
    let mut all = analysis(3, 4);
    let bytes = |all: &Analysis| AnalysisWriter::write_all(Vec::new(), &Header::of(all, Values::F32), all).unwrap();
    assert_eq!(bytes(&all)[8], 2);
    let speaker = || SpeakerRef { label: "SPEAKER_00".to_owned(), heard: vec![Stretch::new(0.5, 1.25)] };
    let one = |at_s: f64| Correction::Split { speaker: speaker(), at_s };
    all.corrections.list = (1..=40).map(f64::from).map(one).collect();
    let corrected = bytes(&all);
    assert_eq!(corrected[8], 3);
    let saved = read(&corrected[..]).unwrap();
    assert!(saved.is_whole);
    assert_eq!(saved.analysis, all);
}

#[test]
fn damaged_corrections_are_refused() {
    let with = Header { corrections: true, ..header(Values::F32) };
    let split = r#"[{"kind":"split","speaker":{"label":"a","heard":[]},"at_s":2.0}]"#;
    for (header, payload) in [
        (&with, "[{}]"),
        (&with, "nothing"),
        (&with, &*split.replace("2.0", "-2.0")),
        // A file of an earlier version has none.
        (&header(Values::F32), split),
    ] {
        let (mut bytes, mut checksum) = header.encode().unwrap();
        bytes.extend(encode(Kind::Corrections, payload.as_bytes(), &mut checksum));
        let error = read(&bytes[..]).unwrap_err();
        assert!(error.to_string().contains("a correction contradicts"), "{error}");
    }
    let mut writer = AnalysisWriter::new(Vec::new(), &header(Values::F32)).unwrap();
    let corrections: Corrections = serde_json::from_str(split).unwrap();
    assert_eq!(writer.correct(&corrections).unwrap_err().kind(), ErrorKind::Internal);
}
