//! An interrupted diarization goes on where it stopped, and nobody can tell from the result.

mod common;
#[path = "common/conversation.rs"]
mod conversation;

use std::fs::{self, File};

use common::Pieces;
use conversation::samples;
use diarist::ErrorKind;
use diarist::audio::SliceSource;
use diarist::formats::analysis::{self, AnalysisWriter};
use diarist::models::Precision;
use diarist::pipeline::{Diarization, DiarizationOptions, EmbeddingMode, Models, Pipeline, TrunkPasses};

fn pipeline(num_threads: usize) -> Pipeline {
    Pipeline::new(Models::load_with_precision(None, None, Precision::Int8).unwrap(), Some(num_threads)).unwrap()
}

fn options(trunk: TrunkPasses, step_s: f64) -> DiarizationOptions {
    DiarizationOptions { trunk, step_s, ..DiarizationOptions::default() }
}

/// All that a result has but the time it took.
fn essence(result: Diarization) -> Diarization {
    Diarization { timings: Default::default(), ..result }
}

/// Where records end, from the layout in docs/analysis-format.md.
fn record_ends(bytes: &[u8]) -> Vec<usize> {
    let length = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut ends = vec![18 + length(10)];
    while *ends.last().unwrap() < bytes.len() {
        let start = *ends.last().unwrap();
        ends.push(start + 9 + length(start + 1));
    }
    ends
}

#[test]
fn wherever_it_stopped_the_result_is_that_of_an_uninterrupted_run() {
    let samples = samples();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let pipelines = [1, 2].map(pipeline);
    // A step of 0.7 s puts chunks between the passes of a shared trunk and between the frames of the features.
    let skip = DiarizationOptions { embedding_mode: EmbeddingMode::Skip, ..options(TrunkPasses::Shared, 0.7) };
    let per_chunk = options(TrunkPasses::PerChunk, 2.0);
    let cases = [options(TrunkPasses::Shared, 0.7), options(TrunkPasses::Shared, 1.0), skip, per_chunk];
    for (case, options) in cases.into_iter().enumerate() {
        let what = format!("{:?}, step {} s, {:?}", options.trunk, options.step_s, options.embedding_mode);
        let plain = pipelines[0].diarize("x", &mut SliceSource::new(&samples), &options, &mut |_| {}).unwrap();
        let plain = essence(plain);
        let resume = |num_threads: usize, first_piece: usize| {
            let source = &mut Pieces(&samples, first_piece);
            let pipeline = &pipelines[num_threads - 1];
            essence(pipeline.diarize_with_checkpoint("x", source, &options, &path, &mut |_| {}).unwrap())
        };
        let _ = fs::remove_file(&path);
        assert_eq!(resume(1, 1000), plain, "{what}");
        let whole = fs::read(&path).unwrap();
        let analysis = analysis::read(&whole[..]).unwrap();
        assert!(analysis.is_whole, "{what}");

        let ends = record_ends(&whole);
        // One wave of 16 chunks and its mark for each two records, at least two waves, and the end.
        assert!(ends.len() >= 6, "{what}: {ends:?}");
        // In the header; after the first wave; before the mark of the second, or of the last; before the end; nowhere.
        let cuts = [10, ends[2], ends[4] - 3, ends[ends.len() - 3], ends[ends.len() - 2], whole.len()];
        // Every cut for the first case, every third for the others, so that each is met again.
        let cuts = cuts.into_iter().enumerate().filter(|(index, _)| case == 0 || index % 3 == case % 3);
        for (index, cut) in cuts {
            fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(resume(1 + index % 2, 5 + 3000 * index), plain, "{what}, {cut} of {} bytes", whole.len());
            let again = analysis::read_file(&path).unwrap();
            assert!(again.is_whole);
            assert_eq!(again.analysis, analysis.analysis, "{what}, {cut} of {} bytes", whole.len());
        }
        // Damage costs the work after it, nothing else.
        let mut damaged = whole.clone();
        damaged[ends[2] + 100] ^= 4;
        fs::write(&path, &damaged).unwrap();
        assert_eq!(resume(1, 7), plain, "{what}, damaged");
        assert_eq!(analysis::read_file(&path).unwrap().analysis, analysis.analysis, "{what}, damaged");
    }
}

#[test]
fn what_does_not_belong_together_is_refused_and_kept() {
    let samples = &samples()[..400_000];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let pipeline = pipeline(1);
    let options = options(TrunkPasses::Shared, 1.0);
    let run = |samples: &[f32], options: &DiarizationOptions| {
        pipeline.diarize_with_checkpoint("x", &mut SliceSource::new(samples), options, &path, &mut |_| {})
    };
    run(samples, &options).unwrap();
    let whole = fs::read(&path).unwrap();
    let ends = record_ends(&whole);
    let mut other = samples.to_vec();
    other[1234] += 1e-4;
    let longer = [samples, &[0.0; 16_000]].concat();
    let slower = DiarizationOptions { step_s: 2.0, ..options.clone() };
    let each = DiarizationOptions { trunk: TrunkPasses::PerChunk, ..options.clone() };
    let cases: [(&str, &[f32], &DiarizationOptions, ErrorKind, &str); 6] = [
        ("one sample", &other, &options, ErrorKind::Input, "another recording"),
        ("longer", &longer, &options, ErrorKind::Input, "another recording"),
        ("shorter", &samples[..390_000], &options, ErrorKind::Input, "another recording"),
        ("nothing", &[], &options, ErrorKind::Input, "another recording"),
        ("step", samples, &slower, ErrorKind::InvalidOption, "chunk step in samples 16000, not 32000"),
        ("trunk", samples, &each, ErrorKind::InvalidOption, "trunk shared, not chunk"),
    ];
    // Whole, and with the end of the recording known but not all chunks done.
    for length in [whole.len(), ends[2]] {
        fs::write(&path, &whole[..length]).unwrap();
        for (what, samples, options, kind, message) in &cases {
            let error = run(samples, options).unwrap_err();
            assert_eq!(error.kind(), *kind, "{what}: {error}");
            assert!(error.to_string().contains(message), "{what}: {error}");
            assert!(fs::read(&path).unwrap() == whole[..length], "{what} changed the file");
        }
    }
    let foreign = b"RIFF....WAVEfmt ".repeat(100);
    fs::write(&path, &foreign).unwrap();
    assert_eq!(run(samples, &options).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(fs::read(&path).unwrap(), foreign);
    // The file of `analyze` has lost bits that an exact result needs.
    let saved = analysis::read(&whole[..]).unwrap();
    let header = pipeline.header("x", &options, analysis::Values::F16).unwrap();
    AnalysisWriter::write_all(File::create(&path).unwrap(), &header, &saved.analysis).unwrap();
    assert_eq!(run(samples, &options).unwrap_err().kind(), ErrorKind::InvalidOption);
    // Two processes at once.
    fs::write(&path, &whole).unwrap();
    let held = File::open(&path).unwrap();
    held.lock().unwrap();
    assert_eq!(run(samples, &options).unwrap_err().kind(), ErrorKind::Output);
    drop(held);
    run(samples, &options).unwrap();
    let error = pipeline.diarize_with_checkpoint(
        "x",
        &mut SliceSource::new(samples),
        &options,
        &folder.path().join("missing/checkpoint"),
        &mut |_| {},
    );
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Output);
}
