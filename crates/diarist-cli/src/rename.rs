//! Names that the user gives to the speakers of a result.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use diarist::parts::files;
use diarist::parts::formats::Labels;
use diarist::parts::timeline::Annotation;
use diarist::parts::voices::check_name;
use diarist::{Diarization, Error, Result};

use crate::exit;

/// The option for names.
#[derive(Debug, clap::Args)]
pub(crate) struct RenameArgs {
    /// Calls a speaker by a name, as in SPEAKER_00="Ann Lee"; or a file with such a line for each
    /// speaker. May be given several times
    #[arg(long, value_name = "SPEAKER=NAME", help_heading = "Output")]
    rename: Vec<String>,
}

/// New names by speaker.
#[derive(Debug, Default)]
pub(crate) struct Renaming {
    names: Vec<(String, String)>,
    /// Speakers found so far, for the warning about others.
    found: RefCell<BTreeSet<String>>,
}

impl RenameArgs {
    /// The names, checked before the work.
    pub(crate) fn read(&self) -> Result<Renaming> {
        let mut names = Vec::new();
        for value in &self.rename {
            if value.contains('=') {
                names.push(pair(value)?);
                continue;
            }
            let located = |error: Error| error.at(value.clone());
            let text =
                files::read_text(Path::new(value)).map_err(|error| error.hint("a name is given as SPEAKER_00=NAME"))?;
            let text = text.trim_start_matches('\u{feff}');
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            names.extend(lines.map(pair).collect::<Result<Vec<_>>>().map_err(located)?);
        }
        for (index, (speaker, _)) in names.iter().enumerate() {
            if names[..index].iter().any(|(earlier, _)| earlier == speaker) {
                return Err(Error::invalid_option(format!("{speaker:?} has two new names")).hint("give one"));
            }
        }
        Ok(Renaming { names, found: RefCell::default() })
    }
}

/// A speaker and a name, from `SPEAKER_00=Ann Lee`.
fn pair(text: &str) -> Result<(String, String)> {
    let (speaker, name) = text.split_once('=').ok_or_else(|| {
        Error::invalid_option(format!("{text:?} is no name for a speaker")).hint("write it as SPEAKER_00=Ann Lee")
    })?;
    let name = name.trim();
    let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    let name = quoted.unwrap_or(name).trim();
    check_name(name).map_err(|error| Error::invalid_option(error.to_string()))?;
    let speaker = speaker.trim();
    if speaker.is_empty() {
        return Err(Error::invalid_option(format!("{text:?} names no speaker")).hint("write it as SPEAKER_00=Ann Lee"));
    }
    Ok((speaker.to_owned(), name.to_owned()))
}

impl Renaming {
    fn name(&self, speaker: &str) -> Option<&str> {
        let (_, name) = self.names.iter().find(|(from, _)| from == speaker)?;
        self.found.borrow_mut().insert(speaker.to_owned());
        Some(name)
    }

    /// `result` with the names; a speaker is found by its label or by the name of a known person.
    pub(crate) fn diarization<'a>(&self, result: &'a Diarization) -> Cow<'a, Diarization> {
        if self.names.is_empty() {
            return Cow::Borrowed(result);
        }
        let mut renamed = result.clone();
        for speaker in &mut renamed.speakers {
            let name = self.name(&speaker.label).or_else(|| self.name(speaker.name.as_ref()?));
            if let Some(name) = name {
                speaker.name = Some(name.to_owned());
            }
        }
        Cow::Owned(renamed)
    }

    /// Gives the speakers of `recording` their names.
    pub(crate) fn labels(&self, recording: &mut Labels) {
        let timelines = [Some(&mut recording.turns), recording.exclusive.as_mut()];
        for Annotation { turns, .. } in timelines.into_iter().flatten() {
            for turn in turns {
                if let Some(name) = self.name(&turn.speaker) {
                    turn.speaker = name.to_owned();
                }
            }
        }
    }

    /// Warns about speakers whom no recording has.
    pub(crate) fn warn(&self, is_quiet: bool) {
        let found = self.found.borrow();
        for (speaker, name) in self.names.iter().filter(|(speaker, _)| !is_quiet && !found.contains(speaker)) {
            exit::warn(&format!("nobody was renamed to {name:?}: there is no speaker {speaker:?}"));
        }
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for (speaker, name) in self.names.iter().filter(|(speaker, _)| !is_quiet && found.contains(speaker)) {
            if let Some(other) = taken.insert(name, speaker) {
                exit::warn(&format!("{other:?} and {speaker:?} are now one speaker, {name:?}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use diarist::{Speaker, Turn};

    use super::*;

    fn renaming(values: &[&str]) -> Result<Renaming> {
        RenameArgs { rename: values.iter().map(|value| (*value).to_owned()).collect() }.read()
    }

    #[test]
    fn names_come_from_values_and_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.txt");
        fs::write(&path, "\u{feff}# names\n\nSPEAKER_01 = \"Bo Ek\"\nSPEAKER_02=Åsa\n").unwrap();
        let found = renaming(&["SPEAKER_00=Ann Lee", path.to_str().unwrap()]).unwrap();
        let names: Vec<(&str, &str)> = found.names.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(names, [("SPEAKER_00", "Ann Lee"), ("SPEAKER_01", "Bo Ek"), ("SPEAKER_02", "Åsa")]);
        assert_eq!(renaming(&["a=Dr \"Bo\""]).unwrap().names[0].1, "Dr \"Bo\"");
        for wrong in [&["SPEAKER_00="][..], &["=Ann"], &["a=b", "a=c"], &["a=\u{1b}[31m"], &["no/such/file"]] {
            assert!(renaming(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn turns_and_speakers_get_their_names() {
        let names = renaming(&["S0=Ann", "S9=Bo"]).unwrap();
        let turns = vec![Turn::new(0.0, 1.0, "S0"), Turn::new(1.0, 2.0, "S1")];
        let annotation = Annotation { file_id: "a".to_owned(), turns: turns.clone() };
        let mut labels = Labels { exclusive: Some(annotation.clone()), ..Labels::from(annotation) };
        names.labels(&mut labels);
        for turns in [&labels.turns.turns, &labels.exclusive.unwrap().turns] {
            assert_eq!(turns.iter().map(|turn| turn.speaker.as_str()).collect::<Vec<_>>(), ["Ann", "S1"]);
        }
        let speaker = |label: &str| {
            let mut speaker = Speaker::default();
            label.clone_into(&mut speaker.label);
            speaker
        };
        let mut result = Diarization::default();
        (result.turns, result.speakers) = (turns, vec![speaker("S0"), speaker("S1")]);
        let renamed = names.diarization(&result).annotation();
        assert_eq!(renamed.turns[0].speaker, "Ann");
        assert_eq!(*names.found.borrow(), BTreeSet::from(["S0".to_owned()]));
    }
}
