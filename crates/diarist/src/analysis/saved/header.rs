//! The header of a file: the recording, the networks, and the storage of values.

use std::io::Read;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::record::{Checksum, read_exactly};
use crate::analysis::{Analysis, Origin};
use crate::error::{Error, ErrorKind, Result};
use crate::features::fbank::FRAME_SHIFT;
use crate::segmentation::CHUNK_SAMPLES;

/// Version of the layout, stored in files with corrections; others are of the version before.
pub const FORMAT_VERSION: u16 = 3;
/// Version of files without corrections, so that earlier programs read them.
const WITHOUT_CORRECTIONS: u16 = 2;
/// Versions of the layout that are read. The first knows no probabilities and no subsegments.
const KNOWN_VERSIONS: RangeInclusive<u16> = 1..=FORMAT_VERSION;
/// First bytes of every file. As in PNG, a transfer that treats the file as text damages them.
const MAGIC: [u8; 8] = *b"\x89dia\r\n\x1a\n";
/// Whether a file that begins with these bytes is a saved analysis, of any version.
pub fn is_saved(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Length in bytes of the longest description that is read.
const MAX_DESCRIPTION_BYTES: u32 = 1 << 16;

/// Storage of the values of embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Values {
    /// No values: embeddings were skipped.
    None,
    /// Values rounded to 16-bit floats.
    F16,
    /// 32-bit floats, exact to the last bit.
    F32,
}

impl Values {
    /// Bytes of one value.
    pub(super) fn num_bytes(self) -> usize {
        match self {
            Self::None => 0,
            Self::F16 => 2,
            Self::F32 => 4,
        }
    }
}

/// Storage of the class probabilities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Probabilities {
    /// No probabilities, as in files of format version 1.
    #[default]
    None,
    /// 8 bits for each, as in memory.
    U8,
}

/// Storage of the embeddings of subsegments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoredSubsegments {
    /// No subsegments.
    #[default]
    None,
    /// 8 bits for each value, as in memory.
    I8,
}

/// The header of a file: everything but the chunks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The recording and the networks.
    #[serde(flatten)]
    pub origin: Origin,
    /// Samples (16 kHz) between the starts of neighbouring chunks.
    pub step_samples: usize,
    /// Storage of the embeddings.
    pub values: Values,
    /// Storage of the probabilities.
    #[serde(default)]
    pub probabilities: Probabilities,
    /// Storage of the embeddings of subsegments.
    #[serde(default)]
    pub subsegments: StoredSubsegments,
    /// Whether the file may have corrections.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub corrections: bool,
}

impl Header {
    /// The header of a file with all of `analysis`: embeddings as `values` unless they were
    /// skipped, probabilities and subsegments if there are any.
    pub fn of(analysis: &Analysis, values: Values) -> Self {
        let has_probabilities = analysis.probabilities.len() == analysis.masks.len();
        Self {
            origin: analysis.origin.clone(),
            step_samples: analysis.geometry.step_samples,
            values: if analysis.embeddings.are_skipped() { Values::None } else { values },
            probabilities: if has_probabilities { Probabilities::U8 } else { Probabilities::None },
            subsegments: match analysis.subsegments.is_empty() {
                true => StoredSubsegments::None,
                false => StoredSubsegments::I8,
            },
            corrections: !analysis.corrections.is_empty(),
        }
    }

    /// The header as bytes of the file.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(self.encode()?.0)
    }

    /// The header as bytes of the file, including its checksum, and the state of the checksum after
    /// it.
    pub(super) fn encode(&self) -> Result<(Vec<u8>, Checksum)> {
        let description = serde_json::to_vec(self)
            .map_err(|error| Error::new(ErrorKind::Internal, "the header has no JSON form").caused_by(error))?;
        let length = u32::try_from(description.len()).unwrap_or(u32::MAX);
        if length > MAX_DESCRIPTION_BYTES {
            return Err(Error::invalid_option("the name of the recording is too long for a saved analysis"));
        }
        let mut bytes = MAGIC.to_vec();
        let version = if self.corrections { FORMAT_VERSION } else { WITHOUT_CORRECTIONS };
        bytes.extend_from_slice(&version.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&description);
        let mut checksum = Checksum::default();
        checksum.close(&mut bytes);
        Ok((bytes, checksum))
    }

    /// Reads a header. Returns it with the number of its bytes and the state of the checksum after
    /// it.
    pub(super) fn decode(input: &mut impl Read) -> Result<(Self, u64, Checksum)> {
        let mut start = [0; 14];
        let is_start = read_exactly(input, &mut start)?;
        let (magic, rest) = start.split_at(MAGIC.len());
        if !is_start || magic != MAGIC {
            return Err(Error::input("this is not a saved analysis").hint("make one with an analysis of a recording"));
        }
        let version = u16::from_le_bytes([rest[0], rest[1]]);
        if !KNOWN_VERSIONS.contains(&version) {
            return Err(Error::input(format!("format version {version} of saved analyses is not known"))
                .hint("use the version of diarist that wrote it, or analyze the recording again"));
        }
        let length = u32::from_le_bytes([rest[2], rest[3], rest[4], rest[5]]);
        let damaged = || Error::input("the header is damaged").hint("analyze the recording again");
        if length > MAX_DESCRIPTION_BYTES {
            return Err(damaged());
        }
        let mut description = vec![0; length as usize];
        let mut found = [0; 4];
        if !read_exactly(input, &mut description)? || !read_exactly(input, &mut found)? {
            return Err(damaged());
        }
        let mut checksum = Checksum::default();
        checksum.update(&start);
        checksum.update(&description);
        if checksum.value() != u32::from_le_bytes(found) {
            return Err(damaged());
        }
        let mut header: Self = serde_json::from_slice(&description).map_err(|error| damaged().caused_by(error))?;
        if version == 1 {
            header.probabilities = Probabilities::None;
            header.subsegments = StoredSubsegments::None;
        }
        header.corrections = version == FORMAT_VERSION;
        let is_possible =
            (1..=CHUNK_SAMPLES).contains(&header.step_samples) && header.step_samples.is_multiple_of(FRAME_SHIFT);
        if !is_possible {
            return Err(Error::input(format!("a chunk step of {} samples is impossible", header.step_samples)));
        }
        Ok((header, 18 + u64::from(length), checksum))
    }
}
