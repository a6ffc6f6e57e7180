//! `diarist plot`: turns as a picture.

use std::path::{Path, PathBuf};

use diarist::parts::formats::Labels;
use diarist::{Error, Result};

use crate::exit;
use crate::labels;
use crate::output::{self, Readers};
use crate::plot::{picture, png, svg};
use crate::results::{ReadableArgs, ResultArgs};

const EXAMPLES: &str = "\
Examples:
  diarist plot meeting.rttm -o meeting.svg
  diarist plot meeting.json -o meeting.png --reference reference.rttm   each speaker below the one of the reference
  diarist plot --file-id dev00 all.rttm -o dev00.svg                    one recording of several";

/// Draws turns: a lane for each speaker over time, with overlap marked
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct PlotArgs {
    #[command(flatten)]
    source: ResultArgs,

    /// The picture: .svg or .png
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Draws the turns of a reference above them, each speaker beside its best match
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,

    #[command(flatten)]
    readable: ReadableArgs,
}

/// Draws the picture.
pub(crate) fn run(args: &PlotArgs) -> Result<()> {
    let is_png = match args.output.extension().map(|extension| extension.to_string_lossy().to_lowercase()).as_deref() {
        Some("svg") => false,
        Some("png") => true,
        _ => {
            return Err(Error::invalid_option("a picture is .svg or .png").at(args.output.display().to_string()));
        }
    };
    let mut recordings = args.source.read()?;
    if recordings.len() > 1 {
        return Err(Error::input(format!("there are {} recordings here", recordings.len()))
            .hint("choose one with --file-id")
            .at(args.source.name()));
    }
    let recording = recordings.pop().unwrap_or_default();
    let reference = args.reference.as_deref().map(|path| reference(path, &recording)).transpose()?;
    let picture = picture(&recording, reference.as_ref(), &args.readable.settings())?;
    let bytes = if is_png { png(&picture)? } else { svg(&picture).into_bytes() };
    output::write(&args.output, &bytes, Readers::Usual)
}

/// The reference in the file at `path`: its only recording, or the one of the same name.
fn reference(path: &Path, recording: &Labels) -> Result<Labels> {
    let mut references = labels::read(path)?;
    let id = &recording.turns.file_id;
    match references.iter().position(|reference| reference.turns.file_id == *id) {
        Some(index) => Ok(references.swap_remove(index)),
        None if references.len() == 1 => Ok(references.remove(0)),
        None => Err(Error::input(format!("none of {} recordings is named {id}", references.len()))
            .hint("give the reference of this recording")
            .at(path.display().to_string())),
    }
}
