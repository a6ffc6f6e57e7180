//! Converts an analysis into a result: speakers, turns, corrections.

use crate::analysis::Analysis;
use crate::clock::Instant;
use crate::clustering::Plda;
use crate::error::Result;
use crate::inference::Timings;
use crate::settings::Settings;
use crate::timeline::intervals::{covered_s, overlaps};
use crate::timeline::{Segment, Turn};

use super::corrected;
use super::find::find;
use super::naming::set_voices;
use super::result::Diarization;

/// Clusters an analysis into turns, with the settings for clustering and timeline. The analysis
/// brings its own settings. Uses the embedded PLDA model, and the threads of the caller.
///
/// The local speakers of an analysis without embeddings
/// ([`EmbeddingMode::Skip`](crate::parts::inference::EmbeddingMode::Skip)) are joined by overlap.
/// Corrections in the analysis are part of the result; those that fit nothing are warnings.
///
/// # Errors
/// [`crate::ErrorKind::InvalidOption`] for settings outside their range and corrections with
/// impossible times or names, [`crate::ErrorKind::SpeakerBounds`] if the number of speakers asked
/// for cannot be reached.
pub fn cluster(analysis: &Analysis, settings: &Settings) -> Result<Diarization> {
    cluster_with(analysis, settings, &Plda::embedded()?, Timings::default())
}

/// As [`cluster`], with `plda`; `timings` are those of the stages before.
pub(super) fn cluster_with(
    analysis: &Analysis,
    settings: &Settings,
    plda: &Plda,
    timings: Timings,
) -> Result<Diarization> {
    let start = Instant::now();
    let found = find(analysis, settings, plda, timings)?;
    let mut result = match analysis.corrections.is_empty() {
        true => found.diarization,
        false => corrected::apply(analysis, found)?,
    };
    let clock = Instant::now();
    let segments: Vec<Segment> = result.turns.iter().map(Turn::segment).collect();
    (result.speech_s, result.overlap_s) = (covered_s(segments.iter().copied()), covered_s(overlaps(&segments)));
    set_voices(&mut result.speakers, &result.turns, 1.0);
    result.timings.timeline_s += clock.elapsed().as_secs_f64();
    result.timings.total_s += start.elapsed().as_secs_f64();
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{ChunkGeometry, EMBEDDING_DIMENSION, Slot};
    use crate::segmentation::masks::ChunkMasks;

    /// Chunks side by side in which one person speaks, and another one only at the same time.
    fn with_second_in_overlap() -> Analysis {
        const CHUNKS: usize = 8;
        let geometry = ChunkGeometry { step_samples: 160_000, num_samples: 160_000 * CHUNKS as u64 };
        let mut analysis = Analysis { geometry, ..Analysis::default() };
        for chunk in 0..CHUNKS {
            let mut masks = ChunkMasks::default();
            (0..500).for_each(|t| masks.speakers[0].insert(t));
            (300..420).for_each(|t| masks.speakers[1].insert(t));
            analysis.masks.push(masks);
            for local in [0, 1] {
                // Each slot deviates a little from the one voice.
                let mut values = vec![0.0; EMBEDDING_DIMENSION];
                (values[0], values[10 + 2 * chunk + local]) = (1.0, 0.1);
                analysis.embeddings.push(Slot { chunk: chunk as u32, local: local as u8 }, &values);
            }
        }
        analysis
    }

    #[test]
    fn a_told_number_that_the_turns_have_already_changes_nothing() {
        let analysis = with_second_in_overlap();
        let mut settings = Settings::default();
        let found = cluster(&analysis, &settings).unwrap();
        assert_eq!(found.speakers.len(), 2, "overlap has a second speaker, though there is one cluster");
        assert!(found.speakers[1].embedding.is_none() && found.number_of_speakers.is_none());
        settings.clustering.num_speakers = Some(2);
        assert_eq!(cluster(&analysis, &settings).unwrap().turns, found.turns);
        // Without the second one, there is one.
        settings.clustering.num_speakers = Some(1);
        assert_eq!(cluster(&analysis, &settings).unwrap().speakers.len(), 1);
    }
}
