//! Published rules of other projects that say who is who while a recording goes on, to compare ours with.

mod diart;
mod fluidaudio;
#[cfg(test)]
mod test_data;

use diarist::live::{LiveOptions, WindowRules};
use diarist::segmentation::LOCAL_SPEAKERS;
use diarist::{Error, Result};

use diart::Diart;
use fluidaudio::FluidAudio;

/// The speaker of each local speaker, if there is one.
type Ids = [Option<u32>; LOCAL_SPEAKERS];

/// Rules that decide who is who. The networks and the way from windows to turns are the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Rules {
    /// Clustered anew every few seconds
    Diarist,
    /// diart's online clustering
    Diart,
    /// FluidAudio's of August 2025: chunks of 10 s side by side
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

    /// Checks whether the rules are made for these options.
    ///
    /// # Errors
    /// [`diarist::ErrorKind::InvalidOption`] if they are not.
    pub(super) fn check(self, options: &LiveOptions) -> Result<()> {
        if self == Self::Fluidaudio && (options.step_s, options.latency_s) != (10.0, 10.0) {
            return Err(Error::invalid_option("FluidAudio's rules are for a live step and a latency of 10 s"));
        }
        Ok(())
    }

    /// The rules before the first window; `None` for diarist's own.
    pub(super) fn start(self) -> Option<Box<dyn WindowRules>> {
        match self {
            Self::Diarist => None,
            Self::Diart => Some(Box::<Diart>::default()),
            Self::Fluidaudio => Some(Box::<FluidAudio>::default()),
        }
    }
}
