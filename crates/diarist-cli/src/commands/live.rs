//! `diarist live`: audio while it arrives, turns a few seconds later.

mod feed;
#[cfg(any(feature = "microphone", not(target_os = "linux")))]
mod losses;
#[cfg(any(feature = "microphone", not(target_os = "linux")))]
mod microphone;
#[cfg(not(any(feature = "microphone", not(target_os = "linux"))))]
#[path = "live/no_microphone.rs"]
mod microphone;
mod view;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diarist::parts::audio::{self, PcmFormat, SliceSource};
use diarist::parts::clustering::SpeakerBounds;
use diarist::parts::formats::rttm;
use diarist::parts::live::{Live, LiveOptions};
use diarist::pipeline::{DiarizationOptions, Pipeline};
use diarist::parts::voices::Beginning;
use diarist::{Error, ErrorKind, Result};

use crate::names::{NameArgs, Names};
use crate::results::FormArgs;
use crate::settings::MethodArgs;
use crate::{exit, output};
use feed::{Feed, Input, Piece};
use view::View;

const EXAMPLES: &str = "\
Examples:
  diarist live                                         the microphone, until Ctrl-C
  diarist live -o meeting.rttm                         the same, and the final turns in a file
  diarist live --speakers people.db                    calls those by their names whom `diarist speakers` knows
  diarist live --list-devices                          names for --device
  diarist live talk.mp3                                a recording, as fast as it would play
  diarist live --no-wait talk.mp3 | jq -c .            its events, as fast as they can be computed
  arecord -f S16_LE -r 16000 -t raw | diarist live --rate 16000 -

On a terminal stdout shows who speaks and the turns that are over. Anywhere else it gets JSON Lines: \"opened\", \"extended\",
\"closed\", \"relabelled\", \"merged\" and \"named\" tell of turns and speakers by their numbers, \"behind\" and \"lost\" of audio that could not be
followed, and the last line, \"result\", holds what `diarist diarize --format json` gives for the whole.";

/// If the newest audio has waited for this long, the machine is too slow.
const BEHIND: Duration = Duration::from_secs(3);

/// Tells who speaks while they speak
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct LiveArgs {
    /// An audio file, or - for raw PCM on stdin; the microphone if not given
    #[arg(value_name = "INPUT")]
    input: Option<PathBuf>,

    /// Seconds after which a moment is decided, 0.5 to 10: the longer, the surer
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, help_heading = "Live")]
    latency: f64,
    /// Seconds of new audio between two looks, 0.25 to 10: the shorter, the more work
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, help_heading = "Live")]
    live_step: f64,
    /// At most N speakers
    #[arg(long, value_name = "N", help_heading = "Live")]
    max_speakers: Option<usize>,

    /// The microphone with this name
    #[arg(long, value_name = "NAME", help_heading = "Input", conflicts_with = "input")]
    device: Option<String>,
    /// Lists the microphones and ends
    #[arg(long, help_heading = "Input", conflicts_with_all = ["input", "device"])]
    list_devices: bool,
    /// Reads a file as fast as it can be computed, not as fast as it plays; - may come as fast, too
    #[arg(long, help_heading = "Input", requires = "input")]
    no_wait: bool,
    /// Sample rate of - in Hz
    #[arg(long, value_name = "HZ", help_heading = "Input")]
    rate: Option<u32>,
    /// Interleaved channels of - [default: 1]
    #[arg(long, value_name = "N", requires = "rate", help_heading = "Input")]
    channels: Option<u16>,
    /// Sample format of - [default: s16le]
    #[arg(long, value_enum, requires = "rate", help_heading = "Input")]
    pcm: Option<crate::inputs::Pcm>,

    /// Writes the final turns to FILE
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    form: FormArgs,
    /// Writes JSON Lines even to a terminal
    #[arg(long, help_heading = "Output")]
    events: bool,

    #[command(flatten)]
    names: NameArgs,
    #[command(flatten)]
    method: MethodArgs,
    /// Computes on N threads [default: 1]
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Running")]
    threads: usize,
    /// Shows no warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

