//! `diarist bench`: error rates and speed on a dataset.

mod compare;
mod errors;
mod fluidaudio_der;
mod html;
mod live;
mod record;
mod rules;
mod statistics;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use diarist::parts::formats::{json, rttm};
use diarist::parts::inference::CacheUse;
use diarist::parts::metrics::{Scores, optimal_mapping, score};
use diarist::parts::timeline::Annotation;
use diarist::{Diarization, Diarizer, Error, Recording, Result, Settings};
use diarist_kernels::Isa;

use crate::dataset::{self, DatasetArgs, Item, ScoringArgs};
use crate::exit::{self, Faults};
use crate::output::{self, Readers};
use crate::progress::Bar;
use crate::settings::{AllOptions, OptionArgs};
use crate::table::Form;
use crate::terminal;
use live::{LiveChoice, LiveFigures, LiveModeArgs, LiveSetup};
use record::{Failed, Figures, FileRecord, Report, Setup};

const HELP: &str = "\
With --output-dir, DIR holds report.json, report.csv, report.html and the turns of every file as
RTTM. An interrupted run resumes when it is started again with the same options. The page has the
worst file first, and plays the recordings as long as they stay in their place.

--compare also gives 95 % intervals (bootstrap over files) and a paired permutation test.";

const EXAMPLES: &str = "\
Examples:
  diarist bench dataset/                                     a table on stdout
  diarist bench --output-dir report dataset/                 the same as JSON, CSV and an HTML page
  diarist bench --single-file ES2004a --profile exact ami/   one recording
  diarist bench --mode live --latency 1 dataset/             the turns that a listener saw
  diarist bench --compare before/report.json after/report.json
  diarist bench --tables latex --compare before/report.json after/report.json   for a paper";

/// Longest time for which figures are not saved.
const MAX_UNSAVED: Duration = Duration::from_secs(60);

/// Measures error rates and speed on recordings with references
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}\n\n{HELP}\n\n{}", dataset::HELP, exit::HELP))]
pub(crate) struct BenchArgs {
    /// Folder with recordings, references (.rttm) and scored regions (.uem)
    #[arg(value_name = "DATASET", required_unless_present = "compare")]
    dataset: Option<PathBuf>,

    #[command(flatten)]
    places: DatasetArgs,
    #[command(flatten)]
    method: OptionArgs<AllOptions>,
    #[command(flatten)]
    live: LiveModeArgs,

    /// Definition of the error rates
    #[arg(long, value_enum, default_value_t = ScoringRule::Nist, help_heading = "Scoring")]
    rule: ScoringRule,
    #[command(flatten)]
    scoring: ScoringArgs,

    /// Writes the report and the turns into DIR (made if missing)
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    output_dir: Option<PathBuf>,
    /// Compares two runs instead of measuring: their folders, or the report.json in them
    #[arg(long, num_args = 2, value_names = ["A", "B"], help_heading = "Output")]
    #[arg(conflicts_with_all = ["dataset", "output_dir"])]
    compare: Option<Vec<PathBuf>>,
    /// Form of the table on stdout
    #[arg(long, value_enum, value_name = "FORM", default_value_t, help_heading = "Output")]
    tables: Form,

