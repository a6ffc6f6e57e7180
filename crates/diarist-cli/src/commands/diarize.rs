//! `diarist diarize`: recordings in, turns out.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use diarist::parts::audio::{self, AudioSource, PcmFormat};
use diarist::pipeline::{Diarization, DiarizationOptions, Pipeline};
use diarist::parts::voices::Beginning;
use diarist::{Error, Result};

use crate::exit;
use crate::inputs::{self, Pcm, Recording, Source};
use crate::names::{NameArgs, Named, Names};
use crate::output;
use crate::page::Sound;
use crate::progress::{self, Bar};
use crate::results::{Form, FormArgs, SpeakerArgs};
use crate::settings::MethodArgs;
use crate::timings;

const EXAMPLES: &str = "\
Examples:
  diarist diarize meeting.mp3                               turns of one recording on stdout
  diarist diarize -o meeting.rttm meeting.mp3               the same in a file
  diarist diarize --num-speakers 2 call.wav                 exactly two speakers
  diarist diarize -o meeting.srt meeting.mp3                as subtitles; also .json .csv .vtt .TextGrid .eaf
  diarist diarize -o meeting.html meeting.mp3               a page to listen to and look at
  diarist diarize --format json talk.m4a | jq .speakers     also embeddings, speech time, options
  diarist diarize --exclusive talk.m4a                      one speaker at a time, for transcripts
  diarist diarize --speakers people.db meeting.mp3          names of people whom `diarist speakers` knows
  diarist diarize --output-dir turns recordings/ extra.ogg  a folder and a file, one result each
  diarist diarize --format rttm,eaf --output-dir turns recordings/
  diarist diarize --checkpoint day.diarist day.flac         can be interrupted; the same again goes on
  ffmpeg -i film.mkv -f s16le -ac 1 -ar 16000 - | diarist diarize --rate 16000 -

A file may be WAV, FLAC, MP3, M4A/AAC, MP4, Ogg Vorbis, Opus, MKV or WebM, of any rate and number of channels.";

/// Tells who spoke when.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct DiarizeArgs {
    /// Audio files, folders of audio files (searched to the bottom), or - for raw PCM on stdin
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,

    #[command(flatten)]
    speakers: SpeakerArgs,
    #[command(flatten)]
    names: NameArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    method: MethodArgs,
    #[command(flatten)]
    stdin: StdinArgs,

    /// Computes on N threads; all that the machine has if not given. The result does not depend on it
    #[arg(long, value_name = "N", help_heading = "Running")]
    threads: Option<usize>,

    /// Stores what the networks give in FILE as it comes; if the call is interrupted, the same one again goes on where it stopped
    #[arg(long, value_name = "FILE", help_heading = "Running")]
    checkpoint: Option<PathBuf>,

    /// Shows where the time of each recording went, on stderr
    #[arg(long, help_heading = "Running")]
    timings: bool,

    /// Shows neither progress nor warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    #[command(flatten)]
    form: FormArgs,
    /// Writes all results to FILE instead of stdout
    #[arg(short, long, value_name = "FILE", conflicts_with = "output_dir")]
    output: Option<PathBuf>,
    /// Writes one file per recording, named after it, into DIR (made if missing)
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// Lets a page (html) play the recording's file, which must stay where it is; otherwise the sound is in the page, 14 MB per hour
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

