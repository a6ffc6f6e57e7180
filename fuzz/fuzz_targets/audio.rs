//! Fuzzes the reader of audio files.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(audio);
