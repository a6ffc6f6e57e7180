//! Tests of the steps of the method on small synthetic recordings.

use std::f64::consts::FRAC_1_SQRT_2;

use super::super::options::VbxOptions;
use super::super::test_data::{Rng, chunk_with, conversation, slots_of};
use super::super::vectors::{cosine_similarity, dot, normalised};
use super::two_groups::{Directions, two_means};
use super::*;
use crate::ErrorKind;
use crate::analysis::EMBEDDING_DIMENSION;
use crate::clustering;

/// A voice whose value `at` is 1.
fn voice(at: usize) -> Vec<f64> {
    let mut voice = vec![0.0; EMBEDDING_DIMENSION];
    voice[at] = 1.0;
    voice
}

/// A voice with this cosine similarity to `voice(0)`, in the plane of it and `voice(at)`.
fn near_first(similarity: f64, at: usize) -> Vec<f64> {
    let mut voice = vec![0.0; EMBEDDING_DIMENSION];
    (voice[0], voice[at]) = (similarity, (1.0 - similarity * similarity).sqrt());
    voice
}

/// `voice` with random deviations of the length `noise`.
fn heard(rng: &mut Rng, voice: &[f64], noise: f64) -> Vec<f32> {
    let scale = noise / (EMBEDDING_DIMENSION as f64).sqrt();
    voice.iter().map(|value| (value + scale * rng.normal()) as f32).collect()
}

/// Chunks in which the given voices speak one after the other, each for 190 frames.
fn slots(rng: &mut Rng, chunks: &[Vec<&[f64]>], noise: f64) -> (Vec<ChunkMasks>, Embeddings) {
    let frames = |position: usize, num: usize| if position < num { 190 * position..190 * position + 190 } else { 0..0 };
    let masks: Vec<ChunkMasks> =
        chunks.iter().map(|of_chunk| chunk_with([0, 1, 2].map(|i| frames(i, of_chunk.len())))).collect();
    let mut embeddings = Embeddings::default();
    for (slot, voice) in slots_of(&masks).into_iter().zip(chunks.iter().flatten()) {
        embeddings.push(slot, &heard(rng, voice, noise));
    }
    (masks, embeddings)
}

/// Subsegments without gaps, the voice of each given.
fn subsegments<'a>(rng: &mut Rng, voices: impl IntoIterator<Item = &'a Vec<f64>>, noise: f64) -> Subsegments {
    let mut found = Subsegments::default();
    for (index, voice) in (0..).zip(voices) {
        found.push(index, 10, &heard(rng, voice, noise));
    }
    found
}

fn clusters_by(
    options: &RefinedOptions,
    masks: &[ChunkMasks],
    embeddings: &Embeddings,
    num: Option<usize>,
) -> Clusters {
    let bounds = SpeakerBounds::new(num, None, None).unwrap();
    cluster(embeddings, masks, &Subsegments::default(), options, bounds, &Plda::embedded().unwrap()).unwrap()
}

/// Whether two numberings of the same rows are the same but for their names.
fn are_same(hard: &[Option<u32>], voices: &[usize]) -> bool {
    let pairs: std::collections::BTreeSet<_> = hard.iter().zip(voices).collect();
    let all: std::collections::BTreeSet<_> = voices.iter().collect();
    let found: std::collections::BTreeSet<_> = hard.iter().collect();
    pairs.len() == all.len() && pairs.len() == found.len()
}

#[test]
fn local_speakers_of_a_single_chunk_are_the_speakers() {
    let mut rng = Rng::new(1);
    let alike = near_first(0.95, 1);
    let (masks, embeddings) = slots(&mut rng, &[vec![&voice(0), &alike, &voice(2)]], 0.0);
    let options = RefinedOptions::default();
    assert!(are_same(&clusters_by(&options, &masks, &embeddings, None).hard, &[0, 1, 2]));
    // The two that are most alike are joined first.
    assert!(are_same(&clusters_by(&options, &masks, &embeddings, Some(2)).hard, &[0, 0, 1]));
}

