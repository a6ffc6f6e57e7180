//! Audio.

use std::io::Cursor;

use diarist::parts::audio::{AudioSource, PcmFormat, open_bytes, pcm as open_pcm};

/// Samples after which a recording is left: ten minutes at 16 kHz. Silence takes few bytes in some
/// containers.
const MAX_SAMPLES: usize = 16_000 * 600;
/// Sample rates of raw audio: the limits, and usual ones.
const RATES: [u32; 6] = [16_000, 100, 8000, 44_100, 48_000, 768_000];

/// Audio files of any container: WAV, AIFF, CAF, FLAC, MP3, AAC, MP4, Ogg, Matroska.
pub fn audio(bytes: &[u8]) {
    let Ok(mut source) = open_bytes("recording", bytes.to_vec()) else { return };
    drain(&mut source);
}

/// Raw samples. The first three bytes give the format, the number of channels and the rate.
pub fn pcm(bytes: &[u8]) {
    let [format, channels, rate, samples @ ..] = bytes else { return };
    let (format, sample_bytes) = if format.is_multiple_of(2) { (PcmFormat::S16le, 2) } else { (PcmFormat::F32le, 4) };
    let (channels, rate) = (channels % 9, RATES[usize::from(*rate) % RATES.len()]);
    let Ok(mut source) = open_pcm(Cursor::new(samples.to_vec()), format, rate, channels.into()) else {
        assert_eq!(channels, 0);
        return;
    };
    let (is_whole, num_samples) = drain(&mut source);
    if is_whole && rate == 16_000 {
        assert_eq!(num_samples, samples.len() / (sample_bytes * usize::from(channels)));
    }
}

/// Reads to the end, or to [`MAX_SAMPLES`]: whether the end came without a fault, and the number of
/// samples. All are finite.
fn drain(source: &mut impl AudioSource) -> (bool, usize) {
    let (mut block, mut num_samples) = (Vec::new(), 0);
    while num_samples < MAX_SAMPLES {
        block.clear();
        match source.read(&mut block) {
            Ok(true) => assert!(!block.is_empty(), "a block without samples is not the end"),
            Ok(false) => {
                assert!(block.is_empty(), "samples after the end");
                return (true, num_samples);
            }
            Err(_) => return (false, num_samples),
        }
        assert!(block.iter().all(|sample| sample.is_finite()), "a sample is not finite");
        num_samples += block.len();
    }
    (false, num_samples)
}
