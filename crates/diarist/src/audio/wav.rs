//! Repairs WAV files whose recorder stopped before it wrote the sizes: the header has zeros, and
//! all samples follow it.

use std::io::{Read, Result, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

/// Most chunks that are read before the samples; no sane file has more.
const MAX_CHUNKS: usize = 64;
/// The size that stands for "until the end of the file".
const UNKNOWN: [u8; 4] = [0xff; 4];

/// A file in which some four-byte fields read as "until the end".
#[derive(Debug)]
pub(super) struct Patched<F> {
    file: F,
    position: u64,
    fields: Vec<u64>,
}

impl<F: MediaSource> Patched<F> {
    /// Wraps a file without changing its bytes, except that the sizes of a WAV file read as unknown
    /// if they are 0 and samples follow. The position becomes the start.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn new(mut file: F) -> Result<Self> {
        let fields = match file.is_seekable() {
            true => unwritten_sizes(&mut file)?,
            false => Vec::new(),
        };
        Ok(Self { file, position: 0, fields })
    }
}

/// Positions of the sizes that were never written; leaves the position at the start.
fn unwritten_sizes(file: &mut (impl Read + Seek)) -> Result<Vec<u64>> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut header = [0; 12];
    let mut found = Vec::new();
    let mut position = 12;
    if read_at(file, 0, &mut header)? && &header[..4] == b"RIFF" && &header[8..] == b"WAVE" {
        for _ in 0..MAX_CHUNKS {
            let mut chunk = [0; 8];
            if !read_at(file, position, &mut chunk)? {
                break;
            }
            let size = u64::from(u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]));
            if &chunk[..4] == b"data" {
                if size == 0 && position + 8 < end && !is_chunk(file, position + 8, end)? {
                    found = vec![4, position + 4];
                }
                break;
            }
            position += 8 + size + size % 2;
        }
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(found)
}

/// Whether a chunk that fits into the file begins at `position`, in which case the samples really
/// end before it.
fn is_chunk(file: &mut (impl Read + Seek), position: u64, end: u64) -> Result<bool> {
    let mut chunk = [0; 8];
    if !read_at(file, position, &mut chunk)? {
        return Ok(false);
    }
    let size = u64::from(u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]));
    Ok(chunk[..4].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ') && position + 8 + size <= end)
}

/// Fills `buffer` from `position`; returns `false` if the file ends first.
fn read_at(file: &mut (impl Read + Seek), position: u64, buffer: &mut [u8]) -> Result<bool> {
    file.seek(SeekFrom::Start(position))?;
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

impl<F: MediaSource> Read for Patched<F> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.file.read(buffer)?;
        let end = self.position + count as u64;
        for &field in &self.fields {
            for (offset, byte) in UNKNOWN.iter().enumerate() {
                let at = field + offset as u64;
                if (self.position..end).contains(&at) {
                    buffer[(at - self.position) as usize] = *byte;
                }
            }
        }
        self.position = end;
        Ok(count)
    }
}

impl<F: MediaSource> Seek for Patched<F> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.position = self.file.seek(to)?;
        Ok(self.position)
    }
}

impl<F: MediaSource> MediaSource for Patched<F> {
    fn is_seekable(&self) -> bool {
        self.file.is_seekable()
    }

    fn byte_len(&self) -> Option<u64> {
        self.file.byte_len()
    }
}
