//! `diarist diarize`: recordings in, turns out.

use std::path::{Path, PathBuf};
use std::time::Instant;

use diarist::{Diarization, Diarizer, Error, NumberOfSpeakers, Recording, Result};

use crate::exit::{self, Faults};
use crate::inputs::{self, Input, PerChannel, SelectionArgs, Source, StdinArgs};
use crate::names::NameArgs;
use crate::output::{self, Growing};
use crate::progress::{self, Bar};
use crate::rename::RenameArgs;
use crate::results::{FormatArgs, ResultFormat};
use crate::settings::{AllOptions, OptionArgs};
use crate::timings;
use diarist_page::Sound;
use diarist_page::drawing::clock;

const EXAMPLES: &str = "\
Examples:
  diarist diarize meeting.mp3                               turns of one recording on stdout
  diarist diarize -o meeting.rttm meeting.mp3               the same in a file
  diarist diarize --num-speakers 2 call.wav                 exactly two speakers
  diarist diarize -o meeting.srt meeting.mp3                as subtitles; also .json .csv .vtt .TextGrid .eaf
  diarist diarize -o meeting.html meeting.mp3               a page with player and timeline
  diarist diarize --format json talk.m4a | jq .speakers     also embeddings, speech time, options
  diarist diarize --exclusive talk.m4a                      one speaker at a time, for transcripts
  diarist diarize --speakers people.db meeting.mp3          names of people that `diarist speakers` knows
  diarist diarize --output-dir turns recordings/ extra.ogg  a folder and a file, one result each
  diarist diarize --format rttm,eaf --output-dir turns recordings/
  diarist diarize --skip-existing --output-dir turns recordings/   only recordings without a result
  diarist diarize --checkpoint day.diarist day.flac         can be interrupted; the same call resumes it
  diarist diarize --channel 2 call.wav                      the right channel alone
  diarist diarize --per-channel call.wav                    one speaker on each channel
  curl -L https://example.org/talk.mp3 | diarist diarize -  an audio file on stdin
  ffmpeg -i film.wmv -f s16le -ac 1 -ar 16000 - | diarist diarize --rate 16000 -

A file may be WAV, FLAC, MP3, M4A/AAC, MP4, Ogg Vorbis, Opus, MKV or WebM, of any rate and number of channels.";

/// Finds who spoke when in recordings
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct DiarizeArgs {
    /// Audio files, folders of audio files (with their subfolders), or - for stdin
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,

    #[command(flatten)]
    names: NameArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Diarizes each channel alone: its speech is one speaker, CHANNEL_1 and so on, or `several`
    #[arg(long, value_name = "SPEAKERS", value_enum, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "one", conflicts_with_all = ["channel", "checkpoint"], help_heading = "Input")]
    per_channel: Option<PerChannel>,
    #[command(flatten)]
    stdin: StdinArgs,
    #[command(flatten)]
    options: OptionArgs<AllOptions>,

    /// Stores results of the networks in FILE as they come; if the call is interrupted, the same
    /// call resumes there
    #[arg(long, value_name = "FILE", help_heading = "Running")]
    checkpoint: Option<PathBuf>,

    /// Shows the time of each stage for each recording, on stderr
    #[arg(long, help_heading = "Running")]
    timings: bool,

    /// Hides progress and warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    #[command(flatten)]
    format: FormatArgs,
    /// Writes all results to FILE instead of stdout
    #[arg(short, long, value_name = "FILE", conflicts_with = "output_dir")]
    output: Option<PathBuf>,
    /// Writes one file per recording, named after it, into DIR (made if missing)
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// Leaves out recordings whose files are in DIR already
    #[arg(long, requires = "output_dir")]
    skip_existing: bool,
    /// Lets a page (html) play the recording's file, which must stay in its place; otherwise the
    /// page holds the sound, 14 MB per hour
    #[arg(long)]
    link_audio: bool,
    #[command(flatten)]
    rename: RenameArgs,
}

