//! `diarist tune`: clustering parameters for the user's own recordings.

mod report;
mod search;
mod space;
mod validate;

use std::io::{self, Write};
use std::path::PathBuf;

use diarist::parts::audio;
use diarist::pipeline::{Analysis, DiarizationOptions, EmbeddingMode, Pipeline};
use diarist::{Error, ErrorKind, Result};

use crate::dataset::{self, DatasetArgs, Item, ScoringArgs};
use crate::progress::{self, Bar};
use crate::settings::MethodArgs;
use crate::{exit, output};
use report::Report;
use validate::{Recording, Tuner};

const HELP: &str = "\
Searched are threshold, fa, fb (vbx) or threshold, min-cluster-size (ahc), and min-duration-off, for the least diarization
error rate over all recordings. Segmentation takes the most likely class of each frame, so there is no threshold on speech.
The networks run once for each recording; trials work on what they gave. The first trial has the options given here, or the
published defaults, so the result is never worse than they are on these recordings.

Whether it is better on others is asked by cross-validation: in each fold some recordings are held out, and the values found
on the others are scored on them. Without an improvement there, FILE gets the options from before. A single recording
cannot be held out: FILE then gets what was found, unproven. Give several, of the kind that you want to diarize.

A recording that cannot be read is left out with a warning. FILE is written at the end, whole or not at all.";

const EXAMPLES: &str = "\
Examples:
  diarist tune dataset/ -o meetings.toml                   finds values and writes them
  diarist diarize --config meetings.toml new.wav           uses them
  diarist bench --config meetings.toml other-dataset/      measures them on recordings that played no part";

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
    method: MethodArgs,
    #[command(flatten)]
    scoring: ScoringArgs,

    /// Sets of values to try in each search
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Search")]
    trials: usize,
    /// Parts of the recordings that are held out in turn; as many as there are recordings if those are fewer
    #[arg(long, value_name = "K", default_value_t = 5, help_heading = "Search")]
    folds: usize,
    /// Start of the random numbers; the same one gives the same result
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Search")]
    seed: u64,

    /// Computes on N threads; all that the machine has if not given. The result does not depend on it
    #[arg(long, value_name = "N", help_heading = "Running")]
    threads: Option<usize>,
    /// Shows neither progress nor warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

/// Tunes, writes the configuration file, and prints what it is worth.
pub(crate) fn run(mut args: TuneArgs) -> anyhow::Result<()> {
    args.method.read_config()?;
    let options = args.method.options()?;
    let scoring = args.scoring.options()?;
    args.check(&options)?;
    let items = args.places.items(&args.dataset, None, args.quiet)?;
    let pipeline = Pipeline::new(args.method.load()?, args.threads)?;
    let recordings = args.analyze(&pipeline, items, &options)?;
    let tuner = Tuner {
        pipeline: &pipeline,
        recordings: &recordings,
        settings: &args.method.settings,
        scoring: &scoring,
        num_trials: args.trials,
        seed: args.seed,
    };
    let num_searches = 1 + if recordings.len() > 1 { args.folds.min(recordings.len()) } else { 0 };
    let bar = progress::steps("trials", num_searches * args.trials, !args.quiet);
    let outcome = tuner.run(args.folds, &|| bar.inc(1));
    bar.finish_and_clear();
    let report = Report { tuner: &tuner, outcome: &outcome? };
    output::write(&args.output, report.config().as_bytes())?;
    let mut out = io::stdout().lock();
    report.write(&mut out, &args.output)?;
    out.flush()?;
    Ok(())
}

impl TuneArgs {
    fn check(&self, options: &DiarizationOptions) -> Result<()> {
        if options.embedding_mode == EmbeddingMode::Skip {
            return Err(Error::invalid_option("without embeddings there is no clustering to tune")
                .hint("choose another embedding mode"));
        }
        for (name, value) in [("--trials", self.trials), ("--folds", self.folds)] {
            if value < 2 {
                return Err(Error::invalid_option(format!("{name} must be at least 2")));
            }
        }
        output::check_writable(&self.output)
    }

    /// Runs the networks on every recording; those that cannot be read are left out.
    fn analyze(&self, pipeline: &Pipeline, items: Vec<Item>, options: &DiarizationOptions) -> Result<Vec<Recording>> {
        let mut recordings = Vec::with_capacity(items.len());
        let mut last_fault = None;
        let num_items = items.len();
        for (index, item) in items.into_iter().enumerate() {
            let bar = Bar::new(format!("[{}/{num_items}] {}", index + 1, item.file_id), !self.quiet);
            let analysis = analyze(pipeline, &item, options, &bar);
            bar.clear();
            match analysis {
                Ok(analysis) => recordings.push(Recording { item, analysis }),
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
            Some(fault) if recordings.is_empty() => Err(fault),
            _ => Ok(recordings),
        }
    }
}

fn analyze(pipeline: &Pipeline, item: &Item, options: &DiarizationOptions, bar: &Bar) -> Result<Analysis> {
    let mut source = audio::open(&item.audio)?;
    let analysis = pipeline.analyze(&mut source, options, &mut |progress| bar.update(progress));
    analysis.map_err(|error| error.at(item.audio.display().to_string()))
}
