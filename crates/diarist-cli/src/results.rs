//! Results of several commands: read from files, and written in a format of the user's choice.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ValueEnum;
use diarist::parts::analysis::saved;
use diarist::parts::diarizer;
use diarist::parts::files;
use diarist::parts::formats::{self, Format, Labels, json, rttm};
use diarist::parts::range::Range;
use diarist::parts::timeline::{Annotation, ReadableSettings, readable};
use diarist::{Diarization, Error, Result, Settings};

use crate::output::{self, Readers};
use diarist_page::Sound;

/// Extensions of results, for messages.
const EXTENSIONS: &str = "rttm json jsonl csv srt vtt txt lab TextGrid eaf uem html";

/// A result to read.
#[derive(Debug, clap::Args)]
pub(crate) struct ResultArgs {
    /// File with turns, in a format that --from lists, or a saved analysis (.diarist); - for stdin
    #[arg(value_name = "RESULT")]
    input: PathBuf,
    /// Format of RESULT [default: by its extension]
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Input")]
    from: Option<ResultFormat>,
    /// Takes only the recording with this name
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    file_id: Option<String>,
    /// Takes only the tier with this name, of a TextGrid or an EAF. May be given several times
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    tier: Vec<String>,
}

impl ResultArgs {
    /// Path of the result.
    pub(crate) fn path(&self) -> &Path {
        &self.input
    }

    /// Name of the result in messages.
    pub(crate) fn name(&self) -> String {
        name(&self.input)
    }

    /// The recordings asked for, at least one.
    pub(crate) fn read(&self) -> Result<Vec<Labels>> {
        let is_analysis = self.input.extension().is_some_and(|extension| extension == "diarist");
        let mut recordings = if self.from.is_none() && is_analysis {
            vec![of_analysis(&bytes(&self.input)?).map_err(|error| error.at(self.name()))?]
        } else {
            let format = format_for(self.from, &self.input, "--from")?;
            parse_tiers(&bytes(&self.input)?, format, &self.input, &self.tier)?
        };
        if let Some(id) = &self.file_id {
            recordings.retain(|recording| recording.turns.file_id == *id);
            if recordings.is_empty() {
                return Err(Error::input(format!("there is no recording {id}")).at(self.name()));
            }
        }
        Ok(recordings)
    }
}

/// The turns of a saved analysis with its corrections, as `diarist cluster` makes them without
/// options.
pub(crate) fn of_analysis(bytes: &[u8]) -> Result<Labels> {
    let found = saved::read(bytes)?;
    if !found.is_whole {
        return Err(Error::input("the analysis is not whole").hint("`diarist cluster --partial` reads what there is"));
    }
    let result = diarizer::cluster(&found.analysis, &Settings::default())?;
    Ok(Labels {
        duration_s: Some(result.duration_s),
        exclusive: Some(result.exclusive_annotation()),
        ..Labels::from(result.annotation())
    })
}

/// The contents of the file at `path`, or of stdin if that is `-`.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>> {
    if is_stdin(path) {
        return files::read_from(io::stdin().lock()).map_err(|error| error.at(name(path)));
    }
    files::read(path)
}

/// The recordings in `bytes`, the contents of `path`: at least one, since a file without turns is a
/// recording without turns.
pub(crate) fn parse(bytes: &[u8], format: ResultFormat, path: &Path) -> Result<Vec<Labels>> {
    parse_tiers(bytes, format, path, &[])
}

/// As [`parse`], but only `tiers`, unless there are none.
fn parse_tiers(bytes: &[u8], format: ResultFormat, path: &Path, tiers: &[String]) -> Result<Vec<Labels>> {
    let stem =
        if is_stdin(path) { name(path) } else { path.file_stem().unwrap_or_default().to_string_lossy().into_owned() };
    let stem = rttm::field(&stem);
    let format = format.in_library().ok_or_else(|| {
        Error::input("a page cannot be read back").hint("give the result that it was made from").at(name(path))
    })?;
    let recordings = match tiers {
        [] => formats::read(bytes, format, &stem),
        tiers => formats::read_tiers(bytes, format, &stem, tiers).map(|labels| vec![labels]),
    };
    let mut recordings = recordings.map_err(|error| error.at(name(path)))?;
    if recordings.is_empty() {
        recordings.push(Labels::from(Annotation { file_id: stem, turns: Vec::new() }));
    }
    Ok(recordings)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Name of an input in messages.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() }
}

