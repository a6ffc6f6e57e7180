//! Tests of raw PCM.

use std::io::{Cursor, Error, Read, Result};

use super::super::{AudioSource, PcmFormat, pcm};
use super::read_all;
use crate::ErrorKind;

/// A reader that gives one byte at a time and is interrupted before each.
struct Drip(Cursor<Vec<u8>>, bool);

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(Error::from(std::io::ErrorKind::Interrupted));
        }
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}

fn s16(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

#[test]
fn sixteen_bit_stereo_may_arrive_in_pieces() {
    let bytes = s16(&[100, 300, -32_768, -32_768, 1, 2]);
    let expected = [200.0 / 32_768.0, -1.0, 1.5 / 32_768.0];
    let mut whole = pcm(Cursor::new(bytes.clone()), PcmFormat::S16le, 16_000, 2).unwrap();
    assert_eq!(read_all(&mut whole).unwrap(), expected);
    let mut drip = pcm(Drip(Cursor::new(bytes), false), PcmFormat::S16le, 16_000, 2).unwrap();
    assert_eq!(read_all(&mut drip).unwrap(), expected);
    assert!(drip.warnings().is_empty());
}

#[test]
fn floats_are_resampled() {
    let bytes: Vec<u8> = (0..800).flat_map(|i| (i as f32 / 800.0).to_le_bytes()).collect();
    let mut source = pcm(Cursor::new(bytes), PcmFormat::F32le, 8_000, 1).unwrap();
    assert_eq!(read_all(&mut source).unwrap().len(), 1_600);
}

#[test]
fn bytes_left_over_are_reported() {
    let mut bytes = s16(&[1, 2, 3]);
    bytes.push(9);
    let mut source = pcm(Cursor::new(bytes), PcmFormat::S16le, 16_000, 1).unwrap();
    assert_eq!(read_all(&mut source).unwrap().len(), 3);
    assert!(source.warnings()[0].contains("last 1 bytes"), "{:?}", source.warnings());
}

#[test]
fn empty_input_gives_no_samples() {
    let mut source = pcm(Cursor::new(Vec::new()), PcmFormat::F32le, 44_100, 2).unwrap();
    assert!(read_all(&mut source).unwrap().is_empty());
    assert!(source.warnings().is_empty());
}

#[test]
fn a_sample_that_is_not_finite_is_an_error_with_its_place() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let bytes: Vec<u8> = [0.0, 0.5, bad, 0.0].iter().flat_map(|sample: &f32| sample.to_le_bytes()).collect();
        let mut source = pcm(Cursor::new(bytes), PcmFormat::F32le, 16_000, 1).unwrap();
        let error = source.read(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.to_string().contains("sample 2"), "{error}");
    }
}

#[test]
fn impossible_options_are_refused() {
    let error = pcm(Cursor::new(Vec::new()), PcmFormat::S16le, 16_000, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    assert!(pcm(Cursor::new(Vec::new()), PcmFormat::S16le, 0, 1).is_err());
}
