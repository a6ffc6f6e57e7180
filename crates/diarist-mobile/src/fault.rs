//! Errors.

use std::fmt;

use diarist::{Error, ErrorKind};

/// The error of a call, by its kind. The message names the place, the reason and a hint.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Error)]
#[uniffi(flat_error)]
pub enum DiaristError {
    /// An option is outside its range, or two options contradict each other.
    InvalidOption(String),
    /// An input cannot be read or is not usable.
    Input(String),
    /// Network weights are missing, damaged, or of another architecture.
    Weights(String),
    /// A result or a temporary file cannot be written.
    Output(String),
    /// The requested number of speakers cannot be honoured for this recording.
    SpeakerBounds(String),
    /// The device that was asked for cannot be used, or failed.
    Device(String),
    /// The listener for progress has ended the call.
    Cancelled(String),
    /// A fault inside diarist; please report it.
    Internal(String),
}

impl From<Error> for DiaristError {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::InvalidOption => Self::InvalidOption,
            ErrorKind::Input => Self::Input,
            ErrorKind::Weights => Self::Weights,
            ErrorKind::Output => Self::Output,
            ErrorKind::SpeakerBounds => Self::SpeakerBounds,
            ErrorKind::Device => Self::Device,
            ErrorKind::Cancelled => Self::Cancelled,
            _ => Self::Internal,
        };
        kind(error.to_string())
    }
}

impl fmt::Display for DiaristError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::InvalidOption(message)
        | Self::Input(message)
        | Self::Weights(message)
        | Self::Output(message)
        | Self::SpeakerBounds(message)
        | Self::Device(message)
        | Self::Cancelled(message)
        | Self::Internal(message)) = self;
        f.write_str(message)
    }
}

impl std::error::Error for DiaristError {}
