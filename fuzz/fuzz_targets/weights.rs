//! Fuzzes the reader of safetensors.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(weights);