/// Diarizes every input. A fault of one does not stop the others. Faults that show before any work
/// end the call at once.
pub(crate) fn run(args: DiarizeArgs) -> anyhow::Result<()> {
    let settings = args.options.settings()?;
    args.check_stdin()?;
    let inputs = inputs::expand(&args.inputs, args.quiet);
    let formats = args.output.formats(inputs.len())?;
    args.check_output(&inputs, &formats)?;
    args.check_checkpoint(inputs.len())?;
    let renaming = args.output.rename.read()?;
    let (diarizer, mut learning) = args.names.open(Diarizer::new(&settings)?)?;

    let mut faults = Faults::default();
    let mut collected = args.output.output.as_ref().map(|path| Growing::new(path.clone(), formats[0].readers()));
    let mut head = formats[0].head();
    let (num_inputs, mut num_skipped) = (inputs.len(), 0);
    for (index, input) in inputs.into_iter().enumerate() {
        let position = if num_inputs > 1 { format!("[{}/{num_inputs}] ", index + 1) } else { String::new() };
        if input.as_ref().is_ok_and(|input| args.has_results(input, &formats)) {
            num_skipped += 1;
            continue;
        }
        let done = input.map_err(anyhow::Error::from).and_then(|input| {
            let mut result = args.diarize(&diarizer, &input, &position)?;
            let clock = Instant::now();
            let renamed = renaming.diarization(&result);
            for &format in &formats {
                let sound = if format == ResultFormat::Html { args.sound(&input) } else { None };
                let text = args.output.format.render(format, &renamed, sound.as_ref())?;
                if let Some(folder) = &args.output.output_dir {
                    let file = [format.head(), &text].concat();
                    output::write(&path_in(folder, &input, format), file.as_bytes(), format.readers())?;
                    continue;
                }
                let text = [std::mem::take(&mut head), &text].concat();
                match &mut collected {
                    Some(file) => file.push(&text, index + 1 == num_inputs),
                    None => output::to_stdout(text.as_bytes())?,
                }
            }
            result.timings.add_output(clock.elapsed());
            if let Some(learning) = &mut learning {
                learning.learn(&diarizer, &result, &input.source.to_string(), args.quiet)?;
            }
            if args.timings {
                exit::table(&timings::rows(&result));
            }
            Ok(())
        });
        if let Err(error) = done {
            faults.add(error)?;
        }
    }
    if num_skipped > 0 && !args.quiet {
        exit::note(&format!("{num_skipped} of {num_inputs} recordings left out: their files are there already"));
    }
    renaming.warn(args.quiet);
    faults.finish(collected.map_or(Ok(()), |file| file.finish()).map_err(Into::into))
}

impl DiarizeArgs {
    /// Checks the options for stdin, which can be read once only.
    fn check_stdin(&self) -> Result<()> {
        let count = self.inputs.iter().filter(|input| input.as_os_str() == "-").count();
        if count > 1 {
            return Err(Error::invalid_option("stdin can be one of the inputs only once"));
        }
        self.stdin.check(count == 1)
    }

    /// Checks that a checkpoint is for one recording, in a file of its own.
    fn check_checkpoint(&self, num_inputs: usize) -> Result<()> {
        let Some(path) = &self.checkpoint else { return Ok(()) };
        if num_inputs != 1 {
            return Err(Error::invalid_option("a checkpoint is for a single recording")
                .hint("give one input, or leave --checkpoint out"));
        }
        let others = self.inputs.iter().chain(&self.output.output);
        if others.into_iter().any(|other| other == path || output::is_same(other, path)) {
            return Err(Error::invalid_option("the checkpoint would overwrite another file of this call")
                .hint("give another name to --checkpoint")
                .at(path.display().to_string()));
        }
        Ok(())
    }

    /// Checks before the work that results can be written.
    fn check_output(&self, inputs: &[Result<Input>], formats: &[ResultFormat]) -> Result<()> {
        if let Some(path) = &self.output.output {
            output::check_writable(path)?;
            if self.inputs.iter().any(|input| output::is_same(input, path)) {
                return Err(Error::invalid_option("the output would overwrite a recording")
                    .hint("give another name to --output")
                    .at(path.display().to_string()));
            }
        }
        if let Some(folder) = &self.output.output_dir {
            output::prepare_folder(folder)?;
            for input in inputs.iter().flatten() {
                for &format in formats {
                    output::check_writable(&path_in(folder, input, format))?;
                }
            }
        }
        Ok(())
    }

    /// Whether an earlier call has written every file for `input`, if those are to be kept.
    fn has_results(&self, input: &Input, formats: &[ResultFormat]) -> bool {
        let folder = self.output.output_dir.as_ref().filter(|_| self.output.skip_existing);
        folder.is_some_and(|folder| formats.iter().all(|&format| path_in(folder, input, format).is_file()))
    }

    fn diarize(&self, diarizer: &Diarizer, input: &Input, position: &str) -> Result<Diarization> {
        let bar = Bar::new(format!("{position}{}", input.file_id), !self.quiet);
        let result = self.recording(input).and_then(|recording| {
            let recording = recording.with_progress(|progress| bar.update(progress));
            if let Some(speakers) = self.per_channel {
                return diarizer.diarize_channels(recording, speakers.into());
            }
            diarizer.diarize(match &self.checkpoint {
                Some(path) => recording.with_checkpoint(path),
                None => recording,
            })
        });
        bar.clear();
        let result = result.map_err(|error| match input.source {
            // Errors of a file name it already.
            Source::File(_) => error,
            Source::Stdin if error.to_string().starts_with("stdin: ") => error,
            Source::Stdin => error.at(input.source.to_string()),
        })?;
        if !self.quiet {
            for warning in &result.warnings {
                exit::warn(&format!("{}: {warning}", input.source));
            }
            if progress::is_visible() {
                format!("{position}{}", summary(&result)).lines().for_each(exit::note);
            }
        }
        Ok(result)
    }

    fn recording<'a>(&self, input: &Input) -> Result<Recording<'a>> {
        Ok(match &input.source {
            Source::File(path) => {
                Recording::new(path).with_file_id(&input.file_id).with_selection(self.selection.selection())
            }
            Source::Stdin => Recording::from_source(&input.file_id, self.stdin.open(self.selection.selection())?),
        })
    }