    /// Runs every recording N times and keeps the time of the median run (with --embedding-mode
    /// cached, all runs but the first use the cache)
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Running")]
    iterations: usize,
    /// Hides progress and warnings
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ScoringRule {
    /// As pyannote.metrics and NIST's md-eval
    Nist,
    /// As FluidAudio's benchmark of August 2025: one speaker per 10 ms frame, errors divided by all
    /// frames
    Fluidaudio,
}

/// Measures the dataset and writes the table to stdout.
pub(crate) fn run(args: BenchArgs) -> anyhow::Result<()> {
    if let Some([first, second]) = args.compare.as_deref() {
        let (first, second) = (compare::read(first)?, compare::read(second)?);
        return Ok(compare::write(&first, &second, args.tables, &mut terminal::stdout())?);
    }
    args.check()?;
    let settings = args.method.settings()?;
    let live = args.live.choice()?;
    let items = args.items()?;
    if let Some(folder) = &args.output_dir {
        output::prepare_folder(&folder.join("rttm"))?;
    }
    let clock = Instant::now();
    let diarizer = Diarizer::new(&settings)?;
    let mut report = Report::new(args.setup(&diarizer, live.as_ref()), clock.elapsed().as_secs_f64());
    args.resume(&mut report)?;

    let mut faults = Faults::default();
    let (mut num_unsaved, mut saved_at) = (0, Instant::now());
    let num_items = items.len();
    for (index, item) in items.iter().enumerate() {
        if report.has(&item.file_id) {
            continue;
        }
        let name = format!("[{}/{num_items}] {}", index + 1, item.file_id);
        let measured = match &live {
            Some(live) => args.measure_live(&diarizer, item, live, name),
            None => args.measure(&diarizer, item, name),
        };
        let measured = measured.and_then(|(record, hypothesis)| {
            report.insert(record);
            args.save_turns(&hypothesis)?;
            num_unsaved += 1;
            // So an interruption loses little, and the work does not grow with the square of the
            // number of files.
            if 8 * num_unsaved < report.files.len() && saved_at.elapsed() < MAX_UNSAVED {
                return Ok(());
            }
            (num_unsaved, saved_at) = (0, Instant::now());
            args.save(&report)
        });
        if let Err(error) = measured {
            report.failed.push(Failed { file_id: item.file_id.clone(), message: error.to_string() });
            num_unsaved += 1;
            faults.add(error.into())?;
        }
    }
    if num_unsaved > 0
        && let Err(error) = args.save(&report)
    {
        faults.add(error.into())?;
    }
    faults.finish(args.print(&report))
}

impl BenchArgs {
    fn check(&self) -> Result<()> {
        if !(1..=1000).contains(&self.iterations) {
            return Err(Error::invalid_option(format!(
                "--iterations is {}, but must be from 1 to 1000",
                self.iterations
            )));
        }
        if self.iterations > 1 && self.live.is_live() {
            return Err(Error::invalid_option("--iterations needs offline measurement"));
        }
        if self.rule == ScoringRule::Fluidaudio && (self.scoring.collar != 0.0 || self.scoring.skip_overlap) {
            return Err(Error::invalid_option("FluidAudio's rule has no collar and does not skip overlap"));
        }
        self.scoring.options().map(|_| ())
    }

    fn items(&self) -> Result<Vec<Item>> {
        let folder = self.dataset.as_deref().unwrap_or(Path::new("."));
        self.places.items(folder, self.output_dir.as_deref(), self.quiet)
    }

    fn setup(&self, diarizer: &Diarizer, live: Option<&LiveChoice>) -> Setup {
        let settings: &Settings = diarizer.settings();
        Setup {
            options: json::JsonOptions::from(settings),
            precision: settings.analysis.precision_in_force().name().to_owned(),
            rule: match self.rule {
                ScoringRule::Nist => "nist".to_owned(),
                ScoringRule::Fluidaudio => "fluidaudio".to_owned(),
            },
            collar_s: self.scoring.collar,
            skip_overlap: self.scoring.skip_overlap,
            instruction_set: Isa::detect().name().to_owned(),
            num_threads: diarizer.num_threads(),
            iterations: self.iterations,
            live: live.map(LiveSetup::new),
        }
    }

    /// Adds the records of an earlier run with the same setup to `report`.
    fn resume(&self, report: &mut Report) -> Result<()> {
        let Some(path) = self.output_dir.as_ref().map(|folder| folder.join("report.json")) else { return Ok(()) };
        if !path.exists() {
            return Ok(());
        }
        let earlier = compare::read(&path)?;
        if earlier.setup != report.setup || earlier.diarist_version != report.diarist_version {
            return Err(Error::invalid_option("the folder holds the report of a run with other options")
                .hint("choose another --output-dir, or delete that report")
                .at(path.display().to_string()));
        }
        earlier.files.into_iter().for_each(|file| report.insert(file));
        Ok(())
    }

