//! MP4 and QuickTime files made of their boxes: edit lists, fragments, choice of tracks.
//!
//! Samples are 16-bit PCM at 16 kHz that count up from 0, so that each tells its place.

use super::{AudioSource, open_bytes, read_all};

const RATE: u32 = 16_000;

fn atom(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A track of `num_samples` samples whose chunk lies at `offset`; `edits` are lengths in
/// milliseconds and starts in samples (-1: empty).
fn track(id: u32, is_enabled: bool, num_samples: u32, offset: u32, edits: &[(u32, i32)]) -> Vec<u8> {
    let mut tkhd = words(&[u32::from(is_enabled), 0, 0, id, 0, 0, 0, 0, 0, 0x0100_0000]);
    tkhd.extend(words(&[0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000, 0, 0]));
    let entries: Vec<u32> = edits.iter().flat_map(|&(length, start)| [length, start as u32, 0x10000]).collect();
    let elst = atom(b"elst", &[words(&[0, edits.len() as u32]), words(&entries)].concat());
    let edts = if edits.is_empty() { Vec::new() } else { atom(b"edts", &elst) };
    let mdhd = atom(b"mdhd", &words(&[0, 0, 0, RATE, num_samples, 0x55c4_0000]));
    let hdlr = atom(b"hdlr", &[&words(&[0, 0])[..], b"soun", &[0; 13]].concat());
    let mut entry = words(&[0, 1, 0, 0]);
    entry.extend([0, 1, 0, 16, 0, 0, 0, 0]);
    entry.extend(words(&[RATE << 16]));
    let stsd = atom(b"stsd", &[words(&[0, 1]), atom(b"sowt", &entry)].concat());
    let has_samples = u32::from(num_samples > 0);
    let stts = atom(b"stts", &words(&[0, has_samples, num_samples, 1][..2 + 2 * has_samples as usize]));
    let stsc = atom(b"stsc", &words(&[0, has_samples, 1, num_samples, 1][..2 + 3 * has_samples as usize]));
    let stsz = atom(b"stsz", &words(&[0, 2, num_samples]));
    let stco = atom(b"stco", &words(&[0, has_samples, offset][..2 + has_samples as usize]));
    let stbl = atom(b"stbl", &[stsd, stts, stsc, stsz, stco].concat());
    let minf = atom(b"minf", &[atom(b"smhd", &[0; 8]), stbl].concat());
    let mdia = atom(b"mdia", &[mdhd, hdlr, minf].concat());
    atom(b"trak", &[atom(b"tkhd", &tkhd), edts, mdia].concat())
}

fn mvhd() -> Vec<u8> {
    let mut content = words(&[0, 0, 0, 1_000, 0, 0x10000, 0x0100_0000, 0, 0, 0x10000, 0, 0, 0, 0x10000, 0, 0, 0]);
    content.extend(words(&[0x4000_0000, 0, 0, 0, 0, 0, 0, 9]));
    atom(b"mvhd", &content)
}

fn ramp(from: u32, to: u32) -> Vec<u8> {
    (from..to).flat_map(|i| (i as i16).to_le_bytes()).collect()
}

/// A file of one second; `is_old` leaves out the file type.
fn movie(is_old: bool, edits: &[(u32, i32)]) -> Vec<u8> {
    let start = if is_old { Vec::new() } else { atom(b"ftyp", b"qt  \0\0\0\0qt  ") };
    let mdat = atom(b"mdat", &ramp(0, RATE));
    let moov = atom(b"moov", &[mvhd(), track(1, true, RATE, start.len() as u32 + 8, edits)].concat());
    [start, mdat, moov].concat()
}

/// A fragment of samples at a time in samples.
fn fragment(sequence: u32, time: u32, from: u32, to: u32) -> Vec<u8> {
    let traf = |offset| {
        let tfhd = atom(b"tfhd", &words(&[0x02_0000, 1]));
        let tfdt = atom(b"tfdt", &words(&[0, time]));
        atom(b"traf", &[tfhd, tfdt, atom(b"trun", &words(&[1, to - from, offset]))].concat())
    };
    let moof = |offset| atom(b"moof", &[atom(b"mfhd", &words(&[0, sequence])), traf(offset)].concat());
    let length = moof(0).len() as u32;
    [moof(length + 8), atom(b"mdat", &ramp(from, to))].concat()
}

fn fragmented(edits: &[(u32, i32)], fragments: &[Vec<u8>]) -> Vec<u8> {
    let mvex = atom(b"mvex", &atom(b"trex", &words(&[0, 1, 1, 1, 2, 0])));
    let moov = atom(b"moov", &[mvhd(), track(1, true, 0, 0, edits), mvex].concat());
    [atom(b"ftyp", b"iso5\0\0\0\0iso5"), moov, fragments.concat()].concat()
}

/// Samples (as integers) and warnings of a file.
fn decoded(bytes: Vec<u8>) -> (Vec<u32>, Vec<String>) {
    let mut source = open_bytes("made.mov", bytes).unwrap();
    let samples = read_all(&mut source).unwrap();
    (samples.iter().map(|sample| (sample * 32_768.0) as u32).collect(), source.warnings().to_vec())
}

/// Runs of samples that count up, as their first and last value; runs of zeros as their length.
fn runs(samples: &[u32]) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &sample in samples {
        match runs.last_mut() {
            Some((0, length)) if sample == 0 => *length += 1,
            Some((first, last)) if *first > 0 && sample == *last + 1 => *last = sample,
            _ => runs.push((sample, sample.max(1))),
        }
    }
    runs
}

