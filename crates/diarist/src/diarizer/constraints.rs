//! Applies constraints to clusters: pairs of moments with the same person or with different people.
//!
//! Clusters that hold the same person are united. A cluster that holds different people is split:
//! each person starts a part with the slots at the person's moments, and each other slot goes to
//! the part with the most similar mean. The constraints say which people differ, not only which
//! moments, so one pair can correct a whole recording.

use std::collections::BTreeMap;

use crate::analysis::{Analysis, EMBEDDING_DIMENSION, Embeddings};
use crate::assignment::{Objective, assign};
use crate::clustering::vectors::{cosine_similarity, normalised, widened};
use crate::clustering::{Clusters, Constraints};
use crate::error::{Error, Result};
use crate::segmentation::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS};
use crate::timeline::{Coverage, SlidingWindow};

/// Rounds in which slots are assigned to the parts of a cluster; the means of the parts are updated
/// after each.
const NUM_ROUNDS: usize = 3;

/// The people at the moments of the constraints.
#[derive(Debug)]
pub(super) struct People {
    people: Vec<Person>,
    /// Pairs of people who are different.
    different: Vec<(usize, usize)>,
}

/// A person who speaks at one or more moments.
#[derive(Debug, Default)]
struct Person {
    /// The rows of embeddings at each moment.
    moments: Vec<Vec<usize>>,
}

impl People {
    /// Finds the people who speak at the moments.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if nobody or several people speak at a moment, or if the
    /// constraints contradict each other.
    pub(super) fn new(constraints: &Constraints, analysis: &Analysis) -> Result<Self> {
        let Constraints { must_link, cannot_link } = constraints;
        let mut times: Vec<f64> = must_link.iter().chain(cannot_link).flat_map(|&(a, b)| [a, b]).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let rows = times.iter().map(|&time| rows_at(time, analysis)).collect::<Result<Vec<_>>>()?;
        let index_of = |time: f64| times.partition_point(|&other| other < time);

        let mut same = Groups::new(times.len());
        let mut moment_of_row = BTreeMap::new();
        for (moment, rows) in rows.iter().enumerate() {
            // A slot is one person, so moments that share a slot share the person.
            for &row in rows {
                same.unite(moment, *moment_of_row.entry(row).or_insert(moment));
            }
        }
        for &(a, b) in must_link {
            same.unite(index_of(a), index_of(b));
        }
        let mut people: BTreeMap<usize, Person> = BTreeMap::new();
        for (moment, rows) in rows.into_iter().enumerate() {
            people.entry(same.of(moment)).or_default().moments.push(rows);
        }
        let groups: Vec<usize> = people.keys().copied().collect();
        let mut different = Vec::new();
        for &(a, b) in cannot_link {
            let pair = [a, b].map(|time| groups.partition_point(|&group| group < same.of(index_of(time))));
            if pair[0] == pair[1] {
                return Err(Error::invalid_option(format!(
                    "the speakers at {a} s and {b} s cannot be different: they are linked, or one local speaker is active at both"
                ))
                .hint("leave one of the constraints out"));
            }
            different.push((pair[0], pair[1]));
        }
        Ok(Self { people: people.into_values().collect(), different })
    }

    /// Changes `clusters` so that the constraints hold. If a cluster is split, the part with its
    /// first person keeps its number.
    pub(super) fn apply(&self, clusters: Clusters, analysis: &Analysis) -> Result<Clusters> {
        let Clusters { mut hard, mut centroids, margins, .. } = clusters;
        let unit: Vec<Vec<f64>> =
            analysis.embeddings.values.chunks_exact(EMBEDDING_DIMENSION).map(|row| normalised(&widened(row))).collect();
        let homes: Vec<Vec<usize>> =
            self.people.iter().map(|person| person.clusters(&hard, &centroids, &unit)).collect();
        let mut united = Groups::new(centroids.len());
        homes.iter().for_each(|homes| homes.iter().for_each(|&home| united.unite(homes[0], home)));

        let mut of_cluster: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (person, homes) in homes.iter().enumerate() {
            of_cluster.entry(united.of(homes[0])).or_default().push(person);
        }
        let before = hard.clone();
        for (cluster, people) in of_cluster {
            let parts = self.parts(&people, &unit);
            let labels: Vec<u32> = (0..parts.len())
                .map(|part| {
                    if part == 0 {
                        return cluster as u32;
                    }
                    centroids.push(Vec::new());
                    centroids.len() as u32 - 1
                })
                .collect();
            let pins: BTreeMap<usize, usize> = parts
                .iter()
                .enumerate()
                .flat_map(|(part, people)| {
                    people.iter().flat_map(move |&person| self.people[person].rows().map(move |row| (row, part)))
                })
                .collect();
            let is_here = |row: &usize| before[*row].is_some_and(|old| united.of(old as usize) == cluster);
            let rows: Vec<usize> = (0..hard.len()).filter(|row| pins.contains_key(row) || is_here(row)).collect();
            for (row, part) in distribute(&rows, &pins, parts.len(), &unit, analysis)? {
                hard[row] = Some(labels[part]);
            }
        }
        renew_centroids(&mut centroids, &before, &hard, analysis);
        Ok(Clusters { hard, centroids, margins, ..Clusters::default() })
    }

