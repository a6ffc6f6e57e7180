//! Times of the fragments of an MP4 file (ISO/IEC 14496-12 section 8.8).
//!
//! Symphonia adds up the durations of all samples. A fragment states its own time, which is later
//! than the sum where a recorder paused or packets were lost.

use super::bytes::{u32_at, u64_at};

/// Most changes that are kept for one file.
const MAX_SHIFTS: usize = 100_000;

/// A difference between a fragment's time and the sum of the durations before it, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shift {
    /// The sum from which on it counts.
    pub(super) from: i64,
    pub(super) by: i64,
}

/// The fragments of all tracks that have been read so far.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    tracks: Vec<FragmentedTrack>,
    /// Index of the track whose fragment is being read, and the duration of samples without one.
    current: Option<(usize, u32)>,
    num_shifts: usize,
    /// Most samples that one run of a fragment promises.
    pub(super) longest_run: u32,
}

#[derive(Debug, Default)]
struct FragmentedTrack {
    id: u32,
    default_duration: u32,
    /// Sum of durations, without the samples outside of fragments.
    sum: u64,
    /// Sums, and the times stated there.
    stated: Vec<(u64, u64)>,
}

impl Fragments {
    /// The changes of a track's time and its end in ticks; `before` is the length of the samples
    /// outside of fragments.
    pub(super) fn of_track(&self, id: u32, before: u64) -> (Vec<Shift>, Option<u64>) {
        let Some(track) = self.tracks.iter().find(|track| track.id == id) else { return (Vec::new(), None) };
        let shifts: Vec<Shift> = track
            .stated
            .iter()
            .map(|&(sum, time)| {
                let from = sum.saturating_add(before).min(i64::MAX as u64) as i64;
                Shift { from, by: (time.min(i64::MAX as u64) as i64).saturating_sub(from) }
            })
            .collect();
        let end = before.saturating_add(track.sum).saturating_add_signed(shifts.last().map_or(0, |shift| shift.by));
        (shifts, (track.sum > 0).then_some(end))
    }

    /// Takes the needed fields from a box of a fragment; ignores a box that is too short.
    pub(super) fn leaf(&mut self, kind: &[u8; 4], content: &[u8]) {
        let word = |index: usize| content.get(4 * index..4 * index + 4).map(|_| u32_at(content, 4 * index));
        let Some(flags) = word(0).map(|word| word & 0xff_ffff) else { return };
        match (kind, self.current) {
            (b"trex", _) => {
                if let (Some(id), Some(default_duration)) = (word(1), word(3)) {
                    self.tracks.push(FragmentedTrack { id, default_duration, ..FragmentedTrack::default() });
                }
            }
            (b"tfhd", _) => {
                let index = self.tracks.iter().position(|track| Some(track.id) == word(1));
                self.current = index.map(|index| {
                    // A data offset of two words and a description index of one may come before.
                    let field = 2 + if flags & 1 != 0 { 2 } else { 0 } + usize::from(flags & 2 != 0);
                    let own = word(field).filter(|_| flags & 8 != 0);
                    (index, own.unwrap_or(self.tracks[index].default_duration))
                });
            }
            (b"tfdt", Some((index, _))) => {
                let is_long = content[0] == 1;
                let time = match is_long {
                    true => content.get(4..12).map(|field| u64_at(field, 0)),
                    false => word(1).map(u64::from),
                };
                let track = &mut self.tracks[index];
                let lag = |&(sum, time): &(u64, u64)| time.wrapping_sub(sum);
                if let Some(time) = time
                    && track.stated.last().map(lag) != Some(time.wrapping_sub(track.sum))
                    && self.num_shifts < MAX_SHIFTS
                {
                    self.num_shifts += 1;
                    track.stated.push((track.sum, time));
                }
            }
            (b"trun", Some((index, default_duration))) => {
                let count = word(1).unwrap_or(0);
                self.longest_run = self.longest_run.max(count);
                let duration = match flags & 0x100 != 0 {
                    false => u64::from(count) * u64::from(default_duration),
                    true => {
                        // An offset and flags of one word each may come before the samples, which
                        // have a word for each of four bits.
                        let first = 2 + usize::from(flags & 1 != 0) + usize::from(flags & 4 != 0);
                        let step = (flags & 0xf00).count_ones() as usize;
                        (0..count as usize).map_while(|sample| word(first + sample * step)).map(u64::from).sum()
                    }
                };
                self.tracks[index].sum = self.tracks[index].sum.saturating_add(duration);
            }
            _ => {}
        }
    }
}
