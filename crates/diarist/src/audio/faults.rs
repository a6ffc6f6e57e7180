//! Damage to a recording that can still be used, and its description.

/// Difference in seconds between the stated and the decoded length that is no fault: stated lengths
/// of codecs without exact lengths are off by a packet or two.
const LENGTH_TOLERANCE_S: f64 = 0.1;

/// The parts that were lost or replaced while a recording was decoded.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Remarks about the file as a whole.
    pub(super) notes: Vec<String>,
    /// Packets that became silence, and the silence in seconds.
    num_packets: u64,
    lost_s: f64,
    /// Time in seconds of the first of them, and the reason.
    first: Option<(f64, String)>,
    /// Holes in the clock of a file that has none when it is whole, and the silence in seconds.
    num_holes: u64,
    holes_s: f64,
    first_hole_s: f64,
    /// Reason why reading stopped before the end, and the time in seconds.
    cut_off: Option<(String, f64)>,
}

impl Faults {
    /// Counts a packet that became `lost_s` seconds of silence at `time_s`.
    pub(super) fn damaged_packet(&mut self, time_s: f64, lost_s: f64, reason: String) {
        self.num_packets += 1;
        self.lost_s += lost_s;
        let _ = self.first.get_or_insert((time_s, reason));
    }

    /// Counts a hole of `length_s` seconds at `time_s`, where packets are missing.
    pub(super) fn hole(&mut self, time_s: f64, length_s: f64) {
        if self.num_holes == 0 {
            self.first_hole_s = time_s;
        }
        self.num_holes += 1;
        self.holes_s += length_s;
    }

    /// Notes that reading stopped at `time_s`.
    pub(super) fn cut_off(&mut self, time_s: f64, reason: impl Into<String>) {
        let _ = self.cut_off.get_or_insert((reason.into(), time_s));
    }

    /// The reason why the first damaged packet failed.
    pub(super) fn reason(&self) -> Option<&str> {
        self.first.as_ref().map(|(_, reason)| reason.as_str())
    }

    /// One line for each kind of damage; `end_s` is the length that was decoded, `expected_s` the
    /// stated one.
    pub(super) fn warnings(&self, end_s: f64, expected_s: Option<f64>) -> Vec<String> {
        let mut warnings = self.notes.clone();
        if let Some((first_s, reason)) = &self.first {
            let (count, lost_s) = (self.num_packets, self.lost_s);
            warnings.push(format!(
                "{count} damaged packets became {lost_s:.2} s of silence, the first at {first_s:.2} s ({reason})"
            ));
        }
        if self.num_holes > 0 {
            let (lost_s, first_s) = (self.holes_s, self.first_hole_s);
            let places = if self.num_holes == 1 { "at" } else { "the first at" };
            warnings.push(format!(
                "{lost_s:.2} s of audio are missing, {places} {first_s:.2} s; silence took their place: the file is damaged"
            ));
        }
        match (expected_s.filter(|&expected_s| expected_s - end_s > LENGTH_TOLERANCE_S), &self.cut_off) {
            (Some(expected_s), _) => warnings.push(format!(
                "the audio ends at {end_s:.2} s although the header promises {expected_s:.2} s: the file is cut off or its header is wrong"
            )),
            (None, Some((reason, time_s))) => {
                warnings.push(format!("the audio cannot be read beyond {time_s:.2} s ({reason})"));
            }
            (None, None) => {}
        }
        warnings
    }
}
