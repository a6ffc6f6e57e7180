//! Powerset post-processor.
