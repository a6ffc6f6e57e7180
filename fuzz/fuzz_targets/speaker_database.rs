//! Fuzzes the reader of files of the speaker database.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(speaker_database);
