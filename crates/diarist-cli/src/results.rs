//! What several commands let choose about results: the number of speakers, and the form.

use std::time::Instant;

use diarist::Result;
use diarist::clustering::SpeakerBounds;
use diarist::formats::{json, rttm};
use diarist::pipeline::{Diarization, DiarizationOptions};

use crate::names::Named;

/// How many speakers there may be.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Number of speakers")]
pub(crate) struct SpeakerArgs {
    /// Exactly N speakers
    #[arg(long, value_name = "N")]
    num_speakers: Option<usize>,
    /// At least N speakers
    #[arg(long, value_name = "N")]
    min_speakers: Option<usize>,
    /// At most N speakers
    #[arg(long, value_name = "N")]
    max_speakers: Option<usize>,
}

impl SpeakerArgs {
    /// The bounds, if they do not contradict each other.
    pub(crate) fn bounds(self) -> Result<SpeakerBounds> {
        SpeakerBounds::new(self.num_speakers, self.min_speakers, self.max_speakers)
    }
}

/// How a result is written.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct FormArgs {
    /// RTTM, or JSON with one line per recording
    #[arg(long, value_enum, default_value_t = Format::Rttm)]
    format: Format,
    /// Writes the exclusive timeline: at most one speaker at a time (JSON always holds both)
    #[arg(long)]
    exclusive: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Rttm,
    Json,
}

impl FormArgs {
    /// `result`, which was made with `options`, as text, with names of people if they were looked for.
    pub(crate) fn render(
        self,
        result: &Diarization,
        options: &DiarizationOptions,
        named: Option<&Named>,
    ) -> Result<String> {
        let turns = if self.exclusive { &result.exclusive } else { &result.diarization };
        match (self.format, named) {
            (Format::Rttm, None) => rttm::write(turns),
            (Format::Rttm, Some(named)) => rttm::write(&named.rename(turns)),
            (Format::Json, _) => Ok(render_json(result, options, named) + "\n"),
        }
    }

    /// The extension of a file of that form.
    pub(crate) fn extension(self) -> &'static str {
        match self.format {
            Format::Rttm => "rttm",
            Format::Json => "json",
        }
    }
}

/// The document tells what it took to make it, so it is made once to know that, and once with it.
fn render_json(result: &Diarization, options: &DiarizationOptions, named: Option<&Named>) -> String {
    let clock = Instant::now();
    let mut document = json::Document::new(result, options);
    if let Some(named) = named {
        document.set_names(&named.found);
    }
    document.to_line();
    let mut timings = result.timings;
    timings.add_output(clock.elapsed());
    document.timings = json::JsonTimings::new(&timings, result.duration_s);
    document.to_line()
}
