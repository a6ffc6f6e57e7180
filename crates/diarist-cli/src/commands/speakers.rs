//! `diarist speakers`: a database of known people and their voices.

mod excerpt;
mod listener;
mod report;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use diarist::parts::files;
use diarist::parts::voices::{
    self, Gallery, MIN_ENROLL_S, MIN_PROBABILITY, MIN_SPEECH_S, NewSample, SampleKind, Voice, check_name,
};
use diarist::{Diarizer, Error, ErrorKind, Result, SpeakerDatabase};
use etcetera::BaseStrategy;

use crate::exit::{self, Faults};
use crate::output::{self, Readers};
use crate::terminal;
use listener::{ListenArgs, Listener};

const EXAMPLES: &str = "\
Examples:
  diarist speakers enroll \"Ann Lee\" ann1.wav ann2.wav     adds a voice, from clips in which only Ann speaks
  diarist speakers enroll --from meeting.json SPEAKER_00 \"Ann Lee\"
                                                          adds the voice of a speaker in a result
  diarist speakers list                                   known people
  diarist speakers identify meeting.mp3                   known people in a recording
  diarist speakers verify \"Ann Lee\" call.wav              whether this is Ann
  diarist diarize --speakers people.db meeting.mp3        turns with names
  diarist speakers export people.json                     all people as JSON, for import elsewhere

The database is the file named by --speakers or by the variable DIARIST_SPEAKERS, or else one in the folder for data of the user.
Voices are biometric data: they stay in this file, which only its owner can read. docs/voices.md explains the scores.";

/// Stores voices of people and recognises them in recordings
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct SpeakersArgs {
    #[command(subcommand)]
    command: Command,

    /// The speaker database [default: diarist/speakers.db in the folder for data of the user]
    #[arg(long, alias = "db", global = true, value_name = "FILE", env = "DIARIST_SPEAKERS")]
    speakers: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Adds a voice, from clips in which nobody else speaks
    ///
    /// Every clip needs at least 5 s of speech and becomes a sample of its own. Several clips, from
    /// different days and microphones, are better than one. A clip with several voices is refused.
    Enroll {
        /// Name of the person; a known person gets more samples
        name: String,
        /// Clips of the person's voice
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Takes the voice of one speaker of a finished result instead: the arguments are then
        /// SPEAKER NAME [RECORDING], such as SPEAKER_00 "Ann Lee" meeting.mp3. Without RECORDING,
        /// the voice is that in the result (JSON), unless the recording lies beside it
        #[arg(long, value_name = "RESULT")]
        from: Option<PathBuf>,
        #[command(flatten)]
        listen: ListenArgs,
    },
    /// Lists all people
    List {
        #[command(flatten)]
        shown: PresentationArgs,
    },
    /// Lists the samples of a person
    Show {
        /// Name of the person
        name: String,
        #[command(flatten)]
        shown: PresentationArgs,
    },
    /// Gives a person another name
    Rename {
        /// Current name
        from: String,
        /// New name
        to: String,
    },
    /// Merges two people: moves all samples of FROM to INTO, and removes FROM
    Merge {
        /// Name of the person who is removed
        from: String,
        /// Name of the person who gets the samples
        into: String,
    },
    /// Removes a person, or one sample
    Remove {
        /// Name of the person
        name: String,
        /// Removes only the sample with this number, which `show` lists
        #[arg(long, value_name = "ID")]
        sample: Option<i64>,
    },
    /// Finds known people in a recording
    Identify {
        /// A recording
        file: PathBuf,
        #[command(flatten)]
        certainty: CertaintyArgs,
        #[command(flatten)]
        shown: PresentationArgs,
        #[command(flatten)]
        listen: ListenArgs,
    },
    /// Checks whether two voices belong to one person
    Verify {
        /// A clip in which one person speaks, or the name of a known person
        a: PathBuf,
        /// A clip in which one person speaks
        b: PathBuf,
        #[command(flatten)]
        shown: PresentationArgs,
        #[command(flatten)]
        listen: ListenArgs,
    },
    /// Writes all people as JSON
    Export {
        /// The file to write [default: stdout]
        file: Option<PathBuf>,
    },
    /// Adds the people of an export
    Import {
        /// File that `export` wrote
        file: PathBuf,
    },
    /// Removes the samples that `diarize --learn` added last, or in a certain batch
    Undo {
        /// Number of the batch, which `show` lists
        batch: Option<i64>,
    },
}

