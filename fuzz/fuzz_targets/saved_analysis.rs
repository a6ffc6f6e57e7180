//! Fuzzes the reader of saved analyses.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(saved_analysis);