    /// Groups the `people` of one cluster so that no group holds different people. Each person
    /// joins the most similar group that is possible, or starts a group.
    fn parts(&self, people: &[usize], unit: &[Vec<f64>]) -> Vec<Vec<usize>> {
        let is_apart = |a: usize, b: usize| self.different.iter().any(|&pair| pair == (a, b) || pair == (b, a));
        let is_bound = |person: usize| people.iter().any(|&other| is_apart(person, other));
        let mean = |people: &[usize]| mean(people.iter().flat_map(|&person| self.people[person].rows()), unit);
        let mut parts: Vec<Vec<usize>> = Vec::new();
        // People without a constraint to be different come last, when all groups exist.
        let (bound, free): (Vec<usize>, Vec<usize>) = people.iter().copied().partition(|&person| is_bound(person));
        for person in bound.into_iter().chain(free) {
            let own = mean(&[person]);
            let fits = parts.iter_mut().filter(|part| !part.iter().any(|&other| is_apart(person, other)));
            let similarity = |part: &[usize]| cosine_similarity(&mean(part), &own);
            match fits.max_by(|a, b| similarity(a).total_cmp(&similarity(b))) {
                Some(part) => part.push(person),
                None => parts.push(vec![person]),
            }
        }
        parts
    }
}

impl Person {
    fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.moments.iter().flatten().copied()
    }

    /// The cluster at each moment: the one with most of its rows, or the most similar one if none
    /// of its rows has a cluster.
    fn clusters(&self, hard: &[Option<u32>], centroids: &[Vec<f32>], unit: &[Vec<f64>]) -> Vec<usize> {
        let at_moment = |rows: &Vec<usize>| {
            let mut votes = vec![0_usize; centroids.len()];
            rows.iter().filter_map(|&row| hard[row]).for_each(|cluster| votes[cluster as usize] += 1);
            let own = mean(rows.iter().copied(), unit);
            let rank = |cluster: &usize| (votes[*cluster], cosine_similarity(&widened(&centroids[*cluster]), &own));
            (0..centroids.len())
                .max_by(|a, b| {
                    let (a, b) = (rank(a), rank(b));
                    a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
                })
                .unwrap_or(0)
        };
        self.moments.iter().map(at_moment).collect()
    }
}

/// The slots of the person who speaks at `time`, as rows of embeddings.
fn rows_at(time: f64, analysis: &Analysis) -> Result<Vec<usize>> {
    let Analysis { geometry, masks, embeddings, .. } = analysis;
    let coverage = Coverage::new(masks.len(), geometry.step_s());
    let frame = SlidingWindow::FRAMES.closest_frame(time).max(0) as usize;
    let (mut rows, mut num_silent, mut num_crowded) = (Vec::new(), 0, 0);
    for (chunk, masks) in masks.iter().enumerate() {
        let Some(t) = frame.checked_sub(coverage.start_frame(chunk)).filter(|&t| t < FRAMES_PER_CHUNK) else {
            continue;
        };
        match masks.num_active(t) {
            0 => num_silent += 1,
            1 => {
                let slot = embeddings.slots.iter().enumerate().skip_while(|(_, slot)| (slot.chunk as usize) < chunk);
                let of_chunk = slot.take_while(|(_, slot)| slot.chunk as usize == chunk);
                rows.extend(
                    of_chunk.filter(|(_, slot)| masks.speakers[usize::from(slot.local)].get(t)).map(|(row, _)| row),
                );
            }
            _ => num_crowded += 1,
        }
    }
    let refuse = |what: &str| {
        Err(Error::invalid_option(format!("{what} at {time} s")).hint("choose a moment at which one person speaks"))
    };
    if rows.is_empty() && num_crowded == 0 || num_silent > rows.len() + num_crowded {
        return refuse("nobody speaks");
    }
    if num_crowded >= rows.len() {
        return refuse("several people speak");
    }
    Ok(rows)
}

