//! The C interface of diarist. `include/diarist.h` is made from this crate; examples are in
//! `examples/c`.
//!
//! No panic leaves a function: it becomes [`Status::Internal`]. Handles are boxed values with a
//! layout that C does not know.
#![deny(unsafe_op_in_unsafe_fn)]

mod analysis;
mod devices;
mod diarization;
mod diarizer;
mod fault;
mod live;
mod people;
mod text;

pub use analysis::{
    Analysis, Moments, diarist_analysis_free, diarist_analysis_open, diarist_analysis_save, diarist_analyze_file,
    diarist_cluster,
};
pub use devices::diarist_devices;
pub use diarization::{
    Diarization, NumberOfSpeakers, Speaker, Turn, diarist_diarization_duration_s, diarist_diarization_embedding,
    diarist_diarization_exclusive_turn, diarist_diarization_file_id, diarist_diarization_free,
    diarist_diarization_json, diarist_diarization_num_exclusive_turns, diarist_diarization_num_speakers,
    diarist_diarization_num_turns, diarist_diarization_number_of_speakers, diarist_diarization_overlap_s,
    diarist_diarization_rttm, diarist_diarization_speaker, diarist_diarization_speech_s, diarist_diarization_turn,
    diarist_diarization_warnings,
};
pub use diarizer::{
    Diarizer, Progress, diarist_diarize_file, diarist_diarize_samples, diarist_diarizer_free, diarist_diarizer_new,
    diarist_diarizer_with_speakers,
};
pub use fault::{Status, diarist_last_error};
pub use live::{Live, diarist_live_finish, diarist_live_free, diarist_live_new, diarist_live_push};
pub use people::{diarist_speakers_enroll, diarist_speakers_list, diarist_speakers_remove, diarist_speakers_rename};
pub use text::{diarist_string_free, diarist_version};
