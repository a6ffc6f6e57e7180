//! Live diarization against the offline pipeline.

use diarist::parts::inference::{AnalysisSettings, EmbeddingMode, Timings, TrunkPasses};
use diarist::parts::live::Board;
use diarist::parts::metrics;
use diarist::{Diarization, Diarizer, ErrorKind, Live, LiveEvent, LiveSettings, Profile, Recording, Settings};
use rand_mt::Mt;

use crate::samples::conversation;

fn on_two_threads(analysis: AnalysisSettings) -> Settings {
    Settings { analysis: AnalysisSettings { num_threads: Some(2), ..analysis }, ..Settings::default() }
}

/// A pass of the trunk over each chunk, in the arithmetic of the default profile.
fn per_chunk(step_s: f64) -> Settings {
    let trunk = TrunkPasses::PerChunk;
    on_two_threads(AnalysisSettings { step_s, trunk, ..AnalysisSettings::default() })
}

fn diarizer() -> Diarizer {
    Diarizer::new(&per_chunk(1.0)).unwrap()
}

fn without_times(mut result: Diarization) -> Diarization {
    result.timings = Timings::default();
    result
}

/// The result and all events, with the samples pushed in pieces of the given sizes.
fn live(
    diarizer: &Diarizer,
    samples: &[f32],
    settings: &LiveSettings,
    mut size: impl FnMut() -> usize,
) -> (Diarization, Vec<LiveEvent>) {
    let mut live = Live::new(diarizer, settings).unwrap();
    let (mut events, mut rest) = (Vec::new(), samples);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(size().min(rest.len()));
        events.extend(live.push(piece).unwrap());
        rest = after;
    }
    let result = live.finish("a").unwrap();
    events.extend(result.events);
    (without_times(result.diarization), events)
}

#[test]
fn the_end_is_the_offline_result_for_pieces_of_any_size() {
    let (samples, diarizer) = (conversation(), diarizer());
    let mut random = Mt::new(1);
    let mut two = per_chunk(3.7);
    two.clustering.num_speakers = Some(2);
    let settings =
        [on_two_threads(Profile::Balanced.analysis()), on_two_threads(Profile::Fast.analysis()), per_chunk(2.5), two];
    // The longest step: this test is about the final result.
    let live_settings = LiveSettings { step_s: 5.0, latency_s: 5.0 };
    // No whole number of steps; less than a chunk; very few samples; none.
    for (settings, num_samples) in settings.iter().zip([samples.len() - 1234, 480_000, 333_333, 160_001]).chain([
        (&settings[0], 100_000),
        (&settings[0], 300),
        (&settings[0], 0),
    ]) {
        let samples = &samples[..num_samples];
        let diarizer = diarizer.with_settings(settings).unwrap();
        let expected = without_times(diarizer.diarize(Recording::from_samples("a", samples)).unwrap());
        let size = || 1 + (random.next_u32() as usize) % 50_000;
        let (found, _) = live(&diarizer, samples, &live_settings, size);
        assert_eq!(found, expected, "{num_samples} samples, {settings:?}");
    }
}