/// Presentation of a result.
#[derive(Debug, clap::Args)]
struct PresentationArgs {
    /// A table for people or JSON for programs
    #[arg(long, value_enum, default_value_t = Presentation::Table)]
    format: Presentation,
}

#[derive(Debug, Clone, Copy, PartialEq, clap::ValueEnum)]
enum Presentation {
    Table,
    Json,
}

/// Certainty from which on a voice counts as recognised.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct CertaintyArgs {
    /// Smallest probability for the name of a known person
    #[arg(long, value_name = "P", default_value_t = MIN_PROBABILITY, allow_negative_numbers = true)]
    min_probability: f64,
}

impl CertaintyArgs {
    /// `diarizer` with the people of `database`.
    pub(crate) fn apply(self, diarizer: &Diarizer, database: &SpeakerDatabase) -> Result<Diarizer> {
        diarizer.with_speakers(database, Some(self.min_probability))
    }
}

/// Runs `diarist speakers`.
pub(crate) fn run(args: SpeakersArgs) -> anyhow::Result<()> {
    let path = database_path(args.speakers)?;
    match args.command {
        Command::Enroll { name, files, from: None, listen } => enroll(&path, &name, &files, listen),
        Command::Enroll { name: speaker, files, from: Some(result), listen } => {
            let (name, recording) = match &files[..] {
                [name] => (name, excerpt::beside(&result)?),
                [name, recording] => (name, Some(recording.clone())),
                _ => {
                    return Err(Error::invalid_option("a voice from a result needs a speaker and a name")
                        .hint("give them as SPEAKER_00 NAME, then the recording if there is one")
                        .into());
                }
            };
            enroll_from(&path, &result, &speaker, &name.to_string_lossy(), recording.as_deref(), listen)
        }
        Command::List { shown } => say(&report::people(&SpeakerDatabase::open(&path)?.people()?, shown.format)?),
        Command::Show { name, shown } => {
            say(&report::samples(&SpeakerDatabase::open(&path)?.samples(&name)?, shown.format)?)
        }
        Command::Rename { from, to } => Ok(SpeakerDatabase::open(&path)?.rename(&from, &to)?),
        Command::Merge { from, into } => Ok(SpeakerDatabase::open(&path)?.merge(&from, &into)?),
        Command::Remove { name, sample: None } => Ok(SpeakerDatabase::open(&path)?.remove(&name)?),
        Command::Remove { name, sample: Some(id) } => Ok(SpeakerDatabase::open(&path)?.remove_sample(&name, id)?),
        Command::Identify { file, certainty, shown, listen } => {
            let database = SpeakerDatabase::open(&path)?;
            let listener = listen.listener()?.with_speakers(&database, certainty)?;
            say(&report::identifications(&file, &listener.diarize(&file)?.speakers, shown.format)?)
        }
        Command::Verify { a, b, shown, listen } => verify(&path, &a, &b, shown.format, listen),
        Command::Export { file: None } => {
            Ok(output::to_stdout((SpeakerDatabase::open(&path)?.export()? + "\n").as_bytes())?)
        }
        Command::Export { file: Some(file) } => {
            output::check_extension(&file, "json", "an export")?;
            let text = SpeakerDatabase::open(&path)?.export()? + "\n";
            Ok(output::write(&file, text.as_bytes(), Readers::Owner)?)
        }
        Command::Import { file } => import(&path, &file),
        Command::Undo { batch } => {
            let (recording, count) = SpeakerDatabase::open(&path)?.undo(batch)?;
            say(&format!("removed {count} sample{} learned from {recording}\n", if count == 1 { "" } else { "s" }))
        }
    }
}

/// Adds each clip as a sample. A fault of one does not stop the others.
fn enroll(path: &Path, name: &str, files: &[PathBuf], listen: ListenArgs) -> anyhow::Result<()> {
    check_name(name)?;
    let mut database = make(path)?;
    let listener = listen.listener()?;
    let mut faults = Faults::default();
    for file in files {
        let done = listener.clip(file, MIN_ENROLL_S).and_then(|voice| add(&mut database, &listener, name, file, voice));
        if let Err(error) = done.map_err(anyhow::Error::from).and_then(|line| say(&line)) {
            faults.add(error)?;
        }
    }
    faults.finish(Ok(()))
}

