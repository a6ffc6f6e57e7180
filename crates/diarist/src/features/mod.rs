//! Acoustic features: Kaldi-compatible log-mel filterbank.
