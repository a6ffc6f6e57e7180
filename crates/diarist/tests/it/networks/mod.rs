//! Features and networks against golden files of the original implementations (`tools/reference`).

mod chunk_model;
mod fbank;
mod golden;
mod pyannet;
mod resnet34;
mod resnet34_f64;
