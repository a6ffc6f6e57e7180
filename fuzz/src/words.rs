//! Transcripts.

use diarist::Turn;
use diarist::parts::words::{
    Speech, SubtitleFormat, SubtitleLimits, Transcript, assign, html, json, markdown, subtitles, text, utterances,
};

/// Transcripts of any recogniser. No word is lost on the way to the utterances, and these have all
/// written forms.
pub fn transcript(bytes: &[u8]) {
    let Ok(Transcript { words, .. }) = Transcript::read(bytes) else { return };
    let turns = vec![Turn::new(0.0, 2.0, "Ann"), Turn::new(1.5, 1.5, "Cy"), Turn::new(1.5, 60.0, "Bo")];
    let exclusive = vec![Turn::new(0.0, 1.75, "Ann"), Turn::new(1.75, 60.0, "Bo")];
    let utterances = utterances(assign(&words, &Speech::new(turns, exclusive)));
    let num_words: usize = utterances.iter().map(|utterance| utterance.words.len()).sum();
    assert_eq!(num_words, words.len());
    assert_eq!(text(&utterances).lines().count(), utterances.len());
    subtitles(&utterances, SubtitleFormat::Srt, &SubtitleLimits::default());
    subtitles(&utterances, SubtitleFormat::Vtt, &SubtitleLimits::default());
    json(&utterances).to_line();
    markdown(&utterances, "recording");
    html(&utterances, "recording");
}
