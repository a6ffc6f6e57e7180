//! `diarist tune`: clustering parameters for the user's own recordings.

mod report;
mod search;
mod space;
mod validate;

use std::io::Write;
use std::path::PathBuf;

use diarist::parts::inference::EmbeddingMode;
use diarist::{Analysis, Diarizer, Error, ErrorKind, Recording, Result, Settings};

use crate::dataset::{self, DatasetArgs, Item, ScoringArgs};
use crate::output::{self, Readers};
use crate::progress::{self, Bar};
use crate::settings::{AllOptions, OptionArgs};
use crate::{exit, terminal};
use report::Report;
use validate::{AnalyzedItem, Tuner};

const HELP: &str = "\
Searches threshold, fa, fb (refined, vbx) or threshold, min-cluster-size (ahc), and min-duration-off, for the lowest
diarization error rate over all recordings; also speech-threshold and overlap-threshold, unless turns follow from votes.
The networks run once for each recording; trials work on their results. The first trial has the options given here, or the
defaults, so the result is never worse on these recordings.

Cross-validation shows whether the result is better on other recordings: each fold holds some recordings out, and scores
the values found on the others with them. Without an improvement there, FILE gets the options from before. A single
recording cannot be held out: FILE then gets the values found, unproven. Give several, of the kind that you want to diarize.

A recording that cannot be read is left out with a warning. FILE is written at the end, completely or not at all.";

const EXAMPLES: &str = "\
Examples:
  diarist tune dataset/ -o meetings.toml                   finds values and writes them
  diarist diarize --config meetings.toml new.wav           uses them
  diarist bench --config meetings.toml other-dataset/      measures them on other recordings";

/// Finds clustering parameters on recordings with references
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{HELP}\n\n{}\n\n{EXAMPLES}\n\n{}", dataset::HELP, exit::HELP))]
pub(crate) struct TuneArgs {
    /// Folder with recordings, references (.rttm) and scored regions (.uem)
    #[arg(value_name = "DATASET")]
    dataset: PathBuf,

    /// Configuration file to write
    #[arg(short, long, value_name = "FILE", default_value = "diarist.toml", help_heading = "Output")]
    output: PathBuf,

    #[command(flatten)]
    places: DatasetArgs,
    #[command(flatten)]
    method: OptionArgs<AllOptions>,
    #[command(flatten)]
    scoring: ScoringArgs,

    /// Sets of values to try in each search
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Search")]
    trials: usize,
    /// Parts of the recordings that are held out in turn; at most the number of recordings
    #[arg(long, value_name = "K", default_value_t = 5, help_heading = "Search")]
    folds: usize,
    /// Seed of the random numbers; the same seed gives the same result
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Search")]
    seed: u64,

    /// Hides progress and warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

/// Tunes, writes the configuration file, and prints the error rates.
pub(crate) fn run(args: TuneArgs) -> anyhow::Result<()> {
    let choices = args.method.choices()?;
    let settings = choices.settings()?;
    let scoring = args.scoring.options()?;
    args.check(&settings)?;
    let items = args.places.items(&args.dataset, None, args.quiet)?;
    let diarizer = Diarizer::new(&settings)?;
    let items = args.analyze(&diarizer, items)?;
    let tuner = Tuner {
        diarizer: &diarizer,
        items: &items,
        choices: &choices,
        scoring: &scoring,
        num_trials: args.trials,
        seed: args.seed,
    };
    let num_searches = 1 + if items.len() > 1 { args.folds.min(items.len()) } else { 0 };
    let bar = progress::steps("trials", num_searches * args.trials, !args.quiet);
    let outcome = tuner.run(args.folds, &|| bar.inc(1));
    bar.finish_and_clear();
    let report = Report { tuner: &tuner, outcome: &outcome? };
    output::write(&args.output, report.config().as_bytes(), Readers::Usual)?;
    let mut out = terminal::stdout();
    report.write(&mut out, &args.output)?;
    out.flush()?;
    Ok(())
}

impl TuneArgs {
    fn check(&self, settings: &Settings) -> Result<()> {
        if settings.analysis.embedding_mode == EmbeddingMode::Skip {
            return Err(Error::invalid_option("without embeddings there is no clustering to tune")
                .hint("choose another embedding mode"));
        }
        for (name, value) in [("--trials", self.trials), ("--folds", self.folds)] {
            if !(2..=100_000).contains(&value) {
                return Err(Error::invalid_option(format!("{name} is {value}, but must be from 2 to 100000")));
            }
        }
        output::check_extension(&self.output, "toml", "a configuration")?;
        output::check_writable(&self.output)
    }

    /// Runs the networks on every recording; those that cannot be read are left out.
    fn analyze(&self, diarizer: &Diarizer, items: Vec<Item>) -> Result<Vec<AnalyzedItem>> {
        let mut analyzed = Vec::with_capacity(items.len());
        let mut last_fault = None;
        let num_items = items.len();
        for (index, item) in items.into_iter().enumerate() {
            let bar = Bar::new(format!("[{}/{num_items}] {}", index + 1, item.file_id), !self.quiet);
            let analysis = analyze(diarizer, &item, &bar);
            bar.clear();
            match analysis {
                Ok(analysis) => analyzed.push(AnalyzedItem { item, analysis }),
                Err(error) if error.kind() == ErrorKind::Input => {
                    if !self.quiet {
                        exit::warn(&format!("{error}: left out"));
                    }
                    last_fault = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        match last_fault {
            Some(fault) if analyzed.is_empty() => Err(fault),
            _ => Ok(analyzed),
        }
    }
}

fn analyze(diarizer: &Diarizer, item: &Item, bar: &Bar) -> Result<Analysis> {
    let recording = Recording::new(&item.audio).with_file_id(&item.file_id);
    diarizer.analyze(recording.with_progress(|progress| bar.update(progress)))
}
