//! Known voices: scores against their reference, and a database with several or killed writers.

#[cfg(feature = "speaker-database")]
mod crash;
mod scores;
