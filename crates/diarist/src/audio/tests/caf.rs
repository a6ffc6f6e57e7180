//! CAF files whose data chunk has a wrong size.

use std::io::Cursor;

use super::{AudioSource, Selection, open_bytes, read_all};
use crate::audio::open_stream;

const NUM_FRAMES: i64 = 8_000;

fn chunk(name: &[u8; 4], size: i64, content: &[u8]) -> Vec<u8> {
    [&name[..], &size.to_be_bytes(), content].concat()
}

/// A file of 16-bit samples at 16 kHz, little-endian, that has `num_frames` of them.
fn caf(size: i64, num_frames: i64) -> Vec<u8> {
    let mut description = 16_000f64.to_be_bytes().to_vec();
    description.extend(b"lpcm");
    description.extend([2u32, 2, 1, 1, 16].iter().flat_map(|field| field.to_be_bytes()));
    let samples: Vec<u8> = (0..num_frames).flat_map(|i| (i as i16).to_le_bytes()).collect();
    let data = chunk(b"data", size, &[&[0; 4][..], &samples].concat());
    [&b"caff\0\x01\0\0"[..], &chunk(b"desc", 32, &description), &chunk(b"free", 3, &[0; 3]), &data].concat()
}

#[test]
fn sizes_of_the_data_do_not_matter() {
    let expected: Vec<f32> = (0..NUM_FRAMES).map(|i| i as f32 / 32_768.0).collect();
    let whole = 2 * NUM_FRAMES + 4;
    for size in [whole, -1, 0, i64::MAX] {
        let bytes = caf(size, NUM_FRAMES);
        let mut file = open_bytes("a.caf", bytes.clone()).unwrap();
        assert!(read_all(&mut file).unwrap() == expected, "{size}");
        assert!(file.warnings().is_empty(), "{size}: {:?}", file.warnings());
        assert_eq!(file.info().duration_s, Some(0.5), "{size}");
        let mut piped = open_stream("a.caf", Cursor::new(bytes), None, Selection::default()).unwrap();
        assert!(read_all(&mut piped).unwrap() == expected, "{size}");
    }
    // Cut off in the middle.
    let mut file = open_bytes("a.caf", caf(whole, NUM_FRAMES / 2)).unwrap();
    assert!(read_all(&mut file).unwrap() == expected[..4_000]);
    assert!(file.warnings()[0].contains("promises 0.50 s"), "{:?}", file.warnings());
}
