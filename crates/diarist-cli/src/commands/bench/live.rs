//! `diarist bench --mode live`: the turns that a listener would have seen, moment by moment.

use std::collections::BTreeMap;
use std::time::Instant;

use cpu_time::ProcessTime;
use diarist::parts::audio::{self, AudioSource};
use diarist::parts::inference::Timings;
use diarist::parts::live::Board;
use diarist::parts::metrics::{ScoreOptions, score};
use diarist::parts::segmentation::SAMPLE_RATE;
use diarist::parts::timeline::Annotation;
use diarist::{Diarization, Diarizer, Error, Live, LiveEvent, LiveSettings, Result, Turn};
use serde::{Deserialize, Serialize};

use super::rules::Rules;
use crate::dataset::Item;

/// Options of live measurement.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Live")]
pub(super) struct LiveModeArgs {
    /// Measures the offline pipeline, or the first decision of `diarist live` about every moment
    #[arg(long, value_enum, default_value_t = Mode::Offline)]
    mode: Mode,
    /// Seconds from a moment to the decision about its speakers [default: 2; 10 with fluidaudio]
    #[arg(long, value_name = "SECONDS")]
    latency: Option<f64>,
    /// Seconds of new audio between two windows [default: 0.5; 10 with fluidaudio]
    #[arg(long, value_name = "SECONDS")]
    live_step: Option<f64>,
    /// Rules that assign local speakers to speakers
    #[arg(long, value_enum, default_value_t = Rules::Diarist)]
    live_rules: Rules,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Mode {
    Offline,
    Live,
}

/// Settings and rules of live measurement.
#[derive(Debug, Clone)]
pub(super) struct LiveChoice {
    settings: LiveSettings,
    rules: Rules,
}

/// The options that live figures depend on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LiveSetup {
    pub(super) latency_s: f64,
    pub(super) step_s: f64,
    pub(super) rules: String,
}

/// Live figures of one recording. The error rates beside them are those of the first decisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LiveFigures {
    /// Seconds of reference speech, the denominator of the rates.
    pub(super) total_s: f64,
    /// Seconds of error of the turns after all corrections.
    pub(super) revised_error_s: f64,
    /// Seconds of error of the final result.
    pub(super) final_error_s: f64,
    /// Number of turns of reference speakers that got another speaker than the turn before.
    pub(super) num_switches: usize,
    /// Seconds from a moment to the decision about it: the median and the 99th percentile.
    pub(super) latency_p50_s: f64,
    pub(super) latency_p99_s: f64,
    /// CPU time of the process per second of audio, without the final result.
    pub(super) cpu_s_per_s: f64,
}

impl LiveModeArgs {
    pub(super) fn is_live(&self) -> bool {
        self.mode == Mode::Live
    }

    /// Settings and rules of live measurement, or `None` for offline measurement.
    pub(super) fn choice(&self) -> Result<Option<LiveChoice>> {
        if self.mode == Mode::Offline {
            if self.latency.is_some() || self.live_step.is_some() || self.live_rules != Rules::Diarist {
                return Err(Error::invalid_option(
                    "--latency, --live-step and --live-rules belong to live measurement",
                )
                .hint("add --mode live"));
            }
            return Ok(None);
        }
        let is_fluidaudio = self.live_rules == Rules::Fluidaudio;
        let settings = LiveSettings {
            latency_s: self.latency.unwrap_or(if is_fluidaudio { 10.0 } else { 2.0 }),
            step_s: self.live_step.unwrap_or(if is_fluidaudio { 10.0 } else { 0.5 }),
        };
        self.live_rules.check(&settings)?;
        settings.validate()?;
        Ok(Some(LiveChoice { settings, rules: self.live_rules }))
    }
}

impl LiveSetup {
    pub(super) fn new(choice: &LiveChoice) -> Self {
        let LiveChoice { settings, rules } = choice;
        Self { latency_s: settings.latency_s, step_s: settings.step_s, rules: rules.name().to_owned() }
    }
}

