//! A picture of turns as SVG, and from that as PNG: a lane for each speaker, time marks, overlap.

mod png;

use diarist::parts::formats::Labels;
use diarist::parts::formats::json::rounded;
use diarist::parts::metrics::{ScoreOptions, optimal_mapping};
use diarist::parts::timeline::intervals::overlaps;
use diarist::parts::timeline::{ReadableSettings, Segment, readable};
use diarist::{Result, Turn};
use maud::{Markup, html};

pub(crate) use png::png;

use diarist_page::drawing::{Lane, clock, colour, lanes, ticks, unit};

/// Width of the lanes, of the margin, and of a letter on average.
const WIDTH: f64 = 1000.0;
const MARGIN: f64 = 20.0;
const LETTER: f64 = 7.9;
/// Most letters of a name that are shown.
const MAX_NAME: usize = 28;
/// Heights of the title, of a bar, of the row for overlap, of the times below, and of the legend.
const TITLE: f64 = 40.0;
const BAR: f64 = 14.0;
const OVERLAP: f64 = 22.0;
const TIMES: f64 = 32.0;
const LEGEND: f64 = 24.0;
/// Colours of text, lines and reference.
const TEXT: &str = "#1d2330";
const SOFT: &str = "#5c6675";
const LINE: &str = "#dfe3ea";
const REFERENCE: &str = "#8b94a3";

/// Positions in the picture.
struct Layout<'a> {
    lanes: Vec<Lane<'a>>,
    /// Left edge of the lanes.
    left: f64,
    /// Height of a lane.
    lane: f64,
    duration_s: f64,
}

/// The readable turns of `recording` as SVG, beside those of a reference if there is one. All turns
/// decide which speakers belong together.
pub(crate) fn svg(recording: &Labels, reference: Option<&Labels>, settings: &ReadableSettings) -> Result<String> {
    let turns = rounded(&readable(&recording.turns.turns, settings));
    let reference_turns = reference.map(|reference| rounded(&reference.turns.turns)).unwrap_or_default();
    let mapping = match reference {
        Some(reference) => optimal_mapping(&reference.turns, &recording.turns, None, &ScoreOptions::default())?,
        None => Vec::new(),
    };
    let lanes = lanes(&reference_turns, &turns, &mapping);
    let longest = lanes.iter().map(|lane| letters(&short(&lane.name))).max().unwrap_or_default().max(7);
    let layout = Layout {
        left: MARGIN + LETTER * longest as f64 + 10.0,
        lane: if reference.is_some() { 2.0 * BAR + 14.0 } else { BAR + 14.0 },
        lanes,
        duration_s: reference.map_or(0.0, Labels::end_s).max(recording.end_s()).max(1e-3),
    };
    let picture = layout.draw(&recording.turns.file_id, &turns, reference.is_some()).into_string();
    // XML has no form for these characters, which names may hold.
    let is_impossible =
        |c: char| c.is_control() && !['\t', '\n', '\r'].contains(&c) || ['\u{fffe}', '\u{ffff}'].contains(&c);
    Ok(picture.replace(is_impossible, "\u{fffd}"))
}

impl Layout<'_> {
    fn draw(&self, title: &str, turns: &[Turn], has_reference: bool) -> Markup {
        let (right, bottom) = (self.left + WIDTH, TITLE + self.lane * self.lanes.len() as f64);
        let legend = if has_reference { LEGEND } else { 0.0 };
        let (width, height) = (right + 1.5 * MARGIN, bottom + OVERLAP + TIMES + legend);
        let segments: Vec<Segment> = turns.iter().map(Turn::segment).collect();
        html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(unit(width)) height=(unit(height)) viewBox=(format!("0 0 {width:.2} {height:.2}"))
                font-family="system-ui, 'DejaVu Sans', 'Liberation Sans', 'Noto Sans', sans-serif" font-size="13" fill=(TEXT) role="img" {
                title { (title) ": who spoke when" }
                rect width="100%" height="100%" fill="#ffffff" {}
                text x=(unit(MARGIN)) y="25" font-size="16" font-weight="bold" { (title) }
                (self.axis(bottom + OVERLAP))
                @for overlap in overlaps(&segments) {
                    rect x=(unit(self.x(overlap.start))) y=(unit(TITLE)) width=(self.width(overlap)) height=(unit(bottom - TITLE))
                        fill=(TEXT) fill-opacity="0.12" {}
                    rect x=(unit(self.x(overlap.start))) y=(unit(bottom + 6.0)) width=(self.width(overlap)) height=(unit(OVERLAP - 12.0)) fill=(TEXT) {}
                }
                text x=(unit(self.left - 10.0)) y=(unit(bottom + OVERLAP / 2.0 + 4.0)) text-anchor="end" fill=(SOFT) font-size="12" { "overlap" }
                @for (index, lane) in self.lanes.iter().enumerate() { (self.row(index, lane, has_reference)) }
                @if has_reference { (self.legend(height - 14.0)) }
            }
        }
    }

    fn row(&self, index: usize, lane: &Lane<'_>, has_reference: bool) -> Markup {
        let y = TITLE + self.lane * index as f64;
        let bar = |turn: &Turn, y: f64, colour: &str| {
            html! {
                rect x=(unit(self.x(turn.start_s))) y=(unit(y)) width=(self.width(turn.segment())) height=(unit(BAR)) fill=(colour) {
                    title { (turn.speaker) " " (clock(turn.start_s)) "–" (clock(turn.end_s)) }
                }
            }
        };
        let below = if has_reference { y + 7.0 + BAR } else { y + 7.0 };
        html! {
            line x1=(unit(self.left)) x2=(unit(self.left + WIDTH)) y1=(unit(y + self.lane)) y2=(unit(y + self.lane)) stroke=(LINE) {}
            text x=(unit(self.left - 10.0)) y=(unit(y + self.lane / 2.0 + 4.5)) text-anchor="end" {
                title { (lane.name) }
                (short(&lane.name))
            }
            @for turn in &lane.reference { (bar(turn, y + 6.0, REFERENCE)) }
            @for turn in &lane.hypothesis { (bar(turn, below, colour(lane.colour))) }
        }
    }

    fn axis(&self, bottom: f64) -> Markup {
        html! {
            @for time in ticks(self.duration_s, 10) {
                @let x = self.x(time);
                line x1=(unit(x)) x2=(unit(x)) y1=(unit(TITLE)) y2=(unit(bottom + 5.0)) stroke=(LINE) {}
                text x=(unit(x)) y=(unit(bottom + 19.0)) text-anchor="middle" fill=(SOFT) font-size="12" { (clock(time)) }
            }
            line x1=(unit(self.left)) x2=(unit(self.left + WIDTH)) y1=(unit(bottom)) y2=(unit(bottom)) stroke=(SOFT) {}
        }
    }

    fn legend(&self, y: f64) -> Markup {
        let second = self.left + 150.0;
        html! {
            rect x=(unit(self.left)) y=(unit(y - 10.0)) width="12" height="12" fill=(REFERENCE) {}
            text x=(unit(self.left + 18.0)) y=(unit(y)) font-size="12" { "reference, above" }
            @for index in 0..3 {
                rect x=(unit(second + 9.0 * f64::from(index))) y=(unit(y - 10.0)) width="9" height="12" fill=(colour(index as usize)) {}
            }
            text x=(unit(second + 33.0)) y=(unit(y)) font-size="12" { "hypothesis, below" }
        }
    }

    fn x(&self, time_s: f64) -> f64 {
        self.left + time_s / self.duration_s * WIDTH
    }

    fn width(&self, segment: Segment) -> String {
        unit((segment.duration() / self.duration_s * WIDTH).max(0.5))
    }
}

