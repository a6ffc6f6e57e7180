//! Fuzzes the reader of UEM.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(uem);
