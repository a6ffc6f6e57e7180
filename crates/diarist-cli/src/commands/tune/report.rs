//! The result of a search: the configuration file, and the table for the user.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;

use diarist::parts::metrics::DerComponents;
use diarist::parts::settings::{Choices, OPTIONS};

use super::space::with_values;
use super::validate::{Fold, Outcome, Tuner};
use crate::{dataset, table};

/// Most recordings that the configuration file lists.
const MAX_NAMES: usize = 50;

/// A search and its outcome.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) tuner: &'a Tuner<'a>,
    pub(super) outcome: &'a Outcome,
}

impl Report<'_> {
    /// The text of the configuration file: error rates as comments, then the options.
    pub(super) fn config(&self) -> String {
        let Outcome { fitted, .. } = self.outcome;
        let items = self.tuner.items;
        let mut lines = vec![
            format!(
                "Written by `diarist tune`, version {}, for --config of diarize and bench.",
                env!("CARGO_PKG_VERSION")
            ),
            format!("Diarization error rates, {}; {}:", self.convention(), self.search()),
        ];
        lines.extend(self.outcome.held_out().map(|change| {
            format!("  on recordings held out: {} before, {} tuned", percent(&change.before), percent(&change.tuned))
        }));
        lines.push(format!(
            "  on the recordings tuned on: {} before, {} tuned",
            percent(&fitted.before),
            percent(&fitted.tuned)
        ));
        lines.push(format!("{}.", self.verdict()));
        lines.push("Recordings:".to_owned());
        let name =
            |audio: &Path| audio.file_name().unwrap_or(OsStr::new("")).to_string_lossy().escape_debug().to_string();
        lines.extend(items.iter().take(MAX_NAMES).map(|analyzed| format!("  {}", name(&analyzed.item.audio))));
        if items.len() > MAX_NAMES {
            lines.push(format!("  and {} more", items.len() - MAX_NAMES));
        }
        let comments: String = lines.iter().map(|line| format!("# {line}\n")).collect();
        let choices = with_values(&for_file(self.tuner.choices), &self.outcome.parameters, self.outcome.values());
        comments + "\n" + &toml::to_string(&choices).expect("every value has a TOML form")
    }

    /// The table: each fold, the sums, and the values.
    pub(super) fn write(&self, out: &mut impl Write, file: &Path) -> io::Result<()> {
        let Outcome { fitted, folds, before, tuned, .. } = self.outcome;
        writeln!(out, "# DER with {}; {}", self.convention(), self.search())?;
        let mut rows = vec![["recordings", "number", "before %", "tuned %"].map(str::to_owned)];
        let row = |name: String, number: usize, before: &DerComponents, tuned: &DerComponents| {
            [name, number.to_string(), rate(before), rate(tuned)]
        };
        rows.extend(folds.iter().map(|fold| {
            row(format!("held out: {}", self.names(fold)), fold.held_out.len(), &fold.change.before, &fold.change.tuned)
        }));
        let number = self.tuner.items.len();
        if let Some(change) = self.outcome.held_out() {
            rows.push(row("TOTAL held out".to_owned(), number, &change.before, &change.tuned));
        }
        rows.push(row("TOTAL tuned on".to_owned(), number, &fitted.before, &fitted.tuned));
        table::write(out, &rows)?;
        writeln!(out)?;
        let mut rows = vec![["option", "before", "tuned"].map(str::to_owned)];
        for ((parameter, before), tuned) in self.outcome.parameters.iter().zip(before).zip(tuned) {
            rows.push([parameter.name.to_owned(), before.to_string(), tuned.to_string()]);
        }
        table::write(out, &rows)?;
        writeln!(out, "\n# {}: {}", self.verdict(), file.display())
    }

    /// The values in the file, with the reason.
    fn verdict(&self) -> &'static str {
        match self.outcome.held_out() {
            None => "The tuned values are used, unproven: one recording cannot be cross-validated",
            Some(change) if change.is_better() => "The tuned values are used: they are better on recordings held out",
            Some(_) => "The values from before are used: the tuned ones are not better on recordings held out",
        }
    }

    fn convention(&self) -> String {
        dataset::convention(self.tuner.scoring.collar_s, self.tuner.scoring.skip_overlap)
    }

    fn search(&self) -> String {
        let Tuner { items, num_trials, seed, .. } = self.tuner;
        let num_recordings = items.len();
        let recordings =
            if num_recordings == 1 { "1 recording".to_owned() } else { format!("{num_recordings} recordings") };
        format!("{recordings}, {} folds, {num_trials} trials, seed {seed}", self.outcome.folds.len())
    }

    /// The first and the last recording of a fold.
    fn names(&self, fold: &Fold) -> String {
        let names: Vec<&str> =
            self.tuner.items[fold.held_out.clone()].iter().map(|analyzed| analyzed.item.file_id.as_str()).collect();
        match names[..] {
            [] => String::new(),
            [name] => name.to_owned(),
            [first, .., last] => format!("{first} to {last}"),
        }
    }
}

/// The choices that belong into a file for other recordings and machines: without numbers of
/// speakers, weights and threads.
fn for_file(choices: &Choices) -> Choices {
    const LEFT_OUT: [&str; 6] =
        ["num-speakers", "min-speakers", "max-speakers", "segmentation", "embedding", "threads"];
    let mut kept = Choices::default();
    for option in OPTIONS.iter().filter(|option| !LEFT_OUT.contains(&option.name)) {
        if let Some(value) = choices.get(option.name) {
            kept.set(option, value.clone());
        }
    }
    kept
}

fn rate(errors: &DerComponents) -> String {
    format!("{:.2}", 100.0 * errors.der())
}

fn percent(errors: &DerComponents) -> String {
    rate(errors) + " %"
}
