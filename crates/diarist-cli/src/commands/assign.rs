//! `diarist assign`: speakers for the words of a transcript.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use diarist::parts::analysis::file_id;
use diarist::parts::formats::Labels;
use diarist::parts::words::{self, Speech, SpokenWord, SubtitleFormat, SubtitleLimits, Transcript, Utterance};
use diarist::{Error, Result};

use crate::exit;
use crate::labels;
use crate::output::{self, Readers};
use crate::rename::{RenameArgs, Renaming};
use crate::results;

const EXAMPLES: &str = "\
Examples:
  diarist assign meeting.json meeting.rttm                          words with speakers, on stdout
  diarist assign -o meeting.srt meeting.json turns.json             subtitles, with the exclusive timeline of JSON
  diarist assign -o meeting.docx meeting.srt meeting.rttm           a document with names, from subtitles
  whisper-cli -ojf -f meeting.wav                                   makes such a transcript with whisper.cpp
  whisper --word_timestamps True --output_format json meeting.wav   the same with Whisper

Transcripts may be the JSON of Whisper, faster-whisper, WhisperX, whisper-timestamped, whisper.cpp, Hugging Face, NeMo
(Parakeet), FluidAudio, parakeet-mlx, Deepgram, AssemblyAI, Vosk or sherpa-onnx, or SRT, WebVTT or TTML; docs/words.md
has their layouts, and the rules.";

/// Assigns speakers to the words of a transcript
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct AssignArgs {
    /// JSON or subtitles of a speech recogniser; - for stdin
    #[arg(value_name = "TRANSCRIPT")]
    transcript: PathBuf,

    /// Turns in a format that `diarist convert` reads: RTTM, JSON, EAF, TextGrid, ...; - for stdin
    #[arg(value_name = "RESULT")]
    result: PathBuf,

    /// Takes only the tier of RESULT with this name, of a TextGrid or an EAF. May be given several
    /// times
    #[arg(long, value_name = "NAME")]
    tier: Vec<String>,

    /// Gives words far from every turn to the nearest speaker
    #[arg(long)]
    fill: bool,

    /// Format of the output [default: by the extension of --output, or txt on stdout]
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    format: Option<WordsFormat>,
    /// Writes to FILE instead of stdout
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    rename: RenameArgs,

    /// Most characters of a line, without the name of the speaker
    #[arg(long, value_name = "N", default_value_t = 42, value_parser = in_range::<8, 1000>, help_heading = "Subtitles")]
    max_line: usize,
    /// Most lines of a subtitle
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = in_range::<1, 10>, help_heading = "Subtitles")]
    max_lines: usize,
    /// Longest time of a subtitle
    #[arg(long, value_name = "SECONDS", default_value_t = 7.0, help_heading = "Subtitles")]
    max_duration: f64,

    /// Hides warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WordsFormat {
    /// One line for each utterance: time, speaker, words
    Txt,
    /// SubRip subtitles
    Srt,
    /// WebVTT subtitles
    Vtt,
    /// Utterances with their words and times
    Json,
    /// A page for browsers
    Html,
    /// Markdown
    Md,
    /// A document for word processors
    Docx,
}

impl WordsFormat {
    /// The format of the extension of `path`; that of stdout if there is none.
    fn of_output(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path.filter(|path| !output::is_special(path)) else { return Ok(Self::Txt) };
        let extension = path.extension().map(|extension| extension.to_string_lossy()).unwrap_or_default();
        Self::from_str(&extension, true).map_err(|_| {
            Error::invalid_option("the extension is not that of a format")
                .hint("name the format with --format; extensions are txt srt vtt json html md docx")
                .at(path.display().to_string())
        })
    }
}

/// A number from `MIN` to `MAX`.
fn in_range<const MIN: usize, const MAX: usize>(text: &str) -> std::result::Result<usize, String> {
    let number = text.parse().ok().filter(|number| (MIN..=MAX).contains(number));
    number.ok_or_else(|| format!("must be a whole number from {MIN} to {MAX}"))
}

