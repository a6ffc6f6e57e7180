//! Fuzzes the reader of raw audio.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(pcm);
