//! Output on stdout: a view for people on a terminal, JSON Lines elsewhere.

use std::io::{self, Write};

use diarist::parts::formats::json::Document;
use diarist::parts::live::{Board, LiveResult};
use diarist::{Error, ErrorKind, LiveEvent, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::progress::clock;

/// Seconds for which the screen still shows corrections of a turn that is over.
const KEPT_S: f64 = 600.0;

/// One line of JSON.
#[derive(Debug, Serialize)]
struct Line<'a, Event> {
    /// Seconds of audio heard so far.
    heard_s: f64,
    #[serde(flatten)]
    event: &'a Event,
}

/// Events that are not about turns.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Notice {
    /// The newest audio has waited for this long.
    Behind { seconds: f64 },
    /// This much audio was lost and replaced with silence.
    Lost { seconds: f64 },
    /// The recording is over.
    Result { result: Box<Document> },
}

/// Destination of the events.
pub(super) enum View {
    Json,
    Terminal { board: Board, bar: ProgressBar },
}

impl View {
    pub(super) fn new(json: bool) -> Self {
        if json {
            return Self::Json;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
        bar.set_style(ProgressStyle::with_template("{msg}").expect("the template is well formed"));
        bar.set_message("listening");
        Self::Terminal { board: Board::default(), bar }
    }

    /// Redraws the last line of a terminal.
    pub(super) fn tick(&self) {
        if let Self::Terminal { bar, .. } = self {
            bar.tick();
        }
    }

    /// Shows changes after `heard_s` seconds of audio.
    pub(super) fn events(&mut self, heard_s: f64, events: &[LiveEvent]) -> Result<()> {
        match self {
            Self::Json => events.iter().try_for_each(|event| line(heard_s, event)),
            Self::Terminal { board, bar } => {
                for event in events {
                    board.apply(event);
                    if let Some(text) = lasting_line(board, event) {
                        bar.println(text);
                    }
                }
                bar.set_message(now(board, heard_s));
                board.forget_before(heard_s - KEPT_S);
                Ok(())
            }
        }
    }

    pub(super) fn behind(&mut self, heard_s: f64, seconds: f64) -> Result<()> {
        match self {
            Self::Json => line(heard_s, &Notice::Behind { seconds }),
            Self::Terminal { bar, .. } => {
                bar.println(format!("{seconds:.1} s behind"));
                Ok(())
            }
        }
    }

    pub(super) fn lost(&mut self, heard_s: f64, num_samples: usize) -> Result<()> {
        let seconds = num_samples as f64 / f64::from(diarist::parts::segmentation::SAMPLE_RATE);
        match self {
            Self::Json => line(heard_s, &Notice::Lost { seconds }),
            Self::Terminal { bar, .. } => {
                bar.println(format!("{seconds:.1} s of audio were lost"));
                Ok(())
            }
        }
    }

    /// Shows the last events and the result.
    pub(super) fn finish(&mut self, result: &LiveResult) -> Result<()> {
        let heard_s = result.diarization.duration_s;
        self.events(heard_s, &result.events)?;
        match self {
            Self::Json => {
                let document = Document::new(&result.diarization);
                line(heard_s, &Notice::Result { result: Box::new(document) })
            }
            Self::Terminal { bar, .. } => {
                for speaker in &result.diarization.speakers {
                    let (speech, turns) = (clock(speaker.speech_s), speaker.num_turns);
                    bar.println(format!(
                        "{}  {speech} in {turns} turn{}",
                        speaker.name.as_ref().unwrap_or(&speaker.label),
                        if turns == 1 { "" } else { "s" }
                    ));
                }
                bar.finish_and_clear();
                Ok(())
            }
        }
    }
}

fn line<Event: Serialize>(heard_s: f64, event: &Event) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = serde_json::to_writer(&mut stdout, &Line { heard_s, event }).map_err(io::Error::from);
    written
        .and_then(|()| stdout.write_all(b"\n"))
        .and_then(|()| stdout.flush())
        .map_err(|error| Error::new(ErrorKind::Output, "stdout cannot be written").caused_by(error))
}

