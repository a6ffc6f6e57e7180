//! `diarist analyze`: runs the networks over a recording and stores their results for
//! `diarist cluster`.

use std::path::PathBuf;

use diarist::parts::inference::Analyzer;
use diarist::{Error, Recording, Result};

use crate::exit;
use crate::output;
use crate::progress::Bar;
use crate::settings::{AnalysisOptions, OptionArgs};

const EXAMPLES: &str = "\
Examples:
  diarist analyze -o meeting.diarist meeting.mp3      runs the networks, once
  diarist cluster meeting.diarist                     the turns, in a moment
  diarist cluster --num-speakers 4 meeting.diarist    other turns

The file takes about 5 MB per hour of audio; docs/analysis-format.md describes it.";

/// Runs the networks over a recording and stores their results for `diarist cluster`
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
    options: OptionArgs<AnalysisOptions>,

    /// Hides progress and warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

/// Analyzes the recording. Faults that show before the work end the call at once.
pub(crate) fn run(args: &AnalyzeArgs) -> Result<()> {
    let settings = args.options.settings()?.analysis;
    output::check_extension(&args.output, "diarist", "an analysis")?;
    output::check_writable(&args.output)?;
    if output::is_same(&args.input, &args.output) {
        return Err(Error::invalid_option("the output would overwrite the recording")
            .hint("give another name to --output")
            .at(args.output.display().to_string()));
    }
    let analyzer = Analyzer::new(&settings)?;
    let recording = Recording::new(&args.input);
    let bar = Bar::new(recording.file_id().to_owned(), !args.quiet);
    let analyzed = analyzer.analyze(recording.with_progress(|progress| bar.update(progress)));
    bar.clear();
    let analyzed = analyzed?;
    if let Err(error) = analyzed.analysis.save(&args.output) {
        let Ok(place) = output::spare_file(&args.output) else { return Err(error) };
        // A path alone, since saving puts another file there.
        let place = place.into_temp_path();
        let kept = analyzed.analysis.save(&place).ok().and_then(|()| place.keep().ok());
        return Err(match kept {
            Some(path) => error.hint(format!("the result is in {}", path.display())),
            None => error,
        });
    }
    if !args.quiet {
        for warning in &analyzed.warnings {
            exit::warn(&format!("{}: {warning}", args.input.display()));
        }
    }
    Ok(())
}
