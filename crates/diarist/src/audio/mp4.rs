//! Boxes of MP4 and QuickTime files (ISO/IEC 14496-12) that Symphonia reads but does not apply.
//!
//! Edit lists (section 8.6.6) tell the part of a track's decoded audio that is the recording.
//! Encoders of AAC put about 1000 to 2100 samples before it; a recording that starts after its
//! video has an empty edit first; editors cut without encoding again. Fragments state their time
//! ([`super::fragments`]), and tracks say whether players show them.

use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};

use super::bytes::{u32_at, u64_at};
use super::entries;
use super::fragments::{Fragments, Shift};
use super::timeline::{MAX_SILENCE_S, Part, length_s};

/// Most boxes that are read in one file: those of fragments of one second for a day.
const MAX_BOXES: usize = 1_000_000;
/// Longest box that is read into memory, in bytes.
const MAX_BOX_BYTES: u64 = 1 << 20;
/// Boxes at the start of files from before the box `ftyp`.
const OLD_STARTS: [&[u8; 4]; 6] = [b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];

/// Facts about a file from its boxes; empty for a file that is not MP4 or is damaged.
#[derive(Debug, Default)]
pub(super) struct Movie {
    /// Whether it is a QuickTime file without the box `ftyp`.
    pub(super) is_old: bool,
    /// Whether the index of its samples, the box `moov`, is missing or cut off.
    pub(super) lacks_index: bool,
    /// Most samples that one run of a fragment promises.
    pub(super) longest_run: u32,
    pub(super) tracks: Vec<TrackBoxes>,
}

/// Facts about one track from its boxes.
#[derive(Debug, Default)]
pub(super) struct TrackBoxes {
    pub(super) id: u32,
    pub(super) is_sound: bool,
    /// The reason why its sound cannot be read, if the format tells.
    pub(super) refusal: Option<String>,
    /// Whether players leave the track out.
    pub(super) is_disabled: bool,
    /// The edit list; empty if there is none.
    pub(super) parts: Vec<Part>,
    /// Whether the edit list asks for more silence than can be right, and it was left out.
    pub(super) has_wrong_silence: bool,
    /// Whether the samples lie in fragments, so that the header does not know the length.
    pub(super) is_fragmented: bool,
    /// Length of the samples outside of fragments, in the track's time scale.
    pub(super) num_ticks: u64,
    /// End of the last fragment in seconds.
    pub(super) end_s: Option<f64>,
    /// Whether samples whose byte order the format does not tell are big-endian.
    pub(super) is_big_endian: bool,
    /// Where the times of fragments differ from those that Symphonia counts.
    pub(super) shifts: Vec<Shift>,
}

/// The fields of a track that have been read so far.
#[derive(Debug, Default)]
struct Partial {
    track_id: Option<u32>,
    is_sound: bool,
    refusal: Option<String>,
    is_disabled: bool,
    is_big_endian: bool,
    timescale: Option<u32>,
    /// Entries of the edit list: length in the movie's time scale, start in the track's (-1:
    /// empty).
    entries: Vec<(u64, i64)>,
    /// Length of the samples outside of fragments, in the track's time scale.
    num_ticks: u64,
}

/// Reads the boxes; leaves the position at the start.
///
/// # Errors
/// If the file cannot be read (a file that ends too early is no error here).
pub(super) fn movie(file: &mut (impl Read + Seek)) -> Result<Movie> {
    let mut start = [0; 8];
    let is_whole = read_exact(file, &mut start)?;
    let is_old = is_whole && OLD_STARTS.iter().any(|kind| start[4..] == kind[..]);
    let mut walk = Walk::default();
    let is_movie = is_whole && (is_old || &start[4..] == b"ftyp");
    if is_movie {
        let end = file.seek(SeekFrom::End(0))?;
        walk.boxes(file, 0, end, 0)?;
    }
    file.seek(SeekFrom::Start(0))?;
    let Walk { movie_timescale, tracks, fragments, is_fragmented, has_index, .. } = walk;
    let lacks_index = is_movie && !has_index;
    let Some(movie_timescale) = movie_timescale.filter(|&scale| scale > 0) else {
        return Ok(Movie { lacks_index, ..Movie::default() });
    };
    let tracks = tracks.iter().filter_map(|track| track.finish(movie_timescale, is_fragmented, &fragments)).collect();
    Ok(Movie { is_old, lacks_index, longest_run: fragments.longest_run, tracks })
}

impl Movie {
    pub(super) fn track(&self, id: u32) -> Option<&TrackBoxes> {
        self.tracks.iter().find(|track| track.id == id)
    }

    /// The reason why none of the sound can be read, if the formats of all tracks tell.
    pub(super) fn refusal(&self) -> Option<&str> {
        let mut sounds = self.tracks.iter().filter(|track| track.is_sound);
        let first = sounds.next()?.refusal.as_deref()?;
        sounds.all(|track| track.refusal.is_some()).then_some(first)
    }
}