#[test]
fn the_first_of_several_speakers_by_weight_is_found_in_blocks_as_at_once() {
    let mut rng = Rng::new(2);
    let voices = [voice(0), voice(1), voice(2)];
    // Enough rows for three blocks; the third voice is heard in the last one only.
    let chunks: Vec<Vec<&[f64]>> =
        (0..6000).map(|chunk| vec![&voices[if chunk > 5000 { 2 } else { chunk % 2 }][..]]).collect();
    let (masks, embeddings) = slots(&mut rng, &chunks, 0.5);
    let rows = Rows::new(&embeddings, &masks);
    let train: Vec<usize> = (0..rows.len()).collect();
    let vbx = RefinedOptions::default().vbx;
    let plda = Plda::embedded().unwrap();
    let found = speakers::find(&rows, &train, &vbx, &plda);
    assert_eq!(found.len(), 3);
    for voice in &voices {
        assert_eq!(found.iter().filter(|centroid| cosine_similarity(centroid, voice) > 0.99).count(), 1);
    }
}

#[test]
fn speakers_of_two_blocks_are_one_person_from_a_similarity_that_depends_on_their_rows() {
    let rounded = |num_rows| (1e3 * speakers::link_limit(num_rows)).round() / 1e3;
    assert_eq!([0.0, 10.0, 17.5, 25.0, 42.5, 60.0, 1e6].map(rounded), [0.55, 0.55, 0.635, 0.72, 0.785, 0.85, 0.85]);

    let sum = |direction: Vec<f64>, num_rows: f64| {
        (direction.iter().map(|value| value * num_rows).collect::<Vec<f64>>(), num_rows)
    };
    let link = |speakers: &[(Vec<f64>, f64)]| {
        let mut speakers = speakers.to_vec();
        speakers::link(&mut speakers);
        speakers
    };
    // A similarity of 0.7 is enough for the 20 rows of the smaller one, not for 30.
    for (num_rows, expected) in [(20.0, 1), (30.0, 2)] {
        let linked = link(&[sum(voice(0), 100.0), sum(near_first(0.7, 1), num_rows)]);
        assert_eq!(linked.len(), expected, "{num_rows} rows");
    }
    // The most similar pair comes first; then the third is like the union no more.
    let (nearest, third) = (near_first(0.9, 1), near_first(0.86, 2));
    let linked = link(&[sum(third.clone(), 80.0), sum(voice(0), 80.0), sum(nearest.clone(), 80.0)]);
    let limit = speakers::link_limit(80.0);
    let union: Vec<f64> = voice(0).iter().zip(&nearest).map(|(a, b)| 80.0 * (a + b)).collect();
    assert!(cosine_similarity(&union, &third) < limit && cosine_similarity(&voice(0), &third) > limit);
    assert_eq!(linked, [sum(third, 80.0), (union, 160.0)]);
}

/// Links by trying all pairs in each round.
fn linked_slowly(mut speakers: Vec<(Vec<f64>, f64)>) -> Vec<(Vec<f64>, f64)> {
    loop {
        let mut best: Option<(f64, usize, usize)> = None;
        for from in 0..speakers.len() {
            for into in 0..from {
                let similarity = cosine_similarity(&speakers[into].0, &speakers[from].0);
                let is_one = similarity >= speakers::link_limit(speakers[into].1.min(speakers[from].1));
                if is_one && best.is_none_or(|(highest, ..)| similarity > highest) {
                    best = Some((similarity, into, from));
                }
            }
        }
        let Some((_, into, from)) = best else { return speakers };
        let (sum, weight) = speakers.remove(from);
        speakers[into].0.iter_mut().zip(&sum).for_each(|(total, value)| *total += value);
        speakers[into].1 += weight;
    }
}

