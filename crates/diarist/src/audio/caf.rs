//! CAF files whose data chunk has a size that is not right: recordings that were never finished,
//! streams (size -1), and files that are cut off.
//!
//! The reader of Symphonia refuses them, so it gets the file with the size that fits.

use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

use super::bytes::{u32_at, u64_at};

/// Most chunks that are looked at; no sane file has more.
const MAX_CHUNKS: usize = 4_096;
/// Bytes before the first chunk, and of a chunk before its content.
const HEAD_BYTES: u64 = 8;
const CHUNK_HEAD_BYTES: u64 = 12;
/// Bytes of the data chunk before the audio.
const EDIT_COUNT_BYTES: u64 = 4;
/// Sizes from here on stand for an unknown length.
const SMALLEST_PLACEHOLDER: u64 = 1 << 62;

/// A data chunk of wrong size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repair {
    /// Position of the size.
    at: u64,
    /// The size that fits.
    size: u64,
    /// Frames that the file promises, if its size means a length and its packets are alike.
    pub(super) promised_frames: Option<u64>,
}

/// Looks for a data chunk of wrong size in a file that is at its start; leaves the position there.
///
/// # Errors
/// If the file cannot be read (a file that ends too early is no error here).
pub(super) fn find(file: &mut (impl Read + Seek)) -> Result<Option<Repair>> {
    let repair = read(file).or_else(|error| match error.kind() {
        ErrorKind::UnexpectedEof => Ok(None),
        _ => Err(error),
    });
    file.seek(SeekFrom::Start(0))?;
    repair
}

fn read(file: &mut (impl Read + Seek)) -> Result<Option<Repair>> {
    let mut head = [0; CHUNK_HEAD_BYTES as usize];
    file.read_exact(&mut head[..HEAD_BYTES as usize])?;
    if !head.starts_with(b"caff") {
        return Ok(None);
    }
    let end = file.seek(SeekFrom::End(0))?;
    let (mut position, mut bytes_per_packet, mut frames_per_packet) = (HEAD_BYTES, 0, 0);
    for _ in 0..MAX_CHUNKS {
        file.seek(SeekFrom::Start(position))?;
        file.read_exact(&mut head)?;
        let (size, content) = (u64_at(&head, 4), position + CHUNK_HEAD_BYTES);
        let available = end.saturating_sub(content);
        match &head[..4] {
            b"desc" => {
                let mut fields = [0; 24];
                file.read_exact(&mut fields)?;
                bytes_per_packet = u64::from(u32_at(&fields, 16));
                frames_per_packet = u64::from(u32_at(&fields, 20));
            }
            b"data" if size > available || size < EDIT_COUNT_BYTES => {
                if available < EDIT_COUNT_BYTES {
                    return Ok(None);
                }
                let is_promise = (EDIT_COUNT_BYTES..SMALLEST_PLACEHOLDER).contains(&size);
                let packets = is_promise.then(|| (size - EDIT_COUNT_BYTES).checked_div(bytes_per_packet)).flatten();
                let promised_frames = packets.and_then(|packets| packets.checked_mul(frames_per_packet));
                return Ok(Some(Repair { at: position + 4, size: available, promised_frames }));
            }
            _ => {}
        }
        let Some(next) = content.checked_add(size).filter(|&next| next < end) else { break };
        position = next;
    }
    Ok(None)
}

/// A file with the right size in its data chunk.
#[derive(Debug)]
pub(super) struct Repaired<F> {
    file: F,
    repair: Repair,
    position: u64,
}

impl<F: MediaSource> Repaired<F> {
    /// Repairs a file that is at its start.
    pub(super) fn new(file: F, repair: Repair) -> Self {
        Self { file, repair, position: 0 }
    }
}

impl<F: MediaSource> Read for Repaired<F> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.file.read(buffer)?;
        for (at, byte) in (self.repair.at..).zip(self.repair.size.to_be_bytes()) {
            let index = at.checked_sub(self.position).and_then(|index| usize::try_from(index).ok());
            if let Some(place) = index.and_then(|index| buffer[..count].get_mut(index)) {
                *place = byte;
            }
        }
        self.position += count as u64;
        Ok(count)
    }
}

impl<F: MediaSource> Seek for Repaired<F> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.position = self.file.seek(to)?;
        Ok(self.position)
    }
}

impl<F: MediaSource> MediaSource for Repaired<F> {
    fn is_seekable(&self) -> bool {
        self.file.is_seekable()
    }

    fn byte_len(&self) -> Option<u64> {
        self.file.byte_len()
    }
}
