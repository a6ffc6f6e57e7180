//! Fuzzes the reader of ONNX models.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(onnx);
