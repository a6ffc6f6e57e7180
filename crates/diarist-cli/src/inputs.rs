//! From arguments to a list of recordings, each with a name of its own.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use diarist::parts::analysis::file_id;
use diarist::parts::audio::{AudioSource, PcmFormat, RawPcm, Selection, open_stream};
use diarist::{ChannelSpeakers, Error, Result};

use crate::exit;

/// Extensions (lower case) of audio files in folders. A file named on the command line may have any
/// extension.
const AUDIO_EXTENSIONS: [&str; 39] = [
    "3g2", "3ga", "3gp", "3gpp", "aac", "adts", "aif", "aifc", "aiff", "bwf", "caf", "f4a", "f4b", "f4v", "flac",
    "m4a", "m4b", "m4r", "m4v", "mka", "mkv", "mov", "mp1", "mp2", "mp3", "mp4", "mpa", "mpga", "oga", "ogg", "ogv",
    "opus", "qt", "rf64", "w64", "wav", "wave", "weba", "webm",
];

/// Most kinds of files that the note on a folder names.
const MAX_SHOWN: usize = 8;

/// Names of [`PcmFormat`].
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Pcm {
    /// Signed 16-bit integers, little-endian
    S16le,
    /// 32-bit floats, little-endian
    F32le,
}

impl From<Pcm> for PcmFormat {
    fn from(name: Pcm) -> Self {
        match name {
            Pcm::S16le => Self::S16le,
            Pcm::F32le => Self::F32le,
        }
    }
}

/// The part of the sound to take.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct SelectionArgs {
    /// Takes audio track N of a video or recording of several tracks [default: the one that the
    /// file marks as its default, else 1]
    #[arg(long, value_name = "N")]
    track: Option<usize>,
    /// Takes channel N alone (1 is the left one) [default: the mix of all]
    #[arg(long, value_name = "N")]
    channel: Option<usize>,
}

/// Names of [`ChannelSpeakers`].
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum PerChannel {
    /// One speaker on each channel
    One,
    /// Several speakers on each channel
    Several,
}

impl From<PerChannel> for ChannelSpeakers {
    fn from(name: PerChannel) -> Self {
        match name {
            PerChannel::One => Self::One,
            PerChannel::Several => Self::Several,
        }
    }
}

impl SelectionArgs {
    pub(crate) fn selection(self) -> Selection {
        Selection { track: self.track, channel: self.channel }
    }
}

/// Format of raw PCM on stdin.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Raw PCM on stdin (input -)")]
pub(crate) struct StdinArgs {
    /// Sample rate in Hz; not for audio files on stdin, which are recognised
    #[arg(long, value_name = "HZ")]
    rate: Option<u32>,
    /// Interleaved channels [default: 1]
    #[arg(long, value_name = "N", requires = "rate")]
    channels: Option<u16>,
    /// Sample format [default: s16le]
    #[arg(long, value_enum, requires = "rate")]
    pcm: Option<Pcm>,
}

impl StdinArgs {
    /// Refuses a rate if stdin is not among the inputs.
    pub(crate) fn check(self, has_stdin: bool) -> Result<()> {
        match self.rate.filter(|_| !has_stdin) {
            None => Ok(()),
            Some(_) => Err(Error::invalid_option("--rate is for raw PCM on stdin")
                .hint("give - as the input, or leave --rate out: files and microphones have their own rate")),
        }
    }

    /// The audio file or raw PCM on stdin.
    pub(crate) fn open(self, selection: Selection) -> Result<Box<dyn AudioSource>> {
        let format = self.pcm.map_or(PcmFormat::S16le, PcmFormat::from);
        let raw = self.rate.map(|sample_rate| RawPcm { format, sample_rate, channels: self.channels.unwrap_or(1) });
        open_stream("stdin", io::stdin(), raw, selection)
    }
}

/// Origin of a recording.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    /// An audio file.
    File(PathBuf),
    /// An audio file or raw PCM on standard input.
    Stdin,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("stdin"),
        }
    }
}

/// A recording to process.
#[derive(Debug, PartialEq)]
pub(crate) struct Input {
    /// Its origin.
    pub(crate) source: Source,
    /// Its name in RTTM and JSON, and that of its output file: without white space, and unique in
    /// the call.
    pub(crate) file_id: String,
}

/// The recordings for `inputs`, in their order; a folder stands for the audio files below it,
/// sorted by path.
///
/// A fault takes the place of its input, so that the others can still be processed. A note tells
/// which files of a folder are left out, unless `is_quiet`.
pub(crate) fn expand(inputs: &[PathBuf], is_quiet: bool) -> Vec<Result<Input>> {
    let mut sources = Vec::new();
    for input in inputs {
        if input.as_os_str() == "-" {
            sources.push(Ok(Source::Stdin));
        } else if input.is_dir() {
            match audio_files(input) {
                Ok(files) => {
                    if let Some(note) = left_out(input).filter(|_| !is_quiet) {
                        exit::note(&note);
                    }
                    sources.extend(files.into_iter().map(|file| Ok(Source::File(file))));
                }
                Err(error) => sources.push(Err(error)),
            }
        } else {
            sources.push(Ok(Source::File(input.clone())));
        }
    }
    name(sources)
}

/// Audio files below `folder`, sorted by path; at least one.
pub(crate) fn audio_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let files = files_below(folder, is_audio)?;
    if files.is_empty() {
        return Err(Error::input("no audio file in this folder")
            .hint(format!("looked for {}", AUDIO_EXTENSIONS.join(" ")))
            .at(folder.display().to_string()));
    }
    Ok(files)
}

