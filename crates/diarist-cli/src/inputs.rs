//! From arguments to a list of recordings, each with a name of its own.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use diarist::parts::analysis::file_id;
use diarist::parts::audio::PcmFormat;
use diarist::{Error, Result};

/// Extensions (lower case) of audio files in folders. A file named on the command line may have any
/// extension.
const AUDIO_EXTENSIONS: [&str; 17] = [
    "aac", "aif", "aiff", "caf", "flac", "m4a", "m4b", "mka", "mkv", "mov", "mp3", "mp4", "oga", "ogg", "opus", "wav",
    "webm",
];

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

/// Origin of a recording.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    /// An audio file.
    File(PathBuf),
    /// Raw PCM on standard input.
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
/// A fault takes the place of its input, so that the others can still be processed.
pub(crate) fn expand(inputs: &[PathBuf]) -> Vec<Result<Input>> {
    let mut sources = Vec::new();
    for input in inputs {
        if input.as_os_str() == "-" {
            sources.push(Ok(Source::Stdin));
        } else if input.is_dir() {
            match audio_files(input) {
                Ok(files) => sources.extend(files.into_iter().map(|file| Ok(Source::File(file)))),
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

fn is_audio(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| AUDIO_EXTENSIONS.contains(&extension.as_str()))
}

/// Names every source after the stem of its file, with `_2`, `_3`, ... where several share one.
///
/// Names differ in more than case, since some file systems ignore case.
fn name(sources: Vec<Result<Source>>) -> Vec<Result<Input>> {
    let stems: Vec<Option<String>> = sources.iter().map(|source| source.as_ref().ok().map(stem)).collect();
    let natural: HashSet<String> = stems.iter().flatten().map(|stem| stem.to_lowercase()).collect();
    let mut taken = HashSet::new();
    let mut unique = |stem: String| {
        if taken.insert(stem.to_lowercase()) {
            return stem;
        }
        let candidates = (2..).map(|number| format!("{stem}_{number}"));
        let mut free = candidates.filter(|candidate| !natural.contains(&candidate.to_lowercase()));
        free.find(|candidate| taken.insert(candidate.to_lowercase())).expect("there are more numbers than recordings")
    };
    let named = sources.into_iter().zip(stems);
    named.map(|(source, stem)| Ok(Input { source: source?, file_id: unique(stem.unwrap_or_default()) })).collect()
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
        expand(&inputs).into_iter().map(|input| input.unwrap().file_id).collect()
    }

    #[test]
    fn names_are_stems_without_white_space() {
        assert_eq!(names(&["/a/board meeting.v2.wav", "b.flac", "-"]), ["board_meeting.v2", "b", "stdin"]);
    }

    #[test]
    fn equal_stems_are_numbered_around_names_that_exist() {
        let paths = ["a/x.wav", "b/x.wav", "x.flac", "x_2.wav", "X.mp3"];
        assert_eq!(names(&paths), ["x", "x_3", "x_4", "x_2", "X_5"]);
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
        let found: Vec<Source> = expand(&[root.to_owned()]).into_iter().map(|input| input.unwrap().source).collect();
        let expected = ["b/deep/y.opus", "b/x.mp3", "z.WAV"].map(|file| Source::File(root.join(file)));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_folder_without_audio_is_a_fault_of_that_input_alone() {
        let folder = tempfile::tempdir().unwrap();
        let inputs = expand(&[folder.path().to_owned(), "x.wav".into()]);
        assert!(inputs[0].as_ref().is_err_and(|error| error.to_string().contains("no audio file")));
        assert_eq!(inputs[1].as_ref().unwrap().file_id, "x");
    }
}
