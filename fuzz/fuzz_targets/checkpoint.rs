//! Fuzzes the reader of checkpoints of PyTorch.
#![cfg_attr(fuzzing, no_main)]
diarist_fuzz::program!(checkpoint);