/// Follows the input to its end or to Ctrl-C, then writes the final result.
pub(crate) fn run(mut args: LiveArgs) -> anyhow::Result<()> {
    if args.list_devices {
        return Ok(microphone::list(&mut io::stdout().lock())?);
    }
    args.method.read_config()?;
    let options = args.options()?;
    let form = args.form.form(args.output.as_deref())?;
    if let Some(path) = &args.output {
        output::check_writable(path)?;
    }
    let models = args.method.load()?;
    let mut names = args.names.open(&models, &options.diarization)?;
    let input = args.input()?;
    let name = input.name.clone();
    let pipeline = Arc::new(Pipeline::new(models, Some(args.threads))?);
    let mut live = Live::new(Arc::clone(&pipeline), &options)?;
    if let Some(names) = &names {
        live = live.with_gallery(names.gallery().clone());
    }
    let is_interrupted = interruption()?;
    let is_file = args.input.as_ref().is_some_and(|input| input.as_os_str() != "-");
    let feed = Feed::start(input, is_file && !args.no_wait);
    let mut view = View::new(args.events || !io::stdout().is_terminal());
    let fault = args.follow(&mut live, &feed, &is_interrupted, &mut view);

    // Whatever has ended the input: what was heard is not lost.
    let result = live.finish(&name)?;
    let (diarization, options) = (&result.diarization, &options.diarization);
    let find = |names: &Names| names.find(&pipeline, options, diarization, &Beginning::new(&mut SliceSource::new(&[])));
    let named = names.as_ref().map(find).transpose()?;
    if let Some(path) = &args.output {
        output::write(path, args.form.file(form, diarization, options, named.as_ref())?.as_bytes())?;
    }
    let shown = view.finish(&result, options, named.as_ref());
    if let (Some(names), Some(named)) = (&mut names, named) {
        names.learn(&name, named, args.quiet)?;
    }
    fault?;
    Ok(shown?)
}

impl LiveArgs {
    fn options(&self) -> Result<LiveOptions> {
        let bounds = SpeakerBounds::new(None, None, self.max_speakers)?;
        let options = LiveOptions {
            latency_s: self.latency,
            step_s: self.live_step,
            diarization: DiarizationOptions { bounds, ..self.method.options()? },
        };
        options.validate()?;
        Ok(options)
    }

    fn input(&self) -> Result<Input> {
        match &self.input {
            None if self.rate.is_some() => Err(Error::invalid_option("--rate is for raw PCM on stdin")
                .hint("give - as the input, or leave --rate out: a microphone tells its own rate")),
            None => microphone::open(self.device.as_deref()),
            Some(input) if input.as_os_str() == "-" => {
                let rate = self.rate.ok_or_else(|| {
                    Error::invalid_option("raw PCM on stdin needs its sample rate").hint("add for example --rate 16000")
                })?;
                let format = self.pcm.map_or(PcmFormat::S16le, PcmFormat::from);
                let source = audio::pcm(io::stdin(), format, rate, self.channels.unwrap_or(1))?;
                Ok(Input::patient("stdin".to_owned(), Box::new(source)))
            }
            Some(_) if self.rate.is_some() => Err(Error::invalid_option("--rate is for raw PCM on stdin")
                .hint("leave --rate out: files tell their own rate")),
            Some(file) => {
                let name = rttm::field(&file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy());
                Ok(Input::patient(name, Box::new(audio::open(file)?)))
            }
        }
    }

    /// Pushes what comes until the input ends, Ctrl-C is pressed, or nobody reads the events any more.
    fn follow(&self, live: &mut Live, feed: &Feed, is_interrupted: &AtomicBool, view: &mut View) -> Result<()> {
        let mut was_behind = false;
        while !is_interrupted.load(Ordering::Relaxed) {
            match feed.next(Duration::from_millis(100)) {
                Piece::Nothing => view.tick(),
                Piece::End => break,
                Piece::Fault(error) => return Err(error),
                Piece::Samples { samples, lost, arrived } => {
                    if lost > 0 {
                        view.lost(live.duration_s(), lost)?;
                        // Silence takes its place, so that times stay true.
                        view.events(live.duration_s(), &live.push(&vec![0.0; lost])?)?;
                    }
                    let events = live.push(&samples)?;
                    view.events(live.duration_s(), &events)?;
                    let behind = arrived.elapsed();
                    if behind > BEHIND && !was_behind && !self.no_wait {
                        view.behind(live.duration_s(), behind.as_secs_f64())?;
                        if !self.quiet {
                            exit::warn("the machine is too slow to follow; a longer --live-step is less work");
                        }
                    }
                    was_behind = behind > BEHIND;
                }
            }
        }
        Ok(())
    }
}

/// Set by the first Ctrl-C; another one, a second later or more, ends the process at once. (Some tools send it twice.)
fn interruption() -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    let mut first: Option<Instant> = None;
    ctrlc::set_handler(move || {
        seen.store(true, Ordering::Relaxed);
        if first.get_or_insert_with(Instant::now).elapsed() > Duration::from_secs(1) {
            std::process::exit(130);
        }
    })
    .map_err(|error| Error::new(ErrorKind::Internal, "Ctrl-C cannot be caught").caused_by(error))?;
    Ok(flag)
}
