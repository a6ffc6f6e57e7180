//! Writes an analysis while it grows.

use std::io::Write;
use std::ops::Range;

use super::block;
use super::header::{Header, Probabilities, StoredSubsegments, Values};
use super::reader::Saved;
use super::record::{AudioMark, Checksum, Kind, MAX_PAYLOAD_BYTES, encode};
use super::stretches;
use crate::analysis::{Analysis, ChunkGeometry, EMBEDDING_DIMENSION, Embeddings, Subsegments};
use crate::corrections::Corrections;
use crate::error::{Error, ErrorKind, Result};
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;

/// Corrections in one record.
const CORRECTIONS_PER_RECORD: usize = 16;

/// Writes an analysis to any output, which need not be seekable. Holds at most one block in memory.
///
/// Each call passes its bytes to the output in one piece before it returns. After that, they
/// survive the end of the process, and also a crash of the machine if the output itself is
/// synchronised.
#[derive(Debug)]
pub struct AnalysisWriter<W> {
    output: W,
    checksum: Checksum,
    values: Values,
    probabilities: Probabilities,
    subsegments: StoredSubsegments,
    corrections: bool,
    step_samples: usize,
    num_chunks: usize,
    /// End of the subsegments so far.
    subsegments_end: usize,
}

impl<W: Write> AnalysisWriter<W> {
    /// Starts a file and writes the header.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] if the output cannot be written.
    pub fn new(mut output: W, header: &Header) -> Result<Self> {
        let (bytes, checksum) = header.encode()?;
        write(&mut output, &bytes)?;
        let &Header { values, probabilities, subsegments, corrections, step_samples, .. } = header;
        Ok(Self {
            output,
            checksum,
            values,
            probabilities,
            subsegments,
            corrections,
            step_samples,
            num_chunks: 0,
            subsegments_end: 0,
        })
    }

    /// Continues the file that `saved` was read from, after [`Saved::keep_until_mark`]. The output
    /// must be positioned after its first [`Saved::num_bytes`] bytes.
    pub fn resume(output: W, saved: &Saved) -> Self {
        let Saved { values, probabilities, subsegments, ref analysis, ref checksum, .. } = *saved;
        Self {
            output,
            checksum: checksum.clone(),
            values,
            probabilities,
            subsegments,
            corrections: false,
            step_samples: analysis.geometry.step_samples,
            num_chunks: analysis.masks.len(),
            subsegments_end: end_of(analysis.subsegments.indices.last()),
        }
    }

    /// Number of chunks so far, which is the index of the next chunk.
    pub fn num_chunks(&self) -> usize {
        self.num_chunks
    }

    /// Writes the next chunks. `probabilities` has an element for each of them, or may be empty if
    /// the header says that there are none. `embeddings` has a row for each of their active local
    /// speakers. Its slots hold chunk numbers of the recording, so the first is at least
    /// [`Self::num_chunks`].
    ///
    /// `subsegments` has those that end before the next chunk starts, but not before the first of
    /// these chunks does. With the last chunks of the recording come all
    /// that are left. They are ignored if the header says that there are none.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if masks, probabilities, embeddings and subsegments do not belong
    /// together,
    /// [`ErrorKind::Output`] if the output cannot be written.
    pub fn push(
        &mut self,
        masks: &[ChunkMasks],
        probabilities: &[ChunkProbabilities],
        embeddings: &Embeddings,
        subsegments: &Subsegments,
    ) -> Result<()> {
        self.push_rows(masks, probabilities, embeddings, 0, subsegments)
    }

    /// As [`Self::push`], with the rows of `embeddings` from `first_row` on.
    pub(crate) fn push_rows(
        &mut self,
        masks: &[ChunkMasks],
        probabilities: &[ChunkProbabilities],
        embeddings: &Embeddings,
        first_row: usize,
        subsegments: &Subsegments,
    ) -> Result<()> {
        let probabilities = match self.probabilities {
            Probabilities::None => &[],
            Probabilities::U8 => probabilities,
        };
        if self.probabilities == Probabilities::U8 && probabilities.len() != masks.len() {
            return Err(apart(format!("{} chunks with {} probabilities", masks.len(), probabilities.len())));
        }
        let (mut row, mut num_subsegments) = (first_row, 0);
        let end_chunk = self.num_chunks + masks.len();
        let block_chunks = block::chunks_to_write(self.probabilities, self.subsegments);
        let mut probabilities = probabilities.chunks(block_chunks);
        for masks in masks.chunks(block_chunks) {
            let active = (self.num_chunks..).zip(masks).flat_map(|(chunk, masks)| {
                let locals = masks.speakers.iter().enumerate().filter(|(_, mask)| !mask.is_empty());
                locals.map(move |(local, _)| (chunk, local))
            });
            let first = row;
            for (chunk, local) in active {
                let slot = embeddings.slots.get(row);
                if slot.is_none_or(|slot| (slot.chunk as usize, usize::from(slot.local)) != (chunk, local)) {
                    return Err(apart(format!("{slot:?} where local speaker {local} of chunk {chunk} is active")));
                }
                row += 1;
            }
            let values = match self.values {
                Values::None => &[],
                Values::F16 | Values::F32 => embeddings
                    .values
                    .get(first * EMBEDDING_DIMENSION..row * EMBEDDING_DIMENSION)
                    .ok_or_else(|| apart("slots without embeddings".to_owned()))?,
            };
            let probabilities = probabilities.next().unwrap_or_default();
            let next = self.num_chunks + masks.len();
            let known = if next == end_chunk { usize::MAX } else { stretches::num_known(next, self.step_samples) };
            let first = num_subsegments;
            num_subsegments = subsegments.indices.partition_point(|index| (*index as usize) < known);
            let stretches = self.stretches(subsegments, first..num_subsegments, next)?;
            let payload = block::encode(self.num_chunks, masks, values, self.values, probabilities, &stretches)?;
            self.write(Kind::Chunks, &payload)?;
            self.num_chunks = next;
        }
        if row != embeddings.len() {
            return Err(apart(format!("{:?} is not active", embeddings.slots[row])));
        }
        if self.subsegments == StoredSubsegments::I8 && num_subsegments != subsegments.len() {
            return Err(apart("subsegments without chunks".to_owned()));
        }
        Ok(())
    }