/// Adds the voice of one speaker of a finished result, from the parts of the recording in which
/// only that speaker speaks. Without a recording, the voice is that in the result.
fn enroll_from(
    path: &Path,
    result: &Path,
    speaker: &str,
    name: &str,
    recording: Option<&Path>,
    listen: ListenArgs,
) -> anyhow::Result<()> {
    check_name(name)?;
    let Some(recording) = recording else {
        let voice = excerpt::stored_voice(result, speaker)?;
        let mut database = make(path)?;
        return say(&add(&mut database, &listen.listener()?, name, result, voice)?);
    };
    let alone = excerpt::alone(result, speaker, recording)?;
    let mut database = make(path)?;
    let listener = listen.listener()?;
    let samples = voices::excerpt(recording, &alone)?;
    let voice = listener.excerpt(recording, &samples, MIN_ENROLL_S)?;
    say(&add(&mut database, &listener, name, recording, voice)?)
}

/// Adds a voice from `file`, and returns the line about it.
fn add(database: &mut SpeakerDatabase, listener: &Listener, name: &str, file: &Path, voice: Voice) -> Result<String> {
    warn_of_others(database, listener, name, file, &voice)?;
    let speech_s = voice.speech_s();
    let sample = NewSample { voice, source: file.display().to_string(), model: listener.model() };
    database.enroll(name, &[sample])?;
    Ok(format!("{name}: {speech_s:.1} s of speech from {}\n", file.display()))
}

/// Warns if the voice sounds like another person: one voice under two names makes both hard to
/// recognise.
fn warn_of_others(
    database: &SpeakerDatabase,
    listener: &Listener,
    name: &str,
    file: &Path,
    voice: &Voice,
) -> Result<()> {
    let people = database.people()?;
    let is_first = people.iter().all(|person| person.num_enrolled + person.num_learned == 0);
    if is_first || listener.is_quiet() {
        return Ok(());
    }
    let found = database.gallery(&listener.model())?.identify(voice)?;
    if let Some(other) = found.name().filter(|other| *other != name) {
        exit::warn(&format!(
            "{}: sounds like {other}; if the two are one person, `diarist speakers merge` joins them",
            file.display()
        ));
    }
    Ok(())
}

fn verify(path: &Path, a: &Path, b: &Path, shown: Presentation, listen: ListenArgs) -> anyhow::Result<()> {
    let listener = listen.listener()?;
    let samples = if a.exists() {
        vec![(SampleKind::Enrolled, listener.clip(a, MIN_SPEECH_S)?)]
    } else {
        let name = a.to_string_lossy();
        let samples = SpeakerDatabase::open(path)
            .and_then(|database| database.samples(&name))
            .map_err(|error| Error::input("neither a file nor a known person").caused_by(error).at(name.clone()))?;
        let model = listener.model();
        let of_model = samples.into_iter().filter(|sample| sample.model == model);
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
    say(&report::verification(&known.identify(&other)?, shown)?)
}

fn import(path: &Path, file: &Path) -> anyhow::Result<()> {
    let text = files::read_text(file)?;
    let imported = make(path)?.import(&text).map_err(|error| error.at(file.display().to_string()))?;
    say(&format!(
        "{} new people, {} new samples, {} known already\n",
        imported.num_people, imported.num_samples, imported.num_known
    ))
}

/// The database at `path`, made with its folder if it is missing.
fn make(path: &Path) -> Result<SpeakerDatabase> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| {
            Error::new(ErrorKind::Output, "the folder cannot be made").caused_by(error).at(folder.display().to_string())
        })?;
    }
    SpeakerDatabase::open_or_create(path)
}

/// Path of the database: `given`, or one in the folder for data of the user.
fn database_path(given: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(path) = given.filter(|path| !path.as_os_str().is_empty()) {
        return Ok(path);
    }
    let strategy = etcetera::base_strategy::choose_native_strategy().map_err(|error| {
        Error::invalid_option("the folder for data of the user is not known")
            .caused_by(error)
            .hint("name the database with --speakers or DIARIST_SPEAKERS")
    })?;
    Ok(strategy.data_dir().join("diarist").join("speakers.db"))
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut stdout = terminal::stdout();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
