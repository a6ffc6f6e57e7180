//! Golden tests against SciPy, scikit-learn and pyannote.audio, and tests of properties of the
//! whole clustering.
//!
//! `tools/reference/clustering.py` writes the golden files.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::linkage::{centroid_linkage, flat_clusters};
use super::test_data::{Rng, chunk_with, conversation, golden, golden_values, slots_of};
use super::vectors::widened;
use super::*;
use crate::ErrorKind;
use crate::analysis::{EMBEDDING_DIMENSION, Embeddings, Slot, Subsegments};
use crate::segmentation::masks::ChunkMasks;

/// A recording without subsegments.
const NONE: Subsegments = Subsegments { indices: Vec::new(), solo_frames: Vec::new(), values: Vec::new() };

/// Every method with its defaults.
fn all_methods() -> [Method; 3] {
    [Method::default(), Method::Vbx(VbxOptions::default()), Method::Ahc(AhcOptions::default())]
}

#[derive(Deserialize)]
struct Tree {
    points: Vec<Vec<f64>>,
    merges: Vec<[f64; 4]>,
    cuts: Vec<Cut>,
}

#[derive(Deserialize)]
struct Cut {
    threshold: f64,
    labels: Vec<usize>,
}

#[test]
fn trees_and_cuts_equal_scipy() {
    for (index, tree) in golden::<Vec<Tree>>("linkage").into_iter().enumerate() {
        let (num_rows, dimension) = (tree.points.len(), tree.points[0].len());
        let merges = centroid_linkage(tree.points.concat(), num_rows, dimension);
        assert_eq!(merges.len(), tree.merges.len());
        for (merge, expected) in merges.iter().zip(&tree.merges) {
            assert_eq!(merge.children.map(|node| node as f64), expected[..2], "tree {index}");
            assert_eq!(merge.size as f64, expected[3]);
            // SciPy updates distances by recurrence, and the code under test updates centroids.
            // They differ by some roundings of values near 1.
            assert!((merge.height - expected[2]).abs() < 1e-12, "tree {index}: {merge:?} {expected:?}");
        }
        for cut in &tree.cuts {
            let labels = flat_clusters(&merges, num_rows, cut.threshold, |step| merges[step].height);
            assert_eq!(labels, cut.labels, "tree {index} at {}", cut.threshold);
        }
    }
}

#[derive(Deserialize)]
struct Recording {
    slots: Vec<(u32, u8, usize, usize)>,
    train_rows: Vec<usize>,
    #[serde(default)]
    ahc_labels: Vec<usize>,
    #[serde(default)]
    pi: Vec<f64>,
    #[serde(default)]
    kmeans: Vec<KMeans>,
    bounds: Vec<Bounded>,
}

#[derive(Deserialize)]
struct KMeans {
    num_clusters: usize,
    labels: Vec<usize>,
}

#[derive(Deserialize)]
struct Bounded {
    num: Option<usize>,
    min: Option<usize>,
    max: Option<usize>,
    vbx: Option<Outcome>,
    vbx_unconstrained: Option<Outcome>,
    ahc: Option<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    hard: Vec<Option<u32>>,
    /// Sum of the values of each centroid. pyannote's centroid is NaN if there is no training row.
    centroid_sums: Vec<Option<f64>>,
}

impl Recording {
    fn embeddings(&self, name: &str) -> Embeddings {
        let slots = self.slots.iter().map(|&(chunk, local, ..)| Slot { chunk, local }).collect();
        Embeddings { slots, values: golden_values(&format!("{name}_embeddings")) }
    }

    fn masks(&self) -> Vec<ChunkMasks> {
        let num_chunks = self.slots.last().map_or(0, |slot| slot.0 as usize + 1);
        let mut masks = vec![ChunkMasks::default(); num_chunks];
        for &(chunk, local, start, end) in &self.slots {
            (start..end).for_each(|t| masks[chunk as usize].speakers[usize::from(local)].insert(t));
        }
        masks
    }

    fn train(&self, embeddings: &Embeddings) -> Vec<Vec<f64>> {
        self.train_rows.iter().map(|&row| widened(embeddings.row(row))).collect()
    }
}

const RECORDINGS: [&str; 8] = ["meeting", "crowd", "pair", "solo", "one_slot", "two_equal", "all_equal", "short_slots"];

