//! The offline pipeline against what pyannote.audio's community-1 itself produced, stage by stage.
//!
//! `fixtures/golden/pipeline` is written by `tools/reference/pipeline.py`.

mod common;

use std::path::{Path, PathBuf};

use common::Pieces;
use diarist::audio::{self, AudioSource};
use diarist::clustering::SpeakerBounds;
use diarist::formats::rttm;
use diarist::pipeline::{
    Analysis, CacheUse, Diarization, DiarizationOptions, EMBEDDING_DIMENSION, EmbeddingMode, Models, Pipeline,
};
use diarist::segmentation::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn npy<T: npyz::Deserialize>(path: &Path) -> (Vec<u64>, Vec<T>) {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = npyz::NpyFile::new(&bytes[..]).unwrap();
    (file.shape().to_vec(), file.into_vec().unwrap())
}

fn read_all(source: &mut dyn AudioSource) -> Vec<f32> {
    let mut samples = Vec::new();
    while source.read(&mut samples).unwrap() {}
    samples
}

fn pipeline(num_threads: usize) -> Pipeline {
    Pipeline::new(Models::embedded().unwrap(), Some(num_threads)).unwrap()
}

fn run(pipeline: &Pipeline, name: &str, samples: &[f32]) -> (Analysis, Diarization) {
    let options = DiarizationOptions::default();
    let analysis = pipeline.analyze(&mut audio::SliceSource::new(samples), &options, &mut |_| {}).unwrap();
    let result = pipeline.cluster(name, &analysis, &options).unwrap();
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
    let pipeline = pipeline(2);
    for name in ["conversation", "single", "short"] {
        let golden = |key: &str| fixtures().join(format!("golden/pipeline/{name}.{key}"));
        let path = fixtures().join(format!("audio/{name}.flac"));
        let samples = read_all(&mut audio::open(&path).unwrap());
        let (analysis, result) = run(&pipeline, name, &samples);

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

        for (annotation, key) in [(&result.diarization, "rttm"), (&result.exclusive, "exclusive.rttm")] {
            let expected = std::fs::read_to_string(golden(key)).unwrap();
            assert_eq!(rttm::write(annotation).unwrap(), expected, "{name}: {key}");
        }
    }
}

#[test]
fn the_number_of_threads_and_the_size_of_reads_change_no_bit() {
    let samples = read_all(&mut audio::open(&fixtures().join("audio/conversation.flac")).unwrap());
    let (analysis, result) = run(&pipeline(1), "x", &samples);
    for (num_threads, first_piece) in [(2, 5), (4, 7), (16, 1000)] {
        let options = DiarizationOptions::default();
        let pipeline = pipeline(num_threads);
        let other = pipeline.analyze(&mut Pieces(&samples, first_piece), &options, &mut |_| {}).unwrap();
        assert_eq!(other.masks, analysis.masks);
        let bits = |a: &Analysis| a.embeddings.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&other), bits(&analysis), "{num_threads} threads");
        let other = pipeline.cluster("x", &other, &options).unwrap();
        assert_eq!(other.diarization, result.diarization);
        assert_eq!(other.speakers, result.speakers);
    }
}

#[test]
fn embedding_modes_give_the_same_bits_and_the_cache_knows_what_it_heard() {
    let samples = read_all(&mut audio::open(&fixtures().join("audio/conversation.flac")).unwrap());
    let pipeline = pipeline(2);
    let diarize = |embedding_mode, samples: &[f32]| {
        let options = DiarizationOptions { step_s: 5.0, embedding_mode, ..DiarizationOptions::default() };
        pipeline.diarize("x", &mut audio::SliceSource::new(samples), &options, &mut |_| {}).unwrap()
    };
    let fast = diarize(EmbeddingMode::Fast, &samples);
    assert_eq!(fast.cache_use, None);
    // 44.92 s: chunks at 0, 5, ..., 35 s, the last of them padded; all with speech.
    let cases = [(EmbeddingMode::Full, None), (EmbeddingMode::Cached, Some(0)), (EmbeddingMode::Cached, Some(8))];
    for (mode, num_hits) in cases {
        let other = diarize(mode, &samples);
        assert_eq!(other.cache_use, num_hits.map(|num_hits| CacheUse { num_chunks: 8, num_hits }), "{mode:?}");
        assert_eq!(other.diarization, fast.diarization, "{mode:?}");
        assert_eq!(other.speakers, fast.speakers, "{mode:?}");
    }
    // Another recording that has the second half of this one, on the same grid; its last chunk ends elsewhere.
    let half = diarize(EmbeddingMode::Cached, &samples[20 * 16_000..42 * 16_000]);
    assert_eq!(half.cache_use, Some(CacheUse { num_chunks: 4, num_hits: 3 }));
}

