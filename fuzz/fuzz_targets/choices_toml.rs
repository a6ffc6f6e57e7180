//! Fuzzes the reader of configuration files.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(choices_toml);
