//! Fuzz targets: one function for each parser of bytes that come from elsewhere.
//!
//! A function takes any bytes. It panics if the parser panics, or if a property does not hold, such
//! as "written labels can be read". An input may take [`MAX_SECONDS`] and [`MAX_BYTES`].
//! `fuzz_targets` makes a program for libFuzzer of each function, and `fuzz/tests/replay.rs` runs
//! each over the files in `corpus`, with the stable compiler and no sanitizer.
#![forbid(unsafe_code)]

mod audio;
mod labels;
mod networks;
mod people;
mod saved;
mod settings;
mod words;

pub use audio::{audio, pcm};
pub use labels::{audacity, csv, eaf, json, rttm, srt, textgrid, uem, vtt};
pub use networks::{checkpoint, onnx, weights};
pub use people::{speaker_database, speaker_export};
pub use saved::saved_analysis;
pub use settings::{choices_json, choices_toml};
pub use words::transcript;

/// Most memory that one input may take, in bytes, beyond what was taken before it.
///
/// The largest allowance inside the library is that of a file of weights, 256 MiB, and its values
/// in 32 bits.
pub const MAX_BYTES: usize = 512 << 20;
/// Longest time that one input may take, in seconds, on a busy machine in a build with checks.
pub const MAX_SECONDS: u64 = 30;

/// A parser under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Name of the program in `fuzz_targets` and of the folder in `corpus`.
    pub name: &'static str,
    /// Runs the parser over the bytes of one file.
    pub run: fn(&[u8]),
    /// Files and folders under `fixtures` that are inputs as well.
    pub fixtures: &'static [&'static str],
}

macro_rules! targets {
    ($($name:ident $(+ $fixture:literal)*,)+) => {
        /// Every target, in the order of the names.
        pub const TARGETS: &[Target] =
            &[$(Target { name: stringify!($name), run: $name, fixtures: &[$($fixture),*] }),+];
    };
}

targets! {
    audacity,
    audio + "audio/formats",
    checkpoint + "golden/weights/avg_model.pt" + "golden/weights/pyannet.ckpt" + "golden/weights/resnet34.ckpt",
    choices_json,
    choices_toml,
    csv,
    eaf,
    json,
    onnx,
    pcm,
    rttm,
    saved_analysis + "golden/analysis",
    speaker_database,
    speaker_export,
    srt,
    textgrid,
    transcript,
    uem,
    vtt,
    weights,
}

/// Makes a fuzz target's program of a function of this crate. Without libFuzzer, which sets
/// `cfg(fuzzing)`, it is an empty program.
#[macro_export]
macro_rules! program {
    ($run:ident) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $crate::$run(bytes));
        #[cfg(not(fuzzing))]
        fn main() {}
    };
}
