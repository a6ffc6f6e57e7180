//! Finds speakers and turns in an analysis.

use crate::analysis::Analysis;
use crate::clock::Instant;
use crate::clustering::{self, Clusters, Method, Plda, SpeakerBounds};
use crate::error::{Error, ErrorKind, Result};
use crate::inference::{EmbeddingMode, Timings, TrunkPasses};
use crate::models::Precision;
use crate::settings::Settings;
use crate::timeline::intervals::covered_s;
use crate::timeline::{self, Timelines, Turn};

use super::constraints::{People, with_united_masks};
use super::result::{Diarization, NumberOfSpeakers, Speaker};
use super::stitch::stitch;

/// Largest number of attempts to cluster so that both the constraints and the bounds hold.
const MAX_ATTEMPTS: usize = 4;

/// A result without corrections, and the clusters that it was made of.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) clusters: Clusters,
    /// The cluster of each speaker.
    pub(super) labels: Vec<u32>,
    pub(super) diarization: Diarization,
}

/// Clusters an analysis into turns, without its corrections.
pub(super) fn find(analysis: &Analysis, settings: &Settings, plda: &Plda, mut timings: Timings) -> Result<Found> {
    let settings = settings_of(analysis, settings);
    settings.validate()?;
    let bounds = settings.clustering.bounds()?;
    let (mut asked, mut num_before) = (first_bounds(&settings, bounds)?, None);
    let (clusters, timelines) = loop {
        let clock = Instant::now();
        let (mut clusters, is_changed) = match (clusters(analysis, &settings, asked, plda), num_before) {
            // There are no more speakers. The message has the number that the caller asked for.
            (Err(_), Some(num_speakers)) => return Err(too_few(bounds, num_speakers)),
            (found, _) => found?,
        };
        timings.clustering_s += clock.elapsed().as_secs_f64();

        let clock = Instant::now();
        let united = is_changed.then(|| with_united_masks(analysis, &clusters.hard));
        let heard = united.as_ref().unwrap_or(analysis);
        let timelines = loop {
            let timelines = timeline::build(heard, &clusters, &settings.timeline, bounds.max());
            // A speaker who was asked for may have no turn because of his margin.
            let is_enough = timelines.labels.len() >= bounds.min();
            if is_enough || !clusters.lower_margins(|cluster| !timelines.labels.contains(&cluster)) {
                break timelines;
            }
        };
        timings.timeline_s += clock.elapsed().as_secs_f64();
        match more_speakers(&settings, bounds, asked, timelines.labels.len()) {
            Some(more) => {
                num_before = (asked.min() >= bounds.min()).then_some(timelines.labels.len());
                asked = more;
            }
            None => break (clusters, timelines),
        }
    };
    let speakers = speakers(&timelines, &clusters);
    check_number(bounds, speakers.len())?;
    let diarization = Diarization {
        file_id: analysis.origin.file_id.clone(),
        turns: timelines.turns,
        exclusive_turns: timelines.exclusive_turns,
        number_of_speakers: number_of_speakers(&clusters, bounds, speakers.len()),
        speakers,
        duration_s: analysis.geometry.duration_s(),
        settings,
        timings,
        ..Diarization::default()
    };
    Ok(Found { clusters, labels: timelines.labels, diarization })
}

/// The bounds to cluster with at first. The refined method adds speakers only if the timeline has
/// too few without: overlap may have one more speaker than there are clusters. But an inclination
/// must know all bounds.
fn first_bounds(settings: &Settings, bounds: SpeakerBounds) -> Result<SpeakerBounds> {
    match &settings.clustering.method {
        Method::Refined(options) if options.sensitivity == 0.0 => SpeakerBounds::new(None, None, bounds.max()),
        _ => Ok(bounds),
    }
}

/// The bounds to cluster again with, if the timeline has too few speakers: a weak speaker may lose
/// all frames to others, so more are asked for. `None` if there are enough, or no more attempts are
/// left. Other methods than the refined one stay as published.
fn more_speakers(
    settings: &Settings,
    bounds: SpeakerBounds,
    asked: SpeakerBounds,
    num_speakers: usize,
) -> Option<SpeakerBounds> {
    if asked.min() < bounds.min() && num_speakers < bounds.min() {
        return Some(bounds);
    }
    let missing = bounds.min().saturating_sub(num_speakers);
    let is_first_attempts = asked.min() < bounds.min() + MAX_ATTEMPTS;
    let is_refined = matches!(settings.clustering.method, Method::Refined(_));
    if missing == 0 || num_speakers == 0 || !is_first_attempts || !is_refined {
        return None;
    }
    SpeakerBounds::new(Some(asked.min() + missing), None, None).ok()
}