/// `bytes` with the only `old` in them replaced.
fn with(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

#[test]
fn samples_of_24_bits_are_big_endian_unless_the_header_says_otherwise() {
    let num_samples = 1_000;
    let data: Vec<u8> = (0..num_samples).flat_map(|i: u32| (i << 8).to_be_bytes()[1..].to_vec()).collect();
    let start = atom(b"ftyp", b"qt  \0\0\0\0qt  ");
    let trak = track(1, true, num_samples, start.len() as u32 + 8, &[]);
    let trak = with(&with(&trak, b"sowt", b"in24"), &[0, 1, 0, 16], &[0, 1, 0, 24]);
    let trak = with(&trak, &words(&[2, num_samples]), &words(&[3, num_samples]));
    let file = [start, atom(b"mdat", &data), atom(b"moov", &[mvhd(), trak].concat())].concat();
    assert_eq!(runs(&decoded(file).0), [(0, 1), (1, num_samples - 1)]);
}

#[test]
fn every_entry_of_an_edit_list_is_followed() {
    let whole = vec![(0, 1), (1, 15_999)];
    assert_eq!(runs(&decoded(movie(false, &[])).0), whole);
    type Case<'a> = (&'a [(u32, i32)], Vec<(u32, u32)>);
    let cases: [Case<'_>; 6] = [
        (&[(0, 0)], whole.clone()),
        // One unit of the movie's time scale is added at the end: 16 samples.
        (&[(500, 1_600)], vec![(1_600, 9_615)]),
        (&[(100, 1_600), (200, 8_000)], vec![(1_600, 3_199), (8_000, 11_215)]),
        (
            &[(250, -1), (100, 1_600), (500, -1), (100, 3_200)],
            vec![(0, 4_000), (1_600, 3_199), (0, 8_000), (3_200, 4_815)],
        ),
        (&[(100, 8_000), (100, 1_600)], vec![(8_000, 9_599), (1_600, 3_215)]),
        (&[(100, 1_600), (100, 1_600)], vec![(1_600, 3_199), (1_600, 3_215)]),
    ];
    for (edits, expected) in cases {
        let (samples, warnings) = decoded(movie(false, edits));
        assert_eq!(runs(&samples), expected, "{edits:?}");
        assert!(warnings.is_empty(), "{edits:?}: {warnings:?}");
    }
    let (samples, warnings) = decoded(movie(false, &[(u32::MAX, -1), (0, 0)]));
    assert_eq!(runs(&samples), whole);
    assert!(warnings[0].contains("more than an hour of silence"), "{warnings:?}");
}

#[test]
fn an_edit_that_goes_back_may_begin_within_a_packet() {
    // Packets of 320 samples, for PCM has one for each sample.
    let packets = |file: Vec<u8>| {
        let file = with(&file, &words(&[0, 1, RATE, 1]), &words(&[0, 1, RATE / 320, 320]));
        let file = with(&file, &words(&[1, 1, RATE, 1]), &words(&[1, 1, RATE / 320, 1]));
        with(&file, &words(&[0, 2, RATE]), &words(&[0, 640, RATE / 320]))
    };
    type Case<'a> = (&'a [(u32, i32)], Vec<(u32, u32)>);
    let cases: [Case<'_>; 4] = [
        (&[(105, 8_010), (105, 1_610)], vec![(8_010, 9_689), (1_610, 3_305)]),
        (&[(105, 1_610), (105, 1_610)], vec![(1_610, 3_289), (1_610, 3_305)]),
        (&[(105, 8_010), (50, -1), (105, 1_610)], vec![(8_010, 9_689), (0, 800), (1_610, 3_305)]),
        // The first part goes beyond the end of the track.
        (&[(900, 14_410), (105, 1_610)], vec![(14_410, 15_999), (1_610, 3_305)]),
    ];
    for (edits, expected) in cases {
        let (samples, warnings) = decoded(packets(movie(false, edits)));
        assert_eq!(runs(&samples), expected, "{edits:?}: {warnings:?}");
        assert!(warnings.is_empty(), "{edits:?}: {warnings:?}");
    }
}