#[test]
fn links_are_those_of_all_pairs() {
    let mut rng = Rng::new(3);
    let mut num_linked = 0;
    for _ in 0..200 {
        let num_voices = 1 + rng.below(5);
        let speakers: Vec<(Vec<f64>, f64)> = (0..2 + rng.below(14))
            .map(|_| {
                let of_person = voice(rng.below(num_voices));
                let heard = heard(&mut rng, &of_person, 0.7);
                (heard.into_iter().map(f64::from).collect(), (1 + rng.below(80)) as f64)
            })
            .collect();
        let mut linked = speakers.clone();
        speakers::link(&mut linked);
        assert_eq!(linked, linked_slowly(speakers.clone()));
        num_linked += speakers.len() - linked.len();
    }
    assert!(num_linked > 300, "{num_linked}");
}

/// Directions in a plane.
struct Plane(Vec<[f64; 2]>);

impl Directions for Plane {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn cosine(&self, index: usize, unit: &[f64]) -> f64 {
        dot(&self.0[index], unit)
    }

    fn add_to(&self, index: usize, factor: f64, sum: &mut [f64]) {
        sum.iter_mut().zip(self.0[index]).for_each(|(sum, value)| *sum += factor * value);
    }
}

#[test]
fn two_groups_are_found_from_a_start_that_is_partly_wrong() {
    let at = |degrees: f64| [degrees.to_radians().cos(), degrees.to_radians().sin()];
    let plane = Plane([-10.0, 0.0, 10.0, 80.0, 90.0, 100.0, 95.0].map(at).to_vec());
    let start = vec![false, false, true, true, true, true, false];
    let groups = two_means(&plane, 2, start, |_, _| {}).unwrap();
    assert_eq!(groups.is_second, [false, false, false, true, true, true, true]);
    assert_eq!(groups.smaller(), 3);
    let second = normalised(
        &[80.0, 90.0, 100.0, 95.0]
            .map(at)
            .iter()
            .fold(vec![0.0; 2], |sum, direction| vec![sum[0] + direction[0], sum[1] + direction[1]]),
    );
    assert!((dot(&groups.means[0], &[1.0, 0.0]) - 1.0).abs() < 1e-12);
    assert!((groups.similarity() - second[0]).abs() < 1e-12);
    // An adjustment has the last word.
    let kept = two_means(&plane, 2, vec![true, false, false, false, false, false, false], |_, next| {
        next.fill(false);
        next[0] = true;
    });
    assert_eq!(kept.unwrap().is_second, [true, false, false, false, false, false, false]);
    assert!(two_means(&plane, 2, vec![false; 7], |_, _| {}).is_none(), "a group without directions has no mean");
    assert!(two_means(&plane, 2, vec![true; 7], |_, _| {}).is_none());
}

#[test]
fn slots_side_by_side_split_a_cluster_if_they_differ_in_a_constant_direction() {
    let people = |similarity| [voice(0), near_first(similarity, 1)];
    let split = |pairs: usize, singles: usize, [first, second]: &[Vec<f64>; 2], is_constant: bool| {
        let mut rng = Rng::new(4);
        let other =
            |chunk: usize| if is_constant { second.clone() } else { near_first(dot(first, second), 10 + chunk) };
        let others: Vec<Vec<f64>> = (0..pairs).map(other).collect();
        let mut chunks: Vec<Vec<&[f64]>> = Vec::new();
        for (chunk, other) in others.iter().enumerate() {
            // Either may be the first local speaker.
            chunks.push(if chunk % 2 == 0 { vec![&first[..], &other[..]] } else { vec![&other[..], &first[..]] });
        }
        chunks.extend((0..singles).map(|chunk| vec![if chunk % 2 == 0 { &first[..] } else { &second[..] }]));
        let (masks, embeddings) = slots(&mut rng, &chunks, 0.2);
        let middle: Vec<f64> = first.iter().zip(second).map(|(a, b)| 3.0 * (a + b)).collect();
        side_by_side::split(&Rows::new(&embeddings, &masks), vec![middle])
    };
    let found = split(4, 10, &people(0.5), true);
    assert_eq!(found.len(), 2);
    for person in &people(0.5) {
        assert!(found.iter().any(|centroid| cosine_similarity(centroid, person) > 0.97));
    }
    let length = 3.0 * 3.0_f64.sqrt();
    assert!(found.iter().all(|centroid| (dot(centroid, centroid).sqrt() - length).abs() < 1e-9), "the norm is kept");
    assert_eq!(split(2, 10, &people(0.5), true).len(), 1, "two pairs are too few");
    assert_eq!(split(20, 0, &people(0.95), true).len(), 1, "one voice in two moods");
    assert_eq!(split(20, 0, &people(0.8), true).len(), 2, "alike voices are two if there are many pairs");
    assert_eq!(split(5, 40, &people(0.8), true).len(), 1, "alike voices are one if there are few pairs");
    assert_eq!(split(9, 0, &people(0.9), false).len(), 1, "another direction in each chunk");
}

