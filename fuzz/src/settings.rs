//! Settings by name.

use std::fs;

use diarist::parts::settings::Choices;
use tempfile::NamedTempFile;

/// Configuration files. Written choices are read back without a change.
pub fn choices_toml(bytes: &[u8]) {
    let file = NamedTempFile::new().expect("temporary files can be made");
    fs::write(file.path(), bytes).expect("temporary files can be written");
    let Ok(choices) = Choices::read(file.path()) else { return };
    let text = toml::to_string(&choices).expect("choices have a form in TOML");
    let again: Choices = toml::from_str(&text).expect("written choices can be read");
    assert_eq!(again, choices);
}

/// Settings as JSON, which Python and C give. Written choices can be read.
pub fn choices_json(bytes: &[u8]) {
    let Ok(choices) = serde_json::from_slice::<Choices>(bytes) else { return };
    // An error is an answer.
    let _ = choices.settings();
    let text = serde_json::to_string(&choices).expect("choices have a form in JSON");
    serde_json::from_str::<Choices>(&text).expect("written choices can be read");
}
