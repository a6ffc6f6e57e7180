//! WAV and AIFF files with a header of our own, whose sizes are right, in place of theirs.

use std::collections::VecDeque;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

use super::chunks::{self, Chunks};
use super::codecs::CONVERT;
use super::walker::{Form, array};
use crate::error::{Error, Result};

/// The samples of a file behind a new header, to be read from start to end.
pub(super) struct Samples<F> {
    header: Cursor<Vec<u8>>,
    file: F,
    /// Bytes of samples that are left here, and the positions and lengths of more.
    left: u64,
    more: VecDeque<(u64, u64)>,
}

/// A file that was opened.
pub(super) struct Opened<F> {
    pub(super) source: Samples<F>,
    /// Whether the length in the new header has no meaning.
    pub(super) has_other_length: bool,
    /// Frames that the file promises in that case, if it does.
    pub(super) num_frames: Option<u64>,
    /// A remark about the bytes of the file.
    pub(super) note: Option<String>,
}

/// Opens the WAV or AIFF file `file`, which is at its start.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if the file cannot be read, has no samples, or its samples have an
/// encoding that is not decoded.
pub(super) fn open<F: MediaSource>(mut file: F, form: Form) -> Result<Opened<F>> {
    let found = chunks::find(&mut file, form).map_err(|error| Error::input("cannot be read").caused_by(error))?;
    if found.start.is_none() || found.format.is_empty() {
        let missing = if found.start.is_none() { "samples" } else { "description of its samples" };
        return Err(Error::input(format!("the file has no {missing}: it is cut off or damaged"))
            .hint("export the recording again from its source"));
    }
    let (header, frame_bytes) = match form {
        Form::Aiff { is_compressed } => aiff_header(&found, is_compressed)?,
        Form::Wave | Form::Wave64 => wav_header(&found)?,
    };
    let num_frames = found.promised.zip(frame_bytes).map(|(bytes, frame)| bytes / frame);
    let left = found.num_bytes.unwrap_or(u64::MAX);
    Ok(Opened {
        has_other_length: stated(&found) == u32::MAX,
        source: Samples { header: Cursor::new(header), file, left, more: found.more.places },
        num_frames,
        note: found.more.note,
    })
}

/// The size in the new header; the largest stands for "until the end".
fn stated(found: &Chunks) -> u32 {
    found.promised.and_then(|bytes| u32::try_from(bytes).ok()).filter(|&bytes| bytes < 0xffff_ff00).unwrap_or(u32::MAX)
}

