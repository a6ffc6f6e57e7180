//! `diarist convert`: results from one format to another.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use diarist::parts::formats::{self, Format, Labels, rttm};
use diarist::{Error, Result};

use crate::exit::{self, Faults};
use crate::inputs::UniqueNames;
use crate::labels;
use crate::output::{self, Readers};
use crate::rename::RenameArgs;
use crate::results::{self, ReadableArgs, ResultArgs, ResultFormat};
use crate::sound::SoundArgs;

/// Longest name of a file in bytes, before a number and the extension. Most file systems allow 255.
const MAX_NAME_BYTES: usize = 200;

const EXAMPLES: &str = "\
Examples:
  diarist convert meeting.rttm meeting.srt                  formats by the extensions
  diarist convert meeting.TextGrid meeting.rttm             corrections made in Praat, for scoring
  diarist convert --rename SPEAKER_00=\"Ann Lee\" meeting.rttm named.rttm
  diarist convert --to audacity meeting.json -              on stdout
  diarist convert --file-id dev00 all.rttm dev00.eaf        one recording of several
  diarist convert --to csv meetings.json meetings/          a file for each recording, in a folder that exists
  diarist convert --tier Ann --tier Bo corrected.eaf meeting.rttm   some tiers only
  diarist convert meeting.rttm page.html --audio meeting.mp3  a page with player and timeline
  diarist convert --max-gap 1 meeting.rttm meeting.srt      fewer and longer subtitles

Extensions: rttm json csv srt vtt txt and lab (Audacity) TextGrid eaf uem html; docs/formats.md lists what each keeps.";

/// Converts a result to another format, also after corrections in another program
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    source: ResultArgs,

    /// The file to write, - for stdout, or a folder that gets a file for each recording
    #[arg(value_name = "OUT")]
    output: PathBuf,

    /// Format of OUT [default: by its extension]
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: Option<ResultFormat>,

    /// Converts the exclusive timeline: at most one speaker at a time (only JSON has it)
    #[arg(long)]
    exclusive: bool,

    #[command(flatten)]
    rename: RenameArgs,

    #[command(flatten)]
    sound: SoundArgs,
    #[command(flatten)]
    readable: ReadableArgs,

    /// Hides warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

/// Converts the result.
pub(crate) fn run(args: &ConvertArgs) -> anyhow::Result<()> {
    let to = results::format_for(args.to, &args.output, "--to")?;
    let recordings = args.read()?;
    if args.output.is_dir() {
        let name = |recording: &Labels| {
            let name = rttm::field(&recording.turns.file_id).replace(['/', '\\'], "_");
            name[..name.floor_char_boundary(MAX_NAME_BYTES)].to_owned()
        };
        let mut names = UniqueNames::around(recordings.iter().map(name).collect::<Vec<_>>().iter());
        let mut faults = Faults::default();
        for recording in recordings {
            let path = args.output.join(names.take(name(&recording)) + "." + to.extension());
            if let Err(error) = args.write(&[recording], to, Some(&path)) {
                faults.add(error.into())?;
            }
        }
        return faults.finish(Ok(()));
    }
    Ok(args.write(&recordings, to, Some(args.output.as_path()).filter(|path| path.as_os_str() != "-"))?)
}

impl ConvertArgs {
    fn read(&self) -> Result<Vec<Labels>> {
        let renaming = self.rename.read()?;
        let mut recordings = self.source.read()?;
        for loss in labels::losses(&recordings, self.source.path()) {
            self.warn(true, || loss);
        }
        for recording in &mut recordings {
            if self.exclusive {
                recording.turns = recording.exclusive.take().ok_or_else(|| {
                    Error::input("there is no exclusive timeline").hint("only JSON has one").at(self.source.name())
                })?;
            }
            renaming.labels(recording);
        }
        renaming.warn(self.quiet);
        Ok(recordings)
    }

    fn write(&self, recordings: &[Labels], to: ResultFormat, path: Option<&Path>) -> Result<()> {
        // Subtitles may be somebody's own, so they keep every cue unless the caller asks for less.
        let readable: Vec<Labels>;
        let recordings = if to == ResultFormat::Html || (to.is_readable() && self.readable.is_given()) {
            readable = recordings.iter().map(|recording| self.readable.apply(recording)).collect();
            readable.as_slice()
        } else {
            recordings
        };
        let inputs = || [self.source.path()].into_iter().chain(self.sound.path());
        if let Some(path) = path.filter(|path| inputs().any(|input| output::is_same(input, path))) {
            return Err(Error::invalid_option("the output would overwrite an input")
                .hint("give another name")
                .at(path.display().to_string()));
        }
        let Some(format) = to.in_library() else { return self.write_page(recordings, path) };
        let text = formats::write(recordings, format).map_err(|error| match recordings.len() {
            0 | 1 => error,
            _ => error.hint("choose one with --file-id, or name a folder that exists"),
        })?;
        output::deliver(path, text.as_bytes(), Readers::Usual)?;
        let name = path.map_or_else(|| "stdout".to_owned(), |path| path.display().to_string());
        for loss in losses(recordings, &text, format) {
            self.warn(true, || format!("{name}: {loss}"));
        }
        Ok(())
    }

    fn write_page(&self, recordings: &[Labels], path: Option<&Path>) -> Result<()> {
        let [recording] = recordings else {
            return Err(Error::invalid_option(format!(
                "a page shows one recording, and here are {}",
                recordings.len()
            ))
            .hint("choose one with --file-id, or name a folder that exists"));
        };
        let sound = self.sound.sound(path)?;
        output::deliver(path, diarist_page::page(recording, sound.as_ref()).as_bytes(), Readers::Usual)
    }

    fn warn(&self, is_true: bool, message: impl FnOnce() -> String) {
        if is_true && !self.quiet {
            exit::warn(&message());
        }
    }
}

/// Losses of `text`, which `recordings` became, found by reading it again: one sentence each.
fn losses(recordings: &[Labels], text: &str, to: Format) -> Vec<String> {
    if to == Format::Uem {
        let mut losses = vec!["UEM holds no speakers, only the extent of the recording".to_owned()];
        if recordings.iter().any(|recording| recording.duration_s.is_none()) {
            losses.push("the length of the recording is not known, so it ends with its last turn".to_owned());
        }
        return losses;
    }
    let name = recordings.first().map(|recording| recording.turns.file_id.as_str()).unwrap_or_default();
    let kept = formats::read(text.as_bytes(), to, name).unwrap_or_default();
    let num_turns = |recordings: &[Labels]| recordings.iter().map(|r| r.turns.turns.len()).sum::<usize>();
    let mut losses = Vec::new();
    let (before, after) = (num_turns(recordings), num_turns(&kept));
    if after < before {
        losses.push(format!(
            "{} holds {after} of {before} turns: overlapping turns of one speaker are joined, turns without length left out",
            to.name()
        ));
    }
    let names = |recordings: &[Labels]| -> BTreeSet<String> {
        recordings.iter().flat_map(|recording| recording.turns.speakers()).map(str::to_owned).collect()
    };
    let (before, after) = (names(recordings), names(&kept));
    let changed: Vec<&str> = before.difference(&after).map(String::as_str).collect();
    if let Some(first) = changed.first().filter(|_| num_turns(&kept) > 0) {
        let (verb, noun) = if changed.len() == 1 { ("is", "name") } else { ("are", "names") };
        losses.push(format!("{} {noun} {verb} written differently, such as {first:?}", changed.len()));
    }
    losses
}
