//! Known people, and voices that come again under no name.

use std::sync::Arc;

use axum::http::StatusCode;
use diarist::parts::voices::{Gallery, MIN_ENROLL_S, NewSample, SampleKind, Voice, alone, check_name, excerpt};
use diarist::{ErrorKind, Recording, SpeakerDatabase};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::{Answer, Refusal};
use crate::results::{Current, current};
use crate::store::StoredSpeaker;

/// Most voices without a name that are compared with each other, the newest ones.
const MAX_UNKNOWN: usize = 300;

/// Opens the file of known people, made if missing.
fn database(app: &App) -> diarist::Result<SpeakerDatabase> {
    SpeakerDatabase::open_or_create(app.engine.people_file())
}

/// A refusal of a change to the known people.
fn refused(error: diarist::Error) -> Refusal {
    match error.to_string() {
        text if text.contains("nobody is called") => Refusal::not_found("person"),
        text if text.contains("exists already") => Refusal { status: StatusCode::CONFLICT, ..Refusal::from(error) },
        _ if error.kind() == ErrorKind::Input => Refusal { status: StatusCode::BAD_REQUEST, ..Refusal::from(error) },
        _ => error.into(),
    }
}

/// All known people, and unknown ones who come again.
pub(crate) fn list(app: &App) -> Answer<Value> {
    let speakers = app.store.speakers()?;
    let people = match app.engine.people_file().exists() {
        true => SpeakerDatabase::open(app.engine.people_file())?.people()?,
        false => Vec::new(),
    };
    let person = |person: &diarist::parts::voices::Person| {
        let with = speakers.iter().filter(|speaker| speaker.person.as_deref() == Some(&person.name));
        let mut recordings: Vec<&str> = with.map(|speaker| speaker.recording.as_str()).collect();
        recordings.dedup();
        json!({
            "name": person.name,
            "num_samples": person.num_enrolled + person.num_learned,
            "speech_s": person.speech_s,
            "recordings": recordings,
        })
    };
    Ok(json!({
        "people": people.iter().map(person).collect::<Vec<_>>(),
        "unknown": unknown(&speakers)?,
    }))
}

/// Voices without a name that sound alike.
struct Group<'a> {
    members: Vec<&'a StoredSpeaker>,
    voices: Vec<(SampleKind, Voice)>,
    probability: f64,
}

/// Unknown people who come again. Each voice joins the group that it belongs to, by the rules for
/// known people, or begins a new one.
fn unknown(speakers: &[StoredSpeaker]) -> Answer<Vec<Value>> {
    let nameless: Vec<(&StoredSpeaker, &Voice)> = speakers
        .iter()
        .filter(|speaker| speaker.person.is_none())
        .filter_map(|speaker| Some((speaker, speaker.voice.as_ref().filter(|voice| voice.speech_s() >= MIN_ENROLL_S)?)))
        .collect();
    let newest = &nameless[nameless.len().saturating_sub(MAX_UNKNOWN)..];
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (speaker, voice) in newest {
        let people =
            groups.iter().enumerate().map(|(index, group)| (index.to_string(), group.voices.clone())).collect();
        let found = Gallery::new(people)?.identify(voice)?;
        let sample = (SampleKind::Enrolled, (*voice).clone());
        let known = found.name().and_then(|name| name.parse::<usize>().ok()).and_then(|index| groups.get_mut(index));
        match (known, found.best) {
            // Two speakers of one recording are two people.
            (Some(group), Some(best)) if group.members.iter().all(|member| member.recording != speaker.recording) => {
                group.members.push(speaker);
                group.voices.push(sample);
                group.probability = group.probability.min(best.probability);
            }
            _ => groups.push(Group { members: vec![speaker], voices: vec![sample], probability: 1.0 }),
        }
    }
    let again = groups.iter().filter(|group| group.members.len() > 1).map(|group| {
        let member = |member: &&StoredSpeaker| json!({ "id": member.recording, "speaker": member.label });
        json!({
            "key": format!("{}:{}", group.members[0].recording, group.members[0].label),
            "recordings": group.members.iter().map(member).collect::<Vec<_>>(),
            "probability": (group.probability * 1e4).round() / 1e4,
        })
    });
    Ok(again.collect())
}

/// Renames a person; results call the person by the new name.
pub(crate) fn rename(app: &Arc<App>, from: &str, to: &str) -> Answer<()> {
    database(app)?.rename(from, to).map_err(refused)?;
    name_again(app, None)?;
    Ok(())
}

/// Removes a person; results no longer call anybody so.
pub(crate) fn remove(app: &Arc<App>, name: &str) -> Answer<()> {
    database(app)?.remove(name).map_err(refused)?;
    name_again(app, None)?;
    Ok(())
}

/// Adds the voice of the one person who speaks in a clip.
pub(crate) fn enrol_clip(app: &Arc<App>, name: &str, clip: &std::path::Path, source: &str) -> Answer<Value> {
    check_name(name).map_err(refused)?;
    let diarizer = app.engine.diarizer(&Default::default())?;
    let (voice, mut warnings) = diarizer.voice(Recording::new(clip), MIN_ENROLL_S).map_err(unsuitable)?;
    warnings.extend(enrol(app, name, voice, source)?);
    let named = name_again(app, None)?;
    Ok(json!({ "person": name, "recordings_named": named, "warnings": warnings }))
}

