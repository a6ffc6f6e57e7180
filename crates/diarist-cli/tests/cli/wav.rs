//! WAV files of any shape, also of shapes that no recorder makes.

use std::path::Path;

/// Writes interleaved 32-bit float samples.
pub(crate) fn write_f32(path: &Path, sample_rate: u32, channels: u16, samples: &[f32]) {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    write(path, 3, 32, sample_rate, channels, &data);
}

/// Writes interleaved 16-bit samples.
pub(crate) fn write_i16(path: &Path, sample_rate: u32, channels: u16, samples: &[i16]) {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    write(path, 1, 16, sample_rate, channels, &data);
}

fn write(path: &Path, format: u16, bits: u16, sample_rate: u32, channels: u16, data: &[u8]) {
    let block = channels * bits / 8;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    bytes.extend(format.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(sample_rate.to_le_bytes());
    bytes.extend((sample_rate * u32::from(block)).to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    std::fs::write(path, bytes).unwrap();
}
