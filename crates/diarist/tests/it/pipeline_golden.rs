//! The offline pipeline against the results of pyannote.audio's community-1, stage by stage.
//!
//! `fixtures/golden/pipeline` is written by `tools/reference/pipeline.py`.

use std::path::{Path, PathBuf};

use diarist::parts::analysis::EMBEDDING_DIMENSION;
use diarist::parts::formats::rttm;
use diarist::parts::inference::{CacheUse, EmbeddingMode};
use diarist::parts::segmentation::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS};
use diarist::{Analysis, Diarization, Diarizer, ErrorKind, Profile, Recording, Settings};

use crate::samples::{Pieces, conversation, fixtures, read_samples};

fn npy<T: npyz::Deserialize>(path: &Path) -> (Vec<u64>, Vec<T>) {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = npyz::NpyFile::new(&bytes[..]).unwrap();
    (file.shape().to_vec(), file.into_vec().unwrap())
}

/// The profile that computes what pyannote.audio computes.
fn exact(num_threads: usize) -> Diarizer {
    let mut settings = Settings::from(Profile::Exact);
    settings.analysis.num_threads = Some(num_threads);
    Diarizer::new(&settings).unwrap()
}

/// The same networks in another embedding mode.
fn in_mode(diarizer: &Diarizer, embedding_mode: EmbeddingMode) -> Diarizer {
    let mut settings = diarizer.settings().clone();
    settings.analysis.embedding_mode = embedding_mode;
    diarizer.with_settings(&settings).unwrap()
}

fn run(diarizer: &Diarizer, name: &str, samples: &[f32]) -> (Analysis, Diarization) {
    let analysis = diarizer.analyze(Recording::from_samples(name, samples)).unwrap();
    let result = diarizer.cluster(&analysis).unwrap();
    (analysis, result)
}

/// Frames on which the masks differ from `expected[chunk, frame]`, bit s for local speaker s.
fn differing_frames(analysis: &Analysis, expected: &[u8]) -> usize {
    assert_eq!(expected.len(), analysis.masks.len() * FRAMES_PER_CHUNK);
    let frames = expected.chunks_exact(FRAMES_PER_CHUNK).zip(&analysis.masks).flat_map(|(classes, masks)| {
        classes.iter().enumerate().map(move |(t, &class)| {
            let bits: u8 = (0..LOCAL_SPEAKERS).map(|s| u8::from(masks.speakers[s].get(t)) << s).sum();
            bits != class
        })
    });
    frames.filter(|&differs| differs).count()
}

fn max_abs_error(values: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(values.len(), expected.len());
    values.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn samples_give_what_community_1_gives() {
    let diarizer = exact(2);
    for name in ["conversation", "single", "short"] {
        let golden = |key: &str| fixtures().join(format!("golden/pipeline/{name}.{key}"));
        let samples = read_samples(&fixtures().join(format!("audio/{name}.flac")));
        let (analysis, result) = run(&diarizer, name, &samples);

        let (shape, segmentation) = npy::<u8>(&golden("segmentation.npy"));
        assert_eq!(shape[0] as usize, analysis.masks.len(), "{name}: chunks");
        assert_eq!(differing_frames(&analysis, &segmentation), 0, "{name}: frames that differ");

        let (_, embeddings) = npy::<f32>(&golden("embeddings.npy"));
        let error = max_abs_error(&analysis.embeddings.values, &embeddings);
        // f32 sums over 36 layers in another order than PyTorch's; values are about 0.1 to 1.
        assert!(error <= 1e-4, "{name}: embeddings differ by {error}");

        let (_, centroids) = npy::<f64>(&golden("centroids.npy"));
        let ours: Vec<f32> =
            result.speakers.iter().flat_map(|speaker| speaker.embedding.iter().flatten().copied()).collect();
        let expected: Vec<f32> = centroids.iter().map(|&value| value as f32).collect();
        let error = max_abs_error(&ours, &expected);
        assert!(error <= 1e-4, "{name}: centroids differ by {error}");

        for (annotation, key) in [(result.annotation(), "rttm"), (result.exclusive_annotation(), "exclusive.rttm")] {
            // pyannote does not cut turns at the end of the recording.
            let mut expected = rttm::read_file(&golden(key)).unwrap().remove(0);
            expected.turns.iter_mut().for_each(|turn| turn.end_s = turn.end_s.min(result.duration_s));
            let written = [&annotation, &expected].map(|annotation| rttm::write(annotation).unwrap());
            assert_eq!(written[0], written[1], "{name}: {key}");
        }
    }
}

#[test]
fn the_number_of_threads_and_the_size_of_reads_change_no_bit() {
    // Two waves of chunks.
    let samples = &conversation()[..30 * 16_000];
    let (analysis, result) = run(&exact(1), "x", samples);
    for (num_threads, first_piece) in [(2, 5), (4, 7), (16, 1000)] {
        let diarizer = exact(num_threads);
        let other = diarizer.analyze(Recording::from_source("x", Pieces(samples, first_piece))).unwrap();
        assert_eq!(other.masks, analysis.masks);
        let bits = |a: &Analysis| a.embeddings.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&other), bits(&analysis), "{num_threads} threads");
        let other = diarizer.cluster(&other).unwrap();
        assert_eq!(other.turns, result.turns);
        assert_eq!(other.speakers, result.speakers);
    }
}

