//! Fuzzes the reader of transcripts.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(transcript);
