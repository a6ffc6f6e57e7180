//! Labels that stay when speakers are found again.

use std::collections::BTreeMap;

use crate::assignment::{Objective, assign};
use crate::corrections::{Correction, Corrections};
use crate::diarizer::result::Diarization;
use crate::error::Result;
use crate::timeline::{Segment, Turn, label_name};

/// Gives the speakers of `result` the labels of those of `before` with whom they share most time.
/// Speakers beyond them get numbers that `before` does not have. The label of a speaker who was
/// merged into another one goes to that one. Returns the labels in the earlier order of the
/// speakers.
pub(super) fn keep(result: &mut Diarization, before: &Diarization, corrections: &Corrections) -> Result<Vec<String>> {
    let old: Vec<&str> = before.speakers.iter().map(|speaker| speaker.label.as_str()).collect();
    let new: Vec<String> = result.speakers.iter().map(|speaker| speaker.label.clone()).collect();
    let merged = merged(corrections);
    let place = |label: &str| {
        let label = merged.get(label).map_or(label, String::as_str);
        old.iter().position(|other| *other == label)
    };
    let mut shared = vec![0.0; new.len() * old.len()];
    each_shared(&result.exclusive_turns, &before.exclusive_turns, |of_new, of_old, seconds| {
        let row = new.iter().position(|label| *label == of_new.speaker);
        if let (Some(row), Some(column)) = (row, place(&of_old.speaker)) {
            shared[row * old.len() + column] += seconds;
        }
    });
    let mut kept: BTreeMap<&str, String> = BTreeMap::new();
    for (row, column) in assign(&shared, new.len(), old.len(), Objective::Maximise)? {
        if shared[row * old.len() + column] > 0.0 {
            kept.insert(&new[row], old[column].to_owned());
        }
    }
    let mut free = (0..).map(label_name).filter(|label| !old.contains(&label.as_str()));
    for label in &new {
        kept.entry(label).or_insert_with(|| free.next().unwrap_or_default());
    }
    for turn in result.turns.iter_mut().chain(&mut result.exclusive_turns) {
        turn.speaker.clone_from(&kept[turn.speaker.as_str()]);
    }
    for speaker in &mut result.speakers {
        speaker.label = kept[speaker.label.as_str()].clone();
    }
    let labels = result.speakers.iter().map(|speaker| speaker.label.clone()).collect();
    result.speakers.sort_by(|a, b| a.label.cmp(&b.label));
    Ok(labels)
}

/// The label that stays for each one that was merged into another.
fn merged(corrections: &Corrections) -> BTreeMap<String, String> {
    let mut merged: BTreeMap<String, String> = BTreeMap::new();
    for correction in &corrections.list {
        if let Correction::Merge { speaker, into } = correction {
            merged
                .values_mut()
                .filter(|label| **label == speaker.label)
                .for_each(|label| label.clone_from(&into.label));
            merged.insert(speaker.label.clone(), into.label.clone());
        }
    }
    merged
}

/// Calls `each` with every two turns that share time, and the seconds that they share. Neither list
/// has turns that overlap.
pub(super) fn each_shared<'a>(a: &'a [Turn], b: &'a [Turn], mut each: impl FnMut(&'a Turn, &'a Turn, f64)) {
    let mut first = 0;
    for one in a {
        while first < b.len() && b[first].end_s <= one.start_s {
            first += 1;
        }
        for other in b[first..].iter().take_while(|other| other.start_s < one.end_s) {
            let shared: Segment = one.segment().intersection(&other.segment());
            if !shared.is_empty() {
                each(one, other, shared.duration());
            }
        }
    }
}
