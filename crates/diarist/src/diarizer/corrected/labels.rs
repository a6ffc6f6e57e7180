//! Labels that stay when speakers are found again.

use std::collections::BTreeMap;

use crate::diarizer::result::Diarization;
use crate::timeline::label_name;

/// Gives each speaker of `result` the label that its cluster had `before`. Clusters without a label
/// get numbers that were not used. `clusters` has the cluster of each speaker of `result`, and
/// `clusters_before` that of each speaker of `before`. Returns the labels in the order of
/// `clusters`.
pub(super) fn keep(
    result: &mut Diarization,
    clusters: &[u32],
    before: &Diarization,
    clusters_before: &[u32],
) -> Vec<String> {
    let old: BTreeMap<u32, &String> =
        clusters_before.iter().copied().zip(before.speakers.iter().map(|speaker| &speaker.label)).collect();
    let mut free = (0..).map(label_name).filter(|label| !old.values().any(|used| *used == label));
    let labels: Vec<String> = clusters
        .iter()
        .map(|cluster| old.get(cluster).map_or_else(|| free.next().unwrap_or_default(), |label| (*label).clone()))
        .collect();
    let kept: BTreeMap<String, &String> =
        result.speakers.iter().map(|speaker| speaker.label.clone()).zip(&labels).collect();
    for turn in result.turns.iter_mut().chain(&mut result.exclusive_turns) {
        turn.speaker.clone_from(kept[&turn.speaker]);
    }
    for speaker in &mut result.speakers {
        speaker.label.clone_from(kept[&speaker.label]);
    }
    result.speakers.sort_by(|a, b| a.label.cmp(&b.label));
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diarizer::Speaker;
    use crate::timeline::Turn;

    #[test]
    fn clusters_keep_their_labels_and_new_ones_get_free_numbers() {
        let result = |labels: &[&str]| Diarization {
            turns: labels
                .iter()
                .zip(0..)
                .map(|(label, at)| Turn::new(f64::from(at), f64::from(at) + 1.0, *label))
                .collect(),
            speakers: labels.iter().map(|label| Speaker { label: (*label).to_owned(), ..Speaker::default() }).collect(),
            ..Diarization::default()
        };
        let before = result(&["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]);
        let mut after = result(&["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]);
        let labels = keep(&mut after, &[7, 3, 4], &before, &[4, 3, 5]);
        assert_eq!(labels, ["SPEAKER_03", "SPEAKER_01", "SPEAKER_00"]);
        let shown: Vec<&str> = after.turns.iter().map(|turn| turn.speaker.as_str()).collect();
        assert_eq!(shown, ["SPEAKER_03", "SPEAKER_01", "SPEAKER_00"]);
        assert_eq!(after.speakers[0].label, "SPEAKER_00");
    }
}
