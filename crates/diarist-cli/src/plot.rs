//! A picture of turns as SVG or PNG: a lane for each speaker, time marks, overlap.

mod png;
mod shapes;
mod svg;
mod text;

use diarist::parts::formats::Labels;
use diarist::parts::formats::json::rounded;
use diarist::parts::metrics::{ScoreOptions, optimal_mapping};
use diarist::parts::timeline::intervals::overlaps;
use diarist::parts::timeline::{ReadableSettings, Segment, readable};
use diarist::{Result, Turn};

pub(crate) use png::png;
pub(crate) use svg::svg;

use diarist_page::drawing::{Lane, clock, colour, lanes, ticks};
use shapes::{Anchor, Line, Picture, Rect, Shape, TEXT, Text, shown};

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
/// Size of smaller text.
const SMALL: f64 = 12.0;
/// Colours of smaller text, lines and reference.
const SOFT: &str = "#5c6675";
const LINE: &str = "#dfe3ea";
const REFERENCE: &str = "#8b94a3";

/// Positions in the picture, and what has been drawn of it.
struct Layout<'a> {
    lanes: Vec<Lane<'a>>,
    /// Left edge of the lanes.
    left: f64,
    /// Height of a lane.
    lane: f64,
    duration_s: f64,
    shapes: Vec<Shape>,
}

/// The readable turns of `recording`, beside those of a reference if there is one. All turns decide
/// which speakers belong together.
pub(crate) fn picture(recording: &Labels, reference: Option<&Labels>, settings: &ReadableSettings) -> Result<Picture> {
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
        shapes: Vec::new(),
    };
    Ok(layout.draw(&recording.turns.file_id, &turns, reference.is_some()))
}

impl Layout<'_> {
    fn draw(mut self, title: &str, turns: &[Turn], has_reference: bool) -> Picture {
        let (right, bottom) = (self.left + WIDTH, TITLE + self.lane * self.lanes.len() as f64);
        let legend = if has_reference { LEGEND } else { 0.0 };
        let (width, height) = (right + 1.5 * MARGIN, bottom + OVERLAP + TIMES + legend);
        self.text(Text { size: 16.0, bold: true, ..Text::new(MARGIN, 25.0, title) });
        self.axis(bottom + OVERLAP);
        let segments: Vec<Segment> = turns.iter().map(Turn::segment).collect();
        for overlap in overlaps(&segments) {
            let (x, width) = (self.x(overlap.start), self.width(overlap));
            self.rect(Rect { opacity: 0.12, ..Rect::new(x, TITLE, width, bottom - TITLE, TEXT) });
            self.rect(Rect::new(x, bottom + 6.0, width, OVERLAP - 12.0, TEXT));
        }
        let label = Text::new(self.left - 10.0, bottom + OVERLAP / 2.0 + 4.0, "overlap");
        self.text(Text { anchor: Anchor::End, colour: SOFT, size: SMALL, ..label });
        for (index, lane) in std::mem::take(&mut self.lanes).iter().enumerate() {
            self.row(index, lane, has_reference);
        }
        if has_reference {
            self.legend(height - 14.0);
        }
        Picture { title: shown(title), width, height, shapes: self.shapes }
    }

    fn row(&mut self, index: usize, lane: &Lane<'_>, has_reference: bool) {
        let y = TITLE + self.lane * index as f64;
        self.line([self.left, self.left + WIDTH], [y + self.lane; 2], LINE);
        let label = Text::new(self.left - 10.0, y + self.lane / 2.0 + 4.5, &short(&lane.name));
        self.text(Text { anchor: Anchor::End, tooltip: Some(shown(&lane.name)), ..label });
        for turn in &lane.reference {
            self.bar(turn, y + 6.0, REFERENCE);
        }
        let below = if has_reference { y + 7.0 + BAR } else { y + 7.0 };
        for turn in &lane.hypothesis {
            self.bar(turn, below, colour(lane.colour));
        }
    }

    fn bar(&mut self, turn: &Turn, y: f64, colour: &'static str) {
        let bar = Rect::new(self.x(turn.start_s), y, self.width(turn.segment()), BAR, colour);
        let tooltip = format!("{} {}–{}", shown(&turn.speaker), clock(turn.start_s), clock(turn.end_s));
        self.rect(Rect { tooltip: Some(tooltip), ..bar });
    }

    fn axis(&mut self, bottom: f64) {
        for time in ticks(self.duration_s, 10) {
            let x = self.x(time);
            self.line([x, x], [TITLE, bottom + 5.0], LINE);
            let label = Text::new(x, bottom + 19.0, &clock(time));
            self.text(Text { anchor: Anchor::Middle, colour: SOFT, size: SMALL, ..label });
        }
        self.line([self.left, self.left + WIDTH], [bottom, bottom], SOFT);
    }

    fn legend(&mut self, y: f64) {
        let second = self.left + 150.0;
        self.rect(Rect::new(self.left, y - 10.0, 12.0, 12.0, REFERENCE));
        self.text(Text { size: SMALL, ..Text::new(self.left + 18.0, y, "reference, above") });
        for index in 0..3 {
            self.rect(Rect::new(second + 9.0 * index as f64, y - 10.0, 9.0, 12.0, colour(index)));
        }
        self.text(Text { size: SMALL, ..Text::new(second + 33.0, y, "hypothesis, below") });
    }

    fn rect(&mut self, rect: Rect) {
        self.shapes.push(Shape::Rect(rect));
    }

    fn line(&mut self, x: [f64; 2], y: [f64; 2], colour: &'static str) {
        self.shapes.push(Shape::Line(Line { x, y, colour }));
    }

    fn text(&mut self, text: Text) {
        self.shapes.push(Shape::Text(text));
    }

    fn x(&self, time_s: f64) -> f64 {
        self.left + time_s / self.duration_s * WIDTH
    }

    fn width(&self, segment: Segment) -> f64 {
        (segment.duration() / self.duration_s * WIDTH).max(0.5)
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

    fn drawn(recording: &Labels, reference: Option<&Labels>) -> String {
        svg(&picture(recording, reference, &READABLE).unwrap())
    }

    #[test]
    fn bars_have_the_times_of_turns() {
        let svg = drawn(&recording(&[(0.0, 6.0, "<Ann>"), (5.0, 10.0, "山田")]), None);
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
            let svg = drawn(&recording(&[(0.0, duration_s, "Ann")]), None);
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
        let found = recording(&[(0.0, 4.0, "S1"), (5.0, 9.0, "S0"), (9.0, 20.0, "S2")]);
        let svg = drawn(&found, Some(&reference));
        for name in ["Ann = S1", "Bo = S0", "only found: S2", "0:20"] {
            assert!(svg.contains(name), "{name}");
        }
        assert_eq!(svg.matches(&format!("fill=\"{REFERENCE}\"")).count(), 3);
        assert!(drawn(&Labels::default(), None).ends_with("</svg>"));
    }
}