/// Runs `item` through live diarization, step after step. The turns of the result are the first
/// decisions.
pub(super) fn measure(
    diarizer: &Diarizer,
    item: &Item,
    choice: &LiveChoice,
    score_options: &ScoreOptions,
) -> Result<(Diarization, LiveFigures)> {
    let mut source = audio::open(&item.audio)?;
    let mut samples = Vec::new();
    while source.read(&mut samples)? {}
    let LiveChoice { settings, rules } = choice;
    let mut live = Live::new(diarizer, settings)?;
    if let Some(rules) = rules.start() {
        live = live.with_rules(rules);
    }
    let (mut first, mut board) = (FirstDecisions::default(), Board::default());
    let step_samples = (settings.step_s * f64::from(SAMPLE_RATE)).round() as usize;
    let mut computing_s = Vec::new();
    let (clock, cpu) = (Instant::now(), ProcessTime::now());
    for piece in samples.chunks(step_samples) {
        let clock = Instant::now();
        let events = live.push(piece)?;
        computing_s.push(clock.elapsed().as_secs_f64());
        events.iter().for_each(|event| first.apply(event, &mut board));
    }
    let (wall_s, cpu_s) = (clock.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    let result = live.finish(&item.file_id)?;
    result.events.iter().for_each(|event| first.apply(event, &mut board));

    let duration_s = result.diarization.duration_s;
    let regions = item.regions(duration_s);
    let error_s = |hypothesis: &Annotation| -> Result<(f64, f64)> {
        let der = score(&item.reference, hypothesis, Some(&regions), score_options)?.der;
        Ok((der.total_s, der.missed_detection_s + der.false_alarm_s + der.confusion_s))
    };
    let decided = first.annotation(&item.file_id);
    let (total_s, revised_error_s) = error_s(&board.annotation(&item.file_id))?;
    let mut latencies = latencies(settings, &computing_s);
    let figures = LiveFigures {
        total_s,
        revised_error_s,
        final_error_s: error_s(&result.diarization.annotation())?.1,
        num_switches: num_switches(&item.reference, &decided),
        latency_p50_s: percentile(&mut latencies, 0.5),
        latency_p99_s: percentile(&mut latencies, 0.99),
        cpu_s_per_s: cpu_s / duration_s.max(1e-9),
    };
    let mut result = result.diarization;
    (result.turns, result.timings) = (decided.turns, Timings { total_s: wall_s, ..Timings::default() });
    Ok((result, figures))
}

/// The turns by the first decision about every moment.
#[derive(Debug, Default)]
struct FirstDecisions {
    /// Start, end and speaker.
    parts: Vec<(f64, f64, u32)>,
    /// The current part of each open turn.
    part_of: BTreeMap<u64, usize>,
    /// End of what has been decided.
    decided_s: f64,
}

impl FirstDecisions {
    /// Applies an event, also to `board`.
    fn apply(&mut self, event: &LiveEvent, board: &mut Board) {
        board.apply(event);
        match *event {
            LiveEvent::Opened { turn, speaker, start_s } => self.begin(turn, start_s, speaker),
            LiveEvent::Extended { turn, end_s } => self.extend(self.part_of[&turn], end_s),
            LiveEvent::Closed { turn, end_s } => {
                if let Some(part) = self.part_of.remove(&turn) {
                    self.extend(part, end_s);
                }
            }
            LiveEvent::Removed { turn } => {
                self.part_of.remove(&turn);
            }
            // Later moments of the turn have the new speaker.
            LiveEvent::Relabelled { turn, speaker } => {
                if let Some(part) = self.part_of.get(&turn) {
                    self.begin(turn, self.parts[*part].1, speaker);
                }
            }
            LiveEvent::Moved { .. } | LiveEvent::Named { .. } | LiveEvent::Labelled { .. } => {}
            LiveEvent::Merged { speaker, into } => {
                let open: Vec<(u64, usize)> = self.part_of.iter().map(|(&turn, &part)| (turn, part)).collect();
                for (turn, part) in open {
                    if self.parts[part].2 == speaker {
                        self.begin(turn, self.parts[part].1, into);
                    }
                }
            }
        }
    }

    /// Begins a part of `turn`. Before the end of what was decided, it is a correction.
    fn begin(&mut self, turn: u64, start_s: f64, speaker: u32) {
        let start_s = start_s.max(self.decided_s);
        self.part_of.insert(turn, self.parts.len());
        self.parts.push((start_s, start_s, speaker));
    }

    /// Extends a part. An earlier end is a correction.
    fn extend(&mut self, part: usize, end_s: f64) {
        self.parts[part].1 = self.parts[part].1.max(end_s);
        self.decided_s = self.decided_s.max(end_s);
    }

    fn annotation(&self, file_id: &str) -> Annotation {
        let parts = self.parts.iter().filter(|(start_s, end_s, _)| end_s > start_s);
        let mut turns: Vec<Turn> =
            parts.map(|&(start_s, end_s, id)| Turn::new(start_s, end_s, id.to_string())).collect();
        turns.sort_by(Turn::chronological);
        Annotation { file_id: file_id.to_owned(), turns }
    }
}

/// The number of turns with another main speaker than the reference speaker's previous turn. The
/// main speaker of a turn is the hypothesis speaker with most of it; turns without one do not
/// count.
fn num_switches(reference: &Annotation, hypothesis: &Annotation) -> usize {
    let mut num_switches = 0;
    for speaker in reference.speakers() {
        let mut last: Option<&str> = None;
        for turn in reference.turns.iter().filter(|turn| turn.speaker == speaker) {
            let mut shared: BTreeMap<&str, f64> = BTreeMap::new();
            for other in &hypothesis.turns {
                let both = other.end_s.min(turn.end_s) - other.start_s.max(turn.start_s);
                if both > 0.0 {
                    *shared.entry(&other.speaker).or_default() += both;
                }
            }
            let Some((&most, _)) = shared.iter().max_by(|a, b| a.1.total_cmp(b.1)) else { continue };
            num_switches += usize::from(last.is_some_and(|last| last != most));
            last = Some(most);
        }
    }
    num_switches
}

/// Seconds from moments to the decisions about them. A window comes up to a step after the earliest
/// possible time, and takes time to compute.
fn latencies(settings: &LiveSettings, computing_s: &[f64]) -> Vec<f64> {
    const MOMENTS: usize = 10;
    let waits = (0..MOMENTS).map(|moment| settings.step_s * (moment as f64 + 0.5) / MOMENTS as f64);
    let waits: Vec<f64> = waits.map(|wait_s| settings.latency_s + wait_s).collect();
    computing_s.iter().flat_map(|computing_s| waits.iter().map(move |wait_s| wait_s + computing_s)).collect()
}

fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (part * values.len() as f64) as usize;
    values.get(index.min(values.len().saturating_sub(1))).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(turns: &[(f64, f64, &str)]) -> Annotation {
        let turn = |&(start, end, speaker): &(f64, f64, &str)| Turn::new(start, end, speaker);
        Annotation { file_id: "a".to_owned(), turns: turns.iter().map(turn).collect() }
    }

    #[test]
    fn a_switch_is_a_change_from_one_turn_to_the_next() {
        let reference = annotation(&[
            (0.0, 2.0, "ann"),
            (2.0, 4.0, "bob"),
            (4.0, 6.0, "ann"),
            (8.0, 9.0, "ann"),
            (9.0, 9.5, "ann"),
        ]);
        let same = annotation(&[(0.0, 2.0, "1"), (2.0, 4.0, "2"), (4.0, 9.5, "1")]);
        assert_eq!(num_switches(&reference, &same), 0);
        // No speaker has bob's turn or ann's third turn. Most of her second is 2's, and her fourth
        // is 1's again.
        let other = annotation(&[(0.0, 2.0, "1"), (4.0, 4.9, "1"), (4.9, 6.0, "2"), (9.0, 9.5, "1")]);
        assert_eq!(num_switches(&reference, &other), 2);
    }

    #[test]
    fn first_decisions_stay() {
        let (mut first, mut board) = (FirstDecisions::default(), Board::default());
        let events = [
            LiveEvent::Opened { turn: 0, speaker: 1, start_s: 0.0 },
            LiveEvent::Extended { turn: 0, end_s: 2.0 },
            LiveEvent::Relabelled { turn: 0, speaker: 2 },
            LiveEvent::Extended { turn: 0, end_s: 3.0 },
            LiveEvent::Merged { speaker: 2, into: 5 },
            LiveEvent::Closed { turn: 0, end_s: 4.0 },
            LiveEvent::Relabelled { turn: 0, speaker: 7 },
            // A turn of the past is a correction, and one that goes on counts from now on.
            LiveEvent::Opened { turn: 1, speaker: 8, start_s: 1.0 },
            LiveEvent::Closed { turn: 1, end_s: 2.0 },
            LiveEvent::Moved { turn: 0, start_s: 2.0, end_s: 4.0 },
            LiveEvent::Opened { turn: 2, speaker: 9, start_s: 3.0 },
            LiveEvent::Extended { turn: 2, end_s: 4.5 },
            LiveEvent::Removed { turn: 2 },
        ];
        events.iter().for_each(|event| first.apply(event, &mut board));
        let expected = annotation(&[(0.0, 2.0, "1"), (2.0, 3.0, "2"), (3.0, 4.0, "5"), (4.0, 4.5, "9")]);
        assert_eq!(first.annotation("a"), expected);
        assert_eq!(board.annotation("a"), annotation(&[(1.0, 2.0, "8"), (2.0, 4.0, "7")]));
    }

    #[test]
    fn latency_is_the_wait_and_the_computation() {
        let settings = LiveSettings { latency_s: 2.0, step_s: 0.5 };
        let mut latencies = latencies(&settings, &[0.1; 100]);
        assert!((percentile(&mut latencies, 0.5) - 2.375).abs() < 1e-9);
        assert!((percentile(&mut latencies, 0.99) - 2.575).abs() < 1e-9);
        assert_eq!(percentile(&mut [], 0.5), 0.0);
    }
}