/// Width of `name` in letters. East Asian letters count twice (most letters from U+2E80 on).
fn letters(name: &str) -> usize {
    name.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum()
}

/// The beginning of a long name.
fn short(name: &str) -> String {
    if name.chars().count() <= MAX_NAME {
        return name.to_owned();
    }
    name.chars().take(MAX_NAME - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use diarist::parts::timeline::Annotation;

    use super::*;

    const READABLE: ReadableSettings = ReadableSettings { max_gap_s: 0.4, min_turn_s: 0.2 };

    fn recording(turns: &[(f64, f64, &str)]) -> Labels {
        let turn = |&(start, end, speaker): &(f64, f64, &str)| Turn::new(start, end, speaker);
        Labels::from(Annotation { file_id: "a & b".to_owned(), turns: turns.iter().map(turn).collect() })
    }

    #[test]
    fn bars_have_the_times_of_turns() {
        let svg = svg(&recording(&[(0.0, 6.0, "<Ann>"), (5.0, 10.0, "山田")]), None, &READABLE).unwrap();
        assert!(svg.starts_with("<svg xmlns") && svg.contains("a &amp; b") && svg.contains("&lt;Ann&gt;"));
        let left = MARGIN + LETTER * 7.0 + 10.0;
        let bar = |x: f64, width: f64, colour: &str| {
            svg.contains(&format!(
                "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{width:.2}\" height=\"14.00\" fill=\"{colour}\">",
                left + x,
                47.0
            )) || svg.contains(&format!(
                "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{width:.2}\" height=\"14.00\" fill=\"{colour}\">",
                left + x,
                75.0
            ))
        };
        assert!(bar(0.0, 600.0, colour(0)) && bar(500.0, 500.0, colour(1)), "{svg}");
        // A band through the lanes and a bar below them.
        assert_eq!(svg.matches("width=\"100.00\"").count(), 2);
    }

    #[test]
    fn labels_of_times_stay_inside_the_picture_and_apart() {
        // "10:00:00" at 12 px has about 52 units.
        for duration_s in [10.0, 1798.0, 1800.0, 36_000.0, 86_400.0] {
            let svg = svg(&recording(&[(0.0, duration_s, "Ann")]), None, &READABLE).unwrap();
            let width: f64 = svg.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
            let labels = svg.split("<text x=\"").filter(|text| text.contains("text-anchor=\"middle\""));
            let places: Vec<f64> = labels.map(|text| text.split('"').next().unwrap().parse().unwrap()).collect();
            assert!(places.windows(2).all(|pair| pair[1] - pair[0] > 60.0), "{duration_s}: {places:?}");
            assert!(places.last().unwrap() + 26.0 < width, "{duration_s}: {places:?}");
        }
    }

    #[test]
    fn a_reference_stands_beside_the_hypothesis() {
        let reference = recording(&[(0.0, 5.0, "Ann"), (5.0, 9.0, "Bo")]);
        let svg =
            svg(&recording(&[(0.0, 4.0, "S1"), (5.0, 9.0, "S0"), (9.0, 20.0, "S2")]), Some(&reference), &READABLE)
                .unwrap();
        for name in ["Ann = S1", "Bo = S0", "only found: S2", "0:20"] {
            assert!(svg.contains(name), "{name}");
        }
        assert_eq!(svg.matches(&format!("fill=\"{REFERENCE}\"")).count(), 3);
        assert!(super::svg(&Labels::default(), None, &READABLE).unwrap().ends_with("</svg>"));
    }
}
