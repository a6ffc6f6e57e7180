//! More samples behind the first ones of a WAV file: further chunks of them, files that were joined
//! byte by byte, and chunks that are longer than their size says.

use std::collections::VecDeque;
use std::io::Result;

use symphonia::core::io::MediaSource;

use super::walker::{Head, MAX_CHUNKS, Size, Walker, is_name};

/// Samples after the first chunk of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct More {
    /// Positions and lengths in bytes.
    pub(super) places: VecDeque<(u64, u64)>,
    /// Whether they go on where the first ones end, without a header between.
    pub(super) is_seamless: bool,
    /// A remark about what is not sure to be sound.
    pub(super) note: Option<String>,
}

/// Fields of a `fmt ` chunk.
struct Format<'a>(&'a [u8]);

impl Format<'_> {
    fn byte_rate(&self) -> u64 {
        self.0.get(8..12).map_or(0, |field| u64::from(u32::from_le_bytes([field[0], field[1], field[2], field[3]])))
    }

    /// Bytes of the whole blocks within `num_bytes`.
    fn whole(&self, num_bytes: u64) -> u64 {
        let block = self.0.get(12..14).map_or(0, |field| u64::from(u16::from_le_bytes([field[0], field[1]])));
        num_bytes - num_bytes % block.max(1)
    }
}

/// Looks for samples from `start` on, where the first ones end; `num_bytes` are those of the first
/// ones, which become whole blocks if others follow.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn find<F: MediaSource>(
    walker: &mut Walker<'_, F>,
    format: &[u8],
    riff_bytes: u64,
    start: u64,
    num_bytes: &mut u64,
) -> Result<More> {
    let (mut more, format, mut position) = (More::default(), Format(format), start);
    let Some(end) = walker.end else { return Ok(more) };
    let mut what = "they are no part of it";
    for _ in 0..MAX_CHUNKS {
        walker.go_to(position)?;
        let Some(Head { name, size }) = walker.head()? else {
            // The last bytes are too few for a chunk.
            position = end;
            break;
        };
        let content = walker.position;
        let next = content.saturating_add(size);
        match &name {
            b"RIFF" | b"RF64" | b"BW64" => {
                let mut kind = [0; 4];
                if !walker.fill(&mut kind)? || &kind != b"WAVE" {
                    break;
                }
                position = walker.position;
            }
            b"data" => {
                let is_empty = size == 0 && walker.is_at_chunk()?;
                let (length, _) = Size { bytes: size, is_wide: false }.resolve(Some(end.saturating_sub(content)));
                let length = length.filter(|_| !is_empty).unwrap_or(0);
                if format.whole(length) > 0 {
                    more.places.push_back((content, format.whole(length)));
                }
                position = content + length;
            }
            b"fmt " => {
                let mut fields = [0; 16];
                if !walker.fill(&mut fields)? || !format.0.starts_with(&fields) {
                    what = "they are a WAV file of another format";
                    break;
                }
                position = next;
            }
            name if is_name(name) && next <= end.saturating_add(1) => position = next,
            _ => break,
        }
        position = position.min(end);
    }
    let rest = end.saturating_sub(position);
    // The file counts these bytes as its own, and no chunk begins with them.
    let is_counted = position == start && (end..=end + 1).contains(&riff_bytes);
    let is_long = rest >= (format.byte_rate() / 2).max(1);
    if is_counted && rest > 0 {
        more.places.push_back((start, rest));
        more.is_seamless = true;
    }
    if !more.places.is_empty() && !more.is_seamless {
        *num_bytes = format.whole(*num_bytes);
    }
    if is_long && more.is_seamless {
        more.note = Some(format!("{rest} bytes after the end that the header states were taken as sound"));
    } else if is_long && !is_tag(walker, position)? {
        more.note = Some(format!("{rest} bytes after the audio were not read, as {what}"));
    }
    Ok(more)
}

/// Whether a tag with texts and pictures begins at a position.
fn is_tag<F: MediaSource>(walker: &mut Walker<'_, F>, position: u64) -> Result<bool> {
    let mut start = [0; 8];
    walker.go_to(position)?;
    Ok(walker.fill(&mut start)? && [&b"ID3"[..], b"TAG", b"APETAGEX"].iter().any(|tag| start.starts_with(tag)))
}
