//! Common parts of pages and pictures of turns: colours, lanes, time marks.

use diarist::Turn;
pub use diarist::parts::formats::COLOURS;
use maud::{Markup, html};

/// Rules of a style sheet for every [`class`].
pub const RULES: &str = include_str!("../web/colours.css");

/// The colour of the speaker at `index` among all speakers, sorted by name.
pub fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

/// The class of the style sheet for [`colour`].
pub fn class(index: usize) -> String {
    format!("c{}", index % COLOURS.len())
}

/// A row of a picture.
#[derive(Debug, PartialEq)]
pub struct Lane<'a> {
    /// Label beside it.
    pub name: String,
    /// Place of the hypothesis speaker among all, for its colour; that of the lane without one.
    pub colour: usize,
    /// Turns of a speaker of the reference.
    pub reference: Vec<&'a Turn>,
    /// Turns of the hypothesis speaker.
    pub hypothesis: Vec<&'a Turn>,
}

/// A lane for each reference speaker, with the matching hypothesis speaker, then a lane for each
/// hypothesis speaker without a match. `mapping` has pairs of hypothesis and reference speaker.
pub fn lanes<'a>(reference: &'a [Turn], hypothesis: &'a [Turn], mapping: &[(String, String)]) -> Vec<Lane<'a>> {
    let all = speakers(hypothesis);
    let colour = |found: &str| all.iter().position(|speaker| *speaker == found).unwrap_or_default();
    let counterpart = |reference: &str| mapping.iter().find(|(_, to)| to == reference).map(|(from, _)| from);
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    for (index, name) in speakers(reference).into_iter().enumerate() {
        let found = counterpart(name);
        lanes.push(Lane {
            name: found.map_or_else(|| name.to_owned(), |found| format!("{name} = {found}")),
            colour: found.map_or(index, |found| colour(found)),
            reference: turns_of(reference, name),
            hypothesis: found.map(|found| turns_of(hypothesis, found)).unwrap_or_default(),
        });
    }
    for &found in &all {
        if mapping.iter().all(|(from, _)| from != found) {
            let name = if reference.is_empty() { found.to_owned() } else { format!("only found: {found}") };
            let hypothesis = turns_of(hypothesis, found);
            lanes.push(Lane { name, colour: colour(found), reference: Vec::new(), hypothesis });
        }
    }
    lanes
}

/// The turns of `speaker`.
pub fn turns_of<'a>(turns: &'a [Turn], speaker: &str) -> Vec<&'a Turn> {
    turns.iter().filter(|turn| turn.speaker == speaker).collect()
}

