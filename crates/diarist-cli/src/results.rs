//! What several commands let choose about results: the number of speakers, and the form.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ValueEnum;
use diarist::parts::clustering::SpeakerBounds;
use diarist::parts::formats::{self, Format, json, rttm};
use diarist::pipeline::{Diarization, DiarizationOptions};
use diarist::parts::timeline::Annotation;
use diarist::{Error, Result};

use crate::names::Named;
use crate::page::{self, Sound};

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

/// A result to read.
#[derive(Debug, clap::Args)]
pub(crate) struct ResultArgs {
    /// What tells who spoke when, in any format that --from lists; - for stdin
    #[arg(value_name = "RESULT")]
    input: PathBuf,
    /// Format of RESULT [default: what its extension says]
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Input")]
    from: Option<Form>,
    /// Takes only the recording with this name
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    file_id: Option<String>,
}

impl ResultArgs {
    /// Where the result comes from.
    pub(crate) fn path(&self) -> &Path {
        &self.input
    }

    /// The same for messages.
    pub(crate) fn name(&self) -> String {
        name(&self.input)
    }

    /// The recordings that are asked for, at least one.
    pub(crate) fn read(&self) -> Result<Vec<formats::Recording>> {
        let mut recordings = read(&self.input, self.from)?;
        if let Some(id) = &self.file_id {
            recordings.retain(|recording| recording.turns.file_id == *id);
            if recordings.is_empty() {
                return Err(Error::input(format!("there is no recording {id}")).at(self.name()));
            }
        }
        Ok(recordings)
    }
}

/// The recordings in the file at `path`, or on stdin if that is `-`.
pub(crate) fn read(path: &Path, form: Option<Form>) -> Result<Vec<formats::Recording>> {
    let form = self::form(form, path, "--from")?;
    parse(&bytes(path)?, form, path)
}

/// The contents of the file at `path`, or of stdin if that is `-`.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>> {
    let bytes = if is_stdin(path) {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    bytes.map_err(|error| Error::input("cannot be read").caused_by(error).at(name(path)))
}

/// The recordings in `bytes`, which are of `path`, at least one: a file without turns is about one in which nobody speaks.
pub(crate) fn parse(bytes: &[u8], form: Form, path: &Path) -> Result<Vec<formats::Recording>> {
    let stem =
        if is_stdin(path) { name(path) } else { path.file_stem().unwrap_or_default().to_string_lossy().into_owned() };
    let stem = rttm::field(&stem);
    let format = form
        .format()
        .ok_or_else(|| Error::input("a page cannot be read back").hint("give what it was made of").at(name(path)))?;
    let mut recordings = formats::read(bytes, format, &stem).map_err(|error| error.at(name(path)))?;
    if recordings.is_empty() {
        recordings.push(formats::Recording::from(Annotation { file_id: stem, turns: Vec::new() }));
    }
    Ok(recordings)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Where something comes from, for messages.
fn name(path: &Path) -> String {
    if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() }
}

/// The form that was asked for, or that of the extension; `option` asks for one.
pub(crate) fn form(asked: Option<Form>, path: &Path, option: &str) -> Result<Form> {
    asked.or_else(|| Form::of_path(path)).ok_or_else(|| {
        Error::invalid_option("the extension tells no format")
            .hint(format!("name it with {option}"))
            .at(path.display().to_string())
    })
}

/// How a result is written.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct FormArgs {
    /// What is written [default: what the extension of --output says, or rttm]. Several with commas between them need --output-dir
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMAT")]
    format: Vec<Form>,
    /// Writes the exclusive timeline: at most one speaker at a time (JSON always holds both)
    #[arg(long)]
    exclusive: bool,
}

/// What a result can be written as, or read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// A line for each turn, for other programs that diarize or score
    Rttm,
    /// All there is; one line per recording
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
    /// The recording's extent, for scoring; it holds no speakers
    Uem,
    /// A page for browsers: listen, look, speaking time
    Html,
}

impl FormArgs {
    /// The forms to write, of which `output` may tell by its extension.
    pub(crate) fn forms(&self, output: Option<&Path>) -> Vec<Form> {
        if !self.format.is_empty() {
            return self.format.clone();
        }
        // Text may be anything: `-o turns.txt` asks for no label track.
        let told = output.and_then(Form::of_path).filter(|form| *form != Form::Audacity);
        vec![told.unwrap_or(Form::Rttm)]
    }

    /// The only form to write, for commands that write one result.
    pub(crate) fn form(&self, output: Option<&Path>) -> Result<Form> {
        match self.forms(output)[..] {
            [form] => Ok(form),
            _ => Err(Error::invalid_option("here is one result to write").hint("give --format once")),
        }
    }

    /// [`Self::render`] as a whole file; a page has no sound.
    pub(crate) fn file(
        &self,
        form: Form,
        result: &Diarization,
        options: &DiarizationOptions,
        named: Option<&Named>,
    ) -> Result<String> {
        Ok(form.head().to_owned() + &self.render(form, result, options, named, None)?)
    }

    /// `result`, which was made with `options`, as text, with names of people if they were looked for; without [`Form::head`]. A page
    /// plays `sound`.
    pub(crate) fn render(
        &self,
        form: Form,
        result: &Diarization,
        options: &DiarizationOptions,
        named: Option<&Named>,
        sound: Option<&Sound>,
    ) -> Result<String> {
        if form == Form::Json {
            return Ok(render_json(result, options, named) + "\n");
        }
        let turns = if self.exclusive { &result.exclusive } else { &result.diarization };
        let recording = formats::Recording {
            turns: named.map_or_else(|| turns.clone(), |named| named.rename(turns)),
            duration_s: Some(result.duration_s),
            ..formats::Recording::default()
        };
        match form.format() {
            Some(format) => formats::render(&recording, format),
            None => Ok(page::page(&recording, sound)),
        }
    }
}

impl Form {
    /// The form that the extension of `path` stands for.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        let is_page = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html"));
        let format = Format::of_path(path);
        let mut forms = Self::value_variants().iter().copied();
        forms.find(|form| form.format().map_or(is_page, |own| format == Some(own)))
    }

    /// The library's name for it; a page is none of the library's.
    pub(crate) fn format(self) -> Option<Format> {
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

    /// The name for people.
    pub(crate) fn name(self) -> &'static str {
        self.format().map_or("HTML", Format::name)
    }

    /// The extension of a file of that form.
    pub(crate) fn extension(self) -> &'static str {
        self.format().map_or("html", Format::extension)
    }

    /// What a file begins with, before the first recording.
    pub(crate) fn head(self) -> &'static str {
        self.format().map_or("", Format::head)
    }

    /// Can one file be about several recordings?
    pub(crate) fn holds_several(self) -> bool {
        self.format().is_some_and(Format::holds_several)
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
