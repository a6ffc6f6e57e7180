//! Replaces the microphone in builds without it.

use std::io::Write;

use diarist::{Error, Result};

use super::feed::LiveInput;

fn missing() -> Error {
    Error::invalid_option("this program was built without the microphone").hint(
        "use a pipe: arecord -f S16_LE -r 16000 -t raw | diarist live --rate 16000 -, or build with --features microphone",
    )
}

/// Always an error.
pub(super) fn open(_device: Option<&str>) -> Result<LiveInput> {
    Err(missing())
}

/// Always an error.
pub(super) fn list(_out: &mut impl Write) -> Result<()> {
    Err(missing())
}
