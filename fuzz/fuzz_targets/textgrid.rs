//! Fuzzes the reader of TextGrids of Praat.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(textgrid);
