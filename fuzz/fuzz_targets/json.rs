//! Fuzzes the reader of diarist's JSON documents.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(json);
