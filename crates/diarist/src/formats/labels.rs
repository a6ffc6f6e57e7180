//! The content of a file in any format.

use crate::timeline::Annotation;

/// The content of a file about one recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels {
    /// Turns, in order.
    pub turns: Annotation,
    /// The exclusive timeline, if the file has one (JSON).
    pub exclusive: Option<Annotation>,
    /// Length of the recording in seconds, if the file has it (JSON, TextGrid).
    pub duration_s: Option<f64>,
    /// Number of cues, labels or annotations that were left out because they have no speaker or no
    /// time.
    pub num_left_out: usize,
    /// Lines of turns that were left out because their times or their speakers cannot be read
    /// (subtitles, labels, CSV).
    pub unreadable_lines: Vec<usize>,
}

impl Labels {
    /// The end in seconds: the length of the recording if known, or the end of the last turn if
    /// that is later.
    pub fn end_s(&self) -> f64 {
        let ends = self.turns.turns.iter().map(|turn| turn.end_s);
        ends.chain(self.duration_s).fold(0.0, f64::max)
    }
}

impl From<Annotation> for Labels {
    fn from(turns: Annotation) -> Self {
        Self { turns, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::rttm;

    #[test]
    fn the_end_is_the_later_of_length_and_last_turn() {
        let mut recording = Labels::from(rttm::read(b"SPEAKER a 1 0 9 <NA> <NA> x\n").unwrap().remove(0));
        assert_eq!(recording.end_s(), 9.0);
        recording.duration_s = Some(12.0);
        assert_eq!(recording.end_s(), 12.0);
        recording.duration_s = Some(3.0);
        assert_eq!(recording.end_s(), 9.0);
        assert_eq!(Labels::default().end_s(), 0.0);
    }
}
