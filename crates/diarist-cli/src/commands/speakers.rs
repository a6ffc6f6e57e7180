//! `diarist speakers`: the people whose voices are known.

mod audio;
mod report;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use diarist::parts::voices::{
    Gallery, MIN_ENROLL_S, MIN_PROBABILITY, MIN_SPEECH_S, NewSample, SampleKind, Voice, VoiceDb, check_name,
};
use diarist::{Error, ErrorKind, Result};
use etcetera::BaseStrategy;

use crate::exit;
use crate::output;
use audio::{ListenArgs, Listener};

const EXAMPLES: &str = "\
Examples:
  diarist speakers enroll \"Ann Lee\" ann1.wav ann2.wav     remembers a voice, from clips in which only Ann speaks
  diarist speakers list                                   who is known
  diarist speakers identify meeting.mp3                   who speaks in a recording
  diarist speakers verify \"Ann Lee\" call.wav              is this Ann?
  diarist diarize --speakers people.db meeting.mp3        turns with names
  diarist speakers export people.json                     everybody as JSON, and back with import

The database is the file that --db names, or the variable DIARIST_SPEAKERS, or else one in the folder for data of the user.
Voices are biometric data: they stay in this file, which only its owner can read. docs/voices.md says what the scores mean.";

/// Remembers voices of people and recognises them in recordings
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct SpeakersArgs {
    #[command(subcommand)]
    command: Command,

    /// The speaker database [default: diarist/speakers.db in the folder for data of the user]
    #[arg(long, global = true, value_name = "FILE", env = "DIARIST_SPEAKERS")]
    db: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Remembers a voice, from clips in which nobody else speaks
    ///
    /// Every clip needs at least 5 s of speech and becomes a sample of its own; several clips, of different days and microphones, are
    /// better than one. A clip with several voices is refused.
    Enroll {
        /// The person's name; samples are added if the name is known already
        name: String,
        /// Clips of the person's voice
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        listen: ListenArgs,
    },
    /// Lists everybody
    List {
        #[command(flatten)]
        form: FormArgs,
    },
    /// Lists the samples of a person
    Show {
        /// The person's name
        name: String,
        #[command(flatten)]
        form: FormArgs,
    },
    /// Gives a person another name
    Rename {
        /// The present name
        from: String,
        /// The new name
        to: String,
    },
    /// Makes one person of two: gives all samples of FROM to INTO
    Merge {
        /// Who is not known by this name any more
        from: String,
        /// Who gets the samples
        into: String,
    },
    /// Forgets a person, or one sample
    Remove {
        /// The person's name
        name: String,
        /// Only the sample of this number, which `show` tells
        #[arg(long, value_name = "ID")]
        sample: Option<i64>,
    },
    /// Tells who speaks in a recording
    Identify {
        /// A recording
        file: PathBuf,
        #[command(flatten)]
        certainty: CertaintyArgs,
        #[command(flatten)]
        form: FormArgs,
        #[command(flatten)]
        listen: ListenArgs,
    },
    /// Tells whether two voices are of one person
    Verify {
        /// A clip in which one person speaks, or the name of a known person
        a: PathBuf,
        /// A clip in which one person speaks
        b: PathBuf,
        #[command(flatten)]
        form: FormArgs,
        #[command(flatten)]
        listen: ListenArgs,
    },
    /// Writes everybody as JSON
    Export {
        /// The file to write [default: stdout]
        file: Option<PathBuf>,
    },
    /// Adds the people of an export
    Import {
        /// What `export` wrote
        file: PathBuf,
    },
    /// Takes back what `diarize --learn` added last, or in a certain batch
    Undo {
        /// Number of the batch, which `show` tells
        batch: Option<i64>,
    },
}

/// How a result is shown.
#[derive(Debug, clap::Args)]
struct FormArgs {
    /// A table for people or JSON for programs
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, clap::ValueEnum)]
enum Form {
    Table,
    Json,
}

/// When a voice counts as recognised.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct CertaintyArgs {
    /// Least probability to call a voice by a name
    #[arg(long, value_name = "P", default_value_t = MIN_PROBABILITY, allow_negative_numbers = true)]
    min_probability: f64,
}

impl CertaintyArgs {
    /// `gallery` with the least probability asked for.
    pub(crate) fn apply(self, gallery: Gallery) -> Result<Gallery> {
        gallery.with_min_probability(self.min_probability)
    }
}

