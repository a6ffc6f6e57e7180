//! Formats of sound in MP4 and QuickTime files that Symphonia refuses without their name.

use super::bytes::u32_at;

/// The reason why the first format in the box `stsd` (ISO/IEC 14496-12 section 8.5.2) is not read;
/// `None` if it may be.
pub(super) fn refusal(stsd: &[u8]) -> Option<String> {
    let kind = stsd.get(12..16)?;
    let field = |at: usize| Some(u16::from_be_bytes([*stsd.get(at)?, *stsd.get(at + 1)?]));
    let codec = match kind {
        b"sowt" | b"twos" => {
            let (version, num_channels, bits) = (field(24)?, field(32)?, field(34)?);
            // From version 1 on, other fields tell the bytes of a sample.
            let num_bytes = if version == 1 { u64::from(u32_at(stsd.get(48..52)?, 0)) } else { u64::from(bits / 8) };
            let is_read = version > 1 || ((1..=2).contains(&num_channels) && num_bytes == 2);
            return (!is_read).then(|| {
                let bits = 8 * num_bytes;
                format!("its audio is uncompressed, in a form that diarist cannot read in QuickTime: {num_channels} channels of {bits} bits")
            });
        }
        b"mp4a" if object_type(stsd) == Some(0xdd) => "Vorbis in MP4",
        b"ac-3" => "Dolby Digital (AC-3)",
        b"ec-3" => "Dolby Digital Plus (E-AC-3)",
        b"alaw" => "A-law in QuickTime",
        b"ulaw" => "\u{b5}-law in QuickTime",
        b"ima4" => "IMA ADPCM in QuickTime",
        b"MAC3" | b"MAC6" => "MACE",
        b"QDM2" | b"QDMC" => "QDesign Music",
        b"Qclp" | b"sqcp" => "QCELP (PureVoice)",
        b"agsm" => "GSM 06.10",
        b"samr" => "AMR",
        b"sawb" => "AMR-WB",
        b"dtsc" | b"dtse" | b"dtsh" | b"dtsl" => "DTS",
        _ => return None,
    };
    Some(format!("its audio is coded as {codec}, which diarist cannot decode"))
}

/// The type of the codec in the box `esds` (ISO/IEC 14496-1 section 7.2.6.6).
fn object_type(stsd: &[u8]) -> Option<u8> {
    let at = stsd.windows(4).position(|window| window == b"esds")?;
    let mut rest = stsd.get(at + 8..)?;
    // A description of the stream (tag 3), 3 bytes or more, then that of the decoder (tag 4).
    for (tag, num_bytes) in [(3, 3), (4, 0)] {
        rest = rest.strip_prefix(&[tag])?;
        let size_bytes = rest.iter().take_while(|&&byte| byte & 0x80 != 0).count() + 1;
        rest = rest.get(size_bytes + num_bytes..)?;
    }
    rest.first().copied()
}