/// Names of speakers, sorted.
pub fn speakers(turns: &[Turn]) -> Vec<&str> {
    let mut names: Vec<&str> = turns.iter().map(|turn| turn.speaker.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Round times for at most `most` marks, and the beginning.
pub fn ticks(duration_s: f64, most: usize) -> Vec<f64> {
    let steps = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21_600.0];
    let longest = duration_s / most as f64;
    let step = steps.into_iter().find(|step| *step >= longest).unwrap_or(longest);
    (0..=(duration_s / step) as usize).map(|index| index as f64 * step).collect()
}

/// Times below a timeline whose width is not known: few enough for a telephone, and none that would
/// not fit before the right edge.
pub fn times(duration_s: f64) -> Markup {
    let marks = ticks(duration_s, 4).into_iter().filter(|time| *time <= 0.78 * duration_s);
    html! {
        @for time in marks { span style=(format!("left:{:.3}%", 100.0 * time / duration_s)) { (clock(time)) } }
    }
}

/// Seconds as `m:ss` or `h:mm:ss`.
pub fn clock(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A length or a position in a picture, in its own units.
pub fn unit(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(speaker: &str) -> Turn {
        Turn::new(0.0, 1.0, speaker)
    }

    #[test]
    fn speakers_without_a_counterpart_get_a_lane() {
        let (reference, hypothesis) = ([turn("Ann")], [turn("S0"), turn("S1")]);
        let names = |mapping: &[(String, String)]| -> Vec<String> {
            lanes(&reference, &hypothesis, mapping).into_iter().map(|lane| lane.name).collect()
        };
        assert_eq!(names(&[("S0".to_owned(), "Ann".to_owned())]), ["Ann = S0", "only found: S1"]);
        assert_eq!(names(&[]), ["Ann", "only found: S0", "only found: S1"]);
        assert_eq!(lanes(&[], &hypothesis, &[])[1].name, "S1");
    }

    #[test]
    fn colours_belong_to_speakers_not_to_lanes() {
        let (reference, hypothesis) = ([turn("Ann"), turn("Bo")], [turn("S0"), turn("S1")]);
        let mapping = [("S0".to_owned(), "Bo".to_owned())];
        let colours: Vec<usize> = lanes(&reference, &hypothesis, &mapping).iter().map(|lane| lane.colour).collect();
        // Ann has nobody, Bo is S0, and S1 is alone.
        assert_eq!(colours, [0, 0, 1]);
    }

    #[test]
    fn marks_are_at_round_times_and_few() {
        assert_eq!(ticks(30.0, 10), [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0]);
        assert_eq!(ticks(715.0, 10).last(), Some(&600.0));
        for duration_s in [0.0, 1e-3, 1e5, 1e12, 1e300] {
            assert!((1..=11).contains(&ticks(duration_s, 10).len()), "{duration_s}");
        }
    }

    #[test]
    fn times_below_a_timeline_never_collide() {
        // The narrowest timeline has 230 px, and the widest label (99:59:59) 55.
        for duration_s in [0.5, 3.0, 44.9, 119.0, 1799.0, 1800.0, 1801.0, 7300.0, 36_000.0, 86_400.0] {
            let text = times(duration_s).into_string();
            let places: Vec<f64> =
                text.split("left:").skip(1).map(|rest| rest.split_once('%').unwrap().0.parse().unwrap()).collect();
            assert!(places.windows(2).all(|pair| 2.3 * (pair[1] - pair[0]) >= 55.0), "{duration_s}: {text}");
            assert!(places.last().is_some_and(|last| 2.3 * (100.0 - last) >= 50.0), "{duration_s}: {text}");
        }
    }

    #[test]
    fn every_class_has_a_rule() {
        assert_eq!((class(13).as_str(), colour(13)), ("c1", COLOURS[1]));
        let rule = |(index, colour): (usize, &&str)| {
            format!(".{} {{ --colour: {colour}; fill: {colour}; background: {colour}; }}", class(index))
        };
        let rules: Vec<String> = COLOURS.iter().enumerate().map(rule).collect();
        assert_eq!(RULES.lines().skip(1).collect::<Vec<_>>(), rules);
    }

    /// Red, green, blue as seen with normal vision, and with protanopia, deuteranopia and
    /// tritanopia (G. Machado, M. Oliveira, L. Fernandes, "A Physiologically-based Model for
    /// Simulation of Color Vision Deficiency", 2009, severity 1).
    const SIGHTS: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];
    /// From linear sRGB to the responses of the cones, and from their cube roots to OKLab (B.
    /// Ottosson, "A perceptual color space for image processing", 2020).
    const CONES: [[f64; 3]; 3] = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ];
    const OKLAB: [[f64; 3]; 3] = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ];
    /// Share of red, green and blue in the luminance.
    const LUMINANCE: [f64; 3] = [0.2126, 0.7152, 0.0722];

    fn product(matrix: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
    }

    fn linear(colour: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// OKLab in per cent.
    fn oklab(rgb: [f64; 3]) -> [f64; 3] {
        product(&OKLAB, product(&CONES, rgb.map(|value| value.clamp(0.0, 1.0))).map(|cone| 100.0 * cone.cbrt()))
    }

    #[test]
    fn every_reader_can_distinguish_the_colours() {
        for (index, sight) in SIGHTS.iter().enumerate() {
            let seen = COLOURS.map(|colour| oklab(product(sight, linear(colour))));
            for (a, b) in (0..COLOURS.len()).flat_map(|b| (0..b).map(move |a| (a, b))) {
                let distance = seen[a].iter().zip(seen[b]).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                // A distance of 2 is just visible; most conversations have at most four speakers.
                let least = match (index, b) {
                    (0, _) => 17.0,
                    (_, 0..4) => 15.0,
                    (_, 4..6) => 10.0,
                    _ => 9.0,
                };
                assert!(distance > least, "{} and {}: {distance}", COLOURS[a], COLOURS[b]);
            }
        }
        // The pages have a white or a nearly black background.
        let luminance = |colour: &str| linear(colour).iter().zip(LUMINANCE).map(|(a, b)| a * b).sum::<f64>() + 0.05;
        for (colour, background) in COLOURS.iter().flat_map(|colour| [(colour, "#ffffff"), (colour, "#14171d")]) {
            let (a, b) = (luminance(colour), luminance(background));
            assert!(a.max(b) / a.min(b) >= 2.2, "{colour} on {background}");
        }
    }
}