fn each_recording(check: impl Fn(&str, &Recording, &Embeddings, &[ChunkMasks])) {
    for name in RECORDINGS {
        let recording: Recording = golden(name);
        let (embeddings, masks) = (recording.embeddings(name), recording.masks());
        assert_eq!(slots_of(&masks), embeddings.slots, "{name}");
        check(name, &recording, &embeddings, &masks);
    }
}

#[test]
fn training_rows_and_initial_clusters_equal_pyannote() {
    each_recording(|name, recording, embeddings, masks| {
        assert_eq!(slots::rows_with_clean_speech(embeddings, masks, 0.2), recording.train_rows, "{name}");
        if recording.train_rows.len() >= 2 {
            let labels = community1::initial_labels(&recording.train(embeddings), 0.6);
            assert_eq!(labels, recording.ahc_labels, "{name}");
        }
    });
}

fn assert_close(name: &str, values: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(values.len(), expected.len(), "{name}");
    let worst = values.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst <= tolerance, "{name}: largest difference {worst:e}");
}

#[test]
fn plda_features_equal_pyannote() {
    let recording: Recording = golden("meeting");
    let train = recording.train(&recording.embeddings("meeting"));
    let features = Plda::embedded().unwrap().transform(&train);
    // Values up to about 20, sums of 256 products, and pyannote's additional eigen-decomposition.
    assert_close("meeting", &features, &golden_values("meeting_plda"), 1e-10);
}

#[test]
fn vbx_equals_pyannote() {
    let plda = Plda::embedded().unwrap();
    let options = VbxOptions::default();
    each_recording(|name, recording, embeddings, _| {
        if recording.train_rows.len() < 2 {
            return;
        }
        let features = plda.transform(&recording.train(embeddings));
        let outcome = vbx::vbx(&features, plda.phi(), &recording.ahc_labels, &options);
        // Up to 20 iterations of exponentials. Rounding differences of 1e-12 in the exponents stay
        // that small.
        assert_close(name, &outcome.gamma, &golden_values(&format!("{name}_gamma")), 1e-10);
        assert_close(name, &outcome.pi, &recording.pi, 1e-10);
    });
}

#[test]
fn kmeans_equals_scikit_learn() {
    each_recording(|name, recording, embeddings, _| {
        let unit: Vec<f32> =
            recording.train_rows.iter().flat_map(|&row| forced::unit_row(embeddings.row(row))).collect();
        for expected in &recording.kmeans {
            let labels = kmeans::kmeans(&unit, EMBEDDING_DIMENSION, expected.num_clusters);
            assert_eq!(labels, expected.labels, "{name}, {} clusters", expected.num_clusters);
        }
    });
}

fn occupied(hard: &[Option<u32>]) -> usize {
    hard.iter().flatten().collect::<BTreeSet<_>>().len()
}

fn allows(bounds: SpeakerBounds, num_speakers: usize) -> bool {
    num_speakers >= bounds.min() && bounds.max().is_none_or(|max| num_speakers <= max)
}

/// Compares one outcome with pyannote's. Returns whether pyannote stayed within the bounds.
fn check_outcome(what: &str, clusters: &Clusters, expected: Option<&Outcome>, bounds: SpeakerBounds) -> bool {
    assert!(allows(bounds, occupied(&clusters.hard)), "{what}: {} speakers", occupied(&clusters.hard));
    let Some(expected) = expected.filter(|expected| allows(bounds, occupied(&expected.hard))) else { return false };
    if bounds.max() == Some(1) {
        // If VBx itself finds one speaker, pyannote leaves out all but one slot of a chunk. The
        // output is the same.
        assert!(expected.hard.iter().all(|cluster| cluster.is_none_or(|cluster| cluster == 0)), "{what}");
        assert!(clusters.hard.iter().all(|&cluster| cluster == Some(0)), "{what}");
    } else {
        assert_eq!(clusters.hard, expected.hard, "{what}");
    }
    assert_eq!(clusters.centroids.len(), expected.centroid_sums.len(), "{what}");
    for (centroid, expected) in clusters.centroids.iter().zip(&expected.centroid_sums) {
        let sum: f64 = centroid.iter().map(|&value| f64::from(value)).sum();
        // Sums of 256 values near 0.3, each rounded to f32. pyannote computes some of the means in
        // f32.
        assert!(expected.is_none_or(|expected| (sum - expected).abs() < 3e-5), "{what}: {sum} {expected:?}");
    }
    true
}

