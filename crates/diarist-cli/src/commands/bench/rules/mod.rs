//! Rules of other projects that assign local speakers to speakers while a recording goes on. They
//! are for comparison with diarist's own.

mod diart;
mod fluidaudio;
#[cfg(test)]
mod test_data;

use diarist::parts::live::WindowRules;
use diarist::parts::segmentation::LOCAL_SPEAKERS;
use diarist::{Error, LiveSettings, Result};

use diart::Diart;
use fluidaudio::FluidAudio;

/// The speaker of each local speaker, if there is one.
type Ids = [Option<u32>; LOCAL_SPEAKERS];

/// The rules that assign local speakers to speakers. The networks and the steps from windows to
/// turns are the same for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Rules {
    /// diarist's own: speakers are clustered again every few seconds
    Diarist,
    /// diart's online clustering
    Diart,
    /// FluidAudio's rules of August 2025, on adjacent chunks of 10 s
    Fluidaudio,
}

impl Rules {
    /// The name on the command line and in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Diarist => "diarist",
            Self::Diart => "diart",
            Self::Fluidaudio => "fluidaudio",
        }
    }

    /// Checks that the rules work with these settings.
    ///
    /// # Errors
    /// [`diarist::ErrorKind::InvalidOption`] if they do not.
    pub(super) fn check(self, settings: &LiveSettings) -> Result<()> {
        if self == Self::Fluidaudio && (settings.step_s, settings.latency_s) != (10.0, 10.0) {
            return Err(Error::invalid_option("FluidAudio's rules need a live step of 10 s and a latency of 10 s"));
        }
        Ok(())
    }

    /// The rules in their state before the first window; `None` for diarist's own.
    pub(super) fn start(self) -> Option<Box<dyn WindowRules>> {
        match self {
            Self::Diarist => None,
            Self::Diart => Some(Box::<Diart>::default()),
            Self::Fluidaudio => Some(Box::<FluidAudio>::default()),
        }
    }
}