/// `settings`, with the analysis settings that `analysis` was made with.
fn settings_of(analysis: &Analysis, settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    let of = &mut settings.analysis;
    let Analysis { origin, geometry, embeddings, .. } = analysis;
    of.step_s = geometry.step_s();
    of.trunk = TrunkPasses::ALL.into_iter().find(|trunk| trunk.name() == origin.trunk).unwrap_or(of.trunk);
    of.precision = Precision::ALL.into_iter().find(|precision| precision.name() == origin.precision).or(of.precision);
    match (embeddings.are_skipped(), of.embedding_mode) {
        (true, _) => of.embedding_mode = EmbeddingMode::Skip,
        (false, EmbeddingMode::Skip) => of.embedding_mode = EmbeddingMode::Fast,
        (false, _) => {}
    }
    settings
}

/// The clusters, and whether constraints have changed them.
fn clusters(analysis: &Analysis, settings: &Settings, bounds: SpeakerBounds, plda: &Plda) -> Result<(Clusters, bool)> {
    let Analysis { embeddings, masks, subsegments, geometry, .. } = analysis;
    let constraints = &settings.clustering.constraints;
    if embeddings.are_skipped() {
        return match constraints.is_empty() {
            true => {
                let mut clusters = stitch(masks, geometry)?;
                if bounds == SpeakerBounds::new(Some(1), None, None)? {
                    clusters.hard.iter_mut().flatten().for_each(|cluster| *cluster = 0);
                }
                Ok((clusters, false))
            }
            false => Err(Error::invalid_option("constraints cannot be used without embeddings")
                .hint("analyze the recording in another embedding mode")),
        };
    }
    let method = settings.clustering.method_for_step(settings.analysis.step_s);
    let found = |bounds| clustering::cluster(embeddings, masks, subsegments, &method, bounds, plda);
    if constraints.is_empty() {
        return Ok((found(bounds)?, false));
    }
    let people = People::new(constraints, analysis)?;
    let mut asked = bounds;
    for _ in 0..MAX_ATTEMPTS {
        let before = found(asked)?;
        let num_before = before.num_occupied();
        let after = people.apply(before.clone(), analysis)?;
        let num_after = after.num_occupied();
        let wanted = bounds.clamp(num_after);
        if wanted == num_after {
            let is_changed = after.hard != before.hard;
            return Ok((after, is_changed));
        }
        // The constraints add or remove clusters, so the clustering is asked for fewer or more.
        let num_asked = (num_before + wanted).saturating_sub(num_after).max(1);
        asked = SpeakerBounds::new(Some(num_asked), None, None)?;
    }
    Err(Error::new(ErrorKind::SpeakerBounds, "the constraints cannot hold with this number of speakers")
        .hint("leave one of them out"))
}

/// The speakers of `timelines`, without voices and names.
pub(super) fn speakers(timelines: &Timelines, clusters: &Clusters) -> Vec<Speaker> {
    let speakers = timelines.labels.iter().enumerate().map(|(index, &cluster)| {
        let label = timeline::label_name(index);
        let turns = || timelines.turns.iter().filter(|turn| turn.speaker == label);
        Speaker {
            speech_s: covered_s(turns().map(Turn::segment)),
            num_turns: turns().count(),
            // A frame may have more speakers than there are clusters. Such a speaker has turns but
            // no embedding.
            embedding: clusters.centroids.get(cluster as usize).cloned(),
            label,
            ..Speaker::default()
        }
    });
    speakers.collect()
}

/// The certainty of a number of speakers other than 0 within `bounds`.
fn number_of_speakers(clusters: &Clusters, bounds: SpeakerBounds, number: usize) -> Option<NumberOfSpeakers> {
    let posterior = clusters.number.as_ref().filter(|_| number > 0)?;
    NumberOfSpeakers::new(&posterior.within(bounds)?, number)
}

fn too_few(bounds: SpeakerBounds, num_speakers: usize) -> Error {
    Error::new(
        ErrorKind::SpeakerBounds,
        format!("at least {} speakers were asked for, but only {num_speakers} can be told apart", bounds.min()),
    )
    .hint("lower the number of speakers, or leave it out")
}

/// Refuses a result with a number of speakers outside the bounds. The clusters keep to the bounds,
/// but a cluster may get no frame in the timeline if others always have more votes.
fn check_number(bounds: SpeakerBounds, num_speakers: usize) -> Result<()> {
    if num_speakers < bounds.min() && (num_speakers > 0 || bounds.min() > 1) {
        return Err(too_few(bounds, num_speakers));
    }
    if bounds.max().is_some_and(|max| num_speakers > max) {
        return Err(Error::new(
            ErrorKind::SpeakerBounds,
            format!("no result has the number of speakers asked for: {num_speakers} are too many"),
        )
        .hint("leave the number of speakers out, or give a smallest number"));
    }
    Ok(())
}
