//! `diarist live`: turns a few seconds after the audio arrives.

mod feed;
mod lines;
#[cfg(any(feature = "microphone", not(target_os = "linux")))]
mod losses;
#[cfg(any(feature = "microphone", not(target_os = "linux")))]
mod microphone;
#[cfg(not(any(feature = "microphone", not(target_os = "linux"))))]
#[path = "live/no_microphone.rs"]
mod microphone;
#[cfg(target_os = "macos")]
mod process_tap;
mod view;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diarist::parts::analysis::file_id;
use diarist::parts::audio;
use diarist::{Diarization, Diarizer, Error, ErrorKind, Live, LiveSettings, Result};

use crate::exit::{self, Faults};
use crate::inputs::{SelectionArgs, StdinArgs};
use crate::names::NameArgs;
use crate::results::{FormatArgs, ResultFormat};
use crate::settings::{LiveOptions, OptionArgs};
use crate::{output, terminal};
use feed::{Feed, LiveInput, Piece};
use view::View;

const EXAMPLES: &str = "\
Examples:
  diarist live                                         the microphone, until Ctrl-C
  diarist live -o meeting.rttm                         the same, and the final turns in a file
  diarist live --speakers people.db                    with the names of people that `diarist speakers` knows
  diarist live --list-devices                          names for --device
  diarist live talk.mp3                                a recording, as fast as it would play
  diarist live --no-wait talk.mp3 | jq -c .            its events, as fast as they can be computed
  arecord -f S16_LE -r 16000 -t raw | diarist live --rate 16000 -

On a terminal, stdout shows the current speaker and the turns that are over. Elsewhere it gets JSON Lines: \"opened\",
\"extended\", \"closed\", \"relabelled\", \"merged\" and \"named\" report changes to turns and speakers by their numbers, \"behind\" and
\"lost\" report delayed and lost audio, and the last line, \"result\", holds the JSON of `diarist diarize` for the whole audio.";

/// The machine is too slow if the newest audio has waited for longer than this.
const BEHIND: Duration = Duration::from_secs(3);

/// Finds who speaks while the audio arrives
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct LiveArgs {
    /// An audio file, or - for stdin [default: the microphone]
    #[arg(value_name = "INPUT")]
    input: Option<PathBuf>,

    /// Seconds from a moment to the decision about its speakers, 0.5 to 10: longer is more accurate
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, help_heading = "Live")]
    latency: f64,
    /// Seconds of new audio between two windows, 0.25 to 10: shorter takes more work
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, help_heading = "Live")]
    live_step: f64,

    /// Name of the microphone [default: that of the system]
    #[arg(long, value_name = "NAME", help_heading = "Input", conflicts_with = "input")]
    device: Option<String>,
    /// Lists the microphones
    #[arg(long, help_heading = "Input", conflicts_with_all = ["input", "device"])]
    list_devices: bool,
    /// Reads a file as fast as possible, not at the speed of playback; stdin may be faster, too
    #[arg(long, help_heading = "Input", requires = "input")]
    no_wait: bool,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    stdin: StdinArgs,

    /// Writes the final turns to FILE
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
    /// Writes JSON Lines even to a terminal
    #[arg(long, help_heading = "Output")]
    events: bool,

    #[command(flatten)]
    names: NameArgs,
    #[command(flatten)]
    method: OptionArgs<LiveOptions>,
    /// Hides warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

