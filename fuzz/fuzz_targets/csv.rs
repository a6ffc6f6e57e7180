//! Fuzzes the reader of turns in CSV.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(csv);
