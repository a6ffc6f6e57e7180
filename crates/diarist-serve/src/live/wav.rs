//! The head of a WAV file whose length is not known until its stream ends.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes of the head.
const HEAD: u64 = 44;

/// Form of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Samples {
    pub(crate) is_float: bool,
    pub(crate) rate: u32,
    pub(crate) channels: u16,
}

/// The head of a file with `num_bytes` of samples.
///
/// Source: RIFF, "Multimedia Programming Interface and Data Specifications 1.0".
pub(crate) fn head(samples: Samples, num_bytes: u64) -> Vec<u8> {
    let sample_bytes: u16 = if samples.is_float { 4 } else { 2 };
    let frame_bytes = sample_bytes * samples.channels;
    // Readers take a length that does not fit as "until the end of the file".
    let length = u32::try_from(num_bytes).unwrap_or(u32::MAX);
    let mut head = Vec::new();
    head.extend(b"RIFF");
    head.extend(length.saturating_add(HEAD as u32 - 8).to_le_bytes());
    head.extend(b"WAVEfmt ");
    head.extend(16u32.to_le_bytes());
    head.extend(if samples.is_float { 3u16 } else { 1 }.to_le_bytes());
    head.extend(samples.channels.to_le_bytes());
    head.extend(samples.rate.to_le_bytes());
    head.extend((samples.rate * u32::from(frame_bytes)).to_le_bytes());
    head.extend(frame_bytes.to_le_bytes());
    head.extend((8 * sample_bytes).to_le_bytes());
    head.extend(b"data");
    head.extend(length.to_le_bytes());
    head
}

/// Writes the true lengths into the head of a WAV file that a stream has left; other files stay as
/// they are.
pub(crate) fn repair(path: &Path) -> io::Result<()> {
    let mut file = match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut start = Vec::new();
    (&file).take(HEAD).read_to_end(&mut start)?;
    let is_ours = start.len() as u64 == HEAD && start.starts_with(b"RIFF") && start[36..40] == *b"data";
    if !is_ours {
        return Ok(());
    }
    let num_bytes = file.metadata()?.len() - HEAD;
    let length = u32::try_from(num_bytes).unwrap_or(u32::MAX);
    file.seek(SeekFrom::Start(4))?;
    file.write_all(&length.saturating_add(HEAD as u32 - 8).to_le_bytes())?;
    file.seek(SeekFrom::Start(40))?;
    file.write_all(&length.to_le_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use diarist::parts::audio::{self, AudioSource};

    use super::*;

    #[test]
    fn a_file_that_was_cut_off_is_whole_after_its_repair() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audio");
        for (is_float, bytes) in [(false, 0.5f32.to_le_bytes()[..2].to_vec()), (true, 0.5f32.to_le_bytes().to_vec())] {
            let samples = Samples { is_float, rate: 16_000, channels: 1 };
            let mut file = head(samples, 0);
            file.extend(bytes.repeat(16_000));
            std::fs::write(&path, file).unwrap();
            repair(&path).unwrap();
            let (mut source, mut out) = (audio::open(&path).unwrap(), Vec::new());
            while source.read(&mut out).unwrap() {}
            assert_eq!((out.len(), source.warnings().len()), (16_000, 0));
        }
        std::fs::write(&path, b"short").unwrap();
        repair(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"short");
        repair(&folder.path().join("missing")).unwrap();
    }
}
