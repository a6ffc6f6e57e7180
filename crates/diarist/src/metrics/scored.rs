//! The part of both annotations that is scored.

use std::collections::HashMap;

use super::options::ScoreOptions;
use crate::timeline::intervals::{chronological, crop, overlaps, subtract, union};
use crate::timeline::{Annotation, Segment};

/// Turns inside the scored regions, with speakers as indices.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tracks {
    /// Parts of turns in the order of start, then end; none is empty.
    pub(super) segments: Vec<Segment>,
    /// Speaker of each part: index into `names`.
    pub(super) speakers: Vec<usize>,
    /// Names of the speakers that have any part, in the order of their [`Rename`]d names.
    pub(super) names: Vec<String>,
}

/// The names that pyannote.metrics gives to the sorted speakers of one side before it sorts them
/// again as text. This order decides between equally good mappings, and so changes the Jaccard
/// error rate.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rename {
    /// Reference: A, B, ..., Z, AA, AB, ...
    Letters,
    /// Hypothesis: 0, 1, 2, ...
    Numbers,
}

/// Reference and hypothesis, cropped to the scored regions.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Scored {
    pub(super) reference: Tracks,
    pub(super) hypothesis: Tracks,
}

impl Scored {
    /// Crops both annotations to the scored regions. Source: pyannote.metrics `utils.py`,
    /// `UEMSupportMixin.uemify` and `extrude`.
    pub(super) fn new(
        reference: &Annotation,
        hypothesis: &Annotation,
        uem: Option<&[Segment]>,
        options: &ScoreOptions,
    ) -> Self {
        let mut regions = match uem {
            Some(uem) => union(uem.iter().copied(), 0.0),
            None => extent(reference, hypothesis),
        };
        let mut unscored = Vec::new();
        let turns = segments(reference);
        if options.collar_s > 0.0 {
            for time in turns.iter().flat_map(|turn| [turn.start, turn.end]) {
                unscored.push(Segment::new(time - options.collar_s, time + options.collar_s));
            }
        }
        if options.skip_overlap {
            unscored.extend(overlaps(&turns));
        }
        if !unscored.is_empty() {
            regions = subtract(&regions, &union(unscored, 0.0));
        }
        Self {
            reference: Tracks::new(reference, &regions, Rename::Letters),
            hypothesis: Tracks::new(hypothesis, &regions, Rename::Numbers),
        }
    }
}

impl Tracks {
    fn new(annotation: &Annotation, regions: &[Segment], rename: Rename) -> Self {
        let turns: Vec<Segment> = annotation.turns.iter().map(|turn| turn.segment()).collect();
        let mut parts: Vec<(Segment, &str)> = crop(&turns, regions)
            .filter(|&(index, _)| !turns[index].is_empty())
            .map(|(index, part)| (part, annotation.turns[index].speaker.as_str()))
            .collect();
        parts.sort_by(|(a, _), (b, _)| chronological(a, b));
        let mut sorted: Vec<&str> = parts.iter().map(|&(_, speaker)| speaker).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut order: Vec<usize> = (0..sorted.len()).collect();
        order.sort_by_cached_key(|&index| rename.name(index));
        let names: Vec<String> = order.iter().map(|&index| sorted[index].to_owned()).collect();
        let index_of: HashMap<&str, usize> =
            names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        let speakers = parts.iter().map(|(_, speaker)| index_of[speaker]).collect();
        Self { segments: parts.iter().map(|&(part, _)| part).collect(), speakers, names }
    }

    /// The parts of each speaker.
    pub(super) fn by_speaker(&self) -> Vec<Vec<Segment>> {
        let mut parts = vec![Vec::new(); self.names.len()];
        for (&part, &speaker) in self.segments.iter().zip(&self.speakers) {
            parts[speaker].push(part);
        }
        parts
    }
}

impl Rename {
    /// The new name of the speaker at `index`.
    fn name(self, index: usize) -> String {
        match self {
            Self::Numbers => index.to_string(),
            Self::Letters => {
                let (mut letters, mut rest) = (Vec::new(), index + 1);
                while rest > 0 {
                    rest -= 1;
                    letters.push(char::from(b'A' + (rest % 26) as u8));
                    rest /= 26;
                }
                letters.into_iter().rev().collect()
            }
        }
    }
}

/// Speakers that have a turn of more than a microsecond.
pub(super) fn num_speakers(annotation: &Annotation) -> usize {
    let mut names: Vec<&str> =
        annotation.turns.iter().filter(|turn| !turn.segment().is_empty()).map(|turn| turn.speaker.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.len()
}

fn segments(annotation: &Annotation) -> Vec<Segment> {
    annotation.turns.iter().map(|turn| turn.segment()).filter(|segment| !segment.is_empty()).collect()
}

/// From the first start to the last end in either annotation; nothing if there are no turns.
fn extent(reference: &Annotation, hypothesis: &Annotation) -> Vec<Segment> {
    let all = [segments(reference), segments(hypothesis)].concat();
    let start = all.iter().map(|segment| segment.start).reduce(f64::min);
    let end = all.iter().map(|segment| segment.end).reduce(f64::max);
    start.zip(end).map(|(start, end)| Segment::new(start, end)).into_iter().collect()
}