#[test]
fn hard_clusters_equal_pyannote_under_all_bounds() {
    let plda = Plda::embedded().unwrap();
    let free = VbxOptions { constrained_assignment: false, ..VbxOptions::default() };
    let methods = [
        ("vbx", Method::Vbx(VbxOptions::default())),
        ("vbx_unconstrained", Method::Vbx(free)),
        ("ahc", Method::Ahc(AhcOptions::default())),
    ];
    let compared = std::cell::Cell::new(0);
    each_recording(|name, recording, embeddings, masks| {
        for case in &recording.bounds {
            let bounds = SpeakerBounds::new(case.num, case.min, case.max).unwrap();
            for ((method_name, method), expected) in methods.iter().zip([&case.vbx, &case.vbx_unconstrained, &case.ahc])
            {
                let what = format!("{name}, {method_name}, {bounds:?}");
                let clusters = cluster(embeddings, masks, &NONE, method, bounds, &plda).expect(&what);
                let was_compared = check_outcome(&what, &clusters, expected.as_ref(), bounds);
                compared.set(compared.get() + usize::from(was_compared));
            }
        }
    });
    // In the remaining cases, pyannote itself fails or misses the bounds.
    assert!(compared.get() > 100, "compared {} outcomes", compared.get());
}

#[test]
fn bounds_are_honoured_or_refused() {
    let plda = Plda::embedded().unwrap();
    let mut rng = Rng::new(3);
    for case in 0..60 {
        let (masks, embeddings, _) = conversation(&mut rng, 1 + case % 9, 1 + case % 4);
        let num_slots = embeddings.len();
        for method in all_methods() {
            for (num, min, max) in [
                (Some(1 + case % 7), None, None),
                (None, Some(1 + case % 5), None),
                (None, None, Some(1 + case % 3)),
                (None, Some(2), Some(2 + case % 3)),
            ] {
                let bounds = SpeakerBounds::new(num, min, max).unwrap();
                let result = cluster(&embeddings, &masks, &NONE, &method, bounds, &plda);
                if num_slots < bounds.min() {
                    assert_eq!(result.unwrap_err().kind(), ErrorKind::SpeakerBounds);
                    continue;
                }
                let clusters = result.unwrap();
                assert_eq!(clusters.hard.len(), num_slots);
                assert!(allows(bounds, occupied(&clusters.hard)), "{num_slots} slots, {bounds:?}: {clusters:?}");
                assert!(bounds.max().is_none_or(|max| clusters.centroids.len() <= max));
                let in_range = |cluster: &u32| (*cluster as usize) < clusters.centroids.len();
                assert!(clusters.hard.iter().flatten().all(in_range));
            }
        }
    }
}

#[test]
fn equal_voices_cannot_be_told_apart() {
    let plda = Plda::embedded().unwrap();
    let masks = [chunk_with([0..200, 0..0, 0..0]); 5];
    let mut embeddings = Embeddings::default();
    for slot in slots_of(&masks) {
        embeddings.push(slot, &[0.25; EMBEDDING_DIMENSION]);
    }
    let two = SpeakerBounds::new(Some(2), None, None).unwrap();
    for method in [Method::default(), Method::Vbx(VbxOptions::default())] {
        let error = cluster(&embeddings, &masks, &NONE, &method, two, &plda).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SpeakerBounds);
        assert!(error.to_string().contains("fewer than 2 different voices"), "{error}");
    }
    for method in all_methods() {
        let clusters = cluster(&embeddings, &masks, &NONE, &method, SpeakerBounds::default(), &plda).unwrap();
        assert_eq!(clusters.hard, [Some(0); 5]);
    }
}

#[test]
fn silence_has_no_speakers() {
    let plda = Plda::embedded().unwrap();
    let none = Embeddings::default();
    for masks in [vec![], vec![ChunkMasks::default(); 3]] {
        for max in [None, Some(1), Some(4)] {
            let bounds = SpeakerBounds::new(None, None, max).unwrap();
            for method in all_methods() {
                let clusters = cluster(&none, &masks, &NONE, &method, bounds, &plda).unwrap();
                assert_eq!((clusters.hard.len(), clusters.centroids.len()), (0, 0));
            }
        }
        let two = SpeakerBounds::new(None, Some(2), None).unwrap();
        let error = cluster(&none, &masks, &NONE, &Method::default(), two, &plda).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SpeakerBounds);
        assert!(error.to_string().contains("nobody speaks"), "{error}");
    }
}