/// The format asked for with `option`, or that of the extension.
pub(crate) fn format_for(asked: Option<ResultFormat>, path: &Path, option: &str) -> Result<ResultFormat> {
    asked.or_else(|| ResultFormat::of_path(path)).ok_or_else(|| {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let hint = match extension.as_deref() {
            _ if is_stdin(path) => format!("leave it out for stdout, or name the format with {option}"),
            Some("docx" | "md") => {
                format!("`diarist assign` writes transcripts; this command writes turns, in the format of {option}")
            }
            _ => format!("name the format with {option}; extensions are {EXTENSIONS}"),
        };
        Error::invalid_option("the extension is not that of a format").hint(hint).at(path.display().to_string())
    })
}

/// Format and timeline of a result to write.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct FormatArgs {
    /// Format of the result [default: by the extension of --output, or rttm on stdout]. Several,
    /// separated by commas, need --output-dir
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMAT")]
    format: Vec<ResultFormat>,
    /// Writes the exclusive timeline: at most one speaker at a time (JSON always holds both)
    #[arg(long)]
    exclusive: bool,
    #[command(flatten)]
    readable: ReadableArgs,
}

/// Limits of turns for people to read.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Readable turns (pages, plots, subtitles, screen)")]
pub(crate) struct ReadableArgs {
    /// Joins turns of a speaker with a shorter pause between them, 0 to 60 [default: 0.4]
    /// (`convert` changes subtitles only if this or --min-turn is given)
    #[arg(long, value_name = "SECONDS", value_parser = max_gap, allow_negative_numbers = true)]
    max_gap: Option<f64>,
    /// Then leaves out shorter turns, 0 to 60, but never a whole speaker [default: 0.2]
    #[arg(long, value_name = "SECONDS", value_parser = min_turn, allow_negative_numbers = true)]
    min_turn: Option<f64>,
}

impl ReadableArgs {
    /// Whether one of the limits was given.
    pub(crate) fn is_given(&self) -> bool {
        self.max_gap.is_some() || self.min_turn.is_some()
    }

    /// The limits, with defaults for those that were not given.
    pub(crate) fn settings(&self) -> ReadableSettings {
        let default = ReadableSettings::default();
        ReadableSettings {
            max_gap_s: self.max_gap.unwrap_or(default.max_gap_s),
            min_turn_s: self.min_turn.unwrap_or(default.min_turn_s),
        }
    }

    /// `recording` with turns for people to read.
    pub(crate) fn apply(&self, recording: &Labels) -> Labels {
        let turns = readable(&recording.turns.turns, &self.settings());
        let file_id = recording.turns.file_id.clone();
        Labels { turns: Annotation { file_id, turns }, ..recording.clone() }
    }
}

fn max_gap(text: &str) -> std::result::Result<f64, String> {
    seconds(text, ReadableSettings::MAX_GAP_S)
}

fn min_turn(text: &str) -> std::result::Result<f64, String> {
    seconds(text, ReadableSettings::MIN_TURN_S)
}

fn seconds(text: &str, range: Range) -> std::result::Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    range.check(value).map(|()| value).map_err(|error| error.to_string())
}

/// A format of results: one of the library's, or a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ResultFormat {
    /// A line for each turn, for other programs that diarize or score
    Rttm,
    /// All fields of the result; one line per recording
    Json,
    /// A table: recording, start, end, speaker
    Csv,
    /// SubRip subtitles, one for each turn
    Srt,
    /// WebVTT subtitles, one for each turn
    Vtt,
    /// A label track for Audacity (.txt)
    Audacity,
    /// A tier for each speaker, for Praat
    #[value(name = "textgrid")]
    TextGrid,
    /// A tier for each speaker, for ELAN
    Eaf,
    /// The extent of the recording, for scoring; without speakers
    Uem,
    /// A page for browsers: player, timeline, speaking time
    Html,
}