/// The name or number of a speaker.
fn called(board: &Board, speaker: u32) -> String {
    board.name(speaker).map_or_else(|| format!("speaker {speaker}"), str::to_owned)
}

/// A line that stays on the screen, for a turn that is over or a correction of one.
fn lasting_line(board: &Board, event: &LiveEvent) -> Option<String> {
    match *event {
        LiveEvent::Closed { turn, .. } => {
            let turn = board.get(turn)?;
            let (start, end) = (clock(turn.start_s), clock(turn.end_s));
            let (speaker, length_s) = (called(board, turn.speaker), turn.end_s - turn.start_s);
            Some(format!("{start:>8} - {end:<8} {speaker} ({length_s:.1} s)"))
        }
        LiveEvent::Relabelled { turn, speaker } => {
            let turn = board.get(turn).filter(|turn| !turn.is_open)?;
            Some(format!("{:>8}: that was {}", clock(turn.start_s), called(board, speaker)))
        }
        LiveEvent::Merged { speaker, into } => Some(format!("          speaker {speaker} is {}", called(board, into))),
        LiveEvent::Named { speaker, ref name, .. } => {
            Some(format!("          speaker {speaker} is {}", name.as_deref().unwrap_or("somebody unknown")))
        }
        LiveEvent::Opened { .. } | LiveEvent::Extended { .. } => None,
    }
}

/// The line at the bottom, with the current speakers.
fn now(board: &Board, heard_s: f64) -> String {
    let open: Vec<String> =
        board.turns().filter(|(_, turn)| turn.is_open).map(|(_, turn)| called(board, turn.speaker)).collect();
    let text = match open.len() {
        0 => "silence".to_owned(),
        1 => open[0].clone(),
        _ => format!("{} at the same time", open.join(" and ")),
    };
    format!("{:>8}   {text}", clock(heard_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_has_the_time_and_the_event() {
        let event = LiveEvent::Extended { turn: 3, end_s: 1.5 };
        let text = serde_json::to_string(&Line { heard_s: 4.0, event: &event }).unwrap();
        assert_eq!(text, r#"{"heard_s":4.0,"event":"extended","turn":3,"end_s":1.5}"#);
        let text = serde_json::to_string(&Line { heard_s: 4.0, event: &Notice::Lost { seconds: 0.5 } }).unwrap();
        assert_eq!(text, r#"{"heard_s":4.0,"event":"lost","seconds":0.5}"#);
    }

    #[test]
    fn the_screen_shows_turns_that_are_over_and_current_speakers() {
        let mut board = Board::default();
        let line_of = |board: &mut Board, event| {
            board.apply(&event);
            lasting_line(board, &event)
        };
        assert_eq!(line_of(&mut board, LiveEvent::Opened { turn: 0, speaker: 1, start_s: 61.0 }), None);
        assert_eq!(now(&board, 63.0), "    1:03   speaker 1");
        line_of(&mut board, LiveEvent::Opened { turn: 1, speaker: 2, start_s: 62.0 });
        assert_eq!(now(&board, 63.0), "    1:03   speaker 1 and speaker 2 at the same time");
        let closed = line_of(&mut board, LiveEvent::Closed { turn: 0, end_s: 64.5 });
        assert_eq!(closed.unwrap(), "    1:01 - 1:05     speaker 1 (3.5 s)");
        let named = LiveEvent::Named { speaker: 2, name: Some("Ann".to_owned()), probability: Some(1.0) };
        assert_eq!(line_of(&mut board, named).unwrap(), "          speaker 2 is Ann");
        let relabelled = line_of(&mut board, LiveEvent::Relabelled { turn: 0, speaker: 2 });
        assert_eq!(relabelled.unwrap(), "    1:01: that was Ann");
        assert_eq!(line_of(&mut board, LiveEvent::Relabelled { turn: 1, speaker: 3 }), None, "it still goes on");
    }
}
