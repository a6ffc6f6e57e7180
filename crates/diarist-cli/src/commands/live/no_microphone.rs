//! In place of the microphone where it is not built in.

use std::io::Write;

use diarist::{Error, Result};

use super::feed::Input;

fn missing() -> Error {
    Error::invalid_option("this program was built without the microphone").hint(
        "pipe one in: arecord -f S16_LE -r 16000 -t raw | diarist live --rate 16000 -, or build with --features microphone",
    )
}

/// Always an error.
pub(super) fn open(_device: Option<&str>) -> Result<Input> {
    Err(missing())
}

/// Always an error.
pub(super) fn list(_out: &mut impl Write) -> Result<()> {
    Err(missing())
}
