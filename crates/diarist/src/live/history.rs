//! The windows that are remembered for clustering.
//!
//! A day holds 86,400 windows, one each second, but they repeat the same voices. All windows of the
//! last few minutes are kept, and of the older ones a bounded number with a share for every
//! speaker.

use std::collections::{BTreeMap, VecDeque};

use super::windows::{Ids, PlacedWindow};

/// Number of the newest windows, which are all kept.
const MAX_RECENT: usize = 150;
/// Largest number of older windows.
const MAX_OLDER: usize = 250;

/// A bounded choice of the windows so far, in the order of time.
#[derive(Debug, Default)]
pub(super) struct History {
    older: Vec<PlacedWindow>,
    recent: VecDeque<PlacedWindow>,
    /// Did the last window begin with the recording, shorter than a full window?
    last_is_short: bool,
}

impl History {
    /// Remembers `window`. The next window replaces one that is not full (`is_short`), because it
    /// covers all of it.
    pub(super) fn push(&mut self, window: PlacedWindow, is_short: bool) {
        if self.last_is_short {
            self.recent.pop_back();
        }
        self.last_is_short = is_short;
        if window.masks.is_silent() {
            self.last_is_short = false;
            return;
        }
        self.recent.push_back(window);
        if self.recent.len() > MAX_RECENT {
            self.older.extend(self.recent.pop_front());
        }
        if self.older.len() > MAX_OLDER {
            self.forget_one();
        }
    }

    /// All windows, the oldest first.
    pub(super) fn windows(&self) -> impl Iterator<Item = &PlacedWindow> {
        self.older.iter().chain(&self.recent)
    }

    /// Gives every window its new speakers, in the order of [`Self::windows`].
    pub(super) fn set_ids(&mut self, ids: &[Ids]) {
        for (window, ids) in self.older.iter_mut().chain(&mut self.recent).zip(ids) {
            window.ids = *ids;
        }
    }

    /// The frame from which on every window is remembered.
    pub(super) fn complete_from(&self) -> usize {
        self.recent.front().map_or(0, |window| window.start_frame)
    }

    /// Forgets the older window whose rarest speaker has the most windows. Among several, the one
    /// closest to the previous window with the same rarest speaker goes.
    fn forget_one(&mut self) {
        let mut counts = BTreeMap::<u32, usize>::new();
        for id in self.windows().flat_map(|window| window.ids).flatten() {
            *counts.entry(id).or_default() += 1;
        }
        let rarest = |window: &PlacedWindow| window.ids.into_iter().flatten().min_by_key(|id| (counts[id], *id));
        let mut last_of = BTreeMap::<Option<u32>, usize>::new();
        let mut least_needed = None;
        for (index, window) in self.older.iter().enumerate() {
            let speaker = rarest(window);
            let last = last_of.insert(speaker, window.start_frame);
            let gap = last.map_or(usize::MAX, |last| window.start_frame - last);
            let need = (std::cmp::Reverse(speaker.map_or(usize::MAX, |id| counts[&id])), gap);
            if least_needed.is_none_or(|(least, _)| need < least) {
                least_needed = Some((need, index));
            }
        }
        if let Some((_, index)) = least_needed {
            self.older.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_data::{embeddings, masks};
    use super::*;
    use crate::segmentation::probabilities::ChunkProbabilities;

    fn window(second: usize, id: u32) -> PlacedWindow {
        PlacedWindow {
            start_frame: second * 59,
            num_frames: 589,
            masks: masks([0..300, 0..0, 0..0]),
            probabilities: ChunkProbabilities::default(),
            embeddings: Box::new(embeddings([0.0; 3])),
            ids: [Some(id), None, None],
        }
    }

    #[test]
    fn a_day_keeps_a_bounded_number_of_windows_of_every_speaker() {
        let mut history = History::default();
        // Speaker 3 is heard ten times in the first hour, then never again.
        for second in 0..86_400 {
            let id = if second < 3600 && second % 360 == 0 { 3 } else { 1 + u32::from(second % 60 < 20) };
            history.push(window(second, id), false);
        }
        let count = |id| history.windows().filter(|window| window.ids[0] == Some(id)).count();
        assert_eq!(history.windows().count(), MAX_RECENT + MAX_OLDER);
        assert_eq!(count(3), 10);
        assert!(count(1).abs_diff(count(2)) < 60, "{} and {}", count(1), count(2));
        assert!(history.windows().is_sorted_by_key(|window| window.start_frame));
        // The older windows are spread over the day.
        let longest_gap = history.older.windows(2).map(|pair| pair[1].start_frame - pair[0].start_frame).max();
        assert!(longest_gap < Some(7200 * 59), "{longest_gap:?}");
    }

    #[test]
    fn the_next_window_replaces_one_that_was_not_full() {
        let mut history = History::default();
        for second in 1..12 {
            history.push(window(0, second), second < 10);
        }
        assert_eq!(history.windows().map(|window| window.ids[0]).collect::<Vec<_>>(), [Some(10), Some(11)]);
    }
}
