//! Chunk after chunk of WAV, RF64, BW64, Wave64 and AIFF files.

use std::io::{Read, Result, SeekFrom, copy, sink};

use symphonia::core::io::MediaSource;

/// Most chunks that are read; no sane file has more.
pub(super) const MAX_CHUNKS: usize = 4_096;
/// Bytes behind a chunk of wrong size in which the samples are searched for.
const SEARCHED_BYTES: u64 = 1 << 20;
/// Programs that do not know the length write a size of about 2^31 or 2^32.
const SMALLEST_PLACEHOLDER: u64 = 0x7f00_0000;

/// A family of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// RIFF WAVE, and its 64-bit forms RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088).
    Wave,
    /// Sony Wave64: chunks with GUIDs and 64-bit sizes.
    Wave64,
    /// AIFF, or AIFF-C with its compression type; big-endian.
    Aiff { is_compressed: bool },
}

/// The last twelve bytes of Wave64's GUID `riff`.
const RIFF_GUID: &[u8] = b"\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0";

impl Form {
    /// The family of a file that begins with `start`.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        let kind = start.get(8..12);
        if [b"RIFF", b"RF64", b"BW64"].iter().any(|magic| start.starts_with(*magic)) && kind == Some(b"WAVE") {
            Some(Self::Wave)
        } else if start.starts_with(b"riff") && start.get(4..16) == Some(RIFF_GUID) {
            Some(Self::Wave64)
        } else if start.starts_with(b"FORM") && (kind == Some(b"AIFF") || kind == Some(b"AIFC")) {
            Some(Self::Aiff { is_compressed: kind == Some(b"AIFC") })
        } else {
            None
        }
    }

    /// Bytes before the first chunk.
    pub(super) fn head_bytes(self) -> u64 {
        if self == Self::Wave64 { 40 } else { 12 }
    }

    /// Bytes of a chunk before its content.
    fn chunk_head_bytes(self) -> u64 {
        if self == Self::Wave64 { 24 } else { 8 }
    }

    /// Bytes after a chunk of `size` bytes that no program leaves out.
    pub(super) fn padding(self, size: u64) -> u64 {
        if self == Self::Wave64 { size.wrapping_neg() % 8 } else { 0 }
    }

    pub(super) fn names(self) -> (&'static [u8; 4], &'static [u8; 4]) {
        if matches!(self, Self::Aiff { .. }) { (b"COMM", b"SSND") } else { (b"fmt ", b"data") }
    }
}

/// A file and the position in it.
pub(super) struct Walker<'a, F> {
    pub(super) file: &'a mut F,
    pub(super) form: Form,
    pub(super) position: u64,
    /// Length of the file if it can be read in any order.
    pub(super) end: Option<u64>,
}

/// Name and size of a chunk.
pub(super) struct Head {
    pub(super) name: [u8; 4],
    pub(super) size: u64,
}