#[test]
fn one_speaker_needs_no_embeddings() {
    let masks = [chunk_with([0..200, 0..0, 5..9]), chunk_with([0..0, 0..10, 0..0])];
    let one = SpeakerBounds::new(Some(1), None, None).unwrap();
    let plda = Plda::embedded().unwrap();
    let clusters = cluster(&Embeddings::default(), &masks, &NONE, &Method::default(), one, &plda).unwrap();
    assert_eq!(clusters.hard, [Some(0); 3]);
    assert!(clusters.centroids.is_empty());
    let two = SpeakerBounds::new(Some(2), None, None).unwrap();
    let error = cluster(&Embeddings::default(), &masks, &NONE, &Method::default(), two, &plda).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "embeddings are needed to tell two speakers apart");
}

#[test]
fn embeddings_that_do_not_match_the_masks_are_refused() {
    let plda = Plda::embedded().unwrap();
    let (masks, embeddings, _) = conversation(&mut Rng::new(4), 4, 2);
    let refused = |embeddings: &Embeddings| {
        let error =
            cluster(embeddings, &masks, &NONE, &Method::default(), SpeakerBounds::default(), &plda).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        error.to_string()
    };
    let mut bad = embeddings.clone();
    bad.values[EMBEDDING_DIMENSION + 3] = f32::NAN;
    assert!(refused(&bad).contains("holds NaN"));
    let mut bad = embeddings.clone();
    bad.slots[0].local = 0;
    assert!(refused(&bad).contains("not active"));
    let mut bad = embeddings.clone();
    bad.slots.swap(0, 1);
    assert!(refused(&bad).contains("order"));
    let mut bad = embeddings.clone();
    bad.slots.pop();
    assert!(refused(&bad).contains("active local speakers"));
}

#[test]
fn well_separated_voices_are_found_in_any_order_of_the_chunks() {
    let plda = Plda::embedded().unwrap();
    let mut rng = Rng::new(8);
    for num_voices in 2..6 {
        let (masks, embeddings, voices) = conversation(&mut rng, 60, num_voices);
        let mut order: Vec<usize> = (0..masks.len()).collect();
        for index in (1..order.len()).rev() {
            order.swap(index, rng.below(index + 1));
        }
        let shuffled_masks: Vec<ChunkMasks> = order.iter().map(|&chunk| masks[chunk]).collect();
        let (mut shuffled, mut rows) = (Embeddings::default(), Vec::new());
        for slot in slots_of(&shuffled_masks) {
            let old = Slot { chunk: order[slot.chunk as usize] as u32, local: slot.local };
            let row = embeddings.slots.iter().position(|&other| other == old).unwrap();
            shuffled.push(slot, embeddings.row(row));
            rows.push(row);
        }
        for method in all_methods() {
            let bounds = SpeakerBounds::default();
            let first = cluster(&embeddings, &masks, &NONE, &method, bounds, &plda).unwrap();
            let second = cluster(&shuffled, &shuffled_masks, &NONE, &method, bounds, &plda).unwrap();
            let pairs: BTreeSet<_> = first.hard.iter().zip(&voices).collect();
            assert_eq!(pairs.len(), num_voices, "clusters are voices");
            let pairs: BTreeSet<_> = rows.iter().zip(&second.hard).map(|(&row, &new)| (first.hard[row], new)).collect();
            assert_eq!(pairs.len(), num_voices, "the same clusters with other numbers");
        }
    }
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let plda = Plda::embedded().unwrap();
    let recording: Recording = golden("crowd");
    let (embeddings, masks) = (recording.embeddings("crowd"), recording.masks());
    let run = |num_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(num_threads).build().unwrap();
        pool.install(|| {
            let mut results = Vec::new();
            for method in all_methods() {
                for num in [None, Some(5), Some(20)] {
                    let bounds = SpeakerBounds::new(num, None, None).unwrap();
                    results.push(cluster(&embeddings, &masks, &NONE, &method, bounds, &plda).unwrap());
                }
            }
            results
        })
    };
    let single = run(1);
    for num_threads in [2, 5] {
        assert_eq!(run(num_threads), single);
    }
}