/// A WAV header for the samples, and the bytes of a frame if each has the same number. MPEG audio
/// needs no header.
fn wav_header(found: &Chunks) -> Result<(Vec<u8>, Option<u64>)> {
    let mut format = found.format.clone();
    format.resize(format.len().max(16), 0);
    let field = |at: usize| u16::from_le_bytes([format[at], format[at + 1]]);
    let (mut tag, num_channels, block, mut bits) = (field(0), field(2), field(12), field(14));
    if tag == 0xfffe && format.len() >= 40 {
        // The format is the first field of a GUID (RFC 2361).
        tag = field(24);
    }
    // 12 or 20 bits are stored in whole bytes, at their upper end.
    if tag == 1
        && num_channels > 0
        && block > 0
        && block % num_channels == 0
        && (1..=4).contains(&(block / num_channels))
    {
        bits = block / num_channels * 8;
    }
    let fields = |tag: u16, block: u16, bits: u16, extra: &[u8]| {
        let mut fields = tag.to_le_bytes().to_vec();
        fields.extend(&format[2..12]);
        fields.extend(block.to_le_bytes());
        fields.extend(bits.to_le_bytes());
        fields.extend(extra);
        fields
    };
    let format = match tag {
        1 | 3 => fields(tag, block, bits, &[]),
        6 | 7 => fields(tag, num_channels, 8, &[0, 0]),
        2 => found.format.clone(),
        0x11 => fields(tag, block, bits, &[2, 0, 0, 0]),
        0x50 | 0x55 => return Ok((Vec::new(), None)),
        _ => return Err(not_decoded(wave_codec(tag).map_or_else(|| format!("WAV format {tag:#06x}"), str::to_owned))),
    };
    let size = stated(found);
    let mut header = b"RIFF".to_vec();
    header.extend(size.saturating_add(4 + 8 + format.len() as u32 + 8).to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend((format.len() as u32).to_le_bytes());
    header.extend(format);
    header.extend(b"data");
    header.extend(size.to_le_bytes());
    let frame_bytes = u64::from(num_channels) * u64::from(bits / 8);
    Ok((header, Some(frame_bytes).filter(|&bytes| bytes > 0 && matches!(tag, 1 | 3))))
}

/// As [`wav_header`] for AIFF.
fn aiff_header(found: &Chunks, is_compressed: bool) -> Result<(Vec<u8>, Option<u64>)> {
    let format = &found.format;
    if format.len() < 18 || (is_compressed && format.len() < 22) {
        return Err(Error::input("the description of its samples is cut off").hint(CONVERT));
    }
    let kind: [u8; 4] = if is_compressed { array(&format[18..]) } else { *b"NONE" };
    let bits = match &kind.to_ascii_lowercase()[..] {
        b"none" | b"twos" | b"sowt" | b"raw " => u64::from(u16::from_be_bytes([format[6], format[7]])),
        b"in24" => 24,
        b"in32" | b"23ni" | b"fl32" => 32,
        b"fl64" => 64,
        b"ulaw" | b"alaw" => 8,
        b"ima4" => return Err(not_decoded("IMA ADPCM in AIFF-C".to_owned())),
        _ => return Err(not_decoded(format!("AIFF-C type {:?}", String::from_utf8_lossy(&kind)))),
    };
    let frame_bytes = u64::from(u16::from_be_bytes([format[0], format[1]])) * bits.div_ceil(8);
    // No size stands for "until the end".
    let size = stated(found).min(0xffff_f000) + 8;
    // The name of the compression may be cut off, and is not needed.
    let format = if is_compressed { [&format[..22], &[0, 0]].concat() } else { format[..18].to_vec() };
    let mut header = b"FORM".to_vec();
    header.extend(size.saturating_add(4 + 8 + format.len() as u32 + 8).to_be_bytes());
    header.extend(if is_compressed { b"AIFC" } else { b"AIFF" });
    header.extend(b"COMM");
    header.extend((format.len() as u32).to_be_bytes());
    header.extend(format);
    header.extend(b"SSND");
    header.extend(size.to_be_bytes());
    header.extend([0; 8]);
    Ok((header, Some(frame_bytes).filter(|&bytes| bytes > 0)))
}

fn not_decoded(codec: String) -> Error {
    Error::input(format!("its audio is coded as {codec}, which diarist cannot decode")).hint(CONVERT)
}

/// Readable name of a codec in WAV files that is not decoded (RFC 2361).
fn wave_codec(tag: u16) -> Option<&'static str> {
    Some(match tag {
        0x0010 => "OKI ADPCM",
        0x0014 | 0x0040 | 0x0045 | 0x0064 | 0x0085 => "G.726 ADPCM",
        0x0020 => "Yamaha ADPCM",
        0x0022 => "TrueSpeech",
        0x0031 | 0x0032 | 0x1500 => "GSM 06.10",
        0x0042 | 0x0111 => "G.723.1",
        0x0065 | 0x028f => "G.722",
        0x0083 | 0x0133 => "G.729",
        0x0092 | 0x2000 => "Dolby Digital (AC-3)",
        0x00ff | 0x1600..=0x1610 | 0xa106 => "AAC",
        0x0160..=0x0163 => "Windows Media Audio",
        0x0270 => "ATRAC3",
        0x2001 => "DTS",
        0x674f..=0x6771 => "Vorbis",
        0x704f => "Opus",
        0xa109 => "Speex",
        0xf1ac => "FLAC",
        _ => return None,
    })
}

impl<F: MediaSource> Read for Samples<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.header.read(buffer)?;
        if count > 0 || buffer.is_empty() {
            return Ok(count);
        }
        while self.left == 0 {
            let Some((position, length)) = self.more.pop_front() else { break };
            self.file.seek(SeekFrom::Start(position))?;
            self.left = length;
        }
        let wanted = self.left.min(buffer.len() as u64) as usize;
        let count = self.file.read(&mut buffer[..wanted])?;
        self.left -= count as u64;
        Ok(count)
    }
}

impl<F: MediaSource> Seek for Samples<F> {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl<F: MediaSource> MediaSource for Samples<F> {
    fn is_seekable(&self) -> bool {
        false
    }

    fn byte_len(&self) -> Option<u64> {
        None
    }
}
