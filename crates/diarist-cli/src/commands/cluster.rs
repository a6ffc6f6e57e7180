//! `diarist cluster`: turns from a saved analysis.

use std::path::PathBuf;

use diarist::parts::clustering::Constraints;
use diarist::parts::analysis::saved::{self, Saved, Values};
use diarist::pipeline::{self, DiarizationOptions, EmbeddingMode, Settings, TrunkPasses};
use diarist::{Error, Result};

use crate::exit;
use crate::output;
use crate::results::{FormArgs, SpeakerArgs};
use crate::settings::ClusteringArgs;

const EXAMPLES: &str = "\
Examples:
  diarist cluster meeting.diarist                        the turns that diarize gives
  diarist cluster --num-speakers 4 meeting.diarist       exactly four speakers
  diarist cluster --fb 0.4 meeting.diarist               more speakers
  diarist cluster --must-link 12.5,340 meeting.diarist   the same person speaks at 12.5 s and at 340 s
  diarist cluster --cannot-link 12.5,60 meeting.diarist  different people speak at 12.5 s and at 60 s
  diarist cluster --format json meeting.diarist          with embeddings, speech time, options
  diarist cluster -o meeting.TextGrid meeting.diarist    for Praat; docs/formats.md has all the formats
  diarist cluster --partial day.diarist                  what an interrupted diarize --checkpoint has so far";

/// Tells who spoke when from what `diarist analyze` stored, without the recording and without the networks
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct ClusterArgs {
    /// File that `diarist analyze` or `diarist diarize --checkpoint` wrote
    #[arg(value_name = "ANALYSIS")]
    input: PathBuf,

    #[command(flatten)]
    speakers: SpeakerArgs,

    /// The same person speaks at A and at B, moments in seconds: their speakers become one. May be given several times
    #[arg(long, value_name = "A,B", value_parser = pair, help_heading = "Who is who")]
    must_link: Vec<(f64, f64)>,
    /// Different people speak at A and at B: if they were one speaker, it is parted. May be given several times
    #[arg(long, value_name = "A,B", value_parser = pair, help_heading = "Who is who")]
    cannot_link: Vec<(f64, f64)>,

    #[command(flatten)]
    form: FormArgs,
    /// Writes the result to FILE instead of stdout
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,

    #[command(flatten)]
    clustering: ClusteringArgs,
    /// Takes the clustering options under this heading from FILE, which `diarist tune` writes; those given here win
    #[arg(long, value_name = "FILE", help_heading = "Method")]
    config: Option<PathBuf>,

    /// Accepts an analysis that is not whole, as far as it goes
    #[arg(long, help_heading = "Running")]
    partial: bool,
}

/// Clusters the analysis.
pub(crate) fn run(args: &ClusterArgs) -> Result<()> {
    let mut settings = args.clustering.settings();
    if let Some(path) = &args.config {
        settings = settings.over(&Settings::read(path)?);
    }
    let bounds = args.speakers.bounds()?;
    let form = args.form.form(args.output.as_deref())?;
    if let Some(path) = &args.output {
        output::check_writable(path)?;
        if output::is_same(&args.input, path) {
            return Err(Error::invalid_option("the output would take the place of the analysis")
                .hint("give another name to --output")
                .at(path.display().to_string()));
        }
    }
    let saved = args.read()?;
    let constraints = Constraints { must_link: args.must_link.clone(), cannot_link: args.cannot_link.clone() };
    let options = DiarizationOptions { bounds, constraints, ..options_of(&saved, &settings)? };
    let located = |error: Error| error.at(args.input.display().to_string());
    let result = pipeline::cluster(&saved.header.file_id, &saved.analysis, &options).map_err(located)?;
    output::deliver(args.output.as_deref(), args.form.file(form, &result, &options, None)?.as_bytes())
}

impl ClusterArgs {
    fn read(&self) -> Result<Saved> {
        let saved = analysis::read_file(&self.input)?;
        if !saved.is_whole && !self.partial {
            let end_s = saved.analysis.geometry.duration_s();
            return Err(Error::input(format!("the analysis is not whole: it is cut or damaged after {end_s:.1} s"))
                .hint("--partial takes it as far as it goes; `diarist analyze` makes it anew")
                .at(self.input.display().to_string()));
        }
        Ok(saved)
    }
}

/// Two moments in seconds, with a comma between them.
fn pair(text: &str) -> std::result::Result<(f64, f64), String> {
    let parts = text.split_once(',').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    parts.ok_or_else(|| "two numbers of seconds with a comma between them are needed, such as 12.5,340".to_owned())
}

/// `settings` with what the analysis has decided already.
fn options_of(saved: &Saved, settings: &Settings) -> Result<DiarizationOptions> {
    let trunk = TrunkPasses::ALL.into_iter().find(|trunk| trunk.name() == saved.header.trunk);
    let is_skipped = saved.header.values == Values::None;
    Ok(DiarizationOptions {
        step_s: saved.analysis.geometry.step_s(),
        trunk: trunk.unwrap_or_default(),
        embedding_mode: if is_skipped { EmbeddingMode::Skip } else { EmbeddingMode::Fast },
        ..settings.options()?
    })
}
