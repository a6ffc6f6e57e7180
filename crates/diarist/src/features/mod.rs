//! Acoustic features: Kaldi-compatible log-mel filterbank.

pub mod fbank;
