//! A module for each command: `XArgs` has its arguments, `run` runs it.

pub(crate) mod analyze;
pub(crate) mod assign;
#[cfg(feature = "workbench")]
pub(crate) mod bench;
pub(crate) mod cluster;
pub(crate) mod convert;
pub(crate) mod devices;
pub(crate) mod diarize;
#[cfg(feature = "workbench")]
pub(crate) mod generate;
pub(crate) mod live;
pub(crate) mod models;
#[cfg(feature = "workbench")]
pub(crate) mod plot;
pub(crate) mod score;
#[cfg(feature = "serve")]
pub(crate) mod serve;
pub(crate) mod speakers;
#[cfg(feature = "workbench")]
pub(crate) mod tune;
pub(crate) mod version;