/// The voices of subsegments of two people who take turns of `length` subsegments.
fn turns(people: &[Vec<f64>; 2], num: usize, length: usize) -> impl Iterator<Item = &Vec<f64>> {
    (0..num).map(move |index| &people[index / length % 2])
}

#[test]
fn a_cluster_is_split_if_two_voices_take_turns() {
    let mut rng = Rng::new(5);
    let middle =
        |people: &[Vec<f64>; 2]| vec![people[0].iter().zip(&people[1]).map(|(a, b)| a + b).collect::<Vec<f64>>()];
    let people = [voice(0), near_first(0.4, 1)];
    let found = turn_taking::split(&subsegments(&mut rng, turns(&people, 200, 10), 0.5), middle(&people));
    assert_eq!(found.len(), 2);
    for person in &people {
        assert!(found.iter().any(|centroid| cosine_similarity(centroid, person) > 0.97));
    }
    let length = |centroid: &[f64]| dot(centroid, centroid).sqrt();
    assert!(found.iter().all(|centroid| (length(centroid) - length(&middle(&people)[0])).abs() < 1e-9));

    // The same voices, but each changes with the next subsegment, as sounds do.
    let mixed: Vec<&Vec<f64>> = (0..200).map(|_| &people[rng.below(2)]).collect();
    assert_eq!(turn_taking::split(&subsegments(&mut rng, mixed, 0.5), middle(&people)).len(), 1);
    // Turns of one voice.
    let alike = [voice(0), near_first(0.85, 1)];
    assert_eq!(turn_taking::split(&subsegments(&mut rng, turns(&alike, 200, 10), 0.2), middle(&alike)).len(), 1);
    // A second voice of 12 s is too brief.
    let brief = (0..200).map(|index| &people[usize::from((100..130).contains(&index))]);
    assert_eq!(turn_taking::split(&subsegments(&mut rng, brief, 0.5), middle(&people)).len(), 1);
    assert_eq!(turn_taking::split(&Subsegments::default(), middle(&people)), middle(&people));
}

#[test]
fn a_split_cluster_is_split_again() {
    let mut rng = Rng::new(6);
    let people = [voice(0), voice(1), voice(2), voice(3)];
    let voices: Vec<&Vec<f64>> = (0..400).map(|index| &people[index / 10 % 4]).collect();
    let found = turn_taking::split(&subsegments(&mut rng, voices, 0.4), vec![vec![1.0; EMBEDDING_DIMENSION]]);
    assert_eq!(found.len(), 4);
    for person in &people {
        assert_eq!(found.iter().filter(|centroid| cosine_similarity(centroid, person) > 0.95).count(), 1);
    }
}

