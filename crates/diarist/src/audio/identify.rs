//! Names of file formats that diarist does not read, and of audio codecs. They serve messages only.

use std::io::{Read, Result, Seek, SeekFrom};

use symphonia::core::codecs::audio::{AudioCodecId, well_known};

/// The reason to refuse a file that does not look like audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Description of the file, with its article.
    pub(super) what: &'static str,
    /// Whether no audio file can begin like this.
    pub(super) is_certain: bool,
    /// Bytes that agree with the format.
    pub(super) num_bytes: usize,
}

/// Signatures of file formats that diarist does not read (W3C/WHATWG "MIME Sniffing" section 6; the
/// formats' own documents).
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
    (0, b"\xff\xd8\xff", "a picture (JPEG)"),
    (0, b"GIF8", "a picture (GIF)"),
    (8, b"WEBPVP8", "a picture (WebP)"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"\x7fELF", "a program"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media (WMA, WMV, ASF)"),
    (0, b"#!AMR", "AMR"),
    (0, b"#!EVRC", "EVRC"),
    (0, b"#!iLBC", "iLBC"),
    (0, b"#!SILK", "SILK"),
    (0, b".snd", "Sun audio (AU)"),
    (0, b".RMF", "RealMedia"),
    (0, b".ra\xfd", "RealAudio"),
    (0, b"FLV\x01", "Flash video (FLV)"),
    (0, b"MAC ", "Monkey's Audio (APE)"),
    (0, b"wvpk", "WavPack"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"DSD ", "DSD audio (DSF)"),
    (0, b"TTA1", "TTA"),
    (8, b"AVI ", "AVI video"),
    (0, b"\x00\x00\x01\xba", "an MPEG programme stream"),
    (0, b"\x00\x00\x01\xb3", "MPEG video without sound"),
    (0, b"\x0b\x77", "Dolby Digital (AC-3)"),
    (0, b"\x77\x0b", "Dolby Digital (AC-3)"),
    (0, b"\x7f\xfe\x80\x01", "DTS"),
    (0, b"\xfe\x7f\x01\x80", "DTS"),
    (0, b"\x1f\xff\xe8\x00", "DTS"),
    (0, b"\xff\x1f\x00\xe8", "DTS"),
    (4, b"\xf8\x72\x6f\xba", "Dolby TrueHD"),
    (0, b"MThd", "MIDI, which holds notes"),
    (0, b"RIFX", "WAV in big-endian order (RIFX)"),
    (0, b"FRM8", "DSD audio (DSDIFF)"),
    (0, b"Creative Voice File", "Creative Voice (VOC)"),
    (0, b"NIST_1A", "NIST SPHERE"),
    (0, b"ajkg", "Shorten"),
    (0, b"OFR ", "OptimFROG"),
    (0, b"ADIF", "AAC in the container ADIF"),
    (8, b"QLCM", "QCP"),
    (8, b"8SVX", "8SVX"),
    (0, b"nut/multimedia container", "NUT"),
    (0, b"FWS", "Flash (SWF)"),
    (0, b"CWS", "Flash (SWF)"),
    (0, b"\x06\x0e\x2b\x34", "MXF"),
    (0, b"#EXTM3U", "a playlist"),
    (0, b"SQLite format 3", "a database"),
    (28, b"Speex   ", "Speex"),
];

/// Bytes at the start of a file that are looked at.
pub(super) const START_BYTES: usize = 2_048;

/// Recognises a file that diarist does not read by its first bytes.
pub(super) fn judge(start: &[u8]) -> Option<Refusal> {
    let start = &start[..start.len().min(START_BYTES)];
    let signature =
        SIGNATURES.iter().find(|(at, magic, _)| start.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    if let Some((_, magic, what)) = signature {
        return Some(Refusal { what, is_certain: true, num_bytes: magic.len() });
    }
    if is_transport_stream(start) {
        return Some(Refusal { what: "an MPEG transport stream (TS)", is_certain: true, num_bytes: start.len() });
    }
    if is_loas(start) {
        return Some(Refusal { what: "AAC in the transport LOAS/LATM", is_certain: true, num_bytes: start.len() });
    }
    // The excerpt of a text may end within a character.
    let is_utf8 = std::str::from_utf8(start).map_or_else(|error| error.valid_up_to() + 4 > start.len(), |_| true);
    let is_printable = start.iter().all(|&byte| byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c));
    // Text is only a guess: some containers begin with letters.
    (is_utf8 && is_printable).then_some(Refusal { what: "a text file", is_certain: false, num_bytes: 0 })
}

/// Whether packets of 188 bytes follow each other, each with a time before it (M2TS) or a checksum
/// after it, or neither (ISO/IEC 13818-1 section 2.4.3). The first may be incomplete.
fn is_transport_stream(start: &[u8]) -> bool {
    const SYNC: u8 = 0x47;
    [188, 192, 204].into_iter().any(|length| {
        (0..length).any(|first| {
            let mut packets = start.iter().skip(first).step_by(length);
            start.len() > first + 4 * length && packets.all(|&byte| byte == SYNC)
        })
    })
}

/// Whether frames with the sync word of LOAS (ISO/IEC 14496-3 section 1.7.2) follow each other.
fn is_loas(start: &[u8]) -> bool {
    let length = |at: usize| {
        let header = start.get(at..at + 3)?;
        let word = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        (word >> 13 == 0x2b7).then_some((word & 0x1fff) as usize + 3)
    };
    length(0).and_then(length).is_some()
}

/// Whether an Ogg file has streams of pictures beside its sound; leaves the position at the start.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn is_ogg_video(file: &mut (impl Read + Seek)) -> Result<bool> {
    let mut start = Vec::new();
    file.by_ref().take(START_BYTES as u64).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    let has = |mark: &[u8]| start.windows(mark.len()).any(|window| window == mark);
    Ok(start.starts_with(b"OggS") && (has(b"\x80theora") || has(b"OVP80") || has(b"BBCD")))
}

/// Whether the start of an Ogg file has the header of a codec of sound.
pub(super) fn has_ogg_sound(start: &[u8]) -> bool {
    let marks: [&[u8]; 4] = [b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex   "];
    marks.iter().any(|mark| start.windows(mark.len()).any(|window| window == *mark))
}

/// Readable name of a codec; `None` for one without a name in this list.
pub(super) fn codec_name(codec: AudioCodecId) -> Option<&'static str> {
    Some(match codec {
        well_known::CODEC_ID_AAC => "AAC with an invalid header",
        well_known::CODEC_ID_OPUS => "Opus with an invalid header",
        well_known::CODEC_ID_VORBIS => "Vorbis with an invalid header",
        well_known::CODEC_ID_FLAC => "FLAC with an invalid header",
        well_known::CODEC_ID_ALAC => "ALAC with an invalid header",
        well_known::CODEC_ID_AC3 => "Dolby Digital (AC-3)",
        well_known::CODEC_ID_EAC3 => "Dolby Digital Plus (E-AC-3)",
        well_known::CODEC_ID_AC4 => "Dolby AC-4",
        well_known::CODEC_ID_TRUEHD => "Dolby TrueHD",
        well_known::CODEC_ID_DCA => "DTS",
        well_known::CODEC_ID_SPEEX => "Speex",
        well_known::CODEC_ID_WMA => "Windows Media Audio",
        well_known::CODEC_ID_WAVPACK => "WavPack",
        well_known::CODEC_ID_MONKEYS_AUDIO => "Monkey's Audio",
        well_known::CODEC_ID_MUSEPACK => "Musepack",
        well_known::CODEC_ID_TTA => "TTA",
        _ => return None,
    })
}