/// A note on the files below `folder` that are not taken for audio, by their extensions.
fn left_out(folder: &Path) -> Option<String> {
    let others = files_below(folder, |path| !is_audio(path)).ok()?;
    let name = |path: &PathBuf| match path.extension() {
        Some(extension) => format!(".{}", extension.to_string_lossy()),
        None => "without extension".to_owned(),
    };
    let kinds: BTreeSet<String> = others.iter().map(name).collect();
    let shown: Vec<&str> = kinds.iter().take(MAX_SHOWN).map(String::as_str).collect();
    let more = if kinds.len() > MAX_SHOWN { ", ..." } else { "" };
    let count = others.len();
    let files = if count == 1 { "file is" } else { "files are" };
    (count > 0).then(|| format!("{}: {count} other {files} left out ({}{more})", folder.display(), shown.join(", ")))
}

/// The files below `folder` that `wanted` accepts, sorted by path. Hidden entries are left out, and
/// links to folders are not followed.
pub(crate) fn files_below(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(folder, &wanted, &mut files)
        .map_err(|error| Error::input("the folder cannot be read").caused_by(error).at(folder.display().to_string()))?;
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, wanted: &impl Fn(&Path) -> bool, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&path, wanted, files)?;
        } else if wanted(&path) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether the extension is that of audio or video.
pub(crate) fn is_audio(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| AUDIO_EXTENSIONS.contains(&extension.as_str()))
}

/// Names every source after the stem of its file, with `_2`, `_3`, ... where several share one.
fn name(sources: Vec<Result<Source>>) -> Vec<Result<Input>> {
    let stems: Vec<Option<String>> = sources.iter().map(|source| source.as_ref().ok().map(stem)).collect();
    let mut names = UniqueNames::around(stems.iter().flatten());
    let named = sources.into_iter().zip(stems);
    named.map(|(source, stem)| Ok(Input { source: source?, file_id: names.take(stem.unwrap_or_default()) })).collect()
}

/// Gives every name once, with `_2`, `_3`, ... where several are equal.
///
/// Names differ in more than case, since some file systems ignore case.
#[derive(Debug)]
pub(crate) struct UniqueNames {
    natural: HashSet<String>,
    taken: HashSet<String>,
    /// The next number for a name.
    next: HashMap<String, usize>,
}

impl UniqueNames {
    /// Numbers will avoid the names in `all`.
    pub(crate) fn around<'a>(all: impl Iterator<Item = &'a String>) -> Self {
        Self { natural: all.map(|name| name.to_lowercase()).collect(), taken: HashSet::new(), next: HashMap::new() }
    }

    /// `name`, with a number if it is taken.
    pub(crate) fn take(&mut self, name: String) -> String {
        let key = name.to_lowercase();
        if self.taken.insert(key.clone()) {
            return name;
        }
        let next = self.next.entry(key).or_insert(2);
        loop {
            let candidate = format!("{name}_{next}");
            *next += 1;
            let key = candidate.to_lowercase();
            if !self.natural.contains(&key) && self.taken.insert(key) {
                return candidate;
            }
        }
    }
}

/// The name of a single source. It has no white space, since RTTM separates fields by it.
fn stem(source: &Source) -> String {
    match source {
        Source::Stdin => "stdin".to_owned(),
        Source::File(path) => file_id(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[&str]) -> Vec<String> {
        let inputs: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        expand(&inputs, true).into_iter().map(|input| input.unwrap().file_id).collect()
    }

    #[test]
    fn names_are_stems_without_white_space() {
        assert_eq!(names(&["/a/board meeting.v2.wav", "b.flac", "-"]), ["board_meeting.v2", "b", "stdin"]);
    }

    #[test]
    fn equal_stems_are_numbered_around_names_that_exist() {
        let paths = ["a/x.wav", "b/x.wav", "x.flac", "x_2.wav", "X.mp3"];
        assert_eq!(names(&paths), ["x", "x_3", "x_4", "x_2", "X_5"]);
        let many = vec!["x.wav"; 100_000];
        assert_eq!(names(&many).last().unwrap(), "x_100000");
    }

    #[test]
    fn a_folder_stands_for_the_audio_files_below_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/deep")).unwrap();
        fs::create_dir(root.join(".hidden")).unwrap();
        fs::create_dir(root.join("c.wav")).unwrap();
        for file in ["z.WAV", "a.txt", "b/deep/y.opus", "b/x.mp3", ".hidden/w.wav", ".v.wav", "u"] {
            fs::write(root.join(file), "").unwrap();
        }
        let found: Vec<Source> =
            expand(&[root.to_owned()], true).into_iter().map(|input| input.unwrap().source).collect();
        assert!(left_out(root).unwrap().ends_with(": 2 other files are left out (.txt, without extension)"));
        let expected = ["b/deep/y.opus", "b/x.mp3", "z.WAV"].map(|file| Source::File(root.join(file)));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_folder_without_audio_is_a_fault_of_that_input_alone() {
        let folder = tempfile::tempdir().unwrap();
        let inputs = expand(&[folder.path().to_owned(), "x.wav".into()], true);
        assert!(inputs[0].as_ref().is_err_and(|error| error.to_string().contains("no audio file")));
        assert_eq!(inputs[1].as_ref().unwrap().file_id, "x");
    }
}
