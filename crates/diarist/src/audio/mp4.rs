//! Edit lists of MP4 files, which tell the part of a track's decoded audio that is the recording.
//!
//! Encoders of AAC put about 1000 to 2100 samples before the recording and name them in an edit
//! list (ISO/IEC 14496-12 section 8.6.6); a recording that starts after its video has an empty edit
//! first. Symphonia reads these boxes but does not apply them.

use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};

/// Longest silence before a recording that an edit list may ask for, in seconds.
const MAX_LEAD_S: f64 = 3_600.0;
/// Most boxes that are read in one file; no sane file comes near.
const MAX_BOXES: usize = 10_000;
/// Longest box that is read into memory, in bytes. The edit list of a track has a few entries.
const MAX_BOX_BYTES: u64 = 4_096;

/// The edit of one track, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Edit {
    pub(super) track_id: u32,
    /// Silence before the track.
    pub(super) lead_s: f64,
    /// Start of the recording in the decoded audio.
    pub(super) skip_s: f64,
    /// Length of the recording; `None` if the edit list leaves it open.
    pub(super) length_s: Option<f64>,
}

/// The fields of a track that have been read so far.
#[derive(Debug, Default)]
struct Partial {
    track_id: Option<u32>,
    timescale: Option<u32>,
    /// Entries of the edit list: length in the movie's time scale, start in the track's (-1:
    /// empty).
    entries: Vec<(u64, i64)>,
}

/// Reads the edits of tracks that consist of an offset and a length; none for a file that is not
/// MP4 or is damaged.
///
/// Leaves the position at the start.
///
/// # Errors
/// If the file cannot be read (a file that ends too early is no error here).
pub(super) fn edits(file: &mut (impl Read + Seek)) -> Result<Vec<Edit>> {
    let mut start = [0; 8];
    let is_mp4 = read_exact(file, &mut start)? && &start[4..] == b"ftyp";
    let mut walk = Walk::default();
    if is_mp4 {
        let end = file.seek(SeekFrom::End(0))?;
        walk.boxes(file, 0, end, 0)?;
    }
    file.seek(SeekFrom::Start(0))?;
    let Some(movie_timescale) = walk.movie_timescale.filter(|&scale| scale > 0) else { return Ok(Vec::new()) };
    Ok(walk.tracks.iter().filter_map(|track| track.edit(movie_timescale)).collect())
}

impl Partial {
    fn edit(&self, movie_timescale: u32) -> Option<Edit> {
        let timescale = self.timescale.filter(|&scale| scale > 0)?;
        let is_empty = |&&(_, start): &&(u64, i64)| start < 0;
        let lead: u64 =
            self.entries.iter().take_while(is_empty).map(|&(length, _)| length).fold(0, u64::saturating_add);
        let mut rest = self.entries.iter().skip_while(is_empty);
        let (&(length, start), None) = (rest.next()?, rest.next()) else { return None };
        let lead_s = lead as f64 / f64::from(movie_timescale);
        // The movie's time scale is coarse (often milliseconds), so one unit is added to keep all
        // of the recording.
        let length_s = (length > 0).then(|| (length + 1) as f64 / f64::from(movie_timescale));
        Some(Edit {
            track_id: self.track_id?,
            lead_s: if lead_s <= MAX_LEAD_S { lead_s } else { 0.0 },
            skip_s: start as f64 / f64::from(timescale),
            length_s,
        })
    }
}

#[derive(Debug, Default)]
struct Walk {
    movie_timescale: Option<u32>,
    tracks: Vec<Partial>,
    num_boxes: usize,
}

impl Walk {
    /// Visits the boxes from `start` to `end`.
    fn boxes(&mut self, file: &mut (impl Read + Seek), start: u64, end: u64, depth: usize) -> Result<()> {
        let mut position = start;
        while position.saturating_add(8) <= end && self.num_boxes < MAX_BOXES {
            self.num_boxes += 1;
            file.seek(SeekFrom::Start(position))?;
            let mut header = [0; 16];
            if !read_exact(file, &mut header[..8])? {
                return Ok(());
            }
            let (mut size, mut body) = (u64::from(u32_at(&header, 0)), position + 8);
            if size == 1 {
                if !read_exact(file, &mut header[8..])? {
                    return Ok(());
                }
                (size, body) = (u64_at(&header, 8), position + 16);
            }
            let next = if size == 0 { end } else { position.saturating_add(size).min(end) };
            if next < body {
                return Ok(());
            }
            match &header[4..8] {
                b"moov" | b"edts" | b"mdia" if depth < 4 => self.boxes(file, body, next, depth + 1)?,
                b"trak" if depth < 4 => {
                    self.tracks.push(Partial::default());
                    self.boxes(file, body, next, depth + 1)?;
                }
                kind @ (b"mvhd" | b"tkhd" | b"mdhd" | b"elst") if next - body <= MAX_BOX_BYTES => {
                    let kind = [kind[0], kind[1], kind[2], kind[3]];
                    let mut content = vec![0; (next - body) as usize];
                    if read_exact(file, &mut content)? {
                        self.leaf(&kind, &content);
                    }
                }
                _ => {}
            }
            position = next;
        }
        Ok(())
    }

    /// Takes the needed fields from a box without children; ignores a box that is too short.
    fn leaf(&mut self, kind: &[u8; 4], content: &[u8]) {
        let is_long = content.first() == Some(&1);
        // Version and flags, then two times of 4 or 8 bytes come before the field of these three
        // boxes.
        let field = if is_long { 20 } else { 12 };
        let value = content.get(field..field + 4).map(|_| u32_at(content, field));
        match (kind, self.tracks.last_mut()) {
            (b"mvhd", _) => self.movie_timescale = value,
            (b"tkhd", Some(track)) => track.track_id = value,
            (b"mdhd", Some(track)) => track.timescale = value,
            (b"elst", Some(track)) => {
                let entry_bytes = if is_long { 20 } else { 12 };
                let entries = content.get(8..).unwrap_or_default().chunks_exact(entry_bytes);
                track.entries = entries
                    .map(|entry| match is_long {
                        true => (u64_at(entry, 0), u64_at(entry, 8) as i64),
                        false => (u64::from(u32_at(entry, 0)), i64::from(u32_at(entry, 4) as i32)),
                    })
                    .collect();
            }
            _ => {}
        }
    }
}

/// Fills `buffer`; returns `false` if the file ends first.
fn read_exact(file: &mut impl Read, buffer: &mut [u8]) -> Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) << 32 | u64::from(u32_at(bytes, at + 4))
}
