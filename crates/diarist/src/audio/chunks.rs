//! Finds the format and the samples in WAV, RF64, BW64, Wave64 and AIFF files, whose chunks often
//! have wrong sizes.

use std::io::{Result, SeekFrom};

use symphonia::core::io::MediaSource;

use super::more::{self, More};
use super::walker::{Form, Head, MAX_CHUNKS, Size, Walker, array, is_name};

/// Longest description of a format, in bytes.
const MAX_FORMAT_BYTES: u64 = 4_096;
/// A file's own words about its samples.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunks {
    /// Content of the chunk that describes the format; empty if there is none.
    pub(super) format: Vec<u8>,
    /// Position of the samples; `None` if there are none. The file is at this position.
    pub(super) start: Option<u64>,
    /// Bytes of samples to read; `None` for all up to the end.
    pub(super) num_bytes: Option<u64>,
    /// Bytes of samples that the file promises, if it states a length.
    pub(super) promised: Option<u64>,
    /// Positions and lengths of more samples, and what follows all of them.
    pub(super) more: More,
}

/// Reads the chunks of `file`, which is at its start. A file that can only be read from start to
/// end must have its format before the samples.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn find<F: MediaSource>(file: &mut F, form: Form) -> Result<Chunks> {
    let end = if file.is_seekable() { Some(file.seek(SeekFrom::End(0))?) } else { None };
    if end.is_some() {
        file.seek(SeekFrom::Start(0))?;
    }
    let mut walker = Walker { file, form, position: 0, end };
    let mut head = [0; 40];
    walker.fill(&mut head[..form.head_bytes() as usize])?;
    let (format_name, samples_name) = form.names();
    let (mut found, mut samples, mut wide_size) = (Chunks::default(), None, None);
    let (mut previous, mut has_searched) = (form.head_bytes(), false);
    for _ in 0..MAX_CHUNKS {
        let Some(Head { name, size }) = walker.head()? else { break };
        let content = walker.position;
        let next = content.saturating_add(size).saturating_add(form.padding(size));
        if &name == samples_name {
            let _ = samples.get_or_insert((content, size));
            if !found.format.is_empty() || end.is_none() {
                break;
            }
        } else if &name == format_name || (form == Form::Wave && &name == b"ds64") {
            let mut bytes = vec![0; size.min(MAX_FORMAT_BYTES) as usize];
            if !walker.fill(&mut bytes)? {
                break;
            }
            if &name == format_name {
                found.format = bytes;
            } else if bytes.len() >= 16 {
                wide_size = Some(u64::from_le_bytes(array(&bytes[8..])));
            }
        }
        let is_lost = !is_name(&name) || end.is_some_and(|end| next > end.saturating_add(1));
        if is_lost && samples.is_none() {
            let position = if has_searched { None } else { walker.search(previous)? };
            has_searched = true;
            match position {
                Some(position) => walker.go_to(position)?,
                None => break,
            }
        } else {
            previous = content;
            walker.go_to(next)?;
        }
    }
    let Some((mut start, mut size)) = samples else { return Ok(found) };
    walker.go_to(start)?;
    if let Form::Aiff { .. } = form {
        // The samples follow an offset and the size of blocks.
        let mut bytes = [0; 8];
        walker.fill(&mut bytes)?;
        let skipped = 8 + u64::from(u32::from_be_bytes(array(&bytes)));
        (start, size) = (start + skipped, size.saturating_sub(skipped));
        walker.go_to(start)?;
    }
    let stated = match (form, wide_size) {
        (Form::Wave, Some(wide)) if size == u64::from(u32::MAX) => Size { bytes: wide, is_wide: true },
        (form, _) => Size { bytes: size, is_wide: form == Form::Wave64 },
    };
    let is_empty = size == 0 && walker.is_at_chunk()?;
    found.start = Some(start);
    let available = end.map(|end| end.saturating_sub(start));
    (found.num_bytes, found.promised) = if is_empty { (Some(0), Some(0)) } else { stated.resolve(available) };
    if let (Form::Wave, Some(_), Some(num_bytes)) = (form, end, &mut found.num_bytes) {
        let riff_bytes = u64::from(u32::from_le_bytes(array(&head[4..]))) + 8;
        found.more = more::find(&mut walker, &found.format, riff_bytes, start + *num_bytes, num_bytes)?;
        if !found.more.places.is_empty() {
            found.promised = Some(*num_bytes + found.more.places.iter().map(|(_, length)| length).sum::<u64>());
        }
        walker.go_to(start)?;
    }
    Ok(found)
}