/// A refusal of a voice that is too short, or that is several.
pub(crate) fn unsuitable(error: diarist::Error) -> Refusal {
    let status = match error.kind() {
        ErrorKind::Input => StatusCode::UNPROCESSABLE_ENTITY,
        _ => return error.into(),
    };
    let mut refusal = Refusal::from(error);
    refusal.status = status;
    refusal.reason.code = "unsuitable".to_owned();
    refusal
}

/// Adds a voice to a person. Returns a warning if it sounds like somebody else.
fn enrol(app: &App, name: &str, voice: Voice, source: &str) -> Answer<Option<String>> {
    let mut database = database(app)?;
    let model = app.engine.model();
    let is_first = database.people()?.is_empty();
    let other = match is_first {
        true => None,
        false => database.gallery(&model)?.identify(&voice)?.name().filter(|other| *other != name).map(str::to_owned),
    };
    database.enroll(name, &[NewSample { voice, source: source.to_owned(), model }]).map_err(refused)?;
    Ok(other.map(|other| format!("the voice sounds like {other}; if the two are one person, remove one of them")))
}

/// Teaches the voice of a speaker of a recording as that of a person.
pub(crate) fn teach(app: &Arc<App>, id: &str, label: &str, name: &str, force: bool) -> Answer<Value> {
    check_name(name).map_err(refused)?;
    let state = current(app, id)?;
    let Some(speaker) = state.result.speakers.iter().find(|speaker| speaker.label == label) else {
        return Err(Refusal::not_found("speaker"));
    };
    let samples = excerpt(&app.folder.recording(id).audio(), &alone(&state.result.turns, label))?;
    let clip = Recording::from_samples(&state.row.name, &samples);
    let voice = match state.diarizer.voice(clip, MIN_ENROLL_S) {
        Ok((voice, _)) => voice,
        // The voice of the result has passed no check of its purity.
        Err(error) if force && error.kind() == ErrorKind::Input => {
            speaker.voice.clone().ok_or_else(|| unsuitable(error))?
        }
        Err(error) => {
            let refusal = unsuitable(error);
            return Err(match speaker.voice.is_some() {
                true => refusal.hint("correct the turns of this speaker first, or teach the voice all the same"),
                false => refusal,
            });
        }
    };
    let warning = enrol(app, name, voice, &state.row.name)?;
    let named = name_again(app, Some((&state, label, name)))?;
    Ok(json!({ "person": name, "recordings_named": named, "warnings": warning.into_iter().collect::<Vec<_>>() }))
}

/// Names the speakers of all recordings again after a change to the known people. The speaker that
/// was taught has its name also if its voice alone would not be recognised. Returns the recordings
/// in which somebody has a name now who had another one, or none.
fn name_again(app: &Arc<App>, taught: Option<(&Arc<Current>, &str, &str)>) -> Answer<Vec<String>> {
    if let Some((state, label, name)) = taught {
        // The name stays also if the voice alone would not be recognised.
        crate::http::corrections::name_speaker(app, &state.row.id, label, name)?;
    }
    let gallery = match app.engine.people_file().exists() {
        true => SpeakerDatabase::open(app.engine.people_file())?.gallery(&app.engine.model())?,
        false => Gallery::new(Vec::new())?,
    };
    let speakers = app.store.speakers()?;
    let mut named = Vec::new();
    for speakers in speakers.chunk_by(|a, b| a.recording == b.recording) {
        let id = &speakers[0].recording;
        let is_taught = taught.is_some_and(|(taught, _, _)| taught.row.id == *id);
        // Only results that change are computed again.
        if !is_taught && has_names(&gallery, speakers)? {
            continue;
        }
        let state = match current(app, id) {
            Ok(state) => state,
            // It was deleted meanwhile.
            Err(refusal) if refusal.status == StatusCode::NOT_FOUND => continue,
            Err(refusal) => return Err(refusal),
        };
        let before: Vec<&String> = speakers.iter().map(|speaker| &speaker.shown).collect();
        if before.into_iter().ne(&state.result.display_names()) {
            app.store.set_speakers(id, &state.result)?;
            app.announce(id);
            if !is_taught {
                named.push(id.clone());
            }
        }
    }
    Ok(named)
}

/// Whether all `speakers` of a recording have the names that `gallery` gives them.
fn has_names(gallery: &Gallery, speakers: &[StoredSpeaker]) -> Answer<bool> {
    let voices: Vec<Option<&Voice>> = speakers.iter().map(|speaker| speaker.voice.as_ref()).collect();
    let found = gallery.identify_speakers(&voices)?;
    let names = found.iter().map(|found| found.as_ref().and_then(|found| found.name()));
    Ok(names.eq(speakers.iter().map(|speaker| speaker.person.as_deref())))
}
