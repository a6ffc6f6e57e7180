//! Common parts of pictures of turns: colours, lanes, time marks.

use diarist::Turn;

/// Colours of speakers in their order, for light and dark backgrounds. Readers with a colour vision
/// deficiency can distinguish them (the tests have the measure), and no picture distinguishes
/// speakers by colour alone.
pub(crate) const COLOURS: [&str; 8] =
    ["#4477aa", "#d9720b", "#9130f2", "#8c5e46", "#8d79f2", "#a63a70", "#bf280a", "#21a67a"];

/// The class of the style sheet for the colour of the speaker at `index`.
pub(crate) fn class(index: usize) -> String {
    format!("c{}", index % COLOURS.len())
}

/// Rules of a style sheet for every [`class`].
pub(crate) fn rules() -> String {
    let rule = |(index, colour): (usize, &&str)| {
        format!(".c{index} {{ --colour: {colour}; fill: {colour}; background: {colour}; }}\n")
    };
    COLOURS.iter().enumerate().map(rule).collect()
}

/// A row of a picture.
#[derive(Debug, PartialEq)]
pub(crate) struct Lane<'a> {
    /// Label beside it.
    pub(crate) name: String,
    /// Turns of a speaker of the reference.
    pub(crate) reference: Vec<&'a Turn>,
    /// Turns of the hypothesis speaker.
    pub(crate) hypothesis: Vec<&'a Turn>,
}

/// A lane for each reference speaker, with the matching hypothesis speaker, then a lane for each
/// hypothesis speaker without a match. `mapping` has pairs of hypothesis and reference speaker.
pub(crate) fn lanes<'a>(reference: &'a [Turn], hypothesis: &'a [Turn], mapping: &[(String, String)]) -> Vec<Lane<'a>> {
    let counterpart = |reference: &str| mapping.iter().find(|(_, to)| to == reference).map(|(from, _)| from);
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    for name in speakers(reference) {
        let found = counterpart(name);
        lanes.push(Lane {
            name: found.map_or_else(|| name.to_owned(), |found| format!("{name} = {found}")),
            reference: turns_of(reference, name),
            hypothesis: found.map(|found| turns_of(hypothesis, found)).unwrap_or_default(),
        });
    }
    for found in speakers(hypothesis) {
        if mapping.iter().all(|(from, _)| from != found) {
            let name = if reference.is_empty() { found.to_owned() } else { format!("only found: {found}") };
            lanes.push(Lane { name, reference: Vec::new(), hypothesis: turns_of(hypothesis, found) });
        }
    }
    lanes
}

/// The turns of `speaker`.
pub(crate) fn turns_of<'a>(turns: &'a [Turn], speaker: &str) -> Vec<&'a Turn> {
    turns.iter().filter(|turn| turn.speaker == speaker).collect()
}

/// Names of speakers, sorted.
pub(crate) fn speakers(turns: &[Turn]) -> Vec<&str> {
    let mut names: Vec<&str> = turns.iter().map(|turn| turn.speaker.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Round times for at most ten marks.
pub(crate) fn ticks(duration_s: f64) -> impl Iterator<Item = f64> {
    let steps = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0];
    let longest = duration_s / 10.0;
    let step = steps.into_iter().find(|step| *step >= longest).unwrap_or(longest);
    (0..=(duration_s / step) as usize).map(move |index| index as f64 * step)
}

/// A length or a position in a picture, in its own units.
pub(crate) fn unit(value: f64) -> String {
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
    fn marks_are_at_round_times_and_few() {
        assert_eq!(ticks(30.0).collect::<Vec<_>>(), [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0]);
        assert_eq!(ticks(715.0).last(), Some(600.0));
        for duration_s in [0.0, 1e-3, 1e5, 1e12, 1e300] {
            assert!((1..=11).contains(&ticks(duration_s).count()), "{duration_s}");
        }
    }

    #[test]
    fn every_class_has_a_rule() {
        assert_eq!(class(9), "c1");
        assert!((0..20).all(|index| rules().contains(&format!(".{} {{", class(index)))));
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
    /// From linear sRGB to CIE XYZ (IEC 61966-2-1).
    const XYZ: [[f64; 3]; 3] =
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]];

    fn times(matrix: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
    }

    fn linear(colour: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// CIE L*a*b*.
    fn lab(rgb: [f64; 3]) -> [f64; 3] {
        let [x, y, z] = times(&XYZ, rgb.map(|value| value.clamp(0.0, 1.0)));
        let f = |t: f64| if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let (x, y, z) = (f(x / 0.95047), f(y), f(z / 1.08883));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    #[test]
    fn every_reader_can_distinguish_the_colours() {
        for sight in &SIGHTS {
            let seen = COLOURS.map(|colour| lab(times(sight, linear(colour))));
            for (a, b) in (0..COLOURS.len()).flat_map(|b| (0..b).map(move |a| (a, b))) {
                let distance = seen[a].iter().zip(seen[b]).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                // A distance of 2.3 is just visible; most conversations have at most four speakers.
                let least = if b < 4 { 30.0 } else { 18.0 };
                assert!(distance > least, "{} and {}: {distance}", COLOURS[a], COLOURS[b]);
            }
        }
        // WCAG 2.2 asks for a contrast of 3 for parts of graphics. The pages have a white or a
        // nearly black background.
        for (colour, background) in COLOURS.iter().flat_map(|colour| [(colour, "#ffffff"), (colour, "#14171d")]) {
            let [a, b] = [colour, background].map(|colour| times(&XYZ, linear(colour))[1] + 0.05);
            assert!(a.max(b) / a.min(b) >= 2.8, "{colour} on {background}");
        }
    }
}
