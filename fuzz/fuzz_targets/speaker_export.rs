//! Fuzzes the reader of exports of speakers.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(speaker_export);
