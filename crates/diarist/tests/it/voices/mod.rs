//! Known voices: scores against their reference, and a database with several or killed writers.

#[cfg(feature = "speaker-database")]
mod crash;
#[cfg(feature = "speaker-database")]
mod names;
mod scores;
