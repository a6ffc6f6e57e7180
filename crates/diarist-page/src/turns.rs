//! The list of turns on the page.

use diarist::Turn;
use diarist::parts::timeline::Segment;
use maud::{Markup, html};

use crate::drawing::class;

/// Consecutive turns of one speaker, until another begins, and the place of the speaker.
struct Group<'a> {
    lane: usize,
    turns: Vec<&'a Turn>,
}

fn groups<'a>(turns: &'a [Turn], names: &[&str]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for turn in turns {
        let lane = names.iter().position(|name| *name == turn.speaker).unwrap_or_default();
        match groups.last_mut() {
            Some(group) if group.lane == lane => group.turns.push(turn),
            _ => groups.push(Group { lane, turns: vec![turn] }),
        }
    }
    groups
}

/// The list: a line for each group, in order of time.
pub(super) fn list(turns: &[Turn], names: &[&str], overlaps: &[Segment]) -> Markup {
    html! {
        section {
            h2 { "Turns" }
            p.legend {
                "A line is what one person says until somebody else begins. "
                @if !overlaps.is_empty() { small.both { "+" } " means that others speak at the same time. " }
                @if turns.iter().any(|turn| turn.confidence.is_some()) {
                    "The percentage is the confidence: how often turns as certain as this one are right."
                }
            }
            ol.turns {
                @for Group { lane, turns } in groups(turns, names) {
                    li {
                        span.name title=(names[lane]) { i class=(class(lane)) {} span data-speaker=(names[lane]) { (names[lane]) } }
                        div.parts { @for turn in turns { (part(turn, is_overlapped(turn, overlaps))) } }
                    }
                }
            }
        }
    }
}

fn part(turn: &Turn, is_overlapped: bool) -> Markup {
    html! {
        span.turn {
            time { (stamp(turn.start_s)) }
            small { (format!("{:.1} s", turn.duration_s())) }
            @if is_overlapped { small.both title="others speak at the same time" { "+" } }
            @if let Some(confidence) = turn.confidence {
                small.sure title="confidence" { (format!("{:.0} %", 100.0 * confidence)) }
            }
        }
    }
}

fn is_overlapped(turn: &Turn, overlaps: &[Segment]) -> bool {
    let turn = turn.segment();
    let first = overlaps.partition_point(|overlap| overlap.end <= turn.start);
    overlaps.get(first).is_some_and(|overlap| !overlap.intersection(&turn).is_empty())
}

/// Minutes, seconds and tenths.
fn stamp(seconds: f64) -> String {
    let tenths = (seconds * 10.0).round() as u64;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let (seconds, tenths) = (rest / 10, rest % 10);
    match hours {
        0 => format!("{minutes}:{seconds:02}.{tenths}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}.{tenths}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_turns_of_a_speaker_are_a_group() {
        let turns = [(0.0, "A"), (2.0, "A"), (3.0, "B"), (4.0, "A")].map(|(at, name)| Turn::new(at, at + 1.0, name));
        let groups = groups(&turns, &["A", "B"]);
        let found: Vec<(usize, usize)> = groups.iter().map(|group| (group.lane, group.turns.len())).collect();
        assert_eq!(found, [(0, 2), (1, 1), (0, 1)]);
    }

    #[test]
    fn the_list_explains_its_signs_if_it_has_them() {
        let mut turns = [Turn::new(0.0, 2.0, "A"), Turn::new(1.0, 3.0, "B")];
        let list = |turns: &[Turn], overlaps: &[Segment]| list(turns, &["A", "B"], overlaps).into_string();
        let plain = list(&turns, &[]);
        assert!(!plain.contains("class=\"both\"") && !plain.contains("confidence"), "{plain}");
        turns[0].confidence = Some(0.875);
        let full = list(&turns, &[Segment::new(1.0, 2.0)]);
        // One in the legend.
        assert_eq!(full.matches("class=\"both\"").count(), 3);
        assert!(full.contains("88 %") && full.contains("others speak at the same time. "), "{full}");
    }

    #[test]
    fn stamps_have_tenths() {
        assert_eq!([0.04, 59.96, 3600.5].map(stamp), ["0:00.0", "1:00.0", "1:00:00.5"]);
    }
}
