//! Fuzzes the reader of annotation documents of ELAN.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(eaf);
