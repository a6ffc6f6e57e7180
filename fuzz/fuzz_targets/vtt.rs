//! Fuzzes the reader of WebVTT subtitles.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(vtt);
