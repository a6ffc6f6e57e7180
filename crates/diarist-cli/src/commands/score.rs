//! `diarist score`: diarization and Jaccard error rates of two sets of turns.

mod pairs;
mod report;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use diarist::parts::metrics::{ScoreOptions, score};

use crate::table::Form;
use crate::{exit, terminal};
use pairs::Pairs;
use report::Report;

const EXAMPLES: &str = "\
Examples:
  diarist score meeting.rttm turns.rttm                 over meeting.uem if it exists, else over both files
  diarist score reference/ turns/                       every recording of two folders, and the corpus
  diarist score --collar 0.25 --skip-overlap ref.rttm hyp.rttm";

/// Scores a hypothesis against a reference: diarization and Jaccard error rates.
///
/// Prints the convention in the first line, then the rates of each file and of the corpus. The
/// rates of the corpus come from sums of seconds, not from the mean over the files.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct ScoreArgs {
    /// True turns: a file in any format that `diarist convert` reads, or a folder of them
    #[arg(value_name = "REF")]
    reference: PathBuf,

    /// Turns of the system: a file in any of these formats, or a folder of them; recordings are
    /// matched by file id
    #[arg(value_name = "HYP")]
    hypothesis: PathBuf,

    /// Takes only the tier with this name of every TextGrid and EAF. May be given several times
    #[arg(long, value_name = "NAME")]
    tier: Vec<String>,

    /// Regions to score [default: NAME.uem beside REF's NAME.rttm, else the extent of both
    /// annotations]
    #[arg(long, value_name = "FILE")]
    uem: Option<PathBuf>,

    /// Seconds on each side of every reference boundary that are not scored (pyannote.metrics
    /// counts both sides: twice this)
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    collar: f64,

    /// Leaves regions unscored where reference turns overlap
    #[arg(long)]
    skip_overlap: bool,

    /// Writes JSON: rates as fractions, components in seconds
    #[arg(long)]
    json: bool,

    /// Form of the table
    #[arg(long, value_enum, value_name = "FORM", default_value_t, conflicts_with = "json")]
    tables: Form,
}

/// Writes the scores to stdout.
pub(crate) fn run(args: &ScoreArgs) -> anyhow::Result<()> {
    let options = ScoreOptions { collar_s: args.collar, skip_overlap: args.skip_overlap };
    options.validate()?;
    let Pairs { pairs, warnings } = Pairs::load(&args.reference, &args.hypothesis, args.uem.as_deref(), &args.tier)?;
    let mut report = Report::new(&options);
    for pair in pairs {
        let scores = score(&pair.reference, &pair.hypothesis, pair.uem.as_deref(), &options)
            .map_err(|error| error.at(pair.reference.file_id.clone()))?;
        report.add(pair.reference.file_id, pair.uem.is_some(), scores);
    }
    warnings.iter().for_each(|warning| exit::warn(warning));
    if args.json {
        report.write_json(&mut io::stdout().lock())?;
    } else {
        report.write_table(args.tables, &mut terminal::stdout())?;
    }
    Ok(io::stdout().flush()?)
}
