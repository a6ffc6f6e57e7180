//! `diarist analyze`: what the networks give for a recording, stored for `diarist cluster`.

use std::path::PathBuf;

use diarist::parts::analysis::saved::{AnalysisWriter, Values};
use diarist::parts::formats::rttm;
use diarist::pipeline::Pipeline;
use diarist::{Error, Result, audio};

use crate::exit;
use crate::output;
use crate::progress::Bar;
use crate::settings::NetworkArgs;

const EXAMPLES: &str = "\
Examples:
  diarist analyze -o meeting.diarist meeting.mp3      runs the networks, once
  diarist cluster meeting.diarist                     the turns, in a moment
  diarist cluster --num-speakers 4 meeting.diarist    other turns

The file takes about 2.5 MB per hour of audio; docs/analysis-format.md describes it.";

/// Runs the networks over a recording and stores what they give, for `diarist cluster`
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct AnalyzeArgs {
    /// Audio file
    #[arg(value_name = "INPUT")]
    input: PathBuf,

    /// Writes the analysis to FILE
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: PathBuf,

    #[command(flatten)]
    networks: NetworkArgs,

    /// Computes on N threads; all that the machine has if not given. The result does not depend on it
    #[arg(long, value_name = "N", help_heading = "Running")]
    threads: Option<usize>,

    /// Shows neither progress nor warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

/// Analyzes the recording; whatever can be refused is refused before the work.
pub(crate) fn run(args: &AnalyzeArgs) -> Result<()> {
    let settings = args.networks.settings();
    let options = settings.options()?;
    output::check_writable(&args.output)?;
    if output::is_same(&args.input, &args.output) {
        return Err(Error::invalid_option("the output would take the place of the recording")
            .hint("give another name to --output")
            .at(args.output.display().to_string()));
    }
    let pipeline = Pipeline::new(args.networks.load(&settings)?, args.threads)?;
    let file_id = rttm::field(&args.input.file_stem().unwrap_or(args.input.as_os_str()).to_string_lossy());
    let header = pipeline.header(&file_id, &options, Values::F16)?;

    let mut file = audio::open(&args.input)?;
    let bar = Bar::new(file_id, !args.quiet);
    let analysis = pipeline.analyze(&mut file, &options, &mut |progress| bar.update(progress));
    bar.clear();
    let bytes = AnalysisWriter::write_all(Vec::new(), &header, &analysis?)?;
    output::write(&args.output, &bytes)?;
    if !args.quiet {
        for warning in file.warnings() {
            exit::warn(&format!("{}: {warning}", args.input.display()));
        }
    }
    Ok(())
}
