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
    (0, b"#!SILK", "SILK"),
    (0, b".snd", "Sun audio (AU)"),
    (0, b".RMF", "RealMedia"),
    (0, b"FLV\x01", "Flash video (FLV)"),
    (0, b"MAC ", "Monkey's Audio (APE)"),
    (0, b"wvpk", "WavPack"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"DSD ", "DSD audio (DSF)"),
    (0, b"TTA1", "TTA"),
    (8, b"AVI ", "AVI video"),
    (0, b"\x00\x00\x01\xba", "an MPEG programme stream"),
];

/// Recognises a file that diarist does not read; leaves the position at the start.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn not_audio(file: &mut (impl Read + Seek)) -> Result<Option<Refusal>> {
    let mut start = Vec::with_capacity(512);
    file.by_ref().take(512).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(judge(&start))
}

fn judge(start: &[u8]) -> Option<Refusal> {
    let signature =
        SIGNATURES.iter().find(|(at, magic, _)| start.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    if let Some((_, _, what)) = signature {
        return Some(Refusal { what, is_certain: true });
    }
    // The excerpt of a text may end within a character.
    let is_utf8 = std::str::from_utf8(start).map_or_else(|error| error.valid_up_to() + 4 > start.len(), |_| true);
    let is_printable = start.iter().all(|&byte| byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c));
    // Text is only a guess: some containers begin with letters.
    (is_utf8 && is_printable).then_some(Refusal { what: "a text file", is_certain: false })
}

/// Readable name of a codec; `None` for one without a name in this list.
pub(super) fn codec_name(codec: AudioCodecId) -> Option<&'static str> {
    Some(match codec {
        well_known::CODEC_ID_AAC => "AAC with more than two channels or in an unusual profile (HE-AAC, xHE-AAC)",
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