/// Follows the input to its end or to Ctrl-C, then writes the final result.
pub(crate) fn run(args: LiveArgs) -> anyhow::Result<()> {
    if args.list_devices {
        return Ok(microphone::list(&mut terminal::stdout())?);
    }
    let settings = args.method.settings()?;
    let live_settings = LiveSettings { latency_s: args.latency, step_s: args.live_step };
    live_settings.validate()?;
    let format = args.format.format(args.output.as_deref())?;
    if let Some(path) = &args.output {
        output::check_writable(path)?;
    }
    let (diarizer, mut learning) = args.names.open(Diarizer::new(&settings)?)?;
    let input = args.input()?;
    let name = input.name.clone();
    let mut live = Live::new(&diarizer, &live_settings)?;
    let is_interrupted = interruption()?;
    let is_file = args.input.as_ref().is_some_and(|input| input.as_os_str() != "-");
    let feed = Feed::start(input, is_file && !args.no_wait);
    let delay_s = args.latency + args.live_step;
    let mut view = View::new(args.events || !io::stdout().is_terminal(), args.format.readable().settings(), delay_s);
    let mut faults = Faults::default();
    if let Err(error) = args.follow(&mut live, &feed, &is_interrupted, &mut view) {
        faults.add(error.into())?;
    }

    // Also after a fault, so that the audio before it is not lost.
    let result = match live.finish(&name) {
        Ok(result) => result,
        Err(error) => return faults.finish(Err(error.into())),
    };
    let shown = view.finish(&result);
    if let Some(path) = &args.output
        && let Err(error) = args.save(path, format, &result.diarization, &view)
    {
        faults.add(error.into())?;
    }
    if let Some(learning) = &mut learning
        && let Err(error) = learning.learn(&diarizer, &result.diarization, &name, args.quiet)
    {
        faults.add(error.into())?;
    }
    faults.finish(shown.map_err(Into::into))
}

impl LiveArgs {
    fn input(&self) -> Result<LiveInput> {
        self.stdin.check(self.input.iter().any(|input| input.as_os_str() == "-"))?;
        let selection = self.selection.selection();
        match &self.input {
            None if selection != audio::Selection::default() => {
                Err(Error::invalid_option("--track and --channel are for files and stdin, not for a microphone"))
            }
            None => microphone::open(self.device.as_deref()),
            Some(input) if input.as_os_str() == "-" => {
                Ok(LiveInput::patient("stdin".to_owned(), self.stdin.open(selection)?))
            }
            Some(file) => Ok(LiveInput::patient(file_id(file), Box::new(audio::open_selected(file, selection)?))),
        }
    }

    /// Writes the final result. A terminal shows it if the file cannot be written; other readers of
    /// stdout have it already.
    fn save(&self, path: &Path, format: ResultFormat, result: &Diarization, view: &View) -> Result<()> {
        let text = self.format.file(format, result, None)?;
        output::write(path, text.as_bytes(), format.readers()).inspect_err(|_| {
            if view.is_terminal() {
                // The fault of the file is reported.
                let _ = output::to_stdout(text.as_bytes());
            }
        })
    }

    /// Pushes audio until the input ends, Ctrl-C is pressed, or nobody is left who waits for the
    /// result: the reader of the events is gone, and there is no file to write.
    fn follow(&self, live: &mut Live, feed: &Feed, is_interrupted: &AtomicBool, view: &mut View) -> Result<()> {
        let mut was_behind = false;
        while !is_interrupted.load(Ordering::Relaxed) && (self.output.is_some() || !view.is_abandoned()) {
            match feed.next(Duration::from_millis(100)) {
                Piece::Nothing => view.tick(),
                Piece::End => break,
                Piece::Fault(error) => return Err(error),
                Piece::Samples { samples, lost, arrived } => {
                    if lost > 0 {
                        view.lost(live.duration_s(), lost);
                        // Silence replaces lost audio, so that times stay right.
                        view.events(live.duration_s(), &live.push(&vec![0.0; lost])?);
                    }
                    let events = live.push(&samples)?;
                    view.events(live.duration_s(), &events);
                    let behind = arrived.elapsed();
                    if behind > BEHIND && !was_behind && !self.no_wait {
                        view.behind(live.duration_s(), behind.as_secs_f64());
                        if !self.quiet {
                            exit::warn("the machine is too slow to keep up; a longer --live-step takes less work");
                        }
                    }
                    was_behind = behind > BEHIND;
                }
            }
        }
        Ok(())
    }
}

/// A flag that the first Ctrl-C sets. Another one ends the process at once if it comes at least a
/// second later, since some tools send it twice.
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
