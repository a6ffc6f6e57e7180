//! Stores an analysis while it grows, so that an interrupted analysis resumes where it stopped.
//!
//! The stored values are exact. The state that the networks carry from chunk to chunk is rebuilt
//! from them or from the audio. So the result is that of a run without interruption, bit for bit. A
//! digest of the samples tells whether the recording is the same.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::analysis::saved::{self, AnalysisWriter, AudioMark, Header, Saved};
use crate::analysis::{Analysis, Embeddings, Subsegments};
use crate::audio::AudioSource;
use crate::error::{Error, ErrorKind, Result};
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;

/// The file that an analysis is stored in, while it grows.
pub(super) struct Checkpoint {
    file: File,
    header: Header,
    saved: Option<Saved>,
    writer: Option<AnalysisWriter<File>>,
}

impl Checkpoint {
    /// Opens the checkpoint of an earlier run at `path`, or a new file. Changes nothing in the file
    /// yet.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] if the file cannot be written or another process uses it,
    /// [`ErrorKind::Input`] if it is not a saved analysis, [`ErrorKind::InvalidOption`] if it was
    /// made with other options.
    pub(super) fn open(path: &Path, header: Header) -> Result<Self> {
        Self::open_file(path, header).map_err(|error| error.at(path.display().to_string()))
    }

    fn open_file(path: &Path, header: Header) -> Result<Self> {
        // A pipe would never answer.
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(Error::new(ErrorKind::Output, "the checkpoint is not a file").hint("give another name"));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        // It holds voices, which are private.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(ErrorKind::Output, "another process uses this checkpoint")
                    .hint("wait until it has finished, or give another file"));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        // A run that ended while it wrote the header has left a part of the header.
        let mut start = Vec::new();
        let whole = header.to_bytes()?;
        (&file).take(whole.len() as u64).read_to_end(&mut start).map_err(unusable)?;
        let is_new = start.len() < whole.len() && whole.starts_with(&start);
        file.rewind().map_err(unusable)?;
        let saved = match is_new {
            true => None,
            false => Some(saved::read(BufReader::new(&file))?),
        };
        if let Some(saved) = &saved {
            check_settings(&saved.header(), &header)?;
        }
        Ok(Self { file, header, saved, writer: None })
    }

    /// Returns the stored analysis up to the last mark, and whether it is complete. Checks that it
    /// was made from the recording that `listener` reads. The listener then continues at the start
    /// of the chunk that `first_needed` returns for the next chunk. From now on, chunks can be
    /// added to the file.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if it was made from another recording, or if the source cannot be read.
    pub(super) fn resume(
        &mut self,
        listener: &mut Listener<'_>,
        first_needed: impl FnOnce(usize) -> usize,
    ) -> Result<(Analysis, bool)> {
        let found = self.saved.take().and_then(|mut saved| {
            saved.keep_until_mark();
            saved.mark.map(|mark| (saved, mark))
        });
        let Some((saved, mark)) = found else {
            let file = self.file_until(0)?;
            self.writer = Some(AnalysisWriter::new(file, &self.header)?);
            return Ok((Analysis::empty(self.header.origin.clone(), self.header.step_samples), false));
        };
        let first_sample = first_needed(saved.analysis.masks.len()) * self.header.step_samples;
        listener.skip_to(first_sample as u64, &mark)?;
        let file = self.file_until(saved.num_bytes())?;
        self.writer = Some(AnalysisWriter::resume(file, &saved));
        let mut analysis = saved.analysis;
        if mark.is_end {
            analysis.geometry.num_samples = mark.num_samples;
        }
        let is_all = mark.is_end && analysis.geometry.num_chunks() == analysis.masks.len();
        Ok((analysis, is_all))
    }

    fn file_until(&mut self, num_bytes: u64) -> Result<File> {
        let mut cut = || -> io::Result<File> {
            self.file.set_len(num_bytes)?;
            self.file.seek(SeekFrom::Start(num_bytes))?;
            self.file.try_clone()
        };
        cut().map_err(unusable)
    }

    /// Stores the next chunks. Their embeddings are the rows from `first_row` on, `subsegments` are
    /// those that are known with them, and `mark` is the part of the recording that all chunks so
    /// far were made from.
    pub(super) fn push(
        &mut self,
        masks: &[ChunkMasks],
        probabilities: &[ChunkProbabilities],
        embeddings: &Embeddings,
        first_row: usize,
        subsegments: &Subsegments,
        mark: &AudioMark,
    ) -> Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        writer.push_rows(masks, probabilities, embeddings, first_row, subsegments)?;
        writer.mark(mark)
    }

    /// Writes the end, which makes the file whole.
    pub(super) fn finish(self, num_samples: u64) -> Result<()> {
        let Some(writer) = self.writer else { return Ok(()) };
        writer.finish(num_samples)?.sync_all().map_err(unusable)
    }
}

