//! Output on stdout: a view for people on a terminal, JSON Lines elsewhere.

use std::io;

use diarist::parts::formats::json::{Document, milliseconds};
use diarist::parts::live::{Board, LiveResult};
use diarist::parts::timeline::ReadableSettings;
use diarist::{Error, LiveEvent, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::lines::{Lines, called};
use crate::{output, terminal};
use diarist_page::drawing::clock;

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
pub(super) struct View {
    place: Place,
    /// The first fault of stdout. No more events go there, but the result is tried.
    fault: Option<Error>,
}

enum Place {
    Json,
    Terminal {
        board: Board,
        lines: Lines,
        bar: ProgressBar,
        /// Seconds from a moment to the last decision about it.
        delay_s: f64,
    },
}

impl View {
    /// JSON Lines, or a screen whose turns are readable by `settings`. Events about a moment come
    /// at most `delay_s` seconds after it.
    pub(super) fn new(json: bool, settings: ReadableSettings, delay_s: f64) -> Self {
        if json {
            return Self { place: Place::Json, fault: None };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
        bar.set_style(ProgressStyle::with_template("{msg}").expect("the template is well formed"));
        bar.set_message("listening");
        let place = Place::Terminal { board: Board::default(), lines: Lines::new(settings), bar, delay_s };
        Self { place, fault: None }
    }

    /// Whether people see the view.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(self.place, Place::Terminal { .. })
    }

    /// Whether the reader of stdout is gone.
    pub(super) fn is_abandoned(&self) -> bool {
        self.fault.as_ref().is_some_and(is_closed)
    }

    fn line(&mut self, heard_s: f64, event: &impl Serialize) {
        if self.fault.is_none() {
            self.fault = line(heard_s, event).err();
        }
    }

    /// Redraws the last line of a terminal.
    pub(super) fn tick(&self) {
        if let Place::Terminal { bar, .. } = &self.place {
            bar.tick();
        }
    }

    /// Shows changes after `heard_s` seconds of audio.
    pub(super) fn events(&mut self, heard_s: f64, events: &[LiveEvent]) {
        match &mut self.place {
            Place::Json => events.iter().for_each(|event| self.line(heard_s, event)),
            Place::Terminal { board, lines, bar, delay_s } => {
                for event in events {
                    board.apply(event);
                    if let Some(text) = lines.event(board, event) {
                        bar.println(terminal::cell(&text));
                    }
                }
                lines.ripe(board, heard_s - *delay_s).iter().for_each(|text| bar.println(terminal::cell(text)));
                bar.set_message(terminal::cell(&now(board, heard_s)));
                board.forget_before(heard_s - KEPT_S);
            }
        }
    }

    pub(super) fn behind(&mut self, heard_s: f64, seconds: f64) {
        match &self.place {
            Place::Json => self.line(heard_s, &Notice::Behind { seconds: milliseconds(seconds) }),
            Place::Terminal { bar, .. } => bar.println(format!("{seconds:.1} s behind")),
        }
    }

    pub(super) fn lost(&mut self, heard_s: f64, num_samples: usize) {
        let seconds = num_samples as f64 / f64::from(diarist::parts::segmentation::SAMPLE_RATE);
        match &self.place {
            Place::Json => self.line(heard_s, &Notice::Lost { seconds: milliseconds(seconds) }),
            Place::Terminal { bar, .. } => bar.println(format!("{seconds:.1} s of audio were lost")),
        }
    }

    /// Shows the last events and the result.
    pub(super) fn finish(&mut self, result: &LiveResult) -> Result<()> {
        let heard_s = result.diarization.duration_s;
        self.events(heard_s, &result.events);
        match &mut self.place {
            Place::Json => {
                if let Some(closed) = self.fault.take_if(|fault| is_closed(fault)) {
                    return Err(closed);
                }
                let document = Document::new(&result.diarization);
                let text = json_line(heard_s, &Notice::Result { result: Box::new(document) });
                output::to_stdout(text.as_bytes())
                    .map_err(|error| output::keep_for(error, "result.json", text.as_bytes()))?;
                // Events are missing before the result.
                self.fault.take().map_or(Ok(()), Err)
            }
            Place::Terminal { board, lines, bar, .. } => {
                lines.ripe(board, f64::INFINITY).iter().for_each(|text| bar.println(terminal::cell(text)));
                for speaker in &result.diarization.speakers {
                    let (speech, turns) = (clock(speaker.speech_s), speaker.num_turns);
                    let name = terminal::cell(speaker.name.as_ref().unwrap_or(&speaker.label));
                    bar.println(format!("{name}  {speech} in {turns} turn{}", if turns == 1 { "" } else { "s" }));
                }
                bar.finish_and_clear();
                Ok(())
            }
        }
    }
}

fn line(heard_s: f64, event: &impl Serialize) -> Result<()> {
    output::to_stdout(json_line(heard_s, event).as_bytes())
}

fn json_line(heard_s: f64, event: &impl Serialize) -> String {
    let line = Line { heard_s: milliseconds(heard_s), event };
    serde_json::to_string(&line).expect("every field has a JSON form") + "\n"
}

/// Whether the reader of stdout has closed it.
fn is_closed(fault: &Error) -> bool {
    let source = std::error::Error::source(fault).and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
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
    fn the_bottom_line_has_the_current_speakers() {
        let mut board = Board::default();
        board.apply(&LiveEvent::Opened { turn: 0, speaker: 1, start_s: 61.0 });
        assert_eq!(now(&board, 63.0), "    1:03   speaker 1");
        board.apply(&LiveEvent::Opened { turn: 1, speaker: 2, start_s: 62.0 });
        assert_eq!(now(&board, 63.0), "    1:03   speaker 1 and speaker 2 at the same time");
    }
}
