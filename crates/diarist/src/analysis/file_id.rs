//! Names of recordings.

use std::path::Path;

/// The name that a recording gets from its file: the name without folder and extension, as RTTM can
/// hold it ([`without_blanks`]).
pub fn file_id(path: &Path) -> String {
    without_blanks(&path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy())
}

/// A name as RTTM can hold it: blanks become `_`, and an empty name becomes `<NA>`.
pub fn without_blanks(name: &str) -> String {
    if name.is_empty() {
        return "<NA>".to_owned();
    }
    name.chars().map(|c| if c.is_whitespace() { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_named_after_its_file() {
        let ids = ["a/b c.tar.wav", "my\ttalk.mp3", ".wav", "/", "-"];
        assert_eq!(ids.map(|path| file_id(path.as_ref())), ["b_c.tar", "my_talk", ".wav", "/", "-"]);
    }
}