/// Runs `diarist speakers`.
pub(crate) fn run(args: SpeakersArgs) -> anyhow::Result<()> {
    let path = database_path(args.db)?;
    match args.command {
        Command::Enroll { name, files, listen } => enroll(&path, &name, &files, listen),
        Command::List { form } => say(&report::people(&VoiceDb::open(&path)?.people()?, form.format)?),
        Command::Show { name, form } => say(&report::samples(&VoiceDb::open(&path)?.samples(&name)?, form.format)?),
        Command::Rename { from, to } => Ok(VoiceDb::open(&path)?.rename(&from, &to)?),
        Command::Merge { from, into } => Ok(VoiceDb::open(&path)?.merge(&from, &into)?),
        Command::Remove { name, sample: None } => Ok(VoiceDb::open(&path)?.remove(&name)?),
        Command::Remove { name, sample: Some(id) } => Ok(VoiceDb::open(&path)?.remove_sample(&name, id)?),
        Command::Identify { file, certainty, form, listen } => {
            let database = VoiceDb::open(&path)?;
            let listener = listen.listener()?;
            let gallery = certainty.apply(database.gallery(listener.model())?)?;
            let speakers = listener.speakers(&file)?;
            let found = gallery.identify_speakers(&speakers)?;
            say(&report::identifications(&file, &speakers, &found, form.format)?)
        }
        Command::Verify { a, b, form, listen } => verify(&path, &a, &b, form.format, listen),
        Command::Export { file: None } => say(&(VoiceDb::open(&path)?.export()? + "\n")),
        Command::Export { file: Some(file) } => {
            Ok(output::write(&file, (VoiceDb::open(&path)?.export()? + "\n").as_bytes())?)
        }
        Command::Import { file } => import(&path, &file),
        Command::Undo { batch } => {
            let (recording, count) = VoiceDb::open(&path)?.undo(batch)?;
            say(&format!("forgot {count} sample{} learned from {recording}\n", if count == 1 { "" } else { "s" }))
        }
    }
}

/// Every clip is a sample of its own; a fault of one does not stop the others.
fn enroll(path: &Path, name: &str, files: &[PathBuf], listen: ListenArgs) -> anyhow::Result<()> {
    check_name(name)?;
    let mut database = make(path)?;
    let listener = listen.listener()?;
    let mut first_fault = None;
    for file in files {
        let done = listener.clip(file, MIN_ENROLL_S).and_then(|voice| {
            warn_of_others(&database, &listener, name, file, &voice)?;
            let speech_s = voice.speech_s();
            let sample = NewSample { voice, source: file.display().to_string(), model: listener.model().to_owned() };
            database.enroll(name, &[sample])?;
            Ok(format!("{name}: {speech_s:.1} s of speech from {}\n", file.display()))
        });
        match done {
            Ok(line) => say(&line)?,
            Err(error) => {
                first_fault.get_or_insert(exit::report(&error.into()));
            }
        }
    }
    first_fault.map_or(Ok(()), |fault| Err(fault.into()))
}

/// One voice under two names makes both hard to recognise.
fn warn_of_others(database: &VoiceDb, listener: &Listener, name: &str, file: &Path, voice: &Voice) -> Result<()> {
    let people = database.people()?;
    let is_first = people.iter().all(|person| person.num_enrolled + person.num_learned == 0);
    if is_first || listener.is_quiet() {
        return Ok(());
    }
    let found = database.gallery(listener.model())?.identify(voice)?;
    if let Some(other) = found.name().filter(|other| *other != name) {
        exit::warn(&format!(
            "{}: sounds like {other}; if the two are one person, `diarist speakers merge` joins them",
            file.display()
        ));
    }
    Ok(())
}

fn verify(path: &Path, a: &Path, b: &Path, form: Form, listen: ListenArgs) -> anyhow::Result<()> {
    let listener = listen.listener()?;
    let samples = if a.exists() {
        vec![(SampleKind::Enrolled, listener.clip(a, MIN_SPEECH_S)?)]
    } else {
        let name = a.to_string_lossy();
        let samples = VoiceDb::open(path)
            .and_then(|database| database.samples(&name))
            .map_err(|error| Error::input("neither a file nor a known person").caused_by(error).at(name.clone()))?;
        let of_model = samples.into_iter().filter(|sample| sample.model == listener.model());
        let of_model: Vec<_> = of_model.map(|sample| (sample.kind, sample.voice)).collect();
        if of_model.is_empty() {
            return Err(Error::input(format!("{name:?} was enrolled with other embedding weights"))
                .hint("use those weights, or enroll the person again in another database")
                .into());
        }
        of_model
    };
    let known = Gallery::new(vec![(a.display().to_string(), samples)])?;
    let other = listener.clip(b, MIN_SPEECH_S)?;
    say(&report::verification(&known.identify(&other)?, form)?)
}

fn import(path: &Path, file: &Path) -> anyhow::Result<()> {
    let located = |error: Error| error.at(file.display().to_string());
    let text = fs::read_to_string(file).map_err(|error| located(Error::input("cannot be read").caused_by(error)))?;
    let imported = make(path)?.import(&text).map_err(located)?;
    say(&format!(
        "{} new people, {} new samples, {} known already\n",
        imported.num_people, imported.num_samples, imported.num_known
    ))
}

/// The database at `path`, made with its folder if it is missing.
fn make(path: &Path) -> Result<VoiceDb> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| {
            Error::new(ErrorKind::Output, "the folder cannot be made").caused_by(error).at(folder.display().to_string())
        })?;
    }
    VoiceDb::open_or_create(path)
}

/// Where the database is if nobody says.
fn database_path(given: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(path) = given.filter(|path| !path.as_os_str().is_empty()) {
        return Ok(path);
    }
    let strategy = etcetera::base_strategy::choose_native_strategy().map_err(|error| {
        Error::invalid_option("the folder for data of the user is not known")
            .caused_by(error)
            .hint("name the database with --db or DIARIST_SPEAKERS")
    })?;
    Ok(strategy.data_dir().join("diarist").join("speakers.db"))
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