    /// The sound for a page. Without it, as after a pipe that cannot be read again, the page is
    /// still written.
    fn sound(&self, input: &Input) -> Option<Sound> {
        let in_folder = self.output.output_dir.as_ref().map(|folder| path_in(folder, input, ResultFormat::Html));
        let page = in_folder.as_ref().or(self.output.output.as_ref());
        let sound = match &input.source {
            Source::File(audio) if output::is_special(audio) => {
                Err(Error::input("a pipe cannot be read a second time").hint("store the recording in a file"))
            }
            Source::File(audio) => Sound::of(audio, page.map(PathBuf::as_path), self.output.link_audio),
            Source::Stdin => Err(Error::input("stdin cannot be read a second time")),
        };
        if let (Err(error), false) = (&sound, self.quiet) {
            exit::warn(&format!("{}: the page has no sound: {error}", input.file_id));
        }
        sound.ok()
    }
}

impl OutputArgs {
    /// The formats in which each recording is written.
    fn formats(&self, num_inputs: usize) -> Result<Vec<ResultFormat>> {
        let formats = self.format.formats(self.output.as_deref())?;
        if self.output_dir.is_some() {
            return Ok(formats);
        }
        if formats.len() > 1 {
            return Err(
                Error::invalid_option("several formats need a file each").hint("name a folder with --output-dir")
            );
        }
        match formats.iter().find(|format| num_inputs > 1 && !format.holds_several()) {
            None => Ok(formats),
            Some(format) => Err(Error::invalid_option(format!("a file of {} holds one recording", format.name()))
                .hint("name a folder with --output-dir, which gets a file for each")),
        }
    }
}

fn path_in(folder: &Path, input: &Input, format: ResultFormat) -> PathBuf {
    folder.join(format!("{}.{}", input.file_id, format.extension()))
}

/// The result in a few lines: speakers, speech and overlap, then the talk time of each speaker.
fn summary(result: &Diarization) -> String {
    let num_speakers = result.speakers.len();
    let rtfx = result.duration_s / result.timings.total_s.max(1e-3);
    let mut text = format!(
        "{}: {num_speakers} speaker{}{}, {} of speech in {}, {:.1} s of overlap; took {:.1} s ({rtfx:.1}x real time)",
        result.file_id,
        if num_speakers == 1 { "" } else { "s" },
        result.number_of_speakers.map(certainty).unwrap_or_default(),
        clock(result.speech_s),
        clock(result.duration_s),
        result.overlap_s,
        result.timings.total_s,
    );
    let spoken_s: f64 = result.speakers.iter().map(|speaker| speaker.speech_s).sum();
    for (name, speaker) in result.display_names().iter().zip(&result.speakers) {
        let percent = 100.0 * speaker.speech_s / spoken_s.max(1e-3);
        text += &format!("\n{:>9}  {percent:3.0} %  {name}", clock(speaker.speech_s));
    }
    text
}

/// Probability from which a number of speakers is not worth a word.
const SURE: f64 = 0.9;

/// The probability of an uncertain number of speakers, and the likeliest other number.
fn certainty(number: NumberOfSpeakers) -> String {
    let NumberOfSpeakers { probability, runner_up, runner_up_probability } = number;
    match probability >= SURE {
        true => String::new(),
        false => format!(
            " ({:.0} %; {runner_up} {} possible, {:.0} %)",
            100.0 * probability,
            if runner_up == 1 { "is" } else { "are" },
            100.0 * runner_up_probability
        ),
    }
}

#[cfg(test)]
mod tests {
    use diarist::Speaker;

    use super::*;

    #[test]
    fn the_summary_has_the_talk_time_of_each_speaker() {
        let mut result = Diarization::default();
        (result.file_id, result.duration_s) = ("talk".to_owned(), 100.0);
        (result.speech_s, result.overlap_s, result.timings.total_s) = (75.0, 5.0, 4.0);
        for (label, speech_s) in [("SPEAKER_00", 60.0), ("SPEAKER_01", 20.0)] {
            let mut speaker = Speaker::default();
            (speaker.label, speaker.speech_s) = (label.to_owned(), speech_s);
            result.speakers.push(speaker);
        }
        assert_eq!(
            summary(&result),
            "talk: 2 speakers, 1:15 of speech in 1:40, 5.0 s of overlap; took 4.0 s (25.0x real time)\n     \
             1:00   75 %  SPEAKER_00\n     0:20   25 %  SPEAKER_01"
        );
        let number = |probability| NumberOfSpeakers { probability, runner_up: 3, runner_up_probability: 0.175 };
        result.number_of_speakers = Some(number(0.82));
        assert!(summary(&result).starts_with("talk: 2 speakers (82 %; 3 are possible, 18 %), 1:15 of speech"));
        result.number_of_speakers = Some(number(0.95));
        assert!(summary(&result).starts_with("talk: 2 speakers, 1:15 of speech"));
        assert!(summary(&Diarization::default()).starts_with(": 0 speakers, 0:00 of speech"));
    }
}