    fn measure(&self, diarizer: &Diarizer, item: &Item, name: String) -> Result<(FileRecord, Annotation)> {
        let bar = Bar::new(name, !self.quiet);
        let mut runs: Vec<Diarization> = Vec::with_capacity(self.iterations);
        for _ in 0..self.iterations {
            let recording = Recording::new(&item.audio).with_file_id(&item.file_id);
            let mut result = diarizer.diarize(recording.with_progress(|progress| bar.update(progress)))?;
            let clock = Instant::now();
            rttm::write(&result.annotation())?;
            result.timings.add_output(clock.elapsed());
            runs.push(result);
        }
        bar.clear();
        runs.sort_by(|a, b| a.timings.total_s.total_cmp(&b.timings.total_s));
        let result = runs.swap_remove((runs.len() - 1) / 2);
        self.record(item, &result, None)
    }

    fn measure_live(
        &self,
        diarizer: &Diarizer,
        item: &Item,
        choice: &LiveChoice,
        name: String,
    ) -> Result<(FileRecord, Annotation)> {
        let bar = Bar::new(name, !self.quiet);
        let measured = live::measure(diarizer, item, choice, &self.scoring.options()?);
        bar.clear();
        let (result, figures) = measured.map_err(|error| error.at(item.file_id.clone()))?;
        self.record(item, &result, Some(figures))
    }

    fn record(&self, item: &Item, result: &Diarization, live: Option<LiveFigures>) -> Result<(FileRecord, Annotation)> {
        let (reference, hypothesis) = (&item.reference, result.annotation());
        let regions = item.regions(result.duration_s);
        let score_options = self.scoring.options()?;
        let scores: Scores = match self.rule {
            ScoringRule::Nist => score(reference, &hypothesis, Some(&regions), &score_options),
            ScoringRule::Fluidaudio => fluidaudio_der::score(reference, &hypothesis, result.duration_s),
        }
        .map_err(|error| error.at(item.file_id.clone()))?;
        let document = json::Document::new(result);
        let record = FileRecord {
            file_id: item.file_id.clone(),
            audio: item.audio.display().to_string(),
            has_uem: item.uem.is_some(),
            regions: regions.iter().map(|region| (region.start, region.end)).collect(),
            figures: Figures::new(&scores, result.duration_s, result.timings.total_s),
            timings: document.timings,
            cache_use: document.cache_use,
            live,
            reference: json::rounded(&reference.turns),
            hypothesis: document.turns,
            mapping: optimal_mapping(reference, &hypothesis, Some(&regions), &score_options)?,
        };
        Ok((record, hypothesis))
    }

    fn save_turns(&self, hypothesis: &Annotation) -> Result<()> {
        let Some(folder) = &self.output_dir else { return Ok(()) };
        let turns = folder.join("rttm").join(format!("{}.rttm", hypothesis.file_id));
        output::write(&turns, rttm::write(hypothesis)?.as_bytes(), Readers::Usual)
    }

    /// Writes the figures so far.
    fn save(&self, report: &Report) -> Result<()> {
        let Some(folder) = &self.output_dir else { return Ok(()) };
        let text = serde_json::to_string_pretty(report).expect("every field has a JSON form");
        output::write(&folder.join("report.json"), text.as_bytes(), Readers::Usual)?;
        output::write(&folder.join("report.csv"), report.csv().as_bytes(), Readers::Usual)?;
        let page = folder.join("report.html");
        output::write(&page, html::page(report, &page).as_bytes(), Readers::Usual)
    }

    fn print(&self, report: &Report) -> anyhow::Result<()> {
        let (mut out, form) = (terminal::stdout(), self.tables);
        let conditions = report.setup.conditions();
        form.remark(&mut out, &report.setup.convention())?;
        form.remark(&mut out, &format!("{conditions}; loading the models took {:.2} s", report.model_load_s))?;
        form.table(&mut out, &report.rows())?;
        if !report.failed.is_empty() {
            let failed: Vec<&str> = report.failed.iter().map(|failed| failed.file_id.as_str()).collect();
            form.remark(&mut out, &format!("failed and not counted: {}", failed.join(", ")))?;
        }
        if let Some(live) = report.live() {
            form.remark(&mut out, &live)?;
        }
        if let Some(cache_use) = report.cache_use() {
            let CacheUse { num_chunks, num_hits } = cache_use;
            let percent = 100.0 * cache_use.hit_rate();
            let text = format!("embeddings of {num_hits} of {num_chunks} chunks were in the cache ({percent:.1} %)");
            form.remark(&mut out, &text)?;
        }
        out.flush()?;
        Ok(())
    }
}
