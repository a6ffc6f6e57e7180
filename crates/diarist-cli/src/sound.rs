//! The recording that a page plays.

use std::path::{Path, PathBuf};

use diarist::Result;
use diarist_page::Sound;

/// The recording of a page whose turns come from elsewhere.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Page")]
pub(crate) struct SoundArgs {
    /// The recording that a page (html) plays
    #[arg(long, value_name = "FILE")]
    audio: Option<PathBuf>,
    /// Lets the page play that file, which must stay in its place; otherwise the page holds the
    /// sound, 14 MB per hour
    #[arg(long, requires = "audio")]
    link_audio: bool,
}

impl SoundArgs {
    /// The path of the recording.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.audio.as_deref()
    }

    /// The sound for the page that will be at `page` (`None` for stdout).
    pub(crate) fn sound(&self, page: Option<&Path>) -> Result<Option<Sound>> {
        self.path().map(|audio| Sound::of(audio, page, self.link_audio)).transpose()
    }
}
