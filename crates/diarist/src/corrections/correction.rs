//! One correction, and the list of them.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::names::check_name;

/// A stretch of the recording, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds.
    pub end_s: f64,
}

/// A speaker of a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeakerRef {
    /// The label that the speaker had when the correction was made.
    pub label: String,
    /// Stretches in which this speaker talked, alone if possible. Whoever has most of them is this
    /// speaker.
    pub heard: Vec<Stretch>,
}

/// Something that a person has put right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Correction {
    /// A speaker has this name, or none.
    Rename {
        /// The speaker.
        speaker: SpeakerRef,
        /// The name; `None` takes it away.
        name: Option<String>,
    },
    /// Two speakers are one person.
    Merge {
        /// The speaker that goes.
        speaker: SpeakerRef,
        /// The speaker that stays.
        into: SpeakerRef,
    },
    /// Different people talk in two stretches.
    Different {
        /// The first stretch.
        a: Stretch,
        /// The second one, which goes to another speaker if both have one.
        b: Stretch,
        /// The speaker who had the second stretch.
        speaker: SpeakerRef,
    },
    /// Another speaker talks in a stretch.
    Move {
        /// The stretch.
        stretch: Stretch,
        /// The speaker who had it.
        from: SpeakerRef,
        /// The speaker who talks there; `None` for somebody new.
        to: Option<SpeakerRef>,
        /// All other speakers, if somebody new talks there.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<SpeakerRef>,
    },
    /// A turn is two.
    Split {
        /// The speaker of the turn.
        speaker: SpeakerRef,
        /// End of the first part and start of the second, in seconds.
        at_s: f64,
    },
    /// The turns of a speaker in a stretch are one.
    Join {
        /// The speaker.
        speaker: SpeakerRef,
        /// The stretch.
        stretch: Stretch,
    },
    /// A turn has other times.
    Retime {
        /// The speaker of the turn.
        speaker: SpeakerRef,
        /// The turn.
        stretch: Stretch,
        /// Its times.
        to: Stretch,
    },
    /// A speaker does not talk in a stretch.
    Delete {
        /// The speaker.
        speaker: SpeakerRef,
        /// The stretch.
        stretch: Stretch,
    },
}

/// The corrections of one recording, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Corrections {
    /// All of them.
    pub list: Vec<Correction>,
}

impl Stretch {
    /// A stretch from `start_s` to `end_s` seconds.
    pub fn new(start_s: f64, end_s: f64) -> Self {
        Self { start_s, end_s }
    }

    fn check(&self) -> Result<()> {
        let Self { start_s, end_s } = *self;
        if start_s >= 0.0 && end_s > start_s && end_s.is_finite() {
            return Ok(());
        }
        Err(Error::invalid_option(format!("{start_s} s to {end_s} s is not a stretch of a recording"))
            .hint("give a start from 0 on, and a later end"))
    }
}

impl Correction {
    /// Whether the correction says who is who. Others change single turns or names.
    pub fn is_about_speakers(&self) -> bool {
        matches!(self, Self::Merge { .. } | Self::Different { .. } | Self::Move { .. })
    }

    /// Checks times and names.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for a stretch without length or before the start of the
    /// recording, for a value that is not finite, and for a name that [`check_name`] refuses.
    pub fn check(&self) -> Result<()> {
        let (speakers, stretches): (Vec<&SpeakerRef>, Vec<Stretch>) = match self {
            Self::Rename { speaker, name } => {
                if let Some(name) = name {
                    check_name(name).map_err(|error| Error::invalid_option(error.to_string()))?;
                }
                (vec![speaker], vec![])
            }
            Self::Merge { speaker, into } => (vec![speaker, into], vec![]),
            Self::Different { a, b, speaker } => (vec![speaker], vec![*a, *b]),
            Self::Move { stretch, from, to, others } => {
                ([from].into_iter().chain(to).chain(others).collect(), vec![*stretch])
            }
            Self::Split { speaker, at_s } => (vec![speaker], vec![Stretch::new(*at_s, at_s + 1.0)]),
            Self::Join { speaker, stretch } | Self::Delete { speaker, stretch } => (vec![speaker], vec![*stretch]),
            Self::Retime { speaker, stretch, to } => (vec![speaker], vec![*stretch, *to]),
        };
        let heard = speakers.iter().flat_map(|speaker| &speaker.heard);
        stretches.iter().chain(heard).try_for_each(Stretch::check)
    }
}

impl Corrections {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Checks every correction.
    ///
    /// # Errors
    /// As [`Correction::check`].
    pub fn check(&self) -> Result<()> {
        self.list.iter().try_for_each(Correction::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaker() -> SpeakerRef {
        SpeakerRef { label: "SPEAKER_00".to_owned(), heard: vec![Stretch::new(1.0, 2.0)] }
    }

    #[test]
    fn corrections_have_a_json_form() {
        let list = vec![
            Correction::Rename { speaker: speaker(), name: Some("Ann".to_owned()) },
            Correction::Move { stretch: Stretch::new(3.0, 4.5), from: speaker(), to: None, others: vec![] },
        ];
        let text = serde_json::to_string(&Corrections { list: list.clone() }).unwrap();
        assert!(
            text.starts_with(r#"[{"kind":"rename","speaker":{"label":"SPEAKER_00","heard":[{"start_s":1.0"#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Corrections>(&text).unwrap().list, list);
        assert!(
            serde_json::from_str::<Corrections>(r#"[{"kind":"split","speaker":{"label":"a","heard":[]}}]"#).is_err()
        );
    }

    #[test]
    fn impossible_times_and_names_are_refused() {
        let rename = |name: &str| Correction::Rename { speaker: speaker(), name: Some(name.to_owned()) };
        let delete = |start_s, end_s| Correction::Delete { speaker: speaker(), stretch: Stretch::new(start_s, end_s) };
        assert!(rename("Ann Lee").check().is_ok() && delete(0.0, 0.1).check().is_ok());
        let long = "x".repeat(crate::names::MAX_NAME + 1);
        for bad in [
            rename(""),
            rename(" "),
            rename(" Ann"),
            rename("a\nb"),
            rename(&long),
            delete(1.0, 1.0),
            delete(-1.0, 1.0),
        ] {
            assert_eq!(bad.check().unwrap_err().kind(), crate::ErrorKind::InvalidOption, "{bad:?}");
        }
        assert!(delete(0.0, f64::NAN).check().is_err() && delete(f64::INFINITY, f64::INFINITY).check().is_err());
        assert!(Correction::Split { speaker: speaker(), at_s: f64::NAN }.check().is_err());
    }
}
