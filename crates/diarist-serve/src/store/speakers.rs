//! Speakers of all recordings with their voices, so that people can be found across recordings
//! without reading every analysis.

use diarist::Diarization;
use diarist::parts::voices::Voice;
use rusqlite::params;

use super::Store;

/// A speaker of a recording.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredSpeaker {
    pub(crate) recording: String,
    pub(crate) label: String,
    /// Name or label, as people see it.
    pub(crate) shown: String,
    /// Name, if there is one.
    pub(crate) person: Option<String>,
    pub(crate) voice: Option<Voice>,
}

impl Store {
    /// Replaces the speakers of a recording by those of its result.
    pub(crate) fn set_speakers(&self, id: &str, result: &Diarization) -> rusqlite::Result<()> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM speakers WHERE recording = ?1", [id])?;
        for (speaker, shown) in result.speakers.iter().zip(result.display_names()) {
            let voice = speaker.voice.as_ref();
            let bytes: Option<Vec<u8>> =
                voice.map(|voice| voice.embedding().iter().flat_map(|value| value.to_le_bytes()).collect());
            // A recording that was deleted meanwhile has no speakers.
            transaction.execute(
                "INSERT INTO speakers SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM recordings WHERE id = ?1)",
                params![id, speaker.label, shown, speaker.name, bytes, voice.map(Voice::speech_s)],
            )?;
        }
        transaction.commit()
    }

    /// The speakers of one recording as people see them, in the order of their labels.
    pub(crate) fn speakers_of(&self, id: &str) -> rusqlite::Result<Vec<String>> {
        let connection = self.connection();
        let mut statement = connection.prepare("SELECT shown FROM speakers WHERE recording = ?1 ORDER BY label")?;
        statement.query_map([id], |row| row.get(0))?.collect()
    }

    /// The speakers of all recordings, oldest recording first.
    pub(crate) fn speakers(&self) -> rusqlite::Result<Vec<StoredSpeaker>> {
        let connection = self.connection();
        let query = "SELECT recording, label, shown, person, embedding, speakers.speech_s FROM speakers
                     JOIN recordings ON id = recording ORDER BY number, label";
        let mut statement = connection.prepare(query)?;
        let speakers = statement.query_map([], |row| {
            let (bytes, speech_s): (Option<Vec<u8>>, Option<f64>) = (row.get(4)?, row.get(5)?);
            let voice = bytes.zip(speech_s).and_then(|(bytes, speech_s)| {
                let embedding = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
                Voice::new(embedding, speech_s).ok()
            });
            Ok(StoredSpeaker {
                recording: row.get(0)?,
                label: row.get(1)?,
                shown: row.get(2)?,
                person: row.get(3)?,
                voice,
            })
        })?;
        speakers.collect()
    }
}
