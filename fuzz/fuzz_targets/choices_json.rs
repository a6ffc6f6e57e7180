//! Fuzzes the reader of settings in JSON.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(choices_json);
