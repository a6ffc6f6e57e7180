//! Writes an analysis while it grows.

use std::io::Write;

use super::block;
use super::header::{Header, Probabilities, Values};
use super::reader::Saved;
use super::record::{AudioMark, Checksum, Kind, encode};
use crate::analysis::{Analysis, ChunkGeometry, EMBEDDING_DIMENSION, Embeddings};
use crate::error::{Error, ErrorKind, Result};
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;

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
    step_samples: usize,
    num_chunks: usize,
}

impl<W: Write> AnalysisWriter<W> {
    /// Starts a file and writes the header.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] if the output cannot be written.
    pub fn new(mut output: W, header: &Header) -> Result<Self> {
        let (bytes, checksum) = header.encode()?;
        write(&mut output, &bytes)?;
        let &Header { values, probabilities, step_samples, .. } = header;
        Ok(Self { output, checksum, values, probabilities, step_samples, num_chunks: 0 })
    }

    /// Continues the file that `saved` was read from, after [`Saved::keep_until_mark`]. The output
    /// must be positioned after its first [`Saved::num_bytes`] bytes.
    pub fn resume(output: W, saved: &Saved) -> Self {
        let Saved { values, probabilities, ref analysis, ref checksum, .. } = *saved;
        let (step_samples, num_chunks) = (analysis.geometry.step_samples, analysis.masks.len());
        Self { output, checksum: checksum.clone(), values, probabilities, step_samples, num_chunks }
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
    /// # Errors
    /// [`ErrorKind::Internal`] if masks, probabilities and embeddings do not belong together,
    /// [`ErrorKind::Output`] if the output cannot be written.
    pub fn push(
        &mut self,
        masks: &[ChunkMasks],
        probabilities: &[ChunkProbabilities],
        embeddings: &Embeddings,
    ) -> Result<()> {
        self.push_rows(masks, probabilities, embeddings, 0)
    }

    /// As [`Self::push`], with the rows of `embeddings` from `first_row` on.
    pub(crate) fn push_rows(
        &mut self,
        masks: &[ChunkMasks],
        probabilities: &[ChunkProbabilities],
        embeddings: &Embeddings,
        first_row: usize,
    ) -> Result<()> {
        let probabilities = match self.probabilities {
            Probabilities::None => &[],
            Probabilities::U8 => probabilities,
        };
        if self.probabilities == Probabilities::U8 && probabilities.len() != masks.len() {
            return Err(apart(format!("{} chunks with {} probabilities", masks.len(), probabilities.len())));
        }
        let mut row = first_row;
        let block_chunks = block::chunks_to_write(self.probabilities);
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
            let payload = block::encode(self.num_chunks, masks, values, self.values, probabilities)?;
            self.write(Kind::Chunks, &payload)?;
            self.num_chunks += masks.len();
        }
        if row != embeddings.len() {
            return Err(apart(format!("{:?} is not active", embeddings.slots[row])));
        }
        Ok(())
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
        writer.push(&analysis.masks, &analysis.probabilities, &analysis.embeddings)?;
        writer.finish(analysis.geometry.num_samples)
    }

    fn write(&mut self, kind: Kind, payload: &[u8]) -> Result<()> {
        let bytes = encode(kind, payload, &mut self.checksum);
        write(&mut self.output, &bytes)
    }
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