impl FormatArgs {
    /// The formats to write. Without a choice, the extension of `output` decides. Stdout, devices
    /// and pipes have none and get RTTM.
    pub(crate) fn formats(&self, output: Option<&Path>) -> Result<Vec<ResultFormat>> {
        match output.filter(|path| !output::is_special(path)) {
            _ if !self.format.is_empty() => Ok(self.format.clone()),
            None => Ok(vec![ResultFormat::Rttm]),
            Some(path) => Ok(vec![format_for(None, path, "--format")?]),
        }
    }

    /// The only format to write, for commands that write one result.
    pub(crate) fn format(&self, output: Option<&Path>) -> Result<ResultFormat> {
        match self.formats(output)?[..] {
            [format] => Ok(format),
            _ => Err(Error::invalid_option("this command writes one result").hint("give one --format")),
        }
    }

    /// [`Self::render`] as a whole file.
    pub(crate) fn file(&self, format: ResultFormat, result: &Diarization, sound: Option<&Sound>) -> Result<String> {
        Ok(format.head().to_owned() + &self.render(format, result, sound)?)
    }

    /// Limits of turns for people to read.
    pub(crate) fn readable(&self) -> &ReadableArgs {
        &self.readable
    }

    /// `result` as text, without [`ResultFormat::head`]. Known people are called by their names. A
    /// page plays `sound`.
    pub(crate) fn render(&self, format: ResultFormat, result: &Diarization, sound: Option<&Sound>) -> Result<String> {
        if format == ResultFormat::Json {
            return Ok(render_json(result) + "\n");
        }
        let labels = Labels {
            turns: if self.exclusive { result.exclusive_annotation() } else { result.annotation() },
            duration_s: Some(result.duration_s),
            ..Labels::default()
        };
        let labels = if format.is_readable() { self.readable.apply(&labels) } else { labels };
        match format.in_library() {
            Some(format) => formats::render(&labels, format),
            None => Ok(diarist_page::page(&labels, sound)),
        }
    }
}

impl ResultFormat {
    /// The format of the extension of `path`.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        let is_page = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html"));
        let of_path = Format::of_path(path);
        let mut formats = Self::value_variants().iter().copied();
        formats.find(|format| format.in_library().map_or(is_page, |own| of_path == Some(own)))
    }

    /// The library's format; `None` for a page.
    pub(crate) fn in_library(self) -> Option<Format> {
        match self {
            Self::Rttm => Some(Format::Rttm),
            Self::Json => Some(Format::Json),
            Self::Csv => Some(Format::Csv),
            Self::Srt => Some(Format::Srt),
            Self::Vtt => Some(Format::Vtt),
            Self::Audacity => Some(Format::Audacity),
            Self::TextGrid => Some(Format::TextGrid),
            Self::Eaf => Some(Format::Eaf),
            Self::Uem => Some(Format::Uem),
            Self::Html => None,
        }
    }

    /// Whether people read the turns as they stand. They get fewer and longer ones.
    pub(crate) fn is_readable(self) -> bool {
        matches!(self, Self::Html | Self::Srt | Self::Vtt)
    }

    /// Name of the format in messages.
    pub(crate) fn name(self) -> &'static str {
        self.in_library().map_or("HTML", Format::name)
    }

    /// Extension of files in this format.
    pub(crate) fn extension(self) -> &'static str {
        self.in_library().map_or("html", Format::extension)
    }

    /// Beginning of a file, before the first recording.
    pub(crate) fn head(self) -> &'static str {
        self.in_library().map_or("", Format::head)
    }

    /// Readers of a file of `diarize` and its like. Their JSON holds the embeddings of voices.
    pub(crate) fn readers(self) -> Readers {
        if self == Self::Json { Readers::Owner } else { Readers::Usual }
    }

    /// Whether one file can hold several recordings.
    pub(crate) fn holds_several(self) -> bool {
        self.in_library().is_some_and(Format::holds_several)
    }
}

/// The JSON document of `result`. It holds the time of its own rendering, so it is rendered once to
/// measure that time, and once more with it.
fn render_json(result: &Diarization) -> String {
    let clock = Instant::now();
    let mut document = json::Document::new(result);
    document.to_line();
    let mut timings = result.timings;
    timings.add_output(clock.elapsed());
    document.timings = json::JsonTimings::new(&timings, result.duration_s);
    document.to_line()
}
