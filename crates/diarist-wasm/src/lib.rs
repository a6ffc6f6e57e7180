//! The WebAssembly module of diarist; `js` is the package around it.
//!
//! The module needs no generated code: `js/src/engine.js` calls its functions, which take numbers
//! only. A text or an array is written into memory that [`diarist_allocate`] gives, and its call
//! takes that memory over. Every call that can fail returns 0 on success, else 1. Then
//! [`diarist_output`] and [`diarist_output_len`] are the place of its result, a JSON text (of
//! [`diarist_convert`], the text of a file), or of the error, `{"kind": ..., "message": ...}`,
//! until the next call.
//!
//! A panic is a trap, after the reason was told to the program around the module. It must not call
//! the module again.
//!
//! Compiled for shared memory, the module computes with several threads (`threads.rs`). Each is an
//! instance with a stack and thread-local variables of its own.
#![cfg(target_family = "wasm")]
#![deny(unsafe_op_in_unsafe_fn)]

mod calls;
mod host;
mod memory;
mod outcome;
#[cfg(target_feature = "atomics")]
mod threads;

pub use calls::{
    diarist_convert, diarist_diarize_file, diarist_diarize_samples, diarist_live_finish, diarist_live_push,
    diarist_live_start, diarist_open,
};
pub use memory::diarist_allocate;
pub use outcome::{diarist_output, diarist_output_len};
#[cfg(target_feature = "atomics")]
pub use threads::{diarist_thread, diarist_threads};