#[test]
fn fragments_have_their_own_times_and_no_length() {
    let fragments = [fragment(1, 0, 1, 1_601), fragment(2, 1_600, 1_601, 3_201)];
    for edits in [&[][..], &[(0, 0)], &[(50, 0)]] {
        let (samples, warnings) = decoded(fragmented(edits, &fragments));
        assert_eq!(runs(&samples), [(1, 3_200)], "{edits:?}");
        assert!(warnings.is_empty(), "{edits:?}: {warnings:?}");
    }
    // Frames that the encoder added before the recording.
    assert_eq!(runs(&decoded(fragmented(&[(50, 1_000)], &fragments)).0), [(1_001, 3_200)]);
    // A pause of one second, and fragments that were joined late.
    let paused = [fragment(1, 0, 1, 1_601), fragment(2, 17_600, 1_601, 3_201)];
    assert_eq!(runs(&decoded(fragmented(&[], &paused)).0), [(1, 1_600), (0, 16_000), (1_601, 3_200)]);
    let late = [fragment(1, 900_000_000, 1, 1_601), fragment(2, 900_001_600, 1_601, 3_201)];
    assert_eq!(runs(&decoded(fragmented(&[], &late)).0), [(1, 3_200)]);
}

#[test]
fn billions_of_packets_without_content_end() {
    let mut bytes = fragmented(&[], &[fragment(1, 0, 1, 1_601), fragment(2, 1_600, 1_601, 3_201)]);
    let trun = bytes.windows(4).rposition(|kind| kind == b"trun").unwrap();
    bytes[trun + 8..trun + 12].fill(0xff);
    let trex = bytes.windows(4).position(|kind| kind == b"trex").unwrap();
    bytes[trex + 20..trex + 24].fill(0);
    // Whether it is an error or a short recording: it must end.
    let read = open_bytes("empty.mp4", bytes).and_then(|mut source| read_all(&mut source));
    assert!(read.is_err() || read.is_ok_and(|samples| samples.len() < 20_000));
}

#[test]
fn quicktime_without_a_file_type_is_read() {
    let (samples, warnings) = decoded(movie(true, &[(500, -1), (0, 0)]));
    assert_eq!(runs(&samples), [(0, 8_001), (1, 15_999)]);
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let refused = |bytes: &[u8]| open_bytes("made.mov", bytes.to_vec()).unwrap_err().to_string();
    let file = movie(false, &[]);
    for file in [&file, &movie(true, &[])] {
        for length in [file.len() - 10, 20_000] {
            let message = refused(&file[..length]);
            assert!(message.contains("its index (moov) is missing") && !message.contains("ffmpeg"), "{message}");
        }
    }
    for (new, expected) in [(b"alaw", "A-law"), (b"ima4", "IMA ADPCM"), (b"ac-3", "Dolby Digital (AC-3)")] {
        assert!(refused(&with(&file, b"sowt", new)).contains(expected), "{expected}");
    }
    assert!(refused(&with(&file, &[0, 1, 0, 16], &[0, 6, 0, 16])).contains("6 channels of 16 bits"));
    assert!(refused(&with(&file, &[0, 1, 0, 16], &[0, 1, 0, 8])).contains("1 channels of 8 bits"));
}

#[test]
fn a_track_that_players_leave_out_is_not_the_first_choice() {
    let start = atom(b"ftyp", b"qt  \0\0\0\0qt  ");
    let offset = start.len() as u32 + 8;
    let mdat = atom(b"mdat", &ramp(0, 1_000));
    let tracks = [track(1, false, 500, offset, &[]), track(2, true, 500, offset + 1_000, &[])].concat();
    let (samples, warnings) = decoded([start, mdat, atom(b"moov", &[mvhd(), tracks].concat())].concat());
    assert_eq!(runs(&samples), [(500, 999)]);
    assert_eq!(warnings, ["the file has 2 audio tracks; track 2 was used"]);
}
