//! Fuzzes the reader of label tracks of Audacity.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(audacity);
