//! `diarist diarize`: recordings in, turns out.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use diarist::parts::audio::{self, PcmFormat};
use diarist::{Diarization, Diarizer, Error, Recording, Result};

use crate::exit;
use crate::inputs::{self, Input, Pcm, Source};
use crate::names::NameArgs;
use crate::output;
use crate::page::Sound;
use crate::progress::{self, Bar};
use crate::results::{FormatArgs, ResultFormat};
use crate::settings::{AllOptions, OptionArgs};
use crate::timings;

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
  diarist diarize --checkpoint day.diarist day.flac         can be interrupted; the same call resumes it
  ffmpeg -i film.mkv -f s16le -ac 1 -ar 16000 - | diarist diarize --rate 16000 -

A file may be WAV, FLAC, MP3, M4A/AAC, MP4, Ogg Vorbis, Opus, MKV or WebM, of any rate and number of channels.";

/// Finds who spoke when in recordings
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct DiarizeArgs {
    /// Audio files, folders of audio files (with their subfolders), or - for raw PCM on stdin
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,

    #[command(flatten)]
    names: NameArgs,
    #[command(flatten)]
    output: OutputArgs,
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
    /// Lets a page (html) play the recording's file, which must stay in its place; otherwise the
    /// page holds the sound, 14 MB per hour
    #[arg(long)]
    link_audio: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Raw PCM on stdin (input -)")]
struct StdinArgs {
    /// Sample rate in Hz; needed for -
    #[arg(long, value_name = "HZ")]
    rate: Option<u32>,
    /// Interleaved channels [default: 1]
    #[arg(long, value_name = "N", requires = "rate")]
    channels: Option<u16>,
    /// Sample format [default: s16le]
    #[arg(long, value_enum, requires = "rate")]
    pcm: Option<Pcm>,
}

/// Diarizes every input. A fault of one does not stop the others. Faults that show before any work
/// end the call at once.
pub(crate) fn run(args: DiarizeArgs) -> anyhow::Result<()> {
    let settings = args.options.settings()?;
    args.check_stdin()?;
    let inputs = inputs::expand(&args.inputs);
    let formats = args.output.formats(inputs.len())?;
    args.check_output(&inputs, &formats)?;
    args.check_checkpoint(inputs.len())?;
    let (diarizer, mut learning) = args.names.open(Diarizer::new(&settings)?)?;

    let mut first_fault = None;
    let mut collected = None;
    let num_inputs = inputs.len();
    for (index, input) in inputs.into_iter().enumerate() {
        let position = if num_inputs > 1 { format!("[{}/{num_inputs}] ", index + 1) } else { String::new() };
        let done = input.map_err(anyhow::Error::from).and_then(|input| {
            let mut result = args.diarize(&diarizer, &input, &position)?;
            let clock = Instant::now();
            for &format in &formats {
                let sound = if format == ResultFormat::Html { args.sound(&input) } else { None };
                let text = args.output.format.render(format, &result, sound.as_ref())?;
                args.deliver(&input, format, &text, &mut collected)?;
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
        match done {
            Ok(()) => {}
            Err(error) if exit::is_broken_pipe(&error) => return Err(error),
            Err(error) => {
                let reported = exit::report(&error);
                first_fault.get_or_insert(reported);
            }
        }
    }
    first_fault.map_or(Ok(()), |fault| Err(fault.into()))
}

impl DiarizeArgs {
    /// Checks the options for stdin: it has no header, so its rate must be given, and it can be
    /// read once only.
    fn check_stdin(&self) -> Result<()> {
        let count = self.inputs.iter().filter(|input| input.as_os_str() == "-").count();
        match (count, self.stdin.rate) {
            (0, Some(_)) => Err(Error::invalid_option("--rate is for raw PCM on stdin")
                .hint("give - as the input, or leave --rate out: files hold their own rate")),
            (1, None) => {
                Err(Error::invalid_option("raw PCM on stdin needs its sample rate")
                    .hint("add for example --rate 16000"))
            }
            (0 | 1, _) => Ok(()),
            _ => Err(Error::invalid_option("stdin can be one of the inputs only once")),
        }
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

    fn diarize(&self, diarizer: &Diarizer, input: &Input, position: &str) -> Result<Diarization> {
        let bar = Bar::new(format!("{position}{}", input.file_id), !self.quiet);
        let result = self.recording(input).and_then(|recording| {
            let recording = recording.with_progress(|progress| bar.update(progress));
            diarizer.diarize(match &self.checkpoint {
                Some(path) => recording.with_checkpoint(path),
                None => recording,
            })
        });
        bar.clear();
        let result = result.map_err(|error| match input.source {
            // Errors of a file name it already.
            Source::File(_) => error,
            Source::Stdin => error.at(input.source.to_string()),
        })?;
        if !self.quiet {
            for warning in &result.warnings {
                exit::warn(&format!("{}: {warning}", input.source));
            }
            if progress::is_visible() {
                exit::note(&format!("{position}{}", summary(&result)));
            }
        }
        Ok(result)
    }

    fn recording<'a>(&self, input: &Input) -> Result<Recording<'a>> {
        Ok(match &input.source {
            Source::File(path) => Recording::new(path).with_file_id(&input.file_id),
            Source::Stdin => Recording::from_source(&input.file_id, self.open_stdin()?),
        })
    }

    /// The sound for a page. Without it, as after a pipe that cannot be read again, the page is
    /// still written.
    fn sound(&self, input: &Input) -> Option<Sound> {
        let in_folder = self.output.output_dir.as_ref().map(|folder| path_in(folder, input, ResultFormat::Html));
        let page = in_folder.as_ref().or(self.output.output.as_ref());
        let sound = match &input.source {
            Source::File(audio) => Sound::of(audio, page.map(PathBuf::as_path), self.output.link_audio),
            Source::Stdin => Err(Error::input("stdin cannot be read a second time")),
        };
        if let (Err(error), false) = (&sound, self.quiet) {
            exit::warn(&format!("{}: the page has no sound: {error}", input.file_id));
        }
        sound.ok()
    }

    fn open_stdin(&self) -> Result<audio::PcmSource> {
        let format = self.stdin.pcm.map_or(PcmFormat::S16le, PcmFormat::from);
        audio::pcm(io::stdin(), format, self.stdin.rate.unwrap_or_default(), self.stdin.channels.unwrap_or(1))
    }

    /// Writes `text` to the place that the user chose. `collected` holds the text for `--output` so
    /// far, and is `None` before the first delivery.
    fn deliver(
        &self,
        input: &Input,
        format: ResultFormat,
        text: &str,
        collected: &mut Option<String>,
    ) -> anyhow::Result<()> {
        let head = format.head();
        if let Some(folder) = &self.output.output_dir {
            output::write(&path_in(folder, input, format), [head, text].concat().as_bytes())?;
            return Ok(());
        }
        let text = if collected.is_none() { [head, text].concat() } else { text.to_owned() };
        let collected = collected.get_or_insert_default();
        match &self.output.output {
            Some(path) => {
                collected.push_str(&text);
                // After each recording, so that an interrupted run keeps its results.
                output::write(path, collected.as_bytes())?;
            }
            None => output::to_stdout(text.as_bytes())?,
        }
        Ok(())
    }
}

impl OutputArgs {
    /// The formats in which each recording is written.
    fn formats(&self, num_inputs: usize) -> Result<Vec<ResultFormat>> {
        let formats = self.format.formats(self.output.as_deref());
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

fn summary(result: &Diarization) -> String {
    let num_speakers = result.speakers.len();
    let rtfx = result.duration_s / result.timings.total_s.max(1e-3);
    format!(
        "{}: {num_speakers} speaker{}, {:.1} s in {:.1} s ({rtfx:.1}x real time)",
        result.file_id,
        if num_speakers == 1 { "" } else { "s" },
        result.duration_s,
        result.timings.total_s,
    )
}
