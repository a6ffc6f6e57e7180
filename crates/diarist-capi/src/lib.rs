//! The C interface of diarist. `include/diarist.h` is made from this crate; examples are in `examples/c` and `examples/swift`.
//!
//! No panic leaves a function: it becomes [`Status::Internal`]. Handles are boxed values whose layout C does not know.
#![deny(unsafe_op_in_unsafe_fn)]

mod audio;
mod fault;
mod live;
mod pipeline;
mod result;
mod text;

pub use fault::{Status, diarist_last_error};
pub use live::{Live, diarist_live_finish, diarist_live_free, diarist_live_new, diarist_live_push};
pub use pipeline::{
    Pipeline, Progress, diarist_diarize_file, diarist_diarize_samples, diarist_pipeline_free, diarist_pipeline_new,
};
pub use result::{
    Diarization, Turn, diarist_result_duration, diarist_result_embedding, diarist_result_exclusive_turn,
    diarist_result_free, diarist_result_json, diarist_result_num_exclusive_turns, diarist_result_num_speakers,
    diarist_result_num_turns, diarist_result_rttm, diarist_result_speaker, diarist_result_turn,
};
pub use text::{diarist_string_free, diarist_version};