    /// The bytes of the subsegments in `rows`, which belong to the chunks before `next`.
    fn stretches(&mut self, subsegments: &Subsegments, rows: Range<usize>, next: usize) -> Result<Vec<u8>> {
        if self.subsegments == StoredSubsegments::None {
            return Ok(Vec::new());
        }
        let possible = stretches::possible(self.num_chunks..next, self.step_samples);
        let is_late = self.subsegments_end > possible.start;
        let bytes = stretches::encode(subsegments, rows.clone(), &possible).filter(|_| !is_late);
        let bytes = bytes.ok_or_else(|| {
            apart(format!("subsegments of other chunks than {} to {next}, or without values", self.num_chunks))
        })?;
        self.subsegments_end = self.subsegments_end.max(end_of(subsegments.indices[rows].last()));
        Ok(bytes)
    }

    /// Writes the part of the recording that the chunks so far were made from.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] if the output cannot be written.
    pub fn mark(&mut self, mark: &AudioMark) -> Result<()> {
        let mut payload = mark.num_samples.to_le_bytes().to_vec();
        payload.push(u8::from(mark.is_end));
        payload.extend_from_slice(&mark.sha256);
        self.write(Kind::Mark, &payload)
    }

    /// Writes the corrections of the recording.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if the header says that there are none, or if one is longer than a
    /// record can be, [`ErrorKind::Output`] if the output cannot be written.
    pub fn correct(&mut self, corrections: &Corrections) -> Result<()> {
        if !self.corrections && !corrections.is_empty() {
            return Err(apart("corrections, which the header denies".to_owned()));
        }
        for some in corrections.list.chunks(CORRECTIONS_PER_RECORD) {
            let payload = serde_json::to_vec(some)
                .map_err(|error| Error::new(ErrorKind::Internal, "a correction has no JSON form").caused_by(error))?;
            if payload.len() > MAX_PAYLOAD_BYTES as usize {
                return Err(apart("corrections that are too long".to_owned()));
            }
            self.write(Kind::Corrections, &payload)?;
        }
        Ok(())
    }

    /// Writes the end, which makes the file whole. `num_samples` is the length of the recording (16
    /// kHz). Returns the output.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if a recording of this length has another number of chunks,
    /// [`ErrorKind::Output`] if the output cannot be written.
    pub fn finish(mut self, num_samples: u64) -> Result<W> {
        let expected = ChunkGeometry { step_samples: self.step_samples, num_samples }.num_chunks();
        if expected != self.num_chunks {
            return Err(apart(format!("{} chunks where {num_samples} samples have {expected}", self.num_chunks)));
        }
        self.write(Kind::End, &num_samples.to_le_bytes())?;
        self.output.flush().map_err(unwritable)?;
        Ok(self.output)
    }

    /// Writes a whole analysis. [`Header::of`] makes its header.
    ///
    /// # Errors
    /// As [`Self::push`] and [`Self::finish`].
    pub fn write_all(output: W, header: &Header, analysis: &Analysis) -> Result<W> {
        let mut writer = Self::new(output, header)?;
        writer.push(&analysis.masks, &analysis.probabilities, &analysis.embeddings, &analysis.subsegments)?;
        writer.correct(&analysis.corrections)?;
        writer.finish(analysis.geometry.num_samples)
    }

    fn write(&mut self, kind: Kind, payload: &[u8]) -> Result<()> {
        let bytes = encode(kind, payload, &mut self.checksum);
        write(&mut self.output, &bytes)
    }
}

/// The subsegment after `last`.
fn end_of(last: Option<&u32>) -> usize {
    last.map_or(0, |last| *last as usize + 1)
}

fn write(output: &mut impl Write, bytes: &[u8]) -> Result<()> {
    output.write_all(bytes).map_err(unwritable)
}

fn unwritable(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Output, "the analysis cannot be written").caused_by(error)
}

fn apart(message: String) -> Error {
    Error::new(ErrorKind::Internal, message).at("saved analysis")
}
