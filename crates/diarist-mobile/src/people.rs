//! Known people, whom the app keeps.

use diarist::parts::voices::{self, Gallery, SampleKind, check_name};
use diarist::{Error, Result};

/// A voice from one recording.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Voice {
    /// The embedding of the voice: 256 values, not normalised.
    pub embedding: Vec<f32>,
    /// Seconds of speech, without overlap, that it was made from.
    pub speech_s: f64,
    /// Fingerprint of the network that made it. Voices of different networks cannot be compared.
    pub model: String,
}

/// A known person.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Person {
    /// The name that a speaker gets.
    pub name: String,
    /// Voices of the person, at least one, from different recordings if possible.
    pub voices: Vec<Voice>,
}

impl Voice {
    pub(crate) fn new(voice: &voices::Voice, model: &str) -> Self {
        Self { embedding: voice.embedding().to_vec(), speech_s: voice.speech_s(), model: model.to_owned() }
    }
}

/// The people to look for with the network `model`.
pub(crate) fn gallery(people: Vec<Person>, model: &str) -> Result<Gallery> {
    Gallery::new(people.into_iter().map(|person| samples(person, model)).collect::<Result<_>>()?)
}

fn samples(person: Person, model: &str) -> Result<(String, Vec<(SampleKind, voices::Voice)>)> {
    let Person { name, voices } = person;
    check_name(&name)?;
    if voices.is_empty() {
        return Err(Error::invalid_option(format!("{name} has no voice")));
    }
    let sample = |voice: Voice| {
        if voice.model != model {
            return Err(Error::invalid_option(format!("a voice of {name} was made by another network"))
                .hint("make it again from a recording of the person"));
        }
        Ok((SampleKind::Enrolled, voices::Voice::new(voice.embedding, voice.speech_s)?))
    };
    let samples = voices.into_iter().map(sample).collect::<Result<_>>()?;
    Ok((name, samples))
}