/// Assigns the words.
pub(crate) fn run(args: &AssignArgs) -> Result<()> {
    let format = args.format.map_or_else(|| WordsFormat::of_output(args.output.as_deref()), Ok)?;
    let limits = args.limits()?;
    if [&args.transcript, &args.result].into_iter().all(|input| input.as_os_str() == "-") {
        return Err(
            Error::invalid_option("stdin can be one of the inputs only once").hint("name a file for one of them")
        );
    }
    if let Some(path) = &args.output {
        output::check_writable(path)?;
        if [&args.transcript, &args.result].into_iter().any(|input| output::is_same(input, path)) {
            return Err(Error::invalid_option("the output would overwrite an input")
                .hint("give another name to --output")
                .at(path.display().to_string()));
        }
    }
    let bytes = results::bytes(&args.transcript)?;
    let transcript = Transcript::read(&bytes).map_err(|error| error.at(results::name(&args.transcript)))?;
    let renaming = args.rename.read()?;
    let speech = args.speech(&renaming)?;
    renaming.warn(args.quiet);
    let spoken = words::assign(&transcript.words, &speech);
    if !args.quiet {
        warn(&transcript, &spoken);
    }
    let bytes = render(&words::utterances(spoken), format, &limits, &file_id(&args.transcript))?;
    output::deliver(args.output.as_deref(), &bytes, Readers::Usual)
}

fn render(utterances: &[Utterance], format: WordsFormat, limits: &SubtitleLimits, title: &str) -> Result<Vec<u8>> {
    let text = match format {
        WordsFormat::Txt => words::text(utterances),
        WordsFormat::Srt => words::subtitles(utterances, SubtitleFormat::Srt, limits),
        WordsFormat::Vtt => words::subtitles(utterances, SubtitleFormat::Vtt, limits),
        WordsFormat::Json => words::json(utterances).to_line() + "\n",
        WordsFormat::Html => words::html(utterances, title),
        WordsFormat::Md => words::markdown(utterances, title),
        WordsFormat::Docx => return words::docx(utterances, title),
    };
    Ok(text.into_bytes())
}

fn warn(transcript: &Transcript, spoken: &[SpokenWord]) {
    let count = |num: usize| if num == 1 { "1 word has".to_owned() } else { format!("{num} words have") };
    if transcript.num_left_out > 0 {
        exit::warn(&format!("subtitles left out because their times cannot be read: {}", transcript.num_left_out));
    }
    if transcript.num_impossible_times > 0 {
        exit::warn(&format!(
            "{} impossible times; what is left of them and the words around decide",
            count(transcript.num_impossible_times)
        ));
    }
    let num_unknown = spoken.iter().filter(|word| word.speaker.is_none()).count();
    if num_unknown > 0 {
        exit::warn(&format!(
            "{} no speaker: nobody speaks within {} s; --fill takes the nearest speaker",
            count(num_unknown),
            words::MAX_GAP_S
        ));
    }
}

impl AssignArgs {
    fn limits(&self) -> Result<SubtitleLimits> {
        if !(1.0..=60.0).contains(&self.max_duration) {
            return Err(Error::invalid_option("--max-duration must be from 1 to 60"));
        }
        let Self { max_line, max_lines, max_duration: max_duration_s, .. } = *self;
        Ok(SubtitleLimits { max_line, max_lines, max_duration_s })
    }

    /// The speech of the only recording in the result, or of the one named like the transcript.
    fn speech(&self, renaming: &Renaming) -> Result<Speech> {
        if !self.tier.is_empty() && !labels::has_tiers(&self.result) {
            return Err(labels::no_tiers());
        }
        let recordings = labels::read_tiers(&self.result, &self.tier)?;
        if !self.quiet {
            labels::losses(&recordings, &self.result).iter().for_each(|loss| exit::warn(loss));
        }
        let mut recording =
            chosen(recordings, &self.transcript).map_err(|error| error.at(results::name(&self.result)))?;
        renaming.labels(&mut recording);
        let speech = Speech::new(recording.turns.turns, recording.exclusive.unwrap_or_default().turns);
        Ok(if self.fill { speech.filled() } else { speech })
    }
}

/// The only recording, or the one with the name of the transcript.
fn chosen(mut recordings: Vec<Labels>, transcript: &Path) -> Result<Labels> {
    if recordings.len() < 2 {
        return Ok(recordings.pop().unwrap_or_default());
    }
    let stem = file_id(transcript);
    match recordings.iter().position(|recording| recording.turns.file_id == stem) {
        Some(index) => Ok(recordings.swap_remove(index)),
        None => Err(Error::input(format!("there are {} recordings here, and none is named {stem}", recordings.len()))
            .hint("give a result of one recording, or name the transcript after its recording")),
    }
}
