//! Random names, which cannot be guessed.

/// 32 hexadecimal digits.
pub(crate) fn random() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The longest name of a recording in characters.
const MAX_NAME: usize = 200;

/// The name of a recording that was sent as a file: the last part of its path.
pub(crate) fn recording_name(path: &str) -> String {
    shown_name(path.rsplit(['/', '\\']).next().unwrap_or_default())
}

/// The name that a caller gives a recording, without control characters.
pub(crate) fn shown_name(given: &str) -> String {
    let name: String = given.chars().map(|c| if is_shown(c) { c } else { ' ' }).take(MAX_NAME).collect();
    let name = name.trim();
    if name.is_empty() { "recording".to_owned() } else { name.to_owned() }
}

/// Whether a character is neither a control character nor one that turns the direction of text.
fn is_shown(c: char) -> bool {
    !(c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

/// A name for a file that every system takes: letters, digits and `-_.`.
pub(crate) fn file_name(name: &str, extension: &str) -> String {
    let stem = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or(name, |(stem, _)| stem);
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    let stem: String = stem.chars().map(safe).take(80).collect();
    format!("{stem}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_on_one_line() {
        let cases = [
            ("meeting.wav", "meeting.wav"),
            ("../../etc/passwd", "passwd"),
            ("C:\\calls\\a.wav", "a.wav"),
            ("a\u{1b}[31m\nb", "a [31m b"),
            ("\u{202e}gnp.exe", "gnp.exe"),
            ("", "recording"),
            ("///", "recording"),
        ];
        for (given, name) in cases {
            assert_eq!(recording_name(given), name);
        }
        assert_eq!(recording_name(&"x".repeat(300)).len(), MAX_NAME);
        assert_eq!(shown_name("1/2 <b>talk</b>\n"), "1/2 <b>talk</b>");
    }

    #[test]
    fn file_names_are_plain() {
        assert_eq!(file_name("Zoë & \"Bo\".mp3", "rttm"), "Zo_____Bo_.rttm");
        assert_eq!(file_name(".wav", "srt"), "_wav.srt");
    }

    #[test]
    fn ids_differ() {
        let (a, b) = (random().unwrap(), random().unwrap());
        assert!(a != b && a.len() == 32 && a.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