#[test]
fn constancy_is_0_by_chance_and_1_if_the_next_subsegment_never_differs() {
    let mut rng = Rng::new(7);
    let people = [voice(0), voice(1)];
    let constancy = |subsegments: &Subsegments| {
        let voices = turn_taking::Voices::new(subsegments);
        voices.halves((0..subsegments.len()).collect()).unwrap().constancy
    };
    // A single change of speaker parts two neighbours, and those one further.
    let [first, second] = constancy(&subsegments(&mut rng, turns(&people, 400, 200), 0.1));
    let expected = (198.0 / 200.0 - 0.5) / 0.5;
    assert!((first.min(second) - expected).abs() < 1e-9 && (first.max(second) - 1.0).abs() < 1e-9, "{first} {second}");
    // Two subsegments overlap, so a change with every one of them looks constant: only every second
    // one counts.
    assert_eq!(constancy(&subsegments(&mut rng, turns(&people, 400, 1), 0.1)), [1.0, 1.0]);
    assert_eq!(constancy(&subsegments(&mut rng, turns(&people, 400, 2), 0.1)), [-1.0, -1.0]);
    // Without a next subsegment there is nothing to tell.
    let mut apart = subsegments(&mut rng, turns(&people, 100, 10), 0.1);
    apart.indices.iter_mut().for_each(|index| *index *= 3);
    assert_eq!(constancy(&apart), [0.0, 0.0]);
}

#[test]
fn more_speakers_than_found_are_those_that_take_turns_then_the_slots_least_like_the_others() {
    let mut rng = Rng::new(8);
    // Two voices, which are heard in chunks of their own, and one slot of a third.
    let people = [voice(0), near_first(0.8, 1)];
    let odd = voice(5);
    let mut chunks: Vec<Vec<&[f64]>> = (0..40).map(|chunk| vec![&people[chunk / 5 % 2][..]]).collect();
    chunks[17] = vec![&odd];
    let (masks, embeddings) = slots(&mut rng, &chunks, 0.2);
    let rows = Rows::new(&embeddings, &masks);
    let plda = Plda::embedded().unwrap();
    let options = RefinedOptions { vbx: VbxOptions { fb: 1e6, ..VbxOptions::default() }, ..RefinedOptions::default() };
    let subsegments = subsegments(&mut rng, turns(&people, 400, 10), 0.3);
    let within = |num, centroids: Vec<Vec<f64>>| {
        let voices =
            number::Voices { rows: &rows, train: &[], subsegments: &subsegments, options: &options, plda: &plda };
        voices.within(SpeakerBounds::new(Some(num), None, None).unwrap(), centroids).unwrap().centroids
    };
    let start = vec![near_first(0.95, 1)];
    assert_eq!(within(1, start.clone()), start);
    let two = within(2, start.clone());
    for person in &people {
        assert_eq!(
            two.iter().filter(|centroid| cosine_similarity(centroid, person) > 0.97).count(),
            1,
            "they take turns"
        );
    }
    let three = within(3, start);
    assert_eq!(three[..2], two);
    assert!(cosine_similarity(&three[2], &odd) > 0.9, "it is unlike both");
}

#[test]
fn a_slot_that_is_like_a_speaker_takes_only_what_is_clearly_its_own() {
    let mut rng = Rng::new(12);
    let found = |rng: &mut Rng, others: &[Vec<f64>], voices: &[Vec<f64>]| {
        let of_first = voice(0);
        let mut chunks: Vec<Vec<&[f64]>> = vec![vec![&of_first]; 6];
        chunks.extend(others.iter().map(|other| vec![&other[..]]));
        let (masks, embeddings) = slots(rng, &chunks, 0.0);
        let subsegments = subsegments(rng, voices, 0.0);
        single_slot::find(&Rows::new(&embeddings, &masks), &subsegments, &[of_first])
            .map(|slot| (slot.row, (1e2 * slot.margin).round() / 1e2))
    };
    let (alike, unlike, halfway) = (near_first(0.8, 1), near_first(0.05, 2), near_first(0.5, 3));
    let heard = [voice(0), voice(0), alike.clone(), alike.clone(), unlike.clone(), unlike.clone()];
    // A person of his own has no margin. Nobody hears a slot without subsegments again.
    assert_eq!(found(&mut rng, &[alike.clone(), unlike.clone()], &heard), Some((7, 0.0)));
    // Most of the gain of the two subsegments that it needs is the margin.
    assert_eq!(found(&mut rng, &[alike.clone(), halfway.clone()], &heard), Some((6, 0.18)));
    assert_eq!(found(&mut rng, &[alike, halfway], &[]), Some((7, 0.0)), "the least similar one");
    assert_eq!(found(&mut rng, &[voice(0)], &heard), None, "all slots are equal");
}