impl<F: MediaSource> Walker<'_, F> {
    /// Fills `buffer`; returns `false` if the file ends first.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<bool> {
        self.position += buffer.len() as u64;
        match self.file.read_exact(buffer) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn go_to(&mut self, position: u64) -> Result<()> {
        if self.end.is_some() {
            self.file.seek(SeekFrom::Start(position))?;
        } else {
            copy(&mut self.file.by_ref().take(position.saturating_sub(self.position)), &mut sink())?;
        }
        self.position = position;
        Ok(())
    }

    /// The next chunk, whose content follows; `None` at the end of the file.
    ///
    /// A byte of padding follows a chunk of odd size, which some programs leave out and others
    /// write after even sizes, too.
    pub(super) fn head(&mut self) -> Result<Option<Head>> {
        let mut bytes = [0; 24];
        let bytes = &mut bytes[..self.form.chunk_head_bytes() as usize];
        if !self.fill(bytes)? {
            return Ok(None);
        }
        if self.form != Form::Wave64 && !is_name(&bytes[..4]) {
            bytes.copy_within(1.., 0);
            let last = bytes.len() - 1;
            if !self.fill(&mut bytes[last..])? {
                return Ok(None);
            }
        }
        let size = match self.form {
            Form::Wave => u64::from(u32::from_le_bytes(array(&bytes[4..]))),
            Form::Aiff { .. } => u64::from(u32::from_be_bytes(array(&bytes[4..]))),
            Form::Wave64 => u64::from_le_bytes(array(&bytes[16..])).saturating_sub(24),
        };
        Ok(Some(Head { name: array(bytes), size }))
    }

    /// Whether a chunk that fits into the file begins here, in which case the samples end before.
    pub(super) fn is_at_chunk(&mut self) -> Result<bool> {
        let (start, Some(end)) = (self.position, self.end) else { return Ok(false) };
        let head = self.head()?;
        let position = self.position;
        self.go_to(start)?;
        Ok(head.is_some_and(|head| is_name(&head.name) && position.saturating_add(head.size) <= end))
    }

    /// Position of the first chunk of samples after `start`, in a file that has lost its order.
    pub(super) fn search(&mut self, start: u64) -> Result<Option<u64>> {
        if self.end.is_none() || self.form == Form::Wave64 {
            return Ok(None);
        }
        self.go_to(start)?;
        let mut bytes = Vec::new();
        self.file.by_ref().take(SEARCHED_BYTES).read_to_end(&mut bytes)?;
        let (_, samples) = self.form.names();
        Ok(bytes.windows(4).position(|window| window == samples).map(|index| start + index as u64))
    }
}

/// The size of the samples as a file states it.
pub(super) struct Size {
    pub(super) bytes: u64,
    /// Whether the size has 64 bits.
    pub(super) is_wide: bool,
}

impl Size {
    /// The bytes to read and the bytes promised, where `available` bytes follow.
    pub(super) fn resolve(&self, available: Option<u64>) -> (Option<u64>, Option<u64>) {
        let Self { bytes, is_wide } = *self;
        let is_placeholder = bytes == 0
            || (is_wide && bytes >= u64::MAX / 4)
            || (!is_wide && bytes >= SMALLEST_PLACEHOLDER && available.is_none_or(|bytes_left| bytes_left < bytes / 4));
        if is_placeholder || (!is_wide && bytes == u64::from(u32::MAX)) {
            return (available, available);
        }
        let Some(available) = available else { return (Some(bytes), Some(bytes)) };
        // Writers without 64-bit sizes lose whole multiples of 4 GiB.
        let lost = if is_wide { 0 } else { available.saturating_sub(bytes) >> 32 << 32 };
        let promised = bytes + lost;
        (Some(promised.min(available)), Some(promised))
    }
}

/// Whether bytes can be the name of a chunk.
pub(super) fn is_name(bytes: &[u8]) -> bool {
    bytes[0] != b' ' && bytes.iter().take(4).all(|byte| (0x20..0x7f).contains(byte))
}

/// The first `N` of at least `N` bytes.
pub(super) fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[..N]);
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn sizes_are_placeholders_lost_bits_or_right() {
        let size = |bytes, is_wide, available| Size { bytes, is_wide }.resolve(available);
        let max = u64::from(u32::MAX);
        assert_eq!(size(100, false, Some(108)), (Some(100), Some(100)));
        assert_eq!(size(100, false, Some(60)), (Some(60), Some(100)));
        for unknown in [0, max, 0x7fff_f000] {
            assert_eq!(size(unknown, false, Some(5_000)), (Some(5_000), Some(5_000)));
            assert_eq!(size(unknown, false, None), (None, None));
        }
        // 9 GiB of samples, of which a size of 32 bits keeps 1 GiB.
        assert_eq!(size(GIB, false, Some(9 * GIB + 20)), (Some(9 * GIB), Some(9 * GIB)));
        assert_eq!(size(9 * GIB, true, Some(9 * GIB + 20)), (Some(9 * GIB), Some(9 * GIB)));
        assert_eq!(size(i64::MAX as u64, true, Some(70)), (Some(70), Some(70)));
        assert_eq!(size(3 * GIB, false, Some(3 * GIB + 8)), (Some(3 * GIB), Some(3 * GIB)));
    }
}
