//! Files and raw samples that come through a pipe.

use std::io::Cursor;

use super::{fixture, open, read_all};
use crate::audio::{AudioSource, PcmFormat, RawPcm, Selection, open_stream};
use crate::{ErrorKind, Result};

const RAW: RawPcm = RawPcm { format: PcmFormat::S16le, sample_rate: 16_000, channels: 1 };

fn open_pipe(bytes: Vec<u8>, raw: Option<RawPcm>) -> Result<Box<dyn AudioSource>> {
    open_stream("pipe", Cursor::new(bytes), raw, Selection::default())
}

#[test]
fn files_through_a_pipe_are_read_as_files() {
    for entry in std::fs::read_dir(fixture("audio/formats")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(mut file) = open(&path) else { continue };
        let expected = read_all(&mut file).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for raw in [None, Some(RAW)] {
            let mut source =
                open_pipe(bytes.clone(), raw).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let samples = read_all(&mut source).unwrap();
            let lengths = (samples.len(), expected.len());
            assert!(lengths.0.abs_diff(lengths.1) < 400, "{}: {lengths:?}", path.display());
            assert!(source.warnings().is_empty(), "{}: {:?}", path.display(), source.warnings());
        }
    }
}

#[test]
fn other_streams_are_raw_samples_or_refused_by_name() {
    let mut source = open_pipe(vec![0; 32_000], Some(RAW)).unwrap();
    assert_eq!(read_all(&mut source).unwrap().len(), 16_000);
    let refused = |bytes: &[u8], raw| open_pipe(bytes.to_vec(), raw).err().expect("an error");
    assert_eq!(refused(&[0; 5_000], None).kind(), ErrorKind::InvalidOption);
    for (start, what) in [(&b"#!AMR\n"[..], "AMR"), (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media")] {
        let bytes = [start, &[7; 600]].concat();
        for raw in [None, Some(RAW)] {
            let error = refused(&bytes, raw);
            assert!(error.kind() == ErrorKind::Input && error.to_string().contains(what), "{error}");
        }
    }
    for raw in [None, Some(RAW)] {
        for text in ["who spoke when\n".to_owned(), "<p>Wer sprach wann? \u{e4}\u{f6}\u{fc}</p>\r\n".repeat(300)] {
            assert!(refused(text.as_bytes(), raw).to_string().contains("a text file"));
        }
        assert!(refused(b"", raw).to_string().contains("nothing came through the pipe"));
    }
}