#[test]
fn fewer_speakers_than_found_join_those_that_are_most_likely_one_person() {
    let mut rng = Rng::new(9);
    // So many chunks that no voice is taken for noise.
    let (masks, embeddings, heard) = conversation(&mut rng, 400, 4);
    let rows = Rows::new(&embeddings, &masks);
    let train = rows_with_clean_speech(&embeddings, &masks, MIN_CLEAN_RATIO);
    let (plda, options, none) = (Plda::embedded().unwrap(), RefinedOptions::default(), Subsegments::default());
    let of_voice = |voice: usize, part: usize, num_parts: usize| {
        let mine: Vec<Vec<f64>> =
            (0..heard.len()).filter(|&row| heard[row] == voice).map(|row| rows.raw(row)).collect();
        mean(mine.chunks(mine.len().div_ceil(num_parts)).nth(part).unwrap())
    };
    // The second and fifth centroid are one person.
    let centroids = vec![of_voice(0, 0, 1), of_voice(1, 0, 2), of_voice(2, 0, 1), of_voice(3, 0, 1), of_voice(1, 1, 2)];
    let voices = number::Voices { rows: &rows, train: &train, subsegments: &none, options: &options, plda: &plda };
    let joined = voices.within(SpeakerBounds::new(None, None, Some(4)).unwrap(), centroids.clone()).unwrap().centroids;
    assert_eq!(joined.len(), 4);
    assert_eq!([&joined[0], &joined[2], &joined[3]], [&centroids[0], &centroids[2], &centroids[3]]);
    assert!(cosine_similarity(&joined[1], &of_voice(1, 0, 1)) > 0.999);
    // A cluster without rows has no say; among equals, rows go to the first.
    let empty: Vec<f64> = centroids[0].iter().map(|value| value / 2.0).collect();
    let with_empty = vec![centroids[0].clone(), empty];
    let one = voices.within(SpeakerBounds::new(None, None, Some(1)).unwrap(), with_empty).unwrap().centroids;
    assert_eq!(one, [centroids[0].clone()]);
}

#[test]
fn more_speakers_than_different_voices_are_refused() {
    let mut rng = Rng::new(10);
    let one = voice(0);
    let (masks, embeddings) = slots(&mut rng, &vec![vec![&one[..]]; 6], 0.0);
    let (plda, bounds) = (Plda::embedded().unwrap(), SpeakerBounds::new(Some(2), None, None).unwrap());
    let method = clustering::Method::default();
    let error = clustering::cluster(&embeddings, &masks, &Subsegments::default(), &method, bounds, &plda).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SpeakerBounds);
}

