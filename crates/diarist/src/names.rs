//! Names of people and of speakers.

use crate::error::{Error, Result};

/// Longest name in characters.
pub(crate) const MAX_NAME: usize = 200;

/// Checks that a name is on one line and can be told apart from others on a screen.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for an empty name, one longer than 200 characters, one with a blank
/// at either end or with a control character.
pub fn check_name(name: &str) -> Result<()> {
    let fault = if name.is_empty() {
        "is empty".to_owned()
    } else if name.trim() != name {
        "begins or ends with a blank".to_owned()
    } else if name.chars().any(char::is_control) {
        "has a line break or another control character in it".to_owned()
    } else if name.chars().count() > MAX_NAME {
        format!("is longer than {MAX_NAME} characters")
    } else {
        return Ok(());
    };
    Err(Error::input(format!("the name {:?} {fault}", name.chars().take(40).collect::<String>()))
        .hint("choose another name"))
}