impl TrackBoxes {
    /// Ticks to add to a time that Symphonia counts.
    pub(super) fn shift(&self, ticks: i64) -> i64 {
        let index = self.shifts.partition_point(|shift| shift.from <= ticks);
        index.checked_sub(1).map_or(0, |index| self.shifts[index].by)
    }
}

impl Partial {
    fn finish(&self, movie_timescale: u32, is_fragmented: bool, fragments: &Fragments) -> Option<TrackBoxes> {
        let timescale = f64::from(self.timescale.filter(|&scale| scale > 0)?);
        let id = self.track_id?;
        let mut parts: Vec<Part> = Vec::new();
        for &(length, start) in &self.entries {
            let length_s = length as f64 / f64::from(movie_timescale);
            let start_s = start.max(0) as f64 / timescale;
            parts.push(match start {
                // Apart from -1, starts below 0 are not defined; some programs write small ones.
                -1 => Part::Silence(length_s),
                _ => Part::Media { start_s, end_s: (length > 0).then_some(start_s + length_s) },
            });
        }
        while matches!(parts.last(), Some(Part::Silence(_))) {
            parts.pop();
        }
        if let Some(Part::Media { end_s, .. }) = parts.last_mut() {
            // The length of a fragmented track was not known when its edit list was written. The
            // movie's time scale is coarse (often milliseconds), so one unit is added to keep all
            // of the recording.
            let unit_s = 1.0 / f64::from(movie_timescale);
            let track_s = Some(self.num_ticks as f64 / timescale).filter(|&track_s| track_s > 0.0);
            *end_s = match is_fragmented {
                true => None,
                false => end_s.map(|end_s| end_s + unit_s).into_iter().chain(track_s).reduce(f64::min),
            };
        }
        let silence_s = length_s(parts.iter().filter(|part| matches!(part, Part::Silence(_)))).unwrap_or(0.0);
        let has_wrong_silence = silence_s > MAX_SILENCE_S;
        if has_wrong_silence {
            parts.retain(|part| !matches!(part, Part::Silence(_)));
        }
        let (shifts, end) = fragments.of_track(id, self.num_ticks);
        Some(TrackBoxes {
            id,
            is_sound: self.is_sound,
            refusal: self.refusal.clone(),
            is_disabled: self.is_disabled,
            is_big_endian: self.is_big_endian,
            parts,
            has_wrong_silence,
            is_fragmented,
            num_ticks: self.num_ticks,
            end_s: end.map(|end| end as f64 / timescale),
            shifts,
        })
    }
}

#[derive(Debug, Default)]
struct Walk {
    movie_timescale: Option<u32>,
    tracks: Vec<Partial>,
    fragments: Fragments,
    is_fragmented: bool,
    has_index: bool,
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
            self.has_index |= &header[4..8] == b"moov" && (size == 0 || position.saturating_add(size) <= end);
            match &header[4..8] {
                b"moov" | b"edts" | b"mdia" | b"minf" | b"stbl" | b"moof" | b"traf" if depth < 5 => {
                    self.boxes(file, body, next, depth + 1)?;
                }
                b"mvex" if depth < 5 => {
                    self.is_fragmented = true;
                    self.boxes(file, body, next, depth + 1)?;
                }
                b"trak" if depth < 5 => {
                    self.tracks.push(Partial::default());
                    self.boxes(file, body, next, depth + 1)?;
                }
                kind @ (b"hdlr" | b"mvhd" | b"tkhd" | b"mdhd" | b"elst" | b"stts" | b"stsd" | b"trex" | b"tfhd"
                | b"tfdt" | b"trun")
                    if next - body <= MAX_BOX_BYTES =>
                {
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
            (b"tkhd", Some(track)) => {
                track.track_id = value;
                track.is_disabled = content.get(3).is_some_and(|flags| flags & 1 == 0);
            }
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
            (b"stts", Some(track)) => {
                let entries = content.get(8..).unwrap_or_default().chunks_exact(8);
                track.num_ticks = entries
                    .map(|entry| u64::from(u32_at(entry, 0)) * u64::from(u32_at(entry, 4)))
                    .fold(0, u64::saturating_add);
            }
            (b"hdlr", Some(track)) => track.is_sound |= content.get(8..12) == Some(b"soun"),
            (b"stsd", Some(track)) => {
                track.refusal = entries::refusal(content);
                // The box `enda` says that the order is the other one (QuickTime File Format
                // Specification, "Sound Sample Description Extensions").
                let is_little = content.windows(6).any(|window| window == b"enda\0\x01");
                let kinds: [&[u8]; 4] = [b"in24", b"in32", b"fl32", b"fl64"];
                track.is_big_endian = content.get(12..16).is_some_and(|kind| kinds.contains(&kind)) && !is_little;
            }
            _ => self.fragments.leaf(kind, content),
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
