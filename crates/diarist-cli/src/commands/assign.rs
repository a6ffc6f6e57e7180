//! `diarist assign`: speakers for the words of a transcript.

use std::fs;
use std::path::{Path, PathBuf};

use diarist::parts::analysis::file_id;
use diarist::parts::formats::Labels;
use diarist::parts::words::{self, Speech, SpokenWord, SubtitleFormat, Transcript, Utterance};
use diarist::{Error, Result};

use crate::exit;
use crate::output;
use crate::results::{self, ResultFormat};

const EXAMPLES: &str = "\
Examples:
  diarist assign meeting.json meeting.rttm                          words with speakers, on stdout
  diarist assign --format srt -o meeting.srt meeting.json turns.json  subtitles, with the exclusive timeline of JSON
  whisper --word_timestamps True --output_format json meeting.wav   makes such a transcript
  whisper-cli -ojf -f meeting.wav                                   the same with whisper.cpp

Transcripts may come from Whisper, faster-whisper, WhisperX, whisper.cpp, NeMo (Parakeet), FluidAudio or parakeet-mlx;
docs/words.md has their layouts, and the rules.";

/// Assigns speakers to the words of a transcript
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct AssignArgs {
    /// JSON of a speech recogniser, with times of words
    #[arg(value_name = "TRANSCRIPT")]
    transcript: PathBuf,

    /// Turns in a format that `diarist convert` reads: RTTM, JSON, EAF, TextGrid, ...
    #[arg(value_name = "RESULT")]
    result: PathBuf,

    /// Format of the output
    #[arg(long, value_enum, default_value_t = WordsFormat::Txt, help_heading = "Output")]
    format: WordsFormat,
    /// Writes to FILE instead of stdout
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,

    /// Hides warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum WordsFormat {
    /// One line for each utterance: time, speaker, words
    Txt,
    /// SubRip subtitles
    Srt,
    /// WebVTT subtitles
    Vtt,
    /// Utterances with their words and times
    Json,
}

/// Assigns the words.
pub(crate) fn run(args: &AssignArgs) -> Result<()> {
    if let Some(path) = &args.output {
        output::check_writable(path)?;
        if [&args.transcript, &args.result].into_iter().any(|input| output::is_same(input, path)) {
            return Err(Error::invalid_option("the output would overwrite an input")
                .hint("give another name to --output")
                .at(path.display().to_string()));
        }
    }
    let at = |path: &Path| {
        let name = path.display().to_string();
        move |error: Error| error.at(name)
    };
    let transcript = read(&args.transcript).and_then(|bytes| Transcript::read(&bytes)).map_err(at(&args.transcript))?;
    let speech = speech(&args.result, &args.transcript)?;
    let spoken = words::assign(&transcript.words, &speech);
    if !args.quiet {
        warn(&transcript, &spoken);
    }
    let text = render(&words::utterances(spoken), args.format)?;
    output::deliver(args.output.as_deref(), text.as_bytes())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::input("cannot be read").caused_by(error))
}

fn render(utterances: &[Utterance], format: WordsFormat) -> Result<String> {
    Ok(match format {
        WordsFormat::Txt => words::text(utterances),
        WordsFormat::Srt => words::subtitles(utterances, SubtitleFormat::Srt),
        WordsFormat::Vtt => words::subtitles(utterances, SubtitleFormat::Vtt),
        WordsFormat::Json => words::json(utterances).to_line() + "\n",
    })
}

fn warn(transcript: &Transcript, spoken: &[SpokenWord]) {
    let count = |num: usize| if num == 1 { "1 word has".to_owned() } else { format!("{num} words have") };
    if transcript.num_impossible_times > 0 {
        exit::warn(&format!(
            "{} impossible times; the words around them decide",
            count(transcript.num_impossible_times)
        ));
    }
    let num_unknown = spoken.iter().filter(|word| word.speaker.is_none()).count();
    if num_unknown > 0 {
        exit::warn(&format!("{} no speaker: nobody speaks within {} s", count(num_unknown), words::MAX_GAP_S));
    }
}

/// The speech of the only recording in the file at `path`, or of the one named like the transcript.
fn speech(path: &Path, transcript: &Path) -> Result<Speech> {
    let bytes = results::bytes(path)?;
    let is_json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    // RTTM and JSON are read from files of any name, so the first character decides between them.
    let format = match ResultFormat::of_path(path) {
        Some(ResultFormat::Rttm | ResultFormat::Json | ResultFormat::Audacity) | None if is_json => ResultFormat::Json,
        Some(ResultFormat::Rttm | ResultFormat::Json | ResultFormat::Audacity) | None => ResultFormat::Rttm,
        Some(format) => format,
    };
    let recordings = results::parse(&bytes, format, path)?;
    let recording = chosen(recordings, transcript).map_err(|error| error.at(path.display().to_string()))?;
    Ok(Speech::new(recording.turns.turns, recording.exclusive.unwrap_or_default().turns))
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