#[test]
fn without_embeddings_speech_and_overlap_stay_and_speakers_follow_from_overlap() {
    let samples = read_all(&mut audio::open(&fixtures().join("audio/conversation.flac")).unwrap());
    let pipeline = pipeline(2);
    let options = DiarizationOptions { embedding_mode: EmbeddingMode::Skip, ..DiarizationOptions::default() };
    let run = |options: &DiarizationOptions| {
        pipeline.analyze(&mut audio::SliceSource::new(&samples), options, &mut |_| {}).unwrap()
    };
    let skipped = run(&options);
    assert!(skipped.embeddings.are_skipped());
    let whole = run(&DiarizationOptions::default());
    assert_eq!((&skipped.masks, &skipped.embeddings.slots), (&whole.masks, &whole.embeddings.slots));
    let skipped = pipeline.cluster("x", &skipped, &options).unwrap();
    let whole = pipeline.cluster("x", &whole, &DiarizationOptions::default()).unwrap();
    // Speech is where the number of speakers is not 0, whoever they are.
    assert_eq!(skipped.speech_s, whole.speech_s);
    assert_eq!(skipped.overlap_s, whole.overlap_s);
    assert!(skipped.speakers.iter().all(|speaker| speaker.embedding.is_none()));
    assert!(whole.speakers.iter().all(|speaker| speaker.embedding.is_some()));
    // Four people, of whom some pause for longer than 9 s.
    assert!(skipped.speakers.len() >= whole.speakers.len(), "{}", skipped.speakers.len());

    let bounds = SpeakerBounds::new(Some(2), None, None).unwrap();
    let error = pipeline.cluster("x", &run(&options), &DiarizationOptions { bounds, ..options }).unwrap_err();
    assert_eq!(error.kind(), diarist::ErrorKind::InvalidOption);
}

/// A folder of community-1 outputs laid out as in avencera/speakrs `fixtures/`, which are not in this repository.
/// Run with `DIARIST_SPEAKRS_FIXTURES=DIR cargo test -p diarist --test pipeline_golden -- --ignored --nocapture`.
#[test]
#[ignore = "needs DIARIST_SPEAKRS_FIXTURES"]
#[expect(clippy::print_stdout, reason = "the figures are what this test is run for")]
fn published_outputs_of_community_1_are_met() {
    let folder = PathBuf::from(std::env::var_os("DIARIST_SPEAKRS_FIXTURES").expect("DIARIST_SPEAKRS_FIXTURES"));
    let pipeline = pipeline(2);
    for (wav, prefix) in [
        ("test", "pipeline"),
        ("test_3speakers", "3speakers"),
        ("test_single_speaker", "single_speaker"),
        ("test_short", "short"),
    ] {
        let samples = read_all(&mut audio::open(&folder.join(format!("{wav}.wav"))).unwrap());
        let (analysis, result) = run(&pipeline, "file1", &samples);

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
        let identical = result.diarization.turns.len() == expected.turns.len()
            && result.diarization.turns.iter().zip(&expected.turns).all(|(ours, theirs)| {
                // The published files have six decimals.
                ours.speaker == theirs.speaker
                    && (ours.segment.start - theirs.segment.start).abs() < 1e-6
                    && (ours.segment.end - theirs.segment.end).abs() < 2e-6
            });
        println!(
            "{wav}: {} chunks, {differing} frames differ, embeddings max abs error {error:.2e} over {} slots, RTTM identical: {identical}",
            analysis.masks.len(),
            analysis.embeddings.len(),
        );
        assert!(differing == 0 && error <= 1e-4 && identical);
    }
}