/// The sum of unit vectors, which has the direction of their mean.
pub(super) fn mean(rows: impl Iterator<Item = usize>, unit: &[Vec<f64>]) -> Vec<f64> {
    rows.fold(vec![0.0; EMBEDDING_DIMENSION], |mut sum, row| {
        sum.iter_mut().zip(&unit[row]).for_each(|(sum, value)| *sum += value);
        sum
    })
}

/// Assigns `rows` to parts. Rows with a pin go to the part of the pin, and the others to the most
/// similar part. Slots of one chunk go to different parts as far as possible.
fn distribute(
    rows: &[usize],
    pins: &BTreeMap<usize, usize>,
    num_parts: usize,
    unit: &[Vec<f64>],
    analysis: &Analysis,
) -> Result<Vec<(usize, usize)>> {
    let mut parts: Vec<(usize, usize)> = pins.iter().map(|(&row, &part)| (row, part)).collect();
    for _ in 0..NUM_ROUNDS {
        let of_part = |part: usize| parts.iter().filter(move |(_, other)| *other == part).map(|(row, _)| *row);
        let means: Vec<Vec<f64>> = (0..num_parts).map(|part| mean(of_part(part), unit)).collect();
        parts = Vec::with_capacity(rows.len());
        for of_chunk in rows.chunk_by(|&a, &b| analysis.embeddings.slots[a].chunk == analysis.embeddings.slots[b].chunk)
        {
            // A pin counts more than any similarity.
            let similarity = |row: usize, part: usize| match pins.get(&row) {
                Some(pin) => {
                    if *pin == part {
                        10.0
                    } else {
                        -10.0
                    }
                }
                None => cosine_similarity(&unit[row], &means[part]),
            };
            let matrix: Vec<f64> =
                of_chunk.iter().flat_map(|&row| (0..num_parts).map(move |part| similarity(row, part))).collect();
            let mut chosen = [None; LOCAL_SPEAKERS];
            for (index, part) in assign(&matrix, of_chunk.len(), num_parts, Objective::Maximise)? {
                chosen[index] = Some(part);
            }
            for (index, &row) in of_chunk.iter().enumerate() {
                let nearest = || (0..num_parts).max_by(|&a, &b| similarity(row, a).total_cmp(&similarity(row, b)));
                let part = pins.get(&row).copied().or(chosen[index]).or_else(nearest);
                parts.push((row, part.unwrap_or(0)));
            }
        }
    }
    Ok(parts)
}

/// The part of `analysis` that the timeline needs, after local speakers of one chunk that are one
/// person have been united. Otherwise both would count where they are active together, and a second
/// speaker who is silent would be added there.
pub(super) fn with_united_masks(analysis: &Analysis, hard: &[Option<u32>]) -> Analysis {
    let slots = &analysis.embeddings.slots;
    let (mut masks, mut probabilities) = (analysis.masks.clone(), analysis.probabilities.clone());
    for (row, slot) in slots.iter().enumerate() {
        let speakers = &mut masks[slot.chunk as usize].speakers;
        let earlier = (0..row).rev().take_while(|&other| slots[other].chunk == slot.chunk);
        let same = earlier.filter(|&other| hard[row].is_some() && hard[other] == hard[row]).last();
        if let Some(first) = same {
            let moved = std::mem::take(&mut speakers[usize::from(slot.local)]);
            let kept = usize::from(slots[first].local);
            if let Some(chunk) = probabilities.get_mut(slot.chunk as usize) {
                chunk.unite(kept, usize::from(slot.local));
            }
            let first = &mut speakers[kept];
            (0..FRAMES_PER_CHUNK).filter(|&t| moved.get(t)).for_each(|t| first.insert(t));
        }
    }
    let embeddings = Embeddings { slots: slots.clone(), values: Vec::new() };
    let (origin, subsegments) = (analysis.origin.clone(), analysis.subsegments.clone());
    Analysis {
        origin,
        geometry: analysis.geometry,
        masks,
        probabilities,
        embeddings,
        subsegments,
        ..Analysis::default()
    }
}

