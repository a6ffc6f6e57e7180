//! Progress of a recording on stderr, if that is a terminal.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use diarist::Progress;
use diarist_page::drawing::clock;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal;

/// The progress bar of one recording; invisible unless stderr is a terminal. It has no colours.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    start: Instant,
}

impl Bar {
    /// A bar with the name of the recording, hidden unless `shown`.
    pub(crate) fn new(name: String, shown: bool) -> Self {
        let target = if shown && is_visible() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target).with_prefix(terminal::cell(&name));
        let style = ProgressStyle::with_template("{prefix} [{bar:30}] {msg}").expect("the template is well formed");
        bar.set_style(style.progress_chars("=> "));
        Self { bar, start: Instant::now() }
    }

    /// Shows the progress.
    pub(crate) fn update(&self, progress: Progress) {
        let elapsed = self.start.elapsed();
        // Milliseconds: the bar counts whole units.
        if let Some(total_s) = progress.total_s {
            self.bar.set_length((total_s * 1e3) as u64);
            self.bar.set_position((progress.processed_s.min(total_s) * 1e3) as u64);
        }
        self.bar.set_message(message(progress, elapsed));
    }

    /// Removes the bar from the screen.
    pub(crate) fn clear(self) {
        self.bar.finish_and_clear();
    }
}

/// A bar for `total` equal steps.
pub(crate) fn steps(name: &str, total: usize, shown: bool) -> ProgressBar {
    let target = if shown && is_visible() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(total as u64), target).with_prefix(name.to_owned());
    let template = "{prefix} [{bar:30}] {percent:>3} %, {pos} of {len}, {eta} left";
    let style = ProgressStyle::with_template(template).expect("the template is well formed");
    bar.with_style(style.progress_chars("=> "))
}

/// Whether stderr is a terminal.
pub(crate) fn is_visible() -> bool {
    io::stderr().is_terminal()
}

/// Percent done, speed relative to real time, and time left, where they are known.
fn message(progress: Progress, elapsed: Duration) -> String {
    let Progress { processed_s, total_s } = progress;
    let rtfx = processed_s / elapsed.as_secs_f64().max(1e-3);
    let speed = format!("{rtfx:.1}x real time");
    match total_s {
        Some(total_s) if total_s > 0.0 => {
            let percent = (processed_s / total_s * 100.0).min(100.0);
            let left = (total_s - processed_s).max(0.0) / rtfx.max(1e-3);
            format!("{percent:3.0} %, {speed}, {} left", clock(left))
        }
        _ => format!("{} done, {speed}", clock(processed_s)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_has_speed_and_time_left() {
        let cases = [
            (Progress { processed_s: 60.0, total_s: Some(600.0) }, 6, " 10 %, 10.0x real time, 0:54 left"),
            (Progress { processed_s: 600.0, total_s: Some(600.0) }, 60, "100 %, 10.0x real time, 0:00 left"),
            (Progress { processed_s: 9.0, total_s: Some(9000.0) }, 18, "  0 %, 0.5x real time, 4:59:42 left"),
            (Progress { processed_s: 90.0, total_s: None }, 30, "1:30 done, 3.0x real time"),
            (Progress { processed_s: 0.0, total_s: Some(0.0) }, 0, "0:00 done, 0.0x real time"),
        ];
        for (progress, elapsed_s, expected) in cases {
            assert_eq!(message(progress, Duration::from_secs(elapsed_s)), expected);
        }
    }
}
