//! QuickTime files from before the box `ftyp`, which Symphonia asks for.

use std::io::{Read, Result, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

/// A file type box for QuickTime. Its place in the file does not matter.
const FILE_TYPE: [u8; 20] = *b"\0\0\0\x14ftypqt  \0\0\0\0qt  ";

/// A file that ends with a file type box.
#[derive(Debug)]
pub(super) struct WithFileType<F> {
    file: F,
    /// Length of the file without the box.
    length: u64,
    position: u64,
}

impl<F: MediaSource> WithFileType<F> {
    /// Adds the box; the position becomes the start.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn new(mut file: F) -> Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Self { file, length, position: 0 })
    }
}

impl<F: MediaSource> Read for WithFileType<F> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = match self.position.checked_sub(self.length) {
            None => self.file.read(buffer)?,
            Some(at) => {
                let rest = FILE_TYPE.get(at as usize..).unwrap_or_default();
                let count = rest.len().min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                count
            }
        };
        self.position += count as u64;
        Ok(count)
    }
}

impl<F: MediaSource> Seek for WithFileType<F> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let end = self.length + FILE_TYPE.len() as u64;
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => end.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(std::io::ErrorKind::InvalidInput)?;
        self.file.seek(SeekFrom::Start(self.position.min(self.length)))?;
        Ok(self.position)
    }
}

impl<F: MediaSource> MediaSource for WithFileType<F> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.length + FILE_TYPE.len() as u64)
    }
}
