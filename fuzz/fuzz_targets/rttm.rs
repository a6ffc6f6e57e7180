//! Fuzzes the reader of RTTM.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(rttm);