#[test]
fn embedding_modes_give_the_same_bits_and_the_cache_knows_what_it_heard() {
    let samples = conversation();
    let mut settings = exact(2).settings().clone();
    settings.analysis.step_s = 5.0;
    let fast = Diarizer::new(&settings).unwrap();
    let [full, cached] = [EmbeddingMode::Full, EmbeddingMode::Cached].map(|mode| in_mode(&fast, mode));
    let diarize =
        |diarizer: &Diarizer, samples: &[f32]| diarizer.diarize(Recording::from_samples("x", samples)).unwrap();
    let fast = diarize(&fast, &samples);
    assert_eq!(fast.cache_use, None);
    // 44.92 s: chunks at 0, 5, ..., 35 s, the last of them padded; all with speech.
    for (diarizer, num_hits) in [(&full, None), (&cached, Some(0)), (&cached, Some(8))] {
        let mode = diarizer.settings().analysis.embedding_mode;
        let other = diarize(diarizer, &samples);
        assert_eq!(other.cache_use, num_hits.map(|num_hits| CacheUse { num_chunks: 8, num_hits }), "{mode:?}");
        assert_eq!(other.turns, fast.turns, "{mode:?}");
        assert_eq!(other.speakers, fast.speakers, "{mode:?}");
    }
    // Another recording with the second half of this one, on the same grid. Its last chunk ends
    // elsewhere.
    let half = diarize(&cached, &samples[20 * 16_000..42 * 16_000]);
    assert_eq!(half.cache_use, Some(CacheUse { num_chunks: 4, num_hits: 3 }));
}

#[test]
fn without_embeddings_speech_and_overlap_stay_and_speakers_follow_from_overlap() {
    let samples = conversation();
    let diarizer = exact(2);
    let skipping = in_mode(&diarizer, EmbeddingMode::Skip);
    let (skipped_analysis, skipped) = run(&skipping, "x", &samples);
    let (analysis, whole) = run(&diarizer, "x", &samples);
    assert!(skipped_analysis.embeddings.are_skipped());
    assert_eq!(skipped_analysis.masks, analysis.masks);
    assert_eq!(skipped_analysis.embeddings.slots, analysis.embeddings.slots);
    // Speech is where the number of speakers is not 0.
    assert_eq!(skipped.speech_s, whole.speech_s);
    assert_eq!(skipped.overlap_s, whole.overlap_s);
    assert!(skipped.speakers.iter().all(|speaker| speaker.embedding.is_none()));
    assert!(whole.speakers.iter().all(|speaker| speaker.embedding.is_some()));
    // Some of the four people pause for longer than 9 s.
    assert!(skipped.speakers.len() >= whole.speakers.len(), "{}", skipped.speakers.len());

    let two = diarizer.with_num_speakers(Some(2), None, None).unwrap();
    assert_eq!(two.cluster(&skipped_analysis).unwrap_err().kind(), ErrorKind::InvalidOption);
}

/// A folder of community-1 outputs laid out as in avencera/speakrs `fixtures/`, which are not in
/// this repository. Run with `DIARIST_SPEAKRS_FIXTURES=DIR cargo test -p diarist --test it
/// published -- --ignored --nocapture`.
#[test]
#[ignore = "needs DIARIST_SPEAKRS_FIXTURES"]
fn published_outputs_of_community_1_are_met() {
    let folder = PathBuf::from(std::env::var_os("DIARIST_SPEAKRS_FIXTURES").expect("DIARIST_SPEAKRS_FIXTURES"));
    let diarizer = exact(2);
    for (wav, prefix) in [
        ("test", "pipeline"),
        ("test_3speakers", "3speakers"),
        ("test_single_speaker", "single_speaker"),
        ("test_short", "short"),
    ] {
        let samples = read_samples(&folder.join(format!("{wav}.wav")));
        let (analysis, result) = run(&diarizer, "file1", &samples);

        let (_, scores) = npy::<f32>(&folder.join(format!("{prefix}_segmentation_data.npy")));
        let segmentation: Vec<u8> =
            scores.chunks_exact(LOCAL_SPEAKERS).map(|f| (f[0] + 2.0 * f[1] + 4.0 * f[2]) as u8).collect();
        let differing = differing_frames(&analysis, &segmentation);

        let (_, embeddings) = npy::<f32>(&folder.join(format!("{prefix}_embeddings_data.npy")));
        let mut error = 0f32;
        for (row, slot) in analysis.embeddings.slots.iter().enumerate() {
            let expected =
                &embeddings[(slot.chunk as usize * LOCAL_SPEAKERS + usize::from(slot.local)) * EMBEDDING_DIMENSION..];
            error = error.max(max_abs_error(analysis.embeddings.row(row), &expected[..EMBEDDING_DIMENSION]));
        }

        let expected = rttm::read_file(&folder.join(format!("{prefix}_expected.rttm"))).unwrap().remove(0);
        let identical = result.turns.len() == expected.turns.len()
            && result.turns.iter().zip(&expected.turns).all(|(ours, theirs)| {
                // The published files have six decimals.
                ours.speaker == theirs.speaker
                    && (ours.start_s - theirs.start_s).abs() < 1e-6
                    && (ours.end_s - theirs.end_s.min(result.duration_s)).abs() < 2e-6
            });
        println!(
            "{wav}: {} chunks, {differing} frames differ, embeddings max abs error {error:.2e} over {} slots, RTTM identical: {identical}",
            analysis.masks.len(),
            analysis.embeddings.len(),
        );
        assert!(differing == 0 && error <= 1e-4 && identical);
    }
}
