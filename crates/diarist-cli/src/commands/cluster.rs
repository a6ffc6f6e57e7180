//! `diarist cluster`: turns from a saved analysis.

use std::path::PathBuf;

use diarist::parts::analysis::saved;
use diarist::parts::diarizer;
use diarist::{Analysis, Constraints, Error, Result};

use crate::exit;
use crate::output;
use crate::results::FormatArgs;
use crate::settings::{ClusteringOptions, OptionArgs};

const EXAMPLES: &str = "\
Examples:
  diarist cluster meeting.diarist                        the turns that diarize gives
  diarist cluster --num-speakers 4 meeting.diarist       exactly four speakers
  diarist cluster --fb 0.4 meeting.diarist               more speakers
  diarist cluster --must-link 12.5,340 meeting.diarist   the same person speaks at 12.5 s and at 340 s
  diarist cluster --cannot-link 12.5,60 meeting.diarist  different people speak at 12.5 s and at 60 s
  diarist cluster --format json meeting.diarist          with embeddings, speech time, options
  diarist cluster -o meeting.TextGrid meeting.diarist    for Praat; docs/formats.md has all the formats
  diarist cluster --partial day.diarist                  results so far of an interrupted diarize --checkpoint";

/// Finds who spoke when from a saved analysis, without the recording and without the networks
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct ClusterArgs {
    /// File that `diarist analyze` or `diarist diarize --checkpoint` wrote
    #[arg(value_name = "ANALYSIS")]
    input: PathBuf,

    /// Joins the speakers at A and B, moments in seconds at which the same person speaks. May be
    /// given several times
    #[arg(long, value_name = "A,B", value_parser = pair, help_heading = "Known identities")]
    must_link: Vec<(f64, f64)>,
    /// Separates the speakers at A and B, moments in seconds at which different people speak. May
    /// be given several times
    #[arg(long, value_name = "A,B", value_parser = pair, help_heading = "Known identities")]
    cannot_link: Vec<(f64, f64)>,

    #[command(flatten)]
    format: FormatArgs,
    /// Writes the result to FILE instead of stdout
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,

    #[command(flatten)]
    options: OptionArgs<ClusteringOptions>,

    /// Accepts an incomplete analysis, up to its end
    #[arg(long, help_heading = "Running")]
    partial: bool,
}

/// Clusters the analysis.
pub(crate) fn run(args: &ClusterArgs) -> Result<()> {
    let mut settings = args.options.settings()?;
    settings.clustering.constraints =
        Constraints { must_link: args.must_link.clone(), cannot_link: args.cannot_link.clone() };
    let format = args.format.format(args.output.as_deref())?;
    if let Some(path) = &args.output {
        output::check_writable(path)?;
        if output::is_same(&args.input, path) {
            return Err(Error::invalid_option("the output would overwrite the analysis")
                .hint("give another name to --output")
                .at(path.display().to_string()));
        }
    }
    let analysis = args.read()?;
    let result = diarizer::cluster(&analysis, &settings).map_err(|error| error.at(args.input.display().to_string()))?;
    output::deliver(args.output.as_deref(), args.format.file(format, &result)?.as_bytes())
}

impl ClusterArgs {
    fn read(&self) -> Result<Analysis> {
        if self.partial { Ok(saved::read_file(&self.input)?.analysis) } else { Analysis::open(&self.input) }
    }
}

/// Two moments in seconds, separated by a comma.
fn pair(text: &str) -> std::result::Result<(f64, f64), String> {
    let parts = text.split_once(',').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    parts.ok_or_else(|| "needs two numbers of seconds separated by a comma, such as 12.5,340".to_owned())
}