/// Computes the centroids of changed clusters anew, as means of the raw embeddings. A cluster that
/// has lost all of its slots has a centroid of zeros, which is no voice.
pub(super) fn renew_centroids(
    centroids: &mut [Vec<f32>],
    before: &[Option<u32>],
    hard: &[Option<u32>],
    analysis: &Analysis,
) {
    for (cluster, centroid) in centroids.iter_mut().enumerate() {
        let is_here = |of: Option<u32>| of == Some(cluster as u32);
        let has_changed = before.iter().zip(hard).any(|(&old, &new)| is_here(old) != is_here(new));
        let rows: Vec<usize> = (0..hard.len()).filter(|&row| is_here(hard[row])).collect();
        if has_changed && rows.is_empty() {
            centroid.fill(0.0);
        } else if has_changed {
            let mut sum = vec![0.0; EMBEDDING_DIMENSION];
            for &row in &rows {
                sum.iter_mut().zip(analysis.embeddings.row(row)).for_each(|(sum, value)| *sum += f64::from(*value));
            }
            *centroid = sum.iter().map(|sum| (sum / rows.len() as f64) as f32).collect();
        }
    }
}

/// Disjoint groups of numbers. The smallest number of a group is its name.
struct Groups(Vec<usize>);

impl Groups {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn of(&self, item: usize) -> usize {
        self.0[item]
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.0[a], self.0[b]);
        let (keep, lose) = (a.min(b), a.max(b));
        self.0.iter_mut().filter(|group| **group == lose).for_each(|group| *group = keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{ChunkGeometry, Slot};
    use crate::segmentation::masks::ChunkMasks;
    use crate::segmentation::probabilities::ChunkProbabilities;

    /// Chunks of 10 s without overlap. Each local speaker is given by its active frames and its
    /// voice.
    fn analysis(chunks: &[&[(std::ops::Range<usize>, usize)]]) -> Analysis {
        let mut masks = vec![ChunkMasks::default(); chunks.len()];
        let mut embeddings = Embeddings::default();
        for (chunk, locals) in chunks.iter().enumerate() {
            for (local, (frames, voice)) in locals.iter().enumerate() {
                frames.clone().for_each(|t| masks[chunk].speakers[local].insert(t));
                // Voices are orthogonal, and every slot deviates a little from its voice.
                let mut values = vec![0.0; EMBEDDING_DIMENSION];
                values[*voice] = 1.0;
                values[100 + chunk] = 0.1;
                embeddings.push(Slot { chunk: chunk as u32, local: local as u8 }, &values);
            }
        }
        let geometry = ChunkGeometry { step_samples: 160_000, num_samples: 160_000 * chunks.len() as u64 };
        Analysis { geometry, masks, embeddings, ..Analysis::default() }
    }

    fn clusters(hard: &[u32], analysis: &Analysis) -> Clusters {
        let hard: Vec<Option<u32>> = hard.iter().copied().map(Some).collect();
        let num_clusters = hard.iter().flatten().max().unwrap() + 1;
        let mut centroids = vec![vec![0.0; EMBEDDING_DIMENSION]; num_clusters as usize];
        renew_centroids(&mut centroids, &vec![None; hard.len()], &hard, analysis);
        Clusters { hard, centroids, ..Clusters::default() }
    }

    fn constrained(must: &[(f64, f64)], cannot: &[(f64, f64)], hard: &[u32], analysis: &Analysis) -> Vec<u32> {
        let constraints = Constraints { must_link: must.to_vec(), cannot_link: cannot.to_vec() };
        let people = People::new(&constraints, analysis).unwrap();
        let found = people.apply(clusters(hard, analysis), analysis).unwrap();
        let found: Vec<u32> = found.hard.into_iter().flatten().collect();
        assert_eq!(found.len(), hard.len());
        found
    }

    fn refused(must: &[(f64, f64)], cannot: &[(f64, f64)], analysis: &Analysis) -> String {
        let constraints = Constraints { must_link: must.to_vec(), cannot_link: cannot.to_vec() };
        let error = People::new(&constraints, analysis).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::InvalidOption);
        error.to_string()
    }

    /// Six chunks in which the voices 0 and 1 alternate. The middle of chunk `c` is at `10 c + 5`
    /// seconds.
    fn turns() -> Analysis {
        analysis(&[&[(0..589, 0)], &[(0..589, 1)], &[(0..589, 0)], &[(0..589, 1)], &[(0..589, 0)], &[(0..589, 1)]])
    }

