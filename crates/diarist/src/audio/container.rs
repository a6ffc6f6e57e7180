//! Recognises the format of a stream by its first bytes.

use super::identify;
use super::walker::Form;

/// Bytes that are enough to recognise every format.
pub(super) const START_BYTES: usize = 4_096;

/// Kind of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// Audio that is read from start to end.
    Streamed,
    /// Audio whose index may be at its end.
    Whole,
    /// A format that is not read.
    Refused(&'static str),
}

/// The format of a stream that begins with `start`; `None` if it has none that is known, as raw
/// samples.
///
/// Where raw samples are expected (`may_be_raw`), only signatures count that samples hardly ever
/// look like.
pub(super) fn recognise(start: &[u8], may_be_raw: bool) -> Option<Container> {
    const STREAMED: [&[u8]; 4] = [b"fLaC", b"OggS", b"ID3", b"\x1a\x45\xdf\xa3"];
    const BOXES: [&[u8]; 8] = [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"];
    let is_box = start.get(4..8).is_some_and(|kind| BOXES.contains(&kind));
    if Form::of(start).is_some() || STREAMED.iter().any(|magic| start.starts_with(magic)) || has_frames(start) {
        Some(Container::Streamed)
    } else if is_box || start.starts_with(b"caff") {
        Some(Container::Whole)
    } else {
        let refusal = identify::judge(start)?;
        // Two thousand samples do not look like text.
        let is_sure = !refusal.is_certain || refusal.num_bytes >= 4;
        (is_sure || !may_be_raw).then_some(Container::Refused(refusal.what))
    }
}

/// Whether frames of MPEG audio or ADTS follow each other from the first byte on, three of them if
/// that many fit.
fn has_frames(start: &[u8]) -> bool {
    let mut position = 0;
    let mut num_frames = 0;
    while num_frames < 3 {
        match start.get(position..).filter(|rest| rest.len() >= 6) {
            None => break,
            Some(rest) => match frame_bytes(rest) {
                Some(length) if rest[1] == start[1] => position += length,
                _ => return false,
            },
        }
        num_frames += 1;
    }
    num_frames >= 2
}

/// Length of the frame of MPEG audio (ISO/IEC 11172-3, 13818-3) or ADTS (13818-7) that begins with
/// `bytes`.
fn frame_bytes(bytes: &[u8]) -> Option<usize> {
    const LAYER_1: [usize; 14] = [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448];
    const LAYER_2: [usize; 14] = [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
    const LAYER_3: [usize; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const LOW_1: [usize; 14] = [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256];
    const LOW_2: [usize; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let [sync, kind, rates, ..] = *bytes else { return None };
    if sync != 0xff || kind & 0xe0 != 0xe0 {
        return None;
    }
    if kind & 0xf6 == 0xf0 {
        let length = usize::from(bytes[3] & 3) << 11 | usize::from(bytes[4]) << 3 | usize::from(bytes[5]) >> 5;
        return (rates >> 2 & 0xf < 13 && length >= 7).then_some(length);
    }
    let (version, layer) = (kind >> 3 & 3, kind >> 1 & 3);
    if version == 1 {
        return None;
    }
    let kbit_per_s = match (version, layer) {
        (3, 3) => LAYER_1,
        (3, 2) => LAYER_2,
        (3, 1) => LAYER_3,
        (_, 3) => LOW_1,
        (_, 2 | 1) => LOW_2,
        _ => return None,
    };
    let kbit_per_s = *kbit_per_s.get(usize::from(rates >> 4).checked_sub(1)?)?;
    // MPEG 1; MPEG 2 has half its rates, MPEG 2.5 a quarter.
    let rate = [44_100, 48_000, 32_000].get(usize::from(rates >> 2 & 3))? >> [2, 0, 1, 0][usize::from(version)];
    let padding = usize::from(rates >> 1 & 1);
    let bit_per_s = kbit_per_s * 1_000;
    Some(match (layer, version) {
        (3, _) => (12 * bit_per_s / rate + padding) * 4,
        (1, 0 | 2) => 72 * bit_per_s / rate + padding,
        _ => 144 * bit_per_s / rate + padding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_frames() {
        // 128 kbit/s at 44.1 kHz; 64 kbit/s at 22.05 kHz; 8 kbit/s at 8 kHz (MPEG 2.5); layer II of
        // 192 kbit/s at 48 kHz; ADTS of 371 bytes.
        assert_eq!(frame_bytes(&[0xff, 0xfb, 0x90, 0xc4, 0, 0]), Some(417));
        assert_eq!(frame_bytes(&[0xff, 0xf3, 0x80, 0xc4, 0, 0]), Some(208));
        assert_eq!(frame_bytes(&[0xff, 0xe3, 0x18, 0xc4, 0, 0]), Some(72));
        assert_eq!(frame_bytes(&[0xff, 0xfd, 0xa4, 0, 0, 0]), Some(576));
        assert_eq!(frame_bytes(&[0xff, 0xf1, 0x50, 0x80, 0x2e, 0x7f]), Some(371));
        assert_eq!(frame_bytes(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
    }

    #[test]
    fn raw_samples_are_not_taken_for_a_file() {
        let samples = |value: i16| value.to_le_bytes().repeat(2_048);
        for value in [0, -1, 1, i16::MIN, i16::MAX, -1_025, 0x8b1f_u16 as i16] {
            assert_eq!(recognise(&samples(value), true), None, "{value}");
        }
    }
}
