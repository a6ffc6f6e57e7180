//! Reads a saved analysis up to the first fault.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::block;
use super::header::{Header, Probabilities, StoredSubsegments, Values};
use super::record::{self, AudioMark, Checksum, Kind};
use crate::analysis::{Analysis, ChunkGeometry, EMBEDDING_DIMENSION, Embeddings};
use crate::corrections::Corrections;
use crate::error::{Error, Result};
use crate::segmentation::CHUNK_SAMPLES;

/// The content of a saved analysis.
#[derive(Debug, Clone)]
pub struct Saved {
    /// Storage of the embeddings.
    pub values: Values,
    /// Storage of the probabilities; none in a file of format version 1.
    pub probabilities: Probabilities,
    /// Storage of the embeddings of subsegments; none in a file of format version 1.
    pub subsegments: StoredSubsegments,
    /// The chunks up to the first fault. If the file is not whole, the recording is taken to end
    /// with its last chunk.
    pub analysis: Analysis,
    /// Whether this is the whole recording. If not, the writer was interrupted, or the file was cut
    /// or damaged.
    pub is_whole: bool,
    /// The last audio mark, if there is one.
    pub mark: Option<AudioMark>,
    corrections: bool,
    pub(super) checksum: Checksum,
    num_bytes: u64,
    at_mark: Position,
}

/// A position at which a file can be cut.
#[derive(Debug, Clone)]
struct Position {
    num_bytes: u64,
    num_chunks: usize,
    num_rows: usize,
    num_subsegments: usize,
    checksum: Checksum,
}

impl Saved {
    /// The header of the file.
    pub(crate) fn header(&self) -> Header {
        let Analysis { origin, geometry, .. } = &self.analysis;
        Header {
            origin: origin.clone(),
            step_samples: geometry.step_samples,
            values: self.values,
            probabilities: self.probabilities,
            subsegments: self.subsegments,
            corrections: self.corrections,
        }
    }

    /// Number of bytes before the first fault.
    pub fn num_bytes(&self) -> u64 {
        self.num_bytes
    }

    /// Drops everything after the last mark, or everything but the header if there is no mark.
    pub fn keep_until_mark(&mut self) {
        let Position { num_bytes, num_chunks, num_rows, num_subsegments, checksum } = self.at_mark.clone();
        self.analysis.masks.truncate(num_chunks);
        self.analysis.probabilities.truncate(num_chunks);
        self.analysis.subsegments.truncate(num_subsegments);
        self.analysis.corrections = Corrections::default();
        let Embeddings { slots, values } = &mut self.analysis.embeddings;
        slots.truncate(num_rows);
        values.truncate(num_rows * EMBEDDING_DIMENSION);
        self.analysis.geometry = open_ended(self.analysis.geometry.step_samples, num_chunks);
        (self.num_bytes, self.checksum, self.is_whole) = (num_bytes, checksum, false);
    }

    fn position(&self) -> Position {
        Position {
            num_bytes: self.num_bytes,
            num_chunks: self.analysis.masks.len(),
            num_rows: self.analysis.embeddings.len(),
            num_subsegments: self.analysis.subsegments.len(),
            checksum: self.checksum.clone(),
        }
    }

    fn take(&mut self, kind: Kind, payload: &[u8]) -> Result<()> {
        match kind {
            Kind::Chunks => {
                block::decode(payload, self.values, self.probabilities, self.subsegments, &mut self.analysis)?;
            }
            Kind::Corrections if self.corrections => {
                let some: Corrections = serde_json::from_slice(payload).map_err(|_| wrong("a correction"))?;
                some.check().map_err(|_| wrong("a correction"))?;
                self.analysis.corrections.list.extend(some.list);
            }
            Kind::Corrections => return Err(wrong("a correction")),
            Kind::Mark => self.mark = Some(mark(payload).ok_or_else(|| wrong("an audio mark"))?),
            Kind::End => {
                let num_samples = payload.try_into().map(u64::from_le_bytes).map_err(|_| wrong("the end"))?;
                self.analysis.geometry.num_samples = num_samples;
                if self.analysis.geometry.num_chunks() != self.analysis.masks.len() {
                    return Err(wrong("the length of the recording"));
                }
                self.is_whole = true;
            }
        }
        Ok(())
    }
}

/// Reads a saved analysis up to the first fault. [`Saved::is_whole`] tells whether that is all of
/// it.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if the header is not that of a saved analysis, or is damaged; if
/// there are bytes after the end; if a record has a good checksum but content that no writer makes;
/// if the input cannot be read.
pub fn read(mut input: impl Read) -> Result<Saved> {
    let (header, num_bytes, checksum) = Header::decode(&mut input)?;
    let at_mark = Position { num_bytes, num_chunks: 0, num_rows: 0, num_subsegments: 0, checksum: checksum.clone() };
    let Header { origin, step_samples, values, probabilities, subsegments, corrections } = header;
    let mut saved = Saved {
        values,
        probabilities,
        subsegments,
        analysis: Analysis::empty(origin, step_samples),
        is_whole: false,
        mark: None,
        corrections,
        checksum,
        num_bytes,
        at_mark,
    };
    while !saved.is_whole {
        let Some((kind, payload)) = record::decode(&mut input, &mut saved.checksum)? else { break };
        saved.take(kind, &payload)?;
        saved.num_bytes += 9 + payload.len() as u64;
        block::check_growth(saved.num_bytes, &saved.analysis)?;
        if kind == Kind::Mark {
            saved.at_mark = saved.position();
        }
    }
    if !saved.is_whole {
        saved.analysis.geometry = open_ended(step_samples, saved.analysis.masks.len());
    } else if record::read_exactly(&mut input, &mut [0])? {
        return Err(Error::input("there are bytes after the end of the analysis").hint("analyze the recording again"));
    }
    Ok(saved)
}

/// Reads the file at `path` as [`read`] does.
///
/// # Errors
/// As [`read`]; the message names the file.
pub fn read_file(path: &Path) -> Result<Saved> {
    let open = || File::open(path).map_err(|error| Error::input("cannot be read").caused_by(error));
    open().and_then(|file| read(BufReader::new(file))).map_err(|error| error.at(path.display().to_string()))
}

/// The geometry of a recording that ends with the last of `num_chunks` chunks.
fn open_ended(step_samples: usize, num_chunks: usize) -> ChunkGeometry {
    let num_samples = num_chunks.checked_sub(1).map_or(0, |last| (last * step_samples + CHUNK_SAMPLES) as u64);
    ChunkGeometry { step_samples, num_samples }
}

fn mark(payload: &[u8]) -> Option<AudioMark> {
    let (num_samples, rest) = payload.split_first_chunk()?;
    let (&is_end, sha256) = rest.split_first()?;
    let is_end = [false, true].into_iter().find(|flag| u8::from(*flag) == is_end)?;
    Some(AudioMark { num_samples: u64::from_le_bytes(*num_samples), is_end, sha256: sha256.try_into().ok()? })
}

fn wrong(what: &str) -> Error {
    Error::input(format!("{what} contradicts the rest of the file")).hint("analyze the recording again")
}