    #[test]
    fn linked_moments_unite_their_speakers() {
        // One person was split into two clusters: 0 and 2.
        assert_eq!(constrained(&[(5.0, 45.0)], &[], &[0, 1, 0, 1, 2, 1], &turns()), [0, 1, 0, 1, 0, 1]);
        // A constraint that holds already changes nothing.
        assert_eq!(constrained(&[(5.0, 25.0)], &[(5.0, 15.0)], &[0, 1, 0, 1, 0, 1], &turns()), [0, 1, 0, 1, 0, 1]);
        // Links are transitive.
        assert_eq!(constrained(&[(5.0, 25.0), (45.0, 25.0)], &[], &[2, 3, 1, 3, 0, 3], &turns()), [0, 3, 0, 3, 0, 3]);
    }

    #[test]
    fn moments_of_different_people_split_their_speaker() {
        assert_eq!(constrained(&[], &[(5.0, 15.0)], &[0; 6], &turns()), [0, 1, 0, 1, 0, 1]);
        // Four pairs identify three people. The slot without a constraint goes to the person with
        // its voice.
        let three = analysis(&[&[(0..589, 0)], &[(0..589, 1)], &[(0..589, 2)], &[(0..589, 1)], &[(0..589, 2)]]);
        let pairs = [(5.0, 15.0), (25.0, 15.0), (5.0, 25.0)];
        assert_eq!(constrained(&[], &pairs, &[0; 5], &three), [0, 1, 2, 1, 2]);
        // Two people would satisfy the two pairs, so the third voice joins the more similar one.
        assert_eq!(constrained(&[], &[(5.0, 15.0), (5.0, 25.0)], &[0; 5], &three), [0, 1, 1, 1, 1]);
    }

    #[test]
    fn both_kinds_of_constraints_move_a_slot_from_the_wrong_speaker() {
        // Chunk 4 belongs to voice 0, but was assigned to voice 1. A link alone would unite the
        // two.
        let wrong = [0, 1, 0, 1, 1, 1];
        assert_eq!(constrained(&[(45.0, 5.0)], &[], &wrong, &turns()), [0; 6]);
        assert_eq!(constrained(&[(45.0, 5.0)], &[(45.0, 15.0)], &wrong, &turns()), [0, 1, 0, 1, 0, 1].map(|c| c * 2));
    }

    #[test]
    fn slots_of_a_chunk_stay_apart_when_a_cluster_is_split() {
        // Chunk 2 has two local speakers, both a little more similar to voice 0.
        let mut both = analysis(&[&[(0..589, 0)], &[(0..589, 1)], &[(0..200, 0), (300..589, 0)]]);
        both.embeddings.values[3 * EMBEDDING_DIMENSION + 1] = 0.5;
        assert_eq!(constrained(&[], &[(5.0, 15.0)], &[0, 0, 0, 0], &both), [0, 1, 0, 1]);
    }

    #[test]
    fn two_local_speakers_of_one_person_count_once() {
        let all = analysis(&[&[(0..200, 0), (100..300, 1), (150..400, 2)], &[(0..589, 0)]]);
        let united = with_united_masks(&all, &[Some(4), Some(1), Some(4), Some(4)]);
        let counts: Vec<u8> = [50, 120, 180, 250, 350, 450].map(|t| united.masks[0].num_active(t)).to_vec();
        assert_eq!(counts, [1, 2, 2, 2, 1, 0]);
        assert!(united.masks[0].speakers[2].is_empty());
        assert_eq!((&united.masks[1], &united.embeddings.slots), (&all.masks[1], &all.embeddings.slots));
        // A local speaker without a cluster, or with another one, is not united.
        assert_eq!(with_united_masks(&all, &[None, Some(1), None, Some(4)]).masks, all.masks);
    }

    #[test]
    fn probabilities_are_united_with_the_masks() {
        let mut all = analysis(&[&[(0..200, 0), (100..300, 1), (150..400, 2)], &[(0..589, 0)]]);
        all.probabilities = all.masks.iter().map(ChunkProbabilities::from_masks).collect();
        all.subsegments.push(3, 10, &[1.0; EMBEDDING_DIMENSION]);
        let united = with_united_masks(&all, &[Some(4), Some(1), Some(4), Some(4)]);
        assert_eq!(united.subsegments, all.subsegments);
        assert_eq!(united.probabilities[1], all.probabilities[1]);
        let of_masks = ChunkProbabilities::from_masks(&united.masks[0]);
        (0..LOCAL_SPEAKERS)
            .for_each(|local| assert_eq!(united.probabilities[0].speakers(local), of_masks.speakers(local)));
        for t in 0..FRAMES_PER_CHUNK {
            // From 150 to 199, where all three spoke at once, overlap may be that of the two.
            let expected = if (150..200).contains(&t) { 0 } else { of_masks.overlap(t) };
            assert_eq!(united.probabilities[0].overlap(t), expected, "{t}");
        }
        assert_eq!(with_united_masks(&all, &[None, Some(1), None, Some(4)]).probabilities, all.probabilities);
        all.probabilities.clear();
        assert!(with_united_masks(&all, &[Some(4), Some(1), Some(4), Some(4)]).probabilities.is_empty());
    }

