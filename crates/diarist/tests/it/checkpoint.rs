//! A diarization that was interrupted resumes, with the result of one without interruption.

use std::fs::{self, File};
use std::path::Path;

use diarist::parts::analysis::saved::{self, AnalysisWriter, Header, Probabilities, StoredSubsegments, Values};
use diarist::parts::inference::{AnalysisSettings, EmbeddingMode, Timings, TrunkPasses};
use diarist::{Analysis, Diarization, Diarizer, ErrorKind, Recording, Settings};

use crate::samples::{Pieces, conversation};

fn settings(trunk: TrunkPasses, step_s: f64) -> Settings {
    let analysis = AnalysisSettings { trunk, step_s, num_threads: Some(1), ..AnalysisSettings::default() };
    Settings { analysis, ..Settings::default() }
}

/// The same settings of another embedding mode.
fn in_mode(embedding_mode: EmbeddingMode, mut settings: Settings) -> Settings {
    settings.analysis.embedding_mode = embedding_mode;
    settings
}

/// The same diarizer on two threads.
fn on_two_threads(diarizer: &Diarizer) -> Diarizer {
    let mut settings = diarizer.settings().clone();
    settings.analysis.num_threads = Some(2);
    diarizer.with_settings(&settings).unwrap()
}

/// The result without the time that it took and the number of threads.
fn without_times(mut result: Diarization) -> Diarization {
    result.timings = Timings::default();
    result.settings.analysis.num_threads = None;
    result
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
fn the_result_is_that_of_a_run_without_interruption_for_every_cut() {
    let samples = conversation();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    // A step of 0.7 s puts chunks between the passes of a shared trunk and between feature frames.
    let skip = in_mode(EmbeddingMode::Skip, settings(TrunkPasses::Shared, 0.7));
    let per_chunk = settings(TrunkPasses::PerChunk, 2.0);
    let cases = [settings(TrunkPasses::Shared, 0.7), settings(TrunkPasses::Shared, 1.0), skip, per_chunk];
    for (case, settings) in cases.into_iter().enumerate() {
        let AnalysisSettings { trunk, step_s, embedding_mode, .. } = settings.analysis;
        let what = format!("{trunk:?}, step {step_s} s, {embedding_mode:?}");
        let one = Diarizer::new(&settings).unwrap();
        let diarizers = [on_two_threads(&one), one];
        let plain = without_times(diarizers[1].diarize(Recording::from_samples("x", &samples)).unwrap());
        let resume = |num_threads: usize, first_piece: usize| {
            let recording = Recording::from_source("x", Pieces(&samples, first_piece)).with_checkpoint(&path);
            without_times(diarizers[num_threads % 2].diarize(recording).unwrap())
        };
        let _ = fs::remove_file(&path);
        assert_eq!(resume(1, 1000), plain, "{what}");
        let whole = fs::read(&path).unwrap();
        let analysis = saved::read(&whole[..]).unwrap();
        assert!(analysis.is_whole, "{what}");
        let Analysis { masks, probabilities, subsegments, .. } = &analysis.analysis;
        assert!(!masks.is_empty() && masks.len() == probabilities.len(), "{what}");
        let has_subsegments = trunk == TrunkPasses::Shared && embedding_mode != EmbeddingMode::Skip;
        assert_eq!(!subsegments.is_empty(), has_subsegments, "{what}");
        let without_checkpoint = diarizers[0].analyze(Recording::from_samples("x", &samples)).unwrap();
        assert_eq!(analysis.analysis, without_checkpoint, "{what}");

        let ends = record_ends(&whole);
        // One wave of 16 chunks and its mark for each two records, at least two waves, and the end.
        assert!(ends.len() >= 6, "{what}: {ends:?}");
        // Cuts in the header, after the first wave, before the mark of the second and of the last,
        // before the end, and none.
        let cuts = [10, ends[2], ends[4] - 3, ends[ends.len() - 3], ends[ends.len() - 2], whole.len()];
        // Every cut for the first case, every third for the others, so that each occurs again.
        let cuts = cuts.into_iter().enumerate().filter(|(index, _)| case == 0 || index % 3 == case % 3);
        for (index, cut) in cuts {
            fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(resume(1 + index % 2, 5 + 3000 * index), plain, "{what}, {cut} of {} bytes", whole.len());
            let again = saved::read_file(&path).unwrap();
            assert!(again.is_whole);
            assert_eq!(again.analysis, analysis.analysis, "{what}, {cut} of {} bytes", whole.len());
        }
        // Damage costs the work after it, nothing else.
        let mut damaged = whole.clone();
        damaged[ends[2] + 100] ^= 4;
        fs::write(&path, &damaged).unwrap();
        assert_eq!(resume(1, 7), plain, "{what}, damaged");
        assert_eq!(saved::read_file(&path).unwrap().analysis, analysis.analysis, "{what}, damaged");
    }
}

#[test]
fn another_recording_or_setting_is_refused_and_the_file_kept() {
    let samples = &conversation()[..400_000];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let [diarizer, slower, per_chunk] =
        [(TrunkPasses::Shared, 1.0), (TrunkPasses::Shared, 2.0), (TrunkPasses::PerChunk, 1.0)]
            .map(|(trunk, step_s)| Diarizer::new(&settings(trunk, step_s)).unwrap());
    let run_with = |samples: &[f32], diarizer: &Diarizer, path: &Path| {
        diarizer.diarize(Recording::from_samples("x", samples).with_checkpoint(path))
    };
    let run = |samples: &[f32], diarizer: &Diarizer| run_with(samples, diarizer, &path);
    run(samples, &diarizer).unwrap();
    let whole = fs::read(&path).unwrap();
    let ends = record_ends(&whole);
    let mut other = samples.to_vec();
    other[1234] += 1e-4;
    let longer = [samples, &[0.0; 16_000]].concat();
    let cases: [(&str, &[f32], &Diarizer, ErrorKind, &str); 6] = [
        ("one sample", &other, &diarizer, ErrorKind::Input, "another recording"),
        ("longer", &longer, &diarizer, ErrorKind::Input, "another recording"),
        ("shorter", &samples[..390_000], &diarizer, ErrorKind::Input, "another recording"),
        ("nothing", &[], &diarizer, ErrorKind::Input, "another recording"),
        ("step", samples, &slower, ErrorKind::InvalidOption, "chunk step in samples 16000, not 32000"),
        ("trunk", samples, &per_chunk, ErrorKind::InvalidOption, "trunk shared, not chunk"),
    ];
    // The whole file, and one in which the end of the recording is known but chunks are missing.
    for length in [whole.len(), ends[2]] {
        fs::write(&path, &whole[..length]).unwrap();
        for (what, samples, diarizer, kind, message) in &cases {
            let error = run(samples, diarizer).unwrap_err();
            assert_eq!(error.kind(), *kind, "{what}: {error}");
            assert!(error.to_string().contains(message), "{what}: {error}");
            assert!(fs::read(&path).unwrap() == whole[..length], "{what} changed the file");
        }
    }
    let foreign = b"RIFF....WAVEfmt ".repeat(100);
    fs::write(&path, &foreign).unwrap();
    assert_eq!(run(samples, &diarizer).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(fs::read(&path).unwrap(), foreign);
    // A file with 16-bit values lacks bits that an exact result needs.
    let saved = saved::read(&whole[..]).unwrap();
    let header = Header::of(&saved.analysis, Values::F16);
    AnalysisWriter::write_all(File::create(&path).unwrap(), &header, &saved.analysis).unwrap();
    assert_eq!(run(samples, &diarizer).unwrap_err().kind(), ErrorKind::InvalidOption);
    // An earlier version stored no probabilities.
    let header = Header {
        probabilities: Probabilities::None,
        subsegments: StoredSubsegments::None,
        ..Header::of(&saved.analysis, Values::F32)
    };
    let earlier = AnalysisWriter::write_all(Vec::new(), &header, &saved.analysis).unwrap();
    fs::write(&path, &earlier).unwrap();
    let error = run(samples, &diarizer).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    assert!(error.to_string().contains("made by an earlier version of diarist"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), earlier);
    // Two processes at once.
    fs::write(&path, &whole).unwrap();
    let held = File::open(&path).unwrap();
    held.lock().unwrap();
    assert_eq!(run(samples, &diarizer).unwrap_err().kind(), ErrorKind::Output);
    drop(held);
    run(samples, &diarizer).unwrap();
    let error = run_with(samples, &diarizer, &folder.path().join("missing/checkpoint")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Output);
}