#[test]
fn events_do_not_depend_on_the_pieces_and_are_nearly_right() {
    let (samples, diarizer) = (conversation(), diarizer());
    let samples = &samples[..30 * 16_000];
    let settings = LiveSettings { step_s: 1.0, ..LiveSettings::default() };
    let (result, events) = live(&diarizer, samples, &settings, || 16_000);
    let mut random = Mt::new(2);
    let (_, other) = live(&diarizer, samples, &settings, || 1 + (random.next_u32() as usize) % 30_000);
    assert_eq!(events, other);

    let mut board = Board::default();
    let mut next_turn = 0;
    for event in &events {
        if let LiveEvent::Opened { turn, .. } = event {
            assert_eq!(*turn, next_turn, "turns are numbered in the order of their events");
            next_turn += 1;
        }
        board.apply(event);
    }
    assert!(board.turns().all(|(_, turn)| !turn.is_open && turn.start_s < turn.end_s && turn.end_s < 30.1));
    let scores =
        metrics::score(&result.annotation(), &board.annotation("a"), None, &metrics::ScoreOptions::default()).unwrap();
    // With corrections, two seconds behind the audio. Measured: 0.038. The rest is room for other
    // instruction sets.
    assert!(scores.der.der() < 0.08, "{:?}", scores.der);
    assert_eq!(scores.num_hypothesis_speakers, result.speakers.len());

    // The last events tell which speaker of the result each one is: here all of them, once.
    let labelled = |event: &LiveEvent| match event {
        LiveEvent::Labelled { label, .. } => Some(label.clone()),
        _ => None,
    };
    let mut labels: Vec<String> = events[events.len() - result.speakers.len()..].iter().filter_map(labelled).collect();
    labels.sort_unstable();
    assert_eq!(labels, result.speakers.iter().map(|speaker| speaker.label.clone()).collect::<Vec<_>>());
}

#[test]
fn streams_at_the_same_time_get_what_each_gets_alone() {
    let analysis = AnalysisSettings { num_threads: Some(1), ..Profile::Balanced.analysis() };
    let diarizer = Diarizer::new(&Settings { analysis, ..Settings::default() }).unwrap();
    let (samples, settings) = (conversation(), LiveSettings::default());
    // Streams that differ in their audio, and come to their windows at different times.
    let audio: Vec<&[f32]> = (0..3).map(|index| &samples[index * 40_000..][..6 * 16_000 + index * 1000]).collect();
    let run = |audio: &[f32], size: usize| live(&diarizer, audio, &settings, || size);
    let streams: Vec<_> = std::thread::scope(|scope| {
        let spawn = |(&audio, n)| scope.spawn(move || run(audio, 3000 * n));
        let threads: Vec<_> = audio.iter().zip(1_usize..).map(spawn).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (index, (audio, found)) in audio.iter().zip(&streams).enumerate() {
        assert!(!found.0.turns.is_empty() && !found.1.is_empty());
        assert_eq!(*found, run(audio, 8000), "stream {index}");
    }
}

#[test]
fn silence_is_silent() {
    let (result, events) = live(&diarizer(), &[0.0; 200_000], &LiveSettings::default(), || 12_345);
    assert!(result.speakers.is_empty() && events.is_empty());
}

#[test]
fn a_bad_piece_is_refused_and_the_next_one_taken() {
    let mut live = Live::new(&diarizer(), &LiveSettings::default()).unwrap();
    live.push(&[0.0; 100]).unwrap();
    let error = live.push(&[0.0, f32::NAN]).unwrap_err();
    assert!(error.kind() == ErrorKind::Input && error.to_string().contains("sample 1 of 2"), "{error}");
    live.push(&[0.0; 60]).unwrap();
    assert_eq!(live.finish("a").unwrap().diarization.duration_s, 0.01);
}

#[test]
fn settings_outside_their_range_are_refused() {
    let cases = [
        LiveSettings { step_s: 0.2, ..LiveSettings::default() },
        LiveSettings { step_s: 0.333, ..LiveSettings::default() },
        LiveSettings { step_s: 10.5, latency_s: 10.0 },
        LiveSettings { step_s: f64::NAN, ..LiveSettings::default() },
        LiveSettings { latency_s: 0.4, step_s: 0.25 },
        LiveSettings { latency_s: 1.0, step_s: 2.0 },
        LiveSettings { latency_s: 11.0, ..LiveSettings::default() },
    ];
    let diarizer = diarizer();
    for settings in cases {
        let error = Live::new(&diarizer, &settings).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOption, "{settings:?}: {error}");
    }
    let mut settings = diarizer.settings().clone();
    settings.analysis.embedding_mode = EmbeddingMode::Skip;
    let error = Live::new(&diarizer.with_settings(&settings).unwrap(), &LiveSettings::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption, "{error}");
}