#[test]
fn rows_are_directions_and_the_first_of_equals_is_nearest() {
    let mut rng = Rng::new(11);
    let diagonal: Vec<f64> = voice(0).iter().zip(voice(1)).map(|(a, b)| 2.0 * (a + b)).collect();
    let nothing = vec![0.0; EMBEDDING_DIMENSION];
    let (masks, embeddings) = slots(&mut rng, &[vec![&diagonal, &nothing], vec![&voice(3)]], 0.0);
    let rows = Rows::new(&embeddings, &masks);
    assert_eq!((rows.len(), rows.chunk(1), rows.chunk(2)), (3, 0, 1));
    assert_eq!([0, 1, 2].map(|row| rows.clean_frames(row)), [190; 3]);
    assert!((rows.cosine(0, &voice(1)) - FRAC_1_SQRT_2).abs() < 1e-12);
    assert!((rows.unit(0)[0] - FRAC_1_SQRT_2).abs() < 1e-12 && rows.raw(0) == diagonal);
    assert_eq!((rows.cosine(1, &voice(0)), rows.unit(1)), (0.0, nothing));
    assert_eq!(rows.nearest(0, &[voice(2), voice(1), voice(0)]), 1);
    assert_eq!(rows.nearest(0, &[]), 0);
}

#[test]
fn two_clear_voices_are_surely_two_and_voices_like_no_speaker_are_more() {
    let mut rng = Rng::new(11);
    let voices = [voice(0), voice(1)];
    let chunks: Vec<Vec<&[f64]>> = (0..60).map(|chunk| vec![&voices[chunk / 5 % 2][..]]).collect();
    let (masks, embeddings) = slots(&mut rng, &chunks, 0.5);
    let posterior = |found: &Subsegments, num: Option<usize>| {
        let bounds = SpeakerBounds::new(num, None, None).unwrap();
        let (options, plda) = (RefinedOptions::default(), Plda::embedded().unwrap());
        cluster(&embeddings, &masks, found, &options, bounds, &plda).unwrap().number
    };
    let clear = subsegments(&mut rng, (0..150).map(|index| &voices[index / 12 % 2]), 0.5);
    let sure = posterior(&clear, None).unwrap();
    assert!(sure.probability(2) > 0.9, "{sure:?}");
    // Half of the moments are like neither speaker.
    let others: Vec<Vec<f64>> = (2..40).map(voice).collect();
    let unlike = (0..150).map(|index| if index % 2 == 0 { &voices[index / 12 % 2] } else { &others[index / 4] });
    let unsure = posterior(&subsegments(&mut rng, unlike, 0.5), None).unwrap();
    assert!(unsure.probability(2) < 0.2 && unsure.runner_up(2).unwrap().0 > 2, "{unsure:?}");
    // A told number needs no probability, and nothing can be told without subsegments.
    assert_eq!((posterior(&clear, Some(3)), posterior(&Subsegments::default(), None)), (None, None));
}

#[test]
fn sensitivity_adds_and_removes_speakers_as_a_told_number_does() {
    let mut rng = Rng::new(12);
    let voices = [voice(0), voice(1), voice(2)];
    let chunks: Vec<Vec<&[f64]>> = (0..60).map(|chunk| vec![&voices[chunk / 5 % 2][..]]).collect();
    let (masks, embeddings) = slots(&mut rng, &chunks, 0.5);
    // The third voice is in the subsegments only.
    let found = subsegments(&mut rng, (0..150).map(|index| &voices[index / 12 % 3]), 0.5);
    let plda = Plda::embedded().unwrap();
    let at = |sensitivity: f64, max: Option<usize>, num: Option<usize>| {
        let options = RefinedOptions { sensitivity, ..RefinedOptions::default() };
        let bounds = SpeakerBounds::new(num, None, max).unwrap();
        cluster(&embeddings, &masks, &found, &options, bounds, &plda).unwrap()
    };
    let numbers = [-0.999_999, 0.0, 0.5, 0.99].map(|sensitivity| at(sensitivity, None, None).centroids.len());
    assert!(numbers.is_sorted() && numbers[0] < 2 && numbers[1] == 2 && numbers[3] > 2, "{numbers:?}");
    assert_eq!(at(0.99, Some(2), None).centroids.len(), 2);
    let told = at(0.0, None, Some(numbers[3]));
    assert_eq!(at(0.99, None, None).centroids, told.centroids);
}
