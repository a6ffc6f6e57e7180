//! The second third of the file with the speaker embedding network, which the build script of
//! `diarist-weights` joins: a package on crates.io may have at most 10 MB.

/// The bytes of this third.
pub static PART: &[u8] = include_bytes!("../part.bin");