fn unusable(error: io::Error) -> Error {
    Error::new(ErrorKind::Output, "the checkpoint cannot be written").caused_by(error)
}

/// Checks that all settings are equal; only the name of the recording may differ.
fn check_settings(theirs: &Header, ours: &Header) -> Result<()> {
    let is_same_work = (&theirs.origin.trunk, theirs.values) == (&ours.origin.trunk, ours.values);
    if theirs.probabilities != ours.probabilities || is_same_work && theirs.subsegments != ours.subsegments {
        return Err(Error::invalid_option(
            "the checkpoint was made by an earlier version of diarist, which stored less",
        )
        .hint("finish it with that version, or give another file"));
    }
    let (them, us) = (&theirs.origin, &ours.origin);
    let pairs = [
        ("version of diarist", them.diarist_version.clone(), us.diarist_version.clone()),
        ("chunk step in samples", theirs.step_samples.to_string(), ours.step_samples.to_string()),
        ("form of embeddings", format!("{:?}", theirs.values), format!("{:?}", ours.values)),
        ("trunk", them.trunk.clone(), us.trunk.clone()),
        ("precision", them.precision.clone(), us.precision.clone()),
        ("instruction set", them.instruction_set.clone(), us.instruction_set.clone()),
        ("segmentation network", them.segmentation_sha256.clone(), us.segmentation_sha256.clone()),
        ("embedding network", them.embedding_sha256.clone(), us.embedding_sha256.clone()),
    ];
    match pairs.into_iter().find(|(_, theirs, ours)| theirs != ours) {
        None => Ok(()),
        Some((what, theirs, ours)) => {
            Err(Error::invalid_option(format!("the checkpoint was made with {what} {theirs}, not {ours}"))
                .hint("use the same settings, or give another file"))
        }
    }
}

/// The samples of a recording that were read so far, as a digest.
#[derive(Default)]
pub(super) struct Heard {
    samples: Sha256,
    num_samples: u64,
    is_end: bool,
}

impl Heard {
    fn add(&mut self, samples: &[f32]) {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        self.samples.update(bytes);
        self.num_samples += samples.len() as u64;
    }

    fn mark(&self) -> AudioMark {
        AudioMark { num_samples: self.num_samples, is_end: self.is_end, sha256: self.samples.clone().finalize().into() }
    }
}

/// The mark of all samples read so far.
pub(super) fn mark(heard: &Mutex<Heard>) -> AudioMark {
    lock(heard).mark()
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Passes a recording on and computes the digest of its samples.
pub(super) struct Listener<'a> {
    source: &'a mut dyn AudioSource,
    heard: &'a Mutex<Heard>,
    /// Samples that were read and not passed on yet.
    waiting: Vec<f32>,
}

impl<'a> Listener<'a> {
    pub(super) fn new(source: &'a mut dyn AudioSource, heard: &'a Mutex<Heard>) -> Self {
        Self { source, heard, waiting: Vec::new() }
    }

    /// Reads the recording up to `mark`, and will pass it on from sample `first` on, which must not
    /// lie after the mark.
    fn skip_to(&mut self, first: u64, mark: &AudioMark) -> Result<()> {
        let other = || {
            Error::input("the checkpoint was made from another recording").hint("give another file, or delete this one")
        };
        let heard = self.heard;
        let mut heard = lock(heard);
        let mut waiting_from = 0;
        let mut block = Vec::new();
        while heard.num_samples < mark.num_samples || mark.is_end && !heard.is_end {
            block.clear();
            heard.is_end = !self.source.read(&mut block)?;
            let missing = usize::try_from(mark.num_samples - heard.num_samples).unwrap_or(usize::MAX);
            let (until_mark, after) = block.split_at(missing.min(block.len()));
            heard.add(until_mark);
            if heard.num_samples == mark.num_samples {
                if heard.mark().sha256 != mark.sha256 || mark.is_end && !after.is_empty() {
                    return Err(other());
                }
                heard.add(after);
            } else if heard.is_end {
                return Err(other());
            }
            self.waiting.extend_from_slice(&block);
            let gone =
                usize::try_from(first.saturating_sub(waiting_from)).unwrap_or(usize::MAX).min(self.waiting.len());
            self.waiting.drain(..gone);
            waiting_from += gone as u64;
        }
        Ok(())
    }
}

impl AudioSource for Listener<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        if !self.waiting.is_empty() {
            out.append(&mut self.waiting);
            return Ok(true);
        }
        let mut heard = lock(self.heard);
        if heard.is_end {
            return Ok(false);
        }
        let before = out.len();
        heard.is_end = !self.source.read(out)?;
        heard.add(&out[before..]);
        Ok(!heard.is_end)
    }

    fn inner(&self) -> Option<&dyn AudioSource> {
        Some(&*self.source)
    }
}