    #[test]
    fn centroids_are_the_means_of_the_slots() {
        let analysis = turns();
        let constraints = Constraints { must_link: vec![], cannot_link: vec![(5.0, 15.0)] };
        let people = People::new(&constraints, &analysis).unwrap();
        let found = people.apply(clusters(&[0; 6], &analysis), &analysis).unwrap();
        assert_eq!(found, clusters(&[0, 1, 0, 1, 0, 1], &analysis));
        // The cluster that loses its slots has no voice any more.
        let constraints = Constraints { must_link: vec![(5.0, 15.0)], cannot_link: vec![] };
        let people = People::new(&constraints, &analysis).unwrap();
        let found = people.apply(clusters(&[0, 1, 0, 1, 0, 1], &analysis), &analysis).unwrap();
        assert_eq!(found.hard, [Some(0); 6]);
        assert_eq!(
            found.centroids,
            [clusters(&[0; 6], &analysis).centroids[0].clone(), vec![0.0; EMBEDDING_DIMENSION]]
        );
    }

    #[test]
    fn constraints_that_cannot_hold_are_refused() {
        let gap = analysis(&[&[(0..200, 0), (150..300, 1)], &[(0..589, 0)]]);
        let cases = [
            (refused(&[(8.0, 15.0)], &[], &gap), "nobody speaks at 8 s"),
            (refused(&[(1000.0, 15.0)], &[], &gap), "nobody speaks at 1000 s"),
            (refused(&[], &[(3.0, 15.0)], &gap), "several people speak at 3 s"),
            (refused(&[(1.0, 15.0)], &[(15.0, 1.0)], &gap), "cannot be different"),
            (refused(&[], &[(15.0, 15.0)], &gap), "cannot be different"),
            // Both moments lie in one slot, so they have one voice.
            (refused(&[], &[(12.0, 18.0)], &gap), "cannot be different"),
            (refused(&[(5.0, 15.0), (15.0, 25.0)], &[(5.0, 25.0)], &turns()), "at 5 s and 25 s cannot be different"),
        ];
        for (found, expected) in cases {
            assert!(found.contains(expected), "{found} where {expected} is expected");
        }
    }

    #[test]
    fn every_constraint_holds_for_any_initial_clusters() {
        let mut state = 5_u64;
        let mut below = |limit: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % limit
        };
        let mut num_applied = 0;
        for round in 0..500 {
            let voices: Vec<usize> = (0..12).map(|_| below(4)).collect();
            let chunks: Vec<Vec<_>> = voices.iter().map(|&voice| vec![(0..589, voice)]).collect();
            let analysis = analysis(&chunks.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let hard: Vec<u32> = (0..12).map(|_| below(4) as u32).collect();
            let mut pairs = |count| (0..count).map(|_| (below(12), below(12))).collect::<Vec<_>>();
            let (must, cannot) = (pairs(3), pairs(4));
            let moments = |pairs: &[(usize, usize)]| -> Vec<(f64, f64)> {
                pairs.iter().map(|&(a, b)| (10.0 * a as f64 + 5.0, 10.0 * b as f64 + 5.0)).collect()
            };
            let constraints = Constraints { must_link: moments(&must), cannot_link: moments(&cannot) };
            let Ok(people) = People::new(&constraints, &analysis) else { continue };
            let found = people.apply(clusters(&hard, &analysis), &analysis).unwrap();
            assert!(must.iter().all(|&(a, b)| found.hard[a] == found.hard[b]), "round {round}");
            assert!(cannot.iter().all(|&(a, b)| found.hard[a] != found.hard[b]), "round {round}");
            assert!(found.hard.iter().flatten().all(|&cluster| (cluster as usize) < found.centroids.len()));
            num_applied += 1;
        }
        assert!(num_applied > 100, "{num_applied}");
    }
}
