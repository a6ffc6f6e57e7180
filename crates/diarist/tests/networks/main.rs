//! The features and networks against golden files that the original implementations wrote (`tools/reference`).

#![expect(clippy::print_stdout, reason = "a test log says how close the results are")]

mod allocations;
mod chunk_model;
mod fbank;
mod golden;
mod pyannet;
mod resnet34;
mod resnet34_f64;