/// Diarizes every input. A fault of one does not stop the others; whatever can be refused is refused before the work.
pub(crate) fn run(mut args: DiarizeArgs) -> anyhow::Result<()> {
    args.method.read_config()?;
    let options = args.options()?;
    args.check_stdin()?;
    let recordings = inputs::expand(&args.inputs);
    let forms = args.output.forms(recordings.len())?;
    args.check_output(&recordings, &forms)?;
    args.check_checkpoint(recordings.len())?;
    let models = args.method.load()?;
    let mut names = args.names.open(&models, &options)?;
    let pipeline = Pipeline::new(models, args.threads)?;

    let mut first_fault = None;
    let mut collected = None;
    let num_recordings = recordings.len();
    for (index, recording) in recordings.into_iter().enumerate() {
        let position = if num_recordings > 1 { format!("[{}/{num_recordings}] ", index + 1) } else { String::new() };
        let done = recording.map_err(anyhow::Error::from).and_then(|recording| {
            let (mut result, named) = args.diarize(&pipeline, &recording, &options, names.as_ref(), &position)?;
            let clock = Instant::now();
            for &form in &forms {
                let sound = if form == Form::Html { args.sound(&recording) } else { None };
                let text = args.output.form.render(form, &result, &options, named.as_ref(), sound.as_ref())?;
                args.deliver(&recording, form, &text, &mut collected)?;
            }
            result.timings.add_output(clock.elapsed());
            if let (Some(names), Some(named)) = (&mut names, named) {
                names.learn(&recording.source.to_string(), named, args.quiet)?;
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
    fn options(&self) -> Result<DiarizationOptions> {
        let options = DiarizationOptions { bounds: self.speakers.bounds()?, ..self.method.options()? };
        options.validate()?;
        Ok(options)
    }

    /// Stdin has no header: its rate must be given, and it can be read once only.
    fn check_stdin(&self) -> Result<()> {
        let count = self.inputs.iter().filter(|input| input.as_os_str() == "-").count();
        match (count, self.stdin.rate) {
            (0, Some(_)) => Err(Error::invalid_option("--rate is for raw PCM on stdin")
                .hint("give - as the input, or leave --rate out: files tell their own rate")),
            (1, None) => {
                Err(Error::invalid_option("raw PCM on stdin needs its sample rate")
                    .hint("add for example --rate 16000"))
            }
            (0 | 1, _) => Ok(()),
            _ => Err(Error::invalid_option("stdin can be one of the inputs only once")),
        }
    }

    /// A checkpoint is of one recording.
    fn check_checkpoint(&self, num_recordings: usize) -> Result<()> {
        let Some(path) = &self.checkpoint else { return Ok(()) };
        if num_recordings != 1 {
            return Err(Error::invalid_option("a checkpoint is for a single recording")
                .hint("give one input, or leave --checkpoint out"));
        }
        let others = self.inputs.iter().chain(&self.output.output);
        if others.into_iter().any(|other| other == path || output::is_same(other, path)) {
            return Err(Error::invalid_option("the checkpoint would take the place of another file of this call")
                .hint("give another name to --checkpoint")
                .at(path.display().to_string()));
        }
        Ok(())
    }

    /// Nothing is more annoying than a result that cannot be written after an hour of work.
    fn check_output(&self, recordings: &[Result<Recording>], forms: &[Form]) -> Result<()> {
        if let Some(path) = &self.output.output {
            output::check_writable(path)?;
            if self.inputs.iter().any(|input| output::is_same(input, path)) {
                return Err(Error::invalid_option("the output would take the place of a recording")
                    .hint("give another name to --output")
                    .at(path.display().to_string()));
            }
        }
        if let Some(folder) = &self.output.output_dir {
            output::prepare_folder(folder)?;
            for recording in recordings.iter().flatten() {
                for &form in forms {
                    output::check_writable(&path_in(folder, recording, form))?;
                }
            }
        }
        Ok(())
    }

    fn diarize(
        &self,
        pipeline: &Pipeline,
        recording: &Recording,
        options: &DiarizationOptions,
        names: Option<&Names>,
        position: &str,
    ) -> Result<(Diarization, Option<Named>)> {
        let bar = Bar::new(format!("{position}{}", recording.file_id), !self.quiet);
        let mut progress = |progress| bar.update(progress);
        let id = &recording.file_id;
        let mut diarize = |source: &mut dyn AudioSource| {
            let mut beginning = Beginning::new(source);
            let result = match &self.checkpoint {
                None => pipeline.diarize(id, &mut beginning, options, &mut progress),
                Some(path) => pipeline.diarize_with_checkpoint(id, &mut beginning, options, path, &mut progress),
            }?;
            let named = names.map(|names| names.find(pipeline, options, &result, &beginning)).transpose()?;
            Ok((result, named))
        };
        let result = match &recording.source {
            Source::File(path) => {
                audio::open(path).and_then(|mut file| Ok((diarize(&mut file)?, file.warnings().to_vec())))
            }
            Source::Stdin => self.open_stdin().and_then(|mut pcm| Ok((diarize(&mut pcm)?, pcm.warnings().to_vec()))),
        };
        bar.clear();
        let ((result, named), warnings) = result.map_err(|error| located(error, &recording.source))?;
        if !self.quiet {
            for warning in warnings {
                exit::warn(&format!("{}: {warning}", recording.source));
            }
            if progress::is_visible() {
                exit::note(&format!("{position}{}", summary(&result)));
            }
        }
        Ok((result, named))
    }

    /// What a page plays. That it cannot be read again, as from a pipe, is no reason to lose the result.
    fn sound(&self, recording: &Recording) -> Option<Sound> {
        let folder = self.output.output_dir.as_ref().map(|folder| path_in(folder, recording, Form::Html));
        let page = folder.as_ref().or(self.output.output.as_ref());
        let sound = match &recording.source {
            Source::File(audio) => Sound::of(audio, page.map(PathBuf::as_path), self.output.link_audio),
            Source::Stdin => Err(Error::input("what came from stdin cannot be read again")),
        };
        if let (Err(error), false) = (&sound, self.quiet) {
            exit::warn(&format!("{}: the page has no sound: {error}", recording.file_id));
        }
        sound.ok()
    }

    fn open_stdin(&self) -> Result<audio::PcmSource> {
        let format = self.stdin.pcm.map_or(PcmFormat::S16le, PcmFormat::from);
        audio::pcm(io::stdin(), format, self.stdin.rate.unwrap_or_default(), self.stdin.channels.unwrap_or(1))
    }

    /// Hands `text` to where the user wants it; `collected` keeps what `--output` got so far, and is
    /// something as soon as anything was delivered.
    fn deliver(
        &self,
        recording: &Recording,
        form: Form,
        text: &str,
        collected: &mut Option<String>,
    ) -> anyhow::Result<()> {
        let head = form.head();
        if let Some(folder) = &self.output.output_dir {
            output::write(&path_in(folder, recording, form), [head, text].concat().as_bytes())?;
            return Ok(());
        }
        let text = if collected.is_none() { [head, text].concat() } else { text.to_owned() };
        let collected = collected.get_or_insert_default();
        match &self.output.output {
            Some(path) => {
                collected.push_str(&text);
                // After each recording, so that an interrupted run keeps what is done.
                output::write(path, collected.as_bytes())?;
            }
            None => output::to_stdout(text.as_bytes())?,
        }
        Ok(())
    }
}

impl OutputArgs {
    /// What is written of each recording.
    fn forms(&self, num_recordings: usize) -> Result<Vec<Form>> {
        let forms = self.form.forms(self.output.as_deref());
        if self.output_dir.is_some() {
            return Ok(forms);
        }
        if forms.len() > 1 {
            return Err(
                Error::invalid_option("several formats need a file each").hint("name a folder with --output-dir")
            );
        }
        match forms.iter().find(|form| num_recordings > 1 && !form.holds_several()) {
            None => Ok(forms),
            Some(form) => Err(Error::invalid_option(format!("a file of {} holds one recording", form.name()))
                .hint("name a folder with --output-dir, which gets a file for each")),
        }
    }
}

fn path_in(folder: &Path, recording: &Recording, form: Form) -> PathBuf {
    folder.join(format!("{}.{}", recording.file_id, form.extension()))
}

/// `error` with the name of the recording, which errors of the file itself have already.
fn located(error: Error, source: &Source) -> Error {
    let name = source.to_string();
    if error.to_string().starts_with(&name) { error } else { error.at(name) }
}

fn summary(result: &Diarization) -> String {
    let num_speakers = result.speakers.len();
    let rtfx = result.duration_s / result.timings.total_s.max(1e-3);
    format!(
        "{}: {num_speakers} speaker{}, {:.1} s in {:.1} s ({rtfx:.1}x real time)",
        result.diarization.file_id,
        if num_speakers == 1 { "" } else { "s" },
        result.duration_s,
        result.timings.total_s,
    )
}
