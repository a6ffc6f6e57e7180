//! Names of known people for the speakers of recordings, and learning of their voices.

use std::path::PathBuf;

use diarist::{Diarization, Diarizer, Result, Settings, SpeakerDatabase};

use crate::commands::speakers::CertaintyArgs;
use crate::exit;

/// Options for names.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Names of known people")]
pub(crate) struct NameArgs {
    /// Calls speakers by the names in this database, which `diarist speakers enroll` makes
    #[arg(long = "speakers", value_name = "FILE")]
    database: Option<PathBuf>,
    #[command(flatten)]
    certainty: CertaintyArgs,
    /// Adds the voices of recognised people (probability from 0.99 on, 5 s of speech alone) to the
    /// database as learned samples; `diarist speakers undo` takes them back
    #[arg(long, requires = "database")]
    learn: bool,
}

/// The database that learns voices.
#[derive(Debug)]
pub(crate) struct Learning {
    path: PathBuf,
    database: SpeakerDatabase,
}

impl NameArgs {
    /// `diarizer` with the people of the database, if one is given, and the database if it learns.
    pub(crate) fn open(&self, diarizer: Diarizer) -> Result<(Diarizer, Option<Learning>)> {
        let Some(path) = &self.database else { return Ok((diarizer, None)) };
        let database = SpeakerDatabase::open(path)?;
        let diarizer = self.certainty.apply(&diarizer, &database)?;
        let learning = self.learn.then(|| Learning { path: path.clone(), database });
        Ok((diarizer, learning))
    }

    /// A diarizer that only clusters and names, and the database if it learns; `None` without a
    /// database, since a diarizer loads the networks.
    pub(crate) fn open_for(&self, settings: &Settings) -> Result<Option<(Diarizer, Option<Learning>)>> {
        if self.database.is_none() {
            return Ok(None);
        }
        self.open(Diarizer::new(settings)?).map(Some)
    }
}

impl Learning {
    /// Adds the voices that `diarizer` recognised for certain in `recording`, and reports them.
    pub(crate) fn learn(
        &mut self,
        diarizer: &Diarizer,
        result: &Diarization,
        recording: &str,
        quiet: bool,
    ) -> Result<()> {
        let learned = diarizer.learn(&mut self.database, result, recording)?;
        if quiet {
            return Ok(());
        }
        for name in learned.full {
            exit::warn(&format!("{recording}: {name} has the largest number of samples, so nothing was learned"));
        }
        if let Some(batch) = learned.batch {
            let (names, path) = (learned.added.join(", "), self.path.display());
            exit::note(&format!(
                "{recording}: learned {names}; `diarist speakers undo {batch} --speakers {path}` takes it back"
            ));
        }
        Ok(())
    }
}
