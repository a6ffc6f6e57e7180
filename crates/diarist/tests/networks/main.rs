//! The features and networks against golden files that the original implementations wrote (`tools/reference`).

mod fbank;
mod golden;
