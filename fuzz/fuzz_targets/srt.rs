//! Fuzzes the reader of SubRip subtitles.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(srt);
