//! Labels of speakers.

/// The name of label `index`: `SPEAKER_00`, `SPEAKER_01`, ...
pub fn label_name(index: usize) -> String {
    format!("SPEAKER_{index:02}")
}
