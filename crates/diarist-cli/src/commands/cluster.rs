//! `diarist cluster`: turns from a saved analysis.

use std::path::PathBuf;

use diarist::parts::analysis::saved;
use diarist::parts::diarizer;
use diarist::{Analysis, Constraints, Error, Result};

use crate::exit;
use crate::names::NameArgs;
use crate::output;
use crate::rename::RenameArgs;
use crate::results::{FormatArgs, ResultFormat};
use crate::settings::{ClusteringOptions, OptionArgs};
use crate::sound::SoundArgs;

const EXAMPLES: &str = "\
Examples:
  diarist cluster meeting.diarist                        the turns that diarize gives
  diarist cluster --num-speakers 4 meeting.diarist       exactly four speakers
  diarist cluster --fb 0.4 meeting.diarist               more speakers
  diarist cluster --must-link 12.5,5:40 meeting.diarist  the same person speaks at 12.5 s and at 5 min 40 s
  diarist cluster --cannot-link 12.5,60 meeting.diarist  different people speak at 12.5 s and at 60 s
  diarist cluster --speakers people.db meeting.diarist   names of known people
  diarist cluster -o page.html --audio meeting.mp3 meeting.diarist   a page that plays the recording
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

    /// Joins the speakers at two or more moments (12.5, 5:40 or 1:02:03) at which the same person
    /// speaks. May be given several times
    #[arg(long, value_name = "A,B,...", value_parser = moments, help_heading = "Known identities")]
    must_link: Vec<Moments>,
    /// Separates the speakers at two or more moments at which only different people speak. May be
    /// given several times
    #[arg(long, value_name = "A,B,...", value_parser = moments, help_heading = "Known identities")]
    cannot_link: Vec<Moments>,

    #[command(flatten)]
    names: NameArgs,
    #[command(flatten)]
    format: FormatArgs,
    /// Writes the result to FILE instead of stdout
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    rename: RenameArgs,
    #[command(flatten)]
    sound: SoundArgs,

    #[command(flatten)]
    options: OptionArgs<ClusteringOptions>,

    /// Accepts an incomplete analysis, up to its end
    #[arg(long, help_heading = "Running")]
    partial: bool,
}

/// Moments in seconds, at least two.
#[derive(Debug, Clone, PartialEq)]
struct Moments(Vec<f64>);

/// Every two moments of one constraint.
fn pairs(constraints: &[Moments]) -> Vec<(f64, f64)> {
    let of_one = |Moments(all): &Moments| -> Vec<(f64, f64)> {
        all.iter().enumerate().flat_map(|(index, a)| all[index + 1..].iter().map(|b| (*a, *b))).collect()
    };
    constraints.iter().flat_map(of_one).collect()
}

/// Clusters the analysis.
pub(crate) fn run(args: &ClusterArgs) -> anyhow::Result<()> {
    let mut settings = args.options.settings()?;
    settings.clustering.constraints =
        Constraints { must_link: pairs(&args.must_link), cannot_link: pairs(&args.cannot_link) };
    let format = args.format.format(args.output.as_deref())?;
    if let Some(path) = &args.output {
        output::check_writable(path)?;
        if [args.input.as_path()].into_iter().chain(args.sound.path()).any(|input| output::is_same(input, path)) {
            return Err(Error::invalid_option("the output would overwrite an input")
                .hint("give another name to --output")
                .at(path.display().to_string())
                .into());
        }
    }
    let renaming = args.rename.read()?;
    let analysis = args.read()?;
    let mut naming = args.names.open_for(&settings)?;
    let located = |error: Error| error.at(args.input.display().to_string());
    let result = match &naming {
        None => diarizer::cluster(&analysis, &settings),
        Some((diarizer, _)) => diarizer.cluster(&analysis),
    };
    let result = result.map_err(located)?;
    result.warnings.iter().for_each(|warning| exit::warn(&format!("{}: {warning}", args.input.display())));
    let sound = if format == ResultFormat::Html { args.sound.sound(args.output.as_deref())? } else { None };
    let text = args.format.file(format, &renaming.diarization(&result), sound.as_ref())?;
    output::deliver(args.output.as_deref(), text.as_bytes(), format.readers())?;
    if let Some((diarizer, Some(learning))) = &mut naming {
        learning.learn(diarizer, &result, &result.file_id, false)?;
    }
    renaming.warn(false);
    Ok(())
}

impl ClusterArgs {
    fn read(&self) -> Result<Analysis> {
        if self.partial { Ok(saved::read_file(&self.input)?.analysis) } else { Analysis::open(&self.input) }
    }
}

/// Two or more moments, separated by commas.
fn moments(text: &str) -> std::result::Result<Moments, String> {
    let moments: Option<Vec<f64>> = text.split(',').map(moment).collect();
    moments.filter(|moments| moments.len() >= 2).map(Moments).ok_or_else(|| {
        "needs two or more moments separated by commas, such as 12.5,5:40 or 12.5,5:40,1:02:03".to_owned()
    })
}

/// A moment in seconds, from `12.5`, `5:40` or `1:02:03.5`.
fn moment(text: &str) -> Option<f64> {
    let mut parts = text.trim().rsplit(':');
    let seconds: f64 = parts.next()?.parse().ok().filter(|seconds: &f64| seconds.is_finite())?;
    let (mut moment, mut unit, mut num_parts) = (seconds, 60.0, 1);
    for part in parts {
        // Only the first part may be longer than its unit.
        let value: u32 = part.parse().ok()?;
        (moment, unit, num_parts) = (moment + f64::from(value) * unit, unit * 60.0, num_parts + 1);
    }
    let is_clock = (0.0..60.0).contains(&seconds) && !text.contains('-');
    (num_parts == 1 || num_parts <= 3 && is_clock).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_seconds_or_as_on_a_clock() {
        let cases = [
            ("12.5", 12.5),
            (" 340", 340.0),
            ("5:40", 340.0),
            ("0:02.25", 2.25),
            ("1:02:03.5", 3723.5),
            ("90:00", 5400.0),
        ];
        for (text, seconds) in cases {
            assert_eq!(moment(text), Some(seconds), "{text}");
        }
        for text in ["", "a", "5:", ":5", "1:60", "1:2:3:4", "-1:30", "1:-30", "nan", "inf", "1.5:00"] {
            assert_eq!(moment(text), None, "{text:?}");
        }
    }

    #[test]
    fn several_moments_are_linked_with_each_other() {
        let Moments(found) = moments("12.5,5:40,60").unwrap();
        assert_eq!(found, [12.5, 340.0, 60.0]);
        assert_eq!(pairs(&[Moments(found)]), [(12.5, 340.0), (12.5, 60.0), (340.0, 60.0)]);
        assert!(moments("12.5").is_err() && moments("12.5,").is_err());
    }
}
